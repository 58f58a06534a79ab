"""Objects: immutable bytes named by their SHA-256, `objects/sha256/9f/86d081…`, mode 0444.

Staging writes an object under a temporary name, in any thread, and hashes it on the way. Only a commit (store.ledger)
puts it in its place.
"""

from __future__ import annotations

import hashlib
import io
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from archiver import digest
from archiver.errors import FormatError, MissingError, StoreError, UsageError
from archiver.evidence import Evidence
from archiver.store.durable import Disk
from archiver.verify.layout import object_path

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PIECE = 256 << 10  # bytes gathered before they are written and hashed


@dataclass(frozen=True, slots=True)
class StagedObject:
    """Bytes in `tmp/`, complete and hashed, not sealed. `name` is relative to the archive, `size` in bytes."""

    root: str
    name: str
    digest: str
    size: int

    @property
    def temp(self) -> Path:
        """Where the bytes are."""
        return Path(self.root, self.name)

    def __reduce__(self) -> tuple[type[StagedObject], tuple[str, str, str, int]]:
        return StagedObject, (self.root, self.name, self.digest, self.size)


class Staging(io.RawIOBase):
    """A binary stream that becomes a StagedObject. Leaving its `with` before `finish` discards it."""

    def __init__(self, disk: Disk) -> None:
        super().__init__()
        self._disk = disk
        self._name = disk.scratch.new_name()
        self._handle: int | None = disk.create(self._name)
        self._hash = hashlib.sha256()
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._size = 0
        self._finished = False

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, data: ReadableBuffer) -> int:
        """Append bytes; all of them are taken. Raises StoreError."""
        if self._handle is None:
            raise UsageError("this object is finished")
        piece = bytes(data)
        self._pieces.append(piece)
        self._waiting += len(piece)
        self._size += len(piece)
        if self._waiting >= PIECE:
            self._write_out()
        return len(piece)

    def _write_out(self) -> None:
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces, self._waiting = [], 0
        if data and self._handle is not None:
            self._disk.write(self._handle, self._name, data)
            self._hash.update(data)

    def finish(self) -> StagedObject:
        """The object, complete. It lies in `tmp/` until it is adopted or discarded. Raises StoreError."""
        if self._handle is None:
            raise UsageError("this object is finished")
        self._write_out()
        handle, self._handle = self._handle, None
        self._disk.close(handle, self._name)
        self._finished = True
        return StagedObject(str(self._disk.root), self._name, "sha256:" + self._hash.hexdigest(), self._size)

    def discard(self) -> None:
        """Forget what was written so far."""
        if self._handle is not None:
            handle, self._handle = self._handle, None
            with suppress(OSError):
                os.close(handle)
            with suppress(StoreError):
                self._disk.remove(self._name)

    def close(self) -> None:
        """Discard what is not finished."""
        self.discard()
        super().close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class ObjectStore:
    """The writer's side of the objects of one archive."""

    def __init__(self, root: Path, disk: Disk | None = None) -> None:
        self.disk = disk or Disk(root)

    def stage_bytes(self, data: bytes) -> StagedObject:
        """Stage bytes. Raises StoreError."""
        name = self.disk.scratch.new_name()
        self.disk.write_file(name, data)
        return StagedObject(str(self.disk.root), name, digest.of_bytes(data), len(data))

    def open_staging(self) -> Staging:
        """A stream to write an object of any size into, in flat memory. Raises StoreError."""
        return Staging(self.disk)

    def discard(self, staged: StagedObject) -> None:
        """Remove an object that will not be sealed. Raises StoreError."""
        self.disk.remove(staged.name)


def stored_size(evidence: Evidence, wanted: str) -> int | None:
    """Bytes of an object that is in its place, None if it is not there with the digest that its name says."""
    try:
        with evidence.open(object_path(wanted)) as stream:
            found, size = digest.of_stream(stream)
    except (MissingError, FormatError):
        return None
    return size if found == wanted else None
