"""The browser of one station: a visit, its snapshot, and, while the page is there, what belongs to its reading."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

from archiver.archive import Archive
from archiver.browser.browser import Browser, RenderedVisit
from archiver.browser.login import Login
from archiver.browser.rendered import Words
from archiver.model import facts as facts_model
from archiver.model import rendering as model
from archiver.model.encoding import clean
from archiver.model.facts import Hop
from archiver.model.statement import ContextRecord, StatementRecord
from archiver.web.exchange import Visit
from archiver.web.fetch import HttpFetcher
from archiver.work.browsing import browser_of, cookies_for
from archiver.work.origins import origins_of
from archiver.work.prepare import JSON, Run, Snapshot
from archiver.work.read import Reading
from archiver.work.rendered import snapshot_of_rendering, visit_of
from archiver.work.salted import SALT_BYTES, salted
from archiver.work.targets import Target

BEFORE = 40  # characters before a statement's words that help to find them in the page


class Renderer:
    """One page at a time. Raises ExtraMissingError where there is no Chromium."""

    def __init__(
        self,
        archive: Archive,
        fetcher: HttpFetcher,
        *,
        dismiss_consent: bool = False,
        login: Login | None = None,
    ) -> None:
        self._archive = archive
        self._fetcher = fetcher
        self._browser: Browser = browser_of(fetcher, dismiss_consent=dismiss_consent, login=login)
        self._visit: RenderedVisit | None = None
        self._target: Target | None = None
        self._reason = ""
        self._hops: tuple[Hop, ...] = ()
        self._document: str | None = None
        self._after_scripts = False

    @property
    def has_visit(self) -> bool:
        """Whether a visit is kept."""
        return self._visit is not None

    def visit(self, target: Target, reason: str) -> Visit:
        """Go there, and keep it. Raises FetchError, StoreError."""
        self.drop()
        self._target, self._reason = target, reason
        self._visit = self._browser.visit(target.url, cookies_for(self._fetcher.cookies, target.url))
        found = visit_of(self._visit.rendered)
        return replace(found, exchanges=tuple(replace(item, response=io.BytesIO()) for item in found.exchanges))

    def stage(self, run: Run, attempts: int) -> Snapshot:
        """Stage the visit that is kept. Raises StoreError, FormatError."""
        assert self._visit is not None and self._target is not None
        rendered = self._visit.rendered
        snapshot = snapshot_of_rendering(self._archive, run, self._target, rendered, self._reason, attempts)
        self._hops = snapshot.facts.hops
        document = snapshot.facts.document
        self._document = None if document is None else document.record
        record = snapshot.material.record if snapshot.material is not None else None
        self._after_scripts = record not in {None, *(hop.record for hop in self._hops)}
        if snapshot.material is None:
            self.drop()
        return snapshot

    def complete(self, reading: Reading) -> tuple[Reading, list[tuple[str, str, bytes]]]:
        """What else the reading gets: pictures of its statements and where their words came from. The page is then
        closed."""
        assert self._visit is not None
        try:
            source = reading.facts.source
            if source is None or not self._after_scripts or not reading.records:
                return reading, []
            pictures, problems = _pictures_of(self._archive, self._visit, reading.records)
            origins = origins_of(
                self._archive, reading.records, self._visit.rendered.exchanges, self._hops, self._document
            )
            told = tuple(clean(problem, 300) for problem in problems[:20])
            facts = replace(reading.facts, problems=(*reading.facts.problems, *told))
            facts_model.validate(facts)
            more = [(model.ORIGINS_ROLE, JSON, model.encode(origins)), *pictures]
            return replace(reading, facts=facts), more
        finally:
            self.drop()

    def drop(self) -> None:
        """Forget the visit that is kept, and close its page."""
        if self._visit is not None:
            self._visit.close()
            self._visit = None

    def close(self) -> None:
        """End the browser."""
        self.drop()
        self._browser.close()


def _pictures_of(
    archive: Archive, visit: RenderedVisit, records: Sequence[tuple[StatementRecord, ContextRecord]]
) -> tuple[list[tuple[str, str, bytes]], list[str]]:
    """A picture of each statement with its words marked, as objects of the reading; and why some have none."""
    wanted = [
        Words(statement.id, context.parts[0].prefix[-BEFORE:], tuple(part.exact for part in statement.parts))
        for statement, context in records
    ]
    objects: dict[str, tuple[str, str, bytes]] = {}
    reasons: dict[str, list[str]] = {}
    for picture in visit.pictures(wanted) if wanted else ():
        if picture.png is None:
            reasons.setdefault(picture.reason or "", []).append(picture.id)
        else:
            png = salted("image/png", picture.png, archive.entropy(SALT_BYTES))
            objects[picture.id] = (f"{model.PICTURE_ROLE}{picture.id}", "image/png", png)
    problems = []
    for why, ids in reasons.items():
        problems.append(f"no picture of {', '.join(ids[:10])}{' …' if len(ids) > 10 else ''}: {why}")
    return list(objects.values()), problems
