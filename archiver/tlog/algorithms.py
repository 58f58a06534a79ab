"""The signature algorithms of the log, from the `cryptography` library; imported when first used."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey


class MldsaUnavailable(Exception):  # noqa: N818 - a state of this build, caught beside its callers
    """This build of the library has no ML-DSA-44."""


@functools.lru_cache(maxsize=64)
def _ed25519_public(public: bytes) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(public)


def ed25519_verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """RFC 8032 verification."""
    from cryptography.exceptions import InvalidSignature

    try:
        _ed25519_public(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def ed25519_private(seed: bytes) -> Ed25519PrivateKey:
    """The private key of a 32-byte seed."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed)


def derive_seed(seed: bytes, info: bytes) -> bytes:
    """HKDF-SHA256 (RFC 5869) with no salt: 32 bytes for another algorithm from one stored seed."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(seed)


def mldsa44_private(seed: bytes) -> MLDSA44PrivateKey:
    """The private key of a 32-byte seed (FIPS 204). Raises MldsaUnavailable."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

        return MLDSA44PrivateKey.from_seed_bytes(seed)
    except (ImportError, UnsupportedAlgorithm) as error:
        raise MldsaUnavailable(str(error)) from None


@functools.lru_cache(maxsize=64)
def _mldsa44_public(public: bytes) -> MLDSA44PublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

        return MLDSA44PublicKey.from_public_bytes(public)
    except (ImportError, UnsupportedAlgorithm) as error:
        raise MldsaUnavailable(str(error)) from None


def mldsa44_verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """FIPS 204 verification with an empty context. Raises MldsaUnavailable."""
    from cryptography.exceptions import InvalidSignature

    try:
        _mldsa44_public(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
