"""OpenTimestamps: the format with python-opentimestamps as judge, real headers, and three honest states in step 13."""

from __future__ import annotations

import contextlib
import hashlib
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ots_calendar import TIME, Calendar, easy, mine
from simulator import Simulator

from archiver import digest
from archiver.errors import FormatError, ProofError
from archiver.model.manifest import StampRef
from archiver.stamps import opentimestamps as ots
from archiver.stamps.bitcoin import Headers, parse_header, parse_headers
from archiver.verify.policy import Policy
from archiver.verify.report import Outcome, Report
from archiver.verify.run import verify

judge = pytest.importorskip("opentimestamps.core.timestamp")

GENESIS = (  # of Bitcoin itself
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3"
    "888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c"
)

steps = st.one_of(
    st.builds(ots.Step, st.sampled_from([ots.APPEND, ots.PREPEND]), st.binary(min_size=1, max_size=40)),
    st.builds(ots.Step, st.sampled_from([ots.SHA256, ots.SHA1, ots.REVERSE, ots.HEXLIFY, ots.KECCAK256])),
)
said = st.one_of(
    st.builds(ots.Block, st.integers(0, 2**40)),
    st.builds(ots.Pending, st.from_regex(r"https://[a-z]{1,20}\.example", fullmatch=True)),
    st.builds(ots.Unknown, st.binary(min_size=8, max_size=8).filter(lambda t: t[0] not in (0x83, 0x05)), st.binary()),
)
nodes = st.recursive(
    st.builds(lambda items: ots.Node(tuple(items)), st.lists(said, min_size=1, max_size=3)),
    lambda below: st.builds(
        lambda items: ots.Node(tuple(items)), st.lists(st.one_of(said, st.tuples(steps, below)), min_size=1, max_size=3)
    ),
    max_leaves=6,
)


@given(nodes)
def test_written_and_read_again(node: ots.Node) -> None:
    data = ots.encode(hashlib.sha256(b"x").digest(), node)
    assert ots.decode(data, b"x") == node
    with pytest.raises(ProofError):
        ots.decode(data, b"y")
    with pytest.raises(FormatError):
        ots.decode(data + b"\x00", b"x")
    with pytest.raises(FormatError):
        ots.decode(data[:-1], b"x")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_proof_or_an_error(data: bytes) -> None:
    for whole in (data, ots.MAGIC + b"\x01\x08" + hashlib.sha256(b"x").digest() + data):
        with contextlib.suppress(FormatError, ProofError):
            assert ots.encode(hashlib.sha256(b"x").digest(), ots.decode(whole, b"x")) == whole


def test_depth_and_size_are_bounded() -> None:
    head = ots.MAGIC + b"\x01\x08" + hashlib.sha256(b"x").digest()
    end = ots._encode_node(ots.Node((ots.Block(1),)))
    node = ots.decode(head + b"\x08" * 256 + end, b"x")
    assert len(list(ots.attestations(node, b"x"))) == 1
    for data in (head + b"\x08" * 257 + end, head + b"\x08" * 100_000, bytes(300_000), b"\xff" * 1000):
        with pytest.raises(FormatError):
            ots.decode(data, b"x")
    # 4,096 bytes doubled would be too long a message: what stands behind is left out.
    long = ots.Node(((ots.Step(ots.APPEND, b"a" * 4096), ots.Node((ots.Block(1),))),))
    assert list(ots.attestations(long, b"x")) == []


def test_ours_are_read_by_the_reference_and_the_other_way_round() -> None:
    from opentimestamps.core import notary, op, serialize

    first, commitment = ots.commit(b"message", b"n" * 16)
    answer = ots.Node((ots.Pending("https://one.example"), ots.Block(358_391)))
    data = ots.encode(first, ots.new_proof(b"n" * 16, (answer,)))
    read = judge.DetachedTimestampFile.deserialize(serialize.StreamDeserializationContext(io.BytesIO(data)))
    found = {(message, type(what).__name__) for message, what in read.timestamp.all_attestations()}
    assert found == {(commitment, "PendingAttestation"), (commitment, "BitcoinBlockHeaderAttestation")}

    stamp = judge.Timestamp(first)
    below = stamp.ops.add(op.OpAppend(b"n" * 16)).ops.add(op.OpSHA256())
    below.attestations.add(notary.BitcoinBlockHeaderAttestation(7))
    below.attestations.add(notary.LitecoinBlockHeaderAttestation(8))
    for place in range(3):
        below.ops.add(op.OpPrepend(bytes([place]))).ops.add(op.OpSHA256()).attestations.add(
            notary.PendingAttestation(f"https://c{place}.example")
        )
    out = io.BytesIO()
    judge.DetachedTimestampFile(op.OpSHA256(), stamp).serialize(serialize.StreamSerializationContext(out))
    proof = ots.decode(out.getvalue(), b"message")
    assert ots.encode(first, proof) == out.getvalue()
    theirs = {message for message, _ in stamp.all_attestations()}
    assert {message for message, _ in ots.attestations(proof, first)} == theirs


