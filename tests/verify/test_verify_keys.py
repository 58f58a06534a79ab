"""Who may sign what, where: rotations, additions, revocations of signers, recovery keys and log keys."""

from __future__ import annotations

import pytest
from simulator import NAMESPACE, Simulator
from verify_cases import bad, bundle_of, check, codes, named

from archiver import digest
from archiver.model.manifest import KeyChange, encode
from archiver.signing.keys import KeySigner
from archiver.tlog.checkpoint import Checkpoint, LogKey, parse_checkpoint_text
from archiver.tlog.note import Note, open_note
from archiver.verify.policy import Policy
from archiver.verify.report import Outcome, Weight
from archiver.verify.run import verify


def key(number: int) -> KeySigner:
    return KeySigner(bytes([number]) * 32)


def change(action: str, role: str, old: tuple[str, ...], new: tuple[str, ...], trusted: int | None = None) -> KeyChange:
    return KeyChange(action, role, old, new, trusted, None)  # type: ignore[arg-type]


def signing(archive: Simulator, signer: KeySigner) -> Simulator:
    """One more capture, signed by that key."""
    before, archive.signer = archive.signer, signer
    archive.capture()
    archive.signer = before
    return archive


# The life of a key.


def test_a_rotated_key_signs_before_and_the_new_one_after() -> None:
    archive = Simulator().capture()
    old = archive.signer
    archive.rotate().capture()
    assert not bad(check(archive))
    assert bad(check(signing(archive.copy(), old))) == {"signer-inactive"}


def test_several_collectors_sign_in_one_log() -> None:
    archive = Simulator().add_signer(key(1)).capture()
    assert not bad(check(signing(archive, key(1)).capture()))


def test_a_key_that_nobody_admitted() -> None:
    assert bad(check(signing(Simulator(), key(1)))) == {"signer-inactive"}


def test_the_recovery_key_signs_no_capture() -> None:
    archive = Simulator()
    assert bad(check(signing(archive, archive.recovery))) == {"signer-inactive"}


def test_what_a_revoked_key_signed_after_the_trusted_size_is_disowned_and_nothing_else() -> None:
    archive = Simulator().capture().capture()  # 1 2, 3 4
    report = check(archive.revoke(trusted_size=3).capture())
    assert bad(report) == {"signature-disowned"}
    assert named(report, "signature-disowned") == ["chain/003.json", "chain/004.json"]
    assert report.exit_code == 1
    assert report.verdict.startswith("disowned in part")


def test_a_failure_beside_disowned_entries_is_a_failure() -> None:
    archive = Simulator().capture().revoke(trusted_size=2)
    archive.files.pop(archive.object_of(1, "warc"))
    assert check(archive).verdict == "FAILED"


def test_a_thief_who_admits_a_key_of_his_own_is_disowned_with_it() -> None:
    archive = Simulator().capture()
    stolen = archive.signer
    archive.rotate(key(7)).capture()  # the thief: 3, and 4 5 under his key
    archive.revoke(trusted_size=3, old=stolen, new=key(8)).capture()
    report = check(archive)
    assert bad(report) == {"signature-disowned"}
    assert named(report, "signature-disowned") == ["chain/003.json", "chain/004.json", "chain/005.json"]


def test_a_revoked_key_cannot_come_back() -> None:
    archive = Simulator().capture()
    old = archive.signer
    archive.revoke(trusted_size=3).add_signer(old)
    assert "key-event-bad" in bad(check(archive))


def test_a_retired_key_may_come_back() -> None:
    archive = Simulator()
    old = archive.signer
    archive.rotate().capture().add_signer(old)
    assert not bad(check(signing(archive, old)))


def test_a_rotated_recovery_key_revokes_and_the_old_one_does_not() -> None:
    archive = Simulator().capture()
    old = archive.recovery
    archive.rotate_recovery()
    assert not bad(check(archive.copy().revoke(trusted_size=4)))
    archive.recovery = old
    assert bad(check(archive.revoke(trusted_size=4))) >= {"signer-inactive"}


# Changes that nobody may make.


def test_a_thief_of_the_signer_key_cannot_replace_the_recovery_key() -> None:
    archive = Simulator()
    swap = change("rotate", "recovery", (archive.recovery.public.line(),), (key(1).public.line(),))
    assert bad(check(archive.key_event(swap, countersigner=key(1)))) == {"signer-inactive"}


def test_a_thief_of_the_signer_key_cannot_replace_the_log_key() -> None:
    """He can write the event and sign what follows with a log key of his own; the old log key does not follow him."""
    report = check(Simulator().capture().rotate_log(handover=False).capture())
    assert bad(report) == {"log-handover"}
    assert report.outcome(3) is Outcome.FAILED


def test_a_signer_cannot_revoke() -> None:
    archive = Simulator().add_signer(key(1))
    event = change("revoke", "signer", (key(1).public.line(),), (), 1)
    assert bad(check(archive.key_event(event))) == {"signer-inactive"}


