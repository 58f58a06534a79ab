"""Looking at an archive: captures with their newest readings, and what a REF means. Verifies nothing, changes nothing.

41  or  42         a manifest's number; a reading's number finds its snapshot too
42#s3              a statement of that reading (of a snapshot's newest reading)
sha256:9f86d0…     the manifest whose digest begins so (8 digits at least)
latest             the newest capture
https://…          the newest capture of that address
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archiver import digest
from archiver.archive import Archive
from archiver.errors import ArchiverError, FormatError, MissingError, UsageError
from archiver.evidence import read
from archiver.model import decisions as decisions_model
from archiver.model import facts as facts_model
from archiver.model import statement as statement_model
from archiver.model.decisions import Decisions
from archiver.model.facts import ReadingFacts, SnapshotFacts
from archiver.model.manifest import MAX_BYTES, Manifest, decode
from archiver.model.statement import ContextRecord, StatementRecord
from archiver.web.addresses import normalise_url

if TYPE_CHECKING:
    from archiver.store.index import Index

MAX_STATEMENTS = 256 << 20  # bytes
TAKEN_DOWN = "taken down"
NEAR = 64  # manifests that are looked through faster than an index is opened
_NUMBER = re.compile(r"(0|[1-9][0-9]{0,15})(?:#(s[1-9][0-9]{0,8}))?", re.ASCII)
_PREFIX = re.compile(r"sha256:[0-9a-f]{8,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A manifest with its digest and number."""

    sequence: int
    digest: str
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Capture:
    """One snapshot with its newest reading. `problem`: why its facts cannot be shown (`verify` says more)."""

    snapshot: Sealed
    facts: SnapshotFacts | None
    reading: Sealed | None
    found: ReadingFacts | None
    problem: str | None = None

    @property
    def url(self) -> str:
        """The address asked for, or the file's name."""
        if self.facts is None:
            return ""
        if self.facts.request is not None:
            return self.facts.request.url
        return self.facts.file.name if self.facts.file is not None else ""

    def said(self, name: str) -> str | None:
        """The value of one article field (title, site, …), whoever says it."""
        article = (self.found.article if self.found is not None else None) or {}
        value = article.get(name)
        if isinstance(value, dict):
            value = value.get("value")
        return value if isinstance(value, str) else None


def sealed(archive: Archive, sequence: int) -> Sealed:
    """One manifest. Raises MissingError, FormatError."""
    name = archive.folder.manifest_name(sequence)
    try:
        data = read(archive.folder, name, MAX_BYTES)
        return Sealed(sequence, digest.of_bytes(data), decode(data))
    except ArchiverError as error:
        error.where = error.where or name
        raise


def captures(archive: Archive) -> Iterator[Capture]:
    """Every capture, newest first, reading the archive backwards: the first rows come at once, whatever its size."""
    return _captures(archive, 0, {})


def _captures(archive: Archive, start: int, newest: dict[str, Sealed]) -> Iterator[Capture]:
    """The captures from number `start` on, newest first. `newest` is left with the readings of earlier ones."""
    for sequence in range(archive.size() - 1, start - 1, -1):
        try:
            item = sealed(archive, sequence)
        except ArchiverError:
            continue  # `verify` says what is wrong with it
        if item.manifest.event == "reading" and item.manifest.subject is not None:
            newest.setdefault(item.manifest.subject, item)
        elif item.manifest.event in ("snapshot", "import"):
            yield joined(archive, item, newest.pop(item.digest, None))


def joined(archive: Archive, snapshot: Sealed, reading: Sealed | None) -> Capture:
    """A snapshot and a reading of it with their facts."""
    facts: SnapshotFacts | None = None
    found: ReadingFacts | None = None
    problem: str | None = None
    try:
        facts = facts_model.decode_snapshot(archive.object(snapshot.manifest, "facts"))
        if reading is not None:
            found = facts_model.decode_reading(archive.object(reading.manifest, "facts"))
    except ArchiverError as error:
        problem = _taken_down(archive, snapshot, reading) or str(error)
    return Capture(snapshot, facts, reading, found, problem)


def _taken_down(archive: Archive, *items: Sealed | None) -> str | None:
    """That the facts of one of these were taken down, if the log says so."""
    with suppress(ArchiverError):
        for item in items:
            ref = item.manifest.object("facts") if item is not None else None
            if ref is not None and archive.folder.object_name(ref.digest) is None and ref.digest in archive.removed():
                return f"{TAKEN_DOWN} (number {archive.removed()[ref.digest]})"
    return None


