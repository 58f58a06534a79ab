"""The threat model names a test for each claim: they are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[a-z_/]+\.py)(?:::(test_[a-z0-9_]+))?`", DOCUMENT)))


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_the_named_test_is_there(file: str, name: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert not name or f"\ndef {name}(" in text


def test_there_is_one_for_each_row() -> None:
    rows = [line for line in DOCUMENT.split("\n") if line.startswith("| ") and "`tests/" in line]
    assert len(rows) > 25
    assert len(NAMED) > len(rows)
