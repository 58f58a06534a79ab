"""Steps 6 and 7: the manifests give the root that the log signed; older checkpoints are extended by the newest.

A folder is checked by computing every tile again from the manifests; a bundle by the inclusion proof beside each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archiver import digest
from archiver.errors import ArchiverError, MissingError
from archiver.evidence import read
from archiver.tlog.checkpoint import OpenedCheckpoint, open_checkpoint
from archiver.tlog.merkle import check_inclusion, node_hash, root
from archiver.tlog.proof import parse_proof
from archiver.tlog.tiles import encode_entries, parse_tile_path, tile_path, tiles_for_size
from archiver.verify.case import Case
from archiver.verify.chain import Link
from archiver.verify.layout import CHECKPOINT

WIDTH = 256  # hashes in a full tile, manifests in a full entry bundle (C2SP tlog-tiles)
HASH = 32


def check_entries(case: Case, links: Iterable[Link], names: frozenset[str]) -> Iterator[Link]:
    """Pass the links on, comparing each 256 with the entry bundles (full and partial) that hold them again."""
    group: list[bytes] = []
    start = 0
    for link in links:
        group.append(link.data)
        yield link
        if len(group) == WIDTH:
            _compare_entries(case, start, group, names)
            start, group = start + WIDTH, []
    if group:
        _compare_entries(case, start, group, names)


def _compare_entries(case: Case, start: int, group: list[bytes], names: frozenset[str]) -> None:
    index = start // WIDTH
    base = tile_path("entries", index)
    wanted = base if len(group) == WIDTH else tile_path("entries", index, len(group))
    paths = {case.path("log/" + wanted)} | {n for n in names if n.startswith(case.path(f"log/{base}.p/"))}
    if case.path("log/" + base) in names:
        paths.add(case.path("log/" + base))
    for name in sorted(paths):
        width = parse_tile_path(name.removeprefix(case.path("log/"))).width
        if width > len(group):
            case.report.find(6, "tile-bad", "holds more entries than the checkpoint counts", file=name)
            continue
        _compare(case, name, encode_entries(group[:width]))


def check_root(case: Case) -> None:
    """Step 6 for a folder: the root over all leaves, and every hash tile."""
    checkpoint = case.checkpoint
    assert checkpoint is not None
    level = [case.leaf(i) for i in range(len(case.sequences))]
    case.report.steps[6].checked = len(level)
    if len(level) == checkpoint.size and root(level) == checkpoint.root:
        case.report.steps[6].summary = "all manifests are leaves of the signed tree"
    else:
        case.report.find(6, "log-root", f"{len(level)} manifests do not give the signed root", file=case.path(CHECKPOINT))


def check_tiles(case: Case, names: Iterable[str]) -> None:
    """Step 6 for a folder: every hash tile there is, and every one that must be there."""
    assert case.checkpoint is not None
    found: dict[tuple[int, int], set[int]] = {}
    for name in names:
        tile = parse_tile_path(name.removeprefix(case.path("log/")))
        if isinstance(tile.level, int):
            found.setdefault((tile.level, tile.index), set()).add(tile.width)
    size = min(case.checkpoint.size, len(case.sequences))
    for coord in tiles_for_size(size):
        if isinstance(coord.level, int):
            found.setdefault((coord.level, coord.index), set()).add(coord.width)
    level, hashes = 0, bytes(case.leaves)
    while found:
        for key in sorted(k for k in found if k[0] == level):
            for width in sorted(found.pop(key)):
                _compare_tile(case, key, width, hashes)
        if not found:
            return
        hashes = _next_level(hashes)
        level += 1
        if not hashes and level > 8:
            break
    for key, widths in found.items():
        for width in widths:
            _compare_tile(case, key, width, b"")


def _next_level(hashes: bytes) -> bytes:
    """The roots of all full tiles, 32 bytes each."""
    full = len(hashes) // (WIDTH * HASH)
    return b"".join(_tile_root(hashes[i * WIDTH * HASH : (i + 1) * WIDTH * HASH]) for i in range(full))


def _tile_root(tile: bytes) -> bytes:
    row = [tile[i : i + HASH] for i in range(0, len(tile), HASH)]
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


def _compare_tile(case: Case, key: tuple[int, int], width: int, hashes: bytes) -> None:
    level, index = key
    name = case.path("log/" + tile_path(level, index, width))
    start = index * WIDTH * HASH
    wanted = hashes[start : start + width * HASH]
    if len(wanted) < width * HASH:
        case.report.find(6, "tile-bad", "holds more hashes than the checkpoint counts", file=name)
    else:
        _compare(case, name, wanted)


def _compare(case: Case, name: str, wanted: bytes) -> None:
    try:
        if read(case.evidence, name, len(wanted)) != wanted:
            case.report.find(6, "tile-bad", "differs from what the manifests give", file=name)
    except MissingError:
        case.report.find(6, "tile-missing", "is missing", file=name)
    except ArchiverError as error:
        case.report.find(6, "tile-bad", error.message, file=name)


def check_proofs(case: Case) -> None:
    """Step 6 for a bundle: the inclusion proof beside each manifest, under the bundle's own checkpoint."""
    checkpoint = case.checkpoint
    assert checkpoint is not None
    for place, sequence in enumerate(case.sequences):
        name = case.evidence.manifest_name(sequence).removesuffix(".json") + ".tlog-proof"
        try:
            proof = parse_proof(read(case.evidence, name))
            if proof.checkpoint != case.note:
                case.report.find(6, "proof-bad", "carries another checkpoint than the bundle", file=name, sequence=sequence)
            elif proof.index != sequence:
                case.report.find(6, "proof-bad", f"is for number {proof.index}", file=name, sequence=sequence)
            else:
                check_inclusion(sequence, checkpoint.size, case.leaf(place), proof.hashes, checkpoint.root)
                case.report.steps[6].checked += 1
        except MissingError:
            case.report.find(6, "proof-missing", "has no inclusion proof", file=name, sequence=sequence)
        except ArchiverError as error:
            case.report.find(6, "proof-bad", error.message, file=name, sequence=sequence)
    case.report.steps[6].summary = f"{case.report.steps[6].checked} inclusion proofs hold"


