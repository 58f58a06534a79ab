"""Steps 1 and 16 of a bundle: its files are those that it lists, the exporter signed the list, and README and report
say what the evidence says. All other steps are those of an archive (archiver.verify).

    1a  bundle.json, bagit.txt, bag-info.txt and both lists are well-formed, and agree with each other
    1b  every file is listed, and every listed file is here, with the bytes that were listed
    1c  every file in data/ belongs to a manifest of the bundle, and none of theirs is left out unsaid
    7   the checkpoint extends each older one that is here
    16a the exporter's signature holds, by the key that bundle.json names, and the policy knows that key
    16b README.txt and report.html are what this renderer makes of the evidence
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from archiver.bundle import bag, layout, record
from archiver.bundle.build import NAMESPACE
from archiver.bundle.listing import Listing, check_listing
from archiver.bundle.read import BundleEvidence
from archiver.bundle.record import BundleRecord, Withheld
from archiver.bundle.report import render
from archiver.bundle.report.view import View
from archiver.errors import ArchiverError, FormatError, MissingError, NewerVersionError, ProofError, UsageError
from archiver.evidence import read
from archiver.model import parts
from archiver.model.parts import Leaf, Node
from archiver.signing import allowed_signers, sshsig
from archiver.signing.keys import PublicKey
from archiver.tlog import consistency
from archiver.tlog.merkle import check_consistency
from archiver.verify.case import Case
from archiver.verify.identity import open_by_position
from archiver.verify.layout import object_path
from archiver.verify.report import Weight

_RECEIVED = frozenset({"snapshot", "import"})


def check_bundle(case: Case) -> None:
    """Everything about a bundle that an archive does not have. Findings go to the case's report."""
    evidence = case.evidence
    if not isinstance(evidence, BundleEvidence):
        raise UsageError("this is not a bundle", where=evidence.label)
    bundle = _record(case, evidence)
    listing = check_listing(case, evidence, bundle)
    if bundle is not None:
        _compare_record(case, evidence, bundle, listing)
        _say_withheld(case, evidence, bundle)
        _say_missing(case, bundle)
        _relieve(case, bundle)
    _check_older(case, evidence)
    exporter = _check_signature(case, bundle)
    if bundle is not None and exporter is not None:
        _check_rendered(case, evidence, bundle, exporter, listing)


def _fault(case: Case, message: str, file: str, code: str = "bundle-file", step: int = 1) -> None:
    case.report.find(step, code, message, file=file)


def _record(case: Case, evidence: BundleEvidence) -> BundleRecord | None:
    try:
        return evidence.record
    except NewerVersionError as error:
        _fault(case, error.message, layout.RECORD, "bundle-renderer", 16)
    except (FormatError, MissingError) as error:
        _fault(case, error.message, layout.RECORD)
    return None


def _compare_record(case: Case, evidence: BundleEvidence, bundle: BundleRecord, listing: Listing) -> None:
    """bundle.json against genesis, checkpoint, the manifests that are here, bag-info.txt and the folder's name."""
    if case.archive is not None and bundle.archive != case.archive:
        _fault(case, f"names the archive {bundle.archive}", layout.RECORD)
    if case.checkpoint is not None and bundle.size != case.checkpoint.size:
        _fault(case, f"says that the log counts {bundle.size} manifests", layout.RECORD)
    here = set(evidence.sequences())
    for sequence in bundle.selected:
        if sequence not in here:
            _fault(case, f"number {sequence} was chosen and is not here", evidence.manifest_name(sequence))
    folder = evidence.container.folder
    if folder is not None and folder != record.folder_name(bundle):
        _fault(case, f"the folder is called {folder!r}, not {record.folder_name(bundle)!r}", layout.RECORD)
    wanted = {
        bag.BAGIT: bag.BAGIT_TEXT,
        bag.INFO: bag.info(bundle, listing.payload_bytes, len(listing.payload)),
    }
    for name, data in wanted.items():
        try:
            if read(evidence, name) != data:
                _fault(case, "is not what bundle.json and the payload give", name)
        except MissingError:
            continue  # said already
        except FormatError as error:
            _fault(case, error.message, name)


def _say_withheld(case: Case, evidence: BundleEvidence, bundle: BundleRecord) -> None:
    """Step 9 takes a manifest without any object here for one that only binds: if all were withheld, say so here. What
    is shown in part must be as much as bundle.json says, and not all."""
    codes = ("object-withheld", "object-in-part", "parts-bad")
    said = {finding.sequence for finding in case.report.findings if finding.code in codes}
    for item in bundle.withheld:
        if item.shown:
            _check_shown(case, evidence, item)
        if item.sequence not in said and case.report.steps[9].skipped is None:
            message = f"{item.role} was withheld by the exporter"
            case.report.find(
                9, "object-withheld", message, file=evidence.prefix + object_path(item.digest), sequence=item.sequence
            )


def _check_shown(case: Case, evidence: BundleEvidence, item: Withheld) -> None:
    name = layout.PREFIX + layout.part_files(item.digest)[1]
    try:
        with evidence.open(name) as stream:
            kinds = Counter(type(entry) for entry in parts.parse(stream))
    except (FormatError, MissingError):
        return  # said by the lists, or in step 9
    if kinds[Leaf] != item.shown or not kinds[Node]:
        message = f"says that {item.shown} parts of {item.role} are shown; {kinds[Leaf]} are"
        _fault(case, message if kinds[Node] else f"calls {item.role} withheld, and all of it is shown", layout.RECORD)


