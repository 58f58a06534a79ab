"""C2SP tlog-proof@v1: what shows one leaf in one checkpoint, in one file. Format: docs/formats/log.md.

Suffix `.tlog-proof`. Specimen (leaf 1 of a log of 2):

    c2sp.org/tlog-proof@v1
    index 1
    bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=

    example.com/log
    2
    …

Lines: the version, optionally `extra` and base64, `index`, the hashes (leaf's sibling first), an empty line, the
checkpoint with all its signature lines, verbatim.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from archiver.errors import FormatError, ProofError
from archiver.tlog.checkpoint import Checkpoint, open_checkpoint
from archiver.tlog.merkle import HASH_BYTES, MAX_PROOF, check_inclusion, leaf_hash
from archiver.tlog.note import MAX_NOTE, VerifierKey, decode_base64, open_note

VERSION = b"c2sp.org/tlog-proof@v1"
MAX_HEAD = 1 << 20  # bytes before the checkpoint: 63 hashes, and whatever stands in `extra`
_INDEX = re.compile(rb"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Proof:
    """A parsed proof; nothing in it is verified."""

    index: int
    hashes: tuple[bytes, ...]
    extra: bytes | None
    checkpoint: bytes


def encode_proof(index: int, hashes: Sequence[bytes], checkpoint_note: bytes, extra: bytes | None = None) -> bytes:
    """The bytes of a proof. Raises FormatError for what `parse_proof` would not read."""
    if index < 0 or len(hashes) > MAX_PROOF or any(len(value) != HASH_BYTES for value in hashes):
        raise FormatError("the proof has a negative index, too many hashes, or one that does not have 32 bytes")
    lines = [VERSION]
    if extra is not None:
        lines.append(b"extra " + base64.b64encode(extra))
    lines.append(b"index %d" % index)
    lines += [base64.b64encode(value) for value in hashes]
    return b"\n".join(lines) + b"\n\n" + checkpoint_note


def parse_proof(data: bytes) -> Proof:
    """The proof in `data`. Raises FormatError for any other spelling."""
    if len(data) > MAX_HEAD + MAX_NOTE:
        raise FormatError(f"proof of {len(data)} bytes; at most {MAX_HEAD + MAX_NOTE}")
    head, blank, checkpoint = data.partition(b"\n\n")
    lines = head.split(b"\n")
    if not blank or lines[0] != VERSION:
        raise FormatError("not a c2sp.org/tlog-proof@v1")
    extra = None
    rest = lines[1:]
    if rest and rest[0].startswith(b"extra "):
        extra = decode_base64(_ascii(rest[0][6:]), "extra")
        rest = rest[1:]
    match = _INDEX.fullmatch(rest[0]) if rest else None
    if match is None:
        raise FormatError("the proof has no index line")
    if len(rest) - 1 > MAX_PROOF:
        raise FormatError(f"a proof of {len(rest) - 1} hashes; {MAX_PROOF} are enough for any tree")
    hashes = tuple(decode_base64(_ascii(line), "proof hash") for line in rest[1:])
    open_note(checkpoint)
    proof = Proof(int(match.group(1)), hashes, extra, checkpoint)
    if encode_proof(proof.index, proof.hashes, proof.checkpoint, proof.extra) != data:
        raise FormatError("the proof is not in its one spelling")
    return proof


def _ascii(data: bytes) -> str:
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        raise FormatError("the proof holds a line that is not ASCII") from None


def check_proof(proof: Proof, leaf_data: bytes, vkeys: Iterable[VerifierKey]) -> Checkpoint:
    """The checkpoint that the leaf is proven to be in, by the log's own keys. Raises FormatError, ProofError."""
    checkpoint = open_checkpoint(proof.checkpoint, vkeys).checkpoint
    if proof.index >= checkpoint.size:
        raise ProofError(f"leaf {proof.index} lies outside a log of {checkpoint.size}")
    check_inclusion(proof.index, checkpoint.size, leaf_hash(leaf_data), proof.hashes, checkpoint.root)
    return checkpoint
