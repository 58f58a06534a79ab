"""What goes into a bundle, that it verifies, and what is refused rather than exported."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest
from bundle_cases import (
    CREATED,
    SIGNER,
    STRANGER,
    MemoryArchive,
    Page,
    bundle_of,
    check,
    codes,
    contents,
    small_archive,
    small_page,
)
from rechecking import recheck
from simulator import HTML, Simulator

from archiver import digest
from archiver.bundle import layout, record
from archiver.bundle.build import build
from archiver.bundle.read import BundleEvidence
from archiver.bundle.record import BundleRecord, Withheld
from archiver.errors import ArchiverError, FormatError, MissingError, ProofError, UsageError
from archiver.model.manifest import BundleRef
from archiver.verify.layout import manifest_path, object_path
from archiver.verify.report import Outcome


def numbers(data: bytes) -> tuple[list[int], list[int]]:
    """The manifests of a bundle, and those that were chosen."""
    evidence = BundleEvidence(io.BytesIO(data))
    return list(evidence.sequences()), list(evidence.record.selected)


def of_simulator(archive: Simulator, *sequences: int, **options: object) -> bytes:
    return bundle_of(archive, *sequences, signer=archive.signer, **options)[0]


def checked(archive: Simulator, data: bytes) -> set[tuple[str, str | None]]:
    """Findings of weight, apart from what these archives cannot have."""
    report = check(data, trusted=[archive.signer, *archive.signers])
    return {item for item in codes(report) if item[0] not in ("stamp-not-checked",)}


# What goes in.


def test_a_snapshot_brings_its_reading_and_a_reading_its_snapshot() -> None:
    archive = small_archive()
    for asked in ((1,), (2,), (1, 2)):
        data, built = bundle_of(archive, *asked)
        assert numbers(data) == ([0, 1, 2, 4], [1, 2])
        assert built.sequences == (0, 1, 2, 4) and built.size == len(data) and built.files == len(contents(data))
        report = check(data)
        assert report.exit_code == 0 and not codes(report), report.findings


def test_the_last_leaf_comes_without_its_objects() -> None:
    archive = small_archive()
    files = contents(bundle_of(archive, 1)[0])
    last = archive.events[4]
    assert "data/chain/004.json" in files and "data/chain/004.tlog-proof" in files
    assert not {f"data/{object_path(ref.digest)}" for ref in last.objects} & files.keys()


def test_everything_may_be_chosen() -> None:
    data, _ = bundle_of(small_archive(), 1, 3)
    assert numbers(data) == ([0, 1, 2, 3, 4], [1, 2, 3, 4])
    assert not codes(check(data))


def test_readings_that_were_replaced_stay_behind() -> None:
    archive = Simulator(seed=3).capture()
    snapshot, first = archive.newest("snapshot"), archive.last
    archive.reading(snapshot=snapshot)
    beside = archive.last
    archive.reading(snapshot=snapshot, replaces=digest.of_bytes(archive.manifests[first]))
    newest = archive.last
    assert numbers(of_simulator(archive, snapshot))[1] == [snapshot, beside, newest]
    assert numbers(of_simulator(archive, first))[1] == [snapshot, first, beside, newest]
    assert not checked(archive, of_simulator(archive, first))


def test_a_recheck_brings_both_visits() -> None:
    archive = Simulator(seed=4).capture().capture(b"<p>Nothing to do with it.", url="https://other.example/")
    recheck(archive.capture(HTML.replace(b"spring", b"autumn")))
    data = of_simulator(archive, archive.last)
    assert numbers(data) == ([0, 1, 2, 5, 6, 7], [1, 2, 5, 6, 7])
    assert not checked(archive, data)
    assert "recheck 7" in contents(data)["report.html"].decode()


def test_a_note_is_exported_only_when_asked_for() -> None:
    archive = Simulator(seed=4).capture().note()
    note = archive.last
    archive.capture()
    assert note not in numbers(of_simulator(archive, 1))[0]
    data = of_simulator(archive, note)
    assert {1, 2, note} <= set(numbers(data)[1]) or note in numbers(data)[1]
    assert not checked(archive, data)


def test_all_key_events_are_in_every_bundle() -> None:
    archive = Simulator(seed=5).capture()
    archive.rotate().add_signer(STRANGER)
    added = archive.last
    archive.revoke(added + 1).rotate_recovery()
    events = list(range(added - 1, archive.last + 1))
    archive.capture()
    data = of_simulator(archive, 1)
    files = contents(data)
    for event in events:
        assert event in numbers(data)[0] and event not in numbers(data)[1]
        assert f"data/{manifest_path(event)}.new.sig" in files
    assert f"For data/{manifest_path(events[2])}" in files["README.txt"].decode()
    report = check(data, trusted=archive.signers)
    assert report.outcome(5) is Outcome.PASSED and report.outcome(8) is Outcome.PASSED
    assert report.exit_code == 0, report.findings


def test_a_bundle_after_the_logs_key_was_replaced() -> None:
    archive = Simulator(seed=12).capture().rotate_log().capture()
    data = of_simulator(archive, 1, older=[3])
    assert {code for code, _ in checked(archive, data)} <= {"log-handover"}
    assert not check(data).failed


def test_stamps_come_with_what_they_stamp() -> None:
    archive = Simulator(seed=6).capture()
    archive.stamp(b"token", ".tsr").stamp(b"later", ".ots").capture()
    data = of_simulator(archive, 1)
    files = contents(data)
    size = 3
    assert files[f"data/log/checkpoints/{size}.tsr"] == b"token"
    assert files[f"data/log/checkpoints/{size}"] == archive.files[f"log/checkpoints/{size}"]
    assert files[f"data/log/checkpoints/{size}.consistency"].startswith(b"old 3\n")
    assert not checked(archive, data)
    report = check(data, trusted=[archive.signer])
    assert report.why(7) == "no checkpoint is known from outside (2 of its own agree)"
    assert report.steps[7].checked == report.steps[13].checked == 2
    assert "time stamp" in files["report.html"].decode() and "time stamps" in files["README.txt"].decode()


def test_the_first_stamps_of_each_kind_and_the_last() -> None:
    archive = Simulator(seed=6).capture()
    stamps = []
    for suffix in (".tsr", ".tsr", ".cosig", ".ots", ".tsr", ".cosig"):
        archive.stamp(b"x", suffix)
        stamps.append(archive.last)
    archive.capture()
    here = set(numbers(of_simulator(archive, 1))[0])
    assert here & set(stamps) == {stamps[n] for n in (0, 2, 3, 4, 5)}
    assert not here & {stamps[1]}
    assert not check(of_simulator(archive, 1), trusted=[archive.signer]).failed


def test_a_stamp_event_as_last_leaf() -> None:
    archive = Simulator(seed=7).capture().capture().stamp()
    assert not checked(archive, of_simulator(archive, 3))


def test_older_checkpoints_on_request() -> None:
    archive = Simulator(seed=8).capture().capture().capture()
    data = of_simulator(archive, 1, older=[3, 5])
    assert {"data/log/checkpoints/3", "data/log/checkpoints/5.consistency"} <= contents(data).keys()
    assert not checked(archive, data)
    for size in (0, 7, 8, 4):
        with pytest.raises((UsageError, MissingError)):
            of_simulator(archive, 1, older=[size])


def test_what_was_taken_down_is_said_to_be() -> None:
    archive = Simulator(seed=9).capture().takedown(1, "warc")
    takedown = archive.last
    archive.capture()
    data = of_simulator(archive, 1)
    assert takedown in numbers(data)[0]
    report = check(data, trusted=[archive.signer])
    assert not report.failed and "object-taken-down" in {code for code, _ in codes(report)}
    assert f"taken down by number {takedown}" in contents(data)["report.html"].decode()


def test_what_was_taken_down_and_came_back_is_not_exported() -> None:
    archive = Simulator(seed=9).capture()
    name = archive.object_of(1, "warc")
    kept = archive.files[name]
    archive.takedown(1, "warc")
    archive.files[name] = kept
    assert f"data/{name}" not in contents(of_simulator(archive, 1))


@pytest.mark.parametrize("role", ["warc", "facts", "page-text", "statements"])
def test_withholding(role: str) -> None:
    archive = small_archive()
    data, built = bundle_of(archive, 1, withhold=[role])
    held = {(item.sequence, item.role) for item in built.record.withheld}
    with_it = {"warc": {(1, "warc"), (1, "segment-secret"), (2, "facts")}, "facts": {(1, "facts"), (2, "facts")}}
    assert held == with_it.get(role, {(2, role)})
    for item in built.record.withheld:
        assert f"data/{object_path(item.digest)}" not in contents(data)
    report = check(data)
    assert not report.failed and "object-withheld" in {code for code, _ in codes(report)}, report.findings
    assert "withheld by the exporter" in contents(data)["report.html"].decode()
    assert "left out" in contents(data)["README.txt"].decode()
    strict = check(data, require=("bytes",))
    assert strict.exit_code == (4 if role == "warc" else strict.exit_code)


def test_a_manifest_whose_objects_are_all_withheld() -> None:
    data, built = bundle_of(small_archive(), 2, withhold=["facts", "page-text", "statements", "warc"])
    assert len(built.record.withheld) == 6
    found = [f for f in check(data).findings if f.code == "object-withheld"]
    assert {f.sequence for f in found} == {1, 2}


def test_a_long_log() -> None:
    archive = MemoryArchive()
    for _ in range(300):
        archive.add("export", extra=BundleRef("sha256:" + "0" * 64, 1, (0,)))
    first = archive.capture(small_page())
    for _ in range(800):
        archive.add("export", extra=BundleRef("sha256:" + "0" * 64, 1, (0,)))
    last = archive.capture(Page(b"<p>Late.</p>", url="https://late.example/"))
    archive.seal()
    assert last[0] > 1000
    data, _ = bundle_of(archive, first[0], last[1])
    assert numbers(data) == ([0, *first, *last], [*first, *last])
    assert f"data/chain/x001/{last[0] % 1000:03d}.json" in contents(data)
    assert not codes(check(data))


# Who exports.


def test_another_exporter_is_unconfirmed() -> None:
    archive = small_archive()
    data, built = bundle_of(archive, 1, signer=STRANGER)
    assert built.record.exporter == STRANGER.public.fingerprint
    report = check(data)
    assert report.exporter == STRANGER.public.fingerprint and report.outcome(16) is Outcome.NOT_CHECKED
    assert codes(report) == {("signer-unconfirmed", "tagmanifest-sha256.txt.sig")}
    assert check(data, trusted=[SIGNER, STRANGER]).outcome(16) is Outcome.PASSED


def test_an_archive_that_is_believed_vouches_for_its_own_keys_alone() -> None:
    archive = small_archive()
    identity = digest.of_bytes(archive.manifests[0])
    mine, _ = bundle_of(archive, 1)
    assert check(mine, trusted=(), archives={identity: "Gazette"}).outcome(16) is Outcome.PASSED
    other, _ = bundle_of(archive, 1, signer=STRANGER)
    assert check(other, trusted=(), archives={identity: "Gazette"}).outcome(16) is Outcome.NOT_CHECKED


# What is refused.


def refused(archive: MemoryArchive, error: type[ArchiverError], *asked: int) -> ArchiverError:
    with pytest.raises(error) as caught:
        bundle_of(archive, *asked)
    return caught.value


def test_numbers_that_cannot_be_asked_for() -> None:
    archive = small_archive()
    refused(archive, UsageError)
    refused(archive, UsageError, 5)
    refused(archive, UsageError, -1)
    assert "genesis" in refused(archive, UsageError, 0).message
    archive.add("export", extra=BundleRef("sha256:" + "0" * 64, 1, (0,)))
    archive.seal()
    refused(archive, UsageError, 5)


def test_no_bundle_from_a_bundle() -> None:
    data, _ = bundle_of(small_archive(), 1)
    with pytest.raises(UsageError, match="from an archive only"):
        build(BundleEvidence(io.BytesIO(data)), [1], SIGNER, io.BytesIO(), created=CREATED)


def test_objects_that_are_not_as_sealed() -> None:
    for change, error in (
        (lambda data: data[:-1] + b"?", ProofError),
        (lambda data: data + b"?", ProofError),
        (lambda data: None, MissingError),
    ):
        archive = small_archive()
        for ref in (*archive.events[1].objects, *archive.events[2].objects):
            broken = small_archive()
            changed = change(broken.files[object_path(ref.digest)])  # type: ignore[no-untyped-call]
            if changed is None:
                del broken.files[object_path(ref.digest)]
            else:
                broken.files[object_path(ref.digest)] = changed
            found = refused(broken, error, 1)
            assert object_path(ref.digest) in str(found.where)


def test_objects_of_others_do_not_matter() -> None:
    archive = small_archive()
    for ref in archive.events[3].objects:
        del archive.files[object_path(ref.digest)]
    assert not codes(check(bundle_of(archive, 1)[0]))


@pytest.mark.parametrize("name", ["chain/001.json", "chain/002.json.sig", "chain/000.json.sig", "chain/004.json"])
def test_a_manifest_or_signature_that_was_changed(name: str) -> None:
    archive = small_archive()
    archive.files[name] = archive.files[name].replace(b"a", b"b", 1)
    refused(archive, (ProofError, FormatError), 1)  # type: ignore[arg-type]
    del archive.files[name]
    refused(archive, (ProofError, MissingError), 1)  # type: ignore[arg-type]


def test_a_log_that_does_not_hold_together() -> None:
    for name in ("log/tile/entries/000.p/5", "log/checkpoint"):
        archive = small_archive()
        del archive.files[name]
        refused(archive, MissingError, 1)
    archive = small_archive()
    archive.files["log/tile/0/000.p/5"] = bytes(5 * 32)
    refused(archive, ProofError, 1)
    archive = small_archive()  # a later reading hidden from the exporter
    data = archive.files["log/tile/entries/000.p/5"]
    archive.files["log/tile/entries/000.p/5"] = data.replace(b'"event": "reading"', b'"event": "exposed"', 1)
    assert "root" in refused(archive, ProofError, 1).message
    archive = small_archive()
    other = MemoryArchive(signer=STRANGER)
    other.seal()
    archive.files["log/checkpoint"] = other.files["log/checkpoint"]
    refused(archive, (ProofError, UsageError), 1)  # type: ignore[arg-type]


# Same input, same bytes.

AGAIN = """
import hashlib, io, sys
sys.path[:0] = {paths!r}
from bundle_cases import MemoryArchive, Page, bundle_of
archive = MemoryArchive()
for name in ("wire.html", "arabic.html"):
    archive.capture(Page.of_article(name))
