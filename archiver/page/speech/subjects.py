"""Who does what a verb says: the phrase before it, across insertions, behind "who", in the main clause."""

from __future__ import annotations

from archiver.page.speech.cue import CueAt
from archiver.page.speech.lexicon import CUE, FUNCTION, Is
from archiver.page.speech.phrases import (
    COMMAS,
    Phrase,
    first_phrase,
    is_finite,
    is_possessive,
    is_verbish,
    joined,
    phrase_at,
)
from archiver.page.speech.tokens import MARK, QUOTE, WORD, Token, is_name


def subject_before(tokens: list[Token], start: int, end: int, before: list[CueAt]) -> tuple[Phrase | None, int]:
    """(the subject of a verb whose first word is tokens[end], where its clause begins)."""
    if end <= start:
        return None, end
    previous = tokens[end - 1]
    if previous.kind == QUOTE:
        return None, end
    if previous.kind == MARK:
        opening = _opening(tokens, start, end - 1) if previous.text in (")", "]") else None
        if opening is not None:
            return subject_before(tokens, start, opening, before)
        if previous.text in COMMAS:
            return _across_insertion(tokens, start, end - 1)
        return None, end
    if previous.what & Is.CONJUNCTION:
        return main_subject(tokens, start, end - 1, before), clause_start(tokens, start, end - 1)
    if previous.what & Is.RELATIVE and (previous.word != "that" or _is_relative(tokens, start, end - 1)):
        return _antecedent(tokens, start, end - 1), end - 1
    found, left = adjacent(tokens, start, end)
    if found is not None and found.sort == "noun" and found.after == end and _is_led_in(tokens, left, found):
        return main_subject(tokens, start, left, before) or found, left
    return found, left


def _is_led_in(tokens: list[Token], left: int, found: Phrase) -> bool:
    """but in a later interview said: all that stands between the clause's beginning and the verb is an object."""
    first = tokens[left].what
    return left < found.first and bool(first & Is.PREPOSITION) and not first & (Is.DETERMINER | Is.SUBORDINATOR)


def _is_relative(tokens: list[Token], start: int, that: int) -> bool:
    """a letter that says, but not: she said that"""
    return that > start and tokens[that - 1].kind == WORD and not tokens[that - 1].what & (CUE | FUNCTION)


def clause_start(tokens: list[Token], start: int, end: int) -> int:
    """Where the clause that reaches to `end` begins: behind a run, a colon, "…, and"."""
    i = end - 1
    while i >= start:
        token = tokens[i]
        opening = _opening(tokens, start, i) if token.text == ")" else None
        if opening is not None:
            i = opening - 1
            continue
        if token.kind == QUOTE or token.text in (";", ":", "("):
            return i + 1
        if token.what & (Is.CONJUNCTION | Is.SUBORDINATOR) and i > start and tokens[i - 1].text in (",", ";"):
            return i + 1
        i -= 1
    return start


def _across_insertion(tokens: list[Token], start: int, comma: int) -> tuple[Phrase | None, int]:
    """The verb comes after a comma: Ann Lee, a clerk, said. The subject is the clause's first noun phrase, or, if that
    one has a verb of its own (They met after Ann Lee, a clerk, said …), the phrase right before the first comma."""
    left = clause_start(tokens, start, comma)
    while left < comma and tokens[left].text in COMMAS:
        left += 1
    found = first_phrase(tokens, left, comma)
    if found is not None:
        first_comma = next((i for i in range(found.after, comma) if tokens[i].text in COMMAS), comma)
        if any(is_finite(token) for token in tokens[found.after : first_comma]):
            nearer, near_left = adjacent(tokens, found.after, first_comma)
            if nearer is not None:
                return nearer, near_left
    return found, left


def _antecedent(tokens: list[Token], start: int, end: int) -> Phrase | None:
    """What "who" refers to: the noun phrase right before it; a person, if there is one before what hangs on it (says to
    Lee on camera, who …)."""
    at = end
    if at > start and tokens[at - 1].text == ",":
        at -= 1
    found, _ = adjacent(tokens, start, at)
    if tokens[end].word == "who" and (found is None or _is_thing(tokens, found)):
        for i in range(at - 1, max(start, at - 6), -1):
            if tokens[i].kind != WORD or is_finite(tokens[i]):
                break
            if is_name(tokens[i]):
                return nearest(tokens, start, i + 1)[0] or found
    return found


