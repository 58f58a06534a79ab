"""A gzip file of any number of members (RFC 1952) as one seekable stream of its unpacked bytes, with bombs bounded."""

from __future__ import annotations

import bisect
import io
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO

from archiver.errors import FormatError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_UNPACKED = 8 << 30  # bytes that one file may unpack to
MAX_WORK = 4  # times `limit` that may be unpacked in all, going back and forth included
MAX_EMPTY = 16  # members in a row that hold nothing
_INPUT = 1 << 13  # bytes; small, because zlib copies what a member leaves of its input
_OUTPUT = 1 << 16


def is_gzip(stream: BinaryIO) -> bool:
    """Whether the stream begins like gzip; leaves it at its start."""
    stream.seek(0)
    magic = stream.read(2)
    stream.seek(0)
    return magic == b"\x1f\x8b"


class Unpacked(io.RawIOBase):
    """The unpacked bytes. Going back starts again at the member that holds the place: cheap with a member a record.

    Raises FormatError for damage, for more than `limit` bytes, and for going back and forth in large members.
    """

    def __init__(self, stream: BinaryIO, limit: int = MAX_UNPACKED) -> None:
        self._stream, self._limit = stream, limit
        self._starts: list[tuple[int, int]] = [(0, 0)]  # (unpacked, packed) offset of each member that holds something
        self._wanted = self._work = self._empty = 0
        self._begin(0, 0)

    def _begin(self, at: int, packed: int) -> None:
        self._at, self._packed, self._input, self._output = at, packed, b"", b""
        self._engine: Any = zlib.decompressobj(31)
        self._member, self._ended = at, False

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._wanted

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Notes the place; work is done on reading. The end is not known beforehand: SEEK_END is refused."""
        if whence == io.SEEK_END:
            raise io.UnsupportedOperation("the unpacked size is not known")
        self._wanted = max(0, offset + (self._wanted if whence == io.SEEK_CUR else 0))
        return self._wanted

    def packed_at(self, offset: int) -> int | None:
        """Where, in the packed file, the member begins whose first byte unpacks to `offset`; None if none does, as far
        as was read."""
        place = bisect.bisect_left(self._starts, (offset, 0))
        return self._starts[place][1] if place < len(self._starts) and self._starts[place][0] == offset else None

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        if self._wanted < self._at:
            self._begin(*self._starts[bisect.bisect_right(self._starts, (self._wanted, 1 << 62)) - 1])
        while True:
            skip = self._wanted - self._at
            if skip < len(self._output):
                data = self._output[skip : skip + len(view)]
                view[: len(data)] = data
                self._wanted += len(data)
                return len(data)
            self._at += len(self._output)
            self._output = b""
            if not self._more():
                return 0

    def _more(self) -> bool:
        """Unpacks the next piece; False at the end of the file."""
        while not self._output:
            if self._ended:
                return False
            if self._engine.eof:
                self._next_member()
                continue
            data = self._engine.unconsumed_tail or self._take()
            try:
                self._output = self._engine.decompress(data, _OUTPUT)
            except zlib.error as error:
                raise FormatError(f"the gzip data is damaged near byte {self._packed}") from error
            if not data and not self._output and not self._engine.eof:
                raise FormatError(f"the gzip data ends early at byte {self._packed}")
        self._work += len(self._output)
        if self._at + len(self._output) > self._limit or self._work > MAX_WORK * self._limit:
            raise FormatError(f"the gzip data unpacks to more than {self._limit} bytes, or must be unpacked too often")
        return True

    def _take(self) -> bytes:
        data, self._input = self._input, b""
        if not data:
            self._stream.seek(self._packed)
            data = self._stream.read(_INPUT)
            self._packed += len(data)
        return data

    def _next_member(self) -> None:
        rest = self._engine.unused_data or self._take()
        if not rest:
            self._ended = True
            return
        self._empty = 0 if self._at > self._member else self._empty + 1
        if self._empty > MAX_EMPTY:
            raise FormatError(f"more than {MAX_EMPTY} empty gzip members in a row at byte {self._packed}")
        if self._at > self._starts[-1][0]:
            self._starts.append((self._at, self._packed - len(rest)))
        self._engine, self._input, self._member = zlib.decompressobj(31), rest, self._at
