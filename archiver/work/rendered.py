"""From a visit by the browser to a snapshot and what belongs to its reading: all exchanges of that visit in the WARC,
the document after scripts behind them, pictures as objects, how it was done in a `rendering` object.

The reading is made from the document after scripts. What the server sent is in the same WARC, and where each
statement's words were met is found there (work.origins).
"""

from __future__ import annotations

from dataclasses import replace

from archiver.archive import Archive
from archiver.browser.rendered import Rendered
from archiver.errors import UsageError
from archiver.model import facts as facts_model
from archiver.model import rendering as model
from archiver.model.encoding import clean
from archiver.model.facts import Hop, SnapshotFacts
from archiver.model.manifest import ObjectRef, spell_salt
from archiver.store.objects import StagedObject
from archiver.web.addresses import follow
from archiver.web.exchange import ErrorKind, Exchange, Visit
from archiver.work.hops import cookie_names, skew_of
from archiver.work.prepare import JSON, FactsOf, Run, Snapshot, draft_of, write_warc
from archiver.work.read import HTML_TYPES, Material, material_of_response, media_type
from archiver.work.salted import SALT_BYTES, salted
from archiver.work.targets import Target

RECORDED_KINDS: dict[str, ErrorKind] = {"limit": "protocol", "bad request": "protocol"}
MADE_OF = ("screenshot", "mhtml", "pdf", "accessibility")


def visit_of(rendered: Rendered) -> Visit:
    """The visit as a plain one would have been: the exchange that brought the page, or why there is none."""
    place = _document(rendered)
    document = None if place is None else rendered.exchanges[place]
    answered = document is not None and document.status is not None
    failed = next((item for item in rendered.failures if item.url == rendered.requested_url), None)
    kind: ErrorKind | None = None
    if not answered:
        kind = "protocol" if failed is None else RECORDED_KINDS.get(failed.kind, failed.kind)  # type: ignore[arg-type]
    if rendered.error == "stopped by the user":
        kind = "interrupted"
    return Visit(
        requested_url=rendered.requested_url,
        final_url=document.url if document is not None and answered else rendered.requested_url,
        exchanges=(document,) if document is not None else (),
        outcome="response" if answered and kind != "interrupted" else "no response",
        error=None if answered and kind is None else rendered.error or "nothing came",
        error_kind=kind,
        retryable=kind in ("timeout", "disconnect", "connect"),
    )


def _document(rendered: Rendered) -> int | None:
    """The place of the exchange that brought the page. Where the browser shows none, because it is a file or because
    it was stopped: where the redirects from the first one lead."""
    if rendered.document is not None:
        return rendered.document
    wanted = rendered.requested_url
    for place, exchange in enumerate(rendered.exchanges):
        if exchange.url != wanted:
            continue
        if exchange.location is None:
            return place
        try:
            wanted = follow(exchange.url, exchange.location)
        except UsageError:
            return None
    return None


def snapshot_of_rendering(
    archive: Archive, run: Run, target: Target, rendered: Rendered, reason: str, attempts: int
) -> Snapshot:
    """Stage what the browser's visit brought. Raises StoreError, FormatError."""
    place = _document(rendered)
    visit = visit_of(rendered)
    hops: tuple[Hop, ...] = ()
    dom = None
    staged: list[StagedObject] = []
    refs: list[ObjectRef] = []
    if rendered.exchanges:
        resource = None
        if rendered.dom is not None and place is not None:
            uri = f"urn:dom:{rendered.exchanges[place].url}"
            resource = (uri, rendered.ended, model.DOM_TYPE, rendered.dom)
        warc = write_warc(archive, rendered.exchanges, resource)
        staged, refs, hops, dom = list(warc.staged), list(warc.refs), warc.hops, warc.resource
    document = hops[place].record if place is not None else None
    for role in MADE_OF:
        data = getattr(rendered, role)
        if data is not None:
            kind = model.DERIVED[role]
            item = archive.objects.stage_bytes(salted(kind, data, archive.entropy(SALT_BYTES)))
            staged.append(item)
            refs.append(ObjectRef(role, item.digest, item.size, kind))
    told = archive.objects.stage_bytes(model.encode(_rendering(archive, rendered, reason, document, dom)))
    staged.append(told)
    refs.append(ObjectRef(model.ROLE, told.digest, told.size, JSON))
    facts = _facts(archive, run, target, rendered, hops, visit, attempts)
    draft = draft_of(archive, "snapshot", facts_model.encode(facts), refs, staged)
    material = None
    if run.reads and visit.outcome == "response" and place is not None:
        material = _material(rendered, rendered.exchanges[place], visit, document or "", dom)
    return Snapshot(tuple(staged), draft, facts, material)


