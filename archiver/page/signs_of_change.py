"""What a change of words touches: a negation, a number, a name, or only case, punctuation, quotation marks.

They are pointers for the eye of a person, found by word lists and spelling, in every language at once: a sign that is
missing proves nothing, and one that is there may be harmless.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

from archiver.errors import FormatError
from archiver.page.typography import MARKS, fold
from archiver.page.wording import MARK, is_word, split

NEGATION, NUMBER, NAME = "negation", "number", "name"
CASE, PUNCTUATION, MARKS_GONE = "case only", "punctuation only", "quotation marks"
_LIST = Path(__file__).parent / "words" / "changes.txt"
_ENDS = frozenset(".!?:…。！？-") | MARKS  # a word behind one of these has a capital letter anyway


def signs_of(old: str, new: str) -> tuple[str, ...]:
    """The signs of the change from one wording to another, the gravest first. Of equal wordings: none."""
    found = []
    gone, come = _difference(old, new)
    if not gone and not come:
        return tuple(_without_words(old, new))
    touched = {word.lower() for word in (*gone, *come)}
    negations, numbers = _sections()["negation"], _sections()["number"]
    if any(negations.has(word) for word in touched):
        found.append(NEGATION)
    if any(numbers.has(word) or any(sign.isdigit() for sign in word) for word in touched):
        found.append(NUMBER)
    if (gone & _names(old)) or (come & _names(new)):
        found.append(NAME)
    if _marked(old) != _marked(new):
        found.append(MARKS_GONE)
    return tuple(found)


def _difference(old: str, new: str) -> tuple[set[str], set[str]]:
    """The words that one wording has more often than the other, in each direction; case does not count, nor order."""
    before, after = _counted(old), _counted(new)
    gone, come = before - after, after - before
    spelled_old, spelled_new = _spelled(old), _spelled(new)
    return {spelled_old[key] for key in gone}, {spelled_new[key] for key in come}


def _counted(text: str) -> Counter[str]:
    return Counter(key for key in split(text).keys if is_word(key))


def _spelled(text: str) -> dict[str, str]:
    words = split(text)
    return {key: text[a:b] for key, a, b in zip(words.keys, words.starts, words.ends, strict=True)}


def _without_words(old: str, new: str) -> list[str]:
    """What a change is that leaves every word, or puts them into another order."""
    if fold(old) == fold(new):
        return []
    found = []
    if _marked(old) != _marked(new):
        found.append(MARKS_GONE)
    if [key for key in split(old).keys if is_word(key)] != [key for key in split(new).keys if is_word(key)]:
        return ["order of words", *found]
    if fold(old).lower() == fold(new).lower():
        return [*found, CASE]
    return found or [PUNCTUATION]


def _marked(text: str) -> tuple[bool, bool]:
    keys = split(text).keys
    return (bool(keys) and keys[0] == MARK, bool(keys) and keys[-1] == MARK)


def _names(text: str) -> set[str]:
    """Words that begin with a capital letter although no sentence begins there."""
    words = split(text)
    found = set()
    before = MARK
    for key, start, end in zip(words.keys, words.starts, words.ends, strict=True):
        word = text[start:end]
        if word[0].isupper() and before not in _ENDS and word != "I":
            found.add(word)
        before = key
    return found


class _Entries:
    def __init__(self) -> None:
        self._whole: set[str] = set()
        self._heads: tuple[str, ...] = ()
        self._tails: tuple[str, ...] = ()

    def add(self, entry: str) -> None:
        if entry.startswith("*"):
            self._tails += (entry[1:],)
        elif entry.endswith("*"):
            self._heads += (entry[:-1],)
        else:
            self._whole.add(entry)

    def has(self, word: str) -> bool:
        word = word.replace("’", "'")
        return word in self._whole or word.startswith(self._heads) or word.endswith(self._tails)


@cache
def _sections() -> dict[str, _Entries]:
    found: dict[str, _Entries] = {}
    section: _Entries | None = None
    for line in _LIST.read_text("utf-8").split("\n"):
        if line.startswith("[") and line.endswith("]"):
            section = found.setdefault(line[1:-1], _Entries())
        elif line and not line.startswith("#"):
            if section is None:
                raise FormatError("a word before the first section", where=str(_LIST))
            for entry in line.split():
                section.add(entry)
    return found
