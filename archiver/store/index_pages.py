"""What the index knows of captures: which there are of an address, their readings, the rechecks that compared them.

Numbers of manifests and times, nothing else: who shows something reads the archive's own objects.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archiver.errors import FormatError


@dataclass(frozen=True, slots=True)
class Seen:
    """A capture as it counts for the next visit: its time, and of its newest reading the kind and how many statements.
    `kind` is None if there is none that can be read."""

    time: str
    kind: str | None
    statements: int


@dataclass(slots=True)
class PageTimes:
    """One address: its captures, and its visits by rechecks with whether they told something (None: not readable).
    `aside`: it was captured only to be compared with another page."""

    url: str
    captures: list[Seen] = field(default_factory=list)
    visits: list[tuple[str, bool | None]] = field(default_factory=list)
    aside: bool = True


class Pages:
    """The part of an index that knows captures. All methods raise FormatError for one that turns out to be damaged."""

    def __init__(self, connection: sqlite3.Connection, place: Path) -> None:
        self.place = place
        self._connection = connection

    def snapshots_at(self, addresses: Iterable[str]) -> list[int]:
        """Numbers of the snapshots that were asked for or found under one of these addresses or names, newest first."""
        found: set[int] = set()
        for address in addresses:
            if address.isprintable():  # what is not is in no address, and lone surrogates cannot be asked for
                found.update(
                    row[0] for row in self._rows("SELECT snapshot FROM addresses WHERE address = ?", (address,))
                )
        return sorted(found, reverse=True)

    def captures_of(self, url: str) -> list[tuple[int, int | None]]:
        """Numbers of the snapshots for which this address was asked, ascending, each with its newest reading."""
        return self._rows(f"{_CAPTURES} AND snapshots.url = ? ORDER BY 1", (url,))

    def captures(self) -> list[tuple[int, int | None]]:
        """The same of every address."""
        return self._rows(f"{_CAPTURES} ORDER BY 1", ())

    def rechecks_of(self, snapshot: int) -> list[int]:
        """Numbers of the rechecks that compared a reading of this snapshot, ascending."""
        sql = (
            "SELECT rechecks.sequence FROM readings JOIN rechecks ON rechecks.reading = readings.sequence"
            " WHERE readings.snapshot = ? ORDER BY 1"
        )
        return [row[0] for row in self._rows(sql, (snapshot,))]

    def compared_with(self, snapshot: int) -> list[str]:
        """The addresses of the pages that were compared with this snapshot."""
        return [row[0] for row in self._rows(f"SELECT first.url {_COMPARED} WHERE later.sequence = ?", (snapshot,))]

    def page_times(self) -> list[PageTimes]:
        """Every address that was captured, in the order of first captures."""
        found: dict[str, PageTimes] = {}
        elsewhere = {
            row[0] for row in self._rows(f"SELECT later.sequence {_COMPARED} WHERE first.url != later.url", ())
        }
        for sequence, url, time, kind, statements in self._rows(_SEEN, ()):
            page = found.setdefault(url, PageTimes(url))
            page.captures.append(Seen(time, kind, statements or 0))
            page.aside &= sequence in elsewhere
        for url, time, known in self._rows(_VISITS, ()):
            if url in found:
                found[url].visits.append((time, None if known is None else bool(known)))
        return list(found.values())

    def readings_of(self, snapshot: int) -> list[int]:
        """Numbers of the readings of a snapshot, ascending."""
        return [
            row[0] for row in self._rows("SELECT sequence FROM readings WHERE snapshot = ? ORDER BY 1", (snapshot,))
        ]

    def number_of(self, digest: str) -> int | None:
        """The number of the snapshot or reading with that digest."""
        for table in ("snapshots", "readings"):
            rows = self._rows(f"SELECT sequence FROM {table} WHERE digest = ?", (digest,))  # noqa: S608
            if rows:
                return int(rows[0][0])
        return None

    def snapshot_of(self, reading: int) -> tuple[int, str] | None:
        """Number and time of a reading's snapshot."""
        rows = self._rows(
            "SELECT snapshots.sequence, snapshots.time FROM readings"
            " JOIN snapshots ON snapshots.sequence = readings.snapshot WHERE readings.sequence = ?",
            (reading,),
        )
        return (rows[0][0], rows[0][1]) if rows else None

    def _rows(self, sql: str, values: Sequence[Any]) -> list[Any]:
        try:
            return self._connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise FormatError(f"the index is damaged: {error}", where=str(self.place)) from None


_NEWEST = "(SELECT max(sequence) FROM readings WHERE readings.snapshot = snapshots.sequence)"
_CAPTURES = f"SELECT snapshots.sequence, {_NEWEST} FROM snapshots WHERE page"  # noqa: S608
_SEEN = (
    "SELECT snapshots.sequence, url, time, newest.kind, newest.statements FROM snapshots"  # noqa: S608
    f" LEFT JOIN readings AS newest ON newest.sequence = {_NEWEST} WHERE page ORDER BY 1"
)
# Of each recheck: the capture whose reading was compared, and the later visit.
_COMPARED = (
    "FROM rechecks JOIN readings ON readings.sequence = rechecks.reading"
    " JOIN snapshots AS first ON first.sequence = readings.snapshot"
    " JOIN snapshots AS later ON later.sequence = rechecks.snapshot"
)
_VISITS = (
    f"SELECT first.url, rechecks.time, rechecks.known {_COMPARED}"
    " WHERE first.url = later.url AND first.page AND later.page ORDER BY rechecks.sequence"
)
