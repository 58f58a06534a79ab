"""Links that scroll to words: text fragments (wicg.github.io/scroll-to-text-fragment), `#:~:text=…`.

    https://news.example/a#:~:text=never%20again              the words, word for word
    https://news.example/a#:~:text=we%20will,never%20again    from … to, where they are long or cross a block
    https://news.example/a#:~:text=he%20said%2D-,No,-and%20left   with what stands before and after them

They are for people. A browser compares loosely (case, accents), and highlights nothing where the page has changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from archiver.page.passage import bare

MAX_EXACT = 300  # characters that are given whole
LEAST_ALONE = 20  # shorter words are given with what stands around them
EDGE = 24  # characters of a beginning or an end, at least, where there are as many
CONTEXT = 40  # characters before and after, at most
CUT = 32  # characters of a context that may have been cut (archiver.page.anchor)
MAX_TEXTS = 10


@dataclass(frozen=True, slots=True)
class Spot:
    """Words of a page and what stands before and after them. `often`: they stand on it more than once."""

    exact: str
    prefix: str = ""
    suffix: str = ""
    often: bool = False


def link(url: str, spots: Iterable[Spot]) -> str:
    """The address with a text fragment for each spot. A fragment that it has is kept in front."""
    directives = [f"text={directive(spot)}" for spot in list(spots)[:MAX_TEXTS]]
    if not directives:
        return url
    return f"{url}{'' if '#' in url else '#'}:~:{'&'.join(directives)}"


def directive(spot: Spot) -> str:
    """The value of one text directive: `[prefix-,]start[,end][,-suffix]`, each percent-encoded."""
    alone = len(spot.exact) >= LEAST_ALONE and not spot.often
    # Beside a context every sign counts; without one, quotation marks, which a page may set otherwise, are left out.
    words = (bare(spot.exact) or spot.exact) if alone else spot.exact
    lines = [line.strip() for line in words.split("\n") if line.strip()] or [words]
    if len(lines) == 1 and len(words) <= MAX_EXACT:
        middle = _encoded(lines[0])
    else:
        middle = f"{_encoded(_head(lines[0]))},{_encoded(_tail(lines[-1]))}"
    if alone:
        return middle
    before = _tail(_nearest_line(_from_word(spot.prefix), last=True), CONTEXT)
    after = _head(_nearest_line(_from_word(spot.suffix[::-1])[::-1], last=False), CONTEXT)
    return (f"{_encoded(before)}-," if before else "") + middle + (f",-{_encoded(after)}" if after else "")


def _encoded(text: str) -> str:
    """Percent-encoded, with the three characters that mean something in a directive (`-`, `,`, `&`) as well."""
    return quote(text, safe="").replace("-", "%2D")


def _from_word(text: str) -> str:
    """A context from a place on where a word surely begins: it may have been cut within one."""
    if len(text) < CUT:
        return text
    blank = next((at for at, sign in enumerate(text) if sign.isspace()), None)
    sign = next((at for at, sign in enumerate(text) if not sign.isalnum()), None)
    place = blank if blank is not None else sign
    return text if place is None else text[place + 1 :]


def _nearest_line(text: str, *, last: bool) -> str:
    """The line of a context that is nearest to the words: no directive's text may cross a block."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return lines[-1 if last else 0] if lines else ""


def _head(text: str, least: int = EDGE) -> str:
    """The first words of a text, whole ones, of at least so many characters; all of one that is not much longer."""
    if len(text) <= least + 10:
        return text
    end = text.find(" ", least)
    return text[:end] if 0 < end <= least + 30 else text[:least]


def _tail(text: str, least: int = EDGE) -> str:
    if len(text) <= least + 10:
        return text
    start = text.rfind(" ", 0, len(text) - least)
    return text[start + 1 :] if start >= len(text) - least - 30 else text[len(text) - least :]
