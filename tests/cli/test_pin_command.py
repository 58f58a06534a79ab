"""`capture --quote` and `pin` as a user types them, over real HTTP: what stands is pinned, what does not is shown."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from newsroom import Newsroom, Page
from terminal import User

LOCAL = ("--allow-private", "--delay", "0")
CRANE = "/wire/harbour-crane"


def statements(user: User, ref: object) -> dict[str, Any]:
    return {item["id"]: item for item in user.ok("show", ref, "--json").json()["statements"]}


def decisions(user: User, ref: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = user.ok("show", ref, "--json").json()["decisions"]
    return found


def collector(user: User, name: str) -> None:
    with (user.archive / "archive.yaml").open("a") as settings:
        settings.write(f"collector:\n  name: {name}\n")


def test_a_quote_given_to_capture_is_a_statement_of_its_reading(user: User, site: Newsroom) -> None:
    user.init()
    collector(user, "Ann Lee")
    words = ("--quote", "the boom was groaning", "--speaker", "Adaeze Brandt", "--source-note", "cited by the union")
    result = user.ok("capture", *LOCAL, *words, site.url(CRANE))
    assert "pinned 2#s13" in result.out
    found = statements(user, 1)
    assert list(found) == [f"s{n}" for n in range(1, 14)], "those of the program keep their numbers"
    pinned = found["s13"]
    assert (pinned["by"], pinned["kind"], pinned["polarity"]) == ("person", "direct", "affirmed")
    assert pinned["speaker"]["name"] == "Adaeze Brandt" and pinned["speaker"]["mention"] is not None
    assert pinned["parts"][0]["bytes"] is not None
    (decided,) = decisions(user, 1)
    assert (decided["id"], decided["action"], decided["by"]) == ("s13", "added", "Ann Lee")
    assert (decided["note"], decided["given"]) == ("cited by the union", None)
    assert user.ok("show", 1, "--json").json()["reading"]["facts"]["by"] == "person"
    shown = user.ok("show", 1).out
    assert "added by Ann Lee" in shown and "note: cited by the union" in shown
    assert user("verify", user.archive).code == 0


def test_words_that_do_not_stand_there_are_shown_beside_those_that_do(user: User, site: Newsroom) -> None:
    user.init()
    result = user("capture", *LOCAL, "--quote", "This is the third time that a record", site.url(CRANE))
    assert result.code == 1
    assert "sealed " in result.out and "does not stand on the page" in result.out
    assert "This is the [-second-]{+third+} time that a record" in result.out
    assert user.ok("log", "--json").lines()[0]["statements"] == 12, "the page is sealed all the same"
    row = user("capture", *LOCAL, "--json", "--quote", "No zebras here", site.url(CRANE)).lines()[0]
    assert row["state"] == "sealed"
    assert row["pins"][0]["state"] == "missing" and row["pins"][0]["statement"] is None
    assert decisions(user, row["snapshot"]) == []


@pytest.mark.parametrize(
    ("path", "given", "stands", "typographic"),
    [
        (CRANE, "If there was a note in somebody's drawer", "If there was a note in somebody’s drawer", True),
        (CRANE, '"a place  where everybody signs"', "a place where everybody signs", True),
        ("/de/bruecke", "'Das hält noch zehn Jahre.'", "‚Das hält noch zehn Jahre.‘", False),
        ("/fr/phare", "Ce sont mes genoux qui ont changé!", "Ce sont mes genoux qui ont changé\u202f!", True),
        ("/ja/ferry", "島は地図の上の点になってしまう", "島は地図の上の点になってしまう", False),
        ("/ar/bridge", "خسرت نصف زبائني في يوم واحد", "خسرت نصف زبائني في يوم واحد", False),
        ("/local/reservoir", "I'd like to see the gate once more", "I’d like to see the gate once more", True),
        ("/notes/bees", "they were empty - not dead, empty", "they were empty – not dead, empty", True),
        ("/gazette/ferry", "She's ugly, she's draughty", "She’s ugly, she’s draughty", True),
    ],
)
def test_typography_is_forgiven_and_said(
    user: User, site: Newsroom, path: str, given: str, stands: str, typographic: bool
) -> None:
    user.init()
    row = user.ok("capture", *LOCAL, "--json", "--quote", given, site.url(path)).lines()[0]
    (pin,) = row["pins"]
    assert (pin["text"], pin["typographic"], pin["state"]) == (stands, typographic, "added")
    (decided,) = decisions(user, 1)
    assert decided["text"] == stands
    assert (decided["given"] is not None) is typographic
    assert user("verify", user.archive).code == 0


@pytest.mark.parametrize(
    ("given", "diff"),
    [
        ("if there was a note in somebody’s drawer", "[-If-]{+if+} there was"),
        ("If there was a note in somebody’s drawer.", "drawer[-,-]{+.+}"),
        ("there was no note in somebody’s drawer", "was [-a-]{+no+} note"),
        ("it did not reach anybody,", "reach [-us-]{+anybody+},"),
    ],
)
def test_letters_case_and_punctuation_are_not_typography(user: User, site: Newsroom, given: str, diff: str) -> None:
    user.init()
    result = user("capture", *LOCAL, "--quote", given, site.url(CRANE))
    assert result.code == 1
    assert diff in result.out


def test_a_speaker_belongs_to_the_quote_before_it(user: User, site: Newsroom) -> None:
    user.init()
    first, second = ("--quote", "a thorough one"), ("--quote", "the boom was groaning")
    options = (*first, *second, "--speaker", "Adaeze Brandt", "--source-note", "b")
    row = user.ok("capture", *LOCAL, "--json", *options, site.url(CRANE)).lines()[0]
    assert [(pin["speaker"], pin["note"]) for pin in row["pins"]] == [(None, None), ("Adaeze Brandt", "b")]
    row = user.ok("capture", *LOCAL, "--json", "--speaker", "X Y", *first, *second, site.url(CRANE)).lines()[0]
    assert [pin["speaker"] for pin in row["pins"]] == ["X Y", None]
    twice = user("capture", *LOCAL, *first, "--speaker", "A", "--speaker", "B", site.url(CRANE))
    assert (twice.code, twice.out) == (2, "")
    assert "--speaker" in twice.err
    assert user("capture", *LOCAL, "--speaker", "A", site.url(CRANE)).code == 2
    assert user("capture", *LOCAL, "--quote", "…", site.url(CRANE)).code == 2
    assert user("capture", *LOCAL, "--read-later", *first, site.url(CRANE)).code == 2
    assert len(site.requests) == 2, "nothing is asked for before the command line is understood"


def test_a_csv_list_brings_quotes(user: User, site: Newsroom) -> None:
    user.init()
    listed = user.folder / "quotes.csv"
    crane = site.url(CRANE)
    listed.write_text(
        f"url,quote,speaker\n{crane},the boom was groaning,Adaeze Brandt\n{site.url('/notes/bees')},,\n"
        f"{crane},four zebras were seen,\n{crane},a ship had come through the wall,Oluf Tran\n"
    )
    result = user("capture", *LOCAL, "--json", "--from", listed)
    assert result.code == 1
    rows = {row["target"]: row for row in result.lines() if "target" in row}
    assert [pin["state"] for pin in rows[crane]["pins"]] == ["added", "missing", "added"]
    assert rows[site.url("/notes/bees")]["pins"] == []
    assert sum(request.target == CRANE for request in site.requests) == 1


def test_an_interrupted_run_remembers_its_quotes(user: User, site: Newsroom) -> None:
    user.init()
    site.withdraw(CRANE, 503)
    assert user("capture", "--allow-private", "--total-seconds", "1", "--proxy", "http://127.0.0.1:9").code != 0
    (user.archive / "runs").mkdir(exist_ok=True)
    rows = [
        {"journal": "run/v1", "run": "20261123-130211-4f2a9c1b", "size": 1, "targets": 1},
        {"target": 0, "as_given": site.url(CRANE), "url": site.url(CRANE), "path": None, "case": None, "note": None}
        | {"tags": [], "quotes": [["the boom was groaning", "Adaeze Brandt", None]]},
    ]
    journal = user.archive / "runs" / "20261123-130211-4f2a9c1b.jsonl"
    journal.write_text("".join(json.dumps(row) + "\n" for row in rows))
    site.restore()
    row = user.ok("capture", *LOCAL, "--resume", "20261123-130211-4f2a9c1b", "--json").lines()[0]
    assert (row["pins"][0]["state"], row["pins"][0]["speaker"]) == ("added", "Adaeze Brandt")


def test_pages_without_text_have_nothing_to_pin(user: User, site: Newsroom, tmp_path: Path) -> None:
    user.init()
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(b"%PDF-1.7\n...")
    result = user("capture", *LOCAL, "--quote", "No words", scan)
    assert result.code == 1
    assert "there is no page text" in result.out
    result = user("capture", *LOCAL, "--quote", "No words", site.url("/assets/photo.png"))
    assert "there is no page text: a body of type image/png" in result.out
    result = user("capture", *LOCAL, "--quote", "No words", site.url("/check/challenge"))
    assert (result.code, result.out.count("does not stand")) == (1, 1)


def test_a_local_file_is_pinned_in_as_well(user: User, tmp_path: Path) -> None:
    user.init()
    saved = tmp_path / "minutes.txt"
    saved.write_text("Item 4. The bridge\nstays shut until spring.\n\nItem 5. Lamps.\n", encoding="utf-8")
    assert "The bridge stays shut until spring." in user.ok(
        "capture", "--quote", "The bridge stays shut", saved
    ).out + (user.ok("pin", 1, "--quote", "The bridge stays shut until spring.").out)
    assert user("verify", user.archive).code == 0


def test_pinning_later_replaces_the_reading_and_keeps_every_id(user: User, site: Newsroom) -> None:
    user.init()
    user.ok("capture", *LOCAL, site.url(CRANE))
    before = statements(user, 1)
    result = user.ok("pin", 1, "--quote", "the boom was groaning", "--speaker", "Adaeze Brandt")
    assert "pinned 3#s13" in result.out and "Sealed as number 3, in place of 2" in result.out
    after = statements(user, 1)
    assert {name: after[name] for name in before} == before
    assert list(after) == [*before, "s13"]
    again = user.ok("pin", site.url(CRANE), "--quote", "Families of the injured", "--json").json()
    assert (again["reading"], again["replaces"], again["pins"][0]["statement"]) == (4, 3, "4#s14")
    assert list(statements(user, 2)) == list(before), "older readings stay"
    assert user.ok("show", 4, "--json").json()["reading"]["manifest"]["extra"].startswith("sha256:")
    assert [item["id"] for item in decisions(user, 1)] == ["s13", "s14"]
    assert user("verify", user.archive).code == 0


def test_words_that_were_found_are_confirmed_and_not_listed_twice(user: User, site: Newsroom) -> None:
    user.init()
    user.ok("capture", *LOCAL, site.url(CRANE))
    result = user.ok("pin", 1, "--quote", "a thorough one", "--quote", "I thought a ship had come through the wall")
    assert result.out.count("confirmed 3#") == 2
    found = statements(user, 1)
    assert len(found) == 12
    assert {item["id"] for item in found.values() if item["by"] == "person"} == {"s5", "s11"}
    assert "Nothing to seal" in user.ok("pin", 1, "--quote", "a thorough one").out
    result = user.ok("pin", 1, "--quote", "a thorough one", "--speaker", "Somebody Else")
    assert "corrected 4#s5" in result.out
    (*_, last) = decisions(user, 1)
    assert last["changes"] == [
        {"field": "speaker", "was": "Per Lindqvar", "now": "Somebody Else"},
        {"field": "role", "was": "Its managing director", "now": None},
    ]
    assert "speaker: Per Lindqvar → Somebody Else" in user.ok("show", "4#s5").out


def test_words_with_something_left_out_are_one_statement_of_several_parts(user: User, site: Newsroom) -> None:
    user.init()
    user.ok("capture", *LOCAL, site.url(CRANE))
    words = "We are going through the log line by line […] in plain words"
    user.ok("pin", 1, "--quote", words, "--speaker", "Tomas Ekwall")
    pinned = statements(user, 1)["s13"]
    assert [part["exact"] for part in pinned["parts"]] == [
        "We are going through the log line by line",
        "in plain words",
    ]
    assert decisions(user, 1)[0]["given"] == words
    wrong = user("pin", 1, "--quote", "in plain words ... We are going through the log")
    assert (wrong.code, "not in this order" in wrong.out) == (1, True)
    lost = user("pin", 1, "--quote", "We are going through the log (...) in simple words")
    assert "in [-plain-]{+simple+} words" in lost.out
    assert user("verify", user.archive).code == 0


def test_all_of_it_or_nothing_is_pinned_later(user: User, site: Newsroom) -> None:
    user.init()
    user.ok("capture", *LOCAL, site.url(CRANE))
    result = user("pin", 1, "--quote", "the boom was groaning", "--quote", "the boom was growling")
    assert result.code == 1
    assert "was [-groaning-]{+growling+}" in result.out
    assert "Nothing was sealed" in result.err
    assert user.ok("log", "--raw", "--json").lines()[0]["number"] == "2"
    plain = user("pin", 1, "--quote", "the boom was growling", "--json")
    assert (plain.code, plain.json()["reading"], plain.json()["pins"][0]["nearest"]) == (
        1,
        None,
        "the boom was groaning",
    )


def test_reading_anew_keeps_what_people_pinned(user: User, site: Newsroom) -> None:
    user.init()
    user.ok("capture", *LOCAL, "--quote", "the boom was groaning", "--speaker", "Adaeze Brandt", site.url(CRANE))
    user.ok("pin", 1, "--quote", "a thorough one", "--speaker", "Somebody Else")
    before = statements(user, 1)
    user.ok("read", 1)
    after = user.ok("show", 1, "--json").json()
    assert after["reading"]["number"] == 4
    assert after["reading"]["facts"]["by"] == "person"
    found = {item["id"]: item for item in after["statements"]}
    assert list(found) == list(before)
    assert {name: found[name] for name in ("s5", "s13")} == {name: before[name] for name in ("s5", "s13")}
    assert [item["action"] for item in after["decisions"]] == ["added", "corrected"]
    assert user.ok("pin", 1, "--quote", "Families of the injured", "--json").json()["pins"][0]["statement"] == "5#s14"
    assert user("verify", user.archive).code == 0


def test_the_bundle_has_the_decisions_and_verifies(user: User, site: Newsroom, tmp_path: Path) -> None:
    user.init()
    user.ok("capture", *LOCAL, "--quote", "the boom was groaning", site.url(CRANE))
    digest = next(
        item["digest"]
        for item in user.ok("show", 1, "--json").json()["reading"]["manifest"]["objects"]
        if item["role"] == "decisions"
    )
    bundle = tmp_path / "b.zip"
    user.ok("export", 1, "-o", bundle)
    listed = subprocess.run(["unzip", "-l", bundle], capture_output=True, text=True, check=True).stdout
    assert digest[9:] in listed
    assert user("verify", bundle).code == 0


def test_of_several_places_the_one_in_the_article_is_pinned(user: User, site: Newsroom) -> None:
    menu = "<nav><a href=/a>Never again</a></nav>"
    story = "<p>The council met for the third time this month and did not come to a decision on the bridge.</p>" * 5
    said = "<p>“Never again will we wait,” said Ann Lee, who runs the shop beside the bridge, on Monday.</p>"
    html = f"<!doctype html><html lang=en><title>Bridge</title>{menu}<article><h1>Bridge</h1>{story}{said}</article>"
    site.put("/bridge", Page(None, body=html.encode()))
    user.init()
    row = user.ok("capture", *LOCAL, "--json", "--quote", "Never again", site.url("/bridge")).lines()[0]
    assert row["pins"][0]["places"] == 2
    pinned = user.ok("show", row["pins"][0]["statement"], "--json").json()["statements"][0]
    assert pinned["context"][0]["suffix"].startswith(" will we wait")
    assert "stands 2 times" in user.ok("pin", 1, "--quote", "Never again", "--source-note", "sure").out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("pin", "1"), 2, "nothing to pin"),
        (("pin", "0", "--quote", "x"), 2, "only captures"),
        (("pin", "2#s1", "--quote", "x"), 2, "whole capture"),
        (("pin", "99", "--quote", "x"), 3, "no number 99"),
        (("pin", "3", "--quote", "x"), 3, "archiver read 3"),
        (("pin", "4", "--quote", "No words"), 3, "no reading"),
        (("pin", "6", "--quote", "No words"), 3, "no page text"),
    ],
)
def test_what_cannot_be_pinned_is_explained(
    user: User, site: Newsroom, tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    user.init()
    user.ok("capture", *LOCAL, site.url("/notes/bees"))
    user.ok("capture", *LOCAL, "--read-later", site.url(CRANE))
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(b"%PDF-1.7\n...")
    user.ok("capture", scan)
    user.ok("capture", *LOCAL, site.url("/assets/photo.png"))
    result = user(*arguments)
    assert (result.code, result.out) == (code, "")
    assert words in result.err
