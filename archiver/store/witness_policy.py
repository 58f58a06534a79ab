"""The file that says which witnesses count, and how many of them: C2SP tlog-policy (format: archiver.tlog.policy).

    my-archive/trust/policy    chosen by the archive's owner; whom `archiver witness ask` asks
    <config>/policy            chosen by this user, for whatever they verify

Nothing signs it. It is trust, and trust is given: by whoever verifies, never by what is verified.
"""

from __future__ import annotations

from pathlib import Path

from archiver.errors import FormatError, MissingError, UsageError
from archiver.store.disk_errors import store_error
from archiver.store.durable import EDITABLE, Disk
from archiver.store.placing import Placing
from archiver.tlog.note import VerifierKey
from archiver.tlog.policy import MAX_POLICY, WitnessPolicy, parse_policy

POLICY = "trust/policy"
_HEAD = """\
# Witnesses of this log, and how many of them are enough: C2SP tlog-policy. Edit it as you like.
"""


def read_policy(path: Path, needed: bool = False) -> WitnessPolicy | None:
    """The policy in a file, None if there is no such file, unless it is needed. Raises FormatError, StoreError."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_POLICY + 1)
    except FileNotFoundError:
        if needed:
            raise MissingError("there is no such file", where=str(path)) from None
        return None
    except OSError as error:
        raise store_error(error, path) from None
    try:
        return parse_policy(data)
    except FormatError as error:
        error.where = str(path)
        raise


def add_witness(disk: Disk, name: str, key: VerifierKey, url: str | None) -> WitnessPolicy:
    """Add a witness to the archive's policy; one alone is the quorum, of several any, until somebody edits the file.
    Raises UsageError for a name or key that is there, FormatError, StoreError."""
    path = disk.path(POLICY)
    before = read_policy(path)
    if before is not None and any(name == item.name or key == item.key for item in before.witnesses):
        raise UsageError(f"{name} is a witness already", where=str(path))
    if before is not None and _is_edited(before):
        raise UsageError(
            "this policy has groups of its own, which only a person can extend",
            where=str(path),
            hint=f"add the line: witness {name} {key.spell()} {url or ''}".rstrip(),
        )
    known = [(item.name, item.key, item.url) for item in (before.witnesses if before is not None else ())]
    known.append((name, key, url))
    lines = [f"witness {' '.join(filter(None, (n, k.spell(), u)))}" for n, k, u in known]
    if len(known) > 1:
        lines.append("group witnesses any " + " ".join(n for n, _, _ in known))
    lines.append(f"quorum {'witnesses' if len(known) > 1 else name}")
    data = (_HEAD + "".join(line + "\n" for line in lines)).encode("utf-8", "surrogateescape")
    found = parse_policy(data)
    placing = Placing(disk)
    placing.write(POLICY, data, EDITABLE)
    placing.sync()
    placing.place([POLICY])
    return found


def _is_edited(policy: WitnessPolicy) -> bool:
    """Whether it is another one than `add_witness` writes."""
    names = tuple(item.name for item in policy.witnesses)
    if policy.logs or len(names) < 2:
        return bool(policy.logs or policy.groups)
    wanted = [("witnesses", 1, names)]
    return [(g.name, g.needed, g.members) for g in policy.groups] != wanted or policy.quorum != "witnesses"
