"""What a writer does when it opens an archive: repair what a crash left, or refuse with the reason and change nothing.

Manifests beyond the checkpoint are taken in only as far as, one after another, signature (by a key in force there),
links and objects are good: a repair must never sign what somebody dropped into the folder. Everything else that a
crashed commit placed goes to `quarantine/`, and is reported. Tiles that no checkpoint covers are computed anew, covered
ones never. Fewer manifests than the checkpoint counts, or than the log's key has signed, are a loss: refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from archiver import digest
from archiver.errors import (
    FormatError,
    MissingError,
    NewerVersionError,
    ProofError,
    RefusedError,
    StoreError,
)
from archiver.evidence import read
from archiver.model.manifest import MAX_BYTES, Manifest, decode
from archiver.signing import sshsig
from archiver.signing.keys import PublicKey
from archiver.store import scratch
from archiver.store.durable import EDITABLE, listing, store_error
from archiver.store.genesis import RECOVERY_SIGNATURE
from archiver.store.head import (
    KEY_EVENTS,
    NEW_SIGNATURE,
    Head,
    check_signed,
    entry_bundle,
    read_genesis,
    read_head,
    tile_source,
)
from archiver.store.placing import MAX_COMMIT, Intent, Placing, parse_intent
from archiver.store.quarantine import Quarantine, SetAside
from archiver.store.sealing import Growth, Sealing, checkpoint_path
from archiver.tlog.checkpoint import open_checkpoint
from archiver.tlog.merkle import EMPTY_ROOT, leaf_hash
from archiver.tlog.tiles import WIDTH, TileBuilder, TileReader, new_tiles
from archiver.verify.chain import NAMESPACE
from archiver.verify.keys import KeyHistory
from archiver.verify.layout import CHECKPOINT, manifest_path, object_path

_CHAIN_FILE = re.compile(r"([0-9]{3})\.json(?:\.sig(?:\.[1-9][0-9]?)?|\.new\.sig)?", re.ASCII).fullmatch
_DIGEST = re.compile(rb"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What was mended. `taken_in`: numbers of manifests; `restored`: files made anew from what is signed; `removed`:
    how many leftovers in `tmp/`, which never were part of the archive."""

    taken_in: tuple[int, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    restored: tuple[str, ...] = ()
    removed: int = 0

    def __bool__(self) -> bool:
        """Whether anything but leftovers in `tmp/` was found."""
        return bool(self.taken_in or self.set_aside or self.restored)

    def lines(self) -> list[str]:
        """It in words, one line a fact."""
        found = []
        if self.taken_in:
            first, last = self.taken_in[0], self.taken_in[-1]
            which = f"number {first}" if first == last else f"numbers {first} to {last}"
            found.append(f"finished after an interruption: {which}, whose signatures and objects are good")
        found += [f"set aside: {item.name} -> {item.now} ({item.reason})" for item in self.set_aside]
        found += [f"made anew: {name}" for name in self.restored]
        return found


def recover(sealing: Sealing) -> tuple[Head, RepairReport]:
    """The end of the log, after mending what a crash left. The caller holds the writer's lock.

    Raises RefusedError (rollback, fork, a newer archiver's work, other keys), ProofError, FormatError, MissingError
    (something covered is damaged), StoreError; then nothing was changed.
    """
    return _Recovery(sealing).run()


class _Recovery:
    def __init__(self, sealing: Sealing) -> None:
        self.sealing = sealing
        self.disk = sealing.disk
        self.folder = sealing.folder
        self.guard = sealing.guard.read()
        self.aside = Quarantine(self.disk, sealing.clock())
        self.restored: list[str] = []
        self.taken: list[Manifest] = []
        self.reasons: dict[int, str] = {}  # number of a manifest that was not taken in -> why

    def run(self) -> tuple[Head, RepairReport]:
        """Look first, then act."""
        note, damaged = self._newest_note()
        notes = scratch.commits(self.disk)
        if note is None:
            note = self._finish_creation(notes)
        head = read_head(self.folder, note)
        self._check_log_key(head)
        intents = [intent for name in notes if (intent := self._intent(name)) is not None]
        covered = head.size
        self._take_in(head)
        self._check_guard(head)
        if self.taken:
            self.sealing.check_keys(Growth(covered, head.builder, head.keys))
        strays = dict(self._strays(head, covered, intents)) | damaged
        if strays or self.taken or notes or self.restored:
            head = self._act(head, note, strays, notes)
        self.restored += self.sealing.write_trust(head.keys)
        self._write_hint(head)
        removed = scratch.clean(self.disk)
        numbers = tuple(manifest.sequence for manifest in self.taken)
        return head, RepairReport(numbers, tuple(self.aside.moved), tuple(self.restored), removed)

    # -- looking -------------------------------------------------------------------------------------------------------

    def _newest_note(self) -> tuple[bytes | None, dict[str, str]]:
        """The newest checkpoint that the log's key signed, None if there is none yet; and what is there in its stead.

        `log/checkpoint` as a rule. The guard knows the highest size that was signed: a crash may have kept that
        checkpoint under its size and not yet as the newest.
        """
        current: bytes | None = None
        size, damage = -1, ""
        try:
            current = read(self.folder, CHECKPOINT)
            size = open_checkpoint(current, self.sealing.vkeys()).checkpoint.size
        except MissingError:
            damage = "missing"
        except (FormatError, ProofError) as error:
            damage = error.message
        if self.guard is None or self.guard[0] <= size:
            return current, {}
        kept = self._kept(self.guard[0])
        if kept is None or kept[0] != self.guard[1]:
            return current, {}
        self.restored.append(CHECKPOINT)
        return kept[1], {CHECKPOINT: damage} if current is not None and damage else {}

    def _kept(self, size: int) -> tuple[bytes, bytes] | None:
        """Root and bytes of the checkpoint kept under a size, if it is whole and the log's key signed it."""
        try:
            note = read(self.folder, checkpoint_path(size))
            opened = open_checkpoint(note, self.sealing.vkeys())
        except (MissingError, FormatError, ProofError):
            return None
        good = opened.checkpoint.size == size and not opened.unknown
        return (opened.checkpoint.root, note) if good else None

    def _intent(self, name: str) -> Intent | None:
        try:
            return parse_intent(read(self.folder, name, MAX_COMMIT))
        except (MissingError, FormatError):
            return None

    def _check_log_key(self, head: Head) -> None:
        if not set(self.sealing.signers[0].key.vkeys()) <= set(head.keys.log):
            raise RefusedError(
                "this log key is not in force in this archive",
                where=str(self.disk.root),
                hint="use the key that its newest key event names",
            )

    def _take_in(self, head: Head) -> None:
        """Let the head grow by the manifests beyond the checkpoint that are good, one after another."""
        while True:
            sequence = head.builder.size
            if not self.disk.exists(manifest_path(sequence)):
                return
            try:
                data, manifest, signature = self._examined(head, sequence)
                head.append(sequence, data, signature, manifest)
            except NewerVersionError as error:
                raise RefusedError(
                    error.message, where=manifest_path(sequence), hint="open this archive with the newer archiver"
                ) from None
            except (FormatError, ProofError, MissingError) as error:
                self.reasons[sequence] = error.message
                return
            self.taken.append(manifest)

    def _examined(self, head: Head, sequence: int) -> tuple[bytes, Manifest, bytes]:
        """A manifest beyond the checkpoint and its signature. Raises ProofError, FormatError, MissingError."""
        name = manifest_path(sequence)
        data = read(self.folder, name, MAX_BYTES)
        manifest = decode(data)
        if (manifest.sequence, manifest.archive) != (sequence, head.archive):
            raise ProofError("belongs to another place or archive")
        if manifest.previous != head.previous or manifest.keys != head.keys.newest:
            raise ProofError("does not name the manifest before it, or the keys in force")
        signature = check_signed(self.folder, head.keys, manifest, data, name)
        for ref in manifest.objects:
            try:
                with self.folder.open(object_path(ref.digest)) as stream:
                    found = digest.of_stream(stream)
            except MissingError:
                raise MissingError(f"its {ref.role} object is missing") from None
            if found != (ref.digest, ref.size):
                raise ProofError(f"its {ref.role} object is not what it names")
        return data, manifest, signature

    def _check_guard(self, head: Head) -> None:
        """Refuse what would make the log's key sign a fork, before anything is changed. Raises RefusedError."""
        where = str(self.sealing.guard.path)
        if self.guard is None:
            raise RefusedError(
                "the guard beside the log's key is missing: it says what this key has signed already",
                where=where,
                hint="copy it from where the key was used last; it belongs with the key",
            )
        size, root = self.guard
        if size > head.builder.size:
            raise RefusedError(
                f"this key has signed a log of {size} manifests, and only {head.builder.size} are here",
                where=str(self.disk.root),
                hint="this is an older copy: use the newest one, or restore what is missing; nothing was changed",
            )
        if self._root_at(head, size) != root:
            raise RefusedError(
                f"this key has signed another log of {size} manifests",
                where=str(self.disk.root),
                hint="a copy of this archive was written to: use that one (a log is never signed twice)",
            )

    def _root_at(self, head: Head, size: int) -> bytes:
        new = head.builder.files()
        source = tile_source(self.folder)
        reader = TileReader(lambda path: new[path] if path in new else source(path), head.builder.size)
        return reader.range_root(0, size)

    def _strays(self, head: Head, covered: int, intents: list[Intent]) -> Iterator[tuple[str, str]]:
        """What a crashed commit placed, or somebody dropped in, and what is not taken in; each with the reason."""
        size = head.builder.size
        numbers = {n for intent in intents for n in range(max(size, intent.base), intent.size)} | {size}
        for folder in sorted({manifest_path(number).rpartition("/")[0] for number in numbers}):
            for name, number in self._chain_files(folder):
                if number >= size:
                    yield name, self.reasons.get(number, "no checkpoint covers it, nor the manifest before it")
        tiles = {"log/" + tile.path for intent in intents for tile in new_tiles(covered, max(covered, intent.size))}
        for name in sorted(tiles - {"log/" + path for path in head.builder.files()}):
            if self.disk.exists(name):
                yield name, "no checkpoint covers it"
        for value in sorted(self._orphans(intents, covered)):
            yield object_path(value), "was written for a manifest that is not in the log"

    def _chain_files(self, folder: str) -> list[tuple[str, int]]:
        """Manifests and signatures in one folder of the chain, with the numbers that they stand for."""
        try:
            names = listing(self.disk.path(folder))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise store_error(error, self.disk.path(folder)) from None
        high = 0
        for group in folder.split("/")[1:]:
            high = 1000 * high + int(group[1:])
        found = [(f"{folder}/{m.group()}", 1000 * high + int(m.group(1))) for name in names if (m := _CHAIN_FILE(name))]
        return sorted(found)

    def _orphans(self, intents: list[Intent], covered: int) -> set[str]:
        """Objects that crashed commits placed and no manifest names."""
        listed = {value for intent in intents for value in intent.objects if self.disk.exists(object_path(value))}
        listed -= {ref.digest for manifest in self.taken for ref in manifest.objects}
        for index in range((covered + WIDTH - 1) // WIDTH if listed else 0):
            bundle = entry_bundle(self.folder, index, covered)
            listed -= {match.decode("ascii") for match in _DIGEST.findall(bundle)}
        return listed

    # -- acting --------------------------------------------------------------------------------------------------------

    def _act(self, head: Head, note: bytes, strays: dict[str, str], notes: list[str]) -> Head:
        for name, reason in strays.items():
            self.aside.move(name, reason)
        self.aside.settle()
        if self.taken:
            self._sync_taken()
            note = self.sealing.commit(Placing(self.disk), [], Growth(head.size, head.builder, head.keys), self.aside)
            head = read_head(self.folder, note)
        elif self.restored:
            placing = Placing(self.disk)
            placing.write(CHECKPOINT, note, EDITABLE)
            placing.sync()
            placing.place([CHECKPOINT])
            self.disk.sync_folders({"log", "log/checkpoints"})
        for name in notes:
            self.disk.remove(name)
        return head

    def _sync_taken(self) -> None:
        """The killed process may not have synced all that it placed."""
        names = []
        for manifest in self.taken:
            name = manifest_path(manifest.sequence)
            signatures = (name + suffix for suffix in (".sig", NEW_SIGNATURE))
            names += [name, *(path for path in signatures if self.disk.exists(path))]
            names += [object_path(ref.digest) for ref in manifest.objects]
        self.disk.sync_files(names)
        self.disk.sync_folders({folder for name in names for folder in _folders_above(name)})

    def _finish_creation(self, notes: list[str]) -> bytes:
        """The first checkpoint of an archive whose making was interrupted after its genesis was placed."""
        name = manifest_path(0)
        try:
            archive, data, identity = read_genesis(self.folder)
        except MissingError:
            raise StoreError(
                "making this archive was interrupted before anything was sealed",
                where=str(self.disk.root),
                hint="run archiver init again with this folder",
            ) from None
        fresh = self.guard is None or self.guard == (1, leaf_hash(data))
        if not fresh or self.disk.exists(manifest_path(1)) or self.disk.exists("log/checkpoints/2"):
            raise MissingError("is missing", where=CHECKPOINT, hint="restore it from a copy; nothing was changed")
        if tuple(key.spell() for key in self.sealing.vkeys()) != identity.log:
            raise RefusedError("this log key is not the one that the archive names", where=name)
        for suffix, line in ((".sig", identity.signer), (RECOVERY_SIGNATURE, identity.recovery)):
            if sshsig.verify(read(self.folder, name + suffix), data, NAMESPACE) != PublicKey.parse_line(line):
                raise ProofError("is not signed by the key that genesis names", where=name + suffix)
        builder = TileBuilder(tile_source(self.folder), 0, EMPTY_ROOT)
        builder.append(data)
        self.disk.sync_files([name, name + ".sig", name + RECOVERY_SIGNATURE])
        self.disk.sync_folders({"", "chain"})
        growth = Growth(0, builder, KeyHistory.from_identity(archive, identity))
        note = self.sealing.commit(Placing(self.disk), [], growth, self.aside)
        self.guard = self.sealing.guard.read()
        self.restored.append(CHECKPOINT)
        return note

    def _write_hint(self, head: Head) -> None:
        """Note where the key events are, so that the next writer need not look through the log for them."""
        data = "".join(f"{number}\n" for number in head.key_events).encode("ascii")
        if not data:
            return
        with suppress(MissingError, FormatError):
            if read(self.folder, KEY_EVENTS) == data:
                return
        temporary = self.disk.scratch.new_name()
        self.disk.write_file(temporary, data, EDITABLE)
        self.disk.rename(temporary, KEY_EVENTS)


def _folders_above(name: str) -> list[str]:
    """The folders on the way to a file, the root (`""`) first."""
    parts = name.split("/")[:-1]
    return ["/".join(parts[:depth]) for depth in range(len(parts) + 1)]
