"""Run as a program, `TOGETHER`: for each line `AT WHEN WHAT FOLDER` on standard input, a child does something (`batch`,
`repair` or `create`) to the archive there and is killed (a real SIGKILL) at that effect. Prints what the child was told
was sealed, and whether it died so.

The parent has one thread and holds no locks, so that forking is safe.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from fault_disk import FaultDisk, WatchedGuard
from store_kit import ORIGIN, Place, add_snapshots

from archiver.store import durable

GROUP = 3  # snapshots in the batch


def run(folder: Path, at: int, when: str, what: str) -> tuple[int, bool]:
    """Size that was reported as sealed (0: none), and whether the child was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            place = Place(folder)
            disk = FaultDisk(place.root, at, when)  # type: ignore[arg-type]
            guard = WatchedGuard(place.guard.path, ORIGIN, disk)
            if what == "create":
                place.create(disk, guard)
                os.write(writing, b"1\n")
            elif what == "repair":
                place.ledger(disk, guard).repair()
            else:
                with place.ledger(disk, guard).batch() as group:
                    last = add_snapshots(group, disk, GROUP, "batch")[-1]
                    group.commit()
                    os.write(writing, b"%d\n" % (last.sequence + 1))
            disk.scratch.close()
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        told = stream.read()
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    if not killed and status != 0:
        raise SystemExit(f"the child failed at {at} {when}")
    return int(told or b"0"), killed


if __name__ == "__main__":
    durable.TOGETHER = int(sys.argv[1])  # as in the test that counted the effects
    for line in sys.stdin:
        at, when, what, folder = line.rstrip("\n").split(" ", 3)
        sealed, killed = run(Path(folder), int(at), when, what)
        print(sealed, int(killed), flush=True)
