"""The lower bound of a visit's time: a public value that nobody could know before, sealed with the facts.

    "not_before": {"value": "000000000000000000011ab2…", "source": "Bitcoin block 875000"}

It stands in `software.settings` of facts/v1, the place of that frozen format which takes further keys. It is a claim:
that the value became public at some moment is for people to look up at the source; then the record was made after it.
"""

from __future__ import annotations

from dataclasses import dataclass

from archiver.errors import UsageError
from archiver.model.encoding import clean
from archiver.model.facts import SnapshotFacts

KEY = "not_before"
MAX_VALUE = 16_000  # characters; a checkpoint with post-quantum cosignatures by some witnesses
MAX_SOURCE = 500


@dataclass(frozen=True, slots=True)
class NotBefore:
    """A fresh value, and where it comes from, as the collector says."""

    value: str
    source: str

    @classmethod
    def given(cls, value: str, source: str | None) -> NotBefore:
        """As a person gives it. Raises UsageError for one that cannot be looked up later."""
        value, source = value.strip(), (source or "").strip()
        if not source:
            raise UsageError(
                "a fresh value without its source cannot be looked up by anybody",
                hint='--not-before-source "Bitcoin block 875000"',
            )
        if len(value) < 16:
            raise UsageError("a fresh value of less than 16 characters could have been guessed")
        if len(value) > MAX_VALUE or len(source) > MAX_SOURCE:
            raise UsageError(f"a fresh value has at most {MAX_VALUE} characters, its source {MAX_SOURCE}")
        return cls(clean(value), clean(source))

    def plain(self) -> dict[str, str]:
        """As it stands in the settings."""
        return {"value": self.value, "source": self.source}


def not_before(facts: SnapshotFacts) -> NotBefore | None:
    """What the facts of a snapshot carry; None if it is nothing, or nothing of this form."""
    found = facts.software.settings.get(KEY)
    if not isinstance(found, dict) or set(found) != {"value", "source"}:
        return None
    if not all(isinstance(part, str) and part for part in found.values()):
        return None
    return NotBefore(found["value"], found["source"])
