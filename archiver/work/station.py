"""One place of work: fetch a target, stage its snapshot, read it; step by step, as the parent asks for it.

A Station lives in a child process (work.crew) or in this one (work.solo). What it hands over is small: the bodies stay
in its own memory and in staged files.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.archive import Archive
from archiver.errors import FormatError, UsageError
from archiver.model.facts import ReadingFacts, SnapshotFacts
from archiver.store.ledger import Draft
from archiver.store.objects import StagedObject
from archiver.web.exchange import Visit
from archiver.web.fetch import HttpFetcher
from archiver.web.politeness import RETRY_STATUSES
from archiver.work.look import Capture
from archiver.work.prepare import Run, snapshot_of_file, snapshot_of_visit, stage_reading
from archiver.work.read import Material, Reading, read, unread
from archiver.work.sealed import material_in, material_of
from archiver.work.targets import Target

if TYPE_CHECKING:  # they know pages, and a run that only seals needs none of that
    from archiver.browser.login import Login
    from archiver.work.comparing import Before, Compared
    from archiver.work.decided import Earlier
    from archiver.work.pin import Pin
    from archiver.work.renderer import Renderer


AT_ONCE = 4 << 20  # bytes of a visit that is staged while its host still waits for the next one


@dataclass(frozen=True, slots=True)
class Staged:
    """A snapshot that waits for its commit."""

    staged: tuple[StagedObject, ...]
    draft: Draft
    facts: SnapshotFacts
    readable: bool


@dataclass(frozen=True, slots=True)
class StagedReading:
    """A reading that waits for its commit, and what the screen shows of it. `pins`: of the target's quotes."""

    staged: tuple[StagedObject, ...]
    draft: Draft
    facts: ReadingFacts
    title: str | None
    pins: tuple[Pin, ...] = ()


