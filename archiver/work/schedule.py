"""Which pages are due for another visit, by the intervals in archive.yaml.

due at   the last time that something was known of the page (a capture, a conclusive recheck) and its interval
after    visits that ended unknown: a quarter of the interval after the last, doubled by each further one, until it
         is eight intervals: a page that cannot be reached is tried again soon at first, and rarely in the end
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from archiver.archive import Archive
from archiver.errors import UsageError
from archiver.store.index_pages import PageTimes
from archiver.store.settings import RecheckRule
from archiver.work.lives import Life
from archiver.work.pages import Pages, good

FIRST, LAST = 0.25, 8.0  # intervals until a visit after the first unknown one, and at most


@dataclass(frozen=True, slots=True)
class Due:
    """A page and when it is due, UTC. `unknown`: how many visits in a row told nothing."""

    url: str
    at: datetime
    unknown: int


def due(archive: Archive, pages: Pages) -> list[Life]:
    """The pages whose time has come, the longest overdue first. Raises UsageError where archive.yaml gives no
    intervals."""
    rules = archive.settings.recheck
    if not rules:
        raise UsageError(
            "archive.yaml does not say how often pages are visited again",
            hint='add: recheck: [{pattern: "*", every: 1d}]',
        )
    now = moment(archive.clock())
    found = [item for page in pages.times() if not page.aside and (item := schedule(page, rules)) is not None]
    chosen = sorted((item for item in found if item.at <= now), key=lambda item: item.at)
    return [life for item in chosen if (life := pages.life(item.url)) is not None]


def schedule(page: PageTimes, rules: Sequence[RecheckRule]) -> Due | None:
    """When a page is due; None if never, or if nothing in it can be compared."""
    every = interval(page.url, rules)
    captures = good(page)
    if every is None or not any(seen.statements for seen in captures):
        return None
    known = max(moment(seen.time) for seen in captures)
    known = max([known, *(moment(time) for time, told in page.visits if told)])
    unknown = {at for time, told in page.visits if told is False and (at := moment(time)) > known}
    if not unknown:
        return Due(page.url, known + timedelta(seconds=every), 0)
    wait = min(FIRST * 2.0 ** min(len(unknown) - 1, 16), LAST) * every
    return Due(page.url, max(unknown) + timedelta(seconds=wait), len(unknown))


def interval(url: str, rules: Sequence[RecheckRule]) -> int | None:
    """Seconds between two visits, by the first rule that fits the address; None: never."""
    bare = url.split("://", 1)[-1]
    for rule in rules:
        pattern = _pattern(rule.pattern)
        if pattern.fullmatch(url) or pattern.fullmatch(bare):
            return rule.every
    return None


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    """Runs of `*` stand for anything. Possessive pieces, so that no pattern takes long."""
    pieces = [re.escape(piece) for piece in re.split(r"\*+", text)]
    return re.compile(pieces[0] + "".join(f"(?>.*?{piece})" for piece in pieces[1:-1]) + _tail(pieces), re.DOTALL)


def _tail(pieces: list[str]) -> str:
    return f".*{pieces[-1]}" if len(pieces) > 1 else ""


def moment(text: str) -> datetime:
    """A time as manifests spell it."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
