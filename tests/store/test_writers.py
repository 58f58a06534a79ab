"""Several writers, stale locks, copied folders, restored backups, and files that somebody dropped in."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from store_kit import (
    LOG_KEY,
    ORIGIN,
    SECOND,
    SECOND_LOG_KEY,
    SIGNER,
    TIME,
    Place,
    add_snapshots,
    clock,
    reference,
    rotation,
    tree,
)

from archiver import digest
from archiver.errors import ArchiverError, FormatError, MissingError, ProofError, RefusedError, StoreError
from archiver.model.manifest import BundleRef, Manifest, Previous, decode, encode
from archiver.signing.keys import KeySigner
from archiver.store.durable import Disk
from archiver.store.keyring import LogGuard
from archiver.store.ledger import Draft, Ledger
from archiver.store.lock import writer_lock
from archiver.store.objects import ObjectStore
from archiver.store.placing import Intent, parse_intent
from archiver.tlog.checkpoint import Checkpoint
from archiver.verify.layout import manifest_path, object_path

HERE = str(Path(__file__).parent)


@pytest.fixture
def place(quick_path: Path) -> Place:
    found = Place(quick_path / "place")
    found.create()
    found.append(3, "before")
    return found


def writers(place: Place, count: int, commits: int) -> list[list[int]]:
    """Numbers that each of so many processes was given."""
    children = [
        subprocess.Popen(
            [sys.executable, f"{HERE}/write_child.py", str(place.base), f"writer {number}", str(commits)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": ":".join([HERE, *sys.path])},
        )
        for number in range(count)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    outputs = []
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        outputs.append(child.communicate()[0])
        assert child.returncode == 0
    return [[int(line) for line in output.split()] for output in outputs]


@pytest.mark.parametrize(("count", "commits"), [(2, 12), (20, 2)])
def test_many_writers_make_one_chain(place: Place, count: int, commits: int) -> None:
    given = writers(place, count, commits)
    assert all(len(numbers) == commits and numbers == sorted(numbers) for numbers in given)
    assert sorted(number for numbers in given for number in numbers) == list(range(4, 4 + count * commits))
    place.check(4 + count * commits, quarantine=False)
    assert not place.repair()
    assert list((place.root / "tmp").iterdir()) == []


def test_threads_are_writers_too(place: Place) -> None:
    def write(tag: str) -> None:
        ledger = place.ledger(disk)
        for number in range(5):
            with ledger.batch() as group:
                add_snapshots(group, disk, 1, f"{tag} {number}")
                group.commit()

    disk = Disk(place.root)
    threads = [threading.Thread(target=write, args=(f"thread {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    disk.scratch.close()
    place.check(24, quarantine=False)


def test_a_lock_that_is_held_is_waited_for_and_then_said(place: Place) -> None:
    ledger = place.ledger()
    ledger.wait = 0.2
    with writer_lock(Disk(place.root)):
        began = time.monotonic()
        with pytest.raises(StoreError, match="another archiver") as caught:
            ledger.repair()
        assert 0.2 <= time.monotonic() - began < 5
        assert caught.value.where == str(place.root / ".lock")
        assert caught.value.hint
        place.check(4)  # readers do not care
    ledger.repair()


def test_the_lock_of_a_dead_writer_holds_nobody(place: Place) -> None:
    program = (
        "import sys, time; from pathlib import Path\n"
        "from archiver.store.durable import Disk; from archiver.store.lock import writer_lock\n"
        "with writer_lock(Disk(Path(sys.argv[1]))):\n"
        "    print('held', flush=True); time.sleep(600)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(place.root)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    ledger = place.ledger()
    ledger.wait = 0.1
    with pytest.raises(StoreError):
        ledger.repair()
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert (place.root / ".lock").exists()
    place.append(1, "after")
    place.check(5)


def test_the_staged_files_of_a_living_process_are_left_alone(place: Place) -> None:
    program = (
        "import sys; from pathlib import Path; from archiver.store.objects import ObjectStore\n"
        "store = ObjectStore(Path(sys.argv[1])); staged = store.stage_bytes(b'under way')\n"
        "print(staged.temp, flush=True); sys.stdin.readline()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(place.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    staged = Path(child.stdout.readline().strip())
    place.append(1, "meanwhile")
    assert staged.read_bytes() == b"under way"
    child.kill()
    child.communicate()
    assert staged.exists()
    report = place.repair()
    assert report.removed == 1
    assert not staged.exists()
    assert list((place.root / "tmp").iterdir()) == []


def test_staging_is_tidied_when_a_process_ends(place: Place) -> None:
    program = (
        "import sys; from pathlib import Path; from archiver.store.objects import ObjectStore\n"
        "ObjectStore(Path(sys.argv[1])).stage_bytes(b'never sealed')\n"
    )
    subprocess.run([sys.executable, "-c", program, str(place.root)], check=True)
    assert list((place.root / "tmp").iterdir()) == []


# -- copies and backups ------------------------------------------------------------------------------------------------


def untouched(place: Place, action: object, error: type[ArchiverError], words: str | None) -> ArchiverError:
    """It refuses with these words and changes nothing."""
    before = tree(place.root, (".lock", "tmp"))
    guard = place.guard.path.read_bytes() if place.guard.path.exists() else None
    with pytest.raises(error, match=words) as caught:
        action()  # type: ignore[operator]
    assert tree(place.root, (".lock", "tmp")) == before
    assert (place.guard.path.read_bytes() if place.guard.path.exists() else None) == guard
    return caught.value


def test_a_restored_backup_is_refused(place: Place, tmp_path: Path) -> None:
    shutil.copytree(place.root, tmp_path / "backup")
    place.append(2, "lost")
    shutil.rmtree(place.root)
    shutil.copytree(tmp_path / "backup", place.root)
    error = untouched(place, lambda: place.append(1, "fork"), RefusedError, "signed a log of 6 manifests, and only 4")
    assert "older copy" in (error.hint or "")
    untouched(place, place.repair, RefusedError, "older copy|only 4")


def test_of_two_copies_only_one_goes_on(place: Place, tmp_path: Path) -> None:
    shutil.copytree(place.root, tmp_path / "copy")
    other = Place(tmp_path)
    other.root = tmp_path / "copy"
    other.guard = place.guard
    other.append(1, "in the copy")
    untouched(place, lambda: place.append(1, "in the original"), RefusedError, "only 4 are here")
    other.append(1, "and again")
    other.check(6)
    # Even if the original got the log key's signature for as many, from a machine whose guard did not know:
    behind = Place(tmp_path)
    behind.root = place.root
    behind.guard = LogGuard(tmp_path / "old keys" / "log.guard", ORIGIN)
    signed = (place.root / "log/checkpoint").read_bytes()
    assert signed
    behind.guard.renew(4, decode_root(place))
    behind.append(2, "forked")
    error = untouched(place, lambda: place.append(1, "more"), RefusedError, "signed another log of 6 manifests")
    assert "never signed twice" in (error.hint or "")


def decode_root(place: Place) -> bytes:
    from archiver.tlog.checkpoint import open_checkpoint

    return open_checkpoint((place.root / "log/checkpoint").read_bytes(), LOG_KEY.vkeys()).checkpoint.root


def test_a_missing_or_damaged_guard_is_refused(place: Place) -> None:
    kept = place.guard.path.read_bytes()
    place.guard.path.unlink()
    untouched(place, lambda: place.append(1), RefusedError, "guard beside the log's key is missing")
    place.guard.path.write_bytes(kept[:-5])
    untouched(place, lambda: place.append(1), FormatError, "not the guard")
    place.guard.path.unlink()
    place.guard.renew(4, decode_root(place))
    place.append(1)
    place.check(5)


def test_a_guard_that_lags_behind_is_brought_up(place: Place) -> None:
    """The archive was written from another machine with the same keys, one after the other."""
    old = place.guard.path.read_bytes()
    place.append(2, "elsewhere")
    place.guard.path.write_bytes(old)
    place.append(1, "here")
    place.check(7)
    assert place.guard.read()[0] == 7  # type: ignore[index]


def test_truncation_is_refused(place: Place) -> None:
    for number in (3,):
        for path in (place.root / "chain").glob(f"{number:03d}.json*"):
            path.unlink()
    error = untouched(place, lambda: place.append(1), RefusedError, "counts 4 manifests, and the newest")
    assert "lost" in (error.hint or "")


def test_truncation_with_an_old_checkpoint_is_refused(place: Place) -> None:
    for path in (place.root / "chain").glob("003.json*"):
        path.unlink()
    shutil.copy(place.root / "log/checkpoints/1", place.root / "log/checkpoint")
    with pytest.raises(RefusedError):
        place.append(1)
    (place.root / "log/checkpoints/4").unlink()
    untouched(place, lambda: place.append(1), RefusedError, "signed a log of 4 manifests, and only 3")


def test_an_old_checkpoint_is_replaced_by_the_kept_one(place: Place) -> None:
    newest = (place.root / "log/checkpoint").read_bytes()
    for action in ("old", "missing", "damaged"):
        path = place.root / "log/checkpoint"
        if action == "old":
            path.write_bytes((place.root / "log/checkpoints/1").read_bytes())
        elif action == "missing":
            path.unlink()
        else:
            path.write_bytes(newest[:-7] + b"AAAAA=\n")
        report = place.repair()
        assert report.restored == ("log/checkpoint",)
        assert path.read_bytes() == newest
        assert [item.name for item in report.set_aside] == (["log/checkpoint"] if action == "damaged" else [])
        place.check(4)


def test_without_any_checkpoint_it_is_refused(place: Place) -> None:
    shutil.rmtree(place.root / "log/checkpoints")
    (place.root / "log/checkpoint").unlink()
    untouched(place, lambda: place.append(1), MissingError, "is missing")


@pytest.mark.parametrize(
    "name",
    ["log/tile/0/000.p/4", "log/tile/entries/000.p/4", "chain/003.json", "chain/003.json.sig", "chain/000.json"],
)
@pytest.mark.parametrize("how", ["flipped", "gone"])
def test_a_damaged_edge_is_refused(place: Place, name: str, how: str) -> None:
    path = place.root / name
    data = path.read_bytes()
    path.unlink()
    if how == "flipped":
        path.write_bytes(data[:-20] + bytes([data[-20] ^ 1]) + data[-19:])
    if (name, how) == ("chain/003.json.sig", "flipped"):
        # A signature of the newest manifest is bound by the next one only: nothing here can tell it from another.
        place.append(1)
        assert {finding.code for finding in place.report().findings} >= {"signature-bad"}
        return
    error = untouched(place, lambda: place.append(1), ArchiverError, None)
    assert isinstance(error, ProofError | FormatError | MissingError | RefusedError)
    assert error.hint


def test_another_log_key_is_refused(place: Place) -> None:
    ledger = Ledger(
        place.root,
        signer=SIGNER,
        log_key=SECOND_LOG_KEY,
        guard=place.guard,
        clock=clock,
        entropy=os.urandom,
    )
    untouched(place, ledger.repair, RefusedError, "log key")


# -- files dropped in --------------------------------------------------------------------------------------------------


def forged(place: Place, by: KeySigner, **changes: object) -> None:
    """A manifest beyond the checkpoint, made by somebody who has the key `by`."""
    newest = place.size() - 1
    before = place.root / manifest_path(newest)
    signature = before.with_name(before.name + ".sig").read_bytes()
    fields = {
        "archive": digest.of_bytes((place.root / "chain/000.json").read_bytes()),
        "sequence": newest + 1,
        "previous": Previous(digest.of_bytes(before.read_bytes()), digest.of_bytes(signature)),
        "keys": digest.of_bytes((place.root / "chain/000.json").read_bytes()),
        "signer": by.public.fingerprint,
        "event": "snapshot",
        "time": TIME,
        "subject": None,
        "extra": None,
        "objects": (),
        "salt": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    fields |= changes
    data = encode(Manifest(**fields))  # type: ignore[arg-type]
    path = place.root / manifest_path(newest + 1)
    path.write_bytes(data)
    path.with_name(path.name + ".sig").write_bytes(by.sign(data, "archiver-manifest-v1"))


def snapshot_refs(place: Place, tag: str, leave_out: str | None = None) -> tuple[object, ...]:
    """Objects laid into their places by hand."""
    store = ObjectStore(place.root)
    refs = []
    for role, data in (("facts", tag.encode()), ("warc", tag.encode() * 9), ("segment-secret", tag.encode()[:1] * 32)):
        staged = store.stage_bytes(data)
        path = place.root / object_path(staged.digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        if role != leave_out:
            path.write_bytes(data)
        refs.append(reference(role, staged))
        store.discard(staged)
    store.disk.scratch.close()
    return tuple(refs)


def test_an_injected_manifest_is_set_aside(place: Place) -> None:
    refs = snapshot_refs(place, "forged")
    forged(place, SECOND, objects=refs)
    report = place.repair()
    assert [item.name for item in report.set_aside] == ["chain/004.json", "chain/004.json.sig"]
    assert all("never admitted" in item.reason for item in report.set_aside)
    why = next((place.root / "quarantine").glob("*/why.txt")).read_text()
    assert why.count("\n") == 2
    assert "chain/004.json: " in why
    # The objects that came along are nobody's; the verifier names them, a repair has no reason to touch them.
    codes = {finding.code for finding in place.report().findings if finding.code not in ("file-unbound", "quarantine")}
    assert codes == {"object-unreferenced"}
    assert not place.repair()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"archive": "sha256:" + "00" * 32}, "another place or archive"),
        ({"sequence": 5}, "another place or archive"),
        ({"previous": Previous("sha256:" + "00" * 32, "sha256:" + "00" * 32)}, "does not name the manifest before"),
        ({"keys": "sha256:" + "00" * 32}, "does not name the manifest before"),
        ({"signer": SECOND.public.fingerprint}, "another key than the manifest names"),
    ],
)
def test_a_manifest_that_does_not_fit_is_set_aside(place: Place, changes: dict[str, object], words: str) -> None:
    """Even with our own key's signature: from another archive of ours, from a fork, from a test."""
    forged(place, SIGNER, objects=snapshot_refs(place, "odd"), **changes)
    report = place.repair()
    assert [item.name for item in report.set_aside] == ["chain/004.json", "chain/004.json.sig"]
    assert words in report.set_aside[0].reason
    assert place.size() == 4


