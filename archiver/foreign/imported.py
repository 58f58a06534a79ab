"""Step 10 for imports: the page that was read is taken out of the received file again, and compared; the WARC that a
recheck kept is found in the bundle beside it."""

from __future__ import annotations

from typing import BinaryIO

from archiver import digest
from archiver.errors import ArchiverError, StoreError
from archiver.evidence import read
from archiver.foreign.extract import same_page
from archiver.foreign.zip_files import ZipFiles
from archiver.model import received
from archiver.model.encoding import MAX_DOCUMENT
from archiver.model.manifest import MAX_BYTES, Manifest, decode
from archiver.model.received import FILE_ROLE, ROLE
from archiver.verify.case import Case
from archiver.verify.layout import object_path

KEPT_ROLE = "bundle"  # of an import that a recheck kept


def check_imports(case: Case) -> None:
    """Each import whose file is here. Every other fault of them is found by archiver.verify.imports."""
    for sequence in case.sequences:
        if case.events.get(sequence) != "import":
            continue
        name = case.evidence.manifest_name(sequence)
        try:
            manifest = decode(read(case.evidence, name, MAX_BYTES))
            file = manifest.object(FILE_ROLE) or manifest.object(KEPT_ROLE)
            if file is None:
                continue
            place = case.evidence.object_name(file.digest)
            if place is None:
                message = f"its {file.role} is not here: the page in it cannot be taken out again"
                case.report.find(10, "content-not-checked", message, file=name, sequence=sequence)
                continue
            with case.evidence.open(place) as stream:
                problem = _page(case, manifest, stream) if file.role == FILE_ROLE else _kept(manifest, stream)
            if problem is not None:
                case.report.find(10, "import-differs", problem, file=name, sequence=sequence)
        except StoreError as error:
            case.report.find(10, "file-unreadable", error.message, file=error.where or name, sequence=sequence)
        except ArchiverError as error:
            case.report.find(10, "import-differs", error.message, file=name, sequence=sequence)


def _page(case: Case, manifest: Manifest, stream: BinaryIO) -> str | None:
    """What is wrong with the page that was read: it is another one than the file has at that place."""
    told = _object(case, manifest, ROLE)
    found = received.decode(told) if told is not None else None
    if found is None or found.page is None:
        return None
    there = digest.of_bytes(same_page(stream, found.format, found.page))
    return None if there == found.page.digest else f"at {found.page.part} is {there}, and {found.page.digest} was read"


def _kept(manifest: Manifest, stream: BinaryIO) -> str | None:
    """What is wrong with a WARC that a recheck kept: it is no object of the bundle beside it (recheck.md)."""
    ref = manifest.object("warc")
    if ref is None:
        return "there is no WARC that was compared"
    files = ZipFiles(stream)
    place = next((name for name in files.names() if name.endswith("/data/" + object_path(ref.digest))), None)
    if place is None:
        return f"the WARC that was compared, {ref.digest}, is not in the bundle"
    with files.open(place) as data:
        found, _ = digest.of_stream(data)
    return None if found == ref.digest else f"the WARC in the bundle is {found}, and {ref.digest} was compared"


def _object(case: Case, manifest: Manifest, role: str) -> bytes | None:
    ref = manifest.object(role)
    name = case.evidence.object_name(ref.digest) if ref is not None else None
    if name is None or ref is None or ref.size > MAX_DOCUMENT:
        return None
    data = read(case.evidence, name, MAX_DOCUMENT)
    return data if digest.of_bytes(data) == ref.digest else None
