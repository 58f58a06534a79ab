"""The self-test: does this program, on this machine, notice every tampering that it should, and nothing else?

Each bundle of the shipped corpus (archiver.bundle.tampered) is verified as a receiver would, with the one key confirmed
that signed what is genuine in it; what is found is compared with what must be found.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

from archiver.bundle import tampered
from archiver.bundle.check import check_bundle
from archiver.bundle.read import BundleEvidence
from archiver.bundle.tampered import Case
from archiver.errors import FormatError
from archiver.verify.policy import Policy
from archiver.verify.report import Weight
from archiver.verify.run import verify

REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Tested:
    """One case. `exit_code`, `verdict`: what verifying it gave; `seen`: the findings that were expected, as words;
    `missed`: expected codes that were not found."""

    case: Case
    exit_code: int
    verdict: str
    seen: tuple[str, ...]
    missed: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether it was judged as it must be."""
        return self.exit_code == self.case.exit_code and not self.missed


def selftest() -> Iterator[Tested]:
    """Every case of the corpus, tested."""
    policy = Policy(signers={tampered.trusted(): "the collector"})
    for case in tampered.cases():
        yield _test(case, policy)


def _test(case: Case, policy: Policy) -> Tested:
    try:
        evidence = BundleEvidence(io.BytesIO(case.data), case.name)
    except FormatError as error:
        missed = tuple(code for code in case.codes if code != REFUSED)
        return Tested(case, 3, REFUSED, (error.message,), missed)
    report = verify(evidence, policy, bundle_step=check_bundle)
    heavy = [finding for finding in report.findings if finding.weight is not Weight.REMARK]
    seen = [finding for finding in heavy if finding.code in case.codes]
    found = {finding.code for finding in heavy}
    words = dict.fromkeys(f"{finding.file}: {finding.message}" if finding.file else finding.message for finding in seen)
    return Tested(case, report.exit_code, report.verdict, tuple(words), tuple(c for c in case.codes if c not in found))
