"""An archive's keys from one machine to another: a folder with the key files as they are, encrypted or not.

    <name>-signer, .pub or .source, <name>-log, <name>-log.guard      the same names as in the configuration folder

The recovery key does not travel with them. The guard does: it keeps a log that was signed further on one machine from
being signed differently on the other. It cannot do so for two machines that write to two copies at the same time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from archiver.archive import Archive
from archiver.errors import FormatError, MissingError, RefusedError, StoreError
from archiver.signing.keys import MAX_KEY_FILE, is_encrypted
from archiver.store.disk_errors import store_error
from archiver.store.home import Home
from archiver.store.keyring import read_private, write_private
from archiver.work.key_changes import Other
from archiver.work.key_files import KeyFiles
from archiver.work.keys import key_files

GUARD = ".guard"


@dataclass(frozen=True, slots=True)
class Moved:
    """What was copied, by name; whether every private key among it is encrypted."""

    folder: Path
    names: tuple[str, ...]
    encrypted: bool


def export_keys(archive: Archive, folder: Path, *, signer: bool, unencrypted: bool) -> Moved:
    """Copy the keys that writing needs into a new folder; without the `signer`, for a collector with a key of their
    own. Raises RefusedError for keys without a passphrase unless they may go, MissingError, StoreError."""
    files = key_files(archive)
    log = files.path("log")
    wanted = [log, log.with_name(log.name + GUARD)]
    if signer:
        own = files.path("signer")
        wanted = [own, own.with_name(own.name + ".source"), own.with_name(own.name + ".pub"), *wanted]
    if not files.here("log") or (signer and not files.here("signer")):
        raise MissingError("this archive's keys are not on this machine", where=str(log))
    found = {path.name: _bytes(path) for path in wanted if path.exists()}
    encrypted = all(is_encrypted(data) for name, data in found.items() if name in (log.name, files.path("signer").name))
    if not encrypted and not unencrypted:
        raise RefusedError(
            "these keys have no passphrase: whoever sees the copy can sign in your name",
            where=str(log),
            hint="give --unencrypted if the way to the other machine is safe",
        )
    if folder.exists():
        raise RefusedError("exists already", where=str(folder), hint="give the name of a new folder")
    for name, data in found.items():
        write_private(folder / name, data)
    return Moved(folder, tuple(found), encrypted)


def import_keys(home: Home, folder: Path, other: Other | None) -> Moved:
    """Take in keys that `export_keys` wrote; `other` is the signer of a collector with a key of their own. Raises
    RefusedError if other keys of that name are here, FormatError for a folder that holds none."""
    try:
        names = sorted(path.name for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise store_error(error, folder) from None
    logs = [name for name in names if name.endswith("-log")]
    if len(logs) != 1:
        raise FormatError("holds no keys of one archive", where=str(folder), hint="made by: archiver key export FOLDER")
    files = KeyFiles(home.keys, logs[0].removesuffix("-log"))
    mine = {name: _bytes(folder / name) for name in names if name.startswith(f"{files.name}-")}
    if other is not None:
        mine = {name: data for name, data in mine.items() if "-signer" not in name}
    elif not any(name.endswith(("-signer", "-signer.source")) for name in mine):
        raise MissingError(
            "holds no signer's key", where=str(folder), hint="yours: give it by --signer-key FILE or --agent KEY"
        )
    guard = logs[0] + GUARD
    for name, data in mine.items():
        path = files.folder / name
        if path.exists() and name != guard and _bytes(path) != data:
            raise RefusedError("another key of that name is on this machine", where=str(path))
    if other is not None and files.here("signer"):
        raise RefusedError("a signer for this archive is on this machine already", where=str(files.path("signer")))
    for name, data in mine.items():
        if not (files.folder / name).exists():
            write_private(files.folder / name, data)
        elif name == guard and _size(data) > _size(_bytes(files.folder / name)):
            raise RefusedError(
                "the log was signed further elsewhere than this machine knows",
                where=str(files.folder / name),
                hint="bring the newest copy of the archive, then replace this guard by the one in the folder",
            )
    if other is not None:
        files.write_source(other.signer.public, other.source)
    private = [data for name, data in mine.items() if name.endswith(("-log", "-signer"))]
    return Moved(files.folder, tuple(mine), all(is_encrypted(data) for data in private))


def _bytes(path: Path) -> bytes:
    if path.name.endswith((".pub", ".source", GUARD)):
        try:
            with path.open("rb") as stream:
                return stream.read(MAX_KEY_FILE)
        except OSError as error:
            raise store_error(error, path) from None
    return read_private(path)


def _size(guard: bytes) -> int:
    """The size in a guard file (store.keyring); one that cannot be read is a StoreError."""
    try:
        return int(guard.split(b"\n")[2])
    except (IndexError, ValueError):
        raise StoreError("is not the guard of a log", where=GUARD) from None
