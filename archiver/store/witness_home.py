"""What a witness keeps: its key, the logs that it follows, and of each the newest tree that it cosigned.

    <config>/witness/key             private key, mode 0600, OpenSSH format
    <config>/witness/name            what it is called, e.g. ann.example/witness
    <config>/witness/logs            the log keys that it believes, a vkey a line
    <config>/witness/seen/<sha256 of the origin>    size and root, in the format of a log's guard (store.keyring)
    <config>/witness/splits/…        requests that prove that a log signed two trees

A tree is noted and synced before the cosignature leaves memory, under a lock, and only if it extends the one before: a
witness that is killed, or asked twice at once, never cosigns a shorter tree after a longer one.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from archiver import digest
from archiver.errors import FormatError, MissingError, RefusedError, StoreError
from archiver.signing.key_file import encode_private_key
from archiver.store.disk_errors import telling
from archiver.store.keyring import LogGuard, private_lock, read_private, write_private
from archiver.store.yaml_file import read_text, write_text
from archiver.tlog.checkpoint import Checkpoint
from archiver.tlog.note import COSIGNATURE_MLDSA44, ED25519, VerifierKey, check_name
from archiver.tlog.witness import Seen

MAX_LOGS = 10_000
MAX_SPLITS = 100
_LOGS_HEAD = "# logs that this witness follows, a key (vkey) a line; written by: archiver witness follow\n"


class WitnessHome:
    """The files of one witness. Methods raise FormatError for a file that is not what it should be, StoreError for one
    that cannot be read or written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def exists(self) -> bool:
        """Whether a witness was made here."""
        return self._name_path.exists()

    @property
    def key_path(self) -> Path:
        """Where the private key is."""
        return self.folder / "key"

    @property
    def _name_path(self) -> Path:
        return self.folder / "name"

    @property
    def _logs_path(self) -> Path:
        return self.folder / "logs"

    def create(self, name: str, seed: bytes, passphrase: bytes | None) -> None:
        """Make the witness. Raises StoreError if there is one."""
        check_name(name)
        if self.exists:
            raise StoreError("there is a witness here already", where=str(self.folder))
        write_private(self.key_path, encode_private_key(seed, passphrase, f"{name} witness"))
        write_text(self._name_path, name + "\n")

    def name(self) -> str:
        """What it is called. Raises MissingError."""
        text = read_text(self._name_path)
        if text is None:
            raise MissingError(
                "there is no witness on this machine yet", where=str(self.folder), hint="archiver witness init NAME"
            )
        try:
            return check_name(text.removesuffix("\n"))
        except FormatError as error:
            raise FormatError(error.message, where=str(self._name_path)) from None

    def key_file(self) -> bytes:
        """The private key's file. Raises MissingError."""
        return read_private(self.key_path)

    def logs(self) -> tuple[VerifierKey, ...]:
        """The keys of the logs that it follows."""
        found = []
        for number, line in enumerate((read_text(self._logs_path) or "").split("\n"), 1):
            if not line or line.startswith("#"):
                continue
            try:
                found.append(VerifierKey.parse(line))
            except FormatError as error:
                raise FormatError(f"line {number}: {error.message}", where=str(self._logs_path)) from None
        return tuple(found)

    def follow(self, keys: tuple[VerifierKey, ...]) -> tuple[VerifierKey, ...]:
        """Believe these log keys; those that are new. A log whose key changes keeps what was seen of it. Raises
        FormatError for a key that signs no logs."""
        for key in keys:
            if key.type not in (ED25519, COSIGNATURE_MLDSA44):
                raise FormatError(f"{key.name}: this key does not sign a log")
        with private_lock(self._logs_path):
            before = self.logs()
            new = tuple(dict.fromkeys(key for key in keys if key not in before))
            if len(before) + len(new) > MAX_LOGS:
                raise StoreError(f"a witness follows at most {MAX_LOGS} log keys", where=str(self._logs_path))
            if new:
                write_text(self._logs_path, _LOGS_HEAD + "".join(key.spell() + "\n" for key in (*before, *new)))
        return new

    def seen(self, origin: str) -> Seen:
        """The newest tree of that log that was cosigned."""
        found = self._guard(origin).read()
        return Seen() if found is None else Seen(*found)

    def note(self, checkpoint: Checkpoint, seen: Seen) -> None:
        """Note a tree, which was shown to extend `seen`, before it is cosigned. Raises RefusedError if another was
        noted in between."""

        def unmoved(size: int, root: bytes) -> bool:
            return (size, root) == (seen.size, seen.root)

        with private_lock(self.folder / "noting"):
            if self.seen(checkpoint.origin) != seen:
                raise RefusedError("another tree of this log was cosigned at the same moment")
            self._guard(checkpoint.origin).advance(checkpoint.size, checkpoint.root, unmoved)

    def keep_note(self, checkpoint: Checkpoint, note: bytes) -> None:
        """Keep a cosigned checkpoint with its log's signatures: one half of what would prove a split view."""
        write_text(self.folder / "seen" / f"{name_of(checkpoint.origin)}.note", note.decode("utf-8"))

    def newest_note(self, name: str) -> bytes | None:
        """The checkpoint of a log (`name_of` its origin) as it was cosigned last."""
        text = read_text(self.folder / "seen" / f"{name}.note")
        return None if text is None else text.encode("utf-8")

    def keep_split(self, request: bytes, origin: str) -> Path | None:
        """Keep a request that proves that a log signed two trees; where, None if there are too many already."""
        folder = self.folder / "splits"
        path = folder / f"{name_of(origin)[:16]}-{digest.of_bytes(request)[7:23]}"
        with telling(folder):
            count = len(list(folder.iterdir())) if folder.exists() else 0
        if path.exists():
            return path
        if count >= MAX_SPLITS:
            return None
        write_private(path, request)
        return path

    def _guard(self, origin: str) -> LogGuard:
        return LogGuard(self.folder / "seen" / name_of(origin), origin)


def name_of(origin: str) -> str:
    """What the files of a log are called."""
    return hashlib.sha256(origin.encode("utf-8", "surrogateescape")).hexdigest()
