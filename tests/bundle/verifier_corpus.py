"""Bundles, good and bad, on which two verifiers must agree: ours, and the one that runs in a browser."""

from __future__ import annotations

import functools
import io
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from bundle_cases import (
    CREATED,
    SIGNER,
    STRANGER,
    MemoryArchive,
    Page,
    bundle_of,
    check,
    contents,
    signed_again,
    small_archive,
    zip_of,
)
from hostile_zips import HOSTILE, VECTORS
from rendered_simulator import RenderingSimulator
from simulator import HTML, Simulator

from archiver import digest
from archiver.bundle import layout, record
from archiver.bundle.build import build
from archiver.bundle.withhold import parse
from archiver.errors import FormatError
from archiver.model.manifest import Continues
from archiver.signing.keys import KeySigner
from archiver.verify.report import Outcome, Report

SMALL = VECTORS.parent / "bundles"
ROOT = digest.of_bytes(b"a root")
ADDED = (
    "extra.txt", "data/extra.txt", "data/chain/003.json", "data/chain/001.json.sig.1", "data/chain/001.json.new.sig",
    "data/log/checkpoints/3", "data/log/checkpoints/3.tsr", "data/log/tile/0/000", "data/trust/policy",
    "data/objects/sha256/00/" + "0" * 62, "manifest-sha512.txt", "fetch.txt", "tagmanifest-sha256.txt.sig2",
)  # fmt: skip
Case = tuple[str, bytes]


@functools.cache
def corpus() -> dict[str, bytes]:
    """Name -> zip."""
    cases: dict[str, bytes] = {}
    for name, data in (*_vectors(), *_archives(), *_changed_files(), *_records(), *_flips(), *_signed_nonsense()):
        assert name not in cases, name
        cases[name] = data
    return cases


def _vectors() -> Iterator[Case]:
    for path in sorted(SMALL.glob("*.zip")):
        yield f"bundles/{path.name}", path.read_bytes()
    for name in HOSTILE:
        yield f"zip/{name}", HOSTILE[name][0]()


def exported(archive: Simulator | MemoryArchive, *numbers: int, **options: object) -> bytes:
    out = io.BytesIO()
    build(archive, numbers, SIGNER, out, created=CREATED, **options)  # type: ignore[arg-type]
    return out.getvalue()


def _archives() -> Iterator[Case]:
    """Whole archives with what else can be in a log."""
    key = KeySigner(bytes([7]) * 32)
    plain = Simulator(11).capture(HTML)
    yield "simulator/capture", exported(plain, 1)
    yield (
        "simulator/redirects",
        exported(Simulator(12).snapshot(redirects=("https://a.example/", "http://b.example/")), 1),
    )
    yield "simulator/local file", exported(Simulator(13).local_file(b"A letter.\n"), 1)
    yield "simulator/no response", exported(Simulator(14).no_response(), 1)
    yield "simulator/note", exported(plain.copy().note(), 3)
    yield "simulator/rotated", exported(plain.copy().rotate(key).capture(), 4)
    yield "simulator/two signers", exported(plain.copy().add_signer(key).capture(), 1, 4)
    yield "simulator/rotated log", exported(plain.copy().rotate_log().capture(), 4)
    yield "simulator/rotated recovery", exported(plain.copy().rotate_recovery().capture(), 4)
    yield "simulator/disowned", exported(plain.copy().capture().revoke(trusted_size=3), 3)
    yield "simulator/revoked later", exported(plain.copy().capture().revoke(trusted_size=5), 1)
    thief = plain.copy().capture().revoke(trusted_size=3)
    yield "simulator/disowned behind", exported(thief.copy().capture(), 1)
    yield "simulator/disowned last", exported(plain.copy().revoke(trusted_size=1).capture(), 1)
    stolen = plain.copy().rotate(key).capture()
    yield "simulator/disowned rotation", exported(stolen.revoke(trusted_size=3, old=plain.signer).capture(), 1)
    yield "simulator/continues", exported(Simulator(16, continues=Continues(plain.identity, 3, ROOT)).capture(), 1)
    yield "simulator/cosigned", exported(plain.copy().stamp(suffix=".cosig"), 1)
    yield "simulator/taken down", exported(plain.copy().takedown(1, "warc"), 1)
    yield "simulator/stamped", exported(plain.copy().stamp(), 1)
    gzip = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield "simulator/coded", exported(Simulator(15).snapshot(response=gzip + _chunked(_gzip(HTML))).reading(), 1)
    archive = small_archive()
    archive.seal(keep=True)
    archive.capture(Page(b"<p>More.</p>", url="https://more.example/"))
    archive.seal()
    yield "older", bundle_of(archive, 1, older=[5])[0]
    for name in ("arabic.html", "interview.html", "local-1252.html"):
        article = MemoryArchive()
        article.capture(Page.of_article(name))
        article.seal()
        yield f"article/{name}", bundle_of(article, 1)[0]
    yield from _parts()
    yield from _lies()
    yield from _rendered()
    forged = MemoryArchive(signer=STRANGER, recovery=SIGNER)
    forged.capture(Page(b"<p>Ann Lee said: <q>I took the money.</q></p>"))
    forged.seal()
    yield "somebody else's", bundle_of(forged, 1, signer=STRANGER)[0]


