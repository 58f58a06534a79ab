"""`quarantine/<time>-<n>/…`: where a repair puts what nothing vouches for. Nothing is deleted, nothing is hidden.

A file keeps its name below its folder; `why.txt` there has one line for each, `name: reason`. They are no evidence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from archiver.store.durable import EDITABLE, Disk

FOLDER = "quarantine"
_DIGITS = re.compile(r"[^0-9TZ]")


@dataclass(frozen=True, slots=True)
class SetAside:
    """One file that was moved away: its name before, where it is now, and why."""

    name: str
    now: str
    reason: str


class Quarantine:
    """One repair's folder in the quarantine, made with the first file."""

    def __init__(self, disk: Disk, time: str) -> None:
        self.disk = disk
        self._time = _DIGITS.sub("", time.split(".")[0]) + "Z"  # 2026-11-23T13:02:11.482Z -> 20261123T130211Z
        self._place: str | None = None
        self._folders: set[str] = set()
        self.moved: list[SetAside] = []

    def move(self, name: str, reason: str) -> None:
        """Move a file away. Raises StoreError."""
        if self._place is None:
            self._place = self._new_place()
        now = f"{self._place}/{name}"
        folder = now.rpartition("/")[0]
        self._folders.update(self.disk.ensure_folder(folder))
        self._folders.update((folder, name.rpartition("/")[0]))
        self.disk.rename(name, now)
        self.moved.append(SetAside(name, now, reason))

    def _new_place(self) -> str:
        number = 1
        while self.disk.exists(f"{FOLDER}/{self._time}-{number}"):
            number += 1
        return f"{FOLDER}/{self._time}-{number}"

    def settle(self) -> None:
        """Write `why.txt`, and wait until everything moved is on the disk. Raises StoreError."""
        if self._place is None:
            return
        temporary = self.disk.scratch.new_name()
        text = "".join(f"{item.name}: {item.reason}\n" for item in self.moved)
        self.disk.write_file(temporary, text.encode("utf-8", "backslashreplace"), EDITABLE)
        self.disk.sync_files([temporary])
        self.disk.rename(temporary, f"{self._place}/why.txt")
        self.disk.sync_folders({*self._folders, self._place})
        self._folders = set()
