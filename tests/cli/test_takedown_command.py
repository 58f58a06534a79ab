"""`archiver takedown` and `archiver export` of less than all, as people type them and as a lawyer reads them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from newsroom import Newsroom
from ready import captured_once, copied, newsroom, site
from terminal import User

__all__ = ["newsroom", "site"]
PAGES = ("/wire/harbour-crane", "/register/harbor-fund")


@pytest.fixture(scope="module")
def template(newsroom: Newsroom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return captured_once(tmp_path_factory.mktemp("template"), newsroom, *PAGES)


@pytest.fixture
def captured(user: User, site: Newsroom, template: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    return copied(template, user, monkeypatch)


def test_looking_first(captured: User) -> None:
    shown = captured.ok("takedown", 1, "--dry-run")
    for words in ("number 1     snapshot  warc", "number 2     reading   statements", "what stays", "signed manifests"):
        assert words in shown.out, shown.out
    told = captured("takedown", 1, "--dry-run", "--json").json()
    assert len(told["removed"]) == 6 and told["kept"] == told["bundles"] == told["records"] == []
    assert captured("verify").code == 0


def test_it_is_not_done_by_accident(captured: User) -> None:
    assert captured("takedown", 1).code == 2
    asked = captured("takedown", 1, "--reason", "by order")
    assert asked.code == 2 and "--yes" in asked.err and "Removed" not in asked.out
    assert captured("takedown", "1#s1", "--reason", "x", "--yes").code == 2
    assert captured("takedown", 99, "--reason", "x", "--yes").code == 3
    assert captured("verify").code == 0


def test_taken_down(captured: User, tmp_path: Path) -> None:
    captured.ok("export", 1, "-o", tmp_path / "before.zip")
    done = captured.ok("takedown", 1, "--reason", "order of the court at Ferrow", "--yes")
    assert "a bundle that left holds some of it: number 5" in done.out
    assert "Removed 6 objects, sealed as number 6, 7." in done.out
    report = captured("verify", "--json").json()
    assert report["exit_code"] == 0
    assert {item["code"] for item in report["findings"] if item["weight"] == "not checked"} >= {"object-taken-down"}
    assert "warc was taken down (manifest 6)" in captured("verify", "-v").out.replace("\n      ", " ")
    assert captured("verify", tmp_path / "before.zip").code == 0
    assert captured("show", 6).code == 0 and captured("log", "--raw").code == 0
    assert "taken down" in captured.ok("log").out and "taken down (number 6)" in captured.ok("show", 1).out
    assert captured("takedown", 1, "--reason", "again", "--yes").code == 3
    gone = captured("show", 1)
    assert gone.code in (0, 3) and "Traceback" not in gone.err
    captured.ok("export", 3, "-o", tmp_path / "other.zip")


def test_one_statement(captured: User, tmp_path: Path) -> None:
    path = tmp_path / "quote.zip"
    done = captured.ok("export", "2#s1", "--withhold", "warc,page-text,facts,context,screenshot", "-o", path)
    for words in ("left out of number 1: warc", "lines of statements", "recorded as number 5"):
        assert words in done.out, done.out
    read = captured("verify", path)
    assert read.code == 0
    said = " ".join(read.out.split())
    assert "1 statement, listed by the collector: passed; present in the received bytes: not checked (withheld)" in said
    assert captured("verify", path, "--require", "bytes").code == 4
    with zipfile.ZipFile(path) as zipped:
        names = zipped.namelist()
    assert not [name for name in names if "/objects/" in name] and len([n for n in names if "/parts/" in n]) == 2


def test_choices(captured: User, site: Newsroom, tmp_path: Path) -> None:
    told = captured("export", "--url", site.url(PAGES[0]), "-o", tmp_path / "a.zip", "--json").json()
    assert told["sequences"][:3] == [0, 1, 2] and told["notes"] == []
    assert captured("export", "--search", "nobody wrote this", "-o", tmp_path / "b.zip").code == 3
    assert captured("export", "-o", tmp_path / "b.zip").code == 2
    assert captured("export", "--from", "yesterday", "-o", tmp_path / "b.zip").code == 2
    assert captured("export", 1, "--withhold", "warx", "-o", tmp_path / "b.zip").code == 2
    assert captured("export", 1, "--wacz", tmp_path / "a.wacz", "--withhold", "warc").code == 2
    assert not (tmp_path / "b.zip").exists()
    again = captured("export", "latest", "--since", tmp_path / "a.zip", "-o", tmp_path / "c.zip")
    assert again.code == 0, again.err
    report = captured("verify", tmp_path / "c.zip", "--since", tmp_path / "a.zip", "--json").json()
    assert report["exit_code"] == 0 and report["anchors"], report["findings"]


def test_later_visits_come_and_go_with_a_capture(captured: User, site: Newsroom, tmp_path: Path) -> None:
    captured("recheck", 1, "--allow-private", "--delay", "0")
    alone = captured("export", 1, "-o", tmp_path / "alone.zip", "--json").json()
    told = captured("export", 1, "--rechecks", "-o", tmp_path / "all.zip", "--json").json()
    more = set(told["sequences"]) - set(alone["sequences"])
    events = {number: captured("show", number, "--json").json() for number in more}
    assert len(more) >= 3 and events
    report = captured("verify", tmp_path / "all.zip", "--json").json()
    assert report["exit_code"] == 0 and report["counts"]["readings"] == 2, report["findings"]
    only = captured("export", "2#s1", "--rechecks", "-o", tmp_path / "one.zip", "--json").json()
    assert any("verdicts" in line for line in only["withheld"]), "verdicts repeat every statement"
    assert captured("verify", tmp_path / "one.zip").code == 0
    gone = captured("takedown", 1, "--dry-run", "--json").json()
    assert {(item["event"], item["role"]) for item in gone["removed"]} >= {
        ("recheck", "verdicts"),
        ("recheck", "facts"),
    }
    captured.ok("takedown", 1, "--reason", "order of the court", "--yes")
    report = captured("verify", "--json").json()
    assert report["exit_code"] == 0, report["findings"]
