"""What a browser's visit left in the archive, for people: how it was made, where words came from, files to open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archiver.archive import Archive
from archiver.errors import ArchiverError, MissingError, StoreError
from archiver.model import rendering as model
from archiver.model.manifest import Manifest
from archiver.model.rendering import Origin, Rendering
from archiver.warc.read import read_records
from archiver.work.look import Capture

MAX_OBJECT = 512 << 20  # bytes
NAMES = {
    "screenshot": "screenshot.png",
    "mhtml": "page.mhtml",
    "pdf": "page.pdf",
    "accessibility": "accessibility.txt",
    model.ROLE: "rendering.json",
    model.ORIGINS_ROLE: "origins.json",
}


@dataclass(frozen=True, slots=True)
class Browsed:
    """`rendering` of the snapshot, and of each statement where its words came from."""

    rendering: Rendering
    origins: dict[str, Origin]
    pictures: int


def browsed(archive: Archive, capture: Capture) -> Browsed | None:
    """None of a capture that no browser made, or where it cannot be read (`verify` says why)."""
    manifest = capture.snapshot.manifest
    if manifest.object(model.ROLE) is None:
        return None
    reading = capture.reading.manifest if capture.reading is not None else None
    try:
        rendering = model.decode(archive.object(manifest, model.ROLE))
        told = reading is not None and reading.object(model.ORIGINS_ROLE) is not None
        origins = model.decode_origins(archive.object(reading, model.ORIGINS_ROLE)).origins if told and reading else ()
    except ArchiverError:
        return None
    pictures = sum(1 for ref in reading.objects if ref.role.startswith(model.PICTURE_ROLE)) if reading else 0
    return Browsed(rendering, {item.id: item for item in origins}, pictures)


def save(archive: Archive, capture: Capture, folder: Path) -> list[Path]:
    """Write what was made of a page into a folder: pictures, the document after scripts, and so on; nothing is
    overwritten. Raises MissingError if there is nothing, StoreError, FormatError."""
    made = list(_files(archive, capture))
    if not made:
        raise MissingError(
            f"number {capture.snapshot.sequence} has no pictures: no browser made it", hint="archiver capture --browser"
        )
    written = []
    for name, data in made:
        path = folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as stream:
                stream.write(data)
        except FileExistsError:
            raise StoreError("is there already", where=str(path), hint="give another folder") from None
        except OSError as error:
            raise StoreError(f"could not be written: {error.strerror}", where=str(path)) from None
        written.append(path)
    return written


def _files(archive: Archive, capture: Capture) -> Iterator[tuple[str, bytes]]:
    found = browsed(archive, capture)
    if found is not None and found.rendering.dom is not None:
        yield "document.html", _record(archive, capture.snapshot.manifest, found.rendering.dom)
    for manifest in (capture.snapshot.manifest, *([capture.reading.manifest] if capture.reading else [])):
        for ref in manifest.objects:
            name = f"{ref.role}.png" if ref.role.startswith(model.PICTURE_ROLE) else NAMES.get(ref.role)
            if name is not None:
                yield name, archive.object(manifest, ref.role, MAX_OBJECT)


def _record(archive: Archive, manifest: Manifest, record: str) -> bytes:
    """The block of a record of the snapshot's WARC."""
    with archive.open_object(manifest, "warc") as stream:
        for item in read_records(stream):
            if item.get("WARC-Record-ID") == record:
                return item.block().read()
    raise MissingError(f"number {manifest.sequence}: the document after scripts is not in its WARC")
