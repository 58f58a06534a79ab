"""C2SP signed-note v1: a text with signature lines below it, and the keys that check them. Format: docs/formats/log.md.

    note    = text "\\n" line+            text ends in a newline; no byte below 0x20 but newlines
    line    = "— " name " " base64(key id, 4 bytes || signature) "\\n"
    vkey    = name "+" key id in hex "+" base64(type || public key)

Specimen (C2SP's own) of a key and of a note by it:

    example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k

    This is an example message.

    — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=

What is signed is the text with its final newline; neither the name nor the key type is covered, so a key must serve
one role only.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from archiver.errors import FormatError, ProofError
from archiver.tlog import algorithms

ED25519 = 0x01
COSIGNATURE_ED25519 = 0x04
COSIGNATURE_MLDSA44 = 0x06
_KEY_BYTES = {
    ED25519: algorithms.ED25519_BYTES,
    COSIGNATURE_ED25519: algorithms.ED25519_BYTES,
    COSIGNATURE_MLDSA44: algorithms.MLDSA44_BYTES,
}

MAX_NOTE = 1 << 20
MAX_LINES = 100
MAX_NAME = 255  # bytes: an ML-DSA-44 cosignature counts its cosigner's name in one byte
_DASH = "— ".encode()
_HEX8 = re.compile(r"[0-9a-f]{8}", re.ASCII)
_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")
_NOT_IN_NAME = re.compile("[\\s+\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # \s: every Unicode space


def decode_base64(text: str, what: str) -> bytes:
    """Bytes of the one accepted base64 spelling (RFC 4648 section 4, padded). Raises FormatError."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise FormatError(f"{what} is not base64") from None
    if base64.b64encode(data).decode("ascii") != text:
        raise FormatError(f"{what} is not base64 in its one spelling")
    return data


def check_name(name: str) -> str:
    """A key's name: 1 to 255 bytes of UTF-8, no white space, no control character, no plus sign. Raises FormatError."""
    if not name or _NOT_IN_NAME.search(name) or len(name.encode()) > MAX_NAME:
        raise FormatError(f"not a key name: {name[:80]!r}")
    return name


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key of a log or witness. `type` is a C2SP signature type."""

    name: str
    key_id: bytes
    type: int
    public: bytes

    @classmethod
    def make(cls, name: str, kind: int, public: bytes) -> VerifierKey:
        """The key of that name; its id is computed. Raises FormatError for a malformed name or key."""
        check_name(name)
        if len(public) != _KEY_BYTES.get(kind):
            raise FormatError("verifier key of an unknown type or length")
        if kind != COSIGNATURE_MLDSA44:
            algorithms.check_ed25519_public(public)
        material = name.encode() + b"\n" + bytes([kind]) + public
        return cls(name, hashlib.sha256(material).digest()[:4], kind, public)

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """A vkey. Raises FormatError for an unknown type or any other spelling."""
        name, _, rest = text.partition("+")
        spelled_id, _, spelled_key = rest.partition("+")
        data = decode_base64(spelled_key, "verifier key")
        if not data:
            raise FormatError("verifier key without a key")
        key = cls.make(name, data[0], data[1:])
        if not _HEX8.fullmatch(spelled_id) or key.key_id.hex() != spelled_id:
            raise FormatError("verifier key: its id does not belong to its name and key")
        return key

    def spell(self) -> str:
        """The vkey."""
        material = base64.b64encode(bytes([self.type]) + self.public).decode("ascii")
        return f"{self.name}+{self.key_id.hex()}+{material}"


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature under a note. `signature` excludes the key id."""

    name: str
    key_id: bytes
    signature: bytes

    def encode(self) -> bytes:
        """The line with its newline."""
        data = base64.b64encode(self.key_id + self.signature)
        return _DASH + self.name.encode() + b" " + data + b"\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text (with its final newline) and the signature lines under it."""

    text: bytes
    signatures: tuple[SignatureLine, ...]

    def encode(self) -> bytes:
        """The note's bytes."""
        return self.text + b"\n" + b"".join(line.encode() for line in self.signatures)


def open_note(data: bytes) -> Note:
    """The note in `data`; nothing is verified. Raises FormatError for any spelling that is not the format's."""
    if len(data) > MAX_NOTE:
        raise FormatError(f"note of {len(data)} bytes; at most {MAX_NOTE}")
    if _CONTROL.search(data):
        raise FormatError("note holds a control character")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError("note is not UTF-8") from None
    split = data.rfind(b"\n\n")
    if split < 0 or not data.endswith(b"\n"):
        raise FormatError("note has no signatures or no final newline")
    text, rest = data[: split + 1], data[split + 2 :]
    lines = rest.split(b"\n")[:-1]
    if not lines or len(lines) > MAX_LINES:
        raise FormatError(f"note has {len(lines)} signature lines; 1 to {MAX_LINES} are read")
    note = Note(text, tuple(parse_line(line) for line in lines))
    if note.encode() != data:
        raise FormatError("note is not in its one spelling")
    return note


def parse_line(data: bytes) -> SignatureLine:
    """One signature line without its newline, as it stands in a note or in a witness's answer. Raises FormatError."""
    try:
        line = data.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError("signature line is not UTF-8") from None
    if not line.startswith("— "):
        raise FormatError("a signature line does not begin with an em dash and a blank")
    name, _, spelled = line[2:].partition(" ")
    material = decode_base64(spelled, "signature")
    if len(material) < 5:
        raise FormatError("a signature line is too short")
    return SignatureLine(check_name(name), material[:4], material[4:])


def sort_lines(
    note: Note, keys: Iterable[VerifierKey]
) -> tuple[list[tuple[SignatureLine, VerifierKey]], list[SignatureLine]]:
    """The lines by known keys (name and id both match), and the others, which say nothing. Raises FormatError for two
    lines by one known key (only one could have been checked by a reader who stops early), and for two known keys that
    share name and id."""
    known: dict[tuple[str, bytes], VerifierKey] = {}
    for key in keys:
        if known.setdefault((key.name, key.key_id), key) != key:
            raise FormatError(f"two known keys are called {key.name}+{key.key_id.hex()}")
    mine: list[tuple[SignatureLine, VerifierKey]] = []
    unknown: list[SignatureLine] = []
    seen: set[tuple[str, bytes]] = set()
    for line in note.signatures:
        name = (line.name, line.key_id)
        if name not in known:
            unknown.append(line)
        elif name in seen:
            raise FormatError(f"two signature lines by the key {line.name}+{line.key_id.hex()}")
        else:
            seen.add(name)
            mine.append((line, known[name]))
    return mine, unknown


def verify_note(note: Note, keys: Iterable[VerifierKey]) -> tuple[tuple[VerifierKey, ...], tuple[SignatureLine, ...]]:
    """The Ed25519 (0x01) keys whose lines hold, and the unknown lines. Raises ProofError if a known key's line does
    not hold, or if there is none; FormatError for keys of another type, whose lines sign more than a note's text."""
    mine, unknown = sort_lines(note, keys)
    for line, key in mine:
        if key.type != ED25519:
            raise FormatError(f"the key {key.name}+{key.key_id.hex()} signs checkpoints, not notes")
        if not algorithms.ed25519_verify(key.public, line.signature, note.text):
            raise ProofError(f"the signature of {key.name} ({key.key_id.hex()}) does not hold")
    if not mine:
        raise ProofError("no known key signed this")
    return tuple(key for _, key in mine), tuple(unknown)