def _say_missing(case: Case, bundle: BundleRecord) -> None:
    """Steps 10 and 11 look at what is here. If nothing of a chosen snapshot or reading is, that is no empty step."""
    chosen = {case.events.get(sequence) for sequence in bundle.selected}
    for number, events, what in ((10, _RECEIVED, "what was received"), (11, {"reading"}, "what was read in it")):
        step = case.report.steps[number]
        if step.empty and chosen & events:
            step.empty, step.skipped = False, f"{what} is withheld or taken down"


def _relieve(case: Case, bundle: BundleRecord) -> None:
    """A manifest that is here for what it binds alone may be disowned: what was chosen does not rest on it. But for the
    last leaf: that there is no later key event is its word."""
    last = bundle.size - 1
    if last not in bundle.selected and any(
        finding.code == "signature-disowned" and finding.sequence == last for finding in case.report.findings
    ):
        name = case.evidence.manifest_name(last)
        message = f"number {last}, the last, is disowned: a key event before it could be hidden"
        case.report.find(5, "later-unknown", message, file=name, sequence=last)
    why = "it is here for what it binds alone, and what was chosen does not rest on it"
    case.report.relieve("signature-disowned", frozenset(bundle.selected), why)


def _check_older(case: Case, evidence: BundleEvidence) -> None:
    """Older checkpoints in the bundle: signed by the log, and extended by the bundle's own."""
    if case.checkpoint is None or case.keys is None:
        return
    step, agreeing = case.report.steps[7], 0
    for name in evidence.names():
        size = layout.older_size(name.removeprefix(evidence.prefix)) if name.startswith(evidence.prefix) else None
        if size is None:
            continue
        try:
            old = open_by_position(case.keys, read(evidence, name), name).checkpoint
            proof = consistency.parse(read(evidence, name + ".consistency"))
            if old.size != size or proof.old_size != size:
                raise FormatError(f"holds a checkpoint of size {old.size} and a proof from {proof.old_size}")
            if proof.checkpoint != case.note:
                raise ProofError("its proof leads to another checkpoint than the bundle's")
            check_consistency(size, case.checkpoint.size, old.root, case.checkpoint.root, proof.hashes)
            case.extended.add(size)
            agreeing += 1
        except (FormatError, MissingError) as error:
            _fault(case, error.message, error.where or name, "history-bad", 7)
        except ProofError as error:
            _fault(case, error.message, name, "history-forked", 7)
    step.checked += agreeing
    if agreeing and step.skipped is not None:
        step.skipped = f"no checkpoint is known from outside ({agreeing} of its own agree)"


def _check_signature(case: Case, bundle: BundleRecord | None) -> PublicKey | None:
    """Step 16a; the key whose signature holds over the list of tag files, and so over every file."""
    evidence, step = case.evidence, case.report.steps[16]
    name = bag.TAG_SIGNATURE
    try:
        signature = read(evidence, name, sshsig.MAX_ARMORED)
        with evidence.open(bag.TAG_MANIFEST) as stream:
            key = sshsig.verify_stream(signature, stream, NAMESPACE)
        if bundle is not None and key.fingerprint != bundle.exporter:
            raise ProofError(f"signed by {key.fingerprint}, and bundle.json names {bundle.exporter}")
        if read(evidence, layout.EXPORTER) != allowed_signers.encode_for([key.line()]):
            raise ProofError(f"signed by {key.fingerprint}, which {layout.EXPORTER} does not list alone")
    except ArchiverError as error:
        about = "" if isinstance(error, MissingError) else f" (or {bag.TAG_MANIFEST} was changed)"
        _fault(case, error.message + about, error.where or name, "bundle-signature", 16)
        return None
    step.checked += 1
    case.report.exporter = key.fingerprint
    confirmed = _confirmed_as(case, key.fingerprint)
    step.summary = f"exported by {confirmed} ({key.fingerprint}); README and report say what the evidence says"
    if confirmed is None:
        message = f"the exporter {key.fingerprint} is confirmed by nobody here"
        case.report.find(16, "signer-unconfirmed", message, file=name)
    return key


def _confirmed_as(case: Case, fingerprint: str) -> str | None:
    """A believed archive vouches for the keys in force at its checkpoint, and for no other exporter."""
    if fingerprint in case.policy.signers:
        return case.policy.signers[fingerprint]
    if case.keys is None or case.checkpoint is None:
        return None
    if case.keys.may_sign(fingerprint, case.checkpoint.size, "export", None) is not None:
        return None
    return case.policy.confirmed_as(fingerprint, case.archive)


def _check_rendered(
    case: Case, evidence: BundleEvidence, bundle: BundleRecord, exporter: PublicKey, listing: Listing
) -> None:
    """Step 16b."""
    case.report.renderer = bundle.renderer
    if bundle.renderer != render.RENDERER:
        message = f"rendered by version {bundle.renderer}, and this program has version {render.RENDERER}"
        _fault(case, message, layout.REPORT, "bundle-renderer", 16)
        return
    try:
        view = View(evidence, bundle)
        files = len(listing.payload) + len(layout.OUTER)
        for name, pieces in (
            (layout.README, [render.readme(view, exporter, files)]),
            (layout.REPORT, render.report(view)),
        ):
            if not _same(evidence, name, pieces):
                _fault(case, "is not what the evidence in this bundle gives", name, "bundle-rendered", 16)
            case.report.steps[16].checked += 1
    except ArchiverError as error:
        message = f"could not be rendered again, as the evidence is broken: {error.message}"
        case.report.find(16, "bundle-renderer", message, file=error.where, weight=Weight.NOT_CHECKED)


def _same(evidence: BundleEvidence, name: str, pieces: Iterable[bytes]) -> bool:
    """Whether a file has exactly these bytes, in flat memory."""
    with evidence.open(name) as stream:
        for piece in pieces:
            if stream.read(len(piece)) != piece:
                return False
        return not stream.read(1)