def hop(**changes: Any) -> Callable[[Any], Any]:
    """Facts with other values in their last hop."""
    return lambda facts: replace(facts, hops=(*facts.hops[:-1], replace(facts.hops[-1], **changes)))


def source(**changes: Any) -> Callable[[Any], Any]:
    """A reading's facts with another source."""
    return lambda facts: replace(facts, source=replace(facts.source, **changes))


def part(**changes: Any) -> Callable[[Any, Any], tuple[Any, Any]]:
    """A statement with other values in its first part."""

    def lie(record: Any, around: Any) -> tuple[Any, Any]:
        parts = (replace(record.parts[0], **changes), *record.parts[1:])
        return replace(record, parts=parts, text=" ".join(item.exact for item in parts)), around

    return lie


def _lies() -> Iterator[Case]:
    """Sealed without a flaw, and something else was received than is said; and what was received is odd, and true."""
    facts: dict[str, Callable[[Any], Any]] = {
        "url": hop(url="https://news.example/other"), "status": hop(status=404), "reason": hop(reason="Fine"),
        "location": hop(location="https://news.example/"), "ip": hop(ip="192.0.2.8"), "cut": hop(truncated="time"),
        "received": hop(received=1), "started": hop(started="2026-11-20T00:00:00.000Z"), "tls": hop(tls=None),
        "record": hop(record="<urn:uuid:00000000-0000-4000-8000-000000000000>"), "protocol": hop(http="HTTP/1.0"),
        "final": lambda said: replace(said, final_url="https://news.example/other"),
        "hop less": lambda said: replace(said, hops=said.hops[1:]),
        "hop more": lambda said: replace(said, hops=(*said.hops, said.hops[-1])),
        "outcome": lambda said: replace(said, outcome="no response"),
    }  # fmt: skip
    for name, lie in facts.items():
        archive = Simulator(51).snapshot(redirects=["https://a.example/"], certificates=[b"leaf", b"root"], facts=lie)
        yield f"lies/{name}", exported(archive, 1)
    local = Simulator(52).local_file(b"x", facts=lambda said: replace(said, file=replace(said.file, size=2)))
    yield "lies/file", exported(local, 1)
    sources: dict[str, dict[str, Any]] = {
        "digest": {"digest": digest.of_bytes(b"")}, "size": {"size": 1}, "complete": {"complete": False},
        "codings": {"codings": ("gzip",)}, "type": {"media_type": "text/css"}, "charset": {"encoding": "windows-1251"},
        "record": {"record": "<urn:uuid:00000000-0000-4000-8000-000000000000>"},
    }  # fmt: skip
    for name, changes in sources.items():
        yield f"lies/source {name}", exported(Simulator(53).snapshot().reading(facts=source(**changes)), 1)
    anchors: dict[str, dict[str, Any]] = {
        "words": {"exact": "“The bridge opens tomorrow.”"}, "text": {"text": (0, 34)}, "bytes": {"bytes": (3, 20)},
        "beyond": {"bytes": (3, 99_999)}, "digest": {"digest": digest.of_bytes(b"")},
        "quiet": {"bytes": None, "digest": None},
    }  # fmt: skip
    for name, changes in anchors.items():
        yield f"lies/anchor {name}", exported(Simulator(54).snapshot().reading(records=part(**changes)), 1)
    script = "<script>“Never again,”</script><p>“Never again,” Ann Lee said.".encode()
    place = (8, 8 + len("“Never again,”".encode()))
    hidden = part(bytes=place, digest=digest.of_bytes(script[slice(*place)]))
    yield "lies/in a script", exported(Simulator(55).snapshot(script).reading(records=hidden), 1)
    invented = Simulator(56).snapshot().reading(page_text=lambda text: text.replace("Monday", "Friday"))
    yield "lies/page text", exported(invented, 1)
    for name, warc in (
        ("warc cut", lambda data: data[:-5]), ("warc block", lambda data: data.replace(b"stays shut", b"was sold!!")),
        ("warc header", lambda data: data.replace(b"WARC-Date: 2026", b"WARC-Date: 2025", 1)),
        ("warc field", lambda data: data.replace(b"WARC-IP-Address", b"WARC-Ip-Address", 1)),
        ("warc version", lambda data: data.replace(b"WARC/1.1", b"WARC/1.0", 1)),
    ):  # fmt: skip
        yield f"lies/{name}", exported(Simulator(57).snapshot(warc=warc), 1)
    page = HTML
    for name, response in {
        "chunked": b"Transfer-Encoding: chunked\r\n\r\n" + _chunked(page),
        "chunked badly": b"Transfer-Encoding: chunked\r\n\r\n" + _chunked(page)[:-9],
        "gzip": b"Content-Encoding: gzip\r\n\r\n" + _gzip(page),
        "gzip twice": b"Content-Encoding: gzip\r\n\r\n" + _gzip(page[:100]) + _gzip(page[100:]),
        "gzip cut": b"Content-Encoding: gzip\r\n\r\n" + _gzip(page)[:-20],
        "unknown coding": b"Content-Encoding: rot13\r\n\r\n" + page,
        "short": b"Content-Length: 9999\r\n\r\n" + page,
        "junk after": b"Content-Length: %d\r\n\r\n" % len(page) + page + b"x",
        "folded": b"X-Note: one\r\n two\r\n\r\n" + page,
        "line feeds": b"X-Note: one\n\n" + page,
    }.items():
        whole = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n" + response
        yield f"odd/{name}", exported(Simulator(58).snapshot(response=whole).reading(), 1)
    early = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n" + page
    yield "odd/interim", exported(Simulator(59).snapshot(response=early).reading(), 1)
    garbage = Simulator(60).snapshot(response=b"\x00\x01", facts=lambda said: replace(said, outcome="no response"))
    yield "odd/garbage", exported(garbage, 1)


