"""Export as WACZ: what a replay program shows, with the bundle that proves it inside; signed, and recorded like one.

    archive/041.warc   the exchanges, byte for byte (but for requests that carried credentials)
    evidence/bundle.zip   the bundle of the same captures: manifests, signatures, log; archiver verify checks it

A bundle holds no WACZ in turn: everything in a bundle is bound by the log or made again from what is, and a package for
replay is neither. So the package carries the bundle.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from archiver import __version__
from archiver.archive import Archive
from archiver.bundle.build import Built, build
from archiver.bundle.withhold import Withholding
from archiver.errors import MissingError, ProofError, StoreError, UsageError
from archiver.foreign.check import check_foreign
from archiver.foreign.wacz_write import Page, Part, Written, write_wacz
from archiver.model.events import MAX_SEQUENCES
from archiver.model.manifest import BundleRef
from archiver.signing.keys import Signer
from archiver.verify.case import Progress, silent
from archiver.verify.layout import manifest_path
from archiver.verify.policy import Policy
from archiver.verify.report import Weight
from archiver.work.export import Unfinished, check_place, record_export, sequences_of
from archiver.work.look import Capture, joined, newest_reading, sealed
from archiver.work.wacz_bundle import BUNDLE, check_inner

TITLE = "Captured web pages"


@dataclass(frozen=True, slots=True)
class ExportedWacz:
    """A package that was written. `captures`: numbers of the snapshots in it; `left_out`: requests that are not."""

    path: Path
    digest: str
    size: int
    captures: tuple[int, ...]
    record: int | None
    left_out: int


def export_wacz(
    archive: Archive,
    refs: Iterable[str],
    path: Path,
    *,
    force: bool = False,
    record: bool = True,
    purpose: str | None = None,
    signer: Signer | None = None,
    progress: Progress = silent,
) -> ExportedWacz:
    """Write the captures that `refs` mean into a WACZ, and record that it left.

    Raises UsageError, MissingError, FormatError and ProofError for what cannot be exported, RefusedError for a place
    inside the archive, StoreError; then nothing was written.
    """
    numbers = sequences_of(archive, refs)
    check_place(archive, path, force)
    ledger = archive.ledger() if record or signer is None else None
    if signer is None:
        assert ledger is not None
        signer = ledger.signer
    created = archive.clock()
    with Unfinished(path.parent) as bundle, Unfinished(path.parent) as package:
        built = build(
            archive.folder, numbers, signer, bundle.stream, created=created,
            withhold=Withholding(credentials=True), progress=progress,
        )  # fmt: skip
        bundle.finish()
        if record and len(built.record.selected) > MAX_SEQUENCES:
            raise UsageError(f"{len(built.record.selected)} records at once; at most {MAX_SEQUENCES} can be recorded")
        captures = _captures(archive, built)
        written = _write(archive, captures, built, bundle.path, package.stream, created, signer)
        found = package.finish()
        _check(package.path, path, signer)
        reference = BundleRef(found, written.size, built.record.selected)
        number = record_export(archive, reference, purpose) if record else None
        package.rename(path, force)
    sequences = tuple(capture.snapshot.sequence for capture in captures)
    return ExportedWacz(path, found, written.size, sequences, number, written.left_out)


def _captures(archive: Archive, built: Built) -> list[Capture]:
    """What of the chosen records holds exchanges. Raises MissingError if nothing does."""
    found = []
    for number in built.record.selected:
        item = sealed(archive, number)
        if item.manifest.event in ("snapshot", "import") and item.manifest.object("warc") is not None:
            found.append(joined(archive, item, newest_reading(archive, item)))
    if not found:
        raise MissingError("there is no exchange in what was chosen: nothing to replay")
    return found


def _write(
    archive: Archive,
    captures: list[Capture],
    built: Built,
    bundle: Path,
    out: BinaryIO,
    created: str,
    signer: Signer,
) -> Written:
    warcs, pages = [], []
    for capture in captures:
        ref = capture.snapshot.manifest.object("warc")
        assert ref is not None
        name = archive.folder.object_name(ref.digest)
        if name is None:
            raise MissingError("its exchanges are not there", where=manifest_path(capture.snapshot.sequence))
        number = f"{capture.snapshot.sequence:03}"
        warcs.append(Part(f"{number}.warc", ref.size, functools.partial(archive.folder.open, name)))
        pages += _pages(capture, number)
    main = next((page.title for page in pages if page.title), None)
    return write_wacz(
        out, warcs, pages, [Part(BUNDLE, built.size, functools.partial(_open, bundle))],
        title=main or TITLE, created=created, software=f"archiver/{__version__}", signer=signer,
    )  # fmt: skip


def _pages(capture: Capture, number: str) -> list[Page]:
    """The page that a capture is of; none if nobody answered."""
    facts = capture.facts
    page = facts.document if facts is not None else None
    if facts is None or page is None or facts.final_url is None:
        return []
    return [Page(page.url, page.started, capture.said("title"), number)]


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise StoreError(f"could not be read: {error.strerror}", where=str(path)) from None


def _check(temporary: Path, path: Path, signer: Signer) -> None:
    """The package as its receiver will see it. Raises ProofError if anything fails."""
    policy = Policy(signers={signer.public.fingerprint: "exporter"})
    report = check_foreign(temporary, "wacz", policy)
    check_inner(temporary, report, policy, silent)
    bad = next((finding for finding in report.findings if finding.weight is Weight.FAILED), None)
    if bad is not None:
        where = bad.file or str(path)
        raise ProofError(f"not exported, as it would not verify: {bad.message} ({bad.code})", where=where)
