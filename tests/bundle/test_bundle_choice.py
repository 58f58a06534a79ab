"""What can be chosen to be exported: single statements, pages, days, words, later visits; and what it extends."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest
from bundle_cases import SIGNER, MemoryArchive, Page, capture, check, codes

from archiver.archive import Archive
from archiver.errors import ArchiverError, MissingError, RefusedError, UsageError
from archiver.model.manifest import BundleRef
from archiver.store.home import Home
from archiver.verify.report import Outcome
from archiver.work import export as module
from archiver.work.check import Asked, checkpoint_at
from archiver.work.check import check as verify_at
from archiver.work.choose import Choice, choose
from archiver.work.export import export, record_export

BRIDGE = "https://news.example/bridge"


def chosen(archive: Archive, **choice: object) -> set[int]:
    return choose(archive, Choice(**choice)).numbers  # type: ignore[arg-type]


def test_by_address_day_and_words(archive: Archive) -> None:
    capture(archive, Page(b"<p>The bridge, once more.</p>", url=BRIDGE, title="Again"))
    assert chosen(archive, url=BRIDGE) == {1, 5}
    assert chosen(archive, words="open the BRIDGE") == {1}
    assert chosen(archive, words="the bridge") == {1, 5}
    assert chosen(archive, words="other words") == {3}
    assert chosen(archive, url=BRIDGE, words="once more") == {5}
    assert chosen(archive, since="2026-11-23T00:00:00.000Z") == {1, 3, 5}
    assert chosen(archive, since="2026-11-23T00:00:00.000Z", refs=("4",), words="once") == {4, 5}
    assert chosen(archive, until="2026-11-23T13:02:11.483Z", words="bridge") == {1, 5}
    for nothing in (
        {"until": "2026-11-23T00:00:00.000Z"},
        {"since": "2026-11-24T00:00:00.000Z", "url": BRIDGE},
        {"url": BRIDGE, "words": "nobody wrote that"},
        {"url": "https://nobody.example/"},
    ):
        with pytest.raises(MissingError):
            chosen(archive, **nothing)
    with pytest.raises(UsageError):
        chosen(archive, words="…")


def test_words_are_looked_for_in_every_page(archive: Archive) -> None:
    """No more than the index finds at once, and no fewer: a selection leaves nothing out."""
    for number in range(60):
        capture(archive, Page(b"<p>Page %d of the tide tables.</p>" % number, url=f"https://tide.example/{number}"))
    assert len(chosen(archive, words="tide tables")) == 60


def test_a_single_statement(archive: Archive) -> None:
    done = export(archive, ["2#s1"], Path("a.zip"), withhold=["warc", "page-text", "facts", "context"])
    report = check(Path("a.zip").read_bytes())
    assert not report.failed and report.counts["statements"] == 1
    assert report.why(12).endswith(
        "listed by the collector: passed; present in the received bytes: not checked (withheld)"
    )
    assert done.notes == ()
    export(archive, Choice(refs=("1",), statements=("s1",)), Path("b.zip"))
    assert check(Path("b.zip").read_bytes()).outcome(12) is Outcome.PASSED
    page = Page.of_article("wire.html")
    capture(archive, page)
    done = export(archive, ["latest"], Path("c.zip"))
    latest = done.built.record.selected[-1]
    done = export(archive, [f"{latest}#s1", f"{latest}#s3"], Path("d.zip"))
    assert check(Path("d.zip").read_bytes()).counts["statements"] == 2
    assert "can be read in the page-text and warc" in done.notes[0]
    assert any("16 of 20 lines of statements" in line for line in done.built.withheld)


def test_statements_that_cannot_be_chosen(archive: Archive) -> None:
    for choice, error in (
        (Choice(refs=("1", "2#s1")), UsageError),
        (Choice(refs=("1", "3"), statements=("s1",)), UsageError),
        (Choice(statements=("s1",)), UsageError),
        (Choice(refs=("2#s1",), statements=("s1",)), UsageError),
        (Choice(refs=("2#s1",), url=BRIDGE), UsageError),
        (Choice(refs=("2#s7",)), MissingError),
        (Choice(), UsageError),
    ):
        with pytest.raises(error):
            choose(archive, choice)


def test_what_cannot_be_withheld_is_refused(archive: Archive) -> None:
    with pytest.raises(UsageError, match="warx"):
        export(archive, ["1"], Path("a.zip"), withhold=["warx"])
    assert not Path("a.zip").exists()


def test_credentials_on_request(archive: Archive) -> None:
    export(archive, ["1"], Path("a.zip"), credentials=True)
    data = Path("a.zip").read_bytes()
    assert b"Cookie: consent" in data and not codes(check(data))


def test_more_than_one_record_of_custody(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SEQUENCES", 3)
    reference = BundleRef("sha256:" + "0" * 64, 1, (0, 1, 2, 3, 4))
    number = record_export(archive, reference, "for the court")
    assert number == 6
    parts = [archive.manifest(n).extra for n in (5, 6)]
    assert parts == [replace(reference, sequences=(0, 1, 2)), replace(reference, sequences=(3, 4))]


# What it extends.


def report_of(archive: Archive, path: Path, *known: Path) -> tuple[int, list[str], Outcome]:
    elsewhere = Path(f"elsewhere/{path.stem}-{len(known)}")  # nothing is remembered there
    home = Home(elsewhere / "config", elsewhere / "state")
    asked = Asked(trust=(SIGNER.public.fingerprint,), known=known)
    report = verify_at(path, home, asked)
    return report.exit_code, report.anchors, report.outcome(7)


def test_a_later_bundle_is_proven_to_extend_an_earlier_one(archive: Archive) -> None:
    export(archive, ["1"], Path("old.zip"))
    old = checkpoint_at(Path("old.zip"))
    capture(archive, Page(b"<p>Later.</p>", url="https://news.example/later"))
    export(archive, ["latest"], Path("unproven.zip"))
    assert report_of(archive, Path("unproven.zip"), Path("old.zip"))[0] == 4
    export(archive, ["latest"], Path("new.zip"), since=Path("old.zip"))
    code, anchors, outcome = report_of(archive, Path("new.zip"), Path("old.zip"))
    assert (code, outcome) == (0, Outcome.PASSED) and anchors == [
        f"old.zip: {old.size} manifests, root {old.root.hex()[:16]}…"
    ]
    Path("note").write_bytes((archive.root / f"log/checkpoints/{old.size}").read_bytes())
    assert report_of(archive, Path("new.zip"), Path("note"))[2] is Outcome.PASSED
    export(archive, ["latest"], Path("same.zip"), since=archive.root)  # the very same checkpoint


def test_a_log_that_was_rewritten_is_noticed(archive: Archive, tmp_path: Path) -> None:
    export(archive, ["1"], Path("old.zip"))
    old = checkpoint_at(Path("old.zip"))
    capture(archive, Page(b"<p>Later.</p>", url="https://news.example/later"))
    export(archive, ["latest"], Path("new.zip"), since=Path("old.zip"))
    forged = (archive.root / f"log/checkpoints/{old.size}").read_bytes().split(b"\n")
    forged[2] = base64.b64encode(bytes(32))
    Path("forged").write_bytes(b"\n".join([*forged[:3], b""]))
    code, anchors, outcome = report_of(archive, Path("new.zip"), Path("forged"))
    assert (code, anchors, outcome) == (1, [], Outcome.FAILED)
    with pytest.raises(RefusedError, match="another root"):
        export(archive, ["latest"], Path("b.zip"), since=Path("forged"))


def test_of_other_logs_nothing_is_proven(archive: Archive, tmp_path: Path) -> None:
    memory = MemoryArchive()
    memory.seal()
    Path("other").write_bytes(memory.files["log/checkpoint"])
    with pytest.raises(RefusedError, match="of another log"):
        export(archive, ["1"], Path("a.zip"), since=Path("other"))
    for path in (Path("nowhere"), archive.root / "archive.yaml"):
        with pytest.raises(ArchiverError):
            export(archive, ["1"], Path("a.zip"), since=path)
    text = (archive.root / "log/checkpoint").read_bytes().split(b"\n\n")[0].split(b"\n")
    Path("larger").write_bytes(b"\n".join([text[0], b"99", text[2], b""]))
    with pytest.raises(RefusedError, match="no checkpoint of that size"):
        export(archive, ["1"], Path("a.zip"), since=Path("larger"))
