"""Import: a file of somebody else's is sealed as it was received, with what our check of it said, and read.

    copied and hashed -> checked -> its page taken out -> sealed as `import` -> read

Nothing says where a file came from but whoever brought it. What is checked is the copy that is sealed, not the file
that lies outside. A page is what the file gives as one: it is read like a capture, its statements anchored in it.
"""

from __future__ import annotations

import mimetypes
import os
import platform
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

from archiver import __version__, digest
from archiver.archive import Archive
from archiver.errors import ArchiverError, FormatError, MissingError, StoreError, UsageError
from archiver.foreign.check import check_foreign
from archiver.foreign.extract import format_of, page_in
from archiver.foreign.page_in import Candidate
from archiver.model import facts as facts_model
from archiver.model import received
from archiver.model.encoding import clean
from archiver.model.facts import ClockFacts, LocalFile, SnapshotFacts, Software
from archiver.model.manifest import SALT_BYTES, ObjectRef, Tree, spell_salt
from archiver.model.received import Checked, Format, PageIn, Received, SourceOf, StepResult
from archiver.store.ledger import Draft
from archiver.store.objects import StagedObject
from archiver.verify.report import STEPS, Report
from archiver.warc.segments import SECRET_SIZE
from archiver.warc.write import WarcWriter
from archiver.work.check import Asked, check, policy_of
from archiver.work.crew import Hand, reading_of, stop_event
from archiver.work.prepare import BYTES, JSON, Run, libraries, synchronised
from archiver.work.recheck import run_of
from archiver.work.start import hands_of
from archiver.work.station import StagedReading
from archiver.work.wishes import Wishes