def statements(archive: Archive, reading: Sealed) -> list[tuple[StatementRecord, ContextRecord]]:
    """The statements of a reading. Raises MissingError, FormatError."""
    if reading.manifest.object("statements") is None:
        return []
    return statement_model.decode_object(archive.object(reading.manifest, "statements", MAX_STATEMENTS))


def decisions(archive: Archive, reading: Sealed) -> Decisions | None:
    """What people decided about the statements of a reading; None if they did not. Raises MissingError, FormatError."""
    if reading.manifest.object(decisions_model.ROLE) is None:
        return None
    return decisions_model.decode(archive.object(reading.manifest, decisions_model.ROLE))


@dataclass(frozen=True, slots=True)
class Meant:
    """What a REF means: a manifest, the capture around it if it is one, and the statement's id if one was named."""

    item: Sealed
    capture: Capture | None
    statement: str | None

    @property
    def name(self) -> str:
        """The canonical spelling: `42#s3`, `42`."""
        return f"{self.item.sequence}#{self.statement}" if self.statement else str(self.item.sequence)


def resolve(archive: Archive, ref: str, statement: str | None = None) -> Meant:
    """What `ref` means in this archive. Raises UsageError, MissingError."""
    ref = ref.strip()
    number = _NUMBER.fullmatch(ref)
    if number is not None:
        sequence, named = int(number.group(1)), number.group(2)
        if statement and named and statement != named:
            raise UsageError(f"{ref} and --statement {statement} contradict each other")
        return _around(archive, _at(archive, sequence, ref), named or statement)
    if ref == "latest":
        found = next(captures(archive), None)
        if found is None:
            raise MissingError("nothing has been captured yet", hint="capture something with: archiver capture URL")
        return _of_capture(archive, found, statement)
    if ref.startswith("sha256:"):
        return _around(archive, _by_digest(archive, ref), statement)
    if "://" in ref or "." in ref:
        return _of_capture(archive, _by_url(archive, ref), statement)
    raise UsageError(f"{ref!r} names nothing", hint="give a number (42), 42#s3, sha256:…, latest, or an address")


def _at(archive: Archive, sequence: int, ref: str) -> Sealed:
    size = archive.size()
    if sequence >= size:
        raise MissingError(f"there is no number {ref}: the archive has 0 to {size - 1}", where=str(archive.root))
    return sealed(archive, sequence)


def _by_digest(archive: Archive, ref: str) -> Sealed:
    if not _PREFIX.fullmatch(ref):
        raise UsageError(f"{ref[:80]}: give at least 8 and at most 64 hexadecimal digits after sha256:")
    found = None
    for sequence in range(archive.size()):
        name = archive.folder.manifest_name(sequence)
        if digest.of_bytes(read(archive.folder, name, MAX_BYTES)).startswith(ref):
            if found is not None:
                raise UsageError(f"{ref} is the beginning of more than one digest: give more digits")
            found = sequence
    if found is None:
        raise MissingError(f"no manifest has a digest that begins with {ref}", where=str(archive.root))
    return sealed(archive, found)


def _by_url(archive: Archive, ref: str) -> Capture:
    if "#s" in ref and re.search(r"#s[1-9][0-9]*$", ref):
        raise UsageError(f"{ref}: an address takes no #s…; name the statement with --statement")
    url = normalise_url(ref)
    found = _by_index(archive, url, ref) or next((item for item in captures(archive) if _is_at(item, url, ref)), None)
    if found is None:
        raise MissingError(f"{ref} was never captured into this archive", where=str(archive.root))
    return found


def _is_at(capture: Capture, url: str, ref: str) -> bool:
    facts = capture.facts
    if facts is not None and facts.request is not None:
        return url in (facts.request.url, facts.final_url) or ref == facts.request.as_given
    return facts is not None and facts.file is not None and facts.file.name == ref


def _by_index(archive: Archive, url: str, ref: str) -> Capture | None:
    """The newest capture of an address through the index, if there is one that knows it: the index says where to look,
    the archive's own objects what is there. What the index has not seen is looked through first."""
    index = _index(archive)
    if index is None:
        return None
    newest: dict[str, Sealed] = {}
    with index:
        for capture in _captures(archive, index.count, newest):
            if _is_at(capture, url, ref):
                return capture
        try:
            for number in index.snapshots_at({url, ref}):
                item = sealed(archive, number)
                reading = newest.get(item.digest) or _newest_in(archive, index, item)
                capture = joined(archive, item, reading)
                if item.manifest.event in ("snapshot", "import") and _is_at(capture, url, ref):
                    return capture
        except ArchiverError:
            return None
    return None


def _index(archive: Archive) -> Index | None:
    from archiver.store.index import Index

    return Index.peek(archive.folder, archive.home.indexes)


