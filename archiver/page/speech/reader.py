"""Reads a text from its paragraphs to its statements; what a page knows more comes in as `PageFacts`."""

from __future__ import annotations

from dataclasses import dataclass, field

from archiver.page.speech import lexicon as lexicons
from archiver.page.speech.assemble import Assembler
from archiver.page.speech.attribution import Link
from archiver.page.speech.carry import carry
from archiver.page.speech.cue import CueAt
from archiver.page.speech.dialogue import Spoken, dashed, inserted
from archiver.page.speech.indirect import reported
from archiver.page.speech.lexicon import Is, Lexicon
from archiver.page.speech.link import link_line
from archiver.page.speech.names import Roster, resolve_label, roster
from archiver.page.speech.nouns import Cue, Span, Speaker, Statement
from archiver.page.speech.quotes import Paragraph, Run, segment
from archiver.page.speech.scan import Spelling
from archiver.page.speech.sentences import read
from archiver.page.speech.titles import set_titles
from archiver.page.speech.tokens import Line
from archiver.page.speech.transcript import Turn, turns

MAX_MASTHEAD = 60  # characters of a first line that may name the outlet


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What a page's elements say. Ranges are code points of the text.

    `furniture`: links, menus, footers; `headings`; `blocks`: block quotations; `quoted`: <q>. `outlet`: words of the
    page's own name, lower case."""

    furniture: tuple[tuple[int, int], ...] = ()
    headings: tuple[tuple[int, int], ...] = ()
    blocks: tuple[tuple[int, int], ...] = ()
    quoted: tuple[tuple[int, int], ...] = ()
    outlet: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Read:
    """A text on its way: the lines that were read and what was found in them."""

    lines: list[Line] = field(default_factory=list)
    links: list[list[Link]] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)


def read_statements(text: str, language: str, facts: PageFacts) -> list[Statement]:
    """All statements of a text in a language whose words are separated by blanks."""
    lexicon = lexicons.load(language)
    spelling = Spelling(text)
    paragraphs = arrange(text, segment(text), facts)
    outlet = facts.outlet or _first_line(text, paragraphs)
    spoken = turns(text, paragraphs, lexicon, outlet)
    found = _Read()
    doubled = any(run.family == "double" for paragraph in paragraphs for run in paragraph.runs)
    for paragraph in paragraphs:
        if paragraph.start in spoken:
            turn = spoken[paragraph.start]
            if turn is not None:
                found.turns.append(turn)
            continue
        _read_paragraph(text, paragraph, lexicon, spelling, found, doubled)
    carry(found.links, found.lines)
    people = roster(text, found.lines)
    assembler = Assembler(text, people, outlet)
    clauses = [link for line in found.lines for link in _clauses(line)]
    statements = assembler.statements([link for links in found.links for link in links], clauses)
    statements.extend(_turn_statement(text, turn, people) for turn in found.turns)
    return sorted(statements, key=lambda statement: statement.parts[0])


def _first_line(text: str, paragraphs: list[Paragraph]) -> frozenset[str]:
    if not paragraphs or paragraphs[0].end - paragraphs[0].start > MAX_MASTHEAD or paragraphs[0].runs:
        return frozenset()
    return frozenset(text[paragraphs[0].start : paragraphs[0].end].lower().split())


def arrange(text: str, paragraphs: list[Paragraph], facts: PageFacts) -> list[Paragraph]:
    """The paragraphs without furniture, with the runs that elements mark."""
    if facts == PageFacts():
        return paragraphs
    kept: list[Paragraph] = []
    furniture, blocks, quoted = _Ranges(facts.furniture), _Ranges(facts.blocks), _Ranges(facts.quoted)
    for paragraph in paragraphs:
        if furniture.around(paragraph.start, paragraph.end) is not None:
            continue
        block = blocks.around(paragraph.start, paragraph.end)
        if block is not None and not _is_signature(text, paragraph):
            _set_block(paragraph, kept, block)
        for start, end in quoted.inside(paragraph.start, paragraph.end):
            runs = [run for run in paragraph.runs if run.end <= start or run.start >= end]
            if not any(run.start <= start and end <= run.end for run in paragraph.runs):
                runs.append(Run(start, end, start, end, "element", "q"))
                paragraph.runs[:] = sorted(runs, key=lambda run: run.start)
        kept.append(paragraph)
    return kept


