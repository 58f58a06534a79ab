"""Of several cues before a run, the one that governs it.

“Lee said Ray called it “…””: the text itself quotes Lee, and what Lee ascribes to Ray is Lee's to answer for. So the
outer cue counts, unless the inner one opens an utterance or stands in a clause of its own.
"""

from __future__ import annotations

from archiver.page.speech.cue import CueAt
from archiver.page.speech.lexicon import Is
from archiver.page.speech.tokens import QUOTE, Token

MAX_BACK = 8  # cues that are looked at before a run


def outermost(tokens: list[Token], before: list[CueAt], start: int) -> CueAt:
    """Of several cues before a run the one that governs it. A clause of its own (…, and Ray said …) is governed by
    nothing before it."""
    near = before[-1]
    for cue in reversed(before[-MAX_BACK:-1]):
        if any(t.text in (";", ":") for t in tokens[cue.at : near.at]) or _quotes(tokens, cue, near):
            break
        if near.form == "finite" and _is_apart(tokens, cue, near, start):
            break
        if cue.subject is None or cue.form not in ("finite", "participle"):
            continue
        asked = cue.form == "participle" and cue.at <= start + 1
        if asked and any(token.text == "," for token in tokens[cue.at : near.at]):
            continue  # Asked about it, Lee called it “…”
        if cue.strong or (not near.strong and (near.subject is None or near.subject.sort == "pronoun")):
            near = cue
    return near


def _is_apart(tokens: list[Token], cue: CueAt, near: CueAt, start: int) -> bool:
    """Whether the nearer cue's clause is not what the farther one reports."""
    if _coordinate(tokens, cue.at, near.left):
        return True
    if near.left == 0:
        return False
    intro = tokens[near.left - 1]
    if intro.text == ",":
        led = start + 1 if tokens[start].what & Is.ADVERB and not tokens[start].what & Is.SUBORDINATOR else start
        if cue.inverted and tokens[led].what & Is.PREPOSITION:
            return False  # Im ZDF sagte die Ministerin, es gebe …
        return bool(tokens[led].what & (Is.SUBORDINATOR | Is.PREPOSITION))
    adverbial = intro.what & Is.SUBORDINATOR and not intro.what & (Is.RELATIVE | Is.DETERMINER)
    adverbial = adverbial and intro.word not in ("what", "how", "why", "whether")
    return bool(adverbial) and (not cue.strong or (near.left >= 2 and tokens[near.left - 2].text == ","))


def _quotes(tokens: list[Token], cue: CueAt, near: CueAt) -> bool:
    """Whether the cue has an utterance of its own before the next one."""
    for i in range(cue.at + 1, near.at):
        if tokens[i].kind == QUOTE:
            return tokens[i - 1].text in (",", ":") or i == cue.at + 1
    return False


def _coordinate(tokens: list[Token], start: int, left: int) -> bool:
    """…, and/but before the clause."""
    return any(
        tokens[i].what & Is.CONJUNCTION and tokens[i - 1].text in (",", "—", "–")
        for i in range(max(start, left - 3), left + 1)
    )
