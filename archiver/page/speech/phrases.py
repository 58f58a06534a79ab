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
    Is.ACCORDING
    | Is.PREPOSITION
    | Is.CONJUNCTION
    | Is.SUBORDINATOR
    | Is.RELATIVE
    | Is.AUXILIARY
    | Is.VERB
    | Is.NEGATION
)
_LEADS = Is.DETERMINER | Is.OWN | Is.ADVERB
_PERSONAL = Is.TITLE | Is.ROLE
_OF = frozenset(
    {"of", "for", "de", "du", "des", "d'", "d’", "del", "della", "dell'", "dell’", "dei", "degli", "delle", "di"}
    | {"do", "da", "dos", "das", "van", "von", "vom"}
)  # fmt: skip
_CLOSE = frozenset({"close", "cercana", "cercano", "cercanas", "cercanos", "vicina", "vicino", "vicine", "próxima"})
MAX_PHRASE = 30  # tokens
COMMAS = frozenset({",", "—", "–", "--", "，", "،", "-", "―"})


def is_possessive(token: Token) -> bool:
    """The ’s of Lee’s, or the whole of the Lees’."""
    return token.text in ("’s", "'s", "’S", "'S") or token.word.endswith(("s’", "s'"))


def is_verbish(token: Token) -> bool:
    """An unknown word that is spelt like a verb's form."""
    return bool(token.what & (Is.VERBISH | Is.VERB | CUE)) and not token.capital and not token.what & _PERSONAL


def _ends(tokens: list[Token], first: int, at: int, end: int) -> bool:
    """Whether the phrase that began at `first` stops before `at`."""
    token = tokens[at]
    if token.kind != WORD:
        return not (token.kind == MARK and token.text in "-’'&/")
    if token.text in ("’s", "'s", "’S", "'S"):
        return False
    what = token.what
    if token.capital and not what & Is.ADDRESS:
        return bool(what & (Is.SUBORDINATOR | Is.RELATIVE | Is.CONJUNCTION | Is.AUXILIARY | Is.TIME | Is.PRONOUN))
    led_in = is_name(tokens[at - 1]) and not what & Is.DETERMINER
    if what & Is.PARTICLE and (led_in or tokens[at - 1].what & Is.PARTICLE):
        following = at + 1
        while following < end and following < at + 3 and tokens[following].what & Is.PARTICLE:
            following += 1
        if following < end and is_name(tokens[following]):
            return False
    if what & (Is.PRONOUN | Is.DETERMINER | Is.TIME) or (what & Is.ADDRESS and is_name(tokens[at - 1])):
        return True
    if what & (_STOP | CUE | Is.VERBISH) and not what & _PERSONAL:
        if what & (Is.VERBISH | Is.PARTICIPLE | Is.MAY_BE_NOUN | Is.VERB) and not what & (_STOP & ~Is.VERB):
            led = all(t.what & (_LEADS | Is.VERBISH) or t.text.isdigit() or is_possessive(t) for t in tokens[first:at])
            led = led and bool(tokens[first].what & (_LEADS | Is.PRONOUN))
            followed = at + 1 < end and (is_name(tokens[at + 1]) or bool(tokens[at + 1].what & _PERSONAL))
            return not (led and not what & Is.VERB) and not (followed and bool(what & (Is.VERBISH | Is.PARTICIPLE)))
        return True
    return bool(what & Is.ADVERB)


def phrase_at(tokens: list[Token], start: int, end: int) -> Phrase | None:
    """The noun phrase that begins exactly at `start`, or None."""
    end = min(end, start + MAX_PHRASE)
    if start >= end or tokens[start].kind != WORD:
        return None
    token = tokens[start]
    what = token.what
    if what & Is.PRONOUN and not what & Is.DETERMINER:
        return Phrase(start, start + 1, start, "pronoun")
    if token.word in ("zu", "zum", "zur", "vom"):  # part of a name only inside it
        return None
    if not is_name(token) and not what & (_PERSONAL | Is.DETERMINER | Is.OWN):
        if what & (_STOP | CUE | Is.ADVERB | Is.TIME):
            return None
        if is_verbish(token) and not (
            start + 1 < end and (is_name(tokens[start + 1]) or tokens[start + 1].what & _PERSONAL)
        ):
            return None
    elif what & Is.TIME and not what & _PERSONAL:
        return None
    at = start + 1
    while at < end and not _ends(tokens, start, at, end):
        at += 1
    return _with_head(tokens, start, at)


