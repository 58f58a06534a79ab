"""One visit to a page as a run makes it: in its turn at the host, and again where that can help."""

from __future__ import annotations

from urllib.parse import urlsplit

from archiver.web.exchange import Visit
from archiver.web.politeness import Politeness
from archiver.work.crew import Hand
from archiver.work.targets import Target


def visit_politely(hand: Hand, target: Target, politeness: Politeness, attempts: int) -> Visit:
    """Visit politely, at most so many times. The hand keeps what the last one brought."""
    host = urlsplit(target.url).netloc
    attempt = 1
    while True:
        with politeness.slot(host):
            found = hand.fetch(target).with_attempts(attempt)
        politeness.note_visit(host, found)
        if attempt >= attempts or politeness.stop.is_set() or not politeness.should_retry(found):
            return found
        politeness.stop.wait(politeness.retry_delay(host, attempt))
        attempt += 1