def _newest_in(archive: Archive, index: Index, snapshot: Sealed) -> Sealed | None:
    """The newest reading that the index knows of a snapshot. Raises ArchiverError if it is none."""
    numbers = index.readings_of(snapshot.sequence)
    if not numbers:
        return None
    item = sealed(archive, numbers[-1])
    if item.manifest.event != "reading" or item.manifest.subject != snapshot.digest:
        raise FormatError("the index is of another archive", where=str(index.place))
    return item


def _around(archive: Archive, item: Sealed, statement: str | None) -> Meant:
    """The capture that a manifest belongs to: a snapshot with its newest reading, or the reading that was named."""
    event = item.manifest.event
    if event in ("snapshot", "import"):
        return _checked(archive, Meant(item, joined(archive, item, newest_reading(archive, item)), statement))
    if event == "reading" and item.manifest.subject is not None:
        snapshot = find_digest(archive, item.manifest.subject, before=item.sequence)
        return _checked(archive, Meant(item, joined(archive, snapshot, item), statement))
    if statement:
        raise UsageError(f"number {item.sequence} is no capture ({event}): it has no statements")
    return Meant(item, None, None)


def _of_capture(archive: Archive, capture: Capture, statement: str | None) -> Meant:
    if statement and capture.reading is not None:
        return _checked(archive, Meant(capture.reading, capture, statement))
    return _checked(archive, Meant(capture.snapshot, capture, statement))


def _checked(archive: Archive, meant: Meant) -> Meant:
    """A statement that was named must be there; it is then named by its reading's number."""
    if meant.statement is None:
        return meant
    capture = meant.capture
    if capture is None or capture.reading is None:
        raise MissingError(f"number {meant.item.sequence} has no reading, so no statements")
    ids = [record.id for record, _ in statements(archive, capture.reading)]
    if meant.statement not in ids:
        known = f"it has s1 to {ids[-1]}" if ids else "it has none"
        raise MissingError(f"number {capture.reading.sequence} has no statement {meant.statement}: {known}")
    return Meant(capture.reading, capture, meant.statement)


def newest_reading(archive: Archive, snapshot: Sealed) -> Sealed | None:
    """The newest reading of a snapshot, None if it was not read yet. To look at: the index is asked where there is one.
    Whoever seals something because of it takes `readings`."""
    index = _index(archive)
    if index is not None:
        with index:
            later = readings(archive, snapshot, index.count)
            if later:
                return later[-1]
            try:
                found = _newest_in(archive, index, snapshot) if index.count > snapshot.sequence else None
            except ArchiverError:
                found = None
            if found is not None:
                return found
    every = readings(archive, snapshot)
    return every[-1] if every else None


def readings(archive: Archive, snapshot: Sealed, start: int = 0) -> list[Sealed]:
    """Every reading of a snapshot, from number `start` on, in the order of the log; every manifest is looked at."""
    found = []
    wanted = f'"subject": "{snapshot.digest}"'.encode()
    # A reading stands close behind its snapshot as a rule; later ones may stand anywhere behind it.
    for sequence in range(max(start, snapshot.sequence + 1), archive.size()):
        try:
            # In the one layout that is accepted a subject is spelled like this: most manifests need not be decoded.
            if wanted not in read(archive.folder, archive.folder.manifest_name(sequence), MAX_BYTES):
                continue
            item = sealed(archive, sequence)
        except ArchiverError:
            continue
        if item.manifest.event == "reading" and item.manifest.subject == snapshot.digest:
            found.append(item)
    return found


def find_digest(archive: Archive, wanted: str, before: int) -> Sealed:
    """The manifest with that digest among those before a position, searched backwards. Raises MissingError."""
    near = max(0, before - NEAR)
    found = _search_back(archive, wanted, before, near)
    if found is None and near:
        found = _digest_by_index(archive, wanted, near) or _search_back(archive, wanted, near, 0)
    if found is None:
        raise MissingError(f"the manifest {wanted[:23]}… that number {before} speaks about is not here")
    return found


def _search_back(archive: Archive, wanted: str, before: int, start: int) -> Sealed | None:
    for sequence in range(before - 1, start - 1, -1):
        with suppress(ArchiverError):
            item = sealed(archive, sequence)
            if item.digest == wanted:
                return item
    return None


def _digest_by_index(archive: Archive, wanted: str, before: int) -> Sealed | None:
    index = _index(archive)
    if index is None:
        return None
    with index, suppress(ArchiverError):
        number = index.number_of(wanted)
        item = sealed(archive, number) if number is not None and number < before else None
        if item is not None and item.digest == wanted:
            return item
    return None