def test_a_signer_cannot_rotate_another() -> None:
    archive = Simulator().add_signer(key(1))
    swap = change("rotate", "signer", (key(1).public.line(),), (key(2).public.line(),))
    assert bad(check(archive.key_event(swap, countersigner=key(2)))) == {"signer-inactive"}


@pytest.mark.parametrize("countersigner", [None, key(9)])
def test_a_key_that_did_not_sign_its_own_admission(countersigner: KeySigner | None) -> None:
    archive = Simulator()
    event = change("add", "signer", (), (key(1).public.line(),))
    report = check(signing(archive.key_event(event, countersigner=countersigner), key(1)))
    assert bad(report) >= {"key-event-bad", "signer-inactive"}


BAD_CHANGES = {
    "revoke a stranger": lambda a: change("revoke", "signer", (key(1).public.line(),), (), 1),
    "admit the recovery key": lambda a: change(
        "revoke", "signer", (a.signer.public.line(),), (a.recovery.public.line(),), 1
    ),
    "log that is not there": lambda a: change("revoke", "log", vkeys(LogKey(a.origin, bytes(32))), (), 1),
    "no log left": lambda a: change("revoke", "log", vkeys(a.log_key), (), 1),
    "no recovery key by that name": lambda a: change("revoke", "recovery", (key(1).public.line(),), (), 1),
}


def vkeys(log_key: LogKey) -> tuple[str, ...]:
    return tuple(item.spell() for item in log_key.vkeys())


@pytest.mark.parametrize("name", BAD_CHANGES)
def test_a_change_that_does_not_fit_changes_nothing(name: str) -> None:
    archive = Simulator().capture()
    event = BAD_CHANGES[name](archive)
    countersigner = archive.recovery if event.new and event.role != "log" else None
    archive.key_event(event, signer=archive.recovery, countersigner=countersigner).capture()
    assert bad(check(archive)) == {"key-event-bad"}


def test_a_log_key_of_another_name() -> None:
    event = change("add", "log", (), vkeys(LogKey("log-other", bytes(32))))
    assert bad(check(Simulator().key_event(event).capture())) == {"key-event-bad"}


def test_one_key_in_two_roles_is_refused() -> None:
    archive = Simulator()
    log_seed = bytes([5]) * 32
    new_log, as_signer = LogKey(archive.origin, log_seed), KeySigner(log_seed)
    archive.add_signer(as_signer).rotate_log(new_log)
    assert "key-event-bad" in bad(check(archive))


# The log's key and its checkpoints.


def test_a_rotated_log_key_signs_from_its_event_on() -> None:
    archive = Simulator().capture().rotate_log().capture().rotate_log().capture()
    report = check(archive)
    assert not bad(report)
    assert report.outcome(3) is Outcome.PASSED


def test_the_old_log_key_alone_does_not_sign_on() -> None:
    archive = Simulator().capture()
    old = archive.log_key
    archive.rotate_log().capture()
    forged = old.sign(Checkpoint(archive.origin, archive.checkpoint_size, archive.root), 1)
    archive.files["log/checkpoint"] = archive.files[f"log/checkpoints/{archive.checkpoint_size}"] = forged
    assert bad(check(archive)) >= {"checkpoint-bad"}


def test_the_new_log_key_signs_nothing_before_its_event() -> None:
    archive = Simulator().capture().rotate_log()
    name = "log/checkpoints/3"
    checkpoint = parse_checkpoint_text(open_note(archive.files[name]).text)
    archive.files[name] = archive.log_key.sign(checkpoint, 1)
    assert bad(check(archive)) == {"history-bad"}


@pytest.mark.parametrize("place", [0, 1])
def test_a_checkpoint_without_one_of_its_lines(place: int) -> None:
    """A stripped signature is not a missing one: the log has that key, so its line must be there."""
    archive = Simulator().capture()
    note = open_note(archive.files["log/checkpoint"])
    stripped = Note(note.text, (note.signatures[1 - place],)).encode()
    archive.files["log/checkpoint"] = archive.files["log/checkpoints/3"] = stripped
    report = check(archive)
    assert bad(report) == {"checkpoint-bad"}
    assert "line is missing" in report.why(3) or "no Ed25519" in report.why(3)


def test_a_checkpoint_signed_by_strangers_only() -> None:
    archive, stranger = Simulator().capture(), Simulator(seed=2)
    archive.files["log/checkpoint"] = stranger.log_key.sign(Checkpoint(archive.origin, 3, archive.root), 1)
    report = check(archive)
    assert "checkpoint-bad" in bad(report)
    assert report.size is None
    assert report.root is None
    assert report.outcome(6) is Outcome.NOT_CHECKED


