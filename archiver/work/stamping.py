"""Which time stamps are owed, and what becomes of each: the nouns of `timestamp`, found by names of files.

There is no queue to lose. Somebody is owed a checkpoint as long as anything but stamp events came after the newest one
that they stamped and that a manifest lists. What a run placed and could not list any more, the next one finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from archiver.archive import Archive
from archiver.errors import ArchiverError, MissingError
from archiver.evidence import read
from archiver.model.events import MAX_STAMPS, StampRef
from archiver.model.manifest import MAX_BYTES, decode
from archiver.stamps.opentimestamps import MAX_PROOF
from archiver.store.beside import FOLDER, Beside, kept
from archiver.store.ledger import Draft
from archiver.store.settings import AuthoritySettings
from archiver.tlog.tiles import ENTRIES, WIDTH, decode_entries, tile_path

MAX_ENTRIES = WIDTH * (MAX_BYTES + 2)  # bytes of a full entry bundle
RECENT = 400  # files beside checkpoints that are looked for in manifests; older ones were, by the runs after them
_STAMP = b'\n "event": "stamp",\n'


@dataclass(frozen=True, slots=True)
class Stamped:
    """What became of one question.

    `state`: stamped; kept (it was here, and nothing listed it); in a block (a proof that was pending leads to one);
    pending (it still is); failed. `authority` is the name, or the calendar's address. `ends`: when the first of its
    certificates does, of a token that a pinned root vouches for.
    """

    size: int
    authority: str
    state: str
    url: str = ""
    kind: Literal["rfc3161", "opentimestamps"] = "rfc3161"
    gen_time: datetime | None = None
    files: tuple[str, ...] = ()
    trust: str = ""  # who vouches for it, or why nobody does
    issuer: str | None = None  # of the topmost certificate that came along, as it says itself
    ends: datetime | None = None
    problems: tuple[str, ...] = ()
    error: str | None = None
    hint: str | None = None

    @property
    def confirmed(self) -> bool:
        """Whether a pinned root vouches for it."""
        return self.ends is not None


@dataclass(slots=True)
class Done:
    """The results in order, and the number of the stamp manifest, if there was anything to seal."""

    results: list[Stamped] = field(default_factory=list)
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which stamps to fetch. `every`: for each checkpoint that lacks one, not only for the newest. `renew_days`: also
    where the newest stamp's certificates end within so many days. `upgrade`: ask calendars what became of proofs."""

    authorities: tuple[AuthoritySettings, ...] = ()
    calendars: tuple[str, ...] = ()
    every: bool = False
    renew_days: int | None = None
    upgrade: bool = True


@dataclass(frozen=True, slots=True)
class Held:
    """What an archive has: sizes of its checkpoints, ascending; files beside them; which of these manifests list."""

    archive: Archive
    sizes: list[int]
    files: list[Beside]
    listed: frozenset[str]

    def stamps(self, label: str, suffix: str) -> list[Beside]:
        """The listed stamps of a label, by rising size."""
        return [f for f in self.files if (f.label, f.suffix) == (label, suffix) and f.name in self.listed]

    def left_over(self, suffixes: Sequence[str]) -> list[tuple[Beside, dict[str, bytes]]]:
        """Files that an earlier run placed and no manifest lists, those of one stamp together: it was interrupted. The
        last of `suffixes` names the stamp."""
        pairs: dict[Beside, dict[str, bytes]] = {}
        for item in self.files:
            if item.suffix in suffixes and item.name not in self.listed:
                stamp = Beside(item.size, item.label, suffixes[-1])
                pairs.setdefault(stamp, {})[item.name] = read(self.archive.folder, item.name, MAX_PROOF)
        return list(pairs.items())

    def owed(self, label: str, suffix: str, every: bool) -> list[int]:
        """The sizes of the checkpoints that are to be stamped under a label, newest first."""
        done = {item.size for item in self.stamps(label, suffix)}
        if not every:
            newest, last = max(done, default=0), self.sizes[-1]
            return [last] if _adds(self.archive, newest, last) else []
        pairs = list(zip(self.sizes, [0, *self.sizes], strict=False))
        return [size for size, before in reversed(pairs) if size not in done and _adds(self.archive, before, size)]


def held(archive: Archive) -> Held:
    """Look at the archive once. Raises MissingError without a checkpoint, StoreError."""
    sizes, files = kept(archive.folder)
    if not sizes:
        raise MissingError("there is no checkpoint to stamp", where=f"{archive.root}/{FOLDER}")
    recent = files[-RECENT:]
    listed = _listed(archive, min(item.size for item in recent)) if recent else frozenset()
    return Held(archive, sizes, files, listed.union(item.name for item in files[:-RECENT]))


def seal(archive: Archive, refs: Sequence[StampRef]) -> int | None:
    """Seal what arrived, in one commit; the number of the last manifest. Raises what writing raises."""
    if not refs:
        return None
    sequence = None
    with archive.ledger().batch() as group:
        for start in range(0, len(refs), MAX_STAMPS):
            part = tuple(refs[start : start + MAX_STAMPS])
            sequence = group.add(Draft("stamp", None, part, (), archive.clock())).sequence
        group.commit()
    return sequence


def _listed(archive: Archive, start: int) -> frozenset[str]:
    """The files that stamp events from a number on list, read from the entry bundles of the log: 256 manifests a
    file."""
    found: set[str] = set()
    size = archive.size()
    for index in range(start // WIDTH, (size + WIDTH - 1) // WIDTH):
        width = min(WIDTH, size - WIDTH * index)
        for name in (tile_path(ENTRIES, index, width), tile_path(ENTRIES, index)):
            if archive.folder.size(f"log/{name}") is not None:
                for entry in decode_entries(read(archive.folder, f"log/{name}", MAX_ENTRIES)):
                    if _STAMP in entry:
                        found.update(stamp.file for stamp in decode(entry).extra)
                break
    return frozenset(found)


def _adds(archive: Archive, stamped: int, size: int) -> bool:
    """Whether anything but stamp events stands from one size of the log to another. Newest first: what came last is
    most often what a stamp is wanted for."""
    for sequence in reversed(range(stamped, size)):
        try:
            if archive.manifest(sequence).event != "stamp":
                return True
        except ArchiverError:
            return True  # verify says what is wrong with it
    return False
