"""The statements object: vectors, its tree, round trips, and what a writer may not write."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from specimens import CONTEXT, STATEMENT, salt, statements
from vector_files import Vector, name_of, vectors

from archiver.errors import FormatError
from archiver.model import statement
from archiver.model.objects import Tree
from archiver.model.statement import (
    ContextPart,
    ContextRecord,
    PartRecord,
    SpeakerRecord,
    StatementRecord,
    decode_object,
    decode_record,
    encode_object,
    encode_record,
    leaves,
    split_lines,
)

CASES = vectors("statements-object")


@pytest.mark.parametrize("vector", CASES, ids=name_of)
def test_vector(vector: Vector) -> None:
    if vector.error is None:
        pairs = decode_object(vector.body)
        assert encode_object(pairs) == (vector.body, leaves(split_lines(vector.body)))
        return
    with pytest.raises(FormatError) as caught:
        decode_object(vector.body)
    assert caught.type is vector.error


def test_the_good_vector_is_what_this_version_writes() -> None:
    (vector,) = [vector for vector in CASES if vector.name == "good"]
    assert statements()[0] == vector.body and decode_object(vector.body) == [(STATEMENT, CONTEXT)]


def test_the_specimen_of_the_module() -> None:
    """Its keys, in their order; and its parts."""
    text = [line[4:].strip() for line in (statement.__doc__ or "").split("\n") if line.startswith("    ")]
    first, second = json.loads(" ".join(text[:-1])), json.loads(text[-1])
    lines = [json.loads(line) for line in statements()[0].splitlines()]
    assert list(first) == list(lines[0]) and list(first["parts"][0]) == list(lines[0]["parts"][0])
    assert list(second) == list(lines[1])


def test_the_tree_is_that_of_rfc_6962() -> None:
    def leaf(line: bytes) -> bytes:
        return hashlib.sha256(b"\0" + line).digest()

    data, tree = statements()
    first, second = data.split(b"\n")[:2]
    root = hashlib.sha256(b"\1" + leaf(first) + leaf(second)).hexdigest()
    assert tree == Tree(2, "sha256:" + root)
    assert encode_object([]) == (b"", Tree(0, "sha256:" + hashlib.sha256(b"").hexdigest()))


def test_lines_cannot_be_taken_for_one_another() -> None:
    """A statement is no context, neither is a manifest, and no segment of a WARC: that begins with 32 random bytes."""
    line = encode_record(STATEMENT)
    assert line.startswith(b'{"archiver":"statement/v1",') and encode_record(CONTEXT).startswith(
        b'{"archiver":"context/v1",'
    )
    with pytest.raises(FormatError):
        decode_record(line.replace(b"statement/v1", b"context/v1"))


words = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
maybe = st.none() | words
digests = st.binary(min_size=32, max_size=32).map(lambda data: "sha256:" + data.hex())
salts = st.binary(max_size=9).map(lambda data: salt(data.hex()))
ranges = st.tuples(st.integers(0, 10**9), st.integers(1, 10**6)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@st.composite
def parts(draw: st.DrawFn) -> PartRecord:
    anchored = draw(st.booleans())
    return PartRecord(
        draw(words), draw(ranges), draw(ranges) if anchored else None, draw(digests) if anchored else None
    )  # fmt: skip


@st.composite
def pairs(draw: st.DrawFn, number: int = 1) -> tuple[StatementRecord, ContextRecord]:
    found = tuple(draw(st.lists(parts(), min_size=1, max_size=3)))
    around = tuple(ContextPart(draw(st.text("abc “", max_size=48)), draw(st.text("abc", max_size=48))) for _ in found)
    speaker = draw(st.none() | st.builds(SpeakerRecord, words, st.none() | ranges))
    record = StatementRecord(
        id=f"s{number}",
        kind=draw(st.sampled_from(["direct", "mixed", "indirect"])),
        text=" ".join(part.exact for part in found),
        speaker=speaker,
        role=draw(maybe),
        cue=draw(maybe),
        addressee=draw(maybe),
        when=draw(maybe),
        where=draw(maybe),
        via=draw(maybe),
        polarity=draw(st.sampled_from(["affirmed", "denied"])),
        by=draw(st.sampled_from(["rule", "person"])),
        confidence=draw(st.integers(0, 100)),
        parts=found,
        salt=draw(salts),
    )
    return record, ContextRecord(f"s{number}", around, draw(salts))


@given(st.lists(pairs(), max_size=3))
def test_round_trip(some: list[tuple[StatementRecord, ContextRecord]]) -> None:
    numbered = [(replace(s, id=f"s{2 * n}"), replace(c, id=f"s{2 * n}")) for n, (s, c) in enumerate(some, 1)]
    data, tree = encode_object(numbered)
    assert decode_object(data) == numbered and leaves(split_lines(data)) == tree
    assert data.count(b"\n") == tree.count == 2 * len(numbered)


@settings(max_examples=300)
@given(st.data())
def test_any_other_byte(chance: st.DataObject) -> None:
    data, tree = statements()
    place = chance.draw(st.integers(0, len(data) - 1))
    changed = data[:place] + chance.draw(st.binary(max_size=2)) + data[place + 1 :]
    if changed == data:
        return
    try:
        found = decode_object(changed)
    except FormatError:
        return
    again, other = encode_object(found)
    assert again == changed and other != tree


@given(st.binary(max_size=100) | st.lists(st.binary(max_size=30)).map(lambda lines: b"".join(x + b"\n" for x in lines)))
def test_any_bytes(data: bytes) -> None:
    try:
        assert decode_object(data) == []
    except FormatError:
        return
    assert data == b""


def test_a_bomb_of_lines() -> None:
    with pytest.raises(FormatError, match="more than"):
        split_lines(b"\n" * 50_000_000)
    with pytest.raises(FormatError, match="at most"):
        decode_record(b'{"archiver":"statement/v1","text":"' + b"a" * statement.MAX_LINE + b'"}')


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "s0"},
        {"id": "1"},
        {"id": "s1\n"},
        {"text": "other"},
        {"parts": ()},
        {"confidence": 101},
        {"salt": ""},
        {"speaker": SpeakerRecord("", None)},
        {"speaker": SpeakerRecord("Ann", (5, 5))},
        {"cue": "a\x00"},
        {"parts": (replace(STATEMENT.parts[0], digest=None),)},
        {"parts": (replace(STATEMENT.parts[0], bytes=(-1, 5)),)},
        {"parts": (replace(STATEMENT.parts[0], exact=""),), "text": ""},
    ],
    ids=str,
)
def test_what_is_never_written(changes: dict[str, Any]) -> None:
    bad = replace(STATEMENT, **changes)
    with pytest.raises(FormatError):
        encode_record(bad)
    with pytest.raises(FormatError):
        encode_object([(bad, replace(CONTEXT, id=bad.id))])


def test_pairs_that_do_not_belong_together() -> None:
    other = replace(CONTEXT, id="s2")
    more = replace(CONTEXT, parts=(*CONTEXT.parts, *CONTEXT.parts))
    for pair in ((STATEMENT, other), (STATEMENT, more)):
        with pytest.raises(FormatError):
            encode_object([pair])
    with pytest.raises(FormatError, match="does not come after"):
        encode_object([(STATEMENT, CONTEXT), (STATEMENT, CONTEXT)])
    with pytest.raises(FormatError):
        encode_record(replace(CONTEXT, parts=(ContextPart("x" * 49, ""),)))
