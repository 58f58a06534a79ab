"""C2SP tlog-witness: what a log asks of a witness, and what a witness decides. No network and no disk.

    POST <submission prefix>/add-checkpoint

    old 2
    Ge5aKTSiRr5EXIk1M9iTvLMezNZnz5Sm/4BkKmZbwmA=
                                                       (an empty line)
    log-5d2c9a
    3
    Wqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKk=

    — log-5d2c9a …

`old` is the size that the witness is believed to have; the hashes prove that the new tree extends it (RFC 6962, section
2.1.2; at most 63). The answer is 200 and signature lines; 409 and the size that the witness has; 404 for a log that it
does not follow, 403 without a good signature of that log, 400 malformed, 422 for a proof that does not hold.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from archiver.errors import FormatError, ProofError
from archiver.tlog import algorithms, cosignature
from archiver.tlog.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint_text
from archiver.tlog.merkle import EMPTY_ROOT, HASH_BYTES, check_consistency
from archiver.tlog.note import (
    COSIGNATURE_ED25519,
    COSIGNATURE_MLDSA44,
    MAX_NOTE,
    Note,
    SignatureLine,
    VerifierKey,
    check_name,
    decode_base64,
    open_note,
)

MLDSA_INFO = b"archiver witness ML-DSA-44 v1"
MAX_HASHES = 63
MAX_REQUEST = MAX_NOTE + 8192  # bytes
_OLD = re.compile(rb"old (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Request:
    """An add-checkpoint request; nothing of it is verified."""

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes

    def encode(self) -> bytes:
        """The body of the POST."""
        lines = [b"old %d\n" % self.old_size, *(base64.b64encode(value) + b"\n" for value in self.proof), b"\n"]
        return b"".join(lines) + self.note


def parse_request(data: bytes) -> Request:
    """Raises FormatError for any other spelling."""
    if len(data) > MAX_REQUEST:
        raise FormatError(f"a request of {len(data)} bytes; at most {MAX_REQUEST}")
    head, separator, note = data.partition(b"\n\n")
    first, *hashes = head.split(b"\n")
    match = _OLD.fullmatch(first)
    if match is None or not separator:
        raise FormatError("a request begins with `old SIZE`, hashes and an empty line")
    if len(hashes) > MAX_HASHES:
        raise FormatError(f"a proof of {len(hashes)} hashes; at most {MAX_HASHES}")
    proof = []
    for line in hashes:
        value = decode_base64(line.decode("ascii", "replace"), "a hash of the proof")
        if len(value) != HASH_BYTES:
            raise FormatError(f"a hash of the proof has {len(value)} bytes")
        proof.append(value)
    return Request(int(match[1]), tuple(proof), note)


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest checkpoint of a log that a witness cosigned; 0 and the empty root before the first."""

    size: int = 0
    root: bytes = EMPTY_ROOT


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a witness does not cosign: the status of the answer, words for people, and the size that it has (409).
    `split` is set where the log has signed two trees of which one does not extend the other: the request proves it."""

    status: int
    message: str
    size: int | None = None
    split: bool = False


def decide(request: Request, log_keys: Sequence[VerifierKey], seen: Seen) -> Checkpoint | Refusal:
    """The checkpoint that may be cosigned, and must be remembered before it is; or why not. `log_keys` are the ones
    believed for its origin, none for a log that is not followed."""
    try:
        checkpoint = parse_checkpoint_text(open_note(request.note).text)
    except FormatError as error:
        return Refusal(400, f"not a checkpoint: {error.message}")
    mine = [key for key in log_keys if key.name == checkpoint.origin]
    if not mine:
        return Refusal(404, f"a log that is not followed here: {checkpoint.origin}")
    try:
        open_checkpoint(request.note, mine)
    except (ProofError, FormatError) as error:
        return Refusal(403, error.message)
    if request.old_size > checkpoint.size:
        return Refusal(400, f"old {request.old_size} is larger than the checkpoint's {checkpoint.size}")
    if seen.size == checkpoint.size and seen.root != checkpoint.root:
        return Refusal(409, f"another tree of the same {seen.size} leaves was cosigned here", seen.size, split=True)
    if request.old_size != seen.size:
        return Refusal(409, f"old {request.old_size}, and {seen.size} was cosigned here", seen.size)
    try:
        check_consistency(seen.size, checkpoint.size, seen.root, checkpoint.root, request.proof)
    except ProofError as error:
        return Refusal(422, f"the proof does not hold: {error.message}")
    return checkpoint


class CosignerKey:
    """The private side of a witness: an Ed25519 key and the ML-DSA-44 key derived from the same 32-byte seed. It signs
    cosignatures and nothing else: an Ed25519 line does not cover the witness's name."""

    def __init__(self, name: str, seed: bytes) -> None:
        self.name = check_name(name)
        self._seed = algorithms.check_seed(seed)
        self._mldsa_seed = algorithms.derive_seed(seed, MLDSA_INFO)
        ed25519 = algorithms.ed25519_private(seed).public_key().public_bytes_raw()
        mldsa = algorithms.mldsa44_private(self._mldsa_seed).public_key().public_bytes_raw()
        self._vkeys = (
            VerifierKey.make(name, COSIGNATURE_ED25519, ed25519),
            VerifierKey.make(name, COSIGNATURE_MLDSA44, mldsa),
        )

    def vkeys(self) -> tuple[VerifierKey, VerifierKey]:
        """Ed25519 first, then ML-DSA-44."""
        return self._vkeys

    def cosign(self, checkpoint: Checkpoint, seconds: int) -> tuple[SignatureLine, SignatureLine]:
        """Both lines under a checkpoint that was decided on and remembered. `seconds`: the witness's clock, since
        1970."""
        return (
            cosignature.sign_ed25519(self.name, self._seed, seconds, checkpoint.encode()),
            cosignature.sign_mldsa(
                self.name, self._mldsa_seed, seconds, checkpoint.origin, checkpoint.size, checkpoint.root
            ),
        )


def parse_lines(answer: bytes, text: bytes) -> tuple[SignatureLine, ...]:
    """The signature lines of an answer, as lines under that checkpoint's text. Raises FormatError."""
    return open_note(text + b"\n" + answer).signatures


def good_lines(
    lines: Sequence[SignatureLine], keys: Sequence[VerifierKey], text: bytes
) -> list[tuple[VerifierKey, SignatureLine, int]]:
    """The cosignatures by these keys, each with its time in seconds. Lines by others are left alone. Raises ProofError
    for a line by one of them that does not hold, FormatError, AlgorithmMissingError."""
    checkpoint = parse_checkpoint_text(text)
    found = []
    for line in lines:
        for key in keys:
            if (key.name, key.key_id) == (line.name, line.key_id):
                time = cosignature.verify(line, key, text, checkpoint.origin, checkpoint.size, checkpoint.root)
                found.append((key, line, time))
    return found


def encode_lines(lines: Sequence[SignatureLine]) -> bytes:
    """The answer's body, and the bytes of a `.cosig` file."""
    return b"".join(line.encode() for line in lines)


def joined(note: bytes, lines: Sequence[SignatureLine]) -> bytes:
    """A checkpoint with more lines under it, none twice: what C2SP clients read. Raises FormatError."""
    opened = open_note(note)
    known = {(line.name, line.key_id) for line in opened.signatures}
    more = tuple(line for line in lines if (line.name, line.key_id) not in known)
    return Note(opened.text, opened.signatures + more).encode()
