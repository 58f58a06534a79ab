"""The decoders of the WHATWG Encoding Standard: bytes -> characters, each with the bytes that it stands on.

The characters are those of the standard's decoders (error mode "replacement"), so of a browser's
`new TextDecoder(label)`.

The byte range of a character is what the decoder consumed for it: for a malformed sequence, what the standard replaces
by one U+FFFD; bytes that the standard puts back ("restore") belong to the next character. Two Big5 sequences stand for
two characters each; both then have the whole range. Escape sequences of iso-2022-jp belong to no character.

Specimen: `decode(b"caf\\xe9", "windows-1252")` is ("café", starts 0 1 2 3, ends 1 2 3 4).
"""

from __future__ import annotations

import codecs
import re
from array import array
from collections.abc import Sequence
from itertools import compress
from typing import Protocol

from archiver.page.charsets import REPLACEMENT, multi_byte_table, single_byte_table

POSITION = "I"  # array type of positions: 32 bits, so a body has fewer than 2^32 bytes


class Places(Protocol):
    """Where the characters of a text stand in the bytes that it was decoded from."""

    def start(self, index: int) -> int:
        """The byte at which character `index` starts."""

    def end(self, index: int) -> int:
        """The byte before which it ends."""


class Even:
    """Every character has the same width."""

    __slots__ = ("_offset", "_width")

    def __init__(self, width: int, offset: int = 0) -> None:
        self._width, self._offset = width, offset

    def start(self, index: int) -> int:
        return index * self._width + self._offset

    def end(self, index: int) -> int:
        return (index + 1) * self._width + self._offset


class WellFormed:
    """UTF-8 without an error: a place is found by encoding what is before it, from the last mark on."""

    __slots__ = ("_marks", "_offset", "_text")

    _STEP = 2048  # characters between two marks

    def __init__(self, text: str, offset: int = 0) -> None:
        self._text, self._offset = text, offset
        self._marks: list[int] = []

    def start(self, index: int) -> int:
        if not self._marks:
            at, text, step = self._offset, self._text, self._STEP
            for first in range(0, len(text) + 1, step):
                self._marks.append(at)
                at += len(text[first : first + step].encode())
        mark = index // self._STEP
        return self._marks[mark] + len(self._text[mark * self._STEP : index].encode())

    def end(self, index: int) -> int:
        return self.start(index + 1)


class Listed:
    """Every place is listed."""

    __slots__ = ("_ends", "_offset", "_starts")

    def __init__(self, starts: Sequence[int], ends: Sequence[int], offset: int = 0) -> None:
        self._starts, self._ends, self._offset = starts, ends, offset

    def start(self, index: int) -> int:
        return self._starts[index] + self._offset

    def end(self, index: int) -> int:
        return self._ends[index] + self._offset


def decode(data: bytes, encoding: str, offset: int = 0) -> tuple[str, Places]:
    """Characters of `data`, and where they stand in a body in which `data` begins at `offset`. `encoding` is one of
    ENCODINGS; a byte order mark is a character like any other here (see `archiver.page.decode` for the one at the very
    beginning)."""
    if encoding in _UNITS:
        text, starts, ends = _decode_units(data, encoding)
    elif encoding == "utf-8":
        return _decode_utf8(data, offset)
    elif encoding in ("utf-16le", "utf-16be"):
        text, starts, ends = _decode_utf16(data, encoding)
    elif encoding == "iso-2022-jp":
        text, starts, ends = _decode_iso2022jp(data)
    elif encoding == "replacement":
        return (REPLACEMENT if data else ""), Even(1, offset)
    elif data.isascii():
        return data.decode("ascii"), Even(1, offset)
    else:
        return codecs.charmap_decode(data, "strict", single_byte_table(encoding))[0], Even(1, offset)
    return text, Listed(starts, ends, offset)


def _array(size: int) -> array[int]:
    return array(POSITION, range(size))


# UTF-8: a lead byte with as many of its continuation bytes as are well-formed, whole or cut off. Every other byte
# stands alone (Unicode, "U+FFFD substitution of maximal subparts", which the standard's decoder and Python's follow).
_UTF8_UNIT = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]?|\xed[\x80-\x9f][\x80-\xbf]?|[\xe1-\xec\xee\xef][\x80-\xbf]{1,2}"
    rb"|\xf0[\x90-\xbf][\x80-\xbf]{0,2}|\xf4[\x80-\x8f][\x80-\xbf]{0,2}|[\xf1-\xf3][\x80-\xbf]{1,3}"
)


def _decode_utf8(data: bytes, offset: int) -> tuple[str, Places]:
    if data.isascii():
        return data.decode("ascii"), Even(1, offset)
    try:
        text = data.decode("utf-8")
        return text, WellFormed(text, offset)
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    marks = bytearray(b"\x01" * len(data))
    for unit in _UTF8_UNIT.finditer(data):
        start, end = unit.span()
        marks[start + 1 : end] = bytes(end - start - 1)
    starts = array(POSITION, compress(range(len(data)), marks))
    ends = starts[1:]
    ends.append(len(data))
    return text, Listed(starts, ends, offset)


