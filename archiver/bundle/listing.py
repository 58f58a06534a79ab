"""Step 1 of a bundle: the two lists of the bag against the files that are here, and against what the manifests need."""

from __future__ import annotations

from dataclasses import dataclass, field

from archiver import digest
from archiver.bundle import bag, layout
from archiver.bundle.read import BundleEvidence
from archiver.bundle.record import BundleRecord
from archiver.errors import ArchiverError, FormatError, MissingError
from archiver.evidence import read
from archiver.model.manifest import MAX_BYTES, Manifest, decode
from archiver.verify.case import Case
from archiver.verify.layout import manifest_path, object_path

LITTER_SHOWN = 20


@dataclass(slots=True)
class Listing:
    """The bag's lists: name -> digest."""

    payload: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    payload_bytes: int = 0


def check_listing(case: Case, evidence: BundleEvidence, bundle: BundleRecord | None) -> Listing:
    """Compare lists, files and manifests; hash every file but the objects that step 9 has hashed."""
    listing = Listing(_parse(case, evidence, bag.MANIFEST), _parse(case, evidence, bag.TAG_MANIFEST))
    _check_names(case, evidence, listing)
    needed = _Needed(evidence, bundle)
    _check_needed(case, needed, listing)
    hashed = needed.objects if case.report.steps[9].skipped is None and case.report.steps[9].checked else set()
    for lists in (listing.tags, listing.payload):
        for done, (name, wanted) in enumerate(lists.items()):
            case.progress("files", done, len(lists))
            _check_file(case, evidence, name, wanted, by_name=name in hashed)
    for name in evidence.names():
        if not evidence.container.crc_holds(name):
            _fault(case, "does not have the CRC-32 that the zip gives: other programs refuse it", name)
    listing.payload_bytes = sum(evidence.size(name) or 0 for name in listing.payload)
    step = case.report.steps[1]
    step.checked = len(listing.payload) + len(listing.tags) + 2
    step.summary = f"{step.checked} files, each listed, with the listed bytes"
    for name in evidence.container.litter[:LITTER_SHOWN]:
        case.report.find(1, "file-litter", "is left by the operating system", file=name)
    return listing


def _fault(case: Case, message: str, file: str) -> None:
    case.report.find(1, "bundle-file", message, file=file)


def _parse(case: Case, evidence: BundleEvidence, name: str) -> dict[str, str]:
    try:
        with evidence.open(name) as stream:
            return dict(bag.parse(stream, name))
    except (MissingError, FormatError) as error:
        _fault(case, error.message, name)
        return {}


def _check_names(case: Case, evidence: BundleEvidence, listing: Listing) -> None:
    """Every file is listed where it should be, and every listed file is here."""
    here = set(evidence.names())
    for name in sorted(here):
        if name.startswith(layout.PREFIX):
            if name not in listing.payload:
                _fault(case, f"is not in {bag.MANIFEST}: it was added", name)
        elif name not in layout.OUTER:
            _fault(case, "belongs to no part of a bundle: it was added", name)
        elif name not in listing.tags and name not in (bag.TAG_MANIFEST, bag.TAG_SIGNATURE):
            _fault(case, f"is not in {bag.TAG_MANIFEST}", name)
    for name in sorted((listing.payload.keys() | layout.OUTER) - here):
        _fault(case, "is missing", name)
    for name in listing.payload:
        if not name.startswith(layout.PREFIX):
            _fault(case, f"lists {name}, which is not in {layout.PREFIX}", bag.MANIFEST)
    for name in sorted(listing.tags.keys() - set(layout.TAGS)):
        _fault(case, f"lists {name}, which is no part of a bundle", bag.TAG_MANIFEST)


def _check_file(case: Case, evidence: BundleEvidence, name: str, wanted: str, *, by_name: bool) -> None:
    """The bytes of a file; an object's were compared with its name, so here the name is compared with the list."""
    if evidence.size(name) is None:
        return  # said already
    if by_name:
        if layout.PREFIX + object_path(wanted) != name:
            _fault(case, "is listed with another digest than its name spells", name)
        return
    try:
        with evidence.open(name) as stream:
            found, _ = digest.of_stream(stream)
    except (FormatError, MissingError) as error:
        _fault(case, error.message, name)
        return
    if found != wanted:
        _fault(case, f"was changed: its digest is {found[:23]}…, and {wanted[:23]}… is listed", name)


class _Needed:
    """The files under data/ that the manifests in a bundle bring with them."""

    def __init__(self, evidence: BundleEvidence, bundle: BundleRecord | None) -> None:
        self._evidence = evidence
        self.files: set[str] = {layout.PREFIX + name for name in layout.FIXED}
        self.required: dict[str, int] = {}  # objects and stamps that must be here -> for which manifest
        self.objects: set[str] = set()  # files of objects that any manifest names
        self.complete = bundle is not None  # whether everything needed is known
        selected = frozenset(bundle.selected) if bundle is not None else frozenset()
        manifests = [self._manifest(sequence) for sequence in evidence.sequences()]
        known = [manifest for manifest in manifests if manifest is not None]
        absent = {item.digest for item in bundle.withheld} if bundle is not None else set()
        for manifest in known:
            if manifest.event == "takedown":
                absent.update(manifest.extra)
        for manifest in known:
            self._add(manifest, manifest.sequence in selected, absent)
        for item in bundle.withheld if bundle is not None else ():
            if item.shown:
                for name in layout.part_files(item.digest):
                    self.files.add(layout.PREFIX + name)
                    self.required.setdefault(layout.PREFIX + name, item.sequence)

    def _manifest(self, sequence: int) -> Manifest | None:
        base = layout.PREFIX + manifest_path(sequence)
        self.files |= {base, base + ".sig", layout.PREFIX + layout.proof_file(sequence)}
        try:
            return decode(read(self._evidence, self._evidence.manifest_name(sequence), MAX_BYTES))
        except ArchiverError:
            self.complete = False  # step 4 says so; its own files are not known
            return None

    def _add(self, manifest: Manifest, selected: bool, absent: set[str]) -> None:
        self.files |= {layout.PREFIX + name for name in layout.chain_files(manifest)}
        self.objects |= {layout.PREFIX + object_path(ref.digest) for ref in manifest.objects}
        self.files |= {layout.PREFIX + stamp.file for stamp in layout.stamps(manifest)}
        if selected:
            for name in layout.object_files(manifest, absent):
                self.files.add(layout.PREFIX + name)
                self.required.setdefault(layout.PREFIX + name, manifest.sequence)

    def allows(self, name: str) -> bool:
        """Whether a file of that name may be in the bundle."""
        if name in self.files or not self.complete:
            return True
        bare = name.removeprefix(layout.PREFIX).removesuffix(".consistency")
        return layout.older_size(bare) is not None


def _check_needed(case: Case, needed: _Needed, listing: Listing) -> None:
    for name in listing.payload:
        if name.startswith(layout.PREFIX) and not needed.allows(name):
            _fault(case, "belongs to no manifest that was chosen", name)
    for name, sequence in needed.required.items():
        if name not in listing.payload:
            what = "seals it, and nothing says that it was withheld"
            if name.startswith(layout.PREFIX + "parts/"):
                what = "has an object that is said to be shown in part"
            _fault(case, f"number {sequence} was chosen and {what}", name)
