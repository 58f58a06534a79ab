"""What the steps over one file of another tool share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from archiver.foreign.files import Files
from archiver.verify.case import Progress, silent
from archiver.verify.policy import Policy
from archiver.verify.report import Report


@dataclass(slots=True)
class ForeignCase:
    """One verification under way. `counts`: what was looked at, for the summaries of the steps."""

    files: Files
    policy: Policy
    report: Report
    progress: Progress = silent
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, what: str, number: int = 1) -> None:
        """Add to a count."""
        self.counts[what] = self.counts.get(what, 0) + number

    def counted(self, what: str) -> int:
        """What was counted so far."""
        return self.counts.get(what, 0)

    def at_depth(self, depth: str) -> bool:
        """Whether this is asked for: `objects` (digests), `content` (what the bytes say)."""
        return self.policy.depth == "content" or self.policy.depth == depth


Check = Callable[[ForeignCase], None]
