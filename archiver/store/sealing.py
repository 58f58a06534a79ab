"""From prepared files to a signed checkpoint: the last part of every commit, of a repair, and of a new archive.

Order on disk, each step synced before the next: objects; signatures and manifests; entries and tiles; the guard beside
the log's key; `log/checkpoints/<size>`; `log/checkpoint`; the derived files in `trust/`. Up to the guard everything can
be taken back. From then on the checkpoint may have been signed, and everything stays for the next writer to finish.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from archiver.errors import ArchiverError, FormatError, MissingError, ProofError, RefusedError, StoreError
from archiver.evidence import read
from archiver.signing.allowed_signers import encode_for
from archiver.store.durable import EDITABLE, READ_ONLY, Disk, listing
from archiver.store.folder import ArchiveFolder
from archiver.store.head import Growth, tile_source
from archiver.store.keyring import LogGuard
from archiver.store.placing import Placing
from archiver.store.quarantine import Quarantine
from archiver.tlog.checkpoint import Checkpoint, LogKey, open_checkpoint
from archiver.tlog.note import Note, VerifierKey, open_note
from archiver.tlog.tiles import ENTRIES, WIDTH, TileBuilder, TileReader, tile_path
from archiver.verify.keys import KeyHistory
from archiver.verify.layout import ALLOWED_SIGNERS, CHECKPOINT, LOG_VKEY

RESERVED = 8192  # bytes; a checkpoint with both signature lines has 3,500


def checkpoint_path(size: int) -> str:
    """Where the checkpoint of that size is kept."""
    return f"log/checkpoints/{size}"


@dataclass(frozen=True, slots=True)
class LogSigner:
    """A log key and the guard that lies beside it."""

    key: LogKey
    guard: LogGuard


class Sealing:
    """What signs the log of one archive. The caller holds the writer's lock.

    `signers[0]` has the log's key. A second one is there while the key is replaced: the checkpoint over that event is
    signed by both.
    """

    def __init__(self, disk: Disk, signers: Sequence[LogSigner], clock: Callable[[], str]) -> None:
        self.disk = disk
        self.folder = ArchiveFolder(disk.root)
        self.signers = tuple(signers)
        self.clock = clock

    @property
    def guard(self) -> LogGuard:
        """The guard of the log's key."""
        return self.signers[0].guard

    def vkeys(self) -> tuple[VerifierKey, ...]:
        """All keys that are at hand."""
        return tuple(key for signer in self.signers for key in signer.key.vkeys())

    def commit(
        self,
        placing: Placing,
        groups: Sequence[Sequence[str]],
        growth: Growth,
        aside: Quarantine,
    ) -> bytes:
        """Place the prepared files of `groups` one group after another, then the tiles, and sign the root of `growth`.
        What stands in the way goes to `aside`. The checkpoint's bytes.

        Raises RefusedError, StoreError. If nothing was signed, nothing was changed.
        """
        checkpoint = Checkpoint(growth.keys.origin, growth.builder.size, growth.builder.root())
        try:
            wanted = self.check_keys(growth)
            note = self._kept_note(checkpoint, aside)
            tiles = self._prepare_tiles(placing, growth.builder, aside)
            places = [CHECKPOINT] if note else [checkpoint_path(checkpoint.size), CHECKPOINT]
            for name in places:
                placing.reserve(name, RESERVED, EDITABLE if name == CHECKPOINT else READ_ONLY)
            aside.settle()
            placing.sync()
            for group in groups:
                placing.place(group)
            placing.place(tiles)
            self._advance(checkpoint, growth, wanted)
        except BaseException:
            if not self._signed(checkpoint):
                with suppress(StoreError):  # what cannot be undone, the note keeps for the next writer
                    placing.undo()
            raise
        note = note or self._sign(checkpoint, wanted)
        try:
            for name in places:
                placing.fill(name, note)
            for name in places:
                placing.place([name])
        except BaseException:
            with suppress(StoreError):
                placing.forget()
            raise
        self._drop_partial_tiles(growth.old_size, checkpoint.size)
        return note

    def check_keys(self, growth: Growth) -> list[VerifierKey]:
        """The keys whose lines the next checkpoint carries, in order. Raises RefusedError if one is not at hand."""
        size = growth.builder.size
        wanted = list(growth.keys.log_at(size))
        for handover in growth.keys.handovers:
            if growth.old_size <= handover.sequence < size:
                wanted += [key for key in handover.old if key not in wanted]
        missing = set(wanted) - set(self.vkeys())
        if missing:
            names = ", ".join(sorted(key.key_id.hex() for key in missing))
            raise RefusedError(
                f"the checkpoint of {size} manifests must be signed by log keys that are not here: {names}",
                where=str(self.disk.root),
                hint="a change of the log's key needs the old and the new one: repeat the command that changes it",
            )
        return wanted

    def _sign(self, checkpoint: Checkpoint, wanted: Sequence[VerifierKey]) -> bytes:
        seconds = _seconds(self.clock())
        notes = [open_note(signer.key.sign(checkpoint, seconds)) for signer in self.signers]
        lines = {(line.name, line.key_id): line for note in notes for line in note.signatures}
        return Note(checkpoint.encode(), tuple(lines[(key.name, key.key_id)] for key in wanted)).encode()

    def _kept_note(self, checkpoint: Checkpoint, aside: Quarantine) -> bytes | None:
        """A checkpoint of that size that was signed and kept before a crash. Raises RefusedError if it is another."""
        name = checkpoint_path(checkpoint.size)
        if not self.disk.exists(name):
            return None
        try:
            note = read(self.folder, name)
            found = open_checkpoint(note, self.vkeys())
        except (FormatError, ProofError, MissingError) as error:
            aside.move(name, error.message)
            return None
        if found.checkpoint != checkpoint:
            raise RefusedError(
                f"this key has signed another log of {checkpoint.size} manifests",
                where=name,
                hint="two copies of this archive were written to: keep both, they prove it, and ask for help",
            )
        if found.unknown or found.mldsa == "not present":
            aside.move(name, "has other signature lines than the log's")
            return None
        return note

    def _prepare_tiles(self, placing: Placing, builder: TileBuilder, aside: Quarantine) -> list[str]:
        """Prepare the tiles that are not there yet; their names in the order of writing."""
        names = []
        for path, data in builder.files().items():
            name = f"log/{path}"
            if self.disk.exists(name):
                with suppress(FormatError, MissingError):
                    if read(self.folder, name, len(data)) == data:
                        continue
                aside.move(name, "a tile that no checkpoint covers differs from the manifests")
            placing.write(name, data)
            names.append(name)
        return names

    def _drop_partial_tiles(self, old_size: int, size: int) -> None:
        """Partial tiles whose full tile is there, and the next full one too, so that whoever reads by a checkpoint of a
        moment ago still finds his. C2SP tlog-tiles allows it; without it, they would outgrow the chain itself."""
        for index in range(max(0, old_size // WIDTH - 1), size // WIDTH - 1):
            for level in (ENTRIES, 0):
                folder = f"log/{tile_path(level, index)}.p"
                with suppress(StoreError, OSError):  # what is left is only in excess
                    for name in listing(self.disk.path(folder)):
                        self.disk.remove(f"{folder}/{name}")
                    self.disk.remove_folder(folder)

    def _advance(self, checkpoint: Checkpoint, growth: Growth, wanted: Sequence[VerifierKey]) -> None:
        """Every key that is about to sign notes it first. Raises RefusedError."""

        def extends(size: int, root: bytes) -> bool:
            if size == growth.old_size:
                return root == growth.old_root  # the tree was grown from that one
            return TileReader(tile_source(self.folder), checkpoint.size).range_root(0, size) == root

        for signer in self.signers:
            if not set(wanted).isdisjoint(signer.key.vkeys()):
                signer.guard.advance(checkpoint.size, checkpoint.root, extends)

    def _signed(self, checkpoint: Checkpoint) -> bool:
        """Whether a guard may count this checkpoint as signed."""
        try:
            return any(signer.guard.read() == (checkpoint.size, checkpoint.root) for signer in self.signers)
        except ArchiverError:
            return True  # it cannot be told: leave everything to the next writer

    def write_trust(self, keys: KeyHistory) -> list[str]:
        """Make the derived files in `trust/` say what the key events say. Names of those that did not."""
        placing = Placing(self.disk)
        wanted = {
            ALLOWED_SIGNERS: encode_for(keys.lines[fingerprint] for fingerprint in keys.signers),
            LOG_VKEY: "".join(key.spell() + "\n" for key in keys.log).encode("ascii"),
        }
        changed = []
        for name, data in wanted.items():
            with suppress(MissingError, FormatError):
                if read(self.folder, name) == data:
                    continue
            placing.write(name, data, EDITABLE)
            changed.append(name)
        if changed:
            try:
                placing.sync()
                placing.place(changed)
            except BaseException:
                with suppress(StoreError):
                    placing.forget()
                raise
        return changed


def _seconds(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp())
