"""The parts of an object that are shown while others are withheld, and their proof. Format: docs/formats/bundle.md.

A manifest signs an RFC 6962 tree over the lines of a `statements` object and over the segments of a `warc`. So single
lines and segments can be shown: one file holds them in order, and `….proof` beside it says which they are, and gives
the hashes of all others. Specimen of a proof (of the statements object in docs/formats/statement.md, without context):

    parts/v1
    leaf 0 463
    node 1 1 913cASEyQouB1x7rMzk6i//Tmns3FHQp+U8Bf3GHjRE= words around it

`leaf INDEX LENGTH [SALT]` is a part that is shown, `node INDEX COUNT HASH [WHAT]` a perfect subtree that is withheld.
Together they are the inclusion proofs of every part shown, each hash once. `what` is the exporter's word, and proven by
nothing.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from archiver import digest
from archiver.errors import FormatError, ProofError
from archiver.model.objects import Tree
from archiver.tlog.merkle import HASH_BYTES, Frontier, root
from archiver.tlog.note import decode_base64

VERSION = b"parts/v1\n"
MAX_ROW = 400  # bytes of a line of a proof
MAX_WHAT = 200  # characters
SALT_BYTES = 32  # of a segment; a statement's salt stands in its line
_NUMBER = rb"(0|[1-9][0-9]{0,15})"
_LEAF = re.compile(rb"leaf %s %s(?: ([A-Za-z0-9+/]{43}=))?\n" % (_NUMBER, _NUMBER))
_NODE = re.compile(rb"node %s %s ([A-Za-z0-9+/]{43}=)(?: ([!-~](?:[ -~]{0,198}[!-~])?))?\n" % (_NUMBER, _NUMBER))


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part that is shown: its number, its length in bytes (without line feed), the salt of a segment."""

    index: int
    length: int
    salt: bytes | None


@dataclass(frozen=True, slots=True)
class Node:
    """`count` parts from number `index` on that are withheld, under one hash."""

    index: int
    count: int
    hash: bytes
    what: str | None


Entry = Leaf | Node


@dataclass(frozen=True, slots=True)
class Shown:
    """What a proof that holds says: how many parts are shown, of how many, and what the exporter calls the others."""

    shown: int
    count: int
    what: tuple[str, ...]


def cover(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The perfect subtrees (first leaf, number of leaves) that together are the leaves from `start` to before `end`."""
    while start < end:
        count = 1 << (end - start).bit_length() - 1
        if start:
            count = min(count, start & -start)
        yield start, count
        start += count


def nodes(start: int, hashes: Sequence[bytes], what: Sequence[str]) -> Iterator[Node]:
    """The nodes over a run of withheld parts, from their leaf hashes and what each is called."""
    for index, count in cover(start, start + len(hashes)):
        place = index - start
        words = ", ".join(dict.fromkeys(word for word in what[place : place + count] if word))
        cut = words if len(words) <= MAX_WHAT else words[: MAX_WHAT - 3] + "..."
        yield Node(index, count, root(hashes[place : place + count]), cut or None)


def encode(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The lines of a proof."""
    yield VERSION
    for entry in entries:
        if isinstance(entry, Leaf):
            salt = b"" if entry.salt is None else b" " + base64.b64encode(entry.salt)
            yield b"leaf %d %d%s\n" % (entry.index, entry.length, salt)
        else:
            what = b"" if entry.what is None else b" " + entry.what.encode("ascii")
            yield b"node %d %d %s%s\n" % (entry.index, entry.count, base64.b64encode(entry.hash), what)


def parse(stream: BinaryIO) -> Iterator[Entry]:
    """The entries of a proof, one at a time; nothing is verified but their order and that nodes are the largest there
    are. Raises FormatError for any other spelling."""
    if stream.readline(MAX_ROW) != VERSION:
        raise FormatError("not a parts/v1")
    place = hidden = 0  # the next number; where the run of withheld parts began
    run: list[tuple[int, int]] = []
    while row := stream.readline(MAX_ROW):
        entry = _entry(row)
        if entry.index != place:
            raise FormatError(f"part {entry.index} follows where {place} should")
        if isinstance(entry, Leaf):
            _check_run(run, hidden, place)
            place, run = place + 1, []
            hidden = place
        else:
            run.append((entry.index, entry.count))
            place += entry.count
            if len(run) > 128:
                raise FormatError("withheld parts are not under the largest subtrees")
        yield entry
    _check_run(run, hidden, place)


def _check_run(run: list[tuple[int, int]], start: int, end: int) -> None:
    if run != list(cover(start, end)):
        raise FormatError("withheld parts are not under the largest subtrees")


def _entry(row: bytes) -> Entry:
    leaf = _LEAF.fullmatch(row)
    if leaf is not None:
        salt = None if leaf[3] is None else decode_base64(leaf[3].decode("ascii"), "salt")
        return Leaf(int(leaf[1]), int(leaf[2]), salt)
    node = _NODE.fullmatch(row)
    if node is None:
        raise FormatError(f"not a line of a proof: {row[:80]!r}")
    count = int(node[2])
    value = decode_base64(node[3].decode("ascii"), "hash")
    if count == 0 or count & (count - 1) or int(node[1]) % count or len(value) != HASH_BYTES:
        raise FormatError("a node is no perfect subtree")
    return Node(int(node[1]), count, value, None if node[4] is None else node[4].decode("ascii"))


def check(proof: BinaryIO, data: BinaryIO, tree: Tree, *, lines: bool) -> Shown:
    """Raise ProofError unless the parts in `data` and the hashes in `proof` give the signed tree, FormatError for a
    proof or file that is none. `lines`: the parts are lines, each with a line feed after it, and carry their own salt.
    Reads both in flat memory."""
    frontier, shown = Frontier(), 0
    what: dict[str, None] = {}
    for entry in parse(proof):
        if frontier.size + (1 if isinstance(entry, Leaf) else entry.count) > tree.count:
            raise ProofError(f"more parts than the {tree.count} that were sealed")
        if isinstance(entry, Node):
            frontier.append_subtree(entry.hash, entry.count)
            if entry.what is not None and len(what) < 100:
                what.update(dict.fromkeys(entry.what.split(", ")))
            continue
        if (entry.salt is None) != lines:
            raise FormatError("a segment has a salt beside it, and a line has none")
        frontier.append(_leaf_hash(data, entry))
        shown += 1
        if lines and data.read(1) != b"\n":
            raise FormatError(f"line {entry.index} does not end where the proof says")
    if data.read(1):
        raise FormatError("more bytes than the proof speaks of")
    if frontier.size != tree.count or digest.spell(frontier.root()) != tree.root:
        raise ProofError("the parts that are here, and the hashes of the others, do not give the root in the manifest")
    return Shown(shown, tree.count, tuple(what))


def _leaf_hash(data: BinaryIO, leaf: Leaf) -> bytes:
    state = hashlib.sha256(b"\x00" + (leaf.salt or b""))
    left = leaf.length
    while left:
        piece = data.read(min(left, digest.CHUNK))
        if not piece:
            raise FormatError(f"the file ends inside part {leaf.index}")
        state.update(piece)
        left -= len(piece)
    return state.digest()
