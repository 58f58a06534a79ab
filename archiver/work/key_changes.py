"""Changes of an archive's keys: each is a signed event of the log, and takes effect behind itself.

    rotate   a signer, log or recovery key goes, and another takes its place: signed by both
    admit    a signer more, for another collector: signed by a signer in force and by itself
    revoke   a key is no longer believed from a size of the log on: signed by the recovery key

Rules: docs/formats/signature.md. The new key is on the disk before the event is sealed, under a name that says so, and
takes its place after it (work.key_files): a crash in between leaves an archive that the next command finishes. A key
is never taken out of use before the log says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from archiver.archive import Archive
from archiver.errors import MissingError, RefusedError, UsageError
from archiver.model.events import KeyChange
from archiver.signing.keys import KeySigner, Signer
from archiver.store.head import NEW_SIGNATURE
from archiver.store.ledger import Draft, Ledger
from archiver.tlog.checkpoint import LogKey
from archiver.tlog.note import ED25519
from archiver.work.key_files import NEXT, KeyFiles
from archiver.work.keys import SEED_BYTES, Passphrases, key_files, load_signer


@dataclass(frozen=True, slots=True)
class Other:
    """A signer's key that is there already, and how it is found again: `agent`, or `file PATH`."""

    signer: Signer
    source: str


@dataclass(frozen=True, slots=True)
class Changed:
    """What was sealed: the event's number, the names of the keys that went and came, and the new key's file."""

    sequence: int
    role: str
    old: str | None
    new: str | None
    file: Path | None


def rotate_signer(archive: Archive, passphrases: Passphrases, passphrase: bytes | None, other: Other | None) -> Changed:
    """Another key signs from now on: one that is there already, or a new one, encrypted with `passphrase`. The archive
    is unlocked. Raises RefusedError, UsageError, StoreError."""
    ledger, files = archive.ledger(), key_files(archive)
    old = ledger.signer.public
    new = _next_signer(archive, files, passphrases, passphrase, other)
    change = KeyChange("rotate", "signer", (old.line(),), (new.public.line(),), None, None)
    sequence = _seal(archive, ledger, change, admitted=new)
    files.promote("signer")
    return Changed(sequence, "signer", old.fingerprint, new.public.fingerprint, files.source().path)


def rotate_log(archive: Archive, passphrases: Passphrases, passphrase: bytes | None) -> Changed:
    """Another key signs the log from now on; the first checkpoint is signed by both. Raises as `rotate_signer`."""
    files = key_files(archive)
    new = _next_log(archive, files, passphrases, passphrase)
    ledger = archive.ledger(successor=new)
    old = ledger.sealing.signers[0].key
    change = KeyChange("rotate", "log", _spelled(old), _spelled(new), None, None)
    sequence = _seal(archive, ledger, change)
    files.promote("log")
    return Changed(sequence, "log", log_name(old), log_name(new), files.path("log"))


def rotate_recovery(
    archive: Archive, passphrases: Passphrases, passphrase: bytes | None, recovery: Path, out: Path
) -> Changed:
    """Another recovery key, written to the file `out`; `recovery` is the one that goes. Raises as `rotate_signer`."""
    old = KeySigner.from_seed(passphrases.seed(recovery))
    new = _write_signer(archive, out, passphrase)
    change = KeyChange("rotate", "recovery", (old.public.line(),), (new.public.line(),), None, None)
    sequence = _seal(archive, archive.ledger(), change, signed_by=old, admitted=new)
    return Changed(sequence, "recovery", old.public.fingerprint, new.public.fingerprint, out)


def admit(archive: Archive, passphrase: bytes | None, out: Path | None, other: Other | None) -> Changed:
    """One signer more: a new key in the file `out`, or one that is there already. Raises as `rotate_signer`."""
    if (out is None) == (other is None):
        raise UsageError("say where the new key goes, or which one it is")
    new = other.signer if other is not None else _write_signer(archive, out or Path(), passphrase)
    change = KeyChange("add", "signer", (), (new.public.line(),), None, None)
    return Changed(_seal(archive, archive.ledger(), change, admitted=new), "signer", None, new.public.fingerprint, out)


def revoke(
    archive: Archive,
    passphrases: Passphrases,
    passphrase: bytes | None,
    recovery: Path,
    key: str,
    trusted_size: int,
    suspected_since: str | None,
) -> Changed:
    """Take back trust in a signer or recovery key (its fingerprint, or the beginning of it) for everything at or beyond
    `trusted_size`. The signer in use here gets a successor. Raises MissingError for a key that the log does not know,
    and as `rotate_signer`."""
    signer = KeySigner.from_seed(passphrases.seed(recovery))
    role, fingerprint, line = known_key(archive, key)
    files, ledger = key_files(archive), archive.ledger()
    if not 1 <= trusted_size <= archive.size():
        raise UsageError(f"--trusted-size {trusted_size}: the log has {archive.size()} manifests; give 1 to that many")
    if role == "recovery" and fingerprint == signer.public.fingerprint:
        raise UsageError("a recovery key does not revoke itself", hint="archiver key rotate --role recovery")
    new: Signer | None = None
    in_use = files.public("signer")
    if role == "signer" and (in_use is None or fingerprint == in_use.fingerprint):
        new = _next_signer(archive, files, passphrases, passphrase, None)
    change = KeyChange(
        "revoke", role, (line,), () if new is None else (new.public.line(),), trusted_size, suspected_since
    )
    sequence = _seal(archive, ledger, change, signed_by=signer, admitted=new)
    if new is None:
        return Changed(sequence, role, fingerprint, None, None)
    files.promote("signer")
    return Changed(sequence, role, fingerprint, new.public.fingerprint, files.path("signer"))


