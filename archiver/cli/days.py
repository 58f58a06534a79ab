"""Days on the command line: `--from 2026-11-01 --to 2026-11-23`, both included, in UTC."""

from __future__ import annotations

import datetime
import re

from archiver.errors import UsageError

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def day(text: str | None, option: str, more: int) -> str | None:
    """The beginning of a day in UTC, or of the one so many days after it. Raises UsageError."""
    if text is None:
        return None
    try:
        if not _DAY.fullmatch(text):
            raise ValueError
        found = datetime.date.fromisoformat(text) + datetime.timedelta(days=more)
    except (ValueError, OverflowError):
        raise UsageError(f"{option} {text}: give a day like 2026-11-23") from None
    return f"{found.isoformat()}T00:00:00.000Z"
