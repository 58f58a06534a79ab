"""The life of a page and of each statement on it, over all captures and rechecks.

Verdicts that were sealed are told as they were sealed. Where two captures were never compared, they are compared now,
and that is said: nothing vouches for such a verdict but the sealed bytes that it was made from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from archiver.archive import Archive
from archiver.errors import ArchiverError, MissingError
from archiver.model.statement import StatementRecord
from archiver.model.verdicts import Change, VerdictRecord
from archiver.page.compare import compare
from archiver.store.index_fill import Progress
from archiver.work import look
from archiver.work.comparing import Before, article_changes, before_of, records_of
from archiver.work.lives import Base, Life, Recheck, bases, facts_of, verdicts_of
from archiver.work.look import Capture, Meant
from archiver.work.pages import Pages, quiet

Verdicts = dict[str, VerdictRecord]


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known of one statement at one visit. `sealed`: number of the recheck that says so; None: compared now."""

    snapshot: int
    time: str
    found: VerdictRecord
    sealed: int | None


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement from the reading that held it first, and its moments, oldest first."""

    base: Base
    record: StatementRecord
    moments: tuple[Moment, ...]

    @property
    def name(self) -> str:
        """`2#s3`."""
        return f"{self.base.reading.sequence}#{self.record.id}"


@dataclass(frozen=True, slots=True)
class Visit:
    """One capture of the page, or one thing that it was compared with. `changes`: of headline, bylines and dates since
    the visit before; `recheck`: numbers of the rechecks that compared it; `against`: what it was, if not the page."""

    capture: Capture
    changes: tuple[Change, ...]
    rechecks: tuple[int, ...]
    against: str | None


@dataclass(frozen=True, slots=True)
class History:
    """A page's life."""

    url: str
    visits: tuple[Visit, ...]
    statements: tuple[Statement, ...]


def history(archive: Archive, ref: str, progress: Progress = quiet) -> History:
    """The life of what REF means: of a page; of one statement if it names one. Raises UsageError, MissingError,
    FormatError."""
    meant = look.resolve(archive, ref)
    if meant.capture is None:
        raise MissingError(
            f"number {meant.item.sequence} is no capture ({meant.item.manifest.event}): it belongs to no page"
        )
    with Pages(archive, progress) as pages:
        life = pages.life_of(meant.capture)
    teller = _Teller(archive, life)
    return History(life.url, teller.visits(), teller.statements(_wanted(archive, meant)))


def _wanted(archive: Archive, meant: Meant) -> tuple[int, str] | None:
    """Reading and id of the one statement that is asked about."""
    if meant.statement is None or meant.capture is None or meant.capture.reading is None:
        return None
    return meant.capture.reading.sequence, meant.statement


