"""Steps 2 and 3: genesis and its keys; the checkpoint and the log's signatures on it."""

from __future__ import annotations

from archiver import digest
from archiver.errors import ArchiverError, FormatError, MissingError, ProofError
from archiver.evidence import read
from archiver.model.manifest import MAX_BYTES, Identity, decode
from archiver.signing import sshsig
from archiver.signing.keys import PublicKey
from archiver.tlog.checkpoint import open_checkpoint
from archiver.tlog.note import VerifierKey
from archiver.verify.case import Case
from archiver.verify.chain import MAX_SIGNATURE, NAMESPACE
from archiver.verify.keys import KeyHistory
from archiver.verify.layout import CHECKPOINT


def check_genesis(case: Case) -> None:
    """Step 2. Genesis must be signed by the signer (`.sig`) and the recovery key (`.sig.1`) that it names."""
    name = case.evidence.manifest_name(0)
    try:
        data = read(case.evidence, name, MAX_BYTES)
    except MissingError:
        case.report.find(2, "genesis-missing", "the archive has no first manifest", file=name, sequence=0)
        return
    case.archive = case.report.archive = digest.of_bytes(data)
    try:
        manifest = decode(data)
        if manifest.event != "genesis" or not isinstance(manifest.extra, Identity):
            raise FormatError("the first manifest is no genesis")
        case.report.origin = manifest.extra.origin
        case.keys = KeyHistory.from_identity(case.archive, manifest.extra)
        _check_held(case, name, data, manifest.extra)
    except ArchiverError as error:
        case.report.find(2, "genesis-bad", error.message, file=error.where or name, sequence=0)
    case.report.steps[2].checked = 1
    case.report.steps[2].summary = f"archive {short(case.archive)}, log {case.report.origin}"


def _check_held(case: Case, name: str, data: bytes, identity: Identity) -> None:
    for suffix, line in ((".sig", identity.signer), (".sig.1", identity.recovery)):
        wanted = PublicKey.parse_line(line).fingerprint
        try:
            signature = read(case.evidence, name + suffix, MAX_SIGNATURE)
            found = sshsig.verify(signature, data, NAMESPACE).fingerprint
        except ArchiverError as error:
            raise ProofError(f"signature of {wanted}: {error.message}", where=name + suffix) from None
        if found != wanted:
            raise ProofError(f"signed by {found}, and names {wanted}", where=name + suffix)


def check_checkpoint(case: Case, vkeys: list[VerifierKey] | None = None) -> None:
    """Step 3. `vkeys` default to those of genesis; a rotation of the log's key makes the last step 6 look again."""
    if case.keys is None:
        case.report.steps[3].skipped = "without a good genesis the log's key is unknown"
        return
    name = case.path(CHECKPOINT)
    try:
        case.note = read(case.evidence, name)
        opened = open_checkpoint(case.note, vkeys or [*case.keys.log, *case.keys.retired_log])
    except MissingError:
        case.report.find(3, "checkpoint-missing", "there is no checkpoint", file=name)
        return
    except (FormatError, ProofError) as error:
        case.report.find(3, "checkpoint-bad", error.message, file=name)
        return
    case.checkpoint = opened.checkpoint
    case.report.size, case.report.root = opened.checkpoint.size, digest.spell(opened.checkpoint.root)
    step = case.report.steps[3]
    step.checked, step.summary = 1, f"{opened.checkpoint.size} manifests, root {digest.spell(opened.checkpoint.root)[7:23]}…"
    if opened.mldsa != "passed":
        case.report.find(3, "mldsa-not-checked", f"ML-DSA-44 line: {opened.mldsa}", file=name)
    for line in opened.unknown:
        case.report.find(3, "checkpoint-line-unknown", f"signature line by unknown key {line.name}", file=name)


def short(archive: str) -> str:
    """The fingerprint of an archive's identity that people compare: `9f86-d081-884c-7d65`."""
    return "-".join(archive[7 + 4 * i : 11 + 4 * i] for i in range(4))
