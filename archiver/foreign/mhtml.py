r"""MHTML (RFC 2557): a page and its pictures as parts of one message, as browsers save it.

    From: <Saved by Blink>\r\n
    Snapshot-Content-Location: https://news.example/bridge\r\n
    Content-Type: multipart/related; type="text/html"; boundary="--x"\r\n
    \r\n
    ----x\r\n
    Content-Type: text/html\r\n
    Content-Transfer-Encoding: quoted-printable\r\n
    Content-Location: https://news.example/bridge\r\n
    \r\n
    <!doctype html>=E2=80=9CThe bridge …\r\n
    ----x--\r\n

One level of parts is read, no more: frames are parts beside the page.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import BinaryIO

from archiver.errors import FormatError
from archiver.foreign.page_in import Candidate, spell_time, whole

MAX_HEAD = 64 << 10  # bytes of the headers of the message, or of a part
MAX_PARTS = 100_000
_PARAMETER = re.compile(r';\s*([A-Za-z0-9-]+)\s*=\s*(?:"([^"]*)"|([^\s;"]+))')
_FOLD = re.compile(r"\r?\n[ \t]+")
_END = re.compile(rb"\r?\n\r?\n")

Headers = dict[str, str]


def looks_like_mhtml(start: bytes) -> bool:
    """Whether the first bytes of a file are those of an MHTML message."""
    head = start[:8192].lower()
    return re.match(rb"[a-z][a-z0-9-]*:", head) is not None and b"multipart/related" in head


def pages_in_mhtml(stream: BinaryIO) -> Iterator[Candidate]:
    """The parts, the page that was saved first. Raises FormatError."""
    data = whole(stream)
    headers, begin = _headers(data, 0)
    kind, told = _media_type(headers.get("content-type", ""))
    boundary = told.get("boundary")
    if kind != "multipart/related" or not boundary:
        raise FormatError("no multipart/related message")
    time = _time(headers.get("date"))
    for number, (low, high) in enumerate(_parts(data, begin, boundary.encode("utf-8", "replace"))):
        head, body = _headers(data, low)
        url = head.get("content-location") or (headers.get("snapshot-content-location") if number == 0 else None)
        coding, content = head.get("content-transfer-encoding", "").lower(), data[min(body, high) : high]
        yield Candidate(
            f"part {number}", url, time, head.get("content-type", "").strip(), None, _decoder(coding, content)
        )


def _decoder(coding: str, content: bytes):  # type: ignore[no-untyped-def]
    return lambda: _decode(coding, content)


def _decode(coding: str, content: bytes) -> bytes:
    if coding == "quoted-printable":
        return binascii.a2b_qp(content)
    if coding == "base64":
        try:
            return binascii.a2b_base64(content)
        except binascii.Error:
            raise FormatError("a part is not base64") from None
    if coding in ("", "7bit", "8bit", "binary"):
        return content
    raise FormatError(f"a part is coded as {coding[:40]!r}")


def _parts(data: bytes, begin: int, boundary: bytes) -> Iterator[tuple[int, int]]:
    """Where each part begins and ends: between lines of two hyphens and the boundary (RFC 2046, 5.1.1)."""
    line = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r?\n|\Z)")
    last: int | None = None
    count = 0
    for found in line.finditer(data, max(0, begin - 2)):
        if last is not None:
            count += 1
            if count > MAX_PARTS:
                raise FormatError(f"more than {MAX_PARTS} parts")
            yield last, found.start()
        if found[1]:
            return
        last = found.end()
    if last is not None:
        yield last, len(data)


def _headers(data: bytes, at: int) -> tuple[Headers, int]:
    """The header fields from there, names in lower case, and where what follows begins."""
    if data[at : at + 1] in (b"\r", b"\n"):
        return {}, at + (2 if data[at : at + 2] == b"\r\n" else 1)
    end = _END.search(data, at, at + MAX_HEAD)
    if end is None:
        raise FormatError(f"headers without an end within {MAX_HEAD} bytes")
    found: Headers = {}
    for line in re.split(r"\r?\n", _FOLD.sub(" ", data[at : end.start()].decode("utf-8", "replace"))):
        name, colon, value = line.partition(":")
        if colon:
            found.setdefault(name.strip().lower(), value.strip())
    return found, end.end()


def _media_type(value: str) -> tuple[str, Headers]:
    told = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(value)}
    return value.partition(";")[0].strip().lower(), told


def _time(value: str | None) -> str | None:
    try:
        return spell_time(parsedate_to_datetime(value).isoformat()) if value else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