MAX_WORDS = 2000  # characters of what a person says
MEDIA_TYPES: dict[Format, str] = {
    "har": "application/json", "mhtml": "multipart/related", "warc": "application/warc", "wacz": "application/zip",
    "bundle": "application/zip", "bag": "application/zip", "html": "text/html",
}  # fmt: skip
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


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file. `checked`: the verdict of our check, None where there is nothing to check."""

    path: Path
    format: Format | None = None
    number: int | None = None
    digest: str | None = None
    size: int = 0
    checked: Checked | None = None
    page: PageIn | None = None
    reading: int | None = None
    kind: str | None = None
    title: str | None = None
    statements: int = 0
    problems: tuple[str, ...] = ()
    error: str | None = None
    hint: str | None = None

    @property
    def good(self) -> bool:
        """Sealed, and nothing that was checked was wrong."""
        return self.error is None and (self.checked is None or self.checked.exit_code in (0, 4))


def import_files(
    archive: Archive, paths: Sequence[Path], about: About, unlock: Callable[[], object]
) -> Iterator[Imported]:
    """Seal files; one result for each, after the commit that seals it. Raises UsageError, StoreError; what is wrong
    with one file stands in its result."""
    hands = hands_of(archive, None, None, 1, stop_event())
    try:
        unlock()
        run = run_of(archive, archive.settings, Wishes())
        for path in paths:
            try:
                with hands.hand() as hand:
                    yield _import(archive, run, hand, path, about)
            except ArchiverError as error:
                yield Imported(path, error=str(error), hint=error.hint)
    finally:
        hands.close()


def _import(archive: Archive, run: Run, hand: Hand, path: Path, about: About) -> Imported:
    if path.is_dir():
        raise UsageError("is a folder", where=str(path), hint="pack it into a zip, and import that")
    started = archive.clock()
    original, modified = _copied(archive, path)
    try:
        return _import_copy(archive, run, hand, path, about, started, original, modified)
    except ArchiverError:
        archive.objects.discard(original)
        raise


def _import_copy(
    archive: Archive, run: Run, hand: Hand, path: Path, about: About, started: str, original: StagedObject,
    modified: str,
) -> Imported:  # fmt: skip
    with original.temp.open("rb") as stream:
        kind = format_of(stream, path.name)
        media_type = MEDIA_TYPES.get(kind) or mimetypes.guess_type(path.name)[0] or BYTES
        checked = _check(archive, original.temp, kind)
        found, problems = _page(stream, kind, media_type, about.page, checked)
    local = LocalFile(clean(path.name, 300), modified, original.size, media_type)
    facts = _facts(archive, run, local, about, started)
    sealing = _Sealing(archive, original, kind, local, started)
    warc = sealing.write_warc(found)
    record = Received(
        received.STATEMENT, kind, original.digest, original.size, checked,
        None if found is None else sealing.page(*found), problems, _salt(archive),
    )  # fmt: skip
    draft, staged = sealing.draft(facts, record, _source(archive, about, started))
    reading = None
    if found is not None and warc is not None:
        hand.take_warc(str(warc.temp), facts)
        reading = reading_of(hand, hand.read)
    return _seal(archive, path, draft, staged, record, reading)


def _copied(archive: Archive, path: Path) -> tuple[StagedObject, str]:
    """The file as it is now, and when it was last changed. Raises MissingError, StoreError."""
    staging = archive.objects.open_staging()
    try:
        with path.open("rb") as stream, staging:
            before = os.fstat(stream.fileno())
            shutil.copyfileobj(stream, cast(BinaryIO, staging), digest.CHUNK)
            if os.fstat(stream.fileno()).st_mtime_ns != before.st_mtime_ns:
                raise StoreError("changed while it was being read", where=str(path), hint="import it again")
            moment = datetime.fromtimestamp(before.st_mtime, UTC)
            spelled = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
            return staging.finish(), spelled
    except FileNotFoundError:
        raise MissingError("there is no such file", where=str(path)) from None
    except OSError as error:
        raise StoreError(f"could not be read: {error.strerror}", where=str(path)) from None


def _check(archive: Archive, path: Path, kind: Format) -> Checked | None:
    """What a verification says of the copy; None of a kind that has nothing to verify."""
    if kind == "bundle":
        report = check(path, archive.home, Asked())
    elif kind in ("warc", "wacz", "bag"):
        report = check_foreign(path, kind, policy_of(archive.home, Asked(), None))
    else:
        return None
    return _result(report)


def _result(report: Report) -> Checked:
    steps = [
        StepResult(number, name, report.outcome(number).value)
        for number, name in STEPS.items()
        if not report.steps[number].empty
    ]
    signers = tuple(sorted(report.signers))
    return Checked(report.kind, report.archive, signers, clean(report.verdict, 500), report.exit_code, tuple(steps))


def _page(
    stream: BinaryIO, kind: Format, media_type: str, wanted: str | None, checked: Checked | None
) -> tuple[tuple[Candidate, bytes] | None, tuple[str, ...]]:
    """The page and its body, or why there is none. What does not hold together is sealed, and not read."""
    if checked is not None and checked.exit_code not in (0, 4):
        return None, (f"not read: it does not verify ({checked.verdict})",)
    try:
        return page_in(stream, kind, media_type, wanted), ()
    except (MissingError, FormatError) as error:
        return None, (clean(f"not read: {error.message}", 500),)


@dataclass(slots=True)
class _Sealing:
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


def _seal(
    archive: Archive, path: Path, draft: Draft, staged: list[StagedObject], record: Received,
    reading: StagedReading | None,
) -> Imported:  # fmt: skip
    with archive.ledger().batch() as group:
        for item in (*staged, *(reading.staged if reading is not None else ())):
            group.adopt(item)
        sealed = group.add(draft)
        number = None
        if reading is not None:
            number = group.add(replace(reading.draft, subject=sealed.digest)).sequence
        group.commit()
    return Imported(
        path=path,
        format=record.format,
        number=sealed.sequence,
        digest=record.digest,
        size=record.size,
        checked=record.checked,
        page=record.page,
        reading=number,
        kind=reading.facts.kind if reading is not None else None,
        title=reading.title if reading is not None else None,
        statements=reading.facts.statements if reading is not None else 0,
        problems=record.problems,
    )


def _source(archive: Archive, about: About, started: str) -> SourceOf | None:
    if about.given_by is None and about.source_note is None:
        return None
    return SourceOf(_words(about.given_by), _words(about.source_note), started, _salt(archive))


def _words(text: str | None) -> str | None:
    return None if text is None else clean(text, MAX_WORDS)


def _salt(archive: Archive) -> str:
    return spell_salt(archive.entropy(SALT_BYTES))


def _facts(archive: Archive, run: Run, local: LocalFile, about: About, started: str) -> SnapshotFacts:
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
        software=Software(
            "archiver", __version__, platform.python_version(), platform.system(), libraries(), run.settings
        ),
        complete=True,
        missing=(),
        transformations=(),
        errors=(),
        salt=_salt(archive),
    )
