r"""Zips of other programs (APPNOTE 6.3), as named files: stored or deflated, and no other way of packing.

Everything that could be read in two ways is refused (FormatError), or is a fault that the caller reports: two files of
one name, a local header that says something else than the directory, files that overlap, bytes that belong to no file,
links, names that lead out of the folder. The smallest one, of no file: b"PK\5\6" and 18 bytes of zero.

Memory: some 300 bytes a file, and the directory, of at most 64 MiB. Files are read as streams.
"""

from __future__ import annotations

import io
import os
import stat
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from archiver.errors import FormatError, MissingError, StoreError
from archiver.foreign.inflate import Inflated
from archiver.warc.record import Slice

MAX_FILES = 262_144
MAX_DIRECTORY = 64 << 20  # bytes
MAX_NAME = 4096  # bytes
RATIO = 250  # unpacked to packed bytes, of all files together; beyond it, and …
RATIO_FROM = 1 << 30  # … beyond this many unpacked bytes, a zip is a bomb
STORED, DEFLATED = 0, 8
_END, _END64, _LOCATOR = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")
_CENTRAL, _LOCAL = struct.Struct("<4s6H3L5H2L"), struct.Struct("<4s5H3L2H")
_FULL = 0xFFFFFFFF


@dataclass(slots=True)
class Entry:
    """One file: where its local header stands, where its data, how it is packed."""

    name: str
    raw: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    header: int
    data: int = 0


