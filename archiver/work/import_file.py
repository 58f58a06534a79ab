"""Import: a file of somebody else's is sealed as it was received, with what our check of it said, and read.

    copied and hashed -> checked -> its page taken out -> sealed as `import` -> read

Nothing says where a file came from but whoever brought it. What is checked is the copy that is sealed, not the file
that lies outside. A page is what the file gives as one: it is read like a capture, its statements anchored in it.
"""

from __future__ import annotations

import mimetypes
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

from archiver import digest
from archiver.archive import Archive
from archiver.errors import ArchiverError, FormatError, MissingError, StoreError, UsageError
from archiver.foreign.check import check_foreign
from archiver.foreign.credentials import count_credentials
from archiver.foreign.extract import format_of, page_in
from archiver.foreign.page_in import Candidate
from archiver.model import received
from archiver.model.encoding import clean
from archiver.model.facts import LocalFile
from archiver.model.received import Checked, Format, PageIn, Received, StepResult
from archiver.store.ledger import Draft
from archiver.store.objects import StagedObject
from archiver.verify.report import STEPS, Report
from archiver.work.check import Asked, check, policy_of
from archiver.work.crew import Hand, reading_of, stop_event
from archiver.work.import_record import About, Sealing, facts_of_file, salt_of, source_of
from archiver.work.prepare import BYTES, Run
from archiver.work.recheck import run_of
from archiver.work.start import hands_of
from archiver.work.station import StagedReading
from archiver.work.wishes import Wishes

MEDIA_TYPES: dict[Format, str] = {
    "har": "application/json", "mhtml": "multipart/related", "warc": "application/warc", "wacz": "application/zip",
    "bundle": "application/zip", "bag": "application/zip", "html": "text/html",
}  # fmt: skip


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
    credentials: int | None = None
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
        credentials = count_credentials(stream, kind)
    local = LocalFile(clean(path.name, 300), modified, original.size, media_type)
    facts = facts_of_file(archive, run, local, about, started)
    sealing = Sealing(archive, original, kind, local, started)
    warc = sealing.write_warc(found)
    record = Received(
        received.STATEMENT, kind, original.digest, original.size, checked,
        None if found is None else sealing.page(*found), credentials,
        problems, salt_of(archive),
    )  # fmt: skip
    draft, staged = sealing.draft(facts, record, source_of(archive, about, started))
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
        credentials=record.credentials,
        reading=number,
        kind=reading.facts.kind if reading is not None else None,
        title=reading.title if reading is not None else None,
        statements=reading.facts.statements if reading is not None else 0,
        problems=record.problems,
    )
