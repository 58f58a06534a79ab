"""What to capture: URLs and local files from the command line, a list or a CSV file, each once.

A list has one target a line; `#` begins a comment. A CSV file has a header with `url` and any of `case`, `note`,
`tags` (separated by blanks), `quote`, `speaker`, `source_note`; its cells are separated by commas, or by semicolons or
tabs, as spreadsheets of many countries save it. Other columns are refused, so that a misspelt one is never dropped in
silence. A page that stands in several rows is captured once, with the quotes of them all.

    url,case,quote,speaker
    https://site.example/a,Harbour,"We never agreed to that",Ada Quill
    https://site.example/a,Harbour,"The file is gone",
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from archiver.errors import FormatError, StoreError, UsageError
from archiver.web.addresses import normalise_url

COLUMNS = ("url", "case", "note", "tags", "quote", "speaker", "source_note")
MAX_TARGETS = 5_000_000
MAX_LINE = 20_000  # characters; a URL of more is refused anyway
MAX_QUOTE = 20_000  # characters of words that somebody is quoted with
MAX_QUOTES = 1_000  # of one page
DELIMITERS = ",;\t"

_HEADER = re.compile(r'[\w "]+', re.ASCII)
_FILE_ENDINGS = (".html", ".htm", ".txt", ".pdf", ".mhtml", ".jpg", ".png", ".mp4")


@dataclass(frozen=True, slots=True)
class Quote:
    """Words that a person says stand on a page, who they say spoke them, and a note of theirs."""

    words: str
    speaker: str | None = None
    note: str | None = None


def quote_of(words: str, speaker: str | None = None, note: str | None = None) -> Quote:
    """A quote from what a person typed. Raises UsageError for one without words."""
    words = words.strip()
    if len(words) > MAX_QUOTE:
        raise UsageError(f"a quote of more than {MAX_QUOTE:,} characters")
    if not any(character.isalnum() for character in words):
        raise UsageError(f"a quote without words: {words[:60]!r}")
    return Quote(words, (speaker and speaker.strip()) or None, (note and note.strip()) or None)


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to capture. `path` for a local file, else `url` is absolute and normalised. `quotes`: to be pinned."""

    as_given: str
    url: str
    path: str | None = None
    case: str | None = None
    note: str | None = None
    tags: tuple[str, ...] = ()
    quotes: tuple[Quote, ...] = ()

    @property
    def key(self) -> str:
        """What makes two targets the same."""
        return self.path or self.url


def target_of(text: str, case: str | None = None, note: str | None = None, tags: tuple[str, ...] = ()) -> Target:
    """A target from what a person typed. Raises UsageError for neither a URL nor a file, StoreError."""
    text = text.strip()
    if not text:
        raise UsageError("an empty address")
    if text.lower().startswith("file:"):
        raise UsageError(f"{text}: give a local file by its path, without file:")
    if "://" not in text:
        path = _file(text)
        if path is not None:
            return Target(text, path.as_uri(), str(path), case, note, tags)
        if text.startswith((".", "/", "~")) or "." not in text.split("/")[0] or _looks_like_file(text):
            raise UsageError(f"{text}: there is no such file, and it is no web address", hint="https://… for a page")
    return Target(text, normalise_url(text), None, case, note, tags)


def _file(text: str) -> Path | None:
    """The file of that name, whole path; None if there is none."""
    path = Path(text)
    try:
        if path.is_dir():
            raise UsageError(f"{text} is a folder", hint="give single files, or https://… if a page is meant")
        return path.resolve() if path.exists() else None
    except PermissionError as error:
        raise StoreError(f"could not be read: {error.strerror}", where=text) from None
    except (OSError, ValueError):  # too long, or not encodable: no name that a file could have
        return None


def _looks_like_file(text: str) -> bool:
    return "/" not in text and text.lower().endswith(_FILE_ENDINGS)


