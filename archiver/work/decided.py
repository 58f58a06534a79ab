"""What people decided about a snapshot's statements, laid over what the program finds in it.

Ids are never used again: the same words at the same place keep theirs from reading to reading, others get new ones.
What a person added, confirmed or corrected stays, whatever a later program finds; what they rejected stays out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from archiver.archive import Archive, Entropy
from archiver.errors import FormatError, MissingError
from archiver.model import decisions as decisions_model
from archiver.model import facts as facts_model
from archiver.model import statement as statement_model
from archiver.model.decisions import Decision, Decisions
from archiver.model.encoding import clean
from archiver.model.manifest import spell_salt
from archiver.model.statement import ContextPart, ContextRecord, PartRecord, StatementRecord
from archiver.page import anchor
from archiver.page import text as page_text
from archiver.page.passage import Text
from archiver.page.text import PageText
from archiver.work import look
from archiver.work.prepare import stage_reading
from archiver.work.read import Material, Reading, renumbered

MAX_PAGE_TEXT = 64 << 20  # bytes of a page text; a body of 16 MB gives one of at most three times as many

Pair = tuple[StatementRecord, ContextRecord]


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decides, as they chose to be called, and when, by this machine's clock."""

    by: str | None
    time: str

    def decision(
        self, record: StatementRecord, action: decisions_model.Action, note: str | None = None, **more: object
    ) -> Decision:
        """Their decision about a statement. Cleaned of what must not be written."""
        text = None if note is None else clean(note, 2000)
        fields = {"given": None, "changes": (), **more}
        return Decision(record.id, action, self.by, self.time, text, record.text, **fields)  # type: ignore[arg-type]


