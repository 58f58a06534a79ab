"""Japanese and Chinese: no blanks between words, so pieces of text around the marks decide, not tokens.

港町の沢田葵さん（61）は「まだ眠れない」と話した。        镇长李明在会上说：“桥下周开放。”
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from archiver.page.speech.lexicon import Lexicon, load
from archiver.page.speech.nouns import Cue, Kind, Polarity, Span, Speaker, Statement
from archiver.page.speech.quotes import Run, segment
from archiver.page.speech.reader import PageFacts, arrange

LANGUAGES = frozenset({"ja", "zh"})
MAX_AROUND = 80  # characters beside a run that are looked at
_STOPS = "。！？!?；\n"
_OPENING, _CLOSING = "「『“‘（(", "」』”’）)"


@dataclass(frozen=True, slots=True)
class _Said:
    """Who says a run, by which cue, through whom. Spans are places in the text."""

    cue: tuple[int, int]
    subject: tuple[int, int] | None
    via: str | None
    before: bool  # the cue stands before the run


@dataclass(frozen=True, slots=True)
class _Pattern:
    """The expressions of one language."""

    cue: re.Pattern[str]
    title: re.Pattern[str]
    media: re.Pattern[str]
    work: re.Pattern[str]
    according: re.Pattern[str]
    denial: re.Pattern[str]
    role: re.Pattern[str]


@functools.cache
def _patterns(language: str) -> _Pattern:
    lexicon = load(language)
    return _Pattern(*(_any(lexicon, name) for name in ("say", "title", "media", "work", "according", "denial", "role")))


def _any(lexicon: Lexicon, section: str) -> re.Pattern[str]:
    entries = sorted(lexicon.lists.get(section, ()), key=lambda entry: (-len(entry), entry))
    return re.compile("|".join(map(re.escape, entries)) or r"(?!)")


def read_statements(text: str, language: str, facts: PageFacts) -> list[Statement]:
    """All statements of a Japanese or Chinese text."""
    words = _patterns(language)
    found: list[Statement] = []
    open_before: list[Run] = []
    names: dict[str, str] = {}
    for paragraph in arrange(text, segment(text), facts):
        last: Statement | None = None
        for run in paragraph.runs:
            if run.continues:
                open_before.append(run)
                continue
            said = _said(text, paragraph.start, paragraph.end, run, words, language)
            parts = tuple(Span(part.start, part.end) for part in [*open_before, run])
            open_before = []
            if said is None:
                if last is not None and _goes_on(text, last.parts[-1].end, run):
                    found[-1] = last = _longer(last, parts)
                continue
            last = _statement(text, parts, run, said, words, language, names)
            found.append(last)
    return found


def _goes_on(text: str, end: int, run: Run) -> bool:
    """A whole sentence in marks, in the sentence after: …说：“…”。“…。”"""
    between = text[end : run.start]
    return (
        len(between) <= 40 and text[run.inner_end - 1] in "。！？!?" and (not between or between[-1] in "。！？，,：: ")
    )


def _longer(statement: Statement, parts: tuple[Span, ...]) -> Statement:
    return Statement(
        statement.kind, statement.parts + parts, statement.speaker, statement.role, statement.cue, statement.addressee,
        statement.when, statement.where, statement.via, statement.polarity, min(statement.confidence, 70),
        (*statement.reasons, "goes on with the one before"),
    )  # fmt: skip


def _said(text: str, start: int, end: int, run: Run, words: _Pattern, language: str) -> _Said | None:
    after = text[run.end : min(end, run.end + MAX_AROUND)]
    first = _sentence_start(text, start, run.start)
    if language == "ja":
        return _said_in_japanese(text, first, run, after, words)
    return _said_in_chinese(text, first, run, after, words)


def _sentence_start(text: str, start: int, at: int) -> int:
    for i in range(at - 1, max(start, at - 3 * MAX_AROUND) - 1, -1):
        if text[i] in _STOPS:
            return i + 1
    return max(start, at - 3 * MAX_AROUND)


def _said_in_japanese(text: str, first: int, run: Run, after: str, words: _Pattern) -> _Said | None:
    """…は「…」と述べた; 「…」と…は述べた."""
    if not after.startswith("と"):
        return None
    stop = re.search("[。！？\n「]", after)
    clause = after[: stop.start() if stop else len(after)]
    cue = words.cue.search(clause, 1)
    if cue is None:
        return None
    place = (run.end + cue.start(), run.end + cue.end())
    topic = re.match(r"と(?:、)?([^、。]{1,40}?)[はが]", clause[: cue.start() + 1])
    via = _via_in_japanese(text[first : run.start], words)
    if topic is not None:
        return _Said(place, (run.end + topic.start(1), run.end + topic.end(1)), via, False)
    subject = _topic_before(text, first, run.start)
    return _Said(place, subject, via, False)


def _via_in_japanese(before: str, words: _Pattern) -> str | None:
    found = words.according.search(before)
    if found is None:
        return None
    source = re.split("[、。\n]", before[: found.start()])[-1]
    return source if source and words.media.search(source) else None


def _topic_before(text: str, first: int, end: int) -> tuple[int, int] | None:
    """The last phrase that は, が or も marks."""
    found = None
    for match in re.finditer(
        r"([^、。「」（）()\s]{1,30}(?:（[^（）]{1,12}）)?)(?:は|が|も)(?=[、「『]|[^、。]{0,40}$)", text[first:end]
    ):
        found = match
    if found is None:
        return None
    return first + found.start(1), first + found.end(1)


def _said_in_chinese(text: str, first: int, run: Run, after: str, words: _Pattern) -> _Said | None:
    """…说：“…”; “…”，…说."""
    before = text[first : run.start].rstrip("：:，, 道")
    cue = None
    for match in words.cue.finditer(before):
        cue = match
    if cue is not None and len(before) - cue.end() <= 12:
        subject = _subject_of_chinese(text, first, first + cue.start())
        return _Said(
            (first + cue.start(), first + cue.end()), subject, _via_in_chinese(before[: cue.start()], words), True
        )
    clause = re.match(r"[，,]?([^，。！？；：“”\n]{1,40})", after)
    if (clause is not None and (text[run.inner_end - 1] in "，。！？!?," or after[:1] in "，,")) or (
        clause is not None and cue is None
    ):
        found = words.cue.search(clause[1])
        if found is not None and found.start() > 0 and clause[1][found.end() :].strip() in ("", "道", "说", "過", "过"):
            begin = run.end + clause.start(1)
            subject = _subject_of_chinese(text, begin, begin + found.start())
            return _Said((begin + found.start(), begin + found.end()), subject, None, False)
    return None


def _via_in_chinese(before: str, words: _Pattern) -> str | None:
    found = re.search(r"(?:根据|根據|据|據)([^，,。]{2,20}?)(?:报道|報道|報導|消息|援引)", before)
    return found[1] if found is not None and words.media.search(found[1]) else None


_ADVERBIAL = re.compile(
    r"(?:在|对|對|向|于|於|就|当天|當天|昨天|今天|昨日|今日|周[一二三四五六日]|週[一二三四五六日]|星期|\d|上午|下午|晚上|接受|通过|通過|则|則|也|还|還|随后|隨後|并|並|再次|曾)"
)


def _subject_of_chinese(text: str, start: int, end: int) -> tuple[int, int] | None:
    """From the last comma to the first adverbial: 镇长李明[在会上]说."""
    clause = start
    for i in range(start, end):
        if text[i] in "，,：:、；":
            clause = i + 1
    stop = end
    adverbial = _ADVERBIAL.search(text, clause, end)
    if adverbial is not None and adverbial.start() > clause + 1:
        stop = adverbial.start()
    elif adverbial is not None:
        previous = text[start:clause].rstrip("，,")
        if previous and clause - start < 40:
            begin = max(previous.rfind("，"), previous.rfind(","), -1) + 1
            return start + begin, start + len(previous)
    return (clause, stop) if stop > clause else None


def _name(text: str, subject: tuple[int, int], words: _Pattern, language: str) -> tuple[str, str | None]:
    """(name without titles, role): 船会社の海野岳社長 is 海野岳; 镇长李明 is 李明."""
    phrase = re.sub(r"[（(][^（）()]*[)）]", "", text[subject[0] : subject[1]]).strip(" 　")
    if language == "ja":
        return _japanese_name(phrase, words)
    role = None
    last = None
    for match in words.title.finditer(phrase):
        last = match
    if last is not None and last.end() < len(phrase):
        return phrase[last.end() :], phrase[: last.end()]
    if last is not None and last.start() > 1 and last.start() <= 4:
        return phrase[: last.start()], last[0]
    return phrase, role


def _japanese_name(phrase: str, words: _Pattern) -> tuple[str, str | None]:
    head = phrase
    role = None
    cut = head.rfind("の")
    if 0 <= cut < len(head) - 1:
        role, head = head[:cut], head[cut + 1 :]
    apart = re.fullmatch("(.*?)[・、](.+)", head)
    if apart is not None and any(match.end() == len(apart[1]) for match in words.title.finditer(apart[1])):
        role, head = (f"{role}の{apart[1]}" if role else apart[1]), apart[2]
    for match in words.title.finditer(head):
        if match.end() == len(head) and match.start() > 0:
            title = match[0]
            if words.role.fullmatch(head[: match.start()]):
                break
            return head[: match.start()], (
                f"{role}{title}" if role and title not in ("さん", "氏", "様") else role or title
            )
    return head, role


def _statement(
    text: str, parts: tuple[Span, ...], run: Run, said: _Said, words: _Pattern, language: str, names: dict[str, str]
) -> Statement:
    speaker, role = None, None
    if said.subject is not None:
        name, role = _name(text, said.subject, words, language)
        name = _remember(name, names)
        if name:
            speaker = Speaker(name, Span(*said.subject))
    opened = said.before and text[run.start - 1] in "：:，, 道"
    whole = (
        opened or text[run.inner_end - 1] in "。！？!?" or (not said.before and run.inner_end - run.inner_start >= 6)
    )
    kind: Kind = "direct" if whole else "mixed"
    around = text[max(said.cue[0] - 4, 0) : said.cue[1]]
    polarity: Polarity = "denied" if words.denial.search(around) else "affirmed"
    confidence = 90 if speaker is not None else 65
    cue = Cue(text[said.cue[0] : said.cue[1]], Span(*said.cue))
    reasons = ("before",) if said.before else ("after",)
    return Statement(kind, parts, speaker, role, cue, None, None, None, said.via, polarity, confidence, reasons)


def _remember(name: str, names: dict[str, str]) -> str:
    """The full name of a family name that was given in full before: 海野 is 海野岳."""
    for length in (1, 2, 3):
        if len(name) > length:
            names.setdefault(name[:length], name)
    return names.get(name, name) if len(name) <= 3 else name
