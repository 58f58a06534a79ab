"""Capture URLs and local files: fetch, seal, read, in that order of evidence and one commit for many.

Workers fetch and write WARC objects beside one another; the calling thread alone appends to the log. Whatever is
ready when the writer is free goes into one group commit. A run's journal says which target is done, and the facts of
every snapshot name the run, so that resuming after a crash captures nothing twice.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from archiver.archive import Archive
from archiver.errors import ArchiverError, RefusedError, UsageError
from archiver.work.journal import Journal
from archiver.work.prepare import Prepared, prepare_file, prepare_visit
from archiver.work.targets import Target

MAX_GROUP = 64  # captures in one commit


@dataclass(frozen=True, slots=True)
class Captured:
    """What became of one target. `state`: sealed, no article, no response, failed."""

    target: Target
    state: str
    snapshot: int | None = None
    reading: int | None = None
    kind: str | None = None
    reasons: tuple[str, ...] = ()
    title: str | None = None
    final_url: str | None = None
    status: int | None = None
    statements: int = 0
    received: int = 0
    problems: tuple[str, ...] = ()
    error: str | None = None
    hint: str | None = None

    @property
    def good(self) -> bool:
        """Sealed, and what arrived is what was asked for: an article, or a local file."""
        return self.state == "sealed"
