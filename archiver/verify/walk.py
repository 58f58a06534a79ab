"""Steps 4 and 5 in the order of the log: each manifest at its place, linked to the one before, by a key in force.

Rows come from archiver.verify.chain, in any number of processes; what depends on the order is judged here, in one.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Any

from archiver import digest
from archiver.errors import ArchiverError, ProofError
from archiver.evidence import read
from archiver.model.manifest import NEEDS_SUBJECT, KeyChange
from archiver.signing import sshsig
from archiver.tlog.merkle import Frontier
from archiver.verify.case import Case
from archiver.verify.chain import MAX_SIGNATURE, NAMESPACE, Row, Said, examine_span, spans_of
from archiver.verify.report import Weight, counted
from archiver.verify.workers import Workers

# Which events an event may speak about; None: any.
_SUBJECTS: dict[str, frozenset[str] | None] = {
    "reading": frozenset({"snapshot", "import"}),
    "recheck": frozenset({"reading"}),
    "takedown": None,
    "note": None,
}
_SNAPSHOTS = frozenset({"snapshot", "import"})
_PLAIN = frozenset({"snapshot", "reading"})


def walk_chain(case: Case, workers: Workers, sequences: Sequence[int], bundles: Iterable[str], sizes: set[int]) -> None:
    """Examine and join the manifests of these numbers (ascending). `bundles`: names of the entry bundles; `sizes`: of
    the checkpoints whose roots are wanted."""
    total, done = len(sequences), 0
    walk = _Walk(case, sizes)
    for rows, faults in workers.map(
        examine_span, spans_of(sequences, bundles, case.evidence.prefix, case.policy.depth != "seal")
    ):
        for row in rows:
            walk.take(row)
        case.take(faults)
        done += len(rows)
        case.progress("manifests", done, total)
    walk.finish()
    steps = case.report.steps
    steps[4].checked = total
    steps[4].summary = counted(total, "manifest, in its place", "manifests, each in its place")
    steps[5].summary = counted(steps[5].checked, "signature by a key in force", "signatures by keys in force")


class _Walk:
    """What is known on the way. Fills the case."""

    def __init__(self, case: Case, sizes: set[int]) -> None:
        assert case.keys is not None
        self._case, self._keys, self._sizes = case, case.keys, sizes
        self._tree = Frontier()
        self._before: Row | None = None
        self._signer: str | None = None  # of the last manifest, if it was in force there and no key event came since
        self._unlinked = 0
        self._whole = True  # no gap so far: the leaves are those of a tree

    def take(self, fields: tuple[Any, ...]) -> None:
        """The next manifest: a Row, as a plain tuple."""
        row, case = Row._make(fields), self._case
        if not row.leaf:
            self._take_absent(row)
            return
        sequence, raw = row.sequence, bytes.fromhex(row.digest[7:])
        case.sequences.append(sequence)
        case.by_digest[raw] = sequence
        case.digests += raw
        case.leaves += row.leaf
        self._grow(row)
        if self._is_plain(row):
            self._take_plain(row)
        else:
            self._take_any(row)
        self._before = row

    def _take_absent(self, row: Row) -> None:
        """A manifest that is missing or cannot be read: what rests on it cannot be judged."""
        for step, code, message, file in row.faults:
            self._case.report.find(step, code, message, file=file, sequence=row.sequence)
        self._case.incomplete = True
        self._case.absent.add(row.sequence)
        self._whole = False
        self._before = self._signer = None

    def _grow(self, row: Row) -> None:
        self._whole = self._whole and row.sequence == self._tree.size
        if self._whole:
            self._tree.append(row.leaf)
            if self._tree.size in self._sizes:
                self._case.roots_at[self._tree.size] = self._tree.root()

    def _is_plain(self, row: Row) -> bool:
        """Whether this is, as nearly all are, a snapshot or reading of which every check holds at a glance."""
        said, before = row.said, self._before
        if said is None or before is None or row.faults or said[0] not in _PLAIN or self._signer is None:
            return False
        wanted = (row.sequence, self._case.archive, before.digest, before.signature, self._keys.newest, self._signer)
        return said[1:7] == wanted and row.sequence == before.sequence + 1 and row.signer == self._signer

    def _take_plain(self, row: Row) -> None:
        case, said, sequence = self._case, row.said, row.sequence
        assert said is not None and row.signer is not None
        case.report.steps[5].checked += 1
        case.signed_by[row.signer].append(sequence)
        case.events[sequence] = said[0]
        if said[7] is not None:
            self._check_subject(row, Said._make(said))
        if row.objects:
            self._take_objects(row)

    def _take_any(self, row: Row) -> None:
        case, sequence = self._case, row.sequence
        for step, code, message, file in row.faults:
            case.report.find(step, code, message, file=file, sequence=sequence)
        self._signer = None
        if row.said is not None:
            said = Said._make(row.said)
            self._check_place(row, said)
            self._check_previous(row, said)
            good = self._check_signer(row, said)
            self._take_in(row, said, good)
            self._signer = row.signer if good and said.event != "key" else None
        elif not row.newer:
            case.incomplete = True
        else:
            case.newer = True
            if self._keys.unknown_from is None:
                self._keys.unknown_from = sequence

    def finish(self) -> None:
        """After the last manifest."""
        case = self._case
        if self._whole:
            case.roots_at[self._tree.size] = self._tree.root()
        if self._unlinked:
            message = f"{self._unlinked} manifests name a neighbour that is not in this bundle"
            case.report.find(4, "link-not-checked", message)
        disowned = set()
        for item in self._keys.disowned():
            for sequence in case.signed_by.get(item.fingerprint, ()):
                if item.covers(sequence):
                    disowned.add(sequence)
                    name = case.evidence.manifest_name(sequence)
                    case.report.find(5, "signature-disowned", item.reason, file=name, sequence=sequence)
        if disowned:
            case.removed = {key: by for key, by in case.removed.items() if by not in disowned}

    def _fault(self, step: int, code: str, message: str, row: Row, suffix: str = "") -> None:
        name = self._case.evidence.manifest_name(row.sequence) + suffix
        self._case.report.find(step, code, message, file=name, sequence=row.sequence)

    def _check_place(self, row: Row, said: Said) -> None:
        if said.sequence != row.sequence:
            message = f"says it is number {said.sequence}, and stands at {row.sequence}"
            self._fault(4, "manifest-place", message, row)
        if row.sequence and said.archive != self._case.archive:
            self._fault(4, "manifest-place", "belongs to another archive", row)

    def _check_previous(self, row: Row, said: Said) -> None:
        before = self._before
        if before is None or before.sequence != row.sequence - 1:
            self._unlinked += bool(row.sequence) and self._case.evidence.kind == "bundle"
        elif said.previous is not None:
            for what, named, there in (
                ("manifest", said.previous, before.digest),
                ("signature", said.previous_signature, before.signature),
            ):
                if there and named != there:
                    self._fault(
                        4, "manifest-link", f"does not name the {what} of number {before.sequence} that is here", row
                    )

    def _check_signer(self, row: Row, said: Said) -> bool:
        """Whether a key in force signed it."""
        keys, sequence = self._keys, row.sequence
        if keys.unknown_from is not None:
            message = f"keys in force are unknown after number {keys.unknown_from}"
            self._fault(5, "keys-unknown", message, row, ".sig")
            return False
        if sequence and said.keys != keys.newest:
            # Whether a key was in force cannot be said without that event.
            self._fault(5, "keys-hidden", "names another newest key event than is here", row)
            return False
        if row.signer is None:
            return False
        self._case.report.steps[5].checked += 1
        if row.signer != said.signer:
            self._fault(5, "signature-bad", "signed by another key than the manifest names", row, ".sig")
            return False
        try:
            change = said.extra if isinstance(said.extra, KeyChange) else None
            reason = keys.may_sign(row.signer, sequence, said.event, change)
        except ArchiverError as error:  # a key in the change is malformed
            reason = error.message
        if reason is not None:
            self._fault(5, "signer-inactive", f"{row.signer}: {reason}", row, ".sig")
            return False
        self._case.signed_by.setdefault(row.signer, array("Q")).append(sequence)
        return True

    def _take_in(self, row: Row, said: Said, good: bool) -> None:
        case, sequence = self._case, row.sequence
        case.events[sequence] = said.event
        self._check_subject(row, said)
        self._take_objects(row)
        if said.event == "key":
            self._key_event(row, said, good)
        elif said.event == "takedown" and (good or (row.signer and self._keys.unknown_from is not None)):
            case.removed.update(dict.fromkeys(said.extra, sequence))
        elif said.event == "stamp":
            for stamp in said.extra:
                case.stamps[stamp.file] = (stamp.digest, stamp.size, sequence)

    def _take_objects(self, row: Row) -> None:
        for odd in self._case.objects.add(row.sequence, row.objects):
            message = f"{odd.role} is said to have {odd.size} bytes, and an earlier manifest says otherwise"
            self._fault(9, "object-size", message, row)

    def _key_event(self, row: Row, said: Said, good: bool) -> None:
        """A change of keys takes effect only if every signature under it holds; a bad one changes nothing."""
        assert isinstance(said.extra, KeyChange)
        self._keys.newest = row.digest
        if said.extra.new and said.extra.role != "log":
            self._case.countersigned.add(row.sequence)
        if not good:
            return
        case, name = self._case, self._case.evidence.manifest_name(row.sequence)
        try:
            data = read(case.evidence, name)
            if digest.of_bytes(data) != row.digest:
                raise ProofError("changed while it was being verified", where=name)
            for fingerprint in self._keys.new_fingerprints(said.extra):
                name = case.evidence.manifest_name(row.sequence) + ".new.sig"
                signature = read(case.evidence, name, MAX_SIGNATURE)
                if sshsig.verify(signature, data, NAMESPACE).fingerprint != fingerprint:
                    raise ProofError("the new key did not sign its own admission", where=name)
            name = case.evidence.manifest_name(row.sequence)
            self._keys.apply(row.sequence, row.digest, said.extra, row.signer or "")
        except ArchiverError as error:
            case.report.find(5, "key-event-bad", error.message, file=name, sequence=row.sequence)

    def _check_subject(self, row: Row, said: Said) -> None:
        if said.event not in NEEDS_SUBJECT:
            return
        subject = self._named(row, "subject", said.subject, said.event, _SUBJECTS[said.event])
        if said.event == "recheck":
            snapshot = self._named(row, "snapshot", said.extra, said.event, _SNAPSHOTS)
            self._case.subjects.update({row.sequence: subject} if subject is not None else {})
            self._case.compared.update({row.sequence: snapshot} if snapshot is not None else {})
        elif said.event == "reading":
            if subject is not None:
                self._case.subjects[row.sequence] = subject
            replaced = self._named(row, "replaces", said.extra, said.event, frozenset({"reading"}))
            if None not in (subject, replaced) and self._case.subjects.get(replaced or 0) != subject:
                message = f"replaces number {replaced}, a reading of another snapshot"
                self._fault(4, "subject-unknown", message, row)

    def _named(self, row: Row, label: str, value: str | None, event: str, kinds: frozenset[str] | None) -> int | None:
        """The earlier manifest that is named, if it is here and of a kind that can be meant."""
        if value is None:
            return None
        sequence = self._case.by_digest.get(bytes.fromhex(value[7:]))
        if sequence is None or sequence == row.sequence:
            if self._case.evidence.kind == "archive":
                # It may be one that is missing or cannot be read.
                weight = None if self._whole else Weight.NOT_CHECKED
                name = self._case.evidence.manifest_name(row.sequence)
                message = f"{label} is no earlier manifest that is here"
                self._case.report.find(4, "subject-unknown", message, file=name, sequence=row.sequence, weight=weight)
            return None
        found = self._case.events.get(sequence)
        if found is None:
            return None  # itself unreadable or of a later version, and reported as such
        if kinds is not None and found not in kinds:
            message = f"{label} is number {sequence}, a {found}, which a {event} cannot speak about"
            self._fault(4, "subject-unknown", message, row)
            return None
        return sequence


assert set(_SUBJECTS) == NEEDS_SUBJECT
