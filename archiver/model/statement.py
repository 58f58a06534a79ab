"""The `statements` object of a reading: JSON lines, two for each statement. Format: docs/formats/statement.md.

Specimen (one statement; each line begins with its version and carries its own salt):

    {"archiver":"statement/v1","id":"s1","kind":"direct","text":"“No.”","speaker":{"name":"Ann Lee","mention":[6,13]},
     "role":null,"cue":"said","addressee":null,"when":null,"where":null,"via":null,"polarity":"affirmed","by":"rule",
     "confidence":97,"parts":[{"exact":"“No.”","text":[0,5],"bytes":[3,14],"digest":"sha256:…"}],"salt":"…"}
    {"archiver":"context/v1","id":"s1","parts":[{"prefix":"","suffix":" said Ann Lee"}],"salt":"…"}

(the first is one line; it is broken here only to fit). The lines are the leaves of an RFC 6962 tree, without their
newline, in order; no lines: the SHA-256 of nothing. `text` is the parts' exact words joined by one blank. Ids rise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from archiver import digest
from archiver.errors import FormatError
from archiver.model.encoding import decode_line, encode_line, refuse_newer
from archiver.model.objects import Tree
from archiver.model.records import from_plain, to_plain
from archiver.model.values import check_digest, check_salt, need
from archiver.tlog.merkle import Frontier, leaf_hash

MAX_LINE = 4 << 20  # bytes; a statement is a sentence or a page, never a book
MAX_STATEMENTS = 100_000  # in one reading; a finder that finds more says so and stops
MAX_CONTEXT = 48  # code points of prefix and suffix (docs/formats/page-text.md)
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
    """One line, without its newline. Raises FormatError for one that must not be written."""
    validate(record)
    line = encode_line(to_plain(record))
    need(len(line) <= MAX_LINE, f"{record.id}: a line of {len(line)} bytes; at most {MAX_LINE}")
    return line


def decode_record(line: bytes) -> StatementRecord | ContextRecord:
    """The record in one line. Raises FormatError, NewerVersionError."""
    refuse_newer(line, StatementRecord.version)
    refuse_newer(line, ContextRecord.version)
    plain = decode_line(line, MAX_LINE)
    record: StatementRecord | ContextRecord
    if isinstance(plain, dict) and plain.get("archiver") == ContextRecord.version:
        record = from_plain(ContextRecord, plain, "context")
    else:
        record = from_plain(StatementRecord, plain, "statement")
    validate(record)
    return record


def validate(record: StatementRecord | ContextRecord) -> None:
    """Raises FormatError unless the record's values are ones that may be written. Whether the words stand where it says
    is for verification to find out (step 12): that takes the page text."""
    if not _ID.fullmatch(record.id):
        raise FormatError(f"not a statement's id: {record.id[:20]!r}")
    check_salt(record.salt)
    need(bool(record.parts), f"{record.id}: no parts")
    if isinstance(record, ContextRecord):
        for around in record.parts:
            longest = max(len(around.prefix), len(around.suffix))
            need(longest <= MAX_CONTEXT, f"{record.id}: a context of {longest} characters; at most {MAX_CONTEXT}")
        return
    need(0 <= record.confidence <= 100, f"{record.id}: confidence {record.confidence}")
    need(record.text == " ".join(part.exact for part in record.parts), f"{record.id}: text is not its parts")
    for part in record.parts:
        _check_part(record.id, part)
    if record.speaker is not None:
        need(bool(record.speaker.name), f"{record.id}: a speaker without a name")
        if record.speaker.mention is not None:
            _check_range(record.id, record.speaker.mention)


def _check_part(name: str, part: PartRecord) -> None:
    need(bool(part.exact), f"{name}: a part without words")
    _check_range(name, part.text)
    need((part.bytes is None) == (part.digest is None), f"{name}: a byte range and its digest go together")
    if part.bytes is not None:
        _check_range(name, part.bytes)
        check_digest(part.digest, f"{name}: digest")


def _check_range(name: str, found: tuple[int, int]) -> None:
    need(0 <= found[0] < found[1], f"{name}: range {found[0]}-{found[1]} is empty or reversed")


def encode_object(pairs: Iterable[tuple[StatementRecord, ContextRecord]]) -> tuple[bytes, Tree]:
    """The statements object and the tree over its lines. Raises FormatError for one that could not be read again."""
    lines: list[bytes] = []
    before = 0
    for statement, context in pairs:
        before = _check_pair(statement, context, before)
        lines += [encode_record(statement), encode_record(context)]
    need(len(lines) <= 2 * MAX_STATEMENTS, f"{len(lines) // 2} statements; at most {MAX_STATEMENTS}")
    return b"".join(line + b"\n" for line in lines), leaves(lines)


def split_lines(data: bytes) -> list[bytes]:
    """The lines of a statements object without their newlines. Raises FormatError if the last one is cut, or if there
    are more than two for each of 100,000 statements."""
    if data and not data.endswith(b"\n"):
        raise FormatError("statements object: the last line has no newline")
    if data.count(b"\n") > 2 * MAX_STATEMENTS:
        raise FormatError(f"statements object: more than {2 * MAX_STATEMENTS} lines")
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
    need(len(records) % 2 == 0, "statements object: the last statement has no context line")
    pairs = []
    before = 0
    for statement, context in zip(records[::2], records[1::2], strict=True):
        if not isinstance(statement, StatementRecord) or not isinstance(context, ContextRecord):
            raise FormatError("statements object: statement and context lines do not alternate")
        before = _check_pair(statement, context, before)
        pairs.append((statement, context))
    return pairs


def decode_some(lines: Iterable[tuple[int, bytes]]) -> list[tuple[StatementRecord, ContextRecord | None]]:
    """The statements of which lines are shown, each line with its number in the object. Raises FormatError unless even
    numbers are statements with rising ids, and each odd one is the context of the statement that is shown before it."""
    pairs: list[tuple[StatementRecord, ContextRecord | None]] = []
    place, before = -1, 0
    for number, line in lines:
        record = decode_record(line)
        if isinstance(record, ContextRecord):
            if number % 2 == 0 or place != number - 1:
                raise FormatError(f"line {number}: a context without its statement")
            statement = pairs.pop()[0]
            _check_pair(statement, record, 0)
            pairs.append((statement, record))
            continue
        need(number % 2 == 0, f"line {number}: a statement where a context should be")
        if int(record.id[1:]) <= before:
            raise FormatError(f"line {number}: {record.id[:20]} does not come after s{before}")
        pairs.append((record, None))
        place, before = number, int(record.id[1:])
    return pairs


def _check_pair(statement: StatementRecord, context: ContextRecord, before: int) -> int:
    if statement.id != context.id or len(statement.parts) != len(context.parts):
        raise FormatError(f"statements object: the context after {statement.id[:20]} is not its own")
    if not _ID.fullmatch(statement.id) or int(statement.id[1:]) <= before:
        raise FormatError(f"statements object: {statement.id[:20]} does not come after s{before}")
    return int(statement.id[1:])
