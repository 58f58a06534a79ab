"""Heads and bodies: every odd response gives what is there, and says what is wrong with it."""

from __future__ import annotations

import bz2
import gzip
import io
import sys
import time
import zlib

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warc_cases import ODD, PAGE, PLAIN, chunked, response

from archiver.warc import codings, http
from archiver.warc.http import DecodedBody, entity_body, parse_head, split_message

LIMIT = 1 << 20


def packed(data: bytes, level: int = 9) -> bytes:
    """gzip without the time, so that the names of tests are the same in every process."""
    return gzip.compress(data, level, mtime=0)


def decoded(block: bytes, limit: int = LIMIT) -> DecodedBody:
    stream = io.BytesIO(block)
    message = split_message(stream)
    assert message.final is not None
    assert stream.tell() == message.body_offset
    return entity_body(message.final, stream, limit)


@pytest.mark.parametrize(
    "name",
    ["plain", "chunked", "chunked-gzip", "deflate", "close-delimited", "no-reason", "space-reason", "spaces",
     "duplicates", "folded", "fold-first", "lf-only", "mixed-line-ends", "latin-1", "utf-8", "no-colon", "huge-head",
     "long-line", "early-hints", "two-interim", "white-line", "unicode-white-line"],
)  # fmt: skip
def test_the_page_comes_out(name: str) -> None:
    body = decoded(ODD[name])
    assert (body.data, body.complete, body.problems) == (PAGE, True, ())


@pytest.mark.parametrize(
    "name", ["interim-only", "interim-then-page", "old", "garbage", "blank-first", "only-blank", "nothing"]
)
def test_no_final_head(name: str) -> None:
    assert split_message(ODD[name]).final is None


def test_heads() -> None:
    message = split_message(ODD["two-interim"])
    assert [head.status for head in message.interim] == [100, 103]
    assert message.final is not None and message.final.status == 200 and message.final.reason == "OK"
    assert ODD["two-interim"][message.body_offset :] == PAGE
    assert b"".join(h.raw for h in (*message.interim, message.final)) == ODD["two-interim"][: message.body_offset]
    spaces = split_message(ODD["spaces"]).final
    assert spaces is not None
    assert spaces.fields == ((b"X", b"  two  "), (b"Y", b"none"), (b"Z ", b"odd"))
    assert [spaces.get(name) for name in ("x", "Y", "z", "q")] == ["two", "none", "odd", None]
    folded = split_message(ODD["folded"]).final
    assert folded is not None and folded.get("X-Note") == "one two three" and folded.get("server") == "x"
    assert folded.fields[0] == (b"X-Note", b" one\r\n two\r\n\tthree")
    cookies = split_message(ODD["duplicates"]).final
    assert cookies is not None and cookies.values("Set-Cookie") == ("a=1", "b=2", "c=3")
    odd = split_message(ODD["no-colon"]).final
    assert odd is not None and odd.fields[1] == (b"", b"this is no header")
    city = split_message(ODD["latin-1"]).final
    assert city is not None and city.get("x-city") == "Münster"


@pytest.mark.parametrize(
    ("line", "status", "reason"),
    [
        (b"HTTP/1.1 200 OK", 200, "OK"), (b"HTTP/1.1 200 ", 200, ""), (b"HTTP/1.1 200", 200, ""),
        (b"HTTP/1.0  404  Not  Found", 404, "Not  Found"), (b"HTTP/1.1 20", None, None), (b"HTTP/1.1 2000", None, None),
        (b"HTTP/1.1 \xb2\xb2\xb2", None, None), (b"GET /a HTTP/1.1", None, None), (b"", None, None),
        (b"HTTP/1.1 099 X", None, None), (b"HTTP/1.1 999 M\xfcde", 999, "Müde"),
    ],
)  # fmt: skip
def test_status_lines(line: bytes, status: int | None, reason: str | None) -> None:
    head = parse_head(line + b"\r\n\r\n")
    assert (head.status, head.reason, head.complete) == (status, reason, True)


def test_a_request_has_a_head_too() -> None:
    message = split_message(b"POST /a HTTP/1.1\r\nHost: a.example\r\nCookie: b=c\r\n\r\nx=y")
    assert message.final is not None and message.final.status is None
    assert message.final.get("cookie") == "b=c"


def test_cut_heads_are_incomplete() -> None:
    for name in ("cut-in-head", "cut-before-empty-line", "cut-in-start-line"):
        message = split_message(ODD[name])
        assert message.final is not None and not message.final.complete
        assert message.body_offset == len(ODD[name])
    assert split_message(b"HTTP/1.1 200 OK\r\n" + b"a:b\r\n" * 5000 + b"\r\nx").final is None
    assert split_message(b"HTTP/1.1 200 OK\r\nA: " + b"a" * (2 << 20) + b"\r\n\r\nx").final is None


