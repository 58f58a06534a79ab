"""`correct` as a user types it: sheets out and in, through an editor, and that nothing typed is lost."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from newsroom import Newsroom
from ready import LOCAL, captured_once, copied, newsroom, site
from terminal import Result, User

__all__ = ["newsroom", "site"]
CRANE = "/wire/harbour-crane"


@pytest.fixture(scope="module")
def template(newsroom: Newsroom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    return captured_once(folder, newsroom, CRANE, settings="collector:\n  name: Ann Lee\n")


@pytest.fixture
def captured(user: User, site: Newsroom, template: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    return copied(template, user, monkeypatch)


def statements(user: User, ref: object) -> dict[str, Any]:
    return {item["id"]: item for item in user.ok("show", ref, "--json").json()["statements"]}


def sheet(user: User, ref: object = 1) -> tuple[Path, dict[str, Any]]:
    path = user.folder / f"sheet-{len(list(user.folder.glob('sheet-*')))}.yaml"
    user.ok("correct", ref, "--export", path)
    return path, yaml.safe_load(path.read_text("utf-8"))


def give(user: User, plain: dict[str, Any], *more: str) -> Result:
    path = user.folder / "given.yaml"
    path.write_text(yaml.safe_dump(plain, allow_unicode=True, sort_keys=False), "utf-8")
    return user("correct", 1, "--import", path, *more)


def test_a_sheet_that_was_not_changed_changes_nothing(captured: User) -> None:
    path, plain = sheet(captured)
    assert plain["reading"] == 2
    assert list(plain["statements"]) == [f"s{n}" for n in range(1, 13)]
    assert plain["statements"]["s5"]["words"] == ["“a thorough one”"]
    result = captured.ok("correct", 1, "--import", path)
    assert "Nothing was changed" in result.out
    assert captured.ok("log", "--raw", "--json").lines()[0]["number"] == "2"
    assert captured("correct", 1, "--export", path).code == 2, "a file is not written over"


def test_everything_that_can_be_corrected(captured: User) -> None:
    before = statements(captured, 1)
    _, plain = sheet(captured)
    edits = plain["statements"]
    edits["s5"] |= {"speaker": "Somebody Else", "role": None, "kind": "direct", "note": "heard on the recording"}
    edits["s6"] |= {"polarity": "denied", "addressee": "reporters", "via": "Harbour Radio"}
    edits["s7"]["words"] = "If there was a note in somebody's drawer"
    edits["s12"]["reject"] = True
    plain["note"] = "after the call with the paper"
    result = give(captured, plain)
    assert result.code == 0, result.out + result.err
    assert "Sealed as number 3, in place of 2" in result.out
    after = statements(captured, 1)
    assert list(after) == [name for name in before if name != "s12"]
    untouched = [name for name in after if name not in ("s5", "s6", "s7")]
    assert {name: after[name] for name in untouched} == {name: before[name] for name in untouched}
    assert after["s5"]["speaker"] == {"name": "Somebody Else", "mention": None}
    assert (after["s5"]["kind"], after["s5"]["role"], after["s5"]["by"]) == ("direct", None, "person")
    assert (after["s6"]["polarity"], after["s6"]["addressee"]) == ("denied", "reporters")
    assert after["s7"]["text"] == "If there was a note in somebody’s drawer"
    assert list(statements(captured, 2)) == list(before), "older readings stay"
    decisions = {item["id"]: item for item in captured.ok("show", 1, "--json").json()["decisions"]}
    assert [item["action"] for item in decisions.values()] == ["corrected", "corrected", "corrected", "rejected"]
    assert decisions["s5"]["note"] == "heard on the recording"
    assert decisions["s12"]["note"] == "after the call with the paper"
    assert decisions["s7"]["given"] == "If there was a note in somebody's drawer"
    assert {change["field"] for change in decisions["s5"]["changes"]} == {"speaker", "role", "kind"}
    shown = captured.ok("show", 1).out
    assert "corrected by Ann Lee" in shown
    assert "speaker: Per Lindqvar → Somebody Else" in shown
    assert "Rejected" in shown and "rejected by Ann Lee" in shown
    assert captured("verify", captured.archive).code == 0


def test_reading_anew_respects_what_was_decided(captured: User) -> None:
    _, plain = sheet(captured)
    plain["statements"]["s12"]["reject"] = True
    plain["statements"]["s5"]["speaker"] = "Somebody Else"
    plain["statements"]["s8"]["words"] = ["This is the second time that a record of the authority turns up"]
    assert give(captured, plain).code == 0
    decided = statements(captured, 1)
    captured.ok("read", 1)
    anew = statements(captured, 1)
    assert list(anew) == list(decided) and "s12" not in anew
    assert {name: anew[name] for name in ("s5", "s8")} == {name: decided[name] for name in ("s5", "s8")}
    back = captured.ok("pin", 1, "--quote", "Work at cranes one to six will resume no earlier than Friday", "--json")
    assert back.json()["pins"][0]["statement"] == "5#s12", "the same words at the same place have the id that they had"
    captured.ok("read", 1)
    assert "s12" in statements(captured, 1), "the last decision is in force"
    assert captured("verify", captured.archive).code == 0


def test_one_statement_alone(captured: User) -> None:
    _, plain = sheet(captured, "2#s5")
    assert list(plain["statements"]) == ["s5"]
    plain["statements"]["s5"] = {"speaker": "Per Lindqvar-Holm"}
    assert give(captured, plain).code == 0
    assert statements(captured, 1)["s5"]["speaker"]["name"] == "Per Lindqvar-Holm"
    assert len(statements(captured, 1)) == 12
    assert captured("correct", "2#s99", "--export", "-").code == 3


def test_words_must_stand_on_the_page(captured: User) -> None:
    path, _ = sheet(captured)
    text = path.read_text("utf-8").replace("“a thorough one”", "“a careful one”")
    path.write_text(text, "utf-8")
    result = captured("correct", 1, "--import", path)
    assert result.code == 1
    line = next(number for number, line in enumerate(text.split("\n"), 1) if "careful" in line)
    assert f"line {line}: s5" in result.out
    assert "a [-thorough-]{+careful+} one" in result.out
    plain = captured("correct", 1, "--import", path, "--json").json()
    assert (plain["reading"], plain["missing"][0]["nearest"]) == (None, "a thorough one")
    assert captured.ok("log", "--raw", "--json").lines()[0]["number"] == "2"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("kind: mixed", "kind: quoted", "'quoted' is not one of direct, mixed, indirect"),
        ("polarity: affirmed", "polarity: yes", "is not one of affirmed, denied"),
        ("reject: false", "reject: maybe", "'maybe' is not true or false"),
        ("speaker:", "speakr:", "there is no 'speakr' here; there are words, speaker, role"),
        ("  s5:", "  s55:", "there is no such statement; there are s1, s2"),
        ("role: null", "role: 7", "role: '7' is not text or null"),
        ('speaker: "Per Lindqvar"', "speaker: No", "speaker: 'False' is not text or null"),
        ('speaker: "Per Lindqvar"', "speaker: [a, b]", "is not text or null"),
        ('speaker: "Per Lindqvar"', "speaker: " + "x" * 301, "301 characters; at most 300"),
        ("note: null\nstatements:", "remark: x\nstatements:", "there is no 'remark' here; there are reading, digest"),
        ("reading: 2", "reading: two", "reading is not a number"),
        ("statements:\n", "statements: none\nrest:\n", "there is no 'rest'"),
        ("    words:\n", "    words: 5\n    wods:\n", "there is no 'wods'"),
        ("“a thorough one”", "…", "words are text"),
        ("s6:", "s5:", "'s5' stands twice"),
        ("reject: false", "reject: false: true", "not readable as YAML"),
        ("reject: false", "reject: *all", "aliases"),
    ],
)
def test_what_is_wrong_in_a_sheet_is_said_with_its_line(captured: User, old: str, new: str, words: str) -> None:
    path, _ = sheet(captured)
    text = path.read_text("utf-8")
    assert old in text
    at = text.index(old)
    changed = text[:at] + new + text[at + len(old) :]
    path.write_text(changed, "utf-8")
    result = captured("correct", 1, "--import", path)
    assert (result.code, result.out) == (3, "")
    assert words in result.err
    assert "line " in result.err
    assert path.read_text("utf-8") == changed
    assert captured.ok("log", "--raw", "--json").lines()[0]["number"] == "2"


def test_the_line_is_the_right_one(captured: User) -> None:
    path, _ = sheet(captured)
    lines = path.read_text("utf-8").split("\n")
    number = next(n for n, line in enumerate(lines) if "    polarity:" in line)
    lines[number] = "    polarity: maybe"
    path.write_text("\n".join(lines), "utf-8")
    assert f"line {number + 1}: polarity" in captured("correct", 1, "--import", path).err


def test_a_sheet_of_another_reading_is_refused(captured: User, site: Newsroom) -> None:
    path, _ = sheet(captured)
    captured.ok("pin", 1, "--quote", "the boom was groaning")
    result = captured("correct", 1, "--import", path)
    assert result.code == 2
    assert "was written for number 2; the newest reading of this capture is 3" in result.err
    captured.ok("capture", *LOCAL, site.url("/notes/bees"))
    assert captured("correct", 4, "--import", path).code == 2


def test_two_statements_do_not_get_the_same_words(captured: User) -> None:
    _, plain = sheet(captured)
    plain["statements"]["s5"]["words"] = ["released for full load without any condition."]
    result = give(captured, plain)
    assert result.code == 3
    assert "these are the words of s6" in result.err


def editor(user: User, script: str) -> dict[str, str]:
    """An EDITOR that does to the file what a person would."""
    path = user.folder / "editor.py"
    path.write_text(
        f"import sys, pathlib\npath = pathlib.Path(sys.argv[1])\ntext = path.read_text('utf-8')\n{script}\n"
    )
    return {"EDITOR": f"{sys.executable} {path}", "VISUAL": ""}


def test_in_an_editor(captured: User) -> None:
    change = "path.write_text(text.replace('speaker: \"Per Lindqvar\"', 'speaker: \"Pär Lindqvar\"', 1), 'utf-8')"
    result = captured("correct", 1, environment=editor(captured, change))
    assert result.code == 0, result.err
    assert "3#s5  corrected" in result.out
    assert statements(captured, 1)["s5"]["speaker"]["name"] == "Pär Lindqvar"
    assert list((captured.folder / "state" / "corrections").iterdir()) == []
    result = captured("correct", 1, environment=editor(captured, "pass"))
    assert "Nothing was changed" in result.out


def test_what_was_typed_is_kept_when_it_cannot_be_used(captured: User) -> None:
    wrong = "path.write_text(text.replace('kind: mixed', 'kind: quoted', 1), 'utf-8')"
    result = captured("correct", 1, environment=editor(captured, wrong))
    assert result.code == 3
    (kept,) = (captured.folder / "state" / "corrections").iterdir()
    assert f"what you typed is kept: {kept}" in result.err
    assert "kind: quoted" in kept.read_text("utf-8")
    assert kept.stat().st_mode & 0o077 == 0
    right = "assert 'kind: quoted' in text; path.write_text(text.replace('kind: quoted', 'kind: direct'), 'utf-8')"
    again = captured("correct", 1, environment=editor(captured, right))
    assert again.code == 0
    assert "earlier corrections" in again.err
    assert statements(captured, 1)["s5"]["kind"] == "direct"
    assert not kept.exists()


def test_words_that_are_not_there_keep_the_file_too(captured: User) -> None:
    wrong = "path.write_text(text.replace('a thorough one', 'a careful one'), 'utf-8')"
    result = captured("correct", 1, environment=editor(captured, wrong))
    assert result.code == 1
    (kept,) = (captured.folder / "state" / "corrections").iterdir()
    assert str(kept) in result.err


def test_an_editor_that_fails_loses_nothing(captured: User) -> None:
    result = captured("correct", 1, environment=editor(captured, "sys.exit(3)"))
    assert result.code == 2
    assert captured.ok("log", "--raw", "--json").lines()[0]["number"] == "2"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("1",), 2, "--export"),
        (("0",), 2, "only captures"),
        (("1", "--export", "a", "--import", "b"), 2, "two steps"),
        (("1", "--import", "nowhere.yaml"), 3, "nowhere.yaml"),
    ],
)
def test_what_is_mistyped_is_explained(captured: User, arguments: tuple[str, ...], code: int, words: str) -> None:
    result = captured(
        "correct", *arguments, environment={"EDITOR": "true" if arguments == ("0",) else "", "VISUAL": ""}
    )
    assert (result.code, result.out) == (code, "")
    assert words in result.err


@pytest.mark.parametrize("path", ["/de/bruecke", "/fr/phare", "/ja/ferry", "/ar/bridge", "/live/flood"])
def test_sheets_of_every_language_come_back_as_they_went(user: User, site: Newsroom, path: str) -> None:
    user.init()
    user.ok("capture", *LOCAL, site.url(path))
    file, plain = sheet(user)
    assert len(plain["statements"]) >= 3
    assert "Nothing was changed" in user.ok("correct", 1, "--import", file).out
    name, first = next(iter(plain["statements"].items()))
    first["role"] = "اختبار 試験 Prüfung"
    assert give(user, plain).code == 0
    assert statements(user, 1)[name]["role"] == "اختبار 試験 Prüfung"
    assert user("verify", user.archive).code == 0
