"""Bundles, good and bad, on which two verifiers must agree: ours, and the one that runs in a browser."""

from __future__ import annotations

import functools
import io
import random
from collections.abc import Iterator
from dataclasses import replace

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
from simulator import HTML, Simulator

from archiver import digest
from archiver.bundle import layout, record
from archiver.bundle.build import build
from archiver.bundle.withhold import parse
from archiver.errors import FormatError
from archiver.signing.keys import KeySigner
from archiver.verify.report import Outcome, Report

SMALL = VECTORS.parent / "bundles"
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
    forged = MemoryArchive(signer=STRANGER, recovery=SIGNER)
    forged.capture(Page(b"<p>Ann Lee said: <q>I took the money.</q></p>"))
    forged.seal()
    yield "somebody else's", bundle_of(forged, 1, signer=STRANGER)[0]


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
        elif number <= 12 or number == 16:
            agree = (outcome == "failed") <= (number in failed) and not (outcome == "passed" and number in failed)
            agree = agree and (number != 16 or (outcome == "failed") == (number in failed))
        else:
            agree = (outcome == "failed") <= (number in failed)
        if not agree:
            return f"step {number}: {mine.value} / {outcome}: {ours.why(number)} / {step['why']}"
    return None
