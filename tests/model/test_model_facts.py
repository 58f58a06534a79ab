"""Facts, readings, remarks: vectors, round trips, and what a writer may not write."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import specimens
from hypothesis import given, settings
from hypothesis import strategies as st
from vector_files import Vector, name_of, vectors

from archiver.errors import FormatError
from archiver.model import facts, records
from archiver.model.facts import ReadingFacts, Remark, SnapshotFacts

CASES = vectors("facts")
SPECIMENS: dict[str, tuple[facts.Facts, Callable[[bytes], facts.Facts]]] = {
    "snapshot": (specimens.SNAPSHOT_FACTS, facts.decode_snapshot),
    "no-response": (specimens.NO_RESPONSE_FACTS, facts.decode_snapshot),
    "file": (specimens.FILE_FACTS, facts.decode_snapshot),
    "reading": (specimens.READING_FACTS, facts.decode_reading),
    "remark": (specimens.REMARK, facts.decode_remark),
    "reason": (specimens.REASON, facts.decode_remark),
}


def decoder(vector: Vector) -> Callable[[bytes], facts.Facts]:
    """Chosen by what stands in the bytes, as a reader who knows the event would."""
    start = vector.body[:40]
    if b"reading/v" in start:
        return facts.decode_reading
    return facts.decode_remark if b"remark/v" in start else facts.decode_snapshot


@pytest.mark.parametrize("vector", CASES, ids=name_of)
def test_vector(vector: Vector) -> None:
    if vector.error is None:
        found = decoder(vector)(vector.body)
        assert facts.encode(found) == vector.body
        assert {"archiver": found.version, **json.loads(vector.body)} == records.to_plain(found)
        return
    with pytest.raises(FormatError) as caught:
        decoder(vector)(vector.body)
    assert caught.type is vector.error


@pytest.mark.parametrize("name", SPECIMENS)
def test_the_good_vectors_are_what_this_version_writes(name: str) -> None:
    found, decode = SPECIMENS[name]
    (vector,) = [vector for vector in CASES if vector.name == f"good-{name}"]
    assert facts.encode(found) == vector.body and decode(vector.body) == found


def test_one_is_not_taken_for_another() -> None:
    for name, (found, mine) in SPECIMENS.items():
        for other, (_, decode) in SPECIMENS.items():
            if decode is not mine:
                with pytest.raises(FormatError):
                    decode(facts.encode(found))
                assert name != other


@settings(max_examples=300)
@given(st.sampled_from(list(SPECIMENS.values())), st.data())
def test_any_other_byte(specimen: tuple[facts.Facts, Callable[[bytes], facts.Facts]], chance: st.DataObject) -> None:
    found, decode = specimen
    data = facts.encode(found)
    place = chance.draw(st.integers(0, len(data) - 1))
    changed = data[:place] + chance.draw(st.binary(max_size=2)) + data[place + 1 :]
    if changed == data:
        return
    try:
        other = decode(changed)
    except FormatError:
        return
    assert other != found and facts.encode(other) == changed


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**60) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300)
@given(st.sampled_from(list(SPECIMENS.values())), anything, st.data())
def test_any_other_value_anywhere(
    specimen: tuple[facts.Facts, Callable[[bytes], facts.Facts]], value: Any, chance: st.DataObject
) -> None:
    plain = json.loads(facts.encode(specimen[0]))
    where: Any = plain
    while True:
        key = chance.draw(st.sampled_from(list(where) if isinstance(where, dict) else list(range(len(where)))))
        if not isinstance(where[key], dict | list) or not where[key] or chance.draw(st.booleans()):
            break
        where = where[key]
    where[key] = value
    data = (json.dumps(plain, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "surrogatepass")
    try:
        found = specimen[1](data)
    except FormatError:
        return
    assert facts.encode(found) == data


words = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30)


@given(words, words.filter(bool), st.none() | words)
def test_text_of_pages_is_not_judged(first: str, second: str, third: str | None) -> None:
    """Whatever a page or server says goes in and comes out: only the writer's own values are checked."""
    found = replace(
        specimens.SNAPSHOT_FACTS,
        case=third,
        note=first,
        tags=(first, second),
        final_url=second,
        errors=(first,),
        hops=(replace(specimens.SNAPSHOT_FACTS.hops[0], url=first, reason=third, location=third, problems=(first,)),),
    )
    assert facts.decode_snapshot(facts.encode(found)) == found
    reading = replace(
        specimens.READING_FACTS,
        kind=second,
        reasons=(first,),
        article={"title": first, "x" + second: [third, {"y": 1}]},
    )
    assert facts.decode_reading(facts.encode(reading)) == reading


