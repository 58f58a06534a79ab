"""What the report shows, gathered from the evidence in a bundle and from nothing else, a capture at a time.

Nothing is verified here and nothing is trusted: values are shown as what the collector recorded, and escaped by the
template. Whatever is withheld, taken down or of a later version is said to be so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from archiver import digest
from archiver.bundle.record import BundleRecord
from archiver.bundle.report import context, words
from archiver.bundle.report.context import Piece
from archiver.errors import MissingError, NewerVersionError
from archiver.evidence import Evidence, read
from archiver.model import facts as facts_model
from archiver.model import statement as statement_model
from archiver.model.encoding import MAX_DOCUMENT
from archiver.model.facts import ReadingFacts, Remark, SnapshotFacts
from archiver.model.manifest import MAX_BYTES, KeyChange, Manifest, ObjectRef, decode
from archiver.model.statement import ContextRecord, StatementRecord
from archiver.page import text

MAX_TEXT = 32 << 20  # bytes of page text or of statements that are shown; larger ones are only listed


@dataclass(frozen=True, slots=True)
class Member:
    """One manifest of the bundle."""

    sequence: int
    digest: str
    manifest: Manifest
    selected: bool


@dataclass(frozen=True, slots=True)
class File:
    """One object of a manifest: `state` is None if it is in the bundle, else why it is not."""

    ref: ObjectRef
    name: str
    state: str | None

    @property
    def meaning(self) -> str:
        """What it is, in words."""
        return words.ROLES.get(self.ref.role, self.ref.role)


@dataclass(frozen=True, slots=True)
class Shown:
    """One statement, with the words around it."""

    ref: str
    record: StatementRecord
    paragraphs: tuple[tuple[Piece, ...], ...]


@dataclass(frozen=True, slots=True)
class ReadingView:
    """One reading. `facts` None: not in the bundle; `problem` says why something cannot be shown."""

    member: Member
    facts: ReadingFacts | None
    statements: tuple[Shown, ...]
    files: tuple[File, ...]
    problem: str | None

    def said(self, key: str) -> tuple[str, str] | None:
        """Value and source of one of the article's facts."""
        article = self.facts.article if self.facts is not None else None
        return _said((article or {}).get(key))

    @property
    def bylines(self) -> list[tuple[str, str]]:
        """Names under which the article appeared, with their sources."""
        article = self.facts.article if self.facts is not None else None
        found = (article or {}).get("bylines")
        return [said for item in found if (said := _said(item))] if isinstance(found, list) else []


@dataclass(frozen=True, slots=True)
class CaptureView:
    """One snapshot (or imported file) with its readings in the bundle."""

    member: Member
    facts: SnapshotFacts | None
    readings: tuple[ReadingView, ...]
    files: tuple[File, ...]
    problem: str | None

    @property
    def title(self) -> str:
        """The article's title as the newest reading gives it, else the address."""
        for reading in reversed(self.readings):
            said = reading.said("title")
            if said is not None:
                return said[0]
        return self.address or f"Capture {self.member.sequence}"

    @property
    def address(self) -> str | None:
        """Where the answer came from, or the file's name."""
        if self.facts is None:
            return None
        if self.facts.file is not None:
            return self.facts.file.name
        return self.facts.final_url or (self.facts.request.url if self.facts.request else None)


