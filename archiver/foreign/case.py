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


SIGNATURES = (".sig", ".asc", ".p7s", ".gpg", ".minisig")
STAMPS = (".tsr", ".tst", ".ots")


def note_seals(case: ForeignCase, names: list[str], what: str) -> None:
    """Steps 5 and 13 of a kind that has neither signatures nor time stamps of its own: files that look like some are
    named, for nothing says what they are over."""
    report = case.report
    signatures = [name for name in names if name.lower().endswith(SIGNATURES)]
    for name in signatures:
        message = f"may be a signature; {what} has none of its own, and this one is not looked into"
        report.find(5, "signature-unknown", message, file=name)
    if not signatures:
        report.find(5, "signature-absent", f"{what} is not signed")
    for name in names:
        if name.lower().endswith(STAMPS):
            report.steps[13].empty = False
            report.find(13, "stamp-not-checked", "may be a time stamp: nothing says what it is over", file=name)
    report.steps[15].skipped = "nothing has a good signature"


Check = Callable[[ForeignCase], None]
