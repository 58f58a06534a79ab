"""Speech that dashes mark: — No sé —dijo Ana—. Mañana.   – Nie wiem – powiedział Jan Nowak. – Zobaczymy.

And the inserted clause of French and its neighbours, inside the marks: « La tour, explique Léa Roy, penche. »
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from archiver.page.speech.lexicon import Is, Lexicon
from archiver.page.speech.phrases import Phrase, is_outlet, phrase_at
from archiver.page.speech.quotes import Paragraph, Run
from archiver.page.speech.scan import Spelling
from archiver.page.speech.sentences import read
from archiver.page.speech.tokens import Line, Token

DASH_LANGUAGES = frozenset({"es", "fr", "pt", "it", "pl", "ru", "uk", "cs", "sv", "fi"})
INSERTING = frozenset({"fr", "it", "es", "pt", "pl", "ru", "uk", "cs"})
_CLITICS = frozenset({"se", "s'", "s’", "si", "się"})
_DASHES = frozenset({"—", "–", "-", "―", "--"})
_START = re.compile(r"[—–―-][ \u00a0]?(?=\S)|―")
_INNER = re.compile(r"(?<=[\s,.!?…])[—–―-](?=\s?\S)|(?<=\S)[—―](?=[\s.,;:!?]|$)")
_EDGE = " \u00a0\u202f,.;:—–―-"


@dataclass(frozen=True, slots=True)
class Spoken:
    """An utterance without marks of its own around all of it: its parts, the line of the clause that names who speaks,
    the cue's index in that line and the speaker (None: nobody is named)."""

    parts: tuple[tuple[int, int], ...]
    line: Line | None
    cue: int
    subject: Phrase | None


def dashed(text: str, paragraph: Paragraph, lexicon: Lexicon, spelling: Spelling) -> Spoken | None:
    """The utterance of a paragraph that begins with a dash, if a clause in it says that it is one."""
    if lexicon.language not in DASH_LANGUAGES:
        return None
    opening = _START.match(text, paragraph.start, paragraph.end)
    if opening is None:
        return None
    if paragraph.runs:
        inner = _INNER.search(text, opening.end(), paragraph.end)
        if inner is None or inner.start() > paragraph.runs[0].start:
            return None  # its marks say which words are said
    pieces: list[tuple[int, int]] = []
    at = opening.end()
    for dash in _INNER.finditer(text, at, paragraph.end):
        pieces.append((at, dash.start()))
        at = dash.end()
    pieces.append((at, paragraph.end))
    parts: list[tuple[int, int]] = []
    line, cue, subject = None, -1, None
    for index, (start, end) in enumerate(pieces):
        clause = _clause(text, start, end, lexicon, spelling) if index else None
        if clause is not None:
            if line is None:
                line, cue, subject = clause
            continue
        part = _trim(text, start, end, index > 0)
        if part is not None:
            if line is None and parts and text[parts[-1][1] - 1] in ".!?…" and text[part[0]].isupper():
                parts.clear()  # somebody else's turn: — Кто там? — Я, — сказал он.
            parts.append(part)
    if line is None or not parts:
        return _comma_clause(text, opening.end(), paragraph, lexicon, spelling)
    return Spoken(tuple(parts), line, cue, subject)


def _trim(text: str, start: int, end: int, inner: bool) -> tuple[int, int] | None:
    while start < end and (text[start].isspace() or (inner and text[start] in _EDGE)):
        start += 1
    while end > start and (text[end - 1].isspace() or text[end - 1] in "—–―"):
        end -= 1
    return (start, end) if any(map(str.isalnum, text[start:end])) else None


def _clause(
    text: str, start: int, end: int, lexicon: Lexicon, spelling: Spelling
) -> tuple[Line, int, Phrase | None] | None:
    """dijo Ana; powiedział w rozmowie z PAP Jan Nowak."""
    while start < end and text[start].isspace():
        start += 1
    if start >= end or text[start].isupper():
        return None
    line = read(text, Paragraph(start, end, []), lexicon, spelling)
    for at, token in enumerate(line.tokens[:5]):
        if token.what & Is.SAY and not token.capital:
            return line, at, _subject_after(line.tokens, at)
        if token.text in (".", "!", "?"):
            return None
    return None


