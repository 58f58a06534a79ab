"""What was sealed, taken out of its WARC again to be read: the decoded body of a capture's page; of a browser's visit
the document after scripts, if there is one."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

from archiver.archive import Archive
from archiver.errors import MissingError
from archiver.model.facts import SnapshotFacts
from archiver.warc.http import split_message
from archiver.warc.read import Record, read_records
from archiver.work import look
from archiver.work import read as reader


def material_of(archive: Archive, capture: look.Capture) -> reader.Material:
    """The decoded body of a capture's last exchange, taken from its WARC. Raises MissingError, FormatError,
    ProofError."""
    facts = capture.facts
    ref = capture.snapshot.manifest.object("warc")
    if facts is None or ref is None or archive.folder.object_name(ref.digest) is None:
        raise MissingError(
            f"number {capture.snapshot.sequence}: its WARC or facts are not here", hint="archiver verify"
        )
    with archive.open_object(capture.snapshot.manifest, "warc") as stream:
        try:
            return material_in(stream, facts)
        except MissingError as error:
            raise MissingError(f"number {capture.snapshot.sequence}: {error.message}") from None


def material_in(stream: BinaryIO, facts: SnapshotFacts) -> reader.Material:
    """The decoded body of the page in a WARC that these facts describe. Raises MissingError, FormatError."""
    last: reader.Material | None = None
    page: reader.Material | None = None
    document = facts.document if facts.whole else None
    for record in read_records(stream):
        kind = record.get("WARC-Type")
        if kind == "resource" or (kind == "response" and not facts.whole):
            last = _material(record, facts)
        elif document is not None and record.get("WARC-Record-ID") == document.record:
            page = _material(record, facts)
    if facts.rendered and page is not None and reader.media_type(page.content_type) not in (*reader.HTML_TYPES, ""):
        return page  # a file that the browser shows in a page of its own making
    if facts.rendered and last is not None and page is not None:
        # Made of what this response brought: its status and fields tell what kind of page it is.
        asked, reached = page.requested_url, page.final_url
        return replace(last, status=page.status, fields=page.fields, requested_url=asked, final_url=reached)
    found = last or page
    if found is None:
        raise MissingError("no response is stored")
    return found


def _material(record: Record, facts: SnapshotFacts) -> reader.Material:
    identifier = record.get("WARC-Record-ID") or ""
    if record.get("WARC-Type") == "resource":
        body = record.block().read(reader.MAX_READ + 1)
        kind = record.get("Content-Type") or ""
        return reader.Material(identifier, body, True, (), kind, None, (), "", "")
    head = split_message(record.block()).final
    fields = (
        ()
        if head is None
        else tuple((name.decode("latin-1"), value.decode("latin-1").strip(" \t\r\n")) for name, value in head.fields)
    )
    hop = next((hop for hop in facts.hops if hop.record == identifier), None)
    return reader.material_of_response(
        identifier,
        record.block(),
        head.status if head is not None else None,
        fields,
        facts.request.url if facts.request is not None else "",
        facts.final_url or "",
        hop is not None and hop.truncated is not None,
    )
