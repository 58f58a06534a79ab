"""`find` as a user types it, over pages captured from a real site: verbatim, altered, not in the archive."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from newsroom import Newsroom, Page
from ready import LOCAL, captured_once, copied, newsroom, site
from terminal import Result, User

from archiver.verify.layout import object_path

__all__ = ["newsroom", "site"]
CRANE = "/wire/harbour-crane"
PAGES = (
    CRANE,
    "/de/bruecke",
    "/fr/phare",
    "/ja/ferry",
    "/ar/bridge",
    "/register/harbor-fund",
    "/weekly/library",
    "/zh/dukou",
    "/ru/most",
)


@pytest.fixture(scope="module")
def template(newsroom: Newsroom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return captured_once(tmp_path_factory.mktemp("template"), newsroom, *PAGES)


@pytest.fixture
def full(user: User, site: Newsroom, template: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    return copied(template, user, monkeypatch)


def find(user: User, *arguments: object) -> tuple[Result, dict[str, Any]]:
    result = user("find", *arguments, "--json")
    return result, result.json()


def test_every_statement_is_found_verbatim_as_it_stands(full: User) -> None:
    count = 0
    for row in full.ok("log", "--json").lines():
        for item in full.ok("show", row["number"], "--json").json()["statements"]:
            result, found = find(full, item["text"])
            assert (result.code, found["verdict"]) == (0, "verbatim"), item["text"]
            assert f"{row['reading']}#{item['id']}" in [match["ref"] for match in found["matches"]]
            count += 1
    assert count > 40


@pytest.mark.parametrize(
    ("cited", "speaker"),
    [
        ("nobody can say that it was hidden", "Ilse Marendahl"),
        ('"If there was a note in somebody\'s drawer, it did not reach us."', "Per Lindqvar"),
        ("We are going through the log […] Families of the injured should hear", "Tomas Ekwall"),
        ("Geschlafen hat hier niemand", "Henrike Voßkamp"),
        ("Ce sont mes genoux qui ont changé!", "Yann-Ber Le Goazou"),
        ("On nous a prévenus par un courriel", "Corentin Mazéas"),
        ("船がなくなれば、島は地図の上の点になってしまう", "渡辺帆波"),
        ("海", "沖田錨"),
        ("代わりの便", "神木凪"),
        ("票价不会上涨", "沈望舟"),
        ("码头", "顾阿潮"),
        ("孩子们每天要绕路十二公里上学，[…]不能再拖了", "叶澄"),
        ("не закрывали движение", "Агния Лукодарова"),
        ("لن نفتح الجسر قبل أن ينتهي الفحص", "نبيل الشاطري"),
        ("ولم يسألني أحد", "هالة المرجاني"),
        ("It's not rock 'n' roll, but it's ours.", "Kieran D’Arcy"),
    ],
)
def test_verbatim(full: User, cited: str, speaker: str) -> None:
    result, found = find(full, cited)
    assert (result.code, found["verdict"]) == (0, "verbatim")
    assert speaker in [match["speaker"] for match in found["matches"]]
    assert all(match["diff"] == [] or match["typographic"] for match in found["matches"])


@pytest.mark.parametrize(
    ("cited", "changed", "signs"),
    [
        ("nobody could say that it was hidden", "nobody [-can-]{+could+} say", []),
        ("This is the third time that a record of the authority turns up", "[-second-]{+third+}", ["number"]),
        ("We did sign it, I did not see it, and I would not have signed it", "", []),
        ("Wir haben an drei Pfeilern Risse gefunden, die wir nicht erwartet haben", "[-zwei-]{+drei+}", ["number"]),
        ("il y en a toujours deux cent quinze", "[-douze-]{+quinze+}", ["number"]),
        ("島は地図の上の線になってしまう", "[-点-]{+線+}", []),
        ("去年我们等了三个月，有人来修码头", "[-没-]有人", ["negation"]),
        ("渡口明年五月恢复通航", "[-三-]{+五+}", ["number"]),
        ("لن نفتح الجسر قبل أن يبدأ الفحص", "[-ينتهي-]{+يبدأ+}", []),
        ("Nobody can say that it was hidden", "[-nobody-]{+Nobody+}", ["case only"]),
        ("nobody can say: that it was hidden", "say{+:+} that", ["punctuation only"]),
    ],
)
def test_altered(full: User, cited: str, changed: str, signs: list[str]) -> None:
    result = full("find", cited)
    assert result.code == 1
    assert result.out.startswith("altered")
    assert changed in result.out
    assert find(full, cited)[1]["matches"][0]["signs"] == signs or not signs


@pytest.mark.parametrize(
    "cited",
    [
        "Elephants are walking over the moon tonight",
        "we never said that",
        "Der Bahnhof wird im nächsten Jahr geschlossen",
        "来年から電車が走る",
        "zebra",
        "犬",
    ],
)
def test_not_in_the_archive(full: User, cited: str) -> None:
    result, found = find(full, cited)
    assert (result.code, found["verdict"], found["matches"]) == (4, "not in the archive", [])
    assert "not in the archive: none of" in full("find", cited).out


def test_a_cut_citation_that_pretends_to_be_whole_is_told(full: User) -> None:
    """The page goes on after "that": a full stop there is no closing sign of the quotation."""
    assert find(full, "The entry is there, with a date and a signature.")[1]["verdict"] == "altered"
    assert find(full, "The entry is there, with a date and a signature")[1]["verdict"] == "verbatim"
    assert find(full, "My crews deserve better than that.")[1]["verdict"] == "verbatim"
    assert find(full, "nobody can say that it was hidden.")[1]["verdict"] == "verbatim"
    assert find(full, "nobody can say that it was hidden!")[1]["verdict"] == "altered"


def test_words_that_were_denied_are_said_to_be(full: User) -> None:
    result = full.ok("find", "there is no hole in the budget")
    assert "did NOT say it" in result.out
    assert find(full, "there is no hole in the budget")[1]["matches"][0]["polarity"] == "denied"


def test_words_of_a_page_that_are_no_statement(full: User) -> None:
    result, found = find(full, "Branches in three villages will close at Easter")
    assert result.code == 0
    assert (found["matches"][0]["statement"], "#" in found["matches"][0]["ref"]) == (False, False)
    assert "not listed as a statement" in full("find", "Branches in three villages will close at Easter").out
    result, found = find(full, "Branches in seven small villages will close at Easter")
    assert (result.code, found["verdict"], found["matches"][0]["statement"]) == (1, "altered", False)


def test_filters(full: User, site: Newsroom) -> None:
    words = "nobody can say that it was hidden"
    assert full("find", words, "--speaker", "Marendahl").code == 0
    assert full("find", words, "--speaker", "ilse marendahl").code == 0
    assert full("find", words, "--speaker", "Lindqvar").code == 4
    assert full("find", words, "--site", "Tideline").code == 0
    assert full("find", words, "--site", "harbour-crane").code == 0
    assert full("find", words, "--site", "gazette").code == 4
    assert full("find", words, "--from", "2020-01-01").code == 0
    assert full("find", words, "--to", "2020-01-01").code == 4
    assert full("find", words, "--from", "2199-01-01").code == 4
    assert full("find", "Branches in three villages", "--speaker", "Marendahl").code == 4


def test_words_of_another_speaker_are_not_called_absent(full: User) -> None:
    result = full("find", "nobody can say that it was hidden", "--speaker", "Lindqvar")
    assert result.code == 4
    assert result.out.startswith("not found with --speaker Lindqvar. In the whole archive:\n\nverbatim")
    assert "Ilse Marendahl" in result.out
    assert "not in the archive: none of" in full("find", "no such words", "--speaker", "Lindqvar").out


def test_the_same_words_in_several_captures_are_one_match(full: User, site: Newsroom) -> None:
    full.ok("capture", *LOCAL, site.url(CRANE))
    site.edit(CRANE, b"nobody can say", b"nobody could say")
    full.ok("capture", *LOCAL, site.url(CRANE))
    _, found = find(full, "nobody can say that it was hidden")
    assert len(found["matches"]) == 1
    assert len(found["matches"][0]["also"]) == 1
    assert "and in" in full("find", "nobody can say that it was hidden").out
    assert find(full, "nobody could say that it was hidden")[1]["verdict"] == "verbatim"


def test_what_is_captured_corrected_and_rejected_is_found_at_once(full: User, site: Newsroom) -> None:
    assert full("find", "We opened the hives").code == 4
    full.ok("capture", *LOCAL, site.url("/notes/bees"))
    assert full("find", "We opened the hives").code == 0
    ref = find(full, "a thorough one")[1]["matches"][0]["ref"]
    sheet = full.folder / "sheet.yaml"
    full.ok("correct", ref, "--export", sheet)
    sheet.write_text(sheet.read_text("utf-8").replace("reject: false", "reject: true"), "utf-8")
    full.ok("correct", ref, "--import", sheet)
    _, found = find(full, "a thorough one")
    assert [match["statement"] for match in found["matches"]] == [False], "it stands on the page, and is no statement"
    full.ok("pin", ref.split("#")[0], "--quote", "a thorough one", "--speaker", "Per Lindqvar")
    assert find(full, "a thorough one")[1]["matches"][0]["speaker"] == "Per Lindqvar"


def test_the_index_is_not_believed(full: User) -> None:
    """Rows that somebody altered are not shown: what is shown comes from the archive's objects."""
    assert full("find", "nobody can say that it was hidden").code == 0
    with closing(sqlite3.connect(full.archive / "index.sqlite")) as index:
        index.execute("UPDATE statements SET words = replace(words, 'hidden', 'stolen'), speaker = ' x '")
        index.execute("INSERT INTO statement_grams (rowid, words) SELECT id, words FROM statements")
        index.execute("INSERT OR IGNORE INTO grams SELECT substr(' stolen ', n, 3), 1 FROM (SELECT 1 n UNION SELECT 2"
                      " UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6)")  # fmt: skip
        index.commit()
    _, found = find(full, "nobody can say that it was stolen")
    assert found["verdict"] == "altered"
    assert "stolen" not in found["matches"][0]["text"]
    assert find(full, "nobody can say that it was hidden")[0].code == 0, "it was made anew"


