"""A reading compared with something else than the live page: a saved file, another address, somebody else's bundle.

A bundle is verified first, and kept whole: as an `import`, with the exchange that was compared taken out of it as a
WARC of its own, so that everything can be derived again. The recheck of it is signed by one's own key: corroboration.
"""

from __future__ import annotations

import os
import shlex
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

from archiver import digest
from archiver.archive import Archive
from archiver.bundle.read import BundleEvidence
from archiver.errors import ArchiverError, MissingError, ProofError, StoreError, UsageError
from archiver.evidence import read
from archiver.foreign.check import KINDS, kind_of
from archiver.model import facts as facts_model
from archiver.model.encoding import MAX_DOCUMENT, clean
from archiver.model.facts import ClockFacts, LocalFile, SnapshotFacts
from archiver.model.manifest import MAX_BYTES, SALT_BYTES, Manifest, ObjectRef, Tree, decode, spell_salt
from archiver.model.verdicts import BundleSource
from archiver.store.ledger import Draft
from archiver.store.objects import StagedObject
from archiver.verify.report import Report
from archiver.warc.segments import SECRET_SIZE, segment_root
from archiver.web.addresses import normalise_url
from archiver.work import look
from archiver.work.check import Asked, check
from archiver.work.comparing import before_of
from archiver.work.crew import stop_event
from archiver.work.errands import Errand, errand_against, subject_of
from archiver.work.machine import software, synchronised
from archiver.work.prepare import BYTES, JSON
from archiver.work.recheck import Rechecked, compared_by, recheck, run_of, seal
from archiver.work.start import hands_of
from archiver.work.station import Staged
from archiver.work.targets import Target
from archiver.work.wishes import Wishes

ZIP = "application/zip"


@dataclass(frozen=True, slots=True)
class Foreign:
    """A snapshot in a bundle: its manifest with digest, its facts, where its WARC stands."""

    digest: str
    manifest: Manifest
    facts: SnapshotFacts
    warc: str


def recheck_against(archive: Archive, ref: str, other: str, wishes: Wishes) -> Rechecked:
    """Compare, and seal what was compared with. The archive's keys are unlocked. Raises UsageError, MissingError,
    FormatError, ProofError, StoreError."""
    _refuse_foreign(ref, other)
    if is_zip(other):
        return _against_bundle(archive, ref, Path(other))
    errand = errand_against(archive, ref, other)
    results: list[Rechecked] = []
    recheck(archive, [errand], wishes, results.append)
    return results[0]


def _refuse_foreign(ref: str, other: str) -> None:
    """What holds pages and is no bundle is imported: it is read in its own way. Raises UsageError, StoreError."""
    if "://" in other or not Path(other).is_file():
        return
    kind = kind_of(Path(other))
    if kind is not None:
        raise UsageError(
            f"{other} is a {KINDS[kind]}, which is imported first",
            hint=f"archiver import {shlex.quote(other)}; then compare with: archiver diff {ref} latest",
        )


def is_zip(other: str) -> bool:
    """Whether a name is that of a zip. Raises StoreError for a file that cannot be read."""
    path = Path(other)
    if "://" in other or not path.is_file():
        return False
    try:
        with path.open("rb") as stream:
            return stream.read(4) in (b"PK\3\4", b"PK\5\6")
    except OSError as error:
        raise StoreError(f"could not be read: {error.strerror}", where=other) from None


def _against_bundle(archive: Archive, ref: str, path: Path) -> Rechecked:
    meant = look.resolve(archive, ref)
    subject = subject_of(archive, meant)
    assert meant.capture is not None
    report = check(path, archive.home, Asked())
    if report.failed or report.unreadable or report.archive is None:
        raise ProofError(f"does not verify: {report.verdict}", where=str(path), hint=f"archiver verify {path}")
    with BundleEvidence(path) as evidence:
        foreign = _choose(evidence, meant.capture, path)
        errand = Errand(Target(str(path), path.as_posix(), str(path)), (subject,), meant.capture, "bundle")
        staged, bundle = _stage(archive, evidence, foreign, path, report)
    befores = (before_of(archive, subject.reading),)
    hands = hands_of(archive, None, None, 1, stop_event())
    try:
        with hands.hand() as hand:
            hand.take_warc(str(staged.staged[0].temp), foreign.facts)
            prepared = compared_by(hand, errand, staged, befores, bundle)
    finally:
        hands.close()
    last = foreign.facts.document
    return seal(archive, [replace(prepared, status=last.status if last is not None else None)])[0]


