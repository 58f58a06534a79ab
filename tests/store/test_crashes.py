"""A crash at any instant: the next writer repairs, the verifier is content, and nothing that was reported is lost.

Three kinds: a real SIGKILL (the page cache survives), a power cut (what was not synced is dropped, or turns up without
its bytes), and an error of the system at any effect (the program goes on).
"""

from __future__ import annotations

import errno
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fault_disk import Effect, FaultDisk, RecordingDisk, State, WatchedGuard, fail, write_tree
from kill_child import GROUP
from store_kit import ORIGIN, Place, add_snapshots, page

from archiver import digest
from archiver.errors import ArchiverError, StoreError
from archiver.store import durable
from archiver.store.keyring import LogGuard
from archiver.verify.layout import object_path

BEFORE = 4  # manifests in the archive before the batch
TOGETHER = {"syncfs": 1, "fsync": 10**9}  # both ways of syncing a group


@dataclass(frozen=True)
class Recorded:
    """One batch, effect by effect: what was there before, and the guard before."""

    base: Place
    effects: list[Effect]
    after: dict[str, bytes]


@pytest.fixture(scope="module", params=list(TOGETHER))
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """A batch of three snapshots on an archive of four manifests, synced in one way or the other."""
    patch = pytest.MonkeyPatch()
    patch.setattr(durable, "TOGETHER", TOGETHER[request.param])
    folder = tmp_path_factory.mktemp(request.param)
    base = Place(folder / "base")
    base.create()
    base.append(BEFORE - 1, "before")
    other = base.copy(folder / "recorded")
    disk = RecordingDisk(other.root)
    guard = WatchedGuard(other.guard.path, ORIGIN, disk)
    with other.ledger(disk, guard).batch() as group:
        add_snapshots(group, disk, GROUP, "batch")
        group.commit()
    yield Recorded(base, disk.effects, {})
    patch.undo()


def reopen(place: Place, sealed: int) -> None:
    """What the next command does, and what must be true after it."""
    report = place.repair()
    size = place.size()
    assert size >= max(sealed, BEFORE)
    assert size <= BEFORE + GROUP
    place.check(size)
    for item in report.set_aside:
        assert (place.root / item.now).exists()
        assert item.reason
    assert not place.repair(), "a repair is made once"
    if size == BEFORE + GROUP:
        for number in range(GROUP):
            for data in page("batch", number):
                assert (place.root / object_path(digest.of_bytes(data))).read_bytes() == data
    place.append(1, "later")
    place.check(size + 1)


def test_effects_are_in_the_order_of_the_design(recorded: Recorded) -> None:
    """Objects, then signatures and manifests, then entries and tiles, guard, checkpoints/<size>, checkpoint; between
    two groups their folders are synced, and nothing is renamed that was not synced."""
    order = ["objects/", "chain/", "log/tile/entries", "log/tile/0", "guard", "log/checkpoints/", "log/checkpoint"]

    def rank(effect: Effect) -> int:
        return next(place for place, start in enumerate(order) if (effect.other or effect.kind).startswith(start))

    places = [effect for effect in recorded.effects if effect.kind in ("guard", "rename")]
    ranks = [rank(effect) for effect in places]
    assert ranks == sorted(ranks)
    assert set(ranks) == set(range(len(order)))
    chain = [effect.other for effect in places if effect.other.startswith("chain/")]
    assert chain == [f"chain/{n:03d}.json{s}" for n in range(BEFORE, BEFORE + GROUP) for s in (".sig", "")]
    state = State.of(recorded.base.root)
    renamed: list[str] = []
    for effect in recorded.effects:
        if effect.kind == "rename":
            file = state.now[effect.name]
            assert file.kept == bytes(file.now), f"{effect.other} was renamed before it was synced"
            renamed.append(effect.other)
        if effect.kind == "guard":
            assert set(renamed) <= set(state.strict()), "the guard moved before everything below it was safe"
        state.apply(effect)
    assert {name for name in state.strict() if not name.startswith("tmp/")} == {
        name for name in state.now if not name.startswith("tmp/")
    }


def guard_at(recorded: Recorded, count: int) -> tuple[int, bytes] | None:
    """What the guard says after that many effects: it is synced when `advance` returns."""
    signed = [effect.guard for effect in recorded.effects[:count] if effect.guard]
    return signed[-1] if signed else None


def lay_out(recorded: Recorded, files: dict[str, bytes], guard: tuple[int, bytes] | None, to: Path) -> Place:
    """A machine after the power cut."""
    place = Place(to)
    write_tree(place.root, files)
    place.guard.path.parent.mkdir(parents=True)
    place.guard.path.write_bytes(recorded.base.guard.path.read_bytes())
    if guard is not None:
        place.guard.advance(*guard, lambda size, root: True)
    return place


