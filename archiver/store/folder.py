"""An archive folder as Evidence: read-only, never followed out of, never repaired.

Symbolic links and special files are named, so that a verifier reports them, and are not opened.
"""

from __future__ import annotations

import errno
import io
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from archiver.digest import is_digest
from archiver.errors import FormatError, MissingError
from archiver.evidence import read
from archiver.store.disk_errors import store_error
from archiver.store.durable import listing
from archiver.tlog.checkpoint import parse_checkpoint_text
from archiver.tlog.note import open_note
from archiver.tlog.tiles import index_path
from archiver.verify.layout import CHECKPOINT, manifest_path, object_path

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

WHOLE = 16 << 10  # bytes of a file that is read when it is opened: cheaper than a stream, and most files are small
MAX_DEPTH = 24  # folders within folders; the deepest name of the format has 8, below quarantine/ it stands again
MAX_GROUPS = 6  # a sequence is below 2^53
_FILE = re.compile(r"([0-9]{3})\.json", re.ASCII).fullmatch
_UTF8 = re.compile(r"[^\0\ud800-\udfff]+")
_FOLDER = re.compile(r"x([0-9]{3})", re.ASCII).fullmatch
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # no waiting for the writer of a pipe


class ArchiveFolder:
    """Evidence over a folder. Can be pickled, for the processes of a verifier."""

    kind: Literal["archive", "bundle"] = "archive"
    prefix = ""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self.label = str(root)
        self._base = f"{self.root}{os.sep}"
        self._real: set[str] = {""}  # folders that are no symbolic links

    def __reduce__(self) -> tuple[type[ArchiveFolder], tuple[Path]]:
        return ArchiveFolder, (self.root,)

    @staticmethod
    def is_archive(path: Path) -> bool:
        """Whether a folder is an archive, be it a damaged one: two of settings, chain and checkpoint are there."""
        path = Path(path)
        try:
            signs = ((path / "archive.yaml").is_file(), (path / "chain").is_dir(), (path / CHECKPOINT).is_file())
        except OSError:  # PermissionError; is_file() takes the others for "no"
            return False
        return sum(signs) >= 2

    def names(self) -> Iterator[str]:
        """Every file, in byte order, folder by folder: memory is that of one folder's list. Bytes of a name that are
        not UTF-8 are spelled `\\xe9`. Raises StoreError for a folder that cannot be listed."""
        waiting = [iter(self._entries(""))]
        while waiting:
            entry = next(waiting[-1], None)
            if entry is None:
                waiting.pop()
            elif not entry.endswith("/"):
                yield _printable(entry)
            elif len(waiting) > MAX_DEPTH:
                yield _printable(entry[:-1])
            else:
                waiting.append(iter(self._entries(entry)))

    def _entries(self, folder: str) -> list[str]:
        """Names in a folder (its own ends in `/`) in byte order, those of folders with a `/` at the end: a folder's
        files sort where `name/` sorts, between `name.txt` and `name0`."""
        try:
            with os.scandir(os.fsencode(self.root / folder)) as listing:
                found = [entry.name + (b"/" if entry.is_dir(follow_symlinks=False) else b"") for entry in listing]
        except OSError as error:
            raise store_error(error, self.root / _printable(folder)) from None
        found.sort()
        return [folder + os.fsdecode(name) for name in found]

    def size(self, name: str) -> int | None:
        """Bytes in a file, None if there is none. Raises FormatError for what is no file, StoreError."""
        try:
            return self._regular(name, os.lstat(self._path(name))).st_size
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise store_error(error, self.root / name) from None

    def open(self, name: str) -> BinaryIO:
        """A file's bytes. Raises MissingError, StoreError; FormatError for a symbolic link or anything but a file."""
        got = self._get(name)
        return io.BytesIO(got) if isinstance(got, bytes) else io.BufferedReader(_File(got, self.root / name))

    def read(self, name: str, limit: int) -> bytes:
        """The whole of a file, as archiver.evidence.read gives it, with a stream only where that is needed."""
        got = self._get(name)
        if not isinstance(got, bytes):
            with io.BufferedReader(_File(got, self.root / name)) as stream:
                got = stream.read(limit + 1)
        if len(got) > limit:
            raise FormatError(f"more than {limit} bytes", where=name)
        return got

    def _get(self, name: str) -> bytes | int:
        """The bytes of a small file, or the handle of another."""
        try:
            handle = os.open(self._path(name), os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_BINARY", 0))
        except (FileNotFoundError, NotADirectoryError):
            raise MissingError("is missing", where=name) from None
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO, errno.EMLINK):
                raise FormatError("is no plain file (a symbolic link, pipe or device)", where=name) from None
            raise store_error(error, self.root / name) from None
        try:
            size = self._regular(name, os.fstat(handle)).st_size
            if size > WHOLE:
                return handle
            data = os.read(handle, WHOLE + 1)
            if len(data) != size:  # it grows, or is none that can be read at once
                os.lseek(handle, 0, os.SEEK_SET)
                return handle
        except OSError as error:
            os.close(handle)
            raise store_error(error, self.root / name) from None
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
        return data

    def _regular(self, name: str, found: os.stat_result) -> os.stat_result:
        if not stat.S_ISREG(found.st_mode):
            raise FormatError("is no plain file (a symbolic link, folder, pipe or device)", where=name)
        return found

    def _path(self, name: str) -> str:
        """The path of a name that stays inside. Raises FormatError, and OSError for a folder that is not there. Text is
        joined, not paths: a verifier opens files by the hundred thousand."""
        folder, _, last = name.rpartition("/")
        if folder not in self._real or last in ("", ".", "..") or not (last.isascii() and last.isprintable()):
            parts = name.split("/")
            if _UTF8.fullmatch(name) is None or any(part in ("", ".", "..") for part in parts):
                raise FormatError("is no name of a file in an archive", where=name)
            for depth in range(1, len(parts)):
                if stat.S_ISLNK(os.lstat(self._base + "/".join(parts[:depth])).st_mode):
                    raise FormatError(f"{'/'.join(parts[:depth])} is a symbolic link", where=name)
            self._real.add(folder)
        return self._base + name

    def manifest_name(self, sequence: int) -> str:
        """Where the manifest of that number stands, or would stand."""
        return manifest_path(sequence)

    def object_name(self, digest: str) -> str | None:
        """Where an object stands, None if nothing is there."""
        if not is_digest(digest):
            return None
        name = object_path(digest)
        return name if os.path.lexists(self.root / name) else None

    def sequences(self) -> Iterator[int]:
        """The numbers of the manifests in it, ascending, folder by folder."""
        return self.sequences_from(0)

    def sequences_from(self, start: int) -> Iterator[int]:
        """Those from a number on; folders that hold only lower ones are not looked at."""
        for groups in range(len(index_path(start).split("/")), MAX_GROUPS + 1):
            deeper: list[str] = []
            yield from self._numbered("chain", 0, groups, start, deeper)
            if not deeper and not (self.root / manifest_path(1000**groups)).parent.is_dir():
                return

    def _numbered(self, folder: str, high: int, groups: int, start: int, deeper: list[str]) -> Iterator[int]:
        """Numbers of `groups` more groups of three digits below a folder that stands for the groups in `high`. Folders
        with numbers of more groups are put into `deeper`."""
        pattern, width = (_FILE, 1) if groups == 1 else (_FOLDER, 1000 ** (groups - 1))
        try:
            names = listing(self.root / folder)
            found = sorted(int(match.group(1)) for name in names if (match := pattern(name)))
            if groups == 1:
                deeper += [name for name in names if _FOLDER(name)]
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise store_error(error, self.root / folder) from None
        for low in found:
            number = 1000 * high + low
            if (number + 1) * width <= start or (low == number == 0 and groups > 1):
                continue
            if groups == 1:
                yield number
            else:
                yield from self._numbered(f"{folder}/x{low:03d}", number, groups - 1, start, deeper)

    def count(self) -> int:
        """How many manifests the newest checkpoint counts, as it says; without a readable one, how many there are."""
        try:
            return parse_checkpoint_text(open_note(read(self, CHECKPOINT)).text).size
        except (MissingError, FormatError):
            return sum(1 for _ in self.sequences())


class _File(io.FileIO):
    """A file whose disk may fail while it is read."""

    def __init__(self, handle: int, path: Path) -> None:
        super().__init__(handle)
        self._path = path

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        """Raises StoreError."""
        try:
            return super().readinto(buffer)
        except OSError as error:
            raise store_error(error, self._path) from None


def _printable(name: str) -> str:
    """A name that can be written as UTF-8: bytes that are not are spelled as escapes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
