"""C2SP tlog-cosignature: another party's line under a checkpoint, with the time at which it was made.

    Ed25519 (0x04)     signature field = uint64 seconds || 64 bytes over
                       "cosignature/v1\\ntime " seconds "\\n" checkpoint text
    ML-DSA-44 (0x06)   signature field = uint64 seconds || 2420 bytes over
                       "subtree/v1\\n\\0" || len8 name || uint64 seconds ||
                       len8 origin || uint64 0 || uint64 size || root

Specimen: 76 bytes (4 of key id, 8 of time, 64 of signature) stand in an Ed25519 line. A log's own ML-DSA-44 line has
the second form too, with the origin as its name. A time of 0 in the second form says nothing about when.
"""

from __future__ import annotations

from archiver.errors import FormatError, ProofError
from archiver.tlog import algorithms
from archiver.tlog.note import COSIGNATURE_ED25519, COSIGNATURE_MLDSA44, SignatureLine, VerifierKey, check_name

MAX_TIME = 2**63 - 1
_SIGNATURE_BYTES = {COSIGNATURE_ED25519: 64, COSIGNATURE_MLDSA44: 2420}


def check_time(seconds: int) -> int:
    """Seconds since 1970. Raises FormatError beyond 2^63 - 1 or below 0."""
    if not 0 <= seconds <= MAX_TIME:
        raise FormatError(f"a cosignature's time is out of range: {seconds}")
    return seconds


def message_ed25519(seconds: int, text: bytes) -> bytes:
    """What an Ed25519 cosigner signs."""
    return b"cosignature/v1\ntime %d\n" % check_time(seconds) + text


def message_mldsa(name: str, seconds: int, origin: str, size: int, root: bytes) -> bytes:
    """What an ML-DSA-44 cosigner signs."""
    parts = [b"subtree/v1\n\0", _counted(name), check_time(seconds).to_bytes(8, "big")]
    parts += [_counted(origin), (0).to_bytes(8, "big"), size.to_bytes(8, "big"), root]
    return b"".join(parts)


def _counted(name: str) -> bytes:
    data = check_name(name).encode()
    return bytes([len(data)]) + data


def sign_ed25519(name: str, seed: bytes, seconds: int, text: bytes) -> SignatureLine:
    """A witness's line under a checkpoint's text."""
    private = algorithms.ed25519_private(seed)
    key = VerifierKey.make(name, COSIGNATURE_ED25519, private.public_key().public_bytes_raw())
    signature = private.sign(message_ed25519(seconds, text))
    return SignatureLine(name, key.key_id, seconds.to_bytes(8, "big") + signature)


def sign_mldsa(name: str, seed: bytes, seconds: int, origin: str, size: int, root: bytes) -> SignatureLine:
    """A witness's (or, with the origin as name, the log's own) ML-DSA-44 line. Two signatures of one message differ:
    the algorithm adds randomness. Raises AlgorithmMissingError."""
    private = algorithms.mldsa44_private(seed)
    key = VerifierKey.make(name, COSIGNATURE_MLDSA44, private.public_key().public_bytes_raw())
    signature = private.sign(message_mldsa(name, seconds, origin, size, root))
    return SignatureLine(name, key.key_id, seconds.to_bytes(8, "big") + signature)


def verify(line: SignatureLine, key: VerifierKey, text: bytes, origin: str, size: int, root: bytes) -> int:
    """The time in seconds that the cosigner gives. Raises FormatError, ProofError, AlgorithmMissingError."""
    if key.type not in _SIGNATURE_BYTES:
        raise FormatError(f"key {key.name} is no cosigner's key")
    if (line.name, line.key_id) != (key.name, key.key_id):
        raise FormatError(f"a line by {line.name}+{line.key_id.hex()}, not by {key.name}+{key.key_id.hex()}")
    if len(line.signature) != 8 + _SIGNATURE_BYTES[key.type]:
        raise FormatError(f"cosignature of {key.name} has {len(line.signature)} bytes")
    seconds, signature = check_time(int.from_bytes(line.signature[:8], "big")), line.signature[8:]
    if key.type == COSIGNATURE_ED25519:
        good = algorithms.ed25519_verify(key.public, signature, message_ed25519(seconds, text))
    else:
        message = message_mldsa(key.name, seconds, origin, size, root)
        good = algorithms.mldsa44_verify(key.public, signature, message)
    if not good:
        raise ProofError(f"the signature of {key.name} ({key.key_id.hex()}) does not hold")
    return seconds
