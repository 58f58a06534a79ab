"""The one place where an archive is written: every create, write, sync, rename and remove goes through a `Disk`.

A file is made under a temporary name in `tmp/`, written, synced, renamed to its place, and its folder is synced: after
that a power cut does not lose it. Many files are synced together. What differs between systems is here, nowhere else:

* Linux: one `syncfs` for a large group, on file systems that keep their own disk (ext4, xfs, btrfs, f2fs, tmpfs) and
  on kernels from 5.8 on, which report its write errors; `fsync` of each file everywhere else.
* macOS: `fsync` hands the data to the drive, `F_FULLFSYNC` makes the drive write its cache: one for a group.
* Windows: files are flushed; folders cannot be.

Names are relative to the archive, `/`-separated. Errors of the system become StoreError with the file and a hint. A
test puts in a `Disk` of its own, that records or fails.
"""

from __future__ import annotations

import errno
import os
import platform
import stat
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.errors import StoreError
from archiver.store.disk_errors import store_error, telling

if TYPE_CHECKING:
    import ctypes

    from archiver.store.scratch import Scratch

TMP = "tmp"
# Objects, chain and log files: written once. Windows cannot sync a file that is read-only.
READ_ONLY = 0o444 if os.name == "posix" else 0o644
EDITABLE = 0o644
TOGETHER = 8  # files from which one syncfs is taken: cheaper from 4 on (bench/append.py), but it waits for others too
BUSY_SECONDS = 2.0  # a syncfs that takes longer waits for somebody else's large copy …
PAUSE_SECONDS = 60.0  # … so for a while each file is synced by itself
THREADS = 8  # from twice as many files on, at once: the file system joins their journal writes

_DARWIN_FULL = getattr(__import__("fcntl"), "F_FULLFSYNC", None) if os.name == "posix" else None
_SYNCFS_KERNEL = (5, 8)  # before it, syncfs returned 0 although writing had failed
# Magic numbers of statfs(2). Network and FUSE file systems are not here: syncfs does not reach their servers.
_OWN_DISK = frozenset({0xEF53, 0x58465342, 0x9123683E, 0xF2F52010, 0x01021994})


def listing(path: Path) -> list[str]:
    """Names in a folder, in no order. Raises OSError."""
    with os.scandir(path) as entries:
        return [entry.name for entry in entries]


def full_sync(handle: int, flush: bool = True) -> None:
    """Wait until a file or folder is on the disk; without `flush`, on macOS, until the drive has it. Raises OSError."""
    if flush and _DARWIN_FULL is not None:
        import fcntl

        with suppress(OSError):  # a network disk does not know it
            fcntl.fcntl(handle, _DARWIN_FULL)
            return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL or not stat.S_ISDIR(os.fstat(handle).st_mode):
            raise  # some network disks cannot sync a folder; a file must be


def sync_folder(path: Path) -> None:
    """Wait until the entries of a folder are on the disk. Raises OSError."""
    if os.name == "posix":
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            full_sync(handle)
        finally:
            os.close(handle)


