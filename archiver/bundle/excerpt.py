"""An archive's evidence as a bundle will show it: only what goes in, under the bundle's names. What is rendered before
a bundle is written is rendered from this, so that it cannot say anything that the bundle does not hold."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import BinaryIO, Literal

from archiver.bundle.layout import PREFIX
from archiver.bundle.partial import Partial
from archiver.errors import MissingError
from archiver.evidence import Evidence
from archiver.verify.layout import PROOF, manifest_path, object_path


class Excerpt:
    """`files`: name in the bundle -> name in the archive; `parts`: name in the bundle -> parts of an object."""

    kind: Literal["archive", "bundle"] = "bundle"
    prefix: str = PREFIX

    def __init__(
        self, evidence: Evidence, sequences: list[int], files: Mapping[str, str], parts: Mapping[str, Partial]
    ) -> None:
        self.label = evidence.label
        self._evidence, self._sequences, self._files, self._parts = evidence, sequences, files, parts

    def names(self) -> Iterable[str]:
        """The files that are taken from the archive."""
        return sorted([*self._files, *self._parts, *(name + PROOF for name in self._parts)])

    def size(self, name: str) -> int | None:
        """Bytes in the file of that name."""
        if name in self._parts:
            return self._parts[name].size
        if name.removesuffix(PROOF) in self._parts:
            return len(self._parts[name.removesuffix(PROOF)].proof)
        source = self._files.get(name)
        return None if source is None else self._evidence.size(source)

    def open(self, name: str) -> BinaryIO:
        """The file's bytes. Raises MissingError, StoreError."""
        if name in self._parts:
            return self._parts[name].open(self._evidence)
        if name.removesuffix(PROOF) in self._parts:
            return io.BytesIO(self._parts[name.removesuffix(PROOF)].proof)
        source = self._files.get(name)
        if source is None:
            raise MissingError("is not in the bundle", where=name)
        return self._evidence.open(source)

    def sequences(self) -> Iterable[int]:
        """The numbers of the manifests in it, ascending."""
        return self._sequences

    def manifest_name(self, sequence: int) -> str:
        """Where the manifest of that number stands."""
        return PREFIX + manifest_path(sequence)

    def object_name(self, digest: str) -> str | None:
        """Where the object with that digest stands, None if it is not in the bundle."""
        name = PREFIX + object_path(digest)
        return name if name in self._files else None
