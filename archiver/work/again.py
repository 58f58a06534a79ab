"""Readings made from what was sealed: for captures without one, or anew by a newer reader. Snapshots stay."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from archiver.archive import Archive
from archiver.errors import ArchiverError, MissingError, UsageError
from archiver.model.facts import SnapshotFacts
from archiver.store.ledger import Draft, Group
from archiver.store.objects import StagedObject
from archiver.warc.http import split_message
from archiver.warc.read import Record, read_records
from archiver.work import look
from archiver.work import read as reader
from archiver.work.prepare import reading_draft, with_subject
from archiver.work.readers import Children, InProcess, Readers

GROUP = 64  # readings in one commit


@dataclass(frozen=True, slots=True)
class Again:
    """What became of one capture."""

    snapshot: int
    reading: int | None
    replaces: int | None
    kind: str | None
    statements: int
    error: str | None = None


def pending(archive: Archive, refs: Sequence[str] | None) -> list[look.Capture]:
    """The captures that REFs mean, or all that have no reading and whose response can be read; oldest first."""
    if refs is None:
        found = [item for item in look.captures(archive) if item.reading is None and _readable(item)]
        return found[::-1]
    chosen = {}
    for ref in refs:
        meant = look.resolve(archive, ref)
        if meant.capture is None:
            raise UsageError(f"{ref} is a {meant.item.manifest.event}: only captures can be read")
        whole = look.joined(archive, meant.capture.snapshot, look.newest_reading(archive, meant.capture.snapshot))
        chosen[whole.snapshot.sequence] = whole
    return list(chosen.values())


def _readable(capture: look.Capture) -> bool:
    return capture.facts is not None and capture.facts.outcome in ("response", "file")


def material_of(archive: Archive, capture: look.Capture) -> reader.Material:
    """The decoded body of a capture's last exchange, taken from its WARC. Raises MissingError, FormatError."""
    facts = capture.facts
    ref = capture.snapshot.manifest.object("warc")
    name = archive.folder.object_name(ref.digest) if ref is not None else None
    if facts is None or name is None:
        raise MissingError(
            f"number {capture.snapshot.sequence}: its WARC or facts are not here", hint="archiver verify"
        )
    with archive.folder.open(name) as stream:
        last: reader.Material | None = None
        for record in read_records(stream):
            if record.get("WARC-Type") in ("response", "resource"):
                last = _material(record, facts)
    if last is None:
        raise MissingError(f"number {capture.snapshot.sequence}: no response is stored")
    return last


def _material(record: Record, facts: SnapshotFacts) -> reader.Material:
    identifier = record.get("WARC-Record-ID") or ""
    if record.get("WARC-Type") == "resource":
        body = record.block().read(reader.MAX_READ + 1)
        kind = record.get("Content-Type") or ""
        return reader.Material(identifier, body, True, (), kind, None, (), facts.file.name if facts.file else "", "")
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


def read_again(archive: Archive, chosen: Sequence[look.Capture], jobs: int) -> Iterator[Again]:
    """Read and seal; one result for each capture, after the commit that seals it."""
    readers: Readers = InProcess(archive.entropy)
    if archive.entropy is os.urandom and len(chosen) > 1:
        readers = Children(min(jobs, len(chosen)))
    try:
        with ThreadPoolExecutor(max(1, jobs)) as pool:
            for start in range(0, len(chosen), GROUP):
                group = chosen[start : start + GROUP]
                yield from _seal(archive, group, list(pool.map(lambda item: _read(archive, item, readers), group)))
    finally:
        readers.close()


def _read(archive: Archive, capture: look.Capture, readers: Readers) -> reader.Reading | ArchiverError:
    try:
        return readers.read(material_of(archive, capture))
    except ArchiverError as error:
        return error


def _seal(
    archive: Archive, group: Sequence[look.Capture], readings: Sequence[reader.Reading | ArchiverError]
) -> list[Again]:
    done = []
    with archive.ledger().batch() as batch:
        for capture, reading in zip(group, readings, strict=True):
            number = capture.snapshot.sequence
            if isinstance(reading, ArchiverError):
                done.append(Again(number, None, None, None, 0, str(reading)))
                continue
            before = capture.reading
            added = batch.add(_draft(archive, batch, capture, reading))
            found = reading.facts
            replaced = before.sequence if before is not None else None
            done.append(Again(number, added.sequence, replaced, found.kind, found.statements))
        batch.commit()
    return done


def _draft(archive: Archive, batch: Group, capture: look.Capture, reading: reader.Reading) -> Draft:
    staged: list[StagedObject] = []
    if capture.reading is not None:
        before = look.readings(archive, capture.snapshot)
        earlier = [record for item in before for record, _ in look.statements(archive, item)]
        reading = reader.renumbered(reading, earlier)
    draft = reading_draft(archive, reading, staged)
    assert draft is not None
    for item in staged:
        batch.adopt(item)
    replaces = capture.reading.digest if capture.reading is not None else None
    return replace(with_subject(draft, capture.snapshot.digest), extra=replaces)
