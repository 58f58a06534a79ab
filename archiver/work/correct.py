"""Corrections by a person: statements with other speakers, other words, other kinds, and those that are none.

A correction is a new reading that replaces the newest one; every reading stays. It is made from a sheet (work.sheet):
the statements as YAML, edited. Words must stand on the page, typography aside, as in pinning.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

from archiver.archive import Archive, Entropy
from archiver.errors import MissingError, UsageError
from archiver.model.decisions import Change, Decision
from archiver.model.encoding import clean
from archiver.model.statement import SpeakerRecord, StatementRecord
from archiver.page.passage import Text, bare, with_marks
from archiver.page.text import PageText
from archiver.page.wording import Diff, changed
from archiver.work import decided, look
from archiver.work import sheet as sheets
from archiver.work.decided import Decider, Pair
from archiver.work.sealed import material_of
from archiver.work.sheet import Edit, Sheet


@dataclass(frozen=True, slots=True)
class Begun:
    """A sheet to be edited. `name`: what to call its file; it says which archive, reading and statement it is of."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class NotThere:
    """Words of a sheet that do not stand on the page. `nearest`: the passage most like them, `diff` from it to them."""

    line: int
    id: str
    words: str
    reason: str | None
    nearest: str | None
    diff: Diff


@dataclass(frozen=True, slots=True)
class Corrected:
    """What was decided. `reading`: the number of the new reading. None: nothing was sealed, as nothing was changed, or
    because of `missing` words."""

    snapshot: int
    reading: int | None
    replaces: int
    decisions: tuple[Decision, ...]
    missing: tuple[NotThere, ...] = ()


def begin(archive: Archive, ref: str) -> Begun:
    """The sheet of the newest reading of the capture that `ref` means, or of one statement of it (42#s3). Raises
    UsageError, MissingError, FormatError."""
    capture, readings, statement = _meant(archive, ref)
    before = readings[-1]
    records = [record for record, _ in look.statements(archive, before)]
    if statement is not None:
        records = [record for record in records if record.id == statement]
        if not records:
            raise MissingError(f"{statement} is not in the newest reading, number {before.sequence}: it was rejected")
    if not records:
        raise MissingError(f"number {before.sequence} has no statements to correct", hint="archiver pin adds some")
    text = sheets.write(before.sequence, before.digest, capture.said("title") or capture.url, records)
    archive_name = look.sealed(archive, 0).digest[7:15]
    return Begun("-".join([archive_name, str(before.sequence), *([statement] if statement else [])]), text)


def apply(archive: Archive, ref: str, data: bytes, where: str) -> Corrected:
    """Seal what a person changed in a sheet. Raises FormatError that names the line, UsageError, MissingError,
    StoreError; then nothing was sealed."""
    sheet = sheets.read(data, where)
    capture, readings, _ = _meant(archive, ref)
    before = readings[-1]
    if (sheet.reading, sheet.digest) != (before.sequence, before.digest):
        raise UsageError(
            f"{where} was written for number {sheet.reading}; the newest reading of this capture is {before.sequence}",
            hint="write a new one and move your corrections over: archiver correct --export",
        )
    material = material_of(archive, capture)
    reading = decided.sealed_reading(archive, before)
    page = decided.page_of(reading, material, before.sequence)
    earlier = decided.earlier_of(archive, readings)
    work = _Correcting(
        sheet, dict(_by_id(reading.records)), page, material.body, decided.decider_of(archive), archive.entropy
    )
    for edit in sheet.edits:
        work.correct(edit)
    if work.missing or not work.decisions:
        return Corrected(capture.snapshot.sequence, None, before.sequence, (), tuple(work.missing))
    made = decided.with_statements(
        reading, work.pairs.values(), earlier.decisions + tuple(work.decisions), archive.entropy
    )
    number = decided.seal(archive, capture.snapshot, before, made)
    if number is None:
        raise UsageError("another command has read or corrected this capture meanwhile", hint="start from a new sheet")
    return Corrected(capture.snapshot.sequence, number, before.sequence, tuple(work.decisions))


def _meant(archive: Archive, ref: str) -> tuple[look.Capture, list[look.Sealed], str | None]:
    """The capture of a REF, its readings, oldest first, and the statement that was named."""
    meant = look.resolve(archive, ref)
    if meant.capture is None:
        raise UsageError(f"{ref} is no capture ({meant.item.manifest.event}): only captures have statements")
    readings = look.readings(archive, meant.capture.snapshot)
    if not readings:
        number = meant.capture.snapshot.sequence
        raise MissingError(f"number {number} has no reading", hint=f"make one with: archiver read {number}")
    whole = look.joined(archive, meant.capture.snapshot, readings[-1])
    return whole, readings, meant.statement


