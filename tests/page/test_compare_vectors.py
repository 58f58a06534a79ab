"""Every case in tests/vectors/compare: two texts, what changed between them is known, and so is each verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from archiver.model.statement import PartRecord, StatementRecord
from archiver.page.compare import STANDS, Page, compare
from archiver.page.typography import same_words

FOLDER = Path(__file__).parents[1] / "vectors" / "compare"
CASES = sorted(FOLDER.glob("*.json"))
SALT = "AAAAAAAAAAAAAAAAAAAAAA=="


def statement(name: str, text: str, spans: list[list[int]]) -> StatementRecord:
    parts = tuple(PartRecord(text[low:high], (low, high), None, None) for low, high in spans)
    words = " ".join(part.exact for part in parts)
    nothing: Any = (None,) * 6
    return StatementRecord(name, "direct", words, None, *nothing, "affirmed", "rule", 100, parts, SALT)


def page(plain: dict[str, Any], **more: Any) -> Page:
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in plain.items()}
    return Page(**values, **more)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_verdicts_are_those_of_the_vector(path: Path) -> None:
    case = json.loads(path.read_text("utf-8"))
    items = tuple(statement(item["id"], case["old"]["text"], item["parts"]) for item in case["statements"])
    new = page(case["new"])
    found = compare(page(case["old"], statements=items), new)
    assert [item.verdict for item in found] == [wanted["verdict"] for wanted in case["verdicts"]], case["why"]
    for item, verdict, wanted in zip(items, found, case["verdicts"], strict=True):
        words = [place.exact if place is not None else None for place in verdict.places]
        assert words == wanted.get("words", [None] * len(words))
        assert list(verdict.signs) == wanted.get("signs", list(verdict.signs))
        check(item, verdict, new)


def check(item: StatementRecord, verdict: Any, new: Page) -> None:
    """What holds of every verdict."""
    for place in verdict.places:
        if place is not None and place.text is not None:
            assert new.text[place.text[0] : place.text[1]] == place.exact
    there = [place.exact for place in verdict.places if place is not None]
    if verdict.verdict in STANDS:
        assert all(same_words(part.exact, words) for part, words in zip(item.parts, there, strict=True))
    if verdict.diff:
        assert "".join(text for sign, text in verdict.diff if sign != "+") == item.text
        assert "".join(text for sign, text in verdict.diff if sign != "-") == " ".join(there)
    assert bool(verdict.reason) or verdict.verdict in ("verbatim", "typographic", "reworded")


def test_there_are_cases_of_every_verdict() -> None:
    wanted = {verdict["verdict"] for path in CASES for verdict in json.loads(path.read_text("utf-8"))["verdicts"]}
    assert wanted == {"verbatim", "moved", "typographic", "reworded", "removed", "page-gone", "unknown"}
