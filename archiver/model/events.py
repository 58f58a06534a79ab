"""What each event adds to the common keys of a manifest. Format: docs/formats/manifest.md.

It stands between `subject` and `objects`:

    genesis   identity    the log's origin and every public key
    reading   replaces    the reading that this one corrects, or null
    recheck   snapshot    the new visit to the page
    key       change      keys retired, revoked, admitted
    stamp     stamps      files received for earlier checkpoints
    export    bundle      what left, and which manifests it proves
    takedown  removed     digests of the objects that were removed

`snapshot`, `import` and `note` add nothing. Specimen of a recheck's: "snapshot": "sha256:77ab…".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from archiver.errors import FormatError
from archiver.model.values import check_day_or_time, check_digest, check_natural, need, refuse
from archiver.signing.keys import PublicKey
from archiver.tlog.note import COSIGNATURE_MLDSA44, ED25519, VerifierKey

# Each of these lists must fit into a manifest of 65,535 bytes whatever its numbers; a writer with more writes another.
MAX_SEQUENCES = 2_500
MAX_STAMPS = 150
MAX_REMOVED = 700

_ORIGIN = re.compile(r"[A-Za-z0-9._~-][A-Za-z0-9._~:/-]{0,198}[A-Za-z0-9._~-]|[A-Za-z0-9]", re.ASCII)
_STAMP = re.compile(r"log/checkpoints/([1-9][0-9]{0,15})(?:\.[a-z0-9-]{1,40})?\.([a-z]{3,5})", re.ASCII)
_SUFFIXES = {"rfc3161": ("tsr", "tsq"), "opentimestamps": ("ots",), "cosignature": ("cosig",)}


@dataclass(frozen=True, slots=True)
class Continues:
    """The last checkpoint of the archive that this one carries on."""

    archive: str
    size: int
    root: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Genesis: the log's origin and every public key (OpenSSH lines without comment; C2SP vkeys, Ed25519 first)."""

    origin: str
    signer: str
    recovery: str
    log: tuple[str, ...]
    continues: Continues | None


@dataclass(frozen=True, slots=True)
class KeyChange:
    """Key event: one key of a role retired (`rotate`), revoked or admitted (`add`).

    A signer or recovery key is an OpenSSH public key line without comment; a log key is two vkeys, Ed25519 and
    ML-DSA-44. `trusted_size` and `suspected_since` belong to a revocation: leaves before that position stay trusted.
    """

    action: Literal["rotate", "revoke", "add"]
    role: Literal["signer", "log", "recovery"]
    old: tuple[str, ...]
    new: tuple[str, ...]
    trusted_size: int | None
    suspected_since: str | None


@dataclass(frozen=True, slots=True)
class StampRef:
    """A time stamp or cosignature file received for the checkpoint of `checkpoint` leaves."""

    checkpoint: int
    kind: Literal["rfc3161", "opentimestamps", "cosignature"]
    file: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class BundleRef:
    """Export: the bundle that left, and the sequence numbers that it proves, ascending."""

    digest: str
    size: int
    sequences: tuple[int, ...]


# event -> (key, type); a reading's `replaces` may be null.
EXTRA_KEY: dict[str, tuple[str, Any]] = {
    "genesis": ("identity", Identity),
    "reading": ("replaces", str | None),
    "recheck": ("snapshot", str),
    "key": ("change", KeyChange),
    "stamp": ("stamps", tuple[StampRef, ...]),
    "export": ("bundle", BundleRef),
    "takedown": ("removed", tuple[str, ...]),
}


def check_extra(event: str, extra: Any, sequence: int) -> None:
    """Raises FormatError unless `extra` is what that event, at that place in the log, may add."""
    if event == "reading":
        if extra is not None:
            check_digest(extra, "replaces")
    elif event == "recheck":
        check_digest(extra, "snapshot")
    elif event == "genesis" and isinstance(extra, Identity):
        _check_identity(extra)
    elif event == "key" and isinstance(extra, KeyChange):
        _check_change(extra, sequence)
    elif event == "stamp" and isinstance(extra, tuple):
        _check_stamps(extra, sequence)
    elif event == "export" and isinstance(extra, BundleRef):
        _check_bundle(extra, sequence)
    elif event == "takedown" and isinstance(extra, tuple):
        _check_removed(extra)
    elif event in EXTRA_KEY:
        raise FormatError(f"{EXTRA_KEY[event][0]} is missing")
    elif extra is not None:
        raise FormatError(f"a {event} adds no key")


