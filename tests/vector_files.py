"""Vectors: one file a case under tests/vectors/<format>/. Their form is described in tests/vectors/README.md."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from archiver.errors import ArchiverError, FormatError, NewerVersionError, ProofError

FOLDER = Path(__file__).parent / "vectors"
# What `expect:` may say -> the error that must come; None: it is read.
EXPECTED: dict[str, type[ArchiverError] | None] = {
    "accepted": None,
    "format": FormatError,
    "newer": NewerVersionError,
    "proof": ProofError,
}
HEADERS = frozenset(
    {"expect", "why", "key", "digest", "namespace", "leaf", "path", "event", "passphrase", "fingerprint"}
)


@dataclass(frozen=True, slots=True)
class Vector:
    """One case: its headers (each a list, for some are repeated) and the bytes that are read."""

    name: str
    headers: dict[str, list[str]]
    body: bytes

    @property
    def error(self) -> type[ArchiverError] | None:
        return EXPECTED[self.headers["expect"][0]]

    def one(self, key: str) -> str:
        (value,) = self.headers[key]
        return value


def load(path: Path) -> Vector:
    """A vector file. An unknown header is an error: a misspelled one would test nothing."""
    head, blank, body = path.read_bytes().partition(b"\n\n")
    assert blank, f"{path.name}: no empty line after the headers"
    headers: dict[str, list[str]] = {}
    for line in head.decode("utf-8").split("\n"):
        key, colon, value = line.partition(": ")
        assert colon and key in HEADERS, f"{path.name}: header {line[:60]!r}"
        headers.setdefault(key, []).append(value)
    assert headers.get("expect", [""])[0] in EXPECTED and headers.get("why"), f"{path.name}: expect and why"
    return Vector(path.stem, headers, body)


def vectors(folder: str) -> list[Vector]:
    """Every vector of a format, in the order of their names."""
    found = [load(path) for path in sorted((FOLDER / folder).glob("*.vector"))]
    assert found, f"no vectors in {folder}"
    return found


def name_of(vector: Vector) -> str:
    """For pytest's ids."""
    return vector.name
