"""Roots of time-stamping authorities that a person pinned: one PEM file each, the file's name is the authority's.

    my-archive/trust/tsa/tsa-one.pem       chosen by the archive's owner; believed where the archive is one's own
    <config>/tsa/tsa-one.pem               chosen by this user, for whatever they verify

Nothing signs these files. They are trust, and trust is given: by whoever verifies, never by what is verified.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from archiver.errors import FormatError, MissingError, StoreError
from archiver.stamps.authority import MAX_PEM, Root, parse_roots
from archiver.store.disk_errors import store_error
from archiver.store.durable import EDITABLE, Disk, listing
from archiver.store.placing import Placing

FOLDER = "trust/tsa"
MAX_ROOTS = 100  # files in one folder


def read_root(path: Path, name: str | None = None) -> Root:
    """The certificates in one file, under the file's name unless another is given. Raises MissingError, FormatError,
    StoreError."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_PEM + 1)
    except FileNotFoundError:
        raise MissingError("there is no such file", where=str(path)) from None
    except OSError as error:
        raise store_error(error, path) from None
    try:
        return parse_roots(data, name or path.name.removesuffix(".pem"))
    except FormatError as error:
        error.where = str(path)
        raise


def roots_in(folder: Path) -> tuple[Root, ...]:
    """The pinned roots in a folder, by name; none if there is no such folder. Raises FormatError, StoreError."""
    try:
        names = sorted(name for name in listing(folder) if name.endswith(".pem") and not name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        raise store_error(error, folder) from None
    if len(names) > MAX_ROOTS:
        raise FormatError(f"more than {MAX_ROOTS} files", where=str(folder))
    return tuple(read_root(folder / name) for name in names)


def pin(disk: Disk, source: Path, name: str) -> Root:
    """Pin the root in a PEM file for an authority of this archive. Raises as `read_root`; StoreError if another root is
    pinned under that name."""
    root = read_root(source, name)
    place = f"{FOLDER}/{name}.pem"
    if disk.exists(place):
        if read_root(disk.path(place)).anchors != root.anchors:
            raise StoreError(
                "another root is pinned under this name",
                where=str(disk.path(place)),
                hint="move it away if that is meant",
            )
        return root
    placing = Placing(disk)
    try:
        placing.write(place, source.read_bytes(), EDITABLE)
        placing.sync()
        placing.place([place])
    except BaseException:
        with suppress(StoreError):
            placing.forget()
        raise
    return root
