"""Names of works, programmes and things in quotation marks: they are words of the sentence, not somebody's words."""

from __future__ import annotations

import re
from bisect import insort

from archiver.page.speech.lexicon import CASELESS, CUE, Is, Lexicon
from archiver.page.speech.phrases import is_finite, is_possessive
from archiver.page.speech.sentences import attribution_follows
from archiver.page.speech.tokens import QUOTE, WORD, Line, Token, is_headline

_SMALL = frozenset(
    {"a", "an", "the", "of", "and", "or", "in", "on", "at", "to", "for", "from", "with", "by", "as", "vs"}
    | {"de", "la", "le", "les", "des", "du", "et", "y", "e", "und", "der", "die", "das"}
)  # fmt: skip


def set_titles(text: str, line: Line, lexicon: Lexicon, doubled: bool) -> None:
    """Turns the runs of a paragraph that are titles into words, so that a subject can reach across them. `doubled`: the
    text's speech has double marks."""
    if not line.paragraph.runs:
        return
    for start, end in line.sentences:
        headline: bool | None = None
        for at in range(start, end):
            token = line.tokens[at]
            if token.kind != QUOTE or token.run is None:
                continue
            if headline is None:
                headline = is_headline(line.tokens, start, end)
            words = text[token.run.inner_start : token.run.inner_end].split()
            why = _why(text, line.tokens, start, end, at, words, headline, lexicon.language, doubled)
            if why is None and lexicon.language != "en":
                why = _proper(text, line.tokens, start, end, at, words, lexicon.language)
            if why is not None:
                line.rejected.append((token.run, why))
                token.kind, token.text, token.capital = WORD, text[token.start : token.end], True
                token.what = Is.WORK
                insort(line.capitals, at)


def _why(
    text: str,
    tokens: list[Token],
    start: int,
    end: int,
    at: int,
    words: list[str],
    headline: bool,
    language: str,
    doubled: bool,
) -> str | None:
    token = tokens[at]
    before = tokens[at - 1] if at > start else None
    following = tokens[at + 1] if at + 1 < end else None
    if token.start and text[token.start - 1] == "=":
        return "an attribute in markup"
    if before is not None and before.what & Is.SO_CALLED:
        return "so-called"
    if before is not None and before.what & Is.DEFINITE and at >= start + 2 and tokens[at - 2].what & Is.SO_CALLED:
        return "so-called"
    if (
        before is not None
        and before.what & Is.TERM
        and not before.what & CUE
        and any(t.what & Is.DENIAL for t in tokens[max(start, at - 4) : at])
    ):
        return "a word that is rejected"
    if at == 0 and start == 0 and following is not None and following.text == ":" and _is_teaser(text, tokens, at):
        return "a headline"
    if _is_crosshead(tokens, at, words, doubled):
        return "a heading"
    if before is None and following is None:
        return None
    if before is not None and before.word == "for" and at >= start + 2 and _is_gloss(tokens, at):
        return "a gloss"
    if before is not None and before.text == ":" and len(words) <= 6 and _announces_work(tokens, start, at):
        return "a title behind a colon"
    closes_clause = text[token.run.inner_end - 1] in ",.;:?!" if token.run is not None else False
    if closes_clause and language == "en" and _by_author(tokens, start, end, at):
        return "a title with its author"
    if len(words) <= 3 and not closes_clause and following is not None and following.what & Is.RANK:
        return "what a rank is called"
    if language in CASELESS or language == "de" or not is_title_case(words):
        return None
    follows = following is not None and following.start > token.end and not closes_clause
    if follows and following is not None and following.what & Is.WORK:
        return "a title before what it names"
    if before is None:
        return _at_start(text, tokens, at, end, closes_clause, words)
    if headline:
        return None
    if is_possessive(before) and at >= start + 2 and tokens[at - 2].what & Is.MEDIA:
        return "a programme"
    if before.what & (Is.WORK | Is.MEDIA) and not before.capital:
        return "a title behind what it names"
    if before.text == "," and at >= start + 2 and tokens[at - 2].what & Is.WORK:
        return "a title behind what it names"
    if closes_clause and _apposition(tokens, at + 1, end):
        return "a title that is explained"
    if before.what & Is.AS and not any(t.what & CUE for t in tokens[start:at]):
        return "a name"
    if before.what & (Is.ACCORDING | Is.PERFORMS) and (len(words) >= 2 or before.what & Is.ACCORDING):
        return "a title"
    if before.what & Is.PREPOSITION and not before.what & CUE and len(words) >= 2:
        told = before.word != "with" and any(t.what & Is.SPEECH_NOUN for t in tokens[max(start, at - 3) : at - 1])
        return None if told else "a title behind a preposition"
    if before.word == "of" and any(t.what & Is.WORK and not t.capital for t in tokens[max(start, at - 3) : at - 1]):
        return "a title behind what it names"
    if before.kind == WORD and before.run is not None:
        return "a title in a list"
    if before.word in ("called", "named", "dubbed", "nicknamed") and at >= start + 2:
        owner = tokens[at - 2]
        if owner.kind == WORD and not owner.capital and not owner.what & (Is.PRONOUN | Is.ADVERB | Is.AUXILIARY):
            return "a title"
    return None


