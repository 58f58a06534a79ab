"""Builds a bundle: from an archive's evidence and some numbers to one deterministic zip, in flat memory.

What does not verify is not exported: `plan` checks manifests, keys and the log; every object is hashed again while it
is copied. Same evidence, numbers, key and time: same bytes.

The files are written in byte order of their names, so everything before `data/` is known before an object is read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from archiver.bundle import bag, layout, record
from archiver.bundle.container import ZipWriter, pieces
from archiver.bundle.excerpt import Excerpt
from archiver.bundle.plan import Plan, Source
from archiver.bundle.record import BundleRecord
from archiver.bundle.report import render
from archiver.bundle.report.view import View
from archiver.bundle.withhold import Withholding
from archiver.errors import ArchiverError, MissingError, ProofError
from archiver.evidence import Evidence
from archiver.signing.allowed_signers import encode_for
from archiver.signing.keys import Signer
from archiver.verify.layout import parts_path

NAMESPACE = "archiver-bundle-v1"
Progress = Callable[[str, int, int], None]  # what, done, of how many


def silent(_what: str, _done: int, _total: int) -> None:
    """Progress for those who do not look."""


@dataclass(frozen=True, slots=True)
class Built:
    """What was built. `sequences`: every manifest in it; `size`: bytes of the zip; `withheld`: what was left out, in
    words, a line each."""

    folder: str
    record: BundleRecord
    sequences: tuple[int, ...]
    files: int
    size: int
    withheld: tuple[str, ...] = ()


def build(
    evidence: Evidence,
    sequences: Iterable[int],
    signer: Signer,
    out: BinaryIO,
    *,
    created: str,
    withhold: Withholding | None = None,
    older: Collection[int] = (),
    progress: Progress = silent,
) -> Built:
    """Write a bundle of these manifests, and of what they need, into an empty seekable stream.

    `created`: UTC with milliseconds; `withhold`: what is left out, and listed as such (None: nothing); `older`: sizes
    of kept checkpoints that the newest is to be proven to extend. Raises UsageError for numbers that cannot be chosen,
    MissingError, FormatError and ProofError for evidence that does not verify, StoreError.
    """
    wish = withhold or Withholding()
    plan = Plan(evidence, signer.public, set(sequences), created, wish, frozenset(older))
    return _Writer(plan, signer, out, progress).write()


@dataclass(slots=True)
class _Writer:
    """Writes what a plan says, and keeps the digests for the bag's lists."""

    plan: Plan
    signer: Signer
    out: BinaryIO
    progress: Progress
    payload: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def write(self) -> Built:
        plan = self.plan
        made = plan.generated()
        parts = plan.contents.parts
        names = sorted([*plan.copied, *made, *parts])
        copied = {name: source.name for name, source in plan.copied.items()}
        excerpt = Excerpt(plan.evidence, plan.selection.sequences, copied, parts)
        view = View(excerpt, plan.record)
        files = len(names) + len(layout.OUTER)
        total = sum(len(made[n]()) if n in made else self._size(n) for n in names if n not in parts)
        total += sum(partial.size for partial in parts.values())
        folder = record.folder_name(plan.record)
        zip_file = ZipWriter(self.out, folder)
        self._tag(zip_file, layout.README, [render.readme(view, plan.exporter, files)])
        self._tag(zip_file, bag.INFO, [bag.info(plan.record, total, len(names))])
        self._tag(zip_file, bag.BAGIT, [bag.BAGIT_TEXT])
        self._tag(zip_file, layout.RECORD, [record.encode(plan.record)])
        for done, name in enumerate(names):
            self.progress("files", done, len(names))
            if name in made:
                self.payload[name], _ = zip_file.add(name, [made[name]()])
            elif name in parts:
                with parts[name].open(plan.evidence) as stream:
                    self.payload[name], _ = zip_file.add(name, pieces(stream), parts[name].size)
            else:
                self._copy(zip_file, name, plan.copied[name])
        self._tag(zip_file, layout.EXPORTER, [encode_for([plan.exporter.line()])])
        self._tag(zip_file, bag.MANIFEST, bag.lines(self.payload.items()))
        self._tag(zip_file, layout.REPORT, render.report(view))
        tag_manifest = b"".join(bag.lines(self.tags.items()))
        zip_file.add(bag.TAG_MANIFEST, [tag_manifest])
        zip_file.add(bag.TAG_SIGNATURE, [self.signer.sign(tag_manifest, NAMESPACE)])
        size = zip_file.finish()
        self.progress("files", len(names), len(names))
        withheld = tuple(_left_out(plan))
        return Built(folder, plan.record, tuple(plan.selection.sequences), files, size, withheld)

    def _tag(self, zip_file: ZipWriter, name: str, data: Iterable[bytes]) -> None:
        self.tags[name], _ = zip_file.add(name, data)

    def _size(self, name: str) -> int:
        source = self.plan.copied[name]
        size = self.plan.evidence.size(source.name)
        if size is None:
            raise MissingError("is missing", where=source.name, hint="run: archiver verify")
        if source.ref is not None and size != source.ref.size:
            raise ProofError(f"has {size} bytes, {source.ref.size} were sealed", where=source.name)
        return size

    def _copy(self, zip_file: ZipWriter, name: str, source: Source) -> None:
        try:
            with self.plan.evidence.open(source.name) as stream:
                found, _ = zip_file.add(name, pieces(stream), self._size(name))
        except ArchiverError as error:
            error.where = error.where or source.name
            raise
        if source.ref is not None and found != source.ref.digest:
            raise ProofError("is not what was sealed", where=source.name, hint="run: archiver verify")
        self.payload[name] = found


def _left_out(plan: Plan) -> Iterator[str]:
    """What was left out, a line for each object."""
    for item in plan.record.withheld:
        part = plan.contents.parts.get(layout.PREFIX + parts_path(item.digest))
        if part is None:
            yield f"number {item.sequence}: {item.role}"
        else:
            unit = "segments" if item.role == "warc" else "lines"
            what = f": {', '.join(part.what)}" if part.what else ""
            yield f"number {item.sequence}: {part.count - part.shown:,} of {part.count:,} {unit} of {item.role}{what}"
