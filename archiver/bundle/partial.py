"""Objects of which only parts go into a bundle: which lines or segments, their proof, and their bytes in order."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, cast

from archiver import digest
from archiver.bundle.redact import redact
from archiver.bundle.withhold import Withholding
from archiver.errors import FormatError, ProofError
from archiver.evidence import Evidence, read
from archiver.model import statement
from archiver.model.manifest import ObjectRef
from archiver.model.parts import Entry, Leaf, encode, nodes
from archiver.tlog.merkle import leaf_hash
from archiver.warc.segments import SECRET_SIZE

MAX_STATEMENTS = 256 << 20  # bytes of a statements object
Span = tuple[int, int]  # from, and how many bytes


@dataclass(frozen=True, slots=True)
class Partial:
    """Parts of the object in the file `source`. `spans`: where they stand in it, in order; `shown`, `count`: how many
    parts, of how many; `what`: what the others are called."""

    source: str
    proof: bytes
    spans: tuple[Span, ...]
    shown: int
    count: int
    what: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes of all parts together."""
        return sum(length for _, length in self.spans)

    def open(self, evidence: Evidence) -> BinaryIO:
        """The parts, one after another."""
        return cast(BinaryIO, io.BufferedReader(_Spans(evidence.open(self.source), self.spans), 1 << 16))


class _Spans(io.RawIOBase):
    """Some spans of a seekable stream as one stream."""

    def __init__(self, stream: BinaryIO, spans: Sequence[Span]) -> None:
        super().__init__()
        self._stream, self._spans, self._place = stream, spans, 0
        self._begins, self._size = [], 0
        for _, length in spans:
            self._begins.append(self._size)
            self._size += length

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def close(self) -> None:
        self._stream.close()
        super().close()

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if self._place >= self._size:
            return 0
        number = bisect_right(self._begins, self._place) - 1
        skipped = self._place - self._begins[number]
        offset, length = self._spans[number]
        self._stream.seek(offset + skipped)
        data = self._stream.read(min(len(buffer), length - skipped))
        if not data:
            raise ProofError(f"ends at byte {offset + skipped}", hint="run: archiver verify")
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)


def some_lines(evidence: Evidence, ref: ObjectRef, ids: frozenset[str] | None, context: bool) -> Partial | None:
    """The lines of a statements object that are shown: of these ids (None: of all), with the words around them or
    without. None if all lines are. Raises ProofError, FormatError, MissingError."""
    source = evidence.object_name(ref.digest) or ""
    data = read(evidence, source, MAX_STATEMENTS)
    if digest.of_bytes(data) != ref.digest:
        raise ProofError("is not what was sealed", where=source, hint="run: archiver verify")
    lines = statement.split_lines(data)
    shown = set()
    for number, (record, _) in enumerate(statement.decode_object(data)):
        if ids is None or record.id in ids:
            shown |= {2 * number, 2 * number + 1} if context else {2 * number}
    if len(shown) == len(lines):
        return None
    return _partial(source, _line_entries(lines, shown), line_feed=1)


def _line_entries(lines: Sequence[bytes], shown: set[int]) -> Iterator[tuple[Entry, int]]:
    offset, run = 0, list[bytes]()
    what: list[str] = []
    for index, line in enumerate(lines):
        if index in shown:
            yield from ((node, 0) for node in nodes(index - len(run), run, what))
            run, what = [], []
            yield Leaf(index, len(line), None), offset
        else:
            run.append(leaf_hash(line))
            what.append("words around statements" if index % 2 else "statements")
        offset += len(line) + 1
    yield from ((node, 0) for node in nodes(len(lines) - len(run), run, what))


def some_segments(
    evidence: Evidence, warc: ObjectRef, secret: ObjectRef, wish: Withholding, beside: Iterable[bytes]
) -> Partial | None:
    """The segments of a WARC that are shown, None if all are. `beside`: objects that are shown with it. Raises
    ProofError, FormatError, MissingError."""
    source = evidence.object_name(warc.digest) or ""
    try:
        with evidence.open(source) as stream:
            redaction = redact(stream, wish, beside)
            if redaction is None:
                return None
            key = read(evidence, evidence.object_name(secret.digest) or "", SECRET_SIZE)
            assert warc.segments is not None
            return _partial(source, redaction.entries(stream, key, warc.segments), line_feed=0)
    except (FormatError, ProofError) as error:
        error.where, error.hint = error.where or source, error.hint or "run: archiver verify"
        raise


def _partial(source: str, entries: Iterator[tuple[Entry, int]], *, line_feed: int) -> Partial:
    found: list[Entry] = []
    spans: list[Span] = []
    shown = count = 0
    for entry, offset in entries:
        found.append(entry)
        if not isinstance(entry, Leaf):
            count += entry.count
            continue
        shown, count, length = shown + 1, count + 1, entry.length + line_feed
        if spans and sum(spans[-1]) == offset:
            spans[-1] = (spans[-1][0], spans[-1][1] + length)
        else:
            spans.append((offset, length))
    words = (word for entry in found if not isinstance(entry, Leaf) and entry.what for word in entry.what.split(", "))
    return Partial(source, b"".join(encode(found)), tuple(spans), shown, count, tuple(dict.fromkeys(words)))
