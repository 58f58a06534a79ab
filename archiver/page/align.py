"""Which words of an old text stand where in a new one: runs of words that both have, in the order that most kept.

    old   A B C D [E F] G H I J          the statement E F
    new   A B C D [E x F] G H I J        every old word has a place, E F two with something between them

Near linear whatever the texts are: runs that stand in too many places are no landmarks, and what lies between two
landmarks is compared word by word only while it is small. Landmarks are taken from outside the statements where there
are enough of them, so that it is the statements that count as moved, not the article around one long statement.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from archiver.page.wording import MAX_CELLS, Words, blocks

RUN = 4  # words of a landmark
MANY = 8  # a run that stands in more places than this is no landmark
ENOUGH = 8  # landmarks outside the statements; with fewer, their own words count too
Landmark = tuple[int, list[int]]  # a run's place in the old text, its places in the new one from right to left
EDGE = 2_000  # words at either end of a long stretch that are compared although the whole is too long


@dataclass(frozen=True, slots=True)
class Alignment:
    """`places`: for each old word the new word that it became, or -1; rising. `before`, `after`: for each old word, and
    one past the last, the new words of the landmarks around it: its place lies between them. `old_ids`, `new_ids`: the
    words as numbers; a word that the old text does not have is 0."""

    old: Words
    new: Words
    old_ids: list[int]
    new_ids: list[int]
    places: list[int]
    before: list[int]
    after: list[int]


def align(old: Words, new: Words, statements: Iterable[tuple[int, int]]) -> Alignment:
    """Align two texts. `statements`: ranges of old words."""
    numbers: dict[str, int] = {}
    old_ids = [numbers.setdefault(key, len(numbers) + 1) for key in old.keys]
    get = numbers.get
    new_ids = [get(key, 0) for key in new.keys]
    inside = bytearray(len(old_ids))
    for first, after in statements:
        inside[first:after] = b"\1" * (after - first)
    places = _placed(_best_landmarks(old_ids, new_ids, inside), len(old_ids))
    before, behind = _around(places, len(new_ids))
    _fill(places, old_ids, new_ids)
    return Alignment(old, new, old_ids, new_ids, places, before, behind)


def _placed(landmarks: list[Landmark], count: int) -> list[int]:
    """The places of the words of the landmarks that kept their order, -1 for all others."""
    places = [-1] * count
    last = -1
    for i, j in _chain(landmarks):
        for step in range(RUN):
            if places[i + step] < 0 and j + step > last:
                places[i + step] = last = j + step
    return places


def _best_landmarks(old_ids: list[int], new_ids: list[int], inside: bytearray) -> list[Landmark]:
    """Runs that stand once in the old text, outside the statements; if these are too few, more."""
    everywhere = range(len(old_ids) - RUN + 1)
    landmarks = _landmarks(old_ids, new_ids, everywhere, 1)
    outside = [landmark for landmark in landmarks if inside.find(1, landmark[0], landmark[0] + RUN) < 0]
    if len(outside) >= ENOUGH:
        return outside
    return landmarks if len(landmarks) >= ENOUGH else _landmarks(old_ids, new_ids, everywhere, MANY)


def _landmarks(old_ids: list[int], new_ids: list[int], starts: Iterable[int], most: int) -> list[Landmark]:
    """The runs of words that are in both texts, and in the old one at `most` times."""
    runs: dict[tuple[int, ...], list[int]] = {}
    for i in starts:
        runs.setdefault(tuple(old_ids[i : i + RUN]), []).append(i)
    found: dict[tuple[int, ...], list[int]] = {run: [] for run, places in runs.items() if len(places) <= most}
    for j, run in enumerate(zip(*(new_ids[step:] for step in range(RUN)), strict=False)):
        if run in found:
            places = found[run]
            if len(places) <= MANY:
                places.append(j)
    pairs = []
    for run, places in found.items():
        if 0 < len(places) <= MANY:
            pairs += [(i, places[::-1]) for i in runs[run]]
    pairs.sort()
    return pairs


def _chain(pairs: list[Landmark]) -> list[tuple[int, int]]:
    """The longest series of pairs in which both places rise (Hunt and Szymanski: patience over all pairs)."""
    tops: list[int] = []  # the lowest new place that ends a series of that length
    ends: list[int] = []  # and the number of its pair
    links: list[tuple[int, int, int]] = []  # old place, new place, number of the pair before
    for i, places in pairs:
        for j in places:  # from right to left, so that one old place enters a series once
            at = bisect_left(tops, j)
            links.append((i, j, ends[at - 1] if at else -1))
            if at == len(tops):
                tops.append(j)
                ends.append(len(links) - 1)
            else:
                tops[at], ends[at] = j, len(links) - 1
    chain = []
    number = ends[-1] if ends else -1
    while number >= 0:
        i, j, number = links[number]
        chain.append((i, j))
    return chain[::-1]


def _around(places: list[int], count: int) -> tuple[list[int], list[int]]:
    """For each old word, and one past the last: the last new word of a landmark before it, the first one from it on."""
    before, latest = [-1] * (len(places) + 1), -1
    for i, place in enumerate(places):
        before[i] = latest
        latest = max(latest, place)
    before[-1] = latest
    after, latest = [count] * (len(places) + 1), count
    for i in range(len(places) - 1, -1, -1):
        latest = places[i] if places[i] >= 0 else latest
        after[i] = latest
    return before, after


def _fill(places: list[int], old_ids: list[int], new_ids: list[int], *, again: bool = True) -> None:
    """Give places to the words between landmarks. `again`: a stretch that is too long may have landmarks of its own."""
    i = 0
    while i < len(places):
        if places[i] >= 0:
            i += 1
            continue
        end = i
        while end < len(places) and places[end] < 0:
            end += 1
        low = places[i - 1] + 1 if i else 0
        high = places[end] if end < len(places) else len(new_ids)
        if low < high:
            stretch = _stretch(old_ids[i:end], new_ids[low:high], again=again)
            places[i:end] = [place + low if place >= 0 else -1 for place in stretch]
        i = end


def _stretch(old: list[int], new: list[int], *, again: bool) -> list[int]:
    """The places of a stretch's words in another; of one that is too long, those at landmarks or at its ends."""
    places = [-1] * len(old)
    found: list[tuple[int, int, int]] = []
    if len(old) * len(new) <= MAX_CELLS:
        found = blocks(old, new)
    elif again:
        places = _placed(_landmarks(old, new, range(len(old) - RUN + 1), MANY), len(old))
        _fill(places, old, new, again=False)
    else:
        size = min(EDGE, len(old) // 2, len(new) // 2)
        to_old, to_new = len(old) - size, len(new) - size
        found = blocks(old[:size], new[:size])
        found += [(i + to_old, j + to_new, n) for i, j, n in blocks(old[to_old:], new[to_new:])]
    for i, j, length in found:
        places[i : i + length] = range(j, j + length)
    return places
