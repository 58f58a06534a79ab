"""Which manifests go into a bundle: those that were asked for, what they need to be understood, what binds them.

    a reading or recheck    brings what it speaks about
    a snapshot              brings its readings that no later one replaces
    always                  genesis, every key event, the last leaf, the takedowns of objects that are no longer there
    with an older stamp     the stamp events whose stamps bound the chosen manifests in time, soonest and last

Everything before the checkpoint is looked at once or twice; its leaves must give the root that the log signed, so a key
event or a later reading cannot have been hidden from the exporter by whoever tampered with the archive.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from archiver import digest
from archiver.errors import ArchiverError, MissingError, ProofError, UsageError
from archiver.evidence import Evidence, read
from archiver.model.manifest import MAX_BYTES, Manifest, decode
from archiver.tlog.merkle import Frontier, leaf_hash
from archiver.tlog.tiles import decode_entries, tile_path

WIDTH = 256
MAX_ENTRIES = WIDTH * (MAX_BYTES + 2)  # bytes of a full entry bundle
WHOLE = frozenset({"snapshot", "import", "reading", "recheck", "note"})  # events that are chosen for their objects

_HEAD = re.compile(rb'\n "event": "([a-z]{1,20})",\n "time": "[^"\n]*",\n "subject": (?:null|"sha256:([0-9a-f]{64})"),')


@dataclass(slots=True)
class Selection:
    """`chosen`: with their objects; `binding`: for their place alone. Both by sequence number."""

    size: int
    root: bytes
    chosen: set[int] = field(default_factory=set)
    binding: set[int] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)  # objects of chosen manifests that a takedown removed

    @property
    def sequences(self) -> list[int]:
        """All of them, ascending."""
        return sorted(self.chosen | self.binding)


def load(evidence: Evidence, sequence: int) -> tuple[bytes, Manifest]:
    """One manifest of the archive. Raises MissingError, FormatError naming the file."""
    name = evidence.manifest_name(sequence)
    try:
        data = read(evidence, name, MAX_BYTES)
        return data, decode(data)
    except ArchiverError as error:
        error.where = error.where or name
        raise


def select(evidence: Evidence, size: int, asked: set[int]) -> Selection:
    """The manifests of a bundle, from a log of `size`. Raises UsageError for numbers that cannot be asked for."""
    search = _Search(evidence, size, asked)
    root = search.walk()
    while search.grew:
        search.walk()
    search.find_takedowns()
    search.find_stamps()
    chosen = search.chosen
    binding = {0, size - 1, *search.keys, *search.takedowns, *search.stamps} - chosen
    return Selection(size, root, chosen, binding, search.removed)


class _Search:
    """What is known so far, by digest and by number."""

    def __init__(self, evidence: Evidence, size: int, asked: set[int]) -> None:
        self._evidence, self._size = evidence, size
        self.chosen: set[int] = set()
        self.keys: set[int] = set()
        self.takedowns: set[int] = set()
        self.stamps: set[int] = set()
        self.removed: set[str] = set()
        self.grew = False
        self._sources: set[str] = set()  # digests of the snapshots whose readings are wanted
        self._wanted: set[str] = set()  # digests of manifests that chosen ones speak about
        self._events: dict[str, list[int]] = {"key": [], "takedown": [], "stamp": []}
        for sequence in sorted(asked):
            if not 0 <= sequence < size:
                raise UsageError(f"there is no number {sequence}: the log counts {size} manifests")
            data, manifest = load(evidence, sequence)
            if manifest.event not in WHOLE:
                raise UsageError(
                    f"number {sequence} is no capture ({manifest.event}); what is needed of such goes along anyway"
                )
            self._choose(sequence, data, manifest)

    def _choose(self, sequence: int, data: bytes, manifest: Manifest) -> None:
        self.chosen.add(sequence)
        if manifest.event in ("snapshot", "import"):
            self._source(digest.of_bytes(data))
        if manifest.subject is not None:
            self._want(manifest.subject)
            if manifest.event == "reading":
                self._source(manifest.subject)
        if manifest.event == "recheck":
            self._want(str(manifest.extra))
            self._source(str(manifest.extra))

    def _want(self, value: str) -> None:
        if value not in self._wanted:
            self._wanted.add(value)
            self.grew = True

    def _source(self, value: str) -> None:
        if value not in self._sources:
            self._sources.add(value)
            self.grew = True

    def walk(self) -> bytes:
        """Once through the log: take what is wanted by now. The root over everything that was seen."""
        self.grew = False
        frontier = Frontier()
        current: dict[int, str] = {}  # readings of wanted snapshots -> their digest
        replaced: set[str] = set()
        for events in self._events.values():
            events.clear()
        for sequence, data in leaves(self._evidence, self._size):
            frontier.append(leaf_hash(data))
            head = _HEAD.search(data)
            event = head[1].decode("ascii") if head else ""
            subject = f"sha256:{head[2].decode('ascii')}" if head and head[2] else None
            if event in self._events:
                self._events[event].append(sequence)
            name = digest.of_bytes(data) if self._wanted or subject in self._sources else ""
            if event == "reading" and subject in self._sources:
                current[sequence] = name
                replaces = decode(data).extra
                if replaces is not None:
                    replaced.add(replaces)
            if name in self._wanted and sequence not in self.chosen:
                self._choose(sequence, *load(self._evidence, sequence))
        for sequence, name in current.items():
            if name not in replaced and sequence not in self.chosen:
                self._choose(sequence, *load(self._evidence, sequence))
        self.keys = set(self._events["key"])
        return frontier.root()

    def find_takedowns(self) -> None:
        """The takedowns of what the chosen manifests name."""
        named = {ref.digest for sequence in self.chosen for ref in load(self._evidence, sequence)[1].objects}
        for sequence in self._events["takedown"]:
            gone = named.intersection(load(self._evidence, sequence)[1].extra)
            if gone:
                self.takedowns.add(sequence)
                self.removed |= gone

    def find_stamps(self) -> None:
        """For each chosen manifest the stamp events of the first stamped checkpoint after it, of each kind: they bound
        it soonest. And those of the last one of each kind: it renews the others."""
        kinds: dict[str, dict[int, set[int]]] = {}
        for sequence in self._events["stamp"]:
            for stamp in load(self._evidence, sequence)[1].extra:
                kinds.setdefault(stamp.kind, {}).setdefault(stamp.checkpoint, set()).add(sequence)
        for by_size in kinds.values():
            sizes = sorted(by_size)
            for chosen in self.chosen:
                place = bisect.bisect_right(sizes, chosen)
                if place < len(sizes):
                    self.stamps |= by_size[sizes[place]] | by_size[sizes[-1]]


def leaves(evidence: Evidence, size: int) -> Iterator[tuple[int, bytes]]:
    """Every leaf before `size` in order, from the entry bundles of the log, 256 a file."""
    for index in range((size + WIDTH - 1) // WIDTH):
        width = min(WIDTH, size - WIDTH * index)
        names = [tile_path("entries", index, width), tile_path("entries", index)]
        name = next((n for n in names if evidence.size(f"{evidence.prefix}log/{n}") is not None), names[0])
        try:
            entries = decode_entries(read(evidence, f"{evidence.prefix}log/{name}", MAX_ENTRIES))[:width]
        except MissingError as error:
            raise MissingError(error.message, where=error.where, hint="run: archiver verify") from None
        if len(entries) != width:
            raise ProofError(f"holds {len(entries)} manifests, not {width}", where=f"log/{name}")
        yield from enumerate(entries, WIDTH * index)
