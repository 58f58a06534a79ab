"""C2SP signed-note v1: a text with signature lines below it, and the keys that check them.

    note    = text "\\n" line+            text ends in a newline; no byte below 0x20 but newlines
    line    = "— " name " " base64(key id, 4 bytes || signature) "\\n"
    vkey    = name "+" key id in hex "+" base64(type || public key)

Specimen: docs/formats/log.md; the published example of C2SP is a test. What is signed is the text with its final
newline; neither the name nor the key type is covered, so a key must serve one role only.
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
_KEY_BYTES = {ED25519: 32, COSIGNATURE_ED25519: 32, COSIGNATURE_MLDSA44: 1312}

MAX_NOTE = 1 << 20
MAX_LINES = 100
_DASH = "— ".encode()
_HEX8 = re.compile(r"[0-9a-f]{8}", re.ASCII)


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
    """A key's name: not empty, no white space, no plus sign. Raises FormatError."""
    if not name or "+" in name or any(c.isspace() or ord(c) < 0x20 for c in name) or len(name) > 255:
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
        """The key of that name; its id is computed."""
        check_name(name)
        material = name.encode() + b"\n" + bytes([kind]) + public
        return cls(name, hashlib.sha256(material).digest()[:4], kind, public)

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """A vkey. Raises FormatError for an unknown type or any other spelling."""
        name, _, rest = text.partition("+")
        spelled_id, _, spelled_key = rest.partition("+")
        data = decode_base64(spelled_key, "verifier key")
        if not data or data[0] not in _KEY_BYTES or len(data) - 1 != _KEY_BYTES[data[0]]:
            raise FormatError("verifier key of an unknown type or length")
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
    try:
        decoded = data.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError("note is not UTF-8") from None
    if any(ord(c) < 0x20 and c != "\n" for c in decoded):
        raise FormatError("note holds a control character")
    split = data.rfind(b"\n\n")
    if split < 0 or not data.endswith(b"\n"):
        raise FormatError("note has no signatures or no final newline")
    text, rest = data[: split + 1], data[split + 2 :]
    lines = rest.split(b"\n")[:-1]
    if not lines or len(lines) > MAX_LINES:
        raise FormatError(f"note has {len(lines)} signature lines; 1 to {MAX_LINES} are read")
    note = Note(text, tuple(_parse_line(line.decode("utf-8")) for line in lines))
    if note.encode() != data:
        raise FormatError("note is not in its one spelling")
    return note


def _parse_line(line: str) -> SignatureLine:
    name, _, spelled = line.removeprefix("— ").partition(" ")
    if not line.startswith("— "):
        raise FormatError("a signature line does not begin with an em dash and a blank")
    data = decode_base64(spelled, "signature")
    if len(data) < 5:
        raise FormatError("a signature line is too short")
    return SignatureLine(check_name(name), data[:4], data[4:])


def sort_lines(
    note: Note, keys: Iterable[VerifierKey]
) -> tuple[list[tuple[SignatureLine, VerifierKey]], list[SignatureLine]]:
    """The lines by known keys (name and id both match), and the others, which say nothing."""
    known = {(key.name, key.key_id): key for key in keys}
    mine: list[tuple[SignatureLine, VerifierKey]] = []
    unknown: list[SignatureLine] = []
    for line in note.signatures:
        key = known.get((line.name, line.key_id))
        if key is None:
            unknown.append(line)
        elif any(key == other for _, other in mine):
            raise FormatError(f"two signature lines by the key {key.name}+{key.key_id.hex()}")
        else:
            mine.append((line, key))
    return mine, unknown


def verify_note(note: Note, keys: Iterable[VerifierKey]) -> tuple[tuple[VerifierKey, ...], tuple[SignatureLine, ...]]:
    """Keys of type Ed25519 (0x01) whose lines hold, and the unknown lines. A known key's bad line raises ProofError;
    so does a note that no known key signed."""
    mine, unknown = sort_lines(note, keys)
    good = []
    for line, key in mine:
        if key.type == ED25519:
            if not algorithms.ed25519_verify(key.public, line.signature, note.text):
                raise ProofError(f"the signature of {key.name} ({key.key_id.hex()}) does not hold")
            good.append(key)
    if not good:
        raise ProofError("no known key signed this")
    return tuple(good), tuple(unknown)