def decider_of(archive: Archive) -> Decider:
    """The collector of the archive's settings, now."""
    name = archive.settings.collector.name
    return Decider(None if name is None else clean(name, 500), archive.clock())


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the readings of a snapshot so far leave behind: every statement that ever had an id; those that people had
    a hand in, as they are now; all decisions."""

    records: tuple[StatementRecord, ...] = ()
    kept: tuple[Pair, ...] = ()
    decisions: tuple[Decision, ...] = ()

    def unused(self) -> int:
        """The first number that no id has had."""
        return 1 + max((int(record.id[1:]) for record in self.records), default=0)


def earlier_of(archive: Archive, readings: Sequence[look.Sealed]) -> Earlier:
    """What these readings of one snapshot, oldest first, leave behind. Raises MissingError, FormatError."""
    records: list[StatementRecord] = []
    by_people: dict[str, Pair] = {}
    decided: tuple[Decision, ...] = ()
    for reading in readings:
        for pair in look.statements(archive, reading):
            records.append(pair[0])
            if pair[0].by == "person":
                by_people[pair[0].id] = pair
        found = look.decisions(archive, reading)
        decided = found.decisions if found is not None else decided
    if not decided:  # readings of a person's hand that say no more than that
        return Earlier(tuple(records), tuple(by_people.values()))
    last = {item.id: item for item in decided}
    rejected = {name for name, item in last.items() if item.action == "rejected"}
    kept = tuple(pair for name, pair in by_people.items() if name not in rejected)
    return Earlier(tuple(records), kept, decided)


def sealed_reading(archive: Archive, reading: look.Sealed) -> Reading:
    """A reading as it was sealed, without its page. Raises MissingError, FormatError."""
    facts = facts_model.decode_reading(archive.object(reading.manifest, "facts"))
    if reading.manifest.object("page-text") is None:
        return Reading(facts, None, None, None, (), None)
    data = archive.object(reading.manifest, "page-text", MAX_PAGE_TEXT)
    pairs = tuple(look.statements(archive, reading))
    found = look.decisions(archive, reading)
    return Reading(
        facts=facts,
        page_text=data,
        statements=None,
        leaves=None,
        records=pairs,
        text=page_text.decode_object(data)[1],
        decisions=decisions_model.encode(found) if found is not None else None,
    )


def page_of(reading: Reading, material: Material, number: int) -> PageText:
    """The projection from which a sealed reading was made. Raises MissingError where there is none, FormatError where
    this version makes another page text of these bytes."""
    source = reading.facts.source
    if reading.text is None or source is None or source.text is None:
        why = reading.facts.reasons[0] if reading.facts.reasons else reading.facts.kind
        raise MissingError(f"number {number} has no page text: {why}")
    plain = source.text == "plain-text/v1"
    page = (page_text.project_plain if plain else page_text.project)(material.body, material.content_type)
    if page.text != reading.text:
        raise FormatError(
            f"number {number} is not what this version reads in these bytes",
            hint="verify it; if it was read by an older version: archiver read",
        )
    return page


def with_statements(
    reading: Reading,
    pairs: Iterable[Pair],
    decided: tuple[Decision, ...],
    entropy: Entropy,
    problems: tuple[str, ...] = (),
) -> Reading:
    """The reading with these statements and decisions. Raises FormatError for what cannot be written."""
    records = tuple(sorted(pairs, key=lambda pair: int(pair[0].id[1:])))
    data = leaves = None
    if reading.page_text is not None:
        data, leaves = statement_model.encode_object(records)
    facts = replace(
        reading.facts,
        by="person" if decided else reading.facts.by,
        statements=len(records),
        problems=reading.facts.problems + problems,
        salt=spell_salt(entropy(16)),
    )
    written = decisions_model.encode(Decisions(decided, spell_salt(entropy(16)))) if decided else None
    return replace(reading, facts=facts, statements=data, leaves=leaves, records=records, decisions=written)


def carried(reading: Reading, body: bytes, earlier: Earlier, entropy: Entropy) -> Reading:
    """A new reading by the program, with the ids of the earlier ones and with what people decided."""
    reading = renumbered(reading, earlier.records)
    if not earlier.kept and not earlier.decisions:
        return reading
    last = {item.id: item for item in earlier.decisions}
    pairs = {
        pair[0].id: pair for pair in reading.records if pair[0].id not in last or last[pair[0].id].action != "rejected"
    }
    lost = []
    for pair in earlier.kept:
        found = _standing(pair, reading.page, body, entropy)
        if found is not None:
            pairs[found[0].id] = found
        else:
            pairs.pop(pair[0].id, None)
            lost.append(pair[0].id)
    problems = (f"of a person's, and not in this page text: {', '.join(lost)}",) if lost else ()
    return with_statements(reading, pairs.values(), earlier.decisions, entropy, problems)


def _standing(pair: Pair, page: PageText | None, body: bytes, entropy: Entropy) -> Pair | None:
    """A statement of an earlier reading as it stands in this page text: at its place, or at the one nearest to it."""
    if page is None:
        return None
    record, context = pair
    ranges = []
    for part in record.parts:
        low, high = part.text
        if page.text[low:high] != part.exact:
            places = anchor.find_all(page.text, part.exact)
            if not places:
                return None
            low = min(places, key=lambda place: abs(place - part.text[0]))
            high = low + len(part.exact)
        ranges.append((low, high))
    if any(after[0] < before[1] for before, after in itertools.pairwise(ranges)):
        return None
    speaker = record.speaker
    if speaker is not None and speaker.mention is not None and ranges != [part.text for part in record.parts]:
        speaker = replace(speaker, mention=nearest_mention(Text(page.text), speaker.name, ranges))
    made = anchored(replace(record, speaker=speaker), ranges, page, body, entropy)
    same = made[0].parts == record.parts and made[1].parts == context.parts
    return pair if same else made


def anchored(
    record: StatementRecord, ranges: Sequence[tuple[int, int]], page: PageText, body: bytes, entropy: Entropy
) -> Pair:
    """The statement with its parts at these places of the page text, and its context; both with salts of their own."""
    parts = [anchor.make_part(page, body, low, high) for low, high in ranges]
    statement = replace(
        record,
        text=" ".join(part.exact for part in parts),
        parts=tuple(PartRecord(part.exact, part.text, part.bytes, part.digest) for part in parts),
        salt=spell_salt(entropy(16)),
    )
    around = tuple(ContextPart(part.prefix, part.suffix) for part in parts)
    return statement, ContextRecord(record.id, around, spell_salt(entropy(16)))


def nearest_mention(text: Text, name: str, ranges: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """Where the page text names somebody, nearest to a statement and outside its words; None if nowhere."""
    places = [(found.start, found.end) for found in text.standing(name)]
    outside = [(a, b) for a, b in places if not any(a < d and c < b for c, d in ranges)]
    return min(outside, key=lambda span: abs(span[0] - ranges[0][0]), default=None)


def resalted(pair: Pair, entropy: Entropy) -> Pair:
    """The pair with new salts: what was changed must not share one with what it was."""
    statement = replace(pair[0], salt=spell_salt(entropy(16)))
    return statement, replace(pair[1], salt=spell_salt(entropy(16)))


def seal(archive: Archive, snapshot: look.Sealed, before: look.Sealed, reading: Reading) -> int | None:
    """Seal a reading that replaces `before`; its number. None if that is no longer the newest one of the snapshot: then
    nothing was sealed. Raises StoreError, RefusedError."""
    staged, draft = stage_reading(archive, reading)
    with archive.ledger().batch() as group:
        for item in staged:
            group.adopt(item)
        added = group.add(replace(draft, subject=snapshot.digest, extra=before.digest))
        newest = look.readings(archive, snapshot)  # now that no other writer can come between
        if not newest or newest[-1].digest != before.digest:
            return None
        group.commit()
    return added.sequence
