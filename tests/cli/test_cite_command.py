"""`cite` in every format; what hostile pages say stays text, whatever reads the citation."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt
from newsroom import Newsroom, Page
from ready import LOCAL, captured_once, copied, newsroom, site
from terminal import User

__all__ = ["newsroom", "site"]
PAGES = ("/wire/harbour-crane", "/de/bruecke", "/fr/phare", "/ja/ferry", "/ar/bridge", "/register/harbor-fund")
FORMATS = ("text", "markdown", "html", "bibtex", "csl-json")
HOSTILE = (
    r"A \textbf{title} & 100% of_it ~ ^ # $x$ {braces} \input{/etc/passwd} "
    "<script>alert(1)</script> <img src=x onerror=alert(1)> [link](http://evil.example) ![i](x) `code` *stars* "
    "\"quotes\" 'single' http://evil.example www.evil.example a@evil.example | table | --- {{ x }}"
)


@pytest.fixture(scope="module")
def template(newsroom: Newsroom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return captured_once(tmp_path_factory.mktemp("template"), newsroom, *PAGES)


@pytest.fixture
def captured(user: User, site: Newsroom, template: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    return copied(template, user, monkeypatch)


def cite(user: User, ref: str, form: str) -> str:
    return user.ok("cite", ref, "--format", form).out


def statement(user: User, part: str) -> str:
    """The REF of the statement with these words."""
    found: str = user("find", part, "--json").json()["matches"][0]["ref"]
    return found


@pytest.mark.parametrize("form", FORMATS)
def test_what_a_citation_says(captured: User, site: Newsroom, form: str) -> None:
    out = cite(captured, "2#s2", form)
    shown = captured.ok("show", "1", "--json").json()
    plain = re.sub(r"\\(.)", r"\1", out) if form in ("markdown", "bibtex") else out
    assert "nobody can say that it was hidden" in plain
    assert "Ilse Marendahl" in plain
    assert "Port Arlen crane collapse: engineer says warning was logged in spring" in plain
    assert "Tideline" in plain and "Maren Oskdale" in plain
    assert "2026-09-15" in plain or '"date-parts"' in plain
    assert shown["snapshot"]["manifest"]["time"][:10] in plain or '"accessed"' in plain
    assert shown["reading"]["digest"] in plain
    assert "2#s2" in plain
    identity = captured.ok("show", "0", "--json").json()["digest"]
    assert "-".join(identity[7 + 4 * n : 11 + 4 * n] for n in range(4)) in plain
    assert site.url("/wire/harbour-crane") + "#:~:text=" in plain


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("Geschlafen hat hier niemand", "Geschlafen hat hier niemand."),
        ("Ce sont mes genoux", "J’ai compté les marches une dernière fois"),
        ("船がなくなれば", "船がなくなれば、島は地図の上の点になってしまう"),
        ("لن نفتح الجسر", "لن نفتح الجسر قبل أن ينتهي الفحص كاملا"),
    ],
)
def test_every_language_in_every_format(captured: User, part: str, words: str) -> None:
    ref = statement(captured, part)
    for form in FORMATS:
        assert words in cite(captured, ref, form), form
    (item,) = json.loads(cite(captured, ref, "csl-json"))
    fragment = urlsplit(item["URL"]).fragment
    assert words.split("、")[0].split(",")[0] in unquote(fragment)


def test_the_link_has_the_words_of_the_page(captured: User, site: Newsroom) -> None:
    (item,) = json.loads(cite(captured, "2#s2", "csl-json"))
    there, _, fragment = item["URL"].partition("#:~:")
    assert there == site.url("/wire/harbour-crane")
    parts = [unquote(part.removeprefix("text=")) for part in fragment.split("&")]
    assert parts[0] == "The entry is there, with a date and a signature, and nobody can say that it was hidden,"
    assert len(parts) == 2
    short = json.loads(cite(captured, statement(captured, "a thorough one"), "csl-json"))[0]["URL"]
    assert re.search(r"text=[^,&]+-,%E2%80%9Ca%20thorough%20one%E2%80%9D,-[^,&]+$", short), "short words with a context"


def test_reported_and_denied_words_are_not_put_into_anybodys_mouth(captured: User) -> None:
    reported = cite(captured, statement(captured, "it had received no warning before the accident"), "text")
    assert reported.startswith("(reported, not quoted) it had received no warning")
    denied = cite(captured, statement(captured, "there is no hole in the budget"), "text")
    assert "denied, or not said, by Roscoe Tillinghast" in denied


def test_bibtex_is_balanced_and_complete(captured: User) -> None:
    out = cite(captured, "2#s2", "bibtex")
    assert re.match(r"@online\{archiver-[0-9a-f]{8}-2-s2,\n", out)
    fields = dict(re.findall(r"^  ([a-z]+) = \{(.*)\},$", out, re.MULTILINE))
    assert set(fields) == {"author", "title", "organization", "date", "url", "urldate", "langid", "note"}
    assert out.count("{") == out.count("}")


def test_csl_json(captured: User) -> None:
    (item,) = json.loads(cite(captured, "2#s2", "csl-json"))
    assert item["type"] in ("webpage", "article-newspaper")
    assert item["issued"] == {"date-parts": [[2026, 9, 15]]}
    assert item["author"] == [{"literal": "Maren Oskdale"}]
    assert item["container-title"] == "Tideline"
    assert item["archive_location"].startswith("2#s2 sha256:")


@pytest.fixture
def hostile(user: User, site: Newsroom) -> User:
    import html

    title = html.escape(HOSTILE)
    padding = "<p>The council met for the third time this month, and it did not come to a decision.</p>" * 6
    said = f"<p>“We never agreed to {html.escape(HOSTILE)},” Ada Quill told reporters on Monday.</p>"
    data = json.dumps({"@type": "NewsArticle", "headline": HOSTILE, "author": {"name": HOSTILE}}).replace(
        "<", "\\u003c"
    )
    page = (
        f"<!doctype html><html lang='en\"><script>'><title>{title}</title>"
        f"<meta property=og:site_name content='Si{{te}} %'>"
        f"<script type='application/ld+json'>{data}</script><article><h1>{title}</h1>{said}{padding}</article>"
    )
    site.put("/a(b)%7B", Page(None, body=page.encode()))
    user.init()
    user.ok("capture", *LOCAL, "--quote", "We never agreed to", "--speaker", "Ada {Quill} <b>", site.url("/a(b)%7B"))
    return user


class Tags(HTMLParser):
    """Every tag and attribute of a piece of HTML, and its text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(text: str) -> Tags:
    tags = Tags()
    tags.feed(text)
    tags.close()
    return tags