SNAPSHOT, READING = specimens.SNAPSHOT_FACTS, specimens.READING_FACTS


@pytest.mark.parametrize(
    "bad",
    [
        replace(SNAPSHOT, salt="salt"),
        replace(SNAPSHOT, started="now"),
        replace(SNAPSHOT, attempts=-1),
        replace(SNAPSHOT, note="a\x00b"),
        replace(SNAPSHOT, note="\ud800"),
        replace(SNAPSHOT, complete=True),
        replace(SNAPSHOT, origin="local file"),
        replace(SNAPSHOT, outcome="file"),
        replace(SNAPSHOT, hops=()),
        replace(SNAPSHOT, request=None),
        replace(SNAPSHOT, software=replace(SNAPSHOT.software, settings={"1": 1})),
        replace(SNAPSHOT, software=replace(SNAPSHOT.software, settings={"a": 1.5})),
        replace(SNAPSHOT, software=replace(SNAPSHOT.software, settings={"a": b"bytes"})),
        replace(READING, statements=-1),
        replace(READING, source=None),
        replace(READING, kind=""),
        replace(READING, source=replace(READING.source, digest="sha256:0")),
        replace(READING, source=replace(READING.source, record="")),
        replace(READING, source=replace(READING.source, text=None)),
        Remark(None, "", specimens.salt("x")),
        Remark(None, "text", ""),
    ],
    ids=str,
)
def test_what_is_never_written(bad: facts.Facts) -> None:
    with pytest.raises(FormatError):
        facts.encode(bad)


def test_a_reading_of_nothing_and_of_bytes_that_are_no_text() -> None:
    nothing = replace(READING, source=None, statements=0, kind="not read", article=None)
    source = replace(READING.source, text=None, encoding=None, encoding_source=None)
    picture = replace(READING, source=source, statements=0, kind="not html", article=None)
    for found in (nothing, picture):
        assert facts.decode_reading(facts.encode(found)) == found


@dataclass(frozen=True, slots=True)
class Pair:
    a: int
    b: str | None


def test_the_specimen_of_the_records_module() -> None:
    assert "class Pair: a: int; b: str | None" in (records.__doc__ or "")
    assert records.from_plain(Pair, {"a": 1, "b": None}) == Pair(1, None)
    assert records.to_plain(Pair(1, None)) == {"a": 1, "b": None}
    for bad, message in (
        ({"b": None, "a": 1}, "Pair: keys missing, unknown or out of order: order"),
        ({"a": True, "b": None}, "Pair.a is not of type int"),
        ({"a": 1}, "Pair: keys missing, unknown or out of order: b"),
        ({"a": 1, "b": []}, "Pair.b is not of type str"),
    ):
        with pytest.raises(FormatError) as caught:
            records.from_plain(Pair, bad)
        assert caught.value.message == message


def test_errors_name_the_place() -> None:
    plain = records.to_plain(SNAPSHOT)
    plain["hops"][0]["tls"]["chain"] = [None]
    with pytest.raises(FormatError, match=r"^facts\.hops\[0\]\.tls\.chain\[0\] is not of type str$"):
        records.from_plain(SnapshotFacts, plain, "facts")
    assert records.value_of(tuple[Any, ...], [1, None], "x") == (1, None)


def test_records_from_plain_values() -> None:
    """The generic reader: types exactly, `True` is no number, a list is no tuple of two."""
    plain = records.to_plain(SNAPSHOT)
    assert records.from_plain(SnapshotFacts, plain) == SNAPSHOT
    assert records.from_plain(ReadingFacts, records.to_plain(READING)) == READING
    for kind, value in ((int, True), (str, 1), (bool, 1), (tuple[int, int], [1]), (tuple[int, int], "ab"), (str, None)):
        with pytest.raises(FormatError):
            records.value_of(kind, value, "x")
    for value in ([], "x", None, 1):
        with pytest.raises(FormatError):
            records.from_plain(Remark, value)
