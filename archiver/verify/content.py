"""Steps 10 to 12: what the stored bytes say. Everything is derived again from the WARC; nothing is taken on trust.

10 exchanges   the WARC holds together, its segments give the root, and the facts say what the exchanges say
11 readings    the body that was read is in the WARC, and the page text is its projection
12 statements  the lines give the root, and the words of each statement stand in the bytes at its anchor
"""

from __future__ import annotations

from dataclasses import dataclass

from archiver import digest
from archiver.errors import ArchiverError, FormatError, MissingError, NewerVersionError, ProofError
from archiver.evidence import read
from archiver.model import facts as facts_model
from archiver.model import statement as statement_model
from archiver.model.encoding import MAX_DOCUMENT
from archiver.model.facts import ReadingFacts, SnapshotFacts
from archiver.model.manifest import MAX_BYTES, Manifest, ObjectRef, decode
from archiver.page import anchor, text
from archiver.verify import exchanges
from archiver.verify.case import Case

MAX_TEXT = 256 << 20  # bytes of a page-text or statements object that are read into memory


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a finding belongs."""

    case: Case
    step: int
    sequence: int
    file: str | None = None

    def fault(self, code: str, message: str) -> None:
        self.case.report.find(self.step, code, message, file=self.file, sequence=self.sequence)


def check_content(case: Case) -> None:
    """Look into every snapshot and reading that is here."""
    total = len(case.sequences)
    counts = {"snapshots": 0, "readings": 0, "statements": 0}
    for done, sequence in enumerate(case.sequences):
        if case.events.get(sequence) == "snapshot":
            counts["snapshots"] += _snapshot(case, sequence)
        elif case.events.get(sequence) == "reading":
            counts["readings"] += 1
            counts["statements"] += _reading(case, sequence)
        case.progress("contents", done + 1, total)
    case.report.counts.update(counts)
    for number, key, what in (
        (10, "snapshots", "snapshots hold together"),
        (11, "readings", "readings follow from the stored bytes"),
        (12, "statements", "statements stand in the stored bytes"),
    ):
        step = case.report.steps[number]
        step.checked = counts[key]
        step.summary = f"{counts[key]} {what}"
        if not counts[key]:
            step.summary = f"there are no {key}"


def _manifest(case: Case, sequence: int) -> Manifest | None:
    try:
        return decode(read(case.evidence, case.evidence.manifest_name(sequence), MAX_BYTES))
    except ArchiverError:
        return None  # steps 4 and 5 have said so


def _object(place: _Place, manifest: Manifest, role: str, limit: int) -> tuple[ObjectRef, bytes] | None:
    """A small object's bytes, or None after saying why it cannot be looked into."""
    ref = manifest.object(role)
    if ref is None:
        place.fault("content-not-checked", f"the manifest names no {role}")
        return None
    name = place.case.evidence.object_name(ref.digest)
    if name is None:
        place.fault("content-not-checked", f"{role} is not here")
        return None
    try:
        data = read(place.case.evidence, name, limit)
    except (MissingError, FormatError) as error:
        place.fault("content-not-checked", f"{role}: {error.message}")
        return None
    return ref, data


def _snapshot(case: Case, sequence: int) -> bool:
    manifest = _manifest(case, sequence)
    if manifest is None:
        return False
    place = _Place(case, 10, sequence, case.evidence.manifest_name(sequence))
    found = _object(place, manifest, "facts", MAX_DOCUMENT)
    facts: SnapshotFacts | None = None
    if found is not None:
        try:
            facts = facts_model.decode_snapshot(found[1])
        except NewerVersionError as error:
            place.fault("facts-newer", error.message)
        except FormatError as error:
            place.fault("facts-bad", error.message)
    ref = manifest.object("warc")
    if ref is None:
        if facts is not None and facts.outcome != "no response":
            place.fault("facts-differ", "the facts speak of a response, and there is no WARC")
        return True
    name = case.evidence.object_name(ref.digest)
    if name is None:
        place.fault("content-not-checked", "the WARC is not here")
        return False
    secret = _object(place, manifest, "segment-secret", 32)
    for code, message in exchanges.check_warc(case.evidence, name, ref, secret[1] if secret else None, facts):
        place.fault(code, message)
    return True


def _reading(case: Case, sequence: int) -> int:
    """Steps 11 and 12 for one reading; the number of statements looked at."""
    manifest = _manifest(case, sequence)
    if manifest is None or manifest.subject is None:
        return 0
    place = _Place(case, 11, sequence, case.evidence.manifest_name(sequence))
    found = _object(place, manifest, "facts", MAX_DOCUMENT)
    if found is None:
        return 0
    try:
        facts = facts_model.decode_reading(found[1])
    except NewerVersionError as error:
        place.fault("facts-newer", error.message)
        return 0
    except FormatError as error:
        place.fault("facts-bad", error.message)
        return 0
    body = _body(place, manifest, facts)
    page = _page_text(place, manifest, facts, body)
    return _statements(_Place(case, 12, sequence, place.file), manifest, facts, page, body)


