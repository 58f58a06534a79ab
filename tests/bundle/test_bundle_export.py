"""Exporting from an archive on disk: the bundle verifies, is recorded, and no half of one is ever left behind."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from bundle_cases import SIGNER, STRANGER, MemoryArchive, check, codes, contents, small_page

from archiver import digest
from archiver.archive import Archive
from archiver.bundle.read import BundleEvidence
from archiver.errors import ArchiverError, FormatError, MissingError, ProofError, RefusedError, UsageError
from archiver.evidence import read
from archiver.model.facts import decode_remark
from archiver.model.manifest import BundleRef
from archiver.store.ledger import Draft
from archiver.verify.layout import object_path
from archiver.verify.policy import Policy
from archiver.verify.report import Outcome
from archiver.verify.run import verify
from archiver.work.export import export


def parts(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_export(archive: Archive, tmp_path: Path) -> None:
    path = tmp_path / "out.zip"
    done = export(archive, ["1"], path, purpose="For the court in Ferrow.")
    data = path.read_bytes()
    assert (done.path, done.size, done.digest) == (path, len(data), digest.of_bytes(data))
    assert done.sequences == (0, 1, 2, 4) and done.record == 5
    report = check(data)
    assert report.exit_code == 0 and {code for code, _ in codes(report)} == {
        *("object-in-part", "object-withheld", "content-not-checked"),
    }
    assert b"Cookie: consent" not in data and report.outcome(12) is Outcome.PASSED
    assert done.built.withheld[1].endswith(" segments of warc: WARC header, request field Cookie")
    record = archive.manifest(5)
    assert record.event == "export" and record.extra == BundleRef(done.digest, done.size, (1, 2))
    remark = decode_remark(archive.object(record, "facts"))
    assert remark.text == "For the court in Ferrow."
    report = verify(archive.folder, Policy(signers={SIGNER.public.fingerprint: "me"}))
    assert report.exit_code == 0, report.findings


def test_by_address_and_by_default_name(archive: Archive) -> None:
    done = export(archive, ["https://news.example/bridge", "1", "2"])
    assert done.path == Path(f"{done.built.folder}.zip") and done.path.is_file()
    assert parts(Path()) == [done.path.name]
    again = export(archive, ["latest"])
    assert again.built.record.selected == (3, 4) and 5 in again.sequences  # the record of the first is the last leaf


def test_without_a_record(archive: Archive) -> None:
    before = archive.size()
    done = export(archive, ["1"], Path("a.zip"), record=False)
    assert done.record is None and archive.size() == before
    assert export(archive, ["1"], Path("b.zip"), record=False, signer=STRANGER).built.record.exporter == (
        STRANGER.public.fingerprint
    )


def test_an_archive_that_is_only_read(archive: Archive) -> None:
    """Whoever has no key of it can export with a key of their own, unrecorded."""
    locked = Archive(archive.root, archive.home)
    export(locked, ["1"], Path("a.zip"), record=False, signer=STRANGER)
    with pytest.raises(UsageError, match="locked"):
        export(locked, ["1"], Path("b.zip"))
    assert parts(Path()) == ["a.zip"]


def test_places(archive: Archive) -> None:
    Path("there.zip").write_bytes(b"kept")
    with pytest.raises(UsageError, match="is there already"):
        export(archive, ["1"], Path("there.zip"))
    assert Path("there.zip").read_bytes() == b"kept"
    export(archive, ["1"], Path("there.zip"), force=True)
    assert not check(Path("there.zip").read_bytes()).failed
    Path("folder").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        export(archive, ["1"], Path("folder"))
    for inside in (archive.root / "a.zip", archive.root / "objects" / "a.zip"):
        with pytest.raises(RefusedError, match="inside the archive"):
            export(archive, ["1"], inside)
    os.chdir(archive.root)
    with pytest.raises(RefusedError):
        export(archive, ["1"])
    with pytest.raises(ArchiverError):
        export(archive, ["1"], Path("/nowhere/at/all/a.zip"))


def test_refs(archive: Archive) -> None:
    for refs, error in (
        ([], UsageError),
        (["0"], UsageError),
        (["99"], MissingError),
        (["2#s9"], MissingError),
        (["https://nobody.example/"], MissingError),
    ):
        with pytest.raises(error):
            export(archive, refs, Path("a.zip"))
    assert parts(Path()) == []


def test_nothing_half_is_left(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever fails, and whenever: no file, no record."""
    name = archive.folder.object_name(archive.manifest(1).objects[1].digest)
    assert name is not None
    target = archive.root / name
    kept = target.read_bytes()
    target.chmod(0o644)
    target.write_bytes(kept[:-1] + b"?")
    with pytest.raises(FormatError) as caught:
        export(archive, ["1"], Path("a.zip"))
    assert caught.value.where == name and caught.value.hint == "run: archiver verify"
    with pytest.raises(ProofError):
        export(archive, ["1"], Path("a.zip"), credentials=True)
    target.write_bytes(kept)
    from archiver.work import export as module

    for step in ("build", "verify", "record_export"):
        with monkeypatch.context() as patch:
            patch.setattr(module, step, lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                export(archive, ["1"], Path("a.zip"))
    assert parts(Path()) == [] and archive.size() == 5


def test_what_would_not_verify_is_not_exported(archive: Archive) -> None:
    """The objects are as sealed, and the words are not in the bytes: found by the verifier before anything leaves."""
    page = small_page()
    memory = MemoryArchive()
    objects = page.snapshot(memory)
    page.body = page.body.replace(b"open the bridge", b"shut the bridge")
    page.statements[0]["parts"] = ["We will shut the bridge on Monday."]
    with archive.ledger().batch() as group:
        subject = None
        for event, refs in (("snapshot", objects), ("reading", page.reading(memory))):
            for ref in refs:
                group.adopt(archive.objects.stage_bytes(memory.files[object_path(ref.digest)]))
            subject = group.add(Draft(event, subject, None, refs, archive.clock())).digest
        group.commit()
    with pytest.raises(ProofError, match="would not verify"):
        export(archive, ["5"], Path("a.zip"))
    assert parts(Path()) == []
    assert export(archive, ["1"], Path("a.zip")).record == 7


def test_what_was_disowned_is_exported_and_said_to_be(tmp_path: Path) -> None:
    from bundle_cases import bundle_of
    from simulator import Simulator

    from archiver.verify.case import silent
    from archiver.work.export import _check

    archive = Simulator(seed=51).capture().revoke(1).capture()
    data, _ = bundle_of(archive, 1, signer=archive.signer)
    path = tmp_path / "disowned.zip"
    path.write_bytes(data)
    _check(path, path, archive.signer, silent)
    report = check(data, trusted=archive.signers)
    assert "signature-disowned" in {code for code, _ in codes(report)}


def test_a_file_that_appears_meanwhile_stays(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    from archiver.work import export as module

    real = module.record_export

    def record_and_appear(*arguments: object) -> object:
        Path("a.zip").write_bytes(b"somebody else's")
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "record_export", record_and_appear)
    with pytest.raises(UsageError, match="appeared meanwhile"):
        export(archive, ["1"], Path("a.zip"))
    assert Path("a.zip").read_bytes() == b"somebody else's" and parts(Path()) == ["a.zip"]


def test_the_same_bytes_from_disk_and_memory(archive: Archive, tmp_path: Path) -> None:
    """What an archive's folder gives is what the same files give in memory."""
    from bundle_cases import CREATED

    from archiver.bundle.build import build

    out, memory = io.BytesIO(), MemoryArchive()
    build(archive.folder, [1], SIGNER, out, created=CREATED)
    memory.files = {name: read(archive.folder, name, 1 << 26) for name in archive.folder.names()}
    again = io.BytesIO()
    build(memory, [1], SIGNER, again, created=CREATED)
    assert out.getvalue() == again.getvalue()
    assert BundleEvidence(out).record.selected == (1, 2) and contents(out.getvalue())
