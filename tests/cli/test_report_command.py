"""`archiver report`: page, PDF and court packet, from an archive with one article."""

from __future__ import annotations

import hashlib
import html
import importlib.util
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from newsroom import Newsroom
from ready import LOCAL, captured_once, copied, newsroom
from terminal import User

__all__ = ["newsroom"]
CRANE = "/wire/harbour-crane"
PAPERS = {
    "index.html", "1-technical-report.html", "2-collection-sheet.html", "3-certification-draft.html",
    "4-custody-log.html", "5-glossary.html",
}  # fmt: skip


@pytest.fixture(scope="module")
def template(newsroom: Newsroom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return captured_once(tmp_path_factory.mktemp("template"), newsroom, CRANE)


@pytest.fixture
def captured(user: User, template: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    copied(template, user, monkeypatch)
    return user


class Text(HTMLParser):
    """The words of a page, and its tags."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.words, self.tags, self.loads, self.aside = "", [], [], False
        self.feed(data.decode("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.aside = tag in ("script", "style")
        self.loads += [value for key, value in attrs if key in ("src", "srcset", "action", "data", "background")]

    def handle_endtag(self, tag: str) -> None:
        self.aside = False

    def handle_data(self, data: str) -> None:
        self.words += "" if self.aside else data


def test_a_report_from_the_archive(captured: User, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    before = {file: file.stat().st_mtime_ns for file in captured.archive.rglob("*")}
    done = captured.ok("report", "1", "-o", path)
    assert "1 capture" in done.out
    text = Text(path.read_bytes()).words
    assert "This page was written from an archive and stands alone" in text and "Bundle exported by" not in text
    assert "What this does not prove" in text and "Port Arlen" in text
    assert {file: file.stat().st_mtime_ns for file in captured.archive.rglob("*")} == before
    assert captured("report", "1", "-o", path).code == 2
    captured.ok("report", "1", "-o", path, "--force")
    captured.ok("report", "latest")
    assert (captured.folder / "work" / "report-1.html").exists()


def test_with_later_visits(captured: User, newsroom: Newsroom, tmp_path: Path) -> None:
    captured("recheck", *LOCAL, "--jobs", "1", "1")
    captured.ok("report", "1", "--rechecks", "-o", tmp_path / "with.html")
    captured.ok("report", "1", "-o", tmp_path / "without.html")
    assert "Visited again" in Text((tmp_path / "with.html").read_bytes()).words
    assert "Visited again" not in Text((tmp_path / "without.html").read_bytes()).words


def test_what_does_not_verify_is_not_described(captured: User, tmp_path: Path) -> None:
    target = next(path for path in captured.archive.glob("objects/sha256/*/*") if b"HTTP/1.1 200" in path.read_bytes())
    target.chmod(0o644)
    target.write_bytes(target.read_bytes().replace(b"HTTP/1.1 200", b"HTTP/1.1 201"))
    done = captured("report", "1", "-o", tmp_path / "report.html")
    assert done.code == 3 and "is not what was sealed" in done.err and not (tmp_path / "report.html").exists()


def test_the_court_packet(captured: User, tmp_path: Path) -> None:
    captured.ok("export", "1", "-o", tmp_path / "bundle.zip", "--purpose", "For the court of Port Arlen")
    folder = tmp_path / "papers"
    done = captured.ok("report", "1", "--court", folder)
    assert "drafts" in done.out and {path.name for path in folder.iterdir()} == PAPERS
    papers = {path.name: Text(path.read_bytes()) for path in folder.iterdir()}
    for name, paper in papers.items():
        assert "DRAFT." in paper.words and "no legal advice" in paper.words, name
        assert "script" not in paper.tags and paper.loads == [], name
    text = {name: " ".join(paper.words.split()) for name, paper in papers.items()}
    technical = text["1-technical-report.html"]
    for words in (
        "paragraph 156",
        "NO: below the minimum that the Protocol names",
        "It judged 20 of 20 bundles as they must be",
        "sealed files have the SHA-256 that was sealed",
        "Not proven: that the server told the truth",
        "Setting max_redirects",
    ):
        assert words in technical, words
    assert "Local time zone" in text["2-collection-sheet.html"] and "SWGDE" in text["2-collection-sheet.html"]
    sworn = text["3-certification-draft.html"]
    assert "902(13)" in sworn and "902(14)" in sworn and "28 U.S.C. § 1746" in sworn and "DIFFERENT" not in sworn
    sealed = re.findall(r"sha256:[0-9a-f]{64}", sworn)
    assert len(sealed) >= 10 and len(sealed) % 2 == 0 and sealed[::2] == sealed[1::2]
    custody = text["4-custody-log.html"]
    assert "captured and sealed" in custody and "For the court of Port Arlen" in custody
    assert "sha256:" + hashlib.sha256((tmp_path / "bundle.zip").read_bytes()).hexdigest() in custody
    for name in PAPERS - {"index.html"}:
        assert "sha256:" + hashlib.sha256((folder / name).read_bytes()).hexdigest() in text["index.html"]
    assert captured("report", "1", "--court", folder).code == 2
    assert captured("report", "1", "--court", folder, "-o", tmp_path / "x").code == 2


def test_what_a_copy_has_become_is_said(captured: User, tmp_path: Path) -> None:
    """The certification compares; it does not hide."""
    target = next(path for path in captured.archive.glob("objects/sha256/*/*") if b"HTTP/1.1 200" in path.read_bytes())
    target.chmod(0o644)
    target.write_bytes(target.read_bytes() + b"?")
    captured.ok("report", "1", "--court", tmp_path / "papers")
    assert "DIFFERENT" in (tmp_path / "papers" / "3-certification-draft.html").read_text("utf-8")


def test_hostile_words_stay_words(user: User, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    evil = '<script>alert(1)</script><img src=x onerror="alert(2)">'
    page.write_text(f"<title>{html.escape(evil)}</title><p>Ann Lee said: “{html.escape(evil)}”</p>", "utf-8")
    user.ok("init", user.archive, "--no-passphrase")
    user("capture", page, "--case", evil, "--note", evil)
    user.ok("report", "latest", "--court", tmp_path / "papers")
    for path in (tmp_path / "papers").iterdir():
        paper = Text(path.read_bytes())
        assert {"script", "img"}.isdisjoint(paper.tags) and paper.loads == [], path.name
    assert "alert(1)" in Text((tmp_path / "papers" / "2-collection-sheet.html").read_bytes()).words


def test_without_weasyprint_it_says_what_to_do(captured: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    done = captured("report", "1", "--pdf")
    assert done.code == 3 and "pip install 'archiver-evidence[pdf]'" in done.err
    assert not (captured.folder / "work" / "report-1.pdf").exists()


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("weasyprint") is None, reason="the extra pdf is not installed")
def test_a_pdf_is_an_archival_one_and_the_same_every_time(captured: User, tmp_path: Path) -> None:
    from archiver.bundle.report.pdf import pdf_of

    path = tmp_path / "report.html"
    captured.ok("report", "1", "-o", path)
    captured.ok("report", "1", "--pdf", "-o", tmp_path / "report.pdf")
    made = pdf_of(path.read_bytes())
    assert made == pdf_of(path.read_bytes())
    for data in (made, (tmp_path / "report.pdf").read_bytes()):
        assert data.startswith(b"%PDF-1.7") and b"/JavaScript" not in data
    captured.ok("report", "1", "--pdf", "--court", tmp_path / "papers")
    assert {path.stem for path in (tmp_path / "papers").glob("*.pdf")} == {name[:-5] for name in PAPERS}
