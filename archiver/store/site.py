"""A log as a static site that any C2SP tlog-tiles client reads: what is published, and what never is.

    DIR/checkpoint                  the newest, with the cosignatures that came for it; written last
    DIR/tile/<L>/<N>[.p/<W>]        hashes
    DIR/tile/entries/<N>[.p/<W>]    the manifests themselves, only where asked for

Tiles never change once a checkpoint covers them, so publishing again writes only what is new. A folder that holds the
site of another log, or of one that this one does not extend, is left alone: a log is never published twice in two ways.
Partial tiles stay until the full one is there, as tlog-tiles asks. Files have mode 0644: they are meant for everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from archiver.errors import FormatError, MissingError, RefusedError, UsageError
from archiver.evidence import read
from archiver.store.beside import kept
from archiver.store.disk_errors import store_error, telling
from archiver.store.durable import full_sync, sync_folder
from archiver.store.folder import ArchiveFolder
from archiver.store.head import MAX_TILE, read_head, tile_source
from archiver.tlog.checkpoint import Checkpoint, parse_checkpoint_text
from archiver.tlog.note import MAX_NOTE, open_note
from archiver.tlog.tiles import ENTRIES, WIDTH, TileReader, tile_path
from archiver.tlog.witness import joined, parse_lines
from archiver.verify.layout import CHECKPOINT

SITE_CHECKPOINT = "checkpoint"
MAX_COSIGNATURES = 256 << 10  # bytes of a file


@dataclass(frozen=True, slots=True)
class Published:
    """The log's name and size, how many manifests the site had before, how many files were written, how many
    cosignature lines the checkpoint carries."""

    origin: str
    size: int
    before: int
    files: int
    cosignatures: int


def publish(folder: ArchiveFolder, out: Path, *, entries: bool) -> Published:
    """Bring the site in `out` to the log's newest checkpoint. Raises UsageError for a folder that holds something else,
    RefusedError for the site of another log or of another past, and what reading the log's end raises."""
    note = read(folder, CHECKPOINT)
    head = read_head(folder, note)
    before = _before(folder, out, head.checkpoint)
    had_entries = (out / "tile" / "entries").exists()
    if had_entries and not entries:
        raise UsageError("this site has the entries; one that had them keeps them", where=str(out), hint="--entries")
    written = 0
    start = before if entries == had_entries else 0
    for name in _tiles(start, head.size, entries):
        target = out / name
        if not target.exists():
            _write(target, _tile(folder, name))
            written += 1
    with_lines, lines = _with_cosignatures(folder, note, head.size)
    place = out / SITE_CHECKPOINT
    if not place.exists() or place.read_bytes() != with_lines:
        _write(place, with_lines)
        written += 1
    _drop_partial(out, before, head.size)
    return Published(head.checkpoint.origin, head.size, before, written, lines)


def _before(folder: ArchiveFolder, out: Path, newest: Checkpoint) -> int:
    """The size that the site in `out` has, 0 if there is none."""
    path = out / SITE_CHECKPOINT
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_NOTE + 1)
    except FileNotFoundError:
        with telling(out):
            if out.exists() and any(out.iterdir()):
                raise UsageError(
                    "is not empty, and no published log", where=str(out), hint="give a new folder"
                ) from None
        return 0
    except OSError as error:
        raise store_error(error, path) from None
    try:
        there = parse_checkpoint_text(open_note(data).text)
    except FormatError as error:
        raise UsageError(f"is not a published log: {error.message}", where=str(path)) from None
    if there.origin != newest.origin:
        raise RefusedError(f"holds the site of another log, {there.origin}", where=str(path))
    if there.size > newest.size:
        raise RefusedError(
            f"{there.size} manifests were published, and this archive has {newest.size}",
            where=str(path),
            hint="this archive is an old copy: publish from the newest one",
        )
    reader = TileReader(tile_source(folder), newest.size)
    if there.size and reader.range_root(0, there.size) != there.root:
        raise RefusedError(
            "another past of this log was published", where=str(path), hint="keep both, and ask for help"
        )
    return there.size


def _tiles(before: int, size: int, entries: bool) -> Iterator[str]:
    """Names of the tiles that a log of `size` has and one of `before` did not, entries first, the root's level last."""
    levels: list[int | str] = [ENTRIES] if entries else []
    levels += range(8)
    for level in levels:
        shift = 0 if isinstance(level, str) else 8 * level
        count, first = size >> shift, (before >> shift) // WIDTH
        for index in range(first, count // WIDTH):
            yield tile_path(level, index)
        if count % WIDTH:
            yield tile_path(level, count // WIDTH, count % WIDTH)


def _tile(folder: ArchiveFolder, name: str) -> bytes:
    return read(folder, f"log/{name}", MAX_TILE)


def _with_cosignatures(folder: ArchiveFolder, note: bytes, size: int) -> tuple[bytes, int]:
    """The checkpoint joined with the cosignatures beside it; lines that do not parse stay where they are."""
    text = open_note(note).text
    found = note
    for item in kept(folder)[1]:
        if item.size == size and item.suffix == "cosig":
            with suppress(FormatError, MissingError):
                found = joined(found, parse_lines(read(folder, item.name, MAX_COSIGNATURES), text))
    return found, len(open_note(found).signatures) - len(open_note(note).signatures)


def _drop_partial(out: Path, before: int, size: int) -> None:
    """Partial tiles whose full tile is there now."""
    for level in (ENTRIES, *range(8)):
        shift = 0 if isinstance(level, str) else 8 * level
        for index in range((before >> shift) // WIDTH, (size >> shift) // WIDTH):
            folder = out / (tile_path(level, index) + ".p")
            with suppress(OSError):  # what is left is only in excess
                for path in folder.iterdir():
                    path.unlink()
                folder.rmdir()


def _write(path: Path, data: bytes) -> None:
    """A file, whole or not at all."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            full_sync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise store_error(error, path) from None


def site_bytes(root: Path, name: str, limit: int) -> bytes:
    """One file of a site in a folder, `name` as this module makes names. Raises MissingError, FormatError if it has
    more than `limit` bytes, StoreError."""
    path = root / name
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise MissingError("is not there", where=str(path)) from None
    except OSError as error:
        raise store_error(error, path) from None
    if len(data) > limit:
        raise FormatError(f"has more than {limit} bytes", where=str(path))
    return data


def looks_like_site(root: Path) -> bool:
    """Whether a folder has a checkpoint of a log where a site has it."""
    return (root / SITE_CHECKPOINT).is_file()