def _announces_work(tokens: list[Token], start: int, colon: int) -> bool:
    """Her first novel: “…”"""
    return any(
        token.what & Is.WORK and token.run is None for token in tokens[max(start, colon - 6) : colon]
    ) and not any(token.what & CUE for token in tokens[start:colon])


def _proper(
    text: str, tokens: list[Token], start: int, end: int, at: int, words: list[str], language: str
) -> str | None:
    """A name, where names have marks: die „Volksstimme“, газета «Труд». It begins with a capital, is short, and stands
    behind a noun or an article; or it is half of a compound (die „Schutzwald“-Gruppe)."""
    token = tokens[at]
    if text[token.end : token.end + 1] == "-" and text[token.end + 1 : token.end + 2].isalpha():
        return "half of a compound"
    run = token.run
    inner = text[run.inner_start : run.inner_end] if run is not None else ""
    before = tokens[at - 1] if at > start else None
    if before is not None and before.what & (Is.WORK | Is.MEDIA) and before.kind == WORD:
        return "a name"
    if before is not None and _in_brackets(tokens, start, at) and (len(words) <= 4 or is_title_case(words)):
        return "in brackets"
    if _has_abbreviation(text, token) or (len(words) == 1 and re.search(r"[^\W\d]\d", inner)):
        return "a name"
    listed = before is not None and at - 2 >= start and (before.what & Is.CONJUNCTION or before.text == ",")
    if listed and tokens[at - 2].run is not None and tokens[at - 2].kind == WORD and not inner[:1].islower():
        return "a name in a list"
    if language in CASELESS:
        return None
    if before is not None and language == "de" and _has_author(text, tokens, start, end, at):
        return "a title with its author"
    following = tokens[at + 1] if at + 1 < end else None
    if before is not None and before.word == "selbst" and following is not None and following.what & CUE:
        return "a name that somebody has"
    if (
        len(words) > 10
        or (len(words) > 5 and not is_title_case(words))
        or words[0][:1].islower()
        or inner[-1:] in ".!?,…"
        or any(mark in inner for mark in ",;!?")
    ):
        return None
    if before is None:
        if following is None or following.kind != WORD or attribution_follows(tokens, at + 1):
            return None
        return "a name" if is_finite(following) else None
    if before.kind != WORD:
        return None
    if before.what & Is.PREPOSITION and at - 2 >= start and tokens[at - 2].what & Is.VENUE:
        return "an outlet"  # в беседе с «Западным маяком»
    if following is not None and following.word in ("heißt", "hieß", "heißen"):
        return "a name"
    if before.what & CUE and len(words) <= 3 and _is_speakers_name(tokens, start, at):
        return "the speaker's name"
    said = any(t.what & CUE for t in tokens[start:at])
    if language == "de" and len(words) > 1 and words[-1].islower():
        return None
    if before.what & (Is.WORK | Is.MEDIA):
        return "a name"
    if before.what & (Is.DEFINITE | Is.LIKE | Is.PREPOSITION) and len(words) <= 4:
        return None if said and not before.what & Is.DEFINITE else "a name"
    noun = not before.what & (CUE | Is.AUXILIARY | Is.VERB | Is.DETERMINER | Is.SUBORDINATOR | Is.CONJUNCTION | Is.AS)
    noun = (
        noun
        and (before.capital or language != "de")
        and not before.what & (Is.ADVERB | Is.PRONOUN | Is.SPEECH_NOUN | Is.OWN | Is.NEGATION)
    )
    return "a name" if noun else None


