"""Statements in a text: what it says that somebody said. Rules and word lists; no model, no network.

`find` reads plain text, `find_in_page` also knows where the page's quotations, headings and furniture stand.
docs/statements.md says what is found and how surely.
"""

from __future__ import annotations

from collections.abc import Sequence

from archiver.page.marks import Mark
from archiver.page.speech import lexicon as lexicons
from archiver.page.speech.assemble import statements
from archiver.page.speech.carry import carry
from archiver.page.speech.link import link_line
from archiver.page.speech.nouns import Cue, Span, Speaker, Statement
from archiver.page.speech.quotes import segment
from archiver.page.speech.titles import set_titles
from archiver.page.speech.tokens import Spelling, read

__all__ = ["Cue", "Span", "Speaker", "Statement", "find", "find_in_page"]


def find(text: str, language: str | None = None) -> list[Statement]:
    """All statements of a text, in the order of their first part.

    `language`: a BCP 47 tag; None: it is guessed. Any text gives a result; the same text always the same one.
    """
    lexicon = lexicons.load((language or "en").split("-")[0].lower())
    spelling = Spelling(text)
    lines = [read(text, paragraph, lexicon, spelling) for paragraph in segment(text)]
    for line in lines:
        set_titles(text, line, lexicon)
    links = [link_line(text, line) for line in lines]
    carry(links, lines)
    return statements(text, [link for line in links for link in line])


def find_in_page(text: str, marks: Sequence[Mark], language: str | None) -> list[Statement]:
    """The statements of a page text, whose elements `marks` gives."""
    return find(text, language)
