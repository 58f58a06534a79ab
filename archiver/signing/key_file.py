"""Private key files in OpenSSH's own format (PROTOCOL.key): ed25519, encrypted by bcrypt_pbkdf.
Format: docs/formats/signature.md.

    -----BEGIN OPENSSH PRIVATE KEY-----
    base64, 70 characters a line, of
      "openssh-key-v1" 00 string(cipher) string(kdf) string(kdf options) uint32(1) string(public key) string(private)
    -----END OPENSSH PRIVATE KEY-----

private = uint32(c) uint32(c) string("ssh-ed25519") string(public) string(seed || public) string(comment) and 01 02 … up
to a whole block, encrypted with aes256-ctr unless cipher and kdf are "none". Specimen: any file that
`ssh-keygen -t ed25519` makes.

A key file is a container of its 32-byte seed; the log's key file holds the seed of both its keys. 100 rounds of
bcrypt_pbkdf take about a second on a laptop. Files that ask for more than 10,000 are refused: a way to hang us.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass

from archiver.errors import FormatError, ProofError, UsageError
from archiver.signing.wire import Reader, string
from archiver.tlog import algorithms

ED25519 = "ssh-ed25519"
KDF_ROUNDS = 100
MAX_ROUNDS = 10_000
MAX_KEY_FILE = 64 << 10  # bytes

_MAGIC = b"openssh-key-v1\x00"
_BEGIN = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_END = b"-----END OPENSSH PRIVATE KEY-----"
_COLUMNS = 70
_SALT_BYTES = 16
_MAKE_ONE = "make one with: ssh-keygen -t ed25519"


def encode_private_key(seed: bytes, passphrase: bytes | None, comment: str = "", rounds: int = KDF_ROUNDS) -> bytes:
    """The file of a 32-byte seed, encrypted unless `passphrase` is None. Two files of one seed differ. Raises
    UsageError for an empty passphrase: it would protect nothing and look as if it did."""
    if passphrase is not None and not passphrase:
        raise UsageError("an empty passphrase does not protect a key")
    public = algorithms.ed25519_private(seed).public_key().public_bytes_raw()
    blob = string(ED25519.encode()) + string(public)
    private = os.urandom(4) * 2 + blob + string(seed + public) + string(comment.encode("utf-8"))
    block = 8 if passphrase is None else 16
    private += bytes(range(1, block - len(private) % block + 1)) if len(private) % block else b""
    if passphrase is None:
        cipher, kdf, options = b"none", b"none", b""
    else:
        salt = os.urandom(_SALT_BYTES)
        cipher, kdf, options = b"aes256-ctr", b"bcrypt", string(salt) + rounds.to_bytes(4, "big")
        private = _encrypt(private, passphrase, salt, rounds)
    body = _MAGIC + string(cipher) + string(kdf) + string(options) + (1).to_bytes(4, "big") + string(blob)
    text = base64.b64encode(body + string(private))
    lines = [text[i : i + _COLUMNS] for i in range(0, len(text), _COLUMNS)]
    return b"\n".join([_BEGIN, *lines, _END, b""])


def _encrypt(data: bytes, passphrase: bytes, salt: bytes, rounds: int) -> bytes:
    import bcrypt
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CTR

    if not 1 <= rounds <= MAX_ROUNDS:
        raise UsageError(f"1 to {MAX_ROUNDS} rounds, not {rounds}")
    material = bcrypt.kdf(passphrase, salt, 32 + 16, rounds, ignore_few_rounds=True)
    encryptor = Cipher(AES(material[:32]), CTR(material[32:])).encryptor()
    return encryptor.update(data) + encryptor.finalize()


@dataclass(frozen=True, slots=True)
class _Outer:
    """What a key file says in clear."""

    encrypted: bool
    public: bytes


def is_encrypted(data: bytes) -> bool:
    """Whether a private key file needs a passphrase. Raises FormatError if it is no ed25519 key in that format."""
    return _outer(data).encrypted


def _outer(data: bytes) -> _Outer:
    text = data.strip()
    if len(data) > MAX_KEY_FILE or not text.startswith(_BEGIN) or not text.endswith(_END):
        raise FormatError("not an OpenSSH private key", hint=_MAKE_ONE)
    try:
        body = base64.b64decode(b"".join(text[len(_BEGIN) : -len(_END)].split()), validate=True)
    except ValueError:
        raise FormatError("OpenSSH private key: not base64") from None
    reader = Reader(body)
    if reader.take(len(_MAGIC)) != _MAGIC:
        raise FormatError("not an OpenSSH private key")
    cipher, kdf, options = reader.string(), reader.string(), Reader(reader.string())
    if reader.number() != 1:
        raise FormatError("OpenSSH private key: not exactly one key")
    blob = Reader(reader.string())
    if blob.text() != ED25519:
        raise FormatError("the key is not ed25519", hint=_MAKE_ONE)
    public = blob.string()
    if (cipher == b"none") != (kdf == b"none") or kdf not in (b"none", b"bcrypt"):
        raise FormatError("OpenSSH private key: encrypted in a way that is not known here")
    if kdf == b"bcrypt":
        options.string()
        rounds = options.number()
        if not 1 <= rounds <= MAX_ROUNDS:
            raise FormatError(f"OpenSSH private key: asks for {rounds} rounds; at most {MAX_ROUNDS} are made")
    return _Outer(kdf != b"none", public)


def seed_from_private_key_file(data: bytes, passphrase: bytes | None) -> bytes:
    """The 32-byte ed25519 seed in an OpenSSH private key file. Raises UsageError if it needs a passphrase, ProofError
    if the passphrase is wrong, FormatError if it is no ed25519 key in that format."""
    from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    outer = _outer(data)
    if outer.encrypted and not passphrase:
        raise UsageError("this key is encrypted and needs its passphrase")
    try:
        key = load_ssh_private_key(data, passphrase if outer.encrypted else None)
    except UnsupportedAlgorithm as error:
        raise FormatError(f"private key: {error}") from None
    except (ValueError, TypeError, InvalidTag) as error:
        if outer.encrypted:
            raise ProofError("the passphrase does not open this key") from None
        raise FormatError(f"private key: {error}") from None
    if not isinstance(key, Ed25519PrivateKey) or key.public_key().public_bytes_raw() != outer.public:
        raise FormatError("private key: its two halves do not belong together")
    return key.private_bytes_raw()