class Station:
    """Works on one target at a time. `make_fetcher` is called when a page is first asked for. `rendering`: pages are
    visited by the browser (archiver.work.rendered); `requisites`: what pages name is fetched too."""

    def __init__(
        self,
        archive: Archive,
        run: Run | None,
        make_fetcher: Callable[[], HttpFetcher] | None,
        *,
        rendering: bool = False,
        requisites: bool = False,
        dismiss_consent: bool = False,
        login: Login | None = None,
    ) -> None:
        self._archive = archive
        self._run = run
        self._make_fetcher = make_fetcher
        self._fetcher: HttpFetcher | None = None
        self._visit: Visit | None = None
        self._target: Target | None = None
        self._started = ""
        self._material: Material | None = None
        self._rendering = rendering
        self._requisites = requisites
        self._dismiss_consent = dismiss_consent
        self._login = login
        self._renderer: Renderer | None = None

    def fetch(self, target: Target) -> Visit:
        """Visit a page and keep what came. The visit that is returned has no bodies."""
        if self._rendering:
            return self.render(target, "asked for")
        self.drop()
        self._target, self._started = target, self._archive.clock()
        self._visit = self._fetcher_there().fetch(target.url)
        bare = tuple(replace(exchange, response=io.BytesIO()) for exchange in self._visit.exchanges)
        return replace(self._visit, exchanges=bare)

    def render(self, target: Target, reason: str) -> Visit:
        """Visit a page with the browser, and keep what came and the page itself. The visit that is returned has the
        exchange that brought the page, without its body. Raises ExtraMissingError, FetchError, StoreError."""
        from archiver.work.renderer import Renderer

        self.drop()
        if self._renderer is None:
            self._renderer = Renderer(
                self._archive, self._fetcher_there(), dismiss_consent=self._dismiss_consent, login=self._login
            )
        self._target = target
        return self._renderer.visit(target, reason)

    def _fetcher_there(self) -> HttpFetcher:
        if self._fetcher is None:
            if self._make_fetcher is None:
                raise UsageError("nothing can be fetched here")
            self._fetcher = self._make_fetcher()
        return self._fetcher

    def visit(self, target: Target, attempt: int) -> tuple[Visit, Staged | None]:
        """`fetch`, and `stage` in the same step where nobody has anything to decide in between: what came is small, and
        another attempt would not bring anything else. Raises StoreError."""
        visit = self.fetch(target)
        last = visit.exchanges[-1] if visit.exchanges else None
        if last is None or visit.outcome != "response" or visit.error is not None or visit.retryable:
            return visit, None
        large = sum(item.response_length for item in visit.exchanges) > AT_ONCE
        if large or self._rendering or self._requisites or last.status in RETRY_STATUSES:
            return visit, None
        staged = self.stage(attempt)
        return replace(visit, exchanges=(replace(last, request=b"", fields=()),)), staged

    def drop(self) -> None:
        """Forget the visit that is kept."""
        if self._visit is not None:
            self._visit.close()
        if self._renderer is not None:
            self._renderer.drop()
        self._visit = self._material = None

    def stage(self, attempts: int) -> Staged:
        """Stage the snapshot of the visit that is kept. Raises StoreError."""
        assert self._target is not None and self._run is not None
        if self._renderer is not None and self._renderer.has_visit:
            snapshot = self._renderer.stage(self._run, attempts)
            self._material = snapshot.material
            return Staged(snapshot.staged, snapshot.draft, snapshot.facts, snapshot.material is not None)
        assert self._visit is not None
        visit = self._visit.with_attempts(attempts)
        more = None
        if self._requisites:
            from archiver.work.requisites import gather

            more = gather(self._fetcher_there(), visit)
        try:
            snapshot = snapshot_of_visit(self._archive, self._run, self._target, visit, self._started, more)
        finally:
            if more is not None:
                more.close()
        self.drop()
        self._material = snapshot.material
        return Staged(snapshot.staged, snapshot.draft, snapshot.facts, snapshot.material is not None)

    def stage_file(self, target: Target) -> Staged:
        """Stage a local file. Raises StoreError."""
        assert self._run is not None
        self.drop()
        self._target = target
        snapshot = snapshot_of_file(self._archive, self._run, target)
        self._material = snapshot.material
        return Staged(snapshot.staged, snapshot.draft, snapshot.facts, snapshot.material is not None)

    def read(self) -> StagedReading:
        """Read the snapshot that was staged last."""
        assert self._material is not None
        material, self._material = self._material, None
        made = _read(material, self._archive)
        if self._target is None or not self._target.quotes:
            return self._stage(made)
        from archiver.work.decided import Decider
        from archiver.work.pin import pin_into

        assert self._run is not None
        decider = Decider(self._run.collector.name, self._archive.clock())
        made, pins = pin_into(made, material.body, self._target.quotes, decider, self._archive.entropy)
        return replace(self._stage(made), pins=pins)

    def read_sealed(self, capture: Capture, earlier: Earlier) -> StagedReading:
        """Read a capture of the archive anew; its statements keep the ids that `earlier` readings gave them, and what
        people decided stays. Raises MissingError, FormatError where its WARC cannot be read."""
        from archiver.work.decided import carried

        material = material_of(self._archive, capture)
        made = _read(material, self._archive)
        return self._stage(carried(made, material.body, earlier, self._archive.entropy))

    def recheck(self, befores: tuple[Before, ...]) -> tuple[StagedReading, tuple[Compared, ...]]:
        """Read the snapshot that was staged last, and compare it with earlier readings."""
        from archiver.work.comparing import compare_reading

        assert self._material is not None
        material, self._material = self._material, None
        made = _read(material, self._archive)
        return self._stage(made), tuple(compare_reading(before, made, material) for before in befores)

    def take_warc(self, path: str, facts: SnapshotFacts) -> None:
        """Take up the last exchange of a WARC that somebody else made, as if it had been staged here. Raises
        MissingError, FormatError."""
        self.drop()
        with Path(path).open("rb") as stream:
            self._material = material_in(stream, facts)

    def give_up(self, reason: str) -> StagedReading:
        """A reading that found nothing, and says why."""
        empty = Material("", b"", False, (), "", None, (), "", "")
        made = unread(empty, self._archive.entropy, "not read", (reason,))
        return self._stage(replace(made, facts=replace(made.facts, source=None)))

    def close(self) -> None:
        """No more is wanted."""
        self.drop()
        if self._renderer is not None:
            self._renderer.close()
        if self._fetcher is not None:
            self._fetcher.close()

    def _stage(self, reading: Reading) -> StagedReading:
        more: list[tuple[str, str, bytes]] = []
        if self._renderer is not None and self._renderer.has_visit:
            reading, more = self._renderer.complete(reading)
        staged, draft = stage_reading(self._archive, reading, more)
        return StagedReading(staged, draft, reading.facts, reading.title)


def _read(material: Material, archive: Archive) -> Reading:
    try:
        return read(material, archive.entropy)
    except MemoryError:
        return unread(material, os.urandom, "not read", ("reading this page takes more memory than it may have",))
    except RecursionError:
        return unread(material, os.urandom, "not read", ("this page is nested too deeply to be read",))
    except FormatError as error:
        return unread(material, os.urandom, "not read", (f"what was found cannot be sealed: {error.message}",))
