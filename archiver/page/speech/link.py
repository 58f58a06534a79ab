"""Ties each quoted run to the cue that introduces it and to the one who speaks.

In a sentence: the cue behind the run (“…,” said Lee), the one before it (Lee said: “…”), a clause at the end (… “…” …,
Lee said), "according to". Without a cue of its own a run can go on with the one before it in the paragraph, or with a
speaker whom the sentence before introduces.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from archiver.page.speech.cues import CueAt, find_cues
from archiver.page.speech.lexicon import Is
from archiver.page.speech.phrases import Phrase, first_phrase, phrase_at
from archiver.page.speech.quotes import Run
from archiver.page.speech.tokens import MARK, QUOTE, WORD, Line, Token


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
    touches: bool = False  # nothing but marks between the cue's clause and the run
    reasons: list[str] = field(default_factory=list)

    @property
    def tokens(self) -> list[Token]:
        return self.line.tokens


def link_line(text: str, line: Line) -> list[Link]:
    """The links of all runs of a paragraph, without what other paragraphs could add."""
    links: list[Link] = []
    for sentence in line.sentences:
        start, end = sentence
        places = [i for i in range(start, end) if line.tokens[i].kind == QUOTE]
        if not places:
            continue
        cues = find_cues(line.tokens, start, end)
        for at in places:
            run = line.tokens[at].run
            assert run is not None
            link = Link(run, line, sentence, at)
            _attach(link, cues)
            links.append(link)
    return links


def _set(link: Link, how: str, cue: CueAt, touches: bool) -> None:
    tokens = link.tokens
    link.how, link.cue, link.touches = how, cue, touches
    link.cue_span = (tokens[cue.at].start, tokens[cue.at].end)
    link.subject, link.subject_line = cue.subject, link.line


def _attach(link: Link, cues: list[CueAt]) -> None:
    tokens, (start, end), at = link.tokens, link.sentence, link.at
    before = [cue for cue in cues if cue.at < at]
    near = before[-1] if before else None
    if near is not None and near.form != "according" and _leads_into(tokens, near, at):
        return _set(link, "before", near, True)
    for cue in cues:
        if cue.at > at and cue.form == "finite" and _follows(tokens, cue, at):
            return _set(link, "after", cue, True)
    if near is not None and near.form != "according":
        return _set(link, "before", near, False)
    trailing = [cue for cue in cues if cue.at > at and cue.form == "finite" and _trails(tokens, cue, end)]
    if trailing:
        return _set(link, "around", trailing[-1], False)
    according = [cue for cue in cues if cue.form == "according"]
    if according:
        return _set(link, "according", according[0], False)
    _label(link) or _noun(link)
    return None


def _leads_into(tokens: list[Token], cue: CueAt, at: int) -> bool:
    """Lee said: “ — Lee told reporters, “ — the cue's clause ends where the run begins."""
    if cue.at + 1 == at:
        return True
    before = tokens[at - 1]
    return (
        before.kind == MARK
        and before.text in ",:—–"
        and not any(t.kind == QUOTE or t.text in ",;" for t in tokens[cue.at + 1 : at - 1])
    )


def _follows(tokens: list[Token], cue: CueAt, at: int) -> bool:
    """The cue's clause begins right behind the run."""
    left = cue.left
    if left <= at:
        return (
            cue.inverted and cue.at > at and all(t.kind == MARK or t.what & Is.ADVERB for t in tokens[at + 1 : cue.at])
        )
    return all(t.kind == MARK and t.text in ",—–-.…!?" for t in tokens[at + 1 : left])


def _trails(tokens: list[Token], cue: CueAt, end: int) -> bool:
    """…, Lee said. A clause after a comma that ends the sentence."""
    left = cue.left
    if left <= 0 or (tokens[left - 1].text not in (",", "—", "–") and tokens[left].text != ","):
        return False
    return not any(t.kind == QUOTE for t in tokens[cue.at : end]) and end - cue.at <= 14


def _label(link: Link) -> bool:
    """Lee: “…” at the start of a sentence; a headline's habit."""
    tokens, (start, _), at = link.tokens, link.sentence, link.at
    colon = next((i for i in range(at - 1, start - 1, -1) if tokens[i].text == ":"), None)
    if colon is None:
        return False
    found = first_phrase(tokens, start, colon)
    if found is None:
        return False
    link.how, link.cue_span = "label", (tokens[colon].start, tokens[colon].end)
    link.subject, link.subject_line, link.touches = found, link.line, colon == at - 1
    return True


def _noun(link: Link) -> bool:
    """Lee's remark that the “…”; in a statement from Lee, “…”."""
    tokens, (start, _), at = link.tokens, link.sentence, link.at
    for i in range(at - 1, start - 1, -1):
        if not tokens[i].what & Is.SPEECH_NOUN or tokens[i].capital:
            continue
        owner = _owner(tokens, start, i)
        if owner is None:
            continue
        link.how, link.cue_span = "noun", (tokens[i].start, tokens[i].end)
        link.subject, link.subject_line = owner, link.line
        return True
    return False


def _owner(tokens: list[Token], start: int, noun: int) -> Phrase | None:
    for i in range(noun - 1, max(start, noun - 5) - 1, -1):
        token = tokens[i]
        if token.what & Is.OWN:
            return Phrase(i, i + 1, i, "pronoun")
        if token.text in ("’s", "'s") or token.word.endswith(("s’", "s'")):
            left = i
            while (
                left > start
                and tokens[left - 1].kind == WORD
                and (tokens[left - 1].capital or tokens[left - 1].what & (Is.DETERMINER | Is.ROLE))
            ):
                left -= 1
            return phrase_at(tokens, left, i) if left < i else None
        if token.kind != WORD or token.what & (Is.VERB | Is.PREPOSITION | Is.AUXILIARY):
            return None
    return None


def carry(text: str, lines: list[list[Link]], all_lines: list[Line]) -> None:
    """Speakers for runs without a cue, from what stands before them."""
    previous: Link | None = None
    for line, links in zip(all_lines, lines, strict=True):
        in_line: Link | None = None
        for link in links:
            if link.how == "none" or (link.how in ("label", "noun") and link.subject is None):
                source = in_line if in_line is not None else None
                if source is not None and source.subject is not None:
                    link.how, link.subject, link.subject_line = "carried", source.subject, source.subject_line
                    link.cue, link.cue_span = None, source.cue_span
                else:
                    _from_sentence_before(link)
                if link.how == "none" and previous is not None and previous.subject is not None and _alone(link):
                    link.how, link.subject, link.subject_line = "carried", previous.subject, previous.subject_line
                    link.reasons.append("the speaker of the paragraph before")
            if link.subject is not None:
                in_line = link
                previous = link


def _alone(link: Link) -> bool:
    return link.at == link.sentence[0]


def _from_sentence_before(link: Link) -> None:
    line = link.line
    index = line.sentences.index(link.sentence)
    if index == 0 or not _alone(link):
        return
    start, end = line.sentences[index - 1]
    cues = find_cues(line.tokens, start, end)
    for cue in cues:
        if cue.subject is not None and cue.form == "finite":
            link.how, link.subject, link.subject_line = "carried", cue.subject, line
            link.cue_span = (line.tokens[cue.at].start, line.tokens[cue.at].end)
            return
    found = first_phrase(line.tokens, start, end)
    if found is not None:
        link.how, link.subject, link.subject_line = "carried", found, line
