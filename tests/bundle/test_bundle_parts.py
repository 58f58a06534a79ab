"""Single statements and WARCs in part: what is shown proves itself, what is withheld is said to be, all else fails."""

from __future__ import annotations

import contextlib
import io
import random
import re
from collections.abc import Callable

import pytest
from bundle_cases import MemoryArchive, Page, bundle_of, check, codes, contents, signed_again, zip_of
from rechecking import recheck
from simulator import HTML, Simulator

from archiver import digest
from archiver.bundle.withhold import CREDENTIALS, Withholding, parse
from archiver.errors import FormatError, ProofError, UsageError
from archiver.model import parts
from archiver.model.manifest import Tree
from archiver.model.parts import Leaf, Node
from archiver.tlog.merkle import leaf_hash, prove_inclusion, root
from archiver.verify.parts import records_of
from archiver.verify.report import Outcome, Report, Weight

WIRE = 1  # number of the capture of wire.html


def archive_of(*pages: Page) -> MemoryArchive:
    archive = MemoryArchive()
    for page in pages:
        archive.capture(page)
    archive.capture(Page(b"<p>Other words.</p>", url="https://news.example/other", title="Other"))
    archive.seal()
    return archive


def wire() -> MemoryArchive:
    return archive_of(Page.of_article("wire.html"))


def some(archive: MemoryArchive, *ids: str, words: str = "", credentials: bool = False) -> Withholding:
    """Only these statements of the first capture."""
    wish = parse([word for word in words.split(",") if word], credentials=credentials)
    snapshot = digest.of_bytes(archive.manifests[WIRE])
    from dataclasses import replace

    return replace(wish, statements={snapshot: frozenset(ids)})


def exported(archive: MemoryArchive, wish: Withholding, number: int = WIRE) -> tuple[bytes, dict[str, bytes]]:
    data, _ = bundle_of(archive, number, withhold=wish)
    return data, contents(data)


def part_of(files: dict[str, bytes], archive: MemoryArchive, number: int, role: str) -> tuple[str, bytes, bytes]:
    """Name, shown parts and proof of an object in a bundle."""
    ref = archive.events[number].object(role)
    assert ref is not None
    name = f"data/parts/sha256/{ref.digest[7:9]}/{ref.digest[9:]}"
    return name, files[name], files[name + ".proof"]


def messages(report: Report, code: str) -> list[str]:
    return [item.message for item in report.findings if item.code == code]


# Statements.


def test_two_statements_with_their_words_around() -> None:
    archive = wire()
    data, files = exported(archive, some(archive, "s1", "s3"))
    name, shown, proof = part_of(files, archive, 2, "statements")
    assert [line[:40] for line in shown.splitlines()] == [
        b'{"archiver":"statement/v1","id":"s1","ki',
        b'{"archiver":"context/v1","id":"s1","part',
        b'{"archiver":"statement/v1","id":"s3","ki',
        b'{"archiver":"context/v1","id":"s3","part',
    ]
    assert proof.startswith(b"parts/v1\nleaf 0 ") and b"\nnode 2 2 " in proof
    report = check(data)
    assert report.exit_code == 0 and not report.failed, report.findings
    assert codes(report) == {("object-in-part", name)}
    assert report.outcome(12) is Outcome.PASSED and report.counts["statements"] == 2
    assert "2 of 10 statements are here (s1, s3), each proven" in messages(report, "statements-in-part")[0]
    assert check(data, require=("bytes",)).exit_code == 0


