"""What a page consists of besides its text: metadata, links, pictures, media, forms, taken from the page's own tokens.

An `Outline` watches the projection (`archiver.page.text.project`), so a page is tokenized once, and every place it
notes is a place in the page text. It is bounded in every direction, whatever the page; nothing in it is evidence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from archiver.page.tokens import Comment, EndTag, StartTag, Text

MAX_ITEMS = 5_000  # of each kind that is collected; what is kept of them in the end is far less
MAX_METADATA = 1 << 20  # characters of one piece of JSON-LD
MAX_TITLE = 1_000  # characters
MAX_TAG = 20_000  # characters; a longer one is not given to the extractor

# Elements whose class, id or role may say what they are for, and words that do.
_HINTED_NAMES = "div section aside ul ol form nav dialog header footer iframe article main"
_HINTED = frozenset(_HINTED_NAMES.split())
_ALWAYS = frozenset({"nav", "aside"})
_FURNITURE = frozenset({"nav", "footer", "header", "aside", "article"})
RELATED = re.compile(
    r"related|recommend|recirc|read-?more|read-?next|more-(?:from|on|stories)|most-(?:read|popular)|trending|teaser"
    r"|also-?read|see-?also|newsletter|promo"
)
_HINT = re.compile(RELATED.pattern + r"|pay-?wall|regwall|piano|subscri|premium|gate|barrier|tp-(?:modal|container)")


class Element:
    """An element of interest, and where its content stands in the page text."""

    __slots__ = ("_attributes", "_tag", "end", "furniture", "nested", "parent", "start")

    def __init__(self, tag: StartTag, at: int, furniture: bool = False) -> None:
        self._tag = tag
        self._attributes: dict[str, str] | None = None
        self.start = self.end = at
        self.parent: Element | None = None
        self.furniture = furniture  # in a header, footer, aside or navigation, not in an <article>
        self.nested = 0  # open elements of its name inside it, while it is open

    @property
    def name(self) -> str:
        """The element's name in lower case."""
        return self._tag.name

    @property
    def attributes(self) -> dict[str, str]:
        """Its attributes; parsed when first asked for."""
        if self._attributes is None:
            self._attributes = self._tag.attributes()
        return self._attributes

    def get(self, name: str) -> str:
        """An attribute's value without white space around it; "" if it has none."""
        return self.attributes.get(name, "").strip()


