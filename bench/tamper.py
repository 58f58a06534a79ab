"""Every byte of every evidence file changed, one at a time, each time the same whole verification: `make tamper`.

    python bench/tamper.py [--jobs N] [--masks 1,32,128] [--every N]

An archive of some 33 kB is made in memory. Then, in N processes,

    folder   each byte of each evidence file, its lowest bit, in a folder on disk: the file is really rewritten
    bundle   each byte, its lowest bit, of a bundle that was exported (the zip as a whole); of the browser's verifier in
             it, which is the same 180 kB in every bundle and two thirds of this one, each 37th unless --all
    memory   with --masks: each byte of each evidence file, with each mask, in an archive in memory

For an archive the verification must fail and name the file; for a bundle it must fail, or refuse the zip. Settings,
which nothing binds, are listed, not flipped. Exit code 1 if anything went unnoticed. `--every N` takes each Nth byte.
"""

from __future__ import annotations

import argparse
import io
import itertools
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "verify")]

import tampering  # noqa: E402
from simulator import Simulator  # noqa: E402

from archiver.bundle.build import build  # noqa: E402
from archiver.bundle.check import check_bundle  # noqa: E402
from archiver.bundle.read import BundleEvidence  # noqa: E402
from archiver.bundle.report.verifier import script  # noqa: E402
from archiver.errors import ArchiverError  # noqa: E402
from archiver.store.folder import ArchiveFolder  # noqa: E402
from archiver.verify.policy import Policy  # noqa: E402
from archiver.verify.run import verify  # noqa: E402

SLICE = 256  # bytes a task
PROGRAM = 37  # of the browser's verifier in a bundle, each so many bytes


class Task(NamedTuple):
    """Bytes `start` to `stop` of a file, each with a mask."""

    part: str
    name: str
    start: int
    stop: int
    step: int
    mask: int


class Material:
    """What one process works on, made once: the archive, the same on disk, and a bundle from it."""

    made: Material | None = None

    def __init__(self, folder: Path) -> None:
        self.archive = tampering.sample()
        self.policy = tampering.policy_of(self.archive)
        self.root = self.archive.write_to(folder)
        self.bundle = bundle_of(Simulator().capture())
        for report in (
            verify(self.archive, self.policy),
            verify(ArchiveFolder(self.root), self.policy),
            verify(BundleEvidence(io.BytesIO(self.bundle)), self.trusting, bundle_step=check_bundle),
        ):
            if report.exit_code:
                raise SystemExit(f"the {report.kind} that is to be tampered with is not good: {report.verdict}")

    @property
    def trusting(self) -> Policy:
        """The policy, and the exporter."""
        return Policy({self.archive.signer.public.fingerprint: "the simulator"})


def prepare(folder: str) -> None:
    """In each process: material of its own, in a folder of its own."""
    Material.made = Material(Path(tempfile.mkdtemp(dir=folder)))


def bundle_of(archive: Simulator) -> bytes:
    """The sample's capture as a bundle."""
    out = io.BytesIO()
    build(archive, [1, 2], archive.signer, out, created="2026-11-24T09:00:00.000Z")
    return out.getvalue()


def flip_in_bundle(material: Material, at: int, mask: int) -> str | None:
    """One byte of the zip."""
    data = tampering.flip(material.bundle, at, mask)
    try:
        report = verify(BundleEvidence(io.BytesIO(data)), material.trusting, bundle_step=check_bundle)
    except ArchiverError:
        return None  # refused: not a zip that archiver writes
    return None if report.exit_code in (1, 3) else f"exit code {report.exit_code}, {report.verdict}"


def run(task: Task) -> tuple[int, float, list[str]]:
    """How many bytes were changed, in how many seconds, and what went unnoticed."""
    begun = time.perf_counter()
    material = Material.made
    assert material is not None
    problems = []
    places = range(task.start, task.stop, task.step)
    for at in places:
        if task.part == "memory":
            problem = tampering.flip_in_memory(material.archive, material.policy, task.name, at, task.mask)
        elif task.part == "folder":
            evidence = ArchiveFolder(material.root)
            problem = tampering.flip_on_disk(material.root, evidence, material.policy, task.name, at, task.mask)
        else:
            problem = flip_in_bundle(material, at, task.mask)
        if problem is not None:
            problems.append(f"{task.part}: byte {at} of {task.name} ^ {task.mask:#04x}: {problem}")
    return len(places), time.perf_counter() - begun, problems


def tasks(material: Material, masks: list[int], every: int, whole: bool) -> Iterator[Task]:
    """Everything that is to be done. ML-DSA lines differ between processes in bytes, not in length."""
    sizes = {name: len(material.archive.files[name]) for name in tampering.evidence_files(material.archive)}
    for mask in masks:
        for name, size in sizes.items():
            yield from _slices("memory", name, size, every, mask)
    for name, size in sizes.items():
        yield from _slices("folder", name, size, every, 1)
    program = script().encode("utf-8")
    first = material.bundle.index(program)
    last = first + len(program)
    yield from _slices("bundle", "the bundle", first, every, 1)
    yield from _slices("program", "the bundle", last, every if whole else PROGRAM * every, 1, first)
    yield from _slices("bundle", "the bundle", len(material.bundle), every, 1, last)


def _slices(part: str, name: str, size: int, every: int, mask: int, first: int = 0) -> Iterator[Task]:
    for start in range(first, size, SLICE * every):
        yield Task(part, name, start, min(size, start + SLICE * every), every, mask)


def main() -> int:
    """Run, print, and say with the exit code whether all was noticed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--masks", default="")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--all", action="store_true")
    arguments = parser.parse_args()
    masks = [int(mask, 0) for mask in arguments.masks.split(",") if mask]
    begun = time.perf_counter()
    done: dict[str, int] = {}
    seconds: dict[str, float] = {}
    problems: list[str] = []
    with tempfile.TemporaryDirectory(prefix="archiver-tamper-") as folder:
        material = Material(Path(tempfile.mkdtemp(dir=folder)))
        todo = list(tasks(material, masks, arguments.every, arguments.all))
        with ProcessPoolExecutor(arguments.jobs, initializer=prepare, initargs=(folder,)) as pool:
            for task, (count, spent, found) in zip(todo, pool.map(run, todo, chunksize=4), strict=True):
                done[task.part] = done.get(task.part, 0) + count
                seconds[task.part] = seconds.get(task.part, 0.0) + spent
                problems += found
    size = sum(len(material.archive.files[name]) for name in tampering.evidence_files(material.archive))
    print(f"archive: {len(tampering.evidence_files(material.archive))} evidence files, {size} bytes; ", end="")
    print(f"bundle: {len(material.bundle)} bytes")
    for part, count in done.items():
        each = 1000 * seconds[part] / count
        print(f"  {part:<8} {count:>7} single bytes changed, each verified in full, in {each:.1f} ms")
    print(f"  unbound, listed by the verifier, not flipped: {', '.join(sorted(tampering.UNBOUND))}")
    print(f"  {time.perf_counter() - begun:.0f} s in {arguments.jobs} processes")
    for problem in itertools.islice(problems, 40):
        print("  NOT NOTICED  " + problem)
    print(f"{len(problems)} unnoticed" if problems else "all noticed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
