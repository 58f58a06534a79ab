"""The words of a language: which are cues, pronouns, titles. Read from `archiver/page/words/<language>.txt`, once.

Format, one file a language, UTF-8:

    # a comment, to the end of the line
    [say]
    say says said ~saying          entries between blanks; in [say] and [report] the forms of one verb share a line
    according_to                   _ is a blank inside an entry
    *sprecher minist*              * stands for any beginning or end

~ marks a participle, ^ the base form of a verb (in English also the plural's). Sections that the program does not know
are an error: a misspelt name must not go unnoticed.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from importlib import resources

from archiver.errors import FormatError

VERB_SECOND = frozenset({"de", "nl", "sv"})  # the subject follows the verb when anything else precedes it
VERB_FIRST = frozenset({"ar"})
CASELESS = frozenset({"ar", "he"})
SLAVIC = frozenset({"pl", "ru", "uk", "cs"})
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "uk", "ar", "he", "ja", "zh", "sv", "fi", "cs")


class Is:
    """What a word can be, as bits of an int (a plain one: IntFlag costs three quarters of the time)."""

    SAY = 1 << 0
    REPORT = 1 << 1
    PARTICIPLE = 1 << 2
    PRONOUN = 1 << 3
    MASCULINE = 1 << 4
    FEMININE = 1 << 5
    PLURAL = 1 << 6
    OWN = 1 << 7
    DETERMINER = 1 << 8
    PREPOSITION = 1 << 9
    CONJUNCTION = 1 << 10
    SUBORDINATOR = 1 << 11
    RELATIVE = 1 << 12
    AUXILIARY = 1 << 13
    BE = 1 << 14
    ADVERB = 1 << 15
    NEGATION = 1 << 16
    DENIAL = 1 << 17
    TITLE = 1 << 18
    ROLE = 1 << 19
    PARTICLE = 1 << 20
    VERB = 1 << 21
    SPEECH_NOUN = 1 << 22
    WORK = 1 << 23
    SO_CALLED = 1 << 24
    ACCORDING = 1 << 25
    TIME = 1 << 26
    VENUE = 1 << 27
    MEDIA = 1 << 28
    ADDRESS = 1 << 29
    ABBREVIATION = 1 << 30
    MAY_BE_NOUN = 1 << 31
    COMMON = 1 << 32
    BASE = 1 << 33
    VERBISH = 1 << 34
    TERM = 1 << 35
    BY_ENDING = 1 << 36
    TELLS = 1 << 37
    SO = 1 << 38
    ZUFOLGE = 1 << 39
    ADDRESSING = 1 << 40
    FURNITURE = 1 << 41
    DEFINITE = 1 << 42
    REPORTED = 1 << 43
    AS = 1 << 44
    LIKE = 1 << 45
    INVERTS = 1 << 46
    QUOTES = 1 << 47
    QUESTION = 1 << 48
    HIS_SAYING = 1 << 49
    RELAYS = 1 << 50
    VERB_FIRST = 1 << 51
    RANK = 1 << 52
    PERFORMS = 1 << 53
    SPOKEN = 1 << 54


SECTIONS: dict[str, int] = {name.lower(): flag for name, flag in vars(Is).items() if name.isupper()}
FUNCTION = (
    Is.PRONOUN | Is.OWN | Is.DETERMINER | Is.PREPOSITION | Is.CONJUNCTION | Is.SUBORDINATOR | Is.RELATIVE
    | Is.AUXILIARY | Is.ADVERB | Is.NEGATION | Is.COMMON
)  # fmt: skip
CUE = Is.SAY | Is.REPORT
VIEWS = frozenset({"for", "per", "para", "pour", "voor", "dla", "для", "für"})  # for Lee it is a “shame”
MARKED = CUE | Is.ACCORDING | Is.SO | Is.ZUFOLGE | Is.HIS_SAYING | Is.SPOKEN  # what a cue can be
PLAIN, LEADING, NAME = 0, 1, 2
MAX_MEMORY = 50_000  # words whose classes are kept
_PREFIXES = {"ar": "وف", "he": "ו"}
_VOWEL_SIGNS = dict.fromkeys(range(0x64B, 0x653))
_MARKERS = {"~": Is.PARTICIPLE, "^": Is.BASE}


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words of one language, lower case. `phrases`: by first word, (the words after it, what they are)."""

    language: str
    words: dict[str, int]
    phrases: dict[str, list[tuple[tuple[str, ...], int]]]
    starts: tuple[tuple[str, int], ...]
    ends: tuple[tuple[str, int], ...]
    lists: dict[str, tuple[str, ...]]
    usual: dict[str, tuple[int, int, str, frozenset[str]]] = field(default_factory=dict, compare=False)
    _memory: dict[str, int] = field(default_factory=dict, compare=False)
    _entries: dict[str, tuple[re.Pattern[str], tuple[int, ...]]] = field(default_factory=dict, compare=False)

    def know(self, word: str, sort: int, what: int, lower: str) -> None:
        """Keep what a word is, so spelt: PLAIN: in any context; LEADING: unless an entry of several words stands
        there; NAME: inside a sentence."""
        if len(self.usual) >= MAX_MEMORY:
            return
        seconds = {rest[0][0].casefold() for rest, _ in self.phrases[lower]} if sort == LEADING else set()
        if "i" in seconds:
            seconds |= {"ı", "İ".casefold()}  # the same letter for an expression that ignores case
        self.usual[word] = sort, what, lower, frozenset(seconds)

    def entries(self, first: str) -> tuple[re.Pattern[str], tuple[int, ...]]:
        """(what follows `first` in its entries of several words, a group for each; what each entry is)."""
        found = self._entries.get(first)
        if found is None:
            known = self.phrases.get(first, [])
            rests = ("".join(rf"\s+{re.escape(word)}(?!\w|-\w)" for word in rest) for rest, _ in known)
            pattern = re.compile("|".join(f"({rest})" for rest in rests) or "(?!)", re.IGNORECASE)
            found = self._entries[first] = pattern, tuple(flag for _, flag in known)
        return found

    def classes(self, word: str, name: bool = False) -> int:
        """What a lower-case word can be: `Is` flags, 0 for an unknown word. `name`: it is written like a name, so
        that an ending tells nothing about it (Kelly is no adverb)."""
        found = self._memory.get(word)
        if found is None:
            found = self.words.get(word, 0)
            if not found and self.language == "ar":
                found = self.words.get(word.translate(_VOWEL_SIGNS), 0)
            for start, flag in self.starts:
                if word.startswith(start):
                    found |= flag
            if not found:
                for end, flag in self.ends:
                    if word.endswith(end) and len(word) > len(end):
                        found |= flag | Is.BY_ENDING
            if not found and len(word) > 3 and word[0] in _PREFIXES.get(self.language, ""):
                found = self.words.get(word[1:], 0)  # وقال, ואמר: and
            if not found and self.language == "pt" and "-" in word:
                found = self.words.get(word.partition("-")[0], 0)  # queixou-se, disse-lhe
            if len(self._memory) < MAX_MEMORY:
                self._memory[word] = found
        if name and found & Is.BY_ENDING:
            return found & ~(Is.ADVERB | Is.VERBISH)
        return found