def test_an_index_that_hides_words_is_made_anew_on_demand(full: User) -> None:
    assert full("find", "nobody can say that it was hidden").code == 0
    with closing(sqlite3.connect(full.archive / "index.sqlite")) as index:
        index.execute("DELETE FROM statements")
        index.execute("DELETE FROM pages")
        index.commit()
    assert full("find", "nobody can say that it was hidden").code == 4
    assert full("find", "nobody can say that it was hidden", "--rebuild").code == 0
    assert full("verify", full.archive).code == 0


def test_what_cannot_be_read_is_told(full: User) -> None:
    row = next(row for row in full.ok("log", "--json").lines() if row["url"].endswith(CRANE))
    refs = full.ok("show", row["number"], "--json").json()["reading"]["manifest"]["objects"]
    for ref in refs:
        if ref["role"] in ("statements", "page-text"):
            (full.archive / object_path(ref["digest"])).unlink()
    result = full("find", "nobody can say that it was hidden")
    assert result.code == 4
    assert f"number {row['reading']} could not be looked into" in result.err
    assert find(full, "nobody can say that it was hidden")[1]["unread"][0]["number"] == row["reading"]


def test_an_archive_that_cannot_be_written(full: User) -> None:
    (full.archive / "index.sqlite").mkdir()
    assert full("find", "nobody can say that it was hidden").code == 0
    assert len(list((full.folder / "state" / "indexes").glob("*.sqlite"))) == 1
    (full.folder / "state" / "indexes").rename(full.folder / "state" / "aside")
    (full.folder / "state" / "indexes").write_text("in the way")
    result = full("find", "nobody can say that it was hidden")
    assert result.code == 0
    assert "made anew each time" in result.err