def _subject_after(tokens: list[Token], cue: int) -> Phrase | None:
    """Who speaks, around the verb: right behind it, before it, or behind what comes between."""
    found = phrase_at(tokens, cue + 1, len(tokens))
    if found is not None:
        return found
    if cue:
        before = phrase_at(tokens, 0, cue)
        if before is not None:
            return before
    marked = False
    for at in range(cue + 2, min(len(tokens), cue + 12)):
        if tokens[at].text in (".", "!", "?"):
            return None
        marked = tokens[at].text in "„«“" or (marked and tokens[at].text not in "”»")
        if marked or tokens[at].text in "”»":
            continue
        found = phrase_at(tokens, at, len(tokens))
        if found is None or found.sort != "name" or tokens[at - 1].capital:
            continue
        if not tokens[at - 1].what & Is.PREPOSITION:
            return found
        if is_outlet(tokens, found) and found.after - found.first > 3:  # w rozmowie z Radiem Brzeg Jan Nowak
            return Phrase(found.after - 2, found.after, found.after - 2, "name")
    return None


def _comma_clause(text: str, start: int, paragraph: Paragraph, lexicon: Lexicon, spelling: Spelling) -> Spoken | None:
    """— Je ne sais pas, dit Léa. Demain peut-être."""
    run = Run(start, paragraph.end, start, paragraph.end, "double", "—")
    return inserted(text, run, lexicon, spelling)


def inserted(text: str, run: Run, lexicon: Lexicon, spelling: Spelling) -> Spoken | None:
    """The utterance of a run that a clause like “, explique Léa Roy,” interrupts; its parts keep the outer marks."""
    if lexicon.language not in INSERTING:
        return None
    line = read(text, Paragraph(run.inner_start, run.inner_end, []), lexicon, spelling)
    tokens = line.tokens
    for at in range(1, len(tokens) - 1):
        token = tokens[at]
        if not token.what & Is.SAY or token.what & Is.PARTICIPLE or token.capital:
            continue
        left = at
        while left > 1 and (tokens[left - 1].what & Is.AUXILIARY or tokens[left - 1].word in _CLITICS):
            left -= 1
        dash = tokens[left - 1].text in _DASHES
        ends = tokens[left - 1].text in "?!…" and run.opener == "—"
        if tokens[left - 1].text != "," and not dash and not ends:
            continue
        subject = phrase_at(tokens, at + 1, len(tokens))
        pronoun = "-" in token.word
        if subject is None and not pronoun and not (dash and _closing_dash(tokens, at + 1, 3) is not None):
            continue
        if subject is not None and subject.sort == "noun" and not tokens[subject.first].what & (Is.DETERMINER | Is.OWN):
            continue
        behind = subject.after if subject is not None else at + 1
        closing = _closing_dash(tokens, behind) if dash else _insertion_end(tokens, behind)
        if closing is None:
            continue
        first = (run.start, tokens[left - 2 if dash else left - 1].end)
        rest = _trim(text, tokens[closing].end, run.inner_end, True)
        parts = [first] if rest is None else [first, (rest[0], run.end)]
        if rest is None and run.end > run.inner_end:
            parts = [first]
        return Spoken(tuple(parts), line, at, subject)
    return None


def _closing_dash(tokens: list[Token], at: int, most: int = 30) -> int | None:
    """The dash that ends what the first one began: «… – racconta Luigi Bastia, pensionato –. …»"""
    for i in range(at, min(len(tokens), at + most)):
        if tokens[i].text in _DASHES and (i + 1 >= len(tokens) or tokens[i + 1].text not in ".,;"):
            return i
        if tokens[i].text in _DASHES:
            return i + 1
    return None


def _insertion_end(tokens: list[Token], at: int) -> int | None:
    """The mark that ends the inserted clause: a full stop, or the comma behind the name and what describes it."""
    comma: int | None = None
    for i in range(at, min(len(tokens), at + 30)):
        token = tokens[i]
        if token.text in (".", "!", "?", ";"):
            return i if comma is None or _describes(tokens, comma + 1, i) else comma
        if token.text == ",":
            if comma is not None:
                return i if _describes(tokens, comma + 1, i) else comma
            comma = i
    return comma


def _describes(tokens: list[Token], start: int, end: int) -> bool:
    """ingénieure du service des phares: no verb, no pronoun."""
    return (
        start < end
        and not any(
            token.what & (Is.AUXILIARY | Is.VERB | Is.NEGATION | Is.PRONOUN) and not token.what & Is.DETERMINER
            for token in tokens[start:end]
        )
        and not tokens[start].what & (Is.SUBORDINATOR | Is.CONJUNCTION)
    )
