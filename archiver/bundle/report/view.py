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
from archiver.bundle.report import context, visits, words
from archiver.bundle.report.context import Piece
from archiver.bundle.report.visits import Told, Visit
from archiver.errors import MissingError, NewerVersionError
from archiver.evidence import Evidence, read
from archiver.model import decisions as decisions_model
from archiver.model import facts as facts_model
from archiver.model import statement as statement_model
from archiver.model import verdicts as verdicts_model
from archiver.model.decisions import Decision
from archiver.model.encoding import MAX_DOCUMENT
from archiver.model.facts import ReadingFacts, Remark, SnapshotFacts
from archiver.model.manifest import MAX_BYTES, KeyChange, Manifest, ObjectRef, StampRef, decode
from archiver.model.statement import ContextRecord, StatementRecord
from archiver.model.verdicts import VerdictRecord
from archiver.page import text
from archiver.verify.layout import object_path

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
    """One statement. `paragraphs`: the words around it, none if they are withheld; `told`: what later visits found;
    `decisions`: what people decided about it."""

    ref: str
    record: StatementRecord
    paragraphs: tuple[tuple[Piece, ...], ...]
    told: tuple[Told, ...] = ()
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadingView:
    """One reading. `facts` None: not in the bundle; `problem` says why something cannot be shown; `partial`: some of
    its statements were withheld."""

    member: Member
    facts: ReadingFacts | None
    statements: tuple[Shown, ...]
    files: tuple[File, ...]
    problem: str | None
    partial: bool = False

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
    visits: tuple[Visit, ...] = ()
    picture: str | None = None  # a data: URI
    rechecks: tuple[int, ...] = ()  # the rechecks that this capture was made for

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

    def __init__(self, evidence: Evidence, record: BundleRecord, *, bundled: bool = True) -> None:
        """`bundled`: whether the page lies in a bundle; else it is written from an archive, and stands alone. Raises
        MissingError, FormatError for manifests that cannot be read."""
        self.evidence = evidence
        self.bundled = bundled
        self.record = record
        self._selected = frozenset(record.selected)
        self._withheld = frozenset(item.digest for item in record.withheld)
        self._removed: dict[str, int] = {}
        self._snapshots: dict[int, str] = {}  # number -> digest of the manifest
        self._signers: set[str] = set()
        self._readings: dict[str, list[int]] = {}
        self._read_from: dict[str, str] = {}  # digest of a reading -> digest of its snapshot
        self._rechecks: list[Member] = []
        self._visits: dict[str, list[Member]] = {}  # digest of a snapshot -> rechecks of its readings
        self._made_for: dict[str, list[int]] = {}  # digest of a snapshot -> rechecks that it was made for
        self.others: list[Member] = []
        self.stamps: list[tuple[StampRef, int]] = []  # with the number of the event that lists it
        self.key_events: list[tuple[int, KeyChange]] = []
        self.binding = 0
        self.count = 0
        for sequence in evidence.sequences():
            self._sort_in(self.member(sequence))
        self._lose_orphans()

    def member(self, sequence: int) -> Member:
        """The manifest of that number. Raises MissingError, FormatError."""
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
            self.stamps += [(stamp, member.sequence) for stamp in manifest.extra]
        elif isinstance(manifest.extra, KeyChange):
            self.key_events.append((member.sequence, manifest.extra))
        if not member.selected:
            return
        if manifest.event in ("snapshot", "import"):
            self._snapshots[member.sequence] = member.digest
        elif manifest.event == "reading" and manifest.subject is not None:
            self._readings.setdefault(manifest.subject, []).append(member.sequence)
            self._read_from[member.digest] = manifest.subject
        elif manifest.event == "recheck":
            self._rechecks.append(member)
        else:
            self.others.append(member)

    def _lose_orphans(self) -> None:
        """Readings whose snapshot is not selected are shown among the other records."""
        for subject in sorted(set(self._readings).difference(self._snapshots.values())):
            self.others += [self.member(sequence) for sequence in self._readings.pop(subject)]
        shown = set(self._snapshots.values())
        for member in self._rechecks:
            snapshot = self._read_from.get(member.manifest.subject or "")
            self._made_for.setdefault(member.manifest.extra, []).append(member.sequence)
            if snapshot in shown:
                self._visits.setdefault(snapshot or "", []).append(member)
            else:
                self.others.append(member)
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
            member = self.member(sequence)
            facts, problem = self._facts(member.manifest, facts_model.decode_snapshot)
            seen = tuple(self._visit(recheck) for recheck in self._visits.get(member.digest, ()))
            readings = tuple(self._reading(number, seen) for number in self._readings.get(member.digest, ()))
            yield CaptureView(
                member,
                facts,
                readings,
                self.files(member),
                problem,
                seen,
                self._picture(member.manifest),
                tuple(self._made_for.get(member.digest, ())),
            )

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

    def _reading(self, sequence: int, seen: tuple[Visit, ...]) -> ReadingView:
        member = self.member(sequence)
        facts, problem = self._facts(member.manifest, facts_model.decode_reading)
        statements: tuple[Shown, ...] = ()
        partial = False
        if member.manifest.object("statements") is not None:
            try:
                pairs, partial = self._pairs(member.manifest)
                page, decided = self._page_text(member.manifest), self._decisions(member.manifest)
                statements = tuple(_shown(sequence, page, *pair, seen, decided) for pair in pairs)
            except (MissingError, NewerVersionError) as error:
                problem = problem or error.message
        return ReadingView(member, facts, statements, self.files(member), problem, partial)

    def _pairs(self, manifest: Manifest) -> tuple[list[tuple[StatementRecord, ContextRecord | None]], bool]:
        """Statements with the words around them; and whether these are only some, the others being withheld."""
        ref = manifest.object("statements")
        name = self.evidence.prefix + parts_path(ref.digest) if ref is not None else ""
        if ref is None or self.evidence.object_name(ref.digest) is not None or self.evidence.size(name) is None:
            return list(statement_model.decode_object(self._object(manifest, "statements", MAX_TEXT))), False
        pairs: list[tuple[StatementRecord, ContextRecord | None]] = []
        for line in statement_model.split_lines(read(self.evidence, name, MAX_TEXT)):
            record = statement_model.decode_record(line)
            if isinstance(record, StatementRecord):
                pairs.append((record, None))
            elif pairs and pairs[-1][0].id == record.id:
                pairs[-1] = (pairs[-1][0], record)
        return pairs, True

    def _visit(self, member: Member) -> Visit:
        facts, problem = self._facts(member.manifest, verdicts_model.decode_facts)
        found: dict[str, VerdictRecord] = {}
        try:
            decoded = verdicts_model.decode(self._object(member.manifest, verdicts_model.ROLE, MAX_TEXT))
            found = {item.id: item for item in decoded.verdicts}
        except (MissingError, NewerVersionError) as error:
            problem = problem or error.message
        snapshot = next((n for n, digest in self._snapshots.items() if digest == member.manifest.extra), None)
        return Visit(member.sequence, member.manifest.time, snapshot, facts, found, problem)

    def _decisions(self, manifest: Manifest) -> dict[str, list[Decision]]:
        """What people decided, by the statements' ids; empty if nobody did, or it is not here."""
        if manifest.object(decisions_model.ROLE) is None:
            return {}
        found: dict[str, list[Decision]] = {}
        try:
            decided = decisions_model.decode(self._object(manifest, decisions_model.ROLE, MAX_DOCUMENT))
            for item in decided.decisions:
                found.setdefault(item.id, []).append(item)
        except (MissingError, NewerVersionError):
            return {}
        return found

    def _picture(self, manifest: Manifest) -> str | None:
        """The screenshot of a snapshot, as it can stand in the page."""
        digest = visits.picture_of(manifest)
        if digest is None or self.evidence.object_name(digest) is None:
            return None
        ref = manifest.object("screenshot")
        data = self._object(manifest, "screenshot", visits.MAX_PICTURE)
        return visits.data_uri(ref.media_type, data) if ref is not None else None

    def _page_text(self, manifest: Manifest) -> str | None:
        try:
            return text.decode_object(self._object(manifest, "page-text", MAX_TEXT))[1]
        except (MissingError, NewerVersionError):
            return None


def parts_path(value: str) -> str:
    """Where the parts of an object stand that was withheld as a whole, without `data/` (docs/formats/bundle.md)."""
    return object_path(value).replace("objects/", "parts/", 1)


def _shown(
    sequence: int,
    page: str | None,
    record: StatementRecord,
    around: ContextRecord | None,
    seen: tuple[Visit, ...],
    decided: dict[str, list[Decision]],
) -> Shown:
    paragraphs = context.in_page(page, record) if page is not None else None
    if paragraphs is None:
        paragraphs = context.in_record(record, around) if around is not None else ()
    told = tuple(Told(visit, visit.verdicts[record.id]) for visit in seen if record.id in visit.verdicts)
    return Shown(f"{sequence}#{record.id}", record, paragraphs, told, tuple(decided.get(record.id, ())))


def _said(value: Any) -> tuple[str, str] | None:
    """Value and source of something that a page says; facts of articles are read as loosely as they are written."""
    if not isinstance(value, dict) or not isinstance(value.get("value"), str):
        return None
    source = value.get("source")
    return value["value"], source if isinstance(source, str) else "not recorded"
