"""The index of an archive: captures by address (store.index_pages), statements and page texts by their words. Derived,
never evidence.

`Index.open` brings it up to date first; `Index.peek` takes it as it is, for quick look-ups. What it answers are numbers
of manifests and ids of statements, and who shows them reads the archive's own objects. It finds candidates: rows whose
key has the rarest trigrams of the key that is looked for (store.search_key), compared in full where the key is stored.

All methods raise FormatError for an index that turns out to be damaged: make it anew (`open(…, anew=True)`).
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from archiver.errors import ArchiverError, StoreError
from archiver.store import index_file
from archiver.store.folder import ArchiveFolder
from archiver.store.index_file import Basis, basis_of, holds
from archiver.store.index_fill import Progress, fill
from archiver.store.index_pages import Pages
from archiver.store.search_key import grams

RAREST = 6  # trigrams that a row must all have
VOTERS = 36  # trigrams that vote for rows that are like
SEGMENTS = 12  # of the key that is looked for; the voters are spread over all of them
BUDGET = 400_000  # rows that may be named by voters in all
MAX_GRAMS = 400  # of a long key, spread evenly
MAX_ROWS = 5_000  # of one answer
MAX_EXACT = 1_000  # statements that have words as they are


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows count. `speaker`: a key that must stand in the speaker's; `place`: lower case, in address or site;
    `since`, `until`: times of the snapshot, the second one excluded."""

    speaker: str | None = None
    place: str | None = None
    since: str | None = None
    until: str | None = None

    def sql(self, table: str) -> tuple[str, list[str]]:
        """Conditions on the tables `readings` and `snapshots` (and `statements`), and their values."""
        conditions, values = [], []
        if self.speaker is not None:
            conditions.append("instr(statements.speaker, ?) > 0" if table == "statements" else "0 AND ?")
            values.append(self.speaker)
        for condition, value in (
            ("instr(readings.place, ?) > 0", self.place),
            ("snapshots.time >= ?", self.since),
            ("snapshots.time < ?", self.until),
        ):
            if value is not None:
                conditions.append(condition)
                values.append(value)
        return "".join(f" AND {condition}" for condition in conditions), values


@dataclass(frozen=True, slots=True)
class Row:
    """A statement's place: number of its reading, its id; and its key."""

    reading: int
    statement: str
    words: str


@dataclass(frozen=True, slots=True)
class Totals:
    """What is in the index. `unread`: readings whose objects could not be read."""

    statements: int
    pages: int
    unread: int


