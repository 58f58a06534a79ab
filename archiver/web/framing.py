r"""Where a response ends, found while it is coming in (RFC 9112). The bytes themselves are kept elsewhere, untouched.

    HTTP/1.1 103 Early Hints\r\n…\r\n      interim heads are passed over (http.client takes them for the answer)
    HTTP/1.1 200 OK\r\n…\r\n               the head: any field lines, LF or CR LF, up to a number of bytes
    5\r\nHello\r\n0\r\n\r\n                the body: as framed by chunks, Content-Length, or the connection's end
    …                                      whatever follows is counted

Heads are read by warc.http, the reader that will read them from the archive, and the framing follows its rules, so
that what is called complete here is complete there. Push parser: any split of the bytes gives the same result.
"""

from __future__ import annotations

import re
from typing import Literal

from archiver.warc.codings import MAX_CHUNK_LINE, MAX_TRAILERS
from archiver.warc.http import INTERIM, MAX_HEAD_LINES, HttpHead, parse_head

REDIRECTS = (301, 302, 303, 307, 308)

_END_OF_HEAD = re.compile(rb"\n\r?\n")
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")
_LENGTH = re.compile(r"[0-9]{1,15}", re.ASCII)
_VERSION = re.compile(rb"HTTP/[0-9]\.[0-9]", re.ASCII)

State = Literal["head", "length", "chunked", "close", "done", "garbage", "large"]


class Reception:
    """Told every byte of one response in order by `feed`, and by `end` that no more will come.

    `state`: waiting for a head; in a body of that framing; done (whole); garbage (no HTTP); large (a head over the
    limit). `extra` counts bytes after the end. `problems` are sentences. `bodiless`: what answers HEAD has no body,
    whatever its fields say.
    """

    def __init__(self, max_head: int, *, bodiless: bool = False) -> None:
        self.state: State = "head"
        self.head: HttpHead | None = None
        self.extra = 0
        self.short = 0
        self.ended_by_close = False
        self.problems: list[str] = []
        self._max_head = max_head
        self._bodiless = bodiless
        self._seen = self._lines = 0  # of all heads
        self._buffer = bytearray()
        self._interim = False
        self._left = 0
        self._chunks = _Chunks()

    @property
    def version(self) -> str:
        """`HTTP/1.1`, or empty."""
        found = None if self.head is None else _VERSION.match(self.head.start_line)
        return "" if found is None else found[0].decode("ascii")

    @property
    def whole(self) -> bool:
        """Whether nothing is known to be missing."""
        return self.state == "done"

    @property
    def closes(self) -> bool:
        """Whether the server said that it will close the connection."""
        if self.head is None:
            return True
        tokens = {part.strip(" \t").lower() for value in self.head.values("Connection") for part in value.split(",")}
        return "close" in tokens or (self.version != "HTTP/1.1" and "keep-alive" not in tokens)

    def feed(self, data: bytes) -> None:
        """The next bytes, any number."""
        if self.state == "head":
            data = self._feed_head(data)
        if self.state == "length":
            taken = min(self._left, len(data))
            self._left -= taken
            data = data[taken:]
            if not self._left:
                self.state = "done"
        elif self.state == "chunked":
            data = data[self._chunks.feed(data) :]
            if self._chunks.problem is not None:
                self.problems.append(self._chunks.problem)
                self.state = "close"
            elif self._chunks.done:
                self.state = "done"
        if self.state == "done":
            self.extra += len(data)

    def end(self) -> None:
        """The connection's end. Afterwards `whole` and `problems` are final."""
        if self.state == "close" and self._chunks.problem is None:
            self.state, self.ended_by_close = "done", True
        elif self.state == "length":
            self.short = self._left
            self.problems.append(f"{self._left} bytes less than Content-Length says")
        elif self.state == "chunked":
            self.problems.append("the chunked body has no end")
        elif self.state == "head" and self._buffer:
            self.problems.append("the connection ended inside the head")
            if not self._garbage_so_far():
                self.head = self._parse(bytes(self._buffer), complete=False)
        self.note_extra()

    def note_extra(self) -> None:
        """Turn the count of bytes after the end into a problem."""
        if self.extra:
            self.problems.append(f"{self.extra} bytes after the end of the body")

    def give_up(self) -> None:
        """No more is read, for a limit: take what there is of a head."""
        if self.state == "head" and self._buffer and not self._garbage_so_far():
            self.head = self._parse(bytes(self._buffer), complete=False)

    def _feed_head(self, data: bytes) -> bytes:
        """Takes heads off `data`; what is left belongs to the body."""
        searched = max(0, len(self._buffer) - 2)
        self._buffer += data
        begin = 0  # of a head
        while self.state == "head":
            if self._garbage_so_far(begin):
                self.state = "garbage"
                return b""
            found = _END_OF_HEAD.search(self._buffer, max(begin, searched))
            end = found.end() if found else len(self._buffer)
            if self._seen + end - begin > self._max_head:
                self.state = "large"
                self.problems.append(f"more than {self._max_head} header bytes")
                self.head = self._parse(
                    bytes(self._buffer[begin : begin + self._max_head - self._seen]), complete=False
                )
                return b""
            if found is None:
                break
            self._take(bytes(self._buffer[begin:end]))
            begin = end
        left = b"" if self.state == "head" else bytes(self._buffer[begin:])
        del self._buffer[:begin]
        return left

    def _garbage_so_far(self, begin: int = 0) -> bool:
        """Whether this cannot become a head (the reader takes a head only where `HTTP/` stands first)."""
        return not b"HTTP/".startswith(self._buffer[begin : begin + 5])

    def _take(self, raw: bytes) -> None:
        self._seen += len(raw)
        self._lines += raw.count(b"\n")
        if self._lines > MAX_HEAD_LINES:
            self.state = "large"
            self.problems.append(f"more than {MAX_HEAD_LINES} header lines")
            return
        head = self._parse(raw, complete=True)
        if head is None:
            self.state = "garbage"
        elif INTERIM.match(raw) is None:
            self.head = head
            self._begin_body(head)

    def _parse(self, raw: bytes, *, complete: bool) -> HttpHead | None:
        head = parse_head(raw, complete)
        # A start line that was cut off may say 20 where 200 was meant.
        return None if head.status is None or b"\n" not in raw else head

    def _begin_body(self, head: HttpHead) -> None:
        if any(not name for name, _ in head.fields):
            self.problems.append("a header line without a colon")
        if self._bodiless or (head.status is not None and (100 <= head.status < 200 or head.status in (204, 304))):
            self.state = "done"
            return
        codings = [part.split(";")[0].strip(" \t").lower() for part in _list(head, "Transfer-Encoding")]
        codings = [coding for coding in codings if coding not in ("", "identity")]
        lengths = {part.strip(" \t") for part in _list(head, "Content-Length")}
        if codings:
            self.state = "chunked" if codings[-1] == "chunked" else "close"
            if lengths:
                self.problems.append("both Transfer-Encoding and Content-Length: the former counts")
        elif len(lengths) == 1 and _LENGTH.fullmatch(length := lengths.pop()):
            self._left = int(length)
            self.state = "length" if self._left else "done"
        else:
            self.state = "close"
            if head.values("Content-Length"):
                self.problems.append("no usable Content-Length: everything to the end is the body")


