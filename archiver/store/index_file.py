"""The file of an index: where it lies, its tables, and whether it belongs to the archive as it is now.

    <archive>/index.sqlite                  where the archive can be written
    <state>/indexes/<first 16 digits>.sqlite    where it cannot
    a temporary file                        where neither can

An index is derived and never evidence. One that is missing, damaged, of another archive, of another version, or that
has seen more than the archive now has, is thrown away and made anew; its table `meta` says what it was made from:

    archive     identity: SHA-256 of the genesis manifest        count   manifests taken in: numbers 0 to count - 1
    last        digest of manifest count - 1; it names the one before it, and so on to genesis
    size, root  the newest checkpoint that was seen
    searched    of those taken in, how many have their words in the search tables too; `statements`: how many these are
    version     of tables and keys; `fts` or `plain`: whether this SQLite has trigram search
"""

from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from archiver import digest
from archiver.digest import is_digest
from archiver.errors import ArchiverError, StoreError
from archiver.evidence import read
from archiver.model.manifest import MAX_BYTES
from archiver.store.folder import ArchiveFolder
from archiver.store.search_key import VERSION as KEY_VERSION
from archiver.tlog.checkpoint import Checkpoint, parse_checkpoint_text
from archiver.tlog.note import open_note
from archiver.verify.layout import CHECKPOINT

NAME = "index.sqlite"
VERSION = f"2.{KEY_VERSION}"
WAIT = 30.0  # seconds for another program that is writing the index
SIDE_FILES = ("", "-journal", "-wal", "-shm")

_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE snapshots (sequence INTEGER PRIMARY KEY, digest TEXT NOT NULL, time TEXT NOT NULL, url TEXT NOT NULL,
 page INTEGER NOT NULL);
CREATE INDEX snapshot_digests ON snapshots (digest);
CREATE INDEX snapshot_urls ON snapshots (url);
CREATE TABLE addresses (address TEXT NOT NULL, snapshot INTEGER NOT NULL,
 PRIMARY KEY (address, snapshot)) WITHOUT ROWID;
CREATE TABLE readings (sequence INTEGER PRIMARY KEY, digest TEXT NOT NULL, snapshot INTEGER NOT NULL,
 place TEXT NOT NULL, kind TEXT, statements INTEGER NOT NULL, problem TEXT, unread TEXT);
CREATE INDEX reading_digests ON readings (digest);
CREATE INDEX snapshot_readings ON readings (snapshot, sequence);
CREATE TABLE rechecks (sequence INTEGER PRIMARY KEY, time TEXT NOT NULL, reading INTEGER NOT NULL,
 snapshot INTEGER NOT NULL, known INTEGER);
CREATE INDEX recheck_readings ON rechecks (reading);
CREATE INDEX recheck_snapshots ON rechecks (snapshot);
CREATE TABLE statements (id INTEGER PRIMARY KEY, reading INTEGER NOT NULL, name TEXT NOT NULL, speaker TEXT NOT NULL,
 words TEXT NOT NULL);
CREATE INDEX reading_statements ON statements (reading);
CREATE TABLE pages (reading INTEGER PRIMARY KEY);
CREATE TABLE grams (gram TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
"""
# Only which rows have a trigram is stored, not where: candidates are compared in full anyhow.
_SEARCH = """
CREATE VIRTUAL TABLE statement_grams USING fts5(words, content='', detail=none, tokenize='trigram case_sensitive 1');
CREATE VIRTUAL TABLE page_grams USING fts5(words, content='', detail=none, tokenize='trigram case_sensitive 1');
"""


@dataclass(frozen=True, slots=True)
class Basis:
    """What an index was made from, and how much of that can be searched."""

    archive: str
    count: int
    last: str
    size: int
    root: str
    searched: int = 0
    statements: int = 0


def has_trigrams() -> bool:
    """Whether this SQLite has FTS5 with the trigram tokenizer (3.34 or later, if it was built with FTS5)."""
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.executescript(_SEARCH)
        except sqlite3.Error:
            return False
    return True


def candidates(folder: ArchiveFolder, indexes: Path | None, archive: str) -> list[Path]:
    """Where the index of an archive may lie, the best place first."""
    places = [folder.root / NAME]
    if indexes is not None and is_digest(archive):
        places.append(indexes / f"{archive[7:23]}.sqlite")
    return places


def place_for_writing(folder: ArchiveFolder, indexes: Path | None, archive: str) -> Path:
    """The first place that can be written; its folder is there. A new temporary file where nothing else can."""
    for path in candidates(folder, indexes, archive):
        with suppress(OSError):
            if path.parent != folder.root:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            usable = path.is_symlink() or not path.exists() or (is_plain(path) and os.access(path, os.W_OK))
            if usable and os.access(path.parent, os.W_OK):
                return path
    handle, name = tempfile.mkstemp(prefix="archiver-index-", suffix=".sqlite")
    os.close(handle)
    return Path(name)


def is_plain(path: Path) -> bool:
    """Whether a regular file is there: a symbolic link could make us write elsewhere."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def open_for_reading(path: Path, *, fts: bool) -> sqlite3.Connection | None:
    """The index in a file that is never changed; None for a file that is no index of ours."""
    if not is_plain(path):
        return None
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=WAIT, isolation_level=None
        )
    except sqlite3.Error:
        return None
    return connection if _prepared(connection, fts=fts) else None


