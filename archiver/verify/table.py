"""The objects that manifests name, packed: a million of them in some 200 MB, each once."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Named(NamedTuple):
    """An object and the first manifest that names it."""

    digest: str
    size: int
    role: str
    sequence: int


class ObjectTable:
    """Rows in the order in which they were first named."""

    def __init__(self) -> None:
        self._places: dict[bytes, int] = {}  # raw digest -> row
        self._sizes = array("Q")
        self._roles = array("L")
        self._owners = array("Q")
        self._role_places: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._sizes)

    def add(self, sequence: int, objects: Iterable[tuple[str, str, int]]) -> Iterator[Named]:
        """Take in a manifest's objects (role, digest, size). Yields those that contradict an earlier one's size."""
        for role, digest, size in objects:
            raw = bytes.fromhex(digest[7:])
            place = self._places.setdefault(raw, len(self._sizes))
            if place == len(self._sizes):
                self._sizes.append(size)
                self._owners.append(sequence)
                self._roles.append(self._role_places.setdefault(role, len(self._role_places)))
            elif self._sizes[place] != size:
                yield Named(digest, size, role, sequence)

    def __contains__(self, digest: object) -> bool:
        return isinstance(digest, str) and bytes.fromhex(digest[7:]) in self._places

    def __iter__(self) -> Iterator[Named]:
        roles = list(self._role_places)
        for raw, place in self._places.items():
            yield Named("sha256:" + raw.hex(), self._sizes[place], roles[self._roles[place]], self._owners[place])
