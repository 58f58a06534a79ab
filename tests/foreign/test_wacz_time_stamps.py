"""Time stamps in a WACZ: over the signature, by an authority that was pinned, the certificate inside or beside it."""

from __future__ import annotations

import base64
import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from foreign_cases import ANONYMOUS, DATE, ROOT, chain, fingerprint, wacz, zipped
from tsa_forge import Chain, answer

from archiver.foreign.check import check_foreign
from archiver.stamps.authority import Root
from archiver.stamps.rfc3161 import build_request
from archiver.verify.policy import Policy
from archiver.verify.report import Report

pytest.importorskip("rfc3161_client")
AT = datetime.datetime(2026, 11, 23, 13, 2, 20, tzinfo=datetime.UTC)
AUTHORITY, STRANGER = Chain("One"), Chain("Two")
ROOTS = (Root("tsa-one", (AUTHORITY.root.der,), (AUTHORITY.middle.der,)),)


def stamped(folder: Path, *, over: str | None = None, beside: bool = False, when: datetime.datetime = AT,
            by: Chain = AUTHORITY, roots: tuple[Root, ...] = ROOTS, **members: Any) -> Report:  # fmt: skip
    plain = json.loads(wacz(**members)["datapackage-digest.json"])["signedData"]
    request = build_request((over or plain["signature"]).encode(), 7)
    token = answer(by, request, when=when, certificates=[] if beside else None)
    certificates = (by.signer.pem + by.middle.pem).decode() if beside else chain()
    names = wacz(timeSignature=base64.b64encode(token).decode(), timestampCert=certificates, **members)
    path = folder / "x.wacz"
    path.write_bytes(zipped(names))
    believed = {fingerprint(ANONYMOUS): "Ann Lee", fingerprint(ROOT): "a root"}
    return check_foreign(path, "wacz", Policy(signers=believed, tsa_roots=roots))


@pytest.mark.parametrize("beside", [False, True])
def test_a_stamp_of_a_pinned_authority(tmp_path: Path, beside: bool) -> None:
    report = stamped(tmp_path, beside=beside)
    assert (report.exit_code, report.outcome(13).value) == (0, "passed"), report.findings
    assert "tsa-one" in report.why(13) and report.anchors
    assert report.verdict.startswith("verified")


def test_a_stamp_over_something_else(tmp_path: Path) -> None:
    report = stamped(tmp_path, over="another signature")
    assert report.exit_code == 1 and "stamp-bad" in {f.code for f in report.findings}


def test_a_stamp_by_an_authority_that_nobody_pinned(tmp_path: Path) -> None:
    for report in (stamped(tmp_path, by=STRANGER), stamped(tmp_path, roots=())):
        assert (report.exit_code, report.outcome(13).value) == (0, "not checked")
        assert not report.anchors


def test_a_stamp_before_the_signature(tmp_path: Path) -> None:
    early = datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.UTC)
    report = stamped(tmp_path, when=early)
    assert "stamp-before-claim" in {f.code for f in report.findings}, DATE


def test_a_stamp_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "x.wacz"
    path.write_bytes(zipped(wacz(timeSignature=base64.b64encode(b"garbage").decode())))
    report = check_foreign(path, "wacz", Policy(signers={fingerprint(ANONYMOUS): "Ann Lee"}, tsa_roots=ROOTS))
    assert (report.exit_code, report.outcome(13).value) == (0, "not checked")


def test_a_domain_is_believed_by_its_root_only_with_a_stamp_in_time(tmp_path: Path) -> None:
    report = stamped(tmp_path, sign="domain")
    assert report.exit_code == 0 and list(report.signers.values()) == ["sign.example, certified by a root"]
    assert report.verdict.startswith("verified")
    late = datetime.datetime(2027, 3, 1, tzinfo=datetime.UTC)  # the certificate ended on 18 February
    for unshown in (stamped(tmp_path, sign="domain", when=late), stamped(tmp_path, sign="domain", roots=())):
        assert unshown.exit_code == 4 and "in time" in unshown.why(15), unshown.findings
