"""Which key was in force where: the key events replayed in the order of the log.

A key is judged by position in the log, never by the date that a manifest claims. A rotation or an addition is signed
by a key in force (`.sig`) and by the new key (`.new.sig`); a revocation by the recovery key, and names the size of
the log up to which the revoked key is still believed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from archiver.errors import FormatError
from archiver.model.manifest import Identity, KeyChange
from archiver.signing.keys import PublicKey
from archiver.tlog.note import VerifierKey


@dataclass(slots=True)
class KeyHistory:
    """Keys by OpenSSH fingerprint: signer -> position from which it may sign; closed ones -> where that ended."""

    newest: str  # digest of genesis or of the newest key event
    log: list[VerifierKey]
    retired_log: list[VerifierKey] = field(default_factory=list)
    signers: dict[str, int] = field(default_factory=dict)
    closed: dict[str, int] = field(default_factory=dict)
    recovery: set[str] = field(default_factory=set)
    trusted_size: dict[str, int] = field(default_factory=dict)  # revoked key -> size up to which it is believed
    lines: dict[str, str] = field(default_factory=dict)  # fingerprint -> OpenSSH line
    unknown_from: int | None = None  # a manifest of a later version: what follows may have changed keys

    @classmethod
    def from_identity(cls, digest: str, identity: Identity) -> KeyHistory:
        """The state after genesis. Raises FormatError for malformed keys."""
        history = cls(newest=digest, log=[VerifierKey.parse(text) for text in identity.log])
        if not history.log:
            raise FormatError("genesis names no log key")
        for key in history.log:
            if key.name != identity.origin:
                raise FormatError("a log key's name is not the origin")
        history._open(identity.signer, 0)
        history.recovery.add(history._learn(identity.recovery))
        return history

    def _learn(self, line: str) -> str:
        key = PublicKey.parse_line(line)
        self.lines[key.fingerprint] = line
        return key.fingerprint

    def _open(self, line: str, position: int) -> str:
        fingerprint = self._learn(line)
        self.signers.setdefault(fingerprint, position)
        return fingerprint

    def new_fingerprints(self, change: KeyChange) -> list[str]:
        """The keys that must countersign a change (`.new.sig`): new signers and recovery keys."""
        return [] if change.role == "log" else [PublicKey.parse_line(line).fingerprint for line in change.new]

    def apply(self, sequence: int, digest: str, change: KeyChange) -> None:
        """Take in a key event whose signatures have been checked. Raises FormatError for malformed keys."""
        self.newest = digest
        if change.role == "log":
            self._apply_log(change)
            return
        for line in change.old:
            fingerprint = self._learn(line)
            if change.role == "signer":
                self.closed.setdefault(fingerprint, sequence + 1)
                if change.action == "revoke":
                    self.trusted_size[fingerprint] = change.trusted_size or 0
            else:
                self.recovery.discard(fingerprint)
        for line in change.new:
            if change.role == "signer":
                self._open(line, sequence + 1)
            else:
                self.recovery.add(self._learn(line))

    def _apply_log(self, change: KeyChange) -> None:
        old = {VerifierKey.parse(text) for text in change.old}
        self.retired_log += [key for key in self.log if key in old]
        self.log = [key for key in self.log if key not in old] + [VerifierKey.parse(text) for text in change.new]

    def may_sign(self, fingerprint: str, sequence: int, event: str, change: KeyChange | None) -> str | None:
        """None if that key was in force there for that event, else why not."""
        if event == "key" and change is not None and change.action == "revoke":
            if fingerprint in self.recovery:
                return None
            return "a revocation must be signed by the recovery key"
        since = self.signers.get(fingerprint)
        if since is None:
            return "this key was never admitted by a key event"
        if sequence < since:
            return f"this key was admitted only at position {since}"
        end = self.closed.get(fingerprint)
        if end is not None and sequence >= end:
            return f"this key was retired at position {end}"
        return None
