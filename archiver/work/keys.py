"""The keys of an archive: made by `init`, unlocked before anything is written.

Where their files are is in work.key_files. Nothing of these lies in the archive: `archive.yaml` holds the name alone.
A change of keys that a crash interrupted is finished here, before the keys are used (work.key_changes makes them).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from archiver import digest
from archiver.archive import Archive, Clock, Entropy
from archiver.errors import FormatError, MissingError, ProofError, UsageError
from archiver.evidence import read
from archiver.model.events import Continues
from archiver.model.manifest import Identity
from archiver.signing.keys import (
    KeySigner,
    PublicKey,
    Signer,
    is_encrypted,
    seed_from_private_key_file,
)
from archiver.store import settings as settings_file
from archiver.store.folder import ArchiveFolder
from archiver.store.head import read_head
from archiver.store.home import Home
from archiver.store.keyring import LogGuard, read_private
from archiver.store.ledger import Ledger
from archiver.tlog.checkpoint import LogKey
from archiver.tlog.note import check_name, open_note
from archiver.verify.layout import CHECKPOINT
from archiver.work.key_files import NEXT, KeyFiles

SEED_BYTES = 32
_ORIGIN = re.compile(r"[A-Za-z0-9._/-]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Made:
    """What `init` made. `recovery` is the file to move off this machine."""

    root: Path
    archive: str
    origin: str
    signer: PublicKey
    recovery: Path
    recovery_public: PublicKey
    default: bool


def make_archive(
    root: Path,
    home: Home,
    *,
    passphrase: bytes | None,
    signer: Signer | None = None,
    signer_source: str | None = None,
    origin: str | None,
    clock: Clock,
    entropy: Entropy,
    seeds: tuple[bytes, bytes, bytes] | None = None,
    continues: Continues | None = None,
) -> Made:
    """Make an archive and its keys. A `signer` that is there already is found again by `signer_source` (`agent`, or
    `file PATH`). `seeds` (signer, log, recovery) are for archives that must come out the same again. `continues` is the
    end of the archive that this one carries on. Raises StoreError, UsageError, FormatError; nothing is left behind in
    `root` if a key cannot be made."""
    name = "log-" + entropy(6).hex()
    origin = check_origin(origin or name)
    Ledger.check_place(root)
    signer_seed, log_seed, recovery_seed = seeds or (entropy(SEED_BYTES), entropy(SEED_BYTES), entropy(SEED_BYTES))
    files = KeyFiles(home.keys, name)
    own = signer is None
    signer = signer or KeySigner.from_seed(signer_seed)
    log_key = LogKey.from_seed(origin, log_seed)
    recovery = KeySigner.from_seed(recovery_seed)
    if own:
        files.write("signer", signer_seed, signer.public, passphrase)
    else:
        files.write_source(signer.public, signer_source or "agent")
    files.write("log", log_seed, None, passphrase)
    recovery_path = files.write("recovery", recovery_seed, recovery.public, passphrase)
    identity = Identity(
        origin=origin,
        signer=signer.public.line(),
        recovery=recovery.public.line(),
        log=tuple(key.spell() for key in log_key.vkeys()),
        continues=continues,
    )
    created = Ledger.create(
        root,
        identity=identity,
        signer=signer,
        recovery=recovery,
        log_key=log_key,
        guard=files.guard(origin),
        clock=clock,
        entropy=entropy,
        settings_text=settings_file.TEMPLATE.format(keys=name),
    )
    default = home.default_archive() is None
    home.remember_default(root.resolve())
    return Made(root, created, origin, signer.public, recovery_path, recovery.public, default)


def check_origin(origin: str) -> str:
    """A log's name: random, or a host name with a path. Raises UsageError."""
    if not _ORIGIN.fullmatch(origin) or origin.startswith("/") or origin.endswith("/"):
        raise UsageError(
            f"--origin {origin[:80]}: a log is called like example.org/log, without https:// and without a final slash"
        )
    return check_name(origin)


class Passphrases:
    """Passphrases that were given so far. Asked for once where one opens all keys, again where a key has its own.

    `ask(path, again)` gives a passphrase for a key file, None if nobody can be asked; `again` after a wrong one.
    """

    def __init__(self, given: bytes | None, ask: Callable[[Path, bool], bytes | None]) -> None:
        self._known = [] if given is None else [given]
        self._ask = ask

    def seed(self, path: Path) -> bytes:
        """The 32-byte seed in a key file. Raises MissingError, UsageError if a passphrase is needed and nobody gives
        one, ProofError if none opens it."""
        data = read_private(path)
        try:
            if not is_encrypted(data):
                return seed_from_private_key_file(data, None)
            for passphrase in self._known:
                try:
                    return seed_from_private_key_file(data, passphrase)
                except ProofError:
                    continue
            return self._asked(path, data)
        except (FormatError, ProofError, UsageError) as error:
            error.where = error.where or str(path)
            raise

    def _asked(self, path: Path, data: bytes) -> bytes:
        for again in (bool(self._known), True, True):
            passphrase = self._ask(path, again)
            if passphrase is None:
                break
            try:
                seed = seed_from_private_key_file(data, passphrase)
            except ProofError:
                continue
            self._known.append(passphrase)
            return seed
        if self._known:
            raise ProofError("the passphrase does not open this key")
        raise UsageError("this key is encrypted and needs its passphrase")


