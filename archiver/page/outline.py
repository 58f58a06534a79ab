"""What a page consists of besides its text: metadata, links, pictures, media, forms, taken from the page's own tokens.

An `Outline` watches the projection (`archiver.page.text.project`), so a page is tokenized once, and every place it
notes is a place in the page text. It is bounded in every direction, whatever the page; nothing in it is evidence.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from archiver.page.tokens import Comment, EndTag, StartTag, Text

MAX_ITEMS = 5_000  # of each kind that is collected; what is kept of them in the end is far less
MAX_METADATA = 1 << 20  # characters of one piece of JSON-LD
MAX_TITLE = 1_000  # characters
MAX_ATTRIBUTES = 4_096  # characters of one tag; longer ones are read only where an address stands in them

# Words in class, id and role that say what a block is for.
_HINTED = frozenset(
    {"div", "section", "aside", "ul", "ol", "form", "nav", "dialog", "p", "h2", "h3", "header", "iframe"}
)
_HINT = re.compile(
    r"related|recommend|recirc|read-?more|read-?next|more-(?:from|on|stories)|most-(?:read|popular)|trending|teaser"
    r"|newsletter|promo|also-?read|see-?also"
    r"|captcha|challenge|turnstile|px-|datadome|botcheck|bot-?manager"
    r"|paywall|pay-wall|piano|subscri|metered|premium|regwall|gate(?:d|way)?\b"
    r"|consent|cmp|cookie|gdpr|didomi|onetrust|sourcepoint|privacy|usercentrics|sp_message",
    re.IGNORECASE,
)
RELATED = re.compile(
    r"related|recommend|recirc|read-?more|read-?next|more-(?:from|on|stories)|most-(?:read|popular)|trending|teaser"
    r"|also-?read|see-?also|newsletter|promo",
    re.IGNORECASE,
)
_VOID = frozenset({"source", "track", "embed", "img", "input", "param"})
_MEDIA = frozenset({"video", "audio", "iframe", "embed", "object"})


@dataclass(slots=True)
class Element:
    """An element of interest: its attributes, and where its content stands in the page text."""

    name: str
    attributes: dict[str, str]
    start: int
    end: int
    parent: Element | None = None

    def get(self, name: str) -> str:
        """An attribute's value without white space around it; "" if it has none."""
        return self.attributes.get(name, "").strip()


