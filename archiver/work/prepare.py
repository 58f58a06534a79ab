"""From one visit or one local file to staged objects and the drafts of its two manifests. Runs in any thread.

The WARC is written and hashed first, before anything looks at what arrived; the reading is made from those bytes.
"""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from archiver import __version__
from archiver.archive import Archive
from archiver.errors import StoreError
from archiver.model import facts as facts_model
from archiver.model.encoding import clean
from archiver.model.facts import ClockFacts, Collector, Hop, LocalFile, Request, SnapshotFacts
from archiver.model.manifest import ObjectRef, Tree, spell_salt
from archiver.store.ledger import Draft
from archiver.store.objects import StagedObject, Staging
from archiver.warc.write import WarcSummary, WarcWriter
from archiver.web.exchange import Exchange, Visit
from archiver.work.hops import cookie_names, hop, pem, protocols, skew_of
from archiver.work.machine import software, synchronised, timezone
from archiver.work.read import HTML_TYPES, MAX_READ, Material, Reading, material_of_response
from archiver.work.targets import Target

if TYPE_CHECKING:  # it knows pages, and most runs want none of that before they read
    from archiver.work.requisites import Requisites

JSON = "application/json"
BYTES = "application/octet-stream"
MISSING = ("requisites",)  # images, styles, scripts: not fetched by a plain capture


@dataclass(frozen=True, slots=True)
class Run:
    """What all captures of one run share. `reads`: readings are made along with the snapshots."""

    id: str
    collector: Collector
    settings: dict[str, Any]
    route: str
    user_agent: str | None
    accept_language: str | None
    referrer: str | None
    reads: bool = True


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot staged, not sealed: the objects, its manifest's draft, and what can be read of it (None: nothing)."""

    staged: tuple[StagedObject, ...]
    draft: Draft
    facts: SnapshotFacts
    material: Material | None


def snapshot_of_visit(
    archive: Archive, run: Run, target: Target, visit: Visit, started: str, requisites: Requisites | None = None
) -> Snapshot:
    """Stage what a visit received. Raises StoreError; the staged files of a failed one are removed by the ledger."""
    staged: list[StagedObject] = []
    refs: list[ObjectRef] = []
    hops: tuple[Hop, ...] = ()
    if visit.exchanges:
        warc = write_warc(archive, (*visit.exchanges, *(requisites.exchanges if requisites is not None else ())))
        staged += warc.staged
        refs += warc.refs
        hops = warc.hops
    facts = FactsOf(archive, run, target, started).build(
        outcome="response" if visit.outcome == "response" else "no response",
        final_url=visit.final_url,
        hops=hops,
        attempts=visit.attempts,
        errors=(visit.error,) if visit.error else (),
        skew=skew_of(visit.exchanges[-1] if visit.exchanges else None, started),
        cookies=cookie_names(visit.exchanges),
    )
    if requisites is not None:
        from archiver.work.requisites import with_requisites

        facts = with_requisites(facts, requisites)
    draft = draft_of(archive, "snapshot", facts_model.encode(facts), refs, staged)
    material = None
    if run.reads and visit.outcome == "response" and visit.exchanges:
        last = visit.exchanges[-1]
        material = material_of_response(
            hops[len(visit.exchanges) - 1].record or "",
            last.response,
            last.status,
            last.fields,
            visit.requested_url,
            visit.final_url,
            last.truncated is not None,
        )
    return Snapshot(tuple(staged), draft, facts, material)


@dataclass(frozen=True, slots=True)
class Warc:
    """A WARC staged, with the hops of its exchanges. `resource`: the record of what was written behind them."""

    staged: tuple[StagedObject, ...]
    refs: tuple[ObjectRef, ...]
    hops: tuple[Hop, ...]
    resource: str | None


