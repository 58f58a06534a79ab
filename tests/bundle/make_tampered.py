"""Writes the tamper corpus: archiver/bundle/tampered.zip, and the same bundles whole in tests/vectors/tampered.

    .venv/bin/python tests/bundle/make_tampered.py

The bundles carry no real README and report (their `renderer` is `none`), so that the corpus outlives the templates. It
is made again only if a case is added: checkpoints are signed with fresh randomness, so the bytes differ every time.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bundle_cases import CREATED, contents, signed_again, zip_of
from simulator import HTML, NAMESPACE, Simulator

from archiver.bundle import bag, layout, record
from archiver.bundle.build import build
from archiver.model import manifest as manifest_model
from archiver.signing.keys import KeySigner
from archiver.verify.layout import object_path

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "archiver" / "bundle" / "tampered.zip"
VECTORS = ROOT / "tests" / "vectors" / "tampered"
STRANGER = KeySigner(b"stranger".ljust(32, b"."))
STUB = {
    layout.README: b"A bundle of archiver's self-test. Nobody and nothing in it is real.\n",
    layout.REPORT: b"<!doctype html><title>Self-test</title><p>A bundle of archiver's self-test.\n",
}
Files = dict[str, bytes]


TEXTS = """
good: Untouched
This one is good, and must be found good.

quote-altered: A quoted sentence was altered
“until spring” became “until autumn” in the list of statements. Anybody can do that; the SHA-256 that was sealed gives
it away.

lists-made-anew: The same, and the lists of digests made anew
Tools that compare files with the list beside them are content. The exporter's signature over the list is not.

exporter-altered: The same, by the exporter, with a good signature over everything
The exporter's key signs any bundle. What was sealed at the time was sealed by its digest, and that stands in the log.

bytes-altered: The received bytes were altered
The page as it came over the wire, in the WARC: its own digests, the seal, and what was read from it disagree.

report-altered: The page for people says something else
report.html is what people read first.

file-added: A file was slipped in
Nothing vouches for it, and it lies among things that are vouched for.

object-left-out: The received bytes were left out, unsaid
What is withheld must be listed as withheld.

time-altered: The time of a capture was set back by a year
The time stands in the signed record, and the record is a leaf of the log.

signature-swapped: The signature of another record was put in its place
It is a genuine signature by the right key, over something else.

foreign-key: A record was signed again by a stranger
The record names the key that signs it, and the log's key history knows no stranger.

foreign-record: A stranger wrote the record anew and signed it
His signature holds. His key was never admitted, and his record is no leaf of the log.

record-removed: A record was removed
The capture is gone; what speaks about it remains.

end-cut-off: The last record of the log was left out
It would tell whether a key was revoked. Nothing is wrong with the rest, so this is undecided, and never good.

log-cut: An older state of the log was put in the place of the newest
A signed state, but not the one that the proofs lead to.

key-stolen: Signed with a key after it was stolen
The owner revoked it with the recovery key, and said up to where it is believed.

revocation-hidden: The same, with the revocation left out
Each record names the newest change of keys before it.

collector-lied: The collector sealed words that the page did not say
Genuine signatures, a genuine log: the words are not in the bytes that were received.

all-forged: Everything invented, with keys of the forger's own
Nothing in it is wrong, and no program can see it: only somebody who compares its fingerprint with the collector's can.

