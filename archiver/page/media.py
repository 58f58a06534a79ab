"""What a page shows and where it leads: pictures with caption and credit, embedded media, links."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

from archiver.model.encoding import clean
from archiver.page.addresses import absolute
from archiver.page.outline import RELATED, Element, Outline

MAX_IMAGES = 200
MAX_MEDIA = 100
MAX_LINKS = 300  # of each place
MAX_NAVIGATION = 60
MAX_WORDS = 1_000  # code points of a caption or of a link's text
MAX_ADDRESS = 2_000

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Image:
    """A picture. `caption`: of its figure, as the page text has it; `credit`: who made it, out of the caption; `at`:
    where in the page text the picture stands; `place`: "article" or "page"."""

    url: str
    alt: str | None
    caption: str | None
    credit: str | None
    place: str
    at: int

    def to_json(self) -> dict[str, Any]:
        """Keys in a fixed order."""
        return {
            "url": self.url,
            "alt": self.alt,
            "caption": self.caption,
            "credit": self.credit,
            "place": self.place,
            "at": self.at,
        }


@dataclass(frozen=True, slots=True)
class Media:
    """Something embedded. `kind`: the element's name; `place` and `at` as of an image."""

    kind: str
    url: str | None
    type: str | None
    poster: str | None
    title: str | None
    place: str
    at: int

    def to_json(self) -> dict[str, Any]:
        """Keys in a fixed order."""
        return {
            "kind": self.kind,
            "url": self.url,
            "type": self.type,
            "poster": self.poster,
            "title": self.title,
            "place": self.place,
            "at": self.at,
        }


@dataclass(frozen=True, slots=True)
class Link:
    """A link and its words. `place`: "article" (in the main text), "related" (in an <aside> or another block that leads
    to other pages) or "navigation"."""

    url: str
    text: str
    place: str
    at: int

    def to_json(self) -> dict[str, Any]:
        """Keys in a fixed order."""
        return {"url": self.url, "text": self.text, "place": self.place, "at": self.at}


