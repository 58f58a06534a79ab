"""C2SP tlog-policy: which logs, which witnesses, and how many of them make a checkpoint believed.

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> all|any|<k> <name>...       of witnesses and groups on lines above
    quorum <name>|none                       exactly one

Specimen:

    # ours, and one of two friends
    log log-5d2c9a+66c2cef4+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c https://log.desk.example
    witness ann ann.example+242b904c+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU https://ann.example/witness
    witness ben ben.example+00883188+BO1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR
    group friends any ann ben
    quorum friends

Lines end in a line feed; items are separated by blanks and tabs; `#` begins a comment line. Everything is octets: names
are compared as such. A log's key is of type 0x01, a witness's of type 0x04; 0x06 (ML-DSA-44), which the specification
does not have yet, is read for both.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from archiver.errors import FormatError
from archiver.tlog.note import COSIGNATURE_ED25519, COSIGNATURE_MLDSA44, ED25519, VerifierKey

MAX_POLICY = 256 << 10  # bytes
MAX_NAMES = 1000  # of witnesses, and of groups; the specification asks for 32
NONE = "none"
_ALLOWED = re.compile(rb"[\t\n\x20-\x7e\x80-\xff]*")
_COUNT = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Log:
    """A log that is known, and where it is published."""

    key: VerifierKey
    url: str | None


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness: its name in this file, its key, and its submission prefix (C2SP tlog-witness) if one is given."""

    name: str
    key: VerifierKey
    url: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """Witnesses a checkpoint as soon as `needed` of its members do."""

    name: str
    needed: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WitnessPolicy:
    """Whom to believe, and when they are enough. `quorum` is None where no cosignature is asked for."""

    logs: tuple[Log, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    groups: tuple[Group, ...] = ()
    quorum: str | None = None

    def is_met(self, cosigned: Collection[str]) -> bool:
        """Whether the witnesses of these names are a quorum."""
        if self.quorum is None:
            return True
        good = set(cosigned)
        for group in self.groups:  # each names only those above it
            if sum(member in good for member in group.members) >= group.needed:
                good.add(group.name)
        return self.quorum in good


@dataclass(slots=True)
class _Reading:
    logs: list[Log] = field(default_factory=list)
    witnesses: dict[str, Witness] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    grouped: set[str] = field(default_factory=set)
    keys: set[bytes] = field(default_factory=set)
    quorum: list[str] = field(default_factory=list)

    def take(self, items: list[str]) -> None:
        """One line that is no comment."""
        kind, rest = items[0], items[1:]
        if kind == "log" and len(rest) in (1, 2):
            self.logs.append(Log(self._key(rest[0], (ED25519, COSIGNATURE_MLDSA44)), _second(rest[1:])))
        elif kind == "witness" and len(rest) in (2, 3):
            key = self._key(rest[1], (COSIGNATURE_ED25519, COSIGNATURE_MLDSA44))
            self.witnesses[self._fresh(rest[0])] = Witness(rest[0], key, _second(rest[2:]))
        elif kind == "group" and len(rest) >= 3:
            self.groups[self._fresh(rest[0])] = self._group(rest[0], rest[1], rest[2:])
        elif kind == "quorum" and len(rest) == 1:
            if rest[0] != NONE:
                self._known(rest[0])
            self.quorum.append(rest[0])
        else:
            raise FormatError(f"not a line of a policy: {' '.join(items)[:80]!r}")

    def _fresh(self, name: str) -> str:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise FormatError(f"the name {name[:80]!r} is taken")
        if len(self.witnesses) >= MAX_NAMES or len(self.groups) >= MAX_NAMES:
            raise FormatError(f"more than {MAX_NAMES} witnesses or groups")
        return name

    def _known(self, name: str) -> str:
        if name not in self.witnesses and name not in self.groups:
            raise FormatError(f"no witness or group {name[:80]!r} stands above")
        return name

    def _group(self, name: str, count: str, members: list[str]) -> Group:
        for member in members:
            if self._known(member) in self.grouped:
                raise FormatError(f"{member[:80]!r} is in a group already")
            self.grouped.add(member)
        if count not in ("all", "any") and not _COUNT.fullmatch(count):
            raise FormatError(f"neither `all`, `any` nor a number: {count[:80]!r}")
        needed = {"all": len(members), "any": 1}.get(count) or int(count)
        if needed > len(members):
            raise FormatError(f"group {name[:80]!r} asks for {needed} of {len(members)}")
        return Group(name, needed, tuple(members))

    def _key(self, spelled: str, kinds: tuple[int, ...]) -> VerifierKey:
        try:
            key = VerifierKey.parse(spelled)
        except FormatError as error:
            raise FormatError(f"{error.message}: {spelled[:80]!r}") from None
        if key.type not in kinds:
            raise FormatError(f"a key of type 0x{key.type:02x} does not do here: {spelled[:80]!r}")
        if key.public in self.keys:
            raise FormatError(f"a key stands twice: {spelled[:80]!r}")
        self.keys.add(key.public)
        return key


def parse_policy(data: bytes) -> WitnessPolicy:
    """Read a policy file. Raises FormatError, with the number of the line."""
    if len(data) > MAX_POLICY:
        raise FormatError(f"a policy of {len(data)} bytes; at most {MAX_POLICY}")
    reading = _Reading()
    for number, items in _lines(data):
        try:
            reading.take(items)
        except FormatError as error:
            raise FormatError(f"line {number}: {error.message}") from None
    if len(reading.quorum) != 1:
        raise FormatError("there is not exactly one quorum line", hint="`quorum none` asks for no witness")
    return WitnessPolicy(
        tuple(reading.logs),
        tuple(reading.witnesses.values()),
        tuple(reading.groups.values()),
        None if reading.quorum[0] == NONE else reading.quorum[0],
    )


def _lines(data: bytes) -> Iterator[tuple[int, list[str]]]:
    if not _ALLOWED.fullmatch(data):
        raise FormatError("holds a control character; lines end in a line feed alone")
    if data and not data.endswith(b"\n"):
        raise FormatError("the last line does not end in a line feed")
    for number, line in enumerate(data.split(b"\n"), 1):
        items = [item.decode("utf-8", "surrogateescape") for item in re.split(rb"[ \t]+", line.strip(b" \t")) if item]
        if items and not items[0].startswith("#"):
            yield number, items


def _second(items: list[str]) -> str | None:
    return items[0] if items else None
