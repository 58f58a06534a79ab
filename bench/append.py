"""What sealing costs on disk, and whether it grows with the archive.

    python bench/append.py [--large 100000] [--small 1000] [--rounds 40] [--objects 500] [--folder DIR]

1. Appending: one commit with one snapshot of three objects, to an archive of `--small` manifests and to one of
   `--large`, alternately; the ratio of the medians. Limit: 1.2. Beside it the CPU time, which does not wait.
2. Group commit: `--objects` objects of 100 kB and their manifests sealed durably in one group, in groups of 64, each by
   itself, and as plain files that are synced one by one without any archive. Medians of 5.
3. Syncing: so many new small files in folders of their own, each synced, or one syncfs: from which number on the
   second is cheaper (archiver.store.durable.TOGETHER).

The folder should be on the disk that is meant: a temporary file system in memory syncs for nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from archiver.archive import system_clock
from archiver.model.manifest import BundleRef, Identity, ObjectRef, Tree
from archiver.signing.keys import KeySigner
from archiver.store import durable
from archiver.store.durable import Disk
from archiver.store.keyring import LogGuard
from archiver.store.ledger import Draft, Ledger
from archiver.store.objects import ObjectStore
from archiver.tlog.checkpoint import LogKey

ORIGIN = "log.example/bench"
SIGNER, RECOVERY = KeySigner.from_seed(b"s" * 32), KeySigner.from_seed(b"r" * 32)
LOG_KEY = LogKey.from_seed(ORIGIN, b"l" * 32)
PAGE = 100_000  # bytes


def new_ledger(folder: Path) -> Ledger:
    """A fresh archive."""
    guard = LogGuard(folder / "keys" / "guard", ORIGIN)
    identity = Identity(
        ORIGIN, SIGNER.public.line(), RECOVERY.public.line(), tuple(key.spell() for key in LOG_KEY.vkeys()), None
    )
    common = {"signer": SIGNER, "log_key": LOG_KEY, "guard": guard, "clock": system_clock, "entropy": os.urandom}
    root = folder / "archive"
    Ledger.create(root, identity=identity, recovery=RECOVERY, settings_text="", **common)
    return Ledger(root, disk=Disk(root), **common)


def filled(folder: Path, size: int) -> Ledger:
    """An archive of that many manifests, most of them without objects."""
    ledger = new_ledger(folder)
    draft = Draft("export", None, BundleRef("sha256:" + "0" * 64, 1, (0,)), (), system_clock())
    have = 1
    while have < size:
        with ledger.batch() as group:
            for _ in range(min(5000, size - have)):
                have = group.add(draft).sequence + 1
            group.commit()
        print(f"\r  filling: {have:,} of {size:,} manifests", end="", file=sys.stderr)
    print(file=sys.stderr)
    return ledger


def seal(ledger: Ledger, count: int, size: int) -> None:
    """Stage and seal so many snapshots in one commit, each with an object of `size` bytes and two small ones."""
    store = ObjectStore(ledger.root, ledger.disk)
    with ledger.batch() as group:
        for _ in range(count):
            refs = []
            for role, kind, data in (
                ("facts", "application/json", os.urandom(900)),
                ("warc", "application/warc", os.urandom(size)),
                ("segment-secret", "application/octet-stream", os.urandom(32)),
            ):
                staged = store.stage_bytes(data)
                group.adopt(staged)
                tree = Tree(9, staged.digest) if role == "warc" else None
                refs.append(ObjectRef(role, staged.digest, staged.size, kind, segments=tree))
            group.add(Draft("snapshot", None, None, tuple(refs), system_clock()))
        group.commit()


def timed(action: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU milliseconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)


def appending(folder: Path, small: int, large: int, rounds: int) -> None:
    """Part 1."""
    ledgers = {size: filled(folder / str(size), size) for size in (small, large)}
    times: dict[int, list[tuple[float, float]]] = {small: [], large: []}
    os.sync()
    for number in range(rounds):
        for size in (small, large) if number % 2 else (large, small):
            times[size].append(timed(lambda size=size: seal(ledgers[size], 1, 20_000)))
    print("1. Appending one snapshot")
    medians = {}
    for size, rows in times.items():
        medians[size] = tuple(statistics.median(row[part] for row in rows) for part in (0, 1))
        print(f"   to {size:>9,} manifests: {medians[size][0]:7.2f} ms wall, {medians[size][1]:6.2f} ms CPU")
    wall, cpu = (medians[large][part] / medians[small][part] for part in (0, 1))
    print(f"   ratio {wall:.3f} wall, {cpu:.3f} CPU (limit 1.2)")


def each_synced(folder: Path, count: int) -> None:
    """Plain files, each synced with its folder before the next one."""
    for _ in range(count):
        data = os.urandom(PAGE)
        name = hashlib.sha256(data).hexdigest()
        path = folder / name[:2] / name[2:]
        path.parent.mkdir(exist_ok=True, parents=True)
        with path.open("wb") as stream:
            stream.write(data)
            stream.flush()
            durable.full_sync(stream.fileno())
        durable.sync_folder(path.parent)


def grouping(folder: Path, count: int, runs: int = 5) -> None:
    """Part 2."""
    ways: dict[str, Callable[[Path], object]] = {
        "one group": lambda place: seal(new_ledger(place), count, PAGE),
        "groups of 64": lambda place: _in_groups(new_ledger(place), count, 64),
        "each by itself": lambda place: _in_groups(new_ledger(place), count, 1),
        "plain files, each synced": lambda place: each_synced(place, count),
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(runs):
        for way, action in ways.items():
            place = folder / "group"
            os.sync()
            times[way].append(timed(lambda place=place, action=action: action(place))[0])
            shutil.rmtree(place)
    print(f"2. {count} snapshots with an object of 100 kB, durable ({3 * count} objects, {count} manifests)")
    base = statistics.median(times["plain files, each synced"])
    for way, rows in times.items():
        middle = statistics.median(rows)
        print(f"   {way:26} {middle:9.0f} ms  {middle / count:6.2f} ms each  {middle / base:5.2f} x")


def _in_groups(ledger: Ledger, count: int, size: int) -> None:
    for start in range(0, count, size):
        seal(ledger, min(size, count - start), PAGE)


def syncing(folder: Path, runs: int = 7) -> None:
    """Part 3."""
    disk = Disk(folder / "sync")
    disk.root.mkdir()
    disk.watch()
    print("3. New files of 1 kB in folders of their own: each synced with its folder, and syncfs twice")
    kept = durable.TOGETHER
    try:
        for count in (4, 8, 16, 24, 32, 64, 128):
            medians = []
            for together in (10**9, 1):
                durable.TOGETHER = together
                rows = []
                for run in range(runs):
                    names = [f"{count}-{together}-{run}-{n}/file" for n in range(count)]
                    for name in names:
                        disk.make_folder(name.partition("/")[0])
                        disk.write_file(name, os.urandom(1000))
                    rows.append(timed(lambda names=names: _sync(disk, names))[0])
                medians.append(statistics.median(rows))
            print(f"   {count:4} files: {medians[0]:8.2f} ms each, {medians[1]:8.2f} ms together")
    finally:
        durable.TOGETHER = kept


def _sync(disk: Disk, names: list[str]) -> None:
    disk.sync_files(names)
    disk.sync_folders({name.partition("/")[0] for name in names} | {""})


def main() -> None:
    """All three parts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--small", type=int, default=1000)
    parser.add_argument("--large", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--objects", type=int, default=500)
    parser.add_argument("--folder", type=Path, default=None, help="on the disk that is meant")
    parser.add_argument("--only", type=int, choices=(1, 2, 3), default=None, help="one part alone")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="bench-append-") as name:
        folder = Path(name)
        if given.only in (None, 1):
            appending(folder, given.small, given.large, given.rounds)
        if given.only in (None, 2):
            grouping(folder, given.objects)
        if given.only in (None, 3):
            syncing(folder)


if __name__ == "__main__":
    main()
