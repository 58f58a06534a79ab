"""Which marks are quotation marks: every pair that the Unicode CLDR lists, and those that people type."""

import pytest

from archiver.page.statements import find

PAIRS = (
    ("“", "”"), ("„", "“"), ("„", "”"), ("”", "”"), ("”", "“"), ("«", "»"), ("»", "«"), ("‹", "›"), ("›", "‹"),
    ("‘", "’"), ("‚", "‘"), ("‚", "’"), ("’", "‘"), ("’", "’"), ("「", "」"), ("『", "』"),
    ('"', '"'), ("''", "''"), ("``", "''"), ("'", "'"), (",,", "“"), ("»", "»"),
    ("« ", " »"), ("＂", "＂"), ("〝", "〞"),
)  # fmt: skip


@pytest.mark.parametrize(("opening", "closing"), PAIRS)
@pytest.mark.parametrize(
    ("before", "words", "after"),
    [
        ("", "We will repair the bridge before winter,", " said Ada Miller."),
        ("Ada Miller said: ", "We will repair the bridge before winter.", ""),
        ("It is late, Ada Miller said, adding: ", "We will repair the bridge.", " Then she left."),
    ],
)
def test_pair(opening: str, closing: str, before: str, words: str, after: str) -> None:
    quoted = opening + words + closing
    text = before + quoted + after
    found = [text[part.start : part.end] for one in find(text, "en") for part in one.parts if one.kind == "direct"]
    assert found == [quoted]


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("She says,” we wait for the ferry.” Nobody came.", "” we wait for the ferry.”"),
        ('Ada Miller said: " We wait for the ferry." Nobody came.', '" We wait for the ferry."'),
        ("“We wait,' said Ada Miller.\n\n“We wait for the ferry,” said Ben Cole.", "“We wait for the ferry,”"),
    ],
)
def test_mistyped(text: str, quoted: str) -> None:
    assert quoted in [text[part.start : part.end] for one in find(text, "en") for part in one.parts]


@pytest.mark.parametrize(
    "text",
    [
        "In the ’90s, the singers’ houses were built, said nobody.",
        'He drew a 12" pipe and a 14" pipe, she said.',
        "The wall is 5'9\" high and 6'1\" long.",
        "Rock 'n' roll, the boys' club and the girls' club.",
        "’Tis the season of the workers’ party.",
    ],
)
def test_no_quotation(text: str) -> None:
    assert [one for one in find(text, "en") if one.kind != "indirect"] == []