def _facts(
    archive: Archive,
    run: Run,
    target: Target,
    rendered: Rendered,
    hops: tuple[Hop, ...],
    visit: Visit,
    attempts: int,
) -> SnapshotFacts:
    setting = rendered.setting
    settings = {
        **run.settings,
        "mode": model.MODE,
        "viewport": f"{setting.width}x{setting.height}",
        "locale": setting.locale,
        "timezone": setting.timezone,
        **({"dismiss_consent": True} if setting.dismiss_consent else {}),
        **({"login_profile": True} if setting.login_profile else {}),
    }
    run = replace(
        run,
        settings=settings,
        user_agent=setting.user_agent,
        accept_language=_sent_language(rendered),
        referrer=setting.referrer,
    )
    facts = FactsOf(archive, run, target, rendered.started).build(
        outcome="response" if visit.outcome == "response" else "no response",
        final_url=visit.final_url,
        hops=hops,
        attempts=attempts,
        errors=(rendered.error,) if rendered.error else (),
        skew=skew_of(visit.exchanges[-1] if visit.exchanges else None, rendered.started),
        cookies=cookie_names(rendered.exchanges),
    )
    missing = [name for name, _ in rendered.missing]
    if rendered.failures or rendered.unlisted:
        missing.append("requests without an answer")
    if any(hop.truncated for hop in hops):
        missing.append("parts of responses")
    software = replace(facts.software, libraries={**facts.software.libraries, "chromium": clean(rendered.product, 100)})
    return replace(facts, software=software, complete=not missing, missing=tuple(missing))


def _sent_language(rendered: Rendered) -> str | None:
    """The value of Accept-Language in the first request."""
    for exchange in rendered.exchanges[:1]:
        for line in exchange.request.split(b"\r\n"):
            if line.lower().startswith(b"accept-language:"):
                return clean(line[16:].decode("latin-1").strip(), 500)
    return None


def _rendering(
    archive: Archive, rendered: Rendered, reason: str, document: str | None, dom: str | None
) -> model.Rendering:
    setting = rendered.setting
    missing = dict(rendered.missing)
    if dom is None:
        missing.setdefault("dom", "it is not known which exchange brought it")
    return model.Rendering(
        reason=clean(reason, 500),
        outcome=rendered.outcome,
        browser=model.BrowserFacts(
            product=clean(rendered.product, 100),
            sandbox=rendered.sandbox,
            user_agent=clean(setting.user_agent or "", 500),
            accept_language=None if setting.accept_language is None else clean(setting.accept_language, 500),
            locale=setting.locale,
            timezone=setting.timezone,
            width=setting.width,
            height=setting.height,
        ),
        page=model.PageFacts(
            address=clean(rendered.address, 8000),
            title=clean(rendered.title, 500),
            width=rendered.page_width,
            height=rendered.page_height,
            clipped=rendered.clipped,
            scrolled=rendered.scrolled,
            frames=rendered.frames,
        ),
        document=document,
        dom=dom,
        not_made=tuple(model.NotMade(name, clean(why, 300)) for name, why in missing.items()),
        happened=tuple(model.Happened(mark.kind, clean(mark.detail, 500)) for mark in rendered.marks),
        not_answered=tuple(
            model.NotAnswered(clean(item.url, 2000), clean(item.method, 40), item.kind, clean(item.reason), item.times)
            for item in rendered.failures
        ),
        not_listed=rendered.unlisted,
        turned_away=model.TurnedAway(
            rendered.turned_away, tuple(clean(host, 300) for host in rendered.turned_away_hosts)
        ),
        peak_memory=rendered.peak_memory or None,
        salt=spell_salt(archive.entropy(16)),
    )


def _material(rendered: Rendered, document: Exchange, visit: Visit, record: str, dom: str | None) -> Material:
    """The document after scripts; where there is none, or the browser only shows a file in a page of its own, what the
    server sent."""
    kind = media_type(document.header("Content-Type") or "")
    if rendered.dom is None or dom is None or kind not in (*HTML_TYPES, ""):
        return material_of_response(
            record,
            document.response,
            document.status,
            document.fields,
            visit.requested_url,
            visit.final_url,
            document.truncated is not None,
        )
    problems = ["read from the document after scripts, as the collector's browser made it"]
    if rendered.frames:
        problems.append(f"what {rendered.frames} frames of the page show is no part of the document that was read")
    return Material(
        record=dom,
        body=rendered.dom,
        complete=True,
        codings=(),
        content_type=model.DOM_TYPE,
        status=document.status,
        fields=document.fields,
        requested_url=visit.requested_url,
        final_url=visit.final_url,
        problems=tuple(problems),
    )
