"""Step 7: older checkpoints, those in the folder and those known from outside, are extended by the newest.

Checkpoints that the archive keeps itself show only that it agrees with itself. The ones that somebody else remembered
are what a rewritten or shortened log cannot agree with: they are the outside anchors of the report.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archiver import digest
from archiver.errors import ArchiverError, FormatError, MissingError, ProofError
from archiver.evidence import read
from archiver.tlog import consistency
from archiver.tlog.checkpoint import OpenedCheckpoint
from archiver.tlog.merkle import check_consistency
from archiver.tlog.note import ED25519, VerifierKey
from archiver.tlog.tiles import ENTRIES, WIDTH, tile_path
from archiver.verify import continued
from archiver.verify.case import Case
from archiver.verify.identity import open_by_position
from archiver.verify.keys import KeyHistory
from archiver.verify.layout import CHECKPOINT
from archiver.verify.log import Coord, Tiles
from archiver.verify.policy import KnownCheckpoint
from archiver.verify.report import Weight


def older_sizes(case: Case, names: Iterable[str]) -> dict[int, str]:
    """The checkpoints kept in the folder: size -> file."""
    prefix = case.path("log/checkpoints/")
    return {int(name[len(prefix) :]): name for name in names if name.startswith(prefix)}


def check_history(case: Case, older: dict[int, str], tiles: Tiles | None) -> None:
    """The whole step. `tiles`: those of a folder, None for a bundle."""
    step = case.report.steps[7]
    if case.checkpoint is None or case.keys is None:
        step.skipped = "there is no good checkpoint to compare with"
        return
    own = _Own(case, case.keys)
    case.extended.update(size for size, name in sorted(older.items()) if own.check(size, name))
    good = len(case.extended)
    own.check_handovers()
    if tiles is not None:
        _check_kept(case, older, tiles)
    linked = continued.follow(case)
    others = [known for known in case.policy.known if known not in linked]
    outside = [known for known in others if _check_outside(case, known)]
    if any(known.given and known not in outside for known in others):
        case.report.unmet.append("since")  # a comparison that somebody asked for: without it the end is open
    step.checked = good + len(outside)
    if outside:
        step.summary = f"{good} checkpoints of its own and {len(outside)} known from outside are extended by this one"
    elif good:
        step.skipped = f"no checkpoint is known from outside ({good} checkpoints of its own agree)"
    else:
        step.skipped = "no other checkpoint is known"


class _Own:
    """The checkpoints that the archive keeps. Each is looked at in time that does not depend on how many there are."""

    def __init__(self, case: Case, keys: KeyHistory) -> None:
        self._case, self._keys = case, keys
        self._known = {(key.name, key.key_id) for key in (*keys.log, *keys.retired_log)}
        # What an old key may sign beyond its term, to introduce its successor: line -> first event of that kind.
        self._handed: dict[tuple[str, bytes], int] = {}
        for item in keys.handovers:
            for key in item.old:
                self._handed.setdefault((key.name, key.key_id), item.sequence)
        self._revoked = {term.key: term.trusted_size for term in keys.log_terms if term.trusted_size is not None}
        self._largest: dict[VerifierKey, int] = {}  # key -> largest size under which its line holds

    def check(self, size: int, name: str) -> bool:
        """One file of log/checkpoints/: the log's lines and no others, consistent with the newest checkpoint."""
        case = self._case
        assert case.checkpoint is not None
        try:
            note = read(case.evidence, name)
            opened = open_by_position(self._keys, note, name)
            if opened.checkpoint.size != size:
                raise FormatError(f"holds a checkpoint of size {opened.checkpoint.size}")
            self._check_lines(opened)
            if size == case.checkpoint.size and not case.note.startswith(note):
                raise ProofError("log/checkpoint does not begin with these bytes")
        except ArchiverError as error:
            unknown = self._keys.unknown_from is not None and isinstance(error, ProofError)
            case.blame(7, error, "since-not-checked" if unknown else "history-bad", name)
            return False
        if opened.mldsa.startswith("not checked"):
            case.report.find(7, "mldsa-not-checked", f"ML-DSA-44 line: {opened.mldsa}", file=name)
        self._note_keys(opened, name)
        return _agrees(case, size, opened.checkpoint.root, name, name)

    def _check_lines(self, opened: OpenedCheckpoint) -> None:
        """The log's lines in the order of its keys; what others add stands in files beside a kept checkpoint."""
        size, found = opened.checkpoint.size, [(line.name, line.key_id) for line in opened.note.signatures]
        if not self._known.issuperset(found):
            raise FormatError("holds a signature line that is not the log's")
        wanted = [(key.name, key.key_id) for key in self._keys.log_at(size)]
        others = [line for line in found if line not in wanted]
        if [line for line in found if line in wanted] != wanted or any(
            self._handed.get(line, size) >= size for line in others
        ):
            raise FormatError("its signature lines are not those that the log writes at this size, in their order")

    def _note_keys(self, opened: OpenedCheckpoint, name: str) -> None:
        size = opened.checkpoint.size
        for key in opened.verified:
            self._largest[key] = max(size, self._largest.get(key, 0))
            trusted = self._revoked.get(key)
            if key.type == ED25519 and trusted is not None and trusted < size:
                message = f"its key {key.key_id.hex()} is believed only up to size {trusted}"
                self._case.report.find(7, "history-disowned", message, file=name)

    def check_handovers(self) -> None:
        """A new log key was introduced by the old one: some checkpoint over the event carries the old key's line."""
        case = self._case
        for item in self._keys.handovers:
            if all(self._largest.get(key, 0) > item.sequence for key in item.old if key.type == ED25519):
                continue
            message = "the log's key was replaced, and no checkpoint here over this event is signed by the old key too"
            name = case.evidence.manifest_name(item.sequence)
            weight = Weight.NOT_CHECKED if case.evidence.kind == "bundle" else None
            case.report.find(3, "log-handover", message, file=name, sequence=item.sequence, weight=weight)