def parse(language: str, data: str) -> Lexicon:
    """Read a word file. Raises FormatError with the line that is wrong."""
    words: dict[str, int] = {}
    phrases: dict[str, list[tuple[tuple[str, ...], int]]] = {}
    starts: list[tuple[str, int]] = []
    ends: list[tuple[str, int]] = []
    lists: dict[str, list[str]] = {}
    flag: int | None = None
    section = ""
    for number, line in enumerate(data.split("\n"), 1):
        line = line.split("#", 1)[0].strip() if not line.startswith("\\") else line
        if line.startswith("["):
            section = line.strip("[]")
            if section not in SECTIONS:
                raise FormatError(f"words/{language}.txt, line {number}: no section is called {section!r}")
            flag = SECTIONS[section]
            if flag & CUE and language in VERB_SECOND:
                flag |= Is.INVERTS
            if flag & CUE and language in VERB_FIRST:
                flag |= Is.VERB_FIRST
            continue
        for entry in line.split():
            if flag is None:
                raise FormatError(f"words/{language}.txt, line {number}: a word before the first section")
            extra = 0
            if entry[0] in _MARKERS and len(entry) > 1:
                entry, extra = entry[1:], _MARKERS[entry[0]]
            entry = entry.replace("_", " ")
            lists.setdefault(section, []).append(entry)
            if entry.startswith("*"):
                ends.append((entry[1:], flag | extra))
            elif entry.endswith("*"):
                starts.append((entry[:-1], flag | extra))
            elif " " in entry:
                first, *rest = entry.split()
                known = phrases.setdefault(first, [])
                before = next((item for item in known if item[0] == tuple(rest)), None)
                if before is not None:
                    known.remove(before)
                known.append((tuple(rest), flag | extra | (before[1] if before is not None else 0)))
            else:
                words[entry] = words.get(entry, 0) | flag | extra
    if language == "de":
        _set_sexes(words, ends)
    for entries in phrases.values():
        entries.sort(key=lambda item: -len(item[0]))
    return Lexicon(
        language, words, phrases, tuple(starts), tuple(ends), {name: tuple(entries) for name, entries in lists.items()}
    )


def _set_sexes(words: dict[str, int], ends: list[tuple[str, int]]) -> None:
    """German titles say the sex: Sprecher, Sprecherin."""
    neutral = ("te", "ten", "glied", "rat", "frau")
    for word, flag in words.items():
        if flag & Is.TITLE and not flag & (Is.MASCULINE | Is.FEMININE) and not word.endswith(neutral):
            words[word] = flag | (Is.FEMININE if word.endswith("in") else Is.MASCULINE)
    for index, (end, flag) in enumerate(ends):
        if flag & Is.TITLE and not end.endswith(neutral):
            ends[index] = end, flag | (Is.FEMININE if end.endswith("in") else Is.MASCULINE)


@functools.cache
def load(language: str) -> Lexicon:
    """The lexicon of a language, an empty one if there is no file for it."""
    words = resources.files("archiver.page") / "words"
    file = words / f"{language}.txt"
    if language not in LANGUAGES or not file.is_file():
        return parse(language, "")
    outlets = "" if language in CASELESS else (words / "outlets.txt").read_text("utf-8")
    return parse(language, outlets + file.read_text("utf-8"))