def _choose(evidence: BundleEvidence, capture: look.Capture, path: Path) -> Foreign:
    """The newest snapshot of the same page; of a bundle with one page, that one. Raises MissingError, UsageError."""
    found = list(_foreign(evidence))
    if not found:
        raise MissingError("holds no page with the bytes that were received", where=str(path))
    wanted = {capture.url, capture.facts.final_url if capture.facts is not None else None}
    same = [item for item in found if wanted & _addresses(item.facts)]
    if same:
        return same[-1]
    if len(found) == 1:
        return found[0]
    raise UsageError(f"{path} holds {len(found)} pages, none of them {capture.url}")


def _addresses(facts: SnapshotFacts) -> set[str | None]:
    asked = facts.request.url if facts.request is not None else None
    try:
        return {asked, facts.final_url, normalise_url(asked) if asked else None}
    except UsageError:
        return {asked, facts.final_url}


def _foreign(evidence: BundleEvidence) -> list[Foreign]:
    """Every snapshot whose facts and WARC are here, oldest first."""
    found = []
    for sequence in evidence.sequences():
        try:
            data = read(evidence, evidence.manifest_name(sequence), MAX_BYTES)
            manifest = decode(data)
            if manifest.event != "snapshot":
                continue
            told, warc = (_name(evidence, manifest, role) for role in ("facts", "warc"))
            if told is None or warc is None:
                continue
            facts = facts_model.decode_snapshot(read(evidence, told, MAX_DOCUMENT))
        except ArchiverError:
            continue  # it verified: what cannot be read is of a later version
        if facts.outcome == "response":
            found.append(Foreign(digest.of_bytes(data), manifest, facts, warc))
    return found


def _name(evidence: BundleEvidence, manifest: Manifest, role: str) -> str | None:
    ref = manifest.object(role)
    return evidence.object_name(ref.digest) if ref is not None else None


def _stage(
    archive: Archive, evidence: BundleEvidence, foreign: Foreign, path: Path, report: Report
) -> tuple[Staged, BundleSource]:
    """The import: the WARC that is compared, first; its secret, the bundle, the facts. Raises StoreError."""
    with evidence.open(foreign.warc) as stream:
        warc = _copied(archive, stream)
    secret = archive.entropy(SECRET_SIZE)
    with warc.temp.open("rb") as stream:
        tree = Tree(*segment_root(stream, secret))
    with path.open("rb") as stream:
        whole = _copied(archive, stream)
        modified = datetime.fromtimestamp(os.fstat(stream.fileno()).st_mtime, UTC)
    facts = _facts(archive, LocalFile(clean(path.name, 300), _spell(modified), whole.size, ZIP))
    told, sealed = archive.objects.stage_bytes(facts_model.encode(facts)), archive.objects.stage_bytes(secret)
    refs = (
        ObjectRef("facts", told.digest, told.size, JSON),
        ObjectRef("warc", warc.digest, warc.size, "application/warc", segments=tree),
        ObjectRef("segment-secret", sealed.digest, sealed.size, BYTES),
        ObjectRef("bundle", whole.digest, whole.size, ZIP),
    )
    draft = Draft("import", None, None, refs, archive.clock())
    source = BundleSource(
        digest=whole.digest,
        size=whole.size,
        archive=report.archive or "",
        snapshot=foreign.digest,
        time=foreign.manifest.time,
        signers=tuple(sorted(report.signers)),
        verified=clean(report.verdict, 500),
    )
    return Staged((warc, sealed, whole, told), draft, facts, True), source


def _copied(archive: Archive, stream: BinaryIO) -> StagedObject:
    staging = archive.objects.open_staging()
    with staging:
        shutil.copyfileobj(stream, cast(BinaryIO, staging), digest.CHUNK)
        return staging.finish()


def _facts(archive: Archive, file: LocalFile) -> SnapshotFacts:
    """What is known of a bundle that was received as a file."""
    run = run_of(archive, archive.settings, Wishes())
    now = archive.clock()
    return SnapshotFacts(
        run=run.id,
        origin="local file",
        collector=run.collector,
        case=None,
        note=None,
        tags=(),
        request=None,
        file=file,
        started=now,
        ended=now,
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
        salt=spell_salt(archive.entropy(SALT_BYTES)),
    )


def _spell(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
