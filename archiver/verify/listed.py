"""Step 12 for one reading: its statements as they are listed, whole or in part, and against the page text.

A statement whose page is not here is listed by the collector, and no more: it is never called verified.
"""

from __future__ import annotations

from archiver.errors import ArchiverError, FormatError, MissingError, NewerVersionError, ProofError
from archiver.model import statement as statement_model
from archiver.model.facts import ReadingFacts
from archiver.model.manifest import Manifest, ObjectRef
from archiver.model.statement import ContextRecord, StatementRecord
from archiver.verify import parts, statements
from archiver.verify.place import Place

MAX_STATEMENTS = 256 << 20  # bytes of a statements object that are read into memory
Pairs = list[tuple[StatementRecord, ContextRecord | None]]


def check(
    place: Place, manifest: Manifest, facts: ReadingFacts | None, page: statements.Page | None, why: str | None
) -> int:
    """Step 12 for one reading. `why`: what became of the WARC or the facts, if they are not here."""
    ref = manifest.object("statements")
    if ref is None and (facts is None or facts.statements == 0):
        return 0
    part = parts.part_name(place.evidence, ref.digest) if ref is not None else None
    if ref is not None and part is not None:
        pairs = _some(place, ref, part)
    else:
        pairs = _all(place, manifest, facts)
    if not pairs:
        return 0
    if facts is not None and (facts.source is None or facts.source.text is None):
        place.fault("statements-bad", "there are statements, and no page text that they could stand in")
        return len(pairs)
    if page is None or page.derived is None:
        message = f"{_count(len(pairs))}, listed by the collector: passed; "
        if why is None:
            message += "in the received bytes: not checked (no page text, or no body that was read: see step 11)"
        else:
            message += f"present in the received bytes: not checked ({why})"
        place.fault("content-not-checked", message)
    if page is not None:
        for record, context in pairs:
            for code, message in statements.check(page, record, context):
                place.fault(code, message)
    return len(pairs)


def _count(number: int) -> str:
    return f"{number} statement" if number == 1 else f"{number} statements"


def _all(place: Place, manifest: Manifest, facts: ReadingFacts | None) -> Pairs:
    """The statements of an object that is here whole, after a look at their number and root."""
    ref = manifest.object("statements")
    data = place.object(manifest, "statements", MAX_STATEMENTS, "statements-bad")
    if ref is None or data is None:
        return []
    try:
        lines = statement_model.split_lines(data)
        if ref.leaves != statement_model.leaves(lines):
            place.fault("statements-root", "the lines do not give the root in the manifest")
        pairs = statement_model.decode_object(data)
    except NewerVersionError as error:
        place.fault("facts-newer", error.message)
        return []
    except FormatError as error:
        place.fault("statements-bad", error.message)
        return []
    if facts is not None and len(pairs) != facts.statements:
        place.fault("statements-bad", f"{len(pairs)} statements, the facts say {facts.statements}")
    return list(pairs)


def _some(place: Place, ref: ObjectRef, part: str) -> Pairs:
    """The statements of which lines are shown, each proven by the root in the manifest."""
    try:
        lines = parts.shown_lines(place.evidence, ref, part)
        pairs = statement_model.decode_some(lines)
    except NewerVersionError as error:
        place.fault("facts-newer", error.message, part)
        return []
    except (ProofError, MissingError) as error:
        place.fault("parts-bad", error.message, part)
        return []
    except FormatError as error:
        place.fault("statements-bad", error.message, part)
        return []
    except ArchiverError as error:
        place.fault("file-unreadable", error.message, part)
        return []
    total = (ref.leaves.count if ref.leaves is not None else 0) // 2
    names = ", ".join(record.id for record, _ in pairs[:20]) + (" …" if len(pairs) > 20 else "")
    bare = sum(context is None for _, context in pairs)
    around = f"; the words around {'it' if len(pairs) == 1 else 'them'} are withheld" if bare == len(pairs) else ""
    message = f"{len(pairs)} of {total} statements are here ({names}), each proven to be among those that were sealed"
    place.fault("statements-in-part", message + around, part)
    return pairs


def here(place: Place, manifest: Manifest) -> list[StatementRecord]:
    """The statements of a reading that are here, without a word on what is wrong with them."""
    ref = manifest.object("statements")
    if ref is None:
        return []
    silent = place._replace(faults=[])
    part = parts.part_name(place.evidence, ref.digest)
    pairs = _some(silent, ref, part) if part is not None else _all(silent, manifest, None)
    return [record for record, _ in pairs]
