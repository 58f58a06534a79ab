"""Cues: the verbs of saying in a sentence, and who is their subject."""

from __future__ import annotations

from typing import cast

from archiver.page.speech.cue import CueAt
from archiver.page.speech.inverted import closes_run, inverted, place_that_speaks
from archiver.page.speech.lexicon import CUE, FUNCTION, VIEWS, Is
from archiver.page.speech.phrases import COMMAS, Phrase, first_phrase, is_finite, is_possessive, is_verbish, phrase_at
from archiver.page.speech.split_verbs import is_object, split_verb
from archiver.page.speech.subjects import (
    adjacent,
    agent,
    main_subject,
    nearest,
    object_before,
    of_whom,
    skip_back,
    subject_before,
)
from archiver.page.speech.tokens import QUOTE, WORD, Line, Token, is_headline

_NOT_WHO = frozenset({"to", "on", "in", "at"})  # sent a letter to voters saying; wrote on her page calling

_WITH_ARTICLES = frozenset({"fr", "es", "it", "pt"})
_ASKED = frozenset({"wer", "was", "who", "what", "kto", "co", "кто", "что", "хто", "qui", "quién", "chi", "quem"})
_ITSELF = frozenset({"si", "se", "s'", "s’", "się"})  # Lucia si è detta tranquilla: no passive


def cues_of(line: Line, sentence: tuple[int, int]) -> list[CueAt]:
    """All cues of a sentence of the line, in order."""
    found = line.known.get(sentence)
    if found is None:
        found = line.known[sentence] = _find(line, *sentence)
    return cast("list[CueAt]", found)


def _find(line: Line, start: int, end: int) -> list[CueAt]:
    tokens = line.tokens
    found: list[CueAt] = []
    headline: bool | None = None
    for at in line.marked_in(start, end):
        token = tokens[at]
        if token.what & (Is.ACCORDING | Is.SO | Is.ZUFOLGE):
            cue = _according(tokens, start, end, at)
            if cue is not None:
                found.append(cue)
        elif token.what & Is.HIS_SAYING:
            found.append(CueAt(at, "finite", True, of_whom(tokens, start, at), start))
        elif token.what & CUE and token.kind == WORD:
            if token.capital and at > start:
                headline = is_headline(tokens, start, end) if headline is None else headline
                if not headline:
                    continue
            if headline and token.what & Is.MAY_BE_NOUN and not _heads(tokens, start, at):
                continue
            cue = _verb(tokens, start, end, at, found)
            if cue is not None and cue.inverted and line.language in _WITH_ARTICLES and _is_bare(tokens, cue):
                cue.subject, cue.inverted = None, False  # ha risposto secca
            if cue is not None:
                found.append(cue)
        elif token.what & Is.SPOKEN and token.kind == WORD and not token.capital:
            cue = _spoken(tokens, start, end, at)
            if cue is not None:
                found.append(cue)
    _look_ahead(tokens, start, end, found)
    return found


def _is_bare(tokens: list[Token], cue: CueAt) -> bool:
    """A lone unknown word: no subject where nouns have articles."""
    subject = cue.subject
    lone = subject is not None and subject.after - subject.first == 1 and subject.sort == "noun"
    return lone and subject is not None and not tokens[subject.first].what


def _according(tokens: list[Token], start: int, end: int, at: int) -> CueAt | None:
    """According to Lee; …, so Lee (German); Lee zufolge."""
    token = tokens[at]
    if token.what & Is.ZUFOLGE:
        found, left = adjacent(tokens, start, at)
        return CueAt(at, "according", True, found, left) if found is not None else None
    following = at + 1
    if following < end and tokens[following].what & Is.PREPOSITION and not tokens[following].what & Is.DETERMINER:
        following += 1
    found = phrase_at(tokens, following, end)
    if token.what & Is.ACCORDING:
        if token.word in VIEWS and not _is_view(tokens, start, at, found):
            return None
        return CueAt(at, "according", True, found, at)
    closed = found is not None and (found.after >= end or tokens[found.after].kind != WORD or found.sort != "pronoun")
    if at > start and tokens[at - 1].text in COMMAS and closed and found is not None and found.sort != "pronoun":
        return CueAt(at, "according", True, found, at)
    return None


