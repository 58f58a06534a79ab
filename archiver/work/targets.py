"""What to capture: URLs and local files from the command line, a list or a CSV file, each once.

A list has one target a line; `#` begins a comment. A CSV file has a header with `url` and any of `case`, `note`,
`tags` (separated by blanks). Other columns are refused, so that a misspelt one is never dropped in silence.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from archiver.errors import FormatError, UsageError
from archiver.web.addresses import normalise_url

COLUMNS = ("url", "case", "note", "tags")
MAX_TARGETS = 5_000_000
MAX_LINE = 20_000  # characters; a URL of more is refused anyway


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to capture. `path` for a local file, else `url` is absolute and normalised."""

    as_given: str
    url: str
    path: str | None = None
    case: str | None = None
    note: str | None = None
    tags: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What makes two targets the same."""
        return self.path or self.url


def target_of(text: str, case: str | None = None, note: str | None = None, tags: tuple[str, ...] = ()) -> Target:
    """A target from what a person typed. Raises UsageError for neither a URL nor a file."""
    text = text.strip()
    if not text:
        raise UsageError("an empty address")
    if text.lower().startswith("file:"):
        raise UsageError(f"{text}: give a local file by its path, without file:")
    if "://" not in text:
        path = Path(text)
        if path.is_dir():
            raise UsageError(f"{text} is a folder", hint="give single files, or a list of them by --from")
        if path.exists():
            resolved = path.resolve()
            return Target(text, resolved.as_uri(), str(resolved), case, note, tags)
        if text.startswith((".", "/", "~")) or "." not in text.split("/")[0] or _looks_like_file(text):
            raise UsageError(f"{text}: there is no such file, and it is no web address", hint="https://… for a page")
    return Target(text, normalise_url(text), None, case, note, tags)


def _looks_like_file(text: str) -> bool:
    return "/" not in text and text.lower().endswith((".html", ".htm", ".txt", ".pdf", ".mhtml", ".jpg", ".png", ".mp4"))


def parse_list(data: str, where: str) -> list[Target]:
    """Targets from a list or CSV file. Raises FormatError naming the line."""
    first = next((line for line in data.split("\n") if line.strip()), "")
    header = [cell.strip().lower() for cell in first.lstrip("\ufeff").split(",")]
    if "url" in header:
        return _parse_csv(data.lstrip("\ufeff"), where)
    found = []
    for number, line in enumerate(data.lstrip("\ufeff").split("\n"), 1):
        line = line.strip()
        if line and not line.startswith("#"):
            found.append(_at_line(line, where, number, None, None, ()))
    return found


def _parse_csv(data: str, where: str) -> list[Target]:
    found = []
    try:
        rows = csv.DictReader(io.StringIO(data), strict=True)
        names = [name.strip().lower() for name in rows.fieldnames or ()]
        unknown = sorted(set(names) - set(COLUMNS))
        if unknown:
            raise FormatError(f"columns {', '.join(unknown)} are unknown; there are {', '.join(COLUMNS)}", where=where)
        rows.fieldnames = names
        for row in rows:
            if row.get("url", "").strip():
                tags = tuple((row.get("tags") or "").split())
                found.append(
                    _at_line(row["url"], where, rows.line_num, row.get("case") or None, row.get("note") or None, tags)
                )
    except csv.Error as error:
        raise FormatError(f"not readable as CSV: {error}", where=where) from None
    return found


def _at_line(
    text: str, where: str, number: int, case: str | None, note: str | None, tags: tuple[str, ...]
) -> Target:
    if len(text) > MAX_LINE:
        raise FormatError(f"line {number} has more than {MAX_LINE} characters", where=where)
    try:
        return target_of(text, case, note, tags)
    except UsageError as error:
        raise FormatError(f"line {number}: {error.message}", where=where, hint=error.hint) from None


def unique(targets: Iterable[Target]) -> tuple[list[Target], int]:
    """Each target once, in the order given, and how many repeats were left out."""
    seen: dict[str, Target] = {}
    count = 0
    for target in targets:
        count += 1
        seen.setdefault(target.key, target)
    return list(seen.values()), count - len(seen)
