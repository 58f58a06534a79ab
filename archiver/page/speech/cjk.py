"""Japanese and Chinese: no blanks between words, so pieces of text around the marks decide, not tokens.

港町の沢田葵さん（61）は「まだ眠れない」と話した。        镇长李明在会上说：“桥下周开放。”

What is the same for both; who says a run is read by `japanese` and `chinese`.
"""

from __future__ import annotations

import re
from dataclasses import replace

from archiver.page.speech import chinese, japanese
from archiver.page.speech.nouns import Cue, Kind, Polarity, Span, Speaker, Statement
from archiver.page.speech.pieces import Patterns, Said, patterns, sentence_start
from archiver.page.speech.quotes import Run, segment
from archiver.page.speech.reader import PageFacts, arrange

_PRONOUNS = frozenset({"他", "她", "彼", "彼女"})
LANGUAGES = frozenset({"ja", "zh"})


def read_statements(text: str, language: str, facts: PageFacts) -> list[Statement]:
    """All statements of a Japanese or Chinese text."""
    words = patterns(language)
    reader = japanese if language == "ja" else chinese
    found: list[Statement] = []
    open_before: list[Run] = []
    names = japanese.names_in(text, words) if language == "ja" else {}
    voices = _Voices()
    for paragraph in arrange(text, segment(text), facts):
        last: Statement | None = None
        for run in paragraph.runs:
            if run.continues:
                open_before.append(run)
                continue
            first = sentence_start(text, paragraph.start, run.start)
            said = None if _is_named(text, first, run, words) else reader.said(text, first, paragraph.end, run, words)
            parts = tuple(Span(part.start, part.end) for part in [*open_before, run])
            open_before = []
            if said is None:
                if last is not None and _goes_on(text, last.parts[-1].end, run):
                    found[-1] = last = _longer(last, parts, min(last.confidence, 70), "goes on with the one before")
                continue
            if last is not None and last.cue is not None and last.cue.span == Span(*said.cue):
                found[-1] = last = _longer(last, parts, last.confidence, "before")
                continue
            if said.subject is None and said.same and last is not None and last.speaker is not None:
                mention = last.speaker.mention
                said = replace(said, subject=(mention.start, mention.end) if mention is not None else None)
            last = voices.named(_statement(text, parts, run, said, words, language, names))
            found.append(last)
    return found


class _Voices:
    """Who spoke last, for the 他, 她, 彼 and 彼女 that follow."""

    def __init__(self) -> None:
        self._last: str | None = None
        self._known: dict[str, str] = {}  # a name: the pronoun that it has had

    def named(self, statement: Statement) -> Statement:
        """The statement with the name that its pronoun stands for, as far as one spoke before."""
        speaker = statement.speaker
        if speaker is None:
            return statement
        if speaker.name not in _PRONOUNS:
            self._last = speaker.name
        elif self._last is not None and self._known.setdefault(self._last, speaker.name) == speaker.name:
            return replace(statement, speaker=Speaker(self._last, speaker.mention))
        return statement


def _is_named(text: str, first: int, run: Run, words: Patterns) -> bool:
    """小説「高潮」, 所谓的“多米诺效应”: a title or a thing that is called so."""
    before = text[max(first, run.start - 8) : run.start]
    if words.so_called.search(before):
        return True
    named = [match for match in words.work.finditer(before) if match.end() == len(before)]
    return bool(named) and run.inner_end - run.inner_start <= 20


def _goes_on(text: str, end: int, run: Run) -> bool:
    """A whole sentence in marks, in the sentence after: …说：“…”。“…。”"""
    between = text[end : run.start]
    return (
        len(between) <= 40 and text[run.inner_end - 1] in "。！？!?" and (not between or between[-1] in "。！？，,：: ")
    )


def _longer(statement: Statement, parts: tuple[Span, ...], confidence: int, why: str) -> Statement:
    reasons = tuple(dict.fromkeys((*statement.reasons, why)))
    return replace(statement, parts=statement.parts + parts, confidence=confidence, reasons=reasons)


def _statement(
    text: str, parts: tuple[Span, ...], run: Run, said: Said, words: Patterns, language: str, names: dict[str, str]
) -> Statement:
    speaker, role = None, None
    if said.subject is not None:
        phrase = re.sub(r"[（(][^（）()]*[)）]", "", text[said.subject[0] : said.subject[1]]).strip(" 　")
        name, role = japanese.name(phrase, words) if language == "ja" else chinese.name(phrase, words)
        name = _remember(name, names)
        if name:
            speaker = Speaker(name, Span(*said.subject))
    kind: Kind = "direct" if said.whole else "mixed"
    around = text[max(said.cue[0] - 4, 0) : said.cue[1] + 2]
    negated = language == "ja" and re.match(
        "(?:て|で)?い?(?:ない|なかった|ません)", text[said.cue[1] : said.cue[1] + 6]
    )
    polarity: Polarity = "denied" if negated or words.denial.search(around) else "affirmed"
    confidence = 90 if speaker is not None else 65
    cue = Cue(text[said.cue[0] : said.cue[1]], Span(*said.cue))
    reasons = ("before",) if said.before else ("after",)
    return Statement(
        kind, parts, speaker, role, cue, said.addressee, said.when, said.where, said.via, polarity, confidence, reasons
    )


def _remember(name: str, names: dict[str, str]) -> str:
    """The full name of a family name that was given in full before: 海野 is 海野岳."""
    for length in (1, 2, 3):
        if len(name) > length:
            names.setdefault(name[:length], name)
    return names.get(name, name) if len(name) <= 3 else name