def cut(recorded: Recorded, count: int, work: Path, kinds: dict[str, Callable[[State], dict[str, bytes]]]) -> None:
    """Every kind of power cut after so many effects."""
    state = State.of(recorded.base.root)
    for effect in recorded.effects[:count]:
        state.apply(effect)
    sealed = BEFORE + GROUP if count == len(recorded.effects) else 0
    for name, kind in kinds.items():
        folder = work / f"{count}-{name}"
        place = lay_out(recorded, kind(state), guard_at(recorded, count), folder)
        try:
            reopen(place, sealed)
        except (AssertionError, ArchiverError) as error:
            raise AssertionError(f"power cut after effect {count} ({name}): {recorded.effects[count - 1]}") from error
        shutil.rmtree(folder)


def few(count: int, seed: str, wanted: int) -> list[int]:
    """Some of the numbers below `count`, the same every time, the last among them."""
    return sorted({*random.Random(seed).sample(range(count), min(wanted, count)), count - 1})


KINDS: dict[str, Callable[[State], dict[str, bytes]]] = {
    "strict": State.strict,
    "empty": lambda state: state.eager(b""),
    "zeros": lambda state: state.eager(b"\0"),
    "garbage": lambda state: state.eager(b"{not what was written}"),
}


def mixing(seed: int) -> Callable[[State], dict[str, bytes]]:
    """A power cut that keeps this and that."""
    return lambda state: state.mixed(random.Random(seed))


def test_power_cut_at_some_prefixes(recorded: Recorded, quick_path: Path) -> None:
    for count in few(len(recorded.effects) + 1, "cuts", 10):
        cut(recorded, count, quick_path, KINDS | {"mixed": mixing(count)})


@pytest.mark.slow
def test_power_cut_at_every_prefix(recorded: Recorded, quick_path: Path) -> None:
    for count in range(len(recorded.effects) + 1):
        kinds = {f"mixed {number}": mixing(1000 * count + number) for number in range(6)}
        cut(recorded, count, quick_path, KINDS | kinds)


# -- a real SIGKILL ----------------------------------------------------------------------------------------------------


def killed(
    base: Place, points: list[tuple[int, str]], work: Path, what: str = "batch"
) -> Iterator[tuple[Place, int, bool]]:
    """The archive after each kill, and what had been reported as sealed by then."""
    child = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("kill_child.py")), str(durable.TOGETHER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": ":".join([str(Path(__file__).parent), *sys.path])},
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child:
        for at, when in points:
            folder = work / f"kill {at} {when}"
            place = base.copy(folder)
            child.stdin.write(f"{at} {when} {what} {folder}\n")
            child.stdin.flush()
            answer = child.stdout.readline().split()
            assert len(answer) == 2, "the child died"
            yield place, int(answer[0]), answer[1] == "1"
            shutil.rmtree(folder)


def points(count: int) -> list[tuple[int, str]]:
    """Before and after each effect, and half way through it."""
    return [(at, when) for at in range(count) for when in ("before", "half", "after")]


def check_kills(base: Place, chosen: list[tuple[int, str]], work: Path) -> None:
    seen = set()
    for (at, when), (place, sealed, was_killed) in zip(chosen, killed(base, chosen, work), strict=True):
        assert was_killed, (at, when)
        try:
            reopen(place, sealed)
        except (AssertionError, ArchiverError) as error:
            raise AssertionError(f"killed {when} effect {at}") from error
        seen.add(sealed)
        assert not (tree := [p.name for p in (place.root / "tmp").iterdir()]), tree
    assert seen <= {0, BEFORE + GROUP}


def test_killed_at_some_effects(recorded: Recorded, quick_path: Path) -> None:
    every = points(len(recorded.effects))
    check_kills(recorded.base, [every[number] for number in few(len(every), "kills", 12)], quick_path)


@pytest.mark.slow
def test_killed_at_every_effect(recorded: Recorded, quick_path: Path) -> None:
    check_kills(recorded.base, points(len(recorded.effects)), quick_path)


def half_done(recorded: Recorded, where: str, to: Path) -> tuple[Place, int]:
    """The archive after a SIGKILL when so much of the batch was placed, and how many effects repairing it has."""
    wanted = {"objects": "objects/", "chain": "chain/", "tiles": "log/tile/0", "kept": "log/checkpoints/"}[where]
    renames = [n for n, e in enumerate(recorded.effects) if e.kind == "rename" and e.other.startswith(wanted)]
    count = renames[len(renames) // 2] + 1
    state = State.of(recorded.base.root)
    for effect in recorded.effects[:count]:
        state.apply(effect)
    files = {name: bytes(file.now) for name, file in state.now.items()}
    place = lay_out(recorded, files, guard_at(recorded, count), to)
    trial = place.copy(to.with_name(to.name + "-trial"))
    disk = RecordingDisk(trial.root)
    trial.ledger(disk, WatchedGuard(trial.guard.path, ORIGIN, disk)).repair()
    return place, len(disk.effects)


@pytest.mark.parametrize("where", ["objects", "chain", "tiles", "kept"])
def test_killed_while_repairing(recorded: Recorded, quick_path: Path, where: str) -> None:
    """A repair that is killed is repaired by the next one."""
    place, count = half_done(recorded, where, quick_path / "half")
    every = points(count)
    check_repairs(place, [every[number] for number in few(len(every), where, 5)], quick_path)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["objects", "chain", "tiles", "kept"])
def test_killed_at_every_effect_of_a_repair(recorded: Recorded, quick_path: Path, where: str) -> None:
    place, count = half_done(recorded, where, quick_path / "half")
    check_repairs(place, points(count), quick_path)


def check_repairs(base: Place, chosen: list[tuple[int, str]], work: Path) -> None:
    for (at, when), (place, _, was_killed) in zip(chosen, killed(base, chosen, work, "repair"), strict=True):
        assert was_killed, (at, when)
        try:
            reopen(place, 0)
        except (AssertionError, ArchiverError) as error:
            raise AssertionError(f"killed {when} effect {at} of a repair") from error


# -- a disk that is full -----------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 1 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.getuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("mounting a small file system needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("keys", ["elsewhere", "there too"])
def test_a_full_disk(small_disk: Path, tmp_path: Path, keys: str) -> None:
    """Captures until nothing fits: a clear error, nothing sealed is lost, and it goes on when there is room."""
    place = Place(small_disk)
    if keys == "elsewhere":
        place.guard = LogGuard(tmp_path / "keys" / "log.guard", ORIGIN)
    place.create()
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(400_000))
    sealed = place.size()
    with pytest.raises(StoreError, match="full") as caught:
        for number in range(1000):
            sealed = place.append(1, f"page {number}")[-1].sequence + 1
    assert sealed > 3
    assert "free some space" in (caught.value.hint or "")
    place.check(sealed, quarantine=False)
    with pytest.raises(StoreError, match="full"):
        place.append(200, "many at once")
    place.check(sealed, quarantine=False)
    ballast.unlink()
    place.append(1, "with room")
    place.check(sealed + 1)


