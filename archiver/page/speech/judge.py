"""Speech, or only quotation marks? Titles, scare quotes, nicknames and phrases from elsewhere are no statements."""

from __future__ import annotations

from archiver.page.speech.attribution import Link


def judge(text: str, link: Link) -> tuple[int, str]:
    """(confidence 0 to 100, why); below 50 it is no statement."""
    words = text[link.run.inner_start : link.run.inner_end].split()
    if link.how in ("after", "before", "label", "according", "around", "noun", "signed", "reported"):
        return 90 if link.touches else 75, link.how
    sentence_like = len(words) >= 5 and (words[0][:1].isupper() or words[-1][-1] in ".!?,")
    if link.how == "carried":
        if len(words) > 1 and text[link.run.inner_start : link.run.inner_end].isupper():
            return 30, "a heading"
        alone = link.sentence[1] - link.sentence[0] <= 2 and link.source is not None
        if len(words) <= 2 and words[-1][-1] not in ".!?," and not alone:
            return 30, "words in marks without a cue"
        if sentence_like or link.at - link.sentence[0] <= 2:
            return 70, "carried"
        if link.line.language != "de" or len(words) < 4:
            return 30, "words in marks without a cue"
    if link.line.language == "de" and len(words) >= 4:
        return 50, "somebody's words, nobody named"
    if sentence_like and link.at == link.sentence[0]:
        return 55, "stands alone"
    return 20, "words in marks without a cue"
