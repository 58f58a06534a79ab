"""Key files on disk, and the guard that keeps a log key from ever signing a fork.

The guard lies beside the log's private key, not in the archive: a restored backup or a copied folder brings an old
log with it, never an old guard. Format of `<log key>.guard` (specimen):

    archiver log-guard/v1
    log-5d2c9a
    42
    47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=

origin, highest size signed, base64 of the root signed for it.
"""

from __future__ import annotations

import base64
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from archiver.errors import FormatError, MissingError, RefusedError, StoreError
from archiver.signing.keys import MAX_KEY_FILE
from archiver.store.disk_errors import store_error, telling
from archiver.store.durable import full_sync, sync_folder

MAX_GUARD = 1024  # bytes
LOCK_SECONDS = 60.0

_GUARD = re.compile(rb"archiver log-guard/v1\n([^\n]{1,255})\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n")


def write_private(path: Path, data: bytes) -> None:
    """Create a private key file, mode 0600, in a folder of mode 0700. Raises StoreError if it exists, or cannot be
    written: then nothing is left of it."""
    try:
        private_folder(path.parent)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise StoreError("exists already, and a key is never overwritten", where=str(path)) from None
    except OSError as error:
        raise store_error(error, path) from None
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            full_sync(stream.fileno())
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise store_error(error, path) from None


def read_private(path: Path) -> bytes:
    """A private key file. Raises MissingError; StoreError if others may read it."""
    try:
        with path.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
                raise StoreError(
                    f"can be read by others (mode {stat.S_IMODE(mode):04o})", where=str(path), hint=f"chmod 600 {path}"
                )
            data = stream.read(MAX_KEY_FILE + 1)
    except FileNotFoundError:
        raise MissingError("the private key is not on this machine", where=str(path)) from None
    except OSError as error:
        raise store_error(error, path) from None
    if len(data) > MAX_KEY_FILE:
        raise FormatError("too large for a private key", where=str(path))
    return data


def private_folder(path: Path) -> None:
    """Make a folder that only its owner enters, mode 0700, and its parents. Raises OSError."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def private_lock(path: Path) -> Iterator[None]:
    """Hold the kernel's lock on `<path>.lock` while a file of the user's is changed. Raises StoreError."""
    from filelock import FileLock, Timeout

    lock = FileLock(f"{path}.lock", timeout=LOCK_SECONDS, thread_local=False)
    with telling(path):
        private_folder(path.parent)
        try:
            lock.acquire(poll_interval=0.01)
        except Timeout:
            raise StoreError(
                "is in use by another archiver", where=str(path), hint="wait until it has finished, or stop it"
            ) from None
    try:
        yield
    finally:
        lock.release()


def encode_guard(origin: str, size: int, root: bytes) -> bytes:
    """The bytes of a guard file."""
    return f"archiver log-guard/v1\n{origin}\n{size}\n{base64.b64encode(root).decode('ascii')}\n".encode()


class LogGuard:
    """The highest size and root that a log key has signed, synced before a checkpoint leaves memory."""

    def __init__(self, path: Path, origin: str) -> None:
        self.path = path
        self.origin = origin

    def read(self) -> tuple[int, bytes] | None:
        """Size and root, None before the first checkpoint. Raises FormatError, StoreError."""
        try:
            with self.path.open("rb") as stream:
                data = stream.read(MAX_GUARD + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise store_error(error, self.path) from None
        match = _GUARD.fullmatch(data)
        if match is not None:
            size, root = int(match.group(2)), base64.b64decode(match.group(3))
            if encode_guard(self.origin, size, root) == data:
                return size, root
        raise FormatError(
            "is not the guard of this log",
            where=str(self.path),
            hint="it says what the log's key has signed already: restore it from a copy, never edit or delete it",
        )

    def advance(self, size: int, root: bytes, extends: Callable[[int, bytes], bool]) -> None:
        """Allow the signature of (size, root), and note it. Raises RefusedError unless it extends all signed before."""
        with private_lock(self.path):
            before = self.read()
            if before == (size, root):
                self._settle()  # it may have been written by a process that was killed before it was synced
                return
            if before is not None and (size < before[0] or (size == before[0]) or not extends(*before)):
                raise RefusedError(
                    f"this key has signed a log of {before[0]} manifests that is not the beginning of this one",
                    where=str(self.path),
                    hint="this archive is an old or changed copy: use the newest one (a log is never signed twice)",
                )
            self._write(encode_guard(self.origin, size, root))

    def renew(self, size: int, root: bytes) -> None:
        """Make a lost guard anew, where a person vouches that the key has signed nothing beyond (size, root): no other
        copy of the archive was written to since. Raises RefusedError if there is a guard."""
        with private_lock(self.path):
            if self.read() is not None:
                raise RefusedError("the guard is there, and only the log itself moves it", where=str(self.path))
            self._write(encode_guard(self.origin, size, root))

    def _write(self, data: bytes) -> None:
        temporary = self.path.with_name(self.path.name + ".new")
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                full_sync(stream.fileno())
            temporary.replace(self.path)
            sync_folder(self.path.parent)
        except OSError as error:
            raise store_error(error, self.path) from None

    def _settle(self) -> None:
        try:
            with self.path.open("r+b") as stream:
                full_sync(stream.fileno())
            sync_folder(self.path.parent)
        except OSError as error:
            raise store_error(error, self.path) from None
