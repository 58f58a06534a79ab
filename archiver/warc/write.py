r"""Writes the WARC of one snapshot: WARC/1.1, uncompressed, exact HTTP bytes, digests and segments in the same pass.

    warcinfo                                   software and settings, once, first
    response  <- Concurrent-To -> request      for each exchange, the block being the bytes of the wire
    metadata  -- Refers-To -> response         for each TLS connection: the certificates as sent, in PEM
    resource                                   for a local file that was sealed

WARC-Block-Digest is over the block. WARC-Payload-Digest is over what follows the head in the block, still chunked and
coded, and is left out wherever programs would disagree about where that begins (see `_has_plain_head`).
"""

from __future__ import annotations

import hashlib
import io
import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from archiver import digest
from archiver.errors import FormatError, UsageError
from archiver.warc.http import split_message
from archiver.warc.record import TRAILER, Fields, Slice, format_header, is_http
from archiver.warc.segments import SegmentHasher, Segments, block_parts, pieces

TRUNCATED = ("length", "time", "disconnect", "unspecified")
PEM = "application/pem-certificate-chain"  # RFC 8555, 9.1: certificates in the order of the TLS handshake
WARC_FIELDS = "application/warc-fields"
SMALL = 1 << 20  # bytes of a block that is written from memory
MAX_CERTIFICATES = 1 << 20  # bytes of PEM
_PROTOCOL = re.compile(r"[A-Za-z][A-Za-z0-9._/-]*", re.ASCII)
_INFO_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*", re.ASCII)
_MEDIA_TYPE = re.compile(r"[!-~]+/[!-~]+(?:;? ?[ !-~]+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ExchangeIds:
    """The WARC-Record-ID of each record of an exchange, `<urn:uuid:…>` with its angle brackets."""

    response_id: str
    request_id: str
    certificates_id: str | None


@dataclass(frozen=True, slots=True)
class WarcSummary:
    """The finished WARC: bytes, `sha256:…` of all of them (None if `out` takes it), and its segments (None if no secret
    was given)."""

    size: int
    digest: str | None
    segments: Segments | None


class WarcWriter:
    """Appends records to `out` in flat memory.

    `new_id` gives a fresh `<urn:uuid:…>` a call (record.uuid_urn of 16 random bytes). `secret` is the 32-byte segment
    secret, None for no segments. `hashed` is False where `out` takes the digest of what it is given: once is enough.
    Dates are UTC, `2026-11-23T13:02:11.482Z`. Every method raises FormatError for what a WARC header cannot
    carry, before anything of that record is written.
    """

    def __init__(self, out: BinaryIO, new_id: Callable[[], str], secret: bytes | None, *, hashed: bool = True) -> None:
        self._out, self._new_id = out, new_id
        self._hasher = None if secret is None else SegmentHasher(secret)
        self._state, self._size = hashlib.sha256() if hashed else None, 0
        self._info: str | None = None
        self._finished = False

    def write_info(self, date: str, fields: Mapping[str, str]) -> str:
        """The warcinfo record, once and first: `software`, `format`, … one line each. Its id."""
        if self._info is not None or self._size:
            raise UsageError("warcinfo is the first record of a WARC")
        for name, value in fields.items():
            if _INFO_NAME.fullmatch(name) is None or not value.isprintable():
                raise FormatError(f"not a warcinfo field: {name[:40]!r}: {value[:80]!r}")
        block = "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()
        record_id = self._fresh_id()
        self._write(self._head("warcinfo", record_id, date), block, len(block), WARC_FIELDS)
        self._info = record_id
        return record_id

    def write_exchange(
        self,
        *,
        uri: str,
        date: str,
        ip: str | None,
        request: bytes,
        response: BinaryIO | bytes,
        response_length: int | None = None,
        truncated: str | None = None,
        certificates_pem: bytes | None = None,
        protocols: Sequence[str] = (),
        cipher: str | None = None,
    ) -> ExchangeIds:
        """Response, request and certificates of one exchange.

        `response` is a seekable stream, taken from its byte 0 for `response_length` bytes (None: all of it).
        `protocols` are WARC-Protocol values (`http/1.1`, `tls/1.3`), `cipher` the IANA name of the cipher suite.
        """
        if certificates_pem is not None and len(certificates_pem) > MAX_CERTIFICATES:
            raise FormatError(f"more than {MAX_CERTIFICATES} bytes of certificates")
        connection = _connection(uri, ip, protocols, cipher)
        cut = _truncation(truncated)
        ids = ExchangeIds(self._fresh_id(), self._fresh_id(), self._fresh_id() if certificates_pem else None)
        stream, length = _as_stream(response, response_length)
        source = _taken(stream, length) if length <= SMALL else stream
        head = self._head("response", ids.response_id, date)
        self._write(
            (*head, *connection, *cut, ("WARC-Concurrent-To", ids.request_id)),
            source,
            length,
            "application/http; msgtype=response",
            payload_from=_payload_offset(uri, source, length),
        )
        head = self._head("request", ids.request_id, date)
        self._write(
            (*head, *connection, ("WARC-Concurrent-To", ids.response_id)),
            request,
            len(request),
            "application/http; msgtype=request",
        )
        if ids.certificates_id is not None and certificates_pem is not None:
            head = self._head("metadata", ids.certificates_id, date)
            tied = (("WARC-Concurrent-To", ids.response_id), ("WARC-Refers-To", ids.response_id))
            self._write((*head, ("WARC-Target-URI", uri), *tied), certificates_pem, len(certificates_pem), PEM)
        return ids

    def write_resource(self, uri: str, date: str, content_type: str, stream: BinaryIO | bytes, length: int) -> str:
        """A resource record: the bytes of a file, under a `file:` or `urn:` URI. Its id."""
        if _MEDIA_TYPE.fullmatch(content_type) is None or is_http(content_type):
            raise FormatError(f"not the media type of a file: {content_type[:80]!r}")
        record_id = self._fresh_id()
        head = (*self._head("resource", record_id, date), ("WARC-Target-URI", uri))
        self._write(head, stream, length, content_type, payload_from=0)
        return record_id

    def finish(self) -> WarcSummary:
        """What a manifest says of this WARC; nothing can be written afterwards. `out` is left open and unsynced."""
        self._finished = True
        segments = None if self._hasher is None else self._hasher.finish()
        found = None if self._state is None else digest.spell(self._state.digest())
        return WarcSummary(self._size, found, segments)

    def _fresh_id(self) -> str:
        text = self._new_id()
        return text if text.startswith("<") else f"<{text}>"

    def _head(self, kind: str, record_id: str, date: str) -> Fields:
        info = () if self._info is None else (("WARC-Warcinfo-ID", self._info),)
        return (("WARC-Type", kind), ("WARC-Record-ID", record_id), *info, ("WARC-Date", date))

    def _write(
        self,
        fields: Fields,
        source: BinaryIO | bytes,
        length: int,
        content_type: str,
        payload_from: int | None = None,
    ) -> None:
        """One record, in two passes over the block: its digests stand before it."""
        if self._finished:
            raise UsageError("this WARC is finished")
        if length <= SMALL:
            self._write_small(fields, _taken(source, length), content_type, payload_from)
            return
        stream, _ = _as_stream(source, length)
        self._emit([self._header(fields, _digests(stream, length, payload_from), content_type, length)])
        # The cutting reads through a view with a position of its own: writing a part does not disturb it.
        view = io.BufferedReader(Slice(stream, 0, length))
        for part in block_parts(view, length, is_http(content_type)):
            self._emit_pieces(pieces(stream, part.offset, part.length))
        self._emit([TRAILER])

    def _write_small(self, fields: Fields, data: bytes, content_type: str, payload_from: int | None) -> None:
        """A record whose block is in memory: it is taken in once, and everything is a slice of it."""
        header = self._header(fields, _digests_of(data, payload_from), content_type, len(data))
        parts = block_parts(io.BytesIO(data), len(data), is_http(content_type))
        cut = [data[part.offset : part.offset + part.length] for part in parts]
        self._emit([header, *cut, TRAILER])

    def _header(self, fields: Fields, digests: tuple[str, str | None], content_type: str, length: int) -> bytes:
        block, payload = digests
        ends = () if payload is None else (("WARC-Payload-Digest", payload),)
        size = (("Content-Type", content_type), ("Content-Length", str(length)))
        return format_header((*fields, ("WARC-Block-Digest", block), *ends, *size))

    def _emit(self, segments: Sequence[bytes]) -> None:
        """Writes segments that are in memory."""
        if self._hasher is not None:
            for segment in segments:
                self._hasher.add_bytes(segment)
        data = b"".join(segments)
        self._out.write(data)
        self._size += len(data)
        if self._state is not None:
            self._state.update(data)

    def _emit_pieces(self, source: Iterable[bytes]) -> None:
        """Writes one segment that need not fit into memory."""
        written = self._copy(source)
        if self._hasher is not None:
            self._hasher.add(written)
        else:
            for _ in written:
                pass

    def _copy(self, source: Iterable[bytes]) -> Iterator[bytes]:
        for piece in source:
            self._out.write(piece)
            if self._state is not None:
                self._state.update(piece)
            self._size += len(piece)
            yield piece


def _taken(source: BinaryIO | bytes, length: int) -> bytes:
    """The first `length` bytes, in memory. Raises FormatError if there are fewer."""
    if isinstance(source, bytes):
        data = source[:length] if len(source) > length else source
    else:
        source.seek(0)
        data = source.read(length)
    if length < 0 or len(data) != length:
        raise FormatError(f"the stream has {len(data)} bytes, not {length}")
    return data


def _digests_of(data: bytes, payload_from: int | None) -> tuple[str, str | None]:
    block = digest.of_bytes(data)
    return block, None if payload_from is None else digest.of_bytes(memoryview(data)[payload_from:])


def _as_stream(source: BinaryIO | bytes, length: int | None) -> tuple[BinaryIO, int]:
    stream: BinaryIO = io.BytesIO(source) if isinstance(source, bytes) else source
    there = stream.seek(0, io.SEEK_END)
    if length is not None and not 0 <= length <= there:
        raise FormatError(f"the stream has {there} bytes, not {length}")
    return stream, there if length is None else length


def _digests(stream: BinaryIO, length: int, payload_from: int | None) -> tuple[str, str | None]:
    block, payload = hashlib.sha256(), hashlib.sha256()
    middle = length if payload_from is None else payload_from
    for piece in pieces(stream, 0, middle):
        block.update(piece)
    for piece in pieces(stream, middle, length - middle):
        block.update(piece)
        payload.update(piece)
    return digest.spell(block.digest()), None if payload_from is None else digest.spell(payload.digest())


def _payload_offset(uri: str, source: BinaryIO | bytes, length: int) -> int | None:
    """Where the payload of a response begins, None where no payload digest is to be written."""
    if not uri.startswith(("http:", "https:")) or length == 0:
        return None
    message = split_message(source if isinstance(source, bytes) else io.BufferedReader(Slice(source, 0, length)))
    if message.interim or message.final is None or not message.final.complete:
        return None
    return message.body_offset if _has_plain_head(message.final.raw) else None


def _has_plain_head(raw: bytes) -> bool:
    """Whether every reader sees the same end of this head: it begins with HTTP/ and no line but the last looks empty.

    Some programs take a line of nothing but white space, in the sense of Unicode, for the empty one.
    """
    lines = raw.split(b"\n")[:-2]
    return raw.startswith(b"HTTP/") and all(_decoded(line).strip() for line in lines)


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _connection(uri: str, ip: str | None, protocols: Sequence[str], cipher: str | None) -> Fields:
    fields = [("WARC-Target-URI", uri)]
    if ip is not None:
        try:
            ipaddress.ip_address(ip)
        except ValueError as error:
            raise FormatError(f"not an IP address: {ip[:80]!r}") from error
        fields.append(("WARC-IP-Address", ip))
    fields.extend(("WARC-Protocol", value) for value in protocols)
    if cipher is not None:
        fields.append(("WARC-Cipher-Suite", cipher))
    for value in (*protocols, *(() if cipher is None else (cipher,))):
        if _PROTOCOL.fullmatch(value) is None:
            raise FormatError(f"not a protocol or cipher suite: {value[:80]!r}")
    return tuple(fields)


def _truncation(reason: str | None) -> Fields:
    if reason is not None and reason not in TRUNCATED:
        raise FormatError(f"WARC-Truncated is one of {', '.join(TRUNCATED)}, not {reason[:40]!r}")
    return () if reason is None else (("WARC-Truncated", reason),)
