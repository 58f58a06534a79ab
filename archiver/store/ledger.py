"""The writer's side of an archive: manifests are added in groups, and each group is one durable commit (store.sealing).

One writer at a time holds the lock, from the first `add` of a group to its end; staging objects needs no lock, and
readers need none. Numbers are given under the lock. What a crash left behind is repaired when a group begins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from archiver.errors import FormatError, MissingError, RefusedError, StoreError, UsageError
from archiver.model.manifest import (
    SALT_BYTES,
    Identity,
    KeyChange,
    Manifest,
    ObjectRef,
    encode,
    spell_salt,
)
from archiver.signing.keys import PublicKey, Signer
from archiver.store import genesis
from archiver.store.durable import Disk
from archiver.store.head import NEW_SIGNATURE, Head
from archiver.store.keyring import LogGuard
from archiver.store.lock import WAIT, writer_lock
from archiver.store.objects import StagedObject, stored_size
from archiver.store.placing import MAX_GROUP, Intent, Placing
from archiver.store.quarantine import Quarantine
from archiver.store.repair import RepairReport, recover
from archiver.store.sealing import LogSigner, Sealing
from archiver.tlog.checkpoint import LogKey
from archiver.verify.chain import NAMESPACE
from archiver.verify.layout import manifest_path, object_path

_COUNTER = re.compile(r"\.sig\.[1-9][0-9]?", re.ASCII)
Clock = Callable[[], str]
Entropy = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Draft:
    """A manifest to be: what the caller knows. `time` is a claim, and is written as given."""

    event: str
    subject: str | None
    extra: Any
    objects: tuple[ObjectRef, ...]
    time: str


@dataclass(frozen=True, slots=True)
class Added:
    """A manifest in a group: its number, the digest of its bytes, itself. Sealed by `commit`, not before."""

    sequence: int
    digest: str
    manifest: Manifest


class Ledger:
    """Appends to one archive. Making one costs nothing; beginning a group reads O(log n) files."""

    def __init__(
        self,
        root: Path,
        *,
        signer: Signer,
        log_key: LogKey,
        guard: LogGuard,
        clock: Clock,
        entropy: Entropy,
        disk: Disk | None = None,
        wait: float = WAIT,
        successor: tuple[LogKey, LogGuard] | None = None,
    ) -> None:
        """`successor` is the next log key with its guard, while the log's key is replaced."""
        self.root = Path(root)
        self.signer = signer
        self.entropy = entropy
        self.disk = disk or Disk(root)
        self.wait = wait
        others = [] if successor is None else [LogSigner(*successor)]
        self.sealing = Sealing(self.disk, [LogSigner(log_key, guard), *others], clock)

    @staticmethod
    def check_place(root: Path) -> None:
        """Raises UsageError or StoreError unless a new archive can be made in that folder."""
        genesis.check_place(root)

    @staticmethod
    def create(
        root: Path,
        *,
        identity: Identity,
        signer: Signer,
        recovery: Signer,
        log_key: LogKey,
        guard: LogGuard,
        clock: Clock,
        entropy: Entropy,
        settings_text: str,
        disk: Disk | None = None,
    ) -> str:
        """Make an archive: settings, genesis with both its signatures, a checkpoint of size 1. Its identity.

        Raises UsageError, StoreError, RefusedError. A failure leaves a folder in which it can be tried again.
        """
        sealing = Sealing(disk or Disk(root), [LogSigner(log_key, guard)], clock)
        first = genesis.Genesis(identity, signer, recovery, clock(), spell_salt(entropy(SALT_BYTES)), settings_text)
        try:
            return genesis.create(sealing, first)
        finally:
            if disk is None:
                sealing.disk.scratch.close()

    def batch(self) -> Group:
        """A group of manifests for one commit, used in a `with`. Leaving it without `commit` discards."""
        return Group(self)

    def repair(self) -> RepairReport:
        """Finish or set aside what a crash left behind, as every group does when it begins. Raises RefusedError,
        ProofError, StoreError; then nothing was changed."""
        with writer_lock(self.disk, self.wait):
            return recover(self.sealing)[1]


