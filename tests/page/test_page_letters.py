"""Words stripped to letters: found in whatever a page's scripts were sent."""

from __future__ import annotations

import json

import pytest

from archiver.page.letters import letters_in, letters_of

WORDS = "“The bridge’s cost — 4,5 million € — is ‘too high’,” said José Ångström."


@pytest.mark.parametrize(
    "source",
    [
        json.dumps({"text": WORDS}),
        json.dumps({"text": WORDS}, ensure_ascii=False),
        "<p>" + WORDS.replace("bridge", "<b>br</b>idge").replace("é", "&eacute;") + "</p>",
        json.dumps({"html": f"<p>{WORDS}</p>\n"}).replace("<", "\\u003c"),
        "self.x = '" + WORDS.replace("“", "\\u{201c}").replace("é", "\\xe9") + "'",
    ],
)
def test_found_in_what_scripts_are_sent(source: str) -> None:
    assert letters_of(WORDS) in letters_in(source)


def test_any_text_gives_letters() -> None:
    for text in ("", "\\u", "\\ud800", "\\u{110000}", "<" * 5000, "&" * 5000, "\x00\ud800"):
        assert letters_in(text) == letters_of(letters_in(text))
