"""Sealing: groups, numbers, links, keys in force, what is refused before anything is written."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from store_kit import (
    IDENTITY,
    LOG_KEY,
    ORIGIN,
    RECOVERY,
    SECOND,
    SECOND_LOG_KEY,
    SIGNER,
    TIME,
    Place,
    add_snapshots,
    clock,
    entropy,
    log_rotation,
    reference,
    rotation,
    tree,
)

from archiver import digest
from archiver.errors import FormatError, MissingError, RefusedError, StoreError, UsageError
from archiver.evidence import read
from archiver.model.manifest import BundleRef, KeyChange, ObjectRef, decode
from archiver.signing import sshsig
from archiver.store.durable import Disk
from archiver.store.keyring import LogGuard
from archiver.store.ledger import Draft, Ledger
from archiver.store.objects import ObjectStore
from archiver.tlog.checkpoint import open_checkpoint
from archiver.tlog.note import open_note
from archiver.verify.layout import manifest_path


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path)
    found.create()
    return found


def test_new_archive_is_accepted(tmp_path: Path) -> None:
    place = Place(tmp_path)
    identity = place.create()
    place.check(1)
    assert identity == digest.of_bytes((place.root / "chain/000.json").read_bytes()) == place.report().archive
    assert place.guard.read() is not None
    assert place.guard.read()[0] == 1  # type: ignore[index]
    assert (place.root / "archive.yaml").read_text() == "# settings of a test\n"
    assert not list((place.root / "tmp").iterdir())


def test_create_refuses_what_is_there(place: Place, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is an archive already"):
        place.create()
    other = Place(tmp_path / "other")
    other.root.mkdir(parents=True)
    (other.root / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        Ledger.check_place(other.root)
    with pytest.raises(UsageError, match="not empty"):
        other.create()
    assert [path.name for path in other.root.iterdir()] == ["notes.txt"]
    assert other.guard.read() is None
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(UsageError, match="is a file"):
        Ledger.check_place(file)
    Ledger.check_place(tmp_path / "not there")


def test_create_wants_the_keys_that_genesis_names(tmp_path: Path) -> None:
    for signer, recovery in ((SECOND, RECOVERY), (SIGNER, SECOND), (RECOVERY, SIGNER)):
        place = Place(tmp_path)
        with pytest.raises(UsageError):
            Ledger.create(
                place.root,
                identity=IDENTITY,
                signer=signer,
                recovery=recovery,
                log_key=LOG_KEY,
                guard=place.guard,
                clock=clock,
                entropy=entropy(),
                settings_text="",
            )
        assert not place.root.exists()


def test_groups_make_one_chain(place: Place) -> None:
    first = place.append(3, "a")
    second = place.append(1, "b")
    third = place.append(300, "c")
    assert [added.sequence for added in (*first, *second, *third)] == list(range(1, 305))
    place.check(305)
    for added in (*first, *second, *third):
        data = (place.root / manifest_path(added.sequence)).read_bytes()
        assert digest.of_bytes(data) == added.digest
        assert decode(data) == added.manifest
        assert added.manifest.previous is not None
        before = place.root / manifest_path(added.sequence - 1)
        assert added.manifest.previous.manifest == digest.of_bytes(before.read_bytes())
        signature = before.with_name(before.name + ".sig").read_bytes()
        assert added.manifest.previous.signature == digest.of_bytes(signature)
    sizes = {int(path.name) for path in (place.root / "log/checkpoints").iterdir()}
    assert sizes == {1, 4, 5, 305}
    newest = (place.root / "log/checkpoint").read_bytes()
    assert newest == (place.root / "log/checkpoints/305").read_bytes()
    assert open_checkpoint(newest, LOG_KEY.vkeys()).mldsa == "passed"


def test_written_once_files_are_read_only(place: Place) -> None:
    place.append(2)
    for name in tree(place.root, (".lock", "archive.yaml", "trust", "tmp")):
        mode = stat.S_IMODE((place.root / name).stat().st_mode)
        assert mode & 0o222 == (0o200 if name == "log/checkpoint" else 0), (name, oct(mode))


def test_leaving_a_group_discards(place: Place) -> None:
    before = tree(place.root, ("tmp", ".lock"))
    ledger = place.ledger()
    with ledger.batch() as group:
        add_snapshots(group, ledger.disk, 2, "never")
    with pytest.raises(ZeroDivisionError), ledger.batch() as group:
        add_snapshots(group, ledger.disk, 2, "never")
        raise ZeroDivisionError
    ledger.disk.scratch.close()
    assert tree(place.root, (".lock",)) == before
    with pytest.raises(UsageError):
        group.add(Draft("snapshot", None, None, (), TIME))
    with pytest.raises(UsageError):
        group.commit()


def test_what_no_manifest_names_is_not_sealed(place: Place) -> None:
    ledger = place.ledger()
    store = ObjectStore(place.root, ledger.disk)
    with ledger.batch() as group:
        add_snapshots(group, ledger.disk, 1, "a")
        group.adopt(store.stage_bytes(b"nobody names this"))
        group.commit()
    ledger.disk.scratch.close()
    place.check(2)
    assert not list((place.root / "tmp").iterdir())


def test_an_empty_group_changes_nothing(place: Place) -> None:
    before = tree(place.root, ("tmp",))
    ledger = place.ledger()
    with ledger.batch() as group:
        group.adopt(ObjectStore(place.root, ledger.disk).stage_bytes(b"spare"))
        group.commit()
    ledger.disk.scratch.close()
    assert tree(place.root) == before


def test_the_same_object_twice_is_kept_once(place: Place) -> None:
    ledger = place.ledger()
    store = ObjectStore(place.root, ledger.disk)
    for _ in range(2):
        with ledger.batch() as group:
            for _ in range(2):
                staged = store.stage_bytes(b"the same again")
                group.adopt(staged)
                group.add(Draft("snapshot", None, None, (reference("facts", staged),), TIME))
            group.commit()
    ledger.disk.scratch.close()
    place.check(5)
    assert sum(1 for name in tree(place.root) if name.startswith("objects/")) == 1
    assert not list((place.root / "tmp").iterdir())


def test_a_damaged_object_is_set_aside_for_the_good_one(place: Place) -> None:
    place.append(1)
    name = next(name for name in tree(place.root) if name.startswith("objects/"))
    path = place.root / name
    path.chmod(0o644)
    path.write_bytes(b"damaged")
    ledger = place.ledger()
    with ledger.batch() as group:
        add_snapshots(group, ledger.disk, 1, "page")
        group.commit()
    assert [(item.name, "is not the object" in item.reason) for item in group.repaired.set_aside] == [(name, True)]
    assert (place.root / group.repaired.set_aside[0].now).read_bytes() == b"damaged"
    place.check(3, quarantine=True)


def test_objects_must_be_there_and_fit(place: Place) -> None:
    ledger = place.ledger()
    store = ObjectStore(place.root, ledger.disk)
    staged = store.stage_bytes(b"x")
    with ledger.batch() as group:
        group.adopt(staged)
        with pytest.raises(MissingError):
            absent = ObjectRef("facts", digest.of_bytes(b"absent"), 6, "application/json")
            group.add(Draft("snapshot", None, None, (absent,), TIME))
        with pytest.raises(FormatError, match="1 bytes"):
            group.add(Draft("snapshot", None, None, (ObjectRef("facts", staged.digest, 2, "application/json"),), TIME))
        with pytest.raises(FormatError):
            group.add(Draft("snapshot", None, None, (), "yesterday"))
        good = group.add(Draft("snapshot", None, None, (reference("facts", staged),), TIME))
        group.commit()
    assert good.sequence == 1
    place.check(2)


def test_another_key_may_not_sign(place: Place) -> None:
    before = tree(place.root, ("tmp", ".lock"))
    ledger = place.ledger()
    with ledger.batch() as group, pytest.raises(RefusedError, match="never admitted"):
        group.add(Draft("snapshot", None, None, (), TIME), signed_by=SECOND)
    with ledger.batch() as group, pytest.raises(UsageError):
        group.add(rotation())
    with ledger.batch() as group, pytest.raises(UsageError):
        group.add(rotation(), extra_signers={".new.sig": RECOVERY})
    with ledger.batch() as group, pytest.raises(UsageError):
        group.add(Draft("snapshot", None, None, (), TIME), extra_signers={".sig.100": SECOND})
    ledger.disk.scratch.close()
    assert tree(place.root, ("tmp", ".lock")) == before


def test_rotation_revocation_and_countersignature(place: Place) -> None:
    place.append(2, "before")
    ledger = place.ledger()
    with ledger.batch() as group:
        event = group.add(rotation(), extra_signers={".new.sig": SECOND, ".sig.1": RECOVERY})
        with pytest.raises(RefusedError, match="retired"):
            add_snapshots(group, ledger.disk, 1, "old key")
        group.commit()
    data = (place.root / manifest_path(event.sequence)).read_bytes()
    for suffix, key in ((".sig", SIGNER), (".new.sig", SECOND), (".sig.1", RECOVERY)):
        armored = (place.root / (manifest_path(event.sequence) + suffix)).read_bytes()
        assert sshsig.verify(armored, data, "archiver-manifest-v1") == key.public
    place.check(4)
    ledger.signer = SECOND
    with ledger.batch() as group:
        later = add_snapshots(group, ledger.disk, 2, "after")
        group.commit()
    assert later[0].manifest.keys == event.digest
    assert later[0].manifest.signer == SECOND.public.fingerprint
    place.check(6)
    lines = (place.root / "trust/allowed_signers").read_text().splitlines()
    assert len(lines) == 2
    change = KeyChange("revoke", "signer", (SIGNER.public.line(),), (), 2, None)
    with ledger.batch() as group:
        with pytest.raises(RefusedError, match="recovery key"):
            group.add(Draft("key", None, change, (), TIME))
        group.add(Draft("key", None, change, (), TIME), signed_by=RECOVERY)
        add_snapshots(group, ledger.disk, 1, "last")
        group.commit()
    codes = [finding.code for finding in place.report().findings if finding.code not in ("file-unbound", "quarantine")]
    assert set(codes) == {"signature-disowned"}
    # Two key events, found from their digests, with and without the hint where they are.
    assert (place.root / "tmp/key-events").read_text() == "3\n"
    ledger.repair()
    assert (place.root / "tmp/key-events").read_text() == "3\n6\n"
    for hint in ("", "1\n2\n", "nonsense", "99999999\n3\n6\n"):
        (place.root / "tmp/key-events").write_text(hint)
        with ledger.batch() as group:
            add_snapshots(group, ledger.disk, 1, f"hint {hint}")
            group.commit()
        assert (place.root / "tmp/key-events").read_text() == "3\n6\n"


def test_the_logs_key_is_replaced_by_both_keys_together(place: Place, tmp_path: Path) -> None:
    place.append(1)
    before = tree(place.root, ("tmp", ".lock"))
    with place.ledger().batch() as group:
        group.add(log_rotation())
        with pytest.raises(RefusedError, match="log keys that are not here"):
            group.commit()
    assert tree(place.root, ("tmp", ".lock")) == before
    new_guard = LogGuard(tmp_path / "keys" / "new.guard", ORIGIN)
    common = {"signer": SIGNER, "clock": clock, "entropy": os.urandom}
    ledger = Ledger(place.root, log_key=LOG_KEY, guard=place.guard, successor=(SECOND_LOG_KEY, new_guard), **common)
    with ledger.batch() as group:
        add_snapshots(group, ledger.disk, 1, "in the same group")
        group.add(log_rotation())
        add_snapshots(group, ledger.disk, 1, "after it")
        group.commit()
    place.check(5)
    note = open_note((place.root / "log/checkpoint").read_bytes())
    wanted = [*SECOND_LOG_KEY.vkeys(), *LOG_KEY.vkeys()]
    assert [line.key_id for line in note.signatures] == [key.key_id for key in wanted]
    assert new_guard.read() == place.guard.read()
    assert (place.root / "trust/log.vkey").read_text().splitlines() == [k.spell() for k in SECOND_LOG_KEY.vkeys()]
    with pytest.raises(RefusedError, match="log key is not in force"):
        place.append(1)
    later = Ledger(place.root, log_key=SECOND_LOG_KEY, guard=new_guard, **common)
    with later.batch() as group:
        add_snapshots(group, later.disk, 1, "with the new key")
        group.commit()
    place.check(6)
    assert len(open_note((place.root / "log/checkpoint").read_bytes()).signatures) == 2


def test_partial_tiles_go_when_they_are_full(place: Place) -> None:
    """Not at once: whoever reads by the checkpoint of a moment ago must still find his."""
    place.append(1)
    for count, left in ((100, {0}), (100, {0}), (100, {0, 1}), (200, {0, 1}), (20, {1, 2}), (300, {2, 3})):
        ledger = place.ledger()
        with ledger.batch() as group:
            for _ in range(count):
                group.add(Draft("export", None, BundleRef("sha256:" + "00" * 32, 1, (0,)), (), TIME))
            group.commit()
        for level in ("entries", "0"):
            found = {int(path.name[:3]) for path in (place.root / "log/tile" / level).glob("*.p")}
            assert found == left, (count, level)
        place.check(quarantine=False)


def test_genesis_is_added_only_once(place: Place) -> None:
    with place.ledger().batch() as group, pytest.raises(FormatError):
        group.add(Draft("genesis", None, IDENTITY, (), TIME))


def test_same_input_same_bytes(tmp_path: Path) -> None:
    trees = []
    for name in ("one", "two"):
        place = Place(tmp_path / name)
        place.create()
        ledger = place.ledger(seed="same")
        with ledger.batch() as group:
            add_snapshots(group, ledger.disk, 5, "same")
            group.commit()
        trees.append(tree(place.root, ("log/checkpoint", "tmp", ".lock")))
    assert trees[0] == trees[1]


def test_a_disk_that_is_not_there(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with pytest.raises(StoreError):
        place.ledger(Disk(tmp_path / "nowhere")).repair()


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root may write everywhere")
def test_no_permission_is_said(place: Place) -> None:
    (place.root / "chain").chmod(0o500)
    try:
        with pytest.raises(StoreError, match="may not") as caught:
            place.append(1)
    finally:
        (place.root / "chain").chmod(0o700)
    assert caught.value.hint
    place.check(1)


def test_a_symbolic_link_is_not_written_through(place: Place, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (place.root / "objects").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="symbolic link"):
        place.append(1)
    assert not list((tmp_path / "elsewhere").iterdir())
    (place.root / "objects").unlink()
    place.check(1)


def test_reading_needs_no_lock(place: Place) -> None:
    ledger = place.ledger()
    with ledger.batch() as group:
        add_snapshots(group, ledger.disk, 2, "under way")
        place.check(1)
        assert read(place.folder, "log/checkpoint")
        group.commit()
    place.check(3)
