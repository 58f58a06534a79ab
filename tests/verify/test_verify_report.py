"""What a report says: outcomes, verdicts, exit codes, requirements, anchors; and that its document says the same."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any, BinaryIO

import pytest
import report_document
from simulator import Simulator
from verify_cases import bad, bundle_of, change, check, codes, named

from archiver.errors import StoreError, UsageError
from archiver.tlog.checkpoint import Checkpoint
from archiver.tlog.tiles import TileBuilder
from archiver.verify.codes import CODES
from archiver.verify.policy import REQUIREMENTS, KnownCheckpoint, Policy
from archiver.verify.report import CORE, STEPS, Outcome, Report, Weight
from archiver.verify.run import verify

DOCUMENT = report_document.PATH.read_text("utf-8")


def known(archive: Simulator, **changes: Any) -> KnownCheckpoint:
    """The archive's checkpoint, as somebody wrote it down."""
    return KnownCheckpoint(
        **{"origin": archive.origin, "size": archive.checkpoint_size, "root": archive.root, "source": "a card"}
        | changes
    )


# The document.


def test_the_document_is_what_the_code_says() -> None:
    assert report_document.rewritten(DOCUMENT) == DOCUMENT, "run: python tests/verify/report_document.py"


def test_the_document_has_the_steps_of_the_code() -> None:
    steps = re.findall(r"^(\d+)\. \*\*(.+?)\.\*\*", DOCUMENT, re.MULTILINE)
    assert {int(number): name.lower() for number, name in steps} == STEPS


def test_the_document_has_the_requirements_of_the_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([0-9, ]+)", DOCUMENT.split("**Requirements**")[1].split("##")[0], re.MULTILINE)
    assert {name: tuple(map(int, steps.split(","))) for name, steps in rows} == REQUIREMENTS


def test_the_document_has_every_key() -> None:
    format_part = DOCUMENT.split("## Format")[1].split("## Specimen")[0]
    report = check(Simulator().capture().note()).to_json()
    for key in (*report, *report["steps"][0], *report["findings"][0], *report["signers"][0]):
        assert f"`{key}`" in format_part, key


def test_every_report_is_json_of_the_documented_shape() -> None:
    shape = {
        "archiver": str, "kind": str, "path": str, "depth": str, "verdict": str, "exit_code": int, "steps": list,
        "signers": list, "findings": list, "more_findings": dict, "counts": dict, "anchors": list, "required": list,
        "times": list, "exposure": list, "unmet": list, "not_proven": list,
    }  # fmt: skip
    optional = {"archive": str, "origin": str, "size": int, "root": str, "checkpoint_time": str, "exporter": str}
    optional["renderer"] = str
    for archive in (Simulator().capture(), bundle_of(Simulator().capture(), {1, 2}), Simulator().stamp()):
        plain = json.loads(json.dumps(verify(archive, Policy()).to_json()))
        assert set(plain) == {*shape, *optional}
        assert all(type(plain[key]) is kind for key, kind in shape.items())
        assert all(plain[key] is None or type(plain[key]) is kind for key, kind in optional.items())
        assert [step["number"] for step in plain["steps"]] == list(range(1, 17))
        assert {step["outcome"] for step in plain["steps"]} <= {"passed", "failed", "not checked"}


# Exit codes and verdicts.


def of(*findings: tuple[int, str], confirmed: bool = True, anchors: tuple[str, ...] = ()) -> Report:
    report = Report("archive", "x", "content", signers={"SHA256:x": "me" if confirmed else None}, anchors=list(anchors))
    for step, code in findings:
        report.find(step, code, "m")
    return report


FAULT, UNREAD, OPEN = (5, "signature-bad"), (9, "object-unreadable"), (4, "manifest-newer")


@pytest.mark.parametrize("order", list(itertools.permutations([FAULT, UNREAD, OPEN])))
def test_precedence_is_3_1_4_in_any_order(order: tuple[tuple[int, str], ...]) -> None:
    assert of(*order).exit_code == 3
    assert of(*(item for item in order if item != UNREAD)).exit_code == 1
    assert of(OPEN).exit_code == 4
    assert of().exit_code == 0


