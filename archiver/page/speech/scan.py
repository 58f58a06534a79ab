"""Cuts a paragraph into words: what each of them can be, by the word lists, its spelling and its neighbours."""

from __future__ import annotations

import re

from archiver.page.speech.lexicon import CASELESS, FUNCTION, LEADING, MARKED, NAME, PLAIN, SLAVIC, Is, Lexicon
from archiver.page.speech.quotes import Paragraph
from archiver.page.speech.tokens import MARK, QUOTE, WORD, Token

_MARKS = frozenset(",.;:?!()[]—–…/%&$€£+*|=")  # that need no second look
_ENDINGS = Is.SPOKEN | Is.BY_ENDING  # what an ending alone tells
_UNUSUAL = (-1, 0, "", frozenset[str]())
_INSIDE_OF = frozenset({",", "(", "-"})
MAX_ELIDED = 60  # characters of a word that is looked at for others in it

_TOKEN = re.compile(
    r"[A-Za-z]{2,}+(?=[ ,])"  # most words, sooner
    r"|(?:[^\W\d_]\.){2,}"  # U.S., p.m.
    r"|[\u05d0-\u05ea]+[\"״][\u05d0-\u05ea]+"  # צה"ל
    r"|[\u0621-\u064a\u064b-\u0652]+"  # Arabic, with its vowel signs
    r"|[#@]?\w+(?:[-‑.&/·+@_]\w+|['’ʼ׳״](?![sS]\b)[^\W\d_]+)*[#@%]?"
    r"|['’][sS]\b"
    r"|--+|\.{2,}|[^\w\s]"
)
_CAPITALISED = re.compile(r"[A-Z]\w+")
_FOLLOWS = re.compile("[a-z,;] [A-Z]")
_COMMON = re.compile(r"(?<![\w’'-])[a-z]\w+")
_TWO_MORE = re.compile(r" [^\W\d_a-zа-яіїєґ]\w+ [^\W\d_a-zа-яіїєґ]\w+")
_CAPITAL = re.compile(r" [A-Z][a-z]")
_HYPHENED = re.compile(r"-(?:t-)?(?:il|elle|ils|elles|on|je|nous|vous)$")
_SAME_MARK = {"،": ",", "؛": ";", "؟": "?", "，": ",", "：": ":", "―": "—"}


class Spelling:
    """How the words of a text are written: what is a capital letter at a sentence's beginning worth?"""

    def __init__(self, text: str) -> None:
        self._names = {m[0] for m in _CAPITALISED.finditer(text) if _FOLLOWS.match(text, max(m.start() - 2, 0))}
        self._common = set(_COMMON.findall(" ".join(set(text.split()))))

    def is_common(self, word: str) -> bool:
        """A word with a capital that elsewhere has none, and nowhere else in a sentence has one."""
        return word not in self._names and word[0].lower() + word[1:] in self._common

    def is_verbish(self, word: str, what: int) -> bool:
        """Appearing, Asked: at a sentence's beginning, and no name elsewhere."""
        formed = what & (Is.VERBISH | Is.PARTICIPLE) or (what & (Is.SAY | Is.REPORT) and word.endswith("ed"))
        return bool(formed) and word not in self._names


def scan(text: str, paragraph: Paragraph, lexicon: Lexicon, spelling: Spelling) -> Scanner:
    """A scanner that has the tokens of a paragraph, in order."""
    scanner = Scanner(text, lexicon, spelling)
    at = paragraph.start
    for run in paragraph.runs:
        if at < run.start:
            scanner.scan(at, run.start)
        scanner.ends.append(len(scanner.tokens))
        scanner.tokens.append(Token(QUOTE, run.start, run.end, "“”", "“”", 0, False, run))
        at = run.end
    if at < paragraph.end:
        scanner.scan(at, paragraph.end)
    return scanner


