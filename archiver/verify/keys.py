"""Which key was in force where: the key events replayed in the order of the log. Rules: docs/formats/manifest.md.

A key is judged by position in the log, never by the date that a manifest claims. Who must sign what:

    rotate, signer      `.sig` by the key that goes, `.new.sig` by the one that comes
    add, signer         `.sig` by any signer in force, `.new.sig` by the one that comes
    rotate or add, recovery     `.sig` by a recovery key in force, `.new.sig` by the one that comes
    rotate or add, log  `.sig` by any signer in force; the first checkpoint over it by the old and the new log keys
    revoke, any role    `.sig` by a recovery key; `.new.sig` by the key that takes over, if there is one

A revocation names the size of the log up to which the revoked key is still believed. What it signed at or beyond that
size is disowned, and so is whatever was signed by keys that a disowned event admitted.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from archiver.errors import FormatError
from archiver.model.manifest import Identity, KeyChange
from archiver.signing.keys import PublicKey
from archiver.tlog.note import VerifierKey

MAX_LOG_KEYS = 16  # in force at once; each has a line in every checkpoint, and a note has at most 100


@dataclass(slots=True)
class Term:
    """Positions `since` up to but without `until` at which a signer or recovery key is in force."""

    since: int
    until: int | None = None
    admitted_at: int = 0  # the event that brought it in; genesis is 0
    admitted_by: str = ""  # fingerprint of that event's signer

    def covers(self, position: int) -> bool:
        """Whether the key was in force there."""
        return self.since <= position and (self.until is None or position < self.until)


@dataclass(slots=True)
class LogTerm:
    """Sizes `since` up to but without `until` of which a log key signs the checkpoints."""

    key: VerifierKey
    since: int
    until: int | None = None
    trusted_size: int | None = None  # of a revoked key: checkpoints up to this size are believed


@dataclass(frozen=True, slots=True)
class Handover:
    """A rotation of the log's key at a position: a checkpoint larger than that must carry the old keys' lines too."""

    sequence: int
    old: tuple[VerifierKey, ...]


@dataclass(frozen=True, slots=True)
class Disowned:
    """What `fingerprint` signed at positions `low` up to but without `high` is no longer believed."""

    fingerprint: str
    low: int
    high: int | None
    reason: str

    def covers(self, position: int) -> bool:
        """Whether it speaks of that position."""
        return self.low <= position and (self.high is None or position < self.high)


@dataclass(slots=True)
class KeyHistory:
    """Keys by OpenSSH fingerprint. `newest`: digest of genesis or of the newest key event."""

    newest: str
    origin: str
    signer_terms: dict[str, list[Term]] = field(default_factory=dict)  # in the order of first admission
    recovery_terms: dict[str, list[Term]] = field(default_factory=dict)
    log_terms: list[LogTerm] = field(default_factory=list)
    eras: list[tuple[int, tuple[VerifierKey, ...]]] = field(default_factory=list)  # size -> log keys from there on
    handovers: list[Handover] = field(default_factory=list)
    lines: dict[str, str] = field(default_factory=dict)  # fingerprint -> OpenSSH line
    trusted_size: dict[str, int] = field(default_factory=dict)  # revoked signer -> size up to which it is believed
    unknown_from: int | None = None  # a manifest of a later version: what follows may have changed keys
    roles: dict[bytes, str] = field(default_factory=dict)  # 32 bytes of a public key -> its one role, for ever

    @classmethod
    def from_identity(cls, digest: str, identity: Identity) -> KeyHistory:
        """The state after genesis. Raises FormatError for keys that are malformed or serve two roles."""
        history = cls(digest, identity.origin)
        signer = history._learn(identity.signer)
        recovery = history._learn(identity.recovery)
        history.signer_terms[signer] = [Term(0)]
        history.recovery_terms[recovery] = [Term(0, None, 0, signer)]
        history.log_terms = [LogTerm(key, 1) for key in history._log_keys(identity.log)]
        history.eras.append((1, tuple(history.log)))
        for line, role in ((identity.signer, "signer"), (identity.recovery, "recovery")):
            history._claim(PublicKey.parse_line(line).raw, role)
        for key in history.log:
            history._claim(key.public, "log")
        return history

    # What is in force.

    @property
    def signers(self) -> tuple[str, ...]:
        """Every signer ever admitted, in that order: trust/allowed_signers."""
        return tuple(self.signer_terms)

    @property
    def log(self) -> list[VerifierKey]:
        """The log keys in force at the end: trust/log.vkey."""
        return [term.key for term in self.log_terms if term.until is None]

    @property
    def retired_log(self) -> list[VerifierKey]:
        """Log keys that were in force once."""
        return [term.key for term in self.log_terms if term.until is not None]

    def log_at(self, size: int) -> tuple[VerifierKey, ...]:
        """The log keys that must sign a checkpoint of that size."""
        place = bisect_right(self.eras, size, key=lambda era: era[0])
        return self.eras[place - 1][1] if place else ()

    def new_fingerprints(self, change: KeyChange) -> list[str]:
        """The key that must countersign a change (`.new.sig`): a new signer or recovery key. Raises FormatError."""
        return [] if change.role == "log" else [PublicKey.parse_line(line).fingerprint for line in change.new]

    def may_sign(self, fingerprint: str, sequence: int, event: str, change: KeyChange | None) -> str | None:
        """None if that key was in force there for that event, else why not."""
        if event == "key" and change is not None and (change.action == "revoke" or change.role == "recovery"):
            if _covered(self.recovery_terms, fingerprint, sequence):
                return None
            return "a revocation and a change of recovery keys must be signed by a recovery key in force"
        terms = self.signer_terms.get(fingerprint)
        if terms is None:
            return "this key was never admitted by a key event"
        if any(term.covers(sequence) for term in reversed(terms)):
            if event == "key" and change is not None and change.action == "rotate" and change.role == "signer":
                old = [PublicKey.parse_line(line).fingerprint for line in change.old]
                return None if fingerprint in old else "a rotation must be signed by the key that goes"
            return None
        if all(sequence < term.since for term in terms):
            return f"this key was admitted only at position {terms[0].since}"
        return f"this key was retired at position {max(term.until or 0 for term in terms)}"

    # Key events.

    def apply(self, sequence: int, digest: str, change: KeyChange, signer: str = "") -> None:
        """Take in a well-formed key event whose signatures have been checked; `signer` is who made `.sig`. Raises
        FormatError for one that does not fit what is in force: then it has no effect but to be the newest."""
        self.newest = digest
        if change.role == "log":
            self._change_log(sequence, change)
        else:
            self._change_signers(sequence, change, signer)

    def _change_signers(self, sequence: int, change: KeyChange, signer: str) -> None:
        mine = self.recovery_terms if change.role == "recovery" else self.signer_terms
        old = [PublicKey.parse_line(line).fingerprint for line in change.old]
        new = self.new_fingerprints(change)
        for fingerprint in old:
            if fingerprint not in mine or (change.action != "revoke" and not _covered(mine, fingerprint, sequence)):
                raise FormatError(f"{fingerprint} is no {change.role} key in force")
        for fingerprint in new:
            if _covered(mine, fingerprint, sequence) or fingerprint in self.trusted_size:
                raise FormatError(f"{fingerprint} is in force already, or was revoked")
        for line in change.new:
            self._claim(PublicKey.parse_line(line).raw, change.role)
        for fingerprint in old:
            for term in mine[fingerprint]:
                term.until = sequence + 1 if term.until is None else term.until
            if change.trusted_size is not None and change.role == "signer":
                known = self.trusted_size.get(fingerprint, change.trusted_size)
                self.trusted_size[fingerprint] = min(known, change.trusted_size)
        for line in change.new:
            fingerprint = self._learn(line)
            mine.setdefault(fingerprint, []).append(Term(sequence + 1, None, sequence, signer))

    def _change_log(self, sequence: int, change: KeyChange) -> None:
        old, new = self._log_keys(change.old), self._log_keys(change.new)
        current = self.eras[-1][1]
        if any(key not in current for key in old) or any(key in current for key in new):
            raise FormatError("a log key that goes is not in force, or one that comes is already")
        if not 0 < len(current) - len(old) + len(new) <= MAX_LOG_KEYS:
            raise FormatError(f"a log has 1 to {MAX_LOG_KEYS} keys in force")
        for key in new:
            self._claim(key.public, "log")
        for term in self.log_terms:
            if term.until is None and term.key in old:
                term.until, term.trusted_size = sequence + 1, change.trusted_size
        self.log_terms += [LogTerm(key, sequence + 1) for key in new]
        self.eras.append((sequence + 1, tuple(key for key in current if key not in old) + tuple(new)))
        if change.action == "rotate":
            self.handovers.append(Handover(sequence, tuple(old)))

    def _learn(self, line: str) -> str:
        key = PublicKey.parse_line(line)
        self.lines.setdefault(key.fingerprint, line)
        return key.fingerprint

    def _log_keys(self, spelled: tuple[str, ...]) -> list[VerifierKey]:
        keys = [VerifierKey.parse(text) for text in spelled]
        if any(key.name != self.origin for key in keys):
            raise FormatError("a log key's name is not the origin")
        return keys

    def _claim(self, public: bytes, role: str) -> None:
        """One key, one role: a log signs bare texts, so its key must never sign anything else."""
        if self.roles.setdefault(public, role) != role:
            raise FormatError("one key serves two roles")

    # Afterwards.

    def in_order(self) -> list[str]:
        """Every signer and recovery key, none before the one that admitted it."""
        found = [
            (terms[0].admitted_at, name) for name, terms in (*self.signer_terms.items(), *self.recovery_terms.items())
        ]
        return [name for _, name in sorted(found, key=lambda item: item[0])]

    def sponsor(self, fingerprint: str) -> tuple[int, str] | None:
        """The event that first admitted a key, and the key that signed it; None for the signer of genesis."""
        for terms in (self.signer_terms.get(fingerprint), self.recovery_terms.get(fingerprint)):
            if terms and terms[0].admitted_by:
                return terms[0].admitted_at, terms[0].admitted_by
        return None

    def disowned(self) -> Iterator[Disowned]:
        """What revocations take back, directly or through keys that a disowned event admitted, by rising position."""
        found: dict[str, list[Disowned]] = {}
        for fingerprint, size in self.trusted_size.items():
            reason = f"signed by {fingerprint}, which is believed only before position {size}"
            found[fingerprint] = [Disowned(fingerprint, size, None, reason)]
        admissions = [(t.admitted_at, name, t) for name, terms in self.signer_terms.items() for t in terms]
        for event, name, term in sorted(admissions, key=lambda item: item[0]):
            if any(item.covers(event) for item in found.get(term.admitted_by, ())):
                reason = f"signed by {name}, which number {event} admitted, and that is disowned"
                found.setdefault(name, []).append(Disowned(name, term.since, term.until, reason))
        for ranges in found.values():
            yield from ranges


def _covered(terms: dict[str, list[Term]], fingerprint: str, position: int) -> bool:
    return any(term.covers(position) for term in reversed(terms.get(fingerprint, [])))
