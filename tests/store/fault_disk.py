"""Disks that fail, kill or remember: what `archiver.store.durable.Disk` does to the disk, effect by effect.

    FaultDisk(root, at=7, when="after", action=kill)    does something before or after effect number 7
    RecordingDisk(root)                                 keeps the list of effects
    states(base, effects, count)                        what a power cut after `count` effects can leave

An effect is one create, write, truncate, sync, sync of the whole file system, rename, new folder or removal. The guard
beside the log's key takes part as one effect: give a FaultGuard or RecordingGuard over the same disk.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from archiver.store.durable import Disk
from archiver.store.keyring import LogGuard

When = Literal["before", "half", "after"]


def kill() -> None:
    """The end of this process, as by a power cut for it alone."""
    os.kill(os.getpid(), signal.SIGKILL)


def fail(code: int = errno.ENOSPC) -> Callable[[], None]:
    """An action that raises what the system would."""

    def action() -> None:
        raise OSError(code, os.strerror(code))

    return action


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect: `kind`, the name concerned; for a rename the new name, for a write its place and bytes."""

    kind: str
    name: str = ""
    other: str = ""
    place: int = 0
    data: bytes = b""
    guard: tuple[int, bytes] | None = None


class WatchedDisk(Disk):
    """A Disk whose effects can be counted; `around` is called for each."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._places: dict[int, int] = {}
        self._order = threading.RLock()

    @contextlib.contextmanager
    def around(self, effect: Effect) -> Iterator[None]:
        """What happens before and after an effect."""
        yield

    def create(self, name: str, mode: int = 0o444) -> int:
        with self._order, self.around(Effect("create", name)):
            handle = super().create(name, mode)
            self._places[handle] = 0
            return handle

    def write(self, handle: int, name: str, data: bytes) -> None:
        with self._order, self.around(Effect("write", name, place=self._places.get(handle, 0), data=bytes(data))):
            super().write(handle, name, data)
        self._places[handle] = self._places.get(handle, 0) + len(data)

    def rewind(self, handle: int, name: str) -> None:
        super().rewind(handle, name)
        self._places[handle] = 0

    def truncate(self, handle: int, name: str, size: int) -> None:
        with self._order, self.around(Effect("truncate", name, place=size)):
            super().truncate(handle, name, size)

    def sync(self, handle: int, name: str, flush: bool = True) -> None:
        with self._order, self.around(Effect("sync", name)):
            super().sync(handle, name, flush)

    def sync_whole(self) -> bool:
        with self._order, self.around(Effect("sync whole")):
            return super().sync_whole()

    def rename(self, old: str, new: str) -> None:
        with self._order, self.around(Effect("rename", old, new)):
            super().rename(old, new)

    def make_folder(self, name: str) -> None:
        with self._order, self.around(Effect("folder", name)):
            super().make_folder(name)

    def remove(self, name: str) -> None:
        with self._order, self.around(Effect("remove", name)):
            super().remove(name)

    def remove_folder(self, name: str) -> None:
        with self._order, self.around(Effect("remove folder", name)):
            super().remove_folder(name)


class FaultDisk(WatchedDisk):
    """Does `action` before or after effect number `at` (from 0), or half way through it if that is a write.

    An action that raises OSError is what the effect would raise; with `repeat` every later effect of a kind that
    needs room fails too, as on a full disk.
    """

    def __init__(
        self, root: Path, at: int, when: When = "before", action: Callable[[], None] = kill, repeat: bool = False
    ) -> None:
        super().__init__(root)
        self.at, self.when, self.action, self.repeat = at, when, action, repeat
        self.count = 0
        self.hit: Effect | None = None

    @contextlib.contextmanager
    def around(self, effect: Effect) -> Iterator[None]:
        from archiver.store.disk_errors import telling

        number, self.count = self.count, self.count + 1
        due = number == self.at or (self.repeat and number > self.at and effect.kind in ("create", "write", "folder"))
        if due:
            self.hit = self.hit or effect
            with telling(self.path(effect.name)):
                if self.when == "half" and effect.kind == "write":
                    with self.path(effect.name).open("r+b" if os.getuid() == 0 else "ab") as stream:
                        stream.seek(effect.place)
                        stream.write(effect.data[: len(effect.data) // 2])
                    self.action()
                if self.when != "after":
                    self.action()
        yield
        if due and self.when == "after":
            with telling(self.path(effect.name)):
                self.action()


class RecordingDisk(WatchedDisk):
    """Keeps every effect in `effects`, in the order in which they were done."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.effects: list[Effect] = []

    @contextlib.contextmanager
    def around(self, effect: Effect) -> Iterator[None]:
        yield
        self.effects.append(effect)


class WatchedGuard(LogGuard):
    """A guard that counts as one effect of the disk of its archive."""

    def __init__(self, path: Path, origin: str, disk: WatchedDisk) -> None:
        super().__init__(path, origin)
        self.disk = disk

    def advance(self, size: int, root: bytes, extends: Callable[[int, bytes], bool]) -> None:
        with self.disk.around(Effect("guard", guard=(size, root))):
            super().advance(size, root, extends)


