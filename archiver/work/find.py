"""Finding again: whether words that somebody cites stand in the archive, as they are, altered, or not.

    verbatim            the words of a statement, or of a page's text; quotation marks, dashes, blanks may differ, and
                        the comma or full stop with which a quotation closes; `[…]` in the citation: words left out
    altered             a statement, or else a passage, that is very like them, and the diff from it to them
    not in the archive  neither

The index says where to look (archiver.store.index). What is compared, and shown, is read from the archive's objects. Of
each capture the newest reading counts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rapidfuzz import fuzz

from archiver.archive import Archive
from archiver.errors import ArchiverError, FormatError, UsageError
from archiver.model.statement import StatementRecord, decode_record, split_lines
from archiver.page.passage import Passage, Text, bare, has_words, pieces
from archiver.page.signs_of_change import signs_of
from archiver.page.text import decode_object
from archiver.page.wording import Diff, changed
from archiver.store.index import Filter, Index, Row
from archiver.store.index_fill import Progress
from archiver.store.search_key import key
from archiver.work import look
from archiver.work.decided import MAX_PAGE_TEXT

MAX_WORDS = 20_000  # characters of a citation
MAX_EXACT = 25  # statements that are read from the archive to be compared, a millisecond each
MAX_LIKE = 40
MAX_PAGES = 40
MAX_LIKE_PAGES = 8
_ID = re.compile(rb'\{"archiver":"statement/v1","id":"(s[1-9][0-9]{0,8})",')
CLOSING = ",.、。،"
CLOSING_MARKS = frozenset("”’»“‘›」』\"'")
# Likeness from which words are the other ones, altered; short words are like many (bench/find.py).
LEAST = ((20, 0.85), (60, 0.78), (10**9, 0.70))

Verdict = Literal["verbatim", "altered", "not in the archive"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a citation compares with a text. `passage`: what corresponds to it there; `diff`: from the passage to the
    citation; `likeness`: 0 to 1; `typographic`: only marks, dashes, blanks or the closing sign differ; `signs`: what
    the change touches (archiver.page.signs_of_change)."""

    verdict: Literal["verbatim", "altered"]
    passage: str
    likeness: float
    typographic: bool
    diff: Diff
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """Where the words stand, or words like them. `statement`: None for words of a page's text that are no statement.
    `also`: the same words in other captures of the same page, the latest of which was made at `latest`."""

    ref: str
    capture: look.Capture
    statement: StatementRecord | None
    found: Comparison
    also: tuple[str, ...] = ()
    latest: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The answer. `statements`, `pages`: how many were searched; `unread`: readings that could not be, and why; `fts`:
    whether this SQLite has trigram search; `more`: statements that have the words too, as the index says, and were not
    looked at."""

    citation: str
    verdict: Verdict
    matches: tuple[Match, ...]
    statements: int
    pages: int
    unread: tuple[tuple[int, str], ...]
    fts: bool
    temporary: bool
    more: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person looks for, and where: parts of a speaker's name, of an address or site; times of capture."""

    words: str
    speaker: str | None = None
    site: str | None = None
    since: str | None = None
    until: str | None = None

    def filter(self) -> Filter:
        """The same for the index."""
        speaker = key(self.speaker) if self.speaker is not None else None
        return Filter(speaker, self.site.lower() if self.site is not None else None, self.since, self.until)


def find(archive: Archive, wanted: Wanted, progress: Progress, *, anew: bool = False) -> Found:
    """Look for words in the whole archive; the index is brought up to date first, or made anew. Raises UsageError,
    StoreError, MissingError, FormatError."""
    words = wanted.words.strip()
    if len(words) > MAX_WORDS:
        raise UsageError(f"more than {MAX_WORDS:,} characters")
    if not has_words(words):
        raise UsageError("nothing to look for", hint='archiver find "words that somebody cites"')
    if wanted.speaker is not None and not has_words(wanted.speaker):
        raise UsageError(f"{wanted.speaker!r} is nobody's name")
    for attempt in (1, 2):
        with Index.open(archive.folder, archive.home.indexes, progress=progress, anew=anew or attempt == 2) as index:
            try:
                return _Search(archive, index, wanted, words).go()
            except FormatError:
                if attempt == 2:
                    raise
    raise AssertionError("unreachable")


