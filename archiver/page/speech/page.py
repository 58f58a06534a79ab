"""What a page's elements say about its statements: furniture, headings, quotations; and the same words said twice."""

from __future__ import annotations

import re
from collections.abc import Sequence

from archiver.page.marks import HEADINGS, Mark
from archiver.page.speech.nouns import Statement
from archiver.page.speech.reader import PageFacts

FURNITURE = frozenset({"nav", "aside", "footer"})
MAX_BODIES = 200  # statements that are compared with a repeated one
MIN_REPEATED = 3  # words; fewer come twice by chance
_WORD = re.compile(r"\w+")


def page_facts(text: str, marks: Sequence[Mark]) -> PageFacts:
    """Sorts the marks of a page. A header without a heading is the page's own, not the article's."""
    headings = [mark for mark in marks if mark.kind in HEADINGS]
    furniture = [mark for mark in marks if mark.kind in FURNITURE]
    mastheads = []
    starts = sorted(mark.start for mark in headings)
    for mark in marks:
        if mark.kind == "header" and not _any_within(starts, mark):
            mastheads.append(mark)
    outlet = frozenset(
        word.lower()
        for mark in mastheads[:2]
        for word in _WORD.findall(text[mark.start : min(mark.end, mark.start + 200)])
    )
    return PageFacts(
        furniture=tuple((mark.start, mark.end) for mark in furniture + mastheads),
        headings=tuple((mark.start, mark.end) for mark in headings),
        blocks=tuple((mark.start, mark.end) for mark in marks if mark.kind == "blockquote"),
        quoted=tuple((mark.start, mark.end) for mark in marks if mark.kind == "q"),
        outlet=outlet,
    )


def _any_within(starts: list[int], mark: Mark) -> bool:
    return any(mark.start <= start < mark.end for start in starts)


def once(text: str, statements: list[Statement], facts: PageFacts) -> list[Statement]:
    """Without the statements that only repeat another one's words: pull quotations, headlines; and without those of
    headings that name no speaker."""
    words = [_words(text, statement) for statement in statements]
    bodies = [
        (index, words[index])
        for index, statement in enumerate(statements)
        if not _in_heading(statement, facts) and not _alone(text, statement)
    ]
    by_start: dict[str, list[str]] = {}
    for _, body in bodies:
        _index(body, by_start)
    kept: list[Statement] = []
    seen: set[str] = set()
    for statement, own in zip(statements, words, strict=True):
        heading, alone = _in_heading(statement, facts), _alone(text, statement)
        if heading and (statement.speaker is None or statement.cue is None):
            continue
        if (heading or alone) and own.count(" ") + 1 >= MIN_REPEATED and (own in seen or _holds(by_start, own)):
            continue
        seen.add(own)
        kept.append(statement)
    return kept


def _index(body: str, by_start: dict[str, list[str]]) -> None:
    """Notes the body under each of its words, as long as the word is not in too many."""
    for word in set(body.split()):
        known = by_start.setdefault(word, [])
        if len(known) < MAX_BODIES:
            known.append(f" {body} ")


def _holds(by_start: dict[str, list[str]], own: str) -> bool:
    """Whether a body has the words in this order. Looks among those that have the rarest of them."""
    rarest = min((by_start.get(word, []) for word in own.split()), key=len)
    return any(f" {own} " in body for body in rarest)


def _words(text: str, statement: Statement) -> str:
    return " ".join(
        word.lower()
        for part in statement.parts
        for word in _WORD.findall(text[part.start : part.end].replace("’", "'"))
    )


def _in_heading(statement: Statement, facts: PageFacts) -> bool:
    part = statement.parts[0]
    return any(start <= part.start and part.end <= end for start, end in facts.headings)


def _alone(text: str, statement: Statement) -> bool:
    """The words have lines of their own, with nobody named in them."""
    return all(
        (part.start == 0 or text[part.start - 1] == "\n") and (part.end == len(text) or text[part.end] == "\n")
        for part in statement.parts
    )