def _with_head(tokens: list[Token], first: int, after: int) -> Phrase:
    """A phrase that ends in a name is that name; otherwise it is a noun with what describes it."""
    while after - 1 > first and tokens[after - 1].kind != WORD:
        after -= 1
    if after - 1 > first and tokens[after - 1].text in ("’s", "'s"):
        after -= 1
    head = after
    while head > first and _in_name(tokens, first, head - 1, after):
        head -= 1
    while head < after and tokens[head].kind != WORD:
        head += 1
    if head == after or all(token.what & _PERSONAL for token in tokens[first:after]):
        return Phrase(first, after, first, "noun")
    source = tokens[first].what
    if head == first + 1 and source & Is.ROLE and not source & Is.TITLE and tokens[head].what & Is.ROLE:
        return Phrase(first, after, first, "noun")  # מקור המקורב לפרשה
    for at in range(after - 1, head - 1, -1):
        if tokens[at].what & Is.TITLE and at + 1 < after:
            head = at + 1
            break
    else:
        titled = head > first and bool(tokens[head - 1].what & Is.TITLE)
        if tokens[after - 1].what & _PERSONAL and not titled:
            return Phrase(first, after, first, "noun")
    return Phrase(first, after, head, "name")


def _in_name(tokens: list[Token], first: int, at: int, after: int) -> bool:
    token = tokens[at]
    if is_name(token):
        return True
    if at + 1 >= after or at <= first:
        return False
    if token.what & Is.PARTICLE and not token.capital:
        return is_name(tokens[at - 1]) or bool(tokens[at - 1].what & Is.PARTICLE)
    return token.kind == MARK and token.text in "-’'&/"


def joined(tokens: list[Token], found: Phrase, end: int) -> Phrase:
    """The phrase with a second one that an "and" ties to it, if that one ends at `end`: Ann and Bob Lee."""
    at = found.after
    if found.sort == "pronoun" or at + 1 >= end or not tokens[at].what & Is.CONJUNCTION:
        return found
    second = phrase_at(tokens, at + 1, end)
    if second is None or second.after != end:
        return found
    return Phrase(found.first, second.after, found.head, "noun" if found.sort == "noun" else "name")


def first_phrase(tokens: list[Token], start: int, end: int) -> Phrase | None:
    """The first noun phrase of tokens[start:end] that is not the object of a preposition; leading adverbials
    (“In Lyon on Monday, …”, “Asked why, …”) are passed over."""
    at = start
    while at < end:
        token = tokens[at]
        if token.kind != WORD or is_possessive(token):
            at += 1
        elif _leads_clause(tokens, at, start, end):
            comma = next((i for i in range(at, end) if tokens[i].text in COMMAS), None)
            at = at + 1 if comma is None else _after_place(tokens, comma, end)
        elif token.what & Is.ACCORDING or (
            token.what & Is.PREPOSITION and not token.what & Is.DETERMINER and not (token.capital and at > start)
        ):
            at = _after_object(tokens, at + 1, end)
        else:
            found = phrase_at(tokens, at, end)
            if found is not None and not _is_time(tokens, found):
                return found
            at = found.after if found is not None else at + 1
    return None


def _leads_clause(tokens: list[Token], at: int, start: int, end: int) -> bool:
    """Whether a subordinate clause or a participle begins here, which goes up to a comma."""
    what = tokens[at].what
    if what & (Is.SUBORDINATOR | Is.RELATIVE) and not what & (Is.PRONOUN | Is.DETERMINER | Is.PREPOSITION):
        return True
    if at == start and what & (Is.VERBISH | Is.PARTICIPLE | Is.VERB | CUE) and not what & _PERSONAL:
        return not tokens[at].capital
    if at == start and what & Is.PREPOSITION and what & Is.SUBORDINATOR:
        for token in tokens[at + 1 : end]:
            if token.text in COMMAS:
                return False
            if is_finite(token):
                return True
    return False


