"""Single quotation marks: which of them are apostrophes, primes and decades, and which quote."""

from __future__ import annotations

import re

Marks = list[tuple[int, int, str]]

MAX_MARKS = 400  # that a quotation in single marks may hold
_OPENERS = frozenset({"‘", "'", "‚", "‛", "`", "’"})
_CLOSERS = frozenset({"’", "'", "‘"})
_DECADE = re.compile(r"\d\d(?:s\b|ers?\b|er[- ]|\b(?!\d))")
_ELISION = re.compile(r"(?:em|til|tis|twas|cause|n|bout|round|s|t|d|re|ve|ll|m)\b", re.IGNORECASE)
_DOUBLES = frozenset({'"', "“", "”", "„", "''", "«", "»"})
_BLANKS = frozenset('([{—–-/…:;"“„«')
_STRONG_BEFORE = frozenset(',.?!…”"»)]')
_STRONG_AFTER = frozenset(',.;:?!)”"»]—–')


def _opens(text: str, start: int, end: int, at: int, after: int, mark: str) -> bool:
    if mark not in _OPENERS or after >= end:
        return False
    before = text[at - 1] if at > start else " "
    if not (before.isspace() or before in _BLANKS):
        return False
    following = text[after]
    if not (following.isalnum() or following in '“"«[(…¿¡$£€@#'):
        return False
    elided = mark != "‘" and _ELISION.match(text, after) is not None
    return mark == "‚" or not (elided or _DECADE.match(text, after))


def close(text: str, start: int, end: int, marks: Marks, index: int) -> tuple[int, int, bool] | None:
    """(start of the closing mark, its end, whether there is one) for the mark at `index`, or None: it opens nothing.

    A mark before a blank and after an s may be a genitive (the lads’ night): it closes only if no better one comes
    before the next opening mark. Looks no further than that mark, so that all calls together are linear.
    """
    at, after, mark = marks[index]
    if not _opens(text, start, end, at, after, mark):
        return None
    doubles = 0
    possible: tuple[int, int, bool] | None = None
    for place in range(index + 1, min(index + MAX_MARKS, len(marks))):
        later_at, later_after, later = marks[place]
        if later in _DOUBLES:
            doubles += 1
            continue
        if later == "''":
            break
        if _opens(text, start, end, later_at, later_after, later):
            break
        strength = _strength(text, end, later_at, later_after, later)
        if strength == 0 or doubles % 2:
            continue
        if mark == "’" and strength == 1 and later != "‘":
            continue  # ’So’: usual in few languages; elsewhere it begins with an apostrophe
        found = (later_at, later_after, True)
        if strength == 2:
            return found
        if possible is None:
            possible = found
            if not _may_be_genitive(text, later_at):
                return found
    return possible


def _strength(text: str, end: int, at: int, after: int, mark: str) -> int:
    """0: no closing mark here; 1: perhaps; 2: surely."""
    before = text[at - 1]
    following = text[after] if after < end else " "
    if mark not in _CLOSERS or before.isspace() or following.isalnum() or text[at - 2 : at] in ("’n", "'n", "‘n"):
        return 0
    if before in _STRONG_BEFORE or following in _STRONG_AFTER or after >= end:
        return 2
    return 1


def _may_be_genitive(text: str, at: int) -> bool:
    word = text[max(at - 4, 0) : at]
    return word[-1:] in "sxzS" or word[-2:] == "in"
