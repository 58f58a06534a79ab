"""What shows that a checkpoint extends an older one, in one file of a bundle: log/checkpoints/<size>.consistency

Specimen (from a log of 57 to one of 90):

    old 57
    bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=
    …

    example.com/log
    90
    …

Lines: `old` and the older size, the hashes of the consistency proof (RFC 6962 section 2.1.2), an empty line, the newer
checkpoint with all its signature lines, verbatim. This is what a C2SP witness is sent (tlog-witness, add-checkpoint).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from archiver.errors import FormatError
from archiver.tlog.merkle import HASH_BYTES, MAX_PROOF
from archiver.tlog.note import decode_base64, open_note

_OLD = re.compile(rb"old (0|[1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Consistency:
    """A parsed proof; nothing in it is verified."""

    old_size: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes


def encode(old_size: int, hashes: Sequence[bytes], checkpoint: bytes) -> bytes:
    """The bytes of a proof."""
    head = [b"old %d" % old_size, *(base64.b64encode(value) for value in hashes)]
    return b"\n".join(head) + b"\n\n" + checkpoint


def parse(data: bytes) -> Consistency:
    """The proof in `data`. Raises FormatError for any other spelling."""
    head, blank, checkpoint = data.partition(b"\n\n")
    first, *rest = head.split(b"\n")
    match = _OLD.fullmatch(first)
    if not blank or match is None or len(rest) > MAX_PROOF or not head.isascii():
        raise FormatError("not a consistency proof")
    hashes = tuple(decode_base64(row.decode("ascii"), "proof hash") for row in rest)
    if any(len(value) != HASH_BYTES for value in hashes):
        raise FormatError("a hash of the proof does not have 32 bytes")
    open_note(checkpoint)
    proof = Consistency(int(match[1]), hashes, checkpoint)
    if encode(proof.old_size, proof.hashes, proof.checkpoint) != data:
        raise FormatError("the consistency proof is not in its one spelling")
    return proof
