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
from collections.abc import Callable
from pathlib import Path

from archiver.errors import FormatError, MissingError, RefusedError, StoreError
from archiver.signing.keys import MAX_KEY_FILE

_GUARD = re.compile(rb"archiver log-guard/v1\n([^\n]{1,255})\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n")


def write_private(path: Path, data: bytes) -> None:
    """Create a private key file, mode 0600, in a folder of mode 0700. Raises StoreError if it exists."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        _sync_folder(path.parent)
    except FileExistsError:
        raise StoreError("exists already, and a key is never overwritten", where=str(path)) from None
    except OSError as error:
        raise StoreError(f"could not be written: {error.strerror}", where=str(path)) from None


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
        raise StoreError(f"could not be read: {error.strerror}", where=str(path)) from None
    if len(data) > MAX_KEY_FILE:
        raise FormatError("too large for a private key", where=str(path))
    return data


def _sync_folder(path: Path) -> None:
    if os.name == "posix":
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class LogGuard:
    """The highest size and root that a log key has signed, synced before a checkpoint leaves memory."""

    def __init__(self, path: Path, origin: str) -> None:
        self.path = path
        self.origin = origin

    def read(self) -> tuple[int, bytes] | None:
        """Size and root, None before the first checkpoint. Raises FormatError, StoreError."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"could not be read: {error.strerror}", where=str(self.path)) from None
        match = _GUARD.fullmatch(data)
        if match is None or match.group(1) != self.origin.encode():
            raise FormatError("is not the guard of this log", where=str(self.path), hint="never edit this file")
        return int(match.group(2)), base64.b64decode(match.group(3))

    def advance(self, size: int, root: bytes, extends: Callable[[int, bytes], bool]) -> None:
        """Allow the signature of (size, root), and note it. Raises RefusedError unless it extends all signed before."""
        from filelock import FileLock

        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(str(self.path) + ".lock", timeout=60):
            before = self.read()
            if before == (size, root):
                return
            if before is not None and (size < before[0] or (size == before[0]) or not extends(*before)):
                raise RefusedError(
                    f"this key has signed a log of {before[0]} manifests that is not the beginning of this one",
                    where=str(self.path),
                    hint="this archive is an old or changed copy: use the newest one (a log is never signed twice)",
                )
            self._write(f"archiver log-guard/v1\n{self.origin}\n{size}\n{base64.b64encode(root).decode()}\n".encode())

    def _write(self, data: bytes) -> None:
        temporary = self.path.with_name(self.path.name + ".new")
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(self.path)
            _sync_folder(self.path.parent)
        except OSError as error:
            raise StoreError(f"could not be written: {error.strerror}", where=str(self.path)) from None
