"""The `facts` objects: what a visit was (facts/v1) and what a reading found (reading/v1). Format: docs/formats/facts.md.

Both are JSON documents (model.encoding) with a 128-bit salt of their own, so that their digest, which stands in a
public manifest, is no oracle for guessing an address or a name. Times are UTC, `2026-11-23T13:02:11.482Z`;
sizes are bytes; durations milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from archiver.model.encoding import decode_document, encode_document
from archiver.model.records import from_plain, to_plain


@dataclass(frozen=True, slots=True)
class Collector:
    """Who captured, as they chose to say it. None of it is proven."""

    name: str | None
    organisation: str | None
    location: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked, and how. Cookies by name only; their values stand in the WARC alone."""

    as_given: str
    url: str
    method: str
    route: str
    user_agent: str | None
    accept_language: str | None
    referrer: str | None
    cookies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tls:
    """The TLS session of that very connection. `chain`: SHA-256 of each DER certificate as sent, leaf first."""

    version: str
    cipher: str
    chain: tuple[str, ...]
    verified: bool
    error: str | None


@dataclass(frozen=True, slots=True)
class Hop:
    """One exchange: request and response, with the connection it went over."""

    url: str
    status: int | None
    reason: str | None
    http: str | None
    location: str | None
    ip: str | None
    port: int | None
    via_proxy: str | None
    tls: Tls | None
    started: str
    received: int
    truncated: str | None
    problems: tuple[str, ...]
    record: str | None


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file of this machine that was sealed instead of a page: nothing says where it came from."""

    name: str
    modified: str | None
    size: int
    media_type: str


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """Where the times come from. `synchronised` None: this system does not say."""

    source: str
    synchronised: bool | None
    server_date_skew_ms: int | None
    timezone: str


@dataclass(frozen=True, slots=True)
class Software:
    """What captured; `settings` are the ones in force for this visit."""

    name: str
    version: str
    python: str
    platform: str
    libraries: dict[str, Any]
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """The facts of one snapshot."""

    version: ClassVar[str] = "facts/v1"
    run: str
    origin: Literal["live web", "local file"]
    collector: Collector
    case: str | None
    note: str | None
    tags: tuple[str, ...]
    request: Request | None
    file: LocalFile | None
    started: str
    ended: str
    attempts: int
    outcome: Literal["response", "no response", "file"]
    final_url: str | None
    hops: tuple[Hop, ...]
    clock: ClockFacts
    software: Software
    complete: bool
    missing: tuple[str, ...]
    transformations: tuple[str, ...]
    errors: tuple[str, ...]
    salt: str


@dataclass(frozen=True, slots=True)
class Source:
    """Which bytes were read: the WARC record, and the SHA-256 of its body after transfer and content decoding."""

    record: str
    digest: str
    size: int
    media_type: str
    codings: tuple[str, ...]
    complete: bool
    encoding: str | None
    encoding_source: str | None
    text: Literal["page-text/v1", "plain-text/v1"] | None


@dataclass(frozen=True, slots=True)
class ReadingFacts:
    """What a reading found. `article` tells, field by field, what the page says from what was guessed."""

    version: ClassVar[str] = "reading/v1"
    by: Literal["rule", "person"]
    source: Source | None
    kind: str
    reasons: tuple[str, ...]
    article: dict[str, Any] | None
    readers: dict[str, Any]
    statements: int
    problems: tuple[str, ...]
    salt: str


Facts = SnapshotFacts | ReadingFacts


def encode(facts: Facts) -> bytes:
    """The bytes of a facts object."""
    return encode_document(to_plain(facts))


def decode_snapshot(data: bytes) -> SnapshotFacts:
    """The facts of a snapshot. Raises FormatError, NewerVersionError."""
    return from_plain(SnapshotFacts, decode_document(data), "facts")


def decode_reading(data: bytes) -> ReadingFacts:
    """The facts of a reading. Raises FormatError, NewerVersionError."""
    return from_plain(ReadingFacts, decode_document(data), "facts")
