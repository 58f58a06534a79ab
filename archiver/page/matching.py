"""Where the words of each statement stand in a later text: at their place, elsewhere, in other words, or nowhere.

Looked for in this order, the surest first; what one statement was found in is not found again for another:

    1. the same words at their place, which lies between the landmarks around it (archiver.page.align)
    2. altered words there, if they are very like
    3. the same words elsewhere, first in text that is new, then in a copy that stood there before
    4. altered words at their place, if they are like enough; elsewhere, if they are very like and the text is new

Nothing is compared with everything: candidates come from the places of rare words, each candidate is compared once, in
time that the statement's length bounds. So repetitive pages cost no more than others.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from archiver.page.align import Alignment
from archiver.page.fit import Fit, Fitted
from archiver.page.kept import kept, runs_of, slots
from archiver.page.typography import same_words
from archiver.page.wording import MARK, is_word

AT_ITS_PLACE = 0.52  # likeness from which other words at the place of a statement are its words, reworded
VERY_LIKE = 0.75  # and from which they are so, whatever stands elsewhere
ELSEWHERE = 0.72
SHORT_ELSEWHERE = 0.85  # for statements of less than LONG characters
LONG = 60
SHARED = 0.25  # likeness by words that is enough where nothing else stands between a part's neighbours
SPELLED = 0.5  # likeness by letters that is, of a single word
NARROW = 120  # words beside its own that may lie between the landmarks around a statement, for these to be its place
FEW_WORDS = 3  # fewer words that stand in another place of the old text too are a coincidence
CANDIDATES = 32  # places of one word that are looked at, those nearest to where it should be
VOTERS = 200  # words of a statement that look for it
SIGNS = 3
ADDITIONS = 40  # words that may have been put before or behind a part without marks, and count as its own
ENDS = frozenset(".!?:;。！？")
AGAIN = 3  # times that a part looks for other words when another part was likelier to the ones that it found
CONTEXT = 6  # words on either side


@dataclass(frozen=True, slots=True)
class Find:
    """New words first:after. `same`: word for word (case, marks and punctuation between letters aside). `here`: at the
    place where they are expected. `copy`: they stood there before. `likeness`: 0 to 1."""

    first: int
    after: int
    same: bool
    here: bool
    copy: bool
    likeness: float


class Matcher:
    """Finds the parts, ranges of old words, in the new text of an alignment."""

    def __init__(self, alignment: Alignment, parts: Sequence[tuple[int, int]]) -> None:
        self.alignment = alignment
        self.parts = parts
        self.found: list[Find | None] = [None] * len(parts)
        self._old, self._new = alignment.old_ids, alignment.new_ids
        self._owner: dict[int, int] = {}  # new word -> the part that was found there
        self._new_index: dict[int, list[int]] = {word: [] for a, b in parts for word in self._old[a:b]}
        for place, word in enumerate(self._new):
            if word in self._new_index:
                self._new_index[word].append(place)
        self._old_index: dict[int, list[int]] = {}
        for place, word in enumerate(self._old):
            self._old_index.setdefault(word, []).append(place)
        self._kept, self._solid = kept(alignment.places)
        self._slots = slots(alignment, self._solid)

    def settle(self) -> list[Find | None]:
        """Where each part was found."""
        for n in range(len(self.parts)):
            self._take(n, self._in_place(n))
        lost = [n for n, find in enumerate(self.found) if find is None]
        altered = self._best_first(lost, VERY_LIKE)
        for n in lost:
            if self.found[n] is None:
                self._take(n, self._elsewhere(n, copies=False))
        self._best_first([n for n in lost if self.found[n] is None and n in altered], AT_ITS_PLACE)
        for n in lost:
            if self.found[n] is None:
                self._take(n, self._elsewhere(n, copies=True) or self._altered_elsewhere(n))
        return self.found

    def _take(self, n: int, find: Find | None) -> None:
        self.found[n] = find
        if find is not None:
            for place in range(find.first, find.after):
                self._owner.setdefault(place, n)

    def _free(self, n: int, first: int, after: int) -> bool:
        """Whether no part other than one that overlaps with n in the old text was found there."""
        for place in range(first, after):
            owner = self._owner.get(place)
            if owner is not None and not self._overlap(n, owner):
                return False
        return True

    def _overlap(self, n: int, other: int) -> bool:
        (a, b), (c, d) = self.parts[n], self.parts[other]
        return a < d and c < b

    def _slot(self, n: int) -> tuple[int, int] | None:
        """The new words between the nearest words around a part that kept their places; None if these are so far away
        that they say little of where its place is."""
        (a, b), (before, after) = self.parts[n], self._slots
        low, high = before[a] + 1, after[b]
        return (low, high) if high - low <= 3 * (b - a) + NARROW else None

    def _region(self, n: int) -> tuple[int, int]:
        """The new words between the landmarks around a part."""
        a, b = self.parts[n]
        return self.alignment.before[a] + 1, self.alignment.after[b]

    # 1. the same words

    def _in_place(self, n: int) -> Find | None:
        (a, b), places = self.parts[n], self.alignment.places
        first = places[a]
        if first < 0 or not all(places[a + step] == first + step for step in range(1, b - a)):
            low, high = self._region(n)  # a landmark may have taken a sign or two
            best = self._nearest(n, max(0, low - SIGNS), min(len(self._new), high + SIGNS), own=True)
            if best is None:
                return None
            first = best
        wider = self._with_additions(n, first)
        return Find(*wider, wider == (first, first + b - a), True, False, 1.0)

    def _with_additions(self, n: int, first: int) -> tuple[int, int]:
        """The words at their place with what was put directly before or behind them in the same sentence, if no
        quotation mark says where they begin and end."""
        (a, b), low = self.parts[n], first
        after = first + b - a
        keys = self.alignment.old.keys
        if keys[a] != MARK:
            low = self._added(low, -1, a - 1)
        if keys[b - 1] != MARK and keys[b - 1] not in ENDS:
            after = self._added(after - 1, 1, b) + 1
        return low, after

    def _added(self, edge: int, step: int, neighbour: int) -> int:
        """How far words go that are new, from the edge of a part to its old neighbour, or to the edge of the line if
        the part stood there; the edge itself if they end before that, or if a sentence ends in them."""
        old, new, place = self.alignment.old, self.alignment.new, edge
        at_edge = not 0 <= neighbour < len(old) or old.breaks(min(neighbour, neighbour - step))
        while True:
            place += step
            if not 0 <= place < len(new) or new.breaks(min(place, place - step)):
                return place - step if at_edge else edge
            if place in self._kept:
                return place - step if self._solid.get(place) == neighbour and not at_edge else edge
            if new.keys[place] in ENDS or abs(place - edge) > ADDITIONS:
                return edge

    def _nearest(self, n: int, low: int, high: int, *, copies: bool | None = None, own: bool = False) -> int | None:
        """Where the same words stand between two places and are free, in the surroundings most like the old ones.
        `copies`: whether they may, or must not, have stood there before; `own`: not as words outside the part."""
        a, b = self.parts[n]
        found = [
            first
            for first in self._occurrences(n, low, high)
            if self._free(n, first, first + b - a)
            and (copies is None or copies == self._is_copy(n, first))
            and not (own and self._is_others(n, first))
        ]
        return max(found, key=lambda first: (self._around(n, first), -abs(first - low)), default=None)

    def _occurrences(self, n: int, low: int, high: int) -> Iterator[int]:
        a, b = self.parts[n]
        words = self._old[a:b]
        rarest = min(range(b - a), key=lambda step: len(self._new_index[words[step]]))
        for place in self._places(words[rarest], low + rarest, high, low + rarest, 8 * CANDIDATES):
            first = place - rarest
            if first >= low and first + b - a <= high and self._new[first : first + b - a] == words:
                yield first

    def _places(self, word: int, low: int, high: int, near: int, most: int) -> list[int]:
        """Where a word stands between two places; if that is too often, the places nearest to one."""
        index = self._new_index[word]
        first, after = bisect_left(index, low), bisect_left(index, high)
        if after - first > most:
            middle = min(max(bisect_left(index, near), first + most // 2), after - most // 2)
            first, after = middle - most // 2, middle + most // 2
        return index[first:after]

    def _around(self, n: int, first: int) -> int:
        """How many of the nearest words on either side are the old ones."""
        a, b = self.parts[n]
        after = first + b - a
        count = 0
        for step in range(1, CONTEXT + 1):
            count += a >= step and first >= step and self._old[a - step] == self._new[first - step]
            ahead = step - 1
            if b + ahead < len(self._old) and after + ahead < len(self._new):
                count += self._old[b + ahead] == self._new[after + ahead]
        return count

    def _is_copy(self, n: int, first: int) -> bool:
        """Whether most of the words there are old ones that stayed."""
        a, b = self.parts[n]
        return 2 * sum(place in self._kept for place in range(first, first + b - a)) > b - a

    def _is_others(self, n: int, first: int) -> bool:
        """Whether most of the words there are words from outside the part that kept their places."""
        a, b = self.parts[n]
        sources = [self._solid.get(place) for place in range(first, first + b - a)]
        return 2 * sum(source is not None and not a <= source < b for source in sources) > b - a

    # 3. the same words elsewhere

    def _elsewhere(self, n: int, *, copies: bool) -> Find | None:
        a, b = self.parts[n]
        first = self._nearest(n, 0, len(self._new), copies=copies)
        if first is None:
            return None
        words = sum(is_word(key) for key in self.alignment.old.keys[a:b])
        if copies and words < FEW_WORDS and self._around(n, first) < CONTEXT:
            return None
        old, new = self.alignment.old.slice(a, b), self.alignment.new.slice(first, first + b - a)
        if copies and not same_words(old, new):
            return None  # it differs in case, and did so before
        return Find(first, first + b - a, True, False, copies, 1.0)

    # 2. and 4. altered words

    def _best_first(self, lost: Sequence[int], least: float) -> set[int]:
        """Take the likest of all altered words at their places, then the next, … Which parts have any."""
        finds = {n: find for n in lost if (find := self._altered_here(n)) is not None}
        waiting = [(-find.likeness, n, AGAIN) for n, find in finds.items()]
        heapify(waiting)
        there = set(finds)
        while waiting:
            unlikeness, n, again = heappop(waiting)
            if -unlikeness < least:
                break
            if self._free(n, finds[n].first, finds[n].after):
                self._take(n, finds[n])
            elif again and (other := self._altered_here(n)) is not None and other != finds[n]:
                finds[n] = other
                heappush(waiting, (-other.likeness, n, again - 1))
        return there

    def _altered_here(self, n: int) -> Find | None:
        slot = self._slot(n)
        if slot is None:
            return None
        exact = self._fills(n, slot)
        fitted = exact or self._altered(n, *slot, here=True)
        if fitted is None or self._stood_elsewhere(n, fitted):
            return None
        likeness = max(fitted.likeness, AT_ITS_PLACE) if exact else fitted.likeness
        return Find(fitted.first, fitted.after, False, True, False, likeness)

    def _fills(self, n: int, slot: tuple[int, int]) -> Fitted | None:
        """The slot, if a part's next neighbours are still there on both sides and little is enough to say that what
        stands between them are its words."""
        (a, b), (low, high), solid = self.parts[n], slot, self._solid
        if low >= high or a == 0 or solid.get(low - 1) != a - 1 or solid.get(high) != b:
            return None
        fitted = Fit(self.alignment, (a, b), slot, lambda place: self._usable(n, place, here=True)).whole()
        if fitted is None:
            return None
        enough = fitted.by_words >= SHARED
        return fitted if enough or fitted.by_letters >= (SPELLED if fitted.words == 1 else AT_ITS_PLACE) else None

    def _stood_elsewhere(self, n: int, fitted: Fitted) -> bool:
        """Whether these are words that stood in the old text outside the part, and as often as now."""
        a, b = self.parts[n]
        words = self._new[fitted.first : fitted.after]
        if 0 in words:
            return False
        before = [place for place in runs_of(words, self._old_index, self._old) if not a <= place < b]
        return len(before) >= len(runs_of(words, self._new_index, self._new)) if before else False

    def _altered_elsewhere(self, n: int) -> Find | None:
        fitted = self._altered(n, 0, len(self._new), here=False)
        if fitted is None:
            return None
        a, b = self.parts[n]
        letters = self.alignment.old.ends[b - 1] - self.alignment.old.starts[a]
        least = ELSEWHERE if letters >= LONG else SHORT_ELSEWHERE
        if fitted.likeness < least:
            return None
        return Find(fitted.first, fitted.after, False, False, False, fitted.likeness)

    def _altered(self, n: int, low: int, high: int, *, here: bool) -> Fitted | None:
        """The words between two places that are likest to a part."""
        a, b = self.parts[n]
        if low >= high:
            return None
        if high - low > 2 * (b - a) + 40:
            window = self._vote(n, low, high, here=here)
            if window is None:
                return None
            low, high = window
        return Fit(self.alignment, (a, b), (low, high), lambda place: self._usable(n, place, here=here)).likest()

    def _usable(self, n: int, place: int, *, here: bool) -> bool:
        owner = self._owner.get(place)
        if owner is not None:
            return self._overlap(n, owner)
        if not here:
            return place not in self._kept
        # What has become of words outside the part is none of its words, unless it may be chance.
        source = self._solid.get(place)
        return source is None or self.parts[n][0] <= source < self.parts[n][1]

    def _vote(self, n: int, low: int, high: int, *, here: bool) -> tuple[int, int] | None:
        """The stretch, not much longer than the part, in which most of its words stand where they would in the part."""
        a, b = self.parts[n]
        size = b - a
        voters = sorted(range(size), key=lambda step: len(self._new_index[self._old[a + step]]))[:VOTERS]
        ballots: list[tuple[int, float]] = []
        for step in voters:
            word = self._old[a + step]
            places = self._places(word, low, high, low + step, CANDIDATES)
            weight = 1.0 / (1 + len(places) // 8)
            ballots += [(place - step, weight) for place in places if self._usable(n, place, here=here)]
        if not ballots:
            return None
        ballots.sort()
        reach = max(4, size // 3)
        best, best_at, sum_, tail = 0.0, 0, 0.0, 0
        for start, weight in ballots:
            sum_ += weight
            while ballots[tail][0] < start - reach:
                sum_ -= ballots[tail][1]
                tail += 1
            if sum_ > best + 1e-9:
                best, best_at = sum_, ballots[tail][0]
        margin = size // 3 + 8
        return max(low, best_at - margin), min(high, best_at + reach + size + margin)
