"""Transfer and content codings of HTTP, removed piece by piece: chunked (RFC 9112, 7.1), gzip, deflate (RFC 9110,
8.4.1), br (RFC 7932), zstd (RFC 8878). Every step reads an iterator of pieces and gives one, in bounded memory.

Damage never raises: what was decoded before it is given, and the `Flow` that all steps share says what went wrong.
"""

from __future__ import annotations

import importlib
import re
import zlib
from collections.abc import Callable, Generator, Iterator
from typing import Any, BinaryIO

PIECE = 1 << 16  # bytes; the most that one step asks of a decoder at once
MAX_CODINGS = 5
MAX_MEMBERS = 1000  # gzip members or zstd frames in one body; each costs a fresh decoder
MAX_CHUNK_LINE = 4096  # bytes of a chunk's size line, or of a trailer field
MAX_TRAILERS = 256
UNSUPPORTED = ("compress", "x-compress", "exi", "pack200-gzip", "aes128gcm", "dcb", "dcz")
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")
_GZIP = b"\x1f\x8b"


class Flow:
    """What the steps of one body learn on the way; `framed` once the message's own framing said where the body ends."""

    def __init__(self) -> None:
        self.received = 0
        self.complete = True
        self.framed = False
        self.problems: list[str] = []

    def broken(self, problem: str) -> None:
        """Something is missing or wrong."""
        self.complete = False
        self.problems.append(problem)

    def left_over(self, count: int, what: str) -> None:
        """Nothing is missing, but there is more than there should be."""
        self.problems.append(f"{count} bytes after the end of {what}")


def is_ignored(coding: str) -> bool:
    """Whether a coding's name means nothing to anybody (`utf-8`, `none`): browsers take such a body as it is."""
    return coding not in (*_STEPS, *UNSUPPORTED, "chunked")


def decode(coding: str, pieces: Iterator[bytes], flow: Flow, limit: int) -> Iterator[bytes] | None:
    """`pieces` without `coding`, at most some `limit` bytes of them. None, with a problem, if it cannot be removed."""
    step = _STEPS.get(coding)
    if step is None:
        flow.broken(f"{coding} not decoded")
        return None
    made = step(pieces, flow)
    return None if made is None else _bounded(made, flow, limit, coding)


def _bounded(pieces: Iterator[bytes], flow: Flow, limit: int, coding: str) -> Iterator[bytes]:
    """Lets the piece that crosses the limit through, so that whoever collects sees that there was more."""
    size = 0
    for piece in pieces:
        yield piece
        size += len(piece)
        if size > limit:
            flow.broken(f"stopped after {limit} bytes of unpacked {coding}")
            return


def until_end(stream: BinaryIO, flow: Flow) -> Iterator[bytes]:
    """Everything that is left."""
    while piece := stream.read(PIECE):
        flow.received += len(piece)
        yield piece


def up_to(stream: BinaryIO, length: int, flow: Flow) -> Iterator[bytes]:
    """The next `length` bytes."""
    left = length
    while left and (piece := stream.read(min(left, PIECE))):
        left -= len(piece)
        flow.received += len(piece)
        yield piece
    if left:
        flow.broken(f"{length - left} of {length} bytes of the body are there")
    flow.framed = True


def dechunk(stream: BinaryIO, flow: Flow) -> Iterator[bytes]:
    """The chunks' data. Leaves the stream after the last chunk and its trailer fields."""
    while True:
        line = stream.readline(MAX_CHUNK_LINE)
        if not line.endswith(b"\n"):
            flow.broken("the chunked body has no end" if len(line) < MAX_CHUNK_LINE else "a chunk's line is too long")
            return
        found = _SIZE.fullmatch(line.split(b";")[0].strip(b" \t\r\n"))
        if found is None:
            flow.broken(f"not the size of a chunk: {line[:20]!r}")
            return
        left = int(found[0], 16)
        if left == 0:
            break
        while left and (piece := stream.read(min(left, PIECE))):
            left -= len(piece)
            flow.received += len(piece)
            yield piece
        if left:
            flow.broken("the chunked body ends inside a chunk")
            return
        if (end := stream.readline(2)) not in (b"\r\n", b"\n"):
            flow.broken("no line end after a chunk" if end else "the chunked body has no end")
            return
    for _ in range(MAX_TRAILERS):
        line = stream.readline(MAX_CHUNK_LINE)
        if line in (b"\r\n", b"\n"):
            flow.framed = True
            return
        if not line.endswith(b"\n"):
            break
    flow.broken("no empty line after the last chunk")