def write_warc(
    archive: Archive, exchanges: Sequence[Exchange], resource: tuple[str, str, str, bytes] | None = None
) -> Warc:
    """Stage the WARC of some exchanges, in this order. `resource`: URI, date, media type and bytes of something that
    was made of them. Raises StoreError."""
    secret_bytes = archive.entropy(32)
    secret = archive.objects.stage_bytes(secret_bytes)
    staging = archive.objects.open_staging()
    with staging:
        writer = _writer(archive, staging, secret_bytes)
        writer.write_info(
            exchanges[0].started,
            {"software": f"archiver/{__version__}", "format": "WARC File Format 1.1", "isPartOf": "one snapshot"},
        )
        hops = []
        for exchange in exchanges:
            ids = writer.write_exchange(
                uri=exchange.url,
                date=exchange.started,
                ip=exchange.ip,
                request=exchange.request,
                response=exchange.response,
                response_length=exchange.response_length,
                truncated=exchange.truncated,
                certificates_pem=pem(exchange.tls),
                protocols=protocols(exchange),
                cipher=exchange.tls.cipher if exchange.tls else None,
            )
            hops.append(hop(exchange, ids.response_id))
        record = None
        if resource is not None:
            uri, date, kind, data = resource
            record = writer.write_resource(uri, date, kind, data, len(data))
        summary = writer.finish()
        warc = staging.finish()
    refs = (
        ObjectRef("warc", warc.digest, warc.size, "application/warc", segments=_tree(summary)),
        ObjectRef("segment-secret", secret.digest, secret.size, BYTES),
    )
    return Warc((warc, secret), refs, tuple(hops), record)


def _tree(summary: WarcSummary) -> Tree:
    assert summary.segments is not None  # it was written with a secret
    return Tree(summary.segments.count, summary.segments.root)


def _writer(archive: Archive, staging: Staging, secret: bytes) -> WarcWriter:
    """Staging takes the digest of the whole file itself."""
    return WarcWriter(cast(BinaryIO, staging), new_id=archive.new_record_id, secret=secret, hashed=False)


def snapshot_of_file(archive: Archive, run: Run, target: Target) -> Snapshot:
    """Seal a local file as a WARC resource record; its origin is stated as `local file`."""
    path = Path(target.path or "")
    started = archive.clock()
    secret_bytes = archive.entropy(32)
    secret = archive.objects.stage_bytes(secret_bytes)
    staging = archive.objects.open_staging()
    kind = mimetypes.guess_type(path.name)[0] or BYTES
    try:
        with path.open("rb") as stream, staging:
            before = os.fstat(stream.fileno())
            writer = _writer(archive, staging, secret_bytes)
            writer.write_info(started, {"software": f"archiver/{__version__}", "format": "WARC File Format 1.1"})
            # The name alone: a path would tell about the collector's machine.
            uri = "file:///" + target.url.rsplit("/", 1)[-1]
            record = writer.write_resource(uri, started, kind, stream, before.st_size)
            summary = writer.finish()
            warc = staging.finish()
            if os.fstat(stream.fileno()).st_mtime_ns != before.st_mtime_ns:
                raise StoreError("changed while it was being read", where=str(path), hint="capture it again")
            body = b""
            if kind in (*HTML_TYPES, "text/plain"):
                stream.seek(0)
                body = stream.read(MAX_READ + 1)  # of what is larger, the reading says so
    except OSError as error:
        raise StoreError(f"could not be read: {error.strerror}", where=str(path)) from None
    segments = _tree(summary)
    staged = [warc, secret]
    refs = [
        ObjectRef("warc", warc.digest, warc.size, "application/warc", segments=segments),
        ObjectRef("segment-secret", secret.digest, secret.size, BYTES),
    ]
    modified = _spell(datetime.fromtimestamp(before.st_mtime, UTC))
    local = LocalFile(clean(path.name, 300), modified, before.st_size, kind)
    facts = FactsOf(archive, run, target, started).build(
        outcome="file", final_url=None, hops=(), attempts=1, errors=(), skew=None, local=local
    )
    draft = draft_of(archive, "snapshot", facts_model.encode(facts), refs, staged)
    material = None
    if body and run.reads:
        material = Material(record, body, True, (), kind, None, (), "", "")
    return Snapshot(tuple(staged), draft, facts, material)


