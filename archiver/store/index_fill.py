"""Taking an archive's manifests into its index, from where it stopped to the newest checkpoint. In two steps:

    catalogue   captures by address, their readings, the rechecks of these: a millisecond a capture
    search      the words of statements and page texts: some twenty times as long; left for whoever looks for words

Of each snapshot the newest reading counts: the statements and the page text of older ones are taken out again. What
cannot be read (an object that was removed, a later version) is noted as unread, so that nobody takes the index for
complete. Long work is committed piece by piece, and goes on where it was interrupted.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from archiver import digest
from archiver.errors import ArchiverError, FormatError, MissingError
from archiver.evidence import read
from archiver.model import facts as facts_model
from archiver.model import statement as statement_model
from archiver.model import verdicts as verdicts_model
from archiver.model.encoding import MAX_DOCUMENT
from archiver.model.facts import SnapshotFacts
from archiver.model.manifest import MAX_BYTES, Manifest, decode
from archiver.page import text as page_text
from archiver.store.folder import ArchiveFolder
from archiver.store.index_file import Basis, basis_of, checkpoint_of, digest_of, spell_root, write_basis
from archiver.store.search_key import grams, key

Progress = Callable[[str, int, int], None]

_ID = re.compile(r"s[1-9][0-9]{0,8}", re.ASCII)
PIECE = 2000  # manifests in one transaction
MAX_OBJECT = 256 << 20  # bytes of a statements object or a page text


def fill(
    connection: sqlite3.Connection, folder: ArchiveFolder, *, fts: bool, progress: Progress, search: bool = True
) -> Basis | None:
    """Take in what the index has not seen; with `search`, words too. What it is made from now; None if it must be made
    anew, because objects that it may have been made from were removed since. Raises sqlite3.Error, ArchiverError."""
    basis = _catalogue(connection, folder, progress)
    if basis is None or not search:
        return basis
    while basis.searched < basis.count:
        with transaction(connection):
            known = basis_of(connection)  # another program may have gone on meanwhile
            if known is None:
                return None
            basis = known
            if basis.searched < basis.count:
                progress("indexing", basis.searched, basis.count)
                high = min(basis.searched + PIECE, basis.count)
                _Searched(connection, folder, fts=fts).take(basis.searched, high)
                count = connection.execute("SELECT count(*) FROM statements").fetchone()[0]
                basis = replace(basis, searched=high, statements=count)
                write_basis(connection, basis)
    return basis


def _catalogue(connection: sqlite3.Connection, folder: ArchiveFolder, progress: Progress) -> Basis | None:
    archive = digest_of(folder, 0)
    try:
        checkpoint = checkpoint_of(folder)
        size, root = checkpoint.size, spell_root(checkpoint)
    except (MissingError, FormatError):
        size, root = folder.count(), ""
    anew = basis_of(connection) is None
    while True:
        with transaction(connection):
            basis = basis_of(connection)
            low = basis.count if basis is not None else 0
            if basis is not None and low >= size:
                return basis
            progress("listing captures", low, size)
            high = min(low + PIECE, size)
            taker = _Catalogue(connection, folder)
            if not all(taker.take(sequence, anew=anew) for sequence in range(low, high)):
                return None
            known = basis or Basis(archive, 0, "", 0, "")
            last = _digest(folder, high - 1)
            write_basis(connection, replace(known, archive=archive, count=high, last=last, size=size, root=root))


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """What is done inside is done whole or not at all; other writers wait."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _digest(folder: ArchiveFolder, sequence: int) -> str:
    try:
        return digest_of(folder, sequence)
    except ArchiverError:
        return ""  # what is damaged makes the index be made anew each time


def _object(folder: ArchiveFolder, manifest: Manifest, role: str, limit: int) -> bytes:
    ref = manifest.object(role)
    name = folder.object_name(ref.digest) if ref is not None else None
    if name is None:
        raise MissingError(f"its {role} is not here")
    return read(folder, name, limit)


