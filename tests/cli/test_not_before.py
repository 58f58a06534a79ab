"""A fresh public value bounds a capture's time from below: sealed, shown, named by verify, and judged by nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from newsroom import Newsroom
from simulator import Simulator
from terminal import User

from archiver.model.facts import SnapshotFacts
from archiver.verify.policy import Policy
from archiver.verify.run import verify

PAGE = "/wire/harbour-crane"
VALUE = "00000000000000000001a3f2c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7"
SOURCE = "Bitcoin block 921344"


def test_sealed_shown_and_named(user: User, site: Newsroom) -> None:
    user.init()
    user.ok("capture", "--allow-private", "--not-before", VALUE, "--not-before-source", SOURCE, site.url(PAGE))
    shown = user.ok("show", "1").out
    assert "not before" in shown and VALUE in shown and "became public" in " ".join(shown.split())
    settings = user.ok("show", "--json", "1").json()["snapshot"]["facts"]["software"]["settings"]
    assert settings["not_before"] == {"value": VALUE, "source": SOURCE}
    report = user.ok("verify", "--json").json()
    (finding,) = [f for f in report["findings"] if f["code"] == "not-before-claimed"]
    assert (finding["weight"], finding["sequence"]) == ("remark", 1) and VALUE in finding["message"]
    user.ok("export", "1", "-o", user.folder / "b.zip")
    data = (user.folder / "b.zip").read_bytes()
    assert b"Not made before" in data and f"as the collector says: {SOURCE}".encode() in data
    user.ok("capture", "--allow-private", site.url(PAGE))
    assert "not before" not in user.ok("show", "latest").out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--not-before", VALUE), "without its source"),
        (("--not-before-source", SOURCE), "give both"),
        (("--not-before", "7", "--not-before-source", "a die"), "could have been guessed"),
        (("--not-before", "7" * 20_000, "--not-before-source", "a die"), "at most"),
    ],
)
def test_what_nobody_could_look_up_is_refused(user: User, site: Newsroom, options: tuple[str, ...], words: str) -> None:
    user.init()
    result = user("capture", "--allow-private", *options, site.url(PAGE))
    assert result.code == 2 and words in result.err and not site.requests


@pytest.mark.parametrize("odd", [VALUE, {"value": VALUE}, {"value": 1, "source": SOURCE}, {"value": "", "source": ""}])
def test_what_has_another_form_is_not_named(odd: Any) -> None:
    def with_odd(facts: SnapshotFacts) -> SnapshotFacts:
        return replace(facts, software=replace(facts.software, settings={"not_before": odd}))

    archive = Simulator().snapshot(facts=with_odd)
    report = verify(archive, Policy(archives={archive.identity: "x"}))
    assert not [finding for finding in report.findings if finding.code == "not-before-claimed"]
    assert report.exit_code == 0