def _body(place: _Place, manifest: Manifest, facts: ReadingFacts) -> bytes | None:
    """The decoded body that the reading says it read, taken again from the snapshot's WARC."""
    if facts.source is None:
        return None
    case = place.case
    assert manifest.subject is not None
    subject = case.by_digest.get(digest.raw(manifest.subject))
    snapshot = None if subject is None else _manifest(case, subject)
    ref = None if snapshot is None else snapshot.object("warc")
    name = None if ref is None else case.evidence.object_name(ref.digest)
    if name is None:
        place.fault("content-not-checked", "listed by the collector; present in the received bytes: not checked (no WARC here)")
        return None
    try:
        body = exchanges.body_of(case.evidence, name, facts.source)
    except ProofError as error:
        place.fault("source-differs", error.message)
        return None
    except ArchiverError as error:
        place.fault("source-not-checked", error.message)
        return None
    return body


def _page_text(place: _Place, manifest: Manifest, facts: ReadingFacts, body: bytes | None) -> str | None:
    if facts.source is None or facts.source.text is None:
        return None
    found = _object(place, manifest, "page-text", MAX_TEXT)
    if found is None:
        return None
    try:
        _, sealed = text.decode_object(found[1])
    except FormatError as error:
        place.fault("text-differs", error.message)
        return None
    if body is None:
        return sealed
    content_type = facts.source.media_type
    if facts.source.text == "plain-text/v1":
        page = text.project_plain(body, content_type)
    else:
        page = text.project(body, content_type)
    if page.text != sealed:
        place.fault("text-differs", "the page text is not the projection of the stored body")
    elif page.encoding != facts.source.encoding:
        place.fault("facts-differ", f"the encoding is {page.encoding}, the facts say {facts.source.encoding}")
    return sealed


def _statements(
    place: _Place, manifest: Manifest, facts: ReadingFacts, page: str | None, body: bytes | None
) -> int:
    found = _object(place, manifest, "statements", MAX_TEXT) if facts.statements else None
    if found is None:
        if facts.statements == 0 and manifest.object("statements") is None:
            return 0
        found = _object(place, manifest, "statements", MAX_TEXT)
        if found is None:
            return 0
    ref, data = found
    try:
        lines = statement_model.split_lines(data)
        tree = statement_model.leaves(lines)
        pairs = statement_model.decode_object(data)
    except NewerVersionError as error:
        place.fault("facts-newer", error.message)
        return 0
    except FormatError as error:
        place.fault("statements-bad", error.message)
        return 0
    if ref.leaves != tree:
        place.fault("statements-root", "the lines do not give the root in the manifest")
    if len(pairs) != facts.statements:
        place.fault("statements-bad", f"{len(pairs)} statements, the facts say {facts.statements}")
    for record, context in pairs:
        _statement(place, record, context, page, body, facts)
    return len(pairs)


def _statement(
    place: _Place,
    record: statement_model.StatementRecord,
    context: statement_model.ContextRecord,
    page: str | None,
    body: bytes | None,
    facts: ReadingFacts,
) -> None:
    if page is None:
        place.fault("content-not-checked", f"{record.id}: listed by the collector; the page text is not here")
        return
    encoding = facts.source.encoding if facts.source else None
    for part, around in zip(record.parts, context.parts, strict=True):
        try:
            anchor.check_part(page, body or b"", encoding or "", part.exact, part.text, part.bytes if body else None, part.digest)
        except ProofError as error:
            place.fault("statement-differs", f"{record.id}: {error.message}")
            continue
        low, high = part.text
        if page[max(0, low - len(around.prefix)) : low] != around.prefix or page[high : high + len(around.suffix)] != around.suffix:
            place.fault("statement-differs", f"{record.id}: the words around it are not those in the page text")
        if body is None:
            message = f"{record.id}: listed by the collector: passed; present in the received bytes: not checked"
            place.fault("content-not-checked", message)
        elif part.bytes is None:
            place.fault("statement-unanchored", f"{record.id}: has no one place in the bytes; found in the page text")
    mention = record.speaker.mention if record.speaker else None
    if mention is not None and not 0 <= mention[0] < mention[1] <= len(page):
        place.fault("statement-differs", f"{record.id}: the speaker's mention lies outside the page text")
