"""Headers of Bitcoin's blocks, as somebody gave them: what an OpenTimestamps proof needs at its end.

    358391 02000000…                 one a line: the height, and the 80 bytes in hexadecimal digits

    version[4] previous[32] Merkle root[32] time[4] bits[4] nonce[4]       (little-endian)

A header shows the work that went into it: its double SHA-256 is at most the target that its bits say. That this block
is in the chain that everybody means is not shown by it; that is believed of whoever gave the file. A block's time may
be off by two hours (consensus allows no more), which counts against us.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from archiver.errors import FormatError

MAX_FILE = 64 << 20  # bytes; some 380,000 headers
SLACK = timedelta(hours=2)
_LINE = re.compile(r"(0|[1-9][0-9]{0,8}) ([0-9a-f]{160})", re.ASCII)
_EASIEST = 0xFFFF << 208  # the target of difficulty 1


@dataclass(frozen=True, slots=True)
class Header:
    """One block's header."""

    height: int
    root: bytes
    time: datetime

    @property
    def latest(self) -> datetime:
        """By when the block was there at the latest."""
        return self.time + SLACK


@dataclass(frozen=True, slots=True)
class Headers:
    """Headers by height, and who gave them."""

    source: str
    by_height: Mapping[int, Header]


def parse_headers(data: bytes, source: str) -> Headers:
    """The headers in a file. Empty lines, and lines that begin with `#`, say nothing. Raises FormatError."""
    if len(data) > MAX_FILE:
        raise FormatError(f"more than {MAX_FILE >> 20} MB", where=source)
    found: dict[int, Header] = {}
    for number, line in enumerate(data.decode("latin-1").split("\n"), 1):
        text = line.removesuffix("\r")
        if not text or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text)
        if match is None:
            raise FormatError(f"line {number} is not a height and 160 hexadecimal digits", where=source)
        try:
            header = parse_header(int(match[1]), bytes.fromhex(match[2]))
        except FormatError as error:
            raise FormatError(f"line {number}: {error.message}", where=source) from None
        if found.setdefault(header.height, header) != header:
            raise FormatError(f"line {number}: a second header of block {header.height}", where=source)
    return Headers(source, found)


def parse_header(height: int, raw: bytes) -> Header:
    """One header of 80 bytes. Raises FormatError for one without the work that it says."""
    if len(raw) != 80:
        raise FormatError(f"a header has 80 bytes, not {len(raw)}")
    bits = int.from_bytes(raw[72:76], "little")
    size, mantissa = bits >> 24, bits & 0x7FFFFF
    target = mantissa << 8 * (size - 3) if 3 <= size <= 32 else 0
    work = int.from_bytes(hashlib.sha256(hashlib.sha256(raw).digest()).digest(), "little")
    if bits & 0x800000 or not 0 < target <= _EASIEST or work > target:
        raise FormatError(f"the header of block {height} does not have the work that it says")
    return Header(height, raw[36:68], datetime.fromtimestamp(int.from_bytes(raw[68:72], "little"), UTC))
