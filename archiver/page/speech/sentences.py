"""Where sentences end. A run between quotation marks ends one if its own last character does and nobody is named as its
speaker right behind it."""

from __future__ import annotations

import re

from archiver.page.speech.lexicon import FUNCTION, Is, Lexicon
from archiver.page.speech.quotes import Paragraph
from archiver.page.speech.scan import Spelling, scan
from archiver.page.speech.tokens import MARK, QUOTE, WORD, Line, Token

MAX_DATELINE = 150  # characters
MAX_SENTENCE = 200  # tokens; a longer one is cut, so that no rule looks farther
_STOPS = frozenset({".", "!", "?", "…", "...", "..", "。", "！", "？", "؟", "|"})


# LYON (AP) — …  FLINT, Mich., Oct. 4 (UPI) — …
_DATELINE = re.compile(
    r"[A-Z][A-Z.’'-]+(?:[ /][A-Z][A-Z.’'-]+)*(?:, [^—–()\n]{1,40})?(?: \([^)\n]{1,40}\))? ?(?:—|–|--|-|―) "
)


def read(text: str, paragraph: Paragraph, lexicon: Lexicon, spelling: Spelling) -> Line:
    """The line of a paragraph: its tokens and sentences."""
    scanned = scan(text, paragraph, lexicon, spelling)
    tokens = scanned.tokens
    dateline = _DATELINE.match(text, paragraph.start, min(paragraph.end, paragraph.start + MAX_DATELINE))
    ends = sentences(text, tokens, scanned.ends, dateline.end() if dateline else 0)
    return Line(paragraph, lexicon.language, tokens, ends, scanned.marked, scanned.capitals)


def sentences(text: str, tokens: list[Token], ends: list[int], dateline: int) -> list[tuple[int, int]]:
    """(first, after) of each sentence, as indices of tokens. `ends`: the tokens that one can end with."""
    found: list[tuple[int, int]] = []
    start, last = 0, len(tokens) - 1
    if dateline:
        led = next((i for i in range(last) if tokens[i].end <= dateline < tokens[i + 1].end), None)
        ends = sorted({*ends, led}) if led is not None else ends
    for index in ends:
        while index - start > MAX_SENTENCE:
            found.append((start, start + MAX_SENTENCE + 1))
            start += MAX_SENTENCE + 1
        if index >= last:
            break
        if (
            index - start >= MAX_SENTENCE
            or (dateline and tokens[index].end <= dateline < tokens[index + 1].end)
            or (index >= start and _is_end(text, tokens, index))
        ):
            found.append((start, index + 1))
            start = index + 1
    while last - start > MAX_SENTENCE:
        found.append((start, start + MAX_SENTENCE + 1))
        start += MAX_SENTENCE + 1
    if start < len(tokens):
        found.append((start, len(tokens)))
    return found


def _is_end(text: str, tokens: list[Token], index: int) -> bool:
    """Whether a sentence ends with tokens[index], which is not the last one."""
    token, following = tokens[index], tokens[index + 1]
    if token.kind == QUOTE:
        return _ends_sentence(text, tokens, index)
    if token.kind == MARK:
        if token.text in _STOPS:
            if token.text == "." and index and _is_ordinal(tokens[index - 1], token, following):
                return False
            if following.kind == MARK and (following.text in _STOPS or following.text in ")]’'"):
                return False
            return _may_begin(text, token, following)
        closes = token.text in ")]" and index > 0 and tokens[index - 1].text in _STOPS
        return closes and _may_begin(text, token, following)
    if token.text[-1] == "." and following.kind == WORD and following.capital and following.start > token.end:
        return bool(following.what & FUNCTION) and not following.what & (Is.TITLE | Is.PARTICLE)
    return False


def _is_ordinal(number: Token, stop: Token, following: Token) -> bool:
    """17. Mai"""
    return (
        number.text.isdigit() and len(number.text) <= 2 and number.end == stop.start and bool(following.what & Is.TIME)
    )


def _may_begin(text: str, token: Token, following: Token) -> bool:
    """Whether a sentence can begin with `following` after a full stop."""
    if following.kind == QUOTE:
        return True
    if token.text in "。！？" and token.text:
        return True
    if following.start == token.end:
        return False
    if following.kind == MARK:
        return following.text in "([¿¡—–•*-[" and token.text != "…"
    return not following.text[0].islower()


def _ends_sentence(text: str, tokens: list[Token], index: int) -> bool:
    """Whether a run ends its sentence: its own last character says so, and no attribution follows."""
    run = tokens[index].run
    assert run is not None
    last = text[run.inner_end - 1] if run.inner_end > run.inner_start else ""
    if last in "\"”’'“»)" and run.inner_end - run.inner_start > 1:
        last = text[run.inner_end - 2]
    if last not in ".!?…。！？" or (index + 1 < len(tokens) and tokens[index + 1].start == tokens[index].end):
        return False
    following = tokens[index + 1]
    if following.kind == QUOTE:
        return True
    if following.kind == MARK:
        return following.text in "([•*"
    if following.text[0].islower():
        return False
    return last in ".。" or not attribution_follows(tokens, index + 1)


def attribution_follows(tokens: list[Token], start: int) -> bool:
    """Whether a name and a cue (or the other way round) come next, before anything else: “Why?” Ann Lee asked."""
    for token in tokens[start : start + 14]:
        if token.kind == QUOTE or token.text in _STOPS:
            return False
        if token.what & (Is.SAY | Is.REPORT) and not token.capital:
            return True
        if token.what & (Is.SUBORDINATOR | Is.AUXILIARY | Is.VERB) and not token.what & Is.ADVERB:
            return False
    return False
