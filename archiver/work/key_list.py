"""Every key that an archive ever had, and which of them are on this machine. Nothing is unlocked, nothing is changed.

What the log says is read from its newest checkpoint; whether a private key is here is told by the files, not by trying.
"""

from __future__ import annotations

from dataclasses import dataclass

from archiver.archive import Archive
from archiver.tlog.note import ED25519
from archiver.work.key_files import NEXT, KeyFiles
from archiver.work.keys import key_files

HERE = "here"


@dataclass(frozen=True, slots=True)
class Listed:
    """A key in one role. `since`, `until`: positions in the log, `until` not included, None while it is in force;
    `trusted_size`: a revoked key is believed before that position; `where`: `here`, `agent`, a path, None."""

    role: str
    key: str
    since: int
    until: int | None
    trusted_size: int | None
    where: str | None

    @property
    def state(self) -> str:
        """In words."""
        if self.trusted_size is not None:
            return f"revoked: believed before number {self.trusted_size}"
        return "in force" if self.until is None else "retired"


def list_keys(archive: Archive) -> list[Listed]:
    """Signers, log keys, recovery keys, in the order in which they came. Raises what reading the log's end raises."""
    history, files = archive.key_history(), key_files(archive)
    held = _held(files)
    found = []
    for role, terms in (("signer", history.signer_terms), ("recovery", history.recovery_terms)):
        for fingerprint, spans in terms.items():
            trusted = history.trusted_size.get(fingerprint) if role == "signer" else None
            found += [Listed(role, fingerprint, t.since, t.until, trusted, held.get(fingerprint)) for t in spans]
    log_here = HERE if files.here("log") else None
    found += [
        Listed(
            "log", term.key.key_id.hex(), term.since, term.until, term.trusted_size, None if term.until else log_here
        )
        for term in history.log_terms
        if term.key.type == ED25519
    ]
    return found


def _held(files: KeyFiles) -> dict[str, str]:
    """Fingerprint -> where the private key is, for the keys whose files are here."""
    found = {}
    for role in ("signer", "recovery"):
        for state in ("", NEXT, *files.states(role)):
            public = files.public(role, state)
            if public is None or not files.here(role, state):
                continue
            where = HERE
            if role == "signer":
                source = files.source(state)
                where = {"own": HERE, "agent": "agent"}.get(source.kind) or str(source.path)
            found[public.fingerprint] = where
    return found
