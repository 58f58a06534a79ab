"""Waiting between two rounds of a watch."""

from __future__ import annotations

import time

from archiver.archive import Entropy

JITTER = 0.1  # of the interval, at most, sooner or later, so that no site sees a clock


def interval(seconds: int, entropy: Entropy) -> float:
    """About so long, a little more or less each time."""
    chance = int.from_bytes(entropy(4), "big") / 2**32
    return seconds * (1 - JITTER + 2 * JITTER * chance)


def rest(seconds: float) -> None:
    """Sleep for so long. KeyboardInterrupt ends it at once."""
    time.sleep(seconds)
