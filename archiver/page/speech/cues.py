"""Cues: the verbs of saying in a sentence, and who is their subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

from archiver.page.speech.lexicon import CUE, Is
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
from archiver.page.speech.tokens import MARK, QUOTE, WORD, Line, Token, is_headline

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


def cues_of(line: Line, sentence: tuple[int, int]) -> list[CueAt]:
    """All cues of a sentence of the line, in order."""
    found = line.known.get(sentence)
    if found is None:
        found = line.known[sentence] = _find(line.tokens, *sentence)
    return cast("list[CueAt]", found)


def _find(tokens: list[Token], start: int, end: int) -> list[CueAt]:
    found: list[CueAt] = []
    headline: bool | None = None
    for at in range(start, end):
        token = tokens[at]
        if token.what & (Is.ACCORDING | Is.SO | Is.ZUFOLGE):
            cue = _according(tokens, start, end, at)
            if cue is not None:
                found.append(cue)
        elif token.what & Is.HIS_SAYING:
            found.append(CueAt(at, "finite", True, _of_whom(tokens, start, at), start))
        elif token.what & CUE and token.kind == WORD:
            if token.capital and at > start:
                headline = is_headline(tokens, start, end) if headline is None else headline
                if not headline:
                    continue
            if headline and token.what & Is.MAY_BE_NOUN and not _heads(tokens, start, at):
                continue
            cue = _verb(tokens, start, end, at, found)
            if cue is not None:
                found.append(cue)
    _look_ahead(tokens, start, end, found)
    return found


def _according(tokens: list[Token], start: int, end: int, at: int) -> CueAt | None:
    """According to Lee; …, so Lee (German); Lee zufolge."""
    token = tokens[at]
    if token.what & Is.ZUFOLGE:
        found, left = _adjacent(tokens, start, at)
        return CueAt(at, "according", True, found, left) if found is not None else None
    following = at + 1
    if following < end and tokens[following].what & Is.PREPOSITION and not tokens[following].what & Is.DETERMINER:
        following += 1
    found = phrase_at(tokens, following, end)
    if token.what & Is.ACCORDING:
        return CueAt(at, "according", True, found, at)
    closed = found is not None and (found.after >= end or tokens[found.after].kind != WORD or found.sort != "pronoun")
    if at > start and tokens[at - 1].text in COMMAS and closed and found is not None and found.sort != "pronoun":
        return CueAt(at, "according", True, found, at)
    return None


def _of_whom(tokens: list[Token], start: int, end: int) -> Phrase | None:
    """نقلت الإذاعة عن المتحدث، …، قوله: from whom the outlet has it (Arabic)."""
    for at in range(end - 1, start - 1, -1):
        if tokens[at].word == "عن":
            return phrase_at(tokens, at + 1, end)
    return None


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
    back, passed, negated = _skip_back(tokens, start, at)
    previous = tokens[back - 1] if back > start else None
    participle = bool(token.what & Is.PARTICIPLE)
    if previous is not None and previous.word == "to" and not participle and not passed & Is.AUXILIARY:
        return CueAt(
            at, "infinitive", strong, _main_subject(tokens, start, back - 1, before), back - 1, negated=negated
        )
    if participle and not passed & Is.AUXILIARY:
        return _participle(tokens, start, at, back, strong, negated, before)
    if token.what & Is.INVERTS:
        split = _split_verb(tokens, start, end, at, back)
        if split is not None:
            return split
    if not participle and passed & Is.BE and not token.what & Is.BASE:
        if token.what & Is.QUOTES:
            subject, left = subject_before(tokens, start, back, before)
            return CueAt(at, "passive", strong, subject, left, negated=negated)
        return CueAt(at, "passive", strong, _agent(tokens, at, end), back, negated=negated)
    if not passed & Is.AUXILIARY and not _is_verb(tokens, start, end, at, back):
        return None
    subject, left = subject_before(tokens, start, back, before)
    inverted = False
    behind = previous is not None and previous.text == ","
    free = not passed & Is.AUXILIARY or previous is None or previous.kind != WORD
    may_invert = (strong or token.what & (Is.INVERTS | Is.VERB_FIRST)) and free and not token.what & Is.TELLS
    dative = subject is not None and bool(token.what & Is.INVERTS) and _is_object(tokens, subject)
    if (subject is None or left == back or behind or dative) and may_invert:
        after = _inverted(tokens, start, end, at, back)
        if after is not None and (behind or dative) and subject is not None:
            closed = after.after >= end or tokens[after.after].text in (",", ".", "(", ";", ":")
            after = after if closed and after.sort != "pronoun" else None
        if after is not None:
            subject, inverted, left = after, True, back
    if subject is None and previous is not None and previous.kind == QUOTE and back - 1 > start:
        subject, left = first_phrase(tokens, start, back - 1), start
    if subject is None and back > start:
        subject = _main_subject(tokens, start, back, before)
    return CueAt(at, "finite", strong, subject, left, inverted, negated)


def _split_verb(tokens: list[Token], start: int, end: int, at: int, back: int) -> CueAt | None:
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
        before, left = _adjacent(tokens, first, i) if i > first else (None, i)
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


def _controller(tokens: list[Token], start: int, to: int, before: list[CueAt]) -> Phrase | None:
    """Who is to say it: the subject of the verb before "to" (they wanted to show), or the sentence's."""
    if to > start and is_verbish(tokens[to - 1]) and not tokens[to - 1].what & CUE:
        back, _, _ = _skip_back(tokens, start, to - 1)
        subject, _ = subject_before(tokens, start, back, before)
        if subject is not None:
            return subject
    return _main_subject(tokens, start, to, before)


