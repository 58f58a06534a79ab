"""The reference archive in manifests/ is verified by this version as by every later one; making it is repeatable."""

from __future__ import annotations

from pathlib import Path

import reference
from newsroom import Newsroom

from archiver.signing.keys import KeySigner
from archiver.store.folder import ArchiveFolder
from archiver.store.home import Home
from archiver.verify.policy import Policy
from archiver.verify.report import Outcome, Report
from archiver.verify.run import verify

MANIFESTS = Path(__file__).resolve().parent.parent / "manifests"
SIGNER = KeySigner.from_seed(reference.seed("signer")).public.fingerprint
# What no part of the reference archive has: stamps, witnesses, a bundle, a checkpoint remembered outside.
NOT_THERE = {7, 13, 14, 16}


def judged(root: Path) -> Report:
    return verify(ArchiveFolder(root), Policy(signers={SIGNER: "demo key"}))


def test_reference_archive_verifies() -> None:
    report = judged(MANIFESTS)
    assert report.exit_code == 0, [finding for finding in report.findings if finding.weight.value != "remark"]
    for number, step in report.steps.items():
        wanted = Outcome.NOT_CHECKED if number in NOT_THERE else Outcome.PASSED
        assert report.outcome(number) is wanted, f"{step.name}: {report.why(number)}"
    assert report.counts["statements"] > 50


def test_the_same_inputs_give_the_same_archive(tmp_path: Path) -> None:
    made = []
    with Newsroom(date=reference.DATE) as site:
        for name in ("first", "second"):
            root = tmp_path / name / "archive"
            made.append(reference.make(root, Home(tmp_path / name / "config", tmp_path / name / "state"), site))
    first, second = (reference.comparable(tmp_path / name / "archive") for name in ("first", "second"))
    assert made[0].archive == made[1].archive
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []
    assert judged(tmp_path / "second" / "archive").exit_code == 0
