"""What a verifier is handed: named files, manifests by number, objects by digest. A folder, a bundle, a bucket are.

Names are relative, `/`-separated, and the same on every system. Nothing here can write or fetch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO, Literal, Protocol

from archiver.errors import FormatError

SMALL = 1 << 20  # bytes; limit for text files (checkpoints, signatures, trust files)


class Evidence(Protocol):
    """Read access to one archive or bundle."""

    kind: Literal["archive", "bundle"]
    label: str
    """How a person names it: its path as given."""
    prefix: str
    """What stands before the names of chain/, log/ and trust/ files: nothing in a folder, `data/` in a bundle."""

    def names(self) -> Iterable[str]:
        """Every file in it, in byte order of the names."""

    def size(self, name: str) -> int | None:
        """Bytes in the file of that name, None if there is none."""

    def open(self, name: str) -> BinaryIO:
        """The file's bytes from the start. Raises MissingError, StoreError."""

    def sequences(self) -> Iterable[int]:
        """The numbers of the manifests in it, ascending."""

    def manifest_name(self, sequence: int) -> str:
        """Where the manifest of that number stands, or would stand; its signature is that name and `.sig`."""

    def object_name(self, digest: str) -> str | None:
        """Where the object with that digest stands, None if it is not in here."""


def read(evidence: Evidence, name: str, limit: int = SMALL) -> bytes:
    """The whole of a small file. Raises MissingError, StoreError; FormatError beyond `limit` bytes."""
    own = getattr(evidence, "read", None)  # a folder has a shorter way: a verifier reads files by the 100,000
    if own is not None:
        found: bytes = own(name, limit)
        return found
    with evidence.open(name) as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise FormatError(f"more than {limit} bytes", where=name)
    return data
