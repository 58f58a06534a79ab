"""Ties each quoted run to the cue that introduces it and to the one who speaks.

In a sentence: the cue behind the run (“…,” said Lee), the one before it (Lee said: “…”), a clause at the end (… “…” …,
Lee said), "according to". Without a cue of its own a run can go on with the one before it in the paragraph, or with a
speaker whom the sentence before introduces.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from archiver.page.speech.cues import CueAt, find_cues
from archiver.page.speech.lexicon import Is
from archiver.page.speech.phrases import COMMAS, Phrase, first_phrase, is_finite, phrase_at
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
    source: Link | None = None  # the run whose speaker this one has
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
    before = [cue for cue in cues if cue.at < at and cue.form != "according"]
    near = before[-1] if before else None
    if near is not None and near.strong and _opens_speech(text, tokens, near, at):
        return _set(link, "before", near, True)
    if near is not None and near.at + 1 == at and near.form in ("finite", "participle"):
        outer = _outer(tokens, before, start)
        return _set(link, "before", outer, outer is near)
    if _noun_rules(link, near) or (tokens[at - 1].text == ":" and at > start and _weak(near) and _label(link)):
        return None
    for cue in cues:
        if cue.form == "according" and _right_behind(tokens, at, cue.at):
            return _set(link, "according", cue, True)
        if cue.at > at and cue.form == "finite" and _follows(text, tokens, start, cue, at):
            if near is not None and near.strong and _opens_another(tokens, cue, end):
                break
            return _set(link, "after", cue, True)
    if _signed(link):
        return None
    trailing = [cue for cue in cues if cue.at > at and cue.form == "finite" and _trails(text, tokens, cue, link)]
    if trailing:
        return _set(link, "around", trailing[-1], False)
    according = [cue for cue in cues if cue.form == "according" and (cue.at > at or cue.at == start)]
    if according and _weak(near):
        return _set(link, "according", according[-1], False)
    if near is not None:
        outer = _outer(tokens, before, start)
        return _set(link, "before", outer, outer is near and _leads_into(tokens, near, at))
    _label(link) or _noun(link) or _as(link)
    return None


def _weak(cue: CueAt | None) -> bool:
    return cue is None or not cue.strong


def _opens_another(tokens: list[Token], cue: CueAt, end: int) -> bool:
    """After Lee said it was “dull,” Ray said: “…”"""
    return cue.at + 2 < end and tokens[cue.at + 1].text in (":", ",") and tokens[cue.at + 2].kind == QUOTE


def _signed(link: Link) -> bool:
    """“…” — Ann Lee, clerk: the line under a quotation."""
    tokens, (start, end), at = link.tokens, link.sentence, link.at
    if at > start or at + 2 >= end or tokens[at + 1].text not in ("—", "–", "--", "―"):
        return False
    found = phrase_at(tokens, at + 2, end)
    if found is None or found.sort == "pronoun":
        return False
    if found.after < end and tokens[found.after].text not in (",", ".", "("):
        return False
    link.how, link.cue_span, link.touches = "signed", (tokens[at + 1].start, tokens[at + 1].end), True
    link.subject, link.subject_line = found, link.line
    return True


def _noun_rules(link: Link, near: CueAt | None) -> bool:
    """Lee's claim that … “…”: the noun stands nearer than the last verb of saying."""
    tokens, (start, _), at = link.tokens, link.sentence, link.at
    first = near.at if near is not None else start - 1
    for i in range(at - 1, first, -1):
        if tokens[i].what & Is.SPEECH_NOUN and not tokens[i].capital and i + 1 < at and tokens[i + 1].word == "that":
            return _set_noun(link, i, _owner(tokens, start, i))
    return False


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


def _outer(tokens: list[Token], before: list[CueAt], start: int) -> CueAt:
    """Of several cues before a run the one that governs it. Lee said Ray called it “…”: the text quotes Lee. A clause of
    its own (…, and Ray said …) is governed by nothing before it."""
    near = before[-1]
    for cue in reversed(before[:-1]):
        if any(t.text in (";", ":") for t in tokens[cue.at : near.at]) or _quotes(tokens, cue, near):
            break
        if near.form == "finite" and _is_apart(tokens, cue, near, start):
            break
        if cue.subject is None or cue.form not in ("finite", "participle"):
            continue
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
        return bool(tokens[start].what & (Is.SUBORDINATOR | Is.PREPOSITION))
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
    parted = text[run.inner_end - 1] in ",.!?…—–-:" or tokens[at + 1].kind == MARK or tokens[at + 1].word == "as"
    if not parted and at > start and tokens[at - 1].text != ":":
        return False
    if left <= at:
        return (
            cue.inverted and cue.at > at and all(t.kind == MARK or t.what & Is.ADVERB for t in tokens[at + 1 : cue.at])
        )
    if left - 1 > at and tokens[left - 1].word == "as":
        left -= 1
    return all(t.kind == MARK and t.text in ",—–-.…!?" for t in tokens[at + 1 : left])


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


def _label(link: Link) -> bool:
    """Lee: “…” at the start of a sentence; a headline's habit."""
    tokens, (start, _), at = link.tokens, link.sentence, link.at
    colon = next((i for i in range(at - 1, start - 1, -1) if tokens[i].text == ":"), None)
    if colon is None:
        return False
    found = first_phrase(tokens, start, colon)
    if found is None:
        return False
    if found.sort == "noun" and found.after < colon and tokens[found.after].word in ("from", "by"):
        found = phrase_at(tokens, found.after + 1, colon) or found
    link.how, link.cue_span = "label", (tokens[colon].start, tokens[colon].end)
    link.subject, link.subject_line, link.touches = found, link.line, colon == at - 1
    return True


