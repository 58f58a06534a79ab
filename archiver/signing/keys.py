"""OpenSSH public keys, their lines and fingerprints, and signers. Format: docs/formats/signature.md.

Specimen of a public key line: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop ann
and of its fingerprint: SHA256:tAXFyTXI8xtDaujAEcwJslAYc9/6FKcUkd2Lw0xDhPo

Private key files are in signing.key_file.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from dataclasses import dataclass
from typing import Protocol

from archiver.errors import FormatError
from archiver.signing.key_file import (
    ED25519,
    KDF_ROUNDS,
    MAX_KEY_FILE,
    encode_private_key,
    is_encrypted,
    seed_from_private_key_file,
)
from archiver.signing.wire import Reader, string
from archiver.tlog import algorithms

__all__ = [
    "ED25519",
    "KDF_ROUNDS",
    "MAX_KEY_FILE",
    "SK_ED25519",
    "KeySigner",
    "PublicKey",
    "Signer",
    "encode_private_key",
    "is_encrypted",
    "parts",
    "seed_from_private_key_file",
]

SK_ED25519 = "sk-ssh-ed25519@openssh.com"
MAX_LINE = 16 << 10  # characters of a public key line with its comment (OpenSSH reads 8 kB)
MAX_APPLICATION = 255


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key as OpenSSH writes it on the wire. Only ed25519 and ed25519 in a FIDO token are read."""

    blob: bytes

    @property
    def kind(self) -> str:
        """`ssh-ed25519` or `sk-ssh-ed25519@openssh.com`."""
        return parts(self.blob)[0]

    @property
    def raw(self) -> bytes:
        """The 32 bytes of the ed25519 key."""
        return parts(self.blob)[1]

    @property
    def application(self) -> bytes:
        """What a FIDO key is bound to, `ssh:` as a rule; empty for an ordinary key."""
        return parts(self.blob)[2]

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` prints it."""
        return _fingerprint(self.blob)

    def line(self, comment: str = "") -> str:
        """The public key line, without a newline."""
        text = f"{self.kind} {base64.b64encode(self.blob).decode('ascii')}"
        return f"{text} {comment}" if comment else text

    @classmethod
    def of_raw(cls, raw: bytes) -> PublicKey:
        """The ed25519 key of 32 bytes."""
        return cls(string(ED25519.encode()) + string(raw))

    @classmethod
    def parse_line(cls, line: str | bytes) -> PublicKey:
        """The key in a line `type base64 [comment]`, as people's `.pub` files have it. Raises FormatError. In what is
        signed no comment stands: compare with `line()`."""
        if len(line) > MAX_LINE:
            raise FormatError(f"public key line of {len(line)} bytes; at most {MAX_LINE}")
        try:
            text = line.decode("utf-8") if isinstance(line, bytes) else line
        except UnicodeDecodeError:
            raise FormatError("public key line is not UTF-8") from None
        kind, _, rest = text.strip("\r\n").partition(" ")
        if "\n" in rest or "\r" in rest:
            raise FormatError("not one public key line")
        spelled = rest.partition(" ")[0]
        try:
            blob = base64.b64decode(spelled, validate=True)
        except ValueError:
            raise FormatError("public key line: not base64") from None
        if base64.b64encode(blob).decode("ascii") != spelled:
            raise FormatError("public key line: base64 is not in its one spelling")
        key = cls(blob)
        if key.kind != kind:
            raise FormatError("public key line: the type differs from that of the key")
        return key


@functools.lru_cache(maxsize=256)
def parts(blob: bytes) -> tuple[str, bytes, bytes]:
    """Type, 32-byte key and application of a public key blob. Raises FormatError for other types, and for keys under
    which anything holds."""
    reader = Reader(blob)
    kind = reader.text()
    if kind not in (ED25519, SK_ED25519):
        raise FormatError(f"key type not supported: {kind[:60]!r} (only ed25519)")
    raw = reader.string()
    application = reader.string() if kind == SK_ED25519 else b""
    reader.end()
    if len(application) > MAX_APPLICATION:
        raise FormatError("public key: its application is too long")
    return kind, algorithms.check_ed25519_public(raw), application


@functools.lru_cache(maxsize=256)
def _fingerprint(blob: bytes) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode("ascii").rstrip("=")


class Signer(Protocol):
    """Whatever can sign as an SSH key: a key in memory, an agent, a token."""

    @property
    def public(self) -> PublicKey:
        """Its public key."""

    def sign(self, message: bytes, namespace: str) -> bytes:
        """An armored SSHSIG of `message`."""


class KeySigner:
    """An ed25519 key in memory."""

    def __init__(self, seed: bytes) -> None:
        self._private = algorithms.ed25519_private(seed)
        self._public = PublicKey.of_raw(self._private.public_key().public_bytes_raw())

    @classmethod
    def from_seed(cls, seed: bytes) -> KeySigner:
        """The signer of a 32-byte seed. Raises FormatError."""
        return cls(seed)

    @property
    def public(self) -> PublicKey:
        """Its public key."""
        return self._public

    def sign(self, message: bytes, namespace: str) -> bytes:
        """An armored SSHSIG of `message`. Same input, same bytes. Raises UsageError for a namespace of others."""
        from archiver.signing import sshsig

        signature = self._private.sign(sshsig.signed_data(message, namespace))
        return sshsig.encode(sshsig.SshSignature(self._public.blob, namespace, "sha512", ED25519, signature))
