"""Which part of a page is the article: trafilatura's answer, kept within bounds, and found again in the page text.

trafilatura reads what the projection left of the page (no scripts, styles, comments), so both take the same characters
for text. It decides which words are the article, never what the bytes say. Pages that could keep it busy for long are
not given to it, and the reason is said.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from archiver.page.outline import Outline
from archiver.page.text import BLOCKS, CELLS
from archiver.page.tokens import EndTag, StartTag, Text, Tokenizer

# trafilatura, and libxml2 below it, take quadratic time for some pages. Within these limits the worst that we found
# took a few seconds.
MAX_SOURCE = 3_000_000  # characters that are given to trafilatura
MAX_TAGS = 20_000
FEW_TAGS = 2_500  # so few can do no harm, however they stand
MAX_DEPTH = 250
MAX_CROWD = 1_000  # tags in a row of which none closes a block of text
EXTENSIVE = 20_000  # characters of markup in which htmldate looks for dates in prose
SHARE = 0.2  # of the page text; if the quick way finds less, the thorough one is tried
MAX_PIECES = 20_000
SEARCHES = 40  # times the page text's length that may be searched through for pieces that are no whole line
MAX_RANGES = 1_000

_BLOCKS = frozenset({"p", "head", "item", "list", "quote", "row", "cell", "table", "code", "lb", "div", "body", "ab"})
_SPACES = re.compile(r"[\t\n\f\r ]+")
# Words in names and attributes of the elements in which trafilatura looks for an author. Where none of these stands it
# finds none, and the looking takes as long as finding the main text does.
AUTHORS = (
    "author", "byl", "bbl", "username", "screenname", "channel-name", "journalist-name", "writer", "submitted-by",
    "posted-by", "zuozhe", "bianji", "xiaobian", "<rel",
)  # fmt: skip
_UNSEEN = re.compile("[\\s\0-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffd]+")


@dataclass(frozen=True, slots=True)
class Main:
    """`ranges`: code points of the page text; `text`: the same words, a line for each piece. `problem`: why it was not
    looked for, or not found."""

    text: str | None
    ranges: tuple[tuple[int, int], ...]
    title: str | None = None
    byline: str | None = None
    date: str | None = None
    problem: str | None = None


def extract(outline: Outline, page_text: str, url: str, wanted: frozenset[str]) -> Main:
    """The main text; and as far as `wanted` ("title", "byline", "date") what trafilatura and htmldate make of the page
    where it does not say so itself."""
    source = outline.reduced()
    if problem := _too_much(source):
        return Main(None, (), problem=problem)
    from lxml.etree import LxmlError
    from trafilatura import bare_extraction, load_html

    try:
        tree = load_html(source)
        if tree is None:
            return Main(None, (), problem="no main text found")
        if "byline" in wanted and not _names_author(source):
            wanted -= {"byline"}
        guesses = _guess(tree, page_text, url, wanted, extensive=len(source) <= EXTENSIVE)
        document: Any = bare_extraction(tree, url=url, include_comments=False, fast=True)
        if document is None or len(document.text or "") < SHARE * len(page_text):
            document = bare_extraction(tree, url=url, include_comments=False)
    except (*_FAILURES, LxmlError) as error:
        return Main(None, (), problem=f"main text not read: trafilatura failed ({type(error).__name__})")
    pieces = [] if document is None or document.body is None else list(_pieces(document.body))
    if not pieces:
        return Main(None, (), *guesses, problem="no main text found")
    return Main("\n".join(pieces), locate(page_text, pieces), *guesses)


# What a library may raise on a page that it was not made for.
_FAILURES = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RuntimeError, AssertionError)


def _guess(
    tree: Any, page_text: str, url: str, wanted: frozenset[str], *, extensive: bool
) -> tuple[str | None, str | None, str | None]:
    """Title, byline, date."""
    if not wanted:
        return None, None, None
    from htmldate import find_date
    from trafilatura.metadata import extract_author, extract_title

    return (
        extract_title(tree) if "title" in wanted else None,
        extract_author(tree) if "byline" in wanted else None,
        _date(find_date(tree, url=url, extensive_search=extensive, **_DATES), page_text) if "date" in wanted else None,
    )


def _names_author(source: str) -> bool:
    """Whether there can be an element that names the author."""
    folded = source.lower()
    return any(word in folded for word in AUTHORS)


# No clock: the newest date that is believed is a fixed one, so that a reading can be repeated.
_DATES: dict[str, Any] = {"original_date": True, "max_date": "2099-12-31"}


def _date(found: str | None, page_text: str) -> str | None:
    """Without what htmldate makes of a mere year ("© 2026")."""
    return None if found is None or (found.endswith("-01-01") and found not in page_text) else found


def _too_much(source: str) -> str | None:
    """Why trafilatura should not see this page; None if it may."""
    if len(source) > MAX_SOURCE:
        return f"main text not read: {len(source)} characters of markup (limit {MAX_SOURCE})"
    tags = source.count("<")
    if tags > 2 * MAX_TAGS:
        return f"main text not read: {tags // 2} elements or more (limit {MAX_TAGS})"
    if tags <= 2 * FEW_TAGS:
        return None
    depth, crowd = _shape(source)
    if depth > MAX_DEPTH:
        return f"main text not read: elements nested {depth} deep (limit {MAX_DEPTH})"
    if crowd > MAX_CROWD:
        return f"main text not read: {crowd} tags in one block of text (limit {MAX_CROWD})"
    return None


_VOID_NAMES = "area base br col embed hr img input link meta param source track wbr"
_VOID = frozenset(_VOID_NAMES.split())
_CLOSES_ITSELF = frozenset({"p", "li", "dt", "dd", "td", "th", "tr", "option"})


def _shape(source: str) -> tuple[int, int]:
    """The deepest nesting of open elements, and the most tags in a row of which none closes a block that has text."""
    depth = deepest = run = crowd = 0
    text = False  # since the last start tag
    for token in Tokenizer(source):
        if isinstance(token, Text):
            text = text or not token.data.isspace()
        elif isinstance(token, StartTag) and token.name not in _VOID and not token.self_closing:
            if token.name not in _CLOSES_ITSELF:
                depth += 1
                deepest = max(deepest, depth)
            elif text:
                run = 0
            run += 1
            crowd = max(crowd, run)
            text = False
        elif isinstance(token, EndTag):
            if depth and token.name not in _CLOSES_ITSELF:
                depth -= 1
            if text and (token.name in BLOCKS or token.name in CELLS):
                run = 0
    return deepest, crowd


def _pieces(body: Any) -> Iterator[str]:
    """The text between the block boundaries of trafilatura's result, white space collapsed."""
    parts: list[str] = []

    def piece() -> Iterator[str]:
        if words := _SPACES.sub(" ", "".join(parts)).strip(" "):
            yield words
        parts.clear()

    from lxml.etree import iterwalk

    for event, element in iterwalk(body, events=("start", "end")):
        block = element.tag in _BLOCKS
        if event == "start":
            if block:
                yield from piece()
            if element.text:
                parts.append(element.text)
        else:
            if block:
                yield from piece()
            if element.tail and element is not body:
                parts.append(element.tail)
    yield from piece()


