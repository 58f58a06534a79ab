"""Words and sentences of a paragraph. A run between quotation marks is one token: what is in it is somebody else's."""

from __future__ import annotations

import re

from archiver.page.speech.lexicon import CASELESS, FUNCTION, SLAVIC, Is, Lexicon
from archiver.page.speech.quotes import Paragraph, Run

WORD, MARK, QUOTE = 0, 1, 2

_TOKEN = re.compile(
    r"(?:[^\W\d_]\.){2,}"  # U.S., p.m.
    r"|[#@]?\w+(?:[-‑.&/·+@_]\w+|['’ʼ׳״](?![sS]\b)[^\W\d_]+)*[#@%]?"
    r"|['’][sS]\b"
    r"|--+|\.{2,}|[^\w\s]"
)
_INSIDE = re.compile(r"(?<=[a-z,;] )[A-Z]\w+")
_COMMON = re.compile(r"(?<![\w’'-])[a-z]\w+")
# LYON (AP) — …  FLINT, Mich., Oct. 4 (UPI) — …
_DATELINE = re.compile(
    r"[A-Z][A-Z.’'-]+(?:[ /][A-Z][A-Z.’'-]+)*(?:, [^—–()\n]{1,40})?(?: \([^)\n]{1,40}\))? ?(?:—|–|--|-|―) "
)
_STOPS = frozenset({".", "!", "?", "…", "...", "..", "。", "！", "？", "؟", "|"})
_SAME_MARK = {"،": ",", "؛": ";", "؟": "?", "，": ",", "：": ":", "―": "—"}


class Token:
    """A word, a punctuation mark, or a quoted run. `word` is lower case, `what` the word's `Is` flags."""

    __slots__ = ("capital", "end", "kind", "run", "start", "text", "what", "word")

    def __init__(self, kind: int, start: int, end: int, text: str, what: int, run: Run | None = None) -> None:
        self.kind, self.start, self.end, self.text, self.what, self.run = kind, start, end, text, what, run
        self.word = text.lower()
        self.capital = text[:1].isupper()

    def __repr__(self) -> str:
        return f"<{self.text}>"


class Line:
    """The tokens of a paragraph and where its sentences begin and end (indices of tokens, half-open)."""

    __slots__ = ("language", "paragraph", "rejected", "sentences", "tokens")

    def __init__(
        self, paragraph: Paragraph, tokens: list[Token], sentences: list[tuple[int, int]], language: str
    ) -> None:
        self.paragraph, self.tokens, self.sentences, self.language = paragraph, tokens, sentences, language
        self.rejected: list[tuple[Run, str]] = []  # runs that are no speech, and why


class Spelling:
    """How the words of a text are written: what is a capital letter at a sentence's beginning worth?"""

    def __init__(self, text: str) -> None:
        self._names = set(_INSIDE.findall(text))
        self._common = set(_COMMON.findall(text))

    def is_common(self, word: str) -> bool:
        """A word with a capital that elsewhere has none, and nowhere else in a sentence has one."""
        return word not in self._names and word[0].lower() + word[1:] in self._common

    def is_verbish(self, word: str, what: int) -> bool:
        """Appearing, Asked: at a sentence's beginning, and no name elsewhere."""
        return bool(what & Is.VERBISH) and word not in self._names


def read(text: str, paragraph: Paragraph, lexicon: Lexicon, spelling: Spelling) -> Line:
    """Tokens and sentences of a paragraph."""
    tokens: list[Token] = []
    dateline = _DATELINE.match(text, paragraph.start, paragraph.end)
    at = paragraph.start
    for run in paragraph.runs:
        _words(text, at, run.start, lexicon, spelling, tokens)
        tokens.append(Token(QUOTE, run.start, run.end, "“”", 0, run))
        at = run.end
    _words(text, at, paragraph.end, lexicon, spelling, tokens)
    return Line(paragraph, tokens, _sentences(text, tokens, dateline.end() if dateline else 0), lexicon.language)


