"""Transcripts and interviews: paragraphs that begin with who speaks, and a colon. Without quotation marks.

A single such line means nothing (Photo: …); it takes several, near one another, with a name that comes again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from archiver.page.speech.lexicon import Is, Lexicon
from archiver.page.speech.quotes import Paragraph

MAX_LABEL = 48  # characters
MIN_TURNS = 3
_LABEL = re.compile(r"([^\W\d_][^:\n]{0,47}?)[ \u00a0]?[:：][ \u00a0]*(?=\S)")
_CLEAN = re.compile(r"[\w.’'\- ]+")


@dataclass(frozen=True, slots=True)
class Turn:
    """One speaker's paragraph: the label text[start:label_end], the words text[words_start:end]."""

    label: str
    start: int
    label_end: int
    words_start: int
    end: int


def turns(text: str, paragraphs: list[Paragraph], lexicon: Lexicon, outlet: frozenset[str]) -> dict[int, Turn | None]:
    """By a paragraph's start: the turn that it is, or None for a question of the outlet itself, which is no statement.
    `outlet`: words of the page's own name, lower case."""
    found: list[tuple[int, Turn]] = []
    for index, paragraph in enumerate(paragraphs):
        turn = _turn(text, paragraph, lexicon)
        if turn is not None:
            found.append((index, turn))
    counts: dict[str, int] = {}
    for _, turn in found:
        counts[turn.label] = counts.get(turn.label, 0) + 1
    found = [item for item in found if counts[item[1].label] > 1 or _is_speech(text, item[1])]
    near = [
        (index, turn)
        for place, (index, turn) in enumerate(found)
        if (place and index - found[place - 1][0] <= 2) or (place + 1 < len(found) and found[place + 1][0] - index <= 2)
    ]
    if len(near) < MIN_TURNS or not any(counts[turn.label] > 1 for _, turn in near):
        return {}
    labels = {turn.label for _, turn in near}
    if len(labels) > max(2, len(near) * 2 // 3):
        return {}
    return {turn.start: None if _asks(turn.label, lexicon, outlet) else turn for _, turn in near}


def _turn(text: str, paragraph: Paragraph, lexicon: Lexicon) -> Turn | None:
    match = _LABEL.match(text, paragraph.start, min(paragraph.end, paragraph.start + MAX_LABEL + 4))
    if match is None or match.end() >= paragraph.end:
        return None
    label = match[1].strip()
    words = label.split()
    if len(words) > 4 or not _CLEAN.fullmatch(label):
        return None
    if any(paragraph.runs and run.start < match.end() for run in paragraph.runs):
        return None
    for word in words:
        small = lexicon.classes(word.lower()) & Is.PARTICLE
        if word[0].islower() and not small:
            return None
    if lexicon.classes(label.lower()) & Is.FURNITURE:
        return None
    return Turn(label, paragraph.start, match.end(1), match.end(), paragraph.end)


def _is_speech(text: str, turn: Turn) -> bool:
    """Interview: Anna Berg, 3 May: no sentence."""
    return text[turn.end - 1] in '.!?…”"»’)]。！？'


def _asks(label: str, lexicon: Lexicon, outlet: frozenset[str]) -> bool:
    words = label.lower().strip(".").split()
    if all(lexicon.classes(word) & Is.QUESTION for word in words):
        return True
    return bool(outlet) and all(word in outlet for word in words)