class Outline:
    """Collects while the page is projected. Times are linear, all lists bounded."""

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
        self.images: list[Element] = []
        self.media: list[Element] = []
        self.sources: list[Element] = []  # <source> and <track>, with their media as parent
        self.times: list[Element] = []
        self.figures: list[Element] = []
        self.captions: list[Element] = []
        self.authors: list[Element] = []  # rel=author, itemprop=author
        self.headings: list[Element] = []
        self.blocks: list[Element] = []  # elements whose class or id hints at their use
        self.inputs: Counter[str] = Counter()  # by type
        self.tags = 0
        self.counts: Counter[str] = Counter()  # of start tags, by name
        self.depth = 0  # the deepest nesting of open elements
        self.script_characters = 0
        self.scripts: list[tuple[int, int]] = []  # where the text of scripts stands in the decoded page
        self.script_sources: list[str] = []
        self.cuts: list[tuple[int, int]] = []  # parts of the decoded page that hold no text of the page
        self.longest_tag = 0
        self._script: dict[str, str] = {}
        self._open: dict[str, list[Element]] = {}
        self._nesting: Counter[str] = Counter()  # open elements of the names in _HINTED
        self._hinted: dict[str, list[tuple[int, Element]]] = {}
        self._level = 0
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
        self.tags += 1
        self.counts[name] += 1
        if not tag.self_closing and name not in _NO_CONTENT:
            self._level += 1
            if self._level > self.depth:
                self.depth = self._level
        size = tag.end - tag.start
        if size > self.longest_tag:
            self.longest_tag = size
        if name in _HINTED:
            self._nesting[name] += 1
            if tag.inside and len(self.blocks) < MAX_ITEMS and size < MAX_ATTRIBUTES and _HINT.search(tag.inside):
                element = Element(name, tag.attributes(), at, at)
                self.blocks.append(element)
                self._hinted.setdefault(name, []).append((self._nesting[name], element))
        if handler := _STARTS.get(name):
            handler(self, tag, at)

    def end(self, tag: EndTag, at: int, shown: bool) -> None:
        """An end tag."""
        if not shown:
            if self._cut < 0:
                self._cut = tag.start
            return
        name = tag.name
        if self._cut >= 0:
            self._end_cut(tag.end if name in ("svg", "math", "template") else tag.start)
        if self._level:
            self._level -= 1
        if name in _HINTED and (depth := self._nesting[name]):
            self._nesting[name] = depth - 1
            if (hinted := self._hinted.get(name)) and hinted[-1][0] >= depth:
                hinted.pop()[1].end = at
        if stack := self._open.get(name):
            stack.pop().end = at

    def raw(self, name: str, text: Text) -> None:
        """Text that the projection drops."""
        data = text.data
        if name == "title":
            if self.counts["title"] == 1 and len(self.title) + text.end - text.start <= MAX_TITLE:
                self.title += data
                return  # it stays for the extractor
        elif name == "script":
            self.script_characters += len(data)
            if self._script.get("type", "").strip().lower().split(";")[0] == "application/ld+json":
                if len(data) > MAX_METADATA or len(self.json_ld) >= 100:
                    self.json_ld_skipped += 1
                else:
                    self.json_ld.append(data)
            elif len(self.scripts) < MAX_ITEMS:
                self.scripts.append((text.start, text.end))
        elif name == "noscript" and len(self.noscript) < MAX_METADATA:
            self.noscript += data[:MAX_METADATA]
        self.cuts.append((text.start, text.end))

    def comment(self, comment: Comment) -> None:
        """A comment."""
        if self._cut < 0:
            self.cuts.append((comment.start, comment.end))

    def finish(self, size: int) -> None:
        """Close what is open at the page's end, where the page text has `size` characters."""
        for stack in self._open.values():
            for element in stack:
                element.end = size
        for hinted in self._hinted.values():
            for _, element in hinted:
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

    def _end_cut(self, end: int) -> None:
        self.cuts.append((self._cut, end))
        self._cut = -1

    def _note(self, into: list[Element], tag: StartTag, at: int, *, void: bool = False) -> Element | None:
        if len(into) >= MAX_ITEMS:
            return None
        element = Element(tag.name, tag.attributes(), at, at)
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

    def _meta(self, tag: StartTag, at: int) -> None:
        if len(self.metas) < MAX_ITEMS:
            self.metas.append(tag.attributes())

    def _link(self, tag: StartTag, at: int) -> None:
        if len(self.linked) < MAX_ITEMS:
            self.linked.append(tag.attributes())

    def _script_tag(self, tag: StartTag, at: int) -> None:
        self._script = tag.attributes()
        if (source := self._script.get("src")) and len(self.script_sources) < MAX_ITEMS:
            self.script_sources.append(source[:2_000])

    def _anchor(self, tag: StartTag, at: int) -> None:
        if stack := self._open.get("a"):
            stack.pop().end = at  # links do not nest
        element = self._note(self.links, tag, at)
        if element is not None and "author" in (
            element.get("rel").lower().split() or [element.get("itemprop").lower()]
        ):
            self.authors.append(element)

    def _image(self, tag: StartTag, at: int) -> None:
        if (image := self._note(self.images, tag, at, void=True)) is not None:
            image.parent = self._last_open("figure")

    def _media_tag(self, tag: StartTag, at: int) -> None:
        self._note(self.media, tag, at, void=tag.name in _VOID)

    def _source(self, tag: StartTag, at: int) -> None:
        parent = self._last_open("video", "audio", "object")
        if parent is not None and (source := self._note(self.sources, tag, at, void=True)) is not None:
            source.parent = parent

    def _time(self, tag: StartTag, at: int) -> None:
        self._note(self.times, tag, at)

    def _figure(self, tag: StartTag, at: int) -> None:
        self._note(self.figures, tag, at)

    def _caption(self, tag: StartTag, at: int) -> None:
        if (caption := self._note(self.captions, tag, at)) is not None:
            caption.parent = self._last_open("figure")

    def _heading(self, tag: StartTag, at: int) -> None:
        self._note(self.headings, tag, at)

    def _input(self, tag: StartTag, at: int) -> None:
        self.inputs[tag.attributes().get("type", "text").lower()[:20]] += 1


_NO_CONTENT = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "p", "li"]
)
_STARTS = {
    "html": Outline._html,
    "base": Outline._base,
    "meta": Outline._meta,
    "link": Outline._link,
    "script": Outline._script_tag,
    "a": Outline._anchor,
    "img": Outline._image,
    "source": Outline._source,
    "track": Outline._source,
    "param": Outline._source,
    "time": Outline._time,
    "figure": Outline._figure,
    "figcaption": Outline._caption,
    "h1": Outline._heading,
    "input": Outline._input,
} | dict.fromkeys(_MEDIA, Outline._media_tag)
