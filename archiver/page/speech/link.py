"""Ties each quoted run to the cue that introduces it and to the one who speaks.

In a sentence: the cue behind the run (“…,” said Lee), the one before it (Lee said: “…”), a clause at the end (… “…” …,
Lee said), "according to". Without a cue of its own a run can go on with the one before it in the paragraph, or with a
speaker whom the sentence before introduces.
"""

from __future__ import annotations

from archiver.page.speech.attribution import Link
from archiver.page.speech.cue import CueAt
from archiver.page.speech.cues import cues_of
from archiver.page.speech.governing import outermost
from archiver.page.speech.introducing import as_, in_words_of, label, noun, noun_rules, set_off, signed
from archiver.page.speech.lexicon import Is
from archiver.page.speech.phrases import COMMAS, is_outlet
from archiver.page.speech.tokens import MARK, QUOTE, WORD, Line, Token

FOLLOWING = frozenset({",", "—", "–", "-", "--", ".", "…", "!", "?", "،", "，", ":"})


def link_line(text: str, line: Line) -> list[Link]:
    """The links of all runs of a paragraph, without what other paragraphs could add."""
    links: list[Link] = []
    if not line.paragraph.runs:
        return links
    for index, sentence in enumerate(line.sentences):
        start, end = sentence
        places = [i for i in range(start, end) if line.tokens[i].kind == QUOTE]
        if not places:
            continue
        cues = cues_of(line, sentence)
        for at in places:
            run = line.tokens[at].run
            assert run is not None
            link = Link(run, line, sentence, at, index=index)
            _attach(text, link, cues)
            links.append(link)
    return links


def _set(link: Link, how: str, cue: CueAt, touches: bool) -> None:
    tokens = link.tokens
    link.how, link.cue, link.touches = how, cue, touches
    link.cue_span = (tokens[cue.at].start, tokens[cue.at].end)
    link.subject, link.subject_line = cue.subject, link.line


def _attach(text: str, link: Link, cues: list[CueAt]) -> None:
    tokens, (start, end), at = link.tokens, link.sentence, link.at
    before = [cue for cue in cues if cue.at < at and cue.form != "according" and not _is_of_word(tokens, cue, at)]
    near = before[-1] if before else None
    behind = _said_behind(text, link, cues, near)
    if behind is not None:
        return _set(link, "after", behind, True)
    if near is not None and near.strong and _opens_speech(text, tokens, near, at):
        return _set(link, "before", near, True)
    if near is not None and near.at + 1 == at and near.form in ("finite", "participle"):
        outer = outermost(tokens, before, start)
        return _set(link, "before", outer, outer is near)
    if near is not None and _holds(text, tokens, near, at):
        outer = outermost(tokens, before, start)
        return _set(link, "before", outer, False)
    if noun_rules(link, near) or (tokens[at - 1].text == ":" and at > start and _weak(near) and label(link)):
        return None
    for cue in cues:
        if cue.form == "according" and _right_behind(tokens, at, cue.at) and not _relays(tokens, cue, near):
            return _set(link, "according", cue, True)
        if cue.at > at and cue.form == "finite" and _follows(text, tokens, start, cue, at):
            if near is not None and near.strong and _opens_another(tokens, cue, end):
                break
            return _set(link, "after", cue, True)
    if signed(link):
        return None
    trailing = [cue for cue in cues if cue.at > at and cue.form == "finite" and _trails(text, tokens, cue, link)]
    if trailing:
        return _set(link, "around", trailing[-1], False)
    according = [cue for cue in cues if cue.form == "according" and not _relays(tokens, cue, near)]
    if according and _weak(near):
        return _set(link, "according", according[-1], False)
    if _weak(near) and in_words_of(link):
        return None
    if near is not None:
        outer = outermost(tokens, before, start)
        return _set(link, "before", outer, outer is near and _leads_into(tokens, near, at))
    closing = next((cue for cue in cues if cue.at == at + 1 and tokens[cue.at].what & Is.INVERTS), None)
    if closing is not None:
        return _set(link, "around", closing, False)
    label(link) or noun(text, link) or as_(link) or set_off(text, link)
    return None


def _said_behind(text: str, link: Link, cues: list[CueAt], near: CueAt | None) -> CueAt | None:
    """Lee saw it otherwise: “So it is,” she said. The clause behind counts, unless what stands before the colon is one
    that says (Lee said: “…”)."""
    tokens, (start, _), at = link.tokens, link.sentence, link.at
    if at == start or tokens[at - 1].text != ":" or text[link.run.inner_end - 1] not in ",?!":
        return None
    if near is not None and near.strong and (near.at + 2 >= at or link.line.language == "de"):
        return None
    return next((c for c in cues if c.at > at and c.form == "finite" and _follows(text, tokens, start, c, at)), None)


