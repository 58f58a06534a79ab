"""What a writer does when it opens an archive: repair what a crash left, or refuse with the reason and change nothing.

Manifests beyond the checkpoint are taken in only as far as, one after another, signature (by a key in force there),
links and objects are good: a repair must never sign what somebody dropped into the folder. Everything else that a
crashed commit placed goes to `quarantine/`, and is reported. Tiles that no checkpoint covers are computed anew, covered
ones never. Fewer manifests than the checkpoint counts, or than the log's key has signed, are a loss: refused.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from archiver.errors import (
    FormatError,
    MissingError,
    ProofError,
    RefusedError,
)
from archiver.evidence import read
from archiver.model.manifest import Manifest
from archiver.store import genesis, scratch
from archiver.store.beyond import Beyond
from archiver.store.durable import EDITABLE
from archiver.store.head import (
    KEY_EVENTS,
    NEW_SIGNATURE,
    Head,
    read_head,
    tile_source,
)
from archiver.store.placing import MAX_COMMIT, Intent, Placing, parse_intent
from archiver.store.quarantine import Quarantine, SetAside
from archiver.store.sealing import Sealing, checkpoint_path
from archiver.tlog.checkpoint import open_checkpoint
from archiver.tlog.tiles import TileReader
from archiver.verify.layout import CHECKPOINT, manifest_path, object_path


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

    def run(self) -> tuple[Head, RepairReport]:
        """Look first, then act."""
        note, damaged = self._newest_note()
        notes = scratch.commits(self.disk)
        if note is None:
            note = genesis.finish(self.sealing, self.aside)
            self.guard = self.sealing.guard.read()
            self.restored.append(CHECKPOINT)
        head = read_head(self.folder, note)
        self._check_log_key(head)
        intents = [intent for name in notes if (intent := self._intent(name)) is not None]
        beyond = Beyond(self.disk, self.folder, head)
        self.taken = beyond.take_in()
        self._check_guard(head)
        if self.taken:
            self.sealing.check_keys(head.growth())
        strays = beyond.strays(intents) | damaged
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
        """The root of the first `size` manifests; as a rule the guard's size is the checkpoint's, and it is known."""
        if size == head.size:
            return head.checkpoint.root
        new = head.builder.files()
        source = tile_source(self.folder)
        reader = TileReader(lambda path: new[path] if path in new else source(path), head.builder.size)
        return reader.range_root(0, size)

    # -- acting --------------------------------------------------------------------------------------------------------

    def _act(self, head: Head, note: bytes, strays: dict[str, str], notes: list[str]) -> Head:
        for name, reason in strays.items():
            self.aside.move(name, reason)
        self.aside.settle()
        if self.taken:
            self._sync_taken()
            note = self.sealing.commit(Placing(self.disk), [], head.growth(), self.aside)
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