# -- an error of the system --------------------------------------------------------------------------------------------


def fails(recorded: Recorded, at: int, code: int, to: Path) -> None:
    """The group fails with a StoreError. What was there before is intact at once, without a repair, unless the key had
    signed already: then the next writer finishes."""
    place = recorded.base.copy(to)
    disk = FaultDisk(place.root, at, "before", fail(code), repeat=code == errno.ENOSPC)
    guard = WatchedGuard(place.guard.path, ORIGIN, disk)
    failed: StoreError | None = None
    try:
        with place.ledger(disk, guard).batch() as group:
            add_snapshots(group, disk, GROUP, "batch")
            group.commit()
    except StoreError as error:
        failed = error
    assert disk.hit is not None
    if failed is None:  # only tidying up may fail unnoticed
        assert disk.hit.kind == "remove"
        assert place.size() == BEFORE + GROUP
    else:
        assert failed.where
        if disk.hit.kind in ("create", "write", "folder") and code == errno.ENOSPC:
            assert "full" in failed.message
            assert failed.hint
    disk.at, disk.repeat = -1, False
    disk.scratch.close()
    signed = place.guard.read()
    assert signed is not None
    if signed[0] == BEFORE:
        place.check(BEFORE)
    reopen(place, 0)
    shutil.rmtree(to)


def check_failures(recorded: Recorded, chosen: list[int], code: int, work: Path) -> None:
    for at in chosen:
        try:
            fails(recorded, at, code, work / f"{at}")
        except (AssertionError, ArchiverError) as error:
            raise AssertionError(f"error at effect {at}: {recorded.effects[at]}") from error


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_an_error_at_some_effects(recorded: Recorded, quick_path: Path, code: int) -> None:
    check_failures(recorded, few(len(recorded.effects), f"errors {code}", 12), code, quick_path)


@pytest.mark.slow
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_an_error_at_every_effect(recorded: Recorded, quick_path: Path, code: int) -> None:
    check_failures(recorded, list(range(len(recorded.effects))), code, quick_path)


# -- making an archive -------------------------------------------------------------------------------------------------


def test_killed_while_the_archive_is_made(quick_path: Path) -> None:
    """Until genesis is in its place, init can be given again; from then on any writer finishes the archive."""
    sample = Place(quick_path / "sample")
    disk = RecordingDisk(sample.root)
    sample.create(disk, WatchedGuard(sample.guard.path, ORIGIN, disk))
    empty = Place(quick_path / "empty")
    empty.base.mkdir()
    every = points(len(disk.effects))
    chosen = [every[number] for number in few(len(every), "create", 24)]
    outcomes = set()
    for point, (place, sealed, was_killed) in zip(chosen, killed(empty, chosen, quick_path, "create"), strict=True):
        assert was_killed, point
        if (place.root / "chain/000.json").exists():
            place.repair()
            outcomes.add("finished")
        else:
            if (place.root / "archive.yaml").exists():
                with pytest.raises(StoreError, match="interrupted") as caught:
                    place.ledger().repair()
                assert "init" in (caught.value.hint or "")
            place.create()
            outcomes.add("again")
        place.check(1, quarantine=False)
        assert sealed in (0, 1)
    assert outcomes == {"finished", "again"}
