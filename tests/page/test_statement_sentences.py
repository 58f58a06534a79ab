"""The sentences of tests/vectors/statement-sentences: ordinary news in every language, each read by itself.

    language: a language tag
                                   (a blank line)
    the sentence
    = kind | speaker or - | cue or - | options or - | part || part

Options: denied, role=…, addressee=…, when=…, where=…, via=…; all that are found are listed. Without a line that begins
with "=" nothing is found. Reported clauses without marks are not listed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.page.statements import Statement, find

FILES = sorted((Path(__file__).parent.parent / "vectors" / "statement-sentences").glob("*.txt"))
DETAILS = ("role", "addressee", "when", "where", "via")
LANGUAGES = {"en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "uk", "ar", "he", "ja", "zh"}


def read_file(path: Path) -> tuple[str, list[tuple[str, list[str]]]]:
    """(language, for each sentence: its text and the expected lines)."""
    head, *blocks = path.read_text("utf-8").rstrip("\n").split("\n\n")
    cases = []
    for block in blocks:
        lines = block.split("\n")
        expected = [line.removeprefix("= ") for line in lines if line.startswith("= ")]
        cases.append(("\n".join(lines[: len(lines) - len(expected)]), expected))
    return head.removeprefix("language: "), cases


def written(text: str, statement: Statement) -> str:
    """The statement as a line of the vectors."""
    found = [f"{name}={getattr(statement, name)}" for name in DETAILS if getattr(statement, name) is not None]
    options = ", ".join(["denied"] * (statement.polarity == "denied") + found) or "-"
    speaker = statement.speaker.name if statement.speaker is not None else "-"
    cue = statement.cue.text if statement.cue is not None else "-"
    parts = " || ".join(text[part.start : part.end] for part in statement.parts)
    return f"{statement.kind} | {speaker} | {cue} | {options} | {parts}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_sentences_of_a_language(path: Path) -> None:
    language, cases = read_file(path)
    assert len(cases) >= 25
    for text, expected in cases:
        found = [written(text, one) for one in find(text, language) if one.kind != "indirect"]
        assert found == expected, text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_language_is_recognised(path: Path) -> None:
    """Undeclared, all sentences of a file together give as many statements as they do one by one in that language."""
    language, cases = read_file(path)
    text = "\n\n".join(text for text, _ in cases)
    marked = [one for one in find(text) if one.kind != "indirect"]
    declared = [one for one in find(text, language) if one.kind != "indirect"]
    assert marked == declared
    assert len(marked) >= 0.9 * sum(len(expected) for _, expected in cases)


def test_there_are_sentences_for_every_language() -> None:
    assert {read_file(path)[0] for path in FILES} == LANGUAGES
