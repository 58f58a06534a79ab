"""What changed in who is said to have said a statement, told apart from what changed in its words.

Compared is what the same finder makes of both pages, so that a change comes from the page. A speaker who is named more
or less fully ("Marendahl", "Ilse Marendahl") is the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archiver.model.statement import StatementRecord
from archiver.page.wording import is_word, split

FIELDS = ("speaker", "cue", "role", "addressee", "via", "polarity")


@dataclass(frozen=True, slots=True)
class AttributionChange:
    """`field` was `old` and is `new`; None: the page does not say it."""

    field: str
    old: str | None
    new: str | None


def changes(
    item: StatementRecord, places: Sequence[tuple[int, int]], text: str, later: Sequence[StatementRecord]
) -> tuple[AttributionChange, ...]:
    """How the statement that stands at these places of the later page is attributed otherwise than `item` was.

    Nothing is said of a statement that a person added: nobody looked for it on the later page."""
    if item.by == "person" or not later:
        return ()
    best = max(later, key=lambda other: _shared(other, places), default=None)
    if best is None or not 2 * _shared(best, places) > sum(high - low for low, high in places):
        return ()
    found = []
    for field in FIELDS:
        before, after = _value(item, field), _value(best, field)
        if not _agree(field, before, after):
            found.append(AttributionChange(field, before, after))
    return tuple(found)


def _shared(other: StatementRecord, places: Sequence[tuple[int, int]]) -> int:
    return sum(max(0, min(high, part.text[1]) - max(low, part.text[0])) for low, high in places for part in other.parts)


def _value(item: StatementRecord, field: str) -> str | None:
    if field == "speaker":
        return item.speaker.name if item.speaker is not None else None
    value = getattr(item, field)
    return value if value is None else str(value)


def _agree(field: str, before: str | None, after: str | None) -> bool:
    if before is None or after is None:
        return before == after
    one, other = _words(before), _words(after)
    if field == "speaker":
        return bool(one & other) and (one <= other or other <= one)
    return one == other


def _words(text: str) -> set[str]:
    return {key for key in split(text).keys if is_word(key)}