def _check_kept(case: Case, older: dict[int, str], tiles: Tiles) -> None:
    """The newest checkpoint is kept under its size too; where a checkpoint is, its tiles are, and vice versa."""
    assert case.checkpoint is not None
    size = case.checkpoint.size
    if size not in older:
        name = case.path(f"log/checkpoints/{size}")
        case.report.find(7, "file-missing", f"is missing: the same checkpoint as {CHECKPOINT}", file=name)
    for (level, index), widths in sorted(tiles.widths.items(), key=str):
        for width in sorted(widths) if level == ENTRIES else ():
            covered = WIDTH * index + width
            if width < WIDTH and covered not in older and covered < size:
                name = case.path("log/" + tile_path(level, index, width))
                case.report.find(7, "history-gap", f"there is no checkpoint of {covered} manifests", file=name)
    for kept in older:
        for coord, width in _partial(kept) if kept < size else ():
            if not tiles.has(coord, width) and not tiles.has(coord, WIDTH):
                name = case.path("log/" + tile_path(*coord, width))
                case.report.find(6, "tile-missing", f"is missing; the checkpoint of {kept} manifests has it", file=name)


def _partial(size: int) -> Iterator[tuple[Coord, int]]:
    """The partial tiles of a tree of that size (its full ones are the newest tree's too): level, index, width."""
    for level in (ENTRIES, *range(8)):
        total = size if isinstance(level, str) else size >> 8 * level
        if total % WIDTH:
            yield (level, total // WIDTH), total % WIDTH


def _check_outside(case: Case, known: KnownCheckpoint) -> bool:
    """Whether a checkpoint known from outside could be compared and agrees."""
    assert case.checkpoint is not None
    if known.origin != case.checkpoint.origin:
        if known.given:
            case.report.find(7, "since-not-checked", f"{known.source}: is a checkpoint of another log, {known.origin}")
        return False
    if not _agrees(case, known.size, known.root, known.source, None):
        return False
    case.report.anchors.append(f"{known.source}: {known.size} manifests, root {digest.spell(known.root)[7:23]}…")
    return True


def _agrees(case: Case, size: int, old_root: bytes, source: str, file: str | None) -> bool:
    """Whether the newest checkpoint extends that one; if not, a finding says in which way."""
    assert case.checkpoint is not None
    spelled = digest.spell(old_root)[7:23]
    if size > case.checkpoint.size:
        message = (
            f"{source} counts {size} manifests (root {spelled}…), the newest checkpoint here {case.checkpoint.size}"
        )
        code = "history-shrunk"
        if case.evidence.kind == "bundle":  # it may simply have been made before
            message = f"{source} counts {size} manifests, and this bundle ends at {case.checkpoint.size}"
            code = "since-not-checked"
    elif size == case.checkpoint.size:
        message, code = f"{source} has another root ({spelled}…) for the same size {size}", "history-forked"
        if old_root == case.checkpoint.root:
            return True
    elif case.evidence.kind == "bundle":
        message, code = _proven(case, size, old_root, source, spelled)
        if not message:
            return True
    elif size not in case.roots_at:
        message, code = f"{source}: manifests before number {size} are missing here", "since-not-checked"
    elif case.roots_at.get(case.checkpoint.size) != case.checkpoint.root:
        message, code = f"{source}: the manifests here are not those that the log signed (step 6)", "since-not-checked"
    else:
        message = f"the first {size} manifests here do not give the root ({spelled}…) of {source}"
        code = "history-forked"
        if case.roots_at[size] == old_root:
            return True
    case.report.find(7, code, message, file=file)
    return False


def _proven(case: Case, size: int, old_root: bytes, source: str, spelled: str) -> tuple[str, str]:
    """Whether a bundle's consistency proof leads from that root to its checkpoint: nothing if it does, else message and
    code. That the proof itself holds, from the older checkpoint beside it, is for step 7 of the bundle."""
    assert case.checkpoint is not None
    name = case.path(f"log/checkpoints/{size}")
    try:
        proof = consistency.parse(read(case.evidence, name + ".consistency"))
        kept = open_by_position(case.keys, read(case.evidence, name), name).checkpoint if case.keys else None
        if proof.old_size != size or proof.checkpoint != case.note or kept is None or kept.size != size:
            raise ProofError("is not between these two checkpoints")
        check_consistency(size, case.checkpoint.size, kept.root, case.checkpoint.root, proof.hashes)
    except MissingError:
        return f"{source}: there is no proof here that this checkpoint extends it", "since-not-checked"
    except ArchiverError as error:
        return f"{source}: the proof that this checkpoint extends it: {error.message}", "since-not-checked"
    if kept.root != old_root:
        return f"{source} has another root ({spelled}…) for size {size} than the log of this bundle", "history-forked"
    return "", ""