def _is_view(tokens: list[Token], start: int, at: int, found: Phrase | None) -> bool:
    """Per Anna Neri è una «vergogna», but not: per «motivi tecnici». The preposition begins its clause, and somebody is
    named, or has a title."""
    if found is None or (found.sort == "noun" and not tokens[found.after - 1].what & Is.ROLE):
        return False
    return at == start or tokens[at - 1].text in (",", ";", ":", "—", "–")


def _heads(tokens: list[Token], start: int, at: int) -> bool:
    """Whether the word follows a headline's first name, or a comma: Lee Calls …, Questions …"""
    if tokens[at - 1].text in COMMAS:
        return True
    found = phrase_at(tokens, start, at)
    return found is not None and found.after == at


def _look_ahead(tokens: list[Token], start: int, end: int, found: list[CueAt]) -> None:
    """A participle that begins its sentence has the subject of what follows: Citing “…”, Ann Lee resigned."""
    for index, cue in enumerate(found):
        if cue.subject is not None or cue.form != "participle" or cue.at > start + 2:
            continue
        for later in found[index + 1 :]:
            if later.form == "finite" and later.subject is not None and not later.inverted:
                cue.subject = later.subject
                break
        else:
            comma = next((i for i in range(cue.at + 1, end) if tokens[i].text == ","), None)
            run = next((i for i in range(cue.at + 1, end) if tokens[i].kind == QUOTE), None)
            if run is not None and (comma is None or comma > run):
                comma = run
            cue.subject = first_phrase(tokens, comma + 1, end) if comma is not None else None


def _verb(tokens: list[Token], start: int, end: int, at: int, before: list[CueAt]) -> CueAt | None:
    token = tokens[at]
    strong = bool(token.what & Is.SAY)
    back, passed, negated = skip_back(tokens, start, at)
    previous = tokens[back - 1] if back > start else None
    participle = bool(token.what & Is.PARTICIPLE)
    if previous is not None and previous.word == "to" and not participle and not passed & Is.AUXILIARY:
        return CueAt(at, "infinitive", strong, main_subject(tokens, start, back - 1, before), back - 1, negated=negated)
    if participle and not passed & Is.AUXILIARY:
        return _participle(tokens, start, at, back, strong, negated, before)
    if token.what & Is.INVERTS:
        split = split_verb(tokens, start, end, at, back)
        if split is not None:
            return split
    itself = any(t.word in _ITSELF for t in tokens[back:at])
    if not participle and passed & Is.BE and not token.what & Is.BASE and not itself:
        if token.what & Is.QUOTES:
            subject, left = subject_before(tokens, start, back, before)
            return CueAt(at, "passive", strong, subject, left, negated=negated)
        return CueAt(at, "passive", strong, agent(tokens, at, end), back, negated=negated)
    if not passed & Is.AUXILIARY and not _is_verb(tokens, start, end, at, back):
        return None
    subject, left = subject_before(tokens, start, back, before)
    turned = False
    behind = previous is not None and previous.text == ","
    if subject is not None and behind and tokens[subject.first].word in _ASKED:
        subject = None  # auf die Frage, wer haftet, antwortete Kern
    free = not passed & Is.AUXILIARY or previous is None or previous.kind != WORD
    follows_run = back > start and closes_run(tokens, start, back)
    called = follows_run and not passed & Is.AUXILIARY  # “…”, se défend Léa Roy
    may_invert = strong or called or token.what & (Is.INVERTS | Is.VERB_FIRST)
    may_invert = may_invert and free and not token.what & Is.TELLS
    dative = subject is not None and bool(token.what & Is.INVERTS) and is_object(tokens, subject)
    if (subject is None or left == back or behind or dative) and may_invert:
        after = inverted(tokens, start, end, at, back)
        if after is not None and (behind or dative) and subject is not None:
            closed = after.after >= end or tokens[after.after].text in (",", ".", "(", ";", ":")
            thing = after.sort == "noun" and not any(
                t.what & (Is.TITLE | Is.ROLE) for t in tokens[after.first : after.after]
            )
            thing = thing and behind and subject.sort == "name"  # Nina, 24 ans, raconte l’incendie
            after = after if closed and after.sort != "pronoun" and not thing else None
        if after is not None:
            subject, turned, left = after, True, back
    if follows_run and (subject is None or tokens[subject.first].word in ("on", "het")):
        subject = place_that_speaks(tokens, at + 1 if subject is None else max(subject.after, at + 1), end) or subject
    if subject is None and previous is not None and previous.kind == QUOTE and back - 1 > start:
        subject, left = first_phrase(tokens, start, back - 1), start
    if subject is None and back > start:
        subject = main_subject(tokens, start, back, before)
        if subject is not None and tokens[subject.first].word in _ASKED:
            subject = None
    return CueAt(at, "finite", strong, subject, left, turned, negated)


