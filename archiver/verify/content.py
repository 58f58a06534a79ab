"""Steps 10 to 12: what the stored bytes say. Everything is derived again from the WARC; nothing is taken on trust.

10 exchanges   the WARC holds together, its segments give the root, and the facts say what the exchanges say
11 readings    the body that was read is in the WARC, and the page text is its projection
12 statements  the lines give the root, and the words of each statement stand in the bytes at its anchor

What a reading concludes (kind of page, title, speaker, cue, …) is its interpretation, and is not checked here.
"""

from __future__ import annotations

from typing import NamedTuple

from archiver import digest
from archiver.errors import ArchiverError, FormatError, MissingError, NewerVersionError, ProofError
from archiver.evidence import Evidence, read
from archiver.model import decisions
from archiver.model import facts as facts_model
from archiver.model.encoding import MAX_DOCUMENT
from archiver.model.facts import ReadingFacts, SnapshotFacts
from archiver.model.freshness import not_before
from archiver.model.manifest import MAX_BYTES, Manifest, ObjectRef, decode
from archiver.page import text
from archiver.page.decode import MAX_BODY
from archiver.verify import bodies, exchanges, imports, listed, parts, rechecks, rendered, statements
from archiver.verify.bodies import Body
from archiver.verify.case import Case, Fault, fault_of
from archiver.verify.place import Place
from archiver.verify.report import Weight, counted
from archiver.verify.workers import Workers
from archiver.warc.segments import SECRET_SIZE

TASK = 8  # manifests a task; a page costs some milliseconds
MAX_TEXT = 256 << 20  # bytes of a page-text or statements object that are read into memory

_RECEIVED = "import"
_REMARKS = frozenset({"note", "takedown", "export"})  # what a person says stands in their facts


class Item(NamedTuple):
    """A manifest to be looked into, and the snapshot that it speaks about, each with the digest seen in step 4."""

    sequence: int
    digest: str
    subject: int | None
    subject_digest: str | None
    other: int | None = None  # of a recheck, the new snapshot
    other_digest: str | None = None


class Result(NamedTuple):
    """What was looked at, and what is wrong with it."""

    snapshots: int
    readings: int
    statements: int
    faults: list[Fault]


def check_content(case: Case, workers: Workers) -> None:
    """Look into every snapshot and reading that is here."""
    items = _items(case)
    tasks = [items[at : at + TASK] for at in range(0, len(items), TASK)]
    counts = {"snapshots": 0, "readings": 0, "statements": 0}
    done = 0
    gone = frozenset(case.removed)
    for task, result in zip(tasks, workers.map(examine_content, [(task, gone) for task in tasks]), strict=True):
        for key, count in zip(counts, result[:3], strict=True):
            counts[key] += count
        case.take(result[3])
        done += len(task)
        case.progress("contents", done, len(items))
    case.report.counts.update(counts)
    for number, key, what in (
        (10, "snapshots", ("snapshot holds together", "snapshots hold together")),
        (11, "readings", ("reading follows from the stored bytes", "readings follow from the stored bytes")),
        (12, "statements", ("statement stands in the stored bytes", "statements stand in the stored bytes")),
    ):
        step = case.report.steps[number]
        step.checked, step.summary = counts[key], counted(counts[key], *what)
        if not counts[key]:
            # What is missing is no emptiness: a requirement is not met by it.
            missing = any(f.step == number and f.weight is not Weight.REMARK for f in case.report.findings)
            step.empty, step.summary = not missing, f"there are no {key} here"


def _items(case: Case) -> list[Item]:
    found = []
    places = {sequence: place for place, sequence in enumerate(case.sequences)} if case.subjects else {}
    for place, sequence in enumerate(case.sequences):
        event = case.events.get(sequence)
        if event in ("snapshot", "reading", "recheck", _RECEIVED, *_REMARKS):
            subject, other = case.subjects.get(sequence), case.compared.get(sequence)
            there, then = (case.digest_at(places[n]) if n is not None else None for n in (subject, other))
            found.append(Item(sequence, case.digest_at(place), subject, there, other, then))
    return found