def test_a_failure_beyond_the_thousandth_finding_of_its_kind_counts() -> None:
    report = of()
    for _ in range(1500):
        report.find(1, "file-unbound", "m")
    report.find(1, "file-unbound", "m", weight=Weight.FAILED)
    assert report.outcome(1) is Outcome.FAILED
    assert report.exit_code == 1


@pytest.mark.parametrize("step", CORE)
def test_a_core_step_that_was_not_made_decides_nothing(step: int) -> None:
    report = of(anchors=("a card",))
    assert report.verdict == "verified"
    report.steps[step].skipped = "for a reason"
    assert report.exit_code == 4
    assert report.verdict.startswith("undecided")


def test_a_step_that_found_nothing_to_look_at_is_not_passed() -> None:
    report = check(Simulator(), require=("statements",))
    assert [report.outcome(n) for n in (9, 10, 11, 12, 13, 14)] == [Outcome.NOT_CHECKED] * 6
    assert report.unmet == ["statements"]
    assert report.exit_code == 4


def test_no_anchor_no_verified() -> None:
    archive = Simulator().capture()
    assert check(archive).verdict == "internally consistent; nothing outside vouches for it"
    report = check(archive, known=(known(archive),))
    assert report.verdict == "verified"
    assert report.anchors == [f"a card: 3 manifests, root {archive.root.hex()[:16]}…"]
    assert check(archive, depth="seal", known=(known(archive),)).verdict == (
        "verified (not checked, or not in full: objects, exchanges, readings, statements)"
    )


def test_a_failing_report_never_sounds_good() -> None:
    archive = Simulator().capture()
    archive.files[archive.object_of(1, "warc")] += b"x"
    report = check(archive, known=(known(archive),))
    assert report.verdict == "FAILED"
    assert report.exit_code == 1


def test_every_report_says_what_is_not_proven() -> None:
    archive = Simulator().capture()
    assert any("server told the truth" in item for item in check(archive).to_json()["not_proven"])
    assert any("selection" in item for item in check(bundle_of(archive, {1, 2})).to_json()["not_proven"])


# Requirements.


def test_unknown_requirements_and_depths_are_refused() -> None:
    with pytest.raises(UsageError, match="unicorn"):
        Policy(require=("unicorn",))
    with pytest.raises(UsageError):
        Policy(depth="deep")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_nothing_required_is_met_by_not_looking(name: str) -> None:
    """At `seal`, with nothing from outside and no stamps: only what was shown is met."""
    report = verify(Simulator().capture(), Policy(depth="seal", require=(name,)))
    assert bool(report.unmet) == (name not in ("signatures", "log"))
    assert report.exit_code == 4


@pytest.mark.parametrize("name", sorted(set(REQUIREMENTS) - {"timestamp", "witness"}))
def test_what_was_shown_meets_a_requirement(name: str) -> None:
    archive = Simulator().capture()
    report = check(archive, require=(name,), known=(known(archive),))
    assert report.unmet == []
    assert report.exit_code == 0


@pytest.mark.parametrize("name", ["timestamp", "witness"])
def test_stamps_that_nobody_looked_into_meet_nothing(name: str) -> None:
    archive = Simulator().stamp().stamp(suffix=".cosig")
    assert check(archive, require=(name,)).unmet == [name]


def test_bytes_of_a_picture_are_bytes_without_statements() -> None:
    archive = Simulator().local_file(b"\xff\xd8", "photo.jpg", "image/jpeg").reading()
    assert check(archive, require=("bytes",)).unmet == []
    assert check(archive, require=("statements",)).unmet == ["statements"]


# History.


def rewritten(archive: Simulator, drop: int) -> Simulator:
    """The same keys, another history: all but the last `drop` manifests, and another capture after them."""
    other = archive.copy()
    other.files = {name: data for name, data in archive.files.items() if name == "archive.yaml"}
    fresh = Simulator()
    assert fresh.identity == archive.identity
    return fresh.capture(b"<p>Other words.")


