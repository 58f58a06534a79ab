"""DER, as much of it as time stamps need (ITU-T X.690): values found in bytes, and bytes made of values.

    30 06 02 01 05 04 01 61      SEQUENCE { INTEGER 5, OCTET STRING "a" }

Strict: definite lengths in their shortest form, tag numbers below 31, integers in their shortest form. Indefinite
lengths (BER) are refused. Nothing recurses: a reader takes apart one level at a time, as deep as its format goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from archiver.errors import FormatError

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTF8, SEQUENCE, SET, GENERALIZED_TIME = 0x0C, 0x30, 0x31, 0x18
MAX_CHILDREN = 1000  # of one value; a token has a dozen certificates at most
MAX_INTEGER = 64  # bytes; serial numbers have 20, nonces 8 to 20

_TIME = re.compile(r"([0-9]{14})(?:\.([0-9]{0,5}[1-9]))?Z", re.ASCII)
_OID = re.compile(r"(?:0|[1-9][0-9]{0,30})(?:\.(?:0|[1-9][0-9]{0,30})){1,30}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Value:
    """One value in `data`: its tag, where it begins, where its content begins and ends."""

    data: bytes
    tag: int
    start: int
    begin: int
    end: int

    @property
    def content(self) -> bytes:
        """What stands after tag and length."""
        return self.data[self.begin : self.end]

    @property
    def whole(self) -> bytes:
        """With tag and length."""
        return self.data[self.start : self.end]

    def need(self, tag: int, what: str) -> Value:
        """Itself, if it has that tag. Raises FormatError."""
        if self.tag != tag:
            raise FormatError(f"{what}: tag {self.tag:02x} where {tag:02x} belongs")
        return self

    def children(self, what: str) -> list[Value]:
        """The values in a constructed value. Raises FormatError."""
        if not self.tag & 0x20:
            raise FormatError(f"{what}: holds no other values")
        found: list[Value] = []
        place = self.begin
        while place < self.end:
            if len(found) == MAX_CHILDREN:
                raise FormatError(f"{what}: more than {MAX_CHILDREN} values")
            found.append(_read(self.data, place, self.end, what))
            place = found[-1].end
        return found

    def integer(self, what: str) -> int:
        """A whole number. Raises FormatError."""
        raw = self.need(INTEGER, what).content
        if not raw or len(raw) > MAX_INTEGER or (len(raw) > 1 and (raw[0], raw[1] >> 7) in ((0, 0), (0xFF, 1))):
            raise FormatError(f"{what}: no integer in its shortest form")
        return int.from_bytes(raw, "big", signed=True)

    def oid(self, what: str) -> str:
        """An object identifier, `1.2.840`. Raises FormatError."""
        raw = self.need(OID, what).content
        arcs: list[int] = []
        value, fresh = 0, True
        for byte in raw:
            if fresh and byte == 0x80:
                raise FormatError(f"{what}: an arc not in its shortest form")
            value, fresh = value << 7 | byte & 0x7F, not byte & 0x80
            if value.bit_length() > 100 or len(arcs) > 30:
                raise FormatError(f"{what}: an object identifier too large")
            if fresh:
                arcs.append(value)
                value = 0
        if not arcs or not fresh:
            raise FormatError(f"{what}: no object identifier")
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))

    def time(self, what: str) -> datetime:
        """A GeneralizedTime as RFC 3161, 2.4.2 has it: UTC, fractions without a final zero. Raises FormatError."""
        match = _TIME.fullmatch(self.need(GENERALIZED_TIME, what).content.decode("latin-1"))
        try:
            moment = datetime.strptime(match[1] if match else "", "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            raise FormatError(f"{what}: no time in UTC") from None
        return moment + timedelta(microseconds=int(((match[2] if match else None) or "0").ljust(6, "0")))


def parse(data: bytes, what: str) -> Value:
    """The one value that `data` is. Raises FormatError."""
    value = _read(data, 0, len(data), what)
    if value.end != len(data):
        raise FormatError(f"{what}: {len(data) - value.end} bytes after its end")
    return value


class Fields:
    """The values of a sequence, taken one after another; what is optional is known by its tag."""

    def __init__(self, value: Value, what: str, tag: int = SEQUENCE) -> None:
        self._what = what
        self._left: Iterator[Value] = iter(value.need(tag, what).children(what))
        self._next = next(self._left, None)

    def take(self, tag: int | None = None) -> Value:
        """The next value, of that tag. Raises FormatError."""
        value = self._next
        if value is None:
            raise FormatError(f"{self._what}: something is missing at its end")
        self._next = next(self._left, None)
        return value if tag is None else value.need(tag, self._what)

    def optional(self, *tags: int) -> Value | None:
        """The next value if it has one of these tags."""
        return self.take() if self._next is not None and self._next.tag in tags else None

    def end(self) -> None:
        """Raises FormatError if there is more."""
        if self._next is not None:
            raise FormatError(f"{self._what}: something stands after its end")


def _read(data: bytes, start: int, end: int, what: str) -> Value:
    if end - start < 2 or data[start] & 0x1F == 0x1F:
        raise FormatError(f"{what}: is not DER")
    tag, length, begin = data[start], data[start + 1], start + 2
    if length & 0x80:
        count = length & 0x7F
        raw = data[begin : begin + count]
        begin += count
        length = int.from_bytes(raw, "big")
        if not 1 <= count <= 4 or len(raw) != count or length < 128 or raw[0] == 0:
            raise FormatError(f"{what}: a length not in DER (indefinite, or not in its shortest form)")
    if length > end - begin:
        raise FormatError(f"{what}: cut off")
    return Value(data, tag, start, begin, begin + length)


def encode(tag: int, *contents: bytes) -> bytes:
    """One value; the contents follow one another."""
    content = b"".join(contents)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    raw = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(raw)]) + raw + content


def encode_integer(value: int) -> bytes:
    """A whole number."""
    return encode(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def encode_oid(text: str) -> bytes:
    """An object identifier from `1.2.840`. Raises FormatError."""
    if not _OID.fullmatch(text):
        raise FormatError(f"{text[:80]!r} is no object identifier")
    first, second, *rest = map(int, text.split("."))
    if first > 2 or (first < 2 and second > 39):
        raise FormatError(f"{text[:80]!r} is no object identifier")
    out = b""
    for arc in (40 * first + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        out += bytes(reversed(groups))
    return encode(OID, out)