@pytest.mark.parametrize("role", ["facts", "warc", "segment-secret"])
def test_a_manifest_without_its_objects_is_set_aside(place: Place, role: str) -> None:
    forged(place, SIGNER, objects=snapshot_refs(place, "part", leave_out=role))
    report = place.repair()
    assert f"its {role} object is missing" in report.set_aside[0].reason


def test_what_our_key_signed_and_lost_is_taken_in(place: Place) -> None:
    forged(place, SIGNER, objects=snapshot_refs(place, "ours"))
    report = place.repair()
    assert report.taken_in == (4,)
    assert any("number 4" in line for line in report.lines())
    place.check(5, quarantine=False)
    place.append(1)
    place.check(6)


def test_strays_of_every_kind(place: Place) -> None:
    """Files beyond the end in the folder where the next manifests go."""
    strays = ("004.json", "004.json.sig", "007.json", "007.json.new.sig", "123.json.sig.1")
    for name in strays:
        (place.root / "chain" / name).write_bytes(b"dropped in")
    report = place.repair()
    assert sorted(item.name for item in report.set_aside) == sorted(f"chain/{name}" for name in strays)
    place.check(4, quarantine=True)
    place.append(5)
    place.check(9)


def test_a_stray_far_ahead_is_met_when_the_chain_gets_there(place: Place) -> None:
    (place.root / "chain/x001").mkdir()
    (place.root / "chain/x001/000.json").write_bytes(b"dropped in")
    assert not place.repair()
    ledger = place.ledger()
    with ledger.batch() as group:
        for _ in range(996):
            group.add(Draft("export", None, BundleRef("sha256:" + "00" * 32, 1, (1,)), (), TIME))
        add_snapshots(group, ledger.disk, 4, "last")
        group.commit()
    assert [item.name for item in group.repaired.set_aside] == ["chain/x001/000.json"]
    place.check(1004)


