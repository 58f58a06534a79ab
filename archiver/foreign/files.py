"""Named files of somebody else's: a folder, one file alone, or a zip (zip_files), and the sums of one.

Links are not followed, pipes and devices not opened. What operating systems leave behind is `litter`.
"""

from __future__ import annotations

import hashlib
import os
import stat
import zlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from archiver import digest
from archiver.errors import ArchiverError, FormatError, MissingError, StoreError
from archiver.foreign.zip_files import MAX_FILES, check_name
from archiver.verify.layout import classify
from archiver.verify.report import Report

MAX_DEPTH = 32
MAX_TEXT = 64 << 20  # bytes of a list or report that is read as a whole
ALGORITHMS = ("sha512", "sha384", "sha256", "sha3_512", "sha1", "md5")  # strong ones first
WEAK = frozenset({"sha1", "md5"})
SIZES = {name: hashlib.new(name, usedforsecurity=False).digest_size for name in ALGORITHMS}


class Files(Protocol):
    """Read access to named files."""

    faults: list[str]
    remarks: list[str]
    litter: tuple[str, ...]

    def names(self) -> Iterable[str]:
        """Every file, sorted."""

    def size(self, name: str) -> int | None:
        """Bytes, None if there is none of that name."""

    def crc(self, name: str) -> int | None:
        """The CRC-32 that the container gives, None if it gives none."""

    def open(self, name: str) -> BinaryIO:
        """The bytes, seekable. Raises MissingError, FormatError, StoreError."""

    def close(self) -> None:
        """Close what was opened here."""


class FolderFiles:
    """The files of a folder, or of one file alone under its own name."""

    def __init__(self, root: Path) -> None:
        """Raises FormatError for a folder that cannot be listed in one way, StoreError."""
        self.faults: list[str] = []
        self.remarks: list[str] = []
        self._sizes: dict[str, int] = {}
        self._litter: list[str] = []
        self._root = root if root.is_dir() else root.parent
        try:
            if root.is_dir():
                self._walk(root, "", 0)
            else:
                self._sizes[root.name] = root.stat().st_size
        except OSError as error:
            raise StoreError(f"could not be read: {error.strerror}", where=str(error.filename or root)) from None
        self._sizes = dict(sorted(self._sizes.items()))
        self.litter = tuple(sorted(self._litter))

    def _walk(self, path: Path, prefix: str, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise FormatError(f"folders nested deeper than {MAX_DEPTH}", where=str(path))
        with os.scandir(path) as entries:
            for entry in entries:
                name = prefix + entry.name
                if entry.is_symlink() or not (entry.is_dir() or entry.is_file()):
                    self.faults.append(f"{_shown(name)} is a link, or no ordinary file: not opened")
                elif entry.is_dir():
                    self._walk(Path(entry.path), name + "/", depth + 1)
                elif classify(name) == "litter":
                    self._litter.append(name)
                else:
                    check_name(name)
                    self._sizes[name] = entry.stat(follow_symlinks=False).st_size
                if len(self._sizes) + len(self._litter) + len(self.faults) > MAX_FILES:
                    raise FormatError(f"more than {MAX_FILES:,} files", where=str(self._root))

    def names(self) -> Iterable[str]:
        return self._sizes.keys()

    def size(self, name: str) -> int | None:
        return self._sizes.get(name)

    def crc(self, name: str) -> int | None:
        return None

    def open(self, name: str) -> BinaryIO:
        if name not in self._sizes:
            raise MissingError("is missing", where=name)
        try:
            flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
            number = os.open(self._root / name, flags)
        except FileNotFoundError:
            raise MissingError("is missing", where=name) from None
        except OSError as error:
            raise StoreError(f"could not be read: {error.strerror}", where=name) from None
        if not stat.S_ISREG(os.fstat(number).st_mode):
            os.close(number)
            raise StoreError("is no ordinary file any more", where=name)
        return os.fdopen(number, "rb")

    def close(self) -> None:
        return None


class Under:
    """The files below one folder of others, without its name."""

    def __init__(self, files: Files, folder: str) -> None:
        self._files, self._folder = files, folder + "/"
        self.faults, self.remarks, self.litter = files.faults, files.remarks, files.litter

    def names(self) -> Iterable[str]:
        return (n.removeprefix(self._folder) for n in self._files.names() if n.startswith(self._folder))

    def size(self, name: str) -> int | None:
        return self._files.size(self._folder + name)

    def crc(self, name: str) -> int | None:
        return self._files.crc(self._folder + name)

    def open(self, name: str) -> BinaryIO:
        return self._files.open(self._folder + name)

    def close(self) -> None:
        self._files.close()


@dataclass(frozen=True, slots=True)
class Sums:
    """Digests by algorithm, in lower-case hexadecimal digits; CRC-32; bytes."""

    digests: dict[str, str]
    crc: int
    size: int


def sums(stream: BinaryIO, algorithms: Collection[str]) -> Sums:
    """All sums of a stream in one go, in flat memory."""
    states: dict[str, Any] = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    crc = size = 0
    while piece := stream.read(digest.CHUNK):
        for state in states.values():
            state.update(piece)
        crc = zlib.crc32(piece, crc)
        size += len(piece)
    return Sums({name: state.hexdigest() for name, state in states.items()}, crc, size)


def read_text(files: Files, name: str, limit: int = MAX_TEXT) -> bytes:
    """The whole of a list. Raises MissingError, StoreError; FormatError beyond `limit` bytes."""
    wanted = min(files.size(name) or 0, limit) + 1  # a read allocates what it is asked for
    with files.open(name) as stream:
        data = stream.read(wanted)
    if len(data) > limit:
        raise FormatError(f"more than {limit} bytes", where=name)
    return data


def blame(report: Report, step: int, error: ArchiverError, code: str, name: str | None = None) -> None:
    """A finding for a file that could not be used."""
    if isinstance(error, MissingError):
        code = "file-missing"
    elif isinstance(error, StoreError):
        code = "file-unreadable"
    report.find(step, code, error.message, file=error.where or name)


def check_container(report: Report, files: Files) -> None:
    """What is wrong, odd or litter about the zip or folder itself: step 1."""
    for fault in files.faults:
        report.find(1, "container-bad", fault)
    for remark in files.remarks:
        report.find(1, "file-unbound", remark)
    for name in files.litter:
        report.find(1, "file-litter", "is left by an operating system", file=name)


def _shown(name: str) -> str:
    return name.encode("utf-8", "replace").decode()[:200]
