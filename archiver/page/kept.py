"""Which words of a new text are words of the old one that kept their order, and where they leave room for others."""

from __future__ import annotations

from collections.abc import Sequence

from archiver.page.align import Alignment

NO_CHANCE = 3  # words in a row that are old ones
MANY = 256  # places of a word that are looked at


def runs_of(words: list[int], index: dict[int, list[int]], text: list[int]) -> list[int]:
    """Where a run of words begins in a text, as far as its rarest word of those in the index shows."""
    known = [step for step, word in enumerate(words) if word in index]
    if not known:
        return []
    rarest = min(known, key=lambda step: len(index[words[step]]))
    starts = [place - rarest for place in index[words[rarest]][:MANY]]
    return [start for start in starts if start >= 0 and text[start : start + len(words)] == words]


def kept(places: Sequence[int]) -> tuple[set[int], dict[int, int]]:
    """The new words that are old ones; and those of them in a run that is no chance, with the old word of each."""
    found: set[int] = set()
    solid: dict[int, int] = {}
    run: list[int] = []
    for i, place in enumerate([*places, -1]):
        if place >= 0:
            found.add(place)
        if run and (place < 0 or place != places[run[-1]] + 1):
            if len(run) >= NO_CHANCE:
                solid.update((places[old], old) for old in run)
            run = []
        if place >= 0:
            run.append(i)
    return found, solid


def slots(alignment: Alignment, solid: dict[int, int]) -> tuple[list[int], list[int]]:
    """For each old word, and one past the last: the last new word before it, the first one from it on, that is an old
    word and no chance."""
    places = alignment.places
    before, latest = list(alignment.before), -1
    for i, place in enumerate(places):
        before[i] = max(before[i], latest)
        latest = place if solid.get(place) == i else latest
    before[-1] = max(before[-1], latest)
    after, latest = list(alignment.after), len(alignment.new)
    for i in range(len(places) - 1, -1, -1):
        latest = places[i] if solid.get(places[i]) == i else latest
        after[i] = min(after[i], latest)
    return before, after