def _list(head: HttpHead, name: str) -> list[str]:
    return [part for value in head.values(name) for part in value.split(",")]


class _Chunks:
    """Passes over a chunked body; keeps at most one line."""

    def __init__(self) -> None:
        self.done = False
        self.problem: str | None = None
        self._step: Literal["size", "data", "after", "trailer"] = "size"
        self._line = bytearray()
        self._left = 0
        self._trailers = 0

    def feed(self, data: bytes) -> int:
        """How many bytes of `data` belong to the body."""
        place = 0
        while place < len(data) and not self.done and self.problem is None:
            if self._step == "data":
                taken = min(self._left, len(data) - place)
                self._left -= taken
                place += taken
                if not self._left:
                    self._step = "after"
                continue
            limit = 2 if self._step == "after" else MAX_CHUNK_LINE
            stop = data.find(b"\n", place, place + limit - len(self._line)) + 1
            piece = data[place : stop or place + limit - len(self._line)]
            self._line += piece
            place += len(piece)
            if stop or len(self._line) >= limit:
                line = bytes(self._line)
                self._line.clear()
                self._take(line)
        return place

    def _take(self, line: bytes) -> None:
        if self._step == "after":
            self._step = "size"
            if line not in (b"\r\n", b"\n"):
                self.problem = "no line end after a chunk"
        elif not line.endswith(b"\n"):
            self.problem = "a line of the chunked body is too long"
        elif self._step == "size":
            found = _SIZE.fullmatch(line.split(b";")[0].strip(b" \t\r\n"))
            if found is None:
                self.problem = f"not the size of a chunk: {line[:20]!r}"
            else:
                self._left = int(found[0], 16)
                self._step = "data" if self._left else "trailer"
        elif line in (b"\r\n", b"\n"):
            self.done = True
        else:
            self._trailers += 1
            if self._trailers >= MAX_TRAILERS:
                self.problem = "too many lines after the last chunk"
