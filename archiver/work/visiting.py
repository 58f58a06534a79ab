"""One visit to a page as a run makes it: in its turn at the host, and again where that can help."""

from __future__ import annotations

from urllib.parse import urlsplit

from archiver.web.exchange import Visit
from archiver.web.politeness import Politeness
from archiver.work.crew import Hand
from archiver.work.station import Staged
from archiver.work.targets import Target


def visit_politely(hand: Hand, target: Target, politeness: Politeness, attempts: int) -> tuple[Visit, Staged | None]:
    """Visit politely, at most so many times. The hand keeps what the last one brought; or has staged it already, where
    there is nothing to decide about it."""
    host = urlsplit(target.url).netloc
    attempt = 1
    while True:
        with politeness.slot(host):
            found, snapshot = hand.visit(target, attempt)
            found = found.with_attempts(attempt)
        politeness.note_visit(host, found)
        if snapshot is not None or attempt >= attempts or politeness.stop.is_set():
            return found, snapshot
        if not politeness.should_retry(found):
            return found, None
        politeness.stop.wait(politeness.retry_delay(host, attempt))
        attempt += 1
