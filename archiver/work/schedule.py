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
from archiver.errors import ArchiverError, UsageError
from archiver.page.compare import INSTEAD
from archiver.store.settings import RecheckRule
from archiver.work.lives import Life, is_conclusive, lives, verdicts_of

FIRST, LAST = 0.25, 8.0  # intervals until a visit after the first unknown one, and at most


@dataclass(frozen=True, slots=True)
class Due:
    """A page and when it is due, UTC. `unknown`: how many visits in a row told nothing."""

    life: Life
    at: datetime
    unknown: int


def due(archive: Archive) -> list[Due]:
    """The pages whose time has come, the longest overdue first. Raises UsageError where archive.yaml gives no
    intervals."""
    rules = archive.settings.recheck
    if not rules:
        raise UsageError(
            "archive.yaml does not say how often pages are visited again",
            hint='add: recheck: [{pattern: "*", every: 1d}]',
        )
    now = _moment(archive.clock())
    found = [item for life in lives(archive).values() if (item := schedule(archive, life, rules)) is not None]
    return sorted((item for item in found if item.at <= now), key=lambda item: item.at)


def schedule(archive: Archive, life: Life, rules: Sequence[RecheckRule]) -> Due | None:
    """When a page is due; None if never, or if nothing in it can be compared."""
    every = interval(life.url, rules)
    good = [item for item in life.captures if item.found is not None and item.found.kind not in INSTEAD]
    if every is None or not any(item.found is not None and item.found.statements for item in good):
        return None
    known = max(_moment(item.snapshot.manifest.time) for item in good)
    unknown: list[datetime] = []
    for recheck in life.visits():
        at = _moment(recheck.item.manifest.time)
        try:
            conclusive = is_conclusive(verdicts_of(archive, recheck))
        except ArchiverError:
            continue
        if conclusive:
            known = max(known, at)
        else:
            unknown.append(at)
    visits = {at for at in unknown if at > known}
    if not visits:
        return Due(life, known + timedelta(seconds=every), 0)
    wait = min(FIRST * 2.0 ** min(len(visits) - 1, 16), LAST) * every
    return Due(life, max(visits) + timedelta(seconds=wait), len(visits))


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


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