class Scanner:
    """Cuts text into tokens and says what each word can be. `marked`, `capitals`: see `Line`."""

    def __init__(self, text: str, lexicon: Lexicon, spelling: Spelling) -> None:
        self._text, self._lexicon, self._spelling = text, lexicon, spelling
        self._language = lexicon.language
        self._caseless = lexicon.language in CASELESS
        self.tokens: list[Token] = []
        self.marked: list[int] = []
        self.capitals: list[int] = []
        self.ends: list[int] = []  # what a sentence can end with

    def scan(self, start: int, end: int) -> None:
        """Append the tokens of text[start:end]."""
        text, tokens, at = self._text, self.tokens, start
        usual, marked, ends = self._lexicon.usual, self.marked, self.ends
        for match in _TOKEN.finditer(text, start, end):
            first, after = match.span()
            if first < at:
                continue  # in an entry of several words
            word = match[0]
            sort, what, lower, seconds = usual.get(word, _UNUSUAL)
            if sort == PLAIN or (sort == LEADING and not _may_go_on(text, after, seconds)):
                if what & MARKED:
                    marked.append(len(tokens))
                tokens.append(Token(WORD, first, after, word, word, what, False, None))
            elif word in _MARKS:
                ends.append(len(tokens))
                tokens.append(Token(MARK, first, after, word, word, 0, False, None))
            elif sort == NAME and self._is_inside(text, after):
                if what & MARKED:
                    marked.append(len(tokens))
                self.capitals.append(len(tokens))
                tokens.append(Token(WORD, first, after, word, lower, what, True, None))
            elif not (word[0].isalnum() or word[0] in "#@'’"):
                if word == "-" and text[first - 1 : first].isspace() and text[after : after + 1].isspace():
                    word = "–"
                word = _SAME_MARK.get(word, word)
                ends.append(len(tokens))
                tokens.append(Token(MARK, first, after, word, word.lower(), 0, word.isupper(), None))
            elif len(word) <= 2 and word[0] in "'’" and word[1:].lower() != "s":
                ends.append(len(tokens))
                tokens.append(Token(MARK, first, after, word, word.lower(), 0, False, None))
            elif not self._elided(word, first, after):
                at = self._word(word, first, after, end)

    def _is_inside(self, text: str, after: int) -> bool:
        """Whether a word with a capital stands inside a sentence, and no dot behind it."""
        previous = self.tokens[-1] if self.tokens else None
        inside = previous is not None and (previous.kind == WORD or previous.text in _INSIDE_OF)
        return inside and text[after : after + 1] != "."

    def _append(self, token: Token) -> None:
        if token.what & MARKED:
            self.marked.append(len(self.tokens))
        if token.capital:
            self.capitals.append(len(self.tokens))
        if token.text[-1] == ".":
            self.ends.append(len(self.tokens))
        self.tokens.append(token)

    def _elided(self, word: str, first: int, after: int) -> bool:
        """l’ingénieure, a-t-il: several words, if they are written so in this language."""
        if self._language not in ("fr", "it") or len(word) > MAX_ELIDED or word.lower() in self._lexicon.words:
            return False
        for piece in _pieces(word, self._lexicon):
            place = self._text.index(piece, first, after)
            what = self._lexicon.classes(piece.lower(), piece[0].isupper())
            self._append(Token(WORD, place, place + len(piece), piece, piece.lower(), what, piece[0].isupper(), None))
            first = place + len(piece)
        return first == after

    def _word(self, word: str, first: int, after: int, end: int) -> int:
        """Append one word, with the dot of an abbreviation or the rest of an entry; the place behind it."""
        text, classes = self._text, self._lexicon.classes
        lower = word.lower()
        bare = word
        if after < end and text[after] == "." and word[-1] != ".":
            initial = len(word) == 1 and word.isupper() and text[after + 1 : after + 2].isspace()
            if initial or classes(lower + ".") & Is.ABBREVIATION:
                word, lower, after = word + ".", lower + ".", after + 1
        capital = word[0].isupper() or (self._caseless and not classes(lower) and word[0].isalpha())
        previous = self.tokens[-1] if self.tokens else None
        initial = previous is None or (previous.kind != WORD and previous.text not in (",", "(", "-"))
        if capital and initial and not self._caseless:
            capital = not (self._spelling.is_common(word) or self._spelling.is_verbish(word, classes(lower)))
        what = classes(lower, capital)
        known = self._lexicon.phrases.get(lower)
        if known:
            single = after
            after, what = self._entry(lower, after, end, what)
            capital = capital and not (self._caseless and after > single and not what & Is.TITLE)
        before = previous if previous is not None and previous.kind == WORD else None
        listed = what
        what = self._in_context(word, capital, what, before, after)
        whole = text[first:after]
        self._append(Token(WORD, first, after, whole, whole.lower(), what, capital, None))
        if word is bare:
            self._remember(word, lower, listed, capital, bool(known))
        return after

    def _remember(self, word: str, lower: str, what: int, capital: bool, leads: bool) -> None:
        """Keep what the word is, if it is that wherever it stands."""
        lexicon, language = self._lexicon, self._language
        if word in lexicon.usual or word[-1] == "." or lexicon.classes(lower + ".") & Is.ABBREVIATION:
            return
        if capital:
            if language == "en" and not leads and not what & Is.AUXILIARY:
                lexicon.know(word, NAME, what, lower)
        elif lower == word and leads:
            if language == "en" or lexicon.words.get(lower):
                lexicon.know(word, LEADING, lexicon.classes(lower), lower)
        elif lower == word and (what & ~_ENDINGS or language in ("en", "de")):
            lexicon.know(word, PLAIN, self._in_context(word, False, what, None, 0), lower)

    def _entry(self, first: str, after: int, end: int, what: int) -> tuple[int, int]:
        """(end, flags) of an entry of several words that begins with `first`, if one stands here."""
        pattern, flags = self._lexicon.entries(first)
        found = pattern.match(self._text, after, end)
        return (found.end(), flags[(found.lastindex or 1) - 1]) if found is not None else (after, what)

    def _in_context(self, word: str, capital: bool, what: int, before: Token | None, after: int) -> int:
        """What spelling and neighbours say of a word, in languages where they do."""
        if self._language == "en":
            if (
                capital
                and what & Is.AUXILIARY
                and _CAPITAL.match(self._text, after)
                and not (before and before.capital)
            ):
                return 0  # said Will Lee
            return what
        if self._language == "de":
            return _german(word, capital, what, before)
        titled = before is not None and bool(before.what & Is.TITLE)
        if capital and what & FUNCTION and before is not None and before.capital and _CAPITAL.match(self._text, after):
            return Is.PARTICLE  # Yvan Le Goff
        if what & Is.TIME and capital and before is not None and not self._caseless:
            what &= ~Is.TIME  # Марта Квитова
        if self._caseless:
            definite = (word.startswith("ה") and len(word) > 3) or (word.startswith("ال") and len(word) > 4)
            if before is not None and before.what & Is.ROLE and not before.what & Is.TITLE and not what:
                return Is.ROLE if definite or word[-1] in "ية" else what  # مصدر أمني: of what kind
            return Is.TITLE if titled and definite and not what else what  # رئيس البلدية: what the title is of
        if self._language in SLAVIC and capital and titled and _TWO_MORE.match(self._text, after):
            return what | Is.TITLE  # мэр Вальмеры Елена Фонтанова
        if not capital and not what & ~_ENDINGS and before is not None and before.capital:
            return what | Is.VERBISH  # behind a name no noun goes on
        return what