class Group:
    """Manifests for one commit. `repaired` says what was mended when it began (empty before the first `add`)."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._disk = ledger.disk
        self._stack = ExitStack()
        self._head: Head | None = None
        self._staged: dict[str, StagedObject] = {}
        self._spare: list[StagedObject] = []
        self._chain: dict[str, bytes] = {}  # file name -> bytes, in the order of writing
        self._objects: dict[str, int] = {}  # digest -> size, of those that the group's manifests name
        self._added: list[Added] = []
        self._ended = False
        self.repaired = RepairReport()

    def __enter__(self) -> Group:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._discard()
        finally:
            self._ended = True
            self._stack.close()

    def adopt(self, staged: StagedObject) -> None:
        """Take over a staged object: it is sealed if a manifest of this group names it, else discarded at the end."""
        if staged.digest in self._staged:
            self._spare.append(staged)
        else:
            self._staged[staged.digest] = staged

    def add(
        self, draft: Draft, *, signed_by: Signer | None = None, extra_signers: Mapping[str, Signer] | None = None
    ) -> Added:
        """Make, sign and number a manifest.

        `signed_by` stands in for the ledger's signer (a revocation: the recovery key). `extra_signers` maps the suffix
        of a further signature file to who makes it: `.new.sig` for the key that a key event brings in, `.sig.1` for a
        countersignature. Raises RefusedError if the key may not sign here, MissingError for an object that is not
        there, FormatError for a manifest that cannot be written, StoreError.
        """
        if self._ended:
            raise UsageError("this group has ended")
        if len(self._added) == MAX_GROUP:
            raise UsageError(f"a group holds at most {MAX_GROUP} manifests")
        head = self._begin()
        signer = signed_by or self._ledger.signer
        extra = dict(extra_signers or {})
        change = draft.extra if isinstance(draft.extra, KeyChange) else None
        sequence = head.builder.size
        self._check_signer(head, signer.public, sequence, draft.event, change)
        _check_extra_signers(head, extra, change)
        self._check_objects(draft.objects)
        manifest = Manifest(
            archive=head.archive,
            sequence=sequence,
            previous=head.previous,
            keys=head.keys.newest,
            signer=signer.public.fingerprint,
            event=draft.event,
            time=draft.time,
            subject=draft.subject,
            extra=draft.extra,
            objects=draft.objects,
            salt=spell_salt(self._ledger.entropy(SALT_BYTES)),
        )
        data = encode(manifest)
        name = manifest_path(sequence)
        files = {name + suffix: other.sign(data, NAMESPACE) for suffix, other in extra.items()}
        files[name + ".sig"] = signature = signer.sign(data, NAMESPACE)
        added = Added(sequence, head.append(sequence, data, signature, manifest), manifest)
        self._chain.update(files)
        self._chain[name] = data
        self._objects.update((ref.digest, ref.size) for ref in draft.objects)
        self._added.append(added)
        return added

    def commit(self) -> None:
        """Make the group durable, and sign the checkpoint that covers it.

        Raises StoreError, RefusedError; if nothing was signed, nothing was changed, else the next writer finishes it.
        """
        if self._ended:
            raise UsageError("this group has ended")
        self._ended = True
        if self._head is None or not self._added:
            return
        head, placing = self._head, Placing(self._disk)
        aside = Quarantine(self._disk, self._ledger.sealing.clock())
        try:
            objects = self._prepare_objects(placing, aside)
            for name, data in self._chain.items():
                if self._disk.exists(name):
                    aside.move(name, "stood where the next manifests go")
                placing.write(name, data)
            placing.announce(Intent(head.size, head.builder.size, tuple(objects)))
        except BaseException:
            with suppress(StoreError):
                placing.undo()
            raise
        groups = [[object_path(value) for value in objects], list(self._chain)]
        self._ledger.sealing.commit(placing, groups, head.growth(), aside)
        self.repaired = replace(self.repaired, set_aside=(*self.repaired.set_aside, *aside.moved))
        self._ledger.sealing.write_trust(head.keys)
        placing.done()

    def _begin(self) -> Head:
        if self._head is None:
            self._stack.enter_context(writer_lock(self._disk, self._ledger.wait))
            self._head, self.repaired = recover(self._ledger.sealing)
        return self._head

    def _check_signer(self, head: Head, key: PublicKey, sequence: int, event: str, change: KeyChange | None) -> None:
        reason = head.keys.may_sign(key.fingerprint, sequence, event, change)
        if reason is not None:
            raise RefusedError(
                f"{key.fingerprint} may not sign number {sequence}: {reason}", where=str(self._disk.root)
            )

    def _check_objects(self, refs: tuple[ObjectRef, ...]) -> None:
        for ref in refs:
            staged = self._staged.get(ref.digest)
            size = staged.size if staged else self._objects.get(ref.digest)
            if size is None:
                size = stored_size(self._ledger.sealing.folder, ref.digest)
            if size is None:
                raise MissingError(f"the {ref.role} object of this manifest is not here", where=object_path(ref.digest))
            if size != ref.size:
                raise FormatError(f"the {ref.role} object has {size} bytes, the manifest says {ref.size}")

    def _prepare_objects(self, placing: Placing, aside: Quarantine) -> list[str]:
        """Prepare the staged objects that manifests name and that are not here yet; their digests."""
        new = []
        for value in self._objects:
            staged = self._staged.pop(value, None)
            if staged is None:
                continue
            name = object_path(value)
            if self._disk.exists(name):
                if stored_size(self._ledger.sealing.folder, value) is not None:
                    self._spare.append(staged)
                    continue
                aside.move(name, "is not the object that its name says")
            placing.adopt(staged.name, name)
            new.append(value)
        return new

    def _discard(self) -> None:
        for staged in (*self._staged.values(), *self._spare):
            self._disk.remove(staged.name)
        self._staged, self._spare = {}, []


def _check_extra_signers(head: Head, extra: Mapping[str, Signer], change: KeyChange | None) -> None:
    """Raises UsageError unless exactly the keys that a key event brings in sign their own admission."""
    wanted = head.keys.new_fingerprints(change) if change is not None else []
    found = [signer.public.fingerprint for suffix, signer in extra.items() if suffix == NEW_SIGNATURE]
    if found != wanted:
        raise UsageError("a new key signs the key event that brings it in, and nothing else has such a signature")
    if any(suffix != NEW_SIGNATURE and not _COUNTER.fullmatch(suffix) for suffix in extra):
        raise UsageError("further signatures are .new.sig, and .sig.1 to .sig.99")
