"""What is found: statements, their parts, their speakers. Frozen values without behaviour of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["direct", "mixed", "indirect"]
Polarity = Literal["affirmed", "denied"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The code points start:end of the text, which are not empty and neither begin nor end with white space."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who is quoted. `name` is as full as the text allows; `mention` is where this statement names them ("she")."""

    name: str
    mention: Span | None


@dataclass(frozen=True, slots=True)
class Cue:
    """The words that make it a statement: "told", "according to", ":"."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Statement:
    """One quoted or attributed utterance.

    `parts`: its runs of words in order, quotation marks included, never overlapping. `kind`: "direct" (somebody's
    words as an utterance), "mixed" (quoted words inside a reported clause), "indirect" (reported without marks; one
    part). `via`: the outlet through which it is reported. `polarity` is "denied" where the speaker denies the words, or
    is said not to have spoken them. `confidence`: 0 to 100; `reasons`: the rules that decided.
    """

    kind: Kind
    parts: tuple[Span, ...]
    speaker: Speaker | None
    role: str | None
    cue: Cue | None
    addressee: str | None
    when: str | None
    where: str | None
    via: str | None
    polarity: Polarity
    confidence: int
    reasons: tuple[str, ...]
