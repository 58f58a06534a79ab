"""A deflated file inside a zip (RFC 1951) as a seekable stream of exactly as many bytes as the zip says.

Going back goes to the nearest of some kept states of the decoder, so that a WARC inside is read in linear time.
"""

from __future__ import annotations

import bisect
import io
import zlib
from typing import TYPE_CHECKING, Any

from archiver.errors import FormatError
from archiver.warc.record import Slice

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

KEPT = 64  # states; each holds some 50 kB
SPACING = 1 << 20  # unpacked bytes between two of them, twice as many whenever there are too many
MAX_WORK = 64  # times the file's size that may be unpacked in all, going back and forth included
_INPUT = 1 << 14
_OUTPUT = 1 << 16


class Inflated(io.RawIOBase):
    """The unpacked bytes. Raises FormatError for damage, for more or fewer bytes than `size`, and for bytes of the
    packed data that are left over."""

    def __init__(self, packed: Slice, length: int, size: int) -> None:
        self._packed, self._length, self._size = packed, length, size
        self._wanted = self._at = self._read = self._work = 0
        self._pending = b""  # packed bytes that were read and not yet taken
        self._engine: Any = zlib.decompressobj(-15)
        self._spacing = SPACING
        self._states: list[tuple[int, int, bytes, Any]] = [(0, 0, b"", self._engine.copy())]
        self._output = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._wanted

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._wanted, io.SEEK_END: self._size}[whence]
        self._wanted = max(0, base + offset)
        return self._wanted

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        if self._wanted < self._at:
            self._go_back()
        while True:
            skip = self._wanted - self._at
            if skip < len(self._output):
                data = self._output[skip : skip + len(view)]
                view[: len(data)] = data
                self._wanted += len(data)
                return len(data)
            self._at += len(self._output)
            self._output = b""
            if self._at >= self._size:
                self._check_end()
                return 0
            self._more()

    def _go_back(self) -> None:
        place = bisect.bisect_right([state[0] for state in self._states], self._wanted) - 1
        self._at, self._read, self._pending, engine = self._states[place]
        self._engine, self._output = engine.copy(), b""

    def _more(self) -> None:
        if self._at >= self._states[-1][0] + self._spacing:
            self._keep()
        self._packed.seek(self._read)
        while not self._output:
            if not self._pending:
                self._pending = self._packed.read(min(_INPUT, self._length - self._read)) or b""
                self._read += len(self._pending)
            if self._engine.eof or not self._pending:
                raise FormatError(f"unpacks to {self._at} bytes, the zip says {self._size}")
            try:
                self._output = self._engine.decompress(self._pending, _OUTPUT)
            except zlib.error:
                raise FormatError(f"the packed data is damaged after {self._at} bytes") from None
            self._pending = self._engine.unconsumed_tail
        self._work += len(self._output)
        if self._at + len(self._output) > self._size:
            raise FormatError(f"unpacks to more than the {self._size} bytes that the zip says")
        if self._work > MAX_WORK * self._size + (1 << 20):
            raise FormatError("must be unpacked too often")

    def _keep(self) -> None:
        self._states.append((self._at, self._read, self._pending, self._engine.copy()))
        if len(self._states) > KEPT:
            self._states, self._spacing = self._states[::2], 2 * self._spacing

    def _check_end(self) -> None:
        """Nothing comes after the last byte, neither unpacked nor packed."""
        while not self._engine.eof:
            if not self._pending:
                self._packed.seek(self._read)
                self._pending = self._packed.read(min(_INPUT, self._length - self._read)) or b""
                self._read += len(self._pending)
            if not self._pending:
                raise FormatError(f"the packed data ends early, after {self._at} bytes")
            try:
                more = self._engine.decompress(self._pending, 1)
            except zlib.error:
                raise FormatError(f"the packed data is damaged after {self._at} bytes") from None
            if more:
                raise FormatError(f"unpacks to more than the {self._size} bytes that the zip says")
            self._pending = self._engine.unconsumed_tail
        if self._engine.unused_data or self._read < self._length:
            raise FormatError("bytes behind the end of the packed data")
