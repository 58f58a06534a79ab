"""Export: from REFs to a bundle in its place, checked like its receiver will check it, and recorded as having left.

    temporary file -> verified -> synced -> recorded in the archive -> renamed

so that no half bundle ever has the name that was asked for, none leaves that its receiver would see fail, and none
leaves unrecorded: a crash before the last step leaves a record of a bundle that stayed, never the other way round.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from archiver import digest
from archiver.archive import Archive
from archiver.bundle import layout
from archiver.bundle.build import Built, build
from archiver.bundle.check import check_bundle
from archiver.bundle.read import BundleEvidence
from archiver.bundle.withhold import Withholding, parse
from archiver.errors import MissingError, ProofError, RefusedError, UsageError
from archiver.evidence import read
from archiver.model import facts as facts_model
from archiver.model.encoding import clean
from archiver.model.events import MAX_SEQUENCES
from archiver.model.facts import Remark
from archiver.model.manifest import SALT_BYTES, BundleRef, ObjectRef, spell_salt
from archiver.signing.keys import Signer
from archiver.store.disk_errors import telling
from archiver.store.ledger import Draft
from archiver.tlog.checkpoint import parse_checkpoint_text
from archiver.tlog.note import open_note
from archiver.verify.case import Progress, silent
from archiver.verify.policy import Policy
from archiver.verify.report import Weight
from archiver.verify.run import verify
from archiver.work.check import checkpoint_at
from archiver.work.choose import Choice, Chosen, choose
from archiver.work.export_notes import notes_on
from archiver.work.look import resolve

MAX_PURPOSE = 2000  # characters


@dataclass(frozen=True, slots=True)
class Exported:
    """A bundle that was written. `sequences`: every manifest in it; `record`: number of the (last) `export` manifest;
    `notes`: what whoever exports should know of it, in sentences."""

    path: Path
    digest: str
    size: int
    sequences: tuple[int, ...]
    record: int | None
    built: Built
    notes: tuple[str, ...] = ()


def export(
    archive: Archive,
    choice: Choice | Iterable[str],
    output: Path | None = None,
    *,
    force: bool = False,
    record: bool = True,
    purpose: str | None = None,
    withhold: Iterable[str] = (),
    credentials: bool = False,
    since: Path | None = None,
    signer: Signer | None = None,
    progress: Progress = silent,
) -> Exported:
    """Write what is chosen (or what REFs mean) into a bundle, by default called as its folder, here.

    `signer`: the exporter's key, by default the archive's signer; `withhold`: what is left out, in the words of
    `archiver.bundle.withhold.parse`; `credentials`: the requests' cookies and authorization are left in; `since`: an
    earlier bundle or checkpoint that this one is to be proven to extend; `purpose` is sealed with the record. Raises
    UsageError, MissingError, FormatError and ProofError for what cannot be exported, RefusedError for a place inside
    the archive, StoreError; then nothing was written.
    """
    chosen = choose(archive, choice if isinstance(choice, Choice) else Choice(tuple(choice)), progress)
    wish = _wish(archive, chosen, withhold, credentials)
    older = () if since is None else _older(archive, since)
    check_place(archive, output, force)
    ledger = archive.ledger() if record or signer is None else None
    if signer is None:
        assert ledger is not None
        signer = ledger.signer
    folder = output.parent if output is not None else Path()
    with Unfinished(folder) as unfinished:
        built = build(
            archive.folder,
            chosen.numbers,
            signer,
            unfinished.stream,
            created=archive.clock(),
            withhold=wish,
            older=older,
            progress=progress,
        )
        path = output or folder / f"{built.folder}.zip"
        check_place(archive, path, force)
        found = unfinished.finish()
        _check(unfinished.path, path, signer, progress)
        reference = BundleRef(found, built.size, built.record.selected)
        number = record_export(archive, reference, purpose) if record else None
        unfinished.rename(path, force)
    notes = tuple(notes_on(archive, built, wish, chosen))
    return Exported(path, found, built.size, built.sequences, number, built, notes)


def _wish(archive: Archive, chosen: Chosen, words: Iterable[str], credentials: bool) -> Withholding:
    roles = {ref.role for number in chosen.numbers for ref in archive.manifest(number).objects}
    return replace(parse(words, roles, credentials=not credentials), statements=chosen.statements)


def _older(archive: Archive, path: Path) -> tuple[int, ...]:
    """The size of the checkpoint of an earlier bundle, or in a file, which must be one that this archive keeps. Raises
    RefusedError for one of another log, or of another course of this one."""
    known = checkpoint_at(path)
    if known.origin != archive.identity().origin:
        raise RefusedError(f"is of another log, {known.origin}", where=str(path))
    if known.size == archive.size():
        return ()  # the bundle carries the very same one
    name = layout.older_files(known.size)[0]
    try:
        kept = parse_checkpoint_text(open_note(read(archive.folder, name)).text)
    except MissingError:
        raise RefusedError(
            f"counts {known.size} manifests, and this archive has no checkpoint of that size",
            where=str(path),
            hint="this is an older copy of the archive, or that is of another one",
        ) from None
    if (kept.size, kept.root) != (known.size, known.root):
        raise RefusedError(
            f"has another root for {known.size} manifests than this archive",
            where=str(path),
            hint="one of the two was rewritten: keep both, they prove it",
        )
    return (known.size,)


def sequences_of(archive: Archive, refs: Iterable[str]) -> set[int]:
    """The numbers that refs mean. Raises UsageError, MissingError."""
    numbers = set()
    for ref in refs:
        meant = resolve(archive, ref)
        if meant.statement is not None:
            raise UsageError(
                f"{meant.name}: a package for replay shows whole captures, no single statement",
                hint=f"for a bundle with that statement alone: archiver export {meant.name}",
            )
        numbers.add(meant.item.sequence)
    if not numbers:
        raise UsageError("nothing to export: name a capture", hint="archiver log lists them")
    return numbers


def check_place(archive: Archive, output: Path | None, force: bool) -> None:
    """Raises RefusedError for a place inside the archive, UsageError for a file that is there and is to stay."""
    place = (output if output is not None else Path("bundle.zip")).absolute()
    inside = archive.root.resolve()
    if inside in (place.parent.resolve(), *place.parent.resolve().parents):
        raise RefusedError(
            "lies inside the archive, which holds nothing but evidence",
            where=str(place),
            hint="write it elsewhere: -o ../bundle.zip",
        )
    if output is not None and output.is_dir():
        raise UsageError("is a folder", where=str(output), hint="name the file: -o bundle.zip")
    if output is not None and not force and os.path.lexists(output):
        raise UsageError("is there already", where=str(output), hint="choose another name, or replace it: --force")


def _check(temporary: Path, path: Path, signer: Signer, progress: Progress) -> None:
    """The bundle as its receiver will see it. Raises ProofError if anything fails. What a revocation disowned is still
    exported: the receiver is told, and the stamps before it may matter to them."""
    policy = Policy(signers={signer.public.fingerprint: "exporter"})
    with BundleEvidence(temporary, label=str(path)) as evidence:
        report = verify(evidence, policy, progress=progress, bundle_step=check_bundle)
    bad = next((finding for finding in report.findings if finding.weight is Weight.FAILED), None)
    if bad is not None:
        raise ProofError(
            f"not exported, as it would not verify: {bad.message} (step {bad.step}, {bad.code})",
            where=(bad.file or str(path)).removeprefix("data/"),
            hint="see what is wrong with: archiver verify",
        )


def record_export(archive: Archive, reference: BundleRef, purpose: str | None) -> int:
    """The `export` manifest: custody; its number. One has room for MAX_SEQUENCES numbers: more take several."""
    with archive.ledger().batch() as group:
        objects: tuple[ObjectRef, ...] = ()
        if purpose is not None:
            salt = spell_salt(archive.entropy(SALT_BYTES))
            remark = Remark(archive.settings.collector.name, clean(purpose, MAX_PURPOSE), salt)
            staged = archive.objects.stage_bytes(facts_model.encode(remark))
            group.adopt(staged)
            objects = (ObjectRef("facts", staged.digest, staged.size, "application/json"),)
        for at in range(0, len(reference.sequences), MAX_SEQUENCES):
            part = replace(reference, sequences=reference.sequences[at : at + MAX_SEQUENCES])
            added = group.add(Draft("export", None, part, objects, archive.clock()))
        group.commit()
    return added.sequence


class Unfinished:
    """A file beside its place under a name that nobody would take for the bundle; gone unless it was renamed."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise MissingError("there is no such folder", where=str(folder), hint="make it, or choose another place")
        self.path = folder / f".archiver-export-{os.urandom(6).hex()}.part"
        with telling(self.path):
            self.stream: BinaryIO = self.path.open("xb")

    def __enter__(self) -> Unfinished:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self.stream.close()
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def finish(self) -> str:
        """Write it to the disk; its digest. Raises StoreError."""
        with telling(self.path):
            self.stream.flush()
            os.fsync(self.stream.fileno())
            self.stream.close()
            with self.path.open("rb") as stream:
                return digest.of_stream(stream)[0]

    def rename(self, path: Path, force: bool) -> None:
        """Give it its name; a file that appeared meanwhile stays, unless `force`. Raises UsageError, StoreError."""
        with telling(path):
            if not force:
                try:
                    os.link(self.path, path)
                except FileExistsError:
                    raise UsageError("has appeared meanwhile", where=str(path), hint="choose another name") from None
                except OSError:  # a disk without hard links
                    if os.path.lexists(path):
                        raise UsageError(
                            "has appeared meanwhile", where=str(path), hint="choose another name"
                        ) from None
                    self.path.replace(path)
            else:
                self.path.replace(path)
            _sync_folder(path.parent)


def _appeared(path: Path) -> UsageError:
    return UsageError("has appeared meanwhile", where=str(path), hint="choose another name")


def _sync_folder(path: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network disks cannot sync a folder
            os.fsync(handle)
    finally:
        os.close(handle)