def _words(text: str, start: int, end: int, lexicon: Lexicon, spelling: Spelling, tokens: list[Token]) -> None:
    classes = lexicon.classes
    language = lexicon.language
    splits = language in ("fr", "it")
    caseless = language in CASELESS
    nouns = language == "de"  # every noun has a capital: one behind an article is no name
    at = start
    for match in _TOKEN.finditer(text, start, end):
        first, after = match.span()
        if first < at:
            continue
        word = match[0]
        if not (word[0].isalnum() or word[0] in "#@'’"):
            if word == "-" and text[first - 1 : first].isspace() and text[after : after + 1].isspace():
                word = "–"
            tokens.append(Token(MARK, first, after, _SAME_MARK.get(word, word), 0))
            continue
        lower = word.lower()
        if splits and ("’" in word or "'" in word or "-" in word) and lower not in lexicon.words:
            pieces = _elided(word, lexicon)
            if pieces:
                for piece in pieces:
                    place = text.index(piece, first, after)
                    what = classes(piece.lower(), piece[0].isupper())
                    tokens.append(Token(WORD, place, place + len(piece), piece, what))
                    first = place + len(piece)
                continue
        if after < end and text[after] == "." and word[-1] != ".":
            dotted = classes(lower + ".")
            initial = len(word) == 1 and word.isupper() and text[after + 1 : after + 2].isspace()
            if dotted & Is.ABBREVIATION or initial:
                word, lower, after = word + ".", lower + ".", after + 1
                at = after
        if len(word) <= 2 and word[0] in "'’" and lower[1:] != "s":
            tokens.append(Token(MARK, first, after, word, 0))
            continue
        capital = word[0].isupper() or (caseless and not classes(lower) and word[0].isalpha())
        initial = not tokens or (tokens[-1].kind != WORD and tokens[-1].text not in (",", "(", "-"))
        if capital and initial and (spelling.is_common(word) or spelling.is_verbish(word, classes(lower))):
            capital = False
        what = classes(lower, capital)
        known = lexicon.phrases.get(lower)
        if known:
            after, what = _phrase(text, first, after, end, known, what)
            at = after
        if capital and nouns and tokens and tokens[-1].kind == WORD and not what & Is.TITLE:
            before = tokens[-1]
            if before.what & (Is.DETERMINER | Is.OWN) or (
                before.what == Is.VERBISH and not before.capital and before.word[-1] in "enrsm"
            ):
                what |= Is.TITLE
        before = tokens[-1] if tokens and tokens[-1].kind == WORD else None
        if caseless and not what and before is not None and before.what & Is.TITLE and _is_definite(word):
            what = Is.TITLE  # ראש העיר, رئيس البلدية: what the title is of
        elif (
            language in SLAVIC
            and capital
            and before is not None
            and before.what & Is.TITLE
            and _TWO_MORE.match(text, after)
        ):
            what |= Is.TITLE  # мэр Вальмеры Елена Фонтанова
        elif language != "en" and not capital and not what and before is not None and before.capital and not caseless:
            what = Is.VERBISH  # behind a name no noun goes on
        if nouns and not what and not word[0].isupper() and word[0].isalpha():
            what = Is.VERBISH  # neither noun nor name
        token = Token(WORD, first, after, text[first:after], what)
        token.capital = capital
        tokens.append(token)


_TWO_MORE = re.compile(r" [^\W\d_a-zа-яіїєґ]\w+ [^\W\d_a-zа-яіїєґ]\w+")


def _is_definite(word: str) -> bool:
    return (word.startswith("ה") and len(word) > 3) or (word.startswith("ال") and len(word) > 4)


_HYPHENED = re.compile(r"-(?:t-)?(?:il|elle|ils|elles|on|je|nous|vous)$")


def _elided(word: str, lexicon: Lexicon) -> list[str]:
    """l’ingénieure, qu’il, dell’opera, a-t-il: their words. Nothing if it is one word."""
    pieces: list[str] = []
    rest = word
    while True:
        cut = max(rest.find("’"), rest.find("'"))
        if cut < 1 or cut + 1 >= len(rest) or not (cut <= 2 or rest[: cut + 1].lower() in lexicon.words):
            break
        pieces.append(rest[: cut + 1])
        rest = rest[cut + 1 :]
    hyphen = _HYPHENED.search(rest)
    if hyphen is not None and hyphen.start() > 0:
        pieces.append(rest[: hyphen.start()])
        pieces.append(rest[rest.rindex("-") + 1 :])
    elif pieces:
        pieces.append(rest)
    return pieces


def _phrase(
    text: str, first: int, after: int, end: int, known: list[tuple[tuple[str, ...], int]], what: int
) -> tuple[int, int]:
    """An entry of several words, if it stands here."""
    for rest, flag in known:
        at = after
        for word in rest:
            found = re.compile(r"\s+" + re.escape(word) + r"(?!\w)", re.IGNORECASE).match(text, at, end)
            if found is None:
                break
            at = found.end()
        else:
            return at, flag
    return after, what


def _sentences(text: str, tokens: list[Token], dateline: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    start = 0
    for index in range(len(tokens) - 1):
        if tokens[index].end <= dateline < tokens[index + 1].end or (index >= start and _is_end(text, tokens, index)):
            found.append((start, index + 1))
            start = index + 1
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


def is_name(token: Token) -> bool:
    """A word that is written like a name."""
    if token.what & Is.ACCORDING:
        return False
    return token.kind == WORD and token.capital and not (token.what & FUNCTION and not token.what & Is.TITLE)


def is_headline(tokens: list[Token], start: int, end: int) -> bool:
    """Most Words Begin With a Capital."""
    words = [t for t in tokens[start:end] if t.kind == WORD and len(t.text) > 3]
    return len(words) >= 3 and sum(t.capital for t in words) >= 0.75 * len(words)
