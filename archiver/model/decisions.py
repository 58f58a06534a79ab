"""The `decisions` object of a reading: what people decided about its statements. Format: docs/formats/facts.md.

Specimen:

    {
     "archiver": "decisions/v1",
     "decisions": [
      {
       "id": "s3",
       "action": "corrected",
       "by": "Ann Lee",
       "time": "2026-11-23T13:40:11.482Z",
       "note": "the recording is on file",
       "text": "“No.”",
       "given": null,
       "changes": [
        {
         "field": "speaker",
         "was": "Tom Lee",
         "now": "Tim Lee"
        }
       ]
      }
     ],
     "salt": "3q2+7wAAAAAAAAAAAAAAAA=="
    }

It lists every decision about the snapshot so far, in the order in which they were made: a reading is understood without
those that it replaces. The last decision about a statement is the one in force. Nothing here proves that a person is
right, or who they are: the manifest's signature says whose key sealed it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Literal

from archiver.model import records
from archiver.model.encoding import encode_document
from archiver.model.values import check_salt, check_time, need

ROLE = "decisions"
MAX_DECISIONS = 100_000
Field = Literal["kind", "words", "speaker", "role", "cue", "addressee", "when", "where", "via", "polarity"]
Action = Literal["added", "confirmed", "corrected", "rejected"]
_ID = re.compile(r"s[1-9][0-9]{0,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Change:
    """What a statement said in one field, and what it says now."""

    field: Field
    was: str | None
    now: str | None


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision about the statement `id`. `text`: its words, as they stand in the page text; `given`: the words as
    the person typed them, where these differ; `by`: who, as they chose to be called; `time`: by the collector's clock.
    """

    id: str
    action: Action
    by: str | None
    time: str
    note: str | None
    text: str
    given: str | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Decisions:
    """All decisions about one snapshot's statements, oldest first."""

    version: ClassVar[str] = "decisions/v1"
    decisions: tuple[Decision, ...]
    salt: str

    def in_force(self) -> dict[str, Decision]:
        """The last decision about each statement."""
        return {item.id: item for item in self.decisions}


def encode(found: Decisions) -> bytes:
    """The bytes of a decisions object. Raises FormatError for one that must not be written."""
    validate(found)
    return encode_document(records.to_plain(found))


def decode(data: bytes) -> Decisions:
    """The decisions in a document. Raises FormatError, NewerVersionError."""
    found = records.decode(Decisions, data)
    validate(found)
    return found


def validate(found: Decisions) -> None:
    """Raises FormatError unless the values are ones that may be written."""
    check_salt(found.salt)
    need(0 < len(found.decisions) <= MAX_DECISIONS, f"decisions: 1 to {MAX_DECISIONS}, not {len(found.decisions)}")
    for item in found.decisions:
        need(_ID.fullmatch(item.id) is not None, f"decisions: not a statement's id: {item.id[:20]!r}")
        check_time(item.time, f"decision about {item.id}")
        need(bool(item.text), f"decision about {item.id}: without words")
        need(
            (item.action == "corrected") == bool(item.changes),
            f"{item.id}: what is corrected was changed, nothing else",
        )
        need(all(change.was != change.now for change in item.changes), f"{item.id}: a change that changes nothing")
        fields = [change.field for change in item.changes]
        need(len(set(fields)) == len(fields), f"{item.id}: a field is changed twice in one decision")
