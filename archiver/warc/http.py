r"""HTTP/1 messages as they came over the wire: where a head ends, what it says, which bytes are the body (RFC 9112).

Any bytes whatever can be cut. A line ends with LF (CR LF as a rule) or with the block. The first line of a head is its
start line, a line that begins with a space or tab goes on the field before it, an empty line ends the head. A head
whose status is 1xx (but not 101) is followed by another head if what follows begins with `HTTP/` (RFC 9110, 15.2).

    HTTP/1.1 103 Early Hints\r\n          start-line
    Link: </style.css>; rel=preload\r\n   field
    \r\n                                  end-of-head
    HTTP/1.1 200 OK\r\n                   start-line
    X-Note: one\r\n two\r\n               field
    \r\n                                  end-of-head
    <p>Hello.                             body
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Literal

from archiver.errors import FormatError
from archiver.warc.codings import MAX_CODINGS, UNSUPPORTED, Flow, dechunk, decode, is_ignored, until_end, up_to

MAX_HEAD_LINES = 4096  # of all heads of one block together; whatever follows the last of them is body
MAX_HEAD = 1 << 20  # bytes of one head that are looked into; clients stop at 64 to 256 KiB
RATIO = 250  # decoded to received bytes; text packs 3 to 50 times, only bombs go beyond this …
RATIO_FROM = 64 << 20  # … which is looked at from this many decoded bytes on
_PIECE = 8192

Kind = Literal["warc-header", "start-line", "field", "end-of-head", "body", "trailer"]

INTERIM = re.compile(rb"HTTP/[0-9.]{1,8}[ \t]{1,8}1(?!01)[0-9][0-9](?=[ \t\r\n]|\Z)")
_STATUS = re.compile(rb"HTTP/[^ \t]*[ \t]+([1-9][0-9][0-9])(?:[ \t]+(.*))?", re.DOTALL)
_LENGTH = re.compile(r"[0-9]{1,15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of bytes and what it is; `offset` counts from where the caller began."""

    kind: Kind
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class HttpHead:
    """One head. Field values are what stands after the colon, unstripped, without the line end, folds kept.

    A line without a colon has an empty name. `status` and `reason` are None for a request or an odd status line;
    `complete` is False if the head has no empty line at its end.
    """

    start_line: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    raw: bytes
    status: int | None
    reason: str | None
    complete: bool

    def values(self, name: str) -> tuple[str, ...]:
        """Every value of that field (name in any case), folds and outer white space removed, read as Latin-1."""
        wanted = name.lower().encode("latin-1", "replace")
        return tuple(_unfold(value) for key, value in self.fields if key.strip(b" \t").lower() == wanted)

    def get(self, name: str) -> str | None:
        """The first of `values`."""
        return next(iter(self.values(name)), None)


@dataclass(frozen=True, slots=True)
class Message:
    """A block taken apart. `final` is None if no head with `HTTP/` in its start line came, or one too large."""

    interim: tuple[HttpHead, ...]
    final: HttpHead | None
    body_offset: int


@dataclass(frozen=True, slots=True)
class DecodedBody:
    """A body without its transfer and content codings.

    `codings` are those that were removed, in that order; `complete` is False where bytes are missing, damaged, over a
    limit or still coded (a problem then says `not decoded`); `problems` are sentences for people.
    """

    data: bytes
    complete: bool
    codings: tuple[str, ...]
    problems: tuple[str, ...]


def http_parts(block: BinaryIO, length: int) -> Iterator[Part]:
    """Cuts the next `length` bytes of `block`, in flat memory; the parts in order are those bytes, none is empty."""
    offset, lines, held = 0, 0, None
    in_head = interim = after_interim = False
    while offset < length and lines < MAX_HEAD_LINES:
        first, size = _line(block, length - offset)
        if after_interim and not in_head and not first.startswith(b"HTTP/"):
            break
        lines += 1
        if first in (b"\r\n", b"\n"):
            if held is not None:
                yield held
            held = None
            yield Part("end-of-head", offset, size)
            offset += size
            if not interim:
                break
            in_head, interim, after_interim = False, False, True
            continue
        if not in_head:
            in_head, interim = True, INTERIM.match(first) is not None
            yield Part("start-line", offset, size)
        elif held is not None and first[:1] in (b" ", b"\t"):
            held = Part("field", held.offset, held.length + size)
        else:
            if held is not None:
                yield held
            held = Part("field", offset, size)
        offset += size
    if held is not None:
        yield held
    if offset < length:
        yield Part("body", offset, length - offset)


def _line(block: BinaryIO, left: int) -> tuple[bytes, int]:
    """The beginning of the next line and the length of the whole."""
    first = last = block.readline(min(left, _PIECE))
    size = len(first)
    while last and not last.endswith(b"\n") and size < left:
        last = block.readline(min(left - size, _PIECE))
        size += len(last)
    if not last:
        raise FormatError(f"the block ends {left - size} bytes early")
    return first, size


def split_message(block: BinaryIO | bytes) -> Message:
    """The heads of a block and where its body begins; a stream is left standing there."""
    stream = io.BytesIO(block) if isinstance(block, bytes) else block
    length = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    heads: list[tuple[int, int, bool]] = []
    begun, offset, body = 0, 0, False
    for part in http_parts(stream, length):
        if part.kind == "body":
            body = True
            break
        offset = part.offset + part.length
        if part.kind == "end-of-head":
            heads.append((begun, offset, True))
            begun = offset
    if begun < offset and not body:
        heads.append((begun, offset, False))
    found = [_read_head(stream, *head) for head in heads]
    stream.seek(offset)
    unfinished = begun < offset
    interim = tuple(head for head in found if head is not None and INTERIM.match(head.raw))
    if (unfinished and body) or not found or found[-1] is None or found[-1] in interim:
        return Message(interim, None, offset)
    final = found[-1]
    return Message(interim, final if b"HTTP/" in final.start_line else None, offset)