@dataclass(frozen=True, slots=True)
class FactsOf:
    """The facts of one target's snapshot, but for what came of it."""

    archive: Archive
    run: Run
    target: Target
    started: str

    def build(
        self,
        *,
        outcome: Any,
        final_url: str | None,
        hops: tuple[Hop, ...],
        attempts: int,
        errors: tuple[str, ...],
        skew: int | None,
        local: LocalFile | None = None,
        cookies: tuple[str, ...] = (),
    ) -> SnapshotFacts:
        run, target = self.run, self.target
        request = Request(
            as_given=clean(target.as_given),
            url=clean(target.url),
            method="GET",
            route=run.route,
            user_agent=run.user_agent,
            accept_language=run.accept_language,
            referrer=run.referrer,
            cookies=cookies,
        )
        return SnapshotFacts(
            run=run.id,
            origin="local file" if local else "live web",
            collector=run.collector,
            case=_optional(target.case),
            note=_optional(target.note),
            tags=tuple(clean(tag, 100) for tag in target.tags),
            request=None if local else request,
            file=local,
            started=self.started,
            ended=self.archive.clock(),
            attempts=attempts,
            outcome=outcome,
            final_url=None if final_url is None else clean(final_url),
            hops=hops,
            clock=ClockFacts("system clock", synchronised(), skew, timezone()),
            software=software(run.settings),
            complete=local is not None,
            missing=() if local else MISSING,
            transformations=(),
            errors=tuple(clean(error, 1000) for error in errors),
            salt=spell_salt(self.archive.entropy(16)),
        )


def _optional(text: str | None) -> str | None:
    return None if text is None else clean(text, 2000)


def draft_of(archive: Archive, event: str, facts: bytes, refs: list[ObjectRef], staged: list[StagedObject]) -> Draft:
    """The draft of a manifest whose facts are these; they are staged too."""
    item = archive.objects.stage_bytes(facts)
    staged.append(item)
    ref = ObjectRef("facts", item.digest, item.size, JSON)
    return Draft(event=event, subject=None, extra=None, objects=(ref, *refs), time=archive.clock())


def stage_reading(
    archive: Archive, reading: Reading, more: Sequence[tuple[str, str, bytes]] = ()
) -> tuple[tuple[StagedObject, ...], Draft]:
    """Stage the objects of a reading and draft its manifest, all but its subject. `more`: further ones, by role, media
    type and bytes. Raises StoreError."""
    staged: list[StagedObject] = []
    refs = []
    if reading.page_text is not None:
        item = archive.objects.stage_bytes(reading.page_text)
        staged.append(item)
        refs.append(ObjectRef("page-text", item.digest, item.size, "text/plain"))
    if reading.statements is not None:
        item = archive.objects.stage_bytes(reading.statements)
        staged.append(item)
        refs.append(ObjectRef("statements", item.digest, item.size, "application/jsonl", leaves=reading.leaves))
    if reading.decisions is not None:
        item = archive.objects.stage_bytes(reading.decisions)
        staged.append(item)
        refs.append(ObjectRef("decisions", item.digest, item.size, JSON))
    for role, media_type, data in more:
        item = archive.objects.stage_bytes(data)
        staged.append(item)
        refs.append(ObjectRef(role, item.digest, item.size, media_type))
    draft = draft_of(archive, "reading", reading.facts_bytes, refs, staged)
    return tuple(staged), draft


def with_subject(draft: Draft, subject: str) -> Draft:
    """The reading's draft once its snapshot's digest is known."""
    return replace(draft, subject=subject)


def _spell(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