def test_without_fts(full: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a SQLite that was built without FTS5: slower, and said."""
    monkeypatch.setattr("archiver.store.index_file.has_trigrams", lambda: False)
    result = full("find", "nobody can say that it was hidden")
    assert (result.code, "no FTS5" in result.err) == (0, True)
    assert full("find", "nobody could say that it was hidden").code == 1
    assert full("find", "海").code == 0
    assert full("find", "Elephants are walking over the moon").code == 4
    assert full("find", "Branches in three villages will close").code == 0


def test_addresses_are_found_through_the_index_as_without(full: User, site: Newsroom) -> None:
    refs = [site.url(path) for path in PAGES]
    without = {ref: full.ok("show", ref).out for ref in refs}
    assert full("find", "x").code == 4
    assert {ref: full.ok("show", ref).out for ref in refs} == without
    full.ok("capture", *LOCAL, site.url(CRANE))
    newest = full.ok("log", "--json", "-n", "1").lines()[0]["number"]
    assert full.ok("show", site.url(CRANE), "--json").json()["snapshot"]["number"] == newest, "newer than the index"
    full.ok("read", newest)
    assert full.ok("show", site.url(CRANE), "--json").json()["reading"]["number"] == newest + 2
    assert full("find", "x").code == 4
    assert full.ok("show", site.url(CRANE), "--json").json()["reading"]["number"] == newest + 2
    with closing(sqlite3.connect(full.archive / "index.sqlite")) as index:
        index.execute("DELETE FROM addresses")
        index.commit()
    assert {ref: full.ok("show", ref).out for ref in refs[1:]} == {ref: without[ref] for ref in refs[1:]}
    assert full("show", site.url("/nowhere")).code == 3


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("",), 2, "nothing to look for"),
        (("…“”",), 2, "nothing to look for"),
        (("x" * 20_001,), 2, "20,000"),
        (("words", "--from", "yesterday"), 2, "2026-11-23"),
        (("words", "--to", "2026-13-01"), 2, "2026-11-23"),
        (("words", "--from", "9999-12-31", "--to", "9999-12-31"), 2, "--to"),
        (("words", "--speaker", "…"), 2, "nobody"),
    ],
)
def test_what_is_mistyped_is_explained(user: User, arguments: tuple[str, ...], code: int, words: str) -> None:
    user.init()
    result = user("find", *arguments)
    assert (result.code, result.out) == (code, "")
    assert words in result.err


def test_an_empty_archive(user: User) -> None:
    user.init()
    result = user("find", "anything")
    assert result.code == 4
    assert "none of 0 statements and 0 page texts" in result.out
    assert user("find", "\udcff\udcfe anything").code == 4


def test_what_pages_say_does_not_reach_the_terminal_as_it_is(user: User, site: Newsroom) -> None:
    padding = "<p>The council met for the third time this month, and it did not come to a decision.</p>" * 6
    said = "<p>“We never \x1b[31magreed\u202e to that plan,” Ada Quill told reporters on Monday.</p>"
    html = f"<html lang=en><title>\x1b]0;x\x07Council</title><h1>Council</h1>{said}{padding}"
    site.put("/council", Page(None, body=html.encode()))
    user.init()
    user("capture", *LOCAL, site.url("/council"))
    out = user("find", "to that plan").out
    assert "to that plan" in out
    assert not set(out) & set("\x1b\u202e\x07")
    assert "\x1b" not in json.dumps(user("find", "to that plan", "--json").json(), ensure_ascii=False)


def test_it_needs_no_keys(full: User, tmp_path: Path) -> None:
    (full.home / "keys").rename(tmp_path / "keys-elsewhere")
    assert full("find", "nobody can say that it was hidden").code == 0
