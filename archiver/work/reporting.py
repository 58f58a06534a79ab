"""Reports about an archive's captures: the page that a bundle has, as HTML or PDF, and the papers of the court packet.

Nothing is signed and nothing is recorded: a report is a description, and the bundle is the evidence. What is described
is checked first, as for an export: signatures, keys, the log, the digest of every sealed file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from archiver import digest
from archiver.archive import Archive
from archiver.bundle.excerpt import Excerpt
from archiver.bundle.plan import Plan
from archiver.bundle.report import render
from archiver.bundle.report.court.packet import Compared, Event, Packet, documents
from archiver.bundle.report.view import View
from archiver.bundle.withhold import Withholding
from archiver.errors import ArchiverError, MissingError, ProofError
from archiver.model import facts as facts_model
from archiver.model.manifest import Manifest
from archiver.signing.keys import PublicKey
from archiver.verify.case import Progress, silent
from archiver.verify.keys import KeyHistory
from archiver.work.history import history
from archiver.work.look import resolve, sealed
from archiver.work.selftest import selftest


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a report is about. `root`: of the log, `sha256:…`."""

    view: View
    root: str


def gather(archive: Archive, refs: Iterable[str], *, rechecks: bool = False) -> Gathered:
    """The captures that `refs` mean; `rechecks`: with every later visit to their pages. Raises UsageError,
    MissingError; FormatError, ProofError for what does not verify."""
    numbers = set()
    for ref in refs:
        numbers.add(resolve(archive, ref).item.sequence)
        if rechecks:
            numbers |= {number for visit in history(archive, ref).visits for number in visit.rechecks}
    key = _key(archive.key_history())
    plan = Plan(archive.folder, key, numbers, archive.clock(), Withholding(), frozenset())
    copied = {name: source.name for name, source in plan.copied.items()}
    excerpt = Excerpt(plan.evidence, plan.selection.sequences, copied, plan.contents.parts)
    return Gathered(View(excerpt, plan.record, bundled=False), digest.spell(plan.checkpoint.root))


def _key(keys: KeyHistory) -> PublicKey:
    """A signer of the archive; it signs nothing here."""
    return PublicKey.parse_line(keys.lines[keys.signers[0]])


def report(gathered: Gathered) -> bytes:
    """The report as one HTML page. Raises ProofError if a sealed file is not what was sealed."""
    for item in compared(gathered.view):
        if item.found is not None and not item.good:
            raise ProofError(
                f"{item.role} of number {item.sequence} is not what was sealed", hint="run: archiver verify"
            )
    return b"".join(render.report(gathered.view))


def compared(view: View, progress: Progress = silent) -> tuple[Compared, ...]:
    """The sealed files of the chosen records against the copies in the archive."""
    found: list[Compared] = []
    for member in (view.member(number) for number in view.record.selected):
        for file in view.files(member):
            progress("objects", len(found), len(found) + 1)
            value = None
            if file.state is None:
                with view.evidence.open(file.name) as stream:
                    value = digest.of_stream(stream)[0]
            found.append(
                Compared(member.sequence, file.ref.role, file.ref.size, file.ref.digest, value, file.state or "")
            )
    return tuple(found)


def court_packet(archive: Archive, gathered: Gathered, progress: Progress = silent) -> dict[str, bytes]:
    """Name -> HTML of each paper. Raises MissingError, FormatError."""
    tested = list(selftest())
    good = sum(item.good for item in tested)
    validation = f"It judged {good} of {len(tested)} bundles as they must be (archiver selftest)."
    packet = Packet(
        view=gathered.view,
        root=gathered.root,
        custody=tuple(_custody(archive, gathered.view, progress)),
        objects=compared(gathered.view, progress),
        validation=validation,
        captures=tuple(gathered.view.captures()),
    )
    return documents(packet)


def _custody(archive: Archive, view: View, progress: Progress) -> Iterator[Event]:
    """Whatever the log records about the chosen captures, in its order."""
    chosen = set(view.record.selected)
    about = {view.member(number).digest for number in chosen}
    for sequence in range(view.record.size):
        progress("records", sequence, view.record.size)
        item = sealed(archive, sequence)
        what = _about(archive, item.manifest, sequence in chosen, about, min(chosen))
        if what is not None:
            yield Event(sequence, item.manifest.time, what, item.manifest.signer, item.digest)


def _about(archive: Archive, manifest: Manifest, chosen: bool, about: set[str], first: int) -> str | None:
    """What an event did with the chosen captures, None if nothing."""
    event = manifest.event
    if event == "genesis":
        return "the archive was made, with its keys"
    if event == "key":
        return f"keys: {manifest.extra.action} of a {manifest.extra.role} key"
    if event == "stamp" and any(stamp.checkpoint > first for stamp in manifest.extra):
        return "time stamps or cosignatures arrived for " + ", ".join(
            sorted({f"the first {stamp.checkpoint} records" for stamp in manifest.extra})
        )
    if event == "export" and not about.isdisjoint(_digests(archive, manifest)):
        return f"left the archive in a bundle, {manifest.extra.digest}{_remark(archive, manifest)}"
    if event in ("note", "takedown") and manifest.subject in about:
        words = {"note": "a note was made", "takedown": f"{len(manifest.extra or ())} files were removed"}
        return words[event] + _remark(archive, manifest)
    words = {
        "snapshot": "captured and sealed",
        "import": "received as a file, and sealed",
        "reading": "read; what was found was sealed",
        "recheck": "compared with a later visit",
    }
    return words.get(event) if chosen else None


def _digests(archive: Archive, manifest: Manifest) -> set[str]:
    return {sealed(archive, number).digest for number in manifest.extra.sequences}


def _remark(archive: Archive, manifest: Manifest) -> str:
    """What a person said with it."""
    if manifest.object("facts") is None:
        return ""
    with suppress(ArchiverError):
        remark = facts_model.decode_remark(archive.object(manifest, "facts"))
        return f"; {remark.by or 'somebody who is not named'}: {remark.text}"
    return "; what was said about it is not here"


def described(gathered: Gathered) -> list[int]:
    """The numbers of the captures in it. Raises MissingError if there is none."""
    found = [capture.member.sequence for capture in gathered.view.captures()]
    if not found:
        raise MissingError("there is no capture in what was named")
    return found
