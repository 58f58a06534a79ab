"""A citation of one statement: whose words, where they stood, when that was sealed, and how to find it again."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Any

from archiver.archive import Archive
from archiver.errors import ArchiverError, UsageError
from archiver.model.statement import ContextRecord, StatementRecord
from archiver.page import anchor
from archiver.page.fragment import Spot, link
from archiver.page.text import decode_object
from archiver.verify.identity import short
from archiver.work import look
from archiver.work.decided import MAX_PAGE_TEXT

GUESSED = "guessed: "
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Citation:
    """What a citation says. Text is as the page has it, not yet escaped for anything. `day`: of publication;
    `captured`: of the snapshot, by the collector's clock; `link`: the address with a text fragment, None for a local
    file."""

    ref: str
    identity: str
    fingerprint: str
    digest: str
    snapshot: int
    words: tuple[str, ...]
    kind: str
    denied: bool
    speaker: str | None
    role: str | None
    title: str | None
    authors: tuple[str, ...]
    site: str | None
    day: str | None
    language: str | None
    url: str | None
    link: str | None
    captured: str
    schema: str | None
    file: str | None

    @property
    def key(self) -> str:
        """A name for it in lists of references: letters, digits and hyphens."""
        return f"archiver-{self.identity[7:15]}-{self.ref.replace('#', '-')}"


def cite(archive: Archive, ref: str, statement: str | None = None) -> Citation:
    """The citation of a statement, `42#s3`. Raises UsageError, MissingError, FormatError; ProofError where that
    is not what was sealed, or not signed by a key in force."""
    meant = look.resolve(archive, ref, statement)
    capture = meant.capture
    if capture is None or capture.reading is None or meant.statement is None:
        raise UsageError(f"{ref} is no statement", hint=_hint(archive, ref, capture))
    archive.check_signed(capture.snapshot.manifest, capture.reading.manifest)
    pairs = {record.id: (record, context) for record, context in look.statements(archive, capture.reading)}
    record, context = pairs[meant.statement]
    article = (capture.found.article if capture.found is not None else None) or {}
    identity = look.sealed(archive, 0).digest
    facts = capture.facts
    url = None
    if facts is not None and facts.request is not None:
        url = facts.final_url or facts.request.url
    return Citation(
        ref=meant.name,
        identity=identity,
        fingerprint=short(identity),
        digest=capture.reading.digest,
        snapshot=capture.snapshot.sequence,
        words=tuple(part.exact for part in record.parts),
        kind=record.kind,
        denied=record.polarity == "denied",
        speaker=record.speaker.name if record.speaker is not None else None,
        role=record.role,
        title=capture.said("title"),
        authors=tuple(_values(article.get("bylines"))),
        site=capture.said("site"),
        day=_day(article.get("published")),
        language=capture.said("language"),
        url=url,
        link=None if url is None else link(url, _spots(archive, capture.reading, record, context)),
        captured=capture.snapshot.manifest.time,
        schema=capture.said("schema"),
        file=facts.file.name if facts is not None and facts.file is not None else None,
    )


def _hint(archive: Archive, ref: str, capture: look.Capture | None) -> str:
    if capture is None or capture.reading is None:
        return "give a statement, e.g. 42#s3"
    ids = [record.id for record, _ in look.statements(archive, capture.reading)]
    if not ids:
        return "it has no statements"
    named = f"{capture.reading.sequence}#{ids[0]}"
    return f"name one: archiver cite {named}; archiver statements {shlex.quote(ref)} lists them"


def _spots(archive: Archive, reading: look.Sealed, record: StatementRecord, context: ContextRecord) -> list[Spot]:
    """The parts for a text fragment. Without the page text (taken down) each is taken to stand there more than once."""
    try:
        text = decode_object(archive.object(reading.manifest, "page-text", MAX_PAGE_TEXT))[1]
    except ArchiverError:
        text = ""
    spots = []
    for part, around in zip(record.parts, context.parts, strict=True):
        often = len(anchor.find_all(text, part.exact)) != 1
        spots.append(Spot(part.exact, around.prefix, around.suffix, often))
    return spots


def _values(said: Any) -> list[str]:
    """What is said, and not guessed."""
    found = []
    for item in said if isinstance(said, list) else [said]:
        value = item.get("value") if isinstance(item, dict) else None
        if isinstance(value, str) and not str(item.get("source")).startswith(GUESSED):
            found.append(value)
    return found


def _day(said: Any) -> str | None:
    """The day of a date that the page itself gives."""
    if not _values(said):
        return None
    match = _DAY.match(str(said.get("time") or said["value"]))
    return match[0] if match else None
