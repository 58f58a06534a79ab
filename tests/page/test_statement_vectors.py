"""The vectors of tests/vectors/statements: one file a case.

    about: what the case is about
    language: a language tag
    expect: kind | speaker or - | -, or denied, role=…, when=…, where=…, via=…, addressee=… | part || part
                                             (a blank line, then the text)

Every direct and mixed statement of the text must be expected; of indirect ones those that are named must be found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from archiver.page.speech.lexicon import LANGUAGES
from archiver.page.statements import Statement, find

VECTORS = sorted((Path(__file__).parent.parent / "vectors" / "statements").glob("*.txt"))
_OPTION = re.compile(r"(role|when|where|via|addressee)=(.+?)(?=, (?:role|when|where|via|addressee)=|$)")


@dataclass(frozen=True)
class Expected:
    kind: str
    speaker: str | None
    denied: bool
    options: dict[str, str]
    parts: list[str]


def read_vector(path: Path) -> tuple[str, list[Expected], str]:
    head, _, text = path.read_text("utf-8").partition("\n\n")
    language, expected = "", []
    for line in head.split("\n"):
        name, _, value = line.partition(": ")
        if name == "language":
            language = value
        elif name == "expect":
            kind, speaker, options, parts = value.split(" | ", 3)
            expected.append(
                Expected(
                    kind,
                    None if speaker == "-" else speaker,
                    options.strip() == "denied",
                    dict(_OPTION.findall(options.strip())),
                    parts.split(" || "),
                )
            )
        elif name != "about":
            raise AssertionError(f"{path.name}: unknown header {name!r}")
    assert language, path.name
    return language, expected, text.removesuffix("\n")


def words(text: str, statement: Statement) -> list[str]:
    return [text[part.start : part.end] for part in statement.parts]


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_vector(path: Path) -> None:
    language, expected, text = read_vector(path)
    found = find(text, language)
    wanted = [item for item in expected if item.kind != "indirect"]
    assert [words(text, item) for item in found if item.kind != "indirect"] == [item.parts for item in wanted]
    for item in expected:
        statement = next((one for one in found if words(text, one) == item.parts), None)
        assert statement is not None, item
        assert statement.kind == item.kind
        assert (statement.speaker.name if statement.speaker else None) == item.speaker
        assert statement.polarity == ("denied" if item.denied else "affirmed")
        for option, value in item.options.items():
            assert getattr(statement, option) == value, option


def test_there_are_vectors_for_every_language() -> None:
    languages = {read_vector(path)[0].split("-")[0] for path in VECTORS}
    assert languages >= set(LANGUAGES)