def _controller(tokens: list[Token], start: int, to: int, before: list[CueAt]) -> Phrase | None:
    """Who is to say it: the subject of the verb before "to" (they wanted to show), or the sentence's."""
    if to > start and is_verbish(tokens[to - 1]) and not tokens[to - 1].what & CUE:
        back, _, _ = skip_back(tokens, start, to - 1)
        subject, _ = subject_before(tokens, start, back, before)
        if subject is not None:
            return subject
    return main_subject(tokens, start, to, before)


def _spoken(tokens: list[Token], start: int, end: int, at: int) -> CueAt | None:
    """“…,” Lee smiled. «…», бросил он. A verb that says nothing by itself, or one that no list has, right behind a run:
    there it says who spoke."""
    back, passed, _ = skip_back(tokens, start, at)
    left = back
    while left > start and tokens[left - 1].text in COMMAS:
        left -= 1
    if left > start and tokens[left - 1].kind == QUOTE:
        subject = inverted(tokens, start, end, at, back)
        ends = at + 1 >= end or tokens[at + 1].text in (".", ",", ";")
        return CueAt(at, "finite", True, subject, back, subject is not None) if subject is not None or ends else None
    if passed & Is.AUXILIARY or tokens[at].what & Is.BY_ENDING or not _is_behind_run(tokens, start, back):
        return None
    following = tokens[at + 1] if at + 1 < end else None
    if following is None or following.kind != WORD or following.what & (Is.PREPOSITION | Is.ADVERB | Is.SUBORDINATOR):
        subject, left = subject_before(tokens, start, back, [])
        return CueAt(at, "finite", True, subject, left) if subject is not None else None
    return None


