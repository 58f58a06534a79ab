"""What is known of a quoted run while it is being worked on: the cue that governs it, who speaks, how it was found."""

from __future__ import annotations

from dataclasses import dataclass, field

from archiver.page.speech.cue import CueAt
from archiver.page.speech.phrases import Phrase
from archiver.page.speech.quotes import Run
from archiver.page.speech.tokens import Line, Token

DASHES = frozenset({"—", "–", "--", "―", "-"})


@dataclass(slots=True)
class Link:
    """What is known of a run. `how`: "after" (the cue follows), "before", "around" (a clause at the sentence's end),
    "according", "noun" (her remark that …), "label" (Lee: …), "carried" (from the run or sentence before), "none"."""

    run: Run
    line: Line
    sentence: tuple[int, int]
    at: int  # index of the run's token
    how: str = "none"
    cue: CueAt | None = None
    cue_span: tuple[int, int] | None = None
    subject: Phrase | None = None
    subject_line: Line | None = None
    source: Link | None = None  # the run whose speaker this one has
    parts: tuple[tuple[int, int], ...] = ()  # where the words stand, if that is not the whole run
    index: int = 0  # of the sentence in its line
    touches: bool = False  # nothing but marks between the cue's clause and the run
    reasons: list[str] = field(default_factory=list)

    @property
    def cue_at(self) -> int:
        """The index of the cue's token in the line, -1 without a cue."""
        return self.cue.at if self.cue is not None else -1

    @property
    def tokens(self) -> list[Token]:
        return self.line.tokens
