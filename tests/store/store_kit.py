"""Small archives with fixed keys, for the tests of the store. Nothing is mocked: real keys, files, locks, notes."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from archiver.model.manifest import Identity, KeyChange, ObjectRef, Tree
from archiver.signing.keys import KeySigner
from archiver.store.durable import Disk
from archiver.store.folder import ArchiveFolder
from archiver.store.keyring import LogGuard
from archiver.store.ledger import Added, Draft, Group, Ledger
from archiver.store.objects import ObjectStore, StagedObject
from archiver.store.repair import RepairReport
from archiver.tlog.checkpoint import LogKey
from archiver.verify.policy import Policy
from archiver.verify.report import Outcome, Report
from archiver.verify.run import verify

ORIGIN = "log.example/store"
TIME = "2026-11-23T13:02:11.482Z"


def seeded(text: str) -> bytes:
    """32 bytes that are the same every time."""
    return hashlib.sha256(text.encode()).digest()


SIGNER = KeySigner.from_seed(seeded("signer"))
RECOVERY = KeySigner.from_seed(seeded("recovery"))
SECOND = KeySigner.from_seed(seeded("second signer"))
LOG_KEY = LogKey.from_seed(ORIGIN, seeded("log"))
SECOND_LOG_KEY = LogKey.from_seed(ORIGIN, seeded("second log"))
IDENTITY = Identity(
    ORIGIN, SIGNER.public.line(), RECOVERY.public.line(), tuple(key.spell() for key in LOG_KEY.vkeys()), None
)
SETTINGS = "# settings of a test\n"


def clock() -> str:
    """It is always the same time."""
    return TIME


def entropy(seed: str = "entropy") -> Callable[[int], bytes]:
    """Bytes that look random and are the same for the same seed."""
    numbers = itertools.count()
    return lambda size: hashlib.shake_128(f"{seed} {next(numbers)}".encode()).digest(size)


class Place:
    """A folder with an archive in `archive/` and the guard of its log key in `keys/`."""

    def __init__(self, base: Path) -> None:
        self.base = Path(base)
        self.root = self.base / "archive"
        self.guard = LogGuard(self.base / "keys" / "log.guard", ORIGIN)

    def create(self, disk: Disk | None = None, guard: LogGuard | None = None) -> str:
        """Make the archive."""
        return Ledger.create(
            self.root,
            identity=IDENTITY,
            signer=SIGNER,
            recovery=RECOVERY,
            log_key=LOG_KEY,
            guard=guard or self.guard,
            clock=clock,
            entropy=entropy("create"),
            settings_text=SETTINGS,
            disk=disk,
        )

    def ledger(self, disk: Disk | None = None, guard: LogGuard | None = None, seed: str | None = None) -> Ledger:
        """A writer of it."""
        return Ledger(
            self.root,
            signer=SIGNER,
            log_key=LOG_KEY,
            guard=guard or self.guard,
            clock=clock,
            entropy=entropy(seed) if seed else os.urandom,
            disk=disk or Disk(self.root),
            wait=30,
        )

    def append(self, count: int = 1, tag: str = "page") -> list[Added]:
        """Seal that many snapshots of three objects each in one commit."""
        ledger = self.ledger()
        with ledger.batch() as group:
            added = add_snapshots(group, ledger.disk, count, tag)
            group.commit()
        ledger.disk.scratch.close()
        return added

    def repair(self) -> RepairReport:
        """What the next writer does when it begins."""
        ledger = self.ledger()
        report = ledger.repair()
        ledger.disk.scratch.close()
        return report

    def copy(self, to: Path) -> Place:
        """The archive and its guard in another place."""
        shutil.copytree(self.base, to, symlinks=True)
        return Place(to)

    @property
    def folder(self) -> ArchiveFolder:
        """It as evidence."""
        return ArchiveFolder(self.root)

    def size(self) -> int:
        """How many manifests its checkpoint counts."""
        return self.folder.count()

    def report(self) -> Report:
        """What the verifier says of it, this signer being known."""
        policy = Policy(signers={SIGNER.public.fingerprint: "me", SECOND.public.fingerprint: "me too"}, depth="objects")
        return verify(self.folder, policy)

    def check(self, size: int | None = None, quarantine: bool | None = None) -> None:
        """The verifier finds nothing wrong; remarks aside, nothing is there that does not belong."""
        report = self.report()
        faults = [finding for finding in report.findings if finding.code not in HARMLESS]
        assert not faults, faults
        for number in (1, 2, 3, 4, 5, 6, 8, *((9,) if report.size > 1 else ())):  # 7 needs a checkpoint from outside
            assert report.outcome(number) is Outcome.PASSED, number
        if size is not None:
            assert report.size == size
        if quarantine is not None:
            assert quarantine == any(finding.code == "quarantine" for finding in report.findings)


HARMLESS = frozenset({"file-unbound", "quarantine", "file-litter"})


ROLES = ("facts", "warc", "segment-secret")


def page(tag: str, number: int) -> tuple[bytes, bytes, bytes]:
    """The objects of a made-up snapshot, in the order of `ROLES`."""
    name = f"{tag} {number}"
    return f"facts of {name}\n".encode(), f"the page {name}\n".encode() * 40, seeded(name)


def reference(role: str, staged: StagedObject) -> ObjectRef:
    """How a manifest names it. The verifier is asked for the depth of objects: nobody looks into this "WARC"."""
    if role == "warc":
        segments = Tree(1, staged.digest)
        return ObjectRef(role, staged.digest, staged.size, "application/warc", segments=segments)
    kind = "application/json" if role == "facts" else "application/octet-stream"
    return ObjectRef(role, staged.digest, staged.size, kind)


def add_snapshots(group: Group, disk: Disk, count: int, tag: str) -> list[Added]:
    """Stage and add that many."""
    store = ObjectStore(disk.root, disk)
    added = []
    for number in range(count):
        refs = []
        for role, data in zip(ROLES, page(tag, number), strict=True):
            staged = store.stage_bytes(data)
            group.adopt(staged)
            refs.append(reference(role, staged))
        added.append(group.add(Draft("snapshot", None, None, tuple(refs), TIME)))
    return added


def log_rotation() -> Draft:
    """The draft of a rotation of the log's key."""
    old, new = (tuple(key.spell() for key in log.vkeys()) for log in (LOG_KEY, SECOND_LOG_KEY))
    return Draft("key", None, KeyChange("rotate", "log", old, new, None, None), (), TIME)


def rotation(old: KeySigner = SIGNER, new: KeySigner = SECOND) -> Draft:
    """The draft of a rotation of the signer's key."""
    change = KeyChange("rotate", "signer", (old.public.line(),), (new.public.line(),), None, None)
    return Draft("key", None, change, (), TIME)


def tree(root: Path, skip: Iterable[str] = ()) -> dict[str, bytes]:
    """Every file below a folder by its name, but those whose names begin with one of `skip`."""
    skipped: Sequence[str] = tuple(skip)
    found = {}
    for path in sorted(Path(root).rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and not name.startswith(tuple(skipped) or ("\0",)):
            found[name] = path.read_bytes()
    return found
