"""Step 6: the manifests give the root that the log signed.

A folder is checked by computing every tile again from the manifests; a bundle by the inclusion proof beside each.
Entry bundles are compared where the manifests are read (archiver.verify.chain); here only what they cover.
"""

from __future__ import annotations

from collections.abc import Iterable

from archiver.errors import ArchiverError, MissingError
from archiver.evidence import read
from archiver.tlog.merkle import check_inclusion, node_hash
from archiver.tlog.proof import parse_proof
from archiver.tlog.tiles import ENTRIES, WIDTH, parse_tile_path, tile_path, tiles_for_size
from archiver.verify.case import Case
from archiver.verify.layout import CHECKPOINT

HASH = 32  # bytes
SOME_MISSING = 100_000  # manifests

Coord = tuple[int | str, int]  # level, index


class Tiles:
    """The names of an archive's tiles and entry bundles: level and index -> widths that are here."""

    def __init__(self, case: Case, names: Iterable[str]) -> None:
        self.widths: dict[Coord, set[int]] = {}
        self.entries: list[str] = []
        for name in names:
            tile = parse_tile_path(name.removeprefix(case.path("log/")))
            self.widths.setdefault((tile.level, tile.index), set()).add(tile.width)
            if tile.level == ENTRIES:
                self.entries.append(name)

    def has(self, coord: Coord, width: int) -> bool:
        """Whether that tile is here."""
        return width in self.widths.get(coord, ())


def check_root(case: Case) -> None:
    """The root over all leaves is the one that the log signed."""
    step, checkpoint = case.report.steps[6], case.checkpoint
    step.checked = len(case.sequences)
    if checkpoint is None:
        step.skipped = "there is no good checkpoint to compare the manifests with"
    elif checkpoint.size not in case.roots_at:
        step.skipped = f"not all of the {checkpoint.size} manifests that the log counts could be had"
    elif case.roots_at[checkpoint.size] == checkpoint.root:
        step.summary = "all manifests are leaves of the signed tree"
    else:
        message = f"the {checkpoint.size} manifests do not give the root that the log signed"
        case.report.find(6, "log-root", message, file=case.path(CHECKPOINT))


def check_tiles(case: Case, tiles: Tiles) -> None:
    """Every tile that must be there is, none covers more than there is, and each hash tile is what the leaves give."""
    leaves = _leaves_without_gap(case)
    whole = len(leaves) // HASH
    size = whole if case.checkpoint is None else case.checkpoint.size
    # A checkpoint may claim any size; where it counts far more than there is, only full tiles can be expected.
    expected = size if case.checkpoint and size <= whole + SOME_MISSING else whole - whole % WIDTH
    for tile in tiles_for_size(expected):
        if not tiles.has((tile.level, tile.index), tile.width):
            case.report.find(6, "tile-missing", "is missing", file=case.path("log/" + tile.path))
    by_level: dict[int, list[tuple[int, int]]] = {}
    for (level, index), widths in tiles.widths.items():
        for width in widths:
            if isinstance(level, int):
                by_level.setdefault(level, []).append((index, width))
            elif index * WIDTH + width > size:
                _too_wide(case, tile_path(level, index, width), size)
    hashes, level = leaves, 0
    while by_level:
        for index, width in sorted(by_level.pop(level, ())):
            _compare_tile(case, tile_path(level, index, width), index * WIDTH * HASH, width * HASH, hashes, size)
        hashes, level = _next_level(hashes), level + 1


def _leaves_without_gap(case: Case) -> bytes:
    """The leaf hashes before the first gap. The tiles after it cannot be computed."""
    whole = next((place for place, number in enumerate(case.sequences) if place != number), len(case.sequences))
    return bytes(case.leaves[: whole * HASH])


def _next_level(hashes: bytes) -> bytes:
    """The roots of all full tiles, 32 bytes each."""
    full = len(hashes) // (WIDTH * HASH)
    return b"".join(_tile_root(hashes[i * WIDTH * HASH : (i + 1) * WIDTH * HASH]) for i in range(full))


def _tile_root(tile: bytes) -> bytes:
    row = [tile[i : i + HASH] for i in range(0, len(tile), HASH)]
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


def _compare_tile(case: Case, path: str, start: int, length: int, hashes: bytes, size: int) -> None:
    wanted = hashes[start : start + length]
    if len(wanted) < length:
        if len(case.sequences) >= size:  # else manifests are missing, and that is reported
            _too_wide(case, path, size)
        return
    name = case.path("log/" + path)
    try:
        if read(case.evidence, name, length) != wanted:
            case.report.find(6, "tile-bad", "differs from what the manifests give", file=name)
    except ArchiverError as error:
        case.blame(6, error, "tile-bad", name, "tile-missing")


def _too_wide(case: Case, path: str, size: int) -> None:
    message = f"covers more than the {size} manifests that the checkpoint counts"
    case.report.find(6, "tile-bad", message, file=case.path("log/" + path))


def check_proofs(case: Case) -> None:
    """Step 6 for a bundle: the inclusion proof beside each manifest, under the bundle's own checkpoint."""
    step, checkpoint = case.report.steps[6], case.checkpoint
    if checkpoint is None:
        step.skipped = "there is no good checkpoint that the proofs could lead to"
        return
    for place, sequence in enumerate(case.sequences):
        name = case.evidence.manifest_name(sequence).removesuffix(".json") + ".tlog-proof"
        try:
            proof = parse_proof(read(case.evidence, name))
            if proof.checkpoint != case.note:
                case.report.find(
                    6, "proof-bad", "carries another checkpoint than the bundle", file=name, sequence=sequence
                )
            elif proof.index != sequence:
                case.report.find(6, "proof-bad", f"is for number {proof.index}", file=name, sequence=sequence)
            else:
                check_inclusion(sequence, checkpoint.size, case.leaf(place), proof.hashes, checkpoint.root)
                step.checked += 1
        except MissingError:
            case.report.find(6, "proof-missing", "has no inclusion proof", file=name, sequence=sequence)
        except ArchiverError as error:
            case.blame(6, error, "proof-bad", name)
    step.summary = f"{step.checked} inclusion proofs hold"
    if checkpoint.size - 1 not in case.events:
        message = (
            f"number {checkpoint.size - 1}, the last that the checkpoint counts, is not here: it names the newest key"
        )
        case.report.find(5, "later-unknown", message + " event")
