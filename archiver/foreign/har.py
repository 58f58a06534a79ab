"""HAR (HTTP Archive 1.2): what a browser's developer tools saw, as JSON: bodies decoded, bytes of the wire gone.

{"log": {"version": "1.2", "entries": [{"startedDateTime": …, "request": {"url": …}, "response": {"status": 200,
  "content": {"mimeType": "text/html; charset=utf-8", "text": "<!doctype…", "encoding": "base64"}}}]}}
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any, BinaryIO

from archiver.errors import FormatError
from archiver.foreign import loose_json
from archiver.foreign.page_in import MAX_WHOLE, Candidate, spell_time, whole

MAX_ENTRIES = 100_000


def looks_like_har(start: bytes) -> bool:
    """Whether the first bytes of a file are those of a HAR."""
    head = start[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith(b"{") and b'"log"' in head


def _entries(stream: BinaryIO) -> list[Any]:
    log = loose_json.parse_object(whole(stream).removeprefix(b"\xef\xbb\xbf")).get("log")
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list) or len(entries) > MAX_ENTRIES:
        raise FormatError(f"a HAR has a list of at most {MAX_ENTRIES} entries")
    return entries


def requests_in_har(stream: BinaryIO) -> Iterator[frozenset[str]]:
    """The names of the header fields of each request, in lower case; `cookie` also where cookies are listed apart.
    Raises FormatError."""
    for entry in _entries(stream):
        request = entry.get("request") if isinstance(entry, dict) else None
        if isinstance(request, dict):
            fields = request.get("headers")
            listed = (
                [field.get("name") for field in fields if isinstance(field, dict)] if isinstance(fields, list) else []
            )
            names = {name.lower() for name in listed if isinstance(name, str)}
            yield frozenset(names | {"cookie"} if request.get("cookies") else names)


def pages_in_har(stream: BinaryIO) -> Iterator[Candidate]:
    """The responses with a body. Raises FormatError."""
    for number, entry in enumerate(_entries(stream)):
        try:
            yield from _entry(number, entry)
        except FormatError:
            continue  # a broken entry does not hide the others


def _entry(number: int, entry: Any) -> Iterator[Candidate]:
    request, response = (entry.get(key) if isinstance(entry, dict) else None for key in ("request", "response"))
    content = response.get("content") if isinstance(response, dict) else None
    if not isinstance(request, dict) or not isinstance(response, dict) or not isinstance(content, dict):
        return
    text = content.get("text")
    if not isinstance(text, str):
        return
    status, kind = loose_json.natural(response.get("status")), loose_json.text(content, "mimeType") or ""
    coded = loose_json.text(content, "encoding") == "base64"
    if not coded:  # the browser gave characters, whatever their encoding was on the wire
        kind = kind.partition(";")[0].strip() + "; charset=utf-8"
    url, time = loose_json.text(request, "url"), spell_time(entry.get("startedDateTime"))
    yield Candidate(f"entry {number}", url, time, kind, status, lambda: _body(text, coded))


def _body(text: str, coded: bool) -> bytes:
    if not coded:
        return text.encode("utf-8", "replace")
    try:
        data = base64.b64decode(text, validate=False)
    except (binascii.Error, ValueError):
        raise FormatError("a body is not base64") from None
    if len(data) > MAX_WHOLE:
        raise FormatError(f"a body of more than {MAX_WHOLE} bytes")
    return data
