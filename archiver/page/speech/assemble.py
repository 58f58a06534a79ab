"""From linked runs to statements: parts that belong together, kind, speaker's name, confidence."""

from __future__ import annotations

from archiver.page.speech.attribution import Link
from archiver.page.speech.judge import judge
from archiver.page.speech.nouns import Cue, Kind, Span, Speaker, Statement
from archiver.page.speech.phrases import surface


def statements(text: str, links: list[Link]) -> list[Statement]:
    """The statements among the runs, in the order of the text."""
    found: list[Statement] = []
    group: list[tuple[Link, int, str]] = []
    for link in links:
        confidence, why = judge(text, link)
        if confidence < 50:
            continue
        if group and _goes_on(text, group[-1][0], link):
            group.append((link, confidence, why))
            continue
        if group:
            found.append(_make(text, group))
        group = [(link, confidence, why)]
    if group:
        found.append(_make(text, group))
    return found


def _goes_on(text: str, before: Link, link: Link) -> bool:
    if before.run.continues:
        return True
    if before.line is not link.line or kind_of(text, link) != "direct" or kind_of(text, before) != "direct":
        return False
    return (link.how == "carried" and link.subject is before.subject) or (
        link.how == "before" and before.cue is link.cue
    )


def kind_of(text: str, link: Link) -> Kind:
    """Direct: an utterance of its own. Mixed: words inside a clause that reports."""
    if link.at == link.sentence[0] or link.how in ("label", "carried"):
        return "direct"
    inner = text[link.run.inner_start : link.run.inner_end]
    if link.touches and (inner[:1].isupper() or link.how == "after"):
        return "direct"
    return "mixed"


def _make(text: str, group: list[tuple[Link, int, str]]) -> Statement:
    first = group[0][0]
    named = next((link for link, _, _ in group if link.subject is not None), first)
    speaker = None
    if named.subject is not None and named.subject_line is not None:
        start, end = surface(named.subject_line.tokens, named.subject)
        speaker = Speaker(text[start:end], Span(start, end))
    cue = None
    cued = next((link for link, _, _ in group if link.cue_span is not None), None)
    if cued is not None and cued.cue_span is not None:
        cue = Cue(text[cued.cue_span[0] : cued.cue_span[1]], Span(*cued.cue_span))
    return Statement(
        kind_of(text, first),
        tuple(Span(link.run.start, link.run.end) for link, _, _ in group),
        speaker,
        None,
        cue,
        None,
        None,
        None,
        None,
        "affirmed",
        min(confidence for _, confidence, _ in group),
        tuple(dict.fromkeys(why for _, _, why in group)),
    )
