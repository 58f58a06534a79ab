"""`recheck`, `history`, `diff` as a user types them, over pages that are edited, moved, withdrawn, walled off."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from newsroom import Newsroom, Page, Request
from ready import LOCAL, captured_once, copied, newsroom, site
from terminal import Result, User

__all__ = ["newsroom", "site"]
CRANE, FERRY, BRIDGE = "/wire/harbour-crane", "/gazette/ferry", "/de/bruecke"


@pytest.fixture(scope="module")
def template(newsroom: Newsroom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return captured_once(tmp_path_factory.mktemp("template"), newsroom, CRANE)


@pytest.fixture
def captured(user: User, site: Newsroom, template: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    """An archive with one article: number 1, read as number 2."""
    copied(template, user, monkeypatch)
    site.requests.append(Request("GET", CRANE, ()))  # the visit of the template
    return user


def recheck(user: User, *arguments: object) -> Result:
    return user("recheck", *LOCAL, "--jobs", "1", *arguments)


def verdicts(result: Result) -> dict[str, Any]:
    """The one comparison of a run by the words of its statements."""
    (line,) = result.lines()
    return {item["text"]: item for item in line["verdicts"]}


def only(found: dict[str, Any], words: str) -> Any:
    """The verdict on the statement that holds these words; all others are verbatim."""
    (wanted,) = [item for text, item in found.items() if words in text]
    others = {item["verdict"] for text, item in found.items() if words not in text}
    assert others <= {"verbatim"}
    return wanted


def verified(user: User) -> None:
    assert user.ok("verify", user.archive, "--json").json()["verdict"].startswith(("internally consistent", "verified"))


def test_an_unchanged_page_stands(captured: User, site: Newsroom) -> None:
    result = recheck(captured, "1")
    assert result.code == 0
    assert re.search(r"(\d+) of \1 statements stand, compared with number 2; sealed as number 5", result.out)
    row = captured.ok("log", "--raw", "--json").lines()
    assert [item["event"] for item in row] == ["recheck", "reading", "snapshot", "reading", "snapshot", "genesis"]
    verified(captured)


def test_json_has_the_agreed_shape(captured: User, site: Newsroom) -> None:
    (line,) = recheck(captured, "2", "--json").lines()
    assert (line["subject"], line["snapshot"]) == (2, 3)
    statements = captured.ok("statements", "1", "--json").json()["statements"]
    assert [item["id"] for item in line["verdicts"]] == [item["id"] for item in statements]
    for item in line["verdicts"]:
        assert {"id", "kind", "text", "verdict", "diff", "reason"} <= set(item)
        assert (item["verdict"], item["diff"]) == ("verbatim", None)


@pytest.mark.parametrize(
    ("old", "new", "words", "verdict", "signs"),
    [
        ("nobody can say", "somebody can say", "nobody can say", "reworded", ["negation"]),
        ("and we will publish it", "and we may publish it", "line by line", "reworded", []),
        ("in June that the boom", "in 2 weeks that the boom", "in June", "reworded", ["number", "name"]),
        ("“a thorough one”", '"a thorough one"', "a thorough one", "typographic", []),
        ("“a thorough one”", "“a thorough one”", "a thorough one", "verbatim", []),
        ("“a thorough one”", "“a Thorough one”", "a thorough one", "reworded", ["case only"]),
        (
            "said the crane had been “released for full load without any condition.”",
            "said no more.",
            "full load",
            "removed",
            [],
        ),
        ("somebody’s drawer", "somebody's\u00a0drawer", "drawer", "typographic", []),
    ],
)
def test_an_edit_is_found(
    captured: User, site: Newsroom, old: str, new: str, words: str, verdict: str, signs: list[str]
) -> None:
    site.edit(CRANE, old.encode(), new.encode())
    result = recheck(captured, "2", "--json")
    item = only(verdicts(result), words)
    assert (item["verdict"], item["signs"]) == (verdict, signs)
    assert result.code == (0 if verdict in ("verbatim", "typographic") else 1)
    if item["diff"]:
        assert "".join(text for sign, text in item["diff"] if sign != "+") == item["text"]
    verified(captured)


def test_a_paragraph_that_moved(captured: User, site: Newsroom) -> None:
    body = site.pages[CRANE].data()
    start = body.index("<p>“If there was a note".encode())
    end = body.index(b"</p>", start) + 4
    paragraph = body[start:end]
    moved = body[:start] + body[end:]
    place = moved.index(b'<p class="correction">')
    site.put(CRANE, replace(site.pages[CRANE], body=moved[:place] + paragraph + b"\n" + moved[place:]))
    result = recheck(captured, "2", "--json")
    found = verdicts(result)
    changed = {text[:20]: item["verdict"] for text, item in found.items() if item["verdict"] != "verbatim"}
    assert set(changed.values()) == {"moved"}
    assert len(changed) == 2
    assert result.code == 0


@pytest.mark.parametrize(
    ("path", "verdict", "reason", "code"),
    [
        ("/old/hard", "page-gone", "404", 1),
        ("/check/challenge", "unknown", "challenge", 4),
        ("/check/challenge-200", "unknown", "challenge", 4),
        ("/news/quay-market", "unknown", "consent wall", 4),
        ("/premium/dam", "unknown", "paywall", 4),
        ("/old/soft", "unknown", "soft 404", 4),
        ("/nothing", "unknown", "empty", 4),
        ("/app/tram-fares", "unknown", "script only", 4),
        ("/notes/bees", "unknown", "other text is gone too", 4),
        ("/assets/photo.png", "unknown", "not html", 4),
    ],
)
def test_what_stands_in_the_articles_place(
    captured: User, site: Newsroom, path: str, verdict: str, reason: str, code: int
) -> None:
    site.put(CRANE, site.pages[path])
    result = recheck(captured, "2", "--json")
    assert {item["verdict"] for item in verdicts(result).values()} == {verdict}
    assert all(reason in item["reason"] for item in verdicts(result).values())
    assert result.code == code
    verified(captured)


@pytest.mark.parametrize(
    ("status", "verdict", "code"), [(410, "page-gone", 1), (451, "unknown", 4), (503, "unknown", 4)]
)
def test_a_withdrawn_page(captured: User, site: Newsroom, status: int, verdict: str, code: int) -> None:
    (captured.archive / "archive.yaml").open("a").write("attempts: 1\n")
    site.withdraw(CRANE, status)
    result = recheck(captured, "2", "--json")
    assert {item["verdict"] for item in verdicts(result).values()} == {verdict}
    assert result.code == code


def test_an_address_that_has_come_to_lead_to_the_front_page(captured: User, site: Newsroom) -> None:
    site.put(CRANE, Page(None, "text/html", 302, (("Location", "/"),)))
    result = recheck(captured, "2", "--json")
    assert {item["verdict"] for item in verdicts(result).values()} == {"unknown"}
    assert "front page" in result.lines()[0]["verdicts"][0]["reason"]
    assert result.code == 4


def test_the_beginning_before_a_paywall_still_stands(captured: User, site: Newsroom) -> None:
    body = site.pages[CRANE].data()
    cut = body.index("<p>“We are going through".encode())
    wall = (
        b'<div class="paywall"><p>This article is for subscribers.</p><p>Subscribe to continue reading</p>'
        b"<p>Already a subscriber? Log in</p></div></article></main></body></html>"
    )
    body = body.replace(b'"isAccessibleForFree": true', b'"isAccessibleForFree": false')
    site.put(CRANE, replace(site.pages[CRANE], body=body[: cut + 1].rpartition(b"<p>")[0] + wall))
    result = recheck(captured, "2", "--json")
    found = [item["verdict"] for item in result.lines()[0]["verdicts"]]
    assert found[:2] == ["verbatim", "verbatim"]
    assert set(found[2:]) == {"unknown"}
    assert result.code == 4


def test_a_site_that_does_not_answer(captured: User, site: Newsroom) -> None:
    (captured.archive / "archive.yaml").open("a").write("attempts: 1\n")
    with Newsroom() as gone:
        captured.ok("capture", *LOCAL, gone.url(CRANE))
    result = recheck(captured, "4", "--json")
    assert {item["verdict"] for item in verdicts(result).values()} == {"unknown"}
    assert "no response" in result.lines()[0]["verdicts"][0]["reason"]
    assert result.code == 4
    verified(captured)


def test_a_speaker_who_changed_is_told_apart_from_words(captured: User, site: Newsroom) -> None:
    site.edit(CRANE, b"Oluf Tran", b"Olaf Brun")
    result = recheck(captured, "2", "--json")
    item = next(item for text, item in verdicts(result).items() if "a ship had come" in text)
    assert item["verdict"] == "verbatim"
    assert item["attribution"] == [{"field": "speaker", "old": "Oluf Tran", "new": "Olaf Brun"}]
    assert result.code == 1


def test_headline_byline_and_dates_are_compared(captured: User, site: Newsroom) -> None:
    site.edit(CRANE, b"engineer says warning was logged in spring", b"warning was logged in spring")
    site.edit(CRANE, b"Maren Oskdale", b"Tideline staff")
    site.edit(CRANE, b"2026-09-15T19:05:00+02:00", b"2026-09-16T08:00:00+02:00")
    result = recheck(captured, "2", "--json")
    changes = {change["field"]: change["new"] for change in result.lines()[0]["page"]["changes"]}
    assert changes == {
        "title": "Port Arlen crane collapse: warning was logged in spring",
        "bylines": "Tideline staff",
        "modified": "2026-09-16T08:00:00+02:00",
    }
    assert result.code == 0, "the statements stand"


def test_the_visit_repeats_the_first_one(user: User, site: Newsroom) -> None:
    user.init()
    agent = (
        "--user-agent",
        "Quayside reader 1.0",
        "--accept-language",
        "de,en;q=0.5",
        "--referrer",
        "https://a.example/",
    )
    user.ok("capture", *LOCAL, *agent, "--cookie", "edition=north", site.url(FERRY))
    result = recheck(user, "1", "--json")
    assert result.code == 0
    first, second = site.requests
    wanted = {"User-Agent": "Quayside reader 1.0", "Accept-Language": "de,en;q=0.5"}
    for request in (first, second):
        headers = dict(request.headers)
        assert wanted.items() <= headers.items()
    assert dict(first.headers).get("Referer") == dict(second.headers).get("Referer")
    assert "edition" in result.lines()[0]["differs"][0], "the cookie's value is not known, and that is said"
    again = recheck(user, "1", "--cookie", "edition=north", "--json")
    assert again.lines()[0]["differs"] == []


def test_one_statement_by_name(captured: User, site: Newsroom) -> None:
    site.edit(CRANE, b"in June that the boom", b"in July that the boom")
    (line,) = recheck(captured, "2#s1", "--json").lines()
    assert [item["id"] for item in line["verdicts"]] == ["s1"]
    life = captured.ok("history", "1", "--json").json()["statements"]
    assert all(item["life"] for item in life), "verdicts on all statements are sealed"
    assert recheck(captured, "2#s99").code == 3


def test_slow_drift_is_not_hidden(captured: User, site: Newsroom) -> None:
    """An address is compared with the earliest reading: two small steps are one change."""
    site.edit(CRANE, b"nobody can say", b"hardly anybody can say")
    captured.ok("capture", *LOCAL, site.url(CRANE))
    site.edit(CRANE, b"hardly anybody can say", b"anybody can say")
    result = recheck(captured, site.url(CRANE), "--json")
    assert result.code == 1
    (line,) = result.lines()
    item = only({found["text"]: found for found in line["verdicts"]}, "nobody can say")
    assert line["subject"] == 2
    assert item["diff"][1:3] == [["-", "nobody"], ["+", "anybody"]]
    by_number = recheck(captured, "4", "--json").lines()[0]
    assert ["-", "hardly "] in next(item["diff"] for item in by_number["verdicts"] if item["diff"])
    steps = captured.ok("history", site.url(CRANE), "--json").json()["statements"]
    life = next(item["life"] for item in steps if "nobody can say" in item["text"])
    assert [moment["verdict"] for moment in life] == ["reworded"] * 3
    assert [moment["recheck"] is None for moment in life] == [True, False, True]


def test_a_statement_that_came_later_is_compared_with_its_own_reading(captured: User, site: Newsroom) -> None:
    new = "<p>“The report will be public on Friday,” Ekwall said on Wednesday.</p>\n</article>"
    site.edit(CRANE, b"</article>", new.encode())
    captured.ok("capture", *LOCAL, site.url(CRANE))
    site.edit(CRANE, b"public on Friday", b"public one day")
    result = recheck(captured, "--all", "--json")
    first, second = result.lines()
    assert (first["subject"], second["subject"]) == (2, 4)
    assert {item["verdict"] for item in first["verdicts"]} == {"verbatim"}
    (late,) = second["verdicts"]
    assert (late["verdict"], late["text"]) == ("reworded", "“The report will be public on Friday,”")
    assert first["snapshot"] == second["snapshot"], "one visit for both"
    assert len([r for r in site.requests if r.target == CRANE]) == 3
    verified(captured)


def test_all_pages_at_once(captured: User, site: Newsroom) -> None:
    captured.ok("capture", *LOCAL, "--jobs", "1", site.url(FERRY), site.url(BRIDGE))
    site.withdraw(FERRY)
    result = recheck(captured, "--all", "--json")
    assert result.code == 1
    by_url = {line["url"]: {item["verdict"] for item in line["verdicts"]} for line in result.lines()}
    assert by_url == {
        site.url(CRANE): {"verbatim"},
        site.url(FERRY): {"page-gone"},
        site.url(BRIDGE): {"verbatim"},
    }
    shown = recheck(captured, "--all").out
    assert "3 pages" in shown


def test_due_by_the_intervals_of_the_archive(captured: User, site: Newsroom) -> None:
    assert "recheck" in recheck(captured, "--due").err
    settings = captured.archive / "archive.yaml"
    before = settings.read_text()
    rules = 'recheck:\n  - {pattern: "127.0.0.1:*/gazette/*", every: never}\n  - {pattern: "*", every: %s}\n'
    settings.write_text(before + rules % "1d")
    captured.ok("capture", *LOCAL, site.url(FERRY))
    assert recheck(captured, "--due").out == "Nothing is due.\n"
    settings.write_text(before + rules % "1s")
    time.sleep(1.1)
    (line,) = recheck(captured, "--due", "--json").lines()
    assert line["url"] == site.url(CRANE)
    settings.write_text(before + 'recheck: [{pattern: "*", every: soon}]\n')
    assert "soon" in recheck(captured, "--due").err


def test_again_and_again_until_it_is_stopped(captured: User, site: Newsroom) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "archiver", "recheck", *LOCAL, "--every", "1s", "--json", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ),
    )
    deadline = time.monotonic() + 30
    while len(site.requests) < 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=30)
    assert child.returncode == 130, err
    assert b"Traceback" not in err
    assert b"Next at" not in err, "nothing but JSON lines for programs"
    assert len(out.splitlines()) >= 2
    verified(captured)


def test_against_a_saved_file(captured: User, site: Newsroom, tmp_path: Path) -> None:
    saved = tmp_path / "saved.html"
    saved.write_bytes(site.pages[CRANE].data().replace(b"nobody can say", b"anybody can say"))
    result = captured("recheck", "1", "--against", saved, "--json")
    assert result.code == 1
    assert result.lines()[0]["against"] == "saved file"
    assert only(verdicts(result), "nobody can say")["verdict"] == "reworded"
    assert str(tmp_path) not in captured.ok("show", "3", "--full").out
    verified(captured)


def test_against_another_address(captured: User, site: Newsroom) -> None:
    site.put("/web/2026/crane", site.pages[CRANE])
    result = recheck(captured, "1", "--against", site.url("/web/2026/crane"), "--json")
    assert result.code == 0
    assert result.lines()[0]["against"] == "other address"


def test_against_the_bundle_of_another_collector(captured: User, site: Newsroom, tmp_path: Path) -> None:
    other = {
        "ARCHIVER_CONFIG_DIR": str(tmp_path / "other-config"),
        "ARCHIVER_STATE_DIR": str(tmp_path / "other-state"),
        "ARCHIVER_ARCHIVE": str(tmp_path / "other"),
    }
    site.edit(CRANE, b"in June that the boom", b"in July that the boom")
    assert captured("init", tmp_path / "other", "--no-passphrase", environment=other).code == 0
    assert captured("capture", *LOCAL, site.url(CRANE), environment=other).code == 0
    bundle = tmp_path / "theirs.zip"
    assert captured("export", "1", "-o", bundle, environment=other).code == 0
    result = captured("recheck", "1", "--against", bundle, "--json")
    assert result.code == 1
    (line,) = result.lines()
    assert line["against"] == "bundle"
    assert line["bundle"]["verified"].startswith("internally consistent")
    assert only(verdicts(result), "in June")["verdict"] == "reworded"
    assert len([r for r in site.requests if r.target == CRANE]) == 2, "nothing was fetched"
    report = captured.ok("verify", captured.archive, "--json").json()
    assert not [f for f in report["findings"] if f["weight"] == "failed"]
    kept = captured.ok("show", str(line["snapshot"]), "--json").json()["snapshot"]["manifest"]
    assert kept["event"] == "import"
    assert "bundle" in {ref["role"] for ref in kept["objects"]}


def test_a_bundle_that_does_not_verify_is_no_corroboration(captured: User, site: Newsroom, tmp_path: Path) -> None:
    bundle = tmp_path / "theirs.zip"
    captured.ok("export", "1", "-o", bundle)
    data = bundle.read_bytes()
    at = data.index(b"nobody can say")
    bundle.write_bytes(data[:at] + b"anyone can say" + data[at + 14 :])
    result = captured("recheck", "1", "--against", bundle)
    assert result.code == 3
    assert "archiver verify" in result.err
    assert len(captured.ok("log", "--json").lines()) == 1


@pytest.mark.parametrize(
    ("arguments", "words", "code"),
    [
        ((), "--all", 2),
        (("1", "--all"), "--all", 2),
        (("99",), "no number 99", 3),
        (("0",), "genesis", 2),
        (("x.zip",), "archiver verify x.zip", 2),
        (("page.html",), "--against", 2),
        (("--due",), "archive.yaml", 2),
        (("--every", "soon", "1"), "soon", 2),
        (("1", "2", "--against", "page.html"), "one REF", 2),
        (("1", "--against", "nowhere.html"), "nowhere.html", 2),
        (("1", "--against", "theirs.wacz"), "no such file", 2),
        (("1", "--against", "page.wacz"), "archiver import page.wacz", 2),
        (("1", "--require-proxy"), "proxy", 2),
    ],
)
def test_what_is_mistyped_is_explained(
    captured: User, site: Newsroom, arguments: tuple[str, ...], words: str, code: int
) -> None:
    Path("page.html").write_text("<p>saved")
    Path("x.zip").write_bytes(b"PK")
    Path("page.wacz").write_bytes(b"PK")
    before = len(site.requests)
    result = captured("recheck", *arguments)
    assert (result.code, words in result.err) == (code, True), result.err
    assert "Traceback" not in result.err
    assert len(site.requests) == before


def test_local_files_have_no_page(user: User, tmp_path: Path) -> None:
    user.init()
    page = tmp_path / "saved.html"
    page.write_text(
        "<html lang=en><h1>Quill denies deal</h1><p>“We never agreed to that,” Ada Quill told reporters on Monday, "
        "when she left the harbour office.</p><p>The council will hear her on Thursday, in a meeting that is open to "
        "everybody who lives at the quay.</p>",
        "utf-8",
    )
    user.ok("capture", page)
    result = user("recheck", "1")
    assert result.code == 2
    assert "--against" in result.err
    assert user("recheck", "1", "--against", page).code == 0


def test_a_private_address_is_refused(captured: User) -> None:
    result = captured("recheck", "1")
    assert result.code == 3
    assert "--allow-private" in result.err
    assert len(captured.ok("log", "--json").lines()) == 1


def test_history_as_a_timeline(captured: User, site: Newsroom) -> None:
    recheck(captured, "1")
    site.edit(CRANE, b"in June that the boom", b"in July that the boom")
    site.edit(CRANE, b"engineer says warning was logged in spring", b"what the log says")
    recheck(captured, "1")
    site.withdraw(CRANE)
    recheck(captured, "1")
    out = captured.ok("history", "1").out
    assert out.count("rechecked as number") == 3
    assert "what the log says" in out
    one = captured.ok("history", "2#s1").out
    told = re.findall(r"first seen|verbatim|page-gone", one)
    assert told == ["first seen", "verbatim", "verbatim", "page-gone"]
    plain = captured.ok("history", site.url(CRANE), "--json").json()
    assert [visit["number"] for visit in plain["visits"]] == [1, 3, 6, 9]
    assert captured("history", "0").code == 3


def test_a_statement_is_found_in_history_by_the_name_it_had_later(captured: User, site: Newsroom) -> None:
    captured.ok("capture", *LOCAL, site.url(CRANE))
    by_first = captured.ok("history", "2#s2", "--json").json()["statements"]
    by_later = captured.ok("history", "4#s2", "--json").json()["statements"]
    assert by_first == by_later
    assert by_first[0]["life"][0]["recheck"] is None


def test_diff_on_a_terminal_and_as_a_page(captured: User, site: Newsroom, tmp_path: Path) -> None:
    site.edit(CRANE, b"in June that the boom", b"in <i>July</i> &lt;b&gt; that the boom")
    captured.ok("capture", *LOCAL, site.url(CRANE))
    result = captured("diff", "1", "3")
    assert result.code == 1
    assert "[-June-]{+July <b>+}" in result.out.replace("\n", " ")
    assert "paragraphs unchanged" in result.out
    assert captured("diff", "1", "1").code == 0
    page = tmp_path / "changes.html"
    assert captured("diff", "1", "3", "--html", page).code == 1
    html = page.read_text("utf-8")
    assert "<del>June</del><ins>July &lt;b&gt;</ins>" in html
    assert not re.search(r"(src|href)=|<script|@import|url\(", html)
    plain = captured("diff", "1", "3", "--json").json()
    assert plain["changed"]
    text = "\n".join("".join(piece for sign, piece in paragraph if sign != "+") for paragraph in plain["text"])
    assert "in June that the boom" in text
    assert captured("diff", "1", "99").code == 3


def test_other_languages(user: User, site: Newsroom) -> None:
    """Statements in several languages, each altered by one word."""
    user.init()
    user("capture", *LOCAL, "--jobs", "1", *map(site.url, (BRIDGE, "/fr/phare", "/ja/ferry", "/ar/bridge")))
    result = recheck(user, "--all", "--json")
    assert result.code == 0
    assert {item["verdict"] for line in result.lines() for item in line["verdicts"]} == {"verbatim"}
    altered = 0
    for line in result.lines():
        path = "/" + line["url"].split("/", 3)[3]
        item = line["verdicts"][0]
        low, high = item["places"][0]["bytes"]
        body = site.pages[path].data()
        words = body[low:high]
        middle = len(words.decode()) // 2
        edited = words.decode()[:middle] + "XYZ" + words.decode()[middle:]
        site.put(path, replace(site.pages[path], body=body[:low] + edited.encode() + body[high:]))
        altered += 1
    again = recheck(user, "--all", "--json")
    assert again.code == 1
    for line in again.lines():
        assert line["verdicts"][0]["verdict"] == "reworded"
    assert altered >= 2


def test_a_sealed_recheck_is_shown(captured: User, site: Newsroom) -> None:
    site.edit(CRANE, b"in June that the boom", b"in July that the boom")
    (line,) = recheck(captured, "1", "--json").lines()
    out = captured.ok("show", line["recheck"]).out
    assert "11 of 12 statements stand, compared with number 2" in out
    assert "[-June-]{+July+}" in out
    plain = captured.ok("show", line["recheck"], "--json").json()
    assert plain["recheck"]["verdicts"] == line["verdicts"]
    assert plain["recheck"]["facts"]["against"] == "live page"
    assert plain["manifest"]["event"] == "recheck"


def test_what_a_page_was_compared_with_is_not_visited_as_a_page(captured: User, site: Newsroom) -> None:
    site.put("/web/2026/crane", site.pages[CRANE])
    recheck(captured, "1", "--against", site.url("/web/2026/crane"))
    lines = recheck(captured, "--all", "--json").lines()
    assert [line["url"] for line in lines] == [site.url(CRANE)]
