"""C2SP tlog-checkpoint: the signed note with a tree's size and root. Format: docs/formats/log.md.

    text = origin "\\n" size "\\n" base64(root) "\\n"

followed by an empty line and the log's two signature lines: Ed25519 (type 0x01) and ML-DSA-44 (type 0x06). Specimen of
a text: "example.com/log\\n0\\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\\n" (the empty tree). No extension lines are
written or read. A log never signs two checkpoints of which one does not extend the other: store.keyring guards that.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass

from archiver.errors import AlgorithmMissingError, FormatError, ProofError
from archiver.tlog import algorithms, cosignature
from archiver.tlog.merkle import EMPTY_ROOT, HASH_BYTES
from archiver.tlog.note import (
    COSIGNATURE_MLDSA44,
    ED25519,
    Note,
    SignatureLine,
    VerifierKey,
    check_name,
    decode_base64,
    open_note,
    sort_lines,
)

MLDSA_INFO = b"archiver log ML-DSA-44 v1"
MAX_SIZE = 2**63 - 1
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Size and root (32 bytes) of the log called `origin`."""

    origin: str
    size: int
    root: bytes

    def encode(self) -> bytes:
        """The text, with its final newline. Raises FormatError for what is no checkpoint."""
        return f"{_checked(self).origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()


def _checked(checkpoint: Checkpoint) -> Checkpoint:
    check_name(checkpoint.origin)
    if not 0 <= checkpoint.size <= MAX_SIZE or len(checkpoint.root) != HASH_BYTES:
        raise FormatError("checkpoint: size or root out of range")
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise FormatError("checkpoint: the empty tree has another root")
    return checkpoint


def parse_checkpoint_text(text: bytes) -> Checkpoint:
    """The checkpoint in a note's text. Raises FormatError for any other spelling, extension lines included."""
    try:
        lines = text.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise FormatError("checkpoint is not UTF-8") from None
    if len(lines) != 4 or lines[3]:
        raise FormatError("a checkpoint has three lines: origin, size, root (extension lines are not read)")
    origin, size, root = lines[:3]
    if _SIZE.fullmatch(size) is None:
        raise FormatError(f"checkpoint size {size[:40]!r} is not a decimal number")
    return _checked(Checkpoint(origin, int(size), decode_base64(root, "checkpoint root")))


class LogKey:
    """The private side of a log: an Ed25519 key and the ML-DSA-44 key derived from the same 32-byte seed."""

    def __init__(self, origin: str, seed: bytes) -> None:
        self.origin = check_name(origin)
        self._ed25519 = algorithms.ed25519_private(seed)
        self._mldsa_seed = algorithms.derive_seed(seed, MLDSA_INFO)
        mldsa = algorithms.mldsa44_private(self._mldsa_seed)
        self._vkeys = (
            VerifierKey.make(origin, ED25519, self._ed25519.public_key().public_bytes_raw()),
            VerifierKey.make(origin, COSIGNATURE_MLDSA44, mldsa.public_key().public_bytes_raw()),
        )

    @classmethod
    def from_seed(cls, origin: str, seed: bytes) -> LogKey:
        """The key of a 32-byte seed. Raises FormatError, AlgorithmMissingError if this build lacks ML-DSA-44."""
        return cls(origin, seed)

    def vkeys(self) -> tuple[VerifierKey, VerifierKey]:
        """Ed25519 first, then ML-DSA-44."""
        return self._vkeys

    def sign(self, checkpoint: Checkpoint, time_seconds: int) -> bytes:
        """The signed note. `time_seconds` (since 1970, the caller's clock) stands in the ML-DSA-44 line. The caller has
        made sure that the checkpoint extends everything signed before. Same input, same bytes, but for that line."""
        if checkpoint.origin != self.origin:
            raise FormatError(f"this key signs for {self.origin}, not for {checkpoint.origin}")
        text = checkpoint.encode()
        lines = (
            SignatureLine(self.origin, self._vkeys[0].key_id, self._ed25519.sign(text)),
            cosignature.sign_mldsa(
                self.origin, self._mldsa_seed, time_seconds, checkpoint.origin, checkpoint.size, checkpoint.root
            ),
        )
        return Note(text, lines).encode()


@dataclass(frozen=True, slots=True)
class OpenedCheckpoint:
    """A checkpoint whose Ed25519 line holds. `mldsa`: passed, not present, or not checked (why); `time_seconds` is
    what the log claims in its ML-DSA-44 line, None unless that passed."""

    checkpoint: Checkpoint
    note: Note
    verified: tuple[VerifierKey, ...]
    mldsa: str
    time_seconds: int | None
    unknown: tuple[SignatureLine, ...]


def open_checkpoint(data: bytes, vkeys: Iterable[VerifierKey]) -> OpenedCheckpoint:
    """Read and verify a checkpoint with the log's own keys. Raises FormatError, and ProofError unless a known Ed25519
    key with the origin as its name signed it and no line by a known key fails."""
    note = open_note(data)
    checkpoint = parse_checkpoint_text(note.text)
    keys = list(vkeys)
    if any(key.name != checkpoint.origin for key in keys):
        raise ProofError(f"this checkpoint is of another log: {checkpoint.origin}")
    mine, unknown = sort_lines(note, keys)
    verified: list[VerifierKey] = []
    mldsa, seconds = "not present", None
    for line, key in mine:
        if key.type == ED25519:
            if not algorithms.ed25519_verify(key.public, line.signature, note.text):
                raise ProofError(f"the log's Ed25519 signature ({key.key_id.hex()}) does not hold")
        elif key.type == COSIGNATURE_MLDSA44:
            try:
                seconds = cosignature.verify(line, key, note.text, checkpoint.origin, checkpoint.size, checkpoint.root)
            except AlgorithmMissingError as error:
                mldsa = f"not checked ({error})"
                continue
            mldsa = "passed"
        else:
            raise FormatError(f"the key {key.name}+{key.key_id.hex()} is a witness's, not a log's")
        verified.append(key)
    if not any(key.type == ED25519 for key in verified):
        raise ProofError("no Ed25519 signature line by the log's key")
    return OpenedCheckpoint(checkpoint, note, tuple(verified), mldsa, seconds, tuple(unknown))
