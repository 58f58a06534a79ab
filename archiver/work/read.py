"""A reading: from the stored bytes of one body to page text, article facts and statements. Nothing is fetched.

The reading is made from what was sealed, never from what a parser saw on the way. It can fail, be wrong, be done
again; the snapshot stays what it is.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO

from archiver import __version__, digest
from archiver.model import facts as facts_model
from archiver.model import statement as statement_model
from archiver.model.encoding import clean
from archiver.model.facts import ReadingFacts, Source
from archiver.model.manifest import Tree, spell_salt
from archiver.model.statement import ContextPart, ContextRecord, PartRecord, SpeakerRecord, StatementRecord

if TYPE_CHECKING:
    from archiver.page.text import PageText

MAX_READ = 16 << 20  # bytes of a decoded body; a larger one is sealed, and its reading says why it was not read

MAX_FOUND = 20_000  # statements in one reading; the longest live blog measured has some hundred
HTML_TYPES = ("text/html", "application/xhtml+xml")
Entropy = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Material:
    """What a reading is made from: one decoded body and where it came from."""

    record: str
    body: bytes
    complete: bool
    codings: tuple[str, ...]
    content_type: str
    status: int | None
    fields: tuple[tuple[str, str], ...]
    requested_url: str
    final_url: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """The objects of a reading, ready to be sealed, and what the screen shows of it. `decisions`: what people decided
    about it; `page`: the projection that it was read from, while that is at hand; `spelled`: facts and the bytes that
    they were found to be."""

    facts: ReadingFacts
    page_text: bytes | None
    statements: bytes | None
    leaves: Tree | None
    records: tuple[tuple[StatementRecord, ContextRecord], ...]
    text: str | None
    decisions: bytes | None = None
    page: PageText | None = None
    spelled: tuple[ReadingFacts, bytes] | None = None

    @property
    def facts_bytes(self) -> bytes:
        """The facts as they are sealed. Raises FormatError for what cannot be."""
        if self.spelled is not None and self.spelled[0] is self.facts:
            return self.spelled[1]
        return facts_model.encode(self.facts)

    @property
    def title(self) -> str | None:
        """The article's title, whoever says it."""
        article = self.facts.article or {}
        title = article.get("title")
        return title.get("value") if isinstance(title, dict) else None


def media_type(content_type: str) -> str:
    """`text/html` of `text/html; charset=utf-8`."""
    return content_type.split(";")[0].strip().lower()


def read(material: Material, entropy: Entropy, language: str | None = None) -> Reading:
    """Make a reading. Deterministic but for its salts. `language` counts where the page does not say its own."""
    from archiver.page import text as page_text
    from archiver.page.outline import Outline

    kind_of_bytes = media_type(material.content_type)
    looks_html = kind_of_bytes in HTML_TYPES or (not kind_of_bytes and _sniff_html(material.body))
    if not looks_html and kind_of_bytes != "text/plain":
        reason = f"a body of type {kind_of_bytes or 'unknown'} has no page text"
        return unread(material, entropy, "not html", (reason,))
    if len(material.body) > MAX_READ:
        reason = f"a page of more than {MAX_READ >> 20} MB is sealed, but not read"
        return unread(material, entropy, "not read", (reason,))
    if looks_html:
        outline = Outline()
        page = page_text.project(material.body, material.content_type, outline)
        return _read_page(material, page, entropy, "page-text/v1", language, outline)
    page = page_text.project_plain(material.body, material.content_type)
    return _read_page(material, page, entropy, "plain-text/v1", language, None)


def load() -> None:
    """Read a small page of ours, so that the libraries of reading are loaded and their tables made: before children are
    forked, who would each take half a second of their first page for that."""
    body = b"<!doctype html><title>Ferry</title><h1>Ferry</h1><p class=byline>By A. Reader<p>"
    body += b"\xe2\x80\x9cIt sails again,\xe2\x80\x9d the harbour master told reporters on Monday." * 9
    page = Material(_NO_RECORD, body, True, (), "text/html; charset=utf-8", 200, (), "https://a.example", "")
    read(page, os.urandom)


_NO_RECORD = "<urn:uuid:00000000-0000-4000-8000-000000000000>"


def renumbered(reading: Reading, earlier: Sequence[StatementRecord]) -> Reading:
    """The reading with the ids of `earlier` readings of the same snapshot: the same words at the same place keep their
    id, others get one that was never used."""
    known = {(item.text, item.parts[0].text): item.id for item in earlier}
    unused = max((int(item.id[1:]) for item in earlier), default=0)
    records = []
    for statement, context in reading.records:
        name = known.pop((statement.text, statement.parts[0].text), None)
        if name is None:
            unused += 1
            name = f"s{unused}"
        records.append((replace(statement, id=name), replace(context, id=name)))
    if not records:
        return reading
    records.sort(key=lambda pair: int(pair[0].id[1:]))
    data, leaves = statement_model.encode_object(records)
    return replace(reading, statements=data, leaves=leaves, records=tuple(records))


def _sniff_html(body: bytes) -> bool:
    start = body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n\x0c").lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<!--"))