def _agent(tokens: list[Token], at: int, end: int) -> Phrase | None:
    """Who does it, in the passive: “called a hero by Lee”."""
    for i in range(at + 1, min(end, at + 12)):
        if tokens[i].kind == QUOTE or tokens[i].text in (".", ";"):
            return None
        if tokens[i].word == "by":
            return phrase_at(tokens, i + 1, end)
    return None


def _skip_back(tokens: list[Token], start: int, at: int) -> tuple[int, int, bool]:
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
    if previous.what & (Is.PRONOUN | Is.ROLE | Is.RELATIVE | Is.CONJUNCTION | Is.PLURAL) or previous.capital:
        return True
    first = phrase_at(tokens, start, back)
    return first is not None and first.after == back and not (following is not None and is_finite(following))


def _is_object(tokens: list[Token], phrase: Phrase) -> bool:
    """Whether what stands before a German verb need not be its subject: der Zeitung sagte Kern …"""
    if phrase.sort == "pronoun":
        return False
    named = phrase.sort == "name" and phrase.after - phrase.head > 1
    titled = any(t.what & Is.TITLE and t.kind == WORD for t in tokens[phrase.first : phrase.after])
    return tokens[phrase.first].word in ("der", "dem", "den") or not (named or titled)


def _inverted(tokens: list[Token], start: int, end: int, at: int, back: int) -> Phrase | None:
    """The subject of “…,” said Ann Lee: right behind a run, at the start of its sentence, or between commas; but not
    in: said the plan is dead."""
    if back > start:
        previous = tokens[back - 1]
        if previous.kind == WORD and previous.word not in ("as", "so", "and") and not tokens[at].what & Is.INVERTS:
            return None
    following = at + 1
    skipped = Is.ADVERB | Is.TIME | Is.ADDRESS
    while following < end and tokens[following].what & skipped and not tokens[following].capital:
        following += 1
    found = phrase_at(tokens, following, end)
    if found is None or (found.after < end and is_finite(tokens[found.after])):
        return None
    return found


def _participle(
    tokens: list[Token], start: int, at: int, back: int, strong: bool, negated: bool, before: list[CueAt]
) -> CueAt | None:
    previous = tokens[back - 1] if back > start else None
    subject: Phrase | None
    if previous is None or previous.kind != WORD:
        subject = _main_subject(tokens, start, back, before)
        return CueAt(at, "participle", strong, subject, back, negated=negated)
    if (previous.what & (Is.DETERMINER | Is.OWN) and not previous.what & Is.PRONOUN) or is_possessive(previous):
        return None
    if previous.what & (Is.PREPOSITION | Is.CONJUNCTION | Is.SUBORDINATOR) or is_verbish(previous):
        subject = None
        if previous.word in ("for", "from", "of"):
            subject = _object_before(tokens, start, back - 1)
        subject = subject or _main_subject(tokens, start, back - 1, before)
        return CueAt(at, "participle", strong, subject, back, negated=negated)
    subject, left = _nearest(tokens, start, back)
    led = tokens[left - 1] if left > start else None
    if subject is None or (led is not None and not led.what & Is.PREPOSITION and not _shows(tokens, subject)):
        subject, left = _main_subject(tokens, start, left, before) or subject, back
    return CueAt(at, "participle", strong, subject, left, negated=negated)


