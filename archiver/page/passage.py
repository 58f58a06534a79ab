"""Where given words stand in a text, typography aside; and the passage that is most like words that do not stand there.

    standing("He said: “No, never.”", "No, never.")     Passage(10, 20): the same words, whole ones, case and signs too
    standing("He said: “No, never.”", "no never")       not there …
    alike("He said: “No, never.”", "no never")          … but these words are, with other signs or capital letters
    nearest("He said: “No, never.”", "Yes, never")      the likest passage, and how like it is

Quotation marks around the given words count for nothing. Near linear in both texts, whatever they are.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel

from archiver.page.typography import DOUBLE, MARKS, fold, same_words
from archiver.page.wording import Words, blocks, is_word, split

VOTERS = 100  # words of the given ones, the rarest, that look for a passage
PLACES = 400  # places of one word that are looked at
MAX_SPELLED = 500  # characters of given words that are compared letter by letter where no whole word is the same …
MAX_TEXT = 200_000  # … with a text of so many
LEAST = 0.3  # likeness below which nothing is near …
LEAST_SPELLED = 0.5  # … and where not one word is the same
EDGE = 8  # signs beside a word that may belong to it
_CLUSTER = re.compile(r"[^\u0300-\u036f][\u0300-\u036f]*|[\u0300-\u036f]+")
OMITTED = re.compile(r"\s*(?:\[\s*(?:…|\.\s?\.\s?\.)\s*\]|\(\s*(?:…|\.\s?\.\s?\.)\s*\)|…|\.\s?\.\s?\.)\s*")


@dataclass(frozen=True, slots=True)
class Passage:
    """The code points start:end of a text. `likeness`: 1 for the same words, else from 0 to 1."""

    start: int
    end: int
    likeness: float = 1.0


def bare(words: str) -> str:
    """Given words without blanks and quotation marks around them. A mark at one end alone goes if it has no other."""
    low, high = 0, len(words)
    doubles = sum(map(words.count, DOUBLE))
    while low < high:
        first, last = words[low], words[high - 1]
        if first.isspace() or last.isspace():
            low, high = low + first.isspace(), high - last.isspace()
        elif first in MARKS and last in MARKS and (high - low == 1 or _alike(first, last)):
            doubles -= (first in DOUBLE) + (last in DOUBLE and high - low > 1)
            low, high = low + 1, high - 1
        elif doubles == 1 and (first in DOUBLE or last in DOUBLE):
            low, high = low + (first in DOUBLE), high - (last in DOUBLE)
            doubles = 0
        else:
            break
    return words[low:high]


def _alike(one: str, other: str) -> bool:
    """Whether two marks can be a pair: both double or both single ones."""
    return (one in DOUBLE) == (other in DOUBLE)


def has_words(words: str) -> bool:
    """Whether there is a letter or a digit in it."""
    return any(map(is_word, split(words).keys))


def pieces(words: str) -> list[str]:
    """What is left between marks of omission, `[…]`, `(...)`, `…`; each has words."""
    return [piece for piece in OMITTED.split(bare(words)) if piece and has_words(piece)]


def with_marks(text: str, start: int, end: int) -> tuple[int, int]:
    """The code points start:end of a text with the quotation marks right before and after them, if both are there."""
    before, after = text[start - 1 : start], text[end : end + 1]
    if start and before in MARKS and after and after in MARKS and text[start] not in MARKS:
        return start - 1, end + 1
    return start, end


class Text:
    """A text that is looked into more than once."""

    def __init__(self, text: str) -> None:
        self.text = text
        composed, places = _composed(text)
        words = split(composed)
        kept = [number for number, key in enumerate(words.keys) if is_word(key)]
        self.keys = [words.keys[number] for number in kept]
        self.starts = [words.starts[number] for number in kept]
        self.ends = [words.ends[number] for number in kept]
        if places is not None:
            self.starts = [places[at] for at in self.starts]
            self.ends = [places[at] for at in self.ends]
        self._joined = "\0" + "\0".join(self.keys) + "\0"
        self._offsets: list[int] = []
        at = 0
        for key in self.keys:
            self._offsets.append(at)
            at += len(key) + 1

    def standing(self, words: str) -> list[Passage]:
        """Every place where the words stand, from left to right, typography aside; without quotation marks around."""
        core = unicodedata.normalize("NFC", bare(words))
        runs = self._runs(core)
        if not runs:
            return []
        given = split(core)
        places = [number for number, key in enumerate(given.keys) if is_word(key)]
        signs = fold(core[: given.starts[places[0]]]), fold(core[given.ends[places[-1]] :])
        found = (self._edges(first, after, core, *signs) for first, after in runs)
        return [passage for passage in found if passage is not None]

    def alike(self, words: str) -> list[Passage]:
        """Every place where these words stand one after the other, whatever their case and the signs between them."""
        core = unicodedata.normalize("NFC", bare(words))
        runs = self._runs(core)
        return [self._with_signs(Passage(self.starts[a], self.ends[b - 1]), core) for a, b in runs]

    def nearest(self, words: str) -> Passage | None:
        """The passage that is most like the words; None if nothing is."""
        given = _keys(split(unicodedata.normalize("NFC", bare(words))))
        if not given or not self.keys:
            return None
        window = self._vote(given)
        found = self._fit(given, *window) if window is not None else None
        if found is None or found.likeness < LEAST:
            found = self._spelled(bare(words)) or found
        return self._with_signs(found, bare(words)) if found is not None and found.likeness >= LEAST else None

    def _runs(self, core: str) -> list[tuple[int, int]]:
        """Words first:after of the text that are those of `core`, from left to right, without overlaps."""
        given = _keys(split(core))
        if not given:
            return []
        needle = "\0" + "\0".join(given) + "\0"
        found = []
        at = self._joined.find(needle)
        while at >= 0:
            first = bisect_right(self._offsets, at) - 1
            found.append((first, first + len(given)))
            at = self._joined.find(needle, at + len(needle) - 1)
        return found

    def _edges(self, first: int, after: int, core: str, lead: str, trail: str) -> Passage | None:
        """The run with the signs before and after it that `core` has; None if it is not the same, typography aside."""
        start, end = self.starts[first], self.ends[after - 1]
        low = max(self.ends[first - 1] if first else 0, start - len(lead) - EDGE)
        high = min(self.starts[after] if after < len(self.starts) else len(self.text), end + len(trail) + EDGE)
        for begin in range(start, low - 1, -1) if lead else (start,):
            if fold(self.text[begin:start]) != lead or self.text[begin].isspace():
                continue
            for finish in range(end, high + 1) if trail else (end,):
                if fold(self.text[end:finish]) == trail and same_words(self.text[begin:finish], core):
                    return Passage(begin, finish)
        return None

    def _vote(self, given: Sequence[str]) -> tuple[int, int] | None:
        """The stretch of words, not much longer than the given ones, in which most of these stand in their order."""
        index: dict[str, list[int]] = {key: [] for key in given}
        for place, key in enumerate(self.keys):
            if key in index:
                index[key].append(place)
        voters = sorted((step for step in range(len(given)) if index[given[step]]), key=lambda s: len(index[given[s]]))
        ballots: list[tuple[int, float]] = []
        for step in voters[:VOTERS]:
            places = index[given[step]]
            weight = 1.0 / (1 + len(places)) ** 0.5
            ballots += [(place - step, weight) for place in places[:: 1 + len(places) // PLACES]]
        if not ballots:
            return None
        ballots.sort()
        reach = max(3, len(given) // 3)
        best, best_at, sum_, tail = 0.0, 0, 0.0, 0
        for start, weight in ballots:
            sum_ += weight
            while ballots[tail][0] < start - reach:
                sum_ -= ballots[tail][1]
                tail += 1
            if sum_ > best + 1e-9:
                best, best_at = sum_, ballots[tail][0]
        margin = len(given) // 3 + 4
        return max(0, best_at - margin), min(len(self.keys), best_at + reach + len(given) + margin)

    def _fit(self, given: Sequence[str], low: int, high: int) -> Passage | None:
        """The run of words in a stretch that is most like the given ones."""
        stretch = self.keys[low:high]
        role = [-1] * len(stretch)  # which given word each is
        for i, j, length in blocks(given, stretch):
            role[j : j + length] = range(i, i + length)
        best, run, sum_, begin = 0.0, None, 0.0, 0
        for place, step in enumerate(role):
            sum_ += 1.0 if step >= 0 else -0.45
            if sum_ <= 0:
                sum_, begin = 0.0, place + 1
            elif step >= 0 and sum_ >= best:
                best, run = sum_, (begin, place)
        if run is None:
            return None
        _tighten(stretch, given, role, *run)
        there = [place for place in range(run[0], run[1] + 1) if role[place] >= 0]
        first = self._widened(low + there[0], -1, role[there[0]])
        after = self._widened(low + there[-1], 1, len(given) - 1 - role[there[-1]]) + 1
        by_words = 2 * len(there) / (len(given) + after - first)
        by_letters = Indel.normalized_similarity("".join(given), "".join(self.keys[first:after]))
        return Passage(self.starts[first], self.ends[after - 1], max(by_words, by_letters))

    def _widened(self, place: int, step: int, missing: int) -> int:
        """The edge of a run, moved over what may stand for the words missing there; within its sentence."""
        for _ in range(missing):
            if not 0 <= place + step < len(self.keys):
                break
            left = min(place, place + step)
            if any(sign in "\n.!?" for sign in self.text[self.ends[left] : self.starts[left + 1]]):
                break
            place += step
        return place

    def _with_signs(self, passage: Passage, core: str) -> Passage:
        """With the signs beside it, where the given words have some there: so that a full stop is compared with one."""
        start, end = passage.start, passage.end
        if not core[-1].isalnum():
            while end < len(self.text) and _is_sign(self.text[end]):
                end += 1
        if not core[0].isalnum():
            while start and _is_sign(self.text[start - 1]):
                start -= 1
        return Passage(start, end, passage.likeness)

    def _spelled(self, core: str) -> Passage | None:
        """The likest passage by letters, where no whole word is the same; of short words in texts that are not huge."""
        if len(core) > MAX_SPELLED or len(self.text) > MAX_TEXT:
            return None
        found = fuzz.partial_ratio_alignment(fold(core).lower(), self.text.lower(), score_cutoff=60)
        if found is None or len(self.text.lower()) != len(self.text):
            return None
        first = max(0, bisect_right(self.starts, found.dest_start) - 1)
        last = max(first, bisect_right(self.starts, max(found.dest_start, found.dest_end - 1)) - 1)
        start, end = self.starts[first], self.ends[last]
        likeness = Indel.normalized_similarity(fold(core).lower(), fold(self.text[start:end]).lower())
        return Passage(start, end, likeness) if likeness >= LEAST_SPELLED else None


def _composed(text: str) -> tuple[str, list[int] | None]:
    """The text with letters and the accents after them composed (NFC), and where each of its characters, and its end,
    stand in the text; None where nothing changes."""
    if unicodedata.is_normalized("NFC", text):
        return text, None
    parts: list[str] = []
    places: list[int] = []
    for cluster in _CLUSTER.finditer(text):
        part = unicodedata.normalize("NFC", cluster[0])
        parts.append(part)
        places += [cluster.start()] * len(part)
    return "".join(parts), [*places, len(text)]


def _keys(words: Words) -> list[str]:
    return [key for key in words.keys if is_word(key)]


def _tighten(stretch: Sequence[str], given: Sequence[str], role: list[int], first: int, last: int) -> None:
    """Let the outermost words be those nearest to the others, where the same word stands twice."""
    for step in (1, -1):
        there = [place for place in range(first, last + 1)[::step] if role[place] >= 0][:2]
        if len(there) < 2:
            continue
        nearer = there[1] - step
        if nearer != there[0] and role[there[1]] - step == role[there[0]] and stretch[nearer] == given[role[there[0]]]:
            role[nearer], role[there[0]] = role[there[0]], -1


def _is_sign(character: str) -> bool:
    return not character.isalnum() and not character.isspace() and character not in MARKS
