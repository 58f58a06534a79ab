"""From prepared files to a signed checkpoint: the last part of every commit, of a repair, and of a new archive.

Order on disk, each step synced before the next: objects; signatures and manifests; entries and tiles; the guard beside
the log's key; `log/checkpoints/<size>`; `log/checkpoint`; the derived files in `trust/`. Up to the guard everything can
be taken back. From then on the checkpoint may have been signed, and everything stays for the next writer to finish.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from archiver.errors import ArchiverError, FormatError, MissingError, ProofError, RefusedError, StoreError
from archiver.evidence import read
from archiver.signing.allowed_signers import encode_for
from archiver.store.durable import EDITABLE, READ_ONLY, Disk
from archiver.store.folder import ArchiveFolder
from archiver.store.head import tile_source
from archiver.store.keyring import LogGuard
from archiver.store.placing import Placing
from archiver.store.quarantine import Quarantine
from archiver.tlog.checkpoint import Checkpoint, LogKey, open_checkpoint
from archiver.tlog.tiles import TileBuilder, TileReader
from archiver.verify.keys import KeyHistory
from archiver.verify.layout import ALLOWED_SIGNERS, CHECKPOINT, LOG_VKEY

RESERVED = 8192  # bytes; a checkpoint with both signature lines has 3,500


def checkpoint_path(size: int) -> str:
    """Where the checkpoint of that size is kept."""
    return f"log/checkpoints/{size}"


class Sealing:
    """What signs the log of one archive. The caller holds the writer's lock."""

    def __init__(self, disk: Disk, log_key: LogKey, guard: LogGuard, clock: Callable[[], str]) -> None:
        self.disk = disk
        self.folder = ArchiveFolder(disk.root)
        self.log_key = log_key
        self.guard = guard
        self.clock = clock

    def commit(
        self,
        placing: Placing,
        groups: Sequence[Sequence[str]],
        builder: TileBuilder,
        aside: Quarantine,
    ) -> bytes:
        """Place the prepared files of `groups` one group after another, then the tiles of `builder`, and sign its root.
        What stands in the way goes to `aside`. The checkpoint's bytes.

        Raises RefusedError, StoreError. If nothing was signed, nothing was changed.
        """
        checkpoint = Checkpoint(self.log_key.origin, builder.size, builder.root())
        kept = checkpoint_path(builder.size)
        try:
            note = self._kept_note(checkpoint, aside)
            tiles = self._prepare_tiles(placing, builder, aside)
            places = [CHECKPOINT] if note else [kept, CHECKPOINT]
            for name in places:
                placing.reserve(name, RESERVED, EDITABLE if name == CHECKPOINT else READ_ONLY)
            aside.settle()
            placing.sync()
            for group in groups:
                placing.place(group)
            placing.place(tiles)
            self._advance(checkpoint)
        except BaseException:
            if not self._signed(checkpoint):
                with suppress(StoreError):  # what cannot be undone, the note keeps for the next writer
                    placing.undo()
            raise
        note = note or self.log_key.sign(checkpoint, _seconds(self.clock()))
        for name in places:
            placing.fill(name, note)
        for name in places:
            placing.place([name])
        return note

    def _kept_note(self, checkpoint: Checkpoint, aside: Quarantine) -> bytes | None:
        """A checkpoint of that size that was signed and kept before a crash. Raises RefusedError if it is another."""
        name = checkpoint_path(checkpoint.size)
        if not self.disk.exists(name):
            return None
        try:
            note = read(self.folder, name)
            found = open_checkpoint(note, self.log_key.vkeys())
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

    def _advance(self, checkpoint: Checkpoint) -> None:
        reader = TileReader(tile_source(self.folder), checkpoint.size)
        self.guard.advance(checkpoint.size, checkpoint.root, lambda size, root: reader.range_root(0, size) == root)

    def _signed(self, checkpoint: Checkpoint) -> bool:
        """Whether the guard may count this checkpoint as signed."""
        try:
            return self.guard.read() == (checkpoint.size, checkpoint.root)
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
