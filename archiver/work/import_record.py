"""The manifest of an import in the making: its objects, their entries, what is said of the file. It judges nothing.

facts              facts/v1: the file, as of a local file that is captured
import             import/v1: as what it was received, what our check said, which page was read
source             source/v1: from whom, if somebody says so; apart, so that it can stay out of an export
warc               the file itself as one record (a page, any other file), or the page that was in it
file               the file, where the WARC is not it
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, cast

from archiver import __version__, digest
from archiver.archive import Archive
from archiver.foreign.page_in import Candidate
from archiver.model import facts as facts_model
from archiver.model import received
from archiver.model.encoding import clean
from archiver.model.facts import ClockFacts, LocalFile, SnapshotFacts
from archiver.model.manifest import SALT_BYTES, ObjectRef, Tree, spell_salt
from archiver.model.received import Format, PageIn, Received, SourceOf
from archiver.store.ledger import Draft
from archiver.store.objects import StagedObject
from archiver.warc.segments import SECRET_SIZE
from archiver.warc.write import WarcWriter
from archiver.work.machine import software, synchronised
from archiver.work.prepare import BYTES, JSON, Run

MAX_WORDS = 2000  # characters of what a person says
ALONE = frozenset({"html", "other"})  # kinds that are sealed as the one record of their WARC, as captured files are


@dataclass(frozen=True, slots=True)
class About:
    """What the person says of the files. `page`: the address of the page that is meant in files with several."""

    given_by: str | None = None
    source_note: str | None = None
    case: str | None = None
    note: str | None = None
    tags: tuple[str, ...] = ()
    page: str | None = None


@dataclass(slots=True)
class Sealing:
    """One import in the making: its objects and their entries in the manifest."""

    archive: Archive
    original: StagedObject
    kind: Format
    local: LocalFile
    started: str
    record: str = ""
    _warc: StagedObject | None = None
    _segments: Tree | None = None
    _secret: bytes = b""

    def write_warc(self, found: tuple[Candidate, bytes] | None) -> StagedObject | None:
        """The file as the one record, or the page that was in it; None if there is neither. Raises StoreError."""
        if self.kind not in ALONE and found is None:
            return None
        self._secret = self.archive.entropy(SECRET_SIZE)
        staging = self.archive.objects.open_staging()
        with staging, self.original.temp.open("rb") as stream:
            writer = WarcWriter(cast(BinaryIO, staging), new_id=self.archive.new_record_id, secret=self._secret)
            told = {"software": f"archiver/{__version__}", "format": "WARC File Format 1.1"}
            writer.write_info(self.started, told)
            if self.kind in ALONE:
                media_type = self.local.media_type
                self.record = writer.write_resource(
                    "file:///imported", self.started, media_type, stream, self.local.size
                )
            elif found is not None:
                body = found[1]
                uri = "file:///imported#page"
                self.record = writer.write_resource(uri, self.started, media_type_of(found[0]), body, len(body))
            summary = writer.finish()
            self._warc = staging.finish()
        assert summary.segments is not None  # it was written with a secret
        self._segments = Tree(summary.segments.count, summary.segments.root)
        return self._warc

    def page(self, candidate: Candidate, body: bytes) -> PageIn:
        """What the import says of the page."""
        url = None if candidate.url is None else clean(candidate.url, 8000)
        part, media_type = clean(candidate.part, received.MAX_PART), media_type_of(candidate)
        if self.kind in ALONE:
            media_type = self.local.media_type
        return PageIn(part, url, candidate.time, self.record, digest.of_bytes(body), len(body), media_type)

    def draft(
        self, facts: SnapshotFacts, record: Received, source: SourceOf | None
    ) -> tuple[Draft, list[StagedObject]]:
        """The manifest's draft and its objects; facts first. Raises StoreError."""
        staged, refs = [], []
        for role, data in (
            ("facts", facts_model.encode(facts)),
            (received.ROLE, received.encode(record)),
            *(((received.SOURCE_ROLE, received.encode(source)),) if source is not None else ()),
        ):
            item = self.archive.objects.stage_bytes(data)
            staged.append(item)
            refs.append(ObjectRef(role, item.digest, item.size, JSON))
        if self._warc is not None:
            secret = self.archive.objects.stage_bytes(self._secret)
            staged += [self._warc, secret]
            warc = ObjectRef("warc", self._warc.digest, self._warc.size, "application/warc", segments=self._segments)
            refs += [warc, ObjectRef("segment-secret", secret.digest, secret.size, BYTES)]
        staged.append(self.original)  # one that no manifest names, for it is in the WARC, is discarded
        if self.kind not in ALONE:
            media_type = self.local.media_type
            refs.append(ObjectRef(received.FILE_ROLE, self.original.digest, self.original.size, media_type))
        return Draft("import", None, None, tuple(refs), self.archive.clock()), staged


def media_type_of(candidate: Candidate) -> str:
    """The media type as the file gives it, if it is one that can stand in a WARC header."""
    said = candidate.media_type.strip()
    return said if said.isascii() and said.isprintable() and len(said) <= 200 else candidate.kind


def source_of(archive: Archive, about: About, started: str) -> SourceOf | None:
    if about.given_by is None and about.source_note is None:
        return None
    return SourceOf(_words(about.given_by), _words(about.source_note), started, salt_of(archive))


def _words(text: str | None) -> str | None:
    return None if text is None else clean(text, MAX_WORDS)


def salt_of(archive: Archive) -> str:
    return spell_salt(archive.entropy(SALT_BYTES))


def facts_of_file(archive: Archive, run: Run, local: LocalFile, about: About, started: str) -> SnapshotFacts:
    return SnapshotFacts(
        run=run.id,
        origin="local file",
        collector=run.collector,
        case=_words(about.case),
        note=_words(about.note),
        tags=tuple(clean(tag, 100) for tag in about.tags),
        request=None,
        file=local,
        started=started,
        ended=archive.clock(),
        attempts=1,
        outcome="file",
        final_url=None,
        hops=(),
        clock=ClockFacts("system clock", synchronised(), None, "UTC"),
        software=software(run.settings),
        complete=True,
        missing=(),
        transformations=(),
        errors=(),
        salt=salt_of(archive),
    )
