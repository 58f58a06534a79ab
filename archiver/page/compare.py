"""Whether each statement of an earlier page still stands on a later one. Pure: two pages in, verdicts out.

    verbatim      the same characters, at their place in the text
    moved         the same words (typography aside) at another place of the page
    typographic   the same words at their place; quotation marks, dashes, white space differ (archiver.page.typography)
    reworded      other words stand for them; what changed is in the diff, what it touches in the signs
    removed       the words are gone, and the rest of the article is there
    page-gone     the server says that there is no page (404, 410)
    unknown       nothing can be said, and why: no answer, blocked, challenge, consent wall, paywall, error, no text,
                  cut off, or most of the article's other text is gone too

Nothing is claimed that the page does not show: `verbatim`, `moved` and `typographic` are equalities, checked character
by character, and a page that somebody put in the article's place never makes a loss. Words that are found on such a
page (the free beginning before a paywall) count all the same. Where the article's text is not there, its copy in the
page's JSON-LD counts; where the text is there, that copy counts for nothing, for it is often older.

The words are looked for in the article first, then in the whole page. Near linear in both texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from archiver.model.statement import StatementRecord
from archiver.page.attribution import AttributionChange, Later, changes
from archiver.page.locate import Hit, Search
from archiver.page.signs_of_change import signs_of
from archiver.page.typography import same_words
from archiver.page.wording import Diff, changed

VERSION = "compare/1"
Name = Literal["verbatim", "moved", "typographic", "reworded", "removed", "page-gone", "unknown"]
NAMES: tuple[str, ...] = get_args(Name)
STANDS = frozenset({"verbatim", "moved", "typographic"})
INTACT = 0.5  # share of the article's other text that must be there for a loss to be one

GONE = frozenset({404, 410})
# Kinds of page (archiver.page.kind) that stand where an article was asked for: what is missing there is not removed.
INSTEAD = frozenset(
    {"error", "challenge", "consent wall", "paywall", "soft 404", "redirect", "empty", "script only", "not html"}
    | {"not read", "no response"}
)


@dataclass(frozen=True, slots=True)
class Page:
    """What was read of one visit. `text`: its page text; `article`: the code points of it that are the article (none:
    all of it); `statements`: what was found in it. `kind`, `reasons`: what the page turned out to be; `status`: of the
    response. `complete`: it was not cut off. `data`: the article's text as the page's JSON-LD gives it."""

    text: str
    article: tuple[tuple[int, int], ...] = ()
    statements: tuple[StatementRecord, ...] = ()
    kind: str = "article"
    reasons: tuple[str, ...] = ()
    status: int | None = 200
    complete: bool = True
    data: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part was found: code points of the new page text; None: in its JSON-LD. `exact`: the words there."""

    text: tuple[int, int] | None
    exact: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one statement. `places`: one for each of its parts, None where it was not found. `diff`, `signs`:
    what changed in the words; `attribution`: what changed in who is said to have said them."""

    id: str
    verdict: Name
    reason: str | None
    places: tuple[Place | None, ...]
    diff: Diff = ()
    signs: tuple[str, ...] = ()
    attribution: tuple[AttributionChange, ...] = ()


def compare(old: Page, new: Page) -> tuple[Verdict, ...]:
    """A verdict for each statement of the old page, in their order. Deterministic."""
    if is_gone(new.status, new.kind):
        why = new.reasons[0] if new.reasons else f"the server answered {new.status}"
        return tuple(_without_places(item, "page-gone", why) for item in old.statements)
    if not old.statements:
        return ()
    parts = [part.text for item in old.statements for part in item.parts]
    search = Search(old.text, old.article, parts, new.text, new.article)
    judge = _Judge(new, search, Later(old.text, new.text, new.statements))
    verdicts = []
    at = 0
    for item in old.statements:
        verdicts.append(judge.judge(item, search.hits[at : at + len(item.parts)]))
        at += len(item.parts)
    return tuple(verdicts)


def is_gone(status: int | None, kind: str) -> bool:
    """Whether the server itself says that there is no page. A gatekeeper's 404 is not the server's."""
    return status in GONE and kind != "challenge"


def _without_places(item: StatementRecord, verdict: Name, reason: str) -> Verdict:
    return Verdict(item.id, verdict, reason, (None,) * len(item.parts))


class _Judge:
    """Verdicts on one new page."""

    def __init__(self, new: Page, search: Search, later: Later) -> None:
        self._new, self._search, self._later = new, search, later
        self._doubt: str | None = None
        self._asked = False

    def judge(self, item: StatementRecord, hits: Sequence[Hit | None]) -> Verdict:
        """The verdict on one statement whose parts were found there."""
        found = [self._place(hit) for hit in hits]
        exact = [part.exact for part in item.parts]
        same = [place is not None and same_words(words, place.exact) for words, place in zip(exact, found, strict=True)]
        if all(same):
            return self._stands(item, exact, [hit for hit in hits if hit is not None], found)
        if all(found) and self._is_whole():
            return self._reworded(item, exact, found)
        doubt = self._why_not(item)
        if doubt is not None:
            return self._from_data(item, exact) or _without_places(item, "unknown", doubt)
        if all(hit is None or (hit.copy and not hit.here) for hit in hits):
            return _without_places(item, "removed", self._rest())
        return self._reworded(item, exact, found)

    def _place(self, hit: Hit | None) -> Place | None:
        return None if hit is None else Place((hit.start, hit.end), self._new.text[hit.start : hit.end])

    def _stands(self, item: StatementRecord, exact: list[str], hits: list[Hit], found: list[Place | None]) -> Verdict:
        words = [place.exact for place in found if place is not None]
        verdict: Name = "verbatim" if words == exact else "typographic"
        reason = None
        if not all(hit.here for hit in hits):
            copies = all(hit.copy for hit in hits if not hit.here)
            reason = "a copy of it elsewhere on the page still stands" if copies else "it stands at another place"
            reason += ", with another typography" if verdict == "typographic" else ""
            verdict = "moved"
        diff = changed(item.text, " ".join(words)) if words != exact else ()
        who = changes(item, words_at(found), self._later)
        return Verdict(item.id, verdict, reason, tuple(found), diff, (), who)

    def _reworded(self, item: StatementRecord, exact: list[str], found: list[Place | None]) -> Verdict:
        words = " ".join(place.exact for place in found if place is not None)
        lost = sum(place is None for place in found)
        reason = f"{lost} of its {len(exact)} parts are gone" if lost else None
        who = changes(item, words_at(found), self._later)
        signs = signs_of(item.text, words)
        return Verdict(item.id, "reworded", reason, tuple(found), changed(item.text, words), signs, who)

    def _is_whole(self) -> bool:
        """Whether this is the page that was asked for, as far as the visit itself can tell."""
        return self._new.kind not in INSTEAD and self._new.complete

    def _why_not(self, item: StatementRecord) -> str | None:
        """Why what is missing on this page is not known to be removed; None if it is."""
        if not self._asked:
            self._asked = True
            self._doubt = self._find_doubt()
        if self._doubt is None and self._search.rest().breaks_off(item.parts[-1].text[1]):
            return "the article breaks off before the place of it"
        return self._doubt

    def _find_doubt(self) -> str | None:
        new = self._new
        if new.kind in INSTEAD:
            return f"{new.kind}: {new.reasons[0]}" if new.reasons else new.kind
        if not new.complete:
            return "cut off: the response did not arrive whole"
        if not new.text:
            return "empty: the page has no text"
        share = self._search.rest().share
        if share is None:
            return "there is too little other text to know the article by"
        if share < INTACT:
            return f"most of the article's other text is gone too ({1 - share:.0%})"
        return None

    def _rest(self) -> str:
        share = self._search.rest().share
        return f"the words are gone; of the article's other text {share or 0:.0%} is there"

    def _from_data(self, item: StatementRecord, exact: list[str]) -> Verdict | None:
        """The article's text as the page tells it to machines, where it is not shown."""
        for text in self._new.data:
            if all(words in text for words in exact):
                places = tuple(Place(None, words) for words in exact)
                return Verdict(item.id, "verbatim", "only in the page's JSON-LD, not in what it shows", places)
        return None


def words_at(found: Sequence[Place | None]) -> list[tuple[int, int]]:
    """The ranges of places in the page text."""
    return [place.text for place in found if place is not None and place.text is not None]
