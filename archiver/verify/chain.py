"""Steps 4 and 5, one manifest at a time: its one spelling, its signature, its entry in the log. Runs in any process.

`examine` looks at one manifest alone; `examine_span` at a run of them, and at the entry bundles that hold them again.
What comes back is small: the bytes stay in the process that read them. archiver.verify.walk joins the results.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from archiver import digest
from archiver.errors import ArchiverError, FormatError, NewerVersionError, ProofError
from archiver.evidence import Evidence, read
from archiver.model.manifest import MAX_BYTES, Manifest, decode
from archiver.signing import sshsig
from archiver.tlog.tiles import WIDTH, decode_entries, parse_tile_path
from archiver.verify.case import Fault, fault_of
from archiver.verify.usual import recognise

NAMESPACE = "archiver-manifest-v1"
MAX_SIGNATURE = 8192  # bytes of an armored ed25519 signature; a FIDO one is not much longer
CHUNK = 2 * WIDTH  # manifests a task
MAX_BLAMED = 8  # differences of one entry bundle that are looked into one by one
MAX_BUNDLE = WIDTH * (MAX_BYTES + 2)  # bytes of the largest entry bundle

_WITH_EXTRA = frozenset({"key", "takedown", "stamp", "recheck", "reading"})


@dataclass(frozen=True, slots=True)
class Link:
    """What can be said of one manifest without its neighbours."""

    sequence: int
    name: str
    data: bytes
    signature: bytes
    manifest: Manifest | None
    signer: str | None  # fingerprint of the key whose signature holds
    newer: bool  # of a later version
    faults: tuple[tuple[int, str, str, str], ...]  # step, code, message, file


class Said(NamedTuple):
    """What a manifest says that its neighbours must agree with."""

    event: str
    sequence: int
    archive: str | None
    previous: str | None
    previous_signature: str | None
    keys: str | None
    signer: str
    subject: str | None
    extra: Any


class Row(NamedTuple):
    """A link without its bytes. `objects`: role, digest, size of each, if they were asked for."""

    sequence: int
    digest: str
    signature: str  # digest of the signature file, empty if that could not be had
    leaf: bytes  # empty if the manifest could not be had
    signer: str | None
    newer: bool
    said: tuple[Any, ...] | None  # a Said
    objects: tuple[tuple[str, str, int], ...]
    faults: tuple[tuple[int, str, str, str], ...]


class Span(NamedTuple):
    """A task: manifests by number (ascending), and the names of all entry bundles that overlap them."""

    sequences: tuple[int, ...]
    entries: tuple[str, ...]
    prefix: str
    with_objects: bool


def spans_of(sequences: Sequence[int], bundles: Iterable[str], prefix: str, with_objects: bool) -> list[Span]:
    """Tasks of up to CHUNK manifests (numbers ascending). What stands in one entry bundle is in one task."""
    by_chunk: dict[int, list[str]] = {}
    for name in bundles:
        index = parse_tile_path(name.removeprefix(prefix + "log/")).index
        by_chunk.setdefault(index * WIDTH // CHUNK, []).append(name)
    spans: list[Span] = []
    for chunk, numbers in itertools.groupby(sequences, lambda number: number // CHUNK):
        found, entries = tuple(numbers), tuple(by_chunk.get(chunk, ()))
        if spans and len(spans[-1].sequences) + len(found) <= CHUNK:
            last = spans.pop()
            found, entries = last.sequences + found, last.entries + entries
        spans.append(Span(found, entries, prefix, with_objects))
    return spans


def examine(evidence: Evidence, sequence: int) -> Link:
    """Read one manifest and its signature. Problems become faults, never exceptions."""
    name = evidence.manifest_name(sequence)
    faults: list[tuple[int, str, str, str]] = []
    data = signature = b""
    manifest: Manifest | None = None
    newer = False
    try:
        data = read(evidence, name, MAX_BYTES)
        manifest = decode(data)
    except NewerVersionError as error:
        newer = True
        faults.append((4, "manifest-newer", error.message, name))
    except ArchiverError as error:
        faults.append(fault_of(4, error, "manifest-bad", name, "manifest-missing")[:4])  # type: ignore[arg-type]
        if not data:
            return Link(sequence, name, b"", b"", None, None, False, tuple(faults))
    signer = None
    try:
        signature = read(evidence, name + ".sig", MAX_SIGNATURE)
        signer = sshsig.verify(signature, data, NAMESPACE).fingerprint
    except (FormatError, ProofError) as error:
        # A later version may be signed in another way: not checked, as the manifest itself.
        if not newer:
            faults.append((5, "signature-bad", error.message, name + ".sig"))
    except ArchiverError as error:
        faults.append(fault_of(5, error, "signature-bad", name + ".sig", "signature-missing")[:4])  # type: ignore[arg-type]
    return Link(sequence, name, data, signature, manifest, signer, newer, tuple(faults))


def examine_span(evidence: Evidence, span: Span) -> tuple[list[tuple[Any, ...]], list[Fault]]:
    """Rows as plain tuples (they cross processes at half the cost), and what is wrong with the entry bundles.

    One kind of work after the other for the whole span: that is a tenth faster than one manifest after the other.
    """
    names = [evidence.manifest_name(number) for number in span.sequences]
    data = [_read(evidence, name, MAX_BYTES) for name in names]
    signatures = [_read(evidence, name + ".sig", MAX_SIGNATURE) for name in names]
    known = [recognise(item) for item in data]
    signers = [_signer(*item) if said else None for *item, said in zip(signatures, data, known, strict=True)]
    rows = []
    for number, item, signature, signer, said in zip(span.sequences, data, signatures, signers, known, strict=True):
        if signer is None or said is None:
            rows.append(_row(examine(evidence, number), span.with_objects))
        else:
            objects = said.objects if span.with_objects else ()
            rows.append(_tuple(number, item, signature, signer, False, (*said[:8], None), objects, ()))
    here = {number: item for number, item in zip(span.sequences, data, strict=True) if item}
    faults: list[Fault] = []
    for name in span.entries:
        faults += _compare_bundle(evidence, name, span.prefix, here)
    return rows, faults


def _read(evidence: Evidence, name: str, limit: int) -> bytes:
    """A file's bytes; nothing if anything is wrong with it, which `examine` will say."""
    try:
        return read(evidence, name, limit)
    except ArchiverError:
        return b""