class ZipFiles:
    """The files of a zip. `faults`: what is wrong with it as a whole; `remarks`: what is merely odd."""

    def __init__(self, source: Path | BinaryIO) -> None:
        """Raises FormatError for a zip that cannot be read in one way only, MissingError, StoreError."""
        self.faults: list[str] = []
        self.remarks: list[str] = []
        self.litter: tuple[str, ...] = ()
        self._own = isinstance(source, Path)
        try:
            self._stream: BinaryIO = source.open("rb") if isinstance(source, Path) else source
        except FileNotFoundError:
            raise MissingError("there is no such file", where=str(source)) from None
        except OSError as error:
            raise StoreError(f"could not be read: {error.strerror}", where=str(source)) from None
        try:
            total = self._stream.seek(0, io.SEEK_END)
            begin, size, count = self._read_end(total)
            entries = self._read_directory(begin, size, count)
            self._read_locals(entries, begin)
            self._refuse_bomb(entries, total)
        except OSError as error:
            self.close()
            raise StoreError(f"could not be read: {error.strerror}", where=str(source)) from None
        except FormatError:
            self.close()
            raise
        self._entries = {e.name: e for e in sorted(entries, key=lambda e: e.name) if not e.name.endswith("/")}

    def close(self) -> None:
        """Close the file that was opened here."""
        if self._own:
            self._stream.close()

    def names(self) -> Iterable[str]:
        """Names of the files, sorted; folders are none."""
        return self._entries.keys()

    def size(self, name: str) -> int | None:
        """Unpacked bytes of a file, None if there is none of that name."""
        entry = self._entries.get(name)
        return None if entry is None else entry.size

    def crc(self, name: str) -> int | None:
        """The CRC-32 that the zip gives for a file."""
        entry = self._entries.get(name)
        return None if entry is None else entry.crc

    def is_stored(self, name: str) -> bool:
        """Whether a file lies in the zip as it is."""
        return name in self._entries and self._entries[name].method == STORED

    def open(self, name: str) -> BinaryIO:
        """A file's unpacked bytes, seekable. Raises MissingError, FormatError (also while it is read)."""
        entry = self._entries.get(name)
        if entry is None:
            raise MissingError("is missing", where=name)
        packed = Slice(self._stream, entry.data, entry.packed)
        raw: io.RawIOBase = packed if entry.method == STORED else Inflated(packed, entry.packed, entry.size)
        return io.BufferedReader(raw, 1 << 16)

    def _at(self, offset: int, length: int) -> bytes:
        self._stream.seek(offset)
        data = self._stream.read(length)
        if len(data) != length:
            raise FormatError(f"the zip ends inside what should stand at byte {offset}")
        return data

    def _read_end(self, total: int) -> tuple[int, int, int]:
        """Offset and size of the directory, and how many files it lists."""
        tail_at = max(0, total - _END.size - 0xFFFF)
        tail = self._at(tail_at, total - tail_at)
        found, at = [], tail.find(b"PK\5\6")
        while at >= 0:
            if at + _END.size <= len(tail) and at + _END.size + _END.unpack_from(tail, at)[7] == len(tail):
                found.append(at)
            at = tail.find(b"PK\5\6", at + 1)
        if not found:
            raise FormatError("no zip, or one that is cut off, or has something behind its end")
        if len(found) > 1:
            raise FormatError("a zip with two ends: programs would not agree on which files are in it")
        _, disk, first_disk, here, count, size, begin, comment = _END.unpack_from(tail, found[0])
        end = tail_at + found[0]
        if comment:
            self.remarks.append(f"the zip has a comment of {comment} bytes, which nothing covers")
        if (disk or first_disk or here != count) and not (disk == first_disk == 0xFFFF):
            raise FormatError("a zip in several parts")
        if 0xFFFF in (here, count) or _FULL in (size, begin):
            begin, size, count, end = self._read_end64(end, begin, size, count)
        if begin + size != end:
            raise FormatError(f"{end - begin - size} bytes where the directory should meet the end of the zip")
        if size > MAX_DIRECTORY or count > MAX_FILES:
            raise FormatError(f"a directory of {size} bytes and {count} files; at most {MAX_FILES} are read")
        return begin, size, count

    def _read_end64(self, end: int, begin: int, size: int, count: int) -> tuple[int, int, int, int]:
        if end < _LOCATOR.size:
            return begin, size, count, end
        name, _, at, _ = _LOCATOR.unpack(self._at(end - _LOCATOR.size, _LOCATOR.size))
        if name != b"PK\6\7":
            return begin, size, count, end
        name, length, _, _, _, _, here, total, size64, begin64 = _END64.unpack(self._at(at, _END64.size))
        if name != b"PK\6\6" or here != total or at + 12 + length != end - _LOCATOR.size:
            raise FormatError("the zip64 end is damaged")
        for small, large, full in ((begin, begin64, _FULL), (size, size64, _FULL), (count, total, 0xFFFF)):
            if small not in (full, large):
                raise FormatError("the two ends of the zip contradict each other")
        return begin64, size64, total, at

    def _read_directory(self, begin: int, size: int, count: int) -> list[Entry]:
        data, at = self._at(begin, size), 0
        entries: list[Entry] = []
        seen: dict[str, str] = {}
        while at < size:
            if at + _CENTRAL.size > size:
                raise FormatError("the directory of the zip is cut off")
            name, made, _, flags, method, _, _, crc, packed, full, n, m, k, disk, _, mode, header = (
                _CENTRAL.unpack_from(data, at)
            )
            end = at + _CENTRAL.size + n + m + k
            if name != b"PK\1\2" or end > size or disk not in (0, 0xFFFF):
                raise FormatError(f"the directory of the zip is damaged at byte {begin + at}")
            raw = data[at + _CENTRAL.size : at + _CENTRAL.size + n]
            extra = data[at + _CENTRAL.size + n : at + _CENTRAL.size + n + m]
            full, packed, header = _wide(extra, full, packed, header)
            entry = Entry(_name(raw, flags), raw, flags, method, crc, packed, full, header)
            self._judge(entry, made >> 8, mode >> 16, extra, seen)
            entries.append(entry)
            at = end
        if len(entries) != count:
            raise FormatError(f"the directory lists {len(entries)} files, the end of the zip says {count}")
        return entries

    def _judge(self, entry: Entry, system: int, mode: int, extra: bytes, seen: dict[str, str]) -> None:
        name = entry.name
        if entry.flags & 0x2041:
            raise FormatError("is encrypted", where=name)
        if entry.method not in (STORED, DEFLATED):
            raise FormatError(f"is packed in a way (method {entry.method}) that is not read here", where=name)
        if entry.method == STORED and entry.packed != entry.size:
            raise FormatError("is stored, and has two sizes", where=name)
        if system == 3 and stat.S_ISLNK(mode):
            raise FormatError("is a link", where=name)
        if name.endswith("/") and entry.size:
            raise FormatError("is a folder with bytes in it", where=name)
        if any(kind == 0x7075 and value[5:] != entry.raw for kind, value in _extra(extra)):
            raise FormatError("has two names", where=name)
        folded = name.casefold()
        if seen.get(folded) == name:
            raise FormatError("two files of one name: programs would not agree on which it is", where=name)
        if folded in seen:
            self.faults.append(f"{name} and {seen[folded]} differ in case alone")
        seen[folded] = name

    def _read_locals(self, entries: list[Entry], begin: int) -> None:
        """Each local header says what the directory says, and the files lie one behind the other without a gap."""
        reached = 0
        for entry in sorted(entries, key=lambda e: e.header):
            if entry.header != reached:
                what = "overlaps another file" if entry.header < reached else "has bytes before it that no file owns"
                raise FormatError(what, where=entry.name)
            sign, _, flags, method, _, _, crc, packed, size, n, m = _LOCAL.unpack(self._at(reached, _LOCAL.size))
            rest = self._at(reached + _LOCAL.size, n + m)
            later = bool(flags & 8)
            size, packed, _ = _wide(rest[n:], size, packed, 0)
            same = (flags & 0x0808) == (entry.flags & 0x0808) and method == entry.method and rest[:n] == entry.raw
            if not later or (crc, packed, size) != (0, 0, 0):
                same = same and (crc, packed, size) == (entry.crc, entry.packed, entry.size)
            if sign != b"PK\3\4" or not same:
                raise FormatError("its local header says something else than the directory", where=entry.name)
            entry.data = reached + _LOCAL.size + n + m
            reached = entry.data + entry.packed
            if later:
                reached += self._descriptor(entry, reached)
        if reached != begin:
            raise FormatError(f"{abs(begin - reached)} bytes before the directory that belong to no file")

    def _descriptor(self, entry: Entry, at: int) -> int:
        """Length of the data descriptor (APPNOTE 4.3.9), which has four shapes."""
        self._stream.seek(at)
        data = self._stream.read(24)
        said = (entry.crc, entry.packed, entry.size)
        for sign, shape in ((b"PK\7\x08", "<3L"), (b"PK\7\x08", "<L2Q"), (b"", "<3L"), (b"", "<L2Q")):
            length = len(sign) + struct.calcsize(shape)
            fits = data[: len(sign)] == sign and len(data) >= length
            if fits and struct.unpack_from(shape, data, len(sign)) == said:
                return length
        raise FormatError("what stands behind its data says something else than the directory", where=entry.name)

    def _refuse_bomb(self, entries: list[Entry], total: int) -> None:
        unpacked = sum(entry.size for entry in entries)
        if unpacked > RATIO_FROM and unpacked > RATIO * total:
            raise FormatError(f"the zip unpacks from {total} to {unpacked} bytes: not looked into")


