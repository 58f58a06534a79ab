"""Opens an archive and holds its parts: folder, settings, objects, ledger, keys. It does no work itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from archiver import digest
from archiver.errors import ArchiverError, FormatError, MissingError, ProofError, StoreError, UsageError
from archiver.evidence import read
from archiver.model import facts as facts_model
from archiver.model.encoding import MAX_DOCUMENT
from archiver.model.facts import ReadingFacts, SnapshotFacts
from archiver.model.manifest import MAX_BYTES, Identity, Manifest, decode
from archiver.signing.keys import Signer
from archiver.store import settings as settings_file
from archiver.store.durable import Disk
from archiver.store.folder import ArchiveFolder
from archiver.store.head import check_signed, read_head
from archiver.store.home import Home
from archiver.store.keyring import LogGuard
from archiver.store.ledger import Ledger
from archiver.store.objects import ObjectStore
from archiver.store.settings import Settings
from archiver.tlog.checkpoint import LogKey
from archiver.verify.keys import KeyHistory
from archiver.verify.layout import CHECKPOINT
from archiver.warc.record import uuid_urn

_VERIFY = "run: archiver verify"

Clock = Callable[[], str]
Entropy = Callable[[int], bytes]


def system_clock() -> str:
    """UTC now, `2026-11-23T13:02:11.482Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")[:23] + "Z"


def locate(given: str | None, home: Home, environment: dict[str, str] | None = None) -> Path:
    """Which archive: the option, ARCHIVER_ARCHIVE, a parent folder that is one, the user's default."""
    environment = dict(os.environ) if environment is None else environment
    named = given or environment.get("ARCHIVER_ARCHIVE")
    if named:
        path = Path(named)
        if not ArchiveFolder.is_archive(path):
            if path.is_dir() and not os.access(path, os.R_OK | os.X_OK):
                raise StoreError(
                    "you may not read this folder", where=str(path), hint="look at its owner and its permissions"
                )
            raise MissingError("is no archive", where=str(path), hint=f"make one with: archiver init {path}")
        return path
    here = Path.cwd()
    for folder in (here, *here.parents):
        if ArchiveFolder.is_archive(folder):
            return folder
    default = home.default_archive()
    if default is not None:
        if not ArchiveFolder.is_archive(default):
            raise MissingError(
                "is your default archive, and is not there", where=str(default), hint="mount it, or give --archive"
            )
        return default
    raise MissingError("there is no archive yet", hint="make one with: archiver init my-archive")


class Archive:
    """One archive on disk. Reading needs nothing; `ledger()` needs `unlock` to have given it keys."""

    def __init__(
        self,
        root: Path,
        home: Home,
        clock: Clock = system_clock,
        entropy: Entropy = os.urandom,
        disk: Disk | None = None,
    ) -> None:
        self.root = root
        self.home = home
        self.clock = clock
        self.entropy = entropy
        self.disk = disk or Disk(root)
        self.folder = ArchiveFolder(root)
        self.objects = ObjectStore(root, self.disk)
        self._signer: Signer | None = None
        self._log_key: LogKey | None = None
        self._guard: LogGuard | None = None
        self._removed: tuple[int, dict[str, int]] | None = None

    @property
    def settings(self) -> Settings:
        return settings_file.load(self.root / "archive.yaml")

    def identity(self) -> Identity:
        """What genesis says: origin and first keys. Raises MissingError, FormatError."""
        genesis = self.manifest(0)
        if not isinstance(genesis.extra, Identity):
            raise FormatError("the first manifest is no genesis", where=self.folder.manifest_name(0))
        return genesis.extra

    def new_record_id(self) -> str:
        """A fresh WARC-Record-ID from this archive's source of randomness."""
        return uuid_urn(self.entropy(16))

    def unlock(self, signer: Signer, log_key: LogKey, guard: LogGuard) -> None:
        """Give the keys that writing needs."""
        self._signer, self._log_key, self._guard = signer, log_key, guard

    def ledger(self, successor: LogKey | None = None) -> Ledger:
        """The writer's side; `successor` is the next key of the log, while it is replaced. Raises UsageError before
        `unlock`."""
        if self._signer is None or self._log_key is None or self._guard is None:
            raise UsageError("the keys of this archive are locked")
        return Ledger(
            self.root,
            signer=self._signer,
            log_key=self._log_key,
            guard=self._guard,
            clock=self.clock,
            entropy=self.entropy,
            disk=self.disk,
            successor=None if successor is None else (successor, self._guard),
        )

    def key_history(self) -> KeyHistory:
        """The keys in force and before, as the checkpoint's log has them. Raises ProofError, FormatError, MissingError,
        RefusedError where its end is damaged."""
        return read_head(self.folder, read(self.folder, CHECKPOINT)).keys

    def size(self) -> int:
        """How many manifests the checkpoint counts. A claim, as everything here: `verify` checks it."""
        return self.folder.count()

    def removed(self) -> dict[str, int]:
        """Digest of each object that was taken down -> number of the manifest that says so. Walks through the log once.
        Raises MissingError, FormatError, ProofError."""
        from archiver.bundle.select import leaves

        size = self.size()
        if self._removed is None or self._removed[0] != size:
            found: dict[str, int] = {}
            for sequence, data in leaves(self.folder, size):
                if b'"event": "takedown"' in data:
                    manifest = decode(data)
                    found.update(dict.fromkeys(manifest.extra if manifest.event == "takedown" else (), sequence))
            self._removed = (size, found)
        return self._removed[1]

    def manifest(self, sequence: int) -> Manifest:
        """One manifest. Raises MissingError, FormatError."""
        name = self.folder.manifest_name(sequence)
        try:
            return decode(read(self.folder, name, MAX_BYTES))
        except ArchiverError as error:
            error.where = error.where or name
            raise

    def check_signed(self, *manifests: Manifest) -> None:
        """Raises ProofError, FormatError or MissingError unless each of these manifests, as it is on the disk, has the
        signature of a key that was in force where it stands: for what goes out in the archive's name."""
        keys = self.key_history()
        for manifest in manifests:
            name = self.folder.manifest_name(manifest.sequence)
            try:
                data = read(self.folder, name, MAX_BYTES)
                if decode(data) != manifest:
                    raise ProofError("was changed meanwhile", where=name)
                check_signed(self.folder, keys, manifest, data, name)
            except ArchiverError as error:
                error.where, error.hint = error.where or f"{name}.sig", error.hint or _VERIFY
                raise

    def object(self, manifest: Manifest, role: str, limit: int = MAX_DOCUMENT) -> bytes:
        """The bytes of a manifest's object of that role. Raises MissingError, FormatError; ProofError where they are
        not what that manifest names."""
        ref = manifest.object(role)
        name = self.folder.object_name(ref.digest) if ref is not None else None
        if ref is None or name is None:
            raise MissingError(f"number {manifest.sequence} has no {role} here", where=str(self.root))
        data = read(self.folder, name, limit)
        if digest.of_bytes(data) != ref.digest:
            raise ProofError(f"{role} of number {manifest.sequence} is not what was sealed", where=name, hint=_VERIFY)
        return data

    def open_object(self, manifest: Manifest, role: str) -> BinaryIO:
        """The same for a large one, at its beginning; whoever asks closes it."""
        ref = manifest.object(role)
        name = self.folder.object_name(ref.digest) if ref is not None else None
        if ref is None or name is None:
            raise MissingError(f"number {manifest.sequence} has no {role} here", where=str(self.root))
        with ExitStack() as stack:
            stream = stack.enter_context(self.folder.open(name))
            if digest.of_stream(stream)[0] != ref.digest:
                raise ProofError(
                    f"{role} of number {manifest.sequence} is not what was sealed", where=name, hint=_VERIFY
                )
            stream.seek(0)
            stack.pop_all()
            return stream

    def snapshot_facts(self, manifest: Manifest) -> SnapshotFacts:
        """The facts of a snapshot."""
        return facts_model.decode_snapshot(self.object(manifest, "facts"))

    def reading_facts(self, manifest: Manifest) -> ReadingFacts:
        """The facts of a reading."""
        return facts_model.decode_reading(self.object(manifest, "facts"))

    def snapshots(self, start: int = 0) -> Iterator[tuple[int, SnapshotFacts]]:
        """Number and facts of each snapshot from a position on; what cannot be read is left to `verify`."""
        for sequence in self.folder.sequences():
            if sequence < start:
                continue
            try:
                manifest = self.manifest(sequence)
                if manifest.event == "snapshot":
                    yield sequence, self.snapshot_facts(manifest)
            except ArchiverError:
                continue
