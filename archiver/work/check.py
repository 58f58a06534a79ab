"""Verification as a person asks for it: which evidence is meant, whom they believe, which checkpoints are remembered.

Nothing is fetched and nothing of the evidence is changed. The one thing that is kept afterwards is the newest good
checkpoint of each archive, in the user's state folder: an archive that later shows less or other is then noticed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from archiver import digest
from archiver.errors import ArchiverError, FormatError, MissingError, StoreError, UsageError
from archiver.evidence import SMALL, Evidence, read
from archiver.foreign import check as foreign
from archiver.foreign.imported import check_imports
from archiver.model.manifest import MAX_BYTES, Identity, decode
from archiver.signing.keys import PublicKey
from archiver.store.folder import ArchiveFolder
from archiver.store.home import Home, is_trust_key
from archiver.store.witness_policy import POLICY, read_policy
from archiver.tlog.checkpoint import parse_checkpoint_text
from archiver.tlog.note import open_note
from archiver.tlog.policy import WitnessPolicy
from archiver.verify.case import Progress, silent
from archiver.verify.layout import CHECKPOINT
from archiver.verify.policy import KnownCheckpoint, Policy
from archiver.verify.report import Report
from archiver.verify.run import BundleStep, verify

if TYPE_CHECKING:
    from archiver.stamps.authority import Root
    from archiver.stamps.bitcoin import Headers

OWN = "you"
POLICY_NAME = "policy"  # in the user's configuration folder


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for."""

    depth: str = "content"
    require: tuple[str, ...] = ()
    trust: tuple[str, ...] = ()
    known: tuple[Path, ...] = ()
    jobs: int = 1
    tsa_roots: tuple[Path, ...] = ()
    at: str | None = None
    headers: Path | None = None
    policy: Path | None = None


def open_evidence(path: Path) -> tuple[Evidence, BundleStep | None]:
    """The evidence at a path: an archive's folder, a bundle, an unpacked bundle. Raises MissingError, FormatError."""
    if not path.exists():
        raise MissingError("there is no such file or folder", where=str(path))
    if ArchiveFolder.is_archive(path):
        return ArchiveFolder(path), None
    from archiver.bundle.check import check_bundle
    from archiver.bundle.read import BundleEvidence

    if path.is_dir() and not BundleEvidence.is_bag(path):
        raise FormatError(
            "is neither an archive nor a bundle, and nothing of another tool that is known here",
            where=str(path),
            hint="an archive has archive.yaml and chain/ in it",
        )
    return BundleEvidence(path), check_bundle


def policy_of(home: Home, asked: Asked, evidence: Evidence | None) -> Policy:
    """Whom this user believes: own keys, confirmed ones, those of `--trust`, and the checkpoints that are known (none
    of another tool's file, which has no log)."""
    signers: dict[str, str] = dict.fromkeys(home.own_fingerprints(), OWN)
    archives: dict[str, str] = {}
    for item in home.trusted():
        (archives if digest.is_digest(item.key) else signers)[item.key] = item.name
    for given in asked.trust:
        _take(given, signers, archives)
    return Policy(
        signers=signers,
        archives=archives,
        known=tuple(_known(home, asked, evidence)) if evidence is not None else (),
        depth=asked.depth,  # type: ignore[arg-type]  # Policy refuses any other
        require=asked.require,
        tsa_roots=_roots(home, asked, evidence),
        cosigners=_cosigners(home, asked, evidence),
        at=None if asked.at is None else moment_of(asked.at),
        headers=None if asked.headers is None else _headers(asked.headers),
    )


