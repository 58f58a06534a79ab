"""The decisions of people: vectors, the document's specimen and tables, and what a writer may not write."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vector_files import Vector, name_of, vectors

from archiver.errors import FormatError
from archiver.model import decisions, facts, records
from archiver.model.decisions import Change, Decision, Decisions, Field

CASES = vectors("decisions")
DOCUMENT = (Path(__file__).parents[2] / "docs" / "formats" / "facts.md").read_text("utf-8")
SECTION = DOCUMENT.split("\n## decisions/v1\n")[1].split("\n## ")[0]
SPECIMEN = Decisions(
    (
        Decision(
            id="s2",
            action="added",
            by="Ann Lee",
            time="2026-11-23T13:30:11.482Z",
            note="cited in a letter to the council",
            text="shut until spring",
            given="shut until  spring",
            changes=(),
        ),
        Decision(
            id="s1",
            action="corrected",
            by=None,
            time="2026-11-23T13:40:11.482Z",
            note=None,
            text="“The bridge stays shut until spring,”",
            given=None,
            changes=(Change("role", None, "council leader"),),
        ),
    ),
    "jr6lwxyTK0mF3kQyZsfgHw==",
)


@pytest.mark.parametrize("vector", CASES, ids=name_of)
def test_vector(vector: Vector) -> None:
    if vector.error is None:
        found = decisions.decode(vector.body)
        assert decisions.encode(found) == vector.body
        assert json.loads(vector.body) == records.to_plain(found)
        return
    with pytest.raises(FormatError) as caught:
        decisions.decode(vector.body)
    assert caught.type is vector.error


def test_the_specimen_of_the_document_is_a_vector_and_what_this_version_writes() -> None:
    (shown,) = re.findall(r"^```json decisions=good\n(.*?)^```$", SECTION, re.DOTALL | re.MULTILINE)
    (vector,) = [vector for vector in CASES if vector.name == "good"]
    assert shown.encode() == vector.body == decisions.encode(SPECIMEN)


def test_the_tables_of_the_document() -> None:
    rows = re.findall(r"^\| `([a-z]+)` \|", SECTION, re.MULTILINE)
    fields = [field.name for kind in (Decisions, Decision) for field in dataclasses.fields(kind)]
    assert rows == fields
    for word in (*Field.__args__, "added", "confirmed", "corrected", "rejected"):  # type: ignore[attr-defined]
        assert f"`{word}`" in SECTION


def test_the_last_decision_about_a_statement_is_in_force() -> None:
    again = replace(SPECIMEN.decisions[0], action="rejected")
    found = replace(SPECIMEN, decisions=(*SPECIMEN.decisions, again)).in_force()
    assert {key: item.action for key, item in found.items()} == {"s2": "rejected", "s1": "corrected"}


def test_it_is_not_taken_for_facts() -> None:
    data = decisions.encode(SPECIMEN)
    for decode in (facts.decode_reading, facts.decode_remark, facts.decode_snapshot):
        with pytest.raises(FormatError):
            decode(data)


@settings(max_examples=300)
@given(st.data())
def test_any_other_byte(chance: st.DataObject) -> None:
    data = decisions.encode(SPECIMEN)
    place = chance.draw(st.integers(0, len(data) - 1))
    changed = data[:place] + chance.draw(st.binary(max_size=2)) + data[place + 1 :]
    if changed == data:
        return
    try:
        other = decisions.decode(changed)
    except FormatError:
        return
    assert other != SPECIMEN and decisions.encode(other) == changed
