"""What a verification says: steps with three outcomes, findings with codes, and what is not proven.

The numbers and names of the steps are those of docs/formats/verify-report.md. A step that found nothing wrong but
could not look at everything is `not checked`, with the reason, for the part that it could not see; so is a step for
which there was nothing to look at.
"""

from __future__ import annotations

import enum
from collections.abc import Container
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from archiver.verify.codes import CODES

VERSION = "verify-report/v1"


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
CORE = (1, 2, 3, 4, 5, 6)  # without these nothing is decided
CORE_FOREIGN = (1, 4, 5, 9, 10)  # the same of another tool's file, as far as it has something of the kind
OURS = ("archive", "bundle")
PARTIAL = (9, 10, 11, 12, 16)  # if one of these was not made, the verdict says so

MAX_FINDINGS = 1000  # of one code kept in full; the rest are counted
MAX_MESSAGE = 1000  # characters; what pages and servers say can be long
UNREADABLE = frozenset({"file-unreadable", "object-unreadable"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: `code` is documented in docs/formats/verify-report.md with what to do about it."""

    step: int
    code: str
    weight: Weight
    message: str
    file: str | None = None
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class TimeBound:
    """What one verified time stamp shows: the manifests before `size` existed before `moment`, says `by`, whom the
    policy believes. `sequence` is the manifest that lists it; `ends` is when the first of its certificates does, and
    `renewed` whether that manifest was stamped again before."""

    moment: datetime
    size: int
    kind: str
    by: str
    file: str
    sequence: int
    ends: datetime | None = None
    renewed: bool = False

    @property
    def time(self) -> str:
        """The moment to the second, rounded up."""
        return spell(self.moment)


def counted(number: int, one: str, many: str) -> str:
    """`1 manifest`, `3 manifests`."""
    return f"{number} {one if number == 1 else many}"


def spell(moment: datetime) -> str:
    """A moment to the second, rounded up: what existed before it existed before the rounded one."""
    if moment.microsecond:
        moment = moment.replace(microsecond=0) + timedelta(seconds=1)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class Step:
    """One numbered step: what was looked at, and how much of it. `skipped`: why it was not made at all; `empty`: there
    was nothing of its kind, and the summary says so."""

    number: int
    summary: str = ""
    checked: int = 0
    skipped: str | None = None
    empty: bool = False

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
    checkpoint_time: str | None = None  # what the log claims in its ML-DSA-44 line
    renderer: str | None = None
    signers: dict[str, str | None] = field(default_factory=dict)  # fingerprint -> name it is confirmed as
    exporter: str | None = None
    steps: dict[int, Step] = field(default_factory=lambda: {n: Step(n) for n in STEPS})
    findings: list[Finding] = field(default_factory=list)
    uncounted: dict[str, int] = field(default_factory=dict)
    anchors: list[str] = field(default_factory=list)  # outside anchors that were seen
    times: list[TimeBound] = field(default_factory=list)  # by rising size: what verified time stamps bound
    required: tuple[str, ...] = ()
    unmet: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    unreadable: bool = False
    _kept: dict[str, int] = field(default_factory=dict)  # findings by code
    _weights: dict[int, set[Weight]] = field(default_factory=dict)  # by step

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
        self.unreadable = self.unreadable or code in UNREADABLE
        self._weights.setdefault(step, set()).add(weight)
        kept = self._kept.get(code, 0)
        if kept >= MAX_FINDINGS:
            self.uncounted[code] = self.uncounted.get(code, 0) + 1
            return
        self._kept[code] = kept + 1
        message = message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1] + "…"
        self.findings.append(Finding(step, code, weight, message, file, sequence))

    def relieve(self, code: str, heavy: Container[int], why: str) -> None:
        """Make a remark of the disowned findings of that code, but for the manifests of these numbers."""
        if code in self.uncounted:
            return  # some are not known one by one
        for place, found in enumerate(self.findings):
            if found.code == code and found.weight is Weight.DISOWNED and found.sequence not in heavy:
                self.findings[place] = replace(found, weight=Weight.REMARK, message=f"{found.message}; {why}")
                weights = {item.weight for item in self.findings if item.step == found.step}
                self._weights[found.step] = self._weights[found.step] - {Weight.DISOWNED} | weights

    def outcome(self, number: int) -> Outcome:
        """The outcome of one step."""
        step, weights = self.steps[number], self._weights.get(number, set())
        if Weight.FAILED in weights or Weight.DISOWNED in weights:
            return Outcome.FAILED
        if step.skipped is not None or step.empty or Weight.NOT_CHECKED in weights:
            return Outcome.NOT_CHECKED
        return Outcome.PASSED

    def why(self, number: int) -> str:
        """One line on a step: what failed, why it was not checked, or what it covered."""
        step, outcome = self.steps[number], self.outcome(number)
        if outcome is Outcome.PASSED:
            return step.summary
        heavy = {Weight.FAILED, Weight.DISOWNED} if outcome is Outcome.FAILED else {Weight.NOT_CHECKED}
        first = next((f for f in self.findings if f.step == number and f.weight in heavy), None)
        if first is not None:
            return f"{first.file}: {first.message}" if first.file else first.message
        return step.skipped or step.summary

    @property
    def failed(self) -> bool:
        """Whether anything failed."""
        return any(weights & {Weight.FAILED, Weight.DISOWNED} for weights in self._weights.values())

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
        return 4 if self._undecided() is not None or self.unmet or not self.confirmed else 0

    @property
    def foreign(self) -> bool:
        """Whether another tool made what was verified."""
        return self.kind not in OURS

    def _undecided(self) -> int | None:
        """The first necessary step that is not checked; of another tool's file, a missing signature counts last."""
        core = CORE if not self.foreign else (*(n for n in CORE_FOREIGN if n != 5 and not self.steps[n].empty), 5)
        return next((n for n in core if self.outcome(n) is Outcome.NOT_CHECKED), None)

    @property
    def verdict(self) -> str:
        """One sentence for people."""
        if self.unreadable:
            return "could not be read" + (", and what could be read FAILED" if self._fails_readable() else "")
        if self.failed:
            only = all(Weight.FAILED not in weights for weights in self._weights.values())
            return (
                "disowned in part: some keys signed on after their revocation's size; the rest holds"
                if only
                else "FAILED"
            )
        undecided = self._undecided()
        if undecided == 5 and self.foreign:
            return "undecided: nothing that was checked is wrong, and no signature vouches for it"
        if undecided is not None:
            return f"undecided: a necessary check could not be made (step {undecided}, {STEPS[undecided]})"
        if self.unmet:
            return "undecided: required, but not checked: " + ", ".join(self.unmet)
        if not self.confirmed:
            return "internally consistent; the signing key is unconfirmed"
        whole = "verified" if self.anchors else "internally consistent; nothing outside vouches for it"
        partly = [STEPS[n] for n in PARTIAL if self._is_partial(n)]
        return f"{whole} (not checked, or not in full: {', '.join(partly)})" if partly else whole

    def _is_partial(self, number: int) -> bool:
        if number == 16 and self.kind != "bundle":
            return False
        return self.outcome(number) is Outcome.NOT_CHECKED and not self.steps[number].empty

    def _fails_readable(self) -> bool:
        return any(f.weight in (Weight.FAILED, Weight.DISOWNED) and f.code not in UNREADABLE for f in self.findings)

    def to_json(self) -> dict[str, Any]:
        """The report as docs/formats/verify-report.md describes it."""
        from archiver.verify.exposure import exposure

        return {
            "archiver": VERSION,
            "kind": self.kind,
            "path": self.label,
            "depth": self.depth,
            "verdict": self.verdict,
            "exit_code": self.exit_code,
            "archive": self.archive,
            "origin": self.origin,
            "size": self.size,
            "root": self.root,
            "checkpoint_time": self.checkpoint_time,
            "signers": [{"fingerprint": k, "confirmed_as": v} for k, v in sorted(self.signers.items())],
            "exporter": self.exporter,
            "renderer": self.renderer,
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
            "times": [
                {
                    "size": bound.size,
                    "before": bound.time,
                    "kind": bound.kind,
                    "by": bound.by,
                    "file": bound.file,
                    "certificates_end": None if bound.ends is None else spell(bound.ends),
                    "renewed": bound.renewed,
                }
                for bound in self.times
            ],
            "exposure": [
                {
                    "attack": row.attack,
                    "meaning": row.meaning,
                    "found_by": list(row.found_by),
                    "exposed_by": list(row.exposed_by),
                }
                for row in exposure(self)
            ],
            "required": list(self.required),
            "unmet": self.unmet,
            "not_proven": [
                *NOT_PROVEN,
                *(NOT_PROVEN_BUNDLE if self.kind == "bundle" else NOT_PROVEN_FOREIGN if self.foreign else ()),
            ],
        }


NOT_PROVEN = (
    "that the server told the truth, or that another visitor would have received the same page",
    "that nothing was captured and left out before it was sealed",
    "when it was captured, beyond the collector's own clock, unless a time stamp or witness is listed above",
    "who a quoted speaker is, what kind of page it was, its title and dates: a reading is a program's interpretation",
)
NOT_PROVEN_BUNDLE = (
    "that there is nothing else: a bundle is its exporter's selection, and later readings or rechecks may exist",
    "that no key was revoked after the bundle's checkpoint",
)
NOT_PROVEN_FOREIGN = ("that any of it ever came from the web: whoever makes such a file can write its records by hand",)
