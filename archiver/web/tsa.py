"""Asks a time-stamping authority over HTTP (RFC 3161, 3.4): one question, one answer, nothing kept."""

from __future__ import annotations

from archiver.stamps.rfc3161 import MAX_RESPONSE, REPLY_TYPE, REQUEST_TYPE
from archiver.web.ask import Asker, need


def ask_authority(asker: Asker, url: str, request: bytes) -> bytes:
    """The bytes of the answer to a time stamp request, as they came; what they say is looked at by `stamps`. The media
    type is not insisted on: some authorities name another. Raises FetchError, UsageError for a bad address."""
    return need(asker.post(url, request, content_type=REQUEST_TYPE, accept=REPLY_TYPE, limit=MAX_RESPONSE), url)
