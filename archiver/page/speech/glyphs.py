"""Quotation marks: which there are, which close which, and what may stand around them. Facts only, no words.

The pairs are those that the Unicode CLDR lists for its languages (its one pair “…’, of Sesotho, is left out: a ’ is
nearly always an apostrophe), and those that people type: "…", ''…'', ``…'', ,,…“.
"""

from __future__ import annotations

import re
from typing import Literal

Family = Literal["double", "single", "guillemet", "corner", "element"]

FAMILIES: dict[str, Family] = {
    **dict.fromkeys(('"', "“", "”", "„", "‟", "＂", "〝", "〞", "〟", "''", "``", ",,"), "double"),
    **dict.fromkeys(("«", "»", "‹", "›"), "guillemet"),
    **dict.fromkeys(("「", "」", "『", "』"), "corner"),
    **dict.fromkeys(("‘", "’", "‚", "‛", "'", "`"), "single"),
}
# All marks, the longer ones first. Written out, so that the search skips whatever cannot begin one.
MARK = re.compile("|".join(["''", "``", ",,(?=\\w)", *(re.escape(mark) for mark in FAMILIES if len(mark) == 1)]))
# What may close a run that this mark opened.
CLOSERS: dict[str, frozenset[str]] = {
    "“": frozenset({"”", '"', "''", "“", "〞"}),
    "‟": frozenset({"”", '"', "''"}),
    "„": frozenset({"“", "”", '"', "''", "„"}),
    ",,": frozenset({"“", "”", '"', "''"}),
    '"': frozenset({'"', "”", "“", "''"}),
    "''": frozenset({"''", '"', "”"}),
    "``": frozenset({"''", '"', "”", "``"}),
    "”": frozenset({"”", "“", '"'}),
    "＂": frozenset({"＂"}),
    "〝": frozenset({"〞", "〟"}),
    "«": frozenset({"»"}),
    "»": frozenset({"«", "»"}),
    "‹": frozenset({"›"}),
    "›": frozenset({"‹", "›"}),
    "「": frozenset({"」"}),
    "『": frozenset({"』"}),
}
USUALLY_OPEN = frozenset({"“", "‟", "„", ",,", "``", "〝", "«", "‹", "「", "『"})
USUALLY_CLOSE = frozenset({"”", "〞", "〟", "»", "›", "」", "』"})
BEFORE_OPEN = frozenset("([{<—–―-/…:;|¿¡。，、；：？！（「『•·*")
INVISIBLE = frozenset("\u200b\u200e\u200f\u202a\u202b\u202c\u2060\u2066\u2067\u2068\u2069\ufeff")
ENDS = frozenset(".!?…。！？")
CLOSING_PUNCTUATION = frozenset(",.;:!?…)]}%。、，；：！？）」』")
# ב"טעויות": a one-letter word before the mark. (ד"ר, מ"מ: an abbreviation)
HEBREW_PREFIXES = frozenset("בלמהושכ")
HEBREW_PREFIXED = re.compile('(?:^|[\\s(])?[בלמהושכ]["”״“](?=[א-ת]{3}|[א-ת]{1,2}\\s)')
SINGLES = frozenset({"’", "'"})
STRAIGHT = frozenset({'"', "''"})


def is_cjk(character: str) -> bool:
    """Whether the character belongs to a script that is written without blanks between words."""
    return "\u2e80" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff" or "\uff00" <= character <= "\uffef"


def guillemets_point_inwards(text: str) -> bool:
    """»So« rather than «so»: the text's own habit."""
    if "»" not in text:
        return False
    inwards = len(re.findall(r"(?:^|[\s(])»(?=\w)", text))
    outwards = len(re.findall(r"(?:^|[\s(])«(?=[\s\w])", text))
    return inwards > outwards
