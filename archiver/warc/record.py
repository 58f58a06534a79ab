r"""One WARC/1.1 record: a header in UTF-8, an empty line, the block, two empty lines (ISO 28500:2017, 5.2 to 5.4).

    WARC/1.1\r\n
    WARC-Type: metadata\r\n
    WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000003>\r\n
    WARC-Date: 2026-11-23T13:02:11.482Z\r\n
    WARC-Block-Digest: sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\r\n
    Content-Type: text/plain\r\n
    Content-Length: 5\r\n
    \r\n
    hello\r\n
    \r\n

The header is spelled in one way only: `Name: value`, one space, no folding, no trailing space, no control characters.
What other programs write more freely is read by `parse_foreign_header`, which says in what it differs.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from archiver.errors import FormatError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

VERSION = "WARC/1.1"
FOREIGN_VERSIONS = ("WARC/1.1", "WARC/1.0", "WARC/0.18", "WARC/0.17")
TRAILER = b"\r\n\r\n"
MAX_HEADER = 65_536  # bytes of one record header, its empty line included; WARC-Target-URI is the only long field
MAX_FIELDS = 64
MAX_BLOCK = 1 << 50  # bytes; beyond any disk, well below where a seek overflows
REPEATABLE = frozenset({"warc-concurrent-to", "warc-protocol"})
REQUIRED = ("WARC-Type", "WARC-Record-ID", "WARC-Date", "Content-Length")

Fields = tuple[tuple[str, str], ...]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*", re.ASCII)
_VALUE = re.compile(r"[^\s\x00-\x1f\x7f-\x9f](?:[^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f])?")
_LENGTH = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z", re.ASCII)
_ID = re.compile(r"<[A-Za-z][A-Za-z0-9+.-]*:[!-;=?-~]+>", re.ASCII)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-;=?-~]*", re.ASCII)


class Slice(io.RawIOBase):
    """A bounded, seekable view of `length` bytes of a seekable stream, with a position of its own."""

    def __init__(self, stream: BinaryIO, start: int, length: int) -> None:
        self._stream, self._start, self._length, self._at = stream, start, length, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fills `buffer`. Raises FormatError where the stream ends before the slice does."""
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), self._length - self._at)
        if wanted <= 0:
            return 0
        self._stream.seek(self._start + self._at)
        data = self._stream.read(wanted)
        if not data:
            raise FormatError(f"the file ends at byte {self._start + self._at}, inside a block of {self._length} bytes")
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


