"""A bundle as Evidence: the one verifier reads it like an archive, with `data/` before the names of its files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO, Literal

from archiver.bundle import bag, layout, record
from archiver.bundle.container import ZipContainer
from archiver.bundle.folder import FolderContainer
from archiver.bundle.record import BundleRecord
from archiver.errors import UsageError
from archiver.evidence import read
from archiver.verify.layout import manifest_path, object_path, sequence_of


class BundleEvidence:
    """A bundle's zip, or the folder that it was unpacked to. Safe to read from several threads; picklable by path."""

    kind: Literal["archive", "bundle"] = "bundle"
    prefix: str = layout.PREFIX

    def __init__(self, source: Path | str | BinaryIO, label: str | None = None) -> None:
        """Raises FormatError for a zip that archiver would not have written, MissingError, StoreError."""
        self._source = Path(source) if isinstance(source, str) else source
        self.label = label or (str(source) if isinstance(source, Path | str) else "bundle")
        self.container: ZipContainer | FolderContainer
        if isinstance(self._source, Path) and self._source.is_dir():
            self.container = FolderContainer(self._source)
        else:
            self.container = ZipContainer(self._source)
        self._record: BundleRecord | None = None

    @staticmethod
    def is_bag(path: Path) -> bool:
        """Whether a folder looks like a bundle that was unpacked, be it a damaged one."""
        return (path / layout.RECORD).is_file() or all((path / name).is_file() for name in (bag.BAGIT, bag.MANIFEST))

    def __reduce__(self) -> tuple[Any, ...]:
        if not isinstance(self._source, Path):
            raise UsageError(
                "a bundle that is read from a stream cannot be shared between processes", hint="use one job"
            )
        return BundleEvidence, (self._source, self.label)

    def __enter__(self) -> BundleEvidence:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file that was opened here."""
        self.container.close()

    @property
    def record(self) -> BundleRecord:
        """What bundle.json says. Raises MissingError, FormatError, NewerVersionError."""
        if self._record is None:
            self._record = record.decode(read(self, layout.RECORD))
        return self._record

    def names(self) -> Iterable[str]:
        """Every file in it, in byte order of the names."""
        return self.container.names()

    def size(self, name: str) -> int | None:
        """Bytes in the file of that name, None if there is none."""
        return self.container.size(name)

    def open(self, name: str) -> BinaryIO:
        """The file's bytes from the start. Raises MissingError, StoreError."""
        return self.container.open(name)

    def sequences(self) -> Iterable[int]:
        """The numbers of the manifests in it, ascending."""
        found = (sequence_of(n.removeprefix(self.prefix)) for n in self.names() if n.startswith(self.prefix))
        return sorted(number for number in found if number is not None)

    def manifest_name(self, sequence: int) -> str:
        """Where the manifest of that number stands, or would stand."""
        return self.prefix + manifest_path(sequence)

    def object_name(self, digest: str) -> str | None:
        """Where the object with that digest stands, None if it is not in here."""
        name = self.prefix + object_path(digest)
        return name if self.size(name) is not None else None
