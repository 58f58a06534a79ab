r"""Reads WARC records: strictly what `WarcWriter` writes, or, with `foreign=True`, what other programs write.

    for record in read_records(stream):
        record.get("WARC-Target-URI"), record.block().read(100)

A foreign WARC may be WARC/0.17 to 1.1, gzipped (a member a record, as is usual, or otherwise) and oddly spelled; each
`Record.remarks` says in what it differs. Offsets then count unpacked bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from archiver import digest
from archiver.errors import FormatError
from archiver.warc.codings import Flow, dechunk
from archiver.warc.http import split_message
from archiver.warc.record import (
    MAX_HEADER,
    TRAILER,
    Fields,
    Record,
    parse_foreign_header,
    parse_header,
)
from archiver.warc.unpack import MAX_UNPACKED, Unpacked, is_gzip

MAX_RECORDS = 100_000  # of one snapshot; one page with all that belongs to it has some hundreds
MAX_FOREIGN_RECORDS = 10_000_000
MAX_BLANK = 64  # bytes of empty lines between two foreign records
OK = "ok"
FAILED = "failed"
NOT_CHECKED = "not checked"  # begins every state that is neither
_TYPES = ("warcinfo", "response", "request", "metadata", "resource", "revisit")
_ALGORITHMS = {"sha256": 32, "sha1": 20, "sha512": 64, "sha384": 48, "md5": 16}  # sizes in bytes
_HEX = re.compile(r"[0-9A-Fa-f]+", re.ASCII)

__all__ = ["FAILED", "NOT_CHECKED", "OK", "Record", "check_digests", "packed_offset", "read_records"]


def read_records(stream: BinaryIO, *, foreign: bool = False, max_unpacked: int = MAX_UNPACKED) -> Iterator[Record]:
    """The records of a seekable stream from its start, one at a time.

    A record's block can be read as long as the stream is open, also after later records. A record is given before what
    follows its block is looked at: only an iteration that ends without FormatError has seen a well-formed file.
    """
    stream.seek(0)
    if not foreign:
        return _strict(stream)
    if is_gzip(stream):
        return _foreign(io.BufferedReader(Unpacked(stream, max_unpacked), 1 << 16))
    return _foreign(stream)


def _strict(stream: BinaryIO) -> Iterator[Record]:
    offset, seen = 0, set[str]()
    while True:
        stream.seek(offset)
        raw = _read_header(stream, offset, empty=(b"\r\n",))
        if not raw:
            break
        try:
            fields = parse_header(raw)
            record = _record(stream, "WARC/1.1", fields, offset, len(raw))
            _check_ours(record, seen)
        except FormatError as error:
            raise FormatError(f"record at byte {offset}: {error.message}") from error
        yield record
        end = record.block_offset + record.block_length
        stream.seek(end)
        if stream.read(len(TRAILER)) != TRAILER:
            raise FormatError(f"record at byte {offset}: no two empty lines at byte {end}, after its block")
        offset = end + len(TRAILER)
    if not seen:
        raise FormatError("no WARC record at byte 0")


def _check_ours(record: Record, seen: set[str]) -> None:
    """What archiver's own records have beyond the grammar."""
    kind, record_id = record.get("WARC-Type"), record.get("WARC-Record-ID")
    if kind not in _TYPES:
        raise FormatError(f"no record of archiver's has the type {str(kind)[:40]!r}")
    if record_id is None or record_id in seen:
        raise FormatError(f"two records are called {record_id}")
    seen.add(record_id)
    if len(seen) > MAX_RECORDS:
        raise FormatError(f"more than {MAX_RECORDS} records")
    if not digest.is_digest(record.get("WARC-Block-Digest")):
        raise FormatError("WARC-Block-Digest is not sha256: and 64 hexadecimal digits")
    payload = record.get("WARC-Payload-Digest")
    if payload is not None and not digest.is_digest(payload):
        raise FormatError("WARC-Payload-Digest is not sha256: and 64 hexadecimal digits")


def _foreign(stream: BinaryIO) -> Iterator[Record]:
    offset = count = 0
    skipped = 0
    while True:
        stream.seek(offset)
        line = stream.readline(MAX_BLANK)
        if line in (b"\r\n", b"\n"):
            offset, skipped = offset + len(line), skipped + len(line)
            if skipped > MAX_BLANK:
                raise FormatError(f"more than {MAX_BLANK} bytes of empty lines at byte {offset}")
            continue
        if not line:
            break
        stream.seek(offset)
        raw = _read_header(stream, offset, empty=(b"\r\n", b"\n"))
        try:
            version, fields, remarks = parse_foreign_header(raw)
            if count and skipped != len(TRAILER):
                remarks = (*remarks, f"{skipped} bytes of empty lines before the record")
            record = _record(stream, version, fields, offset, len(raw), remarks, foreign=True)
        except FormatError as error:
            raise FormatError(f"record at byte {offset}: {error.message}") from error
        count += 1
        if count > MAX_FOREIGN_RECORDS:
            raise FormatError(f"more than {MAX_FOREIGN_RECORDS} records at byte {offset}")
        yield record
        end = record.block_offset + record.block_length
        if record.block_length:
            stream.seek(end - 1)
            if not stream.read(1):
                raise FormatError(
                    f"record at byte {offset}: the file ends inside its block of {record.block_length} bytes"
                )
        offset, skipped = end, 0
    if not count:
        raise FormatError("no WARC record at byte 0")


