"""What introduces a run without a verb of saying: a label, a signature, a noun of speech, "as"."""

from __future__ import annotations

from archiver.page.speech.attribution import DASHES, Link
from archiver.page.speech.cue import CueAt
from archiver.page.speech.lexicon import CUE, Is
from archiver.page.speech.phrases import Phrase, first_phrase, is_finite, is_verbish, person_phrase, phrase_at
from archiver.page.speech.tokens import MARK, QUOTE, WORD, Token


def signed(link: Link) -> bool:
    """“…” — Ann Lee, clerk: the line under a quotation."""
    tokens, (start, end), at = link.tokens, link.sentence, link.at
    if at > start or at + 2 >= end or tokens[at + 1].text not in DASHES:
        return False
    found = phrase_at(tokens, at + 2, end)
    if found is None or found.sort == "pronoun":
        return False
    if found.after < end and tokens[found.after].text not in (",", ".", "("):
        return False
    link.how, link.cue_span, link.touches = "signed", (tokens[at + 1].start, tokens[at + 1].end), True
    link.subject, link.subject_line = found, link.line
    return True


def noun_rules(link: Link, near: CueAt | None) -> bool:
    """Lee's claim that … “…”: the noun stands nearer than the last verb of saying."""
    tokens, (start, _), at = link.tokens, link.sentence, link.at
    first = near.at if near is not None else start - 1
    for i in range(at - 1, first, -1):
        if (
            tokens[i].what & Is.SPEECH_NOUN
            and (not tokens[i].capital or link.line.language == "de")
            and _opens_clause(tokens, i + 1, at)
        ):
            return _set_noun(link, i, _owner(tokens, start, i) or _user(tokens, start, i))
    return False


def in_words_of(link: Link) -> bool:
    """Nach den Worten des Ministers …; seiner Ansicht nach …: a preposition and a noun of speech (German)."""
    tokens, (start, _), at = link.tokens, link.sentence, link.at
    if link.line.language != "de":
        return False
    for i in range(start, at):
        if tokens[i].word == "für" and i + 2 < at and _judges(tokens, start, i, at):
            return _set_noun(link, i, phrase_at(tokens, i + 1, at))
        if tokens[i].word != "nach":
            continue
        if i > start and tokens[i - 1].what & Is.SPEECH_NOUN:
            owner = phrase_at(tokens, i - 2, i - 1) if i - 2 >= start and tokens[i - 2].what & Is.OWN else None
            return _set_noun(link, i - 1, owner or first_phrase(tokens, start, i))
        for k in range(i + 1, min(i + 7, at)):
            if tokens[k].kind != WORD or is_finite(tokens[k]):
                break
            if tokens[k].what & Is.SPEECH_NOUN:
                following = phrase_at(tokens, k + 1, at)
                return _set_noun(link, k, following or phrase_at(tokens, i + 1, k + 1))
    return False


def _judges(tokens: list[Token], start: int, at: int, end: int) -> bool:
    """Für den Minister ist das …: what it is to somebody."""
    found = phrase_at(tokens, at + 1, end)
    person = found is not None and any(token.what & (Is.TITLE | Is.ROLE) for token in tokens[found.first : found.after])
    near = tokens[max(start, at - 1) : min(end, (found.after if found is not None else at) + 4)]
    return person and any(token.word in ("ist", "war", "sind", "waren") for token in near)


def _opens_clause(tokens: list[Token], i: int, end: int) -> bool:
    """that …, dass …"""
    if i < end and tokens[i].text == ",":
        i += 1
    return i < end and tokens[i].word in ("that", "dass", "daß", "que", "che", "dat", "że", "что", "що")


