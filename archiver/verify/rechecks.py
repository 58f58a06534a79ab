"""Step 12 for a recheck: what its verdicts claim of words holds against the bytes of the new snapshot.

    verbatim, moved, typographic   the words stand at the places given, and are the statement's (typography aside)
    reworded                       the words given stand there, and are not the statement's
    page-gone                      the server answered 404 or 410
    removed, unknown               claim nothing that bytes could contradict

Everything is derived again: the statements from the reading that was compared, the new page text from the WARC. Who is
said to have spoken, and that something is nowhere to be found, is the comparer's judgement, and is not checked.
"""

from __future__ import annotations

from collections.abc import Iterator

from archiver.errors import ArchiverError, FormatError, MissingError, NewerVersionError, ProofError
from archiver.model import facts as facts_model
from archiver.model import statement as statement_model
from archiver.model import verdicts as model
from archiver.model.encoding import MAX_DOCUMENT
from archiver.model.facts import Source
from archiver.model.manifest import Manifest
from archiver.model.statement import StatementRecord
from archiver.model.verdicts import STANDS, PlaceRecord, RecheckFacts, VerdictRecord
from archiver.page import text
from archiver.page.anchor import check_part
from archiver.page.compare import is_gone
from archiver.page.data_text import article_bodies
from archiver.page.text import PageText
from archiver.page.typography import same_words
from archiver.verify import bodies
from archiver.verify.case import fault_of
from archiver.verify.place import Place

MAX_STATEMENTS = 256 << 20  # bytes of a statements object
Problem = tuple[str, str]  # code, message


def check(place: Place, manifest: Manifest, reading: Manifest | None, snapshot: Manifest | None) -> None:
    """Look into one recheck. `reading`, `snapshot`: what it compared, None if that is not here."""
    facts, verdicts = _decoded(place, manifest)
    if facts is None or verdicts is None:
        return
    if len(verdicts) != facts.statements:
        place.fault("verdicts-bad", f"{len(verdicts)} verdicts, the facts say {facts.statements}")
    records = _statements(place, reading)
    if records is None:
        return
    if [item.id for item in verdicts] != [record.id for record in records]:
        place.fault("verdicts-bad", "the verdicts are not on the statements of the reading that was compared")
        return
    _status(place, snapshot, facts, verdicts)
    if all(not any(item.places) for item in verdicts):
        return
    page = _page(place, snapshot, facts.source)
    if page is None:
        return
    for record, item in zip(records, verdicts, strict=True):
        for code, message in examine(record, item, *page):
            place.fault(code, message)


def _decoded(place: Place, manifest: Manifest) -> tuple[RecheckFacts | None, tuple[VerdictRecord, ...] | None]:
    facts, verdicts = None, None
    data = place.object(manifest, "facts", MAX_DOCUMENT, "verdicts-bad")
    found = place.object(manifest, model.ROLE, model.MAX_BYTES, "verdicts-bad") if data is not None else None
    try:
        facts = model.decode_facts(data) if data is not None else None
        verdicts = model.decode(found).verdicts if found is not None else None
    except NewerVersionError as error:
        place.fault("facts-newer", error.message)
    except FormatError as error:
        place.fault("verdicts-bad", error.message)
    return facts, verdicts


def _statements(place: Place, reading: Manifest | None) -> list[StatementRecord] | None:
    """The statements of the reading that was compared, as they were sealed."""
    if reading is None:
        place.fault("content-not-checked", "the reading that was compared is not here")
        return None
    if reading.object("statements") is None:
        return []
    data = place.object(reading, "statements", MAX_STATEMENTS, "statements-bad")
    if data is None:
        return None
    try:
        return [record for record, _ in statement_model.decode_object(data)]
    except NewerVersionError as error:
        place.fault("facts-newer", error.message)
    except FormatError as error:
        place.fault("content-not-checked", f"the statements that were compared are malformed: {error.message}")
    return None


