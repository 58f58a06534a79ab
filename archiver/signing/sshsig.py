"""SSHSIG, the signature that `ssh-keygen -Y sign` makes (OpenSSH PROTOCOL.sshsig), exactly as archiver writes it.
Format: docs/formats/signature.md.

    -----BEGIN SSH SIGNATURE-----
    base64, 70 characters a line, of
      "SSHSIG" uint32(1) string(public key) string(namespace) string("") string("sha512")
      string(string("ssh-ed25519") string(64 bytes))
    -----END SSH SIGNATURE-----

signed = "SSHSIG" string(namespace) string("") string("sha512") string(SHA-512(message)). A signature by a FIDO token
has the type sk-ssh-ed25519@openssh.com, and flags and a counter after the 64 bytes (PROTOCOL.u2f).

Exactly one armored block is read, re-encoded and compared: no text around it, no other line length.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from dataclasses import dataclass
from typing import BinaryIO

from archiver.digest import CHUNK
from archiver.errors import FormatError, ProofError, UsageError
from archiver.signing.keys import ED25519, SK_ED25519, PublicKey, parts
from archiver.signing.wire import Reader, string
from archiver.tlog import algorithms

NAMESPACES = ("archiver-manifest-v1", "archiver-bundle-v1")  # what allowed_signers names, for ever
WACZ = "archiver-wacz-v1"  # the list of a package for replay: no evidence, so a key need not be admitted for it
ALL = (*NAMESPACES, WACZ)
MAX_ARMORED = 8192
RAW_BYTES = 64  # of an Ed25519 signature
_MAGIC = b"SSHSIG"
_BEGIN = b"-----BEGIN SSH SIGNATURE-----\n"
_END = b"-----END SSH SIGNATURE-----\n"
_COLUMNS = 70
_HASH = "sha512"
_USER_PRESENT = 0x01


@dataclass(frozen=True, slots=True)
class SshSignature:
    """A parsed signature. `flags` and `counter` are a FIDO token's, zero otherwise."""

    public_blob: bytes
    namespace: str
    hash_algorithm: str
    key_type: str
    signature: bytes
    flags: int = 0
    counter: int = 0


def signed_data(message: bytes, namespace: str, algorithm: str = "sha512") -> bytes:
    """The bytes that the key signs for a message. Raises UsageError for a namespace that is not in ALL."""
    if namespace not in ALL:
        raise UsageError(f"archiver signs for {', '.join(ALL)} only, not for {namespace[:60]!r}")
    return _signed(hashlib.new(algorithm, message).digest(), namespace, algorithm)


@functools.lru_cache(maxsize=16)
def _before_hash(namespace: str, algorithm: str) -> bytes:
    return _MAGIC + string(namespace.encode()) + string(b"") + string(algorithm.encode())


def _signed(hashed: bytes, namespace: str, algorithm: str) -> bytes:
    return _before_hash(namespace, algorithm) + string(hashed)


def encode(signature: SshSignature) -> bytes:
    """The armored file."""
    inner = string(signature.key_type.encode()) + string(signature.signature)
    if signature.key_type == SK_ED25519:
        inner += bytes([signature.flags]) + signature.counter.to_bytes(4, "big")
    blob = (
        _MAGIC
        + (1).to_bytes(4, "big")
        + string(signature.public_blob)
        + string(signature.namespace.encode())
        + string(b"")
        + string(signature.hash_algorithm.encode())
        + string(inner)
    )
    return _armor(blob)


def _armor(blob: bytes) -> bytes:
    text = base64.b64encode(blob)
    lines = [text[i : i + _COLUMNS] + b"\n" for i in range(0, len(text), _COLUMNS)]
    return _BEGIN + b"".join(lines) + _END


def parse(data: bytes) -> SshSignature:
    """The signature in an armored file. Raises FormatError for any other spelling."""
    if len(data) > MAX_ARMORED or not data.startswith(_BEGIN) or not data.endswith(_END):
        raise FormatError("not exactly one armored SSH signature")
    try:
        blob = base64.b64decode(data[len(_BEGIN) : -len(_END)].replace(b"\n", b""), validate=True)
    except ValueError:
        raise FormatError("SSH signature is not base64") from None
    try:
        # Thousands of signatures by one key differ in their last 64 bytes alone.
        like = _ordinary(blob[:-RAW_BYTES])
        found = SshSignature(like.public_blob, like.namespace, _HASH, ED25519, blob[-RAW_BYTES:])
    except FormatError:
        found = _parse_blob(blob)
    if _armor(blob) != data:
        raise FormatError("SSH signature is not in its one spelling")
    return found


@functools.lru_cache(maxsize=64)
def _ordinary(head: bytes) -> SshSignature:
    """What stands before the 64 bytes at the end of a signature by an ordinary key. Raises FormatError for others."""
    found = _parse_blob(head + bytes(RAW_BYTES))
    if found.key_type != ED25519:
        raise FormatError("SSH signature: a token's, which does not end with its 64 bytes")
    return found


def _parse_blob(blob: bytes) -> SshSignature:
    """The signature without its armor; there is one spelling of each. Raises FormatError."""
    reader = Reader(blob)
    if reader.take(6) != _MAGIC or reader.number() != 1:
        raise FormatError("not an SSHSIG of version 1")
    public, namespace = reader.string(), reader.text()
    if reader.string() != b"":
        raise FormatError("SSH signature: its reserved field is not empty")
    algorithm = reader.text()
    inner = Reader(reader.string())
    reader.end()
    key_type, raw = inner.text(), inner.string()
    flags, counter = (inner.byte(), inner.number()) if key_type == SK_ED25519 else (0, 0)
    inner.end()
    if algorithm != _HASH:
        raise FormatError(f"SSH signature over a {algorithm[:40]!r}; only {_HASH} is read", hint="leave out -O hashalg")
    if key_type != parts(public)[0] or len(raw) != RAW_BYTES:
        raise FormatError("SSH signature: its type does not belong to its key")
    return SshSignature(public, namespace, algorithm, key_type, raw, flags, counter)


def verify(armored: bytes, message: bytes, namespace: str) -> PublicKey:
    """The key that made the signature over `message` for that namespace. Raises FormatError, ProofError. Whether that
    key is to be believed is another question."""
    return _verify(parse(armored), hashlib.sha512(message).digest(), namespace)


def verify_stream(armored: bytes, stream: BinaryIO, namespace: str) -> PublicKey:
    """Like `verify`, for a message read in pieces."""
    found, state = parse(armored), hashlib.sha512()
    while chunk := stream.read(CHUNK):
        state.update(chunk)
    return _verify(found, state.digest(), namespace)


def _verify(found: SshSignature, hashed: bytes, namespace: str) -> PublicKey:
    if found.namespace != namespace:
        raise ProofError(f"the signature was made for {found.namespace[:60]!r}, not for {namespace!r}")
    message = _signed(hashed, found.namespace, found.hash_algorithm)
    public = PublicKey(found.public_blob)
    if found.key_type != ED25519:
        if not found.flags & _USER_PRESENT:
            raise ProofError("the token's signature does not say that somebody touched it")
        message = (
            hashlib.sha256(public.application).digest()
            + bytes([found.flags])
            + found.counter.to_bytes(4, "big")
            + hashlib.sha256(message).digest()
        )
    if not algorithms.ed25519_verify(public.raw, found.signature, message):
        raise ProofError("the signature does not hold for these bytes")
    return public
