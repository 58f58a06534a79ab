"""Reads and writes the zip of a bundle: strictly the one spelling of `zipformat`, in one folder, nothing extracted.

A reader accepts exactly what `ZipWriter` would have written for these names, sizes, CRCs and this order. Anything
else is a FormatError that says what: packed again by another program, encrypted, linked, overlapping, hidden in gaps.
A bag that was unpacked and packed again is still good evidence: unpack it, and verify the folder.

Limits: 262,144 files, names of at most 200 characters.
"""

from __future__ import annotations

import hashlib
import io
import re
import threading
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

from archiver import digest
from archiver.bundle import refusal
from archiver.bundle.zipformat import (
    CENTRAL_SIZE,
    END64_SIZE,
    END_SIZE,
    FULL32,
    LOCATOR_SIZE,
    MAX_EXTRA,
    End,
    Entry,
    central_header,
    end_records,
    local_header,
    parse_directory,
    parse_end,
)
from archiver.errors import ArchiverError, FormatError, MissingError, StoreError

MAX_FILES = 1 << 18
MAX_NAME = 200  # characters, folder included; with Windows' 260 this leaves 60 for where it is unpacked
BUFFER = 1 << 16
HINT = "if another program packed it again: unpack it, and verify the folder"
_NAME = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*", re.ASCII)


def check_name(name: str) -> None:
    """Raises FormatError unless `name` may stand in a bundle: relative, plain, the same on every system."""
    if _NAME.fullmatch(name) is None or len(name) > MAX_NAME or not set(name.split("/")).isdisjoint((".", "..")):
        raise FormatError(refusal.name_fault(name.encode("utf-8", "surrogateescape")) or "is no name for a file here")


class ZipWriter:
    """Writes files in byte order of their names. `out` is empty, at its start, writable and seekable."""

    def __init__(self, out: BinaryIO, folder: str) -> None:
        self._out = out
        self._folder = folder
        self._entries: list[Entry] = []
        self._end = 0
        check_name(folder)

    def add(self, name: str, pieces: Iterable[bytes], size: int | None = None) -> tuple[str, int]:
        """Write one file; its digest and length. `size` is needed from 4 GiB on. Raises FormatError, StoreError."""
        full = f"{self._folder}/{name}"
        check_name(full)
        if self._entries and self._entries[-1].name >= full:
            raise FormatError("files are written in byte order of their names", where=name)
        if len(self._entries) >= MAX_FILES:
            raise FormatError(f"a bundle holds at most {MAX_FILES} files", hint="export in several bundles")
        draft = Entry(full, 0 if size is None else size, 0, self._end)
        try:
            self._out.write(local_header(draft))
            found, length, crc = self._copy(pieces)
            entry = Entry(full, length, crc, self._end)
            if (size is not None and length != size) or entry.data_offset != draft.data_offset:
                raise FormatError(f"has {length} bytes, not {size}", where=name)
            self._out.seek(self._end)
            self._out.write(local_header(entry))
            self._out.seek(entry.end)
        except OSError as error:
            raise StoreError(f"could not be written: {error.strerror or error}") from None
        self._entries.append(entry)
        self._end = entry.end
        return found, length

    def _copy(self, pieces: Iterable[bytes]) -> tuple[str, int, int]:
        state, length, crc = hashlib.sha256(), 0, 0
        for piece in pieces:
            state.update(piece)
            crc = zlib.crc32(piece, crc)
            length += len(piece)
            self._out.write(piece)
        return "sha256:" + state.hexdigest(), length, crc

    def finish(self) -> int:
        """Write the directory; the size of the whole. Raises StoreError."""
        size = 0
        try:
            for entry in self._entries:
                header = central_header(entry)
                size += len(header)
                self._out.write(header)
            tail = end_records(len(self._entries), size, self._end)
            self._out.write(tail)
        except OSError as error:
            raise StoreError(f"could not be written: {error.strerror or error}") from None
        return self._end + size + len(tail)


