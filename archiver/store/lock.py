"""The one writer's lock: a kernel lock on `.lock`. It ends with the process that holds it, however that ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from archiver.errors import StoreError
from archiver.store.disk_errors import telling
from archiver.store.durable import Disk

LOCK = ".lock"
WAIT = 120.0  # seconds for the commits of others
POLL = 0.01  # seconds between two tries


@contextmanager
def writer_lock(disk: Disk, wait: float = WAIT) -> Iterator[None]:
    """Hold the lock of an archive. Raises StoreError if another archiver keeps it for longer than `wait` seconds."""
    from filelock import FileLock, SoftFileLock, Timeout

    path = disk.path(LOCK)
    with telling(path):
        lock = FileLock(str(path), timeout=wait, thread_local=False)
        try:
            lock.acquire(poll_interval=POLL)
        except Timeout:
            raise StoreError(
                f"another archiver has been writing to this archive for {wait:.0f} seconds",
                where=str(path),
                hint="wait until it has finished, or stop it; the file itself does not lock anything: leave it",
            ) from None
        except NotImplementedError:
            raise _no_locks(disk) from None
    try:
        if type(lock) is SoftFileLock:  # filelock's way out, which a crash would leave locked for ever
            raise _no_locks(disk)
        yield
    finally:
        lock.release()


def _no_locks(disk: Disk) -> StoreError:
    return StoreError("this disk has no file locks", where=str(disk.root), hint="keep the archive on a local disk")
