"""Steps 4 and 5: every manifest in its one spelling, at its place, linked to its neighbours, signed by a key in force.

`examine` looks at one manifest alone and can run in any process; `join` walks the results in the order of the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from archiver import digest
from archiver.errors import ArchiverError, FormatError, MissingError, NewerVersionError, ProofError
from archiver.evidence import Evidence, read
from archiver.model.manifest import MAX_BYTES, NEEDS_SUBJECT, KeyChange, Manifest, decode
from archiver.signing import sshsig
from archiver.tlog.merkle import Frontier, leaf_hash
from archiver.verify.case import Case
from archiver.verify.keys import KeyHistory
from archiver.verify.report import Weight

NAMESPACE = "archiver-manifest-v1"
MAX_SIGNATURE = 8192  # bytes of an armored ed25519 signature; a FIDO one is not much longer

# Which events an event may speak about.
_SUBJECTS = {"reading": {"snapshot", "import"}, "recheck": {"reading"}, "takedown": None, "note": None}


@dataclass(frozen=True, slots=True)
class Link:
    """What can be said of one manifest without its neighbours."""

    sequence: int
    name: str
    data: bytes
    signature: bytes
    manifest: Manifest | None
    signer: str | None  # fingerprint of the key whose signature holds
    faults: tuple[tuple[int, str, str, str], ...]  # step, code, message, file


def examine(evidence: Evidence, sequence: int) -> Link:
    """Read one manifest and its signature. Problems become faults, never exceptions (but StoreError)."""
    name = evidence.manifest_name(sequence)
    faults: list[tuple[int, str, str, str]] = []
    data = signature = b""
    manifest: Manifest | None = None
    signer: str | None = None
    try:
        data = read(evidence, name, MAX_BYTES)
        manifest = decode(data)
    except MissingError:
        return Link(sequence, name, b"", b"", None, None, ((4, "manifest-missing", "is missing", name),))
    except NewerVersionError as error:
        faults.append((4, "manifest-newer", error.message, name))
    except FormatError as error:
        faults.append((4, "manifest-bad", error.message, name))
    try:
        signature = read(evidence, name + ".sig", MAX_SIGNATURE)
        signer = sshsig.verify(signature, data, NAMESPACE).fingerprint
    except MissingError:
        faults.append((5, "signature-missing", "has no signature", name + ".sig"))
    except (FormatError, ProofError) as error:
        faults.append((5, "signature-bad", error.message, name + ".sig"))
    return Link(sequence, name, data, signature, manifest, signer, tuple(faults))


def join(case: Case, links: Iterable[Link], sizes: frozenset[int]) -> Iterator[Link]:
    """Walk the links in order; fills the case (keys, digests, leaves, roots at `sizes`) and yields them again."""
    assert case.keys is not None
    frontier = Frontier()
    before: Link | None = None
    unlinked = 0
    for link in links:
        for step, code, message, file in link.faults:
            case.report.find(step, code, message, file=file, sequence=link.sequence)
        _count(case, link)
        adjacent = before is not None and before.sequence == link.sequence - 1
        if link.manifest is not None:
            _check_place(case, link, link.manifest)
            if adjacent and before is not None:
                _check_previous(case, link, link.manifest, before)
            elif link.sequence and case.evidence.kind == "bundle":
                unlinked += 1
            good = _check_keys(case, case.keys, link, link.manifest)
            _check_subject(case, link, link.manifest)
            _take_in(case, link, link.manifest, good)
        elif link.data and not any(code == "manifest-bad" for _, code, _, _ in link.faults):
            case.keys.unknown_from = min(case.keys.unknown_from or link.sequence, link.sequence)
        frontier.append(leaf_hash(link.data))
        case.leaves += leaf_hash(link.data)
        if frontier.size in sizes and len(case.sequences) == link.sequence + 1:
            case.roots_at[frontier.size] = frontier.root()
        before = link
        yield link
    if unlinked:
        case.report.find(
            4, "link-not-checked", f"{unlinked} manifests name a neighbour that is not in this bundle", weight=Weight.REMARK
        )
    _judge_revoked(case, case.keys)


def _count(case: Case, link: Link) -> None:
    case.sequences.append(link.sequence)
    case.report.steps[4].checked += 1
    case.by_digest[digest.raw(digest.of_bytes(link.data))] = link.sequence


def _check_place(case: Case, link: Link, manifest: Manifest) -> None:
    def fault(code: str, message: str) -> None:
        case.report.find(4, code, message, file=link.name, sequence=link.sequence)

    if manifest.sequence != link.sequence:
        fault("manifest-place", f"says it is number {manifest.sequence}, and stands at {link.sequence}")
    if link.sequence and manifest.archive != case.archive:
        fault("manifest-place", "belongs to another archive")


def _check_previous(case: Case, link: Link, manifest: Manifest, before: Link) -> None:
    if manifest.previous is None:
        return
    for what, named, data in (
        ("manifest", manifest.previous.manifest, before.data),
        ("signature", manifest.previous.signature, before.signature),
    ):
        if named != digest.of_bytes(data):
            message = f"does not name the {what} of number {before.sequence} that is here"
            case.report.find(4, "manifest-link", message, file=link.name, sequence=link.sequence)


def _check_keys(case: Case, keys: KeyHistory, link: Link, manifest: Manifest) -> bool:
    """Whether a key in force signed it."""

    def fault(code: str, message: str) -> bool:
        case.report.find(5, code, message, file=link.name + ".sig", sequence=link.sequence)
        return False

    if keys.unknown_from is not None and link.sequence > keys.unknown_from:
        return fault("keys-unknown", f"keys in force are unknown after number {keys.unknown_from}")
    if link.sequence and manifest.keys != keys.newest:
        case.report.find(
            5, "keys-hidden", "names another newest key event than is here", file=link.name, sequence=link.sequence
        )
    if link.signer is None:
        return False
    case.report.steps[5].checked += 1
    if link.signer != manifest.signer:
        return fault("signature-bad", "signed by another key than the manifest names")
    change = manifest.extra if isinstance(manifest.extra, KeyChange) else None
    reason = keys.may_sign(link.signer, link.sequence, manifest.event, change)
    if reason is not None:
        return fault("signer-inactive", f"{link.signer}: {reason}")
    case.signed_by.setdefault(link.signer, type(case.sequences)("Q")).append(link.sequence)
    return True


def _check_subject(case: Case, link: Link, manifest: Manifest) -> None:
    named = [("subject", manifest.subject, _SUBJECTS.get(manifest.event))]
    if manifest.event == "recheck":
        named.append(("snapshot", str(manifest.extra), {"snapshot", "import"}))
    if manifest.event == "reading" and manifest.extra is not None:
        named.append(("replaces", str(manifest.extra), {"reading"}))
    for label, value, kinds in named:
        if value is None:
            continue
        sequence = case.by_digest.get(digest.raw(value))
        if sequence is None:
            if case.evidence.kind == "archive":
                message = f"{label} is no earlier manifest of this archive"
                case.report.find(4, "subject-unknown", message, file=link.name, sequence=link.sequence)
            continue
        event = case.events.get(sequence, "other")
        if kinds is not None and event not in kinds:
            message = f"{label} is number {sequence}, a {event}, which a {manifest.event} cannot speak about"
            case.report.find(4, "subject-unknown", message, file=link.name, sequence=link.sequence)


def _take_in(case: Case, link: Link, manifest: Manifest, good: bool) -> None:
    case.events[link.sequence] = manifest.event if manifest.event in ("snapshot", "import", "reading") else "other"
    if manifest.event == "takedown":
        case.removed.update(dict.fromkeys(manifest.extra, link.sequence))
    elif manifest.event == "stamp":
        for stamp in manifest.extra:
            case.stamps[stamp.file] = (stamp.digest, stamp.size, link.sequence)
    elif manifest.event == "key" and good and isinstance(manifest.extra, KeyChange):
        _key_event(case, link, manifest.extra)


def _key_event(case: Case, link: Link, change: KeyChange) -> None:
    """A change of keys takes effect only if every signature under it holds; a bad one is a fault, and changes nothing."""
    assert case.keys is not None
    try:
        for fingerprint in case.keys.new_fingerprints(change):
            data = read(case.evidence, link.name + ".new.sig", MAX_SIGNATURE)
            if sshsig.verify(data, link.data, NAMESPACE).fingerprint != fingerprint:
                raise ProofError("the new key did not sign its own admission")
        case.keys.apply(link.sequence, digest.of_bytes(link.data), change)
    except ArchiverError as error:
        case.report.find(5, "signature-bad", f"key event: {error.message}", file=link.name, sequence=link.sequence)


def _judge_revoked(case: Case, keys: KeyHistory) -> None:
    for fingerprint, size in keys.trusted_size.items():
        for sequence in case.signed_by.get(fingerprint, ()):
            if sequence >= size:
                message = f"signed by {fingerprint}, which is believed only before position {size}"
                name = case.evidence.manifest_name(sequence)
                case.report.find(5, "signature-disowned", message, file=name, sequence=sequence)


assert set(_SUBJECTS) == NEEDS_SUBJECT