def parse_list(data: str, where: str) -> list[Target]:
    """Targets from a list or CSV file. Raises FormatError naming the line, StoreError."""
    data = data.removeprefix("\ufeff")
    delimiter = _delimiter(data)
    if delimiter is not None:
        return list(_parse_csv(data, delimiter, where))
    found = []
    for number, line in enumerate(data.split("\n"), 1):
        line = line.strip()
        if line and not line.startswith("#"):
            found.append(_at_line(line, where, number, None, None, ()))
    return found


def _delimiter(data: str) -> str | None:
    """What separates the cells, if the first line is a header; None for a plain list."""
    first = re.match(r"\s*([^\n]*)", data)
    line = "" if first is None else first[1].strip()
    for delimiter in DELIMITERS:
        cells = line.split(delimiter)
        if "url" in map(_name, cells) and all(_HEADER.fullmatch(cell) or not cell for cell in cells):
            return delimiter
    return None


def _name(cell: str) -> str:
    return cell.strip(' "').lower()


def _parse_csv(data: str, delimiter: str, where: str) -> Iterator[Target]:
    rows = csv.reader(io.StringIO(data, newline=""), strict=True, delimiter=delimiter)
    begin = 1
    try:
        names: list[str] = []
        while not any(names):  # lines of blanks before the header
            names = [_name(cell) for cell in next(rows, COLUMNS)]
        _check_columns(names, where)
        begin = rows.line_num + 1
        for cells in rows:
            line, begin = begin, rows.line_num + 1
            if len(cells) > len(names) and any(cell.strip() for cell in cells[len(names) :]):
                raise FormatError(f"line {line} has more cells than the header", where=where, hint="quote the cell")
            row = dict(zip(names, (cell.strip() for cell in cells), strict=False))
            if row.get("url"):
                tags = tuple(row.get("tags", "").split())
                found = _at_line(row["url"], where, line, row.get("case") or None, row.get("note") or None, tags)
                yield replace(found, quotes=_quotes(row, where, line))
            elif any(row.values()):
                raise FormatError(f"line {line} has no url", where=where)
    except csv.Error as error:
        raise FormatError(f"line {begin} is not readable as CSV: {error}", where=where) from None


def _quotes(row: dict[str, str], where: str, line: int) -> tuple[Quote, ...]:
    """The quote of a CSV row, if it has one."""
    if not row.get("quote"):
        odd = [name for name in ("speaker", "source_note") if row.get(name)]
        if odd:
            raise FormatError(f"line {line} has a {odd[0]} and no quote", where=where)
        return ()
    try:
        return (quote_of(row["quote"], row.get("speaker"), row.get("source_note")),)
    except UsageError as error:
        raise FormatError(f"line {line}: {error.message}", where=where) from None


def _check_columns(names: list[str], where: str) -> None:
    unknown = sorted(set(names) - set(COLUMNS) - {""})
    if unknown:
        raise FormatError(f"columns {', '.join(unknown)} are unknown; there are {', '.join(COLUMNS)}", where=where)
    named = [name for name in names if name]
    if len(set(named)) < len(named):
        raise FormatError("a column is there twice", where=where)


def _at_line(text: str, where: str, number: int, case: str | None, note: str | None, tags: tuple[str, ...]) -> Target:
    if len(text) > MAX_LINE:
        raise FormatError(f"line {number} has more than {MAX_LINE} characters", where=where)
    try:
        return target_of(text, case, note, tags)
    except UsageError as error:
        raise FormatError(f"line {number}: {error.message}", where=where, hint=error.hint) from None


def unique(targets: Iterable[Target]) -> tuple[list[Target], int]:
    """Each target once, in the order given, with the quotes of all its repeats; and how many repeats were left out that
    brought no quote of their own. Raises UsageError for too many quotes of one page."""
    seen: dict[str, Target] = {}
    left_out = 0
    for target in targets:
        first = seen.setdefault(target.key, target)
        if first is target:
            continue
        new = tuple(quote for quote in target.quotes if quote not in first.quotes)
        left_out += not new
        if new:
            seen[target.key] = replace(first, quotes=first.quotes + new)
            if len(first.quotes) >= MAX_QUOTES:
                raise UsageError(f"{target.as_given}: more than {MAX_QUOTES:,} quotes of one page")
    return list(seen.values()), left_out
