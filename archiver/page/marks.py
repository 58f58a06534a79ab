"""Where some elements stand in the page text: quotations, headings, page furniture.

Marks help to find and to weigh statements; they are no evidence and no part of page text v1. They come from tags alone:
an end tag closes the latest open element of its name and what was opened after it, a block closes an open paragraph.
"""

from __future__ import annotations

from dataclasses import dataclass

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
MARKED = HEADINGS | {
    *("q", "blockquote", "cite", "figcaption"),
    *("nav", "aside", "footer", "header", "article", "main"),
}
_CONTAINERS = frozenset({"p", "div", "section", "figure", "li", "dd", "td", "th", "table", "form", "ul", "ol"})
FOLLOWED = MARKED | _CONTAINERS
_KEEPS_PARAGRAPH = frozenset({"q", "cite"})  # the others end an open <p>


@dataclass(frozen=True, slots=True)
class Mark:
    """An element `kind` (its name) around the code points start:end of the page text, which are not empty."""

    kind: str
    start: int
    end: int


class Marker:
    """Collects marks while the text grows; every step is O(1) amortised."""

    def __init__(self) -> None:
        self._open: list[tuple[str, int]] = []
        self._counts: dict[str, int] = {}
        self._done: list[tuple[str, int, int]] = []

    def start(self, name: str, at: int) -> None:
        """An element of FOLLOWED starts when the text has `at` characters."""
        if name not in _KEEPS_PARAGRAPH and self._counts.get("p"):
            self._close("p", at)
        kind = "h" if name in HEADINGS else name  # any heading's end tag closes any heading
        self._open.append((name, at))
        self._counts[kind] = self._counts.get(kind, 0) + 1

    def end(self, name: str, at: int) -> None:
        """An end tag of one comes when the text has `at` characters."""
        kind = "h" if name in HEADINGS else name
        if self._counts.get(kind):
            self._close(kind, at)

    def finish(self, text: str) -> tuple[Mark, ...]:
        """All marks of the finished text, outer ones first."""
        while self._open:
            self._pop(len(text))
        marks = []
        for name, start, end in self._done:
            if text[start : start + 1] in (" ", "\n"):
                start += 1
            if start < end:
                marks.append(Mark(name, start, end))
        return tuple(sorted(marks, key=lambda mark: (mark.start, -mark.end)))

    def _close(self, kind: str, at: int) -> None:
        while self._pop(at) != kind:
            pass

    def _pop(self, at: int) -> str:
        name, start = self._open.pop()
        kind = "h" if name in HEADINGS else name
        self._counts[kind] -= 1
        if name in MARKED and start < at:
            self._done.append((name, start, at))
        return kind
