"""The lives of pages: every capture of an address in the order of time, and the rechecks that compared them.

    life      captures 1, 7, 12 of https://news.example/a, rechecks 9 and 14
    bases     which reading holds each statement first: 2 (s1 to s5), 13 (s6: it was not there before)

A statement is compared with the earliest reading that holds it, so that slow drift is not hidden step by step.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from archiver.archive import Archive
from archiver.errors import ArchiverError
from archiver.model import verdicts as verdicts_model
from archiver.model.statement import StatementRecord
from archiver.model.verdicts import RecheckFacts, VerdictRecord
from archiver.page.compare import INSTEAD, compare
from archiver.work import look
from archiver.work.comparing import Before, before_of
from archiver.work.look import Capture, Sealed

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Recheck:
    """A sealed recheck. `of`: the digest of the snapshot whose reading was compared; `subject` and `snapshot` are
    digests of manifests too. Readings of one snapshot give the same statements the same ids."""

    item: Sealed
    of: str

    @property
    def subject(self) -> str:
        """The reading that was compared."""
        return self.item.manifest.subject or ""

    @property
    def snapshot(self) -> str:
        """The later visit."""
        return str(self.item.manifest.extra)


@dataclass(slots=True)
class Life:
    """One address. `captures`: oldest first, each with its newest reading. `rechecks`: of any reading of them. `aside`:
    it was captured only to be compared with another page."""

    url: str
    captures: list[Capture] = field(default_factory=list)
    rechecks: list[Recheck] = field(default_factory=list)
    aside: bool = False

    def visits(self) -> list[Recheck]:
        """The rechecks that visited this page, rather than something else to compare it with."""
        own = {capture.snapshot.digest for capture in self.captures}
        return [recheck for recheck in self.rechecks if recheck.snapshot in own]


@dataclass(frozen=True, slots=True)
class Base:
    """A reading, and the statements that it was the first to hold."""

    capture: Capture
    reading: Sealed
    ids: tuple[str, ...]


def lives(archive: Archive) -> dict[str, Life]:
    """Every page of the archive by the address that was asked for, in the order of their first capture; every manifest
    is looked at (archiver.work.pages knows a shorter way). What cannot be read is left to `verify`."""
    snapshots: dict[str, Capture] = {}
    newest: dict[str, Sealed] = {}
    snapshot_of: dict[str, str] = {}  # of each reading
    rechecks: list[Sealed] = []
    for sequence in archive.folder.sequences():
        try:
            item = look.sealed(archive, sequence)
        except ArchiverError:
            continue
        event = item.manifest.event
        if event in ("snapshot", "import"):
            snapshots[item.digest] = look.joined(archive, item, None)
        elif event == "reading" and item.manifest.subject is not None:
            newest[item.manifest.subject] = item
            snapshot_of[item.digest] = item.manifest.subject
        elif event == "recheck":
            rechecks.append(item)
    found: dict[str, Life] = {}
    for digest, capture in snapshots.items():
        if capture.facts is None or capture.facts.request is None:
            continue
        whole = look.joined(archive, capture.snapshot, newest.get(digest))
        found.setdefault(capture.url, Life(capture.url)).captures.append(whole)
    compared: set[str] = set()  # snapshots that another page was compared with
    for item in rechecks:
        recheck = Recheck(item, snapshot_of.get(item.manifest.subject or "", ""))
        first, then = snapshots.get(recheck.of), snapshots.get(recheck.snapshot)
        if first is not None and first.url in found:
            found[first.url].rechecks.append(recheck)
        if first is not None and then is not None and first.url != then.url:
            compared.add(recheck.snapshot)
    for life in found.values():
        life.aside = all(capture.snapshot.digest in compared for capture in life.captures)
    return found


def facts_of(archive: Archive, recheck: Recheck) -> RecheckFacts:
    """How a recheck was made. Raises MissingError, FormatError."""
    return verdicts_model.decode_facts(archive.object(recheck.item.manifest, "facts"))


def verdicts_of(archive: Archive, recheck: Recheck) -> tuple[VerdictRecord, ...]:
    """The verdicts of a recheck. Raises MissingError, FormatError."""
    data = archive.object(recheck.item.manifest, verdicts_model.ROLE, verdicts_model.MAX_BYTES)
    return verdicts_model.decode(data).verdicts


@dataclass(frozen=True, slots=True)
class Told:
    """What a sealed recheck says: numbers of the reading and the snapshot that it compared, how, and the verdicts."""

    reading: int
    snapshot: int
    facts: RecheckFacts
    verdicts: tuple[tuple[StatementRecord, VerdictRecord], ...]


def told(archive: Archive, item: Sealed) -> Told:
    """What a recheck says. Raises MissingError, FormatError."""
    recheck = Recheck(item, "")
    reading = look.find_digest(archive, recheck.subject, before=item.sequence)
    snapshot = look.find_digest(archive, recheck.snapshot, before=item.sequence)
    records = {record.id: record for record, _ in look.statements(archive, reading)}
    found = verdicts_of(archive, recheck)
    pairs = tuple((records[verdict.id], verdict) for verdict in found if verdict.id in records)
    return Told(reading.sequence, snapshot.sequence, facts_of(archive, recheck), pairs)


def is_conclusive(verdicts: Iterable[VerdictRecord]) -> bool:
    """Whether something is known of at least one statement."""
    return any(item.verdict != "unknown" for item in verdicts)


def bases(archive: Archive, life: Life) -> list[Base]:
    """The readings that a recheck of this page compares with, oldest first, each with the statements that no earlier
    one held. Raises MissingError, FormatError for a reading that cannot be read."""
    found: list[Base] = []
    befores: list[_Later] = []
    bodies: set[str] = set()
    sealed = {(recheck.of, recheck.snapshot): recheck for recheck in life.rechecks}
    for capture in life.captures:
        reading, facts = capture.reading, capture.found
        if reading is None or facts is None or not facts.statements or facts.kind in INSTEAD:
            continue
        if facts.source is not None and facts.source.digest in bodies:
            continue  # the same bytes hold no other statements
        later = _Later(archive, reading)
        held: list[Span] = []
        for base, before in zip(found, befores, strict=True):
            held += _held(archive, before, later, sealed.get((base.capture.snapshot.digest, capture.snapshot.digest)))
        ids = tuple(item.id for item in later.records if not _is_held(item, held))
        if facts.source is not None:
            bodies.add(facts.source.digest)
        if ids:
            found.append(Base(capture, reading, ids))
            befores.append(later)
    return found


class _Later:
    """A reading whose statements are looked at, and which is compared only where no recheck did that."""

    def __init__(self, archive: Archive, reading: Sealed) -> None:
        self.records = [record for record, _ in look.statements(archive, reading)]
        self._archive, self._reading = archive, reading
        self._whole: Before | None = None

    def whole(self) -> Before:
        """All of it, with its page text."""
        if self._whole is None:
            self._whole = before_of(self._archive, self._reading)
        return self._whole


def _held(archive: Archive, before: _Later, later: _Later, recheck: Recheck | None) -> list[Span]:
    """Where an earlier reading's statements stand in a later page text: as a recheck sealed it, else compared now."""
    if recheck is not None:
        try:
            places = [place for item in verdicts_of(archive, recheck) for place in item.places]
            return [place.text for place in places if place is not None and place.text is not None]
        except ArchiverError:
            pass
    found = compare(before.whole().page, later.whole().page)
    return [place.text for item in found for place in item.places if place is not None and place.text is not None]


def _is_held(item: StatementRecord, held: list[Span]) -> bool:
    length = sum(part.text[1] - part.text[0] for part in item.parts)
    shared = sum(max(0, min(high, part.text[1]) - max(low, part.text[0])) for part in item.parts for low, high in held)
    return 2 * shared >= length
