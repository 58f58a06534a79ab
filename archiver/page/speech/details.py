"""What stands around a cue: to whom, when, where, through which outlet, in which role, and whether it is denied."""

from __future__ import annotations

from dataclasses import dataclass

from archiver.page.speech.attribution import Link
from archiver.page.speech.cues import cues_of
from archiver.page.speech.lexicon import Is
from archiver.page.speech.nouns import Polarity
from archiver.page.speech.phrases import COMMAS, Phrase, is_finite, is_outlet, phrase_at
from archiver.page.speech.tokens import QUOTE, WORD, Token, is_name

_YEARS = frozenset({"года", "лет", "год", "роки", "років", "рік", "lata", "lat", "años", "anos", "ans", "anni", "jaar"})
_WHICH = frozenset(
    {"last", "next", "past", "próximo", "próxima", "pasado", "pasada", "passado", "passada", "scorso", "scorsa"}
    | {"prossimo", "prossima", "dernier", "dernière", "prochain", "prochaine", "vorige", "volgende", "afgelopen"}
)  # fmt: skip
_OF = frozenset({"of", "de", "du", "des", "del", "della", "do", "da", "van", "von"})
_COMMA_LANGUAGES = frozenset({"de", "pl", "ru", "uk", "cs"})  # a comma stands before any clause that depends
_AS = frozenset({"wie", "as", "come", "como", "comme", "jak", "как", "як", "zoals"})
MAX_CLAUSE = 18  # tokens of a cue's clause that are looked at


@dataclass(frozen=True, slots=True)
class Details:
    """The circumstances of one statement; None: the text does not say."""

    addressee: str | None = None
    when: str | None = None
    where: str | None = None
    via: str | None = None


def details(text: str, link: Link, subject: Phrase | None) -> Details:
    """Reads the clause of the link's cue. `subject`: the phrase that speaks, if it is in the same line."""
    if link.cue is None:
        return Details()
    tokens, (start, end) = link.tokens, link.sentence
    at = link.cue.at
    if not start <= at < end:
        return Details()
    stop = _clause_end(tokens, at + 1, end)
    after = at + 1
    if subject is not None and subject.first >= after and subject.after <= stop:
        after = subject.after
    addressee, outlet = _addressee(text, tokens, at, after, stop)
    via = outlet or _outlet(text, tokens, after, stop) or _reported_by(text, link, subject)
    led = min(at, subject.first) if subject is not None else at
    via = via or _outlet(text, tokens, start, led if link.at > led else start)
    place = None
    if subject is not None and at < subject.first < stop:  # affirme dans un communiqué la société
        place = _where(text, tokens, at + 1, subject.first)
    stop = stop if link.cue.strong else after
    when = _when(text, tokens, at + 1, stop) or _when(text, tokens, max(start, at - 6), at)
    return Details(addressee, when, place or _where(text, tokens, after, stop), via)


def _clause_end(tokens: list[Token], start: int, end: int) -> int:
    at = start
    while at < min(end, start + MAX_CLAUSE):
        token = tokens[at]
        if token.kind == QUOTE or token.text in (":", ";", ".", "!", "?") or is_finite(token):
            return at
        if token.what & (Is.SUBORDINATOR | Is.RELATIVE) and not token.what & (Is.PREPOSITION | Is.DETERMINER):
            return at
        if token.word in ("that", "dass", "daß", "que", "che", "dat", "że", "что", "що"):
            return at
        at += 1
    return at


def _addressee(text: str, tokens: list[Token], cue: int, after: int, stop: int) -> tuple[str | None, str | None]:
    """(to whom, through which outlet): told reporters; told Reuters; sagte dem Sender Ahlewelle."""
    at = after
    told = bool(tokens[cue].what & Is.TELLS)
    for place in (cue + 1, after):
        if place < len(tokens) and tokens[place].what & Is.ADDRESS and not told:
            named = phrase_at(tokens, place + 1, stop) if tokens[place].what & Is.MEDIA else None
            if named is not None and named.after != after:
                return None, _name(text, tokens, named)  # لوكالة رويترز
            return text[tokens[place].start : tokens[place].end], None
    if at >= stop:
        return None, None
    address = tokens[at].what & Is.PREPOSITION and any(t.what & Is.ADDRESS for t in tokens[at + 1 : min(at + 3, stop)])
    if tokens[at].what & Is.ADDRESSING or address:
        at += 1
    elif not told and not (tokens[cue].what & Is.INVERTS and tokens[at].word in ("dem", "der")):
        return None, None
    while at < stop and tokens[at].what & Is.ADVERB:
        at += 1
    found = phrase_at(tokens, at, stop)
    if found is None or any(token.what & Is.TIME for token in tokens[found.first : found.after]):
        return None, None
    if tokens[found.after - 1].what & Is.ADDRESS:
        return text[tokens[found.first].start : tokens[found.after - 1].end], None
    if is_outlet(tokens, found):
        return None, _name(text, tokens, found)
    known = found.sort == "name" or any(t.what & (Is.TITLE | Is.ROLE) for t in tokens[found.first : found.after])
    if not told and not (tokens[after].what & Is.ADDRESSING and known):
        return None, None
    return text[tokens[found.first].start : tokens[found.after - 1].end], None