def _is_signature(text: str, paragraph: Paragraph) -> bool:
    return text[paragraph.start] in "—–―-" and paragraph.end - paragraph.start < 100


def _set_block(paragraph: Paragraph, before: list[Paragraph], block: tuple[int, int]) -> None:
    """A paragraph of a block quotation is a run, unless it has marks that say which words are."""
    if any(run.family != "single" for run in paragraph.runs):
        return
    paragraph.runs[:] = [Run(paragraph.start, paragraph.end, paragraph.start, paragraph.end, "element", "blockquote")]
    if before and before[-1].runs and before[-1].runs[-1].opener == "blockquote" and before[-1].start >= block[0]:
        before[-1].runs[-1].continues = True


class _Ranges:
    """Ranges in order, asked for in order."""

    def __init__(self, ranges: tuple[tuple[int, int], ...]) -> None:
        self._ranges = sorted(ranges)
        self._at = 0

    def around(self, start: int, end: int) -> tuple[int, int] | None:
        """The range in which start:end lies."""
        while self._at < len(self._ranges) and self._ranges[self._at][1] <= start:
            self._at += 1
        for first, last in self._ranges[self._at : self._at + 50]:
            if first > start:
                return None
            if end <= last:
                return first, last
        return None

    def inside(self, start: int, end: int) -> list[tuple[int, int]]:
        """The ranges that lie in start:end."""
        found = []
        while self._at < len(self._ranges) and self._ranges[self._at][0] < end:
            first, last = self._ranges[self._at]
            if first >= start and last <= end:
                found.append((first, last))
            self._at += 1
        return found


def _read_paragraph(
    text: str, paragraph: Paragraph, lexicon: Lexicon, spelling: Spelling, found: _Read, doubled: bool
) -> None:
    utterance = dashed(text, paragraph, lexicon, spelling)
    if utterance is not None:
        found.lines.append(utterance.line or Line(paragraph, lexicon.language, [], [], [], []))
        found.links.append([_spoken_link(utterance, paragraph)] if utterance.line is not None else [])
        return
    line = read(text, paragraph, lexicon, spelling)
    if line.tokens and line.tokens[0].what & Is.FURNITURE:
        return
    set_titles(text, line, lexicon, doubled)
    links = link_line(text, line)
    for link in links:
        clause = inserted(text, link.run, lexicon, spelling) if link.how == "none" or link.how == "carried" else None
        if clause is not None and clause.line is not None:
            cue = clause.line.tokens[clause.cue]
            link.how, link.cue_span, link.parts = "after", (cue.start, cue.end), clause.parts
            link.subject, link.subject_line, link.touches = clause.subject, clause.line, True
    found.lines.append(line)
    found.links.append(links)


def _spoken_link(utterance: Spoken, paragraph: Paragraph) -> Link:
    assert utterance.line is not None
    line = utterance.line
    start, end = utterance.parts[0][0], utterance.parts[-1][1]
    run = Run(start, end, start, end, "element", "—")
    cue = CueAt(utterance.cue, "finite", True, utterance.subject, 0, True)
    token = line.tokens[utterance.cue]
    link = Link(run, line, (0, len(line.tokens)), 0, "after", cue, (token.start, token.end))
    link.subject, link.subject_line, link.touches, link.parts = utterance.subject, line, True, utterance.parts
    return link


def _clauses(line: Line) -> list[Link]:
    links = []
    for clause in reported(line):
        run = Run(clause.start, clause.end, clause.start, clause.end, "element", "that")
        token = line.tokens[clause.cue.at]
        link = Link(run, line, clause.sentence, clause.cue.at, "indirect", clause.cue, (token.start, token.end))
        link.subject, link.subject_line, link.touches = clause.cue.subject, line, clause.surely
        links.append(link)
    return links


def _turn_statement(text: str, turn: Turn, people: Roster) -> Statement:
    name = resolve_label(turn.label, turn.start, people)
    span = Span(turn.start, turn.label_end)
    cue = Cue(":", Span(turn.words_start - 1, turn.words_start))
    at = text.find(":", turn.label_end, turn.words_start)
    at = at if at >= 0 else text.find("：", turn.label_end, turn.words_start)
    cue = Cue(text[at], Span(at, at + 1))
    words = Span(turn.words_start, turn.end)
    reasons = ("a speaker's turn",)
    return Statement(
        "direct", (words,), Speaker(name, span), None, cue, None, None, None, None, "affirmed", 80, reasons
    )