def test_a_revoked_log_key_is_believed_up_to_its_size() -> None:
    archive = Simulator().capture().capture()
    report = check(archive.revoke_log(trusted_size=3).capture())
    assert not bad(report)
    assert named(report, "history-disowned") == ["log/checkpoints/5"]


def test_in_a_bundle_the_handover_cannot_be_seen() -> None:
    archive = Simulator().capture().rotate_log().capture()
    report = check(bundle_of(archive, {4, 5}, bound={3}))
    assert not bad(report)
    assert codes(report, Weight.NOT_CHECKED) >= {"log-handover"}


# Key events that somebody hides.


def test_a_bundle_cannot_hide_a_revocation_before_its_checkpoint() -> None:
    archive = Simulator().capture().revoke(trusted_size=1).capture()
    assert bad(check(bundle_of(archive, {1, 2}))) >= {"keys-hidden"}
    assert bad(check(bundle_of(archive, {1, 2}, bound={3}))) == {"signature-disowned"}


def test_a_bundle_without_the_last_leaf_says_that_it_cannot_know() -> None:
    archive = Simulator().capture().revoke(trusted_size=1).capture()
    bundle = bundle_of(archive, {1, 2})
    for name in [name for name in bundle.files if name.startswith("data/chain/005")]:
        del bundle.files[name]
    report = check(bundle)
    assert codes(report, Weight.NOT_CHECKED) >= {"later-unknown"}
    assert report.exit_code != 0


# Later versions.


def newer(archive: Simulator) -> Simulator:
    note = encode(archive.draft("note", [archive.remark()], subject=digest.of_bytes(archive.manifests[-1]))).replace(
        b"manifest/v1", b"manifest/v2"
    )
    return archive.raw(note)


def test_a_later_version_is_not_checked_and_what_follows_is_unknown() -> None:
    report = check(newer(Simulator().capture()).capture())
    assert not bad(report)
    assert codes(report, Weight.NOT_CHECKED) == {"manifest-newer", "keys-unknown", "object-unreferenced"}
    assert report.exit_code == 4
    assert [report.outcome(n) for n in (4, 5)] == [Outcome.NOT_CHECKED] * 2


def test_a_later_version_signed_in_a_later_way() -> None:
    archive = newer(Simulator().capture())
    archive.files["chain/003.json.sig"] = b"a signature of the year 2040\n"
    report = check(archive)
    assert not bad(report)
    assert codes(report, Weight.NOT_CHECKED) == {"manifest-newer", "object-unreferenced"}


def test_a_manifest_cannot_be_turned_into_a_later_version() -> None:
    archive = Simulator().capture()
    archive.files["chain/001.json"] = archive.files["chain/001.json"].replace(b"manifest/v1", b"manifest/v2")
    assert bad(check(archive)) >= {"log-root", "tile-bad", "manifest-link"}


# Who is believed.


def test_trust_follows_the_key_events_forward_and_never_back() -> None:
    archive = Simulator().capture()
    first = archive.signer.public.fingerprint
    archive.rotate().capture()
    last = archive.signer.public.fingerprint
    report = verify(archive, Policy(signers={first: "Ann"}))
    assert report.signers == {first: "Ann", last: "Ann, through number 3"}
    assert report.exit_code == 0
    report = verify(archive, Policy(signers={last: "Ann"}))
    assert report.signers == {first: None, last: "Ann"}
    assert report.exit_code == 4


def test_trust_does_not_follow_a_disowned_event() -> None:
    archive = Simulator().capture()
    stolen, first = archive.signer, archive.signer.public.fingerprint
    archive.rotate(key(7)).capture().revoke(trusted_size=3, old=stolen)
    report = verify(archive, Policy(signers={first: "Ann"}))
    assert report.signers[key(7).public.fingerprint] is None


def test_without_trust_nothing_is_verified() -> None:
    report = verify(Simulator().capture(), Policy())
    assert report.exit_code == 4
    assert report.verdict == "internally consistent; the signing key is unconfirmed"


def test_an_archive_that_another_key_signed_from_the_start() -> None:
    """A forger's archive under the same origin: all consistent, and not the one that is trusted."""
    archive = Simulator().capture()
    forged = Simulator(seed=2).capture()
    report = verify(forged, Policy(archives={archive.identity: "Ann"}))
    assert report.exit_code == 4


def test_a_signature_made_for_something_else() -> None:
    archive = Simulator().capture()
    data = archive.manifests[1]
    other = archive.signer.sign(data, "archiver-bundle-v1")
    assert NAMESPACE != "archiver-bundle-v1"
    archive.files["chain/001.json.sig"] = other
    assert "signature-bad" in bad(check(archive))


def test_signed_by_another_key_than_it_names() -> None:
    archive = Simulator().add_signer(key(1))
    draft = archive.draft("note", [archive.remark()], subject=digest.of_bytes(archive.manifests[-1]))
    assert bad(check(archive.raw(encode(draft), signer=key(1)))) == {"signature-bad"}