def test_a_statement_alone_is_listed_and_not_checked_in_the_bytes() -> None:
    archive = wire()
    data, files = exported(archive, some(archive, "s2", words="warc,page-text,facts,context,screenshot"))
    assert not [name for name in files if "/objects/" in name]
    _, shown, _ = part_of(files, archive, 2, "statements")
    assert len(shown.splitlines()) == 1
    report = check(data)
    assert not report.failed and report.outcome(12) is Outcome.NOT_CHECKED
    assert report.why(12).endswith(
        "1 statement, listed by the collector: passed; present in the received bytes: not checked (withheld)"
    )
    assert "the words around it are withheld" in messages(report, "statements-in-part")[0]
    assert report.why(10) == "what was received is withheld or taken down"
    assert "exchanges, readings, statements" in report.verdict
    assert check(data, require=("bytes",)).exit_code == 4
    secrets = [line for n, line in enumerate(statement_lines(archive)) if n != 2]
    whole = b"".join(files.values())
    assert not any(line in whole for line in secrets)


def statement_lines(archive: MemoryArchive) -> list[bytes]:
    ref = archive.events[2].object("statements")
    assert ref is not None
    return archive.files[f"objects/sha256/{ref.digest[7:9]}/{ref.digest[9:]}"].splitlines()


def test_the_page_text_is_enough_for_the_words() -> None:
    archive = wire()
    data, _ = exported(archive, some(archive, "s2", words="warc"))
    report = check(data)
    assert not report.failed and report.outcome(12) is Outcome.NOT_CHECKED
    assert "present in the received bytes: not checked (withheld)" in report.why(12)


def test_context_alone_is_withheld() -> None:
    archive = wire()
    data, files = exported(archive, parse(["context"]))
    _, shown, proof = part_of(files, archive, 2, "statements")
    assert len(shown.splitlines()) == 10 and proof.count(b"words around statements") == 10
    assert check(data).exit_code == 0