def _read_head(stream: BinaryIO, begin: int, end: int, complete: bool) -> HttpHead | None:
    if end - begin > MAX_HEAD:
        return None
    stream.seek(begin)
    return parse_head(stream.read(end - begin), complete)


def parse_head(raw: bytes, complete: bool | None = None) -> HttpHead:
    """One head from its exact bytes, whatever they are."""
    lines = [line.removesuffix(b"\n").removesuffix(b"\r") for line in raw.split(b"\n")]
    start, *rest = lines
    fields: list[tuple[bytes, list[bytes]]] = []
    for line in rest:
        if not line:
            continue
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1][1].append(line)
        else:
            name, colon, value = line.partition(b":")
            fields.append((name, [value]) if colon else (b"", [line]))
    found = _STATUS.fullmatch(start)
    return HttpHead(
        start_line=start,
        fields=tuple((name, b"\r\n".join(value)) for name, value in fields),
        raw=raw,
        status=int(found[1]) if found else None,
        reason=(found[2] or b"").decode("latin-1").strip(" \t") if found else None,
        complete=raw.endswith((b"\n\n", b"\n\r\n")) or raw in (b"\n", b"\r\n") if complete is None else complete,
    )


def _unfold(value: bytes) -> str:
    return " ".join(line.strip(b" \t").decode("latin-1") for line in value.split(b"\r\n")).strip(" ")


def entity_body(head: HttpHead, body: BinaryIO | bytes, limit: int) -> DecodedBody:
    """The body that follows `head`, read from where `body` stands to its end, without its codings.

    At most `limit` decoded bytes are given. Never raises for what the bytes are. Whether the answer was to HEAD cannot
    be seen here: such an answer is incomplete.
    """
    out = io.BytesIO()
    return replace(stream_body(head, body, limit, out.write), data=out.getvalue())


def stream_body(
    head: HttpHead, body: BinaryIO | bytes, limit: int, take: Callable[[bytes], object], most: int | None = None
) -> DecodedBody:
    """Like `entity_body`, in flat memory: the decoded bytes go to `take` in pieces, and `data` stays empty. At most
    `most` codings are removed; if more are there, a problem begins with `left coded`."""
    stream = io.BytesIO(body) if isinstance(body, bytes) else body
    flow = Flow()
    chunks, codings = _framed(head, stream, flow)
    done: list[str] = ["chunked"] if codings and codings[-1] == "chunked" else []
    pending = [*_tokens(head, "Content-Encoding"), *codings[: len(codings) - len(done)]]
    if len(pending) > MAX_CODINGS:
        flow.broken(f"{len(pending)} codings on top of one another: not decoded")
        pending = []
    while pending:
        coding = pending.pop()
        if is_ignored(coding):
            flow.problems.append(f"unknown coding {coding[:40]!r} ignored")
            continue
        if most is not None and len(done) >= most and coding not in UNSUPPORTED:
            flow.broken(f"left coded: {coding}")
            break
        decoded = decode(coding, chunks, flow, limit)
        if decoded is None:
            break
        chunks = decoded
        done.append(coding)
    _collect(chunks, flow, limit, take)
    if flow.framed and (rest := sum(len(chunk) for chunk in until_end(stream, flow))):
        flow.left_over(rest, "the message")
    return DecodedBody(b"", flow.complete, tuple(done), tuple(flow.problems))


def _collect(chunks: Iterator[bytes], flow: Flow, limit: int, take: Callable[[bytes], object]) -> None:
    size = 0
    for chunk in chunks:
        take(chunk[: limit - size])
        size += len(chunk)
        if size > limit:
            flow.broken(f"stopped after {limit} bytes of decoded body")
            break
        if size > RATIO_FROM and size > RATIO * flow.received:
            flow.broken(f"stopped: the body unpacks to more than {RATIO} times its size")
            break


def _framed(head: HttpHead, stream: BinaryIO, flow: Flow) -> tuple[Iterator[bytes], list[str]]:
    """The bytes of the body without chunking, and the transfer codings as named (RFC 9112, 6.3)."""
    if head.status is not None and (100 <= head.status < 200 or head.status in (204, 304)):
        return up_to(stream, 0, flow), []
    transfer = _tokens(head, "Transfer-Encoding")
    if transfer:
        return (dechunk(stream, flow) if transfer[-1] == "chunked" else until_end(stream, flow)), transfer
    lengths = {part.strip(" \t") for value in head.values("Content-Length") for part in value.split(",")}
    if not lengths:
        return until_end(stream, flow), []
    if len(lengths) > 1 or _LENGTH.fullmatch(length := lengths.pop()) is None:
        flow.problems.append("no usable Content-Length: everything to the end is the body")
        return until_end(stream, flow), []
    return up_to(stream, int(length), flow), []


def _tokens(head: HttpHead, name: str) -> list[str]:
    parts = [part.split(";")[0].strip(" \t").lower() for value in head.values(name) for part in value.split(",")]
    return [part for part in parts if part not in ("", "identity")]