archive.seal()
archive.files["log/checkpoint"] = bytes.fromhex({note!r})
print(hashlib.sha256(bundle_of(archive, 1, 4)[0]).hexdigest())
"""


def test_same_bytes_again(tmp_path: Path) -> None:
    archive = MemoryArchive()
    for name in ("wire.html", "arabic.html"):
        archive.capture(Page.of_article(name))
    archive.seal()
    once, again = bundle_of(archive, 1, 4)[0], bundle_of(archive, 4, 2, 1)[0]
    assert once == again and not codes(check(once))
    note = archive.files["log/checkpoint"].hex()
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
    code = AGAIN.format(paths=paths, note=note)
    for extra in (
        {"TZ": "Asia/Tokyo", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "7", "TZ": "America/Lima", "PYTHONUTF8": "1"},
    ):
        umask = f"import os; os.umask({0o077 if 'LC_ALL' in extra else 0})\n"
        environment = {**os.environ, **extra}
        run = subprocess.run([sys.executable, "-c", umask + code], cwd=tmp_path, env=environment, capture_output=True)
        assert run.stdout.decode().strip() == digest.of_bytes(once)[7:], run.stderr.decode()


ZIP_AGAIN = """
import hashlib, io, sys
sys.path.insert(0, {root!r})
from archiver.bundle.container import ZipWriter
out = io.BytesIO()
writer = ZipWriter(out, "evidence-1")
for number in range(300):
    writer.add("data/%04d" % number, [b"x" * number])