def _name(text: str, tokens: list[Token], phrase: Phrase) -> str:
    first = phrase.head if phrase.sort == "name" else phrase.first
    while first < phrase.after - 1 and tokens[first].what & (Is.DETERMINER | Is.OWN):
        first += 1
    sort = Is.DETERMINER | Is.MEDIA | Is.ROLE
    while first > phrase.first and tokens[first - 1].capital and not tokens[first - 1].what & sort:
        first -= 1  # die Deutsche Presse-Agentur
    after = phrase.after
    while after + 1 < len(tokens) and tokens[after].word in _OF and is_name(tokens[after + 1]):
        after += 2  # Courrier du Littoral
    return bare(text[tokens[first].start : tokens[after - 1].end])


def bare(name: str) -> str:
    """A name without the marks that are all around it: «Порталис»."""
    inside = name[1:-1]
    marked = len(name) > 2 and name[0] in '«„“"‹‘' and name[-1] in '»”“"›’'
    return inside.strip("\u00a0 ,") if marked and not any(mark in inside for mark in '«»„“”"') else name


def _outlet(text: str, tokens: list[Token], start: int, stop: int) -> str | None:
    """in an interview with Harbour Radio, on CNN."""
    for at in range(start, stop - 1):
        venue = bool(tokens[at].what & Is.VENUE)
        if tokens[at].kind != WORD or not (tokens[at].what & Is.PREPOSITION or venue):
            continue
        first = at + 2 if tokens[at + 1].what & Is.DEFINITE and tokens[at + 1].run is None else at + 1
        if first >= stop or (venue and not tokens[first].what & Is.MEDIA):
            continue
        found = phrase_at(tokens, first, stop)
        named = tokens[first].run is not None and at > 0 and bool(tokens[at - 1].what & Is.VENUE)
        if found is not None and found.sort == "name" and (named or is_outlet(tokens, found)):
            return _name(text, tokens, found)
    return None


def _reported_by(text: str, link: Link, subject: Phrase | None) -> str | None:
    """According to Wion News, somebody else said it."""
    tokens, (start, end) = link.tokens, link.sentence
    for at in range(start, end - 1):
        found = phrase_at(tokens, at + 1, end) if tokens[at].what & Is.RELAYS else None
        if found is not None and is_outlet(tokens, found):
            return text[tokens[found.first].start : tokens[found.after - 1].end]
    for cue in cues_of(link.line, link.sentence):
        relays = cue.form == "finite" and cue.at != link.cue_at and cue.at < link.at
        if relays and cue.subject is not None and tokens[max(cue.left - 1, start)].word in _AS:
            if is_outlet(tokens, cue.subject):
                return _name(text, tokens, cue.subject)  # wie die Agentur berichtet
            continue
        trails = cue.form == "finite" and cue.at > link.at and cue.at != link.cue_at and cue.left > link.at
        if trails and cue.subject is not None and is_outlet(tokens, cue.subject) and link.cue_at < link.at:
            return _name(text, tokens, cue.subject)  # Lee said “…,” Wion News reported
        if cue.form != "according" or cue.subject is None or cue.at == link.cue_at:
            continue
        if (subject is None or cue.subject.first != subject.first) and is_outlet(tokens, cue.subject):
            return _name(text, tokens, cue.subject)
    return None


def _is_age(tokens: list[Token], start: int, at: int) -> bool:
    """Нина, 24 года, …"""
    counted = at - 1 >= start and tokens[at - 1].text.isdigit() and tokens[at].word in _YEARS
    return counted and (at - 2 < start or tokens[at - 2].kind != WORD)


def _when(text: str, tokens: list[Token], start: int, stop: int) -> str | None:
    for at in range(start, stop):
        if tokens[at].what & Is.TIME and tokens[at].kind == WORD and not _is_age(tokens, start, at):
            first, last = at, at + 1
            while first > start and (
                tokens[first - 1].what & (Is.PREPOSITION | Is.DETERMINER | Is.TIME) or tokens[first - 1].text.isdigit()
            ):
                first -= 1
            while last < stop and (
                tokens[last].what & Is.TIME
                or tokens[last].text.isdigit()
                or (tokens[last].text == "," and last + 1 < stop and tokens[last + 1].text.isdigit())
            ):
                last += 1
            if all(token.word in _WHICH or not token.what & Is.TIME for token in tokens[first:last]):
                continue
            return text[tokens[first].start : tokens[last - 1].end]
    return None