class _Catalogue:
    """Takes in which captures, readings and rechecks there are, one manifest after the other."""

    def __init__(self, connection: sqlite3.Connection, folder: ArchiveFolder) -> None:
        self._connection = connection
        self._folder = folder

    def take(self, sequence: int, *, anew: bool) -> bool:
        """Take one manifest in; False if it says that objects were removed which the index may have been made from."""
        try:
            data = read(self._folder, self._folder.manifest_name(sequence), MAX_BYTES)
            manifest = decode(data)
        except ArchiverError:
            return True  # `verify` says what is wrong with it
        if manifest.event in ("snapshot", "import"):
            self._snapshot(sequence, digest.of_bytes(data), manifest)
        elif manifest.event == "reading":
            self._reading(sequence, digest.of_bytes(data), manifest)
        elif manifest.event == "recheck":
            self._recheck(sequence, manifest)
        elif manifest.event == "takedown" and not anew:
            return False
        return True

    def _snapshot(self, sequence: int, name: str, manifest: Manifest) -> None:
        facts: SnapshotFacts | None = None
        with suppress(ArchiverError):  # it is found by its number all the same
            facts = facts_model.decode_snapshot(_object(self._folder, manifest, "facts", MAX_DOCUMENT))
        addresses = _addresses(facts)
        page = facts is not None and facts.request is not None
        row = (sequence, name, manifest.time, addresses[0] if addresses else "", page)
        self._connection.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?)", row)
        rows = [(address, sequence) for address in addresses]
        self._connection.executemany("INSERT OR IGNORE INTO addresses VALUES (?, ?)", rows)

    def _reading(self, sequence: int, name: str, manifest: Manifest) -> None:
        found = self._one("SELECT sequence, url FROM snapshots WHERE digest = ?", manifest.subject)
        if found is None:
            return  # of nothing that is here
        snapshot, url = found
        kind, statements, problem, place = None, 0, None, url.lower()
        try:
            facts = facts_model.decode_reading(_object(self._folder, manifest, "facts", MAX_DOCUMENT))
            kind, statements, place = facts.kind, facts.statements, f"{url} {_site(facts.article)}".lower()
        except ArchiverError as error:
            problem = error.message
        row = (sequence, name, snapshot, place, kind, statements, problem)
        self._connection.execute("INSERT OR REPLACE INTO readings VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", row)

    def _recheck(self, sequence: int, manifest: Manifest) -> None:
        """`known`: whether it says something of at least one statement; NULL if its verdicts cannot be read."""
        reading = self._one("SELECT sequence FROM readings WHERE digest = ?", manifest.subject)
        snapshot = self._one("SELECT sequence FROM snapshots WHERE digest = ?", str(manifest.extra))
        if reading is None or snapshot is None:
            return
        known = None
        with suppress(ArchiverError):
            data = _object(self._folder, manifest, verdicts_model.ROLE, verdicts_model.MAX_BYTES)
            known = any(item.verdict != "unknown" for item in verdicts_model.decode(data).verdicts)
        row = (sequence, manifest.time, reading[0], snapshot[0], known)
        self._connection.execute("INSERT OR REPLACE INTO rechecks VALUES (?, ?, ?, ?, ?)", row)

    def _one(self, sql: str, value: str | None) -> Any:
        return self._connection.execute(sql, (value,)).fetchone()