writer.finish()
print(hashlib.sha256(out.getvalue()).hexdigest())
"""


def other_python(version: str, folder: Path) -> str | None:
    """A Python of that version on the path or in pyenv, if one runs."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for found in (which(f"python{version}"), *sorted(pyenv.glob(f"versions/{version}.*/bin/python"))):
        if found and subprocess.run([found, "-c", ""], cwd=folder, capture_output=True).returncode == 0:
            return str(found)
    return None


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_same_zip_by_other_pythons(version: str, tmp_path: Path) -> None:
    python = other_python(version, tmp_path)
    if python is None:
        pytest.skip(f"there is no Python {version} here")
    code = ZIP_AGAIN.format(root=str(Path(__file__).parents[2]))
    mine = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert subprocess.run([python, "-c", code], cwd=tmp_path, capture_output=True, check=True).stdout == mine


# bundle.json


def test_bundle_record() -> None:
    good = BundleRecord(
        "sha256:" + "9f" * 32, 57, CREATED, "archiver/0.1.0", "1", SIGNER.public.fingerprint, (4, 5), ()
    )
    assert record.decode(record.encode(good)) == good
    assert record.folder_name(good).startswith("evidence-9f9f9f9f-4-")
    held = Withheld(4, "warc", "sha256:" + "0" * 64)
    from dataclasses import replace

    assert record.decode(record.encode(replace(good, withheld=(held,)))).withheld == (held,)
    for change in (
        {"archive": "sha256:9f"},
        {"size": 0},
        {"size": 5},
        {"created": "2026-11-24T09:00:00Z"},
        {"created": "2026-13-24T09:00:00.000Z"},
        {"exporter": "SHA256:x"},
        {"software": "a b"},
        {"renderer": ""},
        {"selected": (5, 4)},
        {"selected": (4, 4)},
        {"selected": (-1, 4)},
        {"withheld": (replace(held, sequence=6),)},
        {"withheld": (replace(held, role="WARC"),)},
        {"withheld": (replace(held, digest="0"),)},
        {"withheld": (held, held)},
    ):
        with pytest.raises(FormatError):
            record.encode(replace(good, **change))  # type: ignore[arg-type]
    for data in (b"", b"{}", record.encode(good)[:-1], record.encode(good).replace(b" ", b"", 1)):
        with pytest.raises(FormatError):
            record.decode(data)


