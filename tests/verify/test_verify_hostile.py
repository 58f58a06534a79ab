"""Any bytes under any names give a report: no exception, no hang, no memory that grows with what is claimed."""

from __future__ import annotations

import gzip
import random
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simulator import Simulator
from tampering import policy_of, sample
from verify_cases import bad, bundle_of, check, codes, with_part

from archiver import digest
from archiver.model import facts as facts_model
from archiver.model.facts import ReadingFacts, Source
from archiver.model.manifest import KeyChange, encode
from archiver.signing.keys import KeySigner
from archiver.tlog.checkpoint import Checkpoint, LogKey
from archiver.verify.layout import classify, sequence_of
from archiver.verify.policy import Policy
from archiver.verify.report import Weight
from archiver.verify.run import verify

EDITS = 400
NAMES = [
    "chain/000.json", "chain/001.json", "chain/001.json.sig", "chain/004.json", "chain/001.json.new.sig",
    "log/checkpoint", "log/checkpoints/1", "log/checkpoints/4", "log/checkpoints/1.tsr", "log/tile/0/000.p/4",
    "log/tile/entries/000.p/4", "log/tile/63/000", "trust/allowed_signers", "trust/log.vkey",
]  # fmt: skip


def spoiled(archive: Simulator, chance: random.Random) -> None:
    """Something done to some file."""
    name = chance.choice([*archive.files, *NAMES])
    data = archive.files.get(name, b"")
    other = archive.files[chance.choice(list(archive.files))]
    cut = chance.randrange(len(data) + 1)
    archive.files[name] = chance.choice(
        [
            b"",
            data[:cut],
            data[cut:],
            data + other,
            other,
            data[:cut] + chance.randbytes(chance.choice((1, 3, 200))) + data[cut:],
            data * 3,
            data.replace(b"sha256:", b"sha512:", 1),
            data.replace(b"1", b"9" * chance.choice((1, 30, 5000))),
            data.replace(b"{", b"[" * 2000, 1),
            b"\xff\xfe" + data,
            data.replace(b"\n", b"\r\n"),
        ]
    )


def test_spoiled_archives_give_reports() -> None:
    chance = random.Random(20261123)
    whole = sample()
    policy = policy_of(whole)
    for _ in range(EDITS):
        archive = whole.copy()
        for _ in range(chance.choice((1, 1, 2, 5))):
            spoiled(archive, chance)
        report = verify(archive, policy)
        harmless = {**archive.files, "archive.yaml": b""} == {**whole.files, "archive.yaml": b""}
        assert report.exit_code == (0 if harmless else 1), set(archive.files.items()) ^ set(whole.files.items())
        report.to_json()


def test_spoiled_bundles_give_reports() -> None:
    chance = random.Random(5)
    whole = bundle_of(Simulator().capture().capture(), {1, 2})
    for _ in range(EDITS // 2):
        bundle = whole.copy()
        spoiled(bundle, chance)
        verify(bundle, Policy()).to_json()


@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_any_name_has_a_class(name: str) -> None:
    assert classify(name) in {
        "chain", "object", "tile", "checkpoint", "stamp", "trust", "unbound", "litter", "quarantine", "unknown"
    }  # fmt: skip
    sequence = sequence_of(name)
    assert sequence is None or classify(name) == "chain"


ALPHABET = [
    "chain/",
    "log/tile/",
    "objects/sha256/",
    "x",
    "0",
    "00",
    "000",
    "999",
    "/",
    ".json",
    ".sig",
    ".p/",
    "entries",
    "-",
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.lists(st.sampled_from(ALPHABET), max_size=12).map("".join))
def test_names_that_nearly_belong_are_named(name: str) -> None:
    archive = Simulator()
    if not name or name in archive.files:
        return
    archive.files[name] = b"x"
    report = check(archive)
    assert any(finding.file == name for finding in report.findings)


def took(work: Any) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def test_many_key_events_take_time_in_proportion() -> None:
    def archive_of(rotations: int) -> Simulator:
        archive = Simulator()
        with archive.batch():
            for number in range(rotations):
                archive.rotate(KeySigner(number.to_bytes(32, "big")))
        return archive

    def measure(rotations: int) -> float:
        archive = archive_of(rotations)
        first = KeySigner(bytes(32)).public.fingerprint
        return min(took(lambda: verify(archive, Policy(signers={first: "Ann"}))) for _ in range(2))

    small, large = measure(100), measure(800)
    assert large < 20 * small, f"{small:.2f} s for 100, {large:.2f} s for 800"


def test_a_log_has_a_bounded_number_of_keys() -> None:
    archive = Simulator()
    with archive.batch():
        for number in range(17):
            new = LogKey(archive.origin, (number + 1).to_bytes(32, "big"))
            archive.key_event(KeyChange("add", "log", (), tuple(k.spell() for k in new.vkeys()), None, None))
    assert "key-event-bad" in bad(check(archive))


def test_sparse_numbers_are_no_more_work_than_dense_ones() -> None:
    archive = Simulator()
    note = encode(archive.draft("note", [archive.remark()], subject=archive.identity))
    for number in range(1, 300):
        archive.files[archive.manifest_name(number * 997_001)] = note
    archive.files["log/checkpoint"] = archive.sign(Checkpoint(archive.origin, 2**50, bytes(32)))
    assert took(lambda: check(archive)) < 5
    assert "manifest-place" in bad(check(archive))


def test_entry_bundles_that_differ_everywhere() -> None:
    archive = Simulator()
    with archive.batch():
        while archive.last < 255:
            archive.note()
    for width in range(2, 256):
        archive.files[f"log/tile/entries/000.p/{width}"] = b"\0\0" * width
    assert took(lambda: check(archive)) < 5
    assert "tile-bad" in bad(check(archive))


def test_a_bomb_is_not_unpacked_beyond_its_limits() -> None:
    bomb = gzip.compress(bytes(200 << 20), 9, mtime=0)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n"
    archive = Simulator().snapshot(response=head + bomb)

    assert not bad(check(archive))
    record = archive.files[archive.object_of(1, "warc")].split(b"WARC-Type: response\r\nWARC-Record-ID: ")[1]
    source = Source(
        record.split(b"\r\n")[0].decode(),
        digest.of_bytes(b""),
        200 << 20,
        "text/html",
        ("gzip",),
        True,
        None,
        None,
        None,
    )
    facts = ReadingFacts("rule", source, "not read", (), None, {}, 0, (), archive._salt())
    refs = [archive._put("facts", facts_model.encode(facts), "application/json")]
    archive._add("reading", refs, subject=digest.of_bytes(archive.manifests[1]))
    assert took(lambda: check(archive)) < 5
    assert "source-differs" in bad(check(archive))


@pytest.mark.parametrize("words", ["“" * 200_000, "“a” " * 30_000, "<q>" * 50_000, "&amp;" * 100_000])
def test_pages_that_repeat_themselves(words: str) -> None:
    archive = Simulator().snapshot(f"<p>Ann Lee said: “No.” {words}".encode()).reading("“No.”")
    assert took(lambda: check(archive)) < 10
    assert not codes(check(archive), Weight.FAILED, Weight.NOT_CHECKED)


def test_a_statement_as_long_as_the_page() -> None:
    page = "<p>" + "word & " * 20_000
    archive = Simulator().snapshot(page.encode()).reading(("word & " * 20_000).strip())
    assert took(lambda: check(archive)) < 5
    assert not bad(check(archive))
    archive.reading("word & word", records=with_part(text=(7, 18)))
    assert bad(check(archive)) == {"statement-differs"}
