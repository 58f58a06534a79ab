"""C2SP tlog-witness: requests as the specification spells them, and what a witness decides."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import FormatError, ProofError
from archiver.tlog.checkpoint import Checkpoint, LogKey
from archiver.tlog.merkle import leaf_hash, prove_consistency, root
from archiver.tlog.note import open_note
from archiver.tlog.witness import (
    CosignerKey,
    Refusal,
    Request,
    Seen,
    decide,
    encode_lines,
    good_lines,
    joined,
    parse_lines,
    parse_request,
)

LOG = LogKey.from_seed("log-5d2c9a", bytes([7]) * 32)
OTHER = LogKey.from_seed("log-5d2c9a", bytes([8]) * 32)
LEAVES = [leaf_hash(b"%d" % number) for number in range(40)]
WITNESS = CosignerKey("ann.example/w", bytes([9]) * 32)


def seen(size: int) -> Seen:
    return Seen(size, root(LEAVES[:size]))


def note(size: int, key: LogKey = LOG, leaves: list[bytes] = LEAVES) -> bytes:
    return key.sign(Checkpoint(key.origin, size, root(leaves[:size])), 1_795_000_000)


def request(old: int, size: int) -> Request:
    proof = prove_consistency(LEAVES[:size], old) if 0 < old < size else []
    return Request(old, tuple(proof), note(size))


@pytest.mark.parametrize(("old", "size"), [(0, 1), (0, 40), (1, 2), (7, 40), (32, 40), (40, 40)])
def test_an_extension_is_cosigned(old: int, size: int) -> None:
    asked = request(old, size)
    assert parse_request(asked.encode()) == asked
    found = decide(asked, LOG.vkeys(), seen(old) if old else Seen())
    assert isinstance(found, Checkpoint)
    assert found.size == size
    lines = WITNESS.cosign(found, 1_795_000_001)
    text = open_note(asked.note).text
    assert parse_lines(encode_lines(lines), text) == lines
    assert [time for _, _, time in good_lines(lines, WITNESS.vkeys(), text)] == [1_795_000_001] * 2
    whole = open_note(joined(asked.note, lines))
    assert whole.signatures[2:] == lines
    assert joined(joined(asked.note, lines), lines) == whole.encode()


REFUSED = {
    "another log": (
        replace(
            request(3, 9), note=LogKey.from_seed("log-x", bytes(32)).sign(Checkpoint("log-x", 9, root(LEAVES[:9])), 0)
        ),
        3,
        404,
    ),
    "another key": (replace(request(3, 9), note=note(9, OTHER)), 3, 403),
    "no checkpoint": (replace(request(3, 9), note=b"hello\n"), 3, 400),
    "older than it says": (request(3, 9), 5, 409),
    "rolled back": (request(3, 9), 12, 409),
    "old is larger": (replace(request(3, 9), old_size=10), 10, 400),
    "a proof missing": (replace(request(3, 9), proof=()), 3, 422),
    "a hash too much": (replace(request(0, 9), proof=(LEAVES[0],)), 0, 422),
    "another proof": (replace(request(3, 9), proof=request(4, 9).proof), 3, 422),
    "a proof between equals": (replace(request(9, 9), proof=(LEAVES[0],)), 9, 422),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    asked, size, status = REFUSED[name]
    found = decide(asked, LOG.vkeys(), seen(size) if size else Seen())
    assert isinstance(found, Refusal)
    assert found.status == status
    assert found.size == (size if status == 409 else None)
    assert not found.split


def test_two_trees_of_one_size_are_a_split() -> None:
    forked = note(9, leaves=[leaf_hash(b"another"), *LEAVES[1:]])
    found = decide(Request(9, (), forked), LOG.vkeys(), seen(9))
    assert isinstance(found, Refusal)
    assert (found.status, found.split) == (409, True)


def test_a_line_that_does_not_hold() -> None:
    asked = request(0, 9)
    text = open_note(asked.note).text
    (ed25519, mldsa) = WITNESS.cosign(Checkpoint(LOG.origin, 8, root(LEAVES[:8])), 5)
    for line in (ed25519, mldsa):
        with pytest.raises(ProofError):
            good_lines([line], WITNESS.vkeys(), text)
    assert good_lines([ed25519], CosignerKey("ben.example", bytes(32)).vkeys(), text) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"old 3",
        b"old 3\n\n",
        b"old 03\n\nx",
        b"old -1\n\nx",
        b"old 3\nAAAA\n\nx",
        b"old 3\n" + b"A" * 43 + b"=\n" * 2 + b"\nx",
        b"old 3\n" + (b"A" * 43 + b"=\n") * 64 + b"\nx",
        b"OLD 3\n\nx",
        b"old 3\r\n\r\nx",
        b"old 3\n\n" + b"x" * 2_000_000,
    ],
)
def test_requests_in_other_spellings(data: bytes) -> None:
    try:
        found = parse_request(data)
    except FormatError:
        return
    assert isinstance(decide(found, LOG.vkeys(), seen(3)), Refusal)


@given(st.binary(max_size=200))
def test_any_request(data: bytes) -> None:
    try:
        found = parse_request(data)
    except FormatError:
        return
    assert found.encode() == data
    assert isinstance(decide(found, LOG.vkeys(), Seen()), Refusal)
