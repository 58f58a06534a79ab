"""The SSH wire format (RFC 4251 section 5): length-prefixed strings, read strictly."""

from __future__ import annotations

from archiver.errors import FormatError


def string(data: bytes) -> bytes:
    """A string: its length in 4 bytes, big-endian, and its bytes."""
    return len(data).to_bytes(4, "big") + data


class Reader:
    """Strings and numbers from the front of some bytes. Every reader raises FormatError where bytes are missing."""

    __slots__ = ("_data", "_place")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        end = self._place + count
        if end > len(self._data):
            raise FormatError("SSH data is cut short")
        found = self._data[self._place : end]
        self._place = end
        return found

    def number(self) -> int:
        """The next uint32."""
        return int.from_bytes(self.take(4), "big")

    def byte(self) -> int:
        """The next byte."""
        return self.take(1)[0]

    def string(self) -> bytes:
        """The next string."""
        return self.take(self.number())

    def text(self) -> str:
        """The next string, which must be ASCII."""
        try:
            return self.string().decode("ascii")
        except UnicodeDecodeError:
            raise FormatError("SSH name is not ASCII") from None

    def end(self) -> None:
        """Nothing may be left."""
        if self._place != len(self._data):
            raise FormatError("SSH data goes on after its end")