def _check_identity(identity: Identity) -> None:
    if not isinstance(identity.origin, str) or _ORIGIN.fullmatch(identity.origin) is None:
        refuse("origin", identity.origin, "a log's name: letters, digits and . _ ~ : / -, no slash at either end")
    signer, recovery = _public(identity.signer, "signer"), _public(identity.recovery, "recovery")
    log = _log_pair(identity.log, "log")
    need(log[0].name == identity.origin, "a log key's name is not the origin")
    # A note's Ed25519 signature covers the bare text: a key that makes such signatures must make no others.
    need(len({signer.raw, recovery.raw, log[0].public}) == 3, "signer, recovery and log are not three different keys")
    if identity.continues is not None:
        check_digest(identity.continues.archive, "continues.archive")
        check_digest(identity.continues.root, "continues.root")
        need(check_natural(identity.continues.size, "continues.size") > 0, "continues an empty log")


def _public(line: Any, label: str) -> PublicKey:
    """The key in a line that has no comment: comments name people and machines, and stand in no manifest."""
    if not isinstance(line, str):
        refuse(label, line, "a public key line")
    key = PublicKey.parse_line(line)
    if key.line() != line:
        refuse(label, line, "a public key line without a comment, in its one spelling")
    return key


def _log_pair(texts: tuple[str, ...], label: str) -> list[VerifierKey]:
    keys = [VerifierKey.parse(text) for text in texts]
    if [key.type for key in keys] != [ED25519, COSIGNATURE_MLDSA44]:
        raise FormatError(f"{label}: a log key is an Ed25519 vkey and an ML-DSA-44 vkey, in this order")
    if keys[0].name != keys[1].name or _ORIGIN.fullmatch(keys[0].name) is None:
        raise FormatError(f"{label}: the two vkeys of a log have its origin as their name")
    return keys


_COUNTS = {  # action -> how many keys stand in old, how many may stand in new
    "rotate": (1, (1,)),
    "revoke": (1, (0, 1)),
    "add": (0, (1,)),
}


def _check_change(change: KeyChange, sequence: int) -> None:
    need(change.action in _COUNTS and change.role in ("signer", "log", "recovery"), "change: unknown action or role")
    per_key = 2 if change.role == "log" else 1
    retired, admitted = _COUNTS[change.action]
    if len(change.old) != retired * per_key or len(change.new) not in [count * per_key for count in admitted]:
        raise FormatError(f"change: {len(change.old)} old and {len(change.new)} new do not fit a {change.action}")
    found: list[object] = []
    for label, texts in (("old", change.old), ("new", change.new)):
        if change.role == "log" and texts:
            found += _log_pair(texts, label)
        else:
            found += [_public(text, label) for text in texts]
    need(len(set(found)) == len(found), "change: a key stands twice")
    need(len({key.name for key in found if isinstance(key, VerifierKey)}) < 2, "change: a log keeps its origin")
    if change.action != "revoke":
        need(change.trusted_size is None and change.suspected_since is None, "change: only a revocation distrusts")
        return
    if not 1 <= check_natural(change.trusted_size, "trusted_size") <= sequence:
        raise FormatError(f"change: trusts {change.trusted_size} leaves, and there are {sequence} before it")
    if change.suspected_since is not None:
        check_day_or_time(change.suspected_since, "suspected_since")


def _check_stamps(stamps: tuple[Any, ...], sequence: int) -> None:
    need(1 <= len(stamps) <= MAX_STAMPS, f"stamps: 1 to {MAX_STAMPS}, not {len(stamps)}")
    for stamp in stamps:
        need(isinstance(stamp, StampRef), "stamps holds something else")
        match = _STAMP.fullmatch(stamp.file) if isinstance(stamp.file, str) else None
        if match is None or match[2] not in _SUFFIXES.get(stamp.kind, ()):
            refuse("stamp", stamp.file, f"a file of {stamp.kind} beside a checkpoint")
        if int(match[1]) != check_natural(stamp.checkpoint, "checkpoint") or stamp.checkpoint > sequence:
            raise FormatError(f"stamp: {stamp.file} does not belong to an earlier checkpoint of {stamp.checkpoint}")
        check_digest(stamp.digest, "stamp digest")
        need(check_natural(stamp.size, "stamp size") > 0, "stamp: an empty file")
    need(len({stamp.file for stamp in stamps}) == len(stamps), "stamps: a file stands twice")


def _check_bundle(bundle: BundleRef, sequence: int) -> None:
    check_digest(bundle.digest, "bundle digest")
    need(check_natural(bundle.size, "bundle size") > 0, "bundle: an empty file")
    need(1 <= len(bundle.sequences) <= MAX_SEQUENCES, f"bundle: 1 to {MAX_SEQUENCES} sequences")
    before = -1
    for number in bundle.sequences:
        need(before < check_natural(number, "sequence") < sequence, "bundle: sequences do not rise, or lie ahead")
        before = number


def _check_removed(removed: tuple[Any, ...]) -> None:
    need(1 <= len(removed) <= MAX_REMOVED, f"removed: 1 to {MAX_REMOVED} objects, not {len(removed)}")
    for item in removed:
        check_digest(item, "removed")
    need(len(set(removed)) == len(removed), "removed: an object stands twice")