def _signer(signature: bytes, data: bytes) -> str | None:
    """The key whose signature holds, None if anything is wrong with it."""
    try:
        return sshsig.verify(signature, data, NAMESPACE).fingerprint
    except ArchiverError:
        return None


def _row(link: Link, with_objects: bool) -> tuple[Any, ...]:
    manifest = link.manifest
    said = objects = None
    if manifest is not None:
        before = manifest.previous
        said = (
            manifest.event,
            manifest.sequence,
            manifest.archive,
            before.manifest if before is not None else None,
            before.signature if before is not None else None,
            manifest.keys,
            manifest.signer,
            manifest.subject,
            manifest.extra if manifest.event in _WITH_EXTRA else None,
        )
        objects = tuple((ref.role, ref.digest, ref.size) for ref in manifest.objects) if with_objects else ()
    return _tuple(link.sequence, link.data, link.signature, link.signer, link.newer, said, objects or (), link.faults)


def _tuple(
    sequence: int, data: bytes, signature: bytes, signer: str | None, newer: bool, said: Any, objects: Any, faults: Any
) -> tuple[Any, ...]:
    """A Row's fields."""
    leaf = hashlib.sha256(b"\x00" + data).digest() if data else b""
    signed = digest.of_bytes(signature) if signature else ""
    return sequence, digest.of_bytes(data), signed, leaf, signer, newer, said, objects, faults


def _compare_bundle(evidence: Evidence, name: str, prefix: str, here: dict[int, bytes]) -> list[Fault]:
    """One entry bundle, full or partial, against the manifests that are here (missing ones have their own finding)."""
    tile = parse_tile_path(name.removeprefix(prefix + "log/"))
    numbers = range(WIDTH * tile.index, WIDTH * tile.index + tile.width)
    try:
        found = read(evidence, name, MAX_BUNDLE)
        wanted = [len(here[n]).to_bytes(2, "big") + here[n] for n in numbers if n in here]
        if len(wanted) == tile.width and b"".join(wanted) == found:
            return []
        entries = decode_entries(found)
    except ArchiverError as error:
        return [fault_of(6, error, "tile-bad", name, "tile-missing")]
    if len(entries) != tile.width:
        return [(6, "tile-bad", f"holds {len(entries)} manifests, not {tile.width}", name, None)]
    differ = [(n, entry) for n, entry in zip(numbers, entries, strict=True) if here.get(n, entry) != entry]
    if len(differ) > MAX_BLAMED:
        return [(6, "tile-bad", f"differs from {len(differ)} of the manifests that it holds", name, None)]
    return [_blame(examine(evidence, number), entry, name) for number, entry in differ]


def _blame(link: Link, entry: bytes, name: str) -> Fault:
    """Manifest and entry differ: the one that the signature does not hold for is the one that was changed."""
    if link.signer is None:
        try:
            sshsig.verify(link.signature, entry, NAMESPACE)
        except (FormatError, ProofError):
            pass
        else:
            message = f"is not what was signed; {name} still holds that"
            return 4, "manifest-changed", message, link.name, link.sequence
    return 6, "tile-bad", f"differs from manifest {link.sequence}", name, link.sequence
