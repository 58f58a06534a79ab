"""The subject behind its verb: “…,” said Ann Lee; «…», affirme dans un communiqué la société Falaise."""

from __future__ import annotations

from archiver.page.speech.lexicon import Is
from archiver.page.speech.phrases import COMMAS, Phrase, is_finite, phrase_at
from archiver.page.speech.tokens import QUOTE, WORD, Token

# spiegano dal ministero: who speaks
_SOURCES = frozenset({"dal", "dalla", "dall'", "dall’", "desde", "au", "à", "в", "у", "w", "bij"})


def inverted(tokens: list[Token], start: int, end: int, at: int, back: int) -> Phrase | None:
    """The subject of “…,” said Ann Lee: right behind a run, at the start of its sentence, or between commas; but not
    in: said the plan is dead."""
    if back > start:
        previous = tokens[back - 1]
        if previous.kind == WORD and previous.word not in ("as", "so", "and") and not tokens[at].what & Is.INVERTS:
            return None
    following = _past_circumstances(tokens, at + 1, end)
    found = phrase_at(tokens, following, end)
    if found is None and back > start and closes_run(tokens, start, back):
        found = _past_place(tokens, following, end)
    if found is None or _is_adverb(tokens, found):
        return None
    if found.after < end and is_finite(tokens[found.after]):
        surely = back > start and tokens[back - 1].kind == QUOTE and tokens[found.after].word.endswith("ed")
        return found if surely else None  # “…,” said one man involved in it
    return found


def place_that_speaks(tokens: list[Token], at: int, end: int) -> Phrase | None:
    """spiegano dal ministero; explique-t-on au ministère; уточнили в прокуратуре; klinkt het bij de vakbond."""
    if at >= end or tokens[at].word not in _SOURCES:
        return None
    found = phrase_at(tokens, at + 1, end)
    if found is None:
        return None
    words = tokens[found.first : found.after]
    if any(t.what & Is.ROLE for t in words) and not any(t.what & Is.TITLE for t in words):
        return Phrase(found.first, found.after, found.first, "noun")
    return found if any(t.what & Is.TITLE for t in words) else None


def _is_adverb(tokens: list[Token], found: Phrase) -> bool:
    """odpowiada krótko: a lone word in -o is no subject (Slavic)."""
    token = tokens[found.first]
    lone = found.after - found.first == 1 and found.sort == "noun" and not token.what
    return lone and token.word.endswith(("o", "о")) and found.after < len(tokens) and tokens[found.after].text == ":"


def _past_circumstances(tokens: list[Token], at: int, end: int) -> int:
    """Behind what can part a verb from the subject that follows it: “…”, declaró este martes ante la prensa Ana Gil."""
    while at < end:
        what = tokens[at].what
        if what & (Is.ADVERB | Is.TIME | Is.ADDRESS) and not tokens[at].capital:
            at += 1
        elif (
            what & (Is.DETERMINER | Is.PREPOSITION)
            and at + 1 < end
            and tokens[at + 1].what & Is.TIME
            and not tokens[at + 1].what & (Is.TITLE | Is.ROLE)
        ):
            at += 2
        else:
            break
    return at


def closes_run(tokens: list[Token], start: int, end: int) -> bool:
    """Whether nothing but a comma or a dash stands between a run and tokens[end]."""
    at = end
    while at > start and tokens[at - 1].text in COMMAS:
        at -= 1
    return at > start and tokens[at - 1].kind == QUOTE


def _past_place(tokens: list[Token], at: int, end: int) -> Phrase | None:
    """The subject behind one or two phrases with a preposition: «…», affirme dans un communiqué la société Falaise."""
    for _ in range(4):
        if at >= end or tokens[at].kind != WORD or not tokens[at].what & Is.PREPOSITION:
            return None
        venue = next((i for i in range(at, min(end, at + 4)) if tokens[i].what & Is.VENUE), None)
        if venue is not None:
            at = venue + 1
        elif at + 1 < end and (tokens[at + 1].kind == QUOTE or tokens[at + 1].run is not None):
            at += 2
        else:
            found = phrase_at(tokens, at + 1, end)
            if found is None or found.sort == "pronoun":
                return None
            at = found.after
        subject = phrase_at(tokens, at, end)
        led = (
            at < end
            and tokens[at].what & Is.PREPOSITION
            and (not tokens[at].what & Is.DETERMINER or tokens[at].word in ("au", "aux", "du"))
        )
        if subject is None or led:
            continue
        first = tokens[subject.first].what
        known = first & (Is.DETERMINER | Is.OWN | Is.PRONOUN | Is.TITLE | Is.ROLE)
        return subject if known or subject.sort == "name" else None
    return None