def _read_page(
    material: Material, page: Any, entropy: Entropy, projection: Any, language: str | None, outline: Any
) -> Reading:
    from archiver.page import kind as page_kind
    from archiver.page import text as page_text
    from archiver.page.article import read_article
    from archiver.page.statements import find_in_page

    article = None
    if outline is not None:
        article = read_article(material.body, page.text, material.final_url, page.encoding, outline)
    if article is not None and article.language:
        language = article.language.value
    classified = page_kind.classify(
        material.status or 200,
        list(material.fields),
        page.text,
        article,
        media_type(material.content_type) or "text/html",
        material.requested_url,
        material.final_url,
    )
    found = find_in_page(page.text, page.marks, language)
    problems = material.problems
    if len(found) > MAX_FOUND:
        problems = (*problems, f"{len(found)} statements were found; the first {MAX_FOUND} are kept")
        found = found[:MAX_FOUND]
    records = tuple(record_of(f"s{n}", item, page, material.body, entropy) for n, item in enumerate(found, 1))
    statements, leaves = statement_model.encode_object(records)
    plain = article.to_json() if article is not None else None
    if plain is not None:
        plain.pop("main_text", None)  # it is in the page text; `main_range` says where
    facts = ReadingFacts(
        by="rule",
        source=_source(material, page, projection),
        kind=classified.kind,
        reasons=tuple(clean(reason, 300) for reason in classified.reasons),
        article=plain,
        readers=readers(),
        statements=len(records),
        problems=tuple(clean(problem, 300) for problem in problems),
        salt=spell_salt(entropy(16)),
    )
    spelled = facts, facts_model.encode(facts)  # what cannot be sealed must be known here, not in a commit
    sealed = page_text.encode_object(entropy(16), page.text)
    return Reading(facts, sealed, statements, leaves, records, page.text, page=page, spelled=spelled)


def _source(material: Material, page: Any, projection: Any) -> Source:
    return Source(
        record=material.record,
        digest=digest.of_bytes(material.body),
        size=len(material.body),
        media_type=clean(material.content_type, 200),
        codings=material.codings,
        complete=material.complete,
        encoding=page.encoding if page is not None else None,
        encoding_source=page.encoding_source if page is not None else None,
        text=projection,
    )


def unread(material: Material, entropy: Entropy, kind: str, reasons: tuple[str, ...]) -> Reading:
    """A reading that found nothing, and says why."""
    from archiver.page import kind as page_kind

    if material.status is not None:
        classified = page_kind.classify(
            material.status,
            list(material.fields),
            "",
            None,
            media_type(material.content_type) or "application/octet-stream",
            material.requested_url,
            material.final_url,
        )
        if classified.kind in ("error", "redirect", "challenge", "empty"):
            kind, reasons = classified.kind, classified.reasons
    facts = ReadingFacts(
        by="rule",
        source=_source(material, None, None) if len(material.body) <= MAX_READ else None,
        kind=kind,
        reasons=tuple(clean(reason, 300) for reason in reasons),
        article=None,
        readers=readers(),
        statements=0,
        problems=tuple(clean(problem, 300) for problem in material.problems),
        salt=spell_salt(entropy(16)),
    )
    return Reading(facts, None, None, None, (), None)


def record_of(
    name: str, found: Any, page: Any, body: bytes, entropy: Entropy, by: Any = "rule"
) -> tuple[StatementRecord, ContextRecord]:
    """The two records of a statement that was found in a page."""
    from archiver.page import anchor

    parts = [anchor.make_part(page, body, span.start, span.end) for span in found.parts]
    speaker = None
    if found.speaker is not None:
        mention = found.speaker.mention
        speaker = SpeakerRecord(clean(found.speaker.name, 300), (mention.start, mention.end) if mention else None)

    def words(value: str | None) -> str | None:
        return None if value is None else clean(value, 500)

    statement = StatementRecord(
        id=name,
        kind=found.kind,
        text=" ".join(part.exact for part in parts),
        speaker=speaker,
        role=words(found.role),
        cue=words(found.cue.text) if found.cue is not None else None,
        addressee=words(found.addressee),
        when=words(found.when),
        where=words(found.where),
        via=words(found.via),
        polarity=found.polarity,
        by=by,
        confidence=found.confidence,
        parts=tuple(PartRecord(part.exact, part.text, part.bytes, part.digest) for part in parts),
        salt=spell_salt(entropy(16)),
    )
    context = ContextRecord(
        id=name,
        parts=tuple(ContextPart(part.prefix, part.suffix) for part in parts),
        salt=spell_salt(entropy(16)),
    )
    return statement, context


@functools.cache
def _versions() -> tuple[tuple[str, str], ...]:
    from importlib.metadata import version

    return (
        ("archiver", __version__),
        ("page_text", "page-text/v1"),
        ("statements", "rules/1"),
        ("trafilatura", version("trafilatura")),
        ("htmldate", version("htmldate")),
    )


def readers() -> dict[str, Any]:
    """Which readers, in which versions."""
    return dict(_versions())


def material_of_response(
    record: str,
    block: BinaryIO,
    status: int | None,
    fields: Sequence[tuple[str, str]],
    requested_url: str,
    final_url: str,
    cut: bool,
) -> Material:
    """The decoded body of a stored HTTP response block, as verification will decode it again."""
    from archiver.warc.http import entity_body, split_message

    block.seek(0)
    message = split_message(block)
    content_type = next((value for name, value in fields if name.lower() == "content-type"), "")
    if message.final is None:
        problems = ("no response head",)
        return Material(record, b"", False, (), "", status, tuple(fields), requested_url, final_url, problems)
    block.seek(message.body_offset)
    decoded = entity_body(message.final, block, MAX_READ + 1)
    return Material(
        record,
        decoded.data,
        decoded.complete,
        decoded.codings,
        content_type,
        status,
        tuple(fields),
        requested_url,
        final_url,
        tuple(decoded.problems) + (("the response was cut off",) if cut else ()),
    )


__all__ = ["Material", "Reading", "facts_model", "material_of_response", "media_type", "read", "readers", "record_of"]
