"""docs/formats/page-text.md: its specimen, its lists and its steps are those of the code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from archiver.page import anchor, context, decode, text
from archiver.page.anchor import check_part, make_part
from archiver.page.text import byte_range, encode_object, project

DOCUMENT = (Path(__file__).parents[2] / "docs/formats/page-text.md").read_text("utf-8")


def fenced(kind: str) -> str:
    found = re.search(rf"^```{kind}\n(.*?)\n```$", DOCUMENT.split("## Specimen")[1], re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def listed(name: str) -> set[str]:
    row = re.search(rf"^\| {re.escape(name)} \| (.*) \|$", DOCUMENT, re.MULTILINE)
    assert row is not None, name
    names = re.findall(r"`([a-z0-9-]+)`", row[1])
    assert len(names) == len(set(names))
    return set(names)


def test_specimen() -> None:
    body = fenced("html").encode()
    assert f"{len(body)} bytes, with `Content-Type: text/html; charset=utf-8`" in DOCUMENT
    page = project(body, "text/html; charset=utf-8")
    assert page.text == json.loads(fenced("json"))
    assert f"of {len(page.text)} characters" in DOCUMENT
    match = re.search(r"are the characters ([0-9]+):([0-9]+) and the bytes ([0-9]+):([0-9]+)", DOCUMENT)
    assert match is not None
    start, end, first, last = map(int, match.groups())
    assert page.text[start:end] == "“We knew,” Ann\u00a0Lee"
    assert byte_range(page, body, start, end) == (first, last)
    part = make_part(page, body, start, end)
    check_part(page.text, body, page.encoding, part.exact, part.text, part.bytes, part.digest)
    assert encode_object(bytes(range(16)), page.text).split(b"\n")[0].decode() in DOCUMENT


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("break-out", context.BREAKOUT),
        ("integration points, svg", context.INTEGRATION["svg"]),
        ("integration points, math", context.INTEGRATION["math"]),
        ("hidden, svg", context.HIDDEN["svg"]),
        ("hidden, math", context.HIDDEN["math"]),
        ("raw text: RCDATA state", {name for name, state in context.RAW_STATES.items() if state == "rcdata"}),
        ("raw text: RAWTEXT state", {name for name, state in context.RAW_STATES.items() if state == "rawtext"}),
        ("raw text: script data state", {"script"}),
        ("raw text: PLAINTEXT state", {"plaintext"}),
        ("blocks", text.BLOCKS),
    ],
)
def test_lists(name: str, names: set[str]) -> None:
    assert listed(name) == set(names)


def test_dropped_and_sources() -> None:
    sentence = re.search(r"as raw\s+text of (.*?);", DOCUMENT, re.DOTALL)
    assert sentence is not None
    assert set(re.findall(r"`([a-z]+)`", sentence[1])) == text.DROPPED
    assert sorted(text.CELLS) == ["td", "th"]
    assert f"at most {decode.MAX_BODY:,} bytes" in DOCUMENT
    assert f"the first {decode.PRESCAN} bytes" in DOCUMENT
    sources = re.findall(r"^[0-9]\. \*([a-z0-9-]+)\*:", DOCUMENT, re.MULTILINE)
    assert sources == ["bom", "http", "meta", "xml", "meta-late", "utf-8-guess", "default"]
    assert all(f"\n    {source} " in (decode.__doc__ or "") for source in sources)


def test_the_steps_are_numbered_as_in_the_code() -> None:
    section = DOCUMENT.split("## Verifying an anchor")[1].split("\n## ")[0]
    steps = re.findall(r"^([0-9])\. (.*)$", section, re.MULTILINE)
    code = Path(anchor.__file__).read_text("utf-8")
    assert re.findall(r"^ +# ([0-9])\. (.*)$", code, re.MULTILINE) == steps
    assert len(steps) == 5


def test_lines_are_not_longer_than_others() -> None:
    for line in DOCUMENT.split("\n"):
        assert len(line) <= 120 or line.startswith("|"), line
