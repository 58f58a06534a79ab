"""Reported speech without marks: Lee said that …, according to Lee, …, … , Lee said."""

from __future__ import annotations

from dataclasses import dataclass

from archiver.page.speech.cue import CueAt
from archiver.page.speech.cues import cues_of
from archiver.page.speech.lexicon import MARKED, VIEWS, Is
from archiver.page.speech.phrases import COMMAS, is_finite, phrase_at
from archiver.page.speech.tokens import MARK, QUOTE, WORD, Line, Token

THAT = frozenset(
    {"that", "dass", "daß", "que", "qu'", "qu’", "che", "dat", "że", "iż", "что", "що", "att", "että", "že"}
)
MIN_WORDS = 3
_STRONG = MARKED & ~Is.REPORT


@dataclass(frozen=True, slots=True)
class Reported:
    """A clause text[start:end] that the cue reports. `surely`: a conjunction introduces it."""

    start: int
    end: int
    cue: CueAt
    sentence: tuple[int, int]
    surely: bool


def reported(line: Line) -> list[Reported]:
    """The reported clauses of a paragraph, at most one a sentence; none in a sentence with marks."""
    found: list[Reported] = []
    for sentence in line.sentences:
        start, end = sentence
        if not any(line.tokens[i].what & _STRONG for i in line.marked_in(start, end)):
            continue
        if line.paragraph.runs and any(token.kind == QUOTE for token in line.tokens[start:end]):
            continue
        for cue in cues_of(line, sentence):
            if not cue.strong or cue.subject is None or cue.form not in ("finite", "according"):
                continue
            clause = _clause(line.tokens, start, end, cue)
            if clause is not None:
                first, after, surely = clause
                span = (line.tokens[first].start, line.tokens[after - 1].end)
                found.append(Reported(span[0], span[1], cue, sentence, surely))
                break
    return found


def _clause(tokens: list[Token], start: int, end: int, cue: CueAt) -> tuple[int, int, bool] | None:
    if tokens[end - 1].text == "?":
        return None
    if cue.form == "according" and tokens[cue.at].word in VIEWS:
        return None
    if cue.form == "according":
        return _according(tokens, start, end, cue)
    opening = _that(tokens, cue.at + 1, end)
    if opening is not None:
        after = _clause_end(tokens, opening + 1, end)
        return (opening + 1, after, True) if _is_clause(tokens, opening + 1, after) else None
    if cue.at > start and _trails(tokens, start, end, cue):
        first, after = start, _before_clause(tokens, start, cue)
        return (first, after, False) if _is_clause(tokens, first, after) else None
    first = cue.at + 1
    if first < end and tokens[cue.at].what & Is.TELLS:
        told = phrase_at(tokens, first, end)
        first = told.after if told is not None else first
    if first < end and phrase_at(tokens, first, end) is not None and not cue.inverted:
        after = _clause_end(tokens, first, end)
        subject = phrase_at(tokens, first, end)
        if subject is not None and subject.after < after and is_finite(tokens[subject.after]):
            return (first, after, False) if _is_clause(tokens, first, after) else None
    return None


def _that(tokens: list[Token], start: int, end: int) -> int | None:
    """The conjunction behind the cue, past an addressee or a time."""
    for at in range(start, min(end, start + 12)):
        token = tokens[at]
        if token.kind == WORD and token.word in THAT:
            return at
        if token.kind == MARK and token.text != ",":
            return None
        if is_finite(token):
            return None
    return None


def _clause_end(tokens: list[Token], start: int, end: int) -> int:
    """Up to the sentence's last word, or to a comma that something outside follows."""
    last = end
    while last > start and tokens[last - 1].kind == MARK and tokens[last - 1].text not in ")]%’'":
        last -= 1
    for at in range(start + 1, last):
        if tokens[at].text not in COMMAS or at + 1 >= last:
            continue
        following = tokens[at + 1]
        timed = any(token.what & Is.TIME for token in tokens[at + 1 : at + 4]) and following.what & (
            Is.DETERMINER | Is.PREPOSITION | Is.TIME
        )
        if timed or following.what & Is.ACCORDING or (following.what & Is.PARTICIPLE and following.what & Is.SAY):
            return at
        if following.what & Is.CONJUNCTION and any(token.what & Is.SAY for token in tokens[at + 2 : at + 5]):
            return at
    return last


def _trails(tokens: list[Token], start: int, end: int, cue: CueAt) -> bool:
    """…, Lee said."""
    left = cue.left
    following = tokens[cue.at + 1] if cue.at + 1 < end else None
    if following is not None and following.kind == WORD and not cue.inverted:
        tail = Is.PREPOSITION | Is.TIME | Is.ADVERB | Is.ADDRESS | Is.SUBORDINATOR
        told = tokens[cue.at].what & Is.TELLS
        if not following.what & tail and not told:
            return False  # Asked by us, the minister denied [it]
    return (
        left > start + MIN_WORDS
        and tokens[left - 1].text in COMMAS
        and end - cue.at <= 10
        and not any(token.what & (Is.SUBORDINATOR | Is.RELATIVE) for token in tokens[left : cue.at])
    )


def _before_clause(tokens: list[Token], start: int, cue: CueAt) -> int:
    at = cue.left
    while at > start and tokens[at - 1].kind == MARK:
        at -= 1
    return at


def _according(tokens: list[Token], start: int, end: int, cue: CueAt) -> tuple[int, int, bool] | None:
    assert cue.subject is not None
    if cue.at == start:
        comma = next((i for i in range(cue.subject.after, end) if tokens[i].text in COMMAS), None)
        if comma is None:
            return None
        after = _clause_end(tokens, comma + 1, end)
        return (comma + 1, after, True) if _is_clause(tokens, comma + 1, after) else None
    after = _before_clause(tokens, start, CueAt(cue.at, cue.form, True, None, min(cue.at, cue.left)))
    return (start, after, True) if _is_clause(tokens, start, after) else None


def _is_clause(tokens: list[Token], start: int, end: int) -> bool:
    words = [token for token in tokens[start:end] if token.kind == WORD]
    return len(words) >= MIN_WORDS