def label(link: Link) -> bool:
    """Lee: “…” at the start of a sentence; a headline's habit."""
    tokens, (start, _), at = link.tokens, link.sentence, link.at
    colon = next((i for i in range(at - 1, start - 1, -1) if tokens[i].text == ":"), None)
    if colon is None:
        return False
    find_subject = person_phrase if link.line.language == "de" else first_phrase
    found = find_subject(tokens, start, colon)
    if found is None:
        return False
    if link.line.language == "de" and colon - start > 6:
        found = _so(tokens, start, colon) or (found if _is_person(tokens, found) else _bare_name(tokens, start, colon))
        if found is None:
            link.how, link.cue_span = "label", (tokens[colon].start, tokens[colon].end)
            return True
    if found.sort == "noun" and found.after < colon and tokens[found.after].word in ("from", "by"):
        found = phrase_at(tokens, found.after + 1, colon) or found
    link.how, link.cue_span = "label", (tokens[colon].start, tokens[colon].end)
    link.subject, link.subject_line, link.touches = found, link.line, colon == at - 1
    return True


def _so(tokens: list[Token], start: int, colon: int) -> Phrase | None:
    """…, so Lenz weiter: „…“"""
    at = next((i for i in range(colon - 1, max(start, colon - 8), -1) if tokens[i].word == "so"), None)
    return phrase_at(tokens, at + 1, colon) if at is not None and tokens[at - 1].text == "," else None


def _is_person(tokens: list[Token], found: Phrase) -> bool:
    """Not whatever else a German sentence may begin with: Jede Schuld an … weist Lenz von sich."""
    following = tokens[found.after]
    if found.sort == "pronoun" or any(t.what & (Is.TITLE | Is.ROLE) for t in tokens[found.first : found.after]):
        return True
    begins = found.first == 0 or tokens[found.first - 1].kind != WORD
    if begins:
        return following.kind == WORD and not following.capital and not following.what & (Is.PREPOSITION | Is.ADVERB)
    several = found.after - found.head > 1 and all(token.capital for token in tokens[found.head : found.after])
    return found.sort == "name" and several and not tokens[found.first].what & Is.DETERMINER


def _bare_name(tokens: list[Token], start: int, end: int) -> Phrase | None:
    """Mit Spott warb Lenz für …: a lone noun without an article, right behind a verb or "sich"."""
    for at in range(start + 1, end):
        before = tokens[at - 1]
        other = Is.PREPOSITION | Is.DETERMINER | Is.OWN | Is.CONJUNCTION | Is.ADVERB | Is.SUBORDINATOR
        if before.kind != WORD or before.capital or before.what & other or not tokens[at].capital:
            continue
        if before.word.endswith(("e", "en", "er", "es", "em")) and before.word != "sich":
            continue
        found = phrase_at(tokens, at, end)
        if found is not None and found.sort == "name":
            return found
    return None


def noun(text: str, link: Link) -> bool:
    """Lee's remark that the “…”; Lee's “…” remark; in a statement from Lee, “…”."""
    tokens, (start, end), at = link.tokens, link.sentence, link.at
    closed = text[link.run.inner_end - 1] in ",;"
    for i in range(at + 1, at + 1 if closed else min(at + 4, end)):
        if tokens[i].kind != WORD or is_finite(tokens[i]) or tokens[i].what & Is.PREPOSITION:
            break
        if tokens[i].what & (Is.SPEECH_NOUN | Is.TERM):
            owner = _owner(tokens, start, at) or _user(tokens, start, at)
            if _set_noun(link, i, owner):
                return True
            if tokens[i].word == "rede":  # von einem „…“ war die Rede
                link.how, link.cue_span = "noun", (tokens[i].start, tokens[i].end)
                return True
    for i in range(at - 1, start - 1, -1):
        if not tokens[i].what & (Is.SPEECH_NOUN | Is.TERM) or is_finite(tokens[i + 1]):
            continue
        if tokens[i].capital and link.line.language != "de":
            continue
        owner = _owner(tokens, start, i)
        if owner is None and i >= at - 2:
            owner = first_phrase(tokens, start, i)
            if owner is not None and owner.after >= i:
                owner = None
        if _set_noun(link, i, owner):
            return True
    return False


