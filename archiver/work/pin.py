"""Statements by hand: words that a person says stand on a page become statements of its reading, if they stand there.

Typographic differences (quotation marks, dashes, blanks, soft hyphens) are forgiven, and said; anything else is not:
the nearest passage is shown instead. `[…]` or `…` in the given words stands for what was left out: what is around it
becomes the parts of one statement, if the page has them in that order.

Words that the program had found too are confirmed, or corrected where a person names another speaker; no statement is
listed twice.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from archiver.archive import Archive, Entropy
from archiver.errors import MissingError, StoreError, UsageError
from archiver.model.decisions import Change, Decision
from archiver.model.encoding import clean
from archiver.model.statement import SpeakerRecord, StatementRecord
from archiver.page.passage import Passage, Text, bare, pieces, with_marks
from archiver.page.text import PageText
from archiver.page.typography import MARKS, fold
from archiver.page.wording import Diff, changed
from archiver.work import decided, look
from archiver.work.decided import Decider, Earlier, Pair
from archiver.work.read import Reading
from archiver.work.sealed import material_of
from archiver.work.targets import Quote

MAX_PLACES = 2_000  # of the same words on one page that are looked at
MAX_PARTS = 50  # of one statement

Range = tuple[int, int]
State = Literal["added", "confirmed", "corrected", "there already", "missing"]


@dataclass(frozen=True, slots=True)
class Pin:
    """What became of one quote. `text`: the words as they stand on the page, at one of `places`; `typographic`: they
    were given with other marks, dashes or blanks. If they are missing: `reason`, and the nearest passage with the diff
    from it to the given words."""

    quote: Quote
    state: State
    id: str | None = None
    text: str | None = None
    typographic: bool = False
    places: int = 0
    reason: str | None = None
    nearest: str | None = None
    diff: Diff = ()

    @property
    def good(self) -> bool:
        """Whether the words stand on the page."""
        return self.state != "missing"


@dataclass(frozen=True, slots=True)
class Pinned:
    """The pins of one capture. `reading`: the number of the new reading; None: nothing was sealed."""

    snapshot: int
    reading: int | None
    replaces: int
    pins: tuple[Pin, ...]


def pin(archive: Archive, ref: str, quotes: Sequence[Quote]) -> Pinned:
    """Pin words in the newest reading of the capture that `ref` means, and seal the reading that has them: all of them,
    or none. Raises UsageError, MissingError, FormatError, StoreError."""
    meant = look.resolve(archive, ref)
    if meant.capture is None:
        raise UsageError(f"{ref} is no capture ({meant.item.manifest.event}): only captures have statements")
    if meant.statement is not None:
        raise UsageError(
            f"{ref} is a statement: words are pinned in a whole capture", hint=f"give {meant.item.sequence}"
        )
    snapshot = meant.capture.snapshot
    for _ in range(3):
        readings = look.readings(archive, snapshot)
        if not readings:
            raise MissingError(
                f"number {snapshot.sequence} has no reading", hint=f"make one with: archiver read {snapshot.sequence}"
            )
        before = readings[-1]
        made, pins = _pinned(archive, meant.capture, readings, quotes)
        if made is None:
            return Pinned(snapshot.sequence, None, before.sequence, pins)
        number = decided.seal(archive, snapshot, before, made)
        if number is not None:
            return Pinned(snapshot.sequence, number, before.sequence, pins)
    raise StoreError("other commands keep changing the readings of this capture", hint="try again when they are done")


def _pinned(
    archive: Archive, capture: look.Capture, readings: Sequence[look.Sealed], quotes: Sequence[Quote]
) -> tuple[Reading | None, tuple[Pin, ...]]:
    """The new reading, None if there is nothing to seal."""
    material = material_of(archive, capture)
    reading = decided.sealed_reading(archive, readings[-1])
    reading = replace(reading, page=decided.page_of(reading, material, readings[-1].sequence))
    earlier = decided.earlier_of(archive, readings)
    made, pins = pin_into(reading, material.body, quotes, decided.decider_of(archive), archive.entropy, earlier)
    return (made if all(item.good for item in pins) and made is not reading else None), pins


def pin_into(
    reading: Reading,
    body: bytes,
    quotes: Sequence[Quote],
    decider: Decider,
    entropy: Entropy,
    earlier: Earlier | None = None,
) -> tuple[Reading, tuple[Pin, ...]]:
    """A reading with the quotes that stand in its page as statements; the same reading if none does. `earlier`: of the
    readings before it. One Pin for each quote, in their order."""
    if reading.page is None:
        why = reading.facts.reasons[0] if reading.facts.reasons else reading.facts.kind
        return reading, tuple(Pin(quote, "missing", reason=f"there is no page text: {why}") for quote in quotes)
    work = _Pinning(reading, reading.page, body, decider, entropy, earlier or Earlier())
    pins = tuple(work.pin(quote) for quote in quotes)
    if not work.new:
        return reading, pins
    before = earlier.decisions if earlier is not None else ()
    return decided.with_statements(reading, work.pairs.values(), before + tuple(work.new), entropy), pins


class _Pinning:
    """Quote after quote into one reading."""

    def __init__(
        self, reading: Reading, page: PageText, body: bytes, decider: Decider, entropy: Entropy, earlier: Earlier
    ) -> None:
        self.pairs: dict[str, Pair] = {pair[0].id: pair for pair in reading.records}
        self.new: list[Decision] = []
        self._page, self._body = page, body
        self._text = Text(page.text)
        self._decider, self._entropy = decider, entropy
        self._ids = {(record.text, record.parts[0].text): record.id for record in earlier.records}
        known = (*earlier.records, *(pair[0] for pair in reading.records))
        self._unused = Earlier(tuple(known)).unused()
        main = (reading.facts.article or {}).get("main_range") or []
        self._main = [(span[0], span[1]) for span in main if isinstance(span, list) and len(span) == 2]

    def pin(self, quote: Quote) -> Pin:
        """Make a statement of one quote."""
        places = self._text.standing(quote.words)[:MAX_PLACES]
        ranges = [self._best(places)] if places else self._parted(quote.words)
        if ranges is None:
            return self._missing(quote)
        same = next((pair for pair in self.pairs.values() if self._is_same(pair[0], ranges)), None)
        if same is not None:
            return self._found_too(quote, same, len(places))
        ranges = [with_marks(self._page.text, *span) for span in ranges]
        record, context = decided.anchored(self._blank(quote, ranges), ranges, self._page, self._body, self._entropy)
        name = self._ids.pop((record.text, record.parts[0].text), None)
        if name is None or name in self.pairs:
            name = f"s{self._unused}"
            self._unused += 1
        record, context = replace(record, id=name), replace(context, id=name)
        given, differs = self._given(quote, record)
        self.pairs[name] = record, context
        self.new.append(self._decider.decision(record, "added", quote.note, given=given))
        return Pin(quote, "added", name, record.text, differs, max(1, len(places)))

    def _found_too(self, quote: Quote, pair: Pair, places: int) -> Pin:
        """The words are those of a statement that is there: confirm it, or give it the speaker."""
        record, context = pair
        was = record.speaker.name if record.speaker is not None else None
        speaker = record.speaker
        if quote.speaker is not None and clean(quote.speaker, 300) != was:
            speaker = self._speaker(quote.speaker, [part.text for part in record.parts])
        now = speaker.name if speaker is not None else None
        state: State = "corrected" if now != was else "confirmed"
        given, differs = self._given(quote, record)
        if state == "confirmed" and record.by == "person" and quote.note is None:
            return Pin(quote, "there already", record.id, record.text, differs, max(1, places))
        changes: tuple[Change, ...] = ()
        if state == "corrected":
            changes = (Change("speaker", was, now),)
            if record.role is not None:  # it is the other one's
                changes += (Change("role", record.role, None),)
                record = replace(record, role=None)
        record = replace(record, speaker=speaker, by="person", confidence=100)
        self.pairs[record.id] = decided.resalted((record, context), self._entropy)
        action: Literal["corrected", "confirmed"] = "corrected" if changes else "confirmed"
        self.new.append(self._decider.decision(record, action, quote.note, given=given, changes=changes))
        return Pin(quote, state, record.id, record.text, differs, max(1, places))

    def _missing(self, quote: Quote) -> Pin:
        words = bare(quote.words)
        parts = pieces(words)
        if len(parts) > 1:
            lost = [part for part in parts if not self._text.standing(part)]
            if not lost:
                return Pin(quote, "missing", reason="its parts stand on the page, but not in this order")
            words = lost[0]
        alike = self._text.alike(words)
        near = alike[0] if alike else self._text.nearest(words)
        if near is None:
            return Pin(quote, "missing", reason=f"no passage of the page is like “{words}”")
        passage = self._page.text[near.start : near.end]
        reason = "the same words, with other capital letters or punctuation" if alike else None
        return Pin(quote, "missing", reason=reason, nearest=passage, diff=changed(passage, words))

    def _best(self, places: Sequence[Passage]) -> Range:
        """Of several places the one in the article, in quotation marks or a statement, first on the page."""

        def rank(place: Passage) -> tuple[bool, bool, int]:
            span = (place.start, place.end)
            inside = any(low <= place.start and place.end <= high for low, high in self._main)
            quoted = self._around(span) is not None or with_marks(self._page.text, *span) != span
            return not inside, not quoted, place.start

        best = min(places, key=rank)
        return best.start, best.end

    def _parted(self, words: str) -> list[Range] | None:
        """The places of the words around marks of omission, in their order and as near to one another as they stand."""
        given = pieces(words)
        if not 2 <= len(given) <= MAX_PARTS:
            return None
        found = [[(at.start, at.end) for at in self._text.standing(piece)[:MAX_PLACES]] for piece in given]
        best: list[Range] | None = None
        for first in found[0]:
            chain = [first]
            for places in found[1:]:
                after = bisect_left(places, (chain[-1][1], 0))
                if after == len(places):
                    break
                chain.append(places[after])
            if len(chain) == len(given) and (best is None or chain[-1][1] - chain[0][0] < best[-1][1] - best[0][0]):
                best = chain
        return best

    def _around(self, span: Range) -> StatementRecord | None:
        """The statement that the program found around some words."""
        for record, _ in self.pairs.values():
            if any(part.text[0] <= span[0] and span[1] <= part.text[1] for part in record.parts):
                return record
        return None

    def _is_same(self, record: StatementRecord, ranges: Sequence[Range]) -> bool:
        if len(record.parts) != len(ranges):
            return False
        return all(
            part.text[0] <= span[0]
            and span[1] <= part.text[1]
            and _inner(part.exact) == _inner(self._page.text[slice(*span)])
            for part, span in zip(record.parts, ranges, strict=True)
        )

    def _blank(self, quote: Quote, ranges: Sequence[Range]) -> StatementRecord:
        """A statement without its words. Kind and polarity are those of the statement around it, if there is one."""
        around = self._around(ranges[0])
        marked = all(self._page.text[low] in MARKS for low, _ in ranges)
        return StatementRecord(
            id="s1",
            kind=around.kind if around is not None else "direct" if marked else "indirect",
            text="",
            speaker=self._speaker(quote.speaker, ranges) if quote.speaker is not None else None,
            role=None,
            cue=None,
            addressee=None,
            when=None,
            where=None,
            via=None,
            polarity=around.polarity if around is not None else "affirmed",
            by="person",
            confidence=100,
            parts=(),
            salt="",
        )

    def _speaker(self, name: str, ranges: Sequence[Range]) -> SpeakerRecord:
        name = clean(name, 300)
        return SpeakerRecord(name, decided.nearest_mention(self._text, name, ranges))

    def _given(self, quote: Quote, record: StatementRecord) -> tuple[str | None, bool]:
        """The words as they were given, if they are not simply the page's; and whether their typography differs."""
        words = bare(quote.words)
        parts = [words] if len(record.parts) == 1 else pieces(words)
        differs = any(bare(given) not in part.exact for given, part in zip(parts, record.parts, strict=True))
        return (clean(words) if differs or len(parts) > 1 else None), differs


def _inner(words: str) -> str:
    """Words without the signs around them, typography aside."""
    first = next((at for at, sign in enumerate(words) if sign.isalnum()), 0)
    last = next((at for at in range(len(words), 0, -1) if words[at - 1].isalnum()), len(words))
    return fold(words[first:last])
