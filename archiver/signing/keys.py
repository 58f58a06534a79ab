"""OpenSSH keys: public key lines and fingerprints, private key files, and signers.

Specimen of a public key line: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop ann
and of its fingerprint: SHA256:oqGuHrvdNtr7FjQeHo8JPKAbu/xw9QYVjuqi+UXXg4E

Private keys are ed25519 in OpenSSH's own format (PROTOCOL.key), encrypted by bcrypt_pbkdf with 100 rounds: about a
second on a laptop. A key file is a container of its 32-byte seed; the log's key file holds the seed of both its keys.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from dataclasses import dataclass
from typing import Protocol

from archiver.errors import FormatError, ProofError, UsageError
from archiver.signing.wire import Reader, string

ED25519 = "ssh-ed25519"
SK_ED25519 = "sk-ssh-ed25519@openssh.com"
KDF_ROUNDS = 100
MAX_KEY_FILE = 64 << 10  # bytes


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
        """The key in a line `type base64 [comment]`. Raises FormatError."""
        try:
            text = line.decode("utf-8") if isinstance(line, bytes) else line
        except UnicodeDecodeError:
            raise FormatError("public key line is not UTF-8") from None
        kind, _, rest = text.strip("\n").partition(" ")
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
    """Type, 32-byte key and application of a public key blob. Raises FormatError for other types."""
    reader = Reader(blob)
    kind = reader.text()
    if kind not in (ED25519, SK_ED25519):
        raise FormatError(f"key type not supported: {kind[:60]!r} (only ed25519)")
    raw = reader.string()
    application = reader.string() if kind == SK_ED25519 else b""
    reader.end()
    if len(raw) != 32:
        raise FormatError("an ed25519 key has 32 bytes")
    return kind, raw, application


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
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self._public = PublicKey.of_raw(self._private.public_key().public_bytes_raw())

    @classmethod
    def from_seed(cls, seed: bytes) -> KeySigner:
        """The signer of a 32-byte seed."""
        return cls(seed)

    @property
    def public(self) -> PublicKey:
        """Its public key."""
        return self._public

    def sign(self, message: bytes, namespace: str) -> bytes:
        """An armored SSHSIG of `message`."""
        from archiver.signing import sshsig

        signature = self._private.sign(sshsig.signed_data(message, namespace))
        return sshsig.encode(sshsig.SshSignature(self._public.blob, namespace, "sha512", ED25519, signature))


def encode_private_key(seed: bytes, passphrase: bytes | None, comment: str, rounds: int = KDF_ROUNDS) -> bytes:
    """A private key file in OpenSSH format, encrypted if there is a passphrase. `comment` is part of the format, but
    the library writes none; it is kept by the `.pub` file."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, KeySerializationEncryption, NoEncryption
    from cryptography.hazmat.primitives.serialization import PrivateFormat

    del comment
    encryption: KeySerializationEncryption = NoEncryption()
    if passphrase:
        encryption = PrivateFormat.OpenSSH.encryption_builder().kdf_rounds(rounds).build(passphrase)
    return Ed25519PrivateKey.from_private_bytes(seed).private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, encryption)


def is_encrypted(data: bytes) -> bool:
    """Whether a private key file needs a passphrase. Raises FormatError if it is no OpenSSH private key."""
    begin, end = b"-----BEGIN OPENSSH PRIVATE KEY-----", b"-----END OPENSSH PRIVATE KEY-----"
    text = data.strip()
    if len(data) > MAX_KEY_FILE or not text.startswith(begin) or not text.endswith(end):
        raise FormatError("not an OpenSSH private key", hint="make one with: ssh-keygen -t ed25519")
    try:
        body = base64.b64decode(b"".join(text[len(begin) : -len(end)].split()), validate=True)
    except ValueError:
        raise FormatError("OpenSSH private key: not base64") from None
    reader = Reader(body)
    if reader.take(15) != b"openssh-key-v1\x00":
        raise FormatError("not an OpenSSH private key")
    return reader.string() != b"none"


def seed_from_private_key_file(data: bytes, passphrase: bytes | None) -> bytes:
    """The 32-byte ed25519 seed in an OpenSSH private key file. Raises UsageError if it needs a passphrase, ProofError
    if the passphrase is wrong, FormatError if it is no ed25519 key in that format."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    encrypted = is_encrypted(data)
    if encrypted and not passphrase:
        raise UsageError("this key is encrypted and needs its passphrase")
    try:
        key = load_ssh_private_key(data, passphrase if encrypted else None)
    except UnsupportedAlgorithm as error:
        raise FormatError(f"private key: {error}") from None
    except (ValueError, TypeError) as error:
        if encrypted:
            raise ProofError("the passphrase does not open this key") from None
        raise FormatError(f"private key: {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise FormatError("the key is not ed25519", hint="make one with: ssh-keygen -t ed25519")
    return key.private_bytes_raw()
