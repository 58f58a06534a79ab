"""Kinds of pages: tests/vectors/kind, the sample articles, and that nothing makes it fail.

# what the case shows
kind: what it is
status: of the response
content-type: the header's value
field: a further header field (any number)
requested:, final: addresses, where they matter
body:
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.errors import FormatError
from archiver.page import signs
from archiver.page.article import Article, read_article
from archiver.page.kind import Kind, classify
from archiver.page.outline import Outline
from archiver.page.text import project, project_plain

TESTS = Path(__file__).resolve().parent.parent
ADDRESS = "https://news.example/2026/pumps"
KINDS = {
    *("article", "page", "paywall", "consent wall", "challenge", "soft 404", "error", "redirect", "script only"),
    *("empty", "plain text", "not html"),
}


@dataclass
class Case:
    name: str
    kind: str = ""
    status: int = 200
    content_type: str = ""
    fields: list[tuple[str, str]] = field(default_factory=list)
    requested: str = ADDRESS
    final: str = ADDRESS
    body: bytes = b""


def load(path: Path) -> Case:
    head, body = path.read_bytes().split(b"\nbody:\n", 1)
    case = Case(path.name, body=body)
    for line in head.decode("utf-8").split("\n"):
        key, _, value = line.partition(": ")
        if key == "field":
            name, _, content = value.partition(": ")
            case.fields.append((name, content))
        elif key == "status":
            case.status = int(value)
        elif key in ("kind", "requested", "final"):
            setattr(case, key, value)
        elif key == "content-type":
            case.content_type = value
        else:
            assert line.startswith("# "), line
    return case


CASES = [load(path) for path in sorted((TESTS / "vectors/kind").glob("[a-z]*"))]


def kind_of(case: Case) -> Kind:
    """As archiver.work.read does it."""
    media_type = case.content_type.split(";")[0].strip().lower()
    article, text = None, ""
    if media_type == "text/html":
        outline = Outline()
        page = project(case.body, case.content_type, outline)
        article = read_article(case.body, page.text, case.final, page.encoding, outline)
        text = page.text
    elif media_type == "text/plain":
        text = project_plain(case.body, case.content_type).text
    return classify(case.status, case.fields, text, article, media_type, case.requested, case.final)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_vector(case: Case) -> None:
    kind = kind_of(case)
    assert kind.kind == case.kind, kind.reasons
    assert kind.kind in KINDS
    assert kind.reasons
    for reason in kind.reasons:
        assert 10 < len(reason) < 400


def test_every_kind_has_a_vector() -> None:
    assert {case.kind for case in CASES} == KINDS


EXPECTED = json.loads((TESTS / "articles/expected.json").read_text("utf-8"))


@pytest.mark.parametrize("entry", EXPECTED, ids=lambda entry: entry["file"])
def test_sample_articles(entry: dict[str, str]) -> None:
    body = (TESTS / "articles" / entry["file"]).read_bytes()
    case = Case(entry["file"], content_type="text/html", body=body)
    case.status = {"not-found.html": 404, "challenge.html": 403}.get(entry["file"], 200)
    expected = entry["kind"]
    assert kind_of(case).kind == expected


def test_a_challenge_with_status_200_is_one() -> None:
    body = (TESTS / "articles/challenge.html").read_bytes()
    assert kind_of(Case("", content_type="text/html", body=body)).kind == "challenge"


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (404, "no page at this address"),
        (410, "taken away"),
        (403, "does not mean that the page is gone"),
        (429, "asked too often"),
        (451, "legal"),
        (599, "could not answer"),
        (418, "refuses"),
        (999, "could not answer"),
    ],
)
def test_reasons_of_errors(status: int, word: str) -> None:
    kind = classify(status, [], "", None, "text/html", ADDRESS, ADDRESS)
    assert kind.kind == "error"
    assert word in kind.reasons[0]
    assert f"answered {status}" in kind.reasons[0]


def test_a_page_that_was_not_read() -> None:
    """Of a body that was too large there is neither text nor article."""
    assert classify(200, [], "", None, "text/html", ADDRESS, ADDRESS).kind == "empty"
    assert classify(200, [], "", None, "video/mp4", ADDRESS, ADDRESS).kind == "not html"
    header = [("CF-Mitigated", "challenge")]
    assert classify(403, header, "", None, "application/json", ADDRESS, ADDRESS).kind == "challenge"


@given(
    st.integers(100, 999),
    st.lists(st.tuples(st.text(max_size=10), st.text(max_size=10)), max_size=3),
    st.binary(max_size=200),
    st.one_of(st.text(max_size=30), st.text("htps:/.[]?#@a", max_size=20)),
    st.one_of(st.text(max_size=30), st.text("htps:/.[]?#@a", max_size=20), st.just("http://[")),
    st.sampled_from(["text/html", "text/plain", "", "application/xhtml+xml"]),
)
@settings(max_examples=200, deadline=None)
def test_anything_has_a_kind(
    status: int, fields: list[tuple[str, str]], body: bytes, requested: str, final: str, media_type: str
) -> None:
    outline = Outline()
    page = project(body, None, outline)
    article: Article = read_article(body, page.text, final, page.encoding, outline)
    kind = classify(status, fields, page.text, article, media_type, requested, final)
    assert kind.kind in KINDS
    assert kind.reasons


def test_word_list() -> None:
    for section in (*signs.CONSENT_GROUPS, "challenge", "missing", "lock", "offer", "script"):
        expression = signs.words(section)
        assert not expression.search("")
        assert not expression.search("the council met on monday and did not agree.")
        letters = re.sub(r"\\.", "", expression.pattern)
        assert letters == letters.lower(), "it is looked for in text in lower case"


def test_a_word_list_begins_with_a_section(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kinds.txt").write_text("word\n[x]\n")
    monkeypatch.setattr(signs, "_LIST", tmp_path / "kinds.txt")
    with pytest.raises(FormatError, match="before the first section"):
        signs._sections.__wrapped__()
