"""Where the parts of statements stand in a later page: in the article if they are there, else in the whole page.

Places are code points of the page texts. Which words of two texts belong together is archiver.page.align's work, which
of them are a part's is archiver.page.matching's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archiver.page.align import Alignment, align
from archiver.page.matching import Find, Matcher
from archiver.page.rest import Rest
from archiver.page.wording import join, split

LONG = 60_000  # characters; of a longer old text only the surroundings of its statements are looked at
SURROUNDINGS = 1_500  # characters on either side

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Hit:
    """The code points start:end of the new page text. `same`: word for word; `here`: where they are expected; `copy`:
    they stood there before."""

    start: int
    end: int
    same: bool
    here: bool
    copy: bool


class Search:
    """The parts of an old page's statements in a new one. `article`, `new_article`: code points; none: all of it."""

    def __init__(
        self, old: str, article: Sequence[Span], parts: Sequence[Span], new: str, new_article: Sequence[Span]
    ) -> None:
        self._text, self._new = old, new
        self._article = bool(article)
        low, high = hull((*article, *parts)) if article else (0, len(old))
        self._words = join([split(old, *span) for span in _around(old, low, high, parts)])
        self._spans = [self._words.inside(*span) for span in parts]
        self._parts = parts
        self._rest: Rest | None = None
        whole = (0, len(new))
        zone = hull(new_article) if new_article else whole
        self.hits = self._look(zone, zone)
        if zone != whole and not all(hit is not None and hit.same and hit.here for hit in self.hits):
            elsewhere = self._look(whole, zone)
            self.hits = [_better(one, other) for one, other in zip(self.hits, elsewhere, strict=True)]

    def _look(self, zone: Span, article: Span) -> list[Hit | None]:
        """Find all parts in a stretch of the new text. If several seem to have moved, it may be other text that did,
        past them: the simpler story counts, unless it has nothing move at all."""
        new = split(self._new, *zone)
        wanted = [n for n, span in enumerate(self._spans) if span[0] < span[1]]
        self._alignment = align(self._words, new, [self._spans[n] for n in wanted])
        hits = self._find(self._alignment, wanted, article)
        if (moved := sum(map(is_moved, hits))) > 1:
            other = align(self._words, new, [])
            others = self._find(other, wanted, article)
            if 0 < sum(map(is_moved, others)) < moved:
                self._alignment, hits = other, others
        return hits

    def _find(self, alignment: Alignment, wanted: Sequence[int], article: Span) -> list[Hit | None]:
        finds = Matcher(alignment, [self._spans[n] for n in wanted]).settle()
        hits = [self._without_words(n) for n in range(len(self._spans))]
        for n, find in zip(wanted, finds, strict=True):
            if find is not None:
                hits[n] = self._hit(n, find, alignment, article)
        return hits

    def _without_words(self, n: int) -> Hit | None:
        """Where a part stands that has nothing visible in it, or nothing but white space."""
        first, after = self._spans[n]
        exact = self._text[slice(*self._parts[n])]
        at = self._new.find(exact) if first >= after and exact else -1
        return Hit(at, at + len(exact), True, True, False) if at >= 0 else None

    def _hit(self, n: int, find: Find, alignment: Alignment, article: Span) -> Hit | None:
        (a, b), (start, end), new = self._spans[n], self._parts[n], alignment.new
        first, after = new.starts[find.first], new.ends[find.after - 1]
        if find.same:  # a part may begin or end inside a word, or with something invisible
            low, high = first + start - self._words.starts[a], after + end - self._words.ends[b - 1]
            if self._text[start:end] == self._new[max(0, low) : high]:
                first, after = low, high
        if find.here:
            return Hit(first, after, find.same, self._near(alignment, n, article), False)
        # Not all of the old text was looked at: what seems new may have stood there.
        times = self._text.count(self._new[first:after])
        if not find.same and times:
            return None
        return Hit(first, after, find.same, False, find.copy or times > 1)

    def _near(self, alignment: Alignment, n: int, article: Span) -> bool:
        """Whether the landmarks around a part are those of the article, not of a copy elsewhere on the page."""
        a, b = self._spans[n]
        around = [alignment.before[a], alignment.after[b]]
        places = [alignment.new.starts[place] for place in around if 0 <= place < len(alignment.new)]
        return not places or any(article[0] <= place < article[1] for place in places)

    def rest(self) -> Rest:
        """What became of the old text outside the statements."""
        if self._rest is None:
            found = self._alignment
            self._rest = Rest(found.old, found.old_ids, self._parts, found.new_ids)
            if self._rest.share is None and self._article:
                whole = align(split(self._text), split(self._new), [])
                self._rest = Rest(whole.old, whole.old_ids, self._parts, whole.new_ids)
        return self._rest


def _around(text: str, low: int, high: int, parts: Sequence[Span]) -> list[Span]:
    """The stretches of text[low:high] that need to be looked at: all of it, or of a long one the surroundings of the
    parts."""
    if high - low <= LONG:
        return [(low, high)]
    found: list[Span] = []
    for start, end in sorted(parts):
        first, after = max(low, start - SURROUNDINGS), min(high, end + SURROUNDINGS)
        blank = text.find(" ", first, start)  # no word is cut in two, if it can be helped
        first = blank if first > low and blank >= 0 else first
        blank = text.rfind(" ", end, after)
        after = blank if after < high and blank >= 0 else after
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(after, found[-1][1]))
        else:
            found.append((first, after))
    return found


def is_moved(hit: Hit | None) -> bool:
    """Whether a part was found word for word at another place, where it did not stand before."""
    return hit is not None and hit.same and not hit.here and not hit.copy


def _better(article: Hit | None, page: Hit | None) -> Hit | None:
    """What was found in the article, or in the whole page: a part that was altered in the article stays altered, though
    a copy stand elsewhere."""
    if article is None or (page is not None and page.here and not article.here and (page.same or not article.same)):
        return page
    return article


def hull(spans: Sequence[Span]) -> Span:
    """From the first of them to the last."""
    return min(low for low, _ in spans), max(high for _, high in spans)
