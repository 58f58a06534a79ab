"""C2SP tlog-proofs: read strictly, checked against the leaf and the log's keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vector_files import Vector, name_of, vectors

from archiver.errors import FormatError, ProofError
from archiver.tlog import proof
from archiver.tlog.note import VerifierKey
from archiver.tlog.proof import check_proof, encode_proof, parse_proof

CASES = {vector.name: vector for vector in vectors("proofs")}
GOOD = CASES["good"]
VKEYS = [VerifierKey.parse(text) for text in GOOD.headers["key"]]


def read(vector: Vector) -> int:
    vkeys = [VerifierKey.parse(text) for text in vector.headers["key"]]
    return check_proof(parse_proof(vector.body), vector.one("leaf").encode(), vkeys).size


@pytest.mark.parametrize("vector", CASES.values(), ids=name_of)
def test_vector(vector: Vector) -> None:
    if vector.error is None:
        assert read(vector) in (1, 3)
        found = parse_proof(vector.body)
        assert encode_proof(found.index, found.hashes, found.checkpoint, found.extra) == vector.body
        return
    with pytest.raises(vector.error) as caught:
        read(vector)
    assert caught.type is vector.error


def test_every_byte_before_the_signatures_is_bound() -> None:
    end = GOOD.body.index(b"\n\n", GOOD.body.index(b"\n\n") + 2)
    for place in range(end):
        for bit in (1, 0x40):
            changed = GOOD.body[:place] + bytes([GOOD.body[place] ^ bit]) + GOOD.body[place + 1 :]
            with pytest.raises((FormatError, ProofError)):
                check_proof(parse_proof(changed), b"two", VKEYS)


def test_extra_data_is_carried_and_proves_nothing() -> None:
    found = parse_proof(CASES["good-extra"].body)
    assert found.extra == b"anything"
    assert check_proof(found, b"two", VKEYS) == check_proof(parse_proof(GOOD.body), b"two", VKEYS)


def test_the_specimen_of_the_module() -> None:
    lines = (proof.__doc__ or "").split("\n")
    head = [line[4:] for line in lines if line.startswith("    ")][:3]
    checkpoint = parse_proof(GOOD.body).checkpoint
    found = parse_proof("\n".join(head).encode() + b"\n\n" + checkpoint)
    assert found.index == 1 and len(found.hashes) == 1


def test_what_is_never_written() -> None:
    checkpoint = parse_proof(GOOD.body).checkpoint
    for index, hashes in ((-1, []), (0, [b"7" * 31]), (0, [b"7" * 32] * 64)):
        with pytest.raises(FormatError):
            encode_proof(index, hashes, checkpoint)


def test_above_the_limit() -> None:
    with pytest.raises(FormatError, match="at most"):
        parse_proof(GOOD.body.replace(b"index", b"extra " + b"A" * (3 << 20) + b"\nindex"))


@given(st.binary(max_size=200) | st.binary(max_size=90).map(lambda data: GOOD.body[:60] + data + GOOD.body[60:]))
def test_any_bytes(data: bytes) -> None:
    try:
        found = parse_proof(data)
    except FormatError:
        return
    assert encode_proof(found.index, found.hashes, found.checkpoint, found.extra) == data
