r"""CDXJ indexes against the WARCs that they lead into: key, time and JSON of each response, one a line.

    example,news)/bridge 20261123130211 {"url": "https://news.example/bridge", "digest": "sha256:95a9…",
      "mime": "text/html", "offset": 344, "length": 768, "status": 200, "filename": "data.warc"}     (one line)

A line must lead to the beginning of a record, and say of it what the record says of itself. Also `.gz`, and `.idx`,
which lists blocks of a gzipped index with their digests.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any, BinaryIO

from archiver.errors import ArchiverError, FormatError
from archiver.foreign import loose_json
from archiver.foreign.case import ForeignCase
from archiver.foreign.files import blame, sums
from archiver.foreign.surt import surt
from archiver.foreign.warcs import Warc
from archiver.warc.http import split_message
from archiver.warc.read import Record, read_records
from archiver.warc.record import Slice
from archiver.warc.unpack import MAX_UNPACKED, Unpacked, is_gzip

MAX_LINE = 1 << 20  # bytes
MAX_LINES = 10_000_000
MAX_HEAD = 64 << 10  # bytes of a response that are looked at for status and media type
MAX_PAGES = 2_000_000  # addresses that are remembered for the list of pages
_TIME = re.compile(r"[0-9]{14,17}", re.ASCII)


class Index:
    """All indexes of a package, line by line. `urls`: hashes of the addresses that were met."""

    def __init__(self, case: ForeignCase, warcs: dict[str, Warc]) -> None:
        self._case, self._warcs = case, warcs
        self.urls: set[int] = set()
        self._met = {name: bytearray(len(warc.starts)) for name, warc in warcs.items()}
        self._odd: dict[str, int] = {}

    def check(self, name: str) -> None:
        """One index, plain or gzipped. What is wrong stands in the report."""
        before = b""
        try:
            with self._case.files.open(name) as stream:
                for line in lines(stream):
                    if line[:1] in (b"!", b" ", b"{"):  # what describes the index itself
                        continue
                    if line < before:
                        self._note("the lines are not in order: a search in it may miss some")
                    before = line
                    self._case.count("index lines")
                    try:
                        self._line(name, line)
                    except FormatError as error:
                        self._find(name, "index-bad", f"{_start(line)}: {error.message}")
        except ArchiverError as error:
            blame(self._case.report, 10, error, "index-bad", name)
        for remark, count in self._odd.items():
            self._case.report.find(10, "index-odd", f"{remark} ({count} lines)", file=name)
        self._odd.clear()

    def finish(self) -> None:
        """What no index leads to."""
        for name, met in self._met.items():
            warc = self._warcs[name]
            missed = sum(1 for shown, seen in zip(warc.shown, met, strict=True) if shown and not seen)
            if missed and self._case.counted("index lines"):
                self._case.report.find(10, "index-lacks", f"{missed} responses are in no index", file=name)

    def _find(self, name: str, code: str, message: str) -> None:
        self._case.report.find(10, code, message, file=name)

    def _note(self, remark: str) -> None:
        self._odd[remark] = self._odd.get(remark, 0) + 1

    def _line(self, name: str, line: bytes) -> None:
        key, time, told = _split(line)
        url = loose_json.text(told, "url")
        file, offset = loose_json.text(told, "filename"), loose_json.natural(told.get("offset"))
        length = loose_json.natural(told.get("length"))
        if url is None or file is None or offset is None or length is None:
            raise FormatError("url, filename, offset or length is missing")
        if len(self.urls) < MAX_PAGES:
            self.urls.add(hash(url))
        warc = self._warcs.get(file) or self._warcs.get("archive/" + file)
        where = _start(line)
        if warc is None:
            self._find(name, "index-differs", f"{where}: there is no WARC called {file[:200]}")
            return
        place = bisect_left(warc.starts, offset)
        if place == len(warc.starts) or warc.starts[place] != offset:
            self._find(name, "index-differs", f"{where}: no record begins at byte {offset} of {warc.name}")
            return
        self._met[warc.name][place] = 1
        over = warc.next_after(place) - offset - length
        if not 0 <= over <= 4:  # some leave out the empty lines behind a record
            self._find(name, "index-differs", f"{where}: the record at byte {offset} is not {length} bytes long")
            return
        if surt(url) != key and not key.startswith(surt(url)):
            self._note("the key is another one than usual for its address")
        for field, there, said in self._compare(warc, offset, length, url, time, told):
            self._find(name, "index-differs", f"{where}: {field} is {there!r} in the WARC, {said!r} in the index")

    def _compare(
        self, warc: Warc, offset: int, length: int, url: str, time: str, told: dict[str, Any]
    ) -> Iterator[tuple[str, object, object]]:
        with self._case.files.open(warc.name) as stream:
            part: BinaryIO = io.BufferedReader(Slice(stream, offset, length), 1 << 13)
            record = next(read_records(part, foreign=True), None)
            if record is None:
                raise FormatError(f"no record at byte {offset}")
            target = (record.get("WARC-Target-URI") or "").strip("<>")
            if target != url:
                yield "url", target, url
            date = re.sub(r"[^0-9]", "", record.get("WARC-Date") or "", flags=re.ASCII)[:14]
            if date != time[:14]:
                yield "time", date, time
            said = loose_json.text(told, "digest")
            there = record.get("WARC-Payload-Digest")
            if said is not None and there is not None and _same_digest(said, there) is False:
                yield "digest", there, said
            elif said is not None and there is None:
                self._note("the index gives a digest, and the record has none to compare it with")
            yield from self._compare_head(record, told)

    def _compare_head(self, record: Record, told: dict[str, Any]) -> Iterator[tuple[str, object, object]]:
        if not record.is_http or (record.get("WARC-Type") or "").lower() != "response":
            return
        head = split_message(record.block().read(MAX_HEAD)).final
        if head is None:
            return
        status = loose_json.natural(told.get("status"))
        if status is not None and head.status is not None and status != head.status:
            yield "status", head.status, status
        mime, there = told.get("mime"), (head.get("Content-Type") or "").split(";")[0].strip().lower()
        if isinstance(mime, str) and there and mime.split(";")[0].strip().lower() != there:
            self._note("the media type is another one than the response gives")


def check_blocks(case: ForeignCase, name: str) -> None:
    """An `.idx`: each block of the gzipped index that it lists lies there and has its digest."""
    try:
        with case.files.open(name) as stream:
            target, reached = "index.cdx.gz", 0
            for line in lines(stream):
                _, _, told = _split(line)
                if line[:1] == b"!":
                    target = loose_json.text(told, "filename") or target
                    continue
                file = f"{name.rpartition('/')[0]}/{loose_json.text(told, 'filename') or target}".lstrip("/")
                reached = _check_block(case, name, file, told, reached)
    except ArchiverError as error:
        blame(case.report, 10, error, "index-bad", name)


def _check_block(case: ForeignCase, name: str, file: str, told: dict[str, Any], reached: int) -> int:
    """One block, which begins where the one before it ended or later; where it ends."""
    offset, length = loose_json.natural(told.get("offset")), loose_json.natural(told.get("length"))
    size = case.files.size(file)
    if offset is None or length is None or offset < reached:
        raise FormatError("blocks without offset or length, or not one behind the other")
    if size is None or offset + length > size:
        case.report.find(10, "index-differs", f"{file} has no bytes {offset} to {offset + length}", file=name)
        return offset
    said = (loose_json.text(told, "digest") or "").removeprefix("sha256:")
    if re.fullmatch(r"[0-9a-f]{64}", said, re.ASCII):
        with case.files.open(file) as stream:
            found = sums(io.BufferedReader(Slice(stream, offset, length)), ("sha256",)).digests["sha256"]
        if found != said:
            case.report.find(10, "index-differs", f"the block at byte {offset} of {file} has another digest", file=name)
    return offset + length


def lines(stream: BinaryIO, limit: int = MAX_LINE) -> Iterator[bytes]:
    """The lines of a plain or gzipped text, without empty ones. Raises FormatError for one that is too long."""
    source: BinaryIO = io.BufferedReader(Unpacked(stream, MAX_UNPACKED), 1 << 16) if is_gzip(stream) else stream
    for number in range(MAX_LINES + 1):
        line = source.readline(limit + 1)
        if not line:
            return
        if len(line) > limit or number == MAX_LINES:
            raise FormatError(f"line {number + 1}: more than {limit} bytes, or too many lines")
        if line := line.rstrip(b"\r\n"):
            yield line


def _split(line: bytes) -> tuple[str, str, dict[str, Any]]:
    key, _, rest = line.partition(b" ")
    time, _, told = rest.partition(b" ") if not rest.startswith(b"{") else (b"", b"", rest)
    value = loose_json.parse_object(told)
    try:
        spelled = key.decode("utf-8"), time.decode("ascii")
    except UnicodeDecodeError:
        raise FormatError("a key or time that is no text") from None
    if line[:1] != b"!" and spelled[1] and _TIME.fullmatch(spelled[1]) is None and "," in spelled[0] and "url" in value:
        raise FormatError(f"no time: {spelled[1][:20]!r}")
    return spelled[0], spelled[1], value


def _same_digest(one: str, other: str) -> bool | None:
    """Whether two spellings are of one digest; None if they are of different kinds, and say nothing of each other."""
    first, second = _digest(one), _digest(other)
    return first[1] == second[1] if first[0] == second[0] else None


def _digest(said: str) -> tuple[str, bytes]:
    algorithm, colon, value = said.partition(":")
    if not colon:
        algorithm, value = "sha1", said
    try:
        if re.fullmatch(r"(?:[0-9a-fA-F]{2}){16,64}", value, re.ASCII):
            raw = bytes.fromhex(value)
        else:
            raw = base64.b32decode(value.upper() + "=" * (-len(value) % 8))
    except (binascii.Error, ValueError):
        raw = value.encode("utf-8", "replace")
    return algorithm.lower().replace("-", ""), raw


def _start(line: bytes) -> str:
    return line[:120].decode("utf-8", "replace").partition(" {")[0]