packed-again: Packed again by another program
Two programs can read two things from one zip. Only the one spelling is read; unpacked, such a bundle is as good as
ever.
"""


def text_of(name: str) -> tuple[str, str]:
    """Title of a case, and what there is to say about it."""
    head, _, rest = TEXTS.partition(f"\n{name}: ")[2].partition("\n\n")[0].partition("\n")
    return head, " ".join(rest.split())


class Corpus:
    """The cases, as they are added."""

    def __init__(self) -> None:
        self.archive = Simulator(21).capture(HTML).capture(b"<p>Ann Lee said: \xe2\x80\x9cIt opens in May.\xe2\x80\x9d")
        self.good = self.exported(self.archive, 1)
        self.folder = folder_of(self.good)
        self.cases: list[dict[str, Any]] = []
        self.zips: dict[str, bytes] = {}

    def exported(self, archive: Simulator, *numbers: int, signer: KeySigner | None = None) -> Files:
        """A bundle's files, with the stubs."""
        out = io.BytesIO()
        signer = signer or self.archive.signer
        build(archive, numbers, signer, out, created=CREATED)
        files = contents(out.getvalue())
        said = replace(record.decode(files[layout.RECORD]), renderer="none")
        return signed_again({**files, **STUB, layout.RECORD: record.encode(said)}, signer)

    def signed(self, files: Files) -> Files:
        """Everything made anew that a holder of the exporter's key can make."""
        payload = [data for name, data in files.items() if name.startswith(layout.PREFIX)]
        info = bag.info(record.decode(files[layout.RECORD]), sum(map(len, payload)), len(payload))
        return signed_again({**files, bag.INFO: info}, self.archive.signer)

    def add(self, name: str, files: Files, *codes: str, exit_code: int = 1) -> None:
        """A bundle, and what verifying it must find."""
        folder = folder_of(files)
        self.zips[name] = zip_of(files, folder)
        self._add(name, exit_code, codes, {"folder": folder, "files": files})

    def add_zip(self, name: str, data: bytes) -> None:
        """A zip that must be refused."""
        self.zips[name] = data
        self._add(name, 3, ("refused",), {"zip": data})

    def _add(self, name: str, exit_code: int, codes: tuple[str, ...], what: dict[str, Any]) -> None:
        title, about = text_of(name)
        expect = {"exit_code": exit_code, "codes": list(codes)}
        self.cases.append({"name": name, "title": title, "about": about, "expect": expect, **what})


def folder_of(files: Files) -> str:
    return record.folder_name(record.decode(files[layout.RECORD]))


def object_named(corpus: Corpus, sequence: int, role: str) -> str:
    ref = corpus.archive.manifest(sequence).object(role)
    assert ref is not None
    return "data/" + object_path(ref.digest)


def add_changed(corpus: Corpus) -> None:
    """Bytes changed: by somebody without a key, and by the exporter."""
    good, signed = corpus.good, corpus.signed
    name = object_named(corpus, 2, "statements")
    altered = {**good, name: good[name].replace(b"until spring", b"until autumn")}
    assert altered != good
    corpus.add("quote-altered", altered, "object-changed")
    unsigned = {**signed(altered), "tagmanifest-sha256.txt.sig": good["tagmanifest-sha256.txt.sig"]}
    corpus.add("lists-made-anew", unsigned, "object-changed", "bundle-signature")
    corpus.add("exporter-altered", signed(altered), "object-changed")
    name = object_named(corpus, 1, "warc")
    received = signed({**good, name: good[name].replace(b"until spring", b"until autumn")})
    corpus.add("bytes-altered", received, "object-changed", "warc-digest", "segments-root", "source-differs")
    other = STUB[layout.REPORT].replace(b"self-test", b"real case")
    corpus.add("report-altered", {**good, layout.REPORT: other}, "bundle-file")
    corpus.add("file-added", signed({**good, "data/objects/sha256/00/" + "0" * 62: b"evidence!\n"}), "bundle-file")
    corpus.add("object-left-out", signed({n: data for n, data in good.items() if n != name}), "bundle-file")


