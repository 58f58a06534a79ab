"""Japanese and Chinese."""

from __future__ import annotations
from archiver.page.speech.nouns import Statement
from archiver.page.speech.reader import PageFacts

LANGUAGES = frozenset({"ja", "zh"})


def read_statements(text: str, language: str, facts: PageFacts) -> list[Statement]:
    return []
