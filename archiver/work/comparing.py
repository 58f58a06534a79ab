"""One reading compared with an earlier one: what is sealed of it, in records. Runs where the new page was read.

The earlier reading comes from the archive, the new one from bytes that are about to be sealed. Nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from archiver.archive import Archive
from archiver.errors import ArchiverError
from archiver.model.encoding import clean
from archiver.model.values import SALT_BYTES, spell_salt
from archiver.model.verdicts import Change, PlaceRecord, VerdictRecord, Verdicts, encode
from archiver.page import compare as comparer
from archiver.page import text as page_text
from archiver.page.anchor import make_part
from archiver.page.compare import Page, Place, Verdict, compare
from archiver.page.data_text import article_bodies
from archiver.work import look
from archiver.work.read import Material, Reading, readers

MAX_TEXT = 256 << 20  # bytes of a page-text object
FIELDS = ("title", "bylines", "published", "modified")  # of an article, as far as they are compared


@dataclass(frozen=True, slots=True)
class Before:
    """An earlier reading as it is compared with: what it read, and with which readers."""

    number: int
    page: Page
    article: dict[str, Any] | None
    readers: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Compared:
    """The verdicts of one comparison, and what changed in what the page says of itself."""

    verdicts: tuple[VerdictRecord, ...]
    page: tuple[Change, ...]


def before_of(archive: Archive, reading: look.Sealed, capture: look.Capture | None = None) -> Before:
    """An earlier reading out of the archive; with `capture`, it can also be compared *to*. Without its page text (taken
    down), its statements' own words and their surroundings stand for it. Raises MissingError, FormatError."""
    facts = archive.reading_facts(reading.manifest)
    pairs = look.statements(archive, reading)
    records = tuple(record for record, _ in pairs)
    try:
        text = page_text.decode_object(archive.object(reading.manifest, "page-text", MAX_TEXT))[1]
        page = Page(text, main_range(facts.article), records, facts.kind, facts.reasons)
    except ArchiverError:
        if reading.manifest.object("page-text") is None or not pairs:
            page = Page("", (), records, facts.kind)
        else:
            page = _from_contexts(pairs, facts.kind)
    document = capture.facts.document if capture is not None and capture.facts is not None else None
    if document is not None:
        whole = not document.truncated and (facts.source is None or facts.source.complete)
        page = replace(page, status=document.status, complete=whole)
    return Before(reading.sequence, page, facts.article, facts.readers)


def _from_contexts(pairs: Sequence[Any], kind: str) -> Page:
    """A page that has nothing but the statements and the words around them."""
    text, records = "", []
    for record, context in pairs:
        parts = []
        for part, around in zip(record.parts, context.parts, strict=True):
            start = len(text) + len(around.prefix)
            text += f"{around.prefix}{part.exact}{around.suffix}\n"
            parts.append(replace(part, text=(start, start + len(part.exact))))
        records.append(replace(record, parts=tuple(parts)))
    return Page(text, (), tuple(records), kind)


def main_range(article: dict[str, Any] | None) -> tuple[tuple[int, int], ...]:
    """The code points of the page text that are the article, as a reading's facts tell them."""
    found = (article or {}).get("main_range")
    if not isinstance(found, list):
        return ()
    spans = [item for item in found if isinstance(item, list) and len(item) == 2 and all(type(n) is int for n in item)]
    return tuple((low, high) for low, high in spans if 0 <= low < high)


def page_of(reading: Reading, material: Material) -> Page:
    """A new reading as it is compared with."""
    facts = reading.facts
    data: tuple[str, ...] = ()
    if facts.kind in comparer.INSTEAD and reading.page is not None and not reading.page.plain:
        data = article_bodies(material.body, reading.page.encoding)
    return Page(
        reading.text or "",
        main_range(facts.article),
        tuple(record for record, _ in reading.records),
        facts.kind,
        facts.reasons,
        material.status,
        material.complete and not any("cut off" in problem for problem in material.problems),
        data,
    )


def compare_reading(before: Before, reading: Reading, material: Material) -> Compared:
    """The verdicts on an earlier reading's statements in a new one."""
    found = compare(before.page, page_of(reading, material))
    if not same_finder(before):  # it may find another speaker in the same words
        found = tuple(replace(item, attribution=()) for item in found)
    instead = reading.facts.kind in comparer.INSTEAD
    page = () if instead else article_changes(before.article, reading.facts.article)
    records = tuple(_record(item, reading, material.body) for item in found)
    encode(Verdicts(records, spell_salt(bytes(SALT_BYTES))))  # what cannot be sealed must be known here
    return Compared(records, page)


def same_finder(before: Before) -> bool:
    """Whether statements were found then as they are found now."""
    now = readers()
    return all(before.readers.get(name) == now.get(name) for name in ("page_text", "statements"))


def unknown(before: Before, reason: str) -> Compared:
    """Verdicts where there is nothing to compare with."""
    return Compared(
        tuple(
            VerdictRecord(item.id, "unknown", clean(reason, 500), (None,) * len(item.parts), (), (), ())
            for item in before.page.statements
        ),
        (),
    )


def records_of(found: Sequence[Verdict]) -> tuple[VerdictRecord, ...]:
    """Verdicts on sealed readings, which have no place in the bytes that anybody looked up."""
    return tuple(_record(item, None, b"") for item in found)


def _record(item: Verdict, reading: Reading | None, body: bytes) -> VerdictRecord:
    return VerdictRecord(
        id=item.id,
        verdict=item.verdict,
        reason=None if item.reason is None else clean(item.reason, 500),
        places=tuple(None if place is None else _place(place, reading, body) for place in item.places),
        diff=item.diff,
        signs=item.signs,
        attribution=tuple(
            Change(change.field, change.old, change.new) for change in item.attribution if change.old != change.new
        ),
    )


def _place(place: Place, reading: Reading | None, body: bytes) -> PlaceRecord:
    if place.text is None:
        return PlaceRecord("json-ld", place.exact, None, None, None)
    if reading is None or reading.page is None:
        return PlaceRecord("page", place.exact, place.text, None, None)
    part = make_part(reading.page, body, *place.text)
    return PlaceRecord("page", part.exact, part.text, part.bytes, part.digest)


def article_changes(old: dict[str, Any] | None, new: dict[str, Any] | None) -> tuple[Change, ...]:
    """Changes of headline, bylines and dates, as the pages give them. What was only guessed is not compared."""
    if old is None or new is None:
        return ()
    changes = []
    for field in FIELDS:
        before, after = _said(old.get(field)), _said(new.get(field))
        if before != after:
            changes.append(Change(field, before, after))
    return tuple(changes)


def _said(value: Any) -> str | None:
    """What a page says in one field; several values in one line."""
    values = value if isinstance(value, list) else [value]
    said = [
        clean(str(item["value"]), 1000)
        for item in values
        if isinstance(item, dict) and item.get("value") and not str(item.get("source", "")).startswith("guessed")
    ]
    return "; ".join(said) or None


def thresholds() -> dict[str, int]:
    """The numbers that a comparison of this version rests on, in hundredths."""
    from archiver.page import matching

    return {
        "intact": round(100 * comparer.INTACT),
        "at_its_place": round(100 * matching.AT_ITS_PLACE),
        "very_like": round(100 * matching.VERY_LIKE),
        "elsewhere": round(100 * matching.ELSEWHERE),
        "short_elsewhere": round(100 * matching.SHORT_ELSEWHERE),
    }