def _read_header(stream: BinaryIO, offset: int, empty: tuple[bytes, ...]) -> bytes:
    """The bytes from here through the next empty line; nothing at the end of the file."""
    lines: list[bytes] = []
    size = 0
    while True:
        line = stream.readline(MAX_HEADER + 1 - size)
        lines.append(line)
        size += len(line)
        if line in empty:
            return b"".join(lines)
        if not line and size == 0:
            return b""
        if not line.endswith(b"\n") or size > MAX_HEADER:
            what = f"is longer than {MAX_HEADER} bytes" if size > MAX_HEADER else "has no end"
            raise FormatError(f"record at byte {offset}: its header {what}")


def _record(
    stream: BinaryIO,
    version: str,
    fields: Fields,
    offset: int,
    header_length: int,
    remarks: tuple[str, ...] = (),
    foreign: bool = False,
) -> Record:
    length = next(int(value) for name, value in fields if name.lower() == "content-length")
    return Record(version, fields, offset, header_length, offset + header_length, length, stream, remarks, foreign)


def packed_offset(record: Record) -> int | None:
    """Where a record begins in the file as it lies on the disk: in a gzip file where its member begins, None if it
    begins inside one."""
    raw = getattr(record.stream, "raw", None)
    return raw.packed_at(record.offset) if isinstance(raw, Unpacked) else record.offset


def check_digests(record: Record) -> list[tuple[str, str]]:
    """For each digest field of the record its name and `ok`, `failed` or `not checked (why)`. Reads the block."""
    found = []
    block, payload = record.get("WARC-Block-Digest"), record.get("WARC-Payload-Digest")
    if block is not None:
        found.append(("WARC-Block-Digest", _compare(record.block(), block)))
    if payload is not None:
        found.append(("WARC-Payload-Digest", _check_payload(record, payload)))
    return found


def _check_payload(record: Record, said: str) -> str:
    if record.get("WARC-Type") == "revisit":
        return f"{NOT_CHECKED} (the payload of a revisit is stored elsewhere)"
    if record.get("WARC-Segment-Number") is not None:
        return f"{NOT_CHECKED} (the payload is continued in other records)"
    stream = record.block()
    if not record.is_http:
        return _compare(stream, said)
    message = split_message(stream)
    if message.final is None or message.interim:
        return f"{NOT_CHECKED} (where the payload begins is a matter of opinion)"
    state = _compare(stream, said)
    if state == FAILED and record.foreign and "chunked" in (message.final.get("Transfer-Encoding") or "").lower():
        # The standard says entity-body, most programs hash what they store: either is somebody's honest digest.
        stream.seek(message.body_offset)
        return _compare(stream, said, chunked=True)
    return state


def _compare(stream: BinaryIO, said: str, *, chunked: bool = False) -> str:
    algorithm, _, value = said.partition(":")
    size = _ALGORITHMS.get(algorithm.lower().replace("-", ""))
    wanted = None if size is None else _digest_bytes(value, size)
    if size is None or wanted is None:
        return f"{NOT_CHECKED} (unknown kind or spelling of digest: {said[:40]!r})"
    state = hashlib.new(algorithm.lower().replace("-", ""), usedforsecurity=False)
    if chunked:
        for piece in dechunk(stream, Flow()):
            state.update(piece)
    else:
        while piece := stream.read(digest.CHUNK):
            state.update(piece)
    return OK if state.digest() == wanted else FAILED


def _digest_bytes(value: str, size: int) -> bytes | None:
    """A digest in base 16, 32 or 64, told apart by its length; None if it is none of them."""
    try:
        if len(value) == 2 * size and _HEX.fullmatch(value):
            return bytes.fromhex(value)
        bare = value.rstrip("=")
        if len(bare) == -(-size * 8 // 5):
            return base64.b32decode(bare.upper() + "=" * (-len(bare) % 8))
        if len(bare) == -(-size * 8 // 6):
            return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_" if set(bare) & {"-", "_"} else None)
    except (binascii.Error, ValueError):
        return None
    return None
