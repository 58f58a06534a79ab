"""The signature algorithms of log and signers, from the `cryptography` library; imported when first used.

Ed25519     RFC 8032; keys of small order and keys in a second spelling are refused: anybody can sign for them, so that
            whoever published one could disown everything ever signed with it
ML-DSA-44   FIPS 204, empty context; not in every build of the library
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from archiver.errors import AlgorithmMissingError, FormatError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

SEED_BYTES = 32
ED25519_BYTES = 32
MLDSA44_BYTES = 1312

_P = 2**255 - 19
# The y coordinates of the eight points of small order on edwards25519, the last two of order 8.
_SMALL = frozenset(
    {
        0,
        1,
        _P - 1,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    }
)


def check_ed25519_public(public: bytes) -> bytes:
    """An Ed25519 public key. Raises FormatError unless it has 32 bytes, one spelling (y < 2^255 - 19) and no small
    order."""
    if len(public) != ED25519_BYTES:
        raise FormatError(f"an Ed25519 key has {ED25519_BYTES} bytes, not {len(public)}")
    y = int.from_bytes(public, "little") & (2**255 - 1)
    if y >= _P or y in _SMALL:
        raise FormatError("an Ed25519 key of small order, or in a second spelling: it proves nothing")
    return public


@functools.lru_cache(maxsize=256)
def _ed25519_public(public: bytes) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(check_ed25519_public(public))


@functools.cache
def _refused() -> tuple[type[Exception], ...]:
    from cryptography.exceptions import InvalidSignature

    return InvalidSignature, ValueError


def ed25519_verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """RFC 8032 verification (section 5.1.7, without the cofactor, as OpenSSL, OpenSSH and Go do). Raises FormatError
    for a key that proves nothing."""
    try:
        _ed25519_public(public).verify(signature, message)
    except _refused():  # looked up only when it is needed
        return False
    return True


def check_seed(seed: bytes) -> bytes:
    """A 32-byte seed. Raises FormatError for another length."""
    if len(seed) != SEED_BYTES:
        raise FormatError(f"a key's seed has {SEED_BYTES} bytes, not {len(seed)}")
    return seed


def ed25519_private(seed: bytes) -> Ed25519PrivateKey:
    """The private key of a 32-byte seed. Raises FormatError."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(check_seed(seed))


def derive_seed(seed: bytes, info: bytes) -> bytes:
    """HKDF-SHA256 (RFC 5869) with no salt: 32 bytes for another algorithm from one stored seed."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=SEED_BYTES, salt=None, info=info).derive(check_seed(seed))


def mldsa44_private(seed: bytes) -> MLDSA44PrivateKey:
    """The private key of a 32-byte seed (FIPS 204, section 6.1). Raises FormatError, AlgorithmMissingError."""
    from cryptography.exceptions import UnsupportedAlgorithm

    check_seed(seed)
    try:
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

        return MLDSA44PrivateKey.from_seed_bytes(seed)
    except (ImportError, UnsupportedAlgorithm) as error:
        raise AlgorithmMissingError(f"no ML-DSA-44 here: {error}") from None


@functools.lru_cache(maxsize=64)
def _mldsa44_public(public: bytes) -> MLDSA44PublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

        return MLDSA44PublicKey.from_public_bytes(public)
    except (ImportError, UnsupportedAlgorithm) as error:
        raise AlgorithmMissingError(f"no ML-DSA-44 here: {error}") from None


def mldsa44_verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """FIPS 204 verification with an empty context. Raises AlgorithmMissingError."""
    from cryptography.exceptions import InvalidSignature

    try:
        _mldsa44_public(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
