"""The expressions of Japanese and Chinese, and what is known of a run from the text around it."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from archiver.page.speech.lexicon import Lexicon, load

MAX_AROUND = 80  # characters beside a run that are looked at
_STOPS = "。！？!?；\n"


@dataclass(frozen=True, slots=True)
class Said:
    """Who says a run, by which cue, and the circumstances. Spans are places in the text.

    `before`: the cue stands before the run; `whole`: it is an utterance of its own; `same`: without a subject of its
    own it has that of the statement before."""

    cue: tuple[int, int]
    subject: tuple[int, int] | None
    before: bool
    whole: bool
    via: str | None = None
    addressee: str | None = None
    when: str | None = None
    where: str | None = None
    same: bool = False


@dataclass(frozen=True, slots=True)
class Patterns:
    """The expressions of one language."""

    cue: re.Pattern[str]
    title: re.Pattern[str]
    media: re.Pattern[str]
    work: re.Pattern[str]
    according: re.Pattern[str]
    denial: re.Pattern[str]
    role: re.Pattern[str]
    so_called: re.Pattern[str]


_SECTIONS = ("say", "title", "media", "work", "according", "denial", "role", "so_called")


@functools.cache
def patterns(language: str) -> Patterns:
    """The expressions of `words/<language>.txt`."""
    lexicon = load(language)
    return Patterns(*(_any(lexicon, name) for name in _SECTIONS))


def _any(lexicon: Lexicon, section: str) -> re.Pattern[str]:
    listed = set(lexicon.lists.get(section, ()))
    if lexicon.language == "ja":
        listed |= {entry[:-1] + "する" for entry in listed if entry.endswith("し") and len(entry) > 2}
    entries = sorted(listed, key=lambda entry: (-len(entry), entry))
    return re.compile("|".join(map(re.escape, entries)) or r"(?!)")


def sentence_start(text: str, start: int, at: int) -> int:
    """Where the sentence begins that goes on at `at`, at most 240 characters before."""
    for i in range(at - 1, max(start, at - 3 * MAX_AROUND) - 1, -1):
        if text[i] in _STOPS:
            return i + 1
    return max(start, at - 3 * MAX_AROUND)
