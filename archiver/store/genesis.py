"""A new archive: settings, the first manifest, signed by the signer and the recovery key, and a checkpoint of size 1.

A crash before the first manifest is in its place leaves a folder in which `create` can be called again; after it, the
next writer finishes the archive (store.repair).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from archiver import digest
from archiver.errors import MissingError, ProofError, RefusedError, StoreError, UsageError
from archiver.evidence import read
from archiver.model.manifest import Identity, Manifest, encode
from archiver.signing import sshsig
from archiver.signing.keys import PublicKey, Signer
from archiver.store import scratch
from archiver.store.disk_errors import store_error
from archiver.store.durable import EDITABLE, TMP, listing
from archiver.store.folder import ArchiveFolder
from archiver.store.head import Growth, read_genesis, tile_source
from archiver.store.lock import LOCK, writer_lock
from archiver.store.placing import Intent, Placing
from archiver.store.quarantine import Quarantine
from archiver.store.sealing import Sealing
from archiver.tlog.merkle import EMPTY_ROOT, leaf_hash
from archiver.tlog.tiles import TileBuilder
from archiver.verify.chain import NAMESPACE
from archiver.verify.keys import KeyHistory
from archiver.verify.layout import CHECKPOINT, manifest_path

SETTINGS = "archive.yaml"
RECOVERY_SIGNATURE = ".sig.1"
SIGNATURES = (".sig", RECOVERY_SIGNATURE)
WAIT = 5.0  # seconds; nobody else writes to an archive that is not there yet


@dataclass(frozen=True, slots=True)
class Genesis:
    """What the first manifest is made of. The keys in `identity` are those of the signers."""

    identity: Identity
    signer: Signer
    recovery: Signer
    time: str
    salt: str
    settings: str


def check_place(root: Path) -> None:
    """Raises UsageError or StoreError unless a new archive can be made in `root`: a folder that is empty or not there,
    or one in which making an archive was interrupted before anything was sealed."""
    root = Path(root)
    try:
        found = set(listing(root))
        if not found or _interrupted(root, found):
            return
    except FileNotFoundError:
        return
    except NotADirectoryError:
        raise UsageError("is a file, not a folder", where=str(root)) from None
    except OSError as error:
        raise store_error(error, root) from None
    if ArchiveFolder.is_archive(root):
        raise UsageError("is an archive already", where=str(root), hint="choose another folder for a new one")
    raise UsageError("is not empty", where=str(root), hint="choose a new folder for the archive")


def _interrupted(root: Path, found: set[str]) -> bool:
    """Whether `create` stopped there before the first manifest was in its place."""
    first = Path(manifest_path(0)).name
    chain = set(listing(root / "chain")) if "chain" in found else set()
    return LOCK in found and found <= {LOCK, TMP, "chain", SETTINGS} and chain <= {first + s for s in SIGNATURES}


def create(sealing: Sealing, first: Genesis) -> str:
    """Make the archive. Its identity: the digest of the first manifest. Raises UsageError, StoreError, RefusedError."""
    disk, identity = sealing.disk, first.identity
    check_place(disk.root)
    _check_keys(first, sealing)
    try:
        disk.root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise store_error(error, disk.root) from None
    with writer_lock(disk, WAIT):
        check_place(disk.root)
        for note in scratch.commits(disk):
            disk.remove(note)
        scratch.clean(disk)
        manifest = Manifest(
            archive=None,
            sequence=0,
            previous=None,
            keys=None,
            signer=first.signer.public.fingerprint,
            event="genesis",
            time=first.time,
            subject=None,
            extra=identity,
            objects=(),
            salt=first.salt,
        )
        data = encode(manifest)
        name = manifest_path(0)
        builder = TileBuilder(tile_source(sealing.folder), 0, EMPTY_ROOT)
        builder.append(data)
        placing, aside = Placing(disk), Quarantine(disk, first.time)
        try:
            placing.write(SETTINGS, first.settings.encode("utf-8"), EDITABLE)
            placing.write(name + ".sig", first.signer.sign(data, NAMESPACE))
            placing.write(name + RECOVERY_SIGNATURE, first.recovery.sign(data, NAMESPACE))
            placing.write(name, data)
            placing.announce(Intent(0, 1, ()))
        except BaseException:
            with suppress(StoreError):
                placing.undo()
            raise
        chain = [SETTINGS, name + ".sig", name + RECOVERY_SIGNATURE, name]
        keys = KeyHistory.from_identity(digest.of_bytes(data), identity)
        sealing.commit(placing, [chain], Growth(0, EMPTY_ROOT, builder, keys), aside)
        sealing.write_trust(keys)
        placing.done()
    return digest.of_bytes(data)


def _check_keys(first: Genesis, sealing: Sealing) -> None:
    """Each key that genesis names must be held here. Raises UsageError."""
    identity = first.identity
    held = (
        (PublicKey.parse_line(identity.signer), first.signer.public),
        (PublicKey.parse_line(identity.recovery), first.recovery.public),
    )
    if any(named != key for named, key in held) or len({key.fingerprint for _, key in held}) != 2:
        raise UsageError("genesis names other keys than those that sign it, or one key in two roles")
    vkeys = tuple(key.spell() for key in sealing.vkeys())
    if identity.log != vkeys or identity.origin != sealing.signers[0].key.origin:
        raise UsageError("genesis names another log than the log key signs for")


def finish(sealing: Sealing, aside: Quarantine) -> bytes:
    """Sign the first checkpoint of an archive whose making was interrupted after its genesis was placed. Its bytes.

    Raises StoreError if it was interrupted before, MissingError if this is an older archive that lost its checkpoint,
    RefusedError for another log key, ProofError, FormatError.
    """
    disk, folder, name = sealing.disk, sealing.folder, manifest_path(0)
    try:
        archive, data, identity = read_genesis(folder)
    except MissingError:
        raise StoreError(
            "making this archive was interrupted before anything was sealed",
            where=str(disk.root),
            hint="run archiver init again with this folder",
        ) from None
    guard = sealing.guard.read()
    fresh = guard is None or guard == (1, leaf_hash(data))
    if not fresh or disk.exists(manifest_path(1)) or disk.exists("log/checkpoints/2"):
        raise MissingError("is missing", where=CHECKPOINT, hint="restore it from a copy; nothing was changed")
    if tuple(key.spell() for key in sealing.vkeys()) != identity.log:
        raise RefusedError("this log key is not the one that the archive names", where=name)
    for suffix, line in ((".sig", identity.signer), (RECOVERY_SIGNATURE, identity.recovery)):
        if sshsig.verify(read(folder, name + suffix), data, NAMESPACE) != PublicKey.parse_line(line):
            raise ProofError("is not signed by the key that genesis names", where=name + suffix)
    builder = TileBuilder(tile_source(folder), 0, EMPTY_ROOT)
    builder.append(data)
    disk.sync_files([name, name + ".sig", name + RECOVERY_SIGNATURE])
    disk.sync_folders({"", "chain"})
    growth = Growth(0, EMPTY_ROOT, builder, KeyHistory.from_identity(archive, identity))
    return sealing.commit(Placing(disk), [], growth, aside)