def _rendered() -> Iterator[Case]:
    """Visits by a browser: all that the page asked for, and the document after scripts behind it."""
    api = ("https://news.example/words.json", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    nowhere = "<urn:uuid:00000000-0000-4000-8000-00000000000f>"
    visits: dict[str, dict[str, Any]] = {
        "page": {"others": [api]}, "served too": {"served": HTML}, "untold": {"told": False},
        "called plain": {"facts": lambda said: replace(said, software=replace(said.software, settings={}))},
        "other document": {"rendering": lambda found: replace(found, document=nowhere)},
        "hop less": {"others": [api], "facts": lambda said: replace(said, hops=said.hops[:1])},
        "hops twice": {"facts": lambda said: replace(said, hops=said.hops * 2)},
    }  # fmt: skip
    for name, options in visits.items():
        yield f"rendered/{name}", exported(RenderingSimulator(61).rendered(**options).reading(), 1)


def _parts() -> Iterator[Case]:
    """Objects withheld and shown in part; and parts, proofs and counts that do not fit."""
    archive = MemoryArchive()
    archive.capture(Page.of_article("wire.html"))
    archive.seal()
    snapshot = digest.of_bytes(archive.manifests[1])
    two = replace(parse([]), statements={snapshot: frozenset({"s1", "s3"})})
    cases = {
        "warc": parse(["warc"]), "texts": parse(["page-text", "facts"]), "context": parse(["context"]),
        "body": parse(["body"]), "request": parse(["request"]), "credentials": parse([], credentials=True),
        "header": parse(["header:content-type"]), "two statements": two,
        "two statements alone": replace(parse(["warc", "page-text", "facts", "context"]), statements=two.statements),
    }  # fmt: skip
    for name, wish in cases.items():
        yield f"withheld/{name}", bundle_of(archive, 1, withhold=wish)[0]
    data, built = bundle_of(archive, 1, withhold=replace(two, credentials=True))
    files = contents(data)
    chance = random.Random(7)
    for name in (name for name in sorted(files) if name.startswith("data/parts/")):
        old = files[name]
        for at in range(12):
            place = chance.randrange(len(old))
            changed = chance.choice((
                old[:place] + bytes([old[place] ^ 1]) + old[place + 1 :], old[:place] + old[place + 1 :], old[:place],
                old + old[place:],
            ))  # fmt: skip
            yield f"parts/{at} {name[-14:]}", zip_of(signed_again({**files, name: changed}), built.folder)


def _gzip(data: bytes) -> bytes:
    import gzip

    return gzip.compress(data, mtime=0)


def _chunked(data: bytes) -> bytes:
    pieces = [data[at : at + 50] for at in range(0, len(data), 50)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def _changed_files() -> Iterator[Case]:
    """Each file changed, emptied, swapped, removed: as found, and as its exporter would have signed it."""
    data, built = bundle_of(small_archive(), 1)
    files = contents(data)
    for name in sorted(files):
        old = files[name]
        other = next(n for n in sorted(files) if n != name and files[n] != old)
        for what, changed in (
            ("cut", {**files, name: old[:-1]}),
            ("longer", {**files, name: old + b"\n"}),
            ("flipped", {**files, name: bytes([old[0] ^ 1]) + old[1:]}),
            ("swapped", {**files, name: files[other], other: old}),
            ("gone", {n: kept for n, kept in files.items() if n != name}),
        ):
            yield f"{what}/{name}", zip_of(changed, built.folder)
            if name not in ("manifest-sha256.txt", "tagmanifest-sha256.txt", "tagmanifest-sha256.txt.sig"):
                yield f"{what} and signed/{name}", zip_of(signed_again(changed), built.folder)
    for name in ADDED:
        yield f"added/{name}", zip_of({**files, name: b"added\n"}, built.folder)
        yield f"added and signed/{name}", zip_of(signed_again({**files, name: b"added\n"}), built.folder)
    for base in ("000", "001", "002", "004"):
        left = {n: kept for n, kept in files.items() if not n.startswith(f"data/chain/{base}")}
        yield f"manifest gone/{base}", zip_of(signed_again(left), built.folder)
    yield "other exporter", zip_of(signed_again(files, STRANGER), built.folder)
    tags = files["tagmanifest-sha256.txt"]
    for what, signature in (
        ("other namespace", SIGNER.sign(tags, "archiver-manifest-v1")),
        ("other bytes", SIGNER.sign(tags + b"\n", "archiver-bundle-v1")),
    ):
        yield f"signature/{what}", zip_of({**files, "tagmanifest-sha256.txt.sig": signature}, built.folder)


def _records() -> Iterator[Case]:
    data, built = bundle_of(small_archive(), 1)
    files = contents(data)
    for at, changes in enumerate(
        (
            {"archive": "sha256:" + "0" * 64},
            {"size": 6},
            {"exporter": STRANGER.public.fingerprint},
            {"selected": (1,)},
            {"selected": (1, 2, 3)},
            {"selected": (1, 2, 4)},
            {"created": "2026-11-25T09:00:00.000Z"},
            {"renderer": "other"},
        )
    ):
        said = record.encode(replace(built.record, **changes))  # type: ignore[arg-type]
        yield f"record/{at}", zip_of(signed_again({**files, layout.RECORD: said}))
    for at, text in enumerate((b"", b"{}\n", files[layout.RECORD].replace(b"bundle/v1", b"bundle/v2"), b"\xff")):
        yield f"record/spelled {at}", zip_of(signed_again({**files, layout.RECORD: text}), built.folder)


def _flips(count: int = 150) -> Iterator[Case]:
    """Single bytes of a good zip."""
    good, _ = bundle_of(small_archive(), 1)
    chance = random.Random(5)
    for place in sorted(chance.sample(range(len(good)), count)):
        data = bytearray(good)
        data[place] ^= chance.choice((0x01, 0x20, 0x80, 0xFF))
        yield f"flip/{place}", bytes(data)


def _signed_nonsense(count: int = 250) -> Iterator[Case]:
    """Any bytes in any file, listed and signed by the exporter."""
    data, built = bundle_of(small_archive(), 1)
    files = contents(data)
    names = sorted(n for n in files if not n.startswith(("manifest-", "tagmanifest-")))
    chance = random.Random(6)
    for at in range(count):
        name = chance.choice(names)
        old = files[name]
        low = chance.randrange(len(old) + 1)
        high = min(len(old), low + chance.choice((0, 1, 1, 2, 9, 400)))
        new = chance.choice(
            (b"", b" ", b"0", b"null", b"-1", b"[]", b'"\xff"', b"9" * 20, b"\n", b"\0", bytes([chance.randrange(256)]))
        )
        yield f"nonsense/{at} {name}", zip_of(signed_again({**files, name: old[:low] + new + old[high:]}), built.folder)


# What it means to agree.


def judge(data: bytes) -> Report | str:
    """Our verifier's report, or why it refuses the zip."""
    try:
        return check(data, trusted=())
    except FormatError as error:
        return error.message


def disagreement(ours: Report | str, theirs: dict[str, object]) -> str | None:
    """None if the browser's verifier says the same: of steps 1 to 9, of 16 but for what is rendered, and of the rest as
    far as it looks: it may say "not checked" there, never "passed" where ours fails, or "failed" where not."""
    if "defect" in theirs:
        return str(theirs["defect"])
    if isinstance(ours, str) or "refused" in theirs:
        return None if isinstance(ours, str) and "refused" in theirs else f"refused: {ours!s} / {theirs.get('refused')}"
    rendered = {"bundle-rendered"}
    failed = {
        item.step for item in ours.findings if item.weight.value in ("failed", "disowned") and item.code not in rendered
    }
    for step in theirs["steps"]:  # type: ignore[attr-defined]
        number, outcome = step["number"], step["outcome"]
        mine = Outcome.FAILED if number in failed else ours.outcome(number)
        if number <= 9:
            agree = mine.value == outcome
        elif number in (11, 12):  # a page text that is not the body's is found in one step or in the other
            agree = (outcome == "failed") <= bool(failed & {11, 12}) and not (outcome == "passed" and number in failed)
        elif number == 10 or number == 16:
            agree = (outcome == "failed") <= (number in failed) and not (outcome == "passed" and number in failed)
            agree = agree and (number != 16 or (outcome == "failed") == (number in failed))
        else:
            agree = (outcome == "failed") <= (number in failed)
        if not agree:
            return f"step {number}: {mine.value} / {outcome}: {ours.why(number)} / {step['why']}"
    return None
