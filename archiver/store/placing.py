"""Putting the files of one commit into their places, in groups, so that a crash leaves what a repair understands.

First everything lies in `tmp/`, synced, with a note of what is about to be placed; then group after group is renamed,
its folders synced before the next group. The note (`tmp/<token>.commit`) is a hint for the repair, never believed:

    {"archiver":"commit/v1","base":41,"size":43,"objects":["sha256:…"]}

base and size of the log before and after, and the objects that were not there before.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from archiver.digest import is_digest
from archiver.errors import StoreError
from archiver.store.durable import READ_ONLY, TMP, Disk

COMMIT = "commit/v1"
MAX_GROUP = 100_000  # manifests in one commit
MAX_COMMIT = 64 << 20  # bytes; a group of half a million objects


@dataclass(frozen=True, slots=True)
class Intent:
    """What a commit was about to place."""

    base: int
    size: int
    objects: tuple[str, ...]

    def encode(self) -> bytes:
        """The note's bytes."""
        plain = {"archiver": COMMIT, "base": self.base, "size": self.size, "objects": list(self.objects)}
        return json.dumps(plain, separators=(",", ":")).encode("ascii") + b"\n"


def parse_intent(data: bytes) -> Intent | None:
    """The note in `data`, None if it is none: cut off, or written by somebody else."""
    try:
        plain = json.loads(data)
        intent = Intent(plain["base"], plain["size"], tuple(plain["objects"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    numbers = all(type(value) is int and 0 <= value < 2**53 for value in (intent.base, intent.size))
    good = numbers and 0 <= intent.size - intent.base <= MAX_GROUP and all(is_digest(value) for value in intent.objects)
    return intent if good and intent.encode() == data else None


class Placing:
    """The files of one commit. Used as: `write` and `adopt` all, `sync`, then `place` group by group, `done`."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self._temporary: dict[str, str] = {}  # final name -> temporary name
        self._loose: list[str] = []  # temporary files without a place yet
        self._open: dict[str, int] = {}  # final name -> handle of a reserved file
        self._placed: list[str] = []
        self._note: str | None = None

    def announce(self, intent: Intent) -> None:
        """Write the note, before anything is placed."""
        self._note = self.disk.scratch.commit_name()
        with suppress(StoreError):
            self.disk.remove(self._note)
        self.disk.write_file(self._note, intent.encode())
        self._loose.append(self._note)

    def write(self, name: str, data: bytes, mode: int = READ_ONLY) -> None:
        """Prepare a file for its place."""
        temporary = self.disk.scratch.new_name()
        self._temporary[name] = temporary
        self.disk.write_file(temporary, data, mode)

    def adopt(self, temporary: str, name: str) -> None:
        """Prepare a file that lies in `tmp/` already."""
        self._temporary[name] = temporary

    def reserve(self, name: str, size: int, mode: int = READ_ONLY) -> None:
        """Prepare a file whose bytes come later: take its room on the disk now, so that it cannot be full then."""
        temporary = self.disk.scratch.new_name()
        self._temporary[name] = temporary
        self._open[name] = handle = self.disk.create(temporary, mode)
        self.disk.write(handle, temporary, bytes(size))

    def fill(self, name: str, data: bytes) -> None:
        """Write a reserved file's bytes and sync it."""
        temporary, handle = self._temporary[name], self._open[name]
        self.disk.rewind(handle, temporary)
        self.disk.write(handle, temporary, data)
        self.disk.truncate(handle, temporary, len(data))
        self.disk.sync(handle, temporary)
        del self._open[name]
        self.disk.close(handle, temporary)

    def sync(self) -> None:
        """Wait until everything prepared is on the disk, and so are its names in `tmp/`."""
        self.disk.sync_files([*self._temporary.values(), *self._loose], TMP)

    def place(self, names: Iterable[str]) -> None:
        """Move prepared files to their places in this order, and wait until their folders are on the disk."""
        folders: set[str] = set()
        for name in names:
            folder = name.rpartition("/")[0]
            folders.update(self.disk.ensure_folder(folder))
            folders.add(folder)
            self.disk.rename(self._temporary[name], name)
            self._placed.append(name)
            del self._temporary[name]
        self.disk.sync_folders(folders)

    def done(self) -> None:
        """Everything is in its place: the note is not needed any more. What cannot be removed, the next writer does."""
        if self._note is not None:
            with suppress(StoreError):
                self.disk.remove(self._note)
            self._note = None

    def undo(self) -> None:
        """Take back what was placed, newest first, then forget the rest. What cannot be undone, the note keeps for the
        next repair. Raises StoreError."""
        for name in reversed(self._placed):
            self.disk.remove(name)
        self.disk.sync_folders({name.rpartition("/")[0] for name in self._placed})
        self._placed = []
        self.forget()
        self.done()

    def forget(self) -> None:
        """Remove what was prepared and not placed. Raises StoreError."""
        while self._open:
            with suppress(OSError):
                os.close(self._open.popitem()[1])
        for temporary in self._temporary.values():
            self.disk.remove(temporary)
        self._temporary = {}