class _Teller:
    """Puts a life together; each reading is read once."""

    def __init__(self, archive: Archive, life: Life) -> None:
        self._archive, self._life = archive, life
        self._read: dict[str, Before | None] = {}
        self._compared: dict[str, Verdicts] = {}
        known = {capture.snapshot.digest for capture in life.captures}
        self._captures = [*life.captures, *self._others(known)]
        self._captures.sort(key=lambda capture: capture.snapshot.sequence)
        self._own = known
        self._by_pair = {(recheck.of, recheck.snapshot): recheck for recheck in life.rechecks}

    def _others(self, known: set[str]) -> list[Capture]:
        """What the page was compared with, other than its own captures."""
        found = {}
        for recheck in self._life.rechecks:
            if recheck.snapshot in known or recheck.snapshot in found:
                continue
            try:
                item = look.find_digest(self._archive, recheck.snapshot, before=recheck.item.sequence)
            except ArchiverError:
                continue
            found[recheck.snapshot] = look.joined(self._archive, item, look.newest_reading(self._archive, item))
        return list(found.values())

    def visits(self) -> tuple[Visit, ...]:
        told = []
        before: Capture | None = None
        for capture in self._captures:
            rechecks = [item for item in self._life.rechecks if item.snapshot == capture.snapshot.digest]
            own = capture.snapshot.digest in self._own
            changes: tuple[Change, ...] = ()
            article = capture.found.article if capture.found is not None else None
            if own and before is not None and before.found is not None:
                changes = article_changes(before.found.article, article)
            if own and article is not None:
                before = capture
            against = None if own else self._against(rechecks)
            told.append(Visit(capture, changes, tuple(item.item.sequence for item in rechecks), against))
        return tuple(told)

    def _against(self, rechecks: list[Recheck]) -> str | None:
        for recheck in rechecks:
            try:
                return facts_of(self._archive, recheck).against
            except ArchiverError:
                continue
        return None

    def statements(self, wanted: tuple[int, str] | None) -> tuple[Statement, ...]:
        """Every statement of the life; or the one that is asked about, under the reading that held it first."""
        found = []
        for base in bases(self._archive, self._life):
            before = before_of(self._archive, base.reading)
            for record in before.page.statements:
                if record.id in base.ids:
                    found.append(Statement(base, record, self._moments(base, before, record.id)))
        if wanted is None:
            return tuple(found)
        number, name = wanted
        return tuple(item for item in found if self._is(item, number, name))

    def _is(self, item: Statement, number: int, name: str) -> bool:
        """Whether a statement is the one of that reading: itself, or where it was found at that visit."""
        if item.base.reading.sequence == number:
            return item.record.id == name
        for capture in self._captures:
            if capture.reading is None or capture.reading.sequence != number:
                continue
            later = self._before(capture)
            places = [
                place.text
                for moment in item.moments
                if moment.snapshot == capture.snapshot.sequence
                for place in moment.found.places
                if place is not None and place.text is not None
            ]
            return later is not None and any(
                record.id == name and any(low < part.text[1] and part.text[0] < high for low, high in places)
                for record in later.page.statements
                for part in record.parts
            )
        return False

    def _moments(self, base: Base, before: Before, name: str) -> tuple[Moment, ...]:
        found = []
        for capture in self._captures:
            if capture.snapshot.sequence <= base.capture.snapshot.sequence:
                continue
            item = capture.snapshot
            for verdicts, sealed in self._verdicts(base, before, capture):
                if name in verdicts:
                    found.append(Moment(item.sequence, item.manifest.time, verdicts[name], sealed))
                    break
        return tuple(found)

    def _verdicts(self, base: Base, before: Before, capture: Capture) -> Iterator[tuple[Verdicts, int | None]]:
        """The verdicts by the statements' ids: those that were sealed, with the number of the recheck; if these say
        nothing of a statement, what a comparison now gives."""
        recheck = self._by_pair.get((base.capture.snapshot.digest, capture.snapshot.digest))
        if recheck is not None:
            yield self._kept(recheck.item.digest, lambda: verdicts_of(self._archive, recheck)), recheck.item.sequence
        later = self._before(capture)
        if later is not None:
            key = f"{base.reading.digest} {capture.snapshot.digest}"
            yield self._kept(key, lambda: records_of(compare(before.page, later.page))), None

    def _kept(self, key: str, find: Callable[[], tuple[VerdictRecord, ...]]) -> Verdicts:
        """What was found once; nothing where it cannot be read."""
        if key not in self._compared:
            try:
                self._compared[key] = {item.id: item for item in find()}
            except ArchiverError:
                self._compared[key] = {}
        return self._compared[key]

    def _before(self, capture: Capture) -> Before | None:
        """What a capture's newest reading read; None if it has none that can be read."""
        if capture.reading is None:
            return None
        digest = capture.reading.digest
        if digest not in self._read:
            try:
                self._read[digest] = before_of(self._archive, capture.reading, capture)
            except ArchiverError:
                self._read[digest] = None
        return self._read[digest]
