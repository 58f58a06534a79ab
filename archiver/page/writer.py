"""How page text is written: white space collapsed, separators between what stays, and where each character is from."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right

from archiver.page.decoders import POSITION, Places

NONE, SPACE, LINE = 0, 1, 2  # separators, by strength
_SEPARATORS = ("", " ", "\n")
WHITE = "\t\n\f\r "
_RUN = re.compile(r"[^\t\n\f\r ]++(?: [^\t\n\f\r ]++)*+")
# C0 controls but the white space, DEL, C1 controls, noncharacters: no JSON text should have to carry them.
_NOT_TEXT = "\0-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef" + "".join(
    chr(plane | last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF)
)
REPLACED = re.compile(f"[{_NOT_TEXT}]")
# The same in the basic plane, and the rest of Unicode from its first noncharacter on: ten times as fast to search for.
SUSPECT = re.compile("[\0-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff\U0001fffe-\U0010ffff]")


def has_controls(text: str) -> bool:
    """Whether there is a character in `text` that the projection replaces."""
    return SUSPECT.search(text) is not None and REPLACED.search(text) is not None


_VERBATIM = 0xFFFFFFFF


class Writer:
    """Takes characters with their places in the decoded source, and writes white space as page text v1 does.

    What was written is a list of runs; run r begins at character ats[r] of the page text, and is
    - source[firsts[r]:], character for character, if lasts[r] is _VERBATIM; else
    - a reference: characters that all stand on source[firsts[r]] to source[lasts[r]]; or
    - a separator (" " or a line feed) between source[firsts[r]] and source[lasts[r]].
    """

    def __init__(self) -> None:
        self.ats, self.firsts, self.lasts = array(POSITION), array(POSITION), array(POSITION)
        self._parts: list[str] = []
        self._pending = NONE
        self._size = 0
        self._latest = 0  # index of the source's last character that was written

    def __len__(self) -> int:
        return self._size

    def text(self) -> str:
        text = "".join(self._parts)
        return REPLACED.sub("\ufffd", text) if SUSPECT.search(text) else text

    def separate(self, strength: int) -> None:
        """Ask for a separator before the next character, if one comes; a line break wins over a space."""
        if strength > self._pending:
            self._pending = strength

    def verbatim(self, data: str, start: int) -> None:
        """`data` stands at `start` of the source, one character for one."""
        if _RUN.fullmatch(data):  # most text
            self._write(data, start, _VERBATIM)
            self._latest = start + len(data) - 1
            return
        at = 0
        for run in _RUN.finditer(data):
            first, after = run.span()
            if first > at and not self._pending:
                self._pending = SPACE
            at = after
            self._write(run[0], start + first, _VERBATIM)
            self._latest = start + after - 1
        if at < len(data) and not self._pending:
            self._pending = SPACE

    def reference(self, data: str, start: int, end: int) -> None:
        """All characters of `data` stand on source[start:end] together."""
        for character in data:
            if character in WHITE:
                self.separate(SPACE)
                continue
            self._write(character, start, end - 1)
            self._latest = end - 1

    def _write(self, text: str, first: int, last: int) -> None:
        """Write `text`, and what is pending between the last character and it."""
        if self._pending:
            if self._size:
                self._parts.append(_SEPARATORS[self._pending])
                self.ats.append(self._size)
                self.firsts.append(self._latest)
                self.lasts.append(first)
                self._size += 1
            self._pending = NONE
        self._parts.append(text)
        self.ats.append(self._size)
        self.firsts.append(first)
        self.lasts.append(last)
        self._size += len(text)


class Runs:
    """The places of a page text's characters, from the writer's runs and the places of the decoded source."""

    __slots__ = ("_source", "_text", "_writer")

    def __init__(self, text: str, writer: Writer, source: Places) -> None:
        self._text, self._writer, self._source = text, writer, source

    def start(self, index: int) -> int:
        first, last, beyond = self._run(index)
        if last == _VERBATIM:
            return self._source.start(first + beyond)
        return self._source.end(first) if self._text[index] in " \n" else self._source.start(first)

    def end(self, index: int) -> int:
        first, last, beyond = self._run(index)
        if last == _VERBATIM:
            return self._source.end(first + beyond)
        return self._source.start(last) if self._text[index] in " \n" else self._source.end(last)

    def _run(self, index: int) -> tuple[int, int, int]:
        if not 0 <= index < len(self._text):
            raise IndexError(index)
        writer = self._writer
        run = bisect_right(writer.ats, index) - 1
        return writer.firsts[run], writer.lasts[run], index - writer.ats[run]
