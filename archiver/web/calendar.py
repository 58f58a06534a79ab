"""Asks an OpenTimestamps calendar: to take a digest, and later for the way from it to a block. One question each."""

from __future__ import annotations

from archiver.stamps.opentimestamps import MAX_ANSWER
from archiver.web.ask import Asker, need

ACCEPT = "application/vnd.opentimestamps.v1"


def submit(asker: Asker, url: str, commitment: bytes) -> bytes:
    """A calendar's promise for a digest of 32 bytes, as it came. Raises FetchError, UsageError for a bad address."""
    place = f"{url.rstrip('/')}/digest"
    answer = asker.post(
        place, commitment, content_type="application/x-www-form-urlencoded", accept=ACCEPT, limit=MAX_ANSWER
    )
    return need(answer, place)


def upgrade(asker: Asker, url: str, commitment: bytes) -> bytes | None:
    """What a calendar knows by now of a digest that is pending there; None if it still is. Raises as `submit`."""
    place = f"{url.rstrip('/')}/timestamp/{commitment.hex()}"
    answer = asker.get(place, accept=ACCEPT, limit=MAX_ANSWER)
    return None if answer.status == 404 else need(answer, place)