def _may_go_on(text: str, after: int, seconds: frozenset[str]) -> bool:
    """Whether what follows can be the rest of an entry of several words."""
    second = text[after + 1 : after + 2]
    return second.isspace() or second.casefold() in seconds


def _german(word: str, capital: bool, what: int, before: Token | None) -> int:
    """Every German noun has a capital: one behind an article or an adjective is no name, and a word without one is
    neither noun nor name."""
    if not word[0].isupper():
        return what if what & ~_ENDINGS or not word[0].isalpha() else what | Is.VERBISH
    if not capital or before is None or what & Is.TITLE:
        return what
    adjective = before.what == Is.VERBISH and not before.capital and before.word[-1] in "enrsm"
    return what | Is.TITLE if before.what & (Is.DETERMINER | Is.OWN) or adjective else what


def _pieces(word: str, lexicon: Lexicon) -> list[str]:
    """l’ingénieure, qu’il, dell’opera, a-t-il: their words. Nothing if it is one word."""
    found: list[str] = []
    rest = word
    while True:
        cut = max(rest.find("’"), rest.find("'"))
        if cut < 1 or cut + 1 >= len(rest) or not (cut <= 2 or rest[: cut + 1].lower() in lexicon.words):
            break
        found.append(rest[: cut + 1])
        rest = rest[cut + 1 :]
    hyphen = _HYPHENED.search(rest)
    if hyphen is not None and hyphen.start() > 0:
        found.append(rest[: hyphen.start()])
        found.append(rest[rest.rindex("-") + 1 :])
    elif found:
        found.append(rest)
    return found
