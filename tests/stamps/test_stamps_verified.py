"""Step 13: what verified time stamps show, and everything that a stamp must not be believed for."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable
from typing import Any

import pytest
from simulator import Simulator
from tsa_forge import NOW, YEAR, Chain, answer, stamped
from verify_cases import bundle_of

from archiver.stamps.authority import Root, parse_roots
from archiver.stamps.rfc3161 import build_request
from archiver.verify.codes import CODES
from archiver.verify.policy import Policy
from archiver.verify.report import Finding, Outcome, Report
from archiver.verify.run import verify
from archiver.verify.stamps import ranges

ONE, EVIL = Chain("One"), Chain("Evil")
ROOT = parse_roots(ONE.root.pem, "tsa-one")
SECOND = datetime.timedelta(seconds=1)


def report_of(archive: Any, *roots: Root, **policy: Any) -> Report:
    return verify(archive, Policy(archives={archive.identity: "the simulator"}, tsa_roots=roots or (ROOT,), **policy))


def found(report: Report, code: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.code == code]


def test_a_good_stamp_bounds_everything_before_it() -> None:
    archive = stamped(Simulator().capture(), ONE)
    report = report_of(archive, require=("timestamp",))
    assert report.outcome(13) is Outcome.PASSED and report.exit_code == 0
    assert report.why(13) == "numbers 0 to 2 existed before 2026-11-24T12:00:01Z (tsa-one)"
    assert report.verdict == "verified" and report.anchors == [
        "time stamp by tsa-one: numbers 0 to 2 existed before 2026-11-24T12:00:01Z"
    ]
    (bound,) = report.to_json()["times"]
    assert bound == {
        "size": 3,
        "before": "2026-11-24T12:00:01Z",
        "kind": "RFC 3161",
        "by": "tsa-one",
        "file": "log/checkpoints/3.tsa-one.tsr",
        "certificates_end": "2036-11-21T12:00:00Z",
        "renewed": False,
    }


def test_the_accuracy_and_fractions_of_a_second_count_against_us() -> None:
    archive = stamped(Simulator().capture(), ONE, accuracy=90)
    assert "before 2026-11-24T12:01:30Z" in report_of(archive).why(13)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"imprint": b"x" * 32}, "about something else"),
        ({"nonce": 5}, "another request"),
        ({"nonce": None}, "another request"),
        ({"ess": b"x" * 32}, "another certificate"),
        ({"signed_by": EVIL.signer.key}, "does not hold"),
        ({"when": NOW + 20 * YEAR}, "expired"),
        ({"when": NOW - 20 * YEAR}, "not yet valid"),
        ({"status": 2}, "gave no token"),
        ({"signers": 2}, "2 signers"),
        ({"info_hook": lambda info: info[:-1] + b"\x00"}, "not what it says"),
        ({"imprint_algorithm": "1.3.14.3.2.26", "imprint": b"x" * 20}, "none that is believed"),
    ],
)
def test_a_stamp_that_does_not_hold_fails(options: dict[str, Any], words: str) -> None:
    report = report_of(stamped(Simulator().capture(), ONE, **options))
    (finding,) = found(report, "stamp-bad")
    assert words in finding.message and finding.file == "log/checkpoints/3.tsa-one.tsr"
    assert report.outcome(13) is Outcome.FAILED and report.exit_code == 1 and not report.times


@pytest.mark.parametrize(
    "options",
    [
        {"critical": False},
        {"usages": None},
        {"usages": ["1.3.6.1.5.5.7.3.1"]},
        {"usages": ["1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.1"]},
        {"until": NOW - YEAR / 2},
    ],
)
def test_a_signer_that_is_not_for_time_stamping_alone(options: dict[str, Any]) -> None:
    from cryptography.x509 import ObjectIdentifier

    if options.get("usages"):
        options = {"usages": [ObjectIdentifier(oid) for oid in options["usages"]]}
    chain = Chain("Odd", options)
    report = report_of(stamped(Simulator().capture(), chain), parse_roots(chain.root.pem, "odd"))
    assert found(report, "stamp-bad") and report.outcome(13) is Outcome.FAILED


def test_a_root_in_the_token_is_never_trusted() -> None:
    """rfc3161-client up to 1.0.8 believed any authority that brought its own root along."""
    along = [EVIL.signer.der, EVIL.middle.der, EVIL.root.der]
    archive = stamped(Simulator().capture(), EVIL, certificates=along)
    report = report_of(archive)
    (finding,) = found(report, "stamp-not-checked")
    assert "no pinned root vouches for CN=Evil time stamping" in finding.message
    assert report.outcome(13) is Outcome.NOT_CHECKED and not report.times and not report.anchors
    assert report_of(archive, parse_roots(EVIL.root.pem, "evil")).outcome(13) is Outcome.PASSED


def test_without_a_pinned_root_nothing_is_believed() -> None:
    archive = stamped(Simulator().capture(), ONE)
    report = verify(archive, Policy(archives={archive.identity: "x"}, require=("timestamp",)))
    assert "no root is pinned" in report.why(13) and report.unmet == ["timestamp"] and report.exit_code == 4


@pytest.mark.parametrize("order", [sorted, lambda found: sorted(found, reverse=True)])
def test_certificates_may_stand_in_any_order(order: Callable[[list[bytes]], list[bytes]]) -> None:
    assert report_of(stamped(Simulator().capture(), ONE, order=order)).outcome(13) is Outcome.PASSED


def test_an_intermediate_may_be_pinned_beside_the_root_and_is_no_root_itself() -> None:
    archive = stamped(Simulator().capture(), ONE, certificates=[ONE.signer.der])
    assert report_of(archive).outcome(13) is Outcome.NOT_CHECKED
    both = parse_roots(ONE.root.pem + ONE.middle.pem, "tsa-one")
    assert report_of(archive, both).outcome(13) is Outcome.PASSED


def test_a_stamp_without_its_request_bounds_the_time_all_the_same() -> None:
    assert report_of(stamped(Simulator().capture(), ONE, without="tsq")).outcome(13) is Outcome.PASSED
    report = report_of(stamped(Simulator().capture(), ONE, without="tsr"))
    assert "no answer" in report.why(13) and report.outcome(13) is Outcome.NOT_CHECKED


def test_malformed_bytes_are_not_checked_and_never_valid() -> None:
    report = report_of(Simulator().capture().stamp(b"not a token", ".tsa-one.tsr"))
    assert "malformed" in report.why(13) and report.outcome(13) is Outcome.NOT_CHECKED


def test_one_good_stamp_is_enough_and_the_others_are_told() -> None:
    archive = stamped(stamped(Simulator().capture(), ONE), EVIL, "other", size=3)
    report = report_of(archive)
    assert report.outcome(13) is Outcome.PASSED and found(report, "stamp-not-checked")
    archive = stamped(stamped(Simulator().capture(), ONE), ONE, "two", size=3, imprint=b"x" * 32)
    assert report_of(archive).outcome(13) is Outcome.FAILED


def test_what_came_after_the_last_stamp_is_not_covered() -> None:
    report = report_of(stamped(Simulator().capture(), ONE).capture(), require=("timestamp",))
    assert report.outcome(13) is Outcome.NOT_CHECKED and report.unmet == ["timestamp"]
    assert "no verified time stamp covers number 4 and 1 more" in report.why(13)
    assert report.anchors and "numbers 0 to 2" in report.why(13)


def test_in_a_bundle_what_it_proves_must_be_covered() -> None:
    archive = stamped(Simulator().capture(), ONE).capture()
    for chosen, outcome in (({1, 2}, Outcome.PASSED), ({4, 5}, Outcome.NOT_CHECKED)):
        bundle = bundle_of(archive, chosen, bound={3})
        for name in ("3", "3.tsa-one.tsq", "3.tsa-one.tsr"):
            bundle.files[f"data/log/checkpoints/{name}"] = archive.files[f"log/checkpoints/{name}"]

        def extends(case: Any) -> None:  # what archiver.bundle.check shows with a consistency proof
            case.extended.add(3)

        policy = Policy(archives={archive.identity: "x"}, tsa_roots=(ROOT,))
        assert verify(bundle, policy, bundle_step=extends).outcome(13) is outcome
        assert verify(bundle, policy).outcome(13) is Outcome.NOT_CHECKED  # nobody showed that this log extends it


def test_a_stamp_over_another_history_bounds_nothing() -> None:
    """The stamped checkpoint is put into an archive whose beginning is another one."""
    archive = Simulator(seed=1).capture()
    archive.files["log/checkpoints/3"] = Simulator(seed=2).capture().files["log/checkpoints/3"]
    stamped(archive, ONE)
    report = report_of(archive)
    assert not report.times and report.failed


def test_at_a_moment_only_earlier_stamps_count() -> None:
    archive = stamped(Simulator().capture(), ONE)
    archive = stamped(archive.capture(), ONE, "tsa-two", when=NOW + YEAR)
    assert "numbers 0 to 5" in report_of(archive).why(13)
    report = report_of(archive, at=NOW + 2 * SECOND)
    assert "numbers 0 to 2" in report.why(13) and len(found(report, "stamp-later")) == 1
    report = report_of(archive, at=NOW - SECOND)
    assert report.outcome(13) is Outcome.NOT_CHECKED and not report.times


def test_a_backdated_stamp_contradicts_the_manifests_that_it_covers() -> None:
    """The manifest says that it is younger than the stamp over it: somebody's clock is wrong."""
    report = report_of(stamped(Simulator().capture(), ONE, when=NOW - YEAR / 2))
    (finding,) = found(report, "stamp-before-claim")
    assert finding.sequence == 2 and "2026-11-23T13:02" in finding.message


