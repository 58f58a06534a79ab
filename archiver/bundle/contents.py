"""Which objects of the chosen manifests go into a bundle: whole, in part, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from archiver import digest
from archiver.bundle import layout
from archiver.bundle.partial import Partial, some_lines, some_segments
from archiver.bundle.record import Withheld
from archiver.bundle.select import load
from archiver.bundle.withhold import Withholding, shows_picture, whole_roles
from archiver.errors import MissingError, ProofError
from archiver.evidence import Evidence, read
from archiver.model import received
from archiver.model.encoding import MAX_DOCUMENT
from archiver.model.manifest import Manifest, ObjectRef
from archiver.verify.layout import PROOF, object_path, parts_path

MAX_BESIDE = 32 << 20  # bytes of an object that is looked through for ids of WARC records


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A chosen manifest's number. `about`: digests of the snapshots that it speaks of; of a snapshot, its own."""

    sequence: int
    about: tuple[str, ...]


class Contents:
    """`whole`: name in the bundle -> the object that stands there; `parts`: likewise, of objects of which only parts
    are shown; `withheld`: all others. Raises MissingError, FormatError, ProofError for objects that are not as sealed.
    """

    def __init__(self, evidence: Evidence, chosen: Iterable[int], removed: frozenset[str], wish: Withholding) -> None:
        self.whole: dict[str, ObjectRef] = {}
        self.parts: dict[str, Partial] = {}
        self.withheld: list[Withheld] = []
        self._evidence, self._removed, self._wish = evidence, removed, wish
        self._chosen = _with_subjects(evidence, sorted(chosen))
        warcs: list[_Chosen] = []
        for item in self._chosen:
            warcs += self._take(item)
        beside: dict[str, list[int]] = {}
        for item in self._chosen if warcs else ():
            for snapshot in item.about:
                beside.setdefault(snapshot, []).append(item.sequence)
        for item in warcs:
            self._take_warc(self._load(item.sequence), self._shown(beside[item.about[0]]))
        self.withheld.sort(key=lambda held: (held.sequence, held.role, held.digest))

    def _take(self, item: _Chosen) -> Iterator[_Chosen]:
        """Everything but a WARC that may have to be cut: its manifest is given back."""
        wish, manifest = self._wish, self._load(item.sequence)
        reduced = "statements" in wish.roles or any(snapshot in wish.statements for snapshot in item.about)
        roles = whole_roles(wish, manifest.event, bodiless=wish.body or "warc" in wish.roles, reduced=reduced)
        warc = manifest.object("warc")
        here = warc is not None and warc.digest not in self._removed
        cut = wish.cuts_warc and "warc" not in roles and here
        ids = next((wish.statements[name] for name in item.about if name in wish.statements), None)
        if wish.credentials and manifest.object(received.FILE_ROLE) is not None and self._has_credentials(manifest):
            roles |= {received.FILE_ROLE}
        for ref in manifest.objects:
            if ref.role in roles or not shows_picture(wish, ref.role, ids):
                self._withhold(manifest, ref)
            elif ref.digest in self._removed:
                continue
            elif cut and ref.role in ("warc", "segment-secret", "bundle"):
                if ref.role == "warc":
                    self._present(manifest, ref)
                    yield item
            elif ref.role == "statements" and manifest.event == "reading":
                self._take_statements(manifest, ref, ids)
            else:
                self._show(manifest, ref)

    def _has_credentials(self, manifest: Manifest) -> bool:
        """Whether a file that was imported holds cookies or passwords, or may do so."""
        ref = manifest.object(received.ROLE)
        name = self._evidence.object_name(ref.digest) if ref is not None else None
        if name is None:
            return True
        return received.decode(read(self._evidence, name, MAX_DOCUMENT)).credentials != 0

    def _take_statements(self, manifest: Manifest, ref: ObjectRef, ids: frozenset[str] | None) -> None:
        partial = None
        if ids is not None or self._wish.context:
            self._present(manifest, ref)
            partial = some_lines(self._evidence, ref, ids, not self._wish.context)
        self._show_some(manifest, ref, partial)

    def _load(self, sequence: int) -> Manifest:
        return load(self._evidence, sequence)[1]

    def _take_warc(self, manifest: Manifest, beside: Iterable[bytes]) -> None:
        warc, secret, bundle = (manifest.object(role) for role in ("warc", "segment-secret", "bundle"))
        assert warc is not None and secret is not None
        if secret.digest in self._removed:
            raise ProofError(
                f"number {manifest.sequence}: its segment-secret was taken down: no part of the warc is provable alone",
                hint="withhold all of it (--withhold warc), or nothing (--keep-credentials)",
            )
        self._present(manifest, secret)
        partial = some_segments(self._evidence, warc, secret, self._wish, beside)
        self._show_some(manifest, warc, partial)
        for ref in (secret, bundle):
            if ref is not None and partial is not None:
                self._withhold(manifest, ref)
            elif ref is not None and ref.digest not in self._removed:
                self._show(manifest, ref)

    def _shown(self, sequences: Iterable[int]) -> Iterator[bytes]:
        """What is shown whole of some manifests, but for WARCs."""
        for ref in (ref for sequence in sequences for ref in self._load(sequence).objects if ref.role != "warc"):
            name = self._evidence.object_name(ref.digest)
            whole = layout.PREFIX + object_path(ref.digest) in self.whole
            if whole and name is not None and ref.size <= MAX_BESIDE:
                yield read(self._evidence, name, MAX_BESIDE)

    def _show_some(self, manifest: Manifest, ref: ObjectRef, partial: Partial | None) -> None:
        if partial is None:
            self._show(manifest, ref)
            return
        self._withhold(manifest, ref, partial.shown)
        if partial.shown:
            self.parts[layout.PREFIX + parts_path(ref.digest)] = partial

    def _show(self, manifest: Manifest, ref: ObjectRef) -> None:
        self._present(manifest, ref)
        self.whole[layout.PREFIX + object_path(ref.digest)] = ref

    def _withhold(self, manifest: Manifest, ref: ObjectRef, shown: int = 0) -> None:
        self.withheld.append(Withheld(manifest.sequence, ref.role, ref.digest, shown))

    def _present(self, manifest: Manifest, ref: ObjectRef) -> None:
        if self._evidence.object_name(ref.digest) is None:
            raise MissingError(
                f"{ref.role} of number {manifest.sequence} is missing",
                where=object_path(ref.digest),
                hint="run: archiver verify",
            )

    def proofs(self) -> Iterator[tuple[str, bytes]]:
        """The proofs of the parts, by name."""
        for name, partial in self.parts.items():
            yield name + PROOF, partial.proof


def _with_subjects(evidence: Evidence, sequences: list[int]) -> list[_Chosen]:
    """Each manifest with the snapshots that it speaks of; what it speaks about was chosen with it, and is earlier."""
    snapshots: dict[str, str] = {}  # digest of a reading -> that of its snapshot
    found = []
    for sequence in sequences:
        data, manifest = load(evidence, sequence)
        name, subject = digest.of_bytes(data), manifest.subject or ""
        about: tuple[str, ...] = (snapshots.get(subject, subject),)
        if manifest.event in ("snapshot", "import"):
            about = (name,)
        elif manifest.event == "reading":
            snapshots[name] = subject
        elif manifest.event == "recheck":
            about = (*about, str(manifest.extra))
        found.append(_Chosen(sequence, about))
    return found