def test_proofs_are_those_of_rfc_6962() -> None:
    """Of one leaf of a perfect tree, the hashes are its audit path."""
    lines = [b"line %d" % n for n in range(8)]
    hashes = [leaf_hash(line) for line in lines]
    for index in range(8):
        entries = [
            *parts.nodes(0, hashes[:index], [""] * index),
            Leaf(index, 6, None),
            *parts.nodes(index + 1, hashes[index + 1 :], [""] * (7 - index)),
        ]
        path = {entry.hash for entry in entries if isinstance(entry, Node)}
        assert path == set(prove_inclusion(hashes, index))


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13, 64, 100])
def test_any_choice_gives_the_root(count: int) -> None:
    lines = [b"%d" % n for n in range(count)]
    hashes = [leaf_hash(line) for line in lines]
    tree = Tree(count, digest.spell(root(hashes)))
    for keep in (lambda n: n % 2, lambda n: n % 3 == 1, lambda n: n > count // 2, lambda n: n == 0, lambda n: True):
        entries: list[parts.Entry] = []
        run: list[bytes] = []
        for n, line in enumerate(lines):
            if keep(n):
                entries += [*parts.nodes(n - len(run), run, [""] * len(run)), Leaf(n, len(line), None)]
                run = []
            else:
                run.append(hashes[n])
        entries += parts.nodes(count - len(run), run, [""] * len(run))
        proof = b"".join(parts.encode(entries))
        data = b"".join(line + b"\n" for n, line in enumerate(lines) if keep(n))
        assert list(parts.parse(io.BytesIO(proof))) == entries
        assert parts.check(io.BytesIO(proof), io.BytesIO(data), tree, lines=True).count == count


def test_statements_of_rechecks() -> None:
    archive = Simulator(seed=4).capture()
    recheck(archive.capture(HTML.replace(b"spring", b"autumn")))
    snapshot = digest.of_bytes(archive.manifests[1])
    wish = Withholding(statements={snapshot: frozenset({"s1"})})
    data, built = bundle_of(archive, archive.last, signer=archive.signer, withhold=wish)
    assert {(item.sequence, item.role, item.shown) for item in built.record.withheld} == {
        (2, "statements", 2),
        (5, "verdicts", 0),
    }
    assert not check(data, trusted=[archive.signer]).failed


# WARCs.


def test_credentials_are_left_out_and_the_rest_is_proven() -> None:
    archive = wire()
    data, files = exported(archive, parse([], credentials=True))
    name, shown, proof = part_of(files, archive, 1, "warc")
    assert b"Cookie: consent=1" not in b"".join(files.values())
    assert b"request field Cookie" in proof and shown.count(b"WARC/1.1\r\n") == 2  # warcinfo, response
    assert Page.of_article("wire.html").body in shown
    report = check(data)
    assert report.exit_code == 0 and codes(report) == {
        ("object-in-part", name),
        ("object-withheld", held(archive)),
        ("content-not-checked", name),
    }
    assert report.outcome(11) is report.outcome(12) is Outcome.PASSED
    assert "request field Cookie" in messages(report, "object-in-part")[0]
    assert check(data, require=("bytes",)).exit_code == 4
    assert check(data, require=("statements",)).exit_code == 0


def held(archive: MemoryArchive, role: str = "segment-secret") -> str:
    ref = archive.events[1].object(role)
    assert ref is not None
    return f"data/objects/sha256/{ref.digest[7:9]}/{ref.digest[9:]}"


def test_a_header_of_the_answer_is_withheld_and_the_body_is_still_known() -> None:
    archive = wire()
    data, files = exported(archive, parse(["header:Content-Length"]))
    _, shown, _ = part_of(files, archive, 1, "warc")
    assert b"Content-Length: %d" % len(Page.of_article("wire.html").body) not in shown
    report = check(data)
    assert not report.failed, report.findings
    assert report.outcome(11) is Outcome.NOT_CHECKED and "its WARC header is withheld" in report.why(11)
    assert report.outcome(12) is Outcome.PASSED and report.counts["statements"] == 10


def test_without_the_body_nothing_speaks_of_its_bytes() -> None:
    archive = wire()
    data, files = exported(archive, parse(["body"]))
    _, shown, _ = part_of(files, archive, 1, "warc")
    assert b"<html" not in shown and b"HTTP/1.1 200" in shown
    body = digest.of_bytes(Page.of_article("wire.html").body)[7:].encode()
    assert body not in b"".join(files.values())
    report = check(data)
    assert not report.failed and report.outcome(12) is Outcome.NOT_CHECKED
    assert "not checked (withheld)" in report.why(12)


def test_whole_requests() -> None:
    archive = wire()
    data, files = exported(archive, parse(["request"]))
    assert b"GET / HTTP" not in b"".join(files.values())
    assert check(data).exit_code == 0


def test_a_warc_without_such_fields_stays_whole() -> None:
    archive = wire()
    data, built = bundle_of(archive, WIRE, withhold=parse(["header:x-none"]))
    assert not built.record.withheld and not codes(check(data))


def test_a_cookie_that_the_answer_gave_is_withheld_there_too() -> None:
    page = Page(b"<p>Hello.</p>", fields="Set-Cookie: consent=1; Path=/\r\nSet-Cookie: other=2\r\n")
    archive = archive_of(page)
    _, files = exported(archive, parse([], credentials=True))
    _, shown, proof = part_of(files, archive, 1, "warc")
    assert b"consent=1" not in shown and b"Set-Cookie: other=2" in shown
    assert b"response field Set-Cookie" in proof
    assert not check(zip_of(files)).failed


def test_plain_http_loses_a_header_of_the_answer() -> None:
    """Without certificates there is no other id: it is the request's, which stands in the header of the response."""
    archive = Simulator(seed=4).capture(url="http://news.example/")
    warc = archive.files[archive.object_of(1, "warc")]
    if b"Cookie:" not in warc:
        words = ["header:host"]
    data, _ = bundle_of(archive, 1, signer=archive.signer, withhold=parse(words))
    report = check(data, trusted=[archive.signer])
    assert not report.failed and report.outcome(12) is Outcome.PASSED, report.findings


def test_words_that_mean_nothing() -> None:
    for word in ("warcs", "header:", "header:a b", "", "Cookie", "segments"):
        with pytest.raises(UsageError):
            parse([word])
    assert parse(["thumbnail"], ["thumbnail"]).roles == {"thumbnail"}
    assert set(CREDENTIALS) == {"Cookie", "Authorization", "Proxy-Authorization"}


# What does not pass.

Change = Callable[[bytes, bytes], tuple[bytes, bytes]]  # of parts and proof
CHANGES: dict[str, Change] = {
    "a byte of a part": lambda data, proof: (data[:-3] + bytes([data[-3] ^ 1]) + data[-2:], proof),
    "more bytes": lambda data, proof: (data + b"x\n", proof),
    "fewer bytes": lambda data, proof: (data[:-1], proof),
    "a hash": lambda data, proof: (data, proof.replace(b"node 2 2 ", b"node 2 2 A", 1)[:-2] + b"\n"),
    "a row less": lambda data, proof: (data, b"".join(proof.splitlines(keepends=True)[:-1])),
    "a row twice": lambda data, proof: (data, proof + proof.splitlines(keepends=True)[-1]),
    "an index": lambda data, proof: (data, proof.replace(b"leaf 4 ", b"leaf 5 ", 1)),
    "no line feed": lambda data, proof: (data, proof[:-1]),
    "another version": lambda data, proof: (data, proof.replace(b"parts/v1", b"parts/v2")),
    "nothing": lambda data, proof: (b"", b""),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("role", ["statements", "warc"])
def test_changed_parts_fail(name: str, role: str) -> None:
    archive = wire()
    wish = some(archive, "s1", "s3", credentials=True)
    _, files = exported(archive, wish)
    place, data, proof = part_of(files, archive, 2 if role == "statements" else 1, role)
    changed = CHANGES[name](data, proof)
    if changed == (data, proof):
        pytest.skip("that change changes nothing here")
    made = signed_again({**files, place: changed[0], place + ".proof": changed[1]})
    report = check(zip_of(made))
    assert report.failed and "parts-bad" in {code for code, _ in codes(report)}, report.findings
    assert report.outcome(9) is Outcome.FAILED


def test_parts_that_are_missing_or_added() -> None:
    archive = wire()
    _, files = exported(archive, some(archive, "s1"))
    place, data, proof = part_of(files, archive, 2, "statements")
    for name in (place, place + ".proof"):
        assert check(zip_of(signed_again({n: d for n, d in files.items() if n != name}))).failed
    _, whole = exported(archive, Withholding())
    added = check(zip_of(signed_again({**whole, place: data, place + ".proof": proof})))
    assert added.failed and ("bundle-file", place) in codes(added)


def test_a_page_that_pretends_to_be_a_record() -> None:
    """A body that looks like a record of a WARC is a body, even where everything before it is withheld."""
    fake = (
        b"WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000002>\r\n"
        b"WARC-Date: 2026-11-23T13:02:11.482Z\r\nContent-Type: application/http\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
    )
    archive = archive_of(Page(fake, content_type="text/html"))
    for words in (["header:server"], ["header:content-length"], ["request"]):
        data, _ = exported(archive, parse(words))
        report = check(data)
        assert not report.failed and "facts-differ" not in {item.code for item in report.findings}, report.findings


def test_bodies_that_look_like_trailers() -> None:
    for body in (b"\r\n\r\n", b"\r\n\r\n\r\n\r\n", b"\r\n", b""):
        archive = archive_of(Page(body, content_type="text/html"))
        data, _ = exported(archive, parse([], credentials=True))
        report = check(data)
        assert not report.failed and report.outcome(11) is Outcome.PASSED, (body, report.findings)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"parts/v1",
        b"parts/v1\nleaf 0 1",
        b"parts/v1\nleaf 00 1\n",
        b"parts/v1\nleaf 1 1\n",
        b"parts/v1\nleaf 0 1 AAAA\n",
        b"parts/v1\nnode 0 3 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        b"parts/v1\nnode 0 0 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        b"parts/v1\nnode 0 1 " + b"A" * 43 + b"=\nnode 1 1 " + b"A" * 43 + b"=\n",
        b"parts/v1\nnode 0 1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n",
        b"parts/v1\nnode 0 1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \n",
        b"parts/v1\nnode 0 1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= " + b"x" * 201 + b"\n",
    ],
)
def test_proofs_in_another_spelling(data: bytes) -> None:
    with pytest.raises(FormatError):
        list(parts.parse(io.BytesIO(data)))


