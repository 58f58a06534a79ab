"""Which language a text is in: by its script, then by its commonest words. Only among the languages that have a word
file; a declared language is believed unless the text speaks clearly against it."""

from __future__ import annotations

import functools
import re
from importlib import resources

from archiver.page.speech.lexicon import LANGUAGES

SAMPLE = 6_000  # characters that are looked at
_SCRIPTS = (
    ("ja", re.compile(r"[\u3041-\u30ff]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ar", re.compile(r"[\u0621-\u064a]")),
    ("he", re.compile(r"[\u05d0-\u05ea]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
)
_OTHER = re.compile(r"[\u0400-\u04ff\u05d0-\u05ea\u0621-\u064a\u3041-\u30ff\u4e00-\u9fff]")
_UKRAINIAN = re.compile(r"[іїєґІЇЄҐ]")
_RUSSIAN = re.compile(r"[ыэъёЫЭЪЁ]")
_WORD = re.compile(r"[^\W\d_]+")


@functools.cache
def _common() -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """(the languages in Latin letters, their commonest words and in which of them each is one): `words/common.txt`."""
    data = (resources.files("archiver.page") / "words" / "common.txt").read_text("utf-8")
    languages: list[str] = []
    found: dict[str, tuple[str, ...]] = {}
    for line in data.split("\n"):
        name, _, words = line.partition(":")
        if words and not name.startswith("#"):
            languages.append(name.strip())
            for word in set(words.split()):
                found[word] = (*found.get(word, ()), name.strip())
    return tuple(languages), found


def guess(text: str, declared: str | None = None) -> str:
    """The code of a language with a word file, or "" if the text is in none of them, as far as one can see."""
    sample = text[:SAMPLE] if len(text) <= 2 * SAMPLE else text[SAMPLE // 2 : SAMPLE // 2 + SAMPLE]
    claimed = (declared or "").replace("_", "-").split("-")[0].lower()
    words = _WORD.findall(sample.lower())
    other = _OTHER.search(sample) is not None
    few = sum(map(len, words)) < 200
    letters = sum(map(str.isalpha, sample)) if other or few else 200
    if letters < 20:
        return claimed if claimed in LANGUAGES else ""
    for language, pattern in _SCRIPTS if other else ():
        share = len(pattern.findall(sample)) / letters
        if share > (0.05 if language == "ja" else 0.4):
            if language == "ru":
                ukrainian, russian = len(_UKRAINIAN.findall(sample)), len(_RUSSIAN.findall(sample))
                if ukrainian == russian and claimed in ("uk", "ru"):
                    return claimed
                return "uk" if ukrainian > russian else "ru"
            return language
    languages, common = _common()
    scores = dict.fromkeys(languages, 0)
    for word in words:
        for language in common.get(word, ()):
            scores[language] += 1
    best = max(scores, key=lambda language: (scores[language], language == claimed))
    if claimed in scores and scores[claimed] * 2 >= scores[best]:
        return claimed
    if claimed and claimed not in scores and claimed not in LANGUAGES and scores[best] < 0.25 * len(words):
        return ""
    return (
        best if scores[best] >= 0.08 * len(words) and scores[best] >= 3 else (claimed if claimed in LANGUAGES else "")
    )