class Disk:
    """Effects on the files of one archive. Methods may be called from several threads."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self._prefix = f"{self.root}{os.sep}"  # joined as text: a Path costs ten times as much, and there are many
        self._folders: set[str] = set()
        self._lock = threading.Lock()
        self._scratch: Scratch | None = None
        self._not_before = 0.0
        self._whole: int | None = None  # a handle of the root, open since before the first write

    @property
    def scratch(self) -> Scratch:
        """This process's names in `tmp/`."""
        with self._lock:
            if self._scratch is None:
                from archiver.store.scratch import Scratch

                self._scratch = Scratch(self)
            return self._scratch

    def borrow(self, token: str, first: int) -> None:
        """Use names in `tmp/` of the process that holds `token` (store.scratch)."""
        from archiver.store.scratch import borrowed

        self.watch()
        self._scratch = borrowed(self, token, first)

    def path(self, name: str) -> Path:
        """Where the file of that name is."""
        return self.root / name

    def exists(self, name: str) -> bool:
        """Whether anything stands there, a broken symbolic link included."""
        return os.path.lexists(self._prefix + name)

    # -- single effects: what a test records, fails or kills between -------------------------------------------------

    def create(self, name: str, mode: int = READ_ONLY) -> int:
        """A handle of a new file, open for writing whatever its mode says. Raises StoreError if it exists."""
        with telling(self._prefix + name):
            return os.open(self._prefix + name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)

    def write(self, handle: int, name: str, data: bytes) -> None:
        """All of `data` at the handle's place."""
        view = memoryview(data)
        with telling(self._prefix + name):
            while view:
                view = view[os.write(handle, view) :]

    def rewind(self, handle: int, name: str) -> None:
        """Back to the start of a file, to write over what it holds."""
        with telling(self._prefix + name):
            os.lseek(handle, 0, os.SEEK_SET)

    def truncate(self, handle: int, name: str, size: int) -> None:
        """Cut a file to `size` bytes."""
        with telling(self._prefix + name):
            os.ftruncate(handle, size)

    def sync(self, handle: int, name: str, flush: bool = True) -> None:
        """Wait until a file or folder is on the disk; without `flush`, on macOS, until the drive has it."""
        with telling(self._prefix + name):
            full_sync(handle, flush)

    def sync_whole(self) -> bool:
        """Wait until everything written on this file system so far is on the disk (syncfs). False if that cannot be
        had here, a sandbox forbidding it."""
        assert self._whole is not None
        began = time.monotonic()
        with telling(self.root):
            if _libc().syncfs(self._whole) == 0:
                ended = time.monotonic()
                if ended - began > BUSY_SECONDS:
                    self._not_before = ended + PAUSE_SECONDS
                return True
            from ctypes import get_errno

            code = get_errno()
            if code not in (errno.ENOSYS, errno.EPERM):
                raise OSError(code, os.strerror(code))
        os.close(self._whole)
        self._whole = -1
        return False

    def rename(self, old: str, new: str) -> None:
        """Move a file, replacing what is there. The caller has looked whether that is allowed."""
        with telling(self._prefix + new):
            os.replace(self._prefix + old, self._prefix + new)  # noqa: PTH105

    def make_folder(self, name: str) -> None:
        """One new folder; its parent is there."""
        with telling(self._prefix + name):
            os.mkdir(self._prefix + name)  # noqa: PTH102

    def remove(self, name: str) -> None:
        """Delete one file. Nothing there is no error."""
        with telling(self._prefix + name):
            try:
                os.unlink(self._prefix + name)  # noqa: PTH108
            except FileNotFoundError:
                return
            except PermissionError:
                if os.name != "nt":
                    raise
                self.path(name).chmod(stat.S_IWRITE)  # Windows does not delete a read-only file
                self.path(name).unlink(missing_ok=True)

    def remove_folder(self, name: str) -> None:
        """Delete an empty folder."""
        with telling(self._prefix + name):
            self.path(name).rmdir()

    # -- what is made of them ------------------------------------------------------------------------------------------

    def close(self, handle: int, name: str) -> None:
        """Close a file; some file systems say only now that the disk is full."""
        with telling(self._prefix + name):
            os.close(handle)

    def write_file(self, name: str, data: bytes, mode: int = READ_ONLY) -> None:
        """A new file with these bytes, not synced. On failure nothing is left of it."""
        handle = self.create(name, mode)
        try:
            self.write(handle, name, data)
        except BaseException:
            os.close(handle)
            with suppress(StoreError):
                self.remove(name)
            raise
        self.close(handle, name)

    def watch(self) -> None:
        """Open the root before the first write: only then does syncfs report errors of writing that came between."""
        with self._lock:
            if self._whole is None and _has_syncfs():
                with telling(self.root):
                    handle = os.open(self.root, os.O_RDONLY | os.O_CLOEXEC)
                if _file_system(handle) in _OWN_DISK:
                    self._whole = handle
                else:
                    os.close(handle)
                    self._whole = -1

    def __del__(self) -> None:
        if (self._whole or 0) > 0:
            os.close(self._whole)  # type: ignore[arg-type]

    def ensure_folder(self, name: str) -> list[str]:
        """Make a folder and its parents. The folders that got a new entry, which want syncing (`""` is the root).

        Raises StoreError where a symbolic link or a file stands in the way.
        """
        if name in self._folders:
            return []
        changed: list[str] = []
        parts = name.split("/") if name else []
        for depth in range(1, len(parts) + 1):
            part = "/".join(parts[:depth])
            if part in self._folders:
                continue
            try:
                mode = os.lstat(self._prefix + part).st_mode
            except FileNotFoundError:
                self.make_folder(part)
                changed.append("/".join(parts[: depth - 1]))
            except OSError as error:
                raise store_error(error, self.path(part)) from None
            else:
                if stat.S_ISLNK(mode):
                    raise store_error(OSError(errno.ELOOP, ""), self.path(part))
                if not stat.S_ISDIR(mode):
                    raise StoreError("is no folder", where=str(self.path(part)))
            self._folders.add(part)
        return changed

    def sync_files(self, names: Sequence[str], folder: str | None = None) -> None:
        """Wait until all these files are on the disk, and the entries of their folder: together if they are many."""
        names = list(dict.fromkeys(names))
        if self._sync_many(names, os.O_RDONLY if os.name == "posix" else os.O_RDWR) and folder is not None:
            self.sync_folders({folder})

    def sync_folders(self, names: Iterable[str]) -> None:
        """Wait until the entries of all these folders are on the disk."""
        if os.name == "posix":
            self._sync_many(sorted(set(names)), os.O_RDONLY)

    def _sync_many(self, names: list[str], flags: int) -> bool:
        """Whether each was synced by itself, and not everything together."""
        together = len(names) >= TOGETHER and (self._whole or -1) >= 0 and time.monotonic() >= self._not_before
        if together and self.sync_whole():
            return False
        if len(names) >= 2 * THREADS:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(THREADS) as pool:
                list(pool.map(lambda name: self._sync_one(name, flags, name is names[-1]), names[:-1]))
            self._sync_one(names[-1], flags, True)
        else:
            for name in names:
                self._sync_one(name, flags, name is names[-1])
        return True

    def _sync_one(self, name: str, flags: int, flush: bool) -> None:
        with telling(self._prefix + name):
            handle = os.open(self._prefix + name, flags | getattr(os, "O_CLOEXEC", 0))
        try:
            self.sync(handle, name, flush)
        finally:
            os.close(handle)


def _libc() -> ctypes.CDLL:
    import ctypes  # imported when first used: most commands write nothing

    return ctypes.CDLL(None, use_errno=True)


def _has_syncfs() -> bool:
    if sys.platform != "linux" or not hasattr(_libc(), "syncfs"):
        return False
    digits = platform.release().split("-")[0].split(".")[:2]
    return all(part.isdigit() for part in digits) and tuple(map(int, digits)) >= _SYNCFS_KERNEL


def _file_system(handle: int) -> int:
    """The type of a file system as statfs(2) tells it: a long, the first member of the structure."""
    import ctypes

    buffer = ctypes.create_string_buffer(512)
    if _libc().fstatfs(handle, buffer) != 0:
        return 0
    return ctypes.c_ulong.from_buffer(buffer).value & 0xFFFFFFFF
