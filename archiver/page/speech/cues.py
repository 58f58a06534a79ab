"""Cues: the verbs of saying in a sentence, and who is their subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archiver.page.speech.lexicon import CUE, Is
from archiver.page.speech.phrases import Phrase, first_phrase, phrase_at
from archiver.page.speech.tokens import MARK, QUOTE, WORD, Token

Form = Literal["finite", "participle", "infinitive", "passive", "according"]


@dataclass(slots=True)
class CueAt:
    """A cue at tokens[at]. `left`: where its clause begins; `inverted`: the subject follows it; `strong`: a verb of
    saying, not only of calling or criticising."""

    at: int
    form: Form
    strong: bool
    subject: Phrase | None
    left: int
    inverted: bool = False
    negated: bool = False


def find_cues(tokens: list[Token], start: int, end: int) -> list[CueAt]:
    """All cues of the sentence tokens[start:end], in order."""
    found: list[CueAt] = []
    for at in range(start, end):
        token = tokens[at]
        if token.what & Is.ACCORDING:
            found.append(_according(tokens, at, end))
        elif (
            token.what & CUE
            and token.kind == WORD
            and not (token.capital and at > start and not _is_headline(tokens, start, end))
        ):
            cue = _verb(tokens, start, end, at, found)
            if cue is not None:
                found.append(cue)
    return found


def _is_headline(tokens: list[Token], start: int, end: int) -> bool:
    """Most Words Begin With a Capital."""
    words = [t for t in tokens[start:end] if t.kind == WORD and len(t.text) > 3]
    return len(words) >= 3 and sum(t.capital for t in words) >= 0.75 * len(words)


def _according(tokens: list[Token], at: int, end: int) -> CueAt:
    return CueAt(at, "according", True, phrase_at(tokens, at + 1, end), at)


def _verb(tokens: list[Token], start: int, end: int, at: int, before: list[CueAt]) -> CueAt | None:
    token = tokens[at]
    strong = bool(token.what & Is.SAY)
    back, auxiliaries, negated = _skip_back(tokens, start, at)
    previous = tokens[back - 1] if back > start else None
    participle = bool(token.what & Is.PARTICIPLE)
    if previous is not None and previous.word in ("to",) and auxiliaries == 0:
        return CueAt(at, "infinitive", strong, _controller(tokens, start, back - 1, before), back - 1, negated=negated)
    if participle and not auxiliaries & Is.AUXILIARY:
        return _participle(tokens, start, at, back, strong, negated, before)
    if not participle and auxiliaries & Is.BE:
        agent = next(
            (i for i in range(at + 1, min(end, at + 12)) if tokens[i].word == "by" or tokens[i].kind == QUOTE), None
        )
        subject = phrase_at(tokens, agent + 1, end) if agent is not None and tokens[agent].word == "by" else None
        return CueAt(at, "passive", strong, subject, back, negated=negated)
    if token.what & Is.MAY_BE_NOUN and _looks_like_noun(tokens, start, end, at, back):
        return None
    if (
        previous is not None
        and previous.kind == WORD
        and previous.what & (Is.DETERMINER | Is.OWN | Is.PREPOSITION)
        and not previous.what & (Is.PRONOUN | Is.RELATIVE)
    ):
        return None
    subject, left = subject_before(tokens, start, back, before)
    inverted = False
    if subject is None or left == back:
        after = _inverted(tokens, start, end, at, back)
        if after is not None:
            subject, inverted, left = after, True, back
    return CueAt(at, "finite", strong, subject, left, inverted, negated)


def _skip_back(tokens: list[Token], start: int, at: int) -> tuple[int, int, bool]:
    """(index after the last word that is neither auxiliary nor adverb, flags of what was passed, negated)."""
    passed, negated = 0, False
    while at > start and tokens[at - 1].kind == WORD:
        what = tokens[at - 1].what
        if not what & (Is.AUXILIARY | Is.ADVERB | Is.NEGATION) or what & Is.PRONOUN:
            break
        if tokens[at - 1].text in ("’s", "'s") and at - 2 >= start and not passed & (Is.AUXILIARY | Is.ADVERB):
            break
        passed |= what
        negated = negated or bool(what & Is.NEGATION)
        at -= 1
    return at, passed, negated


def _looks_like_noun(tokens: list[Token], start: int, end: int, at: int, back: int) -> bool:
    """ "the claims", "Lee's comments", "calls for": a noun that is spelt like a verb."""
    if back == start:
        return True
    previous = tokens[back - 1]
    if back < at:
        return False
    if previous.kind != WORD:
        return previous.text not in (",", ")", "—", "–")
    if previous.what & (Is.DETERMINER | Is.OWN | Is.PREPOSITION | Is.TITLE) and not previous.what & Is.PRONOUN:
        return True
    if previous.text in ("’s", "'s") or previous.word.endswith(("s’", "s'")):
        return True
    following = tokens[at + 1] if at + 1 < end else None
    if following is not None and following.what & Is.PREPOSITION and following.word in ("of", "from"):
        return True
    return not (previous.what & (Is.PRONOUN | Is.ROLE | Is.RELATIVE | Is.CONJUNCTION) or previous.capital)


def _inverted(tokens: list[Token], start: int, end: int, at: int, back: int) -> Phrase | None:
    """The subject of “…,” said Ann Lee: only right behind a run, at the start of its sentence, or between commas."""
    if back > start:
        previous = tokens[back - 1]
        if previous.kind == WORD and previous.word not in ("as", "so", "and"):
            return None
    following = at + 1
    while following < end and tokens[following].what & (Is.ADVERB | Is.TIME) and not tokens[following].capital:
        following += 1
    return phrase_at(tokens, following, end)


def _participle(
    tokens: list[Token], start: int, at: int, back: int, strong: bool, negated: bool, before: list[CueAt]
) -> CueAt | None:
    previous = tokens[back - 1] if back > start else None
    if previous is not None and previous.kind == WORD:
        if (previous.what & (Is.DETERMINER | Is.OWN) and not previous.what & Is.PRONOUN) or previous.text in ("’s", "'s"):
            return None
        if previous.what & (Is.PREPOSITION | Is.CONJUNCTION | Is.SUBORDINATOR | Is.VERB) or previous.what & CUE:
            subject = _main_subject(tokens, start, back - 1, before)
            if previous.word in ("for", "from", "of") and previous.what & Is.PREPOSITION:
                subject = _object_before(tokens, start, back - 1) or subject
            return CueAt(at, "participle", strong, subject, back, negated=negated)
        subject, left = subject_before(tokens, start, back, before)
        return CueAt(at, "participle", strong, subject, left, negated=negated)
    return CueAt(at, "participle", strong, _main_subject(tokens, start, back, before), back, negated=negated)


def _main_subject(tokens: list[Token], start: int, end: int, before: list[CueAt]) -> Phrase | None:
    """The subject of the sentence's main verb so far: that of the last finite cue, or the first noun phrase."""
    for cue in reversed(before):
        if cue.form == "finite" and cue.subject is not None:
            return cue.subject
    first = start
    for i in range(end - 1, start - 1, -1):
        if tokens[i].kind == QUOTE or tokens[i].text in (";", ":"):
            first = i + 1
            break
    return first_phrase(tokens, first, end) or (first_phrase(tokens, start, end) if first > start else None)


