"""The table of attacks: it names what was seen, and says nothing where nothing was."""

from __future__ import annotations

from typing import Any

import pytest
from simulator import Simulator
from tsa_forge import NOW, YEAR, Chain, stamped
from verify_cases import bundle_of, check

from archiver.stamps.authority import parse_roots
from archiver.verify.exposure import Exposure, exposure
from archiver.verify.policy import KnownCheckpoint
from archiver.verify.report import Report

ONE = Chain("One")
ROOT = parse_roots(ONE.root.pem, "tsa-one")


def rows(archive: Simulator, **policy: Any) -> dict[str, Exposure]:
    report = check(archive, **policy)
    assert [row["attack"] for row in report.to_json()["exposure"]] == [row.attack for row in exposure(report)]
    return {row.attack: row for row in exposure(report)}


def known(archive: Simulator) -> KnownCheckpoint:
    return KnownCheckpoint(archive.origin, archive.checkpoint_size, archive.root, "my notebook")


def exposed(found: dict[str, Exposure]) -> set[str]:
    return {attack for attack, row in found.items() if row.exposed_by}


def test_an_archive_alone_exposes_changes_and_nothing_of_its_owner() -> None:
    found = rows(Simulator().capture())
    assert exposed(found) == {"tampering", "removal"}
    assert not any(row.found_by for row in found.values())


def test_a_checkpoint_from_outside() -> None:
    archive = Simulator().capture()
    assert exposed(rows(archive, known=(known(archive),))) == {"tampering", "removal", "truncation", "rewriting"}


def test_a_time_stamp() -> None:
    archive = stamped(Simulator().capture(), ONE)
    found = rows(archive, tsa_roots=(ROOT,))
    assert exposed(found) == {"tampering", "removal", "rewriting", "backdating", "key theft"}
    assert found["backdating"].exposed_by == (
        "what stands before number 3 existed before 2026-11-24T12:00:01Z, says tsa-one",
    )
    # By somebody who is not believed it exposes nothing.
    assert exposed(rows(archive)) == {"tampering", "removal"}


def test_a_bundle_is_a_selection() -> None:
    found = rows(bundle_of(Simulator().capture(), {1, 2}))
    assert "key events alone" in found["removal"].exposed_by[0] and not found["truncation"].exposed_by


@pytest.mark.parametrize(
    ("attack", "steps"),
    [("tampering", {9, 10}), ("removal", {4}), ("truncation", {7}), ("rewriting", {7}), ("backdating", {13})],
)
def test_what_was_done_is_found(attack: str, steps: set[int]) -> None:
    archive = Simulator().capture()
    policy: dict[str, Any] = {}
    if attack == "tampering":
        archive.files[archive.object_of(1, "warc")] += b"x"
    elif attack == "removal":
        del archive.files[archive.manifest_name(1)], archive.files[archive.manifest_name(1) + ".sig"]
    elif attack == "truncation":
        policy["known"] = (known(archive.copy().capture()),)
    elif attack == "rewriting":
        policy["known"] = (known(Simulator(seed=2, origin=archive.origin).capture()),)
    else:
        stamped(archive, ONE, when=NOW - YEAR / 2)
    found = rows(archive, tsa_roots=(ROOT,), **policy)
    assert set(found[attack].found_by) == steps
    for other, row in found.items():
        same = {attack, other} == {"rewriting", "split view"}  # nobody can tell them apart
        assert other == attack or same or not row.found_by or attack == "removal", (other, row)


def test_what_a_thief_signed_is_found() -> None:
    found = rows(Simulator().capture().revoke(1))
    assert found["key theft"].found_by == (5,)


def test_another_tool_s_file_has_no_log() -> None:
    assert exposure(Report(kind="wacz", label="x", depth="content")) == ()