def add_chain(corpus: Corpus) -> None:
    """Records, signatures and the log."""
    good, signed, archive = corpus.good, corpus.signed, corpus.archive
    one, two = "data/chain/001.json", "data/chain/002.json"
    timed = good[one].replace(b'"time": "2026', b'"time": "2025')
    corpus.add("time-altered", signed({**good, one: timed}), "signature-bad", "proof-bad")
    corpus.add("signature-swapped", signed({**good, one + ".sig": good[two + ".sig"]}), "signature-bad")
    stranger = {**good, one + ".sig": STRANGER.sign(good[one], NAMESPACE)}
    corpus.add("foreign-key", signed(stranger), "signature-bad")
    taken = manifest_model.encode(replace(manifest_model.decode(good[one]), signer=STRANGER.public.fingerprint))
    mine = {**good, one: taken, one + ".sig": STRANGER.sign(taken, NAMESPACE)}
    corpus.add("foreign-record", signed(mine), "signer-inactive", "proof-bad")
    gone = {name: data for name, data in good.items() if not name.startswith("data/chain/001")}
    corpus.add("record-removed", signed(gone), "bundle-file")
    last = f"data/chain/{archive.last:03d}"
    cut = {name: data for name, data in good.items() if not name.startswith(last)}
    corpus.add("end-cut-off", signed(cut), "later-unknown", exit_code=4)
    older = {**good, "data/log/checkpoint": archive.files["log/checkpoints/3"]}
    corpus.add("log-cut", signed(older), "proof-bad", "bundle-file")


def add_keys(corpus: Corpus) -> None:
    """What only the history of keys, or a telephone call, gives away."""
    stolen = corpus.archive.copy().revoke(trusted_size=3).capture()
    files = corpus.exported(stolen, 3)
    corpus.add("key-stolen", files, "signature-disowned")
    hidden = {name: data for name, data in files.items() if not name.startswith("data/chain/005")}
    corpus.add("revocation-hidden", corpus.signed(hidden), "keys-hidden")
    lie = Simulator(21)
    lie.capture(HTML).snapshot(HTML).reading(records=falsified)
    corpus.add("collector-lied", corpus.exported(lie, lie.newest("snapshot")), "statement-differs")
    forger = Simulator(22).capture(HTML.replace(b"stays shut", b"was sold"))
    corpus.add("all-forged", corpus.exported(forger, 1, signer=forger.signer), "signer-unconfirmed", exit_code=4)


def falsified(statement: Any, context: Any) -> tuple[Any, Any]:
    """The same anchor, other words."""
    parts = tuple(replace(part, exact=part.exact.replace("spring", "autumn")) for part in statement.parts)
    return replace(statement, parts=parts, text=" ".join(part.exact for part in parts)), context


def repacked(files: Files, folder: str) -> bytes:
    """As a mail gateway packs it again."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name in sorted(files):
            zipped.writestr(
                zipfile.ZipInfo(f"{folder}/{name}", (2026, 11, 24, 9, 0, 0)), files[name], zipfile.ZIP_DEFLATED
            )
    return out.getvalue()


def make() -> Corpus:
    """All cases."""
    corpus = Corpus()
    corpus.add("good", corpus.good, exit_code=0)
    add_changed(corpus)
    add_chain(corpus)
    add_keys(corpus)
    corpus.add_zip("packed-again", repacked(corpus.good, corpus.folder))
    return corpus


def write(corpus: Corpus) -> None:
    """The package's file, and the whole zips."""
    parts: dict[str, bytes] = {}

    def part(data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        parts[name] = data
        return name

    plain = []
    for case in corpus.cases:
        item = dict(case)
        if "files" in item:
            item["files"] = {name: part(data) for name, data in sorted(item["files"].items())}
        else:
            item["zip"] = part(item["zip"])
        plain.append(item)
    members = {
        "cases.json": json.dumps(plain, ensure_ascii=False, indent=1).encode() + b"\n",
        "trusted": corpus.archive.signer.public.fingerprint.encode(),
    }
    members |= {f"parts/{name}": data for name, data in sorted(parts.items())}
    with zipfile.ZipFile(CORPUS, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped:
        for name, data in members.items():
            zipped.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED, 9)
    VECTORS.mkdir(parents=True, exist_ok=True)
    for name, data in corpus.zips.items():
        (VECTORS / f"{name}.zip").write_bytes(data)
    expected = {case["name"]: case["expect"] for case in corpus.cases}
    (VECTORS / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    write(make())
