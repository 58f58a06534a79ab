"""Reads a bag that somebody unpacked: a folder with the files of a bundle, seen like its zip. No link is followed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from archiver.bundle.container import MAX_FILES
from archiver.errors import FormatError, MissingError, StoreError
from archiver.verify.layout import classify

MAX_DEPTH = 16


class FolderContainer:
    """The files of an unpacked bag. What operating systems leave behind is kept apart, in `litter`."""

    folder: str | None = None  # its name is its owner's matter

    def __init__(self, root: Path) -> None:
        """Raises FormatError for links and what else is no file, StoreError."""
        self._root = root
        found: dict[str, int] = {}
        litter: list[str] = []
        try:
            self._walk(root, "", found, litter, 0)
        except OSError as error:
            raise StoreError(f"could not be read: {error.strerror}", where=str(error.filename or root)) from None
        self._sizes = dict(sorted(found.items(), key=lambda item: os.fsencode(item[0])))
        self.litter = tuple(sorted(litter))

    def _walk(self, path: Path, prefix: str, found: dict[str, int], litter: list[str], depth: int) -> None:
        if depth > MAX_DEPTH:
            raise FormatError(f"folders nested deeper than {MAX_DEPTH}", where=str(path))
        with os.scandir(path) as entries:
            for entry in entries:
                name = prefix + entry.name
                if entry.is_symlink():
                    raise FormatError("is a link, and a bundle holds none", where=entry.path)
                if entry.is_dir(follow_symlinks=False):
                    self._walk(Path(entry.path), name + "/", found, litter, depth + 1)
                elif not entry.is_file(follow_symlinks=False):
                    raise FormatError("is no ordinary file", where=entry.path)
                elif classify(name) == "litter":
                    litter.append(name)
                else:
                    found[name] = entry.stat(follow_symlinks=False).st_size
                if len(found) + len(litter) > MAX_FILES:
                    raise FormatError(f"more than {MAX_FILES:,} files", where=str(self._root))

    def close(self) -> None:
        """Nothing is kept open."""

    def names(self) -> Iterable[str]:
        """Names of the files, in byte order."""
        return self._sizes.keys()

    def size(self, name: str) -> int | None:
        """Bytes of a file, None if there is none of that name."""
        return self._sizes.get(name)

    def crc_holds(self, name: str) -> bool:
        """A folder has no checksums of its own."""
        return name in self._sizes

    def open(self, name: str) -> BinaryIO:
        """A file's bytes. Raises MissingError, StoreError."""
        if name not in self._sizes:
            raise MissingError("is missing", where=name)
        try:
            return (self._root / name).open("rb")
        except FileNotFoundError:
            raise MissingError("is missing", where=name) from None
        except OSError as error:
            raise StoreError(f"could not be read: {error.strerror}", where=name) from None