class Outline:
    """Collects while the page is projected; all lists are bounded."""

    names: frozenset[str]

    def __init__(self) -> None:
        self.text = ""  # the decoded page
        self.html: dict[str, str] = {}
        self.base = ""
        self.title = ""
        self.metas: list[dict[str, str]] = []
        self.linked: list[dict[str, str]] = []  # <link>
        self.json_ld: list[str] = []
        self.json_ld_skipped = 0
        self.noscript = ""
        self.links: list[Element] = []
        self.images: list[Element] = []  # with their <figure> as parent
        self.media: list[Element] = []
        self.sources: list[Element] = []  # <source> and <track>, with their media as parent
        self.times: list[Element] = []
        self.captions: list[Element] = []  # with their <figure> as parent
        self.authors: list[Element] = []  # rel=author, itemprop=author
        self.headings: list[Element] = []  # <h1> and <h2>
        self.blocks: list[Element] = []  # elements whose name, class or id hints at their use
        self.script_characters = 0
        self.has_scripts = False
        self.cuts: list[tuple[int, int]] = []  # parts of the decoded page that hold no text of the page
        self._titles = 0
        self._script: dict[str, str] = {}
        self._open: dict[str, list[Element]] = {}
        self._within = dict.fromkeys(_FURNITURE, 0)  # how many of these are open
        self._hints: dict[str, bool] = {}
        self._hinted: dict[str, list[Element]] = {}
        self._cut = -1

    def source(self, text: str) -> None:
        """The decoded page."""
        self.text = text

    def start(self, tag: StartTag, at: int, shown: bool) -> None:
        """A start tag."""
        if not shown:
            if self._cut < 0:
                self._cut = tag.start
            return
        if self._cut >= 0:
            self._end_cut(tag.start)
        name = tag.name
        if tag.end - tag.start > MAX_TAG:
            self.cuts.append((tag.start, tag.end))
        if name in _HINTED:
            self._block(tag, name, at)
        if handler := _STARTS.get(name):
            handler(self, tag, at)

    def _block(self, tag: StartTag, name: str, at: int) -> None:
        """Note a block if its tag hints at its use; else count it, so that the end tags of noted ones are known."""
        if name in _FURNITURE:
            self._within[name] += 1
        if (name in _ALWAYS or (tag.inside and self._is_hint(tag.inside))) and len(self.blocks) < MAX_ITEMS:
            element = Element(tag, at)
            self.blocks.append(element)
            self._hinted.setdefault(name, []).append(element)
        elif stack := self._hinted.get(name):
            stack[-1].nested += 1

    def end(self, tag: EndTag, at: int, shown: bool) -> None:
        """An end tag."""
        name = tag.name
        if not shown:
            if self._cut < 0:
                self._cut = tag.start
            return
        if self._cut >= 0:
            self._end_cut(tag.end if name in ("svg", "math", "template") else tag.start)
        if name in _HINTED:
            if self._within.get(name):
                self._within[name] -= 1
            if stack := self._hinted.get(name):
                if stack[-1].nested:
                    stack[-1].nested -= 1
                else:
                    stack.pop().end = at
        if opened := self._open.get(name):
            opened.pop().end = at

    def raw(self, name: str, text: Text) -> None:
        """Text that the projection drops."""
        data = text.data
        if name == "title":
            if self._titles == 1 and len(self.title) + text.end - text.start <= MAX_TITLE:
                self.title += data
                return  # it stays for the extractor
        elif name == "script":
            self.has_scripts = True
            if self._script.get("type", "").strip().lower().split(";")[0] == "application/ld+json":
                if len(data) > MAX_METADATA or len(self.json_ld) >= 100:
                    self.json_ld_skipped += 1
                else:
                    self.json_ld.append(data)
        elif name == "noscript" and len(self.noscript) < MAX_METADATA:
            self.noscript += data[:MAX_METADATA]
        self.cuts.append((text.start, text.end))

    def comment(self, comment: Comment) -> None:
        """A comment."""
        if self._cut < 0:
            self.cuts.append((comment.start, comment.end))

    def finish(self, size: int) -> None:
        """Close what is open at the page's end, where the page text has `size` characters."""
        for stack in (*self._open.values(), *self._hinted.values()):
            for element in stack:
                element.end = size
        self._open.clear()
        self._hinted.clear()
        if self._cut >= 0:
            self._end_cut(len(self.text))

    def reduced(self) -> str:
        """The decoded page without scripts, styles, comments and whatever else holds no text of the page."""
        parts, at, text = [], 0, self.text
        for start, end in self.cuts:
            if start > at:
                parts.append(text[at:start])
            at = max(at, end)
        parts.append(text[at:])
        return "".join(parts)

    def _is_hint(self, inside: str) -> bool:
        """Whether what stands in a tag hints at its use; pages repeat their tags, so the answers are kept."""
        known = self._hints.get(inside)
        if known is None:
            known = _HINT.search(inside[:2_000].lower()) is not None
            if len(self._hints) < MAX_ITEMS and len(inside) < 1_000:
                self._hints[inside] = known
        return known

    def _end_cut(self, end: int) -> None:
        self.cuts.append((self._cut, end))
        self._cut = -1

    def _note(self, into: list[Element], tag: StartTag, at: int, *, void: bool = False) -> Element | None:
        if len(into) >= MAX_ITEMS:
            return None
        within = self._within
        furniture = not within["article"] and any(within.values())
        element = Element(tag, at, furniture)
        into.append(element)
        if not void:
            self._open.setdefault(tag.name, []).append(element)
        return element

    def _last_open(self, *names: str) -> Element | None:
        found = [stack[-1] for name in names if (stack := self._open.get(name))]
        return max(found, key=lambda element: element.start, default=None)

    def _html(self, tag: StartTag, at: int) -> None:
        self.html = tag.attributes() | self.html

    def _base(self, tag: StartTag, at: int) -> None:
        self.base = self.base or tag.attributes().get("href", "")

    def _title(self, tag: StartTag, at: int) -> None:
        self._titles += 1

    def _meta(self, tag: StartTag, at: int) -> None:
        if len(self.metas) < MAX_ITEMS:
            self.metas.append(tag.attributes())

    def _link(self, tag: StartTag, at: int) -> None:
        if len(self.linked) < MAX_ITEMS:
            self.linked.append(tag.attributes())

    def _script_tag(self, tag: StartTag, at: int) -> None:
        self._script = tag.attributes()
        self.has_scripts = self.has_scripts or "src" in self._script

    def _anchor(self, tag: StartTag, at: int) -> None:
        if stack := self._open.get("a"):
            stack.pop().end = at  # links do not nest
        element = self._note(self.links, tag, at)
        if element is not None and "author" in tag.inside and "author" in _roles(element):
            self.authors.append(element)

    def _image(self, tag: StartTag, at: int) -> None:
        if (image := self._note(self.images, tag, at, void=True)) is not None:
            image.parent = self._last_open("figure")

    def _media_tag(self, tag: StartTag, at: int) -> None:
        self._note(self.media, tag, at, void=tag.name == "embed")

    def _source(self, tag: StartTag, at: int) -> None:
        parent = self._last_open("video", "audio", "object")
        if parent is not None and (source := self._note(self.sources, tag, at, void=True)) is not None:
            source.parent = parent

    def _time(self, tag: StartTag, at: int) -> None:
        self._note(self.times, tag, at)

    def _figure(self, tag: StartTag, at: int) -> None:
        stack = self._open.setdefault("figure", [])
        if len(stack) < MAX_ITEMS:
            stack.append(Element(tag, at))

    def _caption(self, tag: StartTag, at: int) -> None:
        if (caption := self._note(self.captions, tag, at)) is not None:
            caption.parent = self._last_open("figure")

    def _heading(self, tag: StartTag, at: int) -> None:
        self._note(self.headings, tag, at)


def _roles(element: Element) -> list[str]:
    return f"{element.get('rel')} {element.get('itemprop')}".lower().split()


_STARTS: Mapping[str, Callable[[Outline, StartTag, int], None]] = {
    "html": Outline._html,
    "base": Outline._base,
    "title": Outline._title,
    "meta": Outline._meta,
    "link": Outline._link,
    "script": Outline._script_tag,
    "a": Outline._anchor,
    "img": Outline._image,
    "source": Outline._source,
    "track": Outline._source,
    "time": Outline._time,
    "figure": Outline._figure,
    "figcaption": Outline._caption,
    "h1": Outline._heading,
    "h2": Outline._heading,
} | dict.fromkeys(("video", "audio", "iframe", "embed", "object"), Outline._media_tag)
Outline.names = frozenset(_STARTS) | _HINTED