def end_of(root: Path, home: Home) -> Continues:
    """The end of an archive that cannot go on, for the genesis of the one that continues it; its checkpoint is
    remembered, so that the link can be followed here. Raises MissingError, and ProofError or FormatError for an end
    that is damaged: nothing is continued that does not hold."""
    folder = ArchiveFolder(root)
    if not ArchiveFolder.is_archive(root):
        raise MissingError("is no archive", where=str(root), hint="give the folder of the archive to continue")
    note = read(folder, CHECKPOINT)
    head = read_head(folder, note)
    home.remember(head.archive, open_note(note).text)
    return Continues(head.archive, head.size, digest.spell(head.checkpoint.root))


def key_files(archive: Archive) -> KeyFiles:
    """Where this archive's keys are, if they are on this machine. Raises FormatError."""
    try:
        return KeyFiles(archive.home.keys, archive.settings.keys)
    except FormatError as error:
        raise FormatError(error.message, where=str(archive.root / "archive.yaml"), hint=error.hint) from None


def load_keys(
    archive: Archive,
    passphrases: Passphrases,
    stand_in: Signer | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[Signer, LogKey, LogGuard]:
    """The keys that writing to this archive needs; an interrupted change of keys is finished first, and told.
    `stand_in` is there for a signer that is lost: the recovery key, which can revoke it. Raises MissingError if they
    are not on this machine, UsageError if a passphrase is needed, ProofError if it is the wrong one."""
    files, origin = key_files(archive), archive.identity().origin
    try:
        if files.pending("signer") or files.pending("log"):
            _settle(archive, files, passphrases, tell)
        log_key = LogKey.from_seed(origin, passphrases.seed(files.path("log")))
        lost = stand_in is not None and not files.here("signer")
        signer = stand_in if lost and stand_in is not None else load_signer(files, passphrases)
    except MissingError as error:
        raise MissingError(
            "this archive's key is not on this machine",
            where=error.where,
            hint="reading and verifying need no key; to write, bring the keys from the machine that made it: "
            "archiver key export there, archiver key import here",
        ) from None
    return signer, log_key, files.guard(origin)


def load_signer(files: KeyFiles, passphrases: Passphrases, state: str = "") -> Signer:
    """The signer's key, wherever it is kept. Raises as `load_keys`."""
    source = files.source(state)
    if source.kind == "own":
        assert source.path is not None
        return KeySigner.from_seed(passphrases.seed(source.path))
    public = files.public("signer", state)
    if public is None:
        raise MissingError("the public key is not on this machine", where=str(files.path("signer", state)) + ".pub")
    if source.path is None:
        from archiver.web.agent import AgentSigner

        return AgentSigner(public)
    signer = KeySigner.from_seed(passphrases.seed(source.path))
    if signer.public.fingerprint != public.fingerprint:
        raise ProofError("holds another key than this archive was made with", where=str(source.path))
    return signer


def _settle(archive: Archive, files: KeyFiles, passphrases: Passphrases, tell: Callable[[str], None]) -> None:
    """Finish a change of keys after a crash: a next key that the log admits takes its place. One that the log does not
    know stays what it is; the command that began the change can be repeated."""
    if _promote_admitted(archive, files, passphrases) or not files.here("signer") or not files.here("log"):
        return
    # The event may stand in the chain, and no checkpoint over it yet: finish that first, with both log keys.
    origin = archive.identity().origin
    guard = files.guard(origin)
    successor = None
    if files.here("log", NEXT):
        successor = LogKey.from_seed(origin, passphrases.seed(files.path("log", NEXT))), guard
    ledger = Ledger(
        archive.root,
        signer=load_signer(files, passphrases),
        log_key=LogKey.from_seed(origin, passphrases.seed(files.path("log"))),
        guard=guard,
        clock=archive.clock,
        entropy=archive.entropy,
        disk=archive.disk,
        successor=successor,
    )
    for line in ledger.repair().lines():
        tell(line)
    _promote_admitted(archive, files, passphrases)


def _promote_admitted(archive: Archive, files: KeyFiles, passphrases: Passphrases) -> bool:
    """Let every next key that is in force take its place. Whether none is left."""
    keys = archive.key_history()
    size = archive.size()
    if files.pending("signer"):
        public = files.public("signer", NEXT) or files.public("signer")
        if public is not None and keys.may_sign(public.fingerprint, size, "note", None) is None:
            files.promote("signer")
    if files.pending("log"):
        seed = passphrases.seed(files.path("log", NEXT))
        if LogKey.from_seed(archive.identity().origin, seed).vkeys()[0] in keys.log:
            files.promote("log")
    return not (files.pending("signer") or files.pending("log"))
