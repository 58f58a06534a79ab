"""The user's wish to stop, as whoever waits looks at it: an Event of threads or of processes."""

from __future__ import annotations

from typing import Protocol


class Stop(Protocol):
    """Set once, by somebody else."""

    def is_set(self) -> bool:
        """Whether to stop."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait at most `timeout` seconds for it; whether it is set."""
