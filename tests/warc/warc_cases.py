"""Responses as odd servers send them, and a writer with fixed ids, for the tests of archiver.warc."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable

from archiver.warc.record import uuid_urn
from archiver.warc.write import WarcWriter

DATE = "2026-11-23T13:02:11.482Z"
SECRET = bytes(range(32))
REQUEST = b"GET /a HTTP/1.1\r\nHost: news.example\r\nCookie: session=abc\r\nConnection: close\r\n\r\n"
PAGE = b"<p>\xe2\x80\x9cWe will open the bridge on Monday,\xe2\x80\x9d the mayor said.</p>\n" * 20


def chunked(data: bytes, size: int = 100) -> bytes:
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def response(fields: bytes, body: bytes, start: bytes = b"HTTP/1.1 200 OK\r\n") -> bytes:
    return start + fields + b"\r\n" + body


PLAIN = response(b"Content-Length: %d\r\n" % len(PAGE), PAGE)
ODD: dict[str, bytes] = {
    "plain": PLAIN,
    "chunked": response(b"Transfer-Encoding: chunked\r\n", chunked(PAGE)),
    "chunked-gzip": response(
        b"Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n", chunked(gzip.compress(PAGE, mtime=0))
    ),
    "deflate": response(b"Content-Encoding: deflate\r\n", zlib.compress(PAGE)),
    "close-delimited": response(b"", PAGE),
    "empty-body": response(b"Content-Length: 0\r\n", b""),
    "no-content": response(b"", b"", b"HTTP/1.1 204 No Content\r\n"),
    "redirect": response(b"Location: /b\r\nContent-Length: 0\r\n", b"", b"HTTP/1.1 301 Moved Permanently\r\n"),
    "no-reason": response(b"", PAGE, b"HTTP/1.1 200\r\n"),
    "space-reason": response(b"", PAGE, b"HTTP/1.1 200 \r\n"),
    "spaces": response(b"X:  two  \r\nY:none\r\nZ :odd\r\n", PAGE),
    "duplicates": response(b"Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nset-cookie: c=3\r\n", PAGE),
    "folded": response(b"X-Note: one\r\n two\r\n\tthree\r\nServer: x\r\n", PAGE),
    "fold-first": response(b" lost: one\r\nServer: x\r\n", PAGE),
    "lf-only": b"HTTP/1.1 200 OK\nServer: x\nContent-Type: text/html\n\n" + PAGE,
    "mixed-line-ends": b"HTTP/1.1 200 OK\r\nServer: x\nContent-Type: text/html\r\n\n" + PAGE,
    "latin-1": response("X-City: Münster\r\n".encode("latin-1"), PAGE),
    "utf-8": response("X-City: Münster 東京\r\n".encode(), PAGE),
    "no-colon": response(b"X: 1\r\nthis is no header\r\nContent-Length: %d\r\n" % len(PAGE), PAGE),
    "huge-head": response(b"".join(b"X-%d: %d\r\n" % (at, at) for at in range(300)), PAGE),
    "long-line": response(b"X: " + b"a" * 70_000 + b"\r\n", PAGE),
    "early-hints": b"HTTP/1.1 103 Early Hints\r\nLink: </s.css>\r\n\r\n" + PLAIN,
    "two-interim": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n" + PLAIN,
    "interim-only": b"HTTP/1.1 103 Early Hints\r\nLink: </s.css>\r\n\r\n",
    "interim-then-page": b"HTTP/1.1 103 Early Hints\r\n\r\n<p>no head\n\nmore",
    "switching": response(b"Upgrade: x\r\n", b"\x81\x05hello", b"HTTP/1.1 101 Switching Protocols\r\n"),
    "extra": response(b"Content-Length: 5\r\n", b"hello" + b"HTTP/1.1 404 Not F\r\n\r\n"),
    "short": response(b"Content-Length: 500\r\n", b"hello"),
    "cut-in-chunk": response(b"Transfer-Encoding: chunked\r\n", chunked(PAGE)[:250]),
    "cut-in-start-line": b"HTTP/1.1 20",
    "cut-in-head": b"HTTP/1.1 200 OK\r\nContent-Type: text/ht",
    "cut-before-empty-line": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n",
    "white-line": response(b"A: 1\r\n   \r\nB: 2\r\n", PAGE),
    "unicode-white-line": response(b"A: 1\r\n\xc2\x85\r\nB: 2\r\n", PAGE),
    "old": b"<html>no head at all\n\n<p>Hello.",
    "garbage": bytes(range(256)) * 8,
    "blank-first": b"\r\nHTTP/1.1 200 OK\r\n\r\nx",
    "only-blank": b"\r\n",
    "nothing": b"",
    "cr-only": b"HTTP/1.1 200 OK\rServer: x\r\r" + PAGE,
    "binary": response(b"Content-Type: image/png\r\n", bytes(range(256)) * 40),
    "looks-like-warc": response(b"", b"\r\n\r\nWARC/1.1\r\nWARC-Type: response\r\n\r\n"),
}


def fixed_ids() -> Callable[[], str]:
    count = iter(range(1, 1 << 20))
    return lambda: uuid_urn(next(count).to_bytes(16, "big"))


def written(
    responses: dict[str, bytes], secret: bytes | None = SECRET, certificates: bytes | None = None
) -> tuple[bytes, WarcWriter]:
    """A WARC with those responses, and its writer before finish()."""
    out = io.BytesIO()
    writer = WarcWriter(out, fixed_ids(), secret)
    writer.write_info(DATE, {"software": "archiver/0.1", "format": "WARC File Format 1.1"})
    for name, block in responses.items():
        writer.write_exchange(
            uri=f"http://news.example/{name}",
            date=DATE,
            ip="192.0.2.7",
            request=REQUEST,
            response=block,
            certificates_pem=certificates,
        )
    return out.getvalue(), writer
