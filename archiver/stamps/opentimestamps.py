r"""OpenTimestamps proofs: from the digest of a message, by a tree of operations, to what a calendar or block attests.

    00 "OpenTimestamps" 00 00 "Proof" 00 bf 89 e2 e8 84 e8 92 94      magic
    01                                                              version
    08 <32 bytes>                                                   SHA-256 of the message
    f0 10 <16 bytes>  08  …                                         append 16 bytes, SHA-256, …
    ff …  …                                                         a branch, and the one after it
    00 83dfe30d2ef90c8e <n> <n> "https://calendar.example"          pending at a calendar
    00 0588960d73d71901 <n> <height>                                the Merkle root of that block of Bitcoin

A reader and writer of our own (python-opentimestamps is LGPL, and opens connections): pure, strict, bounded. What was
read is written again and must be the same bytes. A proof that *names* a block proves nothing until that block's header
is known: see `stamps.bitcoin`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from archiver.errors import FormatError, ProofError

MAGIC = b"\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94"
MAX_PROOF = 256 << 10  # bytes of a file; with some calendars they have 500 to 3,000
MAX_ANSWER = 10_000  # bytes of a calendar's answer
MAX_MESSAGE = 4096  # bytes of what an operation takes or gives
MAX_DEPTH = 256
MAX_URI = 1000
NONCE_BYTES = 16

SHA1, RIPEMD160, SHA256, KECCAK256 = 0x02, 0x03, 0x08, 0x67
APPEND, PREPEND, REVERSE, HEXLIFY = 0xF0, 0xF1, 0xF2, 0xF3
_OPERATIONS = frozenset({SHA1, RIPEMD160, SHA256, KECCAK256, APPEND, PREPEND, REVERSE, HEXLIFY})
_PENDING, _BITCOIN = bytes.fromhex("83dfe30d2ef90c8e"), bytes.fromhex("0588960d73d71901")
_URI = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/:")


@dataclass(frozen=True, slots=True)
class Pending:
    """A calendar has promised to have it in a block soon."""

    uri: str


@dataclass(frozen=True, slots=True)
class Block:
    """The message at this place is the Merkle root of that block of Bitcoin, as the proof says."""

    height: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """An attestation of a kind that is not known here: it says nothing."""

    tag: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """One operation; `argument` of append and prepend, else empty."""

    tag: int
    argument: bytes = b""


Attestation = Pending | Block | Unknown


@dataclass(frozen=True, slots=True)
class Node:
    """What is said of one message: attestations, and operations that lead on, in the order of the file."""

    items: tuple[Attestation | tuple[Step, Node], ...]


def commit(message: bytes, nonce: bytes) -> tuple[bytes, bytes]:
    """Digest of a message, and what calendars get to see: a digest of that and of a nonce, so that nobody who sees it
    can tell what it is of."""
    found = hashlib.sha256(message).digest()
    return found, hashlib.sha256(found + nonce).digest()


def new_proof(nonce: bytes, answers: tuple[Node, ...]) -> Node:
    """The proof made of the answers of calendars to `commit(message, nonce)`."""
    joined = Node(tuple(item for answer in answers for item in answer.items))
    return Node(((Step(APPEND, nonce), Node(((Step(SHA256), joined),))),))


def encode(digest: bytes, proof: Node) -> bytes:
    """The bytes of a proof file."""
    return MAGIC + b"\x01" + bytes([SHA256]) + digest + _encode_node(proof)


def decode(data: bytes, message: bytes) -> Node:
    """The proof in a file, which must be about `message`. Raises FormatError, ProofError."""
    if len(data) > MAX_PROOF:
        raise FormatError(f"more than {MAX_PROOF} bytes")
    start = len(MAGIC) + 34
    if not data.startswith(MAGIC + b"\x01" + bytes([SHA256])) or len(data) < start:
        raise FormatError("is no OpenTimestamps proof of version 1 over SHA-256")
    if data[start - 32 : start] != hashlib.sha256(message).digest():
        raise ProofError("the proof is about something else")
    return decode_node(data[start:])


def decode_node(data: bytes) -> Node:
    """What a calendar answers: a tree without a head. Raises FormatError."""
    reader = _Reader(data)
    node = reader.node(0)
    if reader.place != len(data) or _encode_node(node) != data:
        raise FormatError("is not in its one spelling, or goes on after its end")
    return node


def attestations(proof: Node, message: bytes) -> Iterator[tuple[bytes, Attestation]]:
    """Every attestation with the message that it is about; `message` is what the proof begins with (a digest). What
    stands behind an operation that cannot be computed here (RIPEMD-160 in some builds, Keccak) is left out."""
    waiting: list[tuple[Step | None, Node, bytes]] = [(None, proof, message)]
    while waiting:
        step, node, before = waiting.pop()
        current = before if step is None else apply(step, before)
        if current is None:
            continue
        for item in node.items:
            if isinstance(item, tuple):
                waiting.append((*item, current))
            else:
                yield current, item


def apply(step: Step, message: bytes) -> bytes | None:
    """What an operation makes of a message; None where it cannot be computed, or the result is too long."""
    if step.tag == APPEND:
        result = message + step.argument
    elif step.tag == PREPEND:
        result = step.argument + message
    elif step.tag == REVERSE:
        result = message[::-1]
    elif step.tag == HEXLIFY:
        result = message.hex().encode("ascii")
    elif step.tag == SHA256:
        return hashlib.sha256(message).digest()
    elif step.tag == SHA1:
        return hashlib.sha1(message, usedforsecurity=False).digest()
    elif step.tag == RIPEMD160 and "ripemd160" in hashlib.algorithms_available:
        try:
            return hashlib.new("ripemd160", message).digest()
        except ValueError:  # listed, and not to be had
            return None
    else:
        return None
    return result if len(result) <= MAX_MESSAGE else None


def extended(proof: Node, message: bytes, answers: dict[bytes, Node]) -> Node:
    """The proof with what calendars said later of the messages that were pending there."""
    items: list[Attestation | tuple[Step, Node]] = []
    for item in proof.items:
        if isinstance(item, tuple):
            result = apply(item[0], message)
            items.append(item if result is None else (item[0], extended(item[1], result, answers)))
        else:
            items.append(item)
    if any(isinstance(item, Pending) for item in proof.items) and message in answers:
        items += [item for item in answers[message].items if item not in items]
    return Node(tuple(items))


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.place = 0

    def node(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise FormatError(f"more than {MAX_DEPTH} operations after one another")
        items = []
        tag = self._byte()
        while tag == 0xFF:
            items.append(self._item(self._byte(), depth))
            tag = self._byte()
        items.append(self._item(tag, depth))
        return Node(tuple(items))

    def _item(self, tag: int, depth: int) -> Attestation | tuple[Step, Node]:
        if tag == 0x00:
            return self._attestation()
        if tag not in _OPERATIONS:
            raise FormatError(f"an unknown operation, {tag:02x}")
        argument = self._bytes(1, MAX_MESSAGE) if tag in (APPEND, PREPEND) else b""
        return Step(tag, argument), self.node(depth + 1)

    def _attestation(self) -> Attestation:
        tag, payload = self._take(8), self._bytes(0, 8192)
        inner = _Reader(payload)
        if tag == _PENDING:
            uri = inner._bytes(1, MAX_URI).decode("latin-1")
            if not _URI.issuperset(uri):
                raise FormatError("a calendar's address with odd characters")
            found: Attestation = Pending(uri)
        elif tag == _BITCOIN:
            found = Block(inner._number())
        else:
            return Unknown(tag, payload)
        if inner.place != len(payload):
            raise FormatError("an attestation goes on after its end")
        return found

    def _take(self, count: int) -> bytes:
        taken = self._data[self.place : self.place + count]
        if len(taken) != count:
            raise FormatError("cut off")
        self.place += count
        return taken

    def _byte(self) -> int:
        return self._take(1)[0]

    def _number(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value
            if shift > 56:
                raise FormatError("a number too large")

    def _bytes(self, least: int, most: int) -> bytes:
        length = self._number()
        if not least <= length <= most:
            raise FormatError(f"a string of {length} bytes where {least} to {most} are allowed")
        return self._take(length)


def _encode_number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _encode_node(node: Node) -> bytes:
    """Items one after another, each but a node's last with ff before it; what an operation leads to follows it."""
    out: list[bytes] = []
    waiting = list(_flagged(node))
    while waiting:
        item, is_last = waiting.pop()
        if not is_last:
            out.append(b"\xff")
        if isinstance(item, tuple):
            step, below = item
            argument = _encode_number(len(step.argument)) + step.argument if step.tag in (APPEND, PREPEND) else b""
            out.append(bytes([step.tag]) + argument)
            waiting += _flagged(below)
        else:
            out.append(_encode_attestation(item))
    return b"".join(out)


def _flagged(node: Node) -> Iterator[tuple[Attestation | tuple[Step, Node], bool]]:
    """A node's items, last first, and whether each is the last."""
    for place in reversed(range(len(node.items))):
        yield node.items[place], place == len(node.items) - 1


def _encode_attestation(item: Attestation) -> bytes:
    if isinstance(item, Pending):
        uri = item.uri.encode("latin-1")
        tag, payload = _PENDING, _encode_number(len(uri)) + uri
    elif isinstance(item, Block):
        tag, payload = _BITCOIN, _encode_number(item.height)
    else:
        tag, payload = item.tag, item.payload
    return b"\x00" + tag + _encode_number(len(payload)) + payload