class _Searched:
    """Takes in the words of readings that are in the catalogue."""

    def __init__(self, connection: sqlite3.Connection, folder: ArchiveFolder, *, fts: bool) -> None:
        self._connection = connection
        self._folder = folder
        self._fts = fts
        self._next = 1 + int(connection.execute("SELECT coalesce(max(id), 0) FROM statements").fetchone()[0])
        self._grams: Counter[str] = Counter()
        self._statements: list[tuple[int, int, str, str, str]] = []
        self._pages: list[tuple[int, str]] = []

    def take(self, low: int, high: int) -> None:
        """Take in the readings with these numbers, as far as they are their snapshots' newest."""
        rows = self._connection.execute(
            "SELECT sequence, snapshot, problem, (SELECT max(sequence) FROM readings AS other"
            " WHERE other.snapshot = readings.snapshot) FROM readings WHERE sequence >= ? AND sequence < ? ORDER BY 1",
            (low, high),
        ).fetchall()
        for sequence, snapshot, problem, newest in rows:
            if sequence == newest:
                self._take_out(snapshot, sequence)
                unread = problem or self._reading(sequence)
                self._connection.execute("UPDATE readings SET unread = ? WHERE sequence = ?", (unread, sequence))
        self._flush()

    def _reading(self, sequence: int) -> str | None:
        """One reading's statements and page text; why it could not be read."""
        try:
            manifest = decode(read(self._folder, self._folder.manifest_name(sequence), MAX_BYTES))
            self._statements += self._rows(sequence, manifest)
            if manifest.object("page-text") is not None:
                text = page_text.decode_object(_object(self._folder, manifest, "page-text", MAX_OBJECT))[1]
                self._pages.append((sequence, key(text)))
        except ArchiverError as error:
            return error.message
        return None

    def _flush(self) -> None:
        """Write the rows that are waiting."""
        execute = self._connection.executemany
        execute("INSERT INTO statements VALUES (?, ?, ?, ?, ?)", self._statements)
        execute("INSERT OR REPLACE INTO pages VALUES (?)", [(reading,) for reading, _ in self._pages])
        if self._fts:
            words = [(row[0], row[4]) for row in self._statements]
            execute("INSERT INTO statement_grams (rowid, words) VALUES (?, ?)", words)
            execute("INSERT INTO page_grams (rowid, words) VALUES (?, ?)", self._pages)
            execute(
                "INSERT INTO grams VALUES (?, ?) ON CONFLICT (gram) DO UPDATE SET count = count + excluded.count",
                self._grams.items(),
            )
        self._statements, self._pages = [], []
        self._grams.clear()

    def _rows(self, sequence: int, manifest: Manifest) -> list[tuple[int, int, str, str, str]]:
        if manifest.object("statements") is None:
            return []
        rows = []
        lines = statement_model.split_lines(_object(self._folder, manifest, "statements", MAX_OBJECT))
        for line in lines[::2]:
            name, speaker, words = _parsed(line)
            rows.append((self._next, sequence, name, key(speaker), key(words)))
            if self._fts:
                self._grams.update(grams(rows[-1][4]))
            self._next += 1
        return rows

    def _take_out(self, snapshot: int, newest: int) -> None:
        """Take the statements and page texts of older readings of a snapshot out."""
        older = self._connection.execute(
            "SELECT sequence FROM readings WHERE snapshot = ? AND sequence < ?", (snapshot, newest)
        ).fetchall()
        execute = self._connection.execute
        for (reading,) in older:
            rows = execute("SELECT id, words FROM statements WHERE reading = ?", (reading,)).fetchall()
            if self._fts:
                delete = "INSERT INTO statement_grams (statement_grams, rowid, words) VALUES ('delete', ?, ?)"
                self._connection.executemany(delete, rows)
                for _, words in rows:
                    self._grams.subtract(grams(words))
            execute("DELETE FROM statements WHERE reading = ?", (reading,))
            execute("DELETE FROM pages WHERE reading = ?", (reading,))  # its trigrams lead nowhere from now on
            execute("UPDATE readings SET unread = NULL WHERE sequence = ?", (reading,))


def _parsed(line: bytes) -> tuple[str, str, str]:
    """Id, speaker's name and words of a statement's line. Loosely: what is shown is read again, strictly, from the
    archive. Raises FormatError."""
    try:
        plain = json.loads(line)
        name, words, speaker = plain["id"], plain["text"], plain["speaker"]
        who = speaker["name"] if isinstance(speaker, dict) else ""
    except (ValueError, RecursionError, KeyError, TypeError):
        raise FormatError("a statement that cannot be read") from None
    if not (isinstance(name, str) and _ID.fullmatch(name) and isinstance(words, str) and isinstance(who, str)):
        raise FormatError("a statement that cannot be read")
    return name, who, words


def _addresses(facts: SnapshotFacts | None) -> list[str]:
    """The addresses, or the file's name, by which a person may ask for a capture; that which was asked for first."""
    if facts is None:
        return []
    if facts.request is None:
        return [facts.file.name] if facts.file is not None else []
    found = [facts.request.url, facts.final_url or facts.request.url, facts.request.as_given]
    return list(dict.fromkeys(found))


def _site(article: dict[str, Any] | None) -> str:
    said = (article or {}).get("site")
    value = said.get("value") if isinstance(said, dict) else said
    return value if isinstance(value, str) else ""
