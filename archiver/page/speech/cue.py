"""One cue: where it stands, in which form, with which subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archiver.page.speech.phrases import Phrase

Form = Literal["finite", "participle", "infinitive", "passive", "according"]


@dataclass(slots=True)
class CueAt:
    """A cue at tokens[at]. `left`: where its clause begins; `inverted`: the subject follows it; `strong`: a verb of
    saying, not only of calling or criticising."""

    at: int
    form: Form
    strong: bool
    subject: Phrase | None
    left: int
    inverted: bool = False
    negated: bool = False