def refs(user: User) -> list[str]:
    shown = user.ok("show", "latest", "--json").json()
    return [f"{shown['reading']['number']}#{item['id']}" for item in shown["statements"]]


def test_html_stays_text(hostile: User) -> None:
    for ref in refs(hostile):
        tags = parsed(cite(hostile, ref, "html"))
        assert {tag for tag, _ in tags.tags} <= {"figure", "blockquote", "p", "figcaption", "bdi", "a", "cite", "time"}
        for tag, attributes in tags.tags:
            assert set(attributes) <= {"cite", "lang", "dir", "href", "datetime"}
            for name in ("href", "cite"):
                if name in attributes:
                    assert str(attributes[name]).startswith("http://127.0.0.1:"), (tag, attributes)
        assert "<script>alert(1)</script>" in tags.text


def test_markdown_stays_text(hostile: User, site: Newsroom) -> None:
    for ref in refs(hostile):
        source = cite(hostile, ref, "markdown")
        for flavour in ("commonmark", "gfm-like"):
            reader = MarkdownIt(flavour, {"linkify": False})
            tags = parsed(reader.render(source))
            assert {tag for tag, _ in tags.tags} <= {"blockquote", "p", "a"}, source
            links = [str(attributes["href"]) for tag, attributes in tags.tags if tag == "a"]
            assert len(links) == 1 and links[0].startswith(site.url("/a%28b%29%7B"))
            assert "<script>alert(1)</script>" in tags.text and "*stars*" in tags.text


