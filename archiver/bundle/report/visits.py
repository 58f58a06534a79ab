"""Rechecks in the report: what a later visit found of each statement; and pictures of a page. Nothing is verified here:
what the evidence in a bundle says is put in words."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from archiver.bundle.report import words
from archiver.model.verdicts import STANDS, Change, RecheckFacts, VerdictRecord

PICTURE_TYPES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", "image/webp": b"RIFF"}
MAX_PICTURE = 4 << 20  # bytes of a picture that is shown in the page; a larger one is only listed


@dataclass(frozen=True, slots=True)
class Visit:
    """One recheck: its number and time, what it says of the new page, and its verdicts by the statements' ids.
    `snapshot` is the number of the new capture, if that is in the bundle."""

    sequence: int
    time: str
    snapshot: int | None
    facts: RecheckFacts | None
    verdicts: dict[str, VerdictRecord]
    problem: str | None

    @property
    def counts(self) -> list[tuple[str, int]]:
        """How many statements got each verdict."""
        found: dict[str, int] = {}
        for item in self.verdicts.values():
            found[item.verdict] = found.get(item.verdict, 0) + 1
        return list(found.items())

    @property
    def stand(self) -> int:
        """How many statements still stand."""
        return sum(item.verdict in STANDS for item in self.verdicts.values())


@dataclass(frozen=True, slots=True)
class Told:
    """What one visit says of one statement."""

    visit: Visit
    record: VerdictRecord

    @property
    def meaning(self) -> str:
        """The verdict in words."""
        return words.VERDICTS[self.record.verdict]

    @property
    def stands(self) -> bool:
        """Whether the words still stand."""
        return self.record.verdict in STANDS


def change_words(change: Change) -> str:
    """`“Bridge shut” became “Bridge open”`."""
    if change.old is None:
        return f"now “{change.new}”; the page said nothing before"
    if change.new is None:
        return f"“{change.old}” is gone"
    return f"“{change.old}” became “{change.new}”"


def data_uri(media_type: str, data: bytes) -> str | None:
    """A picture as it can stand in the page; None if the bytes do not begin as such a picture does."""
    if not data.startswith(PICTURE_TYPES[media_type]):
        return None
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"
