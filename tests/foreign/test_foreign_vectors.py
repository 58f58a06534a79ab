"""Every vector of tests/vectors/foreign, and whether the cases in the code are still those."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from foreign_cases import ANONYMOUS, DOMAIN, ROOT, fingerprint
from foreign_tampered import Case, cases
from make_foreign_vectors import FOLDER, spell

from archiver.foreign.check import check_foreign, kind_of
from archiver.verify.codes import CODES, FOREIGN
from archiver.verify.policy import Policy
from archiver.verify.report import Report

EXIT = {"passed": 0, "failed": 1, "undecided": 4}
SUFFIX = {"wacz": ".wacz", "warc": ".warc.gz", "bag": ".zip", "auto-archiver": ".zip"}
BELIEVED = Policy(signers={fingerprint(ANONYMOUS): "Ann Lee", fingerprint(ROOT): "a root that was compared"})


def read(path: Path) -> Case:
    head, _, data = path.read_bytes().partition(b"\n\n")
    told: dict[str, list[str]] = {}
    for line in head.decode().split("\n"):
        name, _, value = line.partition(": ")
        told.setdefault(name, []).append(value)
    assert set(told) <= {"kind", "expect", "why", "code"}
    (kind,), (expect,), (why,) = told["kind"], told["expect"], told["why"]
    codes = tuple(told.get("code", ()))
    return Case(path.stem.removeprefix(kind + "-"), kind, expect, why, codes, data, kind == "auto-archiver")


def placed(case: Case, folder: Path) -> Path:
    """The file, or the folder, as somebody received it."""
    if case.folder:
        with zipfile.ZipFile(io.BytesIO(case.data)) as packed:
            packed.extractall(folder / case.name)
        return folder / case.name
    path = folder / (case.name + (".warc" if case.data[:5] == b"WARC/" else SUFFIX[case.kind]))
    path.write_bytes(case.data)
    return path


def judged(case: Case, folder: Path, policy: Policy = BELIEVED) -> Report:
    path = placed(case, folder)
    kind = kind_of(path)
    assert kind == case.kind
    return check_foreign(path, kind, policy)


VECTORS = [read(path) for path in sorted(FOLDER.glob("*.vector"))]


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: f"{case.kind}-{case.name}")
def test_vector(case: Case, tmp_path: Path) -> None:
    report = judged(case, tmp_path)
    found = {finding.code for finding in report.findings}
    told = [f"{f.step} {f.code} {f.file}: {f.message}" for f in report.findings]
    assert report.exit_code == EXIT[case.expect], (case.why, report.verdict, told)
    assert set(case.codes) <= found, (case.why, told)
    if case.expect == "passed":
        assert all(CODES[code].weight == "remark" or code == "stamp-not-checked" for code in found), told
    # Nothing is ever called verified without somebody who confirmed the key.
    stranger = judged(case, tmp_path, Policy()) if not case.folder else report
    assert stranger.exit_code != 0
    assert report.to_json()["kind"] == case.kind and len(report.to_json()["steps"]) == 16


def test_the_vectors_are_what_the_cases_give(tmp_path: Path) -> None:
    """And what the cases give now is judged alike: their bytes change with the versions of zlib, bagit and warcio."""
    made = {f"{case.kind}-{case.name}.vector": case for case in cases()}
    assert set(made) == {path.name for path in FOLDER.glob("*.vector")}
    for name, case in made.items():
        stored = read(FOLDER / name)
        assert (stored.expect, stored.why, stored.codes) == (case.expect, case.why, case.codes), name
        assert judged(case, tmp_path).exit_code == EXIT[case.expect], name
        (tmp_path / "spelled").write_bytes(spell(case))
        assert read(tmp_path / "spelled").data == case.data


def test_every_code_of_other_tools_files_is_in_a_vector() -> None:
    elsewhere = {"import-differs", "replay-differs", "replay-headers"}  # tests/cli: they need an archive
    remarks = {"list-odd", "index-odd", "index-lacks"}
    assert {code for case in VECTORS for code in case.codes} >= set(FOREIGN) - elsewhere - remarks


def test_the_key_of_a_domain_is_believed_by_its_own_fingerprint_too(tmp_path: Path) -> None:
    case = next(case for case in VECTORS if case.name == "domain")
    report = judged(case, tmp_path, Policy(signers={fingerprint(DOMAIN): "the newsroom"}))
    assert report.exit_code == 0 and report.signers == {fingerprint(DOMAIN): "the newsroom"}
    assert report.outcome(13).value == "not checked"
    named = judged(case, tmp_path, Policy())
    assert "sign.example" in named.why(15) and fingerprint(ROOT) in named.why(15)


def test_depths_and_requirements(tmp_path: Path) -> None:
    case = next(case for case in VECTORS if case.kind == "wacz" and case.name == "signed")
    for depth, steps in (("seal", {9, 10}), ("objects", {10}), ("content", set())):
        report = judged(case, tmp_path, Policy(signers=BELIEVED.signers, depth=depth))  # type: ignore[arg-type]
        assert {n for n in (1, 4, 5, 9, 10) if report.outcome(n).value != "passed"} == steps
        assert report.exit_code == (4 if steps else 0)
    required = judged(case, tmp_path, Policy(signers=BELIEVED.signers, require=("timestamp",)))
    assert (required.exit_code, required.unmet) == (4, ["timestamp"])
    assert judged(case, tmp_path, Policy(signers=BELIEVED.signers, require=("bytes", "signatures"))).exit_code == 0
