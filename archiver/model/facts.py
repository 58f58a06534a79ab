"""The `facts` objects: of a visit (facts/v1), of a reading (reading/v1), and what a person says (remark/v1).

They are JSON documents (model.encoding) with a 128-bit salt of their own, so that their digest, which stands in a
public manifest, is no oracle for guessing an address or a name. Times are UTC, `2026-11-23T13:02:11.482Z`; sizes are
bytes; durations milliseconds. Format, with specimens: docs/formats/facts.md.

Checked here is what a writer always knows: that times, digests, salts, sizes are what they look like, and that the
parts fit each other. What pages and servers say is text, and is not judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar

from archiver.model import records
from archiver.model.encoding import encode_document
from archiver.model.values import check_digest, check_natural, check_record_id, check_salt, check_time, need

Truncated = Literal["length", "time", "disconnect", "unspecified"]  # WARC 1.1, section 5.13


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
    truncated: Truncated | None
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

    @property
    def rendered(self) -> bool:
        """Whether a browser made the visit (model.rendering): its hops are then all that the page asked for."""
        return self.software.settings.get("mode") == "browser"

    @property
    def whole(self) -> bool:
        """Whether the hops are a page and what belongs to it, not a chain of redirects alone."""
        return self.software.settings.get("mode") in ("browser", "requisites")

    @property
    def document(self) -> Hop | None:
        """The hop that brought the page: the last one; where there are others behind it (`whole`), the first for the
        final address that leads nowhere else. None if there is none."""
        if not self.whole:
            return self.hops[-1] if self.hops else None
        return next((hop for hop in self.hops if hop.url == self.final_url and hop.location is None), None)


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


@dataclass(frozen=True, slots=True)
class Remark:
    """What a person says about a manifest: a note, the reason of a takedown, the purpose of an export."""

    version: ClassVar[str] = "remark/v1"
    by: str | None
    text: str
    salt: str


Facts = SnapshotFacts | ReadingFacts | Remark


def encode(facts: Facts) -> bytes:
    """The bytes of a facts object. Raises FormatError for one that must not be written."""
    validate(facts)
    return encode_document(records.to_plain(facts))


def decode_snapshot(data: bytes) -> SnapshotFacts:
    """The facts of a snapshot. Raises FormatError, NewerVersionError."""
    return _validated(records.decode(SnapshotFacts, data))


def decode_reading(data: bytes) -> ReadingFacts:
    """The facts of a reading. Raises FormatError, NewerVersionError."""
    return _validated(records.decode(ReadingFacts, data))


def decode_remark(data: bytes) -> Remark:
    """The facts of a note, a takedown or an export. Raises FormatError, NewerVersionError."""
    return _validated(records.decode(Remark, data))


F = TypeVar("F", SnapshotFacts, ReadingFacts, Remark)


def _validated(facts: F) -> F:
    validate(facts)
    return facts


def validate(facts: Facts) -> None:
    """Raises FormatError unless the values are ones that may be written."""
    check_salt(facts.salt)
    if isinstance(facts, SnapshotFacts):
        _check_snapshot(facts)
    elif isinstance(facts, ReadingFacts):
        _check_reading(facts)
    else:
        need(bool(facts.text), "remark: no text")


def _check_snapshot(facts: SnapshotFacts) -> None:
    check_time(facts.started, "started")
    check_time(facts.ended, "ended")
    check_natural(facts.attempts, "attempts")
    local = facts.origin == "local file"
    need(local == (facts.outcome == "file"), "facts: outcome `file` belongs to the origin `local file`")
    need(local == (facts.file is not None), "facts: a local file is described in `file`, and nothing else is")
    need(local == (facts.request is None), "facts: what came from the web was requested, and nothing else was")
    need(not local or (not facts.hops and facts.final_url is None), "facts: a local file has neither hops nor address")
    if facts.outcome == "response":
        answered = facts.document is not None and facts.document.status is not None
        need(answered and facts.final_url is not None, "facts: a response has a last hop with a status, and an address")
    need(not (facts.complete and facts.missing), "facts: complete, and something is missing")
    if facts.file is not None:
        check_natural(facts.file.size, "file size")
        if facts.file.modified is not None:
            check_time(facts.file.modified, "modified")
    for hop in facts.hops:
        _check_hop(hop)


def _check_hop(hop: Hop) -> None:
    check_time(hop.started, "hop started")
    check_natural(hop.received, "hop received")
    for label, number in (("status", hop.status), ("port", hop.port)):
        if number is not None:
            check_natural(number, label)
    if hop.record is not None:
        check_record_id(hop.record, "hop record")
    if hop.tls is not None:
        for item in hop.tls.chain:
            check_digest(item, "certificate")
        need(not hop.tls.verified or hop.tls.error is None, "facts: a verified chain has no error")


def _check_reading(facts: ReadingFacts) -> None:
    check_natural(facts.statements, "statements")
    need(bool(facts.kind), "reading: no kind")
    source = facts.source
    if source is None:
        need(facts.statements == 0, "reading: statements, and nothing was read")
        return
    check_record_id(source.record, "source record")
    check_digest(source.digest, "source digest")
    check_natural(source.size, "source size")
    read = source.text is not None
    need(read == (source.encoding is not None), "reading: what was decoded to text has an encoding, and only that")
    need(read == (source.encoding_source is not None), "reading: an encoding comes from somewhere")
    need(read or facts.statements == 0, "reading: statements, and no page text")
