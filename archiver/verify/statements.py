"""Step 12 for one statement: its words stand in the page text at its anchor, and that place is these bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from archiver.errors import ProofError
from archiver.model.statement import ContextPart, ContextRecord, StatementRecord
from archiver.page import anchor
from archiver.page.text import PageText, byte_range

Problem = tuple[str, str]  # code, message


@dataclass(frozen=True, slots=True)
class Page:
    """What statements must stand in. `derived` and `body` are None where the received bytes are not here."""

    text: str
    derived: PageText | None
    body: bytes | None
    encoding: str


def check(page: Page, record: StatementRecord, context: ContextRecord | None) -> Iterator[Problem]:
    """Everything wrong with one statement; None: the words around it are withheld."""
    reached = 0
    for number, part in enumerate(record.parts):
        low, high = part.text
        if low < reached:
            yield "statement-differs", f"{record.id}: its parts are not in the order in which they stand on the page"
        reached = high
        try:
            plain = page.derived is not None and page.derived.plain
            anchor.check_part(
                page.text, page.body, page.encoding, part.exact, part.text, part.bytes, part.digest, plain=plain
            )
        except ProofError as error:
            yield "statement-differs", f"{record.id}: {error.message}"
            continue
        if context is not None and not _is_around(context.parts[number], page.text, low, high):
            yield "statement-differs", f"{record.id}: the words around it are not those in the page text"
        if page.derived is None or page.body is None:
            continue
        # The same words may stand elsewhere in the bytes, in a script for one: only this place is the one meant.
        place = byte_range(page.derived, page.body, low, high)
        if part.bytes != place:
            yield (
                "statement-differs",
                f"{record.id}: these words stand on bytes {_spell(place)}, not {_spell(part.bytes)}",
            )
        elif place is None:
            yield (
                "statement-unanchored",
                f"{record.id}: its words have no one place in the bytes; they stand in the text",
            )
    mention = record.speaker.mention if record.speaker is not None else None
    if mention is not None and not 0 <= mention[0] < mention[1] <= len(page.text):
        yield "statement-differs", f"{record.id}: the speaker's mention lies outside the page text"


def _is_around(around: ContextPart, text: str, low: int, high: int) -> bool:
    before, after = text[max(0, low - len(around.prefix)) : low], text[high : high + len(around.suffix)]
    return (before, after) == (around.prefix, around.suffix)


def _spell(place: tuple[int, int] | None) -> str:
    return "of no one place" if place is None else f"{place[0]}:{place[1]}"