def coded(name: bytes, data: bytes) -> bytes:
    return response(b"Content-Encoding: %s\r\n" % name, data)


@pytest.mark.parametrize(
    ("block", "data", "complete", "problem"),
    [
        (ODD["extra"], b"hello", True, "22 bytes after the end of the message"),
        (ODD["short"], b"hello", False, "5 of 500 bytes"),
        (ODD["cut-in-chunk"], PAGE[:234], False, "inside a chunk"),
        (response(b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n"), b"hello", False, "no end"),
        (response(b"Transfer-Encoding: chunked\r\n", b"5\r\nhello"), b"hello", False, "no end"),
        (response(b"Transfer-Encoding: chunked\r\n", b"5\r\nhelloX"), b"hello", False, "no line end"),
        (response(b"Transfer-Encoding: chunked\r\n", b"0\r\n"), b"", False, "no empty line"),
        (response(b"Transfer-Encoding: chunked\r\n", b"hello"), b"", False, "no end"),
        (response(b"Transfer-Encoding: chunked\r\n", b"he\r\nhello"), b"", False, "not the size"),
        (response(b"Transfer-Encoding: chunked\r\n", b"-1\r\nhello"), b"", False, "not the size"),
        (response(b"Transfer-Encoding: chunked\r\n", b"a" * 5000), b"", False, "too long"),
        (response(b"Transfer-Encoding: chunked\r\n", chunked(b"hi") + b"junk"), b"hi", True, "4 bytes after"),
        (response(b"Content-Length: 5, 6\r\n", b"hello!"), b"hello!", True, "no usable Content-Length"),
        (response(b"Content-Length: +5\r\n", b"hello!"), b"hello!", True, "no usable Content-Length"),
        (response(b"", b"surprise", b"HTTP/1.1 204 No Content\r\n"), b"", True, "8 bytes after"),
        (coded(b"gzip", packed(PAGE)[:-9]), PAGE, False, "ends early"),
        (coded(b"gzip", packed(PAGE)[:-4] + b"\0\0\0\0"), PAGE, False, "damaged"),
        (coded(b"gzip", packed(PAGE) + b"junk"), PAGE, True, "4 bytes after the end of the gzip"),
        (coded(b"gzip", packed(PAGE) + b"\x1f"), PAGE, True, "1 bytes after the end of the gzip"),
        (coded(b"gzip", PAGE), b"", False, "damaged"),
        (coded(b"deflate", zlib.compress(PAGE) + b"jk"), PAGE, True, "2 bytes after"),
        (coded(b"deflate", zlib.compress(PAGE)[:-5]), PAGE, False, "ends early"),
        (coded(b"deflate", b"\x78"), b"", False, "ends early"),
        (coded(b"br", brotli.compress(PAGE)[:-1]), None, False, "ends early"),
        (coded(b"br", b"\xff" * 100), b"", False, "damaged"),
        (coded(b"utf-8", PAGE), PAGE, True, "unknown coding 'utf-8' ignored"),
        (coded(b"compress", PAGE), PAGE, False, "compress not decoded"),
        (coded(b"gzip, gzip, gzip, gzip, gzip, gzip", PAGE), PAGE, False, "not decoded"),
        (response(b"Transfer-Encoding: chunked, gzip\r\n", packed(PAGE)), PAGE, False, "chunked not decoded"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(block: bytes, data: bytes | None, complete: bool, problem: str) -> None:
    body = decoded(block)
    assert body.data == (body.data if data is None else data)
    assert body.complete is complete
    assert len(body.problems) == 1 and problem in body.problems[0]


@pytest.mark.parametrize(
    ("fields", "body", "undone"),
    [
        (b"Content-Encoding: gzip\r\n", packed(PAGE), ("gzip",)),
        (b"Content-Encoding: X-GZip\r\n", packed(PAGE[:50]) + packed(PAGE[50:]), ("x-gzip",)),
        (b"Content-Encoding: deflate\r\n", zlib.compress(PAGE)[2:-4], ("deflate",)),
        (b"Content-Encoding: br\r\n", brotli.compress(PAGE), ("br",)),
        (b"Content-Encoding: deflate, gzip\r\n", packed(zlib.compress(PAGE)), ("gzip", "deflate")),
        (b"Content-Encoding: br\r\nContent-Encoding: gzip\r\n", packed(brotli.compress(PAGE)), ("gzip", "br")),
        (b"Content-Encoding: identity\r\n", PAGE, ()),
        (b"Transfer-Encoding: gzip, chunked\r\n", chunked(packed(PAGE)), ("chunked", "gzip")),
        (b"Transfer-Encoding: Chunked\r\nContent-Length: 3\r\n", chunked(PAGE), ("chunked",)),
        (b"Transfer-Encoding: chunked\r\n", b"00%x ;a=b\r\n%s\n0\r\nX: y\r\n\r\n" % (len(PAGE), PAGE), ("chunked",)),
    ],
)  # fmt: skip
def test_codings(fields: bytes, body: bytes, undone: tuple[str, ...]) -> None:
    found = decoded(response(fields, body))
    assert (found.data, found.complete, found.codings, found.problems) == (PAGE, True, undone, ())


def test_an_empty_body_needs_no_decoding() -> None:
    for name in (b"gzip", b"deflate", b"br"):
        assert decoded(coded(name, b"")) == DecodedBody(b"", True, (name.decode(),), ())


@pytest.mark.parametrize("broken", [None, type("Old", (), {"Decompressor": object})()])
def test_without_brotli(monkeypatch: pytest.MonkeyPatch, broken: object) -> None:
    monkeypatch.setitem(sys.modules, "brotli", broken)  # type: ignore[arg-type]
    body = decoded(coded(b"br", brotli.compress(PAGE)))
    assert not body.complete and "brotli not decoded" in body.problems[0]
    monkeypatch.setitem(sys.modules, "compression.zstd", None)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "backports.zstd", None)  # type: ignore[arg-type]
    assert decoded(coded(b"zstd", b"(\xb5/\xfd")).problems == ("zstd not decoded: no zstd module",)


def test_bombs_are_bounded() -> None:
    zeros = bytes(50 << 20)
    once = packed(zeros, 9)
    started = time.monotonic()
    for name, bomb in (
        (b"gzip", once),
        (b"gzip, gzip", packed(once)),
        (b"deflate", zlib.compress(zeros)),
        (b"br", brotli.compress(zeros, quality=1)),
    ):
        body = decoded(coded(name, bomb))
        assert body.data == zeros[:LIMIT] and not body.complete
        assert body.problems == (f"stopped after {LIMIT} bytes of decoded body",)
    assert time.monotonic() - started < 10


def test_an_inner_bomb_that_gives_nothing_is_bounded_too() -> None:
    endless_name = b"\x1f\x8b\x08\x08" + bytes(6) + b"a" * (4 << 20)  # a gzip header whose file name does not end
    body = decoded(coded(b"gzip, gzip", packed(endless_name)))
    assert body.data == b"" and not body.complete
    assert "bytes of unpacked gzip" in body.problems[0]


def test_the_ratio_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "RATIO_FROM", 1 << 20)
    body = decoded(coded(b"gzip", packed(bytes(5 << 20))), limit=1 << 30)
    assert 1 << 20 < len(body.data) < 2 << 20
    assert "more than 250 times" in body.problems[0]
    assert decoded(response(b"", bytes(2 << 20)), limit=1 << 30).complete


def test_endless_members_are_bounded() -> None:
    body = decoded(coded(b"gzip", packed(b"") * (codings.MAX_MEMBERS + 5)))
    assert (body.data, body.complete, body.problems) == (b"", False, ("stopped after 1000 gzip members",))


def test_exactly_the_limit_is_complete() -> None:
    for block in (PLAIN, ODD["chunked-gzip"], ODD["deflate"]):
        assert decoded(block, len(PAGE)).complete
        cut = decoded(block, len(PAGE) - 1)
        assert (cut.data, cut.complete) == (PAGE[:-1], False)


HEADS = st.lists(
    st.sampled_from(
        [b"Transfer-Encoding: chunked", b"Content-Length: 10", b"Content-Length: 3", b"Content-Encoding: gzip",
         b"Content-Encoding: deflate", b"Content-Encoding: br", b"Transfer-Encoding: gzip", b"nonsense", b" fold"]
    ),
    max_size=4,
)  # fmt: skip
BODIES = st.one_of(
    st.binary(max_size=200),
    st.binary(max_size=100).map(chunked),
    st.binary(max_size=100).map(gzip.compress),
    st.binary(max_size=100).map(zlib.compress),
    st.binary(max_size=100).map(bz2.compress),
    st.tuples(st.binary(max_size=100), st.integers(0, 60), st.integers(0, 255)).map(
        lambda t: (lambda z: z[: t[1]] + bytes([t[2]]) + z[t[1] + 1 :])(chunked(packed(t[0]), 20))
    ),
)


@given(HEADS, BODIES, st.integers(0, 300))
@settings(max_examples=100, deadline=None)
def test_any_body_gives_a_result_within_the_limit(fields: list[bytes], body: bytes, limit: int) -> None:
    block = b"\r\n".join([b"HTTP/1.1 200 OK", *fields, b"", body])
    message = split_message(block)
    assert message.final is not None
    found = entity_body(message.final, block[message.body_offset :], limit)
    assert len(found.data) <= limit
    assert found == entity_body(message.final, io.BytesIO(block[message.body_offset :]), limit)
    assert found.complete or found.problems


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_block_splits(block: bytes) -> None:
    message = split_message(block)
    assert 0 <= message.body_offset <= len(block)
    if message.final is not None:
        assert block[: message.body_offset].endswith(message.final.raw)
    parse_head(block)
