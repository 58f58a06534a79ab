"""Where the words of a rendered page were met: in the page as the server sent it, or in what its scripts asked for.

A statement is *served* if its words stand in the page text of the served document. Of the others it is told in which
other responses the same letters stand, escapes and tags resolved: this is a search, not a proof, and words that a
script puts together are found nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archiver.archive import Archive
from archiver.errors import FormatError
from archiver.model.facts import Hop
from archiver.model.manifest import spell_salt
from archiver.model.rendering import Origin, Origins
from archiver.model.statement import ContextRecord, StatementRecord
from archiver.page import text as page_text
from archiver.page.letters import letters_in, letters_of
from archiver.web.exchange import Exchange
from archiver.work.read import HTML_TYPES, material_of_response, media_type

MAX_BODY = 4 << 20  # bytes of one response that is searched
MAX_BODIES = 48 << 20  # bytes of all
MIN_LETTERS = 8  # fewer are met anywhere
MAX_RECORDS = 8  # of one statement
_TEXTUAL = ("json", "javascript", "ecmascript", "html", "xml", "text/")


@dataclass(frozen=True, slots=True)
class Source:
    """One response that is searched, by its record."""

    record: str
    letters: str


def origins_of(
    archive: Archive,
    pairs: Sequence[tuple[StatementRecord, ContextRecord]],
    exchanges: Sequence[Exchange],
    hops: Sequence[Hop],
    document: str | None,
) -> Origins:
    """Of every statement. `document`: the record of the response that brought the page."""
    wanted = {item.id: [letters_of(part.exact) for part in item.parts] for item, _ in pairs}
    served = ""
    others: list[Source] = []
    left = MAX_BODIES
    for exchange, hop in zip(exchanges, hops, strict=True):
        if hop.record is None or left <= 0 or not wanted:
            continue
        if hop.record == document:
            served = letters_of(_page(exchange))
        elif exchange.status == 101 or any(
            mark in (exchange.header("Content-Type") or "").lower() for mark in _TEXTUAL
        ):
            body = _body(exchange)
            left -= len(body)
            others.append(Source(hop.record, letters_in(body.decode("utf-8", "replace"))))
    found = []
    for name, parts in wanted.items():
        in_page = bool(served) and all(part in served for part in parts)
        records = [
            source.record
            for source in others
            if sum(map(len, parts)) >= MIN_LETTERS and all(part in source.letters for part in parts)
        ]
        found.append(Origin(name, in_page, tuple(records[:MAX_RECORDS])))
    return Origins(tuple(found), spell_salt(archive.entropy(16)))


def _body(exchange: Exchange) -> bytes:
    if exchange.status == 101:  # frames, which no rule of HTTP calls a body
        exchange.response.seek(0)
        return exchange.response.read(min(MAX_BODY, exchange.response_length))
    material = material_of_response("", exchange.response, exchange.status, exchange.fields, "", "", False)
    return material.body[:MAX_BODY]


def _page(exchange: Exchange) -> str:
    """The page text of the served document."""
    material = material_of_response("", exchange.response, exchange.status, exchange.fields, "", "", False)
    kind = media_type(material.content_type)
    try:
        if kind == "text/plain":
            return page_text.project_plain(material.body, material.content_type).text
        if kind in HTML_TYPES or not kind:
            return page_text.project(material.body, material.content_type).text
    except FormatError:  # too long for a page
        return ""
    return ""
