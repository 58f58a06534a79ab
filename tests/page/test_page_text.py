"""Page text v1: its vectors, its properties, and that no input takes long."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from page_cases import Case, load_all

from archiver import digest
from archiver.errors import FormatError, NewerVersionError
from archiver.page import text as module
from archiver.page.anchor import check_part, make_part
from archiver.page.text import (
    PageText,
    byte_range,
    decode_object,
    encode_object,
    project,
    project_plain,
    project_slice,
)
from archiver.page.writer import has_controls

CASES = load_all()
UTF8 = "text/html; charset=utf-8"


def projected(case: Case) -> PageText:
    return (project_plain if case.plain else project)(case.body, case.content_type)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_vector(case: Case) -> None:
    page = projected(case)
    assert (page.encoding, page.encoding_source) == (case.encoding, case.source)
    assert page.text == case.text
    for anchor in case.anchors:
        assert page.text[anchor.start : anchor.end] == anchor.words
        assert byte_range(page, case.body, anchor.start, anchor.end) == anchor.bytes
        part = make_part(page, case.body, anchor.start, anchor.end)
        check_part(
            page.text, case.body, page.encoding, part.exact, part.text, part.bytes, part.digest, plain=page.plain
        )
        if anchor.bytes is not None:
            first, last = anchor.bytes
            assert part.digest == digest.of_bytes(case.body[first:last])


def test_the_vectors_are_those_of_version_1() -> None:
    """They are frozen: a projection that differs is another version. New cases may be added, none changed."""
    told = hashlib.sha256()
    for case in CASES:
        told.update(f"{case.name}\0{case.content_type}\0{case.encoding}\0{case.text}\0".encode())
        told.update(case.body)
    assert len(CASES) == 80
    assert told.hexdigest() == "9a2b1d02610d2a3b7a99c785d13bcd952239c077ae0d4df13a8c98ef7da08b22"


def test_specimen_of_the_module() -> None:
    body = b"<title>x</title><h1>Dam&shy;age</h1><p>She said: <q>No&nbsp;comment</q>,\n <b>twice</b>."
    page = project(body, UTF8)
    assert page.text == "Dam\u00adage\nShe said: No\u00a0comment, twice."
    assert page.text[18:28] == "No\u00a0comment"
    first, last = byte_range(page, body, 18, 28) or (0, 0)
    assert body[first:last] == b"No&nbsp;comment"
    assert module.__doc__ and "No&nbsp;comment" in module.__doc__


def check_page(page: PageText, body: bytes) -> None:
    """What holds for every page: clean text, and a range of bytes for every character, in order."""
    assert not module._MALFORMED.search(page.text)
    assert not has_controls(page.text)
    assert decode_object(encode_object(bytes(16), page.text)) == (bytes(16), page.text)
    latest = 0
    for index, character in enumerate(page.text):
        start, end = page.bytes_of(index)
        assert 0 <= start <= end <= len(body)
        assert end > start or character in " \n" or page.encoding in ("big5", "iso-2022-jp")
        assert start >= latest or page.encoding == "big5"
        latest = start


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_character_of_a_vector_has_bytes(case: Case) -> None:
    check_page(projected(case), case.body)


PIECES = st.sampled_from(
    [
        *(b"<p>", b"</p>", b"<b>", b"</b>", b"<div class='x'>", b"</div>", b"<br>", b"<td>", b"<q>", b"</q>", b"<svg>"),
        *(b"</svg>", b"<title>", b"</title>", b"<script>", b"</script>", b"<style>", b"<template>", b"</template>"),
        *(b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<", b">", b"&", b";", b"&amp;", b"&nbsp;", b"&#160;", b"&#x201C;"),
        *(
            b"<textarea>",
            b"</textarea>",
            b"<foreignObject>",
            b"<math>",
            b"<mi>",
            b"<plaintext>",
            b"\0",
            b"\xef\xbb\xbf",
        ),
        *(
            b" ",
            b"\n",
            b"\r\n",
            b"\t",
            b"words ",
            b"a",
            b"\xe2\x80\x9c",
            b"\xc3\xa9",
            b"\x93",
            b"\x81",
            b"\xff",
            b"\x1b$B",
        ),
        *(
            b"<meta charset=gbk>",
            b"<meta charset=utf-8>",
            b"<meta charset=iso-2022-jp>",
            b"\xf0\x9f\x98\x80",
            b"$B%F(B",
        ),
    ]
)
BODIES = st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=60).map(b"".join))
TYPES = st.sampled_from(
    [
        *(None, "text/html", UTF8, "text/html; charset=big5", "text/html; charset=shift_jis"),
        *("text/html; charset=gb18030", "text/html; charset=iso-2022-jp", "text/html; charset=utf-16"),
        *("text/html; charset=euc-jp", "text/html; charset=windows-1252", "application/xhtml+xml"),
    ]
)


@given(BODIES, TYPES, st.booleans())
@settings(max_examples=400, deadline=None)
def test_any_bytes_project(body: bytes, content_type: str | None, plain: bool) -> None:
    page = (project_plain if plain else project)(body, content_type)
    check_page(page, body)
    again = (project_plain if plain else project)(body, content_type)
    assert again.text == page.text
    assert again.marks == page.marks
    for mark in page.marks:
        assert 0 <= mark.start < mark.end <= len(page.text)


@given(BODIES, TYPES, st.booleans(), st.data())
@settings(max_examples=400, deadline=None)
def test_words_that_have_bytes_are_what_these_bytes_project_to(
    body: bytes, content_type: str | None, plain: bool, data: st.DataObject
) -> None:
    page = (project_plain if plain else project)(body, content_type)
    if not page.text:
        return
    start = data.draw(st.integers(0, len(page.text) - 1))
    end = data.draw(st.integers(start + 1, len(page.text)))
    place = byte_range(page, body, start, end)
    if place is not None:
        assert project_slice(body[slice(*place)], page.encoding, plain=plain) == page.text[start:end]


WORDS = st.lists(
    st.sampled_from(["said", "“No”", "Ødegård", "naïve", "a\u00a0b", "😀", "it’s", "1 < 2", "R&D"]), min_size=1
)


@given(st.lists(WORDS, min_size=1, max_size=8), st.data())
@settings(max_examples=200, deadline=None)
def test_words_of_a_well_formed_page_always_have_bytes(paragraphs: list[list[str]], data: st.DataObject) -> None:
    """In paragraphs with inline markup and references, whatever words are chosen."""
    wrap = st.sampled_from(["{}", "<b>{}</b>", "<a href='/x?a&b'>{}</a>", "<q>{}</q>", "<!-- x -->{}", "{}<wbr>"])
    spell = {"&": "&amp;", "<": "&lt;", "\u00a0": "&nbsp;", "“": "&#8220;"}
    html = ""
    for paragraph in paragraphs:
        words = ("".join(spell.get(c, c) for c in word) for word in paragraph)
        html += (
            "<p>" + data.draw(st.sampled_from([" ", "\n  "])).join(data.draw(wrap).format(w) for w in words) + "</p>"
        )
    body = html.encode()
    page = project(body, UTF8)
    assert page.text == "\n".join(" ".join(paragraph) for paragraph in paragraphs)
    bounds = [0, *(i + 1 for i, c in enumerate(page.text) if c in " \n")]
    start = data.draw(st.sampled_from(bounds))
    ends = [i for i, c in enumerate(page.text + " ") if c in " \n" and i > start]
    end = data.draw(st.sampled_from(ends))
    assert byte_range(page, body, start, end) is not None


MILLION = {
    "less-than": b"<" * 1_000_000,
    "less-than-slash": b"</" * 500_000,
    "less-than-bang": b"<!" * 500_000,
    "less-than-letter": b"<a" * 500_000,
    "ampersand": b"&" * 1_000_000,
    "reference without end": b"&a" * 500_000,
    "digits of a reference": b"&#" + b"1" * 1_000_000,
    "quotes of an attribute": b"<a b='" * 200_000,
    "attributes": b"<a " + b"b=c " * 250_000 + b">x",
    "equals signs": b"<a " + b"= " * 500_000,
    "slashes": b"<a" + b"/" * 1_000_000,
    "comments": b"<!--" * 250_000,
    "dashes": b"<!--" + b"-" * 1_000_000,
    "dashes and bang": b"<!--" + b"--!" * 300_000,
    "scripts": b"<script>" * 125_000,
    "escaped scripts": b"<script><!--" + b"<script>" * 120_000,
    "script ends": b"<script>" + b"</script " * 100_000,
    "title ends": b"<title>" + b"</titl" * 150_000,
    "nested blocks": b"<div>" * 200_000,
    "nested quotes": b"<q>" * 300_000 + b"x",
    "nested foreign": b"<svg><desc>" * 90_000,
    "foreign and break-out": b"<svg><p>" * 120_000,
    "end tags": b"</div>" * 150_000,
    "unclosed marks, other end": b"<blockquote><p>" * 60_000 + b"</nav>" * 60_000,
    "templates": b"<template>" * 100_000,
    "shadow roots": b"<template shadowrootmode=open>" * 33_000 + b"x",
    "sections": b"<svg>" + b"<![CDATA[" * 100_000,
    "white space": b" \n" * 500_000,
    "line breaks": b"\r" * 1_000_000,
    "meta elements": b"<meta charset=bogus>" * 50_000,
    "late meta": b"<p>" * 333_000 + b"<meta charset=utf-8>",
    "no-break spaces": b"&nbsp;" * 160_000,
}


@pytest.mark.parametrize("body", MILLION.values(), ids=MILLION.keys())
def test_a_million_characters_take_no_long(body: bytes) -> None:
    for size in (len(body) // 4, len(body)):
        start = time.process_time()
        page = project(body[:size], None)
        project_plain(body[:size], None)
        spent = time.process_time() - start
        assert spent < 6, f"{size} bytes took {spent:.1f} s"
    if page.text:
        page.bytes_of(len(page.text) - 1)


def test_pages_above_the_limit_are_refused() -> None:
    body = bytes((64 << 20) + 1)
    for projection in (project, project_plain):
        with pytest.raises(FormatError, match="at most 67108864 are read"):
            projection(body, UTF8)


@pytest.mark.slow
def test_the_largest_page_stays_within_memory() -> None:
    program = """
