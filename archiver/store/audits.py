"""Logs of others that this user follows: their keys, and the newest checkpoint that was seen of each.

    <state>/audits/<sha256 of the origin>/log       keys, a vkey a line; the place, after `at `
    <state>/audits/<sha256 of the origin>/checkpoint   the newest good one, a signed note
    <state>/audits/<sha256 of the origin>/split-…   two notes of one log that exclude each other: keep them

A remembered checkpoint never goes back to a smaller one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from archiver import digest
from archiver.errors import FormatError
from archiver.store.disk_errors import telling
from archiver.store.durable import listing
from archiver.store.keyring import private_lock
from archiver.store.witness_home import name_of
from archiver.store.yaml_file import read_text, write_text
from archiver.tlog.checkpoint import parse_checkpoint_text
from archiver.tlog.note import VerifierKey, open_note


@dataclass(frozen=True, slots=True)
class Followed:
    """A log that was audited: where, its keys as they were given, the newest good checkpoint."""

    origin: str
    keys: tuple[VerifierKey, ...]
    size: int
    note: bytes
    place: str


class Audits:
    """What is remembered. Raises FormatError for a file that is not what it should be, StoreError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of(self, origin: str) -> Followed | None:
        """What is known of a log, None if it was never audited."""
        return self._read(self.folder / name_of(origin))

    def all(self) -> list[Followed]:
        """Every log that was audited, by name."""
        with telling(self.folder):
            try:
                names = listing(self.folder)
            except FileNotFoundError:
                names = []
        found = [self._read(self.folder / name) for name in names]
        return sorted((item for item in found if item is not None), key=lambda item: item.origin)

    def remember(self, log: Followed) -> None:
        """Keep a checkpoint that was shown to extend what was known."""
        folder = self.folder / name_of(log.origin)
        with private_lock(folder / "checkpoint"):
            before = self._read(folder)
            if before is not None and before.size > log.size:
                return
            write_text(folder / "log", "".join(key.spell() + "\n" for key in log.keys) + f"at {log.place}\n")
            write_text(folder / "checkpoint", log.note.decode("utf-8"))

    def keep_split(self, origin: str, one: bytes, other: bytes) -> Path:
        """Keep two signed checkpoints of one log that exclude each other; the folder with both."""
        folder = self.folder / name_of(origin) / f"split-{digest.of_bytes(one + other)[7:23]}"
        for name, note in (("a", one), ("b", other)):
            write_text(folder / f"checkpoint-{name}", note.decode("utf-8"))
        return folder

    def _read(self, folder: Path) -> Followed | None:
        note, log = read_text(folder / "checkpoint"), read_text(folder / "log")
        if note is None or log is None:
            return None
        try:
            checkpoint = parse_checkpoint_text(open_note(note.encode("utf-8")).text)
            lines = log.removesuffix("\n").split("\n")
            keys = tuple(VerifierKey.parse(line) for line in lines if not line.startswith("at "))
        except FormatError as error:
            raise FormatError(error.message, where=str(folder), hint="move this folder away, and audit anew") from None
        place = next((line[3:] for line in lines if line.startswith("at ")), "")
        return Followed(checkpoint.origin, keys, checkpoint.size, note.encode("utf-8"), place)
