"""Step 10 for imports: the page that was read is taken out of the received file again, and compared."""

from __future__ import annotations

from archiver import digest
from archiver.errors import ArchiverError, StoreError
from archiver.evidence import read
from archiver.foreign.extract import same_page
from archiver.model import received
from archiver.model.encoding import MAX_DOCUMENT
from archiver.model.manifest import MAX_BYTES, Manifest, decode
from archiver.model.received import FILE_ROLE, ROLE
from archiver.verify.case import Case


def check_imports(case: Case) -> None:
    """Each import whose file and page are here. Every other fault of them is found by archiver.verify.imports."""
    for sequence in case.sequences:
        if case.events.get(sequence) != "import":
            continue
        name = case.evidence.manifest_name(sequence)
        try:
            manifest = decode(read(case.evidence, name, MAX_BYTES))
            file = manifest.object(FILE_ROLE)
            told = _object(case, manifest, ROLE)
            if file is None or told is None:
                continue
            found = received.decode(told)
            if found.page is not None:
                place = case.evidence.object_name(file.digest)
                if place is None:
                    message = "the file that was received is not here: its page cannot be taken out again"
                    case.report.find(10, "content-not-checked", message, file=name, sequence=sequence)
                    continue
                with case.evidence.open(place) as stream:
                    body = same_page(stream, found.format, found.page)
                if digest.of_bytes(body) != found.page.digest:
                    message = f"the page at {found.page.part} is {digest.of_bytes(body)}, {found.page.digest} was read"
                    case.report.find(10, "import-differs", message, file=name, sequence=sequence)
        except StoreError as error:
            case.report.find(10, "file-unreadable", error.message, file=error.where or name, sequence=sequence)
        except ArchiverError as error:
            case.report.find(10, "import-differs", error.message, file=name, sequence=sequence)


def _object(case: Case, manifest: Manifest, role: str) -> bytes | None:
    ref = manifest.object(role)
    name = case.evidence.object_name(ref.digest) if ref is not None else None
    if name is None or ref is None or ref.size > MAX_DOCUMENT:
        return None
    data = read(case.evidence, name, MAX_DOCUMENT)
    return data if digest.of_bytes(data) == ref.digest else None
