"""The disk itself: both ways of syncing, errors in words, folders, names in tmp/ of this process and of children."""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fault_disk import RecordingDisk

from archiver.errors import StoreError, UsageError
from archiver.store import disk_errors, durable, scratch
from archiver.store.durable import Disk
from archiver.store.objects import ObjectStore
from archiver.store.placing import Placing


def written(disk: Disk, count: int) -> list[str]:
    """So many new files."""
    disk.watch()
    disk.ensure_folder("some")
    names = [f"some/{number}" for number in range(count)]
    for name in names:
        disk.write_file(name, name.encode())
    return names


@pytest.mark.parametrize("count", [1, 8, 40])
@pytest.mark.parametrize("together", [1, 10**9])
def test_every_file_is_synced_in_one_way_or_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, together: int
) -> None:
    monkeypatch.setattr(durable, "TOGETHER", together)
    disk = RecordingDisk(tmp_path)
    names = written(disk, count)
    disk.effects.clear()
    disk.sync_files(names, "some")
    if together == 1 and sys.platform == "linux":
        assert [effect.kind for effect in disk.effects] == ["sync whole"]
    else:
        assert sorted(effect.name for effect in disk.effects) == sorted([*names, "some"])
        assert disk.effects[-1].name == "some"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has syncfs")
@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EPERM, errno.EIO])
def test_without_syncfs_each_file_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """A sandbox that forbids it is no error; a disk that fails is."""

    class Libc:
        def syncfs(self, handle: int) -> int:
            ctypes.set_errno(code)
            return -1

    disk = RecordingDisk(tmp_path)
    names = written(disk, 40)
    disk.effects.clear()
    monkeypatch.setattr(durable, "_libc", Libc)
    if code == errno.EIO:
        with pytest.raises(StoreError, match="reports an error"):
            disk.sync_files(names)
        return
    disk.sync_files(names, "some")
    assert {effect.name for effect in disk.effects if effect.kind == "sync"} == {*names, "some"}
    disk.sync_files(names)
    assert [effect.kind for effect in disk.effects].count("sync whole") == 1, "it is not tried again"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has syncfs")