def is_zip(stream: BinaryIO) -> bool:
    """Whether a stream begins like a zip; leaves it at its start."""
    stream.seek(0)
    magic = stream.read(4)
    stream.seek(0)
    return magic in (b"PK\3\4", b"PK\5\6")


def check_name(name: str) -> None:
    """Raises FormatError for a name that another folder, or another system, would understand otherwise."""
    parts = name.removesuffix("/").split("/")
    odd = any(ord(char) < 32 or char in "\\\x7f" or 0xD800 <= ord(char) < 0xE000 for char in name)
    if odd or not name or any(part in ("", ".", "..") for part in parts) or (len(name) > 1 and name[1] == ":"):
        raise FormatError(f"a name that no file may have: {name[:200]!r}")
    if len(os.fsencode(name)) > MAX_NAME:
        raise FormatError(f"a name of more than {MAX_NAME} bytes")


def _name(raw: bytes, flags: int) -> str:
    try:
        name = raw.decode("utf-8" if flags & 0x800 or raw.isascii() else "cp437")
    except UnicodeDecodeError:
        raise FormatError(f"a name that is not UTF-8: {raw[:80]!r}") from None
    check_name(name)
    return name


def _extra(data: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 0
    while at + 4 <= len(data):
        kind, size = struct.unpack_from("<2H", data, at)
        found.append((kind, data[at + 4 : at + 4 + size]))
        at += 4 + size
    return found


def _wide(extra: bytes, size: int, packed: int, header: int) -> tuple[int, int, int]:
    """The numbers that did not fit, from the zip64 field (APPNOTE 4.5.3)."""
    values = [size, packed, header]
    if _FULL not in values:
        return size, packed, header
    field = next((value for kind, value in _extra(extra) if kind == 1), b"")
    at = 0
    for index, value in enumerate(values):
        if value == _FULL and at + 8 <= len(field):
            values[index] = struct.unpack_from("<Q", field, at)[0]
            at += 8
    return values[0], values[1], values[2]
