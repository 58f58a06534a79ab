"""Anchors: made, checked, and every alteration noticed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver import digest as digests
from archiver.errors import ProofError, UsageError
from archiver.page import anchor as module
from archiver.page.anchor import CONTEXT_MAX, CONTEXT_MIN, check_part, find_all, make_part
from archiver.page.text import project, project_plain

UTF8 = "text/html; charset=utf-8"
BODY = "<p>He said: <q>Never &amp; nowhere</q>. <b>“Yes”</b>, she <i>sa</i>id, “never”.</p><p>End.".encode()
PAGE = project(BODY, UTF8)


def check(**changed: object) -> None:
    start = PAGE.text.index("Never")
    part = make_part(PAGE, BODY, start, start + 15)
    arguments: dict[str, object] = {
        "page_text": PAGE.text,
        "body": BODY,
        "encoding": PAGE.encoding,
        "exact": part.exact,
        "text_range": part.text,
        "byte_range": part.bytes,
        "digest": part.digest,
    }
    check_part(**(arguments | changed))  # type: ignore[arg-type]


def test_specimen() -> None:
    body = b"<p>He said: <q>Never &amp; nowhere</q>."
    page = project(body, UTF8)
    part = make_part(page, body, 9, 24)
    assert (part.exact, part.bytes) == ("Never & nowhere", (15, 34))
    assert (part.prefix, part.suffix) == ("He said: ", ".")
    assert module.__doc__ and "the text 9:24, the bytes 15:34" in module.__doc__


def test_a_good_anchor_holds() -> None:
    check()
    check(body=None)
    check(byte_range=None, digest=None)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"exact": "Never & Nowhere"}, "text position"),
        ({"exact": ""}, "text position"),
        ({"text_range": (8, 23)}, "text position"),
        ({"text_range": (9, 10_000)}, "text position"),
        ({"text_range": (-1, 14)}, "text position"),
        ({"text_range": (24, 9)}, "text position"),
        ({"digest": None}, "come together"),
        ({"byte_range": None}, "come together"),
        ({"byte_range": (0, len(BODY) + 1)}, "not inside the body"),
        ({"byte_range": (-3, 31)}, "not inside the body"),
        ({"byte_range": (34, 15)}, "not inside the body"),
        ({"byte_range": (15, 33)}, "another digest"),
        ({"digest": digests.of_bytes(b"x")}, "another digest"),
        ({"body": BODY.replace(b"Never", b"Seven")}, "another digest"),
        ({"byte_range": (12, 34), "digest": digests.of_bytes(BODY[12:33])}, "another digest"),
        ({"byte_range": (15, 33), "digest": digests.of_bytes(BODY[15:33])}, "do not project"),
        ({"byte_range": (15, 38), "digest": digests.of_bytes(BODY[15:38])}, None),
        ({"encoding": "utf-16le"}, "do not project"),
        ({"plain": True}, "do not project"),
    ],
)
def test_alterations(changed: dict[str, object], message: str | None) -> None:
    if message is None:  # bytes with the end tag behind the words project to the same words
        check(**changed)
        return
    with pytest.raises(ProofError, match=message):
        check(**changed)


def test_words_across_markup() -> None:
    start = PAGE.text.index("she said")
    part = make_part(PAGE, BODY, start, start + 8)
    assert part.bytes is not None
    assert BODY[slice(*part.bytes)] == b"she <i>sa</i>id"


def test_words_begin_and_end_with_words() -> None:
    for start, end in ((8, 24), (9, 26), (5, 5), (9, 10_000), (-2, 4), (24, 9)):
        with pytest.raises(UsageError):
            make_part(PAGE, BODY, start, end)


def test_words_that_the_bytes_do_not_give_alone() -> None:
    body = b"<svg><![CDATA[one &amp; three]]></svg>"
    page = project(body, UTF8)
    part = make_part(page, body, 4, 9)
    assert (part.exact, part.bytes, part.digest) == ("&amp;", None, None)
    check_part(page.text, body, page.encoding, part.exact, part.text, part.bytes, part.digest)


def test_plain_text_is_cut_out_as_plain_text() -> None:
    body = b"Tom & <Jerry> said\r\nno.\r\n\r\nEnd"
    page = project_plain(body, "text/plain")
    part = make_part(page, body, 0, page.text.index("\n"))
    assert part.exact == "Tom & <Jerry> said no."
    assert part.bytes == (0, 23)
    check_part(page.text, body, page.encoding, part.exact, part.text, part.bytes, part.digest, plain=True)
    with pytest.raises(ProofError, match="do not project"):
        check_part(page.text, body, page.encoding, part.exact, part.text, part.bytes, part.digest)


@given(
    st.lists(st.text("abc é", min_size=1, max_size=12), min_size=1, max_size=30).map(
        lambda ws: " ".join(" ".join(ws).split())
    ),
    st.data(),
)
@settings(max_examples=300, deadline=None)
def test_context(text: str, data: st.DataObject) -> None:
    if not text:
        return
    body = f"<p>{text}".encode()
    page = project(body, UTF8)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    if text[start] == " " or text[end - 1] == " ":
        return
    part = make_part(page, body, start, end)
    assert part.bytes is not None
    assert text[:start].endswith(part.prefix)
    assert text[end:].startswith(part.suffix)
    for context, there, beyond in ((part.prefix, start, text[:start]), (part.suffix, len(text) - end, text[end:])):
        assert len(context) <= CONTEXT_MAX
        assert len(context) >= min(CONTEXT_MIN, there)
        assert len(context) == len(beyond) or len(context) >= CONTEXT_MIN


def test_find_all() -> None:
    assert find_all("abcabcab", "ab") == [0, 3, 6]
    assert find_all("aaaa", "aa") == [0, 2]
    assert find_all("abc", "") == []
    assert find_all("", "a") == []
