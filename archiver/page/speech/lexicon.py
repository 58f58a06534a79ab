"""The words of a language: which are cues, pronouns, titles. Read from `archiver/page/words/<language>.txt`, once.

Format, one file a language, UTF-8:

    # a comment, to the end of the line
    [say]
    say says said ~saying          entries between blanks; in [say] and [report] the forms of one verb share a line
    according_to                   _ is a blank inside an entry
    *sprecher minist*              * stands for any beginning or end

~ marks a participle, ^ the base form of a verb (in English also the plural's). Sections that the program does not know are an error: a misspelt name must not go unnoticed.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from enum import IntFlag, auto
from importlib import resources

from archiver.errors import FormatError

VERB_SECOND = frozenset({"de", "nl", "sv"})  # the subject follows the verb when anything else precedes it
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "uk", "ar", "he", "ja", "zh", "sv", "fi", "cs")


class Is(IntFlag):
    """What a word can be. A word can be several."""

    SAY = auto()
    REPORT = auto()
    PARTICIPLE = auto()
    PRONOUN = auto()
    MASCULINE = auto()
    FEMININE = auto()
    PLURAL = auto()
    NEUTER = auto()
    OWN = auto()
    DETERMINER = auto()
    PREPOSITION = auto()
    CONJUNCTION = auto()
    SUBORDINATOR = auto()
    RELATIVE = auto()
    AUXILIARY = auto()
    BE = auto()
    ADVERB = auto()
    NEGATION = auto()
    DENIAL = auto()
    TITLE = auto()
    ROLE = auto()
    PARTICLE = auto()
    VERB = auto()
    SPEECH_NOUN = auto()
    WORK = auto()
    SO_CALLED = auto()
    ACCORDING = auto()
    TIME = auto()
    VENUE = auto()
    MEDIA = auto()
    ADDRESS = auto()
    ABBREVIATION = auto()
    MAY_BE_NOUN = auto()
    COMMON = auto()
    AFTER = auto()
    WITH_SPEAKER = auto()
    HONORIFIC = auto()
    BASE = auto()
    VERBISH = auto()
    TERM = auto()
    BY_ENDING = auto()
    TELLS = auto()
    SO = auto()
    ZUFOLGE = auto()
    ADDRESSING = auto()
    FURNITURE = auto()
    DEFINITE = auto()
    REPORTED = auto()
    AS = auto()
    LIKE = auto()
    INVERTS = auto()
    QUOTES = auto()


SECTIONS = {flag.name.lower(): flag for flag in Is if flag.name}
FUNCTION = (
    Is.PRONOUN | Is.OWN | Is.DETERMINER | Is.PREPOSITION | Is.CONJUNCTION | Is.SUBORDINATOR | Is.RELATIVE
    | Is.AUXILIARY | Is.ADVERB | Is.NEGATION | Is.COMMON
)  # fmt: skip
CUE = Is.SAY | Is.REPORT
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
    _memory: dict[str, int] = field(default_factory=dict, compare=False)

    def classes(self, word: str, name: bool = False) -> int:
        """What a lower-case word can be: `Is` flags, 0 for an unknown word. `name`: it is written like a name, so
        that an ending tells nothing about it (Kelly is no adverb)."""
        found = self._memory.get(word)
        if found is None:
            found = self.words.get(word, 0)
            for start, flag in self.starts:
                if word.startswith(start):
                    found |= flag
            if not found:
                for end, flag in self.ends:
                    if word.endswith(end) and len(word) > len(end):
                        found |= flag | int(Is.BY_ENDING)
            if len(self._memory) < 50_000:
                self._memory[word] = found
        if name and found & Is.BY_ENDING:
            return found & ~int(Is.ADVERB | Is.VERBISH)
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
            flag = int(SECTIONS[section])
            if flag & CUE and language in VERB_SECOND:
                flag |= int(Is.INVERTS)
            continue
        for entry in line.split():
            if flag is None:
                raise FormatError(f"words/{language}.txt, line {number}: a word before the first section")
            extra = 0
            if entry[0] in _MARKERS and len(entry) > 1:
                entry, extra = entry[1:], int(_MARKERS[entry[0]])
            entry = entry.replace("_", " ")
            lists.setdefault(section, []).append(entry)
            if entry.startswith("*"):
                ends.append((entry[1:], flag | extra))
            elif entry.endswith("*"):
                starts.append((entry[:-1], flag | extra))
            elif " " in entry:
                first, *rest = entry.split()
                phrases.setdefault(first, []).append((tuple(rest), flag | extra))
            else:
                words[entry] = words.get(entry, 0) | flag | extra
    for known in phrases.values():
        known.sort(key=lambda item: -len(item[0]))
    return Lexicon(
        language, words, phrases, tuple(starts), tuple(ends), {name: tuple(entries) for name, entries in lists.items()}
    )


@functools.cache
def load(language: str) -> Lexicon:
    """The lexicon of a language, an empty one if there is no file for it."""
    file = resources.files("archiver.page") / "words" / f"{language}.txt"
    if language not in LANGUAGES or not file.is_file():
        return parse(language, "")
    return parse(language, file.read_text("utf-8"))
