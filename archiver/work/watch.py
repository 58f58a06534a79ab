"""Waiting between two rounds of a watch."""

from __future__ import annotations

import time

from archiver.archive import Entropy

JITTER = 0.1  # of the interval, at most, sooner or later


def rest(seconds: int, entropy: Entropy) -> None:
    """Sleep for about so long. KeyboardInterrupt ends it at once."""
    chance = int.from_bytes(entropy(4), "big") / 2**32
    time.sleep(seconds * (1 - JITTER + 2 * JITTER * chance))
