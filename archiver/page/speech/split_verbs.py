"""German and Dutch verbs: in two parts, in the second place, with the subject on either side."""

from __future__ import annotations

from archiver.page.speech.cue import CueAt
from archiver.page.speech.lexicon import Is
from archiver.page.speech.phrases import Phrase, phrase_at
from archiver.page.speech.subjects import adjacent
from archiver.page.speech.tokens import WORD, Token


def split_verb(tokens: list[Token], start: int, end: int, at: int, back: int) -> CueAt | None:
    """The parts of a German or Dutch verb: „…“, hatte Lea Kern am Montag gesagt; Lea Kern hat am Montag gesagt, …;
    wird Lea Kern zitiert; hieß es in dem Brief; das nannte er „…“."""
    strong = bool(tokens[at].what & Is.SAY)
    following = at + 1
    while following < end and tokens[following].word in ("sich", "zich", "dann", "auch"):
        following += 1
    if following < end and tokens[following].what & Is.PRONOUN and not tokens[following].what & Is.DETERMINER:
        if tokens[following].word in ("es", "het"):
            found = _source_of_it(tokens, start, end)
            return CueAt(at, "finite", strong, found, back, found is not None) if found is not None else None
        if back == start or tokens[back - 1].kind == WORD:
            return CueAt(at, "finite", strong, Phrase(following, following + 1, following, "pronoun"), back, True)
    first = back
    while first > start and tokens[first - 1].kind == WORD and not tokens[first - 1].what & Is.SUBORDINATOR:
        first -= 1
    for i in range(first, back):
        if not tokens[i].what & Is.AUXILIARY:
            continue
        before, left = adjacent(tokens, first, i) if i > first else (None, i)
        if before is not None and tokens[left].what & Is.PREPOSITION and not tokens[left].what & Is.DETERMINER:
            before = None
        subject = before or phrase_at(tokens, i + 1, end)
        if tokens[i].what & Is.BE and not tokens[at].what & Is.QUOTES:
            agent = next((k for k in range(i, at) if tokens[k].word in ("von", "vom", "door")), None)
            subject = phrase_at(tokens, agent + 1, end) if agent is not None else None
            return CueAt(at, "passive", strong, subject, first)
        return CueAt(at, "finite", strong, subject, first if before is not None else i, before is None)
    return None


def _source_of_it(tokens: list[Token], start: int, end: int) -> Phrase | None:
    """In dem Brief heißt es: the letter says it."""
    for i in range(start, end):
        if tokens[i].word in ("in", "im", "aus", "auf", "uit") and tokens[i].kind == WORD:
            found = phrase_at(tokens, i + 1, end)
            if found is not None:
                return found
    return None


def is_object(tokens: list[Token], phrase: Phrase) -> bool:
    """Whether what stands before a German verb need not be its subject: der Zeitung sagte Kern …"""
    if phrase.sort == "pronoun":
        return False
    named = phrase.sort == "name" and phrase.after - phrase.head > 1
    titled = any(t.what & Is.TITLE and t.kind == WORD for t in tokens[phrase.first : phrase.after])
    return tokens[phrase.first].word in ("der", "dem", "den") or not (named or titled)