def examine_content(evidence: Evidence, task: tuple[list[Item], frozenset[str]]) -> tuple[int, int, int, list[Fault]]:
    """Look into some manifests; the digests are of objects that were taken down. Runs in any process."""
    items, gone = task
    snapshots = readings = found = 0
    faults: list[Fault] = []
    for item in items:
        place = Place(evidence, 10, item.sequence, evidence.manifest_name(item.sequence), faults)
        manifest = _manifest(place, item.sequence, item.digest)
        if manifest is None or not _is_here(evidence, manifest):
            continue
        if manifest.event == _RECEIVED:
            imports.check(place, manifest, _facts(place, manifest))
            snapshots += 1
        elif manifest.event == "recheck":
            compared = ((item.subject, item.subject_digest), (item.other, item.other_digest))
            rechecks.check(place.at(12), manifest, *(_manifest(place, n, d) if n and d else None for n, d in compared))
        elif manifest.event in _REMARKS:
            _remark(place.at(11), manifest)
        elif manifest.event == "snapshot":
            _snapshot(place, manifest)
            snapshots += 1
        else:
            readings += 1
            found += _reading(place.at(11), manifest, item, gone)
    return snapshots, readings, found, faults


def _manifest(place: Place, sequence: int, wanted: str) -> Manifest | None:
    """The manifest that step 4 saw, read again."""
    name = place.evidence.manifest_name(sequence)
    try:
        data = read(place.evidence, name, MAX_BYTES)
        if digest.of_bytes(data) != wanted:
            raise ProofError("changed while it was being verified")
        return decode(data)
    except ArchiverError as error:
        place.fault("content-not-checked", error.message, name)
        return None


def _is_here(evidence: Evidence, manifest: Manifest) -> bool:
    """A bundle holds some manifests only for what they bind, without any of their objects."""
    if evidence.kind == "archive":
        return True
    return any(
        evidence.object_name(ref.digest) is not None or parts.part_name(evidence, ref.digest) is not None
        for ref in manifest.objects
        if ref.size  # an empty object is everybody's
    )


def _fresh(place: Place, facts: SnapshotFacts) -> None:
    found = not_before(facts)
    if found is not None:
        message = f"was made after this became public, if {found.source} first gave it then: {found.value}"
        place.fault("not-before-claimed", message)


def _facts(place: Place, manifest: Manifest) -> SnapshotFacts | None:
    data = place.object(manifest, "facts", MAX_DOCUMENT, "facts-bad")
    if data is not None:
        try:
            facts = facts_model.decode_snapshot(data)
            _fresh(place, facts)
            return facts
        except NewerVersionError as error:
            place.fault("facts-newer", error.message)
        except FormatError as error:
            place.fault("facts-bad", error.message)
    return None


def _snapshot(place: Place, manifest: Manifest) -> None:
    facts = _facts(place, manifest)
    rendered.check_snapshot(place, manifest, facts)
    ref = manifest.object("warc")
    if ref is None:
        if facts is not None and (facts.outcome != "no response" or facts.hops):
            place.fault("facts-differ", "the facts speak of something received, and there is no WARC")
        return
    name = place.evidence.object_name(ref.digest)
    part = parts.part_name(place.evidence, ref.digest) if name is None else None
    if part is not None:
        for code, message in exchanges.check_part(place.evidence, part, ref, facts):
            place.fault(code, message, part)
        return
    if name is None:
        place.fault("content-not-checked", "the WARC is not here")
        return
    secret = place.object(manifest, "segment-secret", SECRET_SIZE, "segments-root")
    if ref.segments is None and secret is None:
        place.fault("segments-root", "the manifest names no segments for its WARC")
    for code, message in exchanges.check_warc(place.evidence, name, ref, secret, facts):
        place.fault(code, message, name)


def _remark(place: Place, manifest: Manifest) -> None:
    data = place.object(manifest, "facts", MAX_DOCUMENT, "facts-bad") if manifest.object("facts") is not None else None
    if data is not None:
        try:
            facts_model.decode_remark(data)
        except NewerVersionError as error:
            place.fault("facts-newer", error.message)
        except FormatError as error:
            place.fault("facts-bad", error.message)


def _reading(place: Place, manifest: Manifest, item: Item, gone: frozenset[str]) -> int:
    """Steps 11 and 12 for one reading; the number of statements looked at. Without facts nothing says which body was
    read: the statements are then what the collector lists, and no more."""
    data = place.object(manifest, "facts", MAX_DOCUMENT, "facts-bad")
    warc = _warc(place, item)
    why = parts.why_absent(place.evidence, warc.digest, gone) if warc is not None else None
    if warc is not None and parts.part_name(place.evidence, warc.digest) is not None:
        why = "withheld"  # that part of it, if it comes to this
    if data is None:
        ref = manifest.object("facts")
        why = (parts.why_absent(place.evidence, ref.digest, gone) if ref is not None else None) or why
        return listed.check(place.at(12), manifest, None, None, why)
    try:
        facts = facts_model.decode_reading(data)
    except NewerVersionError as error:
        place.fault("facts-newer", error.message)
        return 0
    except FormatError as error:
        place.fault("facts-bad", error.message)
        return 0
    _decisions(place, manifest)
    body = _body(place, facts, warc)
    page = _page_text(place, manifest, facts, body)
    if item.subject is not None and item.subject_digest is not None:
        snapshot = _manifest(place._replace(faults=[]), item.subject, item.subject_digest)
        rendered.check_reading(place.at(12), manifest, facts, snapshot)
    return listed.check(place.at(12), manifest, facts, page, why)