def _noun(link: Link) -> bool:
    """Lee's remark that the “…”; Lee's “…” remark; in a statement from Lee, “…”."""
    tokens, (start, end), at = link.tokens, link.sentence, link.at
    if (
        at + 1 < end
        and tokens[at + 1].what & (Is.SPEECH_NOUN | Is.TERM)
        and _set_noun(link, at + 1, _owner(tokens, start, at))
    ):
        return True
    for i in range(at - 1, start - 1, -1):
        if not tokens[i].what & (Is.SPEECH_NOUN | Is.TERM) or tokens[i].capital or is_finite(tokens[i + 1]):
            continue
        owner = _owner(tokens, start, i)
        if owner is None and i >= at - 2:
            owner = first_phrase(tokens, start, i)
            if owner is not None and owner.after >= i:
                owner = None
        if _set_noun(link, i, owner):
            return True
    return False


def _set_noun(link: Link, noun: int, owner: Phrase | None) -> bool:
    if owner is None:
        return False
    tokens = link.tokens
    link.how, link.cue_span = "noun", (tokens[noun].start, tokens[noun].end)
    link.subject, link.subject_line = owner, link.line
    return True


def _as(link: Link) -> bool:
    """Lee went after Ray as a “…”: any verb with "as" before the run."""
    tokens, (start, _), at = link.tokens, link.sentence, link.at
    i = at - 1
    while i > start and tokens[i].what & Is.DETERMINER:
        i -= 1
    while (
        i > start
        and tokens[i].kind in (QUOTE, MARK)
        or (i > start and tokens[i].what & (Is.CONJUNCTION | Is.DETERMINER))
    ):
        i -= 1  # a second one: as a “…” and a “…”
    if i <= start or tokens[i].word != "as":
        return False
    owner = first_phrase(tokens, start, i)
    if (
        owner is None
        or owner.after >= i
        or not any(t.what & (Is.VERB | Is.VERBISH) or is_finite(t) for t in tokens[owner.after : i])
    ):
        return False
    link.how, link.cue_span = "noun", (tokens[i].start, tokens[i].end)
    link.subject, link.subject_line = owner, link.line
    return True


def _owner(tokens: list[Token], start: int, noun: int) -> Phrase | None:
    if noun + 2 < len(tokens) and tokens[noun + 1].word in ("of", "from", "by"):
        found = phrase_at(tokens, noun + 2, len(tokens))
        if found is not None and found.sort == "name":
            return found
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


def carry(links_of: list[list[Link]], lines: list[Line]) -> None:
    """Speakers for runs without a cue, from what stands before them."""
    last: Link | None = None
    before: Line | None = None
    for line, links in zip(lines, links_of, strict=True):
        in_line: Link | None = None
        for link in links:
            if link.how == "none" and in_line is not None and in_line.subject is not None:
                if not _added(link, in_line):
                    _carry_from(link, in_line)
            if link.how == "none" and link.at == link.sentence[0]:
                _introduced(link)
                if link.how == "none" and before is not None and link.sentence[0] == 0:
                    _introduced_before(link, before, last)
            if link.subject is not None:
                in_line = last = link
        before = line


def _added(link: Link, before: Link) -> bool:
    """She added that it hurt. “…”: the sentence between two runs names a speaker of its own."""
    line = link.line
    index = line.sentences.index(link.sentence)
    if index == 0 or line.sentences[index - 1] == before.sentence or link.at != link.sentence[0]:
        return False
    for cue in find_cues(line.tokens, *line.sentences[index - 1]):
        if cue.strong and cue.form == "finite" and cue.subject is not None:
            link.how, link.subject, link.subject_line = "carried", cue.subject, line
            link.cue_span = (line.tokens[cue.at].start, line.tokens[cue.at].end)
            return True
    return False


def _carry_from(link: Link, source: Link) -> None:
    link.how, link.subject, link.subject_line = "carried", source.subject, source.subject_line
    link.cue_span, link.source = source.cue_span, source


def _introduced(link: Link) -> None:
    """The sentence before in the paragraph: Lee was unmoved. “…”"""
    index = link.line.sentences.index(link.sentence)
    if index:
        _introduced_by(link, link.line, link.line.sentences[index - 1])


def _introduced_before(link: Link, line: Line, last: Link | None) -> None:
    """The paragraph before: its last speaker if it ends in a quotation, else its last sentence's subject."""
    if last is not None and last.line is line and last.sentence == line.sentences[-1]:
        _carry_from(link, last)
        return
    _introduced_by(link, line, line.sentences[-1])
    if link.how == "none" and last is not None:
        _carry_from(link, last)


def _introduced_by(link: Link, line: Line, sentence: tuple[int, int]) -> None:
    start, end = sentence
    tokens = line.tokens
    for cue in find_cues(tokens, start, end):
        if cue.subject is not None and cue.form == "finite":
            link.how, link.subject, link.subject_line = "carried", cue.subject, line
            link.cue_span = (tokens[cue.at].start, tokens[cue.at].end)
            return
    found = first_phrase(tokens, start, end)
    if found is not None:
        link.how, link.subject, link.subject_line = "carried", found, line
