"""This machine as a witness of other people's logs: made once, told which logs to follow, then it answers.

What it promises is small and hard: it never cosigns a tree that does not extend all that it cosigned of that log. The
state that this needs is on the disk before the signature leaves memory (store.witness_home), whoever asks, how often,
and whenever the machine dies.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from archiver.errors import FormatError, RefusedError, StoreError
from archiver.store.home import Home
from archiver.store.witness_home import WitnessHome, name_of
from archiver.tlog.note import COSIGNATURE_MLDSA44, ED25519, VerifierKey
from archiver.tlog.witness import CosignerKey, Refusal, decide, encode_lines, joined, parse_request
from archiver.work.keys import SEED_BYTES, Passphrases

MAX_KEYS_FILE = 1 << 20


@dataclass(frozen=True, slots=True)
class Refused:
    """Why nothing was signed: an HTTP status, words, for 409 the size that was seen; where the evidence of a log that
    signed two trees was kept."""

    status: int
    message: str
    size: int | None = None
    evidence: Path | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """A log, its keys (by key ID), and the size of the newest tree of it that was cosigned."""

    origin: str
    keys: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Status:
    """A witness as it stands."""

    name: str
    key_file: Path
    logs: tuple[Followed, ...]
    splits: tuple[Path, ...]


class Witness:
    """Answers requests of logs; any number of threads may ask."""

    def __init__(self, home: WitnessHome, key: CosignerKey, clock: Callable[[], float] = time.time) -> None:
        self._home = home
        self._key = key
        self._clock = clock

    def vkeys(self) -> tuple[VerifierKey, VerifierKey]:
        """Its keys: Ed25519, ML-DSA-44."""
        return self._key.vkeys()

    def answer(self, body: bytes) -> bytes | Refused:
        """The signature lines for an add-checkpoint request, or why there are none. Raises StoreError where the state
        cannot be kept: then nothing was signed."""
        try:
            request = parse_request(body)
        except FormatError as error:
            return Refused(400, error.message)
        keys = self._home.logs()
        origin = request.note.partition(b"\n")[0].decode("utf-8", "replace")
        seen = self._home.seen(origin) if any(key.name == origin for key in keys) else None
        decided = decide(request, keys, seen) if seen is not None else Refusal(404, f"not followed: {origin[:200]}")
        if isinstance(decided, Refusal):
            evidence = self._keep(origin, body) if decided.split else None
            return Refused(decided.status, decided.message, decided.size, evidence)
        assert seen is not None
        try:
            self._home.note(decided, seen)
        except RefusedError as error:
            return Refused(409, error.message, self._home.seen(origin).size)
        lines = self._key.cosign(decided, int(self._clock()))
        self._home.keep_note(decided, joined(request.note, lines))
        return encode_lines(lines)

    def newest(self, name: str) -> bytes | None:
        """The newest cosigned checkpoint of a log, by the SHA-256 of its origin in hexadecimal."""
        return self._home.newest_note(name)

    def _keep(self, origin: str, body: bytes) -> Path | None:
        """The request beside the checkpoint that was cosigned before: both are signed by the log."""
        before = self._home.newest_note(name_of(origin)) or b""
        return self._home.keep_split(before + b"\n" + body, origin)


def make_witness(
    home: Home, name: str, passphrase: bytes | None, again: bool = False
) -> tuple[VerifierKey, VerifierKey] | None:
    """Become a witness; its keys. None if this machine is one of that name already and that is fine (`again`). Raises
    StoreError, FormatError."""
    place = witness_home(home)
    if place.exists:
        if again and place.name() == name:
            return None
        raise StoreError(f"this machine is a witness already, called {place.name()}", where=str(place.folder))
    seed = os.urandom(SEED_BYTES)
    key = CosignerKey(name, seed)
    place.create(name, seed, passphrase)
    return key.vkeys()


def open_witness(home: Home, given: bytes | None, ask: Callable[[Path, bool], bytes | None]) -> Witness:
    """The witness of this machine, its key unlocked. Raises MissingError if there is none, UsageError, ProofError."""
    place = witness_home(home)
    name = place.name()
    return Witness(place, CosignerKey(name, Passphrases(given, ask).seed(place.key_path)))


def follow(home: Home, logs: Sequence[str]) -> tuple[VerifierKey, ...]:
    """Follow logs: keys, or files with keys, one a line. The new ones. Raises FormatError, MissingError, StoreError."""
    place = witness_home(home)
    place.name()
    return place.follow(log_keys(logs))


def log_keys(logs: Sequence[str]) -> tuple[VerifierKey, ...]:
    """The keys that people name: vkeys, or files with them (trust/log.vkey). Raises FormatError."""
    keys: list[VerifierKey] = []
    for text in logs:
        path = Path(text)
        if "+" in text and not path.exists():
            keys.append(VerifierKey.parse(text))
        else:
            keys += _keys_in(path)
    return tuple(keys)


def status(home: Home) -> Status:
    """What this machine's witness is and has seen. Raises MissingError if there is none."""
    place = witness_home(home)
    name = place.name()
    logs: dict[str, list[str]] = {}
    for key in place.logs():
        logs.setdefault(key.name, []).append(key.key_id.hex())
    followed = tuple(Followed(origin, tuple(ids), place.seen(origin).size) for origin, ids in logs.items())
    folder = place.folder / "splits"
    return Status(name, place.key_path, followed, tuple(sorted(folder.iterdir())) if folder.exists() else ())


def witness_home(home: Home) -> WitnessHome:
    """Where the witness of this user keeps its things."""
    return WitnessHome(home.config / "witness")


def _keys_in(path: Path) -> list[VerifierKey]:
    try:
        with path.open("rb") as stream:
            text = stream.read(MAX_KEYS_FILE).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"neither a log's key nor a file of them: {error}", where=str(path)) from None
    lines = [line for line in text.split("\n") if line and not line.startswith("#")]
    try:
        keys = [VerifierKey.parse(line) for line in lines]
    except FormatError as error:
        raise FormatError(error.message, where=str(path)) from None
    if not any(key.type == ED25519 for key in keys) or any(
        key.type not in (ED25519, COSIGNATURE_MLDSA44) for key in keys
    ):
        raise FormatError(
            "holds no key of a log", where=str(path), hint="give the file trust/log.vkey of their archive"
        )
    return keys