def older_sizes(case: Case, names: Iterable[str]) -> dict[int, str]:
    """The checkpoints kept in the folder: size -> file."""
    prefix = case.path("log/checkpoints/")
    return {int(rest): name for name in names if (rest := name.removeprefix(prefix)).isdigit()}


def check_history(case: Case, older: dict[int, str]) -> None:
    """Step 7: every older checkpoint that is here, or known from outside, is extended by the newest."""
    if case.checkpoint is None or case.keys is None:
        case.report.steps[7].skipped = "there is no good checkpoint to compare with"
        return
    step = case.report.steps[7]
    vkeys = [*case.keys.log, *case.keys.retired_log]
    for size, name in sorted(older.items()):
        try:
            note = read(case.evidence, name)
            opened = open_checkpoint(note, vkeys)
            _compare_known(case, opened.checkpoint.size, opened.checkpoint.root, name, name)
            _check_unjoined(case, note, opened, size, name)
            step.checked += 1
        except ArchiverError as error:
            case.report.find(7, "history-bad", error.message, file=name)
    for known in case.policy.known:
        if known.origin == case.checkpoint.origin:
            _compare_known(case, known.size, known.root, known.source, None)
            step.checked += 1
    if step.checked == 0:
        step.skipped = "no other checkpoint of this log is known here"
    step.summary = f"{step.checked} other checkpoints are extended by this one"


def _check_unjoined(case: Case, note: bytes, opened: OpenedCheckpoint, size: int, name: str) -> None:
    assert case.checkpoint is not None
    if opened.checkpoint.size != size:
        case.report.find(7, "history-bad", f"holds a checkpoint of size {opened.checkpoint.size}", file=name)
    if opened.unknown:
        case.report.find(7, "history-bad", "holds a signature line that is not the log's", file=name)
    if size == case.checkpoint.size and not case.note.startswith(note):
        case.report.find(7, "history-bad", "log/checkpoint does not begin with these bytes", file=name)


def _compare_known(case: Case, size: int, old_root: bytes, source: str, file: str | None) -> None:
    assert case.checkpoint is not None
    spelled = digest.spell(old_root)[7:23]
    if size > case.checkpoint.size:
        message = f"{source} counts {size} manifests (root {spelled}…), the newest checkpoint here {case.checkpoint.size}"
        case.report.find(7, "history-shrunk", message, file=file)
    elif size == case.checkpoint.size:
        if old_root != case.checkpoint.root:
            message = f"{source} has another root ({spelled}…) for the same size {size}"
            case.report.find(7, "history-forked", message, file=file)
    elif case.evidence.kind == "bundle":
        case.report.find(7, "since-not-checked", f"{source}: a bundle holds no consistency proof", file=file)
    elif case.roots_at.get(size) != old_root:
        message = f"the first {size} manifests here do not give the root ({spelled}…) of {source}"
        case.report.find(7, "history-forked", message, file=file)