def _status(place: Place, snapshot: Manifest | None, facts: RecheckFacts, verdicts: tuple[VerdictRecord, ...]) -> None:
    """Whether the page answered as the facts say, and a page that is said to be gone says so itself."""
    gone = [item.id for item in verdicts if item.verdict == "page-gone"]
    if gone and not is_gone(facts.status, facts.kind):
        place.fault("verdict-differs", f"{gone[0]}: page-gone, and the server answered {facts.status} ({facts.kind})")
    if snapshot is None:
        if facts.status is not None:
            place.fault("content-not-checked", "the snapshot that was compared with is not here")
        return
    data = place.object(snapshot, "facts", MAX_DOCUMENT, "facts-bad")
    if data is None or snapshot.event != "snapshot":
        return
    try:
        document = facts_model.decode_snapshot(data).document
    except ArchiverError:
        return  # step 10 says so
    status = document.status if document is not None else None
    if status != facts.status:
        place.fault("verdict-differs", f"the server answered {status}, the recheck says {facts.status}")


def _page(place: Place, snapshot: Manifest | None, source: Source | None) -> tuple[PageText, bytes] | None:
    """The page text of the new snapshot, derived from its bytes."""
    if source is None or source.text is None:
        place.fault("verdict-differs", "words were found, and no page text is named that they were found in")
        return None
    ref = snapshot.object("warc") if snapshot is not None else None
    if ref is None:
        place.fault("content-not-checked", "the page that was compared with cannot be derived again: no WARC is here")
        return None
    name = place.evidence.object_name(ref.digest)
    try:
        body = bodies.body_of(place.evidence, ref, source)
        if body.data is None:
            raise FormatError("the body that was compared with is larger than a page that is read")
        page = (text.project_plain if source.text == "plain-text/v1" else text.project)(body.data, body.content_type)
        if page.encoding != source.encoding:
            raise ProofError(f"the encoding is {page.encoding}, the recheck says {source.encoding}")
        return page, body.data
    except MissingError as error:
        message = f"the page that was compared with cannot be derived again: {error.message}"
        place.fault("content-not-checked", message)
    except ProofError as error:
        place.fault("source-differs", error.message, name)
    except ArchiverError as error:
        _, code, message, file, _ = fault_of(place.step, error, "source-not-checked", name or place.file)
        place.fault(code, message, file)
    return None


def examine(record: StatementRecord, item: VerdictRecord, page: PageText, body: bytes) -> Iterator[Problem]:
    """What is wrong with one verdict."""
    if len(item.places) != len(record.parts):
        yield "verdicts-bad", f"{item.id}: {len(item.places)} places for {len(record.parts)} parts"
        return
    there = [found for found in item.places if found is not None]
    for found in there:
        yield from _stands_there(item.id, found, page, body)
    same = [
        found is not None and same_words(part.exact, found.exact)
        for part, found in zip(record.parts, item.places, strict=True)
    ]
    equal = [found.exact for found in there] == [part.exact for part in record.parts]
    if item.verdict in STANDS and not all(same):
        yield "verdict-differs", f"{item.id}: {item.verdict}, and the words there are others"
    elif item.verdict == "verbatim" and not equal:
        yield "verdict-differs", f"{item.id}: verbatim, and the words there are spelled in another way"
    elif item.verdict == "typographic" and equal:
        yield "verdict-differs", f"{item.id}: typographic, and nothing differs"
    elif item.verdict == "reworded" and all(same):
        yield "verdict-differs", f"{item.id}: reworded, and the words there are the same"
    if item.diff:
        old = "".join(piece for sign, piece in item.diff if sign != "+")
        new = "".join(piece for sign, piece in item.diff if sign != "-")
        if old != record.text or new != " ".join(found.exact for found in there):
            yield "verdict-differs", f"{item.id}: the diff is not between the statement and the words there"


def _stands_there(name: str, found: PlaceRecord, page: PageText, body: bytes) -> Iterator[Problem]:
    """Whether the words given stand at their place."""
    if found.text is None:
        if page.plain or not any(found.exact in text for text in article_bodies(body, page.encoding)):
            yield "verdict-differs", f"{name}: the words are not in the page's JSON-LD"
        return
    try:
        check_part(page.text, body, page.encoding, found.exact, found.text, found.bytes, found.digest, plain=page.plain)
    except ProofError as error:
        yield "verdict-differs", f"{name}: {error.message}"
