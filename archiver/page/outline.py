"""What a page consists of besides its text: metadata, links, pictures, media, forms, taken from the page's own tokens.

An `Outline` watches the projection (`archiver.page.text.project`), so a page is tokenized once, and every place it
notes is a place in the page text. It is bounded in every direction, whatever the page; nothing in it is evidence.
"""

from __future__ import annotations

import re
from collections import Counter

from archiver.page.text import BLOCKS, CELLS
from archiver.page.tokens import Comment, EndTag, StartTag, Text

MAX_ITEMS = 5_000  # of each kind that is collected; what is kept of them in the end is far less
MAX_METADATA = 1 << 20  # characters of one piece of JSON-LD
MAX_TITLE = 1_000  # characters
MAX_TAG = 20_000  # characters; a longer one is not given to the extractor

# Words in class, id and role that say what a block is for.
_HINTED_NAMES = "div section aside ul ol form nav dialog p h2 h3 header footer iframe article main"
_HINTED = frozenset(_HINTED_NAMES.split())
_ALWAYS = frozenset({"nav", "aside"})
_HINT = re.compile(
    r"related|recommend|recirc|read-?more|read-?next|more-(?:from|on|stories)|most-(?:read|popular)|trending|teaser"
    r"|newsletter|promo|also-?read|see-?also"
    r"|captcha|challenge|turnstile|px-|datadome|botcheck|bot-?manager"
    r"|paywall|pay-wall|piano|subscri|metered|premium|regwall|gate(?:d|way)?\b"
    r"|consent|cmp|cookie|gdpr|didomi|onetrust|sourcepoint|privacy|usercentrics|sp_message",
)
RELATED = re.compile(
    r"related|recommend|recirc|read-?more|read-?next|more-(?:from|on|stories)|most-(?:read|popular)|trending|teaser"
    r"|also-?read|see-?also|newsletter|promo"
)
_VOID_NAMES = "area base br col embed hr img input link meta param source track wbr"
_VOID = frozenset(_VOID_NAMES.split())
_CLOSES_ITSELF = frozenset({"p", "li", "dt", "dd", "td", "th", "tr", "option"})
_MEDIA = frozenset({"video", "audio", "iframe", "embed", "object"})


class Element:
    """An element of interest, and where its content stands in the page text."""

    __slots__ = ("_attributes", "_tag", "end", "furniture", "parent", "start")

    def __init__(self, tag: StartTag, at: int) -> None:
        self._tag = tag
        self._attributes: dict[str, str] | None = None
        self.start = self.end = at
        self.parent: Element | None = None
        self.furniture = False  # in a header, footer or navigation, and not in an <article>

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
        self.crowd = 0  # the most tags in a row of which none closes a block of text
        self._script: dict[str, str] = {}
        self._open: dict[str, list[Element]] = {}
        self._hints: dict[str, bool] = {}
        self._nesting: Counter[str] = Counter()  # open elements of the names in _HINTED
        self._hinted: dict[str, list[tuple[int, Element]]] = {}
        self._level = 0
        self._run = 0
        self._latest = 0  # the size of the page text at the last start tag
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
        if name not in _VOID and not tag.self_closing:
            if name in _CLOSES_ITSELF:
                if at > self._latest:
                    self._run = 0
            else:
                self._level += 1
                if self._level > self.depth:
                    self.depth = self._level
            self._run += 1
            if self._run > self.crowd:
                self.crowd = self._run
        self._latest = at
        size = tag.end - tag.start
        if size > MAX_TAG:
            self.cuts.append((tag.start, tag.end))
        if name in _HINTED:
            self._nesting[name] += 1
            if (name in _ALWAYS or (tag.inside and self._is_hint(tag.inside))) and len(self.blocks) < MAX_ITEMS:
                element = Element(tag, at)
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
        if self._level and name not in _CLOSES_ITSELF:
            self._level -= 1
        if at > self._latest and (name in BLOCKS or name in CELLS):
            self._run = 0
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

    def _is_hint(self, inside: str) -> bool:
        """Whether what stands in a tag hints at its use; pages repeat their tags, so the answers are kept."""
        known = self._hints.get(inside)
        if known is None:
            known = _HINT.search(inside.lower()) is not None
            if len(self._hints) < MAX_ITEMS and len(inside) < 1_000:
                self._hints[inside] = known
        return known

    def _end_cut(self, end: int) -> None:
        self.cuts.append((self._cut, end))
        self._cut = -1

    def _note(self, into: list[Element], tag: StartTag, at: int, *, void: bool = False) -> Element | None:
        if len(into) >= MAX_ITEMS:
            return None
        element = Element(tag, at)
        if not self._nesting["article"]:
            element.furniture = bool(self._nesting["nav"] or self._nesting["footer"] or self._nesting["header"])
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


def _roles(element: Element) -> list[str]:
    return f"{element.get('rel')} {element.get('itemprop')}".lower().split()


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
    "h2": Outline._heading,
    "input": Outline._input,
} | dict.fromkeys(_MEDIA, Outline._media_tag)
