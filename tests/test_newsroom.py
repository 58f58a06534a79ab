"""The sample site serves its files byte for byte, and expected.json says of them what is there."""

from __future__ import annotations

import codecs
import gzip
import json
import re
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from html.parser import HTMLParser
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from newsroom import ARTICLES, MODIFIED, PAGES, Newsroom, Page

EXPECTED: list[dict[str, Any]] = json.loads((ARTICLES / "expected.json").read_text("utf-8"))
KINDS = {"article", "paywall", "consent wall", "challenge", "soft 404", "error", "empty", "script only"}
INLINE = {"a", "abbr", "b", "code", "em", "font", "i", "q", "small", "span", "strong", "sub", "sup", "time"}
HIDDEN = {"script", "style", "template", "noscript", "title"}
WHITE = re.compile(r"[ \t\n\r\f]+")  # not U+00A0: it is part of the words


class _Text(HTMLParser):
    """The text of a page, a line a block: good enough for our own files, whose mark-up is known."""

    def __init__(self) -> None:
        super().__init__()
        self.out: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in HIDDEN
        self.out.append("" if tag in INLINE else "\x00")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in HIDDEN
        self.out.append("" if tag in INLINE else "\x00")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.out.append(data)


def lines(entry: dict[str, Any]) -> list[str]:
    parser = _Text()
    parser.feed((ARTICLES / entry["file"]).read_bytes().decode(entry["encoding"]))
    parser.close()
    return [line for block in "".join(parser.out).split("\x00") if (line := WHITE.sub(" ", block).strip())]


@pytest.fixture(scope="module")
def site() -> Iterator[Newsroom]:
    with Newsroom() as site:
        yield site


