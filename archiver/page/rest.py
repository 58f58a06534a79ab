"""How much of an article is left apart from its statements: what tells a removed statement from a page that is another.

Counted are runs of three words that stood in the old text outside all statements, and whether they stand anywhere in
the new one. Paragraphs without statements speak for the article if there are enough of them, since whoever removes a
statement often removes the sentence around it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from archiver.page.wording import Words, is_word

RUN = 3
FEW = 6  # runs; fewer say nothing
TAIL = 0.25  # share of the rest of an article that is missed when it is gone
NOTHING = 0.1  # share of it that is chance

Span = tuple[int, int]


class Rest:
    """What became of the text outside the statements. `share`: how much of it is there, from 0 to 1; None: too little
    to tell."""

    def __init__(self, old: Words, old_ids: Sequence[int], parts: Sequence[Span], new_ids: Sequence[int]) -> None:
        """`parts`: code points of the old text. A word has the same number in both texts, and is not 0 in the old."""
        self._places: list[int] = []  # where the runs begin, in code points
        self._kept: list[int] = [0]  # how many of the first n are there
        runs, quoting = _outside(old, old_ids, parts)
        wanted = set(runs.values())
        there = {run for run in zip(*(new_ids[step:] for step in range(RUN)), strict=False) if run in wanted}
        apart: list[bool] = []
        for place, run in runs.items():
            kept = run in there
            self._places.append(old.starts[place])
            self._kept.append(self._kept[-1] + kept)
            if quoting.find(1, place, place + RUN) < 0:
                apart.append(kept)
        if len(apart) >= FEW:
            self.share: float | None = sum(apart) / len(apart)
        else:
            self.share = self._kept[-1] / len(self._places) if len(self._places) >= FEW else None

    def breaks_off(self, end: int) -> bool:
        """Whether nothing that followed the code point `end` of the old text is there, and that was a good part of it:
        as if the new page showed only the beginning."""
        at = bisect_left(self._places, end)
        following = len(self._places) - at
        kept = self._kept[-1] - self._kept[at]
        return following >= max(FEW, TAIL * len(self._places)) and kept < NOTHING * following


def _outside(old: Words, old_ids: Sequence[int], parts: Sequence[Span]) -> tuple[dict[int, tuple[int, ...]], bytearray]:
    """The runs outside all statements by their place, and which words stand in a paragraph that has a statement."""
    inside, quoting = bytearray(len(old)), bytearray(len(old))
    for low, high in parts:
        _mark(inside, old.inside(low, high))
        start, end = old.text.rfind("\n", 0, low) + 1, old.text.find("\n", high)
        _mark(quoting, old.inside(start, len(old.text) if end < 0 else end))
    words = [is_word(key) for key in old.keys]
    found = {}
    for place in range(len(old) - RUN + 1):
        if inside.find(1, place, place + RUN) < 0 and sum(words[place : place + RUN]) >= 2:
            found[place] = tuple(old_ids[place : place + RUN])
    return found, quoting


def _mark(marks: bytearray, span: Span) -> None:
    marks[span[0] : span[1]] = b"\1" * (span[1] - span[0])
