"""Step 12 for rechecks: every claim that bytes can contradict is held against them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from rechecking import claim, rechecked
from simulator import HTML, Simulator
from verify_cases import bad, bundle_of, check, codes

from archiver.model.verdicts import Change, PlaceRecord
from archiver.verify.report import Outcome, Report, Weight

EDITED = HTML.replace(b"until spring", b"until autumn")
GONE = b"<!doctype html><title>Gone</title><p>There is no such page."


def messages(report: Report, code: str) -> str:
    return " ".join(finding.message for finding in report.findings if finding.code == code)


@pytest.mark.parametrize(
    ("new", "status"),
    [
        (HTML, 200),
        (EDITED, 200),
        (HTML.replace(b"No&nbsp;comment", b"No comment"), 200),
        (HTML.replace("“The bridge stays shut until spring,”".encode(), b"Nothing,"), 200),
        (GONE, 404),
        (GONE, 410),
        (GONE, 503),
        (GONE, 200),
    ],
)
def test_true_verdicts_hold(new: bytes, status: int) -> None:
    report = check(rechecked(new, status))
    assert bad(report) == set()
    assert report.outcome(12) is Outcome.PASSED
    assert "content-not-checked" not in codes(report)


@pytest.mark.parametrize(
    ("new", "falsify", "words"),
    [
        (EDITED, claim("verbatim", diff=(), signs=()), "the words there are others"),
        (EDITED, claim("typographic"), "the words there are others"),
        (EDITED, claim("moved", signs=()), "the words there are others"),
        (HTML, claim("reworded", diff=(("=", "x"),)), "the words there are the same"),
        (HTML, claim("typographic", diff=(("=", "x"),)), "nothing differs"),
        (HTML, claim("page-gone", places=(None,), reason="gone"), "page-gone, and the server answered 200"),
        (EDITED, claim("reworded", diff=(("=", "Nobody said that."),)), "the diff is not between"),
    ],
)
def test_false_verdicts_fail(new: bytes, falsify: Any, words: str) -> None:
    report = check(rechecked(new, verdicts=falsify))
    assert bad(report) == {"verdict-differs"}
    assert words in messages(report, "verdict-differs")
    assert report.exit_code == 1


def test_a_false_verbatim_with_forged_words_fails() -> None:
    """The old words, said to stand where the new ones do."""

    def forge(found: Any) -> Any:
        (place,) = found[0].places
        forged = replace(place, exact="“The bridge stays shut until spring,”")
        return claim("verbatim", places=(forged,), diff=(), signs=())(found)

    report = check(rechecked(EDITED, verdicts=forge))
    assert "text position" in messages(report, "verdict-differs")


@pytest.mark.parametrize("field", ["text", "bytes", "digest"])
def test_a_place_is_where_the_words_stand(field: str) -> None:
    def forge(found: Any) -> Any:
        (place,) = found[0].places
        low, high = place.text if field == "text" else place.bytes
        value: Any = "sha256:" + "0" * 64 if field == "digest" else (low + 1, high + 1)
        return claim("verbatim", places=(replace(place, **{field: value}),))(found)

    assert bad(check(rechecked(HTML, verdicts=forge))) == {"verdict-differs"}


def test_words_from_json_ld_must_stand_there() -> None:
    words = "“The bridge stays shut until spring,”"
    place = PlaceRecord("json-ld", words, None, None, None)
    article = json.dumps({"@type": "NewsArticle", "articleBody": f"{words} she said"}, ensure_ascii=False)
    data = f'<script type="application/ld+json">{article}</script>'
    shell = f"<!doctype html><title>Bridge</title>{data}<p>Subscribe to read on.".encode()

    def from_data(found: Any) -> Any:
        return claim("verbatim", places=(place,), reason="only in its JSON-LD")(found)

    assert bad(check(rechecked(shell, verdicts=from_data))) == set()
    other = shell.replace(b"until spring", b"until autumn")
    assert "JSON-LD" in messages(check(rechecked(other, verdicts=from_data)), "verdict-differs")


def test_the_status_is_that_of_the_exchange() -> None:
    report = check(rechecked(GONE, 503, facts=lambda facts: replace(facts, status=404)))
    assert "answered 503, the recheck says 404" in messages(report, "verdict-differs")


def test_the_source_is_in_the_new_snapshot() -> None:
    def other(facts: Any) -> Any:
        return replace(facts, source=replace(facts.source, digest="sha256:" + "1" * 64))

    assert bad(check(rechecked(HTML, facts=other))) == {"source-differs"}
    assert bad(check(rechecked(HTML, facts=lambda facts: replace(facts, source=None)))) == {"verdict-differs"}


@pytest.mark.parametrize(
    "falsify",
    [
        {"verdicts": lambda found: found[:1]},
        {"verdicts": lambda found: (replace(found[0], id="s9"),), "facts": lambda facts: replace(facts, statements=1)},
        {"facts": lambda facts: replace(facts, statements=7)},
        {"data": lambda data: data.replace(b'"verbatim"', b'"true"')},
        {"data": lambda data: data[:-1]},
    ],
)
def test_malformed_verdicts_fail(falsify: Any) -> None:
    assert bad(check(rechecked(HTML, **falsify))) == {"verdicts-bad"}


def test_a_later_version_is_not_checked() -> None:
    report = check(rechecked(HTML, data=lambda data: data.replace(b"verdicts/v1", b"verdicts/v2")))
    assert bad(report) == set()
    assert "facts-newer" in codes(report, Weight.NOT_CHECKED)


def test_verdicts_of_a_recheck_without_any_are_not_checked() -> None:
    report = check(rechecked(HTML, without=("verdicts",)))
    assert bad(report) == set()
    assert "names no verdicts" in messages(report, "content-not-checked")


@pytest.mark.parametrize("without", [{"warc"}, {"statements"}, {"verdicts"}])
def test_what_is_withheld_is_not_checked(without: set[str]) -> None:
    archive = rechecked(HTML)
    bundle = bundle_of(archive, {1, 2, 3, archive.last}, without=without)
    report = check(bundle)
    assert bad(report) == set()
    assert "content-not-checked" in codes(report)


def test_attribution_is_not_judged() -> None:
    change = (Change("speaker", "Ann Lee", "Tom Lee"),)
    assert bad(check(rechecked(HTML, verdicts=claim("verbatim", attribution=change)))) == set()


def test_a_recheck_names_a_reading_and_a_snapshot() -> None:
    archive: Simulator = rechecked(HTML)
    manifest = archive.manifest(archive.last)
    assert manifest.event == "recheck"
    assert archive.manifest(2).event == "reading"
    assert manifest.subject is not None
    assert bad(check(archive)) == set()
