"""The runs of text between quotation marks, paragraph by paragraph. Knows marks and spacing, no words.

Which mark opens and which closes differs by language (“ opens in English and closes in German) and is typed wrongly
often. So the spacing decides first, the mark's usual job second, what else is open third. A paragraph starts afresh: a
mark without its partner never costs more than its paragraph. Only outermost runs are given; what is nested stays
inside.
"""

from __future__ import annotations

from dataclasses import dataclass

from archiver.page.speech import singles
from archiver.page.speech.glyphs import (
    BEFORE_OPEN,
    CLOSERS,
    CLOSING_PUNCTUATION,
    ENDS,
    FAMILIES,
    HEBREW_PREFIXED,
    HEBREW_PREFIXES,
    INVISIBLE,
    MARK,
    SINGLES,
    STRAIGHT,
    USUALLY_CLOSE,
    USUALLY_OPEN,
    Family,
    guillemets_point_inwards,
    is_cjk,
)  # fmt: skip
from archiver.page.speech.paragraphs import paragraphs


@dataclass(slots=True)
class Run:
    """A run text[start:end], marks included, and text[inner_start:inner_end] between them."""

    start: int
    end: int
    inner_start: int
    inner_end: int
    family: Family
    opener: str
    closed: bool = True
    continues: bool = False  # the next run, in the next paragraph, goes on with it
    stray: bool = False  # its marks do not pair well


@dataclass(slots=True)
class Paragraph:
    """A line of the text (lines that a program wrapped are joined) and its runs, in order."""

    start: int
    end: int
    runs: list[Run]


def segment(text: str) -> list[Paragraph]:
    """All paragraphs with their runs."""
    found: list[Paragraph] = []
    reversed_guillemets = guillemets_point_inwards(text)
    open_before: Run | None = None
    marks = [(m.start(), m.end(), m[0]) for m in MARK.finditer(text)]
    at = 0
    for start, end in paragraphs(text):
        first = at
        while at < len(marks) and marks[at][0] < end:
            at += 1
        if first == at:
            found.append(Paragraph(start, end, []))
            open_before = None
            continue
        runs = _Cutter(text, start, end, reversed_guillemets, marks[first:at]).cut(open_before)
        if open_before is not None and runs and _begins(text, start, runs[0]) and runs[0].family == open_before.family:
            open_before.continues = True
        found.append(Paragraph(start, end, runs))
        open_before = runs[-1] if runs and not runs[-1].closed else None
    return found


def _begins(text: str, start: int, run: Run) -> bool:
    return run.start - start <= 2 and not text[start : run.start].strip(" \u00a0—–-")


