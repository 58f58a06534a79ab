"""ECDSA signatures of other tools (FIPS 186-5, over SHA-256), and fingerprints of their keys. Nothing here signs.

A key is its SubjectPublicKeyInfo in DER (RFC 5280, 4.1.2.7), on the curve P-256, P-384 or P-521. A signature is r and s
beside one another in as many bytes as the curve has (WebCrypto), or a DER sequence of both (RFC 3279, 2.2.3).

Fingerprints are those that `ssh-keygen -l` prints for the same key: one kind of fingerprint is compared for all.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from archiver.errors import AlgorithmMissingError, FormatError, ProofError

MAX_KEY = 4096  # bytes
MAX_SIGNATURE = 1024
_CURVES = ("secp256r1", "secp384r1", "secp521r1")


def check_ecdsa(key: bytes, signature: bytes, message: bytes) -> None:
    """Raises FormatError for what is no such key or signature, ProofError if it does not hold."""
    public = load_key(key)
    if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name not in _CURVES:
        raise FormatError("the key is on none of the curves P-256, P-384, P-521")
    size = (public.curve.key_size + 7) // 8
    if len(signature) == 2 * size:
        signature = encode_dss_signature(
            int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
        )
    if len(signature) > MAX_SIGNATURE:
        raise FormatError(f"a signature of {len(signature)} bytes")
    try:
        public.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise ProofError("the signature does not hold") from None


def load_key(key: bytes) -> PublicKeyTypes:
    """The public key of a SubjectPublicKeyInfo. Raises FormatError, AlgorithmMissingError."""
    if len(key) > MAX_KEY:
        raise FormatError(f"a public key of {len(key)} bytes; at most {MAX_KEY}")
    try:
        return serialization.load_der_public_key(key)
    except UnsupportedAlgorithm as error:
        raise AlgorithmMissingError(f"the key's algorithm is not known here: {str(error)[:100]}") from None
    except (ValueError, TypeError):
        raise FormatError("not a public key in DER (SubjectPublicKeyInfo)") from None


def fingerprint(public: PublicKeyTypes) -> str | None:
    """`SHA256:` and 43 characters, as ssh-keygen prints them; None for a key of a kind that OpenSSH does not have."""
    if not isinstance(
        public, ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey | dsa.DSAPublicKey
    ):
        return None
    try:
        line = public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    except (ValueError, UnsupportedAlgorithm):
        return None
    blob = base64.b64decode(line.split(b" ")[1])
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode("ascii").rstrip("=")
