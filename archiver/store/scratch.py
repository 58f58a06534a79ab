"""`tmp/`: files that are not in their place yet. Each process has names of its own there, and holds a lock on them.

    tmp/<token>.lock        held by the kernel while the process lives
    tmp/<token>-<n>         a file being written, or waiting for its commit
    tmp/<token>.commit      what a commit under way is about to place (store.intent)

A token is random and never used again, so a lock that nobody holds says that its files are leftovers of a crash.
"""

from __future__ import annotations

import atexit
import itertools
import os
import re
import secrets
import threading
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING

from archiver.errors import StoreError
from archiver.store.disk_errors import telling
from archiver.store.durable import TMP, Disk, listing

if TYPE_CHECKING:
    from filelock import BaseFileLock

_OURS = re.compile(r"([0-9a-f]{16})(?:\.lock|\.commit|-[0-9]{1,18})", re.ASCII)


class Scratch:
    """This process's names in `tmp/`. Made once for a Disk; `close` gives them back."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self._numbers = itertools.count(1)
        self._guard = threading.Lock()
        self._token: str | None = None
        self._lock: BaseFileLock | None = None
        self._process = os.getpid()
        atexit.register(_close_at_exit, weakref.ref(self))

    def __del__(self) -> None:
        self.close()

    def new_name(self) -> str:
        """A name that no other process uses, `tmp/<token>-<n>`."""
        return f"{TMP}/{self.token()}-{next(self._numbers)}"

    def commit_name(self) -> str:
        """Where this process says what it is about to place."""
        return f"{TMP}/{self.token()}.commit"

    def token(self) -> str:
        """This process's token; its lock is taken when first asked for."""
        with self._guard:
            if self._token is None or self._process != os.getpid():  # a forked child must not use its parent's
                self.disk.watch()
                self.disk.ensure_folder(TMP)
                self._token = self._take()
                self._process = os.getpid()
            return self._token

    def _take(self) -> str:
        from filelock import FileLock, Timeout

        while True:
            token = secrets.token_hex(8)
            path = self.disk.path(f"{TMP}/{token}.lock")
            with telling(path):
                lock = FileLock(str(path), thread_local=False)
                try:
                    lock.acquire(timeout=0)
                except Timeout:  # somebody cleaning up took it between our two steps
                    continue
                if path.exists():
                    self._lock = lock
                    return token
                lock.release()

    def close(self) -> None:
        """Remove what this process left in `tmp/`."""
        with self._guard:
            if self._token is not None and self._lock is not None and self._process == os.getpid():
                with suppress(StoreError, OSError):
                    _remove(self.disk, self._token, keep_commit=True)
                self._lock.release()
                self._token = self._lock = None


def _close_at_exit(reference: weakref.ref[Scratch]) -> None:
    found = reference()
    if found is not None:
        found.close()


def clean(disk: Disk) -> int:
    """Remove the leftovers of processes that live no more; how many files. The caller holds the writer's lock, and has
    dealt with their `.commit` files."""
    from filelock import FileLock, Timeout

    removed = 0
    for token in sorted({match.group(1) for name in _listing(disk) if (match := _OURS.fullmatch(name))}):
        path = disk.path(f"{TMP}/{token}.lock")
        if not path.exists():
            removed += _remove(disk, token)
            continue
        with telling(path):
            lock = FileLock(str(path), thread_local=False)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue  # its process is at work
            try:
                removed += _remove(disk, token)
            finally:
                lock.release()
    return removed


def commits(disk: Disk) -> list[str]:
    """The `.commit` files there are."""
    return sorted(f"{TMP}/{name}" for name in _listing(disk) if _OURS.fullmatch(name) and name.endswith(".commit"))


def _listing(disk: Disk) -> list[str]:
    with telling(disk.path(TMP)):
        try:
            return listing(disk.path(TMP))
        except FileNotFoundError:
            return []


def _remove(disk: Disk, token: str, keep_commit: bool = False) -> int:
    """The lock goes last: until then the others know whose the files are."""
    names = [name for name in _listing(disk) if (match := _OURS.fullmatch(name)) and match.group(1) == token]
    if keep_commit and f"{token}.commit" in names:
        return 0
    for name in sorted(names, key=lambda name: (name.endswith(".lock"), name)):
        disk.remove(f"{TMP}/{name}")
    return sum(not name.endswith(".lock") for name in names)


def borrowed(disk: Disk, token: str, first: int) -> Scratch:
    """Names of another process that is alive and holds the lock, from number `first` on: what a child stages outlives
    it, and is its parent's to commit or to remove."""
    scratch = Scratch(disk)
    scratch._token, scratch._numbers = token, itertools.count(first)
    return scratch