def _controller(tokens: list[Token], start: int, end: int, before: list[CueAt]) -> Phrase | None:
    return _main_subject(tokens, start, end, before)


def _object_before(tokens: list[Token], start: int, end: int) -> Phrase | None:
    """The noun phrase that ends at `end`: "mocked Lee" in "mocked Lee for calling himself …"."""
    for first in range(max(start, end - 8), end):
        if tokens[first].kind == WORD and tokens[first - 1].what & (CUE | Is.VERB) and first > start:
            found = phrase_at(tokens, first, end)
            if found is not None and found.after == end:
                return found
    return None


def subject_before(tokens: list[Token], start: int, end: int, before: list[CueAt]) -> tuple[Phrase | None, int]:
    """(the subject of a verb whose first word is tokens[end], where its clause begins)."""
    if end <= start:
        return None, end
    previous = tokens[end - 1]
    if previous.kind == QUOTE:
        return None, end
    if previous.kind == MARK:
        if previous.text in (",", "—", "–", ")", "--", "]"):
            return _across_insertion(tokens, start, end - 1)
        return None, end
    if previous.what & Is.CONJUNCTION:
        return _main_subject(tokens, start, end - 1, before), _clause_start(tokens, start, end - 1)
    if previous.what & Is.RELATIVE and previous.word != "that":
        return _antecedent(tokens, start, end - 1), end - 1
    return _adjacent(tokens, start, end, before)