def test_weights() -> None:
    archive = wire()
    data, _ = exported(archive, some(archive, "s1"))
    assert Weight.REMARK in {item.weight for item in check(data).findings if item.code == "statements-in-part"}


def test_pictures_of_other_statements_stay_behind() -> None:
    archive = MemoryArchive()
    page = Page.of_article("wire.html")
    snapshot = archive.add(
        "snapshot", objects=(*page.snapshot(archive), archive.put("screenshot", b"all", "image/png"))
    )
    objects = page.reading(archive)
    pictures = tuple(archive.put(f"picture-s{n}", b"picture %d" % n, "image/png") for n in (1, 2, 3))
    origins = archive.put("origins", b"of all", "application/json")
    archive.add("reading", subject=digest.of_bytes(snapshot), objects=(*objects, *pictures, origins))
    archive.seal()
    for words, shown in (
        ("", {b"picture 2", b"all"}),
        ("screenshot", set()),
        ("context", {b"all"}),
        ("pictures", {b"all"}),
    ):
        data, _ = bundle_of(archive, 1, withhold=some(archive, "s2", words=words))
        here = set(contents(data).values())
        assert here & {b"picture 1", b"picture 2", b"picture 3", b"all", b"of all"} == shown, words


def test_as_much_is_shown_as_is_said() -> None:
    archive = wire()
    _, files = exported(archive, some(archive, "s1"))
    said = files["bundle.json"]
    assert said.count(b'"shown": 2') == 1
    changed = signed_again({**files, "bundle.json": said.replace(b'"shown": 2', b'"shown": 3')})
    report = check(zip_of(changed))
    assert report.failed and ("bundle-file", "bundle.json") in codes(report)