def _shows(tokens: list[Token], phrase: Phrase) -> bool:
    """A thing that can say something itself: a sign saying “…”."""
    last = tokens[phrase.after - 1].what
    return bool(last & Is.WORK) and not last & Is.SPEECH_NOUN


def _nearest(tokens: list[Token], start: int, end: int) -> tuple[Phrase | None, int]:
    """The noun phrase that ends at `end`, as far as no preposition leads into it: footage of [Ann Lee] asking."""
    left = end
    while left > start and tokens[left - 1].kind == WORD:
        what = tokens[left - 1].what
        if what & (Is.PREPOSITION | Is.SUBORDINATOR | Is.CONJUNCTION | Is.AUXILIARY) or is_verbish(tokens[left - 1]):
            break
        left -= 1
    found = phrase_at(tokens, left, end)
    if found is not None and left - 1 > start and tokens[left - 1].what & Is.PREPOSITION:
        whole, from_left = _adjacent(tokens, start, end)
        if whole is not None and tokens[whole.after - 1].what & Is.ROLE and whole.after < left:
            return whole, from_left
    return found, left


def _main_subject(tokens: list[Token], start: int, end: int, before: list[CueAt]) -> Phrase | None:
    """The subject of the sentence's main verb so far: that of the last finite cue, or the first noun phrase."""
    for cue in reversed(before):
        if cue.form == "finite" and cue.subject is not None and cue.at < end:
            if cue.left > start and tokens[cue.left].what & Is.RELATIVE:
                continue
            return cue.subject
    first = _clause_start(tokens, start, end)
    return first_phrase(tokens, first, end) or (first_phrase(tokens, start, end) if first > start else None)


def _object_before(tokens: list[Token], start: int, end: int) -> Phrase | None:
    """The noun phrase that ends at `end`: "mocked Lee" in "mocked Lee for calling himself …"."""
    for first in range(max(start + 1, end - 8), end):
        if tokens[first].kind == WORD and is_verbish(tokens[first - 1]):
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
        opening = _opening(tokens, start, end - 1) if previous.text in (")", "]") else None
        if opening is not None:
            return subject_before(tokens, start, opening, before)
        if previous.text in COMMAS:
            return _across_insertion(tokens, start, end - 1)
        return None, end
    if previous.what & Is.CONJUNCTION:
        return _main_subject(tokens, start, end - 1, before), _clause_start(tokens, start, end - 1)
    if previous.what & Is.RELATIVE and previous.word != "that":
        return _antecedent(tokens, start, end - 1), end - 1
    return _adjacent(tokens, start, end)


def _clause_start(tokens: list[Token], start: int, end: int) -> int:
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
    left = _clause_start(tokens, start, comma)
    while left < comma and tokens[left].text in COMMAS:
        left += 1
    found = first_phrase(tokens, left, comma)
    if found is not None:
        first_comma = next((i for i in range(found.after, comma) if tokens[i].text in COMMAS), comma)
        if any(is_finite(token) for token in tokens[found.after : first_comma]):
            nearer, near_left = _adjacent(tokens, found.after, first_comma)
            if nearer is not None:
                return nearer, near_left
    return found, left


def _antecedent(tokens: list[Token], start: int, end: int) -> Phrase | None:
    """What "who" refers to: the noun phrase right before it."""
    at = end
    if at > start and tokens[at - 1].text == ",":
        at -= 1
    found, _ = _adjacent(tokens, start, at)
    return found


def _adjacent(tokens: list[Token], start: int, end: int) -> tuple[Phrase | None, int]:
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
        found = phrase_at(tokens, end - 1, end)
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