def _gunzip(pieces: Iterator[bytes], flow: Flow) -> Iterator[bytes]:
    """gzip, with several members after one another (RFC 1952, 2.2)."""
    engine = zlib.decompressobj(31)
    members, begun, held = 1, False, b""
    for piece in pieces:
        data, held = held + piece, b""
        while data:
            if engine.eof:
                if len(data) < 2 and data == _GZIP[: len(data)]:
                    held = data
                    break
                if members == MAX_MEMBERS:
                    flow.broken(f"stopped after {MAX_MEMBERS} gzip members")
                    return
                if data[:2] != _GZIP:
                    flow.left_over(len(data) + sum(map(len, pieces)), "the gzip data")
                    return
                engine, members = zlib.decompressobj(31), members + 1
            begun = True
            data = yield from _inflate(engine, data, flow, "gzip")
            if data and not engine.eof:
                return
    if held:
        flow.left_over(len(held), "the gzip data")
    elif begun and not engine.eof:
        flow.broken("the gzip data ends early")


def _deflate(pieces: Iterator[bytes], flow: Flow) -> Iterator[bytes]:
    """deflate: in a zlib wrapper as the RFC has it, or raw as some servers have it; the first two bytes tell."""
    data = b""
    for piece in pieces:
        data += piece
        if len(data) >= 2:
            break
    if not data:
        return
    wrapped = len(data) > 1 and data[0] & 15 == 8 and int.from_bytes(data[:2], "big") % 31 == 0
    engine = zlib.decompressobj(15 if wrapped else -15)
    while data:
        data = yield from _inflate(engine, data, flow, "deflate")
        if engine.eof:
            if rest := len(data) + sum(map(len, pieces)):
                flow.left_over(rest, "the deflate data")
            return
        if data:
            return
        data = next(pieces, b"")
    flow.broken("the deflate data ends early")


def _inflate(engine: Any, data: bytes, flow: Flow, name: str) -> Generator[bytes, None, bytes]:
    """Feeds `data`; returns what the engine left of it: bytes after its end, or, with a problem, at the damage."""
    more = True
    while not engine.eof and (data or more):
        spare = engine.copy()
        try:
            out = engine.decompress(data, PIECE)
        except zlib.error:
            flow.broken(f"the {name} data is damaged")
            yield from _salvage(spare, data)
            return data
        data = engine.unused_data if engine.eof else engine.unconsumed_tail
        more = len(out) == PIECE
        if out:
            yield out
    return data


def _salvage(engine: Any, data: bytes) -> Iterator[bytes]:
    """What comes before the damage: zlib throws away the output of the call that fails, so feed it byte by byte."""
    out = bytearray()
    try:
        for at in range(len(data)):
            out += engine.decompress(data[at : at + 1], PIECE)
    except zlib.error:
        pass
    if out:
        yield bytes(out)


def _unbrotli(pieces: Iterator[bytes], flow: Flow) -> Iterator[bytes] | None:
    """br, through the brotli module from 1.2 on: earlier ones cannot bound what they unpack."""
    module = _optional("brotli")
    if module is None or not hasattr(module.Decompressor, "can_accept_more_data"):
        flow.broken("brotli not decoded: no brotli module of version 1.2 or later")
        return None
    return _brotli(module, pieces, flow)


def _brotli(module: Any, pieces: Iterator[bytes], flow: Flow) -> Iterator[bytes]:
    engine = module.Decompressor()
    begun = False
    for piece in pieces:
        if engine.is_finished():
            flow.left_over(len(piece) + sum(map(len, pieces)), "the brotli data")
            return
        data, begun = piece, True
        while data or not engine.can_accept_more_data():
            try:
                out = engine.process(data, output_buffer_limit=PIECE)
            except module.error:
                flow.broken("the brotli data is damaged, or something follows it")
                return
            data = b""
            if out:
                yield out
            if engine.is_finished():
                break
    if begun and not engine.is_finished():
        flow.broken("the brotli data ends early")


def _unzstd(pieces: Iterator[bytes], flow: Flow) -> Iterator[bytes] | None:
    """zstd, through Python 3.14's module or its backport."""
    module = _optional("compression.zstd") or _optional("backports.zstd")
    if module is None:
        flow.broken("zstd not decoded: no zstd module")
        return None
    return _zstd(module, pieces, flow)


def _zstd(module: Any, pieces: Iterator[bytes], flow: Flow) -> Iterator[bytes]:
    engine, frames, begun = module.ZstdDecompressor(), 1, False
    for piece in pieces:
        data, begun = piece, True
        while data or not (engine.eof or engine.needs_input):
            if engine.eof:
                if frames == MAX_MEMBERS:
                    flow.broken(f"stopped after {MAX_MEMBERS} zstd frames")
                    return
                engine, frames = module.ZstdDecompressor(), frames + 1
            try:
                out = engine.decompress(data, PIECE)
            except module.ZstdError:
                flow.broken("the zstd data is damaged, or something follows it")
                return
            data = engine.unused_data if engine.eof else b""
            if out:
                yield out
    if begun and not engine.eof:
        flow.broken("the zstd data ends early")


def _optional(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


_STEPS: dict[str, Callable[[Iterator[bytes], Flow], Iterator[bytes] | None]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _deflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