def _has_abbreviation(text: str, token: Token) -> bool:
    """der „Union der Häfen“ (UdH)"""
    return re.match(r"\s?\(\w*[A-ZÄÖÜА-Я]\w{0,3}[A-ZÄÖÜА-Я]\w?\)", text[token.end : token.end + 12]) is not None


def _has_author(text: str, tokens: list[Token], start: int, end: int, at: int) -> bool:
    """„Nacht im Hafen“ von Anna Lenz."""
    run = tokens[at].run
    if run is None or at + 2 >= end or text[run.inner_end - 1] in ".!?,":
        return False
    return tokens[at + 1].word == "von" and tokens[at + 2].capital and text[run.inner_start].isupper()


def _by_author(tokens: list[Token], start: int, end: int, at: int) -> bool:
    """“Night on the Quay,” by Ann Lee. (But: was called “a ruin,” by Ann Lee.)"""
    if at + 2 >= end or tokens[at + 1].word != "by" or not (tokens[at + 2].capital or tokens[at + 2].what & Is.TITLE):
        return False
    return not any(token.what & CUE and not token.capital for token in tokens[start:at])


def _is_speakers_name(tokens: list[Token], start: int, at: int) -> bool:
    """„…“, schrieb „Die Zeit“."""
    return any(token.kind == QUOTE for token in tokens[max(start, at - 4) : at - 1])


def _in_brackets(tokens: list[Token], start: int, at: int) -> bool:
    """(kurz: „…“): a gloss, if nobody says it in there."""
    for i in range(at - 1, max(start, at - 5) - 1, -1):
        if tokens[i].text == "(":
            return True
        if tokens[i].text == ")" or tokens[i].what & Is.SAY:
            return False
    return False


def _is_crosshead(tokens: list[Token], at: int, words: list[str], doubled: bool) -> bool:
    """A short line that is nothing but words in single marks, in a text whose speech has double ones."""
    run = tokens[at].run
    if run is None or run.family != "single" or len(words) > 8 or at != 0 or len(tokens) > 2:
        return False
    return doubled


def _is_teaser(text: str, tokens: list[Token], at: int) -> bool:
    """“Not now”: mayor waits — a line that links to another article, no sentence."""
    last = tokens[-1]
    return tokens[at].start > 0 and len(tokens) <= 24 and last.text not in (".", "!", "?") and last.kind != QUOTE


def _is_gloss(tokens: list[Token], at: int) -> bool:
    """Russian for “goodbye”: what a foreign word means."""
    language = tokens[at - 2]
    return language.capital and language.word.endswith(("ese", "ian", "ish", "an", "ic", "ench", "eek", "ew", "in"))


def _at_start(text: str, tokens: list[Token], at: int, end: int, closes_clause: bool, words: list[str]) -> str | None:
    """“Dry Season,” a film about …: a title that begins its sentence. (“Yes,” he said.)"""
    if at + 1 >= end or len(words) > 8 or attribution_follows(tokens, at + 1):
        return None
    if closes_clause:
        described = _apposition(tokens, at + 1, end) or tokens[at + 1].what & Is.RELATIVE
        return "a title" if described else None
    return "a title" if tokens[at + 1].what & (Is.AUXILIARY | Is.VERB) else None


def _apposition(tokens: list[Token], at: int, end: int) -> bool:
    """an HBO series, a book by …; by Ann Lee."""
    if at >= end or not tokens[at].what & Is.DETERMINER:
        return False
    return any(t.what & Is.WORK for t in tokens[at + 1 : at + 5])


def is_title_case(words: list[str]) -> bool:
    """The Big Words Begin With a Capital; small ones inside need not (State of the Union)."""
    small = [word for word in words if word[:1].islower()]
    told = len(words) - sum(word in _SMALL for word in small[: len(words) - 1])
    return (
        (not small or small[0] is not words[0])
        and 5 * (len(words) - len(small)) >= 3 * told
        and all(len(word) < 5 for word in small)
    )
