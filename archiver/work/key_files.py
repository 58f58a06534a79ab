"""The key files of one archive in its user's configuration folder, and how one key takes another's place there.

    <config>/keys/<name>-signer, .pub           signs manifests
    <config>/keys/<name>-signer.source, .pub    instead, where that key is: `agent`, or `file /home/ann/.ssh/id_ed25519`
    <config>/keys/<name>-log, .guard            signs checkpoints, and the highest size that the log ever signed
    <config>/keys/<name>-recovery, .pub         revokes the others; belongs on another machine
    <config>/keys/<name>-next-ROLE              on its way in: written before the event that admits it is sealed
    <config>/keys/<name>-retired-1-ROLE         out of use, and kept

A next key takes its place only once the log says that it is in force: a crash in between leaves both, and whoever
unlocks the archive next finishes it (work.keys). The guard belongs to the log, whatever its key: it stays. No key is
ever overwritten or deleted, but for a next one that was never admitted to anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from archiver.errors import FormatError, MissingError, StoreError
from archiver.signing.keys import PublicKey, encode_private_key
from archiver.store.disk_errors import store_error
from archiver.store.durable import sync_folder
from archiver.store.keyring import LogGuard, write_private

NEXT = "next"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,80}", re.ASCII)
_PARTS = ("", ".source", ".pub")  # the last one moved last: with it the fingerprint goes


@dataclass(frozen=True, slots=True)
class Source:
    """Where a signer's private key is kept: in an ssh-agent, in a file of the user's, or beside these files."""

    kind: str  # `agent`, `file`, `own`
    path: Path | None


class KeyFiles:
    """The files of the keys called `name` in a folder. Raises FormatError for a name that is none."""

    def __init__(self, folder: Path, name: str) -> None:
        if not name:
            raise FormatError(
                "does not say which keys are this archive's",
                hint="`archiver init` wrote the line `keys: NAME`; NAME is that of the files in the keys folder: "
                f"{folder}",
            )
        if not _NAME.fullmatch(name):
            raise FormatError(f"`keys` is not the name of a key: {name[:90]!r}")
        self.folder = folder
        self.name = name

    def path(self, role: str, state: str = "") -> Path:
        """The private key's file: `signer`, `log`, `recovery`; in force, or `next`, `retired-1` …"""
        return self.folder / (f"{self.name}-{state}-{role}" if state else f"{self.name}-{role}")

    def guard(self, origin: str) -> LogGuard:
        """What the log has signed so far."""
        return LogGuard(self.folder / f"{self.name}-log.guard", origin)

    def write(
        self, role: str, seed: bytes, public: PublicKey | None, passphrase: bytes | None, state: str = ""
    ) -> Path:
        """Keep a new private key, and its public part where it is an OpenSSH one. Raises StoreError if one is there."""
        path, label = self.path(role, state), f"{self.name} {role}"
        self.write_pair(path, seed, public, passphrase, label)
        return path

    @staticmethod
    def write_pair(path: Path, seed: bytes, public: PublicKey | None, passphrase: bytes | None, label: str) -> None:
        """A private key in a file, and its public part beside it, as ssh-keygen writes them. Raises StoreError."""
        write_private(path, encode_private_key(seed, passphrase, label))
        if public is not None:
            write_private(_beside(path, ".pub"), (public.line(label) + "\n").encode())

    def write_source(self, public: PublicKey, source: str, state: str = "") -> None:
        """Note where a signer's key is that lives elsewhere: `agent`, or `file PATH`."""
        path = self.path("signer", state)
        write_private(_beside(path, ".source"), f"{source}\n".encode())
        write_private(_beside(path, ".pub"), (public.line(f"{self.name} signer") + "\n").encode())

    def source(self, state: str = "") -> Source:
        """Where the signer's private key is. Raises FormatError, StoreError."""
        path = _beside(self.path("signer", state), ".source")
        try:
            kind, _, rest = path.read_text(encoding="utf-8").rstrip("\n").partition(" ")
        except FileNotFoundError:
            return Source("own", self.path("signer", state))
        except (OSError, UnicodeDecodeError) as error:
            raise StoreError(f"could not be read: {error}", where=str(path)) from None
        if kind == "agent":
            return Source("agent", None)
        if kind == "file" and rest:
            return Source("file", Path(rest))
        raise FormatError("says neither `agent` nor `file PATH`", where=str(path))

    def public(self, role: str, state: str = "") -> PublicKey | None:
        """The public part of a signer or recovery key, None if it is not here. Raises FormatError, StoreError."""
        path = _beside(self.path(role, state), ".pub")
        try:
            return PublicKey.parse_line(path.read_text(encoding="utf-8").strip())
        except FileNotFoundError:
            return None
        except FormatError as error:
            raise FormatError(error.message, where=str(path)) from None
        except (OSError, UnicodeDecodeError) as error:
            raise StoreError(f"could not be read: {error}", where=str(path)) from None

    def here(self, role: str, state: str = "") -> bool:
        """Whether there is a key of that role, or a note where it is."""
        return any(_beside(self.path(role, state), part).exists() for part in ("", ".source"))

    def pending(self, role: str) -> bool:
        """Whether anything of a next key is there."""
        return self._any(role, NEXT)

    def states(self, role: str) -> list[str]:
        """`retired-1`, `retired-2` …, in order: the keys of that role that went."""
        found: list[str] = []
        while self._any(role, f"retired-{len(found) + 1}"):
            found.append(f"retired-{len(found) + 1}")
        return found

    def promote(self, role: str) -> None:
        """The next key takes the place of the one in force, which is kept as retired. Can be repeated after a crash.
        Raises MissingError if there is no next one, StoreError."""
        if not self.pending(role):
            raise MissingError("there is no next key", where=str(self.path(role, NEXT)))
        if self.here(role, NEXT) and self._any(role, ""):
            self._move(role, "", self._retired(role))
        self._move(role, NEXT, "")

    def discard_next(self, role: str) -> None:
        """Delete a next key that was admitted to nothing. Raises StoreError."""
        try:
            for part in _PARTS:
                _beside(self.path(role, NEXT), part).unlink(missing_ok=True)
            sync_folder(self.folder)
        except OSError as error:
            raise store_error(error, self.path(role, NEXT)) from None

    def _retired(self, role: str) -> str:
        """Where the key in force goes: a new place, or the one to which a move was begun before a crash."""
        states = self.states(role)
        begun = bool(states) and not self.here(role) and not _beside(self.path(role, states[-1]), ".pub").exists()
        return states[-1] if begun else f"retired-{len(states) + 1}"

    def _any(self, role: str, state: str) -> bool:
        return any(_beside(self.path(role, state), part).exists() for part in _PARTS)

    def _move(self, role: str, old: str, new: str) -> None:
        try:
            for part in _PARTS:
                origin = _beside(self.path(role, old), part)
                if origin.exists():
                    origin.rename(_beside(self.path(role, new), part))
            sync_folder(self.folder)
        except OSError as error:
            raise store_error(error, self.path(role, old)) from None


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending) if ending else path
