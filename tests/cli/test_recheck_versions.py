"""Articles in eight languages and as many templates, each edited twice in known ways: the verdict of every statement.

tests/articles/versions.json says what was edited and what must be found. Everything that it does not name must stand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from newsroom import VERSIONS, Newsroom
from ready import LOCAL, captured_once, copied, newsroom, site
from terminal import User

__all__ = ["newsroom", "site"]
ENTRIES: list[dict[str, Any]] = json.loads(VERSIONS.read_text("utf-8"))
PATHS = [entry["path"] for entry in ENTRIES]


@pytest.fixture(scope="module")
def template(newsroom: Newsroom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return captured_once(tmp_path_factory.mktemp("template"), newsroom, *PATHS)


@pytest.fixture
def captured(user: User, site: Newsroom, template: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    return copied(template, user, monkeypatch)


def check(entry: dict[str, Any], version: int, line: dict[str, Any]) -> int:
    """That one comparison found what was edited, and nothing else; how many statements were altered."""
    wanted = entry["versions"][version - 2]
    rest = {item["text"]: item for item in line["verdicts"]}
    for change in wanted["verdicts"]:
        (text,) = [text for text in rest if change["words"] in text]
        item = rest.pop(text)
        where = (entry["path"], version, change["words"], item)
        assert item["verdict"] == change["verdict"], where
        assert item["signs"] == change["signs"], where
        if "old" in change:
            assert ["".join(piece for sign, piece in item["diff"] if sign == kind) for kind in "-+"] == [
                change["old"],
                change["new"],
            ], where
        speakers = [[found["old"], found["new"]] for found in item["attribution"] if found["field"] == "speaker"]
        assert speakers == ([change["speaker"]] if "speaker" in change else []), where
        assert (item["reason"] is None) == (change["verdict"] not in ("removed", "moved")), where
    assert {(item["verdict"], *item["attribution"]) for item in rest.values()} <= {("verbatim",)}, (entry, rest)
    assert [[change["field"], change["old"], change["new"]] for change in line["page"]["changes"]] == wanted["page"]
    return len(wanted["verdicts"])


def test_the_verdict_of_every_statement_in_every_version(captured: User, site: Newsroom) -> None:
    assert len({entry["language"] for entry in ENTRIES}) >= 6
    assert len({entry["template"] for entry in ENTRIES}) >= 4
    altered = 0
    for version in (2, 3):
        for path in PATHS:
            site.publish(path, version)
        result = captured("recheck", *LOCAL, "--all", "--json")
        assert result.code == 1, result.err
        lines = {line["url"]: line for line in result.lines() if line["subject"] <= 2 * len(PATHS)}
        assert sorted(lines) == sorted(map(site.url, PATHS))
        for entry in ENTRIES:
            altered += check(entry, version, lines[site.url(entry["path"])])
    assert altered >= 2 * 2 * len(ENTRIES)
    report = captured.ok("verify", captured.archive, "--json").json()
    assert not [finding for finding in report["findings"] if finding["weight"] == "failed"]


def test_the_first_version_stands(captured: User, site: Newsroom) -> None:
    result = captured("recheck", *LOCAL, "--all", "--json")
    assert result.code == 0, result.out
    assert {item["verdict"] for line in result.lines() for item in line["verdicts"]} == {"verbatim"}


def test_the_life_of_a_statement_over_three_versions(captured: User, site: Newsroom) -> None:
    """`history` and `diff` tell the steps: a number in the second version, a paragraph that moved in the third."""
    for version in (2, 3):
        site.publish("/de/bruecke", version)
        assert captured("recheck", *LOCAL, site.url("/de/bruecke")).code == 1
    told = captured.ok("history", site.url("/de/bruecke"), "--json").json()
    lives = {item["text"]: [moment["verdict"] for moment in item["life"]] for item in told["statements"]}
    assert len(told["visits"]) == 3
    (moved,) = [life for text, life in lives.items() if "Geschlafen" in text]
    (reworded,) = [life for text, life in lives.items() if "Pfeilern" in text]
    (removed,) = [life for text, life in lives.items() if "Ohne Geld" in text]
    assert (moved, reworded) == (["verbatim", "moved"], ["reworded", "reworded"])
    assert removed == ["verbatim", "removed"]
    visits = [visit["number"] for visit in told["visits"]]
    out = captured("diff", visits[0], visits[1]).out
    assert "[-zwei-]{+drei+}" in out and "Geschlafen" not in out
    found = captured("find", "Wir haben an drei Pfeilern Risse gefunden", "--json").json()
    assert found["verdict"] == "verbatim", "the archive holds the edited page too"
    assert found["matches"][0]["snapshot"] == visits[1]
