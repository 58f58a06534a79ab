"""Lengths of time as people write them: `30m`, `6h`, `2d`, `1w`.

Specimen: seconds_of("6h") is 21600, spell(21600) is "6h".
"""

from __future__ import annotations

import re

from archiver.errors import UsageError

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
MOST = 10 * 365 * 86_400  # seconds
_INTERVAL = re.compile(r"([1-9][0-9]{0,8}) ?([smhdw])", re.ASCII)


def seconds_of(text: str) -> int:
    """The seconds in an interval. Raises UsageError."""
    match = _INTERVAL.fullmatch(text.strip())
    seconds = int(match[1]) * UNITS[match[2]] if match is not None else 0
    if not 0 < seconds <= MOST:
        raise UsageError(f"{text[:40]!r} is no length of time", hint="for example 30m, 6h, 2d or 1w")
    return seconds


def spell(seconds: int) -> str:
    """The shortest spelling of so many seconds."""
    unit = next(unit for unit, size in reversed(UNITS.items()) if seconds % size == 0)
    return f"{seconds // UNITS[unit]}{unit}"
