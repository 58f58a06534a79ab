"""Cosignatures of both types: the messages byte for byte, made, verified, and bound to everything that they cover."""

from __future__ import annotations

import hashlib

import pytest

from archiver.errors import FormatError, ProofError
from archiver.tlog import algorithms, cosignature
from archiver.tlog.checkpoint import Checkpoint
from archiver.tlog.note import COSIGNATURE_ED25519, COSIGNATURE_MLDSA44, ED25519, SignatureLine, VerifierKey

SEED = b"\x08" * 32
NAME = "witness.example/w1"
TIME = 1_679_315_147
CHECKPOINT = Checkpoint("example.com/behind-the-sofa", 20_852_163, hashlib.sha256(b"root").digest())
TEXT = CHECKPOINT.encode()
COVERED = (TEXT, CHECKPOINT.origin, CHECKPOINT.size, CHECKPOINT.root)


def ed25519() -> tuple[SignatureLine, VerifierKey]:
    public = algorithms.ed25519_private(SEED).public_key().public_bytes_raw()
    return cosignature.sign_ed25519(NAME, SEED, TIME, TEXT), VerifierKey.make(NAME, COSIGNATURE_ED25519, public)


def mldsa() -> tuple[SignatureLine, VerifierKey]:
    public = algorithms.mldsa44_private(SEED).public_key().public_bytes_raw()
    return cosignature.sign_mldsa(NAME, SEED, TIME, *COVERED[1:]), VerifierKey.make(NAME, COSIGNATURE_MLDSA44, public)


def test_the_messages_byte_for_byte() -> None:
    expected = b"cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n"
    assert cosignature.message_ed25519(TIME, TEXT).startswith(expected)
    assert cosignature.message_ed25519(TIME, TEXT)[len(b"cosignature/v1\ntime 1679315147\n") :] == TEXT
    assert cosignature.message_mldsa(NAME, TIME, *COVERED[1:]) == (
        b"subtree/v1\n\0"
        + b"\x12witness.example/w1"
        + b"\0\0\0\0\x64\x18\x50\xcb"
        + b"\x1bexample.com/behind-the-sofa"
        + b"\0\0\0\0\0\0\0\0"
        + b"\0\0\0\0\x01\x3e\x2d\xc3"
        + CHECKPOINT.root
    )


@pytest.mark.parametrize("make", [ed25519, mldsa])
def test_made_and_verified(make) -> None:
    line, key = make()
    assert cosignature.verify(line, key, *COVERED) == TIME
    assert len(line.key_id + line.signature) == (76 if key.type == COSIGNATURE_ED25519 else 4 + 8 + 2420)
    assert VerifierKey.parse(key.spell()) == key


@pytest.mark.parametrize("make", [ed25519, mldsa])
def test_everything_that_it_covers_is_bound(make) -> None:
    line, key = make()
    origin, size, root = COVERED[1:]
    other = Checkpoint(origin, size + 1, root).encode()
    changed = [
        (SignatureLine(NAME, line.key_id, (TIME + 1).to_bytes(8, "big") + line.signature[8:]), key, *COVERED),
        (SignatureLine(NAME, line.key_id, line.signature[:-1] + b"\0"), key, *COVERED),
        (SignatureLine(NAME, line.key_id, line.signature[:20] + b"\0\1" + line.signature[22:]), key, *COVERED),
    ]
    if key.type == COSIGNATURE_ED25519:
        changed.append((line, key, other, origin, size, root))
    else:
        changed += [
            (line, key, TEXT, origin + "x", size, root),
            (line, key, TEXT, origin, size + 1, root),
            (line, key, TEXT, origin, size, root[::-1]),
        ]
    for arguments in changed:
        with pytest.raises(ProofError):
            cosignature.verify(*arguments)


def test_an_mldsa_cosigners_name_is_covered() -> None:
    line, key = mldsa()
    renamed = VerifierKey.make("witness.example/w2", key.type, key.public)
    with pytest.raises(ProofError):
        cosignature.verify(SignatureLine(renamed.name, renamed.key_id, line.signature), renamed, *COVERED)


@pytest.mark.parametrize("make", [ed25519, mldsa])
def test_malformed(make) -> None:
    line, key = make()
    for bad, by in (
        (SignatureLine(NAME, line.key_id, line.signature[:-1]), key),
        (SignatureLine(NAME, line.key_id, line.signature + b"0"), key),
        (SignatureLine(NAME, line.key_id, b""), key),
        (SignatureLine(NAME, line.key_id, (2**63).to_bytes(8, "big") + line.signature[8:]), key),
        (SignatureLine(NAME, b"0000", line.signature), key),
        (SignatureLine("other.example", line.key_id, line.signature), key),
        (line, VerifierKey(NAME, line.key_id, ED25519, b"7" * 32)),
    ):
        with pytest.raises(FormatError):
            cosignature.verify(bad, by, *COVERED)


def test_what_is_never_signed() -> None:
    for seconds in (-1, 2**63):
        with pytest.raises(FormatError):
            cosignature.sign_ed25519(NAME, SEED, seconds, TEXT)
        with pytest.raises(FormatError):
            cosignature.sign_mldsa(NAME, SEED, seconds, *COVERED[1:])
    for name in ("", "a b", "é" * 128):
        with pytest.raises(FormatError):
            cosignature.sign_mldsa(name, SEED, TIME, *COVERED[1:])
