"""Segments: every byte of the WARC in exactly one, and a root that a third party can recompute."""

from __future__ import annotations

import hashlib
import hmac
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warc_cases import ODD, SECRET, written

from archiver.errors import FormatError
from archiver.tlog import merkle
from archiver.warc.http import MAX_HEAD_LINES, http_parts
from archiver.warc.read import read_records
from archiver.warc.segments import Segments, cut, leaf_of, read_segments, salt, segment_leaves, segment_root

ANY_BLOCK = st.one_of(
    st.binary(max_size=300),
    st.lists(
        st.sampled_from(
            [b"HTTP/1.1 200 OK", b"HTTP/1.1 103 Hints", b"HTTP/1.1 101 X", b"A: b", b" fold", b"\t", b"\r\n", b"\n",
             b"\r", b"\r\n\r\n", b"HTTP/", b"body", b"GET / HTTP/1.1", b":"]
        ),
        max_size=25,
    ).map(b"".join),
)  # fmt: skip


def kinds(block: bytes) -> list[tuple[str, bytes]]:
    parts = http_parts(io.BytesIO(block), len(block))
    return [(part.kind, block[part.offset : part.offset + part.length]) for part in parts]


@given(ANY_BLOCK)
@settings(max_examples=100, deadline=None)
def test_any_block_is_cut_without_gap_or_overlap(block: bytes) -> None:
    found = kinds(block)
    assert b"".join(data for _, data in found) == block
    assert all(data for _, data in found)
    assert [kind for kind, _ in found].count("body") <= 1
    assert not found or "body" not in [kind for kind, _ in found[:-1]]


@given(st.lists(ANY_BLOCK, max_size=3), st.binary(max_size=60))
@settings(max_examples=60, deadline=None)
def test_segments_in_order_are_the_warc(blocks: list[bytes], pem: bytes) -> None:
    data, writer = written({str(at): block for at, block in enumerate(blocks)}, certificates=pem or None)
    stream = io.BytesIO(data)
    segments = list(read_segments(stream))
    assert b"".join(data[s.offset : s.offset + s.length] for s in segments) == data
    assert [s.index for s in segments] == list(range(len(segments)))
    assert writer.finish().segments == Segments(*segment_root(stream, SECRET))


def test_root_as_the_document_says() -> None:
    data, writer = written(ODD)
    leaves = [
        hashlib.sha256(
            b"\x00" + hmac.new(SECRET, s.index.to_bytes(8, "big"), "sha256").digest()
            + data[s.offset : s.offset + s.length]
        ).digest()
        for s in read_segments(io.BytesIO(data))
    ]  # fmt: skip
    assert writer.finish().segments == Segments(len(leaves), "sha256:" + merkle.root(leaves).hex())
    assert [leaf for _, leaf in segment_leaves(io.BytesIO(data), SECRET)] == leaves


def test_a_withheld_cookie_can_be_left_out_and_the_rest_proves_itself() -> None:
    data, writer = written({"duplicates": ODD["duplicates"]})
    known = writer.finish().segments
    assert known is not None
    hashes = [leaf for _, leaf in segment_leaves(io.BytesIO(data), SECRET)]
    for segment in read_segments(io.BytesIO(data)):
        shown = data[segment.offset : segment.offset + segment.length]
        leaf = leaf_of(salt(SECRET, segment.index), [shown])
        proof = merkle.prove_inclusion(hashes, segment.index)
        merkle.check_inclusion(segment.index, known.count, leaf, proof, bytes.fromhex(known.root[7:]))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain", "start-line field end-of-head body"),
        ("duplicates", "start-line field field field end-of-head body"),
        ("folded", "start-line field field end-of-head body"),
        ("fold-first", "start-line field field end-of-head body"),
        ("lf-only", "start-line field field end-of-head body"),
        ("mixed-line-ends", "start-line field field end-of-head body"),
        ("early-hints", "start-line field end-of-head start-line field end-of-head body"),
        ("two-interim", "start-line end-of-head start-line field end-of-head start-line field end-of-head body"),
        ("interim-only", "start-line field end-of-head"),
        ("interim-then-page", "start-line end-of-head body"),
        ("switching", "start-line field end-of-head body"),
        ("cut-in-start-line", "start-line"),
        ("cut-in-head", "start-line field"),
        ("cut-before-empty-line", "start-line field"),
        ("empty-body", "start-line field end-of-head"),
        ("old", "start-line end-of-head body"),
        ("blank-first", "end-of-head body"),
        ("only-blank", "end-of-head"),
        ("nothing", ""),
    ],
)
def test_cuts(name: str, expected: str) -> None:
    assert [kind for kind, _ in kinds(ODD[name])] == expected.split()


def test_records_that_are_not_http_have_three() -> None:
    data, _ = written({"plain": ODD["plain"]}, certificates=b"-----BEGIN CERTIFICATE-----\r\n\r\nA: b\r\n")
    by_type = {r.get("WARC-Type"): [p.kind for p in cut(r)] for r in read_records(io.BytesIO(data))}
    assert by_type["warcinfo"] == by_type["metadata"] == ["warc-header", "body", "trailer"]
    assert by_type["request"] == ["warc-header", "start-line", *["field"] * 3, "end-of-head", "trailer"]


def test_a_head_without_end_is_cut_only_so_far() -> None:
    block = b"HTTP/1.1 200 OK\r\n" + b"a:\n" * 5000
    found = kinds(block)
    assert len(found) == MAX_HEAD_LINES + 1
    assert found[-1] == ("body", b"a:\n" * (5000 - MAX_HEAD_LINES + 1))
    folds = b"HTTP/1.1 200 OK\r\na:\n" + b" \n" * 5000
    assert [kind for kind, _ in kinds(folds)] == ["start-line", "field", "body"]


def test_salts() -> None:
    assert salt(SECRET, 1) == hmac.new(SECRET, bytes(7) + b"\x01", hashlib.sha256).digest()
    with pytest.raises(FormatError):
        salt(b"", 0)
    with pytest.raises(FormatError):
        salt(SECRET, -1)


def test_another_secret_gives_another_root() -> None:
    data, _ = written({"plain": ODD["plain"]})
    assert segment_root(io.BytesIO(data), SECRET) != segment_root(io.BytesIO(data), bytes(32))
