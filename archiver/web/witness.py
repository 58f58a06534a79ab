"""Asks a witness for a cosignature over HTTP (C2SP tlog-witness): one question, one answer, nothing kept."""

from __future__ import annotations

import re
from dataclasses import dataclass

from archiver.errors import FetchError
from archiver.tlog.note import MAX_NOTE
from archiver.tlog.witness import Request
from archiver.web.ask import Asker

_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n?")
_WORDS = {
    400: "says that the request is malformed",
    403: "does not accept this log's signature: is the log's key the one that it follows?",
    404: "does not follow this log: give its keeper the log's key (trust/log.vkey)",
    422: "says that this log does not extend what it saw before",
}


@dataclass(frozen=True, slots=True)
class Conflict:
    """The witness has another size (409)."""

    size: int


def ask_witness(asker: Asker, prefix: str, request: Request) -> bytes | Conflict:
    """The signature lines that a witness answers with, nothing of them verified. Raises FetchError, UsageError."""
    url = prefix.rstrip("/") + "/add-checkpoint"
    answer = asker.post(url, request.encode(), content_type="text/plain; charset=utf-8", limit=MAX_NOTE)
    if answer.status == 200:
        return answer.body
    match = _SIZE.fullmatch(answer.body)
    if answer.status == 409 and match is not None:
        return Conflict(int(match[1]))
    words = _WORDS.get(answer.status, f"answered with status {answer.status}")
    raise FetchError(words, where=url, retryable=answer.status == 429 or answer.status >= 500)
