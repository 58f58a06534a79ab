"""Step 10's work on one import: what was received as a file is there, and what is said of it fits (import.md).

That the page which was read is in the file, at the place that the import names, is seen by taking it out again; that a
WARC which a recheck kept is in the bundle beside it, by looking into that. Both need readers of other tools' formats,
which are handed in (`import_step` of archiver.verify.run).
"""

from __future__ import annotations

from archiver import digest
from archiver.errors import ArchiverError, FormatError, NewerVersionError
from archiver.model import received
from archiver.model.encoding import MAX_DOCUMENT
from archiver.model.facts import SnapshotFacts
from archiver.model.manifest import Manifest
from archiver.model.received import FILE_ROLE, ROLE, SOURCE_ROLE, Received
from archiver.verify import exchanges, parts
from archiver.verify.place import Place
from archiver.warc.read import Record, read_records
from archiver.warc.segments import SECRET_SIZE


def check(place: Place, manifest: Manifest, facts: SnapshotFacts | None) -> None:
    """Everything that can be said of an import without reading its file."""
    _check_warc(place, manifest, facts)
    if manifest.object(SOURCE_ROLE) is not None:
        _decode_source(place, manifest)
    if manifest.object(ROLE) is None:
        if manifest.object("bundle") is None:
            place.fault("content-not-checked", "an import that does not say what was received")
        return
    if facts is not None and (facts.outcome != "file" or facts.file is None):
        place.fault("facts-differ", "the facts of an import speak of a visit")
    record = read_received(place, manifest)
    if record is not None:
        _compare(place, manifest, facts, record)


def read_received(place: Place, manifest: Manifest) -> Received | None:
    """The `import` object, or None after saying why there is none."""
    data = place.object(manifest, ROLE, MAX_DOCUMENT, "facts-bad")
    if data is not None:
        try:
            return received.decode(data)
        except NewerVersionError as error:
            place.fault("facts-newer", error.message)
        except FormatError as error:
            place.fault("facts-bad", error.message)
    return None


def _decode_source(place: Place, manifest: Manifest) -> None:
    data = place.object(manifest, SOURCE_ROLE, MAX_DOCUMENT, "facts-bad")
    if data is not None:
        try:
            received.decode_source(data)
        except NewerVersionError as error:
            place.fault("facts-newer", error.message)
        except FormatError as error:
            place.fault("facts-bad", error.message)


def _check_warc(place: Place, manifest: Manifest, facts: SnapshotFacts | None) -> None:
    """Records, digests, segments; where the file itself is the record, that the facts say so."""
    ref = manifest.object("warc")
    if ref is None:
        return
    name = place.evidence.object_name(ref.digest)
    if name is None:
        part = parts.part_name(place.evidence, ref.digest)
        if part is None:
            place.fault("content-not-checked", "the WARC is not here")
            return
        for code, message in exchanges.check_part(place.evidence, part, ref, None):
            place.fault(code, message, part)
        return
    secret = place.object(manifest, "segment-secret", SECRET_SIZE, "segments-root")
    alone = manifest.object(ROLE) is not None and manifest.object(FILE_ROLE) is None
    for code, message in exchanges.check_warc(place.evidence, name, ref, secret, facts if alone else None):
        place.fault(code, message, name)


def _compare(place: Place, manifest: Manifest, facts: SnapshotFacts | None, record: Received) -> None:
    """The `import` object against the file, the facts and the WARC."""
    file = manifest.object(FILE_ROLE)
    if file is not None and (file.digest, file.size) != (record.digest, record.size):
        place.fault("import-differs", f"{record.digest} was received, and {file.digest} is kept")
    if facts is not None and facts.file is not None and facts.file.size != record.size:
        place.fault("import-differs", f"{record.size} bytes were received, the facts say {facts.file.size}")
    ref = manifest.object("warc")
    if ref is None:
        if record.page is not None or file is None:
            place.fault("import-differs", "there is no WARC with what was received or read")
        return
    name = place.evidence.object_name(ref.digest)
    if name is None:
        return  # said already
    try:
        with place.evidence.open(name) as stream:
            resources = [r for r in read_records(stream) if r.get("WARC-Type") == "resource"]
            if file is None:
                _compare_record(place, resources, None, record.digest, record.size, "the file that was received")
            if record.page is not None:
                page = record.page
                _compare_record(place, resources, page.record, page.digest, page.size, "the page that was read")
    except ArchiverError as error:
        place.fault("content-not-checked", error.message, name)


def _compare_record(place: Place, resources: list[Record], wanted: str | None, said: str, size: int, what: str) -> None:
    found = [r for r in resources if wanted is None or r.get("WARC-Record-ID") == wanted]
    if len(found) != 1:
        place.fault("import-differs", f"{what} is not one record of the WARC")
        return
    there, length = digest.of_stream(found[0].block())
    if (there, length) != (said, size):
        place.fault("import-differs", f"{what} is {there} ({length} bytes), the import says {said}")
