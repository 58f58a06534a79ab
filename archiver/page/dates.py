"""Dates and times as pages spell them, and the same in one spelling.

Specimen: "2026-09-15T16:42:00+02:00" is "2026-09-15T14:42:00Z"; "2026-10-11" stays a day; a time without a zone stays
without one, "2026-10-11T09:30:00"; "last Tuesday" is None.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_tz

# ISO 8601 as JSON-LD, OpenGraph and <time> have it, with the liberties that pages take: a space for the T, a comma,
# a zone without colon, "UTC".
_ISO = re.compile(
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})"
    r"(?:[Tt ]{1,2}([0-9]{2}):?([0-9]{2})(?::?([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r" ?(Z|z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?)?",
    re.ASCII,
)
_NO_ZONE = re.compile(r":[0-9]{2}\Z", re.ASCII)
MAX_LENGTH = 100  # characters; what is longer is no date


def normalise(spelled: str) -> str | None:
    """`YYYY-MM-DD`, `YYYY-MM-DDTHH:MM:SS` (zone unknown) or the same in UTC with `Z`; None if it is none of these."""
    text = spelled.strip()
    if not 8 <= len(text) <= MAX_LENGTH:
        return None
    if match := _ISO.fullmatch(text):
        return _iso(match)
    return _mail(text)


def _iso(match: re.Match[str]) -> str | None:
    year, month, day, hour, minute, second, _, zone = match.groups()
    try:
        if hour is None:
            return date(int(year), int(month), int(day)).isoformat()
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), min(int(second or 0), 59))
        if zone is None:
            return moment.isoformat()
        offset = timedelta()
        if zone[0] in "+-":
            digits = zone[1:].replace(":", "")
            offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0)) * (1 if zone[0] == "+" else -1)
        return _utc(moment, offset)
    except (ValueError, OverflowError):
        return None


def _mail(text: str) -> str | None:
    """The date of a mail or an HTTP header: "Tue, 15 Sep 2026 16:42:00 GMT"."""
    try:
        found = parsedate_tz(text)
        if found is None or not 1000 <= found[0] <= 9999:
            return None
        moment = datetime(*found[:5], min(found[5], 59))
        return moment.isoformat() if _NO_ZONE.search(text) else _utc(moment, timedelta(seconds=found[9] or 0))
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def _utc(moment: datetime, offset: timedelta) -> str:
    return moment.replace(tzinfo=timezone(offset)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
