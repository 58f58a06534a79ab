"""Files beside a checkpoint: what arrived for it later (docs/formats/archive.md: class stamp). Written once.

log/checkpoints/41.tsa-one.tsq   log/checkpoints/41.tsa-one.tsr   log/checkpoints/41.ots
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from archiver.errors import StoreError
from archiver.evidence import read
from archiver.store.disk_errors import telling
from archiver.store.durable import Disk, listing
from archiver.store.folder import ArchiveFolder
from archiver.store.lock import WAIT, writer_lock
from archiver.store.placing import Placing

FOLDER = "log/checkpoints"
_NAME = re.compile(r"([1-9][0-9]{0,15})(?:\.([a-z0-9-]{1,40}))?\.(cosig|tsq|tsr|ots)", re.ASCII)
_SIZE = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Beside:
    """One such file, by its name."""

    size: int
    label: str
    suffix: str

    @property
    def name(self) -> str:
        """Its name in the archive."""
        label = f".{self.label}" if self.label else ""
        return f"{FOLDER}/{self.size}{label}.{self.suffix}"


def kept(folder: ArchiveFolder) -> tuple[list[int], list[Beside]]:
    """The sizes of all checkpoints that are kept, ascending, and the files beside them. Raises StoreError."""
    path = folder.root / FOLDER
    with telling(path):
        try:
            names = listing(path)
        except FileNotFoundError:
            names = []
    sizes = sorted(int(name) for name in names if _SIZE.fullmatch(name))
    found = [Beside(int(m[1]), m[2] or "", m[3]) for m in map(_NAME.fullmatch, names) if m is not None]
    return sizes, sorted(found, key=lambda item: (item.size, item.label, item.suffix))


def place_beside(disk: Disk, files: Mapping[str, bytes], wait: float = WAIT) -> dict[str, bytes]:
    """Put files beside a checkpoint, all or none, under the writer's lock. Where one is there already, nothing is
    written and what is there is given back: files that arrived are never replaced. Raises StoreError."""
    folder = ArchiveFolder(disk.root)
    with writer_lock(disk, wait):
        there = {name: read(folder, name) for name in files if disk.exists(name)}
        if there:
            return there
        placing = Placing(disk)
        try:
            for name, data in files.items():
                placing.write(name, data)
            placing.sync()
            placing.place(files)
        except BaseException:
            with suppress(StoreError):
                placing.undo()
            raise
    return dict(files)