class _Cutter:
    """Finds the outermost runs of one paragraph, from left to right, each mark once."""

    def __init__(self, text: str, start: int, end: int, reversed_guillemets: bool, marks: singles.Marks) -> None:
        self._text, self._start, self._end = text, start, end
        self._reversed = reversed_guillemets
        self._marks = marks
        self._runs: list[Run] = []

    def cut(self, open_before: Run | None) -> list[Run]:
        marks = self._marks
        self._tally = self._count_ahead()
        index = 0
        if open_before is not None:
            index = self._continue(open_before)
        while index < len(marks):
            at, after, mark = marks[index]
            family = FAMILIES[mark]
            if family == "single":
                index = self._single(index)
            elif self._opens(at, after, mark) or self._opens_by_mistake(index):
                index = self._close(index, family)
            else:
                index += 1
        return self._runs

    def _count_ahead(self) -> list[tuple[int, int]]:
        """For each mark: how many double marks from it on can only open, and how many can only close."""
        opening = closing = 0
        tally = [(0, 0)] * (len(self._marks) + 1)
        for index in range(len(self._marks) - 1, -1, -1):
            at, after, mark = self._marks[index]
            if FAMILIES[mark] == "double":
                if self._spaced_open(at, after) and mark not in USUALLY_CLOSE:
                    opening += 1
                elif not self._blank_before(at):
                    closing += 1
            tally[index] = (opening, closing)
        return tally

    def _continue(self, open_before: Run) -> int:
        """A paragraph that closes what the one before left open, without opening it again."""
        closers = CLOSERS.get(open_before.opener, frozenset())
        for index, (at, after, mark) in enumerate(self._marks):
            if FAMILIES[mark] != open_before.family:
                continue
            if mark not in closers or self._spaced_open(at, after) or self._blank_before(at):
                return 0
            if at > self._start and not self._is_credit(at):
                self._runs.append(
                    Run(self._start, after, self._start, at, open_before.family, open_before.opener, stray=True)
                )
                open_before.continues = True
            return index + 1
        return 0

    def _is_credit(self, end: int) -> bool:
        """A line that names whom a pulled quotation is by, inside its marks."""
        words = self._text[self._start : end].rstrip(".").split()
        return len(words) <= 9 and sum(word[:1].isupper() for word in words) >= 0.7 * len(words)

    def _blank_before(self, at: int) -> bool:
        if at == self._start:
            return True
        before = self._text[at - 1]
        if before in HEBREW_PREFIXES and HEBREW_PREFIXED.match(self._text, max(at - 2, self._start)):
            return True
        return before.isspace() or before in BEFORE_OPEN or before in "“‘„«‹\"'" or before in INVISIBLE

    def _blank_after(self, after: int) -> bool:
        return after >= self._end or self._text[after].isspace()

    def _spaced_open(self, at: int, after: int) -> bool:
        """Blank before, a word after."""
        if self._blank_after(after) or self._text[after] in CLOSING_PUNCTUATION - {"…"}:
            return self._text[at:after] in "«»" and self._blank_before(at) and after < self._end
        if self._blank_before(at):
            return True
        return is_cjk(self._text[at - 1]) and self._text[after] not in CLOSING_PUNCTUATION

    def _opens(self, at: int, after: int, mark: str) -> bool:
        if after >= self._end:
            return False
        if mark in "«»‹›":
            usual = mark in "»›" if self._reversed else mark in "«‹"
            return usual or (self._spaced_open(at, after) and not self._blank_after(after))
        if mark in "「『":
            return True
        if self._spaced_open(at, after):
            return True
        if mark in USUALLY_OPEN:
            return self._blank_before(at) or (not self._blank_after(after) and not self._text[at - 1].isalnum())
        return False

    def _opens_by_mistake(self, index: int) -> bool:
        """He says,” we go.” — a closing mark, or a blank on the wrong side, and then a mark that can only close."""
        at, _, mark = self._marks[index]
        if mark not in ('"', "”", "''") or index + 1 >= len(self._marks) or at == self._start:
            return False
        if not (
            self._text[at - 1] in ",:" or (self._blank_before(at) and self._text[at - 2 : at - 1] in (",", ":", "."))
        ):
            return False
        at, after, mark = self._marks[index + 1]
        return mark in ('"', "”", "''") and self._blank_after(after) and not self._blank_before(at)

    def _close(self, index: int, family: Family) -> int:
        """Open a run at a mark, find where it closes, and give the index of the mark to go on with."""
        start, inner_start, opener = self._marks[index]
        closers = CLOSERS.get(opener, frozenset({opener}))
        depth = 0
        odd: int | None = None
        for later in range(index + 1, len(self._marks)):
            at, after, mark = self._marks[later]
            if FAMILIES[mark] != family:
                if odd is None and family == "double" and mark in SINGLES:
                    odd = self._odd_close(later)
                continue
            if self._nests(opener, at, after, mark):
                if self._is_balanced(later, depth) or family != "double":
                    depth += 1
                elif odd is not None and odd >= 0:
                    return self._close_oddly(index, odd)
                elif self._text[at - 2 : at].strip()[-1:] in ENDS:
                    self._add(start, at, inner_start, at, family, opener, closed=False)
                    return later
                continue
            if depth and self._closes(at, after, mark):
                depth -= 1
            elif mark in closers and self._closes(at, after, mark) and not self._is_inch(later):
                self._add(start, after, inner_start, at, family, opener)
                return later + 1
        if odd is not None and odd >= 0:
            return self._close_oddly(index, odd)
        self._add(start, self._end, inner_start, self._end, family, opener, closed=False)
        return len(self._marks)

    def _odd_close(self, index: int) -> int | None:
        """“So it is.’ She left. — the index of a single mark that stands where a double one should close; -1 if this
        one opens something, so that a later one closes that; None for an apostrophe."""
        at, after, _ = self._marks[index]
        if self._blank_before(at) and not self._blank_after(after):
            return -1
        return index if self._text[at - 1] in ",.!?…" and self._blank_after(after) else None

    def _close_oddly(self, index: int, odd: int) -> int:
        start, inner_start, opener = self._marks[index]
        at, after, _ = self._marks[odd]
        self._add(start, after, inner_start, at, FAMILIES[opener], opener)
        return odd + 1

    def _nests(self, opener: str, at: int, after: int, mark: str) -> bool:
        if mark in "「『":
            return True
        if mark in "«‹»›":
            return mark == opener and mark in "«‹" and not self._reversed
        if opener in '„"' and mark == "“" and not self._blank_before(at):
            return False
        if mark in USUALLY_CLOSE:
            return False
        return self._blank_before(at) and not self._blank_after(after) and self._text[after] not in CLOSING_PUNCTUATION

    def _is_balanced(self, index: int, depth: int) -> bool:
        opening, closing = self._tally[index]
        return closing >= opening + 1 + depth

    def _closes(self, at: int, after: int, mark: str) -> bool:
        if mark in "“«»‹›」』”〞〟":
            return True
        following = self._text[after] if after < self._end else " "
        if mark in STRAIGHT and self._text[at - 1] in ",.!?…":
            return True  # "So it is,"she said: the blank is missing
        return not following.isalnum() or is_cjk(following) or is_cjk(self._text[at - 1])

    def _is_inch(self, index: int) -> bool:
        """The second mark of: "a 12" pipe," …"""
        at, after, mark = self._marks[index]
        if mark not in ('"', "''", "”") or not self._text[at - 1].isdigit() or index + 1 >= len(self._marks):
            return False
        if not self._text[after : after + 2].strip()[:1].islower():
            return False
        for later in range(index + 1, min(index + 40, len(self._marks))):
            if FAMILIES[self._marks[later][2]] == "double":
                return not self._blank_before(self._marks[later][0])
        return False

    def _single(self, index: int) -> int:
        """Single marks are apostrophes until the opposite is likely."""
        at, after, _ = self._marks[index]
        end = singles.close(self._text, self._start, self._end, self._marks, index)
        if end is None:
            return index + 1
        close_at, close_after, closed = end
        self._add(at, close_after, after, close_at, "single", self._marks[index][2], closed=closed)
        index += 1
        while index < len(self._marks) and self._marks[index][0] < close_after:
            index += 1
        return index

    def _add(
        self,
        start: int,
        end: int,
        inner_start: int,
        inner_end: int,
        family: Family,
        opener: str,
        *,
        closed: bool = True,
    ) -> None:
        while inner_end > inner_start and self._text[inner_end - 1].isspace():
            inner_end -= 1
        while inner_start < inner_end and self._text[inner_start].isspace():
            inner_start += 1
        while end > start and self._text[end - 1].isspace():
            end -= 1
        if inner_end > inner_start and any(map(str.isalnum, self._text[inner_start:inner_end])):
            self._runs.append(Run(start, end, inner_start, inner_end, family, opener, closed))