_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def _decode_utf16(data: bytes, encoding: str) -> tuple[str, array[int], array[int]]:
    codec = "utf-16-le" if encoding == "utf-16le" else "utf-16-be"
    even = len(data) & ~1
    text = data[:even].decode(codec, "surrogatepass")
    bounds = array(POSITION, [0])
    if len(text) * 2 == even:
        bounds.extend(range(2, even + 1, 2))
    else:
        at = 0
        for character in text:
            at += 4 if character > "\uffff" else 2
            bounds.append(at)
    if len(data) != even:  # half a code unit at the end: one error, together with a lead surrogate before it
        if "\ud800" <= text[-1:] <= "\udbff":
            bounds[-1] = len(data)
        else:
            text += REPLACEMENT
            bounds.append(len(data))
    return _LONE_SURROGATE.sub(REPLACEMENT, text), bounds[:-1], bounds[1:]


# The multi-byte encodings as units: what their decoders read before they give a character or an error. The last
# alternative but one is a lead byte with whatever follows; if that is in no table it is one error, and an ASCII byte
# at its end is put back, which then stands for itself.
_UNITS: dict[str, re.Pattern[bytes]] = {
    "gb18030": re.compile(
        rb"[\x00-\x7f]+|[\x81-\xfe][0-9][\x81-\xfe][0-9]|[\x81-\xfe][0-9][\x81-\xfe]?\Z|[\x81-\xfe].?|.",
        re.DOTALL,
    ),
    "big5": re.compile(rb"[\x00-\x7f]+|[\x81-\xfe].?|.", re.DOTALL),
    "euc-kr": re.compile(rb"[\x00-\x7f]+|[\x81-\xfe].?|.", re.DOTALL),
    "shift_jis": re.compile(rb"[\x00-\x7f]+|[\x81-\x9f\xe0-\xfc].?|.", re.DOTALL),
    "euc-jp": re.compile(rb"[\x00-\x7f]+|\x8f[\xa1-\xfe].?|[\x8e\x8f\xa1-\xfe].?|.", re.DOTALL),
}
_UNITS["gbk"] = _UNITS["gb18030"]


def _decode_units(data: bytes, encoding: str) -> tuple[str, array[int], array[int]]:
    table, four = multi_byte_table(encoding), encoding in ("gb18030", "gbk")
    parts: list[str] = []
    starts, ends = _array(0), _array(0)
    for unit in _UNITS[encoding].finditer(data):
        key = unit[0]
        start, end = unit.span()
        if key[0] < 0x80:
            parts.append(key.decode("ascii"))
            starts.extend(range(start, end))
            ends.extend(range(start + 1, end + 1))
            continue
        text = table.get(key)
        if text is None and four and len(key) == 4:
            text = _gb18030_four(key)
        if text is None:
            text = REPLACEMENT
            # The beginning of four bytes, cut off by the end of the body, is one error and puts nothing back.
            cut_off = four and end == len(data) and 0x30 <= key[-1] <= 0x39
            if len(key) > 1 and key[-1] < 0x80 and not cut_off:
                parts.append(text + chr(key[-1]))
                starts.extend((start, end - 1))
                ends.extend((end - 1, end))
                continue
        for _ in text:
            starts.append(start)
            ends.append(end)
        parts.append(text)
    return "".join(parts), starts, ends


def _gb18030_four(key: bytes) -> str:
    if key == b"\x81\x35\xf4\x37":
        return "\ue7c7"
    text = key.decode("gb18030", "replace")
    return text if len(text) == 1 else REPLACEMENT


# iso-2022-jp (Encoding Standard, section 12.2): escape sequences switch what the following bytes mean.
_ESCAPES = {b"(B": "ascii", b"(J": "roman", b"(I": "katakana", b"$@": "double", b"$B": "double"}


def _decode_iso2022jp(data: bytes) -> tuple[str, array[int], array[int]]:
    table = multi_byte_table("euc-jp")
    parts: list[str] = []
    starts, ends = _array(0), _array(0)
    state, output, at, size = "ascii", False, 0, len(data)
    while at < size:
        byte, width = data[at], 1
        character = REPLACEMENT
        if byte == 0x1B:
            escape = _ESCAPES.get(data[at + 1 : at + 3])
            if escape is not None:
                state, at = escape, at + 3
                if output:  # an escape right after another is an error, and stands on the second one
                    parts.append(REPLACEMENT)
                    starts.append(at - 3)
                    ends.append(at)
                output = True
                continue
        elif state == "double":
            if 0x21 <= byte <= 0x7E and at + 1 < size:
                if 0x21 <= data[at + 1] <= 0x7E:
                    character, width = table.get(bytes([byte | 0x80, data[at + 1] | 0x80]), REPLACEMENT), 2
                elif data[at + 1] != 0x1B:
                    width = 2
        elif state == "katakana":
            if 0x21 <= byte <= 0x5F:
                character = chr(0xFF61 - 0x21 + byte)
        elif byte < 0x80 and byte not in (0x0E, 0x0F):
            character = {0x5C: "\u00a5", 0x7E: "\u203e"}.get(byte, chr(byte)) if state == "roman" else chr(byte)
        parts.append(character)
        starts.append(at)
        ends.append(at + width)
        at += width
        output = False
    return "".join(parts), starts, ends
