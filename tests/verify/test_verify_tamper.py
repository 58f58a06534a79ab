"""One byte or one file changed: caught, and the file named. All bytes: `make tamper` (bench/tamper.py)."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import tampering
from tampering import EDITS, MASKS, evidence_files, flip_in_memory, flip_on_disk, judge, policy_of, sample

from archiver.store.folder import ArchiveFolder
from archiver.verify.layout import object_path
from archiver.verify.report import Report
from archiver.verify.run import verify

FLIPS = 1200


def findings(report: Report, name: str) -> set[str]:
    return {finding.code for finding in report.findings if finding.file == name}


def test_the_sample_is_whole_and_small() -> None:
    archive = sample()
    report = verify(archive, policy_of(archive))
    assert not report.failed
    assert sum(map(len, archive.files.values())) <= 40_000
    assert {finding.file for finding in report.findings if finding.code == "file-unbound"} == tampering.UNBOUND


def test_a_sample_of_flipped_bytes() -> None:
    archive = sample()
    policy, chance = policy_of(archive), random.Random(20261123)
    names = evidence_files(archive)
    weights = [len(archive.files[name]) for name in names]
    for name in chance.choices(names, weights, k=FLIPS):
        at, mask = chance.randrange(len(archive.files[name])), chance.choice(MASKS)
        problem = flip_in_memory(archive, policy, name, at, mask)
        assert problem is None, f"byte {at} of {name} ^ {mask:#x}: {problem}"


def test_a_sample_of_flipped_bytes_on_disk(tmp_path: Path) -> None:
    archive = sample()
    root = archive.write_to(tmp_path / "archive")
    policy, chance, folder = policy_of(archive), random.Random(1), ArchiveFolder(root)
    assert not verify(folder, policy).failed
    for name in evidence_files(archive):
        for _ in range(4):
            at = chance.randrange(len(archive.files[name]))
            problem = flip_on_disk(root, folder, policy, name, at, 1)
            assert problem is None, f"byte {at} of {name}: {problem}"


@pytest.mark.parametrize("edit", EDITS)
def test_every_file(edit: str) -> None:
    for name in evidence_files(sample()):
        archive = sample()
        wanted = EDITS[edit](archive, name)
        report = verify(archive, policy_of(archive))
        if name == "log/checkpoints/1" and edit in ("deleted", "renamed"):
            # Nothing binds an older checkpoint but the partial tile beside it: reported, and no failure by itself.
            assert "history-gap" in {finding.code for finding in report.findings}
        else:
            assert judge(report, wanted) is None, f"{name} {edit}: {judge(report, wanted)}"


def test_every_pair_of_files_swapped() -> None:
    archive = sample()
    policy = policy_of(archive)
    for one, other in tampering.swaps(archive):
        files = archive.files
        files[one], files[other] = files[other], files[one]
        report = verify(archive, policy)
        assert judge(report, one) is None or judge(report, other) is None, f"{one} and {other}: {judge(report, one)}"
        files[one], files[other] = files[other], files[one]


ADDED = [
    "chain/004.json",
    "chain/004.json.sig",
    "chain/001.json.new.sig",
    "chain/x000/001.json",
    "chain/1.json",
    "chain/001.yaml",
    "chain/x999/x999/x999/x999/x999/x999/x999/x999.json",
    object_path("sha256:" + "0" * 64),
    "objects/sha256/00/" + "0" * 61,
    "objects/sha512/00",
    "log/tile/0/001",
    "log/tile/0/000.p/9",
    "log/tile/0/000.p/256",
    "log/tile/0/000.p/0",
    "log/tile/0/x000/000",
    "log/tile/9/000",
    "log/tile/64/000",
    "log/tile/entries/000",
    "log/tile/entries/001.p/1",
    "log/tile/entries/000.p/9",
    "log/checkpoints/2",
    "log/checkpoints/9",
    "log/checkpoints/01",
    "log/checkpoints/99999999999999999999999999",
    "log/latest",
    "trust/log.vkey.old",
    "README",
    "data/chain/000.json",
    "chain/../chain/000.json",
    "\u202egnp.exe",
]


@pytest.mark.parametrize("name", ADDED)
def test_an_added_file_is_named(name: str) -> None:
    archive = sample()
    archive.files[name] = archive.files["log/checkpoint"]
    assert judge(verify(archive, policy_of(archive)), name) is None


@pytest.mark.parametrize(
    "name", ["trust/policy", "trust/tsa/freetsa.pem", "index.sqlite", "runs/x.jsonl", ".lock", "chain/001.json.sig.1"]
)
def test_what_nothing_binds_is_listed(name: str) -> None:
    archive = sample()
    archive.files[name] = b"anything"
    report = verify(archive, policy_of(archive))
    assert findings(report, name) == {"file-unbound"}
    assert not report.failed


@pytest.mark.parametrize("name", [".DS_Store", "chain/.DS_Store", "objects/Thumbs.db", "log/tile/0/._000"])
def test_litter_is_a_remark(name: str) -> None:
    archive = sample()
    archive.files[name] = b"\0"
    report = verify(archive, policy_of(archive))
    assert findings(report, name) == {"file-litter"}
    assert not report.failed
