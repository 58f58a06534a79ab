"""What a verifier chooses to believe. Trust is given, never picked up from the evidence itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from archiver.errors import UsageError
from archiver.tlog.policy import WitnessPolicy

if TYPE_CHECKING:
    from archiver.stamps.authority import Root
    from archiver.stamps.bitcoin import Headers

Depth = Literal["seal", "objects", "content"]
DEPTHS: tuple[Depth, ...] = ("seal", "objects", "content")

# What --require takes: the steps that must have passed. Not checked, for whatever reason, is not enough.
REQUIREMENTS: dict[str, tuple[int, ...]] = {
    "signatures": (4, 5),
    "log": (3, 6),
    "history": (7,),
    "objects": (9,),
    "bytes": (10, 12),
    "statements": (11, 12),
    "content": (10, 11, 12),
    "timestamp": (13,),
    "witness": (14,),
    "signer": (15,),
}
# Steps that a requirement also takes as met if there was nothing to look at: a picture has no statements.
MAY_BE_EMPTY: dict[str, tuple[int, ...]] = {"bytes": (12,), "content": (11, 12)}


@dataclass(frozen=True, slots=True)
class KnownCheckpoint:
    """A checkpoint seen before, and where it is known from. `given`: somebody asked for this comparison, so a
    checkpoint of another log is worth a word; one that is merely remembered is not."""

    origin: str
    size: int
    root: bytes
    source: str
    given: bool = False
    archive: str | None = None  # which archive it is of, where that is known


@dataclass(frozen=True, slots=True)
class Policy:
    """`signers`: OpenSSH fingerprint -> name; `archives`: archive identity -> name. `tsa_roots`: whose time stamps are
    believed; `at`: only those made by then count."""

    signers: Mapping[str, str] = field(default_factory=dict)
    archives: Mapping[str, str] = field(default_factory=dict)
    known: tuple[KnownCheckpoint, ...] = ()
    depth: Depth = "content"
    require: tuple[str, ...] = ()
    tsa_roots: tuple[Root, ...] = ()
    at: datetime | None = None
    cosigners: WitnessPolicy | None = None  # whose cosignatures count, and how many are enough
    headers: Headers | None = None  # of Bitcoin's blocks, for OpenTimestamps

    def __post_init__(self) -> None:
        for name in self.require:
            if name not in REQUIREMENTS:
                raise UsageError(
                    f"nothing called {name!r} can be required", hint="choose from: " + ", ".join(REQUIREMENTS)
                )
        if self.depth not in DEPTHS:
            raise UsageError(f"no depth {self.depth!r}", hint="choose from: " + ", ".join(DEPTHS))

    def confirmed_as(self, fingerprint: str, archive: str | None) -> str | None:
        """The name under which a signer of that archive is believed, None if it is not."""
        if fingerprint in self.signers:
            return self.signers[fingerprint]
        return self.archives.get(archive) if archive else None