def _clause_start(tokens: list[Token], start: int, end: int) -> int:
    for i in range(end - 1, start - 1, -1):
        if tokens[i].kind == QUOTE or tokens[i].text in (";", ":"):
            return i + 1
    return start


def _across_insertion(tokens: list[Token], start: int, comma: int) -> tuple[Phrase | None, int]:
    """The verb comes after a comma: Ann Lee, a clerk, said. The subject is the clause's first noun phrase."""
    left = _clause_start(tokens, start, comma)
    if left < comma and tokens[left].text == ",":
        left += 1
    return first_phrase(tokens, left, comma), left


def _antecedent(tokens: list[Token], start: int, end: int) -> Phrase | None:
    """What "who" refers to: the noun phrase right before it."""
    at = end
    if at > start and tokens[at - 1].text == ",":
        at -= 1
    left = at
    while (
        left > start
        and tokens[left - 1].kind == WORD
        and not tokens[left - 1].what & (Is.VERB | CUE | Is.AUXILIARY | Is.SUBORDINATOR)
    ):
        left -= 1
    return first_phrase(tokens, left, at) or phrase_at(tokens, max(left, at - 1), at)


def _adjacent(tokens: list[Token], start: int, end: int, before: list[CueAt]) -> tuple[Phrase | None, int]:
    """The verb comes right after a word: the noun phrase that ends there, with what hangs on it by prepositions."""
    left = end
    while left > start:
        token = tokens[left - 1]
        if token.kind != WORD:
            if token.text in ")]":
                opening = _opening(tokens, start, left - 1)
                if opening is not None:
                    left = opening
                    continue
            if token.kind == MARK and token.text in "-’'&/":
                left -= 1
                continue
            break
        what = token.what
        if what & Is.RELATIVE and left < end and token.word != "that":
            return _antecedent(tokens, start, left - 1), left - 1
        if what & Is.SUBORDINATOR and not what & (Is.PREPOSITION | Is.DETERMINER):
            break
        if what & Is.CONJUNCTION:
            if (
                token.word != "and"
                or left - 1 <= start
                or tokens[left - 2].text == ","
                or tokens[left - 2].kind != WORD
            ):
                break
            if not (tokens[left - 2].capital and left < end and tokens[left].capital):
                break
        if (
            what & (Is.AUXILIARY | Is.VERB)
            and not what & (Is.TITLE | Is.ROLE | Is.OWN)
            and token.text not in ("’s", "'s")
        ):
            break
        if what & CUE and not token.capital and not what & (Is.ROLE | Is.MAY_BE_NOUN):
            break
        left -= 1
    found = first_phrase(tokens, left, end) or phrase_at(tokens, end - 1, end)
    return found, left


def _opening(tokens: list[Token], start: int, closing: int) -> int | None:
    for i in range(closing - 1, max(start, closing - 12) - 1, -1):
        if tokens[i].text in "([":
            return i
    return None