@dataclass(frozen=True, slots=True)
class Record:
    """One record and where it stands. Offsets count bytes of the (unpacked) WARC; `remarks` is empty for our own."""

    version: str
    headers: Fields
    offset: int
    header_length: int
    block_offset: int
    block_length: int
    stream: BinaryIO = field(repr=False, compare=False)
    remarks: tuple[str, ...] = ()
    foreign: bool = False

    def get(self, name: str) -> str | None:
        """The value of the first field of that name (in any case), None if there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def values(self, name: str) -> tuple[str, ...]:
        """Every value of that name, in order."""
        return tuple(value for key, value in self.headers if key.lower() == name.lower())

    @property
    def is_http(self) -> bool:
        """Whether the block is an HTTP message, by its Content-Type alone."""
        return is_http(self.get("Content-Type"))

    def block(self) -> BinaryIO:
        """The block from its start, seekable; each call gives a view of its own."""
        return io.BufferedReader(Slice(self.stream, self.block_offset, self.block_length), 1 << 16)


def is_http(content_type: str | None) -> bool:
    """Whether a Content-Type says `application/http`, with whatever parameters."""
    return content_type is not None and content_type.split(";")[0].strip(" \t").lower() == "application/http"


def uuid_urn(random: bytes) -> str:
    """`<urn:uuid:…>` of 16 random bytes, as version 4 (RFC 9562, 5.4)."""
    if len(random) != 16:
        raise FormatError(f"a UUID is made of 16 bytes, not {len(random)}")
    number = int.from_bytes(random, "big") & ~(0xF << 76) & ~(0x3 << 62) | 4 << 76 | 2 << 62
    text = f"{number:032x}"
    return f"<urn:uuid:{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}>"


def format_header(fields: Fields) -> bytes:
    """The header bytes with their empty line. Raises FormatError for what must not be written."""
    seen: set[str] = set()
    for name, value in fields:
        if _NAME.fullmatch(name) is None:
            raise FormatError(f"not a name for a WARC field: {name[:80]!r}")
        if _VALUE.fullmatch(value) is None:
            raise FormatError(f"not a value for {name}: {value[:80]!r}")
        if name.lower() in seen and name.lower() not in REPEATABLE:
            raise FormatError(f"{name} stands twice in a WARC header")
        seen.add(name.lower())
    _check_values(fields)
    try:
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
        raw = f"{VERSION}\r\n{lines}\r\n".encode()
    except UnicodeEncodeError as error:
        raise FormatError("a lone surrogate in a WARC header") from error
    if len(raw) > MAX_HEADER or len(fields) > MAX_FIELDS:
        raise FormatError(f"a WARC header of more than {MAX_HEADER} bytes or {MAX_FIELDS} fields")
    return raw


def _check_values(fields: Fields) -> None:
    values = {name.lower(): value for name, value in fields}
    for name in REQUIRED:
        if name.lower() not in values:
            raise FormatError(f"{name} is missing in a WARC header")
    shapes = {
        "content-length": _LENGTH, "warc-date": _DATE, "warc-record-id": _ID, "warc-target-uri": _URI,
        "warc-concurrent-to": _ID, "warc-refers-to": _ID, "warc-warcinfo-id": _ID,
    }  # fmt: skip
    for name, value in fields:
        shape = shapes.get(name.lower())
        if shape is not None and shape.fullmatch(value) is None:
            raise FormatError(f"not a {name}: {value[:80]!r}")
    if int(values["content-length"]) > MAX_BLOCK:
        raise FormatError("Content-Length is beyond any file")


def parse_header(raw: bytes) -> Fields:
    """The fields of a header that `format_header` could have written. Raises FormatError for anything else."""
    try:
        lines = raw.decode().split("\r\n")
    except UnicodeDecodeError as error:
        raise FormatError("a WARC header is not UTF-8") from error
    if lines[0] != VERSION:
        raise FormatError(f"not {VERSION}: {lines[0][:40]!r}")
    pairs = [line.partition(": ") for line in lines[1:-2]]
    fields = tuple((name, value) for name, _, value in pairs)
    if format_header(fields) != raw:
        raise FormatError("a WARC header is not spelled as archiver spells it")
    return fields


def parse_foreign_header(raw: bytes) -> tuple[str, Fields, tuple[str, ...]]:
    """Version, fields and remarks of a header as other programs write it: WARC/1.0, folded lines, bare LF, Latin-1.

    Raises FormatError where there is no version line or no usable Content-Length.
    """
    remarks: list[str] = []
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
        remarks.append("the header is not UTF-8")
    version, *lines = [line.removesuffix("\r") for line in text.split("\n")]
    if version.strip(" \t") not in FOREIGN_VERSIONS:
        raise FormatError(f"not a WARC record: {version[:40]!r}")
    if version != VERSION:
        remarks.append(f"written as {version}")
    if "\n" in text.replace("\r\n", ""):
        remarks.append("lines end with LF alone")
    fields = _loose_fields(lines, remarks)
    for name in REQUIRED[:3]:
        if not any(key.lower() == name.lower() for key, _ in fields):
            remarks.append(f"{name} is missing")
    lengths = {value for key, value in fields if key.lower() == "content-length"}
    if len(lengths) != 1 or _LENGTH.fullmatch(next(iter(lengths))) is None or int(next(iter(lengths))) > MAX_BLOCK:
        raise FormatError("a WARC record has no usable Content-Length")
    return version.strip(" \t"), fields, tuple(remarks)


def _loose_fields(lines: list[str], remarks: list[str]) -> Fields:
    grown: list[tuple[str, list[str]]] = []
    for line in lines:
        if line[:1] in (" ", "\t") and grown and line.strip(" \t"):
            grown[-1][1].append(line.strip(" \t"))
            continue
        name, colon, value = line.partition(":")
        if not line:
            continue
        if not colon:
            remarks.append(f"a header line without a colon: {line[:40]!r}")
            continue
        grown.append((name.strip(" \t"), [value.strip(" \t")]))
        if len(grown) > MAX_FIELDS:
            raise FormatError(f"a WARC header of more than {MAX_FIELDS} fields")
    if any(len(parts) > 1 for _, parts in grown):
        remarks.append("folded header lines")
    return tuple((name, " ".join(parts)) for name, parts in grown)