def test_a_busy_file_system_is_left_to_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where syncing everything takes long, somebody copies a film: our files alone are synced, for a while."""
    now = [1000.0]

    class Libc:
        def syncfs(self, handle: int) -> int:
            now[0] += durable.BUSY_SECONDS + 1
            return 0

    disk = RecordingDisk(tmp_path)
    names = written(disk, 40)
    monkeypatch.setattr(durable, "_libc", Libc)
    monkeypatch.setattr(durable.time, "monotonic", lambda: now[0])
    for wanted in ({"sync whole"}, {"sync"}):
        disk.effects.clear()
        disk.sync_files(names)
        assert {effect.kind for effect in disk.effects} == wanted
    now[0] += durable.PAUSE_SECONDS
    disk.effects.clear()
    disk.sync_files(names)
    assert {effect.kind for effect in disk.effects} == {"sync whole"}


@pytest.mark.skipif(sys.platform != "linux", reason="statfs(2)")
def test_network_disks_are_not_synced_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = os.open(tmp_path, os.O_RDONLY)
    magic = durable._file_system(handle)
    os.close(handle)
    assert magic != 0
    monkeypatch.setattr(durable, "_OWN_DISK", frozenset({0x6969}))  # NFS alone, and this is none
    monkeypatch.setattr(durable, "TOGETHER", 1)
    disk = RecordingDisk(tmp_path)
    names = written(disk, 3)
    disk.effects.clear()
    disk.sync_files(names)
    assert [effect.kind for effect in disk.effects] == ["sync"] * 3


def test_an_old_kernel_has_no_syncfs_that_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for release, wanted in (
        ("5.7.19", False),
        ("4.19.0-21-amd64", False),
        ("5.8.0", True),
        ("6.18.44-x", True),
        ("odd", False),
    ):
        monkeypatch.setattr("platform.release", lambda release=release: release)
        assert durable._has_syncfs() is wanted, release


def test_a_file_that_could_not_be_written_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "")

    disk = Disk(tmp_path)
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StoreError, match="full") as caught:
        disk.write_file("file", b"data")
    assert caught.value.where == str(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", sorted(disk_errors.ADVICE))
def test_errors_are_told_with_a_hint(code: int) -> None:
    error = disk_errors.store_error(OSError(code, os.strerror(code)), "somewhere")
    assert error.message != os.strerror(code)
    assert error.where == "somewhere"
    assert error.hint


def test_any_other_error_is_told_too(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    for action in (
        lambda: disk.rename("absent", "new"),
        lambda: disk.create("no/folder"),
        lambda: disk.make_folder("no/folder"),
        lambda: disk.remove_folder("absent"),
        lambda: disk.sync_files(["absent"]),
        lambda: disk.write(10_000, "name", b"data"),
    ):
        with pytest.raises(StoreError) as caught:
            action()
        assert caught.value.where
    disk.remove("absent")  # what is not there needs no removing


def test_a_file_is_created_once(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    disk.write_file("file", b"one")
    with pytest.raises(StoreError):
        disk.write_file("file", b"two")
    assert (tmp_path / "file").read_bytes() == b"one"


def test_folders_are_made_once_and_reported(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    assert disk.ensure_folder("a/b/c") == ["", "a", "a/b"]
    assert disk.ensure_folder("a/b/d") == ["a/b"]
    assert disk.ensure_folder("a/b/c") == disk.ensure_folder("") == []
    assert Disk(tmp_path).ensure_folder("a/b/c") == []
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    for name, words in (("file/x", "no folder"), ("link/b/x", "symbolic link"), ("link", "symbolic link")):
        with pytest.raises(StoreError, match=words):
            Disk(tmp_path).ensure_folder(name)


def test_names_in_tmp_are_of_one_process(tmp_path: Path) -> None:
    one, two = Disk(tmp_path), Disk(tmp_path)
    names = {disk.scratch.new_name() for disk in (one, two) for _ in range(50)}
    assert len(names) == 100
    assert len({name.split("-")[0] for name in names}) == 2
    ObjectStore(tmp_path, one).stage_bytes(b"x")
    assert scratch.clean(two) == 0, "its process lives"
    one.scratch.close()
    two.scratch.close()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_forked_child_takes_names_of_its_own(tmp_path: Path) -> None:
    """And does not tidy up its parent's files when it ends."""
    program = (
        "import os, sys; from pathlib import Path; from archiver.store.objects import ObjectStore\n"
        "store = ObjectStore(Path(sys.argv[1])); mine = store.stage_bytes(b'parent')\n"
        "if os.fork() == 0:\n"
        "    print(store.stage_bytes(b'child').temp.name.split('-')[0], flush=True)\n"
        "    sys.exit(0)\n"
        "os.wait(); print(mine.temp.name.split('-')[0], mine.temp.exists())\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, capture_output=True, text=True)
    child, parent = done.stdout.splitlines()
    assert parent.split()[1] == "True"
    assert child != parent.split()[0]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_staging_in_pieces(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path)
    with store.open_staging() as stream:
        for _ in range(100):
            assert stream.write(b"0123456789" * 1000) == 10_000
        staged = stream.finish()
        with pytest.raises(UsageError):
            stream.write(b"more")
        with pytest.raises(UsageError):
            stream.finish()
    assert staged.size == 1_000_000 == staged.temp.stat().st_size
    assert staged.digest == store.stage_bytes(b"0123456789" * 100_000).digest
    with pytest.raises(ZeroDivisionError), store.open_staging() as stream:
        stream.write(memoryview(b"never"))
        raise ZeroDivisionError
    with store.open_staging() as stream:
        stream.write(bytearray(b"never finished"))
    assert len([path for path in (tmp_path / "tmp").iterdir() if path.suffix != ".lock"]) == 2
    store.discard(staged)
    assert not staged.temp.exists()


def test_a_group_of_files_is_taken_back(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    placing = Placing(disk)
    for name in ("a/1", "a/2", "b/3"):
        placing.write(name, b"data")
    placing.reserve("c/4", 100)
    placing.sync()
    placing.place(["a/1", "b/3"])
    assert (tmp_path / "a/1").read_bytes() == b"data"
    placing.undo()
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".lock"] == []
