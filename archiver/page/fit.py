"""The new words that stand for the words of one part, in a stretch of the new text: the run that is likest to them, and
where it begins and ends.

Windows as long as the old words are not good enough: an insertion would cut the run short. So the run is where the
words that stayed stand densest, widened to its quotation marks, or by as many words as are missing at its edge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rapidfuzz.distance import Indel

from archiver.page.align import Alignment
from archiver.page.wording import MARK, blocks, is_word

MAX_LETTERS = 20_000  # of two wordings that are compared letter by letter
NO_WORD = 0.75  # what likeness by letters counts where no word is the same
BARRED = -1
GAIN, SIGN, LOSS = 1.0, 0.5, 0.45  # of a word that stayed, a sign that stayed, anything else in a run


@dataclass(frozen=True, slots=True)
class Fitted:
    """New words first:after, compared with a part of `words` words, of which `same` are among them in order. Likeness
    is twice the share of what is the same in both, from 0 to 1."""

    first: int
    after: int
    words: int
    same: int
    by_words: float
    by_letters: float

    @property
    def likeness(self) -> float:
        """By words, or by letters where that is more."""
        return max(self.by_words, self.by_letters if self.same else NO_WORD * self.by_letters)


class Fit:
    """The best place for a part's words in a stretch of new words, with its edges."""

    def __init__(
        self, alignment: Alignment, part: tuple[int, int], stretch: tuple[int, int], usable: Callable[[int], bool]
    ) -> None:
        """`part`: old words; `stretch`: new words, of which those count that are `usable`."""
        self._alignment = alignment
        self._a, self._b = part
        self._low, self._high = stretch
        self._words = [alignment.new_ids[place] if usable(place) else BARRED for place in range(*stretch)]
        self._kept = bytearray(len(self._words))  # new words that are words of the part
        self._matched = bytearray(self._b - self._a)  # and words of the part that are there
        for i, j, length in blocks(alignment.old_ids[self._a : self._b], self._words):
            self._kept[j : j + length] = b"\1" * length
            self._matched[i : i + length] = b"\1" * length

    def likest(self) -> Fitted | None:
        """The likest run of words, None if no word is the same."""
        run = self._densest()
        return None if run is None else self._fitted(*self._edges(run))

    def whole(self) -> Fitted | None:
        """All of the stretch, None if something in it is not usable, or if it does not begin and end with quotation
        marks where the part does."""
        old, new = self._alignment.old.keys, self._alignment.new.keys
        ends = ((old[self._a], new[self._low]), (old[self._b - 1], new[self._high - 1]))
        if BARRED in self._words or any((one == MARK) != (other == MARK) for one, other in ends):
            return None
        return self._fitted(self._low, self._high)

    def _densest(self) -> tuple[int, int] | None:
        """The run of words with the most matched ones for its length."""
        keys, low = self._alignment.new.keys, self._low
        best, best_run, sum_, start = 0.0, None, 0.0, 0
        for place, hit in enumerate(self._kept):
            if self._words[place] == BARRED:
                sum_, start = 0.0, place + 1
                continue
            sum_ += (GAIN if is_word(keys[low + place]) else SIGN) if hit else -LOSS
            if sum_ < 0:
                sum_, start = 0.0, place + 1
            elif hit and sum_ >= best and sum_ > 0:
                best, best_run = sum_, (low + start, low + place + 1)
        return best_run

    def _edges(self, run: tuple[int, int]) -> tuple[int, int]:
        """Widen a run to what stands for the part's first and last words, where these were altered: to its quotation
        mark, else by as many words as are missing; never into another line."""
        old, a, b = self._alignment.old, self._a, self._b
        first, after, matched = *run, self._matched
        missing = matched.find(1) if matched.find(1) >= 0 else 0
        first = self._widen(first, -1, missing, marked=old.keys[a] == MARK)
        missing = len(matched) - 1 - matched.rfind(1)
        after = self._widen(after - 1, 1, missing, marked=old.keys[b - 1] == MARK) + 1
        return first, after

    def _widen(self, edge: int, step: int, missing: int, *, marked: bool) -> int:
        keys = self._alignment.new.keys
        if marked and keys[edge] == MARK:
            return edge
        if not marked and not missing:
            return edge
        reach = max(8, self._b - self._a) if marked else missing
        place, widest = edge, edge
        for _ in range(reach):
            place += step
            if (
                not self._low <= place < self._high
                or self._words[place - self._low] == BARRED
                or self._alignment.new.breaks(min(place, place - step))
            ):
                break
            if marked and keys[place] == MARK:
                return place
            if not is_word(keys[place]) and keys[place] in ".!?;" and not marked:
                break
            widest = place if abs(place - edge) <= missing else widest
        return widest

    def _fitted(self, first: int, after: int) -> Fitted:
        old, new = self._alignment.old, self._alignment.new
        old_words = [key for key in old.keys[self._a : self._b] if is_word(key)]
        new_words = [key for key in new.keys[first:after] if is_word(key)]
        same = sum(1 for place in range(first, after) if self._kept[place - self._low] and is_word(new.keys[place]))
        by_words = 2 * same / max(1, len(old_words) + len(new_words))
        one, other = " ".join(old_words), " ".join(new_words)
        by_letters = Indel.normalized_similarity(one, other) if max(len(one), len(other)) <= MAX_LETTERS else 0.0
        return Fitted(first, after, len(old_words), same, by_words, by_letters)