def test_disowned_manifests_are_told_with_their_age() -> None:
    archive = Simulator().capture()
    stamped(archive, ONE)  # number 3
    archive.capture().revoke(1)
    report = report_of(archive)
    messages = {finding.sequence: finding.message for finding in found(report, "signature-disowned")}
    assert messages[2].endswith("it existed before 2026-11-24T12:00:01Z (tsa-one)")
    assert messages[4].endswith("no verified time stamp bounds its age")


def test_a_stamp_is_renewed_by_a_later_one_before_its_certificates_end() -> None:
    short = Chain("Short", {"until": NOW + YEAR})
    roots = (ROOT, parse_roots(short.root.pem, "short"))
    for when, renewed in ((NOW + YEAR / 2, True), (NOW + 2 * YEAR, False)):
        archive = stamped(stamped(Simulator().capture(), short, "short"), ONE, when=when)
        first, second = report_of(archive, *roots).times
        assert (first.by, first.renewed, second.renewed) == ("short", renewed, False)


def test_without_the_library_nothing_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    report = report_of(stamped(Simulator().capture(), ONE))
    assert "not checked (rfc3161-client is not installed)" in report.why(13)
    assert report.outcome(13) is Outcome.NOT_CHECKED and not report.times
    # What does not need it fails all the same.
    assert report_of(stamped(Simulator().capture(), ONE, nonce=5)).outcome(13) is Outcome.FAILED