def moment_of(text: str) -> datetime:
    """`--at`: a day (its end, in UTC) or a moment. Raises UsageError."""
    try:
        if len(text) == 10:
            return datetime.fromisoformat(text).replace(tzinfo=UTC) + timedelta(days=1)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise UsageError(f"--at {text[:80]}: no time", hint="2026-11-24, or 2026-11-24T13:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _roots(home: Home, asked: Asked, evidence: Evidence | None) -> tuple[Root, ...]:
    """Whose time stamps this user believes: those of `--tsa-root`, those pinned for this user, and in an archive of
    their own those pinned in it. What others' archives pin is their own claim."""
    from archiver.store.tsa_roots import FOLDER, read_root, roots_in

    found = [read_root(path) for path in asked.tsa_roots]
    found += roots_in(home.config / "tsa")
    if isinstance(evidence, ArchiveFolder) and _is_own(home, evidence):
        found += roots_in(evidence.root / FOLDER)
    return tuple(found)


def _cosigners(home: Home, asked: Asked, evidence: Evidence | None) -> WitnessPolicy | None:
    """Whose cosignatures count (C2SP tlog-policy): that of `--policy`, else this user's, else, in an archive of their
    own, the one in it. Raises FormatError, StoreError, MissingError for a file that was given and is not there."""
    if asked.policy is not None:
        return read_policy(asked.policy, needed=True)
    own = isinstance(evidence, ArchiveFolder) and _is_own(home, evidence)
    found = read_policy(home.config / POLICY_NAME)
    if found is None and isinstance(evidence, ArchiveFolder) and own:
        found = read_policy(evidence.root / POLICY)
    return found


def _headers(path: Path) -> Headers:
    """`--block-headers`. Raises FormatError, StoreError."""
    from archiver.stamps.bitcoin import MAX_FILE, parse_headers

    try:
        with path.open("rb") as stream:
            return parse_headers(stream.read(MAX_FILE + 1), str(path))
    except OSError as error:
        raise StoreError(f"could not be read: {error.strerror}", where=str(path)) from None


def _is_own(home: Home, evidence: Evidence) -> bool:
    """Whether this user holds the key that signed genesis, as far as genesis says so itself: if it lies, step 2 or 5
    fails."""
    try:
        identity = decode(read(evidence, evidence.manifest_name(0), MAX_BYTES)).extra
        return isinstance(identity, Identity) and (
            PublicKey.parse_line(identity.signer).fingerprint in home.own_fingerprints()
        )
    except ArchiverError:
        return False


def _take(given: str, signers: dict[str, str], archives: dict[str, str]) -> None:
    """`--trust`: a fingerprint, an archive's identity, or a file with public keys (OpenSSH lines, allowed_signers)."""
    if is_trust_key(given):
        (archives if digest.is_digest(given) else signers)[given] = "--trust"
        return
    path = Path(given)
    if path.is_dir():
        path = path / "trust" / "allowed_signers"
    try:
        with path.open("rb") as stream:
            lines = stream.read(SMALL).decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise FormatError("is not a text file with public keys", where=given) from None
    except OSError:
        raise UsageError(
            f"--trust {given}: neither a fingerprint, an archive's identity nor a file of public keys",
            hint="a signer is SHA256:…, an archive sha256: and 64 digits",
        ) from None
    found = 0
    for line in lines:
        start = line.find("ssh-ed25519 ") if "sk-ssh-ed25519@" not in line else line.find("sk-ssh-ed25519@")
        if start >= 0 and not line.startswith("#"):
            signers[PublicKey.parse_line(line[start:].strip()).fingerprint] = str(path)
            found += 1
    if not found:
        raise FormatError("holds no ed25519 public key", where=str(path))


def _known(home: Home, asked: Asked, evidence: Evidence) -> list[KnownCheckpoint]:
    found = [checkpoint_at(path) for path in asked.known]
    archive, identity = _genesis(evidence)
    before = identity.continues.archive if identity is not None and identity.continues is not None else None
    for known in (archive, before):
        remembered = home.remembered(known) if known is not None else None
        if remembered is not None:
            found.append(replace(_checkpoint(remembered, "a checkpoint remembered on this machine"), archive=known))
    return found


def checkpoint_at(path: Path) -> KnownCheckpoint:
    """The checkpoint in a file, in a bundle, or the newest one of an archive; as it stands there, verified by nobody.
    Raises MissingError, FormatError, StoreError."""
    try:
        if path.is_dir() or _is_zip(path):
            evidence, _ = open_evidence(path)
            data = read(evidence, evidence.prefix + CHECKPOINT)
        else:
            with path.open("rb") as stream:
                data = stream.read(SMALL)
        return _checkpoint(data, str(path), given=True)
    except OSError as error:
        raise StoreError(f"could not be read: {error.strerror}", where=str(path)) from None
    except FormatError as error:
        raise FormatError(f"is no checkpoint: {error.message}", where=str(path)) from None


def _checkpoint(data: bytes, source: str, *, given: bool = False) -> KnownCheckpoint:
    """From a signed note, or from a bare checkpoint text."""
    text = open_note(data).text if b"\n\n" in data else data
    checkpoint = parse_checkpoint_text(text)
    return KnownCheckpoint(checkpoint.origin, checkpoint.size, checkpoint.root, source, given)


def identity_of(evidence: Evidence) -> str | None:
    """The archive's identity as its genesis gives it, None if that cannot be read (the verifier says why)."""
    return _genesis(evidence)[0]


def _genesis(evidence: Evidence) -> tuple[str | None, Identity | None]:
    try:
        data = read(evidence, evidence.manifest_name(0), MAX_BYTES)
        extra = decode(data).extra
    except ArchiverError:
        return None, None
    return (digest.of_bytes(data), extra) if isinstance(extra, Identity) else (None, None)


def check(path: Path, home: Home, asked: Asked, progress: Progress = silent) -> Report:
    """Verify what lies at `path`; a good checkpoint is remembered. Raises MissingError, FormatError, UsageError."""
    kind = foreign.kind_of(path) if path.exists() else None
    if kind is not None:
        policy = policy_of(home, asked, None)
        report = foreign.check_foreign(path, kind, policy, progress)
        if kind == "wacz":
            from archiver.work.wacz_bundle import check_inner

            check_inner(path, report, policy, progress)
        return report
    try:
        evidence, bundle_step = open_evidence(path)
    except FormatError as error:
        if not _is_zip(path):
            raise
        report = Report(kind="bundle", label=str(path), depth=asked.depth)
        report.find(1, "bundle-file", error.message, file=error.where or str(path))
        for step in report.steps.values():
            step.skipped = "the bundle cannot be opened"
        return report
    policy = policy_of(home, asked, evidence)
    report = verify(
        evidence, policy, jobs=asked.jobs, progress=progress, bundle_step=bundle_step, import_step=check_imports
    )
    if not report.failed and not report.unreadable and report.archive is not None:
        _remember(home, evidence, report.archive, report.size or 0)
    return report


def _is_zip(path: Path) -> bool:
    """Whether a file set out to be a zip: then that it is none any more is a finding, not a mistake of the user's."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(2) == b"PK"


def _remember(home: Home, evidence: Evidence, archive: str, size: int) -> None:
    """Keep the checkpoint if it is newer than the one kept; a state folder that cannot be written is no failure."""
    note = read(evidence, evidence.prefix + CHECKPOINT)
    text = open_note(note).text
    before = home.remembered(archive)
    if before is not None and parse_checkpoint_text(before).size >= size:
        return
    try:
        home.remember(archive, text)
    except StoreError:
        if os.access(home.state, os.W_OK):
            raise