def test_headers_show_their_work() -> None:
    header = parse_header(0, bytes.fromhex(GENESIS))
    assert header.time.isoformat() == "2009-01-03T18:15:05+00:00"
    assert header.root[::-1].hex() == "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"
    altered = bytearray.fromhex(GENESIS)
    altered[70] ^= 1  # its time
    with pytest.raises(FormatError, match="does not have the work"):
        parse_header(0, bytes(altered))
    with pytest.raises(FormatError, match="does not have the work"):
        parse_header(1, mine(bytes(32)))  # easy work is none
    headers = parse_headers(f"# Bitcoin\n\n0 {GENESIS}\r\n".encode(), "mine")
    assert headers.by_height[0] == header
    for text in (f"1 {GENESIS[:-2]}", f"01 {GENESIS}", f"0 {GENESIS.upper()}", "nonsense", "0  " + GENESIS):
        with pytest.raises(FormatError, match="line 1"):
            parse_headers(text.encode(), "mine")


# In the verifier.


def with_proof(data: bytes, archive: Simulator, label: str = "") -> Simulator:
    size = archive.checkpoint_size
    name = f"log/checkpoints/{size}{label}.ots"
    archive.files[name] = data
    ref = StampRef(size, "opentimestamps", name, digest.of_bytes(data), len(data))
    return archive._add("stamp", [], extra=(ref,))


def proof_for(archive: Simulator, calendar: Calendar, confirmed: bool) -> bytes:
    message = archive.files[f"log/checkpoints/{archive.checkpoint_size}"]
    first, commitment = ots.commit(message, b"n" * 16)
    calendar.url = "https://calendar.example"
    calendar.pending.append(commitment)
    proof = ots.new_proof(b"n" * 16, (ots.decode_node(calendar.promise()),))
    if confirmed:
        calendar.confirm()
        proof = ots.extended(proof, first, calendar.proven)
    return ots.encode(first, proof)


def report_of(archive: Simulator, headers: Headers | None = None) -> Report:
    return verify(archive, Policy(archives={archive.identity: "x"}, headers=headers))


def given_headers(calendar: Calendar, source: str = "my node") -> Headers:
    return parse_headers(calendar.header_lines().encode(), source)


def test_three_honest_states(monkeypatch: pytest.MonkeyPatch) -> None:
    easy(monkeypatch)
    calendar = Calendar()
    archive = Simulator().capture()
    pending = proof_for(archive.copy(), calendar, confirmed=False)
    report = report_of(with_proof(pending, archive.copy()))
    assert report.outcome(13) is Outcome.NOT_CHECKED and "pending at https://calendar.example" in report.why(13)

    calendar = Calendar()
    archive = with_proof(proof_for(archive.copy(), calendar, confirmed=True), archive)
    report = report_of(archive)
    assert report.outcome(13) is Outcome.NOT_CHECKED and not report.times
    assert "leads to Bitcoin block 800000, header not checked" in report.why(13)
    other = Calendar(height=900_000)
    other.pending.append(bytes(32))
    other.confirm()
    assert "header not checked" in report_of(archive, given_headers(other)).why(13)

    report = report_of(archive, given_headers(calendar))
    assert report.outcome(13) is Outcome.PASSED
    assert report.why(13) == (
        "numbers 0 to 2 existed before 2026-11-25T14:00:00Z (Bitcoin block 800000, header from my node)"
    )


def test_a_proof_that_leads_elsewhere_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    easy(monkeypatch)
    calendar = Calendar()
    archive = Simulator().capture()
    with_proof(proof_for(archive.copy(), calendar, confirmed=True), archive)
    calendar.headers[800_000] = mine(bytes(32), TIME)
    report = report_of(archive, given_headers(calendar))
    assert report.outcome(13) is Outcome.FAILED and "does not lead to block 800000" in report.why(13)
    about_another = proof_for(Simulator(seed=2).capture(), Calendar(), confirmed=True)
    assert "about something else" in report_of(with_proof(about_another, Simulator().capture())).why(13)


@pytest.mark.parametrize("data", [b"x", ots.MAGIC, b"", b"\x00" * 1000])
def test_what_is_no_proof_is_not_checked(data: bytes) -> None:
    report = report_of(with_proof(data or b"?", Simulator().capture()))
    assert report.outcome(13) is Outcome.NOT_CHECKED and "malformed" in report.why(13)


def test_a_proof_without_attestations_that_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Simulator().capture()
    message: Any = archive.files["log/checkpoints/3"]
    data = ots.encode(hashlib.sha256(message).digest(), ots.Node((ots.Unknown(b"\x06" * 8, b""),)))
    assert "attests nothing that is known here" in report_of(with_proof(data, archive)).why(13)