def revoke_log(
    archive: Archive, passphrases: Passphrases, passphrase: bytes | None, recovery: Path, trusted_size: int
) -> Changed:
    """Take back trust in the log's key for checkpoints above `trusted_size`; a new one signs from now on."""
    signer = KeySigner.from_seed(passphrases.seed(recovery))
    files = key_files(archive)
    new = _next_log(archive, files, passphrases, passphrase)
    ledger = archive.ledger(successor=new)
    old = ledger.sealing.signers[0].key
    change = KeyChange("revoke", "log", _spelled(old), _spelled(new), trusted_size, None)
    sequence = _seal(archive, ledger, change, signed_by=signer)
    files.promote("log")
    return Changed(sequence, "log", log_name(old), log_name(new), files.path("log"))


def signed_from(archive: Archive, fingerprint: str, size: int) -> list[int]:
    """The numbers at or beyond `size` that a key signed: what its revocation with that size disowns."""
    return [n for n in range(size, archive.size()) if archive.manifest(n).signer == fingerprint]


def known_key(archive: Archive, key: str) -> tuple[Literal["signer", "recovery"], str, str]:
    """Role, fingerprint and public key line of the one signer or recovery key that is called so."""
    history = archive.key_history()
    roles: dict[str, Literal["signer", "recovery"]] = dict.fromkeys(history.recovery_terms, "recovery")
    roles |= dict.fromkeys(history.signer_terms, "signer")
    wanted = key if key.startswith("SHA256:") else f"SHA256:{key}"
    found = [name for name in roles if name.startswith(wanted)]
    if len(found) != 1 or len(wanted) < len("SHA256:") + 6:
        raise MissingError(
            f"{key!r} names {'several keys' if found else 'no key'} of this archive", hint="archiver key list"
        )
    return roles[found[0]], found[0], history.lines[found[0]]


def log_name(key: LogKey) -> str:
    """How a log key is called in lists: the key ID of its Ed25519 line (C2SP signed-note)."""
    return next(vkey.key_id.hex() for vkey in key.vkeys() if vkey.type == ED25519)


def _seal(
    archive: Archive,
    ledger: Ledger,
    change: KeyChange,
    *,
    signed_by: Signer | None = None,
    admitted: Signer | None = None,
) -> int:
    extra: Mapping[str, Signer] = {} if admitted is None else {NEW_SIGNATURE: admitted}
    with ledger.batch() as group:
        added = group.add(Draft("key", None, change, (), archive.clock()), signed_by=signed_by, extra_signers=extra)
        group.commit()
    return added.sequence


def _next_signer(
    archive: Archive, files: KeyFiles, passphrases: Passphrases, passphrase: bytes | None, other: Other | None
) -> Signer:
    """The signer that is to come, with its files as `next`. One that was left by a command that did not get far is used
    if it is of the same kind: it was admitted to nothing."""
    if files.pending("signer"):
        if other is None and files.source(NEXT).kind == "own" and files.here("signer", NEXT):
            return load_signer(files, passphrases, NEXT)
        files.discard_next("signer")
    if other is not None:
        files.write_source(other.signer.public, other.source, NEXT)
        return other.signer
    seed = archive.entropy(SEED_BYTES)
    signer = KeySigner.from_seed(seed)
    files.write("signer", seed, signer.public, passphrase, NEXT)
    return signer


def _next_log(archive: Archive, files: KeyFiles, passphrases: Passphrases, passphrase: bytes | None) -> LogKey:
    origin = archive.identity().origin
    if files.pending("log"):
        return LogKey.from_seed(origin, passphrases.seed(files.path("log", NEXT)))
    seed = archive.entropy(SEED_BYTES)
    files.write("log", seed, None, passphrase, NEXT)
    return LogKey.from_seed(origin, seed)


def _write_signer(archive: Archive, out: Path, passphrase: bytes | None) -> Signer:
    """A new key in a file of the user's choice, with its public part beside it."""
    if out.exists() or not out.parent.is_dir():
        why = "exists already" if out.exists() else "is in a folder that is not there"
        raise RefusedError(why, where=str(out), hint="give the path of a new file")
    seed = archive.entropy(SEED_BYTES)
    signer = KeySigner.from_seed(seed)
    KeyFiles.write_pair(out, seed, signer.public, passphrase, out.name)
    return signer


def _spelled(key: LogKey) -> tuple[str, ...]:
    return tuple(vkey.spell() for vkey in key.vkeys())
