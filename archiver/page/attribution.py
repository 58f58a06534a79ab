"""What changed in who is said to have said a statement, told apart from what changed in its words.

Compared is what the same finder makes of both pages, so that a change comes from the page. A speaker who is named more
or less fully ("Marendahl", "Ilse Marendahl") is the same one.

Whom "he" or "the minister" means is guessed from what stands around, and any edit there can turn the guess. Where a
speaker is not named with the words themselves, on both pages, another one counts only if the page exchanged the names:
the old one is nowhere on the new page, and the new one was nowhere on the old.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from archiver.model.statement import StatementRecord
from archiver.page.wording import is_word, split

MAX_PARTS = 1_000  # parts before a place that are looked at: more only where a statement spans a thousand others
MAX_NAMES = 1_000  # pairs of names that are looked up
FIELDS = ("speaker", "cue", "role", "addressee", "via", "polarity")


@dataclass(frozen=True, slots=True)
class AttributionChange:
    """`field` was `old` and is `new`; None: the page does not say it."""

    field: str
    old: str | None
    new: str | None


class Later:
    """What was found in a new page, by the places of its words, and both pages' texts."""

    def __init__(self, old: str, new: str, statements: Sequence[StatementRecord]) -> None:
        self.old, self.new = old, new
        self._parts = sorted((*part.text, n) for n, item in enumerate(statements) for part in item.parts)
        self._starts = [low for low, _, _ in self._parts]
        self._reach = list(accumulate((high for _, high, _ in self._parts), max))  # the furthest end so far
        self._statements = statements
        self._known: dict[tuple[str, str], bool] = {}

    def at(self, places: Sequence[tuple[int, int]]) -> StatementRecord | None:
        """The statement that shares more than half of the characters of these places; None if none does."""
        shared: Counter[int] = Counter()
        for low, high in places:
            last = bisect_left(self._starts, high) - 1
            for at in range(last, max(-1, last - MAX_PARTS), -1):
                if self._reach[at] <= low:
                    break
                start, end, number = self._parts[at]
                shared[number] += max(0, min(high, end) - max(low, start))
        if not shared:
            return None
        best = min(shared, key=lambda number: (-shared[number], number))
        whole = sum(high - low for low, high in places)
        return self._statements[best] if 2 * shared[best] > whole else None

    def exchanged(self, before: str | None, after: str | None) -> bool:
        """Whether the page has one name in the place of the other. False after very many different ones."""
        if before is None or after is None:
            return False
        if (before, after) not in self._known:
            if len(self._known) >= MAX_NAMES:
                return False
            self._known[before, after] = before not in self.new and after not in self.old
        return self._known[before, after]


def changes(item: StatementRecord, places: Sequence[tuple[int, int]], later: Later) -> tuple[AttributionChange, ...]:
    """How the statement that stands at these places of the later page is attributed otherwise than `item` was.

    Nothing is said of a statement that a person added: nobody looked for it on the later page."""
    best = later.at(places) if item.by != "person" else None
    if best is None:
        return ()
    found = []
    for field in FIELDS:
        before, after = _value(item, field), _value(best, field)
        if _agree(field, before, after):
            continue
        named = field != "speaker" or (_is_named(item, later.old) and _is_named(best, later.new))
        if named or later.exchanged(before, after):
            found.append(AttributionChange(field, before, after))
    return tuple(found)


def _is_named(item: StatementRecord, text: str) -> bool:
    """Whether the speaker's name, or a part of it, stands where the finder saw the speaker."""
    speaker = item.speaker
    if speaker is None or speaker.mention is None:
        return False
    return bool(_words(speaker.name) & _words(text[speaker.mention[0] : speaker.mention[1]]))


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
