"""Tampering with one byte or one file of an archive, and what the verifier must say of it. Used by tests and benches.

Every function gives None if the verifier did its duty, else what it failed to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from simulator import Simulator

from archiver.evidence import Evidence
from archiver.verify.policy import Policy
from archiver.verify.report import Report, Weight
from archiver.verify.run import verify

UNBOUND = frozenset({"archive.yaml"})  # settings: nothing signed binds them, and the report says so
MASKS = (0x01, 0x20, 0x80)  # the next character, the other case, no ASCII any more


def sample() -> Simulator:
    """An archive of some 33 kB with every kind of evidence file."""
    archive = Simulator()
    with archive.batch():
        archive.capture()
        archive.stamp(size=1)
    return archive


def policy_of(archive: Simulator) -> Policy:
    """Whoever checks trusts this archive: only tampering can make it fail."""
    return Policy(archives={archive.identity: "the simulator"})


def judge(report: Report, name: str) -> str | None:
    """Whether a report is one on an archive in which the evidence file `name` was changed."""
    if report.exit_code not in (1, 3):
        return f"exit code {report.exit_code}, {report.verdict}"
    if not any(f.weight in (Weight.FAILED, Weight.DISOWNED) and f.file == name for f in report.findings):
        return "caught, but the file is not named: " + ", ".join(
            sorted({f"{f.code} {f.file}" for f in report.findings})
        )
    return None


def flip(data: bytes, at: int, mask: int) -> bytes:
    """`data` with the byte at `at` changed."""
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]


def flip_in_memory(archive: Simulator, policy: Policy, name: str, at: int, mask: int) -> str | None:
    """One byte of one file of a simulated archive, and back."""
    kept = archive.files[name]
    archive.files[name] = flip(kept, at, mask)
    try:
        return judge(verify(archive, policy), name)
    finally:
        archive.files[name] = kept


def flip_on_disk(root: Path, evidence: Evidence, policy: Policy, name: str, at: int, mask: int) -> str | None:
    """One byte of one file of a folder, and back."""
    path = root / name
    kept = path.read_bytes()
    path.write_bytes(flip(kept, at, mask))
    try:
        return judge(verify(evidence, policy), name)
    finally:
        path.write_bytes(kept)


def evidence_files(archive: Simulator) -> list[str]:
    """The files that something signed binds."""
    return [name for name in archive.files if name not in UNBOUND]


Edit = Callable[[Simulator, str], str]  # changes the files; the name that the report must give


def _deleted(archive: Simulator, name: str) -> str:
    del archive.files[name]
    return name


def _emptied(archive: Simulator, name: str) -> str:
    archive.files[name] = b""
    return name


def _truncated(archive: Simulator, name: str) -> str:
    archive.files[name] = archive.files[name][:-1]
    return name


def _extended(archive: Simulator, name: str) -> str:
    archive.files[name] += b"\n"
    return name


def _renamed(archive: Simulator, name: str) -> str:
    archive.files[name + "x"] = archive.files.pop(name)
    return name + "x"


def _copied(archive: Simulator, name: str) -> str:
    archive.files[name + ".bak"] = archive.files[name]
    return name + ".bak"


EDITS: dict[str, Edit] = {
    "deleted": _deleted,
    "emptied": _emptied,
    "truncated": _truncated,
    "extended": _extended,
    "renamed": _renamed,
    "copied": _copied,
}


def swaps(archive: Simulator) -> Iterator[tuple[str, str]]:
    """All pairs of evidence files with different contents."""
    names = evidence_files(archive)
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            if archive.files[one] != archive.files[other]:
                yield one, other
