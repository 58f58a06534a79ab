"""The `statements` object of a reading: JSON lines, two for each statement. Format: docs/formats/statement.md.

Specimen (one statement; each line begins with its version and carries its own salt):

    {"archiver":"statement/v1","id":"s1","kind":"direct","text":"“No.”","speaker":{"name":"Ann Lee","mention":[6,13]},
     "role":null,"cue":"said","addressee":null,"when":null,"where":null,"via":null,"polarity":"affirmed","by":"rule",
     "confidence":97,"parts":[{"exact":"“No.”","text":[0,5],"bytes":[3,14],"digest":"sha256:…"}],"salt":"…"}
    {"archiver":"context/v1","id":"s1","parts":[{"prefix":"","suffix":" said Ann Lee"}],"salt":"…"}

(the first is one line; it is broken here only to fit). The lines are the leaves of an RFC 6962 tree, without their
newline, in order; no lines: the SHA-256 of nothing. `text` is the parts' exact words joined by one blank.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from archiver import digest
from archiver.errors import FormatError
from archiver.model.encoding import decode_line, encode_line
from archiver.model.manifest import Tree
from archiver.model.records import from_plain, to_plain
from archiver.tlog.merkle import Frontier, leaf_hash

MAX_LINE = 4 << 20  # bytes; a statement is a sentence or a page, never a book
_ID = re.compile(r"s[1-9][0-9]{0,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SpeakerRecord:
    """Who is quoted: the name, and where the text mentions them (code points of the page text)."""

    name: str
    mention: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class PartRecord:
    """One run of words. Ranges are half-open: code points of the page text, bytes of the decoded body.

    `bytes` and `digest` are null where the words have no one place in the bytes (docs/formats/page-text.md).
    """

    exact: str
    text: tuple[int, int]
    bytes: tuple[int, int] | None
    digest: str | None


@dataclass(frozen=True, slots=True)
class StatementRecord:
    """One statement as it is sealed."""

    version: ClassVar[str] = "statement/v1"
    id: str
    kind: Literal["direct", "mixed", "indirect"]
    text: str
    speaker: SpeakerRecord | None
    role: str | None
    cue: str | None
    addressee: str | None
    when: str | None
    where: str | None
    via: str | None
    polarity: Literal["affirmed", "denied"]
    by: Literal["rule", "person"]
    confidence: int
    parts: tuple[PartRecord, ...]
    salt: str


@dataclass(frozen=True, slots=True)
class ContextPart:
    """The words before and after one part (W3C TextQuoteSelector's prefix and suffix)."""

    prefix: str
    suffix: str


@dataclass(frozen=True, slots=True)
class ContextRecord:
    """The surroundings of one statement, apart from it so that they can be withheld."""

    version: ClassVar[str] = "context/v1"
    id: str
    parts: tuple[ContextPart, ...]
    salt: str


def encode_record(record: StatementRecord | ContextRecord) -> bytes:
    """One line, without its newline."""
    return encode_line(to_plain(record))


def decode_record(line: bytes) -> StatementRecord | ContextRecord:
    """The record in one line. Raises FormatError, NewerVersionError."""
    plain = decode_line(line, MAX_LINE)
    if isinstance(plain, dict) and str(plain.get("archiver", "")).startswith("context/"):
        return _checked_context(from_plain(ContextRecord, plain, "context"))
    record = from_plain(StatementRecord, plain, "statement")
    if not _ID.fullmatch(record.id) or not record.parts or not 0 <= record.confidence <= 100:
        raise FormatError(f"statement {record.id[:20]!r}: id, parts or confidence out of range")
    if record.text != " ".join(part.exact for part in record.parts):
        raise FormatError(f"statement {record.id}: text is not its parts joined by a blank")
    for part in record.parts:
        if (part.bytes is None) != (part.digest is None):
            raise FormatError(f"statement {record.id}: a byte range and its digest go together")
        if part.digest is not None:
            digest.raw(part.digest)
        for low, high in (part.text, part.bytes or (0, 1)):
            if not 0 <= low < high:
                raise FormatError(f"statement {record.id}: range {low}-{high} is empty or reversed")
    return record


def _checked_context(record: ContextRecord) -> ContextRecord:
    if not _ID.fullmatch(record.id):
        raise FormatError(f"context {record.id[:20]!r}: malformed id")
    return record


def encode_object(pairs: Iterable[tuple[StatementRecord, ContextRecord]]) -> tuple[bytes, Tree]:
    """The statements object and the tree over its lines."""
    lines = [encode_record(record) for pair in pairs for record in pair]
    return b"".join(line + b"\n" for line in lines), leaves(lines)


def split_lines(data: bytes) -> list[bytes]:
    """The lines of a statements object without their newlines. Raises FormatError if the last one is cut."""
    if data and not data.endswith(b"\n"):
        raise FormatError("statements object: the last line has no newline")
    return data.split(b"\n")[:-1]


def leaves(lines: Iterable[bytes]) -> Tree:
    """The RFC 6962 tree over lines."""
    frontier = Frontier()
    for line in lines:
        frontier.append(leaf_hash(line))
    return Tree(frontier.size, digest.spell(frontier.root()))


def decode_object(data: bytes) -> list[tuple[StatementRecord, ContextRecord]]:
    """The statements with their contexts. Raises FormatError unless they stand in pairs with rising ids."""
    records = [decode_record(line) for line in split_lines(data)]
    pairs = []
    for statement, context in zip(records[::2], records[1::2], strict=False):
        if not isinstance(statement, StatementRecord) or not isinstance(context, ContextRecord):
            raise FormatError("statements object: statement and context lines do not alternate")
        if statement.id != context.id or len(statement.parts) != len(context.parts):
            raise FormatError(f"statements object: the context after {statement.id} is not its own")
        pairs.append((statement, context))
    if len(records) % 2:
        raise FormatError("statements object: the last statement has no context line")
    if len({statement.id for statement, _ in pairs}) != len(pairs):
        raise FormatError("statements object: an id stands twice")
    return pairs