def test_latex_stays_text(hostile: User) -> None:
    for ref in refs(hostile):
        out = cite(hostile, ref, "bibtex")
        for name, value in re.findall(r"^  ([a-z]+) = \{(.*)\},$", out, re.MULTILINE):
            depth = 0
            for found in re.finditer(r"\\[a-zA-Z]+|\\.|[{}$&#%_~^]", value):
                token = found[0]
                depth += {"{": 1, "}": -1}.get(token, 0)
                assert depth >= 0, (name, value)
                if token[0] == "\\" and token[1:].isalpha():
                    assert token in (r"\textbackslash", r"\textasciitilde", r"\textasciicircum"), token
                elif name != "url":
                    assert token[0] == "\\" or token in "{}", (name, token)
            assert depth == 0
        assert "\n@" not in out and out.count("\n}") == 1


def test_json_stays_text(hostile: User) -> None:
    for ref in refs(hostile):
        (item,) = json.loads(cite(hostile, ref, "csl-json"))
        assert "<script>alert(1)</script>" in item["title"]
        assert item["URL"].count("#") == 1


def test_no_format_carries_controls(user: User, site: Newsroom) -> None:
    padding = "<p>The council met for the third time this month, and it did not come to a decision.</p>" * 6
    said = "<p>“We never \x1b[31magreed\u202e to that plan,” Ada \u2066Quill told reporters on Monday.</p>"
    page = f"<html lang=en><title>Coun\x07cil\u202e</title><h1>Council</h1>{said}{padding}"
    site.put("/council", Page(None, body=page.encode()))
    user.init()
    user("capture", *LOCAL, site.url("/council"))
    for form in FORMATS:
        assert not set(cite(user, "2#s1", form)) & set("\x1b\x07\u202e\u2066"), form


def test_a_local_file_has_no_link(user: User) -> None:
    page = user.folder / "minutes.html"
    padding = "<p>The council met for the third time this month, and it did not come to a decision.</p>" * 6
    page.write_text(f"<html lang=en><h1>Minutes</h1><p>“No,” Ada Quill told reporters.</p>{padding}", "utf-8")
    user.ok("init", user.archive, "--no-passphrase")
    user.ok("capture", page)
    for form in FORMATS:
        out = cite(user, "2#s1", form)
        assert "Ada Quill" in out
        assert "file:" not in out and str(user.folder) not in out and "://" not in out


def test_a_person_is_cited_as_they_decided(captured: User) -> None:
    captured.ok("pin", 1, "--quote", "the boom was groaning", "--speaker", "Adaeze Brandt")
    ref = statement(captured, "the boom was groaning")
    pinned: dict[str, Any] = {
        item["id"]: item for item in captured.ok("show", 1, "--json").json()["statements"] if item["by"] == "person"
    }
    name = next(iter(pinned))
    out = captured.ok("cite", ref.split("#")[0] + "#" + name).out
    assert out.startswith("“the boom was groaning” — Adaeze Brandt, Port Arlen")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("2",), 2, "2#s1"),
        (("0",), 2, "no statement"),
        (("2#s99",), 3, "no statement s99"),
        (("2#s1", "--format", "word"), 2, "csl-json"),
        (("latest", "--statement", "s99"), 3, "s99"),
    ],
)
def test_what_cannot_be_cited_is_explained(captured: User, arguments: tuple[str, ...], code: int, words: str) -> None:
    result = captured("cite", *arguments)
    assert (result.code, result.out) == (code, "")
    assert words in result.err
