"""Following somebody else's log: is what it shows today an extension of all that it showed before?

The log's key is given once, by a way that nobody can alter, and remembered with the newest checkpoint that was seen.
Tiles are fetched from the log's site (or read from a folder), O(log n) of them. A log that shows one past to you and
another to somebody else has signed two trees: both signed notes are then kept, and they are the proof.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from archiver import digest
from archiver.errors import FormatError, MissingError, ProofError, UsageError
from archiver.store.audits import Audits, Followed
from archiver.store.folder import ArchiveFolder
from archiver.store.home import Home
from archiver.store.site import SITE_CHECKPOINT, site_bytes
from archiver.tlog.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint_text
from archiver.tlog.note import MAX_NOTE, VerifierKey, open_note
from archiver.tlog.tiles import WIDTH, Read, TileReader
from archiver.web.ask import Asker, need

MAX_HASHES = 32 * WIDTH  # bytes of a tile


@dataclass(frozen=True, slots=True)
class View:
    """A checkpoint of the log that somebody else saw, and where it comes from."""

    source: str
    note: bytes


@dataclass(slots=True)
class Audit:
    """What came of it. `outcome`: consistent, first (nothing was known before), stale (an older tree than was seen),
    split (two trees were signed), broken (the site does not give what its checkpoint signs)."""

    place: str
    origin: str = ""
    size: int = 0
    root: str = ""
    before: int | None = None
    outcome: str = "first"
    words: str = ""
    compared: list[str] = field(default_factory=list)
    evidence: Path | None = None


def audit(
    home: Home, place: str, keys: Sequence[VerifierKey], seen: Sequence[View], asker: Callable[[], Asker]
) -> Audit:
    """Audit the log at an address or in a folder. `keys` are needed the first time; `seen` are checkpoints that others
    saw. What is good is remembered. Raises UsageError without a key, FetchError, MissingError, FormatError, ProofError
    for a checkpoint that the log's key did not sign."""
    audits = Audits(home.state / "audits")
    source = _source(place, asker)
    note = source(SITE_CHECKPOINT)
    origin = parse_checkpoint_text(open_note(note).text).origin
    known = audits.of(origin)
    believed = list(keys) or list(known.keys if known is not None else ())
    if not believed:
        raise UsageError(
            f"the key of the log {origin} is not known here",
            hint="--log VKEY|FILE: get it from its owner by a way that nobody can alter (trust/log.vkey)",
        )
    newest = open_checkpoint(note, [key for key in believed if key.name == origin]).checkpoint
    found = Audit(place, origin, newest.size, digest.spell(newest.root), known.size if known else None)
    views = [View("the checkpoint remembered here", known.note)] if known is not None else []
    for view in (*views, *seen):
        if found.outcome in ("split", "broken"):
            break
        _compare(audits, found, believed, source, newest, note, view)
    if found.outcome in ("first", "consistent"):
        audits.remember(Followed(origin, tuple(believed), newest.size, note, place))
        if found.outcome == "consistent":
            found.words = found.words or f"extends {', '.join(found.compared)}"
    return found


def _compare(
    audits: Audits, found: Audit, keys: Sequence[VerifierKey], source: Read, newest: Checkpoint, note: bytes, view: View
) -> None:
    """Judge the newest checkpoint against one other view."""
    other = _opened(view, keys, newest.origin)
    if other.size == newest.size:
        good = other.root == newest.root
        broken = None
    elif other.size < newest.size:
        good, broken = _extends(source, newest, other)
    else:
        found.outcome = "stale"
        found.words = (
            f"shows {newest.size} manifests, and {view.source} has {other.size}: an old copy is served, or something "
            "was taken back"
        )
        return
    if broken is not None:
        found.outcome, found.words = "broken", broken
    elif not good:
        found.outcome = "split"
        found.words = f"has signed two trees: {view.source} with {other.size} manifests is not a beginning of this one"
        found.evidence = audits.keep_split(newest.origin, note, view.note)
    else:
        if found.outcome == "first":
            found.outcome = "consistent"
        found.compared.append(f"{view.source} ({other.size})")


def _opened(view: View, keys: Sequence[VerifierKey], origin: str) -> Checkpoint:
    try:
        return open_checkpoint(view.note, [key for key in keys if key.name == origin]).checkpoint
    except (FormatError, ProofError) as error:
        error.where = view.source
        raise


def _extends(source: Read, newest: Checkpoint, other: Checkpoint) -> tuple[bool, str | None]:
    """Whether the newest tree begins with the other one; words if the site's tiles do not give the newest tree."""
    reader = TileReader(source, newest.size)
    try:
        if reader.root() != newest.root:
            return False, "its tiles do not give the root that its checkpoint signs"
        return other.size == 0 or reader.range_root(0, other.size) == other.root, None
    except (MissingError, FormatError) as error:
        return False, f"a tile is missing or malformed: {error.where or ''} {error.message}"


def _source(place: str, asker: Callable[[], Asker]) -> Read:
    """Reads the files of a site: over HTTP, from its folder, from an archive's folder."""
    if place.startswith(("http://", "https://")):
        asking, prefix = asker(), place.rstrip("/")

        def fetched(name: str) -> bytes:
            url = f"{prefix}/{name}"
            answer = asking.get(url, limit=MAX_NOTE if name == SITE_CHECKPOINT else MAX_HASHES)
            if answer.status in (404, 410):
                raise MissingError(f"answered with status {answer.status}", where=url)
            return need(answer, url)

        return fetched
    root = Path(place)
    root = root / "log" if ArchiveFolder.is_archive(root) else root
    return lambda name: site_bytes(root, name, MAX_NOTE if name == SITE_CHECKPOINT else MAX_HASHES)


def followed(home: Home) -> list[Followed]:
    """The logs that were audited before, by name."""
    return Audits(home.state / "audits").all()