class View:
    """Everything that the templates ask for."""

    def __init__(self, evidence: Evidence, record: BundleRecord) -> None:
        """Raises MissingError, FormatError for manifests that cannot be read."""
        self.evidence = evidence
        self.record = record
        self._selected = frozenset(record.selected)
        self._withheld = frozenset(item.digest for item in record.withheld)
        self._removed: dict[str, int] = {}
        self._snapshots: dict[int, str] = {}  # number -> digest of the manifest
        self._signers: set[str] = set()
        self._readings: dict[str, list[int]] = {}
        self.others: list[Member] = []
        self.stamps: list[str] = []
        self.key_events: list[tuple[int, KeyChange]] = []
        self.binding = 0
        self.count = 0
        for sequence in evidence.sequences():
            self._sort_in(self._member(sequence))
        self._lose_orphans()

    def _member(self, sequence: int) -> Member:
        data = read(self.evidence, self.evidence.manifest_name(sequence), MAX_BYTES)
        return Member(sequence, digest.of_bytes(data), decode(data), sequence in self._selected)

    def _sort_in(self, member: Member) -> None:
        manifest = member.manifest
        self.count += 1
        self.binding += not member.selected
        self._signers.add(manifest.signer)
        if manifest.event == "takedown":
            self._removed.update(dict.fromkeys(manifest.extra, member.sequence))
        elif manifest.event == "stamp":
            self.stamps += [stamp.file for stamp in manifest.extra]
        elif isinstance(manifest.extra, KeyChange):
            self.key_events.append((member.sequence, manifest.extra))
        if not member.selected:
            return
        if manifest.event in ("snapshot", "import"):
            self._snapshots[member.sequence] = member.digest
        elif manifest.event == "reading" and manifest.subject is not None:
            self._readings.setdefault(manifest.subject, []).append(member.sequence)
        else:
            self.others.append(member)

    def _lose_orphans(self) -> None:
        """Readings whose snapshot is not selected are shown among the other records."""
        for subject in sorted(set(self._readings).difference(self._snapshots.values())):
            self.others += [self._member(sequence) for sequence in self._readings.pop(subject)]
        self.others.sort(key=lambda member: member.sequence)

    @property
    def signers(self) -> list[str]:
        """Fingerprints of the keys that the manifests name, each once, sorted."""
        return sorted(self._signers)

    @property
    def total(self) -> int:
        """How many captures there are."""
        return len(self._snapshots)

    def captures(self) -> Iterator[CaptureView]:
        """The captures in the order of the log, each read when it is asked for."""
        for sequence in self._snapshots:
            member = self._member(sequence)
            facts, problem = self._facts(member.manifest, facts_model.decode_snapshot)
            readings = tuple(self._reading(number) for number in self._readings.get(member.digest, ()))
            yield CaptureView(member, facts, readings, self.files(member), problem)

    def files(self, member: Member) -> tuple[File, ...]:
        """The objects that a manifest names, and whether they are here."""
        return tuple(File(ref, self._name(ref), self._state(ref)) for ref in member.manifest.objects)

    def _name(self, ref: ObjectRef) -> str:
        return self.evidence.object_name(ref.digest) or ""

    def _state(self, ref: ObjectRef) -> str | None:
        if self.evidence.object_name(ref.digest) is not None:
            return None
        if ref.digest in self._removed:
            return f"taken down by number {self._removed[ref.digest]}"
        return "withheld by the exporter" if ref.digest in self._withheld else "not in this bundle"

    def _object(self, manifest: Manifest, role: str, limit: int) -> bytes:
        ref = manifest.object(role)
        if ref is None:
            raise MissingError(f"there is no {role}")
        name = self.evidence.object_name(ref.digest)
        if name is None:
            raise MissingError(f"{role}: {self._state(ref)}")
        if ref.size > limit:
            raise MissingError(f"{role}: {words.size(ref.size)} are too many to be shown here")
        return read(self.evidence, name, limit)

    def _facts(self, manifest: Manifest, decoder: Any) -> tuple[Any, str | None]:
        try:
            return decoder(self._object(manifest, "facts", MAX_DOCUMENT)), None
        except (MissingError, NewerVersionError) as error:
            return None, error.message

    def remark(self, member: Member) -> Remark | None:
        """What a person says in a note, if this is one and its words are here."""
        if member.manifest.event != "note":
            return None
        remark: Remark | None = self._facts(member.manifest, facts_model.decode_remark)[0]
        return remark

    def _reading(self, sequence: int) -> ReadingView:
        member = self._member(sequence)
        facts, problem = self._facts(member.manifest, facts_model.decode_reading)
        statements: tuple[Shown, ...] = ()
        if member.manifest.object("statements") is not None:
            try:
                pairs = statement_model.decode_object(self._object(member.manifest, "statements", MAX_TEXT))
                page = self._page_text(member.manifest)
                statements = tuple(_shown(sequence, page, *pair) for pair in pairs)
            except (MissingError, NewerVersionError) as error:
                problem = problem or error.message
        return ReadingView(member, facts, statements, self.files(member), problem)

    def _page_text(self, manifest: Manifest) -> str | None:
        try:
            return text.decode_object(self._object(manifest, "page-text", MAX_TEXT))[1]
        except (MissingError, NewerVersionError):
            return None


def _shown(sequence: int, page: str | None, record: StatementRecord, around: ContextRecord) -> Shown:
    paragraphs = context.in_page(page, record) if page is not None else None
    return Shown(f"{sequence}#{record.id}", record, paragraphs or context.in_record(record, around))


def _said(value: Any) -> tuple[str, str] | None:
    """Value and source of something that a page says; facts of articles are read as loosely as they are written."""
    if not isinstance(value, dict) or not isinstance(value.get("value"), str):
        return None
    source = value.get("source")
    return value["value"], source if isinstance(source, str) else "not recorded"
