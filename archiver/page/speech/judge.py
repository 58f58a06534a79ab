"""Speech, or only quotation marks? Titles, scare quotes, nicknames and phrases from elsewhere are no statements."""

from __future__ import annotations

from archiver.page.speech.lexicon import Is
from archiver.page.speech.link import Link


def judge(text: str, link: Link) -> tuple[int, str]:
    """(confidence 0 to 100, why); below 50 it is no statement."""
    words = text[link.run.inner_start : link.run.inner_end].split()
    if _is_attribute(text, link):
        return 0, "an attribute in markup"
    title = _title(text, link, words)
    if title:
        return 10, title
    if _so_called(link):
        return 20, "so-called"
    if link.how in ("after", "before", "label", "according", "around", "noun"):
        return 90 if link.touches else 75, link.how
    sentence_like = len(words) >= 5 and (words[0][:1].isupper() or words[-1][-1] in ".!?,")
    if link.how == "carried":
        if sentence_like or link.at == link.sentence[0]:
            return 70, "carried"
        return 30, "words in marks without a cue"
    if sentence_like and link.at == link.sentence[0]:
        return 55, "stands alone"
    return 20, "words in marks without a cue"


def _is_attribute(text: str, link: Link) -> bool:
    return link.run.start > 0 and text[link.run.start - 1] == "="


def _title(text: str, link: Link, words: list[str]) -> str | None:
    if not is_title_case(words):
        return None
    tokens, at = link.tokens, link.at
    before = tokens[at - 1] if at else None
    if before is None:
        return None
    if before.text in ("’s", "'s") and at >= 2 and tokens[at - 2].what & Is.MEDIA:
        return "a title"
    if before.what & (Is.WORK | Is.MEDIA) and not before.capital:
        return "a title"
    if before.text == "," and at >= 2 and tokens[at - 2].what & Is.WORK:
        return "a title"
    if before.what & Is.PREPOSITION and len(words) >= 2:
        return "a title"
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    if following is not None and following.what & Is.WORK:
        return "a title"
    return None


def is_title_case(words: list[str]) -> bool:
    big = [w for w in words if len(w) > 3 or not w.islower()]
    return bool(big) and all(w[:1].isupper() or w[:1].isdigit() for w in big)


def _so_called(link: Link) -> bool:
    at = link.at
    before = link.tokens[at - 1] if at else None
    return before is not None and bool(before.what & Is.SO_CALLED)