# "Photo: Jonna Reisz", "Photograph by J. Reisz/Tideline", "© Tideline", "（写真：汐見通信）" …
_MAKER = (
    r"photo(?:s|graph(?:e|ie|y)?)?(?: credit)?|pictures?|image(?: credit)?|credits?|crédits?(?: photo)?"
    r"|foto(?:s|graf(?:ie|ía)?)?|bild(?:quelle|nachweis)?|quelle|illustration|grafik|fotografía|imagen|фото|صورة"
)
_NAMED = re.compile(
    rf"(?<!\w)(?:(?:{_MAKER})\s?(?:[:/]|by\b)|©|\(c\)|copyright\b)\s*([^\n()\[\]|]{{2,120}})"
    r"|(?:写真|撮影|画像|图片|사진)\s?[:：/=＝]\s?([^\n()（）\[\]]{2,60})",
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile(r"[(（\[]([^()（）\[\]\n]{2,120})[)）\]]\s*\Z")  # … or "(Jonna Reisz/Tideline)" at the end


def images(outline: Outline, page_text: str, url: str, main: Ranges) -> tuple[Image, ...]:
    """The pictures of the article and those with a caption, in the page's order; not what only measures or decorates
    (data: addresses, 1 × 1)."""
    captions = {id(caption.parent): caption for caption in outline.captions if caption.parent is not None}
    found: dict[str, Image] = {}
    extent = _extent(outline, main)
    for element in outline.images:
        place = _place(element, extent)
        if place == "page" and id(element.parent) not in captions:
            continue
        address = _source(element, outline, url)
        if address is None or address in found or _tiny(element):
            continue
        caption = captions.get(id(element.parent)) if element.parent is not None else None
        words = page_text[caption.start : caption.end].strip(" \n") if caption is not None else ""
        found[address] = Image(
            clean(address, MAX_ADDRESS),
            clean(element.get("alt"), MAX_WORDS) or None,
            clean(words, MAX_WORDS) or None,
            credit_of(words),
            place,
            element.start,
        )
        if len(found) >= MAX_IMAGES:
            break
    return tuple(found.values())


def _extent(outline: Outline, main: Ranges) -> tuple[int, int] | None:
    """From the article's heading, or the first of its words, to its last."""
    if not main:
        return None
    before = [item.start for item in outline.headings if item.start <= main[0][0] and not item.furniture]
    return (before[-1] if before else main[0][0]), main[-1][1]


def _place(element: Element, extent: tuple[int, int] | None) -> str:
    """A picture or a player belongs to the article if it stands between its heading and its last words."""
    inside = extent is not None and extent[0] <= element.start <= extent[1]
    return "article" if inside and not element.furniture else "page"


def _source(element: Element, outline: Outline, url: str) -> str | None:
    for name in ("src", "data-src", "data-original", "data-lazy-src"):
        if (value := element.get(name)) and (address := absolute(value, outline.base, url)):
            return address
    for name in ("srcset", "data-srcset"):
        if (value := element.get(name)) and (address := absolute(value.split()[0].rstrip(","), outline.base, url)):
            return address
    return None


def _tiny(element: Element) -> bool:
    return element.get("width") in ("0", "1") or element.get("height") in ("0", "1")


def credit_of(caption: str) -> str | None:
    """Whom a caption names as the maker of the picture: after a word for it, or in brackets at the end."""
    tail = caption[-300:]
    named = [match[1] or match[2] for match in _NAMED.finditer(tail)]
    if not named and (match := _IN_BRACKETS.search(tail)):
        named = [match[1]]
    return clean(named[-1].strip(" .,;:"), 200) or None if named else None


def embedded(outline: Outline, url: str, main: Ranges) -> tuple[Media, ...]:
    """Video, audio, iframe, embed and object, in the page's order."""
    sources: dict[int, Element] = {}
    for source in outline.sources:
        if source.parent is not None and source.name == "source":
            sources.setdefault(id(source.parent), source)
    found = []
    extent = _extent(outline, main)
    for element in outline.media[:MAX_MEDIA]:
        inner = sources.get(id(element))
        address = element.get("src") or element.get("data") or element.get("data-src")
        if not address and inner is not None:
            address = inner.get("src")
        poster = element.get("poster")
        found.append(
            Media(
                element.name,
                _clean_address(absolute(address, outline.base, url)) if address else None,
                clean(element.get("type") or (inner.get("type") if inner is not None else ""), 100) or None,
                _clean_address(absolute(poster, outline.base, url)) if poster else None,
                clean(element.get("title") or element.get("aria-label"), MAX_WORDS) or None,
                _place(element, extent),
                element.start,
            )
        )
    return tuple(found)


def _clean_address(address: str | None) -> str | None:
    return clean(address, MAX_ADDRESS) if address else None


def links(outline: Outline, page_text: str, url: str, main: Ranges) -> tuple[Link, ...]:
    """The links of the main text, of blocks of related pages, and of navigation; each address once."""
    related = [block for block in outline.blocks if block.end > block.start and _is_related(block)]
    places = (("article", main), ("related", _joined(related)), ("navigation", _joined(_navigation(outline))))
    found: dict[str, Link] = {}
    left = {"article": MAX_LINKS, "related": MAX_LINKS, "navigation": MAX_NAVIGATION}
    for element in outline.links:
        start = element.start + (page_text[element.start : element.start + 1] in (" ", "\n"))
        if start >= element.end:
            continue
        place = next((name for name, ranges in places if _inside(start, ranges)), None)
        if place is None or not left[place]:
            continue
        address = absolute(element.get("href"), outline.base, url)
        words = page_text[start : element.end].strip(" \n")
        if address is not None and address not in found and words:
            found[address] = Link(clean(address, MAX_ADDRESS), clean(words, MAX_WORDS), place, start)
            left[place] -= 1
    return tuple(found.values())


def _is_related(block: Element) -> bool:
    return block.name == "aside" or bool(RELATED.search(f"{block.get('class')} {block.get('id')}".lower()))


def _navigation(outline: Outline) -> list[Element]:
    return [block for block in outline.blocks if block.name == "nav"]


def _joined(blocks: list[Element]) -> Ranges:
    """The ranges of blocks, which may stand in one another, as ranges that do not."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted((block.start, block.end) for block in blocks):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def _inside(at: int, ranges: Ranges) -> bool:
    place = bisect_right(ranges, (at, 1 << 60)) - 1
    return place >= 0 and at < ranges[place][1]