def person_phrase(tokens: list[Token], start: int, end: int) -> Phrase | None:
    """The first phrase that looks like a person: with a title, of several names, or a pronoun; else the first one."""
    at, first = start, None
    while at < end:
        found = phrase_at(tokens, at, end)
        if found is None:
            at += 1
            continue
        titled = any(t.what & Is.TITLE and not t.what & Is.DETERMINER for t in tokens[found.first : found.after])
        of_another = at > start and tokens[at - 1].capital and tokens[at].word in ("des", "eines", "der", "einer")
        free = (at == start or not tokens[at - 1].what & Is.PREPOSITION) and not tokens[at].what & Is.PREPOSITION
        free = free and not of_another
        if free and (found.sort == "pronoun" or (found.sort == "name" and (titled or found.after - found.head > 1))):
            return found
        if first is None and free and not _is_time(tokens, found):
            first = found
        at = found.after
    return first


def is_finite(token: Token) -> bool:
    """A word that can be a sentence's verb."""
    what = token.what
    if token.kind != WORD or token.capital or what & _PERSONAL:
        return False
    if what & (Is.AUXILIARY | Is.VERB):
        return not what & (Is.OWN | Is.DETERMINER) and not is_possessive(token)
    return bool(what & CUE) and not what & (Is.PARTICIPLE | Is.MAY_BE_NOUN)


def _is_time(tokens: list[Token], phrase: Phrase) -> bool:
    return all(
        t.what & (Is.TIME | Is.DETERMINER | Is.ADVERB) or t.text.isdigit() for t in tokens[phrase.first : phrase.after]
    )


def _after_object(tokens: list[Token], start: int, end: int) -> int:
    """Where the object of a preposition ends."""
    at = start
    while at < end and (
        tokens[at].what & (Is.ADVERB | Is.TIME | Is.PREPOSITION)
        or (tokens[at].kind == WORD and (tokens[at].text.isdigit() or is_possessive(tokens[at])))
    ):
        at += 1
    found = phrase_at(tokens, at, end)
    if found is None:
        return max(at, start + 1)
    return _after_place(tokens, found.after, end) if found.sort == "name" else found.after


def _after_place(tokens: list[Token], at: int, end: int) -> int:
    """Behind “, Ohio,” if that is what stands here: a place's larger place."""
    if at >= end or tokens[at].text not in COMMAS:
        return at
    if tokens[at].text != "," or not tokens[at - 1].capital or tokens[at + 1 : at + 2] == []:
        return at + 1
    if tokens[at + 1].what & (Is.TITLE | Is.PRONOUN):
        return at + 1
    i = at + 1
    while i < end and i < at + 4 and tokens[i].kind == WORD and (tokens[i].capital or tokens[i].text.isdigit()):
        i += 1
    if i == at + 1 or i >= end or tokens[i].text != ",":
        return at + 1
    following = phrase_at(tokens, i + 1, end)
    return i + 1 if following is not None else at + 1


def surface(tokens: list[Token], phrase: Phrase) -> tuple[int, int]:
    """Where the mention stands: (start, end) in the text."""
    first = phrase.first if phrase.sort == "noun" else phrase.head
    return tokens[first].start, tokens[phrase.after - 1].end


def with_complement(tokens: list[Token], phrase: Phrase, end: int) -> int:
    """Where a noun ends together with whose it is: a spokesman for the harbour; fuentes del ministerio."""
    after = phrase.after
    if phrase.sort != "noun" or after >= end:
        return after
    close = tokens[after - 1].word in _CLOSE and bool(tokens[after].what & Is.PREPOSITION)
    genitive = tokens[after].word in ("der", "des", "einer", "eines") and not tokens[phrase.first].what & Is.PRONOUN
    if not genitive and not close and tokens[after].word not in _OF:
        return after
    found = phrase_at(tokens, after if genitive else after + 1, end)
    if found is None or found.sort == "pronoun" or (genitive and not tokens[found.after - 1].capital):
        return after
    return found.after


def is_boundary(token: Token) -> bool:
    """A token that no noun phrase crosses."""
    return token.kind == QUOTE or (token.kind == MARK and token.text not in "-’'&/")


def is_outlet(tokens: list[Token], phrase: Phrase) -> bool:
    """A newspaper, a broadcaster, an agency."""
    return phrase.sort != "pronoun" and any(
        token.what & Is.MEDIA and (token.capital or phrase.after - phrase.first > 1)
        for token in tokens[phrase.first : phrase.after]
    )
