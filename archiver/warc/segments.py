"""The segments of a WARC: the leaves of an RFC 6962 tree that let a cookie or a body be left out of an export.

Each record is cut, in this order, into

    warc-header   from `WARC/1.1` through the empty line
    start-line    )
    field         ) only where Content-Type is application/http: cut by `archiver.warc.http.http_parts`
    end-of-head   )
    body          the rest of the block
    trailer       the four bytes CR LF CR LF

and an empty part is no segment. Segment i (from 0, over the whole file) has salt_i = HMAC-SHA256(S, i as eight bytes,
big-endian), where S is the WARC's 32-byte secret, and the leaf hash SHA-256(0x00 || salt_i || segment). All segments
in order are the file.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from archiver import digest
from archiver.errors import FormatError
from archiver.tlog.merkle import Frontier
from archiver.warc.http import Kind, Part, http_parts
from archiver.warc.read import read_records
from archiver.warc.record import TRAILER, Record

SECRET_SIZE = 32  # bytes
MAX_INDEX = (1 << 64) - 1
_LEAF = b"\x00"


@dataclass(frozen=True, slots=True)
class Segment:
    """Segment number `index`: `length` bytes of the WARC from `offset`."""

    index: int
    kind: Kind
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Segments:
    """What a manifest says of a WARC's segments: how many, and the root `sha256:…` of their tree."""

    count: int
    root: str


class SegmentHasher:
    """Takes the segments in order, each as pieces of any size, and keeps the tree's frontier: flat memory."""

    def __init__(self, secret: bytes) -> None:
        _check_secret(secret)
        self._secret, self._frontier = secret, Frontier()

    def add(self, pieces: Iterable[bytes]) -> bytes:
        """The leaf hash of the next segment."""
        leaf = leaf_of(salt(self._secret, self._frontier.size), pieces)
        self._frontier.append(leaf)
        return leaf

    def add_bytes(self, segment: bytes) -> bytes:
        """The leaf hash of the next segment, whole."""
        salted = hmac.digest(self._secret, self._frontier.size.to_bytes(8, "big"), "sha256")
        leaf = hashlib.sha256(_LEAF + salted + segment).digest()
        self._frontier.append(leaf)
        return leaf

    def finish(self) -> Segments:
        """Number of segments so far, and the root over them."""
        return Segments(self._frontier.size, digest.spell(self._frontier.root()))


def _check_secret(secret: bytes) -> None:
    if len(secret) != SECRET_SIZE:
        raise FormatError(f"a segment secret has {SECRET_SIZE} bytes, not {len(secret)}")


def salt(secret: bytes, index: int) -> bytes:
    """The 32 bytes that stand before segment `index` in its leaf; they disclose nothing of the other salts."""
    _check_secret(secret)
    if not 0 <= index <= MAX_INDEX:
        raise FormatError(f"no segment has the number {index}")
    return hmac.digest(secret, index.to_bytes(8, "big"), "sha256")


def leaf_of(salt_of_segment: bytes, pieces: Iterable[bytes]) -> bytes:
    """The RFC 6962 leaf hash of one segment, for whoever holds its salt and its bytes."""
    state = hashlib.sha256(_LEAF + salt_of_segment)
    for piece in pieces:
        state.update(piece)
    return state.digest()


def cut(record: Record) -> Iterator[Part]:
    """The parts of one record in order; offsets count from the start of the WARC. Raises FormatError."""
    yield Part("warc-header", record.offset, record.header_length)
    for part in block_parts(record.block(), record.block_length, record.is_http):
        yield Part(part.kind, record.block_offset + part.offset, part.length)
    yield Part("trailer", record.block_offset + record.block_length, len(TRAILER))


def block_parts(block: BinaryIO, length: int, is_http: bool) -> Iterator[Part]:
    """The parts of a block; offsets count from its start."""
    if is_http:
        yield from http_parts(block, length)
    elif length:
        yield Part("body", 0, length)


def read_segments(warc: BinaryIO) -> Iterator[Segment]:
    """Every segment of a WARC that archiver wrote, in order. Raises FormatError."""
    index = 0
    for record in read_records(warc):
        for part in cut(record):
            yield Segment(index, part.kind, part.offset, part.length)
            index += 1


def segment_leaves(warc: BinaryIO, secret: bytes) -> Iterator[tuple[Segment, bytes]]:
    """Every segment with its leaf hash. Raises FormatError."""
    _check_secret(secret)
    for segment in read_segments(warc):
        yield segment, leaf_of(salt(secret, segment.index), pieces(warc, segment.offset, segment.length))


def segment_root(warc: BinaryIO, secret: bytes) -> tuple[int, str]:
    """Number of segments and root `sha256:…` of a WARC that archiver wrote. Raises FormatError."""
    frontier = Frontier()
    for _, leaf in segment_leaves(warc, secret):
        frontier.append(leaf)
    return frontier.size, digest.spell(frontier.root())


def pieces(stream: BinaryIO, offset: int, length: int) -> Iterator[bytes]:
    """`length` bytes of a seekable stream from `offset`, a piece at a time. Raises FormatError if it is shorter."""
    stream.seek(offset)
    left = length
    while left:
        piece = stream.read(min(left, digest.CHUNK))
        if not piece:
            raise FormatError(f"the file ends at byte {offset + length - left}")
        left -= len(piece)
        yield piece