class _Search:
    """One citation in one index."""

    def __init__(self, archive: Archive, index: Index, wanted: Wanted, words: str) -> None:
        self._archive, self._index = archive, index
        self._filter = wanted.filter()
        self._words = bare(words)
        self._pieces = pieces(words) or [self._words]
        self._keys = [key(piece) for piece in self._pieces]
        self._whole = key(words)
        self._lines: dict[int, dict[str, bytes]] = {}
        self._captures: dict[int, look.Capture] = {}
        self._problems: dict[int, str] = {}
        self._manifests: dict[int, look.Sealed] = {}

    def go(self) -> Found:
        rows = [row for row in self._index.statements_with(self._keys, self._filter) if self._in_order(row)]
        chosen = _various(rows, MAX_EXACT)
        exact = self._compared(chosen)
        verbatim = [match for match in exact if match.found.verdict == "verbatim"] or self._texts()
        altered = [] if verbatim else [match for match in exact if match.found.verdict == "altered"]
        if not verbatim and not altered:
            altered = self._like() or self._like_texts()
        matches = grouped(verbatim or altered)
        verdict: Verdict = "verbatim" if verbatim else "altered" if altered else "not in the archive"
        totals = self._index.totals()
        unread = tuple(sorted({**dict(self._index.unread()), **self._problems}.items()))
        return Found(
            self._words,
            verdict,
            tuple(matches),
            totals.statements,
            totals.pages,
            unread,
            self._index.fts,
            self._index.temporary,
            len(rows) - len(chosen) if verdict == "verbatim" and exact else 0,
        )

    def _in_order(self, row: Row) -> bool:
        at = 0
        for one in self._keys:
            at = row.words.find(one, at)
            if at < 0:
                return False
            at += len(one) - 1
        return True

    def _compared(self, rows: Iterable[Row]) -> list[Match]:
        """Rows of the index as they stand in the archive, compared with the citation."""
        found = []
        for row in sorted(rows, key=lambda row: row.reading):
            record = self._record(row)
            compared = compare_statement(record, self._words, self._pieces) if record is not None else None
            capture = self._capture(row.reading) if compared is not None else None
            if compared is not None and capture is not None:
                found.append(Match(f"{row.reading}#{row.statement}", capture, record, compared))
        return found

    def _record(self, row: Row) -> StatementRecord | None:
        """The statement of a row, from the archive's object; None if that cannot be read."""
        lines = self._lines.get(row.reading)
        if lines is None:
            lines = self._lines[row.reading] = self._statement_lines(row.reading)
        line = lines.get(row.statement)
        if line is None and not lines:
            return None
        try:
            record = decode_record(line) if line is not None else None
        except FormatError as error:
            self._problems[row.reading] = error.message
            return None
        if not isinstance(record, StatementRecord) or key(record.text) != row.words:
            raise self._wrong()
        return record

    def _statement_lines(self, reading: int) -> dict[str, bytes]:
        """The lines of a reading's statements by their ids; none if they cannot be read."""
        try:
            item = self._sealed(reading)
            if item.manifest.event != "reading":
                raise self._wrong()
            lines = split_lines(self._archive.object(item.manifest, "statements", look.MAX_STATEMENTS))
        except ArchiverError as error:
            if error.where == str(self._index.place):
                raise
            self._problems[reading] = error.message
            return {}
        found = {}
        for line in lines[::2]:
            match = _ID.match(line)
            if match is not None:
                found[match[1].decode("ascii")] = line
        return found

    def _capture(self, reading: int) -> look.Capture | None:
        """The capture that a reading is of, with its facts; None if its manifests cannot be read."""
        if reading not in self._captures:
            place = self._index.snapshot_of(reading)
            if place is None:
                raise self._wrong()
            try:
                item, snapshot = self._sealed(reading), self._sealed(place[0])
            except ArchiverError as error:
                self._problems[reading] = error.message
                return None
            if item.manifest.event != "reading" or item.manifest.subject != snapshot.digest:
                raise self._wrong()
            self._captures[reading] = look.joined(self._archive, snapshot, item)
        return self._captures[reading]

    def _sealed(self, number: int) -> look.Sealed:
        if number not in self._manifests:
            self._manifests[number] = look.sealed(self._archive, number)
        return self._manifests[number]

    def _wrong(self) -> FormatError:
        """The index says what the archive does not: it is made anew."""
        return FormatError("the index is not of this archive", where=str(self._index.place))

    def _texts(self) -> list[Match]:
        """The words in page texts, where no statement has them."""
        if self._filter.speaker is not None:
            return []
        found = []
        for reading in self._index.pages_with(self._keys, self._filter, MAX_PAGES):
            found += self._in_page(reading, self._keys, only_verbatim=True)
        return found

    def _like_texts(self) -> list[Match]:
        if self._filter.speaker is not None:
            return []
        found = []
        for reading in self._index.pages_like(self._whole, self._filter, MAX_LIKE_PAGES):
            found += self._in_page(reading, (), only_verbatim=False)
        return _likest(found)

    def _in_page(self, reading: int, keys: Sequence[str], *, only_verbatim: bool) -> list[Match]:
        try:
            item = self._sealed(reading)
            text = decode_object(self._archive.object(item.manifest, "page-text", MAX_PAGE_TEXT))[1]
        except ArchiverError as error:
            self._problems[reading] = error.message
            return []
        if keys and not all(one in key(text) for one in keys):
            return []
        compared = compare(Text(text), self._words, self._pieces)
        if compared is None or (only_verbatim and compared.verdict != "verbatim"):
            return []
        capture = self._capture(reading)
        return [Match(str(reading), capture, None, compared)] if capture is not None else []

    def _like(self) -> list[Match]:
        """The statements that are likest to the citation, if they are like enough."""
        rows = self._index.statements_like(self._whole, self._filter)
        whole = self._whole

        def score(row: Row) -> float:
            ratio = fuzz.partial_ratio if len(whole) <= 1.2 * len(row.words) else fuzz.ratio
            return float(ratio(whole, row.words))

        rows.sort(key=score, reverse=True)
        found = self._compared(rows[:MAX_LIKE])
        return _likest(found)