def _set_noun(link: Link, noun: int, owner: Phrase | None) -> bool:
    if owner is None:
        return False
    tokens = link.tokens
    link.how, link.cue_span = "noun", (tokens[noun].start, tokens[noun].end)
    link.subject, link.subject_line = owner, link.line
    return True


def _user(tokens: list[Token], start: int, at: int) -> Phrase | None:
    """Lee stands by the “…” line: the subject of the verb before."""
    found = first_phrase(tokens, start, at)
    if found is None or not any(is_verbish(token) for token in tokens[found.after : at]):
        return None
    return found


def set_off(text: str, link: Link) -> bool:
    """Lee ended — “So it is!” — and left: a whole sentence behind a dash."""
    tokens, (start, _), at = link.tokens, link.sentence, link.at
    inner = text[link.run.inner_start : link.run.inner_end]
    whole = inner[:1].isupper() and inner[-1:] in ".!?" and inner.count(" ") >= 3
    if at - 1 <= start or tokens[at - 1].text not in DASHES or not whole:
        return False
    return _set_noun(link, at - 1, first_phrase(tokens, start, at - 1))


def as_(link: Link) -> bool:
    """Lee went after Ray as a “…”: any verb with "as" before the run."""
    tokens, (start, end), at = link.tokens, link.sentence, link.at
    i = at - 1
    while i > start and (tokens[i].what & Is.DETERMINER or tokens[i].word in ("having", "being")):
        i -= 1
    while (i > start and tokens[i].kind in (QUOTE, MARK)) or (
        i > start and tokens[i].what & (Is.CONJUNCTION | Is.DETERMINER)
    ):
        i -= 1  # a second one: as a “…” and a “…”
    if i <= start or not tokens[i].what & Is.AS:
        return False
    if any(token.what & CUE for token in tokens[at + 1 : min(end, at + 8)]) and link.line.language == "de":
        agent = next((k for k in range(start, i) if tokens[k].word in ("von", "vom")), None)
        owner = phrase_at(tokens, agent + 1, i) if agent is not None else None
        link.how, link.cue_span = "noun", (tokens[i].start, tokens[i].end)
        link.subject, link.subject_line = owner or first_phrase(tokens, start, i), link.line
        return True
    agent = next((k for k in range(start, i) if tokens[k].word in ("von", "vom", "by")), None)
    owner = phrase_at(tokens, agent + 1, i) if agent is not None else None
    if any(token.word in ("known", "sold", "registered", "dressed") for token in tokens[max(start, i - 3) : i]):
        return False
    owner = owner or first_phrase(tokens, start, i)
    if (
        owner is None
        or owner.after >= i
        or not any(t.what & (Is.VERB | Is.VERBISH) or is_finite(t) for t in tokens[owner.after : i])
    ):
        return False
    link.how, link.cue_span = "noun", (tokens[i].start, tokens[i].end)
    link.subject, link.subject_line = owner, link.line
    return True


def _owner(tokens: list[Token], start: int, noun: int) -> Phrase | None:
    if noun + 2 < len(tokens) and tokens[noun + 1].word in ("of", "from", "by"):
        found = phrase_at(tokens, noun + 2, len(tokens))
        if found is not None and found.sort == "name":
            return found
    for i in range(noun - 1, max(start, noun - 5) - 1, -1):
        token = tokens[i]
        if token.what & Is.OWN:
            return Phrase(i, i + 1, i, "pronoun")
        if token.text in ("’s", "'s") or token.word.endswith(("s’", "s'")):
            left = i
            while (
                left > start
                and tokens[left - 1].kind == WORD
                and (tokens[left - 1].capital or tokens[left - 1].what & (Is.DETERMINER | Is.ROLE))
            ):
                left -= 1
            return phrase_at(tokens, left, i) if left < i else None
        if token.kind != WORD or token.what & (Is.VERB | Is.PREPOSITION | Is.AUXILIARY):
            return None
    return None
