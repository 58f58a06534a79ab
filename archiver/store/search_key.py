"""The key by which words are found again: what is left of a text when spelling that varies is taken away.

    key("“Don’t wait,” he said.")      " dont wait he said "
    key("Ça coûte 12\u202f000 €")          " ca coute 12 000 "
    key("苦しい決断だった")                 " 苦 し い 決 断 た っ た "

Words in lower case between blanks, without accents, vowel points and voicing marks; each character of scripts that
write no blanks is a word, so that one alone has a trigram too. Two texts with the same words have the same key; texts
with the same key may differ: a key finds candidates, and decides nothing. It is stored in indexes: whoever changes what
it gives raises VERSION.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

VERSION = 2
GRAM = 3  # characters; SQLite's trigram tokenizer

# Thai, Lao, Myanmar, Khmer, CJK radicals and ideographs, kana: no blanks between words.
_DENSE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"[{_DENSE}]|[^\W_{_DENSE}]+")
_ASCII = re.compile(r"[a-z0-9]+")
_ALIKE = dict.fromkeys(map(ord, "’‘‛ʼ＇׳`´"), "'") | dict.fromkeys(
    map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff\u200e\u200f\u061c")
)
_PLAIN = dict.fromkeys(map(ord, "“”„‟«»‹›‚–—−…\u00a0\u202f\u2009"), " ")
_INSIDE = re.compile(r"(?<=\w)'(?=\w)")


def key(text: str) -> str:
    """The key of a text; a blank alone if it has no words."""
    text = text.translate(_ALIKE).translate(_PLAIN)
    if text.isascii():
        return f" {' '.join(_ASCII.findall(_INSIDE.sub('', text).lower()))} "
    # Twice, as caseless matching asks (Unicode, D146): "℠" becomes "SM", and only then has a lower case.
    spread = unicodedata.normalize("NFKD", text.casefold()).casefold()
    spread = unicodedata.normalize("NFKD", spread).translate(_ALIKE)
    kept = _INSIDE.sub("", "".join([sign for sign in spread if unicodedata.category(sign) != "Mn"]))
    return f" {' '.join(_WORD.findall(unicodedata.normalize('NFC', kept)))} "


def grams(keys: str | Iterable[str]) -> set[str]:
    """The trigrams of one key, or of several."""
    if isinstance(keys, str):
        return {keys[at : at + GRAM] for at in range(len(keys) - GRAM + 1)}
    return {gram for one in keys for gram in grams(one)}