def _holds(text: str, tokens: list[Token], cue: CueAt, at: int) -> bool:
    """who had spoken of a “stupid accident”: only a preposition or an article parts the words from the verb."""
    run = tokens[at].run
    assert run is not None
    inner = text[run.inner_start], text[run.inner_end - 1]
    between = tokens[cue.at + 1 : at]
    return (
        cue.form in ("finite", "participle")
        and 0 < len(between) <= 2
        and all(t.what & (Is.PREPOSITION | Is.DETERMINER) and t.kind == WORD for t in between)
        and any(t.what & Is.PREPOSITION for t in between)
        and inner[0].islower()
        and inner[1] not in ",.?!"
    )


def _is_of_word(tokens: list[Token], cue: CueAt, at: int) -> bool:
    """The word “crisis” was not mentioned: nobody says it."""
    return cue.subject is not None and cue.subject.after == at and bool(tokens[at - 1].what & Is.TERM)


def _relays(tokens: list[Token], according: CueAt, near: CueAt | None) -> bool:
    """According to Harbour Radio, Lee called it “…”: an outlet relays what somebody else says."""
    if near is None or near.subject is None or according.subject is None or near.subject.sort == "pronoun":
        return False
    return is_outlet(tokens, according.subject)


def _weak(cue: CueAt | None) -> bool:
    return cue is None or not cue.strong


def _opens_another(tokens: list[Token], cue: CueAt, end: int) -> bool:
    """After Lee said it was “dull,” Ray said: “…”"""
    return cue.at + 2 < end and tokens[cue.at + 1].text in (":", ",") and tokens[cue.at + 2].kind == QUOTE


def _right_behind(tokens: list[Token], at: int, cue: int) -> bool:
    return cue > at and all(t.text in COMMAS for t in tokens[at + 1 : cue])


def _opens_speech(text: str, tokens: list[Token], cue: CueAt, at: int) -> bool:
    """Lee said, “So …”: a comma or a colon, or a capital letter."""
    if not _leads_into(tokens, cue, at):
        return False
    run = tokens[at].run
    return tokens[at - 1].text in (",", ":") or (
        run is not None and text[run.inner_start].isupper() and cue.at + 1 == at
    )


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


def _follows(text: str, tokens: list[Token], start: int, cue: CueAt, at: int) -> bool:
    """The cue's clause begins right behind the run, and something parts them."""
    left = cue.left
    run = tokens[at].run
    assert run is not None
    parted = text[run.inner_end - 1] in ",.!?…—–-:" or tokens[at + 1].kind == MARK or tokens[at + 1].what & Is.AS
    parted = parted or (cue.at == at + 1 and bool(tokens[cue.at].what & Is.INVERTS))
    if not parted and at > start and tokens[at - 1].text != ":":
        return False
    if left <= at:
        return (
            cue.inverted and cue.at > at and all(t.kind == MARK or t.what & Is.ADVERB for t in tokens[at + 1 : cue.at])
        )
    if left - 1 > at and tokens[left - 1].what & Is.AS:
        left -= 1
    between = tokens[at + 1 : left]
    if any(t.what & Is.CONJUNCTION and not t.capital for t in tokens[at + 1 : cue.at]) and at > start:
        return False
    return all((t.kind == MARK and t.text in FOLLOWING) or t.what & Is.AUXILIARY for t in between)


def _trails(text: str, tokens: list[Token], cue: CueAt, link: Link) -> bool:
    """…, Lee said. A clause between commas, or after a comma at the sentence's end."""
    left, at, (start, end) = cue.left, link.at, link.sentence
    if not cue.strong or left <= at:
        return False
    run = tokens[left - 1].run
    if run is not None:
        if text[run.inner_end - 1] not in ",.!?…—–-":
            return False
    elif tokens[left - 1].text not in COMMAS and tokens[left].text not in COMMAS:
        return False
    between = Is.SUBORDINATOR | Is.RELATIVE | Is.CONJUNCTION
    if any(t.what & between and not t.capital for t in tokens[left : cue.at]):
        return False
    following = tokens[cue.at + 1] if cue.at + 1 < end else None
    if at == start or cue.inverted or following is None or following.kind != WORD:
        return True
    if any(t.kind == QUOTE for t in tokens[cue.at : end]) or end - cue.at > 14:
        return False
    tail = Is.PREPOSITION | Is.TIME | Is.ADVERB | Is.SUBORDINATOR
    told = tokens[cue.at].what & Is.TELLS
    return bool(told or (following.what & tail and not following.what & Is.DETERMINER))
