"""The records of a recheck: the document's specimens and tables, and what a writer may not write."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.errors import FormatError, NewerVersionError
from archiver.model import verdicts as model
from archiver.model.facts import Source
from archiver.model.verdicts import (
    BundleSource,
    Change,
    PlaceRecord,
    RecheckFacts,
    VerdictRecord,
    Verdicts,
)
from archiver.page import compare

DOCUMENT = (Path(__file__).parents[2] / "docs" / "formats" / "recheck.md").read_text("utf-8")
DIGEST = "sha256:1be77ea9d3db1b75a7eed27b4a4ee0c1ffd57e1b7cdf9a1b7ea14ec3d9d9f1f0"
PLACE = PlaceRecord("page", "“The bridge stays shut until autumn,”", (0, 37), (3, 44), DIGEST)
REWORDED = VerdictRecord(
    id="s1",
    verdict="reworded",
    reason=None,
    places=(PLACE,),
    diff=(("=", "“The bridge stays shut until "), ("-", "spring"), ("+", "autumn"), ("=", ",”")),
    signs=(),
    attribution=(Change("speaker", "Ann Lee", "Tom Lee"),),
)
REMOVED = VerdictRecord(
    "s2", "removed", "the words are gone; of the article's other text 98% is there", (None,), (), (), ()
)
VERDICTS = Verdicts((REWORDED, REMOVED), "oc3kxCsyxp2LEtJS7RjTfw==")
FACTS = RecheckFacts(
    comparer="compare/1",
    thresholds={"intact": 50},
    against="live page",
    source=Source(
        record="<urn:uuid:00000000-0000-4000-8000-000000000002>",
        digest=DIGEST,
        size=79,
        media_type="text/html; charset=utf-8",
        codings=(),
        complete=True,
        encoding="utf-8",
        encoding_source="header",
        text="page-text/v1",
    ),
    status=200,
    kind="article",
    reasons=("the page names an author or a date, and has 2 paragraphs of text",),
    page=(Change("title", "Bridge stays shut", "Bridge stays shut until autumn"),),
    differs=("cookies that the first visit sent, and this one did not: session",),
    bundle=None,
    statements=2,
    salt="w1PCzYY3EO53sD/3ImSRPQ==",
)
BUNDLE = BundleSource(DIGEST, 105_000, DIGEST, DIGEST, "2026-11-23T13:02:11.482Z", ("SHA256:x",), "verified")


def shown(name: str) -> str:
    (found,) = re.findall(rf"^```json {name}\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)
    return str(found)


def test_the_documents_specimens_are_records() -> None:
    assert model.encode_facts(FACTS).decode() == shown("recheck=good")
    assert model.decode_facts(shown("recheck=good").encode()) == FACTS
    assert model.encode(VERDICTS).decode() == shown("verdicts=good")
    assert model.decode(shown("verdicts=good").encode()) == VERDICTS


@pytest.mark.parametrize("kind", [RecheckFacts, BundleSource, Verdicts, VerdictRecord, PlaceRecord, Change])
def test_the_document_names_every_key(kind: Any) -> None:
    for field in dataclasses.fields(kind):
        assert f"`{field.name}`" in DOCUMENT, field.name


def test_the_document_names_every_verdict_and_sign() -> None:
    for name in (*model.VERDICTS, *compare.NAMES):
        assert f"`{name}`" in DOCUMENT
    for sign in ("negation", "number", "name", "case only", "punctuation only", "quotation marks", "order of words"):
        assert sign in DOCUMENT


def test_the_verdicts_of_the_comparer_are_those_of_the_format() -> None:
    assert set(model.VERDICTS) == set(compare.NAMES)
    assert model.STANDS == compare.STANDS


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": "3"}, "statement's id"),
        ({"places": ()}, "no parts"),
        ({"verdict": "verbatim"}, "verbatim, and something changed"),
        ({"verdict": "verbatim", "diff": (), "places": (None,)}, "was not found"),
        ({"verdict": "moved", "places": (None,)}, "was not found"),
        ({"verdict": "typographic", "diff": ()}, "without a diff"),
        ({"diff": ()}, "without a diff"),
        ({"places": (None,)}, "nothing was found"),
        ({"verdict": "removed"}, "something was found"),
        ({"verdict": "removed", "places": (None,)}, "changes of what was not found"),
        ({"verdict": "unknown", "places": (None,), "diff": (), "attribution": ()}, "without a reason"),
        ({"diff": (("*", "x"),)}, "a diff is made of"),
        ({"diff": (("=", ""),)}, "a diff is made of"),
        ({"attribution": (Change("cue", "said", "said"),)}, "changes nothing"),
        ({"places": (replace(PLACE, exact=""),)}, "without words"),
        ({"places": (replace(PLACE, text=None, bytes=None, digest=None),)}, "has a range of its text"),
        ({"places": (replace(PLACE, source="json-ld"),)}, "has a range of its text"),
        ({"places": (replace(PLACE, digest=None),)}, "go together"),
        ({"places": (replace(PLACE, text=(4, 4)),)}, "empty or reversed"),
        ({"places": (replace(PLACE, bytes=(9, 3)),)}, "empty or reversed"),
        ({"places": (replace(PLACE, digest="sha256:0"),)}, "digest"),
    ],
)
def test_what_a_verdict_may_not_say(change: dict[str, Any], words: str) -> None:
    bad = replace(VERDICTS, verdicts=(replace(REWORDED, **change),))
    with pytest.raises(FormatError, match=re.escape(words)):
        model.encode(bad)


def test_ids_rise() -> None:
    with pytest.raises(FormatError, match="does not come after"):
        model.encode(replace(VERDICTS, verdicts=(REMOVED, REWORDED)))


@pytest.mark.parametrize(
    "change",
    [
        {"comparer": ""},
        {"kind": ""},
        {"status": -1},
        {"statements": -1},
        {"bundle": BUNDLE},
        {"against": "bundle"},
        {"page": (Change("title", "x", "x"),)},
        {"salt": "x"},
    ],
)
def test_what_the_facts_may_not_say(change: dict[str, Any]) -> None:
    with pytest.raises(FormatError):
        model.encode_facts(replace(FACTS, **change))


def test_a_bundle_is_described() -> None:
    facts = replace(FACTS, against="bundle", bundle=BUNDLE)
    assert model.decode_facts(model.encode_facts(facts)) == facts
    for change in ({"digest": "x"}, {"size": -1}, {"archive": "x"}, {"snapshot": "x"}, {"time": "yesterday"}):
        with pytest.raises(FormatError):
            model.encode_facts(replace(facts, bundle=replace(BUNDLE, **change)))  # type: ignore[arg-type]


def test_a_later_version_is_newer() -> None:
    for data, decode in ((model.encode_facts(FACTS), model.decode_facts), (model.encode(VERDICTS), model.decode)):
        with pytest.raises(NewerVersionError):
            decode(data.replace(b"/v1", b"/v2", 1))


@given(st.data())
@settings(max_examples=200)
def test_any_change_of_a_byte_is_refused_or_read_as_it_is(data: st.DataObject) -> None:
    whole = model.encode(VERDICTS)
    at = data.draw(st.integers(0, len(whole) - 1))
    other = whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :]
    try:
        found = model.decode(other)
    except FormatError:
        return
    assert model.encode(found) == other
