"""Steps 2 and 3: genesis and its keys; the checkpoint and the log's signatures on it.

Which keys must sign the checkpoint is known only once the chain has been walked, and how far the chain goes is known
only from the checkpoint. So its size is read first and believed by nobody; its signatures are judged afterwards, by the
keys that the log has at that size.
"""

from __future__ import annotations

from datetime import UTC, datetime

from archiver import digest
from archiver.errors import ArchiverError, FormatError, NewerVersionError, ProofError
from archiver.evidence import read
from archiver.model.manifest import MAX_BYTES, Identity, decode
from archiver.signing import sshsig
from archiver.signing.keys import PublicKey
from archiver.tlog.checkpoint import OpenedCheckpoint, open_checkpoint, parse_checkpoint_text
from archiver.tlog.note import ED25519, open_note
from archiver.verify.case import Case
from archiver.verify.chain import MAX_SIGNATURE, NAMESPACE
from archiver.verify.keys import KeyHistory
from archiver.verify.layout import CHECKPOINT
from archiver.verify.report import counted


def check_genesis(case: Case) -> None:
    """Step 2. Genesis must be signed by the signer (`.sig`) and the recovery key (`.sig.1`) that it names."""
    name, step = case.evidence.manifest_name(0), case.report.steps[2]
    try:
        data = read(case.evidence, name, MAX_BYTES)
        case.archive = digest.of_bytes(data)
        manifest = decode(data)
        if not isinstance(manifest.extra, Identity):
            raise FormatError("the first manifest is no genesis")
        keys = KeyHistory.from_identity(case.archive, manifest.extra)
        _check_held(case, name, data, manifest.extra)
    except NewerVersionError as error:
        case.report.find(2, "genesis-newer", error.message, file=name, sequence=0)
        step.skipped, case.newer = "the first manifest is of a later version", True
        return
    except ArchiverError as error:
        case.blame(
            2, error, "genesis-bad", error.where or name, "genesis-missing" if error.where in (None, name) else None
        )
        step.skipped = "there is no good first manifest"
        return
    case.keys, case.continues = keys, manifest.extra.continues
    case.report.archive, case.report.origin = case.archive, manifest.extra.origin
    step.checked = 1
    step.summary = f"archive {short(case.archive)}, log {case.report.origin}"


def _check_held(case: Case, name: str, data: bytes, identity: Identity) -> None:
    """Both keys that genesis names signed it: each is proven to be held."""
    faults: list[ArchiverError] = []
    broken = 0
    for suffix, line in ((".sig", identity.signer), (".sig.1", identity.recovery)):
        wanted = PublicKey.parse_line(line).fingerprint
        try:
            signature = read(case.evidence, name + suffix, MAX_SIGNATURE)
            found = sshsig.verify(signature, data, NAMESPACE).fingerprint
            if found != wanted:
                faults.append(ProofError(f"is a signature by {found}; genesis names {wanted}", where=name + suffix))
        except ArchiverError as error:
            broken += isinstance(error, ProofError)
            error.where = name + suffix
            faults.append(error)
    if broken == 2:
        raise ProofError("is not what was signed: neither of its signatures holds", where=name)
    if faults:
        raise faults[0]


def read_checkpoint(case: Case) -> int | None:
    """The size that the checkpoint claims, believed by nobody yet; None if there is no readable one."""
    name, step = case.path(CHECKPOINT), case.report.steps[3]
    if case.keys is None:
        step.skipped = "without a good genesis the log's key is unknown"
        return None
    try:
        case.note = read(case.evidence, name)
        checkpoint = parse_checkpoint_text(open_note(case.note).text)
        if checkpoint.origin != case.keys.origin:
            raise FormatError(f"is of another log: {checkpoint.origin}")
    except ArchiverError as error:
        case.blame(3, error, "checkpoint-bad", name, "checkpoint-missing")
        case.note = b""
        step.skipped = "there is no readable checkpoint"
        return None
    return checkpoint.size


def judge_checkpoint(case: Case) -> None:
    """Step 3, after the key events are known: every key that the log has at this size must have signed."""
    name, step = case.path(CHECKPOINT), case.report.steps[3]
    assert case.keys is not None
    if not case.note:
        return
    size = parse_checkpoint_text(open_note(case.note).text).size
    unknown_from = case.keys.unknown_from
    try:
        opened = open_by_position(case.keys, case.note, name)
    except ArchiverError as error:
        if unknown_from is not None and unknown_from < size and isinstance(error, ProofError):
            case.report.find(3, "checkpoint-unknown", error.message, file=name)
        else:
            case.report.find(3, "checkpoint-bad", error.message, file=name)
        step.skipped = "there is no checkpoint signed by the log's keys"
        return
    case.checkpoint = opened.checkpoint
    case.report.size, case.report.root = size, digest.spell(opened.checkpoint.root)
    case.report.checkpoint_time = _spell(opened.time_seconds)
    step.checked, step.summary = 1, f"{counted(size, 'manifest', 'manifests')}, root {case.report.root[7:23]}…"
    if opened.mldsa.startswith("not checked"):
        case.report.find(3, "mldsa-not-checked", f"ML-DSA-44 line: {opened.mldsa}", file=name)
    for line in opened.unknown:
        case.report.find(3, "checkpoint-line-unknown", f"signature line by unknown key {line.name}", file=name)


def open_by_position(keys: KeyHistory, note: bytes, name: str) -> OpenedCheckpoint:
    """A checkpoint with good lines by all keys that the log has at its size. Raises FormatError, ProofError."""
    opened = open_checkpoint(note, [*keys.log, *keys.retired_log])
    present = {(line.name, line.key_id) for line in opened.note.signatures}
    wanted = keys.log_at(opened.checkpoint.size)
    if not wanted:
        raise ProofError(f"the log has no keys at size {opened.checkpoint.size}", where=name)
    for key in wanted:
        if (key.name, key.key_id) not in present:
            kind = "an Ed25519" if key.type == ED25519 else "an ML-DSA-44"
            raise ProofError(f"{kind} line is missing: that of the log's key {key.key_id.hex()}", where=name)
    return opened


def _spell(seconds: int | None) -> str | None:
    """UTC, `2026-11-23T13:02:11Z`; None for no time or one that no calendar has."""
    if seconds is None or seconds >= 253_402_300_800:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def short(archive: str) -> str:
    """The fingerprint of an archive's identity that people compare: `9f86-d081-884c-7d65`."""
    return "-".join(archive[7 + 4 * i : 11 + 4 * i] for i in range(4))