def _is_thing(tokens: list[Token], phrase: Phrase) -> bool:
    return phrase.sort == "noun" and not any(
        token.what & (Is.TITLE | Is.ROLE | Is.PLURAL) or token.word.endswith("s")
        for token in tokens[phrase.first : phrase.after]
    )


def adjacent(tokens: list[Token], start: int, end: int) -> tuple[Phrase | None, int]:
    """The verb comes right after a word: the noun phrase that ends there, with what hangs on it by prepositions."""
    left = end
    while left > start:
        token = tokens[left - 1]
        if token.kind != WORD:
            opening = _opening(tokens, start, left - 1) if token.text in ")]" else None
            if opening is not None:
                left = opening
                continue
            if token.kind == MARK and token.text in "-’'&/":
                left -= 1
                continue
            break
        what = token.what
        if what & Is.PRONOUN and not what & (Is.DETERMINER | Is.RELATIVE) and left == end:
            return Phrase(left - 1, left, left - 1, "pronoun"), left - 1
        if what & Is.RELATIVE and left < end and token.word != "that":
            own = phrase_at(tokens, left, end)
            if own is not None and own.after == end:
                return own, left
            return _antecedent(tokens, start, left - 1), left - 1
        if what & Is.SUBORDINATOR and not what & Is.PREPOSITION:
            if not what & Is.DETERMINER or left == end or phrase_at(tokens, left, end) is None:
                break
            if tokens[left].what & (Is.PRONOUN | Is.DETERMINER | Is.OWN | Is.TITLE) or tokens[left].capital:
                break
        if what & Is.SUBORDINATOR and what & Is.PREPOSITION and left < end:
            led = phrase_at(tokens, left, end)
            if led is not None and (led.after == end or tokens[led.after].what & Is.PREPOSITION):
                break  # after somebody near the stage had shouted; but: after the vote Lee said
        if what & Is.CONJUNCTION and not _joins_names(tokens, start, left - 1, end):
            break
        if what & (Is.AUXILIARY | Is.VERB) and not what & (Is.TITLE | Is.ROLE | Is.OWN) and not is_possessive(token):
            break
        if what & CUE and not token.capital and not what & (Is.ROLE | Is.MAY_BE_NOUN | Is.PARTICIPLE):
            break
        left -= 1
    relative = _relative_before(tokens, start, left)
    if relative is not None:
        return _antecedent(tokens, start, relative), left
    found = first_phrase(tokens, left, end)
    if found is None and not any(token.what & Is.INVERTS for token in tokens[end : end + 4]):
        first = end - 1
        while first > left and is_name(tokens[first]) and is_name(tokens[first - 1]):
            first -= 1
        if first > left and first < end - 1 and tokens[first - 1].what & Is.TITLE:
            first -= 1
        found = phrase_at(tokens, first, end)
    return (joined(tokens, found, end) if found is not None else None), left


def _relative_before(tokens: list[Token], start: int, end: int) -> int | None:
    """The "who" of: an official who asked not to be named said."""
    if end <= start or not (is_verbish(tokens[end - 1]) or tokens[end - 1].word == "to"):
        return None
    for i in range(end - 1, max(start, end - 14), -1):
        if tokens[i].kind != WORD or tokens[i].what & Is.SUBORDINATOR & ~Is.RELATIVE:
            return None
        if tokens[i].word == "who":
            return i
    return None


def _joins_names(tokens: list[Token], start: int, at: int, end: int) -> bool:
    return (
        tokens[at].word in ("and", "und", "et", "y", "e", "en", "i", "и", "та", "och", "ja")
        and at > start
        and at + 1 < end
        and tokens[at - 1].kind == WORD
        and tokens[at - 1].capital
        and tokens[at + 1].capital
    )


def _opening(tokens: list[Token], start: int, closing: int) -> int | None:
    for i in range(closing - 1, max(start, closing - 12) - 1, -1):
        if tokens[i].text in "([":
            return i
    return None


