"""What `show` says of an import: as what it was received, from whom, what our check of it said."""

from __future__ import annotations

from typing import Any

from archiver.archive import Archive
from archiver.cli.render import pairs
from archiver.errors import ArchiverError
from archiver.model import received
from archiver.model.manifest import Manifest
from archiver.model.received import Received, SourceOf
from archiver.model.records import to_plain


def _read(archive: Archive, manifest: Manifest) -> tuple[Received | None, SourceOf | None, str | None]:
    """The two objects, and why one of them cannot be shown."""
    found: Received | None = None
    source: SourceOf | None = None
    try:
        if manifest.object(received.ROLE) is not None:
            found = received.decode(archive.object(manifest, received.ROLE))
        if manifest.object(received.SOURCE_ROLE) is not None:
            source = received.decode_source(archive.object(manifest, received.SOURCE_ROLE))
    except ArchiverError as error:
        return found, source, str(error)
    return found, source, None


def received_json(archive: Archive, manifest: Manifest) -> dict[str, Any]:
    """Both as JSON."""
    found, source, problem = _read(archive, manifest)
    value: dict[str, Any] = {"import": to_plain(found), "source": to_plain(source)}
    return value if problem is None else value | {"problem": problem}


def show_received(archive: Archive, manifest: Manifest) -> None:
    """Both in lines."""
    found, source, problem = _read(archive, manifest)
    items: list[tuple[str, str | None]] = []
    if source is not None:
        items += [("given by", source.given_by), ("source note", source.note)]
    if found is not None:
        items += [("provenance", found.statement), ("format", found.format), ("file digest", found.digest)]
        if found.page is not None:
            said = " ".join(part for part in (found.page.url, found.page.time) if part)
            items += [("page in it", found.page.part), ("it says", said or None)]
        if found.checked is not None:
            items += [("checked", found.checked.verdict), ("its archive", found.checked.archive)]
            items += [("its signer", signer) for signer in found.checked.signers]
        items += [("note", text) for text in found.problems]
    pairs([*items, ("problem", problem)])
