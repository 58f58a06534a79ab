"""A value together with who says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from archiver.model.encoding import clean
from archiver.page.dates import normalise

MAX_VALUE = 1_000  # code points
GUESSED = "guessed: "


@dataclass(frozen=True, slots=True)
class Said:
    """`value`: as the page spells it; `source`: where it stands, or "guessed: " and what guessed it; `time`: of a date,
    the same in one spelling (see `archiver.page.dates`), None if it is not understood."""

    value: str
    source: str
    time: str | None = None

    @classmethod
    def of(cls, value: Any, source: str, *, dated: bool = False) -> Said | None:
        """None for what says nothing: no string, or one without words."""
        if not isinstance(value, str):
            return None
        words = clean(" ".join(value.split()), MAX_VALUE)
        if not words.strip("\ufffd "):
            return None
        return cls(words, clean(source, 100), normalise(words) if dated else None)

    @classmethod
    def guess(cls, value: Any, program: str, *, dated: bool = False) -> Said | None:
        """What a program made out where the page does not say it."""
        return cls.of(value, GUESSED + program, dated=dated)

    @property
    def guessed(self) -> bool:
        """Whether the page does not say it."""
        return self.source.startswith(GUESSED)

    def to_json(self) -> dict[str, Any]:
        """`time` only where it is a date that is understood."""
        plain: dict[str, Any] = {"value": self.value, "source": self.source}
        if self.time is not None:
            plain["time"] = self.time
        return plain