def test_a_rewritten_history_is_consistent_and_nothing_vouches_for_it() -> None:
    archive = Simulator().capture()
    forged = rewritten(archive, 2)
    assert forged.identity == archive.identity
    report = check(forged)
    assert report.exit_code == 0
    assert report.verdict == "internally consistent; nothing outside vouches for it"
    report = check(forged, known=(known(archive),))
    assert bad(report) == {"history-forked"}
    assert report.anchors == []


def test_a_rewritten_history_that_went_on_is_noticed_by_the_smaller_checkpoint() -> None:
    archive = Simulator().capture()
    forged = rewritten(archive, 2).capture().capture()
    assert bad(check(forged, known=(known(archive),))) == {"history-forked"}


def test_a_shortened_log_is_noticed_by_whoever_remembers_the_longer_one() -> None:
    archive = Simulator().capture()
    short = archive.copy()
    archive.capture()
    assert check(short).exit_code == 0
    report = check(short, known=(known(archive),))
    assert bad(report) == {"history-shrunk"}


def test_a_shortened_folder_with_its_newest_checkpoint_is_noticed() -> None:
    archive = Simulator().capture().capture()
    for name in [name for name in archive.files if name.startswith(("chain/003", "chain/004"))]:
        del archive.files[name]
    report = check(archive)
    assert bad(report) >= {"manifest-missing"}
    assert report.outcome(6) is Outcome.NOT_CHECKED
    assert named(report, "manifest-missing") == ["chain/003.json", "chain/004.json"]


def test_an_old_checkpoint_put_back_contradicts_the_newer_one_beside_it() -> None:
    archive = Simulator().capture()
    old = archive.files["log/checkpoint"]
    archive.capture()
    archive.files["log/checkpoint"] = old
    report = check(archive)
    assert bad(report) >= {"history-shrunk", "manifest-beyond"}
    assert "log/checkpoints/5" in named(report, "history-shrunk")


def test_a_remembered_checkpoint_of_another_log_says_nothing() -> None:
    archive, other = Simulator().capture(), Simulator(seed=2, origin="log-other")
    report = check(archive, known=(known(other),))
    assert not report.anchors
    assert report.outcome(7) is Outcome.NOT_CHECKED
    assert codes(check(archive, known=(known(other, given=True),)), Weight.NOT_CHECKED) == {"since-not-checked"}


def test_its_own_older_checkpoints_are_no_anchor() -> None:
    report = check(Simulator().capture().capture(), require=("history",))
    assert report.unmet == ["history"]
    assert "3 checkpoints of its own agree" in report.why(7)


def test_a_forked_checkpoint_of_its_own_is_named() -> None:
    archive = Simulator().capture()
    archive.files["log/checkpoints/1"] = archive.sign(Checkpoint(archive.origin, 1, bytes(32)))
    report = check(archive)
    assert named(report, "history-forked") == ["log/checkpoints/1"]


def test_a_checkpoint_may_claim_any_size_without_keeping_us_busy() -> None:
    archive = Simulator().capture()
    archive.files["log/checkpoint"] = archive.sign(Checkpoint(archive.origin, 2**62, bytes(32)))
    report = check(archive)
    assert bad(report) >= {"manifest-missing"}
    missing = [finding.message for finding in report.findings if finding.code == "manifest-missing"]
    assert missing == [f"is missing, and so are the {2**62 - 4} after it"]


