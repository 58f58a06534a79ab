"""Takedown: what goes is said to be gone, before it goes; nothing else changes, and nobody takes it for loss."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from bundle_cases import SIGNER, Page, capture, check, codes

from archiver.archive import Archive
from archiver.errors import MissingError, ProofError, RefusedError, UsageError
from archiver.evidence import read
from archiver.model.facts import Remark, decode_remark
from archiver.model.facts import encode as encode_facts
from archiver.model.manifest import ObjectRef, spell_salt
from archiver.store.index import Index
from archiver.store.ledger import Draft
from archiver.verify.layout import object_path
from archiver.verify.policy import Policy
from archiver.verify.report import Outcome, Report
from archiver.verify.run import verify
from archiver.work import takedown as module
from archiver.work.export import export
from archiver.work.find import Wanted, find
from archiver.work.takedown import Scope, scope_of, take_down

REASON = "Order of the court at Ferrow, 3 O 12/26."


def checked(archive: Archive) -> Report:
    return verify(archive.folder, Policy(signers={SIGNER.public.fingerprint: "me"}))


def said(scope: Scope) -> set[tuple[int, str]]:
    return {(target.sequence, target.ref.role) for target in scope.remove}


def files(archive: Archive) -> set[str]:
    return {name for name in archive.folder.names() if name.startswith("objects/")}


WHOLE = {(1, "facts"), (1, "warc"), (1, "segment-secret"), (2, "facts"), (2, "page-text"), (2, "statements")}


def test_a_capture_goes_with_its_reading(archive: Archive) -> None:
    export(archive, ["1"], Path("before.zip"), purpose="for the file")
    before, kept = files(archive), {n: read(archive.folder, n) for n in archive.folder.names() if "chain" in n}
    scope = scope_of(archive, "1")
    assert said(scope) == WHOLE and not scope.kept and [number for number, _ in scope.bundles] == [5]
    assert files(archive) == before, "looking changes nothing"
    done = take_down(archive, "1", REASON)
    assert done.records == (6, 7)
    gone = {object_path(target.ref.digest) for target in done.scope.remove}
    assert before - files(archive) == gone and len(gone) == 6
    for number, subject in ((6, 1), (7, 2)):
        manifest = archive.manifest(number)
        assert manifest.event == "takedown" and set(manifest.extra) <= {t.ref.digest for t in done.scope.remove}
        assert manifest.subject == archive.manifest(subject + 1).previous.manifest or number == 7  # type: ignore[union-attr]
        assert decode_remark(archive.object(manifest, "facts")).text == REASON
    assert all(read(archive.folder, name) == data for name, data in kept.items()), "the chain is what it was"
    report = checked(archive)
    assert report.exit_code == 0 and not report.failed, report.findings
    messages = [item.message for item in report.findings if item.code == "object-taken-down"]
    assert "warc was taken down (manifest 6)" in messages and len(messages) == 6
    assert report.outcome(9) is Outcome.NOT_CHECKED
    assert check(Path("before.zip").read_bytes()).exit_code == 0, "what left before stays what it was"


def test_loss_is_another_thing(archive: Archive) -> None:
    take_down(archive, "1", REASON)
    name = archive.folder.object_name(archive.manifest(3).objects[0].digest)
    assert name is not None
    (archive.root / name).unlink()
    report = checked(archive)
    assert report.exit_code == 1 and "object-missing" in {item.code for item in report.findings}


def test_bundles_afterwards(archive: Archive) -> None:
    take_down(archive, "1", REASON)
    export(archive, ["3"], Path("other.zip"))
    assert check(Path("other.zip").read_bytes()).exit_code == 0
    export(archive, ["1"], Path("gone.zip"))
    report = check(Path("gone.zip").read_bytes())
    assert not report.failed, report.findings


def test_some_roles(archive: Archive) -> None:
    take_down(archive, "1", REASON, ["warc", "segment-secret"])
    export(archive, ["1"], Path("a.zip"))
    report = check(Path("a.zip").read_bytes())
    assert not report.failed and {code for code, _ in codes(report)} == {"object-taken-down", "content-not-checked"}
    assert report.why(12).endswith("present in the received bytes: not checked (taken down)")
    assert said(scope_of(archive, "1")) == {item for item in WHOLE if item[1] not in ("warc", "segment-secret")}
    with pytest.raises(RefusedError, match="nothing to take down"):
        take_down(archive, "1", REASON, ["warc"])
    with pytest.raises(RefusedError):
        take_down(archive, "1", REASON, ["screenshot"])


def test_what_was_taken_down_meets_no_requirement(archive: Archive) -> None:
    take_down(archive, "1", REASON, ["statements"])
    take_down(archive, "3", REASON, ["statements", "page-text"])
    policy = Policy(signers={SIGNER.public.fingerprint: "me"}, require=("bytes",))
    report = verify(archive.folder, policy)
    assert report.outcome(10) is Outcome.PASSED and report.unmet == ["bytes"] and report.exit_code == 4


def test_a_warc_without_its_secret_and_the_other_way_round(archive: Archive) -> None:
    take_down(archive, "1", REASON, ["warc"])
    export(archive, ["1"], Path("a.zip"))
    assert not check(Path("a.zip").read_bytes()).failed
    take_down(archive, "3", REASON, ["segment-secret"])
    with pytest.raises(ProofError, match="segment-secret was taken down"):
        export(archive, ["3"], Path("b.zip"))
    export(archive, ["3"], Path("b.zip"), withhold=["warc"])
    export(archive, ["3"], Path("c.zip"), credentials=True)
    for path in (Path("b.zip"), Path("c.zip")):
        assert not check(path.read_bytes()).failed


def test_a_reading_alone(archive: Archive) -> None:
    assert said(scope_of(archive, "2")) == {item for item in WHOLE if item[0] == 2}


def test_notes_and_what_others_name_too(archive: Archive) -> None:
    shared = archive.manifest(1).objects[0]  # the same object under another number
    subject = archive.manifest(2).previous
    assert subject is not None
    remark = encode_facts(Remark("Ann Lee", "She asked that it go.", spell_salt(os.urandom(16))))
    with archive.ledger().batch() as group:
        staged = archive.objects.stage_bytes(remark)
        group.adopt(staged)
        facts = ObjectRef("facts", staged.digest, staged.size, "application/json")
        group.add(Draft("note", subject.manifest, None, (facts,), archive.clock()))
        group.add(Draft("snapshot", None, None, (shared,), archive.clock()))
        group.commit()
    scope = scope_of(archive, "1")
    assert said(scope) == {*WHOLE, (5, "facts")} - {(1, "facts")}
    assert [(kept.target.ref.digest, kept.why) for kept in scope.kept] == [(shared.digest, "number 6 names it too")]
    take_down(archive, "1", REASON)
    assert archive.folder.object_name(shared.digest) is not None
    assert "object-missing" not in {item.code for item in checked(archive).findings}


@pytest.mark.parametrize("step", ["_remove", "_remove_indexes"])
def test_a_crash_in_between_is_finished_by_the_same_command(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(module, step, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            take_down(archive, "1", REASON)
    report = checked(archive)
    assert not report.failed and report.exit_code == 0
    left = [item for item in report.findings if item.code == "object-still-here"]
    assert len(left) == (6 if step == "_remove" else 0)
    if step == "_remove":
        done = take_down(archive, "1", REASON)
        assert done.records == () and len(done.scope.unfinished) == 6
        assert not [item for item in checked(archive).findings if item.code == "object-still-here"]
        assert archive.size() == 7


def test_what_was_not_sealed_was_not_removed(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(archive)
    with monkeypatch.context() as patch:
        patch.setattr(module, "_seal", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            take_down(archive, "1", REASON)
    assert files(archive) == before and archive.size() == 5


def test_the_words_leave_the_index(archive: Archive) -> None:
    assert find(archive, Wanted("open the bridge on Monday"), lambda *_: None).verdict == "verbatim"
    index = archive.root / "index.sqlite"
    assert b"open the bridge" in index.read_bytes().lower()
    done = take_down(archive, "1", REASON)
    assert done.indexes == (str(index),) and not index.exists()
    assert find(archive, Wanted("open the bridge on Monday"), lambda *_: None).verdict == "not in the archive"
    with Index.open(archive.folder, archive.home.indexes) as made:
        assert made.unread() and b"open the bridge" not in index.read_bytes().lower()


def test_many_objects_take_several_records(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_REMOVED", 2)
    assert take_down(archive, "1", REASON).records == (5, 6, 7, 8)
    assert checked(archive).exit_code == 0


def test_what_cannot_be_taken_down(archive: Archive) -> None:
    capture(archive, Page(b"<p>Third.</p>", url="https://news.example/third"))
    for ref, reason, error in (
        ("0", REASON, UsageError),
        ("2#s1", REASON, UsageError),
        ("99", REASON, MissingError),
        ("1", "", UsageError),
        ("1", " \n", UsageError),
    ):
        with pytest.raises(error):
            take_down(archive, ref, reason)
    assert archive.size() == 7