def _decisions(place: Place, manifest: Manifest) -> None:
    data = (
        place.object(manifest, decisions.ROLE, MAX_DOCUMENT, "facts-bad")
        if manifest.object(decisions.ROLE) is not None
        else None
    )
    if data is not None:
        try:
            decisions.decode(data)
        except NewerVersionError as error:
            place.fault("facts-newer", error.message)
        except FormatError as error:
            place.fault("facts-bad", error.message)


def _warc(place: Place, item: Item) -> ObjectRef | None:
    """The WARC of the snapshot that was read, as its manifest names it."""
    if item.subject is None or item.subject_digest is None:
        return None
    snapshot = _manifest(place, item.subject, item.subject_digest)
    return snapshot.object("warc") if snapshot is not None else None


def _body(place: Place, facts: ReadingFacts, warc: ObjectRef | None) -> Body | None:
    """The decoded body that the reading says it read, taken again from the snapshot's WARC."""
    if facts.source is None:
        return None
    if warc is None:
        place.fault("content-not-checked", "the body that was read cannot be derived again: there is no WARC here")
        return None
    name = place.evidence.object_name(warc.digest) or parts.part_name(place.evidence, warc.digest)
    try:
        body = bodies.body_of(place.evidence, warc, facts.source)
    except MissingError as error:
        message = f"the body that was read cannot be derived again: {error.message}"
        place.fault("content-not-checked", message)
    except ProofError as error:
        place.fault("source-differs", error.message, name)
    except ArchiverError as error:
        _, code, message, file, _ = fault_of(place.step, error, "source-not-checked", name or place.file)
        place.fault(code, message, file)
    else:
        if not body.named:
            message = (
                "the body that was read is here, proven to be part of the WARC; "
                "from which exchange: not checked (its WARC header is withheld)"
            )
            place.fault("source-unnamed", message, name)
        return body
    return None


def _page_text(place: Place, manifest: Manifest, facts: ReadingFacts, body: Body | None) -> statements.Page | None:
    """The page text that statements must stand in: derived again if there is a body, else the sealed one."""
    source = facts.source
    if source is None or source.text is None:
        if manifest.object("page-text") is not None:
            place.fault("facts-differ", "there is a page text, and the facts speak of none")
        return None
    if manifest.object("page-text") is None:
        place.fault("facts-differ", "the facts speak of a page text, and there is none")
        return None
    if source.size > MAX_BODY:
        place.fault("facts-differ", f"a page of {source.size} bytes; more than {MAX_BODY} are not read as one")
        return None
    data = place.object(manifest, "page-text", MAX_TEXT, "text-bad")
    sealed = None
    if data is not None:
        try:
            sealed = text.decode_object(data)[1]
        except NewerVersionError as error:
            place.fault("facts-newer", error.message)
        except FormatError as error:
            place.fault("text-bad", error.message)
    if body is None or body.data is None:
        return None if sealed is None else statements.Page(sealed, None, None, source.encoding or "")
    media_type = body.content_type.split(";")[0].strip().lower()
    plain = source.text == "plain-text/v1"
    if (media_type == "text/plain") != plain:
        place.fault("facts-differ", f"a body of type {media_type or 'unknown'} was read as {source.text}")
    try:
        page = (text.project_plain if plain else text.project)(body.data, body.content_type)
    except FormatError as error:
        place.fault("source-not-checked", error.message)
        return None
    if sealed is not None and page.text != sealed:
        place.fault("text-differs", "the page text is not the projection of the stored body")
    if (page.encoding, page.encoding_source) != (source.encoding, source.encoding_source):
        place.fault(
            "facts-differ",
            f"the encoding is {page.encoding} ({page.encoding_source}), "
            f"the facts say {source.encoding} ({source.encoding_source})",
        )
    return statements.Page(page.text, page, body.data, page.encoding)
