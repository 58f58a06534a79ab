"""Speakers for runs without a cue of their own, from the sentence or the paragraph before them."""

from __future__ import annotations

from archiver.page.speech.attribution import DASHES, Link
from archiver.page.speech.cues import cues_of
from archiver.page.speech.lexicon import Is
from archiver.page.speech.phrases import Phrase, first_phrase, person_phrase, phrase_at
from archiver.page.speech.tokens import WORD, Line

PRO_DROP = frozenset({"es", "it", "pt", "pl", "cs", "ru", "uk", "ar", "he"})  # a verb needs no pronoun


def carry(links_of: list[list[Link]], lines: list[Line]) -> None:
    """Speakers for runs without a cue, from what stands before them."""
    last: Link | None = None
    before: Line | None = None
    unsigned: Link | None = None
    for line, links in zip(lines, links_of, strict=True):
        if unsigned is not None and unsigned.line is before and not links:
            _sign(unsigned, line)
        unsigned = links[-1] if links else None
        in_line: Link | None = None
        for link in links:
            if link.how == "none" and link.at != link.sentence[0]:
                _reported(link, before)
            if link.how == "none" and in_line is not None:
                _go_on(link, in_line)
            if link.how == "none":
                _reported(link, before)
            if link.how == "none" and link.at == link.sentence[0]:
                _introduced(link)
                if link.how == "none" and before is not None and link.sentence[0] == 0:
                    _introduced_before(link, before, last)
            if link.subject is None and link.cue is not None and line.language in PRO_DROP:
                _understood(link, in_line or last, before)
            if link.subject is not None:
                in_line = last = link
            elif link.how == "after" and line.language in PRO_DROP:
                in_line = link
        before = line


def _reported(link: Link, before: Line | None) -> None:
    """Er sei „entsetzt“: the verb's form says that it goes on reporting (German)."""
    tokens, (start, end) = link.tokens, link.sentence
    if not any(token.what & Is.REPORTED for token in tokens[start:end]):
        return
    index = link.index
    earlier = [(link.line, sentence) for sentence in reversed(link.line.sentences[max(0, index - 4) : index])]
    if before is not None:
        earlier.append((before, before.sentences[-1]))
    for line, sentence in earlier:
        for cue in reversed(cues_of(line, sentence)):
            if cue.subject is not None and (cue.strong or cue.form == "according"):
                link.how, link.subject, link.subject_line = "reported", cue.subject, line
                link.cue_span = (line.tokens[cue.at].start, line.tokens[cue.at].end)
                return
    if earlier:
        found = first_phrase(earlier[0][0].tokens, *earlier[0][1])
        if found is not None:
            link.how, link.subject, link.subject_line = "reported", found, earlier[0][0]


def _understood(link: Link, source: Link | None, before: Line | None) -> None:
    """Añadió: «…»: the verb alone; the speaker is the one before."""
    how, cue_span = link.how, link.cue_span
    if source is not None and source.line is link.line:
        link.subject, link.subject_line, link.source = source.subject, source.subject_line, source
        return
    link.how = "none"
    _introduced(link)
    if link.how == "none" and before is not None:
        _introduced_by(link, before, before.sentences[-1])
    if link.subject is None and source is not None:
        link.subject, link.subject_line = source.subject, source.subject_line
    link.how, link.cue_span = how, cue_span


def _sign(link: Link, line: Line) -> None:
    """— Ann Lee, in a line of its own under a quotation in a line of its own."""
    tokens = line.tokens
    alone = len(link.tokens) - link.at <= 2 and link.sentence[0] == link.at
    if not alone or len(tokens) < 2 or tokens[0].text not in DASHES or link.how == "after":
        return
    found = phrase_at(tokens, 1, len(tokens))
    if found is None or found.sort == "pronoun" or (found.after < len(tokens) and tokens[found.after].kind == WORD):
        return
    link.how, link.cue_span, link.touches = "signed", (tokens[0].start, tokens[0].end), True
    link.subject, link.subject_line, link.source = found, line, None


def _go_on(link: Link, before: Link) -> None:
    """A run behind another one in its paragraph."""
    if not _added(link, before) and not _closed_by(link, before):
        _carry_from(link, before)


def _added(link: Link, before: Link) -> bool:
    """She added that it hurt. “…”: the sentence between two runs names a speaker of its own."""
    line = link.line
    index = link.index
    if index == 0 or line.sentences[index - 1] == before.sentence or link.at != link.sentence[0]:
        return False
    for cue in cues_of(line, line.sentences[index - 1]):
        if cue.strong and cue.form == "finite" and cue.subject is not None:
            link.how, link.subject, link.subject_line = "carried", cue.subject, line
            link.cue_span = (line.tokens[cue.at].start, line.tokens[cue.at].end)
            return True
    return False


def _closed_by(link: Link, before: Link) -> bool:
    """Lee never said “…,” Ray said. “…”: the clause at the end of the sentence before says who goes on."""
    line = link.line
    index = link.index
    if before.how != "before" or index == 0 or line.sentences[index - 1] != before.sentence:
        return False
    for cue in cues_of(line, before.sentence):
        if (
            cue.at > before.at
            and cue.strong
            and cue.form == "finite"
            and cue.subject is not None
            and cue.left > before.at
        ):
            if any(token.what & Is.CONJUNCTION for token in line.tokens[before.at + 1 : cue.subject.first + 1]):
                continue
            link.how, link.subject, link.subject_line = "carried", cue.subject, line
            link.cue_span = (line.tokens[cue.at].start, line.tokens[cue.at].end)
            return True
    return False


def _carry_from(link: Link, source: Link) -> None:
    link.how, link.subject, link.subject_line = "carried", source.subject, source.subject_line
    link.cue_span, link.source = source.cue_span, source


def _introduced(link: Link) -> None:
    """The sentence before in the paragraph: Lee was unmoved. “…”"""
    index = link.index
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
    for cue in cues_of(line, sentence):
        if cue.subject is not None and cue.form == "finite":
            link.how, link.subject, link.subject_line = "carried", cue.subject, line
            link.cue_span = (tokens[cue.at].start, tokens[cue.at].end)
            return
    found = (person_phrase if line.language == "de" else first_phrase)(tokens, start, end)
    if found is not None and not _is_verb(line, found):
        link.how, link.subject, link.subject_line = "carried", found, line


def _is_verb(line: Line, found: Phrase) -> bool:
    """Odmówiła komentarza. Si è rifiutata. A sentence without a subject: its verb is none."""
    first = line.tokens[found.first]
    if found.after - found.first == 1 and first.what & Is.SPOKEN:
        return True
    known = Is.DETERMINER | Is.OWN | Is.TITLE | Is.ROLE
    bare = found.sort == "noun" and not any(t.what & known for t in line.tokens[found.first : found.after])
    return bare and line.language in ("es", "it", "pt", "fr")
