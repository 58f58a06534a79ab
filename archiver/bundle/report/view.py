"""What the report shows, gathered from the evidence in a bundle and from nothing else, a capture at a time.

Nothing is verified here and nothing is trusted: values are shown as what the collector recorded, and escaped by the
template. Whatever is withheld, taken down or of a later version is said to be so.
"""

from __future__ import annotations

from collections.abc import Iterator

from archiver import digest
from archiver.bundle.record import BundleRecord
from archiver.bundle.report import context
from archiver.bundle.report.sealed import MAX_TEXT, Objects
from archiver.bundle.report.shown import CaptureView, File, Member, ReadingView, Shown
from archiver.bundle.report.visits import Told, Visit
from archiver.errors import FormatError, MissingError, NewerVersionError
from archiver.evidence import Evidence, read
from archiver.model import facts as facts_model
from archiver.model import verdicts as verdicts_model
from archiver.model.facts import Remark
from archiver.model.manifest import MAX_BYTES, KeyChange, StampRef, decode
from archiver.model.rendering import Rendering
from archiver.model.statement import ContextRecord, StatementRecord
from archiver.tlog.note import open_note
from archiver.verify.layout import CHECKPOINT

__all__ = ["CaptureView", "File", "Member", "ReadingView", "Shown", "View"]


class View:
    """Everything that the templates ask for."""

    def __init__(self, evidence: Evidence, record: BundleRecord, *, bundled: bool = True) -> None:
        """`bundled`: whether the page lies in a bundle; else it is written from an archive, and stands alone. Raises
        MissingError, FormatError for manifests that cannot be read."""
        self.evidence = evidence
        self.bundled = bundled
        self.record = record
        self._selected = frozenset(record.selected)
        self._removed: dict[str, int] = {}
        self._objects = Objects(evidence, {item.digest: item.shown for item in record.withheld}, self._removed)
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
        """Readings and rechecks whose snapshot is not selected are shown among the other records."""
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

    @property
    def witnesses(self) -> list[str]:
        """Names in signature lines under the bundle's checkpoint that are not the log's own; whose they are, nobody
        checked."""
        try:
            note = open_note(read(self.evidence, self.evidence.prefix + CHECKPOINT))
        except (MissingError, FormatError):
            return []
        origin = note.text.partition(b"\n")[0].decode("utf-8")
        return sorted({line.name for line in note.signatures} - {origin})

    def captures(self) -> Iterator[CaptureView]:
        """The captures in the order of the log, each read when it is asked for."""
        for sequence in self._snapshots:
            member = self.member(sequence)
            facts, problem = self._objects.decoded(member.manifest, "facts", facts_model.decode_snapshot)
            seen = tuple(self._visit(recheck) for recheck in self._visits.get(member.digest, ()))
            rendering = self._objects.rendering(member.manifest)
            numbers = self._readings.get(member.digest, ())
            yield CaptureView(
                member=member,
                facts=facts,
                readings=tuple(self._reading(number, seen, rendering) for number in numbers),
                files=self.files(member),
                problem=problem,
                visits=seen,
                picture=self._objects.screenshot(member.manifest),
                rechecks=tuple(self._made_for.get(member.digest, ())),
                rendering=rendering,
            )

    def files(self, member: Member) -> tuple[File, ...]:
        """The objects that a manifest names, and whether they are here."""
        return self._objects.files(member)

    def in_part(self) -> Iterator[tuple[Member, File]]:
        """The objects that are withheld but for some parts, with the manifests that name them."""
        for sequence in sorted({item.sequence for item in self.record.withheld if item.shown}):
            member = self.member(sequence)
            yield from ((member, file) for file in self.files(member) if file.parts)

    def remark(self, member: Member) -> Remark | None:
        """What a person says in a note, if this is one and its words are here."""
        if member.manifest.event != "note":
            return None
        return self._objects.decoded(member.manifest, "facts", facts_model.decode_remark)[0]

    def _reading(self, sequence: int, seen: tuple[Visit, ...], rendering: Rendering | None) -> ReadingView:
        member = self.member(sequence)
        facts, problem = self._objects.decoded(member.manifest, "facts", facts_model.decode_reading)
        source = facts.source if facts is not None else None
        made = rendering is not None and source is not None and source.record == rendering.dom
        statements: tuple[Shown, ...] = ()
        partial = False
        if member.manifest.object("statements") is not None:
            try:
                pairs, partial = self._objects.pairs(member.manifest)
                statements = tuple(self._shown(member, pairs, seen))
            except (MissingError, NewerVersionError) as error:
                problem = problem or error.message
        return ReadingView(member, facts, statements, self.files(member), problem, partial, made)

    def _shown(
        self,
        member: Member,
        pairs: list[tuple[StatementRecord, ContextRecord | None]],
        seen: tuple[Visit, ...],
    ) -> Iterator[Shown]:
        """Each statement with all that is told about it."""
        objects, manifest = self._objects, member.manifest
        page, decided, served = objects.page_text(manifest), objects.decisions(manifest), objects.served(manifest)
        for record, around in pairs:
            paragraphs = context.in_page(page, record) if page is not None else None
            if paragraphs is None:
                paragraphs = context.in_record(record, around) if around is not None else ()
            yield Shown(
                ref=f"{member.sequence}#{record.id}",
                record=record,
                paragraphs=paragraphs,
                told=tuple(Told(visit, visit.verdicts[record.id]) for visit in seen if record.id in visit.verdicts),
                decisions=tuple(decided.get(record.id, ())),
                served=served.get(record.id),
                picture=objects.marked(manifest, record.id),
            )

    def _visit(self, member: Member) -> Visit:
        """One recheck."""
        manifest = member.manifest
        facts, problem = self._objects.decoded(manifest, "facts", verdicts_model.decode_facts)
        found, why = self._objects.decoded(manifest, verdicts_model.ROLE, verdicts_model.decode, MAX_TEXT)
        verdicts = {item.id: item for item in found.verdicts} if found is not None else {}
        snapshot = next((number for number, value in self._snapshots.items() if value == manifest.extra), None)
        return Visit(member.sequence, manifest.time, snapshot, facts, verdicts, problem or why)
