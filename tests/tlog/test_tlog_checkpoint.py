"""Checkpoints and the log's key: both signature lines, every way of spelling one wrongly, a build without ML-DSA-44."""

from __future__ import annotations

import hashlib
import hmac
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vector_files import Vector, name_of, vectors

from archiver.errors import AlgorithmMissingError, FormatError, ProofError
from archiver.tlog import algorithms, checkpoint
from archiver.tlog.checkpoint import Checkpoint, LogKey, open_checkpoint, parse_checkpoint_text
from archiver.tlog.merkle import EMPTY_ROOT
from archiver.tlog.note import VerifierKey, open_note

ORIGIN = "log-5d2c9a"
SEED = bytes(range(32))
KEY = LogKey.from_seed(ORIGIN, SEED)
ROOT = hashlib.sha256(b"some root").digest()
TIME = 1_795_438_931
CASES = {vector.name: vector for vector in vectors("checkpoints")}
GOOD = CASES["good"]
VKEYS = [VerifierKey.parse(text) for text in GOOD.headers["key"]]


@pytest.fixture
def without_mldsa(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build of the library that has no ML-DSA-44."""
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.mldsa", None)
    algorithms._mldsa44_public.cache_clear()


@pytest.mark.parametrize("vector", CASES.values(), ids=name_of)
def test_vector(vector: Vector) -> None:
    vkeys = [VerifierKey.parse(text) for text in vector.headers["key"]]
    if vector.error is None:
        opened = open_checkpoint(vector.body, vkeys)
        assert opened.checkpoint.encode() == open_note(vector.body).text
        assert opened.mldsa == ("not present" if vector.name == "good-ed25519-alone" else "passed")
        return
    with pytest.raises(vector.error) as caught:
        open_checkpoint(vector.body, vkeys)
    assert caught.type is vector.error


def test_what_a_good_one_says() -> None:
    opened = open_checkpoint(CASES["good-cosigned"].body, VKEYS)
    assert (opened.checkpoint.origin, opened.checkpoint.size) == (ORIGIN, 3)
    assert opened.verified == tuple(VKEYS) and opened.time_seconds == TIME
    assert [line.name for line in opened.unknown] == ["witness.example/w1", "witness.example/w2"]
    assert open_checkpoint(CASES["good-two-log-keys"].body, VKEYS).unknown[0].name == ORIGIN


def test_the_specimen_of_the_module() -> None:
    text = Checkpoint("example.com/log", 0, EMPTY_ROOT).encode()
    assert text.decode().replace("\n", "\\n") in (checkpoint.__doc__ or "")
    assert parse_checkpoint_text(text) == Checkpoint("example.com/log", 0, EMPTY_ROOT)


def test_both_keys_come_from_one_seed() -> None:
    """HKDF-SHA256 (RFC 5869) written out: extract with a salt of zeros, expand once (decision 10)."""
    assert [key.spell() for key in KEY.vkeys()] == GOOD.headers["key"]
    assert [key.spell() for key in LogKey(ORIGIN, SEED).vkeys()] == GOOD.headers["key"]
    extracted = hmac.digest(bytes(32), SEED, "sha256")
    derived = hmac.digest(extracted, b"archiver log ML-DSA-44 v1\x01", "sha256")
    assert algorithms.derive_seed(SEED, checkpoint.MLDSA_INFO) == derived
    assert algorithms.mldsa44_private(derived).public_key().public_bytes_raw() == VKEYS[1].public
    assert LogKey(ORIGIN, bytes(32)).vkeys() != KEY.vkeys()
    assert [key.public for key in LogKey("other", SEED).vkeys()] == [key.public for key in VKEYS]


def test_signing_is_deterministic_but_for_the_mldsa_signature() -> None:
    found = Checkpoint(ORIGIN, 5, ROOT)
    first, second = open_note(KEY.sign(found, TIME)), open_note(KEY.sign(found, TIME))
    assert first.text == second.text and first.signatures[0] == second.signatures[0]
    mine, theirs = first.signatures[1], second.signatures[1]
    assert mine != theirs and (mine.name, mine.key_id, mine.signature[:8]) == (
        theirs.name,
        theirs.key_id,
        theirs.signature[:8],
    )
    assert mine.signature[:8] == TIME.to_bytes(8, "big")
    assert open_checkpoint(KEY.sign(found, 0), VKEYS).time_seconds == 0


def test_the_layout_of_a_signed_checkpoint() -> None:
    """One line of 64 bytes of signature and one of 2,428, named like the origin: what strict witnesses ask for."""
    note = open_note(KEY.sign(Checkpoint(ORIGIN, 5, ROOT), TIME))
    assert [(line.name, len(line.signature)) for line in note.signatures] == [(ORIGIN, 64), (ORIGIN, 8 + 2420)]
    assert note.text.count(b"\n") == 3


def test_what_is_never_signed() -> None:
    for bad in (
        Checkpoint("other", 5, ROOT),
        Checkpoint(ORIGIN, -1, ROOT),
        Checkpoint(ORIGIN, 2**63, ROOT),
        Checkpoint(ORIGIN, 5, ROOT[:31]),
        Checkpoint(ORIGIN, 0, ROOT),
    ):
        with pytest.raises(FormatError):
            KEY.sign(bad, TIME)
    for seconds in (-1, 2**63):
        with pytest.raises(FormatError, match="out of range"):
            KEY.sign(Checkpoint(ORIGIN, 5, ROOT), seconds)
    for origin in ("", "a b", "a+b", "é" * 128):
        with pytest.raises(FormatError):
            LogKey.from_seed(origin, SEED)
    for seed in (b"", SEED[:31], SEED + b"0"):
        with pytest.raises(FormatError):
            LogKey.from_seed(ORIGIN, seed)


def test_every_byte_is_bound() -> None:
    """One bit of each byte of the text and the Ed25519 line, and of every 16th of the ML-DSA-44 line, flipped.

    A flip in a line's name or key id makes it a line of somebody unknown: then that line is missing, and said so.
    """
    body = GOOD.body
    start = len(b"".join(line + b"\n" for line in body.split(b"\n")[:5]))
    missing = 0
    for place in [*range(start), *range(start, len(body), 16)]:
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        try:
            opened = open_checkpoint(changed, VKEYS)
        except (FormatError, ProofError):
            continue
        assert place >= start and opened.mldsa == "not present" and len(opened.unknown) == 1
        missing += 1
    assert missing < 3


def test_without_keys_nothing_is_believed() -> None:
    for vkeys in ([], [VKEYS[1]]):
        with pytest.raises(ProofError, match="no Ed25519"):
            open_checkpoint(GOOD.body, vkeys)


@pytest.mark.usefixtures("without_mldsa")
def test_a_build_without_mldsa_says_not_checked() -> None:
    opened = open_checkpoint(GOOD.body, VKEYS)
    assert opened.mldsa.startswith("not checked (") and opened.time_seconds is None
    assert opened.verified == (VKEYS[0],) and opened.unknown == ()
    with pytest.raises(AlgorithmMissingError):
        LogKey.from_seed(ORIGIN, SEED)


@given(st.binary(max_size=120) | st.builds(lambda a, b: a + b"\n" + b, st.binary(max_size=20), st.binary(max_size=60)))
def test_any_text(data: bytes) -> None:
    try:
        found = parse_checkpoint_text(data)
    except FormatError:
        return
    assert found.encode() == data


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32), st.text(min_size=1, max_size=300))
def test_round_trip(size: int, root: bytes, origin: str) -> None:
    found = Checkpoint(origin, size, root if size else EMPTY_ROOT)
    try:
        text = found.encode()
    except FormatError:
        return
    assert parse_checkpoint_text(text) == found
