"""Progress of long work: a bar on a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any


class Progress:
    """A bar on standard error while it is a terminal and there is more than one step. Used as a context manager."""

    def __init__(self, what: str, total: int, *, enabled: bool = True) -> None:
        self._what = what
        self._total = total
        self._bar: Any = None
        self._task: Any = None
        self._enabled = enabled and total > 1 and sys.stderr.isatty()

    def __enter__(self) -> Progress:
        if self._enabled:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(self._what, total=self._total)
        return self

    def advance(self) -> None:
        """One more is done."""
        if self._bar is not None:
            self._bar.advance(self._task)

    def update(self, what: str, done: int, total: int) -> None:
        """So much of that is done (the progress callback of verify)."""
        if self._bar is not None:
            self._bar.update(self._task, description=what, completed=done, total=max(total, 1))

    def above(self, write: Callable[[], None]) -> None:
        """Write something to standard output without tearing the bar."""
        if self._bar is not None:
            self._bar.stop()
            write()
            self._bar.start()
        else:
            write()

    def stop(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