def open_for_writing(path: Path, *, fts: bool) -> sqlite3.Connection:
    """The index in a file; an empty one where there was none of ours. Raises StoreError."""
    if is_plain(path):
        try:
            connection = sqlite3.connect(path, timeout=WAIT, isolation_level=None)
            if _prepared(connection, fts=fts):
                return connection
        except sqlite3.Error as error:
            if is_busy(error):
                raise StoreError("another program is writing the index", where=str(path), hint="try again") from None
    return create(path, fts=fts)


def is_busy(error: sqlite3.Error) -> bool:
    """Whether it only says that somebody else is writing."""
    return getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def create(path: Path, *, fts: bool) -> sqlite3.Connection:
    """An empty index in the place of whatever is there. Raises StoreError."""
    try:
        for suffix in SIDE_FILES:
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        connection = sqlite3.connect(path, timeout=WAIT, isolation_level=None)
        _careful(connection)
        connection.executescript(_TABLES + (_SEARCH if fts else ""))
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"the index could not be made: {error}", where=str(path)) from None
    return connection


def remove(path: Path) -> None:
    """Delete an index, as far as that can be done."""
    for suffix in SIDE_FILES:
        with suppress(OSError):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def _prepared(connection: sqlite3.Connection, *, fts: bool) -> bool:
    """Whether a file has our tables and nothing else; it is closed if not."""
    try:
        _careful(connection)
        if _schema(connection) == _expected(fts=fts):
            return True
    except sqlite3.Error as error:
        connection.close()
        if is_busy(error):
            raise
    connection.close()
    return False


def _careful(connection: sqlite3.Connection) -> None:
    """An index may come from anywhere: nothing in its schema is run, and broken pages are noticed."""
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA cache_size = -65536")  # 64 MB at most
    connection.execute("PRAGMA temp_store = MEMORY")


_known: dict[bool, list[tuple[str, str, str | None]]] = {}


def _expected(*, fts: bool) -> list[tuple[str, str, str | None]]:
    if fts not in _known:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.executescript(_TABLES + (_SEARCH if fts else ""))
            _known[fts] = _schema(connection)
    return _known[fts]


def _schema(connection: sqlite3.Connection) -> list[tuple[str, str, str | None]]:
    return list(connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name"))


def basis_of(connection: sqlite3.Connection) -> Basis | None:
    """What an index was made from; None if it does not say, or is of another version. Raises sqlite3.Error."""
    found = dict(connection.execute("SELECT name, value FROM meta"))
    if found.get("version") != VERSION:
        return None
    try:
        count, size, *more = (int(found[name]) for name in ("count", "size", "searched", "statements"))
        return Basis(found["archive"], count, found["last"], size, found["root"], *more)
    except (KeyError, ValueError):
        return None


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether nothing was taken in yet. Raises sqlite3.Error."""
    return connection.execute("SELECT 1 FROM meta").fetchone() is None


def write_basis(connection: sqlite3.Connection, basis: Basis) -> None:
    """Say what an index was made from. Raises sqlite3.Error."""
    values = {
        "version": VERSION,
        "archive": basis.archive,
        "count": str(basis.count),
        "last": basis.last,
        "size": str(basis.size),
        "root": basis.root,
        "searched": str(basis.searched),
        "statements": str(basis.statements),
    }
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())


def holds(basis: Basis, folder: ArchiveFolder) -> bool:
    """Whether what an index was made from is the beginning of this archive as it is now."""
    try:
        if digest_of(folder, 0) != basis.archive or not 0 <= basis.searched <= basis.count or basis.count < 1:
            return False
        if digest_of(folder, basis.count - 1) != basis.last:
            return False
        now = checkpoint_of(folder)
    except ArchiverError:
        return False
    return now.size > basis.size or (now.size == basis.size and spell_root(now) == basis.root)


def digest_of(folder: ArchiveFolder, sequence: int) -> str:
    """The digest of a manifest. Raises MissingError, FormatError, StoreError."""
    return digest.of_bytes(read(folder, folder.manifest_name(sequence), MAX_BYTES))


def checkpoint_of(folder: ArchiveFolder) -> Checkpoint:
    """The newest checkpoint, as it says; no signature is checked here. Raises MissingError, FormatError, StoreError."""
    return parse_checkpoint_text(open_note(read(folder, CHECKPOINT)).text)


def spell_root(checkpoint: Checkpoint) -> str:
    """A checkpoint's root as the index keeps it."""
    return digest.spell(checkpoint.root)