def _is_verb(tokens: list[Token], start: int, end: int, at: int, back: int) -> bool:
    """Tells "Lee claims" from "the claims", "Lee's comments", "a Lee tweet"."""
    token = tokens[at]
    previous = tokens[back - 1] if back > start else None
    if (
        previous is not None
        and previous.kind == WORD
        and not (previous.what & Is.PRONOUN and not (previous.what & Is.DETERMINER and token.what & Is.MAY_BE_NOUN))
    ):
        if previous.what & (Is.DETERMINER | Is.OWN | Is.PREPOSITION) and not previous.what & Is.RELATIVE:
            return False
        if is_possessive(previous):
            return False
    if token.what & Is.BASE and not token.what & Is.MAY_BE_NOUN and back == start:
        return True
    if token.what & Is.BASE and previous is not None and previous.kind == WORD:
        if at + 2 < end and tokens[at + 1].text == ":" and tokens[at + 2].kind == QUOTE:
            return not token.what & Is.MAY_BE_NOUN
        if _is_behind_run(tokens, start, back):
            return True
        plural = previous.what & (Is.PRONOUN | Is.PLURAL | Is.CONJUNCTION) or previous.word.endswith("s")
        return bool(plural) and not (token.what & Is.MAY_BE_NOUN and previous.capital)
    if not token.what & Is.MAY_BE_NOUN:
        return True
    if previous is None or back < at:
        return previous is not None
    if previous.kind != WORD:
        return previous.text in (",", ")", "—", "–") and not token.what & Is.BASE
    following = tokens[at + 1] if at + 1 < end else None
    if following is not None and following.word in ("of", "from"):
        return False
    if not previous.capital and not previous.what & Is.PRONOUN and _in_object(tokens, start, back):
        return False
    if previous.what & (Is.PRONOUN | Is.ROLE | Is.RELATIVE | Is.CONJUNCTION | Is.PLURAL) or previous.capital:
        return True
    first = phrase_at(tokens, start, back)
    return first is not None and first.after == back and not (following is not None and is_finite(following))


def _is_behind_run(tokens: list[Token], start: int, end: int) -> bool:
    """“…,” the statement read; “…,” the clerks state: nothing but the subject stands between the run and the verb."""
    _, left = adjacent(tokens, start, end)
    return start < left < end and tokens[left - 1].kind == QUOTE


def _in_object(tokens: list[Token], start: int, end: int) -> bool:
    """the use of executive orders: bare words behind a preposition."""
    at = end
    while at > start and tokens[at - 1].kind == WORD and not tokens[at - 1].what & FUNCTION:
        at -= 1
    return start < at < end and bool(tokens[at - 1].what & Is.PREPOSITION) and not tokens[at - 1].what & Is.DETERMINER


def _participle(
    tokens: list[Token], start: int, at: int, back: int, strong: bool, negated: bool, before: list[CueAt]
) -> CueAt | None:
    previous = tokens[back - 1] if back > start else None
    subject: Phrase | None
    if previous is None or previous.kind != WORD or (previous.run is not None and previous.text[-2:-1] in ",."):
        subject = main_subject(tokens, start, back, before)
        return CueAt(at, "participle", strong, subject, back, negated=negated)
    if (previous.what & (Is.DETERMINER | Is.OWN) and not previous.what & Is.PRONOUN) or is_possessive(previous):
        return None
    if previous.what & (Is.PREPOSITION | Is.CONJUNCTION | Is.SUBORDINATOR) or is_verbish(previous):
        subject = None
        if previous.word in ("for", "from", "of"):
            subject = object_before(tokens, start, back - 1)
        subject = subject or main_subject(tokens, start, back - 1, before)
        return CueAt(at, "participle", strong, subject, back, negated=negated)
    subject, left = nearest(tokens, start, back)
    led = tokens[left - 1] if left > start else None
    if led is not None and led.word in _NOT_WHO:
        subject = None
    if led is not None and led.word == "of":  # with the head of the port calling
        whole, from_left = adjacent(tokens, start, back)
        with_ = next((i for i in range(left - 1, from_left - 1, -1) if tokens[i].word == "with"), None)
        named = phrase_at(tokens, with_ + 1, back) if whole is not None and with_ is not None else None
        if named is not None:
            return CueAt(at, "participle", strong, named, back, negated=negated)
    if subject is None or (led is not None and not led.what & Is.PREPOSITION and not _shows(tokens, subject)):
        subject, left = main_subject(tokens, start, left, before) or subject, back
    return CueAt(at, "participle", strong, subject, left, negated=negated)


def _shows(tokens: list[Token], phrase: Phrase) -> bool:
    """A thing that can say something itself: a sign saying “…”."""
    last = tokens[phrase.after - 1].what
    return bool(last & Is.WORK) and not last & Is.SPEECH_NOUN
