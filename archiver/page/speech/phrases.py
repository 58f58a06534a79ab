"""Who is named: pronouns, names and noun phrases around a place in a sentence.

There is no grammar here, only the words of the lexicon and capital letters: a noun phrase goes from a determiner, a
title or a name up to the next verb, preposition or mark. What matters is where it stands and what its head is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archiver.page.speech.lexicon import CUE, Is
from archiver.page.speech.tokens import MARK, QUOTE, WORD, Token, is_name

Sort = Literal["pronoun", "name", "noun"]


@dataclass(frozen=True, slots=True)
class Phrase:
    """tokens[first:after]; the head, which is what is kept as the mention, is tokens[head:after]."""

    first: int
    after: int
    head: int
    sort: Sort


_STOP = (
    Is.PREPOSITION | Is.CONJUNCTION | Is.SUBORDINATOR | Is.RELATIVE | Is.AUXILIARY | Is.VERB | Is.NEGATION
)  # fmt: skip


def ends_phrase(token: Token, inside: bool) -> bool:
    """Whether a noun phrase cannot go on with this token."""
    if token.kind != WORD:
        return not (token.kind == MARK and token.text in "-’'" and inside)
    what = token.what
    if token.text in ("’s", "'s", "’S", "'S"):
        return False
    if token.capital and inside:
        return bool(what & (Is.SUBORDINATOR | Is.RELATIVE | Is.CONJUNCTION | Is.AUXILIARY)) and not what & Is.PARTICLE
    if what & (Is.PRONOUN | Is.DETERMINER) and inside:
        return not what & Is.OWN
    if what & Is.PARTICLE and inside:
        return False
    if what & (_STOP | CUE) and not what & (Is.TITLE | Is.ROLE):
        return True
    if what & Is.ADVERB and not what & Is.TITLE:
        return True
    return bool(what & Is.TIME)


def phrase_at(tokens: list[Token], start: int, end: int) -> Phrase | None:
    """The noun phrase that begins exactly at `start`, or None."""
    if start >= end:
        return None
    token = tokens[start]
    if token.kind != WORD:
        return None
    what = token.what
    if what & Is.PRONOUN and not what & Is.DETERMINER:
        return Phrase(start, start + 1, start, "pronoun")
    if what & (_STOP | CUE) and not what & (Is.TITLE | Is.ROLE | Is.DETERMINER | Is.OWN) and not is_name(token):
        return None
    if ends_phrase(token, inside=False) and not what & Is.DETERMINER and not is_name(token):
        return None
    at = start + 1
    while at < end and not ends_phrase(tokens[at], inside=True):
        following = tokens[at]
        if following.what & Is.PARTICLE and not following.capital:
            if not (at + 1 < end and is_name(tokens[at + 1]) and is_name(tokens[at - 1])):
                if following.what & (_STOP | Is.DETERMINER):
                    break
        at += 1
    return _with_head(tokens, start, at)


def _with_head(tokens: list[Token], first: int, after: int) -> Phrase:
    """A phrase that ends in a name is that name; otherwise it is a noun with what describes it."""
    while after - 1 > first and tokens[after - 1].kind != WORD:
        after -= 1
    head = after
    while head > first and (
        is_name(tokens[head - 1])
        or (tokens[head - 1].what & Is.PARTICLE and head < after and head - 1 > first)
        or (tokens[head - 1].kind == MARK and tokens[head - 1].text in "-’'" and head < after)
    ):
        head -= 1
    if head == after:
        if after - first == 1 and tokens[first].what & Is.PRONOUN:
            return Phrase(first, after, first, "pronoun")
        return Phrase(first, after, first, "noun")
    for at in range(after - 1, head - 1, -1):
        if tokens[at].what & Is.TITLE and at + 1 < after:
            head = at + 1
            break
    else:
        if tokens[after - 1].what & (Is.TITLE | Is.ROLE):
            return Phrase(first, after, first, "noun")
    while head < after - 1 and tokens[head].kind != WORD:
        head += 1
    return Phrase(first, after, head, "name")


def first_phrase(tokens: list[Token], start: int, end: int) -> Phrase | None:
    """The first noun phrase of tokens[start:end] that is not the object of a preposition; leading adverbials
    (“In Lyon on Monday, …”) are passed over."""
    at = start
    while at < end:
        token = tokens[at]
        if token.kind != WORD:
            at += 1
            continue
        what = token.what
        if what & Is.PREPOSITION and not (what & Is.DETERMINER):
            at = _after_object(tokens, at + 1, end)
            continue
        if what & (Is.SUBORDINATOR | Is.RELATIVE) and not what & Is.PRONOUN and not what & Is.DETERMINER:
            comma = next((i for i in range(at, end) if tokens[i].text in (",", "—", "–")), None)
            if comma is None:
                at += 1
                continue
            at = comma + 1
            continue
        found = phrase_at(tokens, at, end)
        if found is not None and not _is_time(tokens, found):
            return found
        at = found.after if found is not None else at + 1
    return None


def _is_time(tokens: list[Token], phrase: Phrase) -> bool:
    return all(
        t.what & (Is.TIME | Is.DETERMINER | Is.ADVERB) or t.text.isdigit() for t in tokens[phrase.first : phrase.after]
    )


def _after_object(tokens: list[Token], start: int, end: int) -> int:
    """Where the object of a preposition ends: at a comma, or at the first phrase's end."""
    at = start
    while (
        (at < end
        and tokens[at].what & (Is.ADVERB | Is.TIME | Is.PREPOSITION))
        or (at < end and tokens[at].kind == WORD and tokens[at].text.isdigit())
    ):
        at += 1
    found = phrase_at(tokens, at, end)
    if found is None:
        return max(at, start + 1)
    return found.after


def surface(text: str, tokens: list[Token], phrase: Phrase) -> tuple[int, int]:
    """Where the mention stands: (start, end) in the text."""
    first = phrase.first if phrase.sort == "noun" else phrase.head
    return tokens[first].start, tokens[phrase.after - 1].end


def is_boundary(token: Token) -> bool:
    """A token that no noun phrase crosses to the left."""
    return token.kind == QUOTE or (token.kind == MARK and token.text not in "-’'")