def nearest(tokens: list[Token], start: int, end: int) -> tuple[Phrase | None, int]:
    """The noun phrase that ends at `end`, as far as no preposition leads into it: footage of [Ann Lee] asking."""
    left = end
    while left > start and tokens[left - 1].kind == WORD:
        what = tokens[left - 1].what
        if what & (Is.PREPOSITION | Is.SUBORDINATOR | Is.CONJUNCTION | Is.AUXILIARY) or is_verbish(tokens[left - 1]):
            break
        left -= 1
    found = phrase_at(tokens, left, end)
    if found is not None and left - 1 > start and tokens[left - 1].what & Is.PREPOSITION:
        whole, from_left = adjacent(tokens, start, end)
        if whole is not None and tokens[whole.after - 1].what & Is.ROLE and whole.after < left:
            return whole, from_left
    return found, left


def main_subject(tokens: list[Token], start: int, end: int, before: list[CueAt]) -> Phrase | None:
    """The subject of the sentence's main verb so far: that of the last finite cue, or the first noun phrase."""
    for cue in reversed(before):
        if cue.form == "finite" and cue.subject is not None and cue.at < end:
            if cue.left > start and tokens[cue.left].what & Is.RELATIVE:
                continue
            return cue.subject
    first = clause_start(tokens, start, end)
    return first_phrase(tokens, first, end) or (first_phrase(tokens, start, end) if first > start else None)


def object_before(tokens: list[Token], start: int, end: int) -> Phrase | None:
    """The noun phrase that ends at `end`: "mocked Lee" in "mocked Lee for calling himself …"."""
    for first in range(max(start + 1, end - 8), end):
        if tokens[first].kind == WORD and is_verbish(tokens[first - 1]):
            found = phrase_at(tokens, first, end)
            if found is not None and found.after == end:
                return found
    return None


def skip_back(tokens: list[Token], start: int, at: int) -> tuple[int, int, bool]:
    """(index after the last word that is neither auxiliary nor adverb, flags of what was passed, negated)."""
    passed, negated = 0, False
    while at > start and tokens[at - 1].kind == WORD:
        before = tokens[at - 1]
        what = before.what
        if what & Is.TIME and at - 2 >= start:
            earlier = _time_start(tokens, start, at)
            if earlier is not None:
                at = earlier
                continue
        if not what & (Is.AUXILIARY | Is.ADVERB | Is.NEGATION) or what & Is.PRONOUN:
            break
        if before.capital and at - 1 > start and not what & Is.AUXILIARY:
            break
        if is_possessive(before) and at - 2 >= start and not tokens[at - 2].what & Is.PRONOUN:
            break
        passed |= what
        negated = negated or bool(what & Is.NEGATION)
        at -= 1
    return at, passed, negated


def _time_start(tokens: list[Token], start: int, end: int) -> int | None:
    """Where "on Friday", "am Montag", "last week", "heute" begins that ends at `end`, if a subject can precede it."""
    at = end
    while at > start and (tokens[at - 1].what & Is.TIME or tokens[at - 1].text.isdigit()):
        at -= 1
    if at - 1 > start and tokens[at - 1].what == Is.VERBISH and tokens[at - 2].what & Is.PREPOSITION:
        at -= 1
    if at > start and tokens[at - 1].what & Is.PREPOSITION:
        at -= 1
    return at if at > start else None


def agent(tokens: list[Token], at: int, end: int) -> Phrase | None:
    """Who does it, in the passive: “called a hero by Lee”."""
    for i in range(at + 1, min(end, at + 12)):
        if tokens[i].kind == QUOTE or tokens[i].text in (".", ";"):
            return None
        if tokens[i].word == "by":
            return phrase_at(tokens, i + 1, end)
    return None


def of_whom(tokens: list[Token], start: int, end: int) -> Phrase | None:
    """نقلت الإذاعة عن المتحدث، …، قوله: from whom the outlet has it (Arabic)."""
    for at in range(end - 1, start - 1, -1):
        if tokens[at].word == "عن":
            return phrase_at(tokens, at + 1, end)
    return None
