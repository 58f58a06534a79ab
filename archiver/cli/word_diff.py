"""Word diffs on a terminal: what is gone in red, what has come in green; in a pipe `[-gone-]` and `{+come+}`."""

from __future__ import annotations

from collections.abc import Iterator

from archiver.cli.render import colour_wanted, columns, shown, style, width
from archiver.page.wording import Diff

_SIGNS = {"=": ("", "", None), "-": ("[-", "-]", "red"), "+": ("{+", "+}", "green")}


def diff_lines(diff: Diff, indent: str) -> str:
    """A diff as running text, broken at blanks to the terminal's width."""
    coloured = colour_wanted()
    room = max(40, columns())
    lines: list[str] = []
    line, used, empty = indent, width(indent), True
    for sign, words, blank in _words(diff, coloured):
        size = width(words)
        if not empty and used + blank + size > room:
            lines.append(line)
            line, used, blank = indent, width(indent), 0
        gap = " " if blank and not empty else ""
        line += gap + (style(words, _SIGNS[sign][2], bold=sign == "+") if sign != "=" else words)
        used, empty = used + len(gap) + size, False
    return "\n".join([*lines, line])


def diff_json(diff: Diff) -> list[list[str]]:
    """A diff as JSON: pairs of `=`, `-`, `+` and text."""
    return [[sign, text] for sign, text in diff]


def _words(diff: Diff, coloured: bool) -> Iterator[tuple[str, str, int]]:
    """(sign, word, blanks before it: 0 or 1) of each word; in plain text with the brackets of its piece."""
    blank = 0
    for sign, text in diff:
        opening, closing, _ = ("", "", None) if coloured else _SIGNS[sign]
        words = [shown(word) for word in text.split()]
        lead = int(blank or text[:1].isspace())
        if not words:
            if sign == "=":
                blank = 1
            else:  # only white space came or went
                yield sign, f"{opening}␣{closing}", lead
                blank = 0
            continue
        words[0] = opening + words[0]
        words[-1] += closing
        for place, word in enumerate(words):
            yield sign, word, lead if place == 0 else 1
        blank = int(text[-1:].isspace())
