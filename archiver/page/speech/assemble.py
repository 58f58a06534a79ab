"""From linked runs to statements: parts that belong together, kind, speaker's name, circumstances, confidence."""

from __future__ import annotations

from dataclasses import replace

from archiver.page.speech.attribution import Link
from archiver.page.speech.details import Details, bare, details, polarity, role
from archiver.page.speech.judge import judge
from archiver.page.speech.lexicon import Is
from archiver.page.speech.names import Roster, appositive, resolve
from archiver.page.speech.nouns import Cue, Kind, Span, Speaker, Statement
from archiver.page.speech.phrases import Phrase, surface, with_complement
from archiver.page.speech.tokens import MARK

ENOUGH = 50  # confidence below which words in marks are no statement
# How well a way of linking names the speaker: of several parts the best one speaks for all.
_RANK = ("after", "before", "signed", "label", "around", "according", "noun", "reported", "carried", "indirect", "none")


class Assembler:
    """Makes statements of links, in the order of the text; remembers who spoke, for the pronouns that follow."""

    def __init__(self, text: str, roster: Roster, outlet: frozenset[str] = frozenset()) -> None:
        self._text, self._roster, self._outlet = text, roster, outlet
        self._speakers: list[tuple[int, str, str]] = []

    def statements(self, links: list[Link], clauses: list[Link]) -> list[Statement]:
        """The statements among the runs, and those in reported clauses, in the order of the text."""
        groups: list[list[tuple[Link, int, str]]] = []
        waiting: list[tuple[Link, int, str]] = []  # paragraphs that the next one decides on
        for link in links:
            confidence, why = judge(self._text, link)
            if confidence < ENOUGH:
                waiting = [*waiting, (link, confidence, why)] if link.run.continues and link.at == 0 else []
                continue
            if waiting:
                groups.append([*((part, confidence, why) for part, _, _ in waiting), (link, confidence, why)])
                waiting = []
            elif groups and _goes_on(self._text, groups[-1], link):
                groups[-1].append((link, confidence, why))
            else:
                groups.append([(link, confidence, why)])
        groups.extend([(link, 75 if link.touches else 60, "reported without marks")] for link in clauses)
        groups.sort(key=lambda group: group[0][0].run.start)
        return [self._make(group) for group in groups]

    def speaker(self, link: Link) -> tuple[Speaker | None, str | None]:
        """(who speaks, in which role)."""
        phrase, line = link.subject, link.subject_line
        if phrase is None or line is None:
            return None, None
        tokens = line.tokens
        if line.language == "de" and phrase.sort == "pronoun" and tokens[phrase.first].word == "es":
            return None, None  # es heißt, …
        sentence_end = line.sentences[line.sentence_of(phrase.first)][1] if line.sentences else len(tokens)
        named = appositive(tokens, phrase, sentence_end, line.language)
        name = resolve(self._text, tokens, named or phrase, self._roster, self._speakers)
        start, end = _mention(link, phrase)
        if named is None and name == self._text[start:end]:
            end = tokens[with_complement(tokens, phrase, sentence_end) - 1].end
            name = self._text[start:end]
        if line.language == "ar" and link.how == "according" and name[:1] == "ل" and link.cue_span is not None:
            name = "ال" + name[2:] if name[1:2] == "ل" else name[1:]  # وفقا لوزارة الصحة
        name = bare(name)
        self._remember(start, name)
        return Speaker(name, Span(start, end)), role(self._text, tokens, phrase, named, line.language)

    def _remember(self, place: int, name: str) -> None:
        if not self._speakers or self._speakers[-1][0] <= place:
            self._speakers.append((place, name, ""))

    def _make(self, group: list[tuple[Link, int, str]]) -> Statement:
        links = [link for link, _, _ in group]
        best = min(links, key=lambda link: (link.subject is None, _RANK.index(link.how)))
        speaker, described = self.speaker(best)
        cued = best if best.cue_span is not None else next((link for link in links if link.cue_span is not None), best)
        cue = None
        if cued.cue_span is not None:
            cue = Cue(self._text[cued.cue_span[0] : cued.cue_span[1]], Span(*cued.cue_span))
        around = self._details(best, best.subject if best.subject_line is best.line else None)
        return Statement(
            "indirect" if best.how == "indirect" else kind_of(self._text, links[0]),
            tuple(Span(*part) for link in links for part in link.parts or ((link.run.start, link.run.end),)),
            speaker,
            described,
            cue,
            around.addressee,
            around.when,
            around.where,
            around.via,
            polarity(best),
            min(confidence for _, confidence, _ in group),
            tuple(dict.fromkeys(why for _, _, why in group)),
        )

    def _details(self, link: Link, subject: Phrase | None) -> Details:
        found = details(self._text, link, subject)
        own = found.via is not None and all(word.lower() in self._outlet for word in found.via.split())
        return replace(found, via=None) if own else found


def _mention(link: Link, phrase: Phrase) -> tuple[int, int]:
    """Where the speaker is named: the phrase, or the "who" that stands for it (Ann Lee, who said …)."""
    line, cue = link.subject_line, link.cue
    assert line is not None
    relative = cue is not None and line is link.line and phrase.after <= cue.left < cue.at
    if relative and cue is not None and line.tokens[cue.left].what & Is.RELATIVE:
        return line.tokens[cue.left].start, line.tokens[cue.left].end
    return surface(line.tokens, phrase)


def _goes_on(text: str, group: list[tuple[Link, int, str]], link: Link) -> bool:
    """Whether the run is a further part of the statement: the next paragraph of it, or its other half."""
    before = group[-1][0]
    if before.run.continues:
        return not _somebody_else(before, link)
    if before.line is not link.line or kind_of(text, before) != "direct":
        return False
    if link.how == "before" and before.cue is not None and before.cue is link.cue:
        resumed = link.tokens[link.at - 1].text in (",", "—", "–", "-", "―", ":", "،")
        return before.how == "after" and (resumed or kind_of(text, link) == "direct")
    if kind_of(text, link) != "direct":
        return False
    index = link.index
    follows = link.sentence == before.sentence or (index > 0 and link.line.sentences[index - 1] == before.sentence)
    return link.how == "carried" and link.source is before and follows


def _somebody_else(before: Link, link: Link) -> bool:
    """Two paragraphs that name two speakers: the first one's closing mark is missing, they are not one quotation."""
    if "carried" in (before.how, link.how) or before.subject is None or link.subject is None:
        return False
    if (
        "pronoun" in (before.subject.sort, link.subject.sort)
        or before.subject_line is None
        or link.subject_line is None
    ):
        return False
    first, second = (
        before.subject_line.tokens[before.subject.after - 1],
        link.subject_line.tokens[link.subject.after - 1],
    )
    return first.word != second.word


def kind_of(text: str, link: Link) -> Kind:
    """Direct: an utterance of its own. Mixed: words inside a clause that reports."""
    if link.at == link.sentence[0] or link.how in ("label", "signed"):
        return "direct"
    inner = text[link.run.inner_start : link.run.inner_end]
    if link.tokens[link.at - 1].text == ":" and not inner[:1].islower():
        return "direct"
    if link.how == "before" and link.touches and link.cue is not None:
        opened = link.tokens[link.at - 1].text in (",", ":")
        return "direct" if opened or inner[:1].isupper() else "mixed"
    parted = link.at + 1 < len(link.tokens) and link.tokens[link.at + 1].kind == MARK
    if link.how == "after" and not inner[:1].islower() and (parted or link.line.language != "de"):
        return "direct"
    if link.how == "carried" and inner[:1].isupper() and inner[-1:] in ".!?":
        return "direct"
    return "mixed"