class ZipContainer:
    """The files of a bundle's zip, by their names in its one folder. Safe to read from several threads."""

    litter: tuple[str, ...] = ()

    def __init__(self, source: Path | BinaryIO) -> None:
        """Raises FormatError for any other zip than archiver writes, MissingError, StoreError."""
        self._path = source if isinstance(source, Path) else None
        try:
            self._stream: BinaryIO = source.open("rb") if isinstance(source, Path) else source
        except FileNotFoundError:
            raise MissingError("is not there", where=str(source)) from None
        except OSError as error:
            raise StoreError(f"could not be read: {error.strerror}", where=str(source)) from None
        self._lock = threading.Lock()
        self._sums: dict[str, int] = {}  # CRC-32 of files that were read from start to end
        try:
            self.folder, self._entries = self._read_directory()
        except ArchiverError as error:
            self.close()
            error.where = error.where or (str(source) if self._path else None)
            raise

    def close(self) -> None:
        """Close the file that was opened here; a stream that was given stays open."""
        if self._path is not None:
            self._stream.close()

    def names(self) -> Iterable[str]:
        """Names of the files, in byte order."""
        return self._entries.keys()

    def size(self, name: str) -> int | None:
        """Bytes of a file, None if there is none of that name."""
        entry = self._entries.get(name)
        return None if entry is None else entry.size

    def open(self, name: str) -> BinaryIO:
        """A file's bytes. Raises MissingError."""
        entry = self._entries.get(name)
        if entry is None:
            raise MissingError("is missing", where=name)
        return cast(BinaryIO, io.BufferedReader(_Member(self, entry, name), BUFFER))

    def crc_holds(self, name: str) -> bool:
        """Whether a file has the CRC-32 that the zip gives; it is read unless it was already, from start to end. A
        wrong one says nothing about the evidence, but other programs refuse it. Raises MissingError, StoreError."""
        if name not in self._sums:
            with self.open(name) as stream:
                for _ in pieces(stream):
                    pass
        return self._sums.get(name, 0) == self._entries[name].crc

    def note_sum(self, name: str, crc: int) -> None:
        """Called by a stream that was read from start to end."""
        self._sums[name] = crc

    def read_at(self, offset: int, length: int) -> bytes:
        """`length` bytes of the zip, fewer at its end. Raises StoreError."""
        try:
            with self._lock:
                self._stream.seek(offset)
                return self._stream.read(length)
        except OSError as error:
            raise StoreError(f"could not be read: {error.strerror or error}", where=str(self._path)) from None

    def read_into(self, offset: int, room: memoryview) -> int:
        """Fill `room` with bytes of the zip; how many, fewer at its end. Raises StoreError."""
        try:
            with self._lock:
                self._stream.seek(offset)
                if hasattr(self._stream, "readinto"):
                    return int(self._stream.readinto(room) or 0)
                data = self._stream.read(len(room))
        except OSError as error:
            raise StoreError(f"could not be read: {error.strerror or error}", where=str(self._path)) from None
        room[: len(data)] = data
        return len(data)

    def _length(self) -> int:
        try:
            return self._stream.seek(0, io.SEEK_END)
        except OSError as error:
            raise StoreError(f"could not be read: {error.strerror or error}", where=str(self._path)) from None

    def _read_directory(self) -> tuple[str, dict[str, Entry]]:
        total = self._length()
        end = self._read_end(total)
        entries: list[Entry] = []
        place = 0
        for listed in parse_directory(self.read_at(end.offset, end.size)):
            entry = None if listed is None else listed.entry
            if listed is None or entry is None or central_header(entry) != listed.raw:
                raise FormatError(refusal.entry_fault(listed), hint=HINT)
            check_name(entry.name)
            if entries and entry.name <= entries[-1].name:
                raise FormatError(refusal.order_fault(entry.name, entries), hint=HINT)
            if entry.offset != place:
                raise FormatError(refusal.place_fault(entry, place), hint=HINT)
            entries.append(entry)
            place = entry.end
        if len(entries) != end.count or place != end.offset:
            raise FormatError(refusal.count_fault(end, len(entries), place), hint=HINT)
        for entry in entries:
            header = local_header(entry)
            if self.read_at(entry.offset, len(header)) != header:
                raise FormatError(f"{entry.name!r}: its header and its line in the directory differ", hint=HINT)
        return _in_one_folder(entries)

    def _read_end(self, total: int) -> End:
        tail = self.read_at(max(0, total - END_SIZE - LOCATOR_SIZE - END64_SIZE), END_SIZE + LOCATOR_SIZE + END64_SIZE)
        end = parse_end(tail)
        if end is None:
            raise FormatError(refusal.end_fault(self.read_at(max(0, total - 65557), 65557)), hint=HINT)
        if end.count > MAX_FILES:
            raise FormatError(f"claims {end.count:,} files; at most {MAX_FILES:,} are read")
        records = end_records(end.count, end.size, end.offset)
        if (
            end.size > end.count * (CENTRAL_SIZE + MAX_NAME + MAX_EXTRA)
            or end.offset + end.size + len(records) != total
        ):
            raise FormatError(refusal.length_fault(end, total), hint=HINT)
        if not tail.endswith(records):
            raise FormatError("its end is not as archiver writes it (zip64, disks or a comment)", hint=HINT)
        return end


def _in_one_folder(entries: list[Entry]) -> tuple[str, dict[str, Entry]]:
    folder = entries[0].name.partition("/")[0] if entries else ""
    found: dict[str, Entry] = {}
    folded: set[str] = set()
    for entry in entries:
        top, _, name = entry.name.partition("/")
        if top != folder or not name:
            raise FormatError(f"{entry.name!r} does not stand in the one folder {folder!r}", hint=HINT)
        lower = name.lower()
        if lower in folded:
            raise FormatError(f"{entry.name!r}: two names that are one where case does not count", hint=HINT)
        folded.add(lower)
        found[name] = entry
    if not found:
        raise FormatError("holds no files")
    for name in folded:
        parents = name.split("/")[:-1]
        if any("/".join(parents[: n + 1]) in folded for n in range(len(parents))):
            raise FormatError(f"{name!r} stands in a folder that is also a file", hint=HINT)
    return folder, found


class _Member(io.RawIOBase):
    """One file of the zip as a seekable stream."""

    def __init__(self, container: ZipContainer, entry: Entry, name: str) -> None:
        super().__init__()
        self._container, self._entry, self._name = container, entry, name
        self._place = 0
        self._crc = 0
        self._summed = 0  # bytes from the start that the CRC covers

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._entry.size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        left = max(0, self._entry.size - self._place)
        room = memoryview(buffer).cast("B")[: min(left, len(buffer))]
        count = self._container.read_into(self._entry.data_offset + self._place, room) if room else 0
        if self._place == self._summed and count:
            self._crc = zlib.crc32(room[:count], self._crc)
            self._summed += count
            if self._summed == self._entry.size:
                self._container.note_sum(self._name, self._crc)
        self._place += count
        return count


def pieces(stream: BinaryIO) -> Iterator[bytes]:
    """What is left in a stream, a piece at a time."""
    while piece := stream.read(digest.CHUNK):
        yield piece


assert FULL32 > MAX_FILES
