"""What goes into a bundle, checked before a byte is written: manifests, signatures, keys, proofs; objects by size.

Every manifest's signature, place and inclusion proof is checked, and the root over all manifests of the archive is
compared with the checkpoint. Objects are hashed later, while they are copied (`build`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from archiver import __version__, digest
from archiver.bundle import layout
from archiver.bundle.contents import Contents
from archiver.bundle.record import BundleRecord
from archiver.bundle.report import render
from archiver.bundle.select import load, select
from archiver.bundle.withhold import Withholding
from archiver.errors import FormatError, ProofError, UsageError
from archiver.evidence import Evidence, read
from archiver.model.manifest import Identity, KeyChange, Manifest, ObjectRef
from archiver.signing import sshsig
from archiver.signing.allowed_signers import encode_for
from archiver.signing.keys import PublicKey
from archiver.tlog import consistency
from archiver.tlog.checkpoint import Checkpoint, parse_checkpoint_text
from archiver.tlog.merkle import check_consistency, check_inclusion, leaf_hash
from archiver.tlog.note import open_note
from archiver.tlog.proof import encode_proof
from archiver.tlog.tiles import TileReader
from archiver.verify.chain import NAMESPACE as MANIFESTS
from archiver.verify.chain import examine
from archiver.verify.identity import open_by_position
from archiver.verify.keys import KeyHistory
from archiver.verify.layout import ALLOWED_SIGNERS, CHECKPOINT, LOG_VKEY


@dataclass(frozen=True, slots=True)
class Source:
    """A file that is copied from the archive: its name there, and what it must be, if a manifest says so."""

    name: str
    ref: ObjectRef | None = None


class Plan:
    """Everything about a bundle that is known before its objects are read."""

    def __init__(
        self,
        evidence: Evidence,
        exporter: PublicKey,
        asked: set[int],
        created: str,
        wish: Withholding,
        older: frozenset[int],
    ) -> None:
        if evidence.kind != "archive":
            raise UsageError("a bundle can be made from an archive only", where=evidence.label)
        if not asked:
            raise UsageError("nothing to export: no number is given")
        self.evidence, self.exporter = evidence, exporter
        self.note = read(evidence, self._path(CHECKPOINT))
        self.checkpoint = parse_checkpoint_text(open_note(self.note).text)
        self.selection = select(evidence, self.checkpoint.size, asked)
        self.tiles = TileReader(lambda name: read(evidence, self._path(f"log/{name}")), self.checkpoint.size)
        self.keys = self._check_keys()
        self.copied: dict[str, Source] = {}  # name in the bundle -> source
        self.older = set(older)
        for sequence in self.selection.sequences:
            self._take(sequence)
        removed = frozenset(self.selection.removed)
        self.contents = Contents(evidence, sorted(self.selection.chosen), removed, wish)
        for name, ref in self.contents.whole.items():
            self.copied[name] = Source(evidence.object_name(ref.digest) or "", ref)
        for size in sorted(self.older):
            self._take_older(size)
        self.copied[layout.PREFIX + CHECKPOINT] = Source(self._path(CHECKPOINT))
        self.record = BundleRecord(
            archive=self.archive,
            size=self.checkpoint.size,
            created=created,
            software=f"archiver/{__version__}",
            renderer=render.RENDERER,
            exporter=exporter.fingerprint,
            selected=tuple(sorted(self.selection.chosen)),
            withheld=tuple(self.contents.withheld),
        )

    def _path(self, name: str) -> str:
        return self.evidence.prefix + name

    def _check_keys(self) -> KeyHistory:
        """Genesis, then each key event; then the checkpoint under the log's keys."""
        data, genesis = load(self.evidence, 0)
        if not isinstance(genesis.extra, Identity):
            raise FormatError("the first manifest is no genesis", where=self.evidence.manifest_name(0))
        self.archive = digest.of_bytes(data)
        keys = KeyHistory.from_identity(self.archive, genesis.extra)
        for sequence in self.selection.sequences:
            data, manifest = self._checked(sequence, keys)
            if isinstance(manifest.extra, KeyChange):
                self._check_new_keys(data, manifest.extra, keys, sequence)
                keys.apply(sequence, digest.of_bytes(data), manifest.extra, manifest.signer)
        opened = open_by_position(keys, self.note, self._path(CHECKPOINT))
        if self.selection.root != opened.checkpoint.root:
            raise ProofError(
                "the manifests do not give the root that the log signed",
                where=self._path(CHECKPOINT),
                hint="run: archiver verify",
            )
        return keys

    def _checked(self, sequence: int, keys: KeyHistory) -> tuple[bytes, Manifest]:
        """A manifest at its place, signed by a key in force. Raises ProofError, FormatError, MissingError."""
        link = examine(self.evidence, sequence)
        for _, _, message, file in link.faults:
            raise ProofError(message, where=file, hint="run: archiver verify")
        manifest = link.manifest
        assert manifest is not None
        change = manifest.extra if isinstance(manifest.extra, KeyChange) else None
        fault = None
        if manifest.sequence != sequence or manifest.archive not in (None, self.archive):
            fault = "stands at another place or in another archive than it says"
        elif link.signer is None or link.signer != manifest.signer:
            fault = "is signed by another key than it names"
        elif sequence and manifest.keys != keys.newest:
            fault = "names another newest key event than the log has"
        else:
            fault = keys.may_sign(link.signer, sequence, manifest.event, change)
        if fault is not None:
            raise ProofError(fault, where=link.name, hint="run: archiver verify")
        return link.data, manifest

    def _check_new_keys(self, data: bytes, change: KeyChange, keys: KeyHistory, sequence: int) -> None:
        """A new key signs its own admission."""
        name = self.evidence.manifest_name(sequence) + ".new.sig"
        for fingerprint in keys.new_fingerprints(change):
            found = sshsig.verify(read(self.evidence, name, sshsig.MAX_ARMORED), data, MANIFESTS).fingerprint
            if found != fingerprint:
                raise ProofError("the new key did not sign its own admission", where=name)

    def _take(self, sequence: int) -> None:
        _, manifest = load(self.evidence, sequence)
        source, base = self.evidence.manifest_name(sequence), next(layout.chain_files(manifest))
        for name in layout.chain_files(manifest):
            self.copied[layout.PREFIX + name] = Source(source + name.removeprefix(base))
        for stamp in layout.stamps(manifest):
            ref = ObjectRef("stamp", stamp.digest, stamp.size, "application/octet-stream")
            self.copied[layout.PREFIX + stamp.file] = Source(self._path(stamp.file), ref)
            self.older.add(stamp.checkpoint)

    def _take_older(self, size: int) -> None:
        name, _ = layout.older_files(size)
        if not 0 < size < self.checkpoint.size:
            raise UsageError(f"the newest checkpoint, of size {self.checkpoint.size}, extends none of size {size}")
        old = open_by_position(self.keys, read(self.evidence, self._path(name)), self._path(name)).checkpoint
        if old.size != size:
            raise FormatError(f"holds a checkpoint of size {old.size}", where=self._path(name))
        self._consistency(old)
        self.copied[layout.PREFIX + name] = Source(self._path(name))

    def _consistency(self, old: Checkpoint) -> list[bytes]:
        hashes = self.tiles.consistency_proof(old.size)
        check_consistency(old.size, self.checkpoint.size, old.root, self.checkpoint.root, hashes)
        return hashes

    def proof(self, sequence: int) -> bytes:
        """The inclusion proof of one manifest, checked."""
        data, _ = load(self.evidence, sequence)
        hashes = self.tiles.inclusion_proof(sequence)
        check_inclusion(sequence, self.checkpoint.size, leaf_hash(data), hashes, self.checkpoint.root)
        return encode_proof(sequence, hashes, self.note)

    def generated(self) -> dict[str, Callable[[], bytes]]:
        """The files under data/ that are made, each when it is asked for."""

        def proof_of(sequence: int) -> Callable[[], bytes]:
            return lambda: self.proof(sequence)

        def extends(size: int) -> Callable[[], bytes]:
            return lambda: consistency.encode(size, self.tiles.consistency_proof(size), self.note)

        signers = [self.keys.lines[fingerprint] for fingerprint in self.keys.signers]
        vkeys = "".join(key.spell() + "\n" for key in self.keys.log).encode()
        made: dict[str, Callable[[], bytes]] = {
            layout.PREFIX + ALLOWED_SIGNERS: lambda: encode_for(signers),
            layout.PREFIX + LOG_VKEY: lambda: vkeys,
        }
        made |= {layout.PREFIX + layout.proof_file(n): proof_of(n) for n in self.selection.sequences}
        made |= {layout.PREFIX + layout.older_files(size)[1]: extends(size) for size in self.older}
        made |= {name: functools.partial(bytes, proof) for name, proof in self.contents.proofs()}
        return made