def get(site: Newsroom, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection(site.host, site.port, timeout=5)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


# --- the site ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_served_as_the_bytes_on_disk(site: Newsroom, path: str) -> None:
    page = PAGES[path]
    response, body = get(site, path)
    assert response.status == page.status
    assert body == ((ARTICLES / page.file).read_bytes() if page.file else b"")
    assert response.getheader("Content-Length") == str(len(body))
    assert response.getheader("Content-Type") == page.content_type


def test_every_file_has_a_route_and_an_expectation() -> None:
    files = {path.name for path in ARTICLES.glob("*.html")}
    assert files == {page.file for page in PAGES.values() if page.file and "/" not in page.file}
    assert files == {entry["file"] for entry in EXPECTED}
    assert len(EXPECTED) == len(files)


def test_gzip_only_when_asked(site: Newsroom) -> None:
    plain, body = get(site, "/live/flood")
    coded, packed = get(site, "/live/flood", Accept_Encoding="br, gzip;q=0.8")
    assert plain.getheader("Content-Encoding") is None
    assert coded.getheader("Content-Encoding") == "gzip"
    assert len(packed) < len(body) // 3
    assert gzip.decompress(packed) == body
    assert get(site, "/live/flood", Accept_Encoding="gzip;q=0")[1] == body
    assert get(site, "/assets/photo.png", Accept_Encoding="gzip")[0].getheader("Content-Encoding") is None


def test_conditional_requests_and_head(site: Newsroom) -> None:
    first, body = get(site, "/wire/harbour-crane", "HEAD")
    etag = first.getheader("ETag")
    assert body == b""
    assert etag
    assert first.getheader("Last-Modified") == MODIFIED
    assert get(site, "/wire/harbour-crane", If_None_Match=etag)[0].status == 304
    assert get(site, "/wire/harbour-crane", If_Modified_Since=MODIFIED)[0].status == 304
    assert get(site, "/wire/harbour-crane", If_None_Match='"other"', If_Modified_Since=MODIFIED)[0].status == 200


def test_redirects_end_at_the_article(site: Newsroom) -> None:
    path, hops = "/moved", 0
    while (found := get(site, path)[0]).status != 200:
        location = found.getheader("Location")
        assert location
        path, hops = urljoin(site.url(path), location).removeprefix(site.url("")), hops + 1
    assert (path, hops) == ("/wire/harbour-crane", 3)


def test_unknown_paths_are_404_and_the_front_page_lists_the_rest(site: Newsroom) -> None:
    assert get(site, "/no/such/page")[0].status == 404
    assert b'href="/live/flood"' in get(site, "/")[1]


def test_an_editor_changes_and_withdraws_pages(site: Newsroom) -> None:
    before = get(site, "/wire/harbour-crane")[0].getheader("ETag")
    site.edit("/wire/harbour-crane", b"cranes groan", b"cranes sing")
    after, body = get(site, "/wire/harbour-crane")
    assert b"They were told that cranes sing." in body
    assert after.getheader("ETag") != before
    with pytest.raises(ValueError, match="does not contain"):
        site.edit("/wire/harbour-crane", b"cranes groan", b"")
    site.withdraw("/wire/harbour-crane")
    assert get(site, "/wire/harbour-crane")[0].status == 410
    site.put("/new", Page("blank.html"))
    assert get(site, "/new")[0].status == 200
    site.restore()
    assert get(site, "/wire/harbour-crane")[1] == (ARTICLES / "wire.html").read_bytes()
    assert site.requests[-1].target == "/wire/harbour-crane"


def test_https_under_a_ca_of_its_own() -> None:
    with Newsroom(https=True) as site:
        assert site.ca_pem_path
        context = ssl.create_default_context(cafile=str(site.ca_pem_path))
        with urllib.request.urlopen(site.url("/de/bruecke"), context=context, timeout=5) as answer:
            assert answer.read() == (ARTICLES / "german.html").read_bytes()
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(site.url("/de/bruecke"), timeout=5)
    assert not site.ca_pem_path.exists()


def test_as_a_program() -> None:
    script = str(Path(__file__).with_name("newsroom.py"))
    with subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout
        assert program.stdin
        url = program.stdout.readline().strip()
        with urllib.request.urlopen(url + "/ja/ferry", timeout=5) as answer:
            assert answer.read() == (ARTICLES / "japanese.html").read_bytes()
        program.stdin.close()
        assert program.wait(10) == 0
    listed = subprocess.run([sys.executable, script, "--list"], capture_output=True, text=True, check=True).stdout
    assert [line.split()[0] for line in listed.splitlines()] == list(PAGES)


# --- what is expected of the articles ---------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", EXPECTED, ids=lambda entry: entry["file"])
def test_expected_words_stand_in_the_text(entry: dict[str, Any]) -> None:
    text = "\n".join(lines(entry))
    at = 0
    for statement in entry["statements"]:
        for part in statement["parts"]:
            at = text.find(part, at)  # statements are listed in the order of the page
            assert at >= 0, part
            at += len(part)
    for other in entry["not_statements"]:
        assert other["exact"] in text
        assert other["why"]


@pytest.mark.parametrize("entry", EXPECTED, ids=lambda entry: entry["file"])
def test_expected_names_stand_in_the_text(entry: dict[str, Any]) -> None:
    text = "\n".join(lines(entry))
    for statement in entry["statements"]:
        assert statement["speaker"] in text
        assert statement["via"] is None or statement["via"] in text


@pytest.mark.parametrize("entry", EXPECTED, ids=lambda entry: entry["file"])
def test_everything_in_double_marks_is_accounted_for(entry: dict[str, Any]) -> None:
    if entry["language"] in ("ar", "de"):
        pytest.skip("opens, or closes, with the other one of the marks; see the next test")
    known = [part for statement in entry["statements"] for part in statement["parts"]]
    known += [other["exact"] for other in entry["not_statements"]]
    for line in lines(entry):
        for run in re.findall("“([^”]*)", line):
            assert any(run in words or words in run for words in known), run


@pytest.mark.parametrize(
    ("file", "marks"),
    [
        ("german.html", "„([^“]*)“"),
        ("french.html", "«\xa0([^»]*)\xa0»"),
        ("japanese.html", "「([^」]*)」"),
        ("arabic.html", "”([^“]*)“"),
        ("arabic.html", "«([^»]*)»"),
    ],
)
def test_everything_in_the_languages_own_marks_is_accounted_for(file: str, marks: str) -> None:
    entry = next(entry for entry in EXPECTED if entry["file"] == file)
    known = [part for statement in entry["statements"] for part in statement["parts"]]
    known += [other["exact"] for other in entry["not_statements"]]
    runs = re.findall(marks, "\n".join(lines(entry)))
    assert runs
    for run in runs:
        assert any(run in words or words in run for words in known), run


@pytest.mark.parametrize("entry", EXPECTED, ids=lambda entry: entry["file"])
def test_expected_facts(entry: dict[str, Any]) -> None:
    raw = (ARTICLES / entry["file"]).read_bytes()
    html = raw.decode(entry["encoding"])
    assert entry["kind"] in KINDS
    assert codecs.lookup(entry["encoding"]).name in ("utf-8", "cp1252", "cp1251")
    language = re.search(r'<html[^>]* lang="([^"]+)"|Content-Language" content="([^"]+)"', html)
    assert entry["language"] == (language.group(1) or language.group(2) if language else None)
    for key in ("title", "byline"):
        for value in (entry[key] or "").split(", "):
            assert value in html
    if entry["published"] and len(entry["published"]) > 10:
        assert entry["published"] in html
    for statement in entry["statements"]:
        assert list(statement) == ["parts", "kind", "speaker", "via", "polarity"]
        assert statement["kind"] in ("direct", "mixed", "indirect")
        assert statement["polarity"] in ("affirmed", "denied")


@pytest.mark.parametrize("entry", EXPECTED, ids=lambda entry: entry["file"])
def test_nothing_points_to_a_real_host(entry: dict[str, Any]) -> None:
    html = (ARTICLES / entry["file"]).read_bytes().decode(entry["encoding"])
    for url in re.findall(r"""(?:https?:|(?<![-\w]))//[^\s"'<>\\]+""", html):
        host = urlsplit(url if url.startswith("http") else "http:" + url).hostname or ""
        vocabulary = url.startswith(("https://schema.org", "https://ogp.me/ns#", "http://www.w3.org/"))
        assert vocabulary or host.endswith(".example"), url


def test_the_awkward_bytes_are_there() -> None:
    """What an editor's clean-up would lose without anybody noticing."""
    local = (ARTICLES / "local-1252.html").read_bytes()
    assert b"\x93You have had" in local
    assert b"\r\n" in local
    with pytest.raises(UnicodeDecodeError):
        local.decode("utf-8")
    assert b"charset" not in (ARTICLES / "undeclared-1252.html").read_bytes()
    assert b"\x94" in (ARTICLES / "undeclared-1252.html").read_bytes()
    assert b"charset" not in (ARTICLES / "undeclared-utf8.html").read_bytes()
    assert "Ødegård".encode() in (ARTICLES / "undeclared-utf8.html").read_bytes()
    assert "\u202f!".encode() in (ARTICLES / "french.html").read_bytes()
    assert b"&nbsp;" in (ARTICLES / "french.html").read_bytes()
    assert (ARTICLES / "empty.html").read_bytes() == b""
    live = (ARTICLES / "live-blog.html").read_bytes()
    assert len(live) > 140_000
    assert live.count(b"<article") == 64
