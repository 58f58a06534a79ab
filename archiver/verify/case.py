"""What the steps of one verification share, filled in as they go."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field

from archiver import digest
from archiver.errors import ArchiverError, MissingError, StoreError
from archiver.evidence import Evidence
from archiver.model.events import Continues
from archiver.tlog.checkpoint import Checkpoint
from archiver.verify.keys import KeyHistory
from archiver.verify.policy import Policy
from archiver.verify.report import Report
from archiver.verify.table import ObjectTable

Progress = Callable[[str, int, int], None]  # what, done, of how many
Fault = tuple[int, str, str, str | None, int | None]  # step, code, message, file, sequence: what a worker sends back


def silent(_what: str, _done: int, _total: int) -> None:
    """Progress for those who do not look."""


@dataclass(slots=True)
class Case:
    """One verification under way. Memory: some 300 bytes a manifest and 150 an object, whatever the objects weigh."""

    evidence: Evidence
    policy: Policy
    report: Report
    progress: Progress = silent
    jobs: int = 1
    archive: str | None = None
    keys: KeyHistory | None = None
    continues: Continues | None = None  # the archive that this one carries on
    checkpoint: Checkpoint | None = None  # only once its signatures hold
    note: bytes = b""
    sequences: array[int] = field(default_factory=lambda: array("Q"))  # of the manifests that are here, ascending
    by_digest: dict[bytes, int] = field(default_factory=dict)  # raw digest of a manifest -> sequence
    events: dict[int, str] = field(default_factory=dict)  # sequence -> event
    subjects: dict[int, int] = field(default_factory=dict)  # sequence of a reading -> that of its snapshot, if here
    compared: dict[int, int] = field(default_factory=dict)  # sequence of a recheck -> that of its new snapshot, if here
    leaves: bytearray = field(default_factory=bytearray)  # 32 bytes each, in the order of `sequences`
    digests: bytearray = field(default_factory=bytearray)  # likewise: SHA-256 of the manifest's bytes
    removed: dict[str, int] = field(default_factory=dict)  # digest of an object taken down -> by which manifest
    signed_by: dict[str, array[int]] = field(default_factory=dict)  # fingerprint -> sequences
    roots_at: dict[int, bytes] = field(default_factory=dict)  # size -> root, for the checkpoints that are here
    extended: set[int] = field(default_factory=set)  # sizes of older checkpoints that this log was shown to extend
    stamps: dict[str, tuple[str, int, int]] = field(default_factory=dict)  # file -> digest, size, by which manifest
    newer: bool = False  # a manifest of a later version was met
    incomplete: bool = False  # a manifest is missing, malformed or cannot be read: it may name objects and keys
    absent: set[int] = field(default_factory=set)  # manifests that are named but cannot be had; reported already
    countersigned: set[int] = field(default_factory=set)  # key events that have a `.new.sig`
    objects: ObjectTable = field(default_factory=ObjectTable)

    def path(self, name: str) -> str:
        """The evidence's name for a chain/, log/ or trust/ file."""
        return self.evidence.prefix + name

    def leaf(self, index: int) -> bytes:
        """The leaf hash of the manifest at that place in `sequences`."""
        return bytes(self.leaves[32 * index : 32 * index + 32])

    def digest_at(self, index: int) -> str:
        """The digest of the manifest at that place in `sequences`."""
        return digest.spell(bytes(self.digests[32 * index : 32 * index + 32]))

    def take(self, faults: list[Fault]) -> None:
        """Enter what a worker found."""
        for step, code, message, file, sequence in faults:
            self.report.find(step, code, message, file=file, sequence=sequence)

    def blame(self, step: int, error: ArchiverError, code: str, name: str, missing: str | None = None) -> None:
        """Enter a finding for a file that could not be used: missing, unreadable, or not what it should be."""
        step, code, message, file, _ = fault_of(step, error, code, name, missing)
        self.report.find(step, code, message, file=file)


def fault_of(
    step: int, error: ArchiverError, code: str, name: str, missing: str | None = None, sequence: int | None = None
) -> Fault:
    """The finding for a file that could not be used; `missing` is the code for one that is not there."""
    if isinstance(error, MissingError):
        return step, missing or code, "is missing", name, sequence
    if isinstance(error, StoreError):
        return step, "file-unreadable", error.message, name, sequence
    return step, code, error.message, name, sequence