def test_manifests_injected_swapped_and_repeated() -> None:
    archive = Simulator().capture().note().note()
    for one, other in ((3, 4), (1, 2)):
        changed = archive.copy()
        for suffix in ("", ".sig"):
            names = [changed.manifest_name(n) + suffix for n in (one, other)]
            changed.files[names[0]], changed.files[names[1]] = changed.files[names[1]], changed.files[names[0]]
        report = check(changed)
        assert bad(report) >= {"manifest-place", "log-root"}
        assert set(named(report, "manifest-place")) == {changed.manifest_name(n) for n in (one, other)}
    from_another = Simulator(seed=2).capture()
    changed = archive.copy()
    for suffix in ("", ".sig"):
        changed.files["chain/001.json" + suffix] = from_another.files["chain/001.json" + suffix]
    report = check(changed)
    assert bad(report) >= {"manifest-place", "keys-hidden", "manifest-link", "log-root"}
    assert set(named(report, "manifest-place")) == {"chain/001.json"}


def test_an_injected_manifest_with_the_log_key_but_not_the_signers() -> None:
    archive = Simulator().capture()
    genuine, archive.signer = archive.signer, Simulator(seed=2).signer
    archive.note()
    archive.signer = genuine
    assert bad(check(archive)) == {"signer-inactive"}


# What cannot be read.


class Broken(Simulator):
    """Some files cannot be read."""

    broken: frozenset[str] = frozenset()

    def open(self, name: str) -> BinaryIO:
        if name in self.broken:
            raise StoreError("input/output error", where=name)
        return super().open(name)


def test_any_one_file_that_cannot_be_read_is_named_and_the_rest_is_looked_at() -> None:
    whole = Broken().capture().stamp()
    unread = {"archive.yaml"}  # nobody reads it
    for name in sorted(set(whole.files) - unread):
        archive = whole.copy()
        archive.broken = frozenset({name})
        report = check(archive)
        assert report.exit_code == 3, name
        assert name in named(report, "file-unreadable") + named(report, "object-unreadable")
        assert "could not be read" in report.verdict
        assert bad(report) <= {"file-unreadable", "object-unreadable"}, "a fault that is none was reported"


def test_a_folder_that_cannot_be_listed() -> None:
    class Unlisted(Simulator):
        def names(self) -> Any:
            yield "archive.yaml"
            raise StoreError("permission denied", where="objects")

    report = check(Unlisted().capture())
    assert report.exit_code == 3
    assert named(report, "file-unreadable") == ["objects"]


# One bundle's worth of what an archive has more of.


def test_a_bundle_binds_manifests_without_their_objects() -> None:
    archive = Simulator().capture().rotate().capture()
    report = check(bundle_of(archive, {1, 2}, bound={3}))
    assert not codes(report, Weight.FAILED, Weight.NOT_CHECKED) - {"file-unbound"}
    assert report.counts == {"snapshots": 1, "readings": 1, "statements": 2}
    assert report.outcome(1) is Outcome.NOT_CHECKED, "nobody looked at the bag"
    assert report.exit_code == 4


def test_the_proofs_of_a_bundle() -> None:
    archive = Simulator().capture().note()
    good = bundle_of(archive, {1, 2})
    for name in [name for name in good.files if name.endswith(".tlog-proof")]:
        for edit in (lambda data: change(data, 40), lambda data: data.replace(b"\n\n", b"\n", 1)):
            bundle = good.copy()
            bundle.files[name] = edit(bundle.files[name])
            assert named(check(bundle), "proof-bad") == [name]
    other = bundle_of(archive.copy().note(), {1, 2})
    mixed = good.copy()
    mixed.files["data/chain/001.tlog-proof"] = other.files["data/chain/001.tlog-proof"]
    assert named(check(mixed), "proof-bad") == ["data/chain/001.tlog-proof"]


def test_tiles_that_cover_too_much_or_stand_apart() -> None:
    archive = Simulator().capture()
    builder = TileBuilder(lambda name: archive.files["log/" + name], 3, archive.root)
    builder.append(b"x")
    archive.files |= {"log/" + name: data for name, data in builder.files().items()}
    assert set(named(check(archive), "tile-bad")) == {"log/tile/0/000.p/4", "log/tile/entries/000.p/4"}


def test_codes_have_no_strangers() -> None:
    assert all(re.fullmatch(r"[a-z]+(?:-[a-z]+)*", code) for code in CODES)