def _where(text: str, tokens: list[Token], start: int, stop: int) -> str | None:
    for at in range(start, stop - 1):
        if not tokens[at].what & Is.PREPOSITION or tokens[at].kind != WORD:
            continue
        found = phrase_at(tokens, at + 1, stop)
        if found is None:
            continue
        if is_outlet(tokens, found):
            continue
        words = tokens[found.first : found.after]
        venue = any(token.what & Is.VENUE for token in words)
        place = tokens[at].word in ("in", "at") and found.sort == "name" and not any(t.what & Is.TIME for t in words)
        if venue or place:
            return text[tokens[_led_by(tokens, start, at)].start : tokens[_venue_end(tokens, found, stop) - 1].end]
    return None


def _led_by(tokens: list[Token], start: int, at: int) -> int:
    """lors d’une conférence, au cours d’un débat: what leads to the preposition."""
    while (
        at > start and tokens[at - 1].kind == WORD and tokens[at - 1].word in ("lors", "cours", "durante", "au", "nel")
    ):
        at -= 1
    return at


def _venue_end(tokens: list[Token], found: Phrase, stop: int) -> int:
    """conférence de presse; but: interview [the phrase goes on with something else]"""
    place = next((i for i in range(found.first, found.after) if tokens[i].what & Is.VENUE), None)
    if place is None:
        return found.after
    if found.after > place + 1 and found.sort == "name" and found.head > place:
        return place + 1  # в заявлении [компания «…»]
    after = found.after
    if after + 1 < stop and tokens[after].word in ("de", "d'", "d’", "di") and not tokens[after + 1].capital:
        return after + 2 if tokens[after + 1].kind == WORD and not tokens[after + 1].what & Is.DETERMINER else after
    return after


def role(text: str, tokens: list[Token], phrase: Phrase, named: Phrase | None, language: str = "") -> str | None:
    """What the text calls the speaker besides the name: the title before it or the description beside it. `named`: the
    name that stands behind a description."""
    if phrase.sort == "pronoun":
        return None
    if named is not None:
        last = next((i for i in range(phrase.after, named.first) if tokens[i].text in COMMAS), named.first)
        before = text[tokens[phrase.first].start : tokens[last - 1].end]
        return before or None
    if phrase.sort == "name" and phrase.head > phrase.first:
        first = phrase.first
        while first < phrase.head and tokens[first].what & (Is.DETERMINER | Is.OWN):
            first += 1
        before = text[tokens[first].start : tokens[phrase.head - 1].end] if first < phrase.head else ""
        if before and tokens[phrase.head - 1].word not in ("mr.", "mrs.", "ms.", "mr", "mrs", "ms", "herr", "frau"):
            return before or None
    return _beside(text, tokens, phrase, language)


def _beside(text: str, tokens: list[Token], phrase: Phrase, language: str) -> str | None:
    """Ann Lee, 71, a retired pilot, …"""
    at = phrase.after
    if at < len(tokens) and tokens[at].text == "(":
        at = next((i + 1 for i in range(at, min(at + 8, len(tokens))) if tokens[i].text == ")"), at)
    if at >= len(tokens) or tokens[at].text != ",":
        return None
    at += 1
    if at + 1 < len(tokens) and tokens[at].text.isdigit() and tokens[at + 1].text == ",":
        at += 2
    found = phrase_at(tokens, at, len(tokens))
    if found is None or found.sort == "pronoun":
        return None
    described = any(token.what & (Is.TITLE | Is.ROLE) for token in tokens[found.first : found.after])
    if not described and not tokens[at].what & (Is.DETERMINER | Is.OWN):
        return None
    end = found.after
    while end < len(tokens) and end < at + 20 and tokens[end].kind == WORD and not tokens[end].what & Is.RELATIVE:
        if is_finite(tokens[end]):
            break
        end += 1
    if end < len(tokens) and tokens[end].kind == WORD and is_finite(tokens[end]):
        return None
    last = tokens[end - 1]
    if language == "de" and not last.capital and not last.what & (Is.TITLE | Is.ROLE) and not last.text.isdigit():
        return None  # die den Hafen leitet
    return text[tokens[at].start : tokens[end - 1].end]


def polarity(link: Link) -> Polarity:
    """Denied: the speaker denies the words, or is said not to have spoken them."""
    if link.cue is None or link.how not in ("before", "indirect"):
        return "affirmed"
    token = link.tokens[link.cue.at]
    if link.cue.negated:
        return "denied"
    before = link.tokens[link.at - 1].text
    opened = before == ":" or (before == "," and link.line.language not in _COMMA_LANGUAGES)
    quotes = link.how == "before" and link.touches and opened
    if token.what & Is.DENIAL and not quotes:
        return "denied"
    return "affirmed"