def _by_id(pairs: tuple[Pair, ...]) -> list[tuple[str, Pair]]:
    return [(pair[0].id, pair) for pair in pairs]


class _Correcting:
    """Edit after edit into the statements of one reading."""

    def __init__(
        self, sheet: Sheet, pairs: dict[str, Pair], page: PageText, body: bytes, decider: Decider, entropy: Entropy
    ) -> None:
        self.pairs = pairs
        self.decisions: list[Decision] = []
        self.missing: list[NotThere] = []
        self._sheet, self._page, self._body = sheet, page, body
        self._decider, self._entropy = decider, entropy
        self._known: Text | None = None

    @property
    def _text(self) -> Text:
        if self._known is None:
            self._known = Text(self._page.text)
        return self._known

    def correct(self, edit: Edit) -> None:
        """Do what a person wants of one statement. Raises FormatError."""
        pair = self.pairs.get(edit.id)
        if pair is None:
            names = ", ".join(self.pairs)
            self._sheet.refuse(edit.id, "", f"there is no such statement; there are {names[:200] or 'none'}")
        if edit.reject:
            del self.pairs[edit.id]
            self.decisions.append(self._decider.decision(pair[0], "rejected", edit.note))
            return
        record, context = pair
        changes: list[Change] = []
        given = None
        if edit.words is not None and edit.words != tuple(part.exact for part in record.parts):
            ranges, given = self._places(edit.id, edit.words, record)
            if ranges is None:
                return
            if ranges != [part.text for part in record.parts]:
                was = record.text
                record, context = decided.anchored(record, ranges, self._page, self._body, self._entropy)
                changes.append(Change("words", was, record.text))
        fields = sheets.values(pair[0])
        new: dict[str, Any] = {}
        for name, value in edit.fields.items():
            if value != fields[name]:
                changes.append(Change(name, fields[name], value))  # type: ignore[arg-type]
                new[name] = self._speaker(value, record) if name == "speaker" else value
        if not changes:
            return
        record = replace(record, **new, by="person", confidence=100)
        self.pairs[edit.id] = decided.resalted((record, context), self._entropy)
        decision = self._decider.decision(record, "corrected", edit.note, given=given, changes=tuple(changes))
        self.decisions.append(decision)

    def _speaker(self, name: str | None, record: StatementRecord) -> SpeakerRecord | None:
        if name is None:
            return None
        ranges = [part.text for part in record.parts]
        return SpeakerRecord(name, decided.nearest_mention(self._text, name, ranges))

    def _places(
        self, name: str, words: tuple[str, ...], record: StatementRecord
    ) -> tuple[list[tuple[int, int]] | None, str | None]:
        """Where the new words stand, nearest to the old ones, None if they do not; and the words as given if their
        typography differs."""
        ranges: list[tuple[int, int]] = []
        differs = False
        for number, given in enumerate(words):
            old = record.parts[min(number, len(record.parts) - 1)].text[0]
            after = ranges[-1][1] if ranges else 0
            places = [place for place in self._text.standing(given) if place.start >= after]
            if not places:
                self.missing.append(self._not_there(name, given, number))
                return None, None
            best = min(places, key=lambda place: abs(place.start - old))
            differs |= bare(given) not in self._page.text[best.start : best.end]
            ranges.append(with_marks(self._page.text, best.start, best.end))
        if any(high[0] < low[1] for low, high in itertools.pairwise(ranges)):
            self._sheet.refuse(name, "words", "its parts overlap on the page")
        for other, _ in self.pairs.values():
            if other.id != name and [part.text for part in other.parts] == ranges:
                self._sheet.refuse(name, "words", f"these are the words of {other.id}", hint="reject one of the two")
        return ranges, clean(" […] ".join(words)) if differs else None

    def _not_there(self, name: str, words: str, number: int) -> NotThere:
        text = self._text
        line = self._sheet.lines.get(("statements", name, "words", number), self._sheet.line_of(name, "words"))
        if text.standing(words):
            return NotThere(line, name, bare(words), "stands before the part that comes before it", None, ())
        alike = text.alike(words)
        near = alike[0] if alike else text.nearest(words)
        if near is None:
            return NotThere(line, name, bare(words), "no passage of the page is like it", None, ())
        passage = self._page.text[near.start : near.end]
        return NotThere(line, name, bare(words), None, passage, changed(passage, bare(words)))
