"""What a verification says: steps with three outcomes, findings with codes, and what is not proven.

The numbers and names of the steps are those of docs/formats/verify-report.md. A step that found nothing wrong but
could not look at everything is `not checked`, with the reason, for the part that it could not see.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any

from archiver.verify.codes import CODES


class Outcome(enum.Enum):
    """The three outcomes of every check."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


class Weight(enum.Enum):
    """What a finding means for the outcome of its step."""

    FAILED = "failed"
    DISOWNED = "disowned"  # signed by a key at or beyond the size that its revocation still trusts
    NOT_CHECKED = "not checked"
    REMARK = "remark"


STEPS: dict[int, str] = {
    1: "files",
    2: "identity",
    3: "checkpoint",
    4: "manifests",
    5: "signatures",
    6: "log",
    7: "history",
    8: "trust files",
    9: "objects",
    10: "exchanges",
    11: "readings",
    12: "statements",
    13: "time stamps",
    14: "witnesses",
    15: "signer",
    16: "bundle",
}

MAX_FINDINGS = 1000  # of one code kept in full; the rest are counted


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: `code` is documented in docs/formats/verify-report.md with what to do about it."""

    step: int
    code: str
    weight: Weight
    message: str
    file: str | None = None
    sequence: int | None = None


@dataclass(slots=True)
class Step:
    """One numbered step: what was looked at, and how much of it."""

    number: int
    summary: str = ""
    checked: int = 0
    skipped: str | None = None  # why the step was not made at all

    @property
    def name(self) -> str:
        return STEPS[self.number]


@dataclass(slots=True)
class Report:
    """The result of one verification; built by the steps, read by everybody else."""

    kind: str
    label: str
    depth: str
    archive: str | None = None
    origin: str | None = None
    size: int | None = None
    root: str | None = None
    checkpoint_time: str | None = None
    renderer: str | None = None
    signers: dict[str, str | None] = field(default_factory=dict)  # fingerprint -> name it is confirmed as
    exporter: str | None = None
    steps: dict[int, Step] = field(default_factory=lambda: {n: Step(n) for n in STEPS})
    findings: list[Finding] = field(default_factory=list)
    uncounted: dict[str, int] = field(default_factory=dict)
    anchors: list[str] = field(default_factory=list)  # outside anchors that were seen
    required: tuple[str, ...] = ()
    unmet: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    unreadable: bool = False

    def find(
        self,
        step: int,
        code: str,
        message: str,
        *,
        file: str | None = None,
        sequence: int | None = None,
        weight: Weight | None = None,
    ) -> None:
        """Add a finding; its weight is the code's own unless given."""
        weight = weight or Weight(CODES[code].weight)
        if sum(1 for _ in (f for f in self.findings if f.code == code)) >= MAX_FINDINGS:
            self.uncounted[code] = self.uncounted.get(code, 0) + 1
            return
        self.findings.append(Finding(step, code, weight, message, file, sequence))

    def outcome(self, number: int) -> Outcome:
        """The outcome of one step."""
        step = self.steps[number]
        weights = {finding.weight for finding in self.findings if finding.step == number}
        if Weight.FAILED in weights or Weight.DISOWNED in weights:
            return Outcome.FAILED
        if step.skipped is not None or Weight.NOT_CHECKED in weights:
            return Outcome.NOT_CHECKED
        return Outcome.PASSED

    def why(self, number: int) -> str:
        """One line on a step: why it was not checked, or what it covered."""
        step = self.steps[number]
        if step.skipped is not None:
            return step.skipped
        first = next((f for f in self.findings if f.step == number and f.weight is not Weight.REMARK), None)
        return first.message if first and self.outcome(number) is not Outcome.PASSED else step.summary

    @property
    def failed(self) -> bool:
        """Whether anything failed."""
        return any(finding.weight in (Weight.FAILED, Weight.DISOWNED) for finding in self.findings)

    @property
    def confirmed(self) -> bool:
        """Whether every signer is confirmed by the policy."""
        return bool(self.signers) and all(name is not None for name in self.signers.values())

    @property
    def exit_code(self) -> int:
        """3 could not read, 1 failed, 4 undecided, 0 good."""
        if self.unreadable:
            return 3
        if self.failed:
            return 1
        core = any(self.outcome(n) is Outcome.NOT_CHECKED for n in (1, 2, 3, 4, 5, 6))
        return 4 if core or self.unmet or not self.confirmed else 0

    @property
    def verdict(self) -> str:
        """One sentence for people."""
        if self.unreadable:
            return "could not be read"
        if self.failed:
            return "FAILED"
        if self.exit_code == 4:
            if self.unmet:
                return "undecided: required, but not checked: " + ", ".join(self.unmet)
            if not self.confirmed:
                return "internally consistent; the signing key is unconfirmed"
            return "undecided: a necessary check could not be made"
        return "verified" if self.anchors else "internally consistent; nothing outside vouches for it"

    def to_json(self) -> dict[str, Any]:
        """The report as docs/formats/verify-report.md describes it."""
        return {
            "archiver": "verify-report/v1",
            "kind": self.kind,
            "path": self.label,
            "depth": self.depth,
            "verdict": self.verdict,
            "exit_code": self.exit_code,
            "archive": self.archive,
            "origin": self.origin,
            "size": self.size,
            "root": self.root,
            "signers": [{"fingerprint": k, "confirmed_as": v} for k, v in sorted(self.signers.items())],
            "exporter": self.exporter,
            "steps": [
                {
                    "number": n,
                    "name": STEPS[n],
                    "outcome": self.outcome(n).value,
                    "why": self.why(n),
                    "checked": self.steps[n].checked,
                }
                for n in STEPS
            ],
            "findings": [
                {
                    "step": f.step,
                    "code": f.code,
                    "weight": f.weight.value,
                    "message": f.message,
                    "file": f.file,
                    "sequence": f.sequence,
                }
                for f in self.findings
            ],
            "more_findings": self.uncounted,
            "counts": self.counts,
            "anchors": self.anchors,
            "required": list(self.required),
            "unmet": self.unmet,
            "not_proven": list(NOT_PROVEN),
        }


NOT_PROVEN = (
    "that the server told the truth, or that another visitor would have received the same page",
    "that nothing was captured and left out before it was sealed",
    "when it was captured, beyond the collector's own clock, unless a time stamp or witness is listed above",
)
