"""What a page needs to be shown as it was: the addresses of its images, styles, scripts, fonts and posters, and what
its style sheets name in turn. Read from the tokens of the page and the text of style sheets; no script is run.

    <img src=a.png srcset="b.png 2x">  <link rel=stylesheet href=c.css>  <script src=d.js>  @import "e.css"  url(f.woff)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archiver.page.addresses import absolute
from archiver.page.decode import decode
from archiver.page.tokens import EndTag, StartTag, Text, Tokenizer

MAX_FOUND = 5_000  # addresses of one page or style sheet
MAX_STYLE = 8 << 20  # characters

_LINKS = frozenset(("stylesheet", "icon", "apple-touch-icon", "mask-icon", "preload", "modulepreload", "manifest"))
# Element -> attributes that name what is shown with it.
_NAMED = {
    "img": ("src",),
    "script": ("src",),
    "source": ("src",),
    "video": ("poster",),
    "input": ("src",),
    "image": ("href", "xlink:href"),
    "use": ("href", "xlink:href"),
    "body": ("background",),
    "td": ("background",),
    "table": ("background",),
}
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_STYLED = re.compile(
    r"""\burl\(\s*+(?:"([^"\n]*+)"|'([^'\n]*+)'|([^"'()\s]*+))\s*+\)|@import\s++(?:"([^"\n]*+)"|'([^'\n]*+)')""",
    re.IGNORECASE,
)


def requisites_of_page(body: bytes, content_type: str | None, url: str) -> list[str]:
    """Absolute http(s) addresses, each once, in the order of the page. Raises FormatError for what is no page."""
    found: dict[str, None] = {}
    base = ""
    style: list[str] | None = None
    for token in Tokenizer(decode(body, content_type).text):
        if isinstance(token, StartTag):
            if token.name == "base":
                base = base or token.attributes().get("href", "")
            if token.name == "style":
                style = []
            for address in _of_tag(token):
                _add(found, address, base, url)
        elif isinstance(token, Text) and style is not None:
            style.append(token.data)
        elif isinstance(token, EndTag) and token.name == "style" and style is not None:
            for address in _styled("".join(style)):
                _add(found, address, base, url)
            style = None
        if len(found) >= MAX_FOUND:
            break
    return list(found)


def requisites_of_style(text: str, url: str) -> list[str]:
    """What a style sheet at `url` names."""
    found: dict[str, None] = {}
    for address in _styled(text):
        _add(found, address, "", url)
    return list(found)


def _add(found: dict[str, None], address: str, base: str, url: str) -> None:
    whole = absolute(address, base, url)
    if whole is not None and len(found) < MAX_FOUND:
        found[whole.partition("#")[0]] = None


def _of_tag(tag: StartTag) -> Iterator[str]:
    named = _NAMED.get(tag.name, ())
    if not named and tag.name != "link" and "style" not in tag.inside and "srcset" not in tag.inside:
        return
    attributes = tag.attributes()
    if tag.name == "link":
        words = set(attributes.get("rel", "").lower().split())
        if words & _LINKS and "alternate" not in words:
            yield attributes.get("href", "")
        yield from _candidates(attributes.get("imagesrcset", ""))
    if tag.name == "input" and attributes.get("type", "").lower() != "image":
        return
    for name in named:
        yield attributes.get(name, "")
    if tag.name in ("img", "source"):
        yield from _candidates(attributes.get("srcset", ""))
    if "style" in attributes:
        yield from _styled(attributes["style"])


def _candidates(srcset: str) -> Iterator[str]:
    """The addresses: `a.png 1x, b.png 2x`, with or without white space behind the comma."""
    address = True  # what comes next
    for word in srcset.split():
        if address:
            yield word.strip(",")
            address = word.endswith(",")
            continue
        _, comma, rest = word.partition(",")
        if comma:
            yield from (part for part in (rest.strip(","),) if part)
            address = not rest or rest.endswith(",")


def _styled(text: str) -> Iterator[str]:
    for match in _STYLED.finditer(_COMMENT.sub(" ", text[:MAX_STYLE])):
        yield next((part for part in match.groups() if part), "")
