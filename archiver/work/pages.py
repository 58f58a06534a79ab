"""Which pages an archive has, and their lives: looked through while it is small, found by its index when it is not.

The index says where to look (archiver.store.index); what counts is read from the archive's own objects. Where the index
says what these do not, everything is looked through after all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from archiver.archive import Archive
from archiver.errors import ArchiverError, FormatError, StoreError
from archiver.page.compare import INSTEAD
from archiver.store.index import Index
from archiver.store.index_fill import Progress
from archiver.store.index_pages import PageTimes, Seen
from archiver.work import look
from archiver.work.lives import Life, Recheck, is_conclusive, lives, verdicts_of
from archiver.work.look import Capture

WALK = 1_000  # manifests that are looked through faster than an index is made


def quiet(_what: str, _done: int, _total: int) -> None:
    """No progress is shown."""


class Pages:
    """The pages of one archive as it was when this was made. A context manager."""

    def __init__(self, archive: Archive, progress: Progress = quiet) -> None:
        """Brings the index up to date if the archive is large."""
        self._archive = archive
        self._index: Index | None = None
        self._walked: dict[str, Life] | None = None
        if archive.size() > WALK:
            with suppress(StoreError, FormatError):  # without it, it only takes longer
                self._index = Index.open(archive.folder, archive.home.indexes, progress=progress, search=False)

    def __enter__(self) -> Pages:
        return self

    def __exit__(self, *_: object) -> None:
        if self._index is not None:
            self._index.close()

    def life(self, url: str) -> Life | None:
        """The life of an address; None if it was never captured."""
        if self._index is not None and self._walked is None:
            try:
                return self._life(self._index, url)
            except FormatError:
                pass
        return self._all().get(url)

    def life_of(self, capture: Capture) -> Life:
        """The life of the page that a capture is of; of a local file, or of something imported, that alone."""
        if capture.facts is not None and capture.facts.request is not None:
            found = self.life(capture.url)
            if found is None or capture.snapshot.digest not in {item.snapshot.digest for item in found.captures}:
                found = self._all().get(capture.url)  # the index hides what is there
            if found is not None:
                return found
        return Life(capture.url, [capture], self._rechecks_of(capture))

    def times(self) -> list[PageTimes]:
        """When each page was visited, in the order of first captures."""
        if self._index is not None and self._walked is None:
            try:
                return self._index.page_times()
            except FormatError:
                pass
        return [times_of(self._archive, life) for life in self._all().values()]

    def lives(self) -> Iterator[Life]:
        """The life of every page that has statements, and was not captured only to be compared with another."""
        for page in self.times():
            if page.aside or not any(seen.statements for seen in good(page)):
                continue
            life = self.life(page.url)
            if life is not None:
                yield life

    def _all(self) -> dict[str, Life]:
        if self._walked is None:
            self._walked = lives(self._archive)
        return self._walked

    def _life(self, index: Index, url: str) -> Life | None:
        """Raises FormatError where the index says what the archive does not."""
        found = Life(url)
        for number, reading in index.captures_of(url):
            capture = self._capture(number, reading)
            if capture is not None and capture.url != url:
                raise FormatError("the index is not of this archive", where=str(index.place))
            if capture is not None:
                found.captures.append(capture)
                found.rechecks += self._rechecks(index, capture)
        found.rechecks.sort(key=lambda recheck: recheck.item.sequence)
        elsewhere = [index.compared_with(item.snapshot.sequence) for item in found.captures]
        found.aside = bool(elsewhere) and all(any(other != url for other in urls) for urls in elsewhere)
        return found if found.captures else None

    def _capture(self, number: int, reading: int | None) -> Capture | None:
        """One capture of a page; None for one that cannot be read."""
        try:
            snapshot = look.sealed(self._archive, number)
            newest = look.sealed(self._archive, reading) if reading is not None else None
        except ArchiverError:
            return None
        if newest is not None and newest.manifest.subject != snapshot.digest:
            raise FormatError("the index is not of this archive")
        capture = look.joined(self._archive, snapshot, newest)
        return None if capture.facts is None or capture.facts.request is None else capture

    def _rechecks(self, index: Index, capture: Capture) -> list[Recheck]:
        found = []
        for number in index.rechecks_of(capture.snapshot.sequence):
            with suppress(ArchiverError):
                item = look.sealed(self._archive, number)
                if item.manifest.event == "recheck":
                    found.append(Recheck(item, capture.snapshot.digest))
        return found

    def _rechecks_of(self, capture: Capture) -> list[Recheck]:
        """The rechecks that compared a reading of something that is no page."""
        if self._index is not None:
            with suppress(FormatError):
                return self._rechecks(self._index, capture)
        own = {item.digest for item in look.readings(self._archive, capture.snapshot)}
        found = []
        for sequence in self._archive.folder.sequences():
            with suppress(ArchiverError):
                item = look.sealed(self._archive, sequence)
                if item.manifest.event == "recheck" and item.manifest.subject in own:
                    found.append(Recheck(item, capture.snapshot.digest))
        return found


def good(page: PageTimes) -> list[Seen]:
    """The captures that something was read of, other than what stood in the page's place."""
    return [seen for seen in page.captures if seen.kind is not None and seen.kind not in INSTEAD]


def times_of(archive: Archive, life: Life) -> PageTimes:
    """The same as the index tells, of a life that was read from the archive."""
    found = PageTimes(life.url, aside=life.aside)
    for capture in life.captures:
        read = capture.found
        kind, statements = (read.kind, read.statements) if read is not None else (None, 0)
        found.captures.append(Seen(capture.snapshot.manifest.time, kind, statements))
    for recheck in life.visits():
        known: bool | None = None
        with suppress(ArchiverError):
            known = is_conclusive(verdicts_of(archive, recheck))
        found.visits.append((recheck.item.manifest.time, known))
    return found