def test_tags_are_in_byte_order() -> None:
    assert list(layout.TAGS) == sorted(layout.TAGS)


# Keys that are not believed any more.


def test_what_is_disowned_and_only_binds_is_no_fault() -> None:
    """A stamp that a thief could have signed is in the bundle for its place; what was chosen is older, and holds."""
    archive = Simulator(seed=52).capture().stamp()
    stamp = archive.last
    archive.revoke(stamp).capture()
    data = of_simulator(archive, 1)
    assert stamp in numbers(data)[0] and stamp not in numbers(data)[1]
    report = check(data, trusted=archive.signers)
    assert not report.failed and report.exit_code == 0, report.findings
    said = [item for item in report.findings if item.code == "signature-disowned"]
    assert [item.sequence for item in said] == [stamp] and "for what it binds alone" in said[0].message
    assert report.outcome(5) is Outcome.PASSED


def test_what_is_disowned_and_was_chosen_is_said_apart_from_failed() -> None:
    archive = Simulator(seed=52).capture().capture().revoke(3).capture()
    report = check(of_simulator(archive, 3), trusted=archive.signers)
    assert report.exit_code == 1 and report.verdict.startswith("disowned in part")
    report = check(of_simulator(archive, 1), trusted=archive.signers)
    assert report.exit_code == 0, report.findings
