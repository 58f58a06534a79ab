"""Every code that a finding can carry, each produced by evidence that deserves it; the set is complete."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, BinaryIO

import pytest
from rechecking import claim, rechecked
from rendered_simulator import RenderingSimulator
from simulator import HTML, Simulator
from verify_cases import bundle_of, change, check, codes, with_part

from archiver import digest
from archiver.errors import AlgorithmMissingError, StoreError
from archiver.model.events import Continues
from archiver.model.manifest import KeyChange, Previous, encode
from archiver.signing.keys import KeySigner
from archiver.tlog import cosignature
from archiver.tlog.checkpoint import Checkpoint, parse_checkpoint_text
from archiver.tlog.note import Note, open_note
from archiver.tlog.policy import parse_policy
from archiver.tlog.witness import CosignerKey, encode_lines
from archiver.verify.codes import CODES, FOREIGN
from archiver.verify.layout import object_path
from archiver.verify.policy import KnownCheckpoint, Policy
from archiver.verify.report import Report, Weight
from archiver.verify.run import verify

# Found by archiver.bundle.check, and tested there.
OF_BUNDLES = {"bundle-signature", "bundle-file", "bundle-rendered", "bundle-renderer"}
OF_BUNDLES |= {"object-in-part", "parts-bad", "source-unnamed", "statements-in-part"}
# Found by tests/stamps/test_stamps_verified.py, which has tokens, and tests/cli/test_not_before.py.
OF_STAMPS = {"stamp-bad", "stamp-partial", "stamp-later", "stamp-before-claim", "not-before-claimed"}

Case = Callable[[], Report]
CASES: dict[str, Case] = {}


def case(code: str) -> Callable[[Case], Case]:
    def register(function: Case) -> Case:
        CASES[code] = function
        return function

    return register


def edited(name: str, edit: Callable[[bytes], bytes | None], archive: Simulator | None = None) -> Report:
    """The report after one file was changed, or deleted where `edit` gives None; a new one is edited from nothing."""
    archive = archive or Simulator().capture()
    data = edit(archive.files.get(name, b""))
    if data is None:
        del archive.files[name]
    else:
        archive.files[name] = data
    return check(archive)


def gone(_data: bytes) -> None:
    return None


def later(archive: Simulator, version: bytes = b"manifest/v2") -> bytes:
    """The next manifest as a later version might write it."""
    return note(archive).replace(b"manifest/v1", version)


def note(archive: Simulator, **changes: Any) -> bytes:
    """The next manifest, a note on the last one, with some of its fields changed."""
    draft = archive.draft("note", [archive.remark()], subject=digest.of_bytes(archive.manifests[-1]))
    return encode(replace(draft, **changes))


class Unreadable(Simulator):
    """One file cannot be read."""

    bad = ""

    def open(self, name: str) -> BinaryIO:
        if name == self.bad:
            raise StoreError("input/output error", where=name)
        return super().open(name)


# Step 1


@case("file-unknown")
def _() -> Report:
    return edited("objects/sha256/smuggled", lambda _: b"x")


@case("file-missing")
def _() -> Report:
    return edited("log/checkpoints/3", gone)


@case("file-litter")
def _() -> Report:
    return edited("chain/.DS_Store", lambda _: b"x")


@case("file-unbound")
def _() -> Report:
    return edited("trust/policy", lambda _: b"log x")


@case("quarantine")
def _() -> Report:
    return edited("quarantine/20261123/chain/003.json", lambda _: b"{}")


@case("file-unreadable")
def _() -> Report:
    archive = Unreadable().capture()
    archive.bad = "chain/001.json"
    return check(archive)


# Steps 2 and 3


@case("genesis-missing")
def _() -> Report:
    return edited("chain/000.json", gone)


@case("genesis-bad")
def _() -> Report:
    return edited("chain/000.json.sig.1", lambda _: KeySigner(bytes(32)).sign(b"", "archiver-manifest-v1"))


@case("genesis-newer")
def _() -> Report:
    return edited("chain/000.json", lambda data: data.replace(b"manifest/v1", b"manifest/v2"))


@case("checkpoint-missing")
def _() -> Report:
    return edited("log/checkpoint", gone)


@case("checkpoint-bad")
def _() -> Report:
    return edited("log/checkpoint", change)


@case("checkpoint-unknown")
def _() -> Report:
    archive = Simulator()
    archive.raw(later(archive))
    stranger = Simulator(seed=2)
    archive.files["log/checkpoint"] = stranger.sign(Checkpoint(archive.origin, 2, archive.root))
    return check(archive)


@case("log-handover")
def _() -> Report:
    return check(Simulator().rotate_log(handover=False))


@case("checkpoint-line-unknown")
def _() -> Report:
    archive = Simulator()
    note = open_note(archive.files["log/checkpoint"])
    line = cosignature.sign_ed25519("witness.example", bytes(32), 1_795_438_931, note.text)
    archive.files["log/checkpoint"] = Note(note.text, (*note.signatures, line)).encode()
    return check(archive)


def test_a_build_without_mldsa_says_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Simulator().capture()

    def missing(*_: object) -> Any:
        raise AlgorithmMissingError("ML-DSA-44 is not in this build")

    monkeypatch.setattr("archiver.tlog.algorithms.mldsa44_verify", missing)
    report = check(archive)
    assert codes(report, Weight.NOT_CHECKED) == {"mldsa-not-checked"}
    assert report.exit_code == 4
    assert "step 3" in report.verdict


# Step 4


@case("manifest-missing")
def _() -> Report:
    return edited("chain/001.json", gone)


@case("manifest-bad")
def _() -> Report:
    return edited("chain/001.json", lambda data: data.replace(b'"subject"', b' "subject"'))


@case("manifest-changed")
def _() -> Report:
    return edited("chain/001.json", lambda data: data.replace(b"2026-", b"2025-"))


@case("manifest-newer")
def _() -> Report:
    archive = Simulator()
    return check(archive.raw(later(archive)))


@case("manifest-link")
def _() -> Report:
    archive = Simulator().capture()
    before = Previous(digest.of_bytes(archive.manifests[-1]), "sha256:" + "0" * 64)
    return check(archive.raw(note(archive, previous=before)))


@case("manifest-place")
def _() -> Report:
    archive = Simulator()
    return check(archive.raw(note(archive, sequence=7)))


@case("manifest-beyond")
def _() -> Report:
    archive = Simulator().capture()
    files = archive.copy().note().files
    return edited("chain/003.json", lambda _: files["chain/003.json"], archive)


@case("link-not-checked")
def _() -> Report:
    archive = Simulator().capture().capture()
    return check(bundle_of(archive, {3, 4}))


@case("subject-unknown")
def _() -> Report:
    archive = Simulator().capture()
    return check(archive.raw(note(archive, subject="sha256:" + "0" * 64)))


# Step 5


@case("signature-missing")
def _() -> Report:
    return edited("chain/001.json.sig", gone)


@case("signature-bad")
def _() -> Report:
    return edited("chain/001.json.sig", lambda data: change(data, 200))


@case("key-event-bad")
def _() -> Report:
    archive, new = Simulator(), KeySigner(bytes(32))
    added = KeyChange("add", "signer", (), (new.public.line(),), None, None)
    return check(archive.key_event(added, countersigner=archive.signer))


@case("signer-inactive")
def _() -> Report:
    archive = Simulator()
    old = archive.signer
    archive.rotate()
    archive.signer = old
    return check(archive.snapshot())


@case("signature-disowned")
def _() -> Report:
    return check(Simulator().capture().revoke(trusted_size=2))


@case("keys-unknown")
def _() -> Report:
    archive = Simulator()
    return check(archive.raw(later(archive)).snapshot())


@case("keys-hidden")
def _() -> Report:
    archive = Simulator().rotate()
    return check(archive.raw(note(archive, keys=archive.identity)))


@case("later-unknown")
def _() -> Report:
    archive = Simulator().capture().capture()
    bundle = bundle_of(archive, {1, 2})
    for name in [name for name in bundle.files if "/chain/004" in name]:
        del bundle.files[name]
    return check(bundle)


# Step 6


@case("log-root")
def _() -> Report:
    archive = Simulator().capture()
    archive.files["log/checkpoint"] = archive.sign(Checkpoint(archive.origin, 3, bytes(32)))
    return check(archive)


@case("tile-bad")
def _() -> Report:
    return edited("log/tile/0/000.p/3", change)


@case("tile-missing")
def _() -> Report:
    return edited("log/tile/entries/000.p/3", gone)


@case("proof-bad")
def _() -> Report:
    bundle = bundle_of(Simulator().capture(), {1, 2})
    proof = bundle.files["data/chain/001.tlog-proof"]
    bundle.files["data/chain/001.tlog-proof"] = proof.replace(b"index 1", b"index 2")
    return check(bundle)


@case("proof-missing")
def _() -> Report:
    bundle = bundle_of(Simulator().capture(), {1, 2})
    del bundle.files["data/chain/001.tlog-proof"]
    return check(bundle)


# Steps 7 and 8


@case("history-forked")
def _() -> Report:
    archive = Simulator().capture()
    return check(archive, known=(KnownCheckpoint(archive.origin, 1, bytes(32), "a card"),))


@case("history-shrunk")
def _() -> Report:
    archive = Simulator().capture()
    return check(archive, known=(KnownCheckpoint(archive.origin, 9, bytes(32), "a card"),))


@case("history-bad")
def _() -> Report:
    return edited("log/checkpoints/1", lambda data: change(data, -100))


@case("history-gap")
def _() -> Report:
    return edited("log/checkpoints/1", gone)


@case("history-disowned")
def _() -> Report:
    return check(Simulator().capture().revoke_log(trusted_size=1))


@case("since-not-checked")
def _() -> Report:
    return check(Simulator(), known=(KnownCheckpoint("log-other", 1, bytes(32), "a card", given=True),))


def carried_on(**changes: Any) -> Report:
    """The report on an archive that continues another, by somebody who knows a checkpoint of that one."""
    old = Simulator(2, origin="log-old").capture()
    root = digest.spell(old.root)
    new = Simulator(continues=Continues(old.identity, old.checkpoint_size, root))
    seen: dict[str, Any] = {"origin": "log-old", "size": old.checkpoint_size, "root": old.root, "source": "a card"}
    return check(new, known=(KnownCheckpoint(**seen | {"archive": old.identity} | changes),))


@case("continues")
def _() -> Report:
    return carried_on(archive=None, given=True)


@case("continues-not-checked")
def _() -> Report:
    return carried_on(size=1)


@case("continues-differs")
def _() -> Report:
    return carried_on(root=bytes(32))


@case("trust-differs")
def _() -> Report:
    return edited("trust/allowed_signers", lambda data: data + b"# and a friend\n")


@case("trust-missing")
def _() -> Report:
    return edited("trust/log.vkey", gone)


# Step 9


def of_snapshot(role: str, edit: Callable[[bytes], bytes | None], archive: Simulator | None = None) -> Report:
    archive = archive or Simulator().capture()
    return edited(archive.object_of(1, role), edit, archive)


@case("object-missing")
def _() -> Report:
    return of_snapshot("warc", gone)


@case("object-changed")
def _() -> Report:
    return of_snapshot("warc", change)


@case("object-size")
def _() -> Report:
    return of_snapshot("warc", lambda data: data + b"x")


@case("object-unreferenced")
def _() -> Report:
    return edited(object_path("sha256:" + hashlib.sha256(b"x").hexdigest()), lambda _: b"x")


@case("object-taken-down")
def _() -> Report:
    return check(Simulator().capture().takedown(1, "warc"))


@case("object-still-here")
def _() -> Report:
    archive = Simulator().capture()
    name = archive.object_of(1, "warc")
    warc = archive.files[name]
    return edited(name, lambda _: warc, archive.takedown(1, "warc"))


@case("object-withheld")
def _() -> Report:
    return check(bundle_of(Simulator().capture(), {1, 2}, without={"warc"}))


@case("object-unreadable")
def _() -> Report:
    archive = Unreadable().capture()
    archive.bad = archive.object_of(1, "warc")
    return check(archive)


# Steps 10 to 12


def warc(edit: Callable[[bytes], bytes]) -> Report:
    return check(Simulator().snapshot(warc=edit))


@case("warc-bad")
def _() -> Report:
    return warc(lambda data: data + b"\r\n")


@case("warc-digest")
def _() -> Report:
    return warc(lambda data: data.replace(b"stays shut until spring", b"opens in early spring x"))


@case("segments-root")
def _() -> Report:
    return warc(lambda data: data.replace(b"format: WARC", b"Format: WARC"))


@case("facts-bad")
def _() -> Report:
    archive = Simulator()
    facts = archive._put("facts", b"{}\n", "application/json")
    return check(archive._add("snapshot", [facts]))


@case("facts-differ")
def _() -> Report:
    return check(Simulator().snapshot(facts=lambda facts: replace(facts, final_url="https://other.example/")))


@case("facts-newer")
def _() -> Report:
    archive = Simulator().capture()
    data = archive.files[archive.object_of(2, "facts")].replace(b"reading/v1", b"reading/v2")
    facts = archive._put("facts", data, "application/json")
    return check(archive._add("reading", [facts], subject=archive.manifest(2).subject))


@case("source-differs")
def _() -> Report:
    def lie(facts: Any) -> Any:
        return replace(facts, source=replace(facts.source, digest="sha256:" + "0" * 64))

    return check(Simulator().snapshot().reading(facts=lie))


@case("source-not-checked")
def _() -> Report:
    """A reading made where brotli was not installed, of a body that is still coded."""
    brotli = pytest.importorskip("brotli")
    body = brotli.compress(HTML)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Encoding: br\r\n\r\n"
    archive = Simulator().snapshot(response=head + body)

    def coded(facts: Any) -> Any:
        digest = "sha256:" + hashlib.sha256(body).hexdigest()
        return replace(facts, source=replace(facts.source, codings=(), digest=digest, size=len(body), complete=False))

    return check(archive.reading(facts=coded))


@case("text-bad")
def _() -> Report:
    archive = Simulator().capture()
    refs = {ref.role: ref for ref in archive.manifest(2).objects}
    refs["page-text"] = archive._put("page-text", b"no page text\n", "text/plain")
    return check(archive._add("reading", refs.values(), subject=archive.manifest(2).subject))


@case("text-differs")
def _() -> Report:
    return check(Simulator().snapshot().reading(page_text=lambda text: text.replace("shut", "open")))


@case("statements-bad")
def _() -> Report:
    return check(Simulator().snapshot().reading(facts=lambda facts: replace(facts, statements=7)))


@case("statements-root")
def _() -> Report:
    return check(Simulator().snapshot().reading(leaves=lambda tree: replace(tree, count=3)))


@case("statement-differs")
def _() -> Report:
    return check(Simulator().snapshot().reading(records=with_part(exact="“We never built a bridge.”")))


@case("statement-unanchored")
def _() -> Report:
    page = "<svg><text><![CDATA[“We build a <dam> there.”]]></text></svg>".encode()
    return check(Simulator().snapshot(page).reading())


@case("statement-rendered")
def _() -> Report:
    return check(RenderingSimulator().rendered().reading())


@case("verdicts-bad")
def _() -> Report:
    return check(rechecked(verdicts=lambda found: found[:1]))


@case("verdict-differs")
def _() -> Report:
    return check(rechecked(HTML.replace(b"spring", b"autumn"), verdicts=claim("verbatim", diff=(), signs=())))


@case("content-not-checked")
def _() -> Report:
    return check(bundle_of(Simulator().capture(), {1, 2}, without={"warc"}))


# Steps 13 to 15


@case("stamp-missing")
def _() -> Report:
    archive = Simulator().stamp()
    return edited("log/checkpoints/1.tsr", gone, archive)


@case("stamp-changed")
def _() -> Report:
    return edited("log/checkpoints/1.tsr", change, Simulator().stamp())


@case("stamp-not-checked")
def _() -> Report:
    return check(Simulator().stamp())


def cosigned(wrong: bool = False, quorum: str = "w") -> Report:
    """The report on an archive whose first checkpoint a witness cosigned, or a line that claims so."""
    witness = CosignerKey("w.example", bytes([5]) * 32)
    archive = Simulator()
    text = open_note(archive.files[f"log/checkpoints/{archive.checkpoint_size}"]).text
    checkpoint = parse_checkpoint_text(text)
    lines = witness.cosign(replace(checkpoint, size=checkpoint.size + wrong), 1_795_438_931)
    archive.stamp(encode_lines(lines), suffix=".cosig").capture()
    return check(archive, cosigners=parse_policy(f"witness w {witness.vkeys()[0].spell()}\nquorum {quorum}\n".encode()))


@case("cosignature-bad")
def _() -> Report:
    return cosigned(wrong=True)


@case("cosignature-partial")
def _() -> Report:
    return cosigned()


@case("stamp-unbound")
def _() -> Report:
    return edited("log/checkpoints/1.ots", lambda _: b"x")


@case("signer-unconfirmed")
def _() -> Report:
    return verify(Simulator().capture(), Policy())


@pytest.mark.parametrize("code", sorted(CASES))
def test_the_code_is_found(code: str) -> None:
    report = CASES[code]()
    found = [finding for finding in report.findings if finding.code == code]
    assert found, f"{code} not among {sorted(codes(report))}"
    assert CODES[code].weight in {finding.weight.value for finding in found}
    if CODES[code].weight in ("failed", "disowned"):
        assert report.exit_code in (1, 3)
        assert report.verdict != "verified"


def test_the_cases_are_all_codes() -> None:
    assert set(CASES) | OF_BUNDLES | OF_STAMPS | set(FOREIGN) | {"mldsa-not-checked"} == set(CODES)
    assert not set(CASES) & OF_BUNDLES


def test_every_code_says_what_to_do() -> None:
    for code, entry in CODES.items():
        assert entry.weight in {weight.value for weight in Weight}, code
        assert entry.advice.endswith((".", "NAME")), code
