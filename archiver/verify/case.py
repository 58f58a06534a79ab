"""What the steps of one verification share, filled in as they go."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field

from archiver.evidence import Evidence
from archiver.tlog.checkpoint import Checkpoint
from archiver.verify.keys import KeyHistory
from archiver.verify.policy import Policy
from archiver.verify.report import Report

Progress = Callable[[str, int, int], None]  # what, done, of how many


def silent(_what: str, _done: int, _total: int) -> None:
    """Progress for those who do not look."""


@dataclass(slots=True)
class Case:
    """One verification under way. Memory: about 200 bytes a manifest, whatever the archive's objects weigh."""

    evidence: Evidence
    policy: Policy
    report: Report
    progress: Progress = silent
    jobs: int = 1
    archive: str | None = None
    keys: KeyHistory | None = None
    checkpoint: Checkpoint | None = None
    note: bytes = b""
    sequences: array[int] = field(default_factory=lambda: array("Q"))
    by_digest: dict[bytes, int] = field(default_factory=dict)  # raw digest of a manifest -> sequence
    events: dict[int, str] = field(default_factory=dict)  # sequence -> event, for those that others speak about
    leaves: bytearray = field(default_factory=bytearray)  # 32 bytes each, in the order of `sequences`
    removed: dict[str, int] = field(default_factory=dict)  # digest of an object taken down -> by which manifest
    signed_by: dict[str, array[int]] = field(default_factory=dict)  # fingerprint -> sequences
    roots_at: dict[int, bytes] = field(default_factory=dict)  # size -> root, for the checkpoints that are here
    stamps: dict[str, tuple[str, int, int]] = field(default_factory=dict)  # file -> digest, size, by which manifest

    def path(self, name: str) -> str:
        """The evidence's name for a chain/, log/ or trust/ file."""
        return self.evidence.prefix + name

    def leaf(self, index: int) -> bytes:
        """The leaf hash of the manifest at that place in `sequences`."""
        return bytes(self.leaves[32 * index : 32 * index + 32])