class Index(Pages):
    """An open index. `count`: manifests that it has seen; `place`: where it lies; `temporary`: it goes when closed."""

    def __init__(
        self, connection: sqlite3.Connection, basis: Basis, place: Path, *, fts: bool, temporary: bool = False
    ) -> None:
        super().__init__(connection, place)
        self.count = basis.count
        self._basis = basis
        self.temporary = temporary
        self.fts = fts

    @classmethod
    def open(
        cls,
        folder: ArchiveFolder,
        indexes: Path | None,
        *,
        progress: Progress = lambda _what, _done, _total: None,
        anew: bool = False,
        fts: bool | None = None,
        search: bool = True,
    ) -> Index:
        """The index, brought up to date; without `search` only what it knows of captures, which takes a twentieth of
        the time. `indexes`: where it goes if the archive cannot be written. Raises StoreError, MissingError and
        FormatError for an archive without a readable beginning."""
        fts = index_file.has_trigrams() if fts is None else fts
        archive = index_file.digest_of(folder, 0)
        place = index_file.place_for_writing(folder, indexes, archive)
        for attempt in (1, 2):
            connection = None
            try:
                connection = index_file.create(place, fts=fts) if anew else index_file.open_for_writing(place, fts=fts)
                known = basis_of(connection)
                if index_file.is_empty(connection) if known is None else holds(known, folder):
                    basis = fill(connection, folder, fts=fts, progress=progress, search=search)
                    if basis is not None:
                        temporary = place not in index_file.candidates(folder, indexes, archive)
                        return cls(connection, basis, place, fts=fts, temporary=temporary)
            except sqlite3.Error as error:
                if attempt == 2 or index_file.is_busy(error):
                    raise StoreError(f"the index could not be made: {error}", where=str(place)) from None
            anew = True
            if connection is not None:
                connection.close()
        raise StoreError("the index could not be made: objects are being removed meanwhile", where=str(place))

    @classmethod
    def peek(cls, folder: ArchiveFolder, indexes: Path | None) -> Index | None:
        """The index as it is, if there is one, of all of this archive or of its beginning. Nothing is written."""
        try:
            archive = index_file.digest_of(folder, 0)
        except ArchiverError:
            return None
        fts = index_file.has_trigrams()
        for place in index_file.candidates(folder, indexes, archive):
            connection = index_file.open_for_reading(place, fts=fts)
            if connection is None:
                continue
            try:
                basis = basis_of(connection)
                if basis is not None and holds(basis, folder):
                    return cls(connection, basis, place, fts=fts)
            except sqlite3.Error:
                pass
            connection.close()
        return None

    def close(self) -> None:
        """No more is wanted."""
        self._connection.close()
        if self.temporary:
            index_file.remove(self.place)

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def totals(self) -> Totals:
        """How much is in it."""
        pages, unread = (
            self._rows(f"SELECT count(*) FROM {table}", ())[0][0]  # noqa: S608 - names of ours
            for table in ("pages", "readings WHERE unread IS NOT NULL")
        )
        return Totals(self._basis.statements, pages, unread)

    def unread(self) -> list[tuple[int, str]]:
        """Readings that could not be read, and why."""
        return self._rows("SELECT sequence, unread FROM readings WHERE unread IS NOT NULL ORDER BY sequence", ())

    # Statements

    def statements_with(self, keys: Sequence[str], wanted: Filter, limit: int = MAX_EXACT) -> list[Row]:
        """Statements whose key has all these keys in it, oldest first."""
        conditions, values = wanted.sql("statements")
        inside = " AND ".join(["instr(statements.words, ?) > 0"] * len(keys))
        tail = f"WHERE {inside}{conditions}"
        if not self.fts:
            rows = self._rows(f"{_STATEMENTS} {tail} LIMIT ?", (*keys, *values, limit))
            return [Row(*row) for row in rows]
        rarest = self._rarest(keys)
        if not rarest:
            return []
        sql = f"{_STATEMENTS} JOIN statement_grams ON statement_grams.rowid = statements.id {tail}"
        rows = self._rows(f"{sql} AND statement_grams MATCH ? LIMIT ?", (*keys, *values, _all_of(rarest), limit))
        return [Row(*row) for row in rows]

    def statements_like(self, key: str, wanted: Filter, limit: int = 400) -> list[Row]:
        """Statements that have many of a key's rarer trigrams, the most likely first."""
        if not self.fts:
            return self._like_by_words(key, wanted, limit)
        votes = self._votes("statement_grams", key)
        conditions, values = wanted.sql("statements")
        found: list[Row] = []
        ranked = [row for row, _ in votes.most_common(MAX_ROWS if conditions else limit)]
        for at in range(0, len(ranked), limit):
            some = ranked[at : at + limit]
            marks = ",".join("?" * len(some))
            rows = self._rows(
                f"SELECT statements.id, {_STATEMENTS[7:]} WHERE statements.id IN ({marks}){conditions}",
                (*some, *values),
            )
            found += [Row(*row[1:]) for row in sorted(rows, key=lambda row: -votes[row[0]])]
            if len(found) >= limit:
                break
        return found[:limit]

    # Page texts

    def pages_with(self, keys: Sequence[str], wanted: Filter, limit: int) -> list[int]:
        """Readings whose page text has the rarest trigrams of all these keys: candidates, newest first."""
        conditions, values = wanted.sql("pages")
        if not self.fts:
            return [
                row[0] for row in self._rows(f"{_PAGES} WHERE 1{conditions} ORDER BY 1 DESC LIMIT ?", (*values, limit))
            ]
        rarest = self._rarest(keys, 3 * RAREST, known=False)
        sql = f"{_PAGES} JOIN page_grams ON page_grams.rowid = pages.reading WHERE 1{conditions} AND page_grams MATCH ?"
        rows = self._rows(f"{sql} ORDER BY pages.reading DESC LIMIT ?", (*values, _all_of(rarest), limit))
        return [row[0] for row in rows]

    def pages_like(self, key: str, wanted: Filter, limit: int) -> list[int]:
        """Readings whose page text has most of a key's rarer trigrams, the most likely first."""
        conditions, values = wanted.sql("pages")
        if not self.fts:
            return []
        votes = self._votes("page_grams", key, known=False)
        found = []
        for row, _ in votes.most_common(50 * limit):
            if self._rows(f"{_PAGES} WHERE pages.reading = ?{conditions}", (row, *values)):
                found.append(row)
                if len(found) == limit:
                    break
        return found

    def _rarest(self, keys: Sequence[str], count: int = RAREST, *, known: bool = True) -> list[str]:
        """The rarest trigrams of some keys; none if one of them is in no statement and `known` says that it must be."""
        wanted = _spread(sorted(grams(keys)), MAX_GRAMS)
        counts = self._counts(wanted)
        if known and any(counts.get(gram, 0) <= 0 for gram in wanted):
            return []
        return sorted(wanted, key=lambda gram: counts.get(gram, 0))[:count]

    def _counts(self, wanted: Sequence[str]) -> dict[str, int]:
        marks = ",".join("?" * len(wanted))
        return dict(self._rows(f"SELECT gram, count FROM grams WHERE gram IN ({marks})", tuple(wanted)))  # noqa: S608

    def _votes(self, table: str, key: str, *, known: bool = True) -> Counter[int]:
        """How many of the voters each row has. The voters are the rarest trigrams of each segment of the key."""
        step = max(1, -(-len(key) // SEGMENTS))
        segments = [grams(key[max(0, at - 2) : at + step]) for at in range(0, len(key), step)]
        counts = self._counts(_spread(sorted(set().union(*segments)), MAX_GRAMS))
        ranked = [sorted((gram for gram in segment if gram in counts), key=lambda g: counts[g]) for segment in segments]
        votes: Counter[int] = Counter()
        spent, used = 0, 0
        chosen: set[str] = set()
        for place in range(max(map(len, ranked), default=0)):
            for gram in sorted((row[place] for row in ranked if place < len(row)), key=lambda g: counts[g]):
                if gram in chosen or used >= VOTERS or (used >= 4 and spent + counts[gram] > BUDGET):
                    continue
                chosen.add(gram)
                rows = self._rows(f"SELECT rowid FROM {table} WHERE {table} MATCH ?", (_all_of([gram]),))  # noqa: S608
                votes.update(row for (row,) in rows)
                spent, used = spent + len(rows), used + 1
        return votes

    def _like_by_words(self, key: str, wanted: Filter, limit: int) -> list[Row]:
        """Without trigram search: every statement is looked at, and those that share most words are kept."""
        words = set(key.split())
        conditions, values = wanted.sql("statements")
        best: list[tuple[int, Row]] = []
        for row in self._rows(f"{_STATEMENTS} WHERE 1{conditions}", values):
            shared = len(words.intersection(row[2].split()))
            if 2 * shared >= len(words):
                best.append((shared, Row(*row)))
        best.sort(key=lambda pair: -pair[0])
        return [row for _, row in best[:limit]]


_STATEMENTS = (
    "SELECT statements.reading, statements.name, statements.words FROM statements"
    " JOIN readings ON readings.sequence = statements.reading"
    " JOIN snapshots ON snapshots.sequence = readings.snapshot"
)
_PAGES = (
    "SELECT pages.reading FROM pages JOIN readings ON readings.sequence = pages.reading"
    " JOIN snapshots ON snapshots.sequence = readings.snapshot"
)


def _all_of(found: Iterable[str]) -> str:
    """The FTS5 query for rows that have all these trigrams."""
    return " AND ".join('"' + gram.replace('"', '""') + '"' for gram in found)


def _spread(items: list[str], most: int) -> list[str]:
    """At most so many of them, evenly."""
    return items if len(items) <= most else [items[at * len(items) // most] for at in range(most)]
