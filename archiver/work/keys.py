"""The keys of an archive: made by `init`, unlocked before anything is written.

    <config>/keys/<name>-signer, .pub     signs manifests (or .pub alone: the key lives in a file or agent elsewhere)
    <config>/keys/<name>-signer.source    where that is: `agent`, or `file /home/ann/.ssh/id_ed25519`
    <config>/keys/<name>-log, .guard      signs checkpoints, and the highest size that it ever signed
    <config>/keys/<name>-recovery, .pub   revokes the others; belongs on another machine

Nothing of these lies in the archive: `archive.yaml` holds the name alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from archiver.archive import Archive, Clock, Entropy
from archiver.errors import FormatError, MissingError, ProofError, StoreError, UsageError
from archiver.model.manifest import Identity
from archiver.signing.keys import (
    KeySigner,
    PublicKey,
    Signer,
    encode_private_key,
    is_encrypted,
    seed_from_private_key_file,
)
from archiver.store import settings as settings_file
from archiver.store.home import Home
from archiver.store.keyring import LogGuard, read_private, write_private
from archiver.store.ledger import Ledger
from archiver.tlog.checkpoint import LogKey
from archiver.tlog.note import check_name

SEED_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9._-]{1,80}", re.ASCII)
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
) -> Made:
    """Make an archive and its keys. A `signer` that is there already is found again by `signer_source` (`agent`, or
    `file PATH`). `seeds` (signer, log, recovery) are for archives that must come out the same again. Raises StoreError,
    UsageError, FormatError; nothing is left behind in `root` if a key cannot be made."""
    name = "log-" + entropy(6).hex()
    origin = check_origin(origin or name)
    Ledger.check_place(root)
    signer_seed, log_seed, recovery_seed = seeds or (entropy(SEED_BYTES), entropy(SEED_BYTES), entropy(SEED_BYTES))
    keys = home.keys
    own = signer is None
    signer = signer or KeySigner.from_seed(signer_seed)
    log_key = LogKey.from_seed(origin, log_seed)
    recovery = KeySigner.from_seed(recovery_seed)
    if own:
        _write_key(keys / f"{name}-signer", signer_seed, signer.public, passphrase, f"{name} signer")
    else:
        write_private(keys / f"{name}-signer.source", f"{signer_source or 'agent'}\n".encode())
        write_private(keys / f"{name}-signer.pub", (signer.public.line(f"{name} signer") + "\n").encode())
    write_private(keys / f"{name}-log", encode_private_key(log_seed, passphrase, f"{name} log"))
    recovery_path = keys / f"{name}-recovery"
    _write_key(recovery_path, recovery_seed, recovery.public, passphrase, f"{name} recovery")
    identity = Identity(
        origin=origin,
        signer=signer.public.line(),
        recovery=recovery.public.line(),
        log=tuple(key.spell() for key in log_key.vkeys()),
        continues=None,
    )
    created = Ledger.create(
        root,
        identity=identity,
        signer=signer,
        recovery=recovery,
        log_key=log_key,
        guard=LogGuard(keys / f"{name}-log.guard", origin),
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


def _write_key(path: Path, seed: bytes, public: PublicKey, passphrase: bytes | None, comment: str) -> None:
    write_private(path, encode_private_key(seed, passphrase, comment))
    write_private(path.with_name(path.name + ".pub"), (public.line(comment) + "\n").encode())


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


def load_keys(archive: Archive, passphrases: Passphrases) -> tuple[Signer, LogKey, LogGuard]:
    """The keys that writing to this archive needs. Raises MissingError if they are not on this machine, UsageError if
    a passphrase is needed, ProofError if it is the wrong one."""
    name = archive.settings.keys
    if not _NAME.fullmatch(name):
        raise FormatError("`keys` is not the name of a key", where=str(archive.root / "archive.yaml"))
    folder = archive.home.keys
    origin = archive.identity().origin
    try:
        log_key = LogKey.from_seed(origin, passphrases.seed(folder / f"{name}-log"))
        signer = _load_signer(folder, name, passphrases)
    except MissingError as error:
        raise MissingError(
            "this archive's key is not on this machine",
            where=error.where,
            hint="reading and verifying need no key; to write, copy the key files from the machine that made it",
        ) from None
    return signer, log_key, LogGuard(folder / f"{name}-log.guard", origin)


def _load_signer(folder: Path, name: str, passphrases: Passphrases) -> Signer:
    source = folder / f"{name}-signer.source"
    if not source.exists():
        return KeySigner.from_seed(passphrases.seed(folder / f"{name}-signer"))
    try:
        kind, _, rest = source.read_text(encoding="utf-8").rstrip("\n").partition(" ")
        public = PublicKey.parse_line((folder / f"{name}-signer.pub").read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"could not be read: {error}", where=str(source)) from None
    if kind == "agent":
        from archiver.web.agent import AgentSigner

        return AgentSigner(public)
    if kind != "file":
        raise FormatError("says neither `agent` nor `file PATH`", where=str(source))
    signer = KeySigner.from_seed(passphrases.seed(Path(rest)))
    if signer.public.fingerprint != public.fingerprint:
        raise ProofError("holds another key than this archive was made with", where=rest)
    return signer