def locate(page_text: str, pieces: list[str]) -> tuple[tuple[int, int], ...]:
    """Where the pieces stand in the page text, in order; neighbours are joined. White space and invisible characters,
    which trafilatura drops or changes, do not count. Linear: whole lines are looked up, other pieces searched for while
    the budget lasts."""
    lines: dict[str, list[int]] = {}
    at = 0
    for line in _fold(page_text).split("\n"):
        lines.setdefault(line, []).append(at)
        at += len(line) + 1
    found: list[tuple[int, int]] = []
    skeleton: _Skeleton | None = None
    cursor = 0
    for piece in pieces[:MAX_PIECES]:
        if places := lines.get(_fold(piece)):
            place = bisect_left(places, cursor)
            start = places[place if place < len(places) else 0]
            end: int | None = start + len(piece)
        else:
            skeleton = skeleton or _Skeleton(page_text)
            start, end = skeleton.find(piece, cursor)
        if end is not None:
            found.append((start, end))
            cursor = max(cursor, end)
    return _joined(sorted(found), page_text)


def _fold(text: str) -> str:
    return text.replace("\xa0", " ").replace("\u202f", " ")


class _Skeleton:
    """The page text without white space and invisible characters, for searching."""

    def __init__(self, text: str) -> None:
        self._bare = _UNSEEN.sub("", text)
        self._ats, self._shifts = array("I", [0]), array("I", [0])  # from bare[at] on, the text is `shift` further on
        shift = 0
        for run in _UNSEEN.finditer(text):
            first, after = run.span()
            self._ats.append(first - shift)
            shift += after - first
            self._shifts.append(shift)
        self._budget = SEARCHES * len(self._bare)

    def find(self, piece: str, cursor: int) -> tuple[int, int | None]:
        """Where `piece` stands in the text, from `cursor` on if it can be; (0, None) if nowhere."""
        bare = _UNSEEN.sub("", piece)
        from_here = self._to_bare(cursor)
        for first, last in ((from_here, len(self._bare)), (0, from_here + len(bare))):
            if not bare or self._budget <= 0:
                break
            start = self._bare.find(bare, first, last)
            self._budget -= (start if start >= 0 else last) - first
            if start >= 0:
                return self._to_text(start), self._to_text(start + len(bare) - 1) + 1
        return 0, None

    def _to_text(self, at: int) -> int:
        return at + self._shifts[bisect_right(self._ats, at) - 1]

    def _to_bare(self, at: int) -> int:
        low, high = 0, len(self._ats)
        while low < high:  # the last run that begins at or before `at`
            middle = (low + high) // 2
            if self._ats[middle] + self._shifts[middle] <= at:
                low = middle + 1
            else:
                high = middle
        return max(0, at - self._shifts[low - 1])


def _joined(ranges: list[tuple[int, int]], page_text: str) -> tuple[tuple[int, int], ...]:
    joined: list[tuple[int, int]] = []
    for start, end in ranges:
        if joined and (start <= joined[-1][1] or page_text[joined[-1][1] : start] in ("\n", " ")):
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif len(joined) < MAX_RANGES:
            joined.append((start, end))
    return tuple(joined)
