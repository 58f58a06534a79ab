"""Words with their places, and what changed between two wordings.

    changed("We will not pay 5 million.", "We will pay 50 million.")
      (("=", "We will "), ("-", "not "), ("=", "pay "), ("-", "5"), ("+", "50"), ("=", " million."))

Joined, the pieces marked `=` and `-` are the old text, those marked `=` and `+` the new one, character for character.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import LCSseq

from archiver.page.typography import DASHES, DOUBLE, INVISIBLE, SINGLE

MAX_CELLS = 16_000_000  # tokens of one side times tokens of the other that are compared one by one
MARK = "'"

Diff = tuple[tuple[str, str], ...]

# Chinese, Japanese, and scripts of South-East Asia, which write no blanks: every character is a token.
_DENSE = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_LETTER = rf"[^\W_{_DENSE}]"
_TOKEN = re.compile(rf"{_LETTER}++(?:['.,]{_LETTER}++)*+|\S")
_HIDDEN_TOKEN = re.compile(rf"{_LETTER}++(?:['.,{INVISIBLE}]++{_LETTER}++)*+|[^\s{INVISIBLE}]")
_DELETE = dict.fromkeys(map(ord, INVISIBLE))


@dataclass(frozen=True, slots=True)
class Words:
    """The tokens of a text: words, numbers, single signs. `keys`: in lower case, with all quotation marks and all
    dashes spelled alike; `starts`, `ends`: code points of the text."""

    text: str
    keys: list[str]
    starts: list[int]
    ends: list[int]

    def __len__(self) -> int:
        return len(self.keys)

    def slice(self, first: int, after: int) -> str:
        """The text of the tokens first:after, with what stands between them."""
        return self.text[self.starts[first] : self.ends[after - 1]] if first < after else ""

    def breaks(self, place: int) -> bool:
        """Whether a line ends between a token and the next."""
        return "\n" in self.text[self.ends[place] : self.starts[place + 1]]

    def inside(self, start: int, end: int) -> tuple[int, int]:
        """The tokens that have something of the code points start:end."""
        return bisect_right(self.ends, start), bisect_left(self.starts, end)


def split(text: str, start: int = 0, end: int | None = None) -> Words:
    """The words of text[start:end], with their places in the text."""
    plain = _alike(text[start:end])
    hidden = any(sign in plain for sign in INVISIBLE)
    spans = [match.span() for match in (_HIDDEN_TOKEN if hidden else _TOKEN).finditer(plain)]
    keys = [MARK if (key := plain[low:high]) == '"' else key for low, high in spans]
    if hidden:
        keys = [key.translate(_DELETE) for key in keys]
    if not unicodedata.is_normalized("NFC", plain):
        keys = [unicodedata.normalize("NFC", key) for key in keys]
    return Words(text, keys, [start + low for low, _ in spans], [start + high for _, high in spans])


def join(pieces: Sequence[Words]) -> Words:
    """The words of several stretches of one text, in order."""
    if len(pieces) == 1:
        return pieces[0]
    return Words(
        pieces[0].text if pieces else "",
        [key for piece in pieces for key in piece.keys],
        [start for piece in pieces for start in piece.starts],
        [end for piece in pieces for end in piece.ends],
    )


def _alike(text: str) -> str:
    """In lower case, with double marks, single marks and dashes spelled alike: character for character, so that places
    stay. (Only a single mark can be an apostrophe inside a word.)"""
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(small if len(small := sign.lower()) == 1 else sign for sign in text)
    for signs, spelling in ((DOUBLE, '"'), (SINGLE, MARK), (DASHES, "-")):
        for sign in signs:
            lower = lower.replace(sign, spelling)
    return lower


def is_word(key: str) -> bool:
    """Whether a key is a word or number rather than a sign."""
    return key[0].isalnum()


def blocks(old: Sequence[object], new: Sequence[object]) -> list[tuple[int, int, int]]:
    """(place in old, place in new, length) of the runs that a longest common subsequence keeps. Above MAX_CELLS only
    what both begin and end with is compared."""
    head = 0
    shorter = min(len(old), len(new))
    while head < shorter and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < shorter - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    found = [(0, 0, head)] if head else []
    inner_old, inner_new = old[head : len(old) - tail], new[head : len(new) - tail]
    if inner_old and inner_new and len(inner_old) * len(inner_new) <= MAX_CELLS:
        for step in LCSseq.opcodes(inner_old, inner_new):
            if step.tag == "equal":
                found.append((head + step.src_start, head + step.dest_start, step.src_end - step.src_start))
    if tail:
        found.append((len(old) - tail, len(new) - tail, tail))
    return found


def changed(old: str, new: str) -> Diff:
    """The word diff between two texts; see above. Pieces are joined where they can be."""
    before, after = split(old), split(new)
    old_tokens = [old[a:b] for a, b in zip(before.starts, before.ends, strict=True)]
    new_tokens = [new[a:b] for a, b in zip(after.starts, after.ends, strict=True)]
    found = blocks(old_tokens, new_tokens)
    return told(before, after, ((i + step, j + step) for i, j, length in found for step in range(length)))


def told(before: Words, after: Words, kept: Iterable[tuple[int, int]]) -> Diff:
    """The diff between two whole texts, given which of their words were kept: (place in the old text, place in the new
    one), both rising. A word that is spelled in another way was not kept."""
    old, new, pieces = before.text, after.text, _Pieces()
    at = to = 0  # characters that are told so far
    for i, j in kept:
        word = old[before.starts[i] : before.ends[i]]
        if word != new[after.starts[j] : after.ends[j]]:
            continue
        _between(old[at : before.starts[i]], new[to : after.starts[j]], pieces)
        at, to = before.ends[i], after.ends[j]
        pieces.keep(word)
    _between(old[at:], new[to:], pieces)
    return pieces.finish()


class _Pieces:
    """Collects what is kept and what changes; in each change first what goes, then what comes."""

    def __init__(self) -> None:
        self._done: list[tuple[str, str]] = []
        self._kept: list[str] = []
        self._gone: list[str] = []
        self._come: list[str] = []

    def keep(self, text: str) -> None:
        if text:
            self._end_change()
            self._kept.append(text)

    def change(self, gone: str, come: str) -> None:
        if gone or come:
            if self._kept:
                self._done.append(("=", "".join(self._kept)))
                self._kept.clear()
            self._gone.append(gone)
            self._come.append(come)

    def finish(self) -> Diff:
        self._end_change()
        if self._kept:
            self._done.append(("=", "".join(self._kept)))
        return tuple(self._done)

    def _end_change(self) -> None:
        for sign, texts in (("-", self._gone), ("+", self._come)):
            if text := "".join(texts):
                self._done.append((sign, text))
            texts.clear()


def _between(old: str, new: str, pieces: _Pieces) -> None:
    """What stands between two kept tokens: a change, apart from the white space around it that stayed."""
    if old == new:
        pieces.keep(old)
        return
    head = _common_white(old, new)
    tail = _common_white(old[head:][::-1], new[head:][::-1])
    pieces.keep(old[:head])
    pieces.change(old[head : len(old) - tail], new[head : len(new) - tail])
    pieces.keep(old[len(old) - tail :])


def _common_white(one: str, other: str) -> int:
    """How much white space both begin with."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b or not a.isspace():
            break
        count += 1
    return count
