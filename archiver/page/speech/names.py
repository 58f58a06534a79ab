"""Names: the full one of a surname, whom "she" and "the ministry" mean. As far as the text allows; else the mention
itself is the name."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from archiver.page.speech.lexicon import VIEWS, Is
from archiver.page.speech.phrases import COMMAS, Phrase, first_phrase, is_finite, is_outlet, phrase_at
from archiver.page.speech.tokens import MARK, WORD, Line, Token, is_name

MAX_BACK = 40  # sentences that a pronoun reaches back
_OFFICES = ("ministerium", "gericht", "behörde", "verband", "gewerkschaft", "kommission", "polizei", "universität")
_OF = frozenset({"de", "des", "du", "del", "della", "dei", "delle", "do", "da", "dos", "das", "van", "di"})
_HONORIFICS = frozenset({"mr", "mrs", "ms", "dr", "prof", "sir", "herr", "frau", "m", "mme", "sr", "sra"})
_MALE, _FEMALE = "m", "f"


@dataclass(slots=True)
class Roster:
    """Who is named in a text, in the order of the mentions."""

    by_last: dict[str, list[tuple[int, str]]] = field(default_factory=dict)  # last name, lower case: (place, full name)
    things: dict[str, list[tuple[int, str]]] = field(
        default_factory=dict
    )  # "ministry": (place, "the Defence Ministry")
    subjects: list[tuple[int, str, str]] = field(default_factory=list)  # (place, name, sex) of who acts, in order
    sex: dict[str, str] = field(default_factory=dict)


def roster(text: str, lines: list[Line]) -> Roster:
    """Reads the names of a text, once."""
    found = Roster()
    for line in lines:
        tokens = line.tokens
        done = 0
        for at in line.capitals:
            if at < done or not is_name(tokens[at]):
                continue
            done = _name_end(tokens, at)
            _enter(text, tokens, at, done, found)
            _enter_office(text, tokens, at, done, found)
        for start, end in line.sentences:
            if line.has_capital(start, end):
                _enter_subject(text, tokens, start, end, found)
            for at in line.marked_in(start, end):
                if not tokens[at].what & Is.ACCORDING or tokens[at].word in VIEWS:
                    continue
                source = phrase_at(tokens, at + 1, end)
                if source is not None and source.sort == "name" and not is_outlet(tokens, source):
                    found.subjects.append((tokens[source.head].start, full_name(text, tokens, source, found), ""))
    found.subjects.sort()
    return found


def _enter_subject(text: str, tokens: list[Token], start: int, end: int, found: Roster) -> None:
    """Whom a sentence is about: its subject, or the person it names first."""
    subject = first_phrase(tokens, start, end)
    described = appositive(tokens, subject, end) if subject is not None else None
    chosen = described or subject
    if chosen is None or chosen.sort != "name":
        return
    sex = _title_sex(tokens[chosen.first : chosen.after])
    if described is not None and subject is not None:
        sex = sex or _title_sex(tokens[subject.first : subject.after])
    full = full_name(text, tokens, chosen, found)
    if sex:
        found.sex.setdefault(full, sex)
    found.subjects.append((tokens[chosen.head].start, full, sex))


def _name_end(tokens: list[Token], start: int) -> int:
    end = start + 1
    while end < len(tokens):
        token = tokens[end]
        if is_name(token) and token.start - tokens[end - 1].end <= 1:
            end += 1
        elif token.what & Is.PARTICLE and token.kind == WORD:
            following = end + 1
            while following < min(end + 3, len(tokens)) and tokens[following].what & Is.PARTICLE:
                following += 1
            if following >= len(tokens) or not is_name(tokens[following]):
                break
            end = following + 1
        else:
            break
    return end


def _enter(text: str, tokens: list[Token], start: int, end: int, found: Roster) -> None:
    first = start
    for i in range(end - 1, start - 1, -1):
        if tokens[i].what & Is.TITLE and i + 1 < end:
            first = i + 1
            break
    if end - first >= 2 and end - first <= 5 and not tokens[first].text.isupper():
        full = text[tokens[first].start : tokens[end - 1].end]
        found.by_last.setdefault(tokens[end - 1].word, []).append((tokens[first].start, full))
        sex = _title_sex(tokens[start:first])
        if sex:
            found.sex.setdefault(full, sex)
    if tokens[end - 1].what & Is.ROLE or end - start >= 2:
        whole = text[tokens[start].start : tokens[end - 1].end]
        found.things.setdefault(tokens[end - 1].word, []).append((tokens[start].start, whole))


def _enter_office(text: str, tokens: list[Token], start: int, end: int, found: Roster) -> None:
    """le ministère des Transports, das Verkehrsministerium: what “the ministry” means later."""
    word = tokens[start].word
    for office in _OFFICES:
        if word.endswith(office) and len(word) > len(office) + 2:
            found.things.setdefault(office, []).append(
                (tokens[start].start, text[tokens[start].start : tokens[end - 1].end])
            )
    if (
        start >= 2
        and tokens[start - 1].word in _OF
        and tokens[start - 2].what & Is.ROLE
        and not tokens[start - 2].capital
    ):
        whole = text[tokens[start - 2].start : tokens[end - 1].end]
        found.things.setdefault(tokens[start - 2].word, []).append((tokens[start - 2].start, whole))


def _title_sex(tokens: list[Token]) -> str:
    for token in tokens:
        if token.what & Is.MASCULINE:
            return _MALE
        if token.what & Is.FEMININE:
            return _FEMALE
    return ""


def full_name(text: str, tokens: list[Token], phrase: Phrase, found: Roster) -> str:
    """The name of a phrase that names somebody: the full one, if the text has it."""
    start, end = tokens[phrase.head].start, tokens[phrase.after - 1].end
    name = text[start:end]
    if phrase.after - phrase.head > 1 and not name.isupper():
        return name
    candidates = found.by_last.get(tokens[phrase.after - 1].word, [])
    if not candidates:
        return name
    here = bisect_left(candidates, (start,))
    chosen = candidates[max(here - 1, 0)][1]
    sex = _title_sex(tokens[phrase.first : phrase.head])
    if sex and found.sex.get(chosen, sex) != sex:
        near = candidates[max(here - MAX_BACK, 0) : here + MAX_BACK]
        chosen = next((full for _, full in reversed(near) if found.sex.get(full) == sex), name)
    return chosen


def resolve(text: str, tokens: list[Token], phrase: Phrase, found: Roster, speakers: list[tuple[int, str, str]]) -> str:
    """The name behind a mention. `speakers`: (place, name, sex) of those who spoke so far."""
    start = tokens[phrase.first].start
    if phrase.sort == "name":
        if phrase.after - phrase.head == 3 and all(t.text[:2] == "ال" for t in tokens[phrase.head + 1 : phrase.after]):
            phrase = Phrase(phrase.first, phrase.after - 1, phrase.head, "name")  # سلمى العلي [الميناء]
        return full_name(text, tokens, phrase, found)
    if phrase.sort == "noun":
        return _thing(text, tokens, phrase, found)
    token = tokens[phrase.first]
    sex = _MALE if token.what & Is.MASCULINE else _FEMALE if token.what & Is.FEMININE else ""
    if not sex or (token.what & Is.MASCULINE and token.what & Is.FEMININE):
        return text[token.start : token.end]
    for place, name, known in reversed(_nearby(found.subjects, speakers, start)):
        if place < start and (found.sex.get(name) or known or sex) == sex and _is_person(name, found):
            found.sex.setdefault(name, sex)
            return name
    return text[token.start : token.end]


def _nearby(
    subjects: list[tuple[int, str, str]], speakers: list[tuple[int, str, str]], start: int
) -> list[tuple[int, str, str]]:
    first, second = bisect_left(subjects, (start,)), bisect_left(speakers, (start,))
    return sorted(subjects[max(first - MAX_BACK, 0) : first] + speakers[max(second - MAX_BACK, 0) : second])


def _is_person(name: str, found: Roster) -> bool:
    words = name.split()
    return len(words) >= 2 and (words[-1].lower().strip(".,") in found.by_last)


def _thing(text: str, tokens: list[Token], phrase: Phrase, found: Roster) -> str:
    """The ministry: the Defence Ministry that was named before."""
    start, end = tokens[phrase.first].start, tokens[phrase.after - 1].end
    last = tokens[phrase.after - 1]
    named = found.things.get(last.word, []) if phrase.after - phrase.first <= 2 else []
    if named and tokens[phrase.first].what & Is.DEFINITE and (not last.capital or last.word in _OFFICES):
        here = bisect_left(named, (start,))
        if here:
            return named[here - 1][1]
    return text[start:end]


def appositive(tokens: list[Token], phrase: Phrase, end: int, language: str = "") -> Phrase | None:
    """The name behind a description: its director, Ann Lee, …; the commissioner for ports, Ann Lee, …"""
    office = phrase.after - phrase.head == 1 and phrase.head > phrase.first and tokens[phrase.head - 1].what & Is.TITLE
    if phrase.sort != "noun" and not office:
        return None
    if language == "it":
        named = _behind_office(tokens, phrase, end)
        if named is not None:
            return named
    at = phrase.after
    while at < min(end, phrase.after + 8) and tokens[at].kind != MARK:
        if is_finite(tokens[at]):
            return None
        at += 1
    if at >= end or tokens[at].text not in COMMAS:
        return None
    found = phrase_at(tokens, at + 1, end)
    if found is None or found.sort != "name":
        return None
    closed = found.after >= end or tokens[found.after].kind == MARK
    return found if closed and (phrase.sort == "noun" or found.after - found.head > 1) else None


def _behind_office(tokens: list[Token], phrase: Phrase, end: int) -> Phrase | None:
    """il portavoce del sindacato Raul Penna: the name stands behind whose spokesman he is (Italian)."""
    if phrase.sort != "noun" or not tokens[phrase.after - 1].what & Is.TITLE or phrase.after >= end:
        return None
    if not tokens[phrase.after].what & Is.PREPOSITION:
        return None
    found = phrase_at(tokens, phrase.after + 1, end)
    if found is None or found.sort != "name" or found.after - found.head < 2 or found.head == found.first:
        return None
    if any(token.what & Is.TITLE or token.capital for token in tokens[found.first : found.head]):
        return None
    return Phrase(found.head, found.after, found.head, "name")


def resolve_label(label: str, place: int, found: Roster) -> str:
    """The full name of a transcript's label: MS GRÖNVOLD, Grönvold."""
    words = [word for word in label.split() if word.strip(".").lower() not in _HONORIFICS]
    if len(words) != 1:
        return label
    candidates = found.by_last.get(words[0].lower(), [])
    if not candidates:
        return label
    here = bisect_left(candidates, (place,))
    return candidates[max(here - 1, 0)][1]