def test_a_tile_in_the_way_is_set_aside(place: Place) -> None:
    for name in ("log/tile/0/000.p/5", "log/tile/entries/000.p/5"):
        (place.root / name).write_bytes(b"dropped in")
    ledger = place.ledger()
    with ledger.batch() as group:
        add_snapshots(group, ledger.disk, 1, "next")
        group.commit()
    assert len(group.repaired.set_aside) == 2
    place.check(5, quarantine=True)


def test_a_checkpoint_in_the_way(place: Place, tmp_path: Path) -> None:
    kept = place.root / "log/checkpoints/5"
    kept.write_bytes(b"dropped in")
    ledger = place.ledger()
    with ledger.batch() as group:
        add_snapshots(group, ledger.disk, 1, "next")
        group.commit()
    assert [item.name for item in group.repaired.set_aside] == ["log/checkpoints/5"]
    place.check(5)
    # One that our key signed for another tree is the proof of a fork: it stays, and nothing is signed.
    other = LOG_KEY.sign(Checkpoint(ORIGIN, 6, b"x" * 32), 1_700_000_000)
    (place.root / "log/checkpoints/6").write_bytes(other)
    error = untouched(place, lambda: place.append(1), RefusedError, "signed another log of 6 manifests")
    assert "keep both" in (error.hint or "")


