"""The end of a log as a writer must know it, found in O(log n) files: sizes, links, keys in force, the tree's edge.

Everything is checked that the next checkpoint will build on: the log's signature on the checkpoint, the tiles at the
edge against its root, the newest manifest against its leaf. What lies further back is the verifier's to check.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

from archiver import digest
from archiver.errors import ArchiverError, FormatError, MissingError, NewerVersionError, ProofError, RefusedError
from archiver.evidence import read
from archiver.model.manifest import MAX_BYTES, Identity, KeyChange, Manifest, Previous, decode
from archiver.signing import sshsig
from archiver.store.folder import ArchiveFolder
from archiver.tlog.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint_text
from archiver.tlog.merkle import leaf_hash
from archiver.tlog.note import open_note
from archiver.tlog.tiles import ENTRIES, WIDTH, TileBuilder, TileReader, decode_entries, tile_path
from archiver.verify.chain import MAX_SIGNATURE, NAMESPACE
from archiver.verify.keys import KeyHistory
from archiver.verify.layout import CHECKPOINT, manifest_path

MAX_TILE = 256 * (2 + MAX_BYTES)  # bytes of the largest entry bundle
NEW_SIGNATURE = ".new.sig"  # beside `.sig`: by the key that a key event brings in
KEY_EVENTS = "tmp/key-events"  # a hint, never believed: the numbers of the key events, one a line
_KEY_EVENT = b'\n "event": "key",\n'
_RESTORE = "run archiver verify to see what is damaged, and restore it from a copy"


@dataclass(frozen=True, slots=True)
class Growth:
    """What a log becomes: size and root before, of the tree that `builder` began with; the keys in force after."""

    old_size: int
    old_root: bytes
    builder: TileBuilder
    keys: KeyHistory


@dataclass(slots=True)
class Head:
    """The covered part of a log. `key_events` are the numbers of the key events behind `keys`."""

    archive: str
    identity: Identity
    checkpoint: Checkpoint
    note: bytes
    previous: Previous
    keys: KeyHistory
    key_events: tuple[int, ...]
    builder: TileBuilder

    @property
    def size(self) -> int:
        """How many manifests the checkpoint counts."""
        return self.checkpoint.size

    def growth(self) -> Growth:
        """What it has become since the checkpoint."""
        return Growth(self.size, self.checkpoint.root, self.builder, self.keys)

    def append(self, sequence: int, data: bytes, signature: bytes, manifest: Manifest) -> str:
        """Let the log grow by a manifest whose signatures are good. Its digest. Raises FormatError for a key event that
        makes no sense; then nothing has changed."""
        spelled = digest.of_bytes(data)
        if isinstance(manifest.extra, KeyChange):
            keys = copy.deepcopy(self.keys)
            keys.apply(sequence, spelled, manifest.extra, manifest.signer)
            self.keys, self.key_events = keys, (*self.key_events, sequence)
        self.previous = Previous(spelled, digest.of_bytes(signature))
        self.builder.append(data)
        return spelled


def tile_source(folder: ArchiveFolder) -> Callable[[str], bytes]:
    """Reads the tiles of a log on disk, for archiver.tlog.tiles."""
    return lambda path: read(folder, f"log/{path}", MAX_TILE)


def read_genesis(folder: ArchiveFolder) -> tuple[str, bytes, Identity]:
    """The archive's identity, the genesis manifest's bytes and what it names. Raises MissingError, FormatError."""
    name = manifest_path(0)
    try:
        data = read(folder, name, MAX_BYTES)
        manifest = decode(data)
    except (MissingError, FormatError) as error:
        error.where, error.hint = error.where or name, error.hint or _RESTORE
        raise
    if not isinstance(manifest.extra, Identity):
        raise FormatError("the first manifest is no genesis", where=name, hint=_RESTORE)
    return digest.of_bytes(data), data, manifest.extra


def read_head(folder: ArchiveFolder, note: bytes) -> Head:
    """The end of the log that a checkpoint signs. Raises ProofError, FormatError, MissingError, StoreError: then
    something covered is damaged; RefusedError where a newer archiver has written."""
    archive, _, identity = read_genesis(folder)
    checkpoint = parse_checkpoint_text(open_note(note).text)
    if not checkpoint.size or checkpoint.origin != identity.origin:
        raise ProofError("is the checkpoint of another log", where=CHECKPOINT, hint=_RESTORE)
    name = manifest_path(checkpoint.size - 1)
    try:
        data = read(folder, name, MAX_BYTES)
        signature = read(folder, name + ".sig", MAX_SIGNATURE)
    except MissingError as error:
        raise RefusedError(
            f"the checkpoint counts {checkpoint.size} manifests, and the newest of them is missing",
            where=error.where,
            hint="entries were lost: restore them from a copy; nothing was changed here",
        ) from None
    newest = _decode(data, name)
    previous = Previous(digest.of_bytes(data), digest.of_bytes(signature))
    keys, events = key_history(folder, archive, identity, newest, previous.manifest, checkpoint.size)
    open_checkpoint(note, [*keys.log, *keys.retired_log])
    builder = _edge(folder, checkpoint, leaf_hash(data), name)
    return Head(archive, identity, checkpoint, note, previous, keys, events, builder)


def _decode(data: bytes, name: str) -> Manifest:
    try:
        return decode(data)
    except NewerVersionError as error:
        raise RefusedError(error.message, where=name, hint="write to this archive with the newer archiver") from None
    except FormatError as error:
        raise FormatError(error.message, where=name, hint=_RESTORE) from None


def _edge(folder: ArchiveFolder, checkpoint: Checkpoint, leaf: bytes, name: str) -> TileBuilder:
    """The tree, ready to grow, if its tiles give the signed root and the newest manifest is its last leaf."""
    try:
        source = tile_source(folder)
        builder = TileBuilder(source, checkpoint.size, checkpoint.root)
        if TileReader(source, checkpoint.size).range_root(checkpoint.size - 1, checkpoint.size) != leaf:
            raise ProofError("is not the newest leaf of the log", where=name)
    except ArchiverError as error:
        error.where = error.where or CHECKPOINT
        error.hint = error.hint or _RESTORE
        raise
    return builder


def key_history(
    folder: ArchiveFolder, archive: str, identity: Identity, newest: Manifest, newest_digest: str, size: int
) -> tuple[KeyHistory, tuple[int, ...]]:
    """The keys in force after the newest manifest, and the numbers of the key events.

    The newest manifest names the newest key event, that one the one before, back to genesis: digests all the way, so
    where they are found does not matter. Only an archive whose keys have changed needs looking for them.
    """
    keys = KeyHistory.from_identity(archive, identity)
    wanted = newest_digest if newest.event == "key" else newest.keys or archive
    if wanted == archive:
        return keys, ()
    events = _follow(folder, archive, wanted, _hinted(folder, size))
    if events is None:
        events = _follow(folder, archive, wanted, _scanned(folder, size))
    if events is None:
        raise ProofError("the newest key event that the log names is not in it", where="chain", hint=_RESTORE)
    for sequence, data in events:
        name = manifest_path(sequence)
        manifest = _decode(data, name)
        check_signed(folder, keys, manifest, data, name)
        assert isinstance(manifest.extra, KeyChange)
        keys.apply(sequence, digest.of_bytes(data), manifest.extra, manifest.signer)
    return keys, tuple(sequence for sequence, _ in events)


def _follow(folder: ArchiveFolder, archive: str, wanted: str, candidates: list[int]) -> list[tuple[int, bytes]] | None:
    """The key events from genesis on, None if the candidates do not hold them all."""
    found: list[tuple[int, bytes]] = []
    for sequence in sorted(set(candidates), reverse=True):
        try:
            data = read(folder, manifest_path(sequence), MAX_BYTES)
            manifest = decode(data)
        except (MissingError, FormatError):
            continue
        if digest.of_bytes(data) == wanted and manifest.event == "key":
            found.append((sequence, data))
            wanted = manifest.keys or archive
    return found[::-1] if wanted == archive else None


def _hinted(folder: ArchiveFolder, size: int) -> list[int]:
    try:
        lines = read(folder, KEY_EVENTS).split(b"\n")
    except (MissingError, FormatError):
        return []
    return [int(line) for line in lines if line.isdigit() and len(line) < 17 and int(line) < size]


def entry_bundle(folder: ArchiveFolder, index: int, size: int) -> bytes:
    """The bytes of an entry bundle of a log of `size`; 256 manifests each but the last."""
    width = min(WIDTH, size - WIDTH * index)
    try:
        return read(folder, "log/" + tile_path(ENTRIES, index, width), MAX_TILE)
    except MissingError:
        return read(folder, "log/" + tile_path(ENTRIES, index), MAX_TILE)


def _scanned(folder: ArchiveFolder, size: int) -> list[int]:
    """Numbers of all manifests that are key events, from the entry bundles."""
    found = []
    for index in range((size + WIDTH - 1) // WIDTH):
        bundle = entry_bundle(folder, index, size)
        if _KEY_EVENT in bundle:
            found += [WIDTH * index + n for n, data in enumerate(decode_entries(bundle)) if _KEY_EVENT in data]
    return found


def check_signed(folder: ArchiveFolder, keys: KeyHistory, manifest: Manifest, data: bytes, name: str) -> bytes:
    """The signature file of a manifest, by a key in force there; for a key event the new keys' too. Raises
    MissingError, FormatError, ProofError."""
    signature = read(folder, name + ".sig", MAX_SIGNATURE)
    fingerprint = sshsig.verify(signature, data, NAMESPACE).fingerprint
    if fingerprint != manifest.signer:
        raise ProofError("is signed by another key than the manifest names", where=name + ".sig")
    change = manifest.extra if isinstance(manifest.extra, KeyChange) else None
    reason = keys.may_sign(fingerprint, manifest.sequence, manifest.event, change)
    if reason is not None:
        raise ProofError(f"is signed by {fingerprint}: {reason}", where=name + ".sig")
    for wanted in keys.new_fingerprints(change) if change is not None else ():
        other = name + NEW_SIGNATURE
        if sshsig.verify(read(folder, other, MAX_SIGNATURE), data, NAMESPACE).fingerprint != wanted:
            raise ProofError("the new key did not sign its own admission", where=other)
    return signature
