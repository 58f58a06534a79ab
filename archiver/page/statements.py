"""Statements in a text: what it says that somebody said. Rules and word lists; no model, no network.

`find` reads plain text, `find_in_page` also knows where the page's quotations, headings and furniture stand.
docs/statements.md says what is found and how surely.
"""

from __future__ import annotations

from collections.abc import Sequence

from archiver.page.marks import Mark
from archiver.page.speech import cjk
from archiver.page.speech.language import guess
from archiver.page.speech.nouns import Cue, Span, Speaker, Statement
from archiver.page.speech.page import once, page_facts
from archiver.page.speech.reader import PageFacts, read_statements

__all__ = ["Cue", "Span", "Speaker", "Statement", "find", "find_in_page"]


def find(text: str, language: str | None = None) -> list[Statement]:
    """All statements of a text, in the order of their first part.

    `language`: a BCP 47 tag; None: it is guessed. Any text gives a result; the same text always the same one.
    """
    return _read(text, language, PageFacts())


def find_in_page(text: str, marks: Sequence[Mark], language: str | None) -> list[Statement]:
    """The statements of a page text, whose elements `marks` gives. Nothing is found in menus, footers and links to
    other articles; words that are drawn out or stand in a headline as well count once."""
    facts = page_facts(text, marks)
    return once(text, _read(text, language, facts), facts)


def _read(text: str, language: str | None, facts: PageFacts) -> list[Statement]:
    known = guess(text, language)
    if known in cjk.LANGUAGES:
        return cjk.read_statements(text, known, facts)
    return read_statements(text, known, facts)
