"""The one spelling of a zip file that archiver writes (APPNOTE.TXT sections 4.3.7 to 4.3.16). Bytes only, no streams.

    (local header, data)*   central header*   [zip64 end, zip64 locator]   end

Everything is stored, dated 1980-01-01, mode 0644 of Unix, without comments, flags, folders or extra fields; the zip64
field and records stand where a number does not fit, and nowhere else. So names, sizes, CRC-32 and order give every
other byte, and a reader can write each header again and compare.

Specimen (the end of an empty zip): 50 4b 05 06 and eighteen zero bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

LOCAL, CENTRAL, END, END64, LOCATOR = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
LOCAL_SIZE, CENTRAL_SIZE, END_SIZE, END64_SIZE, LOCATOR_SIZE = 30, 46, 22, 56, 20
MAX_EXTRA = 28  # bytes of the largest zip64 field

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")

FULL16, FULL32 = 0xFFFF, 0xFFFFFFFF
_PLAIN, _ZIP64 = 20, 45  # version needed: 2.0, 4.5
_UNIX = 3 << 8
_DATE = 1 << 5 | 1  # 1980-01-01
_MODE = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a zip: its name (ASCII), length, CRC-32, and where its local header begins."""

    name: str
    size: int
    crc: int
    offset: int

    @property
    def data_offset(self) -> int:
        """Where its bytes begin."""
        return self.offset + LOCAL_SIZE + len(self.name) + (20 if self.size >= FULL32 else 0)

    @property
    def end(self) -> int:
        """Where its bytes end, and the next header begins."""
        return self.data_offset + self.size


def local_header(entry: Entry) -> bytes:
    """The bytes before the file's own."""
    name = entry.name.encode("ascii")
    size, extra = entry.size, b""
    if size >= FULL32:
        extra = struct.pack("<2H2Q", 1, 16, size, size)
        size = FULL32
    need = _ZIP64 if extra else _PLAIN
    return _LOCAL.pack(LOCAL, need, 0, 0, 0, _DATE, entry.crc, size, size, len(name), len(extra)) + name + extra


def central_header(entry: Entry) -> bytes:
    """The file's line in the directory."""
    name = entry.name.encode("ascii")
    size, offset = entry.size, entry.offset
    wide = [entry.size, entry.size] if size >= FULL32 else []
    if offset >= FULL32:
        wide.append(offset)
    extra = struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    need = _ZIP64 if wide else _PLAIN
    size, offset = min(size, FULL32), min(offset, FULL32)
    fixed = (CENTRAL, _UNIX | need, need, 0, 0, 0, _DATE, entry.crc, size, size, len(name), len(extra), 0, 0, 0)
    return _CENTRAL.pack(*fixed, _MODE, offset) + name + extra


def end_records(count: int, size: int, offset: int) -> bytes:
    """What follows the directory of `count` lines, `size` bytes from `offset`."""
    wide = b""
    if count >= FULL16 or size >= FULL32 or offset >= FULL32:
        wide = _END64.pack(END64, END64_SIZE - 12, _UNIX | _ZIP64, _ZIP64, 0, 0, count, count, size, offset)
        wide += _LOCATOR.pack(LOCATOR, 0, offset + size, 1)
    short = min(count, FULL16)
    return wide + _END.pack(END, 0, 0, short, short, min(size, FULL32), min(offset, FULL32), 0)


@dataclass(frozen=True, slots=True)
class End:
    """The numbers in the records at the end."""

    count: int
    size: int
    offset: int


def parse_end(tail: bytes) -> End | None:
    """The numbers in the last bytes of a file, None if it does not end with an end record. Nothing is checked."""
    if len(tail) < END_SIZE or tail[-END_SIZE:][:4] != END:
        return None
    _, _, _, _, count, size, offset, _ = _END.unpack(tail[-END_SIZE:])
    if FULL16 in (count,) or FULL32 in (size, offset):
        wide = tail[-END_SIZE - LOCATOR_SIZE - END64_SIZE : -END_SIZE - LOCATOR_SIZE]
        if len(wide) == END64_SIZE and wide[:4] == END64:
            count, size, offset = _END64.unpack(wide)[7:]
    return End(count, size, offset)


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the directory as it stands there, to be compared with the one spelling."""

    raw: bytes
    name: bytes
    extra: bytes
    comment: bytes
    made_by: int
    flags: int
    method: int
    attributes: int
    entry: Entry | None  # None if the name is not ASCII or the zip64 field is not ours


def parse_directory(data: bytes) -> Iterator[Listed | None]:
    """The lines of a directory, None where one is cut short (and then no more)."""
    place = 0
    while place < len(data):
        fixed = data[place : place + CENTRAL_SIZE]
        if len(fixed) < CENTRAL_SIZE or fixed[:4] != CENTRAL:
            yield None
            return
        _, made, _, flags, method, _, _, crc, packed, size, *rest = _CENTRAL.unpack(fixed)
        names, extras, comments, _, _, attributes, offset = rest
        start = place + CENTRAL_SIZE
        end = start + names + extras + comments
        if end > len(data):
            yield None
            return
        name, extra = data[start : start + names], data[start + names : start + names + extras]
        entry = _entry(name, extra, crc, packed, size, offset)
        comment = data[end - comments : end]
        yield Listed(data[place:end], name, extra, comment, made, flags, method, attributes, entry)
        place = end


def _entry(name: bytes, extra: bytes, crc: int, packed: int, size: int, offset: int) -> Entry | None:
    values = [value for value in (size, packed, offset) if value == FULL32]
    if values:
        if len(extra) != 4 + 8 * len(values):
            return None
        wide = iter(struct.unpack(f"<{len(values)}Q", extra[4:]))
        size, packed, offset = (next(wide) if value == FULL32 else value for value in (size, packed, offset))
    try:
        return Entry(name.decode("ascii"), size, crc, offset)
    except UnicodeDecodeError:
        return None
