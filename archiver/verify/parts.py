"""Objects of which a bundle shows only parts: proven against the tree in the manifest, and read as far as they go.

A statements object gives single lines, a WARC single segments. Nothing is handed out before all parts and the hashes
of the others have given the signed root.

Which segments are records is told by the trailers between them: a segment that follows CR LF CR LF, or is the first, is
a `warc-header` (docs/formats/bundle.md, "Parts"). A record of which something is withheld is a *fragment*: what is
shown of its block, in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from archiver.errors import FormatError, ProofError
from archiver.evidence import Evidence, read
from archiver.model import parts
from archiver.model.manifest import ObjectRef, Tree
from archiver.model.parts import Leaf, Shown
from archiver.model.statement import MAX_STATEMENTS
from archiver.verify.layout import PROOF, parts_path
from archiver.warc.read import MAX_RECORDS
from archiver.warc.record import MAX_HEADER, TRAILER, VERSION, Record, parse_header
from archiver.warc.segments import cut

MAX_LINES = 256 << 20  # bytes of lines that are read into memory


def part_name(evidence: Evidence, digest: str) -> str | None:
    """The file with the parts of that object that are shown, None if there is none."""
    if evidence.kind != "bundle":
        return None
    name = evidence.prefix + parts_path(digest)
    return name if evidence.size(name) is not None else None


def tree_of(ref: ObjectRef) -> Tree:
    """The tree that the manifest signs over the object's parts. Raises ProofError if there is none."""
    tree = ref.segments or ref.leaves
    if tree is None:
        raise ProofError(f"a part of {ref.role} is here, and the manifest signs no tree over its parts")
    return tree


def check_part(evidence: Evidence, ref: ObjectRef, name: str) -> Shown:
    """How many parts are here; all of them, and the hashes of the others, give the root in the manifest.

    Raises ProofError, FormatError, MissingError, StoreError.
    """
    with evidence.open(name + PROOF) as proof, evidence.open(name) as data:
        return parts.check(proof, data, tree_of(ref), lines=ref.leaves is not None)


def shown_lines(evidence: Evidence, ref: ObjectRef, name: str) -> list[tuple[int, bytes]]:
    """The lines of a statements object that are shown, proven, each with its number and without its line feed.

    Raises ProofError, FormatError, MissingError, StoreError.
    """
    shown = check_part(evidence, ref, name)
    if shown.shown > 2 * MAX_STATEMENTS:
        raise FormatError(f"more than {2 * MAX_STATEMENTS} lines")
    lines = read(evidence, name, MAX_LINES).split(b"\n")
    with evidence.open(name + PROOF) as proof:
        numbers = [entry.index for entry in parts.parse(proof) if isinstance(entry, Leaf)]
    if len(lines) != len(numbers) + 1 or lines.pop():
        raise FormatError("a line holds a line feed")
    return list(zip(numbers, lines, strict=True))


@dataclass(frozen=True, slots=True)
class Fragment:
    """What is shown of a record of which something is withheld: `length` bytes of its block, from `offset` of the file
    with the parts."""

    offset: int
    length: int
    stream: BinaryIO = field(repr=False, compare=False)

    def as_record(self, content_type: str) -> Record:
        """It as the block of a record; of its header nothing is known."""
        kind = "response" if content_type.startswith("application/http") else "resource"
        fields = (("WARC-Type", kind), ("Content-Type", content_type))
        return Record(VERSION, fields, self.offset, 0, self.offset, self.length, self.stream)


def records_of(proof: BinaryIO, data: BinaryIO) -> Iterator[Record | Fragment]:
    """The records of a WARC in part, in order: whole ones as records, of others what is shown. The parts have been
    checked. Raises FormatError for a record that is not cut as the format says."""
    group: _Group | None = None
    count = 0
    for entry, offset in _placed(proof):
        shown = entry if isinstance(entry, Leaf) else None
        if shown is not None and shown.length == len(TRAILER) and group is not None and _is_trailer(data, offset):
            group.end(offset, shown.length)
            continue
        if group is None or group.ended is not None:
            if group is not None:
                yield from group.close(data)
            count += 1
            if count > MAX_RECORDS:
                raise FormatError(f"more than {MAX_RECORDS} records")
            group = _Group(offset)
        group.add(shown)
    if group is not None:
        yield from group.close(data)


def _placed(proof: BinaryIO) -> Iterator[tuple[parts.Entry, int]]:
    """Each entry with where its bytes begin in the file of parts."""
    offset = 0
    for entry in parts.parse(proof):
        yield entry, offset
        if isinstance(entry, Leaf):
            offset += entry.length


def _is_trailer(data: BinaryIO, offset: int) -> bool:
    data.seek(offset)
    return data.read(len(TRAILER)) == TRAILER


class _Group:
    """The segments of one record, while they come in."""

    def __init__(self, offset: int) -> None:
        self.offset = self.reached = offset
        self.ended: int | None = None  # where its trailer begins
        self.lengths: list[int] = []  # of the segments that are shown
        self.header: int | None = None  # length, if it is shown
        self.hidden = False

    def add(self, leaf: Leaf | None) -> None:
        if leaf is None:
            self.hidden = True
            return
        if not self.lengths and not self.hidden:
            self.header = leaf.length
        self.lengths.append(leaf.length)
        self.reached += leaf.length

    def end(self, offset: int, length: int) -> None:
        """A trailer; if one was there already, that was a body of these four bytes."""
        if self.ended is not None:
            self.lengths.append(length)
            self.reached += length
        self.ended = offset

    def close(self, data: BinaryIO) -> Iterator[Record | Fragment]:
        if self.header is not None and not self.hidden and self.ended is not None:
            yield self._record(data, self.header)
            return
        begin = self.offset + (self.header or 0)
        if self.reached > begin:
            yield Fragment(begin, self.reached - begin, data)

    def _record(self, data: BinaryIO, header: int) -> Record:
        if header > MAX_HEADER:
            raise FormatError("a WARC header is too long")
        data.seek(self.offset)
        fields = parse_header(data.read(header))
        length = next(int(value) for name, value in fields if name.lower() == "content-length")
        record = Record(VERSION, fields, self.offset, header, self.offset + header, length, data)
        if self.reached != self.offset + header + length:
            raise FormatError(f"record {record.get('WARC-Record-ID')} does not end where its header says")
        if [part.length for part in cut(record)] != [*self.lengths, len(TRAILER)]:
            raise FormatError(f"record {record.get('WARC-Record-ID')} is not cut into segments as it should be")
        return record


def why_absent(evidence: Evidence, digest: str, removed: frozenset[str]) -> str | None:
    """`withheld` or `taken down` for an object that is not here, None if it is, or if that cannot be told."""
    if evidence.object_name(digest) is not None:
        return None
    if digest in removed:
        return "taken down"
    return "withheld" if evidence.kind == "bundle" else None