def _various(rows: Sequence[Row], most: int) -> list[Row]:
    """At most so many rows, the oldest first; of several with the same words (captures of one page) the oldest and the
    newest before the others."""
    if len(rows) <= most:
        return list(rows)
    first, last = {row.words: row for row in reversed(rows)}, {row.words: row for row in rows}
    ranked = dict.fromkeys((*(row for row in rows if first[row.words] is row), *last.values(), *rows))
    return list(ranked)[:most]


def _likest(found: list[Match]) -> list[Match]:
    """Those that are about as like as the likest."""
    best = max((match.found.likeness for match in found), default=0.0)
    return [match for match in found if match.found.likeness >= best - 0.05]


def grouped(matches: Iterable[Match]) -> list[Match]:
    """The likest first, of these the oldest; the same words in several captures of one page as one match."""
    kept: dict[tuple[str, str], Match] = {}
    for match in sorted(matches, key=lambda match: match.capture.snapshot.sequence):
        words = match.statement.text if match.statement is not None else match.found.passage
        first = kept.setdefault((match.capture.url, words), match)
        if first is not match:
            latest = match.capture.snapshot.manifest.time
            kept[match.capture.url, words] = replace(first, also=(*first.also, match.ref), latest=latest)
    return sorted(kept.values(), key=lambda match: -match.found.likeness)


def compare_statement(record: StatementRecord, words: str, parts: Sequence[str]) -> Comparison | None:
    """How a citation compares with what is said in a statement: with its parts as they stand, and without the marks
    around them, for whoever cites two parts as one."""
    if len(record.parts) > 1:
        found = compare(Text(record.text), words, parts)
        if found is not None and found.verdict == "verbatim":
            return found
    spoken = [bare(part.exact) for part in record.parts]
    ends, at = set(), -1
    for part in spoken:
        at += 1 + len(part)
        ends.add(at)
    return compare(Text(" ".join(spoken)), words, parts, ends)


def compare(text: Text, words: str, parts: Sequence[str], ends: Collection[int] = ()) -> Comparison | None:
    """How a citation compares with a text; None if nothing there is like it. `parts`: the citation's words between its
    marks of omission; `ends`: where in the text a quotation ends."""
    spans = _in_order(text, parts)
    if spans is not None:
        passage = text.text[spans[0].start : spans[-1].end]
        standing = [text.text[span.start : span.end] for span in spans]
        differs = any(bare(part) not in one for part, one in zip(parts, standing, strict=True))
        diff = changed(passage, words) if differs and len(parts) == 1 else ()
        return Comparison("verbatim", passage, 1.0, differs, diff, ())
    closed = _closed(text, words, parts, ends)
    if closed is not None:
        return closed
    alike = text.alike(words)
    near = alike[0] if alike else text.nearest(" ".join(parts))
    if near is None:
        return None
    passage = text.text[near.start : near.end]
    likeness = min(near.likeness, 0.99)
    if likeness < next(least for size, least in LEAST if len(words) < size):
        return None
    return Comparison("altered", passage, likeness, False, changed(passage, words), signs_of(passage, words))


def _in_order(text: Text, parts: Sequence[str]) -> list[Passage] | None:
    """Where the parts of a citation stand, one behind the other; None if they do not."""
    found: list[Passage] = []
    for part in parts:
        at = found[-1].end if found else 0
        place = next((place for place in text.standing(part) if place.start >= at), None)
        if place is None:
            return None
        found.append(place)
    return found


def _closed(text: Text, words: str, parts: Sequence[str], ends: Collection[int]) -> Comparison | None:
    """A citation that differs in nothing but the comma or full stop with which the quotation closes."""
    if words[-1] not in CLOSING:
        return None
    stripped = [*parts[:-1], parts[-1].rstrip(CLOSING)]
    spans = _in_order(text, stripped)
    if spans is None:
        return None
    end = spans[-1].end
    end += text.text[end : end + 1] != "" and text.text[end] in CLOSING
    if end not in ends and text.text[end : end + 1] not in CLOSING_MARKS:
        return None
    passage = text.text[spans[0].start : end]
    return Comparison("verbatim", passage, 1.0, True, changed(passage, words) if len(parts) == 1 else (), ())
