"""Words stripped to letters and digits, so that they are found in whatever a page's scripts were sent: JSON, HTML,
JavaScript. For telling where words came from, never for proving that they stand there.

    “The bridge stays shut,”      thebridgestaysshut
    \\u201cThe bridge&nbsp;stays <b>shut</b>,\\u201d     thebridgestaysshut
"""

from __future__ import annotations

import html
import re

_ESCAPED = re.compile(r"\\u\{?([0-9a-fA-F]{4,6})\}?|\\x([0-9a-fA-F]{2})|\\[nrtbf]")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_OTHER = re.compile(r"[\W_]+")


def letters_of(text: str) -> str:
    """Of text as it is read."""
    return _OTHER.sub("", text.casefold())


def letters_in(source: str) -> str:
    """Of a source text, its escapes and references resolved and its tags left out."""
    return letters_of(_TAG.sub("", html.unescape(_ESCAPED.sub(_character, source))))


def _character(match: re.Match[str]) -> str:
    number = match[1] or match[2]
    if number is None:
        return " "
    code = int(number, 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else " "
