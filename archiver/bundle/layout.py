"""Which files a bundle has: what each manifest brings with it, and what stands beside. Names are those in the bag.

    README.txt  report.html  bundle.json  exporter.allowed_signers          for people, and for the exporter's signature
    bagit.txt  bag-info.txt  manifest-sha256.txt  tagmanifest-sha256.txt[.sig]
    data/chain/041.json  041.json.sig  041.tlog-proof                       000.json.sig.1; .json.new.sig of a new key
    data/log/checkpoint                                                     the newest at the time of export
    data/log/checkpoints/57  57.consistency  57.<authority>.tsr …           older ones, with what was stamped on them
    data/objects/sha256/9f/86d081…
    data/parts/sha256/9f/86d081…  86d081….proof                             of an object that is shown in part
    data/trust/allowed_signers  log.vkey

Builder and verifier both ask here, so that a file which belongs to no manifest in the bundle is never overlooked.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

from archiver.bundle import bag
from archiver.model.manifest import KeyChange, Manifest, StampRef
from archiver.verify.layout import ALLOWED_SIGNERS, CHECKPOINT, LOG_VKEY, PROOF, manifest_path, object_path, parts_path

PREFIX = "data/"
README = "README.txt"
REPORT = "report.html"
RECORD = "bundle.json"
EXPORTER = "exporter.allowed_signers"
TAGS = (README, bag.INFO, bag.BAGIT, RECORD, EXPORTER, bag.MANIFEST, REPORT)  # in byte order
OUTER = frozenset({*TAGS, bag.TAG_MANIFEST, bag.TAG_SIGNATURE})
FIXED = (CHECKPOINT, ALLOWED_SIGNERS, LOG_VKEY)

_OLDER = re.compile(r"log/checkpoints/([1-9][0-9]{0,18})", re.ASCII)


def chain_files(manifest: Manifest) -> Iterator[str]:
    """The manifest and the signatures that the archive has beside it, without `data/`."""
    base = manifest_path(manifest.sequence)
    yield base
    yield base + ".sig"
    if manifest.event == "genesis":
        yield base + ".sig.1"
    if isinstance(manifest.extra, KeyChange) and manifest.extra.role != "log" and manifest.extra.new:
        yield base + ".new.sig"


def proof_file(sequence: int) -> str:
    """Its inclusion proof, without `data/`."""
    return manifest_path(sequence).removesuffix(".json") + ".tlog-proof"


def older_files(size: int) -> tuple[str, str]:
    """An older checkpoint and the proof that the newest extends it, without `data/`."""
    return f"log/checkpoints/{size}", f"log/checkpoints/{size}.consistency"


def older_size(name: str) -> int | None:
    """The size of the older checkpoint in that file, None for any other file (without `data/`)."""
    match = _OLDER.fullmatch(name)
    return int(match[1]) if match else None


def stamps(manifest: Manifest) -> tuple[StampRef, ...]:
    """The stamps that a stamp event lists; the model has seen to it that their files stand beside their checkpoint."""
    return tuple(manifest.extra) if manifest.event == "stamp" else ()


def object_files(manifest: Manifest, absent: Container[str]) -> Iterator[str]:
    """The objects of a selected manifest but for those whose digest is in `absent`, without `data/`."""
    for ref in manifest.objects:
        if ref.digest not in absent:
            yield object_path(ref.digest)


def part_files(digest: str) -> tuple[str, str]:
    """What is shown of an object in part, and its proof, without `data/`."""
    return parts_path(digest), parts_path(digest) + PROOF