# -- what a power cut leaves -------------------------------------------------------------------------------------------


@dataclass
class _File:
    now: bytearray
    kept: bytes | None = None  # as synced; None: never


@dataclass
class State:
    """What is on the disk: `files` by name, and folders. `now` is what programs see, `kept` what a power cut leaves."""

    now: dict[str, _File] = field(default_factory=dict)
    kept: dict[str, _File] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    kept_folders: set[str] = field(default_factory=set)
    waiting: list[tuple[str, Effect, _File | None]] = field(default_factory=list)  # folder, effect on its entries, file

    @classmethod
    def of(cls, root: Path) -> State:
        """A disk on which all that is in a folder is safe."""
        state = cls()
        files = {}
        for path in sorted(root.rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.is_dir():
                state.folders.add(name)
                state.kept_folders.add(name)
            else:
                files[name] = path.read_bytes()
        for name, data in files.items():
            state.now[name] = state.kept[name] = _File(bytearray(data), data)
        return state

    def apply(self, effect: Effect) -> None:
        """One effect later."""
        kind, name = effect.kind, effect.name
        parent = (effect.other or name).rpartition("/")[0]
        if kind == "create":
            self.now[name] = _File(bytearray())
            self.waiting.append((parent, effect, self.now[name]))
        elif kind == "write":
            data = self.now[name].now
            data[effect.place : effect.place + len(effect.data)] = effect.data
        elif kind == "truncate":
            del self.now[name].now[effect.place :]
        elif kind == "sync" and name in self.now:
            self.now[name].kept = bytes(self.now[name].now)
        elif kind == "sync":
            assert name in self.folders or name == "", name
            self._keep(lambda folder: folder == name)
        elif kind == "sync whole":
            for file in self.now.values():
                file.kept = bytes(file.now)
            self._keep(lambda folder: True)
        elif kind == "rename":
            self.now[effect.other] = self.now.pop(name)
            self.waiting.append((parent, effect, self.now[effect.other]))
        elif kind == "folder":
            self.folders.add(name)
            self.waiting.append((parent, effect, None))
        elif kind == "remove":
            if self.now.pop(name, None) is not None:
                self.waiting.append((parent, effect, None))
        elif kind == "remove folder":
            self.folders.discard(name)
            self.waiting.append((parent, effect, None))

    def _keep(self, due: Callable[[str], bool]) -> None:
        left = []
        for folder, effect, file in self.waiting:
            if due(folder):
                self._keep_one(effect, file)
            else:
                left.append((folder, effect, file))
        self.waiting = left

    def _keep_one(self, effect: Effect, file: _File | None) -> None:
        if effect.kind == "folder":
            self.kept_folders.add(effect.name)
        elif effect.kind == "remove folder":
            self.kept_folders.discard(effect.name)
        elif effect.kind == "remove":
            self.kept.pop(effect.name, None)
        elif file is not None:
            if effect.kind == "rename" and self.kept.get(effect.name) is file:
                del self.kept[effect.name]
            self.kept[effect.other or effect.name] = file

    def strict(self) -> dict[str, bytes]:
        """Only what was synced: bytes and names."""
        return self._reachable({name: file.kept or b"" for name, file in self.kept.items()}, self.kept_folders)

    def eager(self, filler: bytes) -> dict[str, bytes]:
        """Every name survives; bytes that were not synced do not: `filler` stands in their place, at most as many."""
        files = {}
        for name, file in self.now.items():
            unsynced = (filler * (len(file.now) // max(1, len(filler)) + 1))[: len(file.now)] if filler else b""
            files[name] = bytes(file.now) if file.kept == bytes(file.now) else unsynced
        return self._reachable(files, self.folders)

    def mixed(self, chance: random.Random) -> dict[str, bytes]:
        """Some of the names that were not synced survive, and some of the bytes."""
        other = State(dict(self.now), dict(self.kept), set(self.folders), set(self.kept_folders), [])
        for _, effect, file in self.waiting:
            if chance.random() < 0.5:
                other._keep_one(effect, file)
        files = {}
        for name, file in other.kept.items():
            whole, cut = bytes(file.now), bytes(file.now[: chance.randrange(len(file.now) + 1)])
            choices = [file.kept] if file.kept == whole else [whole, cut, bytes(len(whole)), file.kept or b""]
            files[name] = chance.choice(choices) or b""
        return self._reachable(files, other.kept_folders)

    @staticmethod
    def _reachable(files: dict[str, bytes], folders: set[str]) -> dict[str, bytes]:
        """Those whose folders survive too."""

        def there(name: str) -> bool:
            parts = name.split("/")
            return all("/".join(parts[:depth]) in folders for depth in range(1, len(parts)))

        return {name: data for name, data in files.items() if there(name)}


def write_tree(root: Path, files: dict[str, bytes]) -> None:
    """Lay files out in a folder."""
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