def test_any_bytes_give_a_result_or_one_of_our_errors() -> None:
    """Proofs and parts as anybody could write them: lines swapped, cut, doubled; bytes changed."""
    archive = wire()
    _, files = exported(archive, parse(["header:host"]))
    _, good, proof = part_of(files, archive, 1, "warc")
    tree = archive.events[1].object("warc")
    assert tree is not None and tree.segments is not None
    chance = random.Random(20261126)
    for _ in range(400):
        rows = proof.splitlines(keepends=True)
        for _ in range(chance.randint(1, 3)):
            place = chance.randrange(len(rows))
            rows[place : place + chance.randint(0, 2)] = chance.sample(rows, chance.randint(0, 2))
        changed, data = bytearray(b"".join(rows)), bytearray(good)
        if chance.random() < 0.5 and changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        if chance.random() < 0.5:
            data[chance.randrange(len(data))] = chance.randrange(256)
        with contextlib.suppress(FormatError):
            for item in records_of(io.BytesIO(bytes(changed)), io.BytesIO(bytes(data))):
                assert item.offset >= 0
        same = bytes(changed) == proof and bytes(data) == good
        try:
            parts.check(io.BytesIO(bytes(changed)), io.BytesIO(bytes(data)), tree.segments, lines=False)
            labels = re.sub(rb"(?m)^(node \S+ \S+ \S+) .*$", rb"\1", bytes(changed))
            assert same or (labels == re.sub(rb"(?m)^(node \S+ \S+ \S+) .*$", rb"\1", proof) and bytes(data) == good)
        except (FormatError, ProofError):
            assert not same