import resource
from archiver.page.text import project
paragraph = "<p class=x>“Wörter”, sagte sie &amp; ging.</p>\\n".encode()
body = paragraph * ((64 << 20) // len(paragraph))
page = project(body, "text/html; charset=utf-8")
assert page.text.count("\\n") == body.count(b"</p>") - 1
assert body[slice(*page.bytes_of(len(page.text) - 2))] == b"g"
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 900 << 10  # kilobytes


def test_stored_form() -> None:
    data = encode_object(bytes(range(16)), "One\nTwo “x”")
    assert data == b"page-text/v1 AAECAwQFBgcICQoLDA0ODw==\nOne\nTwo \xe2\x80\x9cx\xe2\x80\x9d\n"
    assert decode_object(data) == (bytes(range(16)), "One\nTwo “x”")
    assert decode_object(encode_object(bytes(16), "")) == (bytes(16), "")


@pytest.mark.parametrize(
    "text", ["a  b", " a", "a ", "a\n\nb", "a \nb", "a\tb", "a\rb", "a\0b", "\x85", "\ufffe", "\U0010ffff", "\ud800"]
)
def test_what_no_projection_writes_is_not_stored(text: str) -> None:
    with pytest.raises(FormatError):
        encode_object(bytes(16), text)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"page-text/v1 AAECAwQFBgcICQoLDA0ODw==",
        b"page-text/v1 AAECAwQFBgcICQoLDA0ODw==\nOne",
        b"page-text/v1 AAECAwQFBgcICQoLDA0ODw==\nOne\n\n",
        b"page-text/v1 AAECAwQFBgcICQoLDA0ODw==\r\nOne\n",
        b"page-text/v1 AAECAwQFBgcICQoLDA0ODx==\nOne\n",
        b"page-text/v1 AAECAwQFBgcICQoLDA0O\nOne\n",
        b"page-text/v1  AAECAwQFBgcICQoLDA0ODw==\nOne\n",
        b"page-text/v1 AAECAwQFBgcICQoLDA0ODw==\n\xff\n",
        b"page-text/v1 AAECAwQFBgcICQoLDA0ODw==\n\xef\xbb\xbfOne  Two\n",
    ],
)
def test_other_spellings_of_a_stored_text_are_refused(data: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        decode_object(data)
    assert not isinstance(caught.value, NewerVersionError)


def test_a_newer_version_is_not_called_broken() -> None:
    with pytest.raises(NewerVersionError):
        decode_object(b"page-text/v2 AAECAwQFBgcICQoLDA0ODw==\nOne\n")
    with pytest.raises(NewerVersionError):
        decode_object(b"page-text/v12 something else\n")


@given(st.binary(max_size=120))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_stored_text_or_refused(data: bytes) -> None:
    try:
        salt, text = decode_object(data)
    except FormatError:
        return
    assert encode_object(salt, text) == data


def test_a_slice_of_an_unknown_encoding_is_refused() -> None:
    for encoding in ("latin1", "UTF-8", "utf8", "klingon", ""):
        with pytest.raises(FormatError, match="no encoding of the Encoding Standard"):
            project_slice(b"x", encoding)
