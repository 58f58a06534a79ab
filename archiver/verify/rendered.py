"""What a browser's visit adds to steps 10 to 12: how it was made is told in one form, and of its statements it is said
which stand in what the server sent, and which only in the document after scripts, that the collector's browser made.

The latter is derived here from the stored bytes; what the collector says of it (`origins`) must agree.
"""

from __future__ import annotations

from archiver.errors import ArchiverError, FormatError, NewerVersionError
from archiver.model import rendering as model
from archiver.model.encoding import MAX_DOCUMENT
from archiver.model.facts import ReadingFacts, SnapshotFacts
from archiver.model.manifest import Manifest, ObjectRef
from archiver.model.rendering import Origins, Rendering
from archiver.page import text as page_text
from archiver.page.decode import MAX_BODY
from archiver.page.letters import letters_of
from archiver.verify import listed
from archiver.verify.bodies import opened
from archiver.verify.place import Place
from archiver.warc.http import entity_body, split_message
from archiver.warc.record import Record

MAX_STATEMENTS = 256 << 20  # bytes
HTML_TYPES = ("text/html", "application/xhtml+xml", "")


def check_snapshot(place: Place, manifest: Manifest, facts: SnapshotFacts | None) -> None:
    """Step 10: the facts and the rendering speak of the same visit."""
    there = manifest.object(model.ROLE) is not None
    if facts is not None and facts.rendered != there:
        says = "a browser's visit, and nothing tells how it was made" if facts.rendered else "no browser's visit"
        place.fault("facts-differ", f"the facts speak of {says}")
    found = _rendering(place, manifest) if there else None
    if found is None or facts is None or not facts.rendered:
        return
    document = facts.document
    if found.document != (document.record if document is not None else None):
        place.fault("facts-differ", "the rendering names another response as the page than the facts do")


def check_reading(place: Place, manifest: Manifest, facts: ReadingFacts, snapshot: Manifest | None) -> None:
    """Step 12: which statements of a document after scripts the server had sent."""
    if snapshot is None or snapshot.object(model.ROLE) is None or facts.source is None:
        return
    silent = place._replace(faults=[])
    rendering = _rendering(silent, snapshot)
    if rendering is None:
        place.fault("content-not-checked", "how the browser's visit was made is not here, or cannot be read")
        return
    if rendering.dom != facts.source.record:
        return
    statements = listed.here(place, manifest)
    warc = snapshot.object("warc")
    served = None if warc is None or rendering.document is None else _served(place, warc, rendering.document)
    made = f"{len(statements)} statements stand in the document after scripts, which the collector's browser made"
    if served is None:
        place.fault("statement-rendered", f"{made}; what the server sent as the page could not be compared")
        return
    letters = letters_of(served)
    sent = {item.id for item in statements if all(letters_of(part.exact) in letters for part in item.parts)}
    if statements:
        place.fault(
            "statement-rendered", f"{made}; {len(sent)} of them stand in the page as the server sent it as well"
        )
    origins = _origins(place, manifest)
    for item in origins.origins if origins is not None else ():
        if item.served != (item.id in sent):
            place.fault("statement-differs", f"{item.id}: whether the server sent it is not as the collector says")


def _rendering(place: Place, manifest: Manifest) -> Rendering | None:
    data = place.object(manifest, model.ROLE, MAX_DOCUMENT, "facts-bad")
    try:
        return None if data is None else model.decode(data)
    except NewerVersionError as error:
        place.fault("facts-newer", error.message)
    except FormatError as error:
        place.fault("facts-bad", error.message)
    return None


def _origins(place: Place, manifest: Manifest) -> Origins | None:
    if manifest.object(model.ORIGINS_ROLE) is None:
        return None
    data = place.object(manifest, model.ORIGINS_ROLE, MAX_DOCUMENT, "facts-bad")
    try:
        return None if data is None else model.decode_origins(data)
    except NewerVersionError as error:
        place.fault("facts-newer", error.message)
    except FormatError as error:
        place.fault("facts-bad", error.message)
    return None


def _served(place: Place, warc: ObjectRef, document: str) -> str | None:
    """The page text of the response that brought the page; None if it is not here or has none."""
    try:
        with opened(place.evidence, warc) as records:
            whole = (item for item in records if isinstance(item, Record))
            record = next((item for item in whole if item.get("WARC-Record-ID") == document), None)
            head = split_message(record.block()).final if record is not None else None
            if record is None or head is None:
                return None
            block = record.block()
            block.seek(split_message(record.block()).body_offset)
            body = entity_body(head, block, MAX_BODY).data
        content_type = head.get("Content-Type") or ""
        kind = content_type.split(";")[0].strip().lower()
        if kind == "text/plain":
            return page_text.project_plain(body, content_type).text
        return page_text.project(body, content_type).text if kind in HTML_TYPES else ""
    except ArchiverError:
        return None
