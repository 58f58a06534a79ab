"""The journal of one capture run: `runs/<run>.jsonl` in the archive. It is no evidence; it lets a run be resumed.

Specimen:

    {"journal":"run/v1","run":"20261123-130211-4f2a","size":41,"targets":2}
    {"target":0,"as_given":"example.org/a","url":"https://example.org/a","path":null,"case":null,"note":null,"tags":[]}
    {"target":1,"as_given":"https://example.org/b","url":"https://example.org/b","path":null,…}
    {"done":0,"state":"sealed","snapshot":41}
    {"end":true}

A target with words to be pinned has a last key `quotes`: lists of words, speaker and note.
A line that is cut short at the end (a crash while writing) is ignored; anything else malformed is an error.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

from archiver.errors import FormatError, MissingError, StoreError, UsageError
from archiver.work.targets import Quote, Target

_RUN = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{4,8}", re.ASCII)


class Journal:
    """An open journal. `done` maps the number of a target to its state and snapshot."""

    def __init__(self, path: Path, run: str, size: int, targets: list[Target]) -> None:
        self.path = path
        self.run = run
        self.size = size
        self.targets = targets
        self.done: dict[int, dict[str, Any]] = {}
        self.ended = False
        self._stream: TextIO | None = None

    @classmethod
    def start(cls, folder: Path, run: str, size: int, targets: Sequence[Target]) -> Journal:
        """A new journal on disk, synced before the first request goes out."""
        journal = cls(folder / f"{run}.jsonl", run, size, list(targets))
        lines = [{"journal": "run/v1", "run": run, "size": size, "targets": len(targets)}]
        for number, target in enumerate(targets):
            lines.append(
                {
                    "target": number,
                    "as_given": target.as_given,
                    "url": target.url,
                    "path": target.path,
                    "case": target.case,
                    "note": target.note,
                    "tags": list(target.tags),
                }
                | (
                    {"quotes": [[item.words, item.speaker, item.note] for item in target.quotes]}
                    if target.quotes
                    else {}
                )
            )
        try:
            folder.mkdir(exist_ok=True)
            journal._stream = journal.path.open("x", encoding="utf-8")
        except OSError as error:
            raise StoreError(f"could not be written: {error.strerror}", where=str(journal.path)) from None
        journal._write(lines)
        return journal

    @classmethod
    def load(cls, folder: Path, run: str | None) -> Journal:
        """The journal of that run, or of the newest one that did not end. Raises MissingError, FormatError."""
        if run is not None and not _RUN.fullmatch(run):
            raise UsageError(f"{run!r} is no run", hint="runs look like 20261123-130211-4f2a; see the runs folder")
        paths = sorted(folder.glob("*.jsonl"), reverse=True) if run is None else [folder / f"{run}.jsonl"]
        for path in paths:
            if not path.exists():
                raise MissingError(f"there is no run {run}", where=str(path))
            journal = cls._read(path)
            if run is not None or not journal.ended:
                journal._stream = path.open("a", encoding="utf-8")
                return journal
        raise MissingError("there is no interrupted run to resume", hint="give the run's id to repeat its failures")

    @classmethod
    def _read(cls, path: Path) -> Journal:
        whole, _, _ = path.read_text(encoding="utf-8", errors="replace").rpartition("\n")
        try:
            rows = [json.loads(line) for line in whole.split("\n") if line]
            head, rest = rows[0], rows[1:]
            journal = cls(path, head["run"], head["size"], [])
            for row in rest:
                if "target" in row:
                    quotes = tuple(Quote(words, speaker, note) for words, speaker, note in row.get("quotes", ()))
                    tags = tuple(row["tags"])
                    target = Target(row["as_given"], row["url"], row["path"], row["case"], row["note"], tags, quotes)
                    journal.targets.append(target)
                elif "done" in row:
                    journal.done[row["done"]] = row
                elif "end" in row:
                    journal.ended = True
            if len(journal.targets) != head["targets"]:
                raise FormatError(
                    "the list of targets is not whole: the run was cut off before it began", where=str(path)
                )
        except (ValueError, KeyError, TypeError, IndexError):
            raise FormatError("is no journal of a run", where=str(path)) from None
        return journal

    def record(self, done: Iterable[tuple[int, str, int | None]]) -> None:
        """Note that targets are done: number, state, snapshot. Written after the commit that seals them, and synced
        once: what a crash takes away from here is found again in the archive (work.capture.recover_journal)."""
        rows: list[dict[str, Any]] = [{"done": n, "state": state, "snapshot": sealed} for n, state, sealed in done]
        for row in rows:
            self.done[int(row["done"])] = row
        if rows:
            self._write(rows)

    def pending(self) -> list[int]:
        """Numbers of the targets that were not sealed."""
        return [n for n in range(len(self.targets)) if self.done.get(n, {}).get("snapshot") is None]

    def end(self) -> None:
        """Every target was tried."""
        self.ended = True
        self._write([{"end": True}])
        self.close()

    def close(self) -> None:
        """Close the file; the journal can be loaded again."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _write(self, rows: list[dict[str, Any]]) -> None:
        assert self._stream is not None
        try:
            self._stream.write(
                "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
            )
            self._stream.flush()
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise StoreError(f"could not be written: {error.strerror}", where=str(self.path)) from None