def test_an_older_library_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archiver.stamps.authority.version", lambda _name: "1.0.8")
    assert "1.0.9 is needed" in report_of(stamped(Simulator().capture(), ONE)).why(13)


def test_stamps_that_nothing_lists_are_not_looked_into() -> None:
    archive = Simulator().capture()
    request = build_request(archive.files["log/checkpoints/3"], 1)
    archive.files["log/checkpoints/3.tsa-one.tsr"] = answer(ONE, request)
    report = report_of(archive)
    assert found(report, "stamp-unbound") and report.outcome(13) is Outcome.NOT_CHECKED and not report.times


def test_these_codes_are_found_here() -> None:
    for code in ("stamp-bad", "stamp-partial", "stamp-later", "stamp-before-claim"):
        assert code in CODES


def test_any_byte_of_a_token_may_change() -> None:
    """Every altered answer is refused, or says the same: the order of certificates and what is unsigned."""
    archive = stamped(Simulator().capture(), ONE)
    name = "log/checkpoints/3.tsa-one.tsr"
    from archiver.errors import ArchiverError
    from archiver.stamps.authority import check_stamp

    message, request, data = (archive.files[f"log/checkpoints/3{end}"] for end in ("", ".tsa-one.tsq", ".tsa-one.tsr"))
    good, _ = check_stamp(request, data, message, [ROOT])
    accepted = 0
    for place in range(0, len(data), 3):
        altered = data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :]
        try:
            token, _ = check_stamp(request, altered, message, [ROOT])
        except ArchiverError:
            continue
        accepted += 1
        assert (token.latest, token.digest, token.signer) == (good.latest, good.digest, good.signer), place
    assert accepted < 20, f"{name}: {accepted} alterations accepted"


def test_a_rewritten_history_cannot_keep_its_stamps() -> None:
    """The owner rewrites everything with his own keys: the token is over the old checkpoint's bytes. A new token shows
    when he did it."""
    old = stamped(Simulator().capture(), ONE)
    new = Simulator().capture(b"<p>other words</p>")
    for suffix in ("tsq", "tsr"):
        new.files[f"log/checkpoints/3.tsa-one.{suffix}"] = old.files[f"log/checkpoints/3.tsa-one.{suffix}"]
    refs = old.manifest(old.newest("stamp")).extra
    new._add("stamp", [], extra=refs)
    report = report_of(new)
    assert "about something else" in report.why(13) and report.exit_code == 1 and not report.anchors
    again = report_of(stamped(Simulator().capture(b"<p>other words</p>"), ONE, when=NOW + YEAR))
    assert again.times[0].time > report_of(old).times[0].time


def test_each_number_has_its_earliest_bound() -> None:
    archive = stamped(Simulator().capture(), ONE)  # 0 to 2, number 3
    stamped(archive.capture(), ONE, "late", when=NOW + YEAR)  # 0 to 5
    stamped(archive.capture(), ONE, "soon", when=NOW + YEAR / 2)  # 0 to 8
    found = ranges(report_of(archive).times)
    assert [(low, high, bound.file) for low, high, bound in found] == [
        (0, 3, "log/checkpoints/3.tsa-one.tsr"),
        (3, 9, "log/checkpoints/9.soon.tsr"),
    ]
    assert ranges([]) == []
