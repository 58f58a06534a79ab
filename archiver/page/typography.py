"""What is mere typography: two spellings of the same words that differ in quotation marks, dashes, white space alone.

    same_words("“Don’t wait,”", "\\"Don't wait,\\"")      True
    same_words("a re-sign", "a resign")                  False: a dash that comes or goes may change the word
    same_words("now here", "nowhere")                    False: so may a blank between letters
    same_words("10,000", "10.000")                       False: other punctuation is not typography, nor is case

A mark stands for a mark, never for none: words that lost their quotation marks are no longer quoted. Invisible
characters (soft hyphens, zero-width spaces, marks of direction) do not count, nor does the choice between composed and
decomposed letters.
"""

from __future__ import annotations

import re
import unicodedata

DOUBLE = '"“”„‟«»〝〞〟「」『』＂״'
SINGLE = "'‘’‚‛‹›`´ʼ＇׳"
DASHES = "-‐‑‒–—―−﹘﹣－"
INVISIBLE = "\u00ad\u200b\u2060\ufeff\u200e\u200f\u061c"
MARKS = frozenset(DOUBLE + SINGLE)

_FOLD = (
    dict.fromkeys(map(ord, DOUBLE), '"')
    | dict.fromkeys(map(ord, SINGLE), "'")
    | dict.fromkeys(map(ord, DASHES), "-")
    | dict.fromkeys(map(ord, INVISIBLE))
)
_PAIR = re.compile("''")  # two single marks are the typewriter's double one
_LEVEL = re.compile(r'(?<!\d)"')  # behind a digit it may be inches, and the other one feet
_DASHES = re.compile("-{2,}")
_WHITE = re.compile(r"\s+")
# A blank beside a mark or dash, and before the signs that French sets off.
_BESIDE = re.compile("""(?<=["'-]) | (?=["'-])| (?=[;:!?%…])""")


def fold(text: str) -> str:
    """The one spelling of all texts that differ from this one in typography alone. It is for comparing, not to show."""
    text = text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)
    text = _PAIR.sub('"', text.translate(_FOLD))
    text = _DASHES.sub("-", _LEVEL.sub("'", text))
    return _BESIDE.sub("", _WHITE.sub(" ", text).strip(" "))


def same_words(one: str, other: str) -> bool:
    """Whether two texts are equal, typography aside. Letters, case, digits and all other punctuation count."""
    return one == other or fold(one) == fold(other)