def test_a_forged_note_of_a_commit_cannot_take_objects_away(place: Place) -> None:
    """`tmp/<token>.commit` is a hint: what the chain names stays, whatever the hint says."""
    objects = tuple("sha256:" + name[15:].replace("/", "") for name in tree(place.root) if name.startswith("objects/"))
    assert len(objects) == 9
    note = place.root / "tmp" / "0123456789abcdef.commit"
    for intent in (Intent(0, 4, objects), Intent(4, 5, objects), Intent(4, 90_000, objects)):
        note.write_bytes(intent.encode())
        report = place.repair()
        assert not report.set_aside
        assert not note.exists()
        place.check(4, quarantine=False)
    for junk in (b"", b"{", b"[]", b'{"archiver":"commit/v1","base":0,"size":1e9,"objects":[]}\n', b"\xff" * 99):
        note.write_bytes(junk)
        assert parse_intent(junk) is None
        assert not place.repair().set_aside
        assert not note.exists()
    assert parse_intent(Intent(0, 10**9, ()).encode()) is None
    assert parse_intent(Intent(4, 6, objects).encode()) == Intent(4, 6, objects)


def test_a_symbolic_link_in_the_chain_is_set_aside_itself(place: Place, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes((place.root / "chain/003.json").read_bytes())
    (place.root / "chain/004.json").symlink_to(outside)
    report = place.repair()
    assert [item.name for item in report.set_aside] == ["chain/004.json"]
    assert outside.exists()
    assert os.path.islink(place.root / report.set_aside[0].now)


def test_trust_files_are_derived(place: Place) -> None:
    for name in ("trust/allowed_signers", "trust/log.vkey"):
        wanted = (place.root / name).read_bytes()
        for spoil in (b"", wanted + b"# mine\n", None):
            (place.root / name).unlink()
            if spoil is not None:
                (place.root / name).write_bytes(spoil)
            assert place.repair().restored == (name,)
            assert (place.root / name).read_bytes() == wanted
    place.check(4)


def test_a_manifest_of_a_newer_archiver_is_left_alone(place: Place) -> None:
    data = (place.root / "chain/003.json").read_bytes().replace(b"manifest/v1", b"manifest/v2")
    (place.root / "chain/004.json").write_bytes(data)
    error = untouched(place, lambda: place.append(1), RefusedError, "newer")
    assert "newer archiver" in (error.hint or "")


def test_an_interrupted_rotation_is_finished(place: Place) -> None:
    """A key event beyond the checkpoint: both signatures must be there."""
    for keep in (True, False):
        other = place.copy(place.base.parent / f"rotation {keep}")
        ledger = other.ledger()
        with ledger.batch() as group:
            group.add(rotation(), extra_signers={".new.sig": SECOND})
            group.commit()
        shutil.copy(other.root / "log/checkpoints/4", other.root / "log/checkpoint")
        (other.root / "log/checkpoints/5").unlink()
        other.guard.path.write_bytes(place.guard.path.read_bytes())
        for name in ("log/tile/0/000.p/5", "log/tile/entries/000.p/5"):
            (other.root / name).unlink()
        shutil.copytree(place.root / "trust", other.root / "trust", dirs_exist_ok=True)
        if not keep:
            (other.root / "chain/004.json.new.sig").unlink()
        report = other.repair()
        assert report.taken_in == ((4,) if keep else ())
        other.check(5 if keep else 4)
        assert decode((other.root / "chain/003.json").read_bytes()).sequence == 3
        lines = (other.root / "trust/allowed_signers").read_bytes().count(b"\n")
        assert lines == (2 if keep else 1)
