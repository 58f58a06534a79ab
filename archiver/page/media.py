"""What a page shows and where it leads: pictures with caption and credit, embedded media, links."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

from archiver.model.encoding import clean
from archiver.page.metadata import absolute
from archiver.page.outline import RELATED, Element, Outline

MAX_IMAGES = 200
MAX_MEDIA = 100
MAX_LINKS = 300
MAX_WORDS = 1_000  # code points of a caption or of a link's text
MAX_ADDRESS = 2_000


@dataclass(frozen=True, slots=True)
class Image:
    """A picture. `caption`, `credit`: words of the page text; `at`: where in it the picture stands."""

    url: str
    alt: str | None
    caption: str | None
    credit: str | None
    at: int

    def to_json(self) -> dict[str, Any]:
        """Keys in a fixed order."""
        return {
            "url": self.url,
            "alt": self.alt,
            "caption": self.caption,
            "credit": self.credit,
            "at": self.at,
        }


@dataclass(frozen=True, slots=True)
class Media:
    """Something embedded: kind is the element's name."""

    kind: str
    url: str | None
    type: str | None
    poster: str | None
    title: str | None
    at: int

    def to_json(self) -> dict[str, Any]:
        """Keys in a fixed order."""
        return {
            "kind": self.kind,
            "url": self.url,
            "type": self.type,
            "poster": self.poster,
            "title": self.title,
            "at": self.at,
        }


@dataclass(frozen=True, slots=True)
class Link:
    """A link and its words. `place`: "article" (in the main text) or "related" (a block that leads to other pages)."""

    url: str
    text: str
    place: str
    at: int

    def to_json(self) -> dict[str, Any]:
        """Keys in a fixed order."""
        return {"url": self.url, "text": self.text, "place": self.place, "at": self.at}


# "(Jonna Reisz/Tideline)", "Photo: Jonna Reisz", "© Tideline", "Foto: dpa", "Jonna Reisz / Tideline".
_CREDIT_WORDS = (
    r"photo(?:graph(?:e|ie|y)?)?(?: by| credit)?|pictures?(?: by)?|image(?: credit)?|credits?|crédits?(?: photo)?"
    r"|foto(?:s|graf(?:ie|ía)?)?|bild(?:quelle|nachweis)?|quelle|illustration(?: by)?|grafik|fotografía|imagen|фото"
    r"|صورة|写真|撮影|©|\(c\)|copyright"
)
_CREDIT = re.compile(
    rf"(?:^|(?<=[\s.|–—(\[]))(?:{_CREDIT_WORDS})\s?[:：/]?\s?([^\n()\[\]]{{2,120}})|[(（\[]([^()（）\[\]\n]{{2,120}})[)）\]]\s*$",
    re.IGNORECASE,
)


def images(outline: Outline, page_text: str, url: str) -> tuple[Image, ...]:
    """The pictures, in the page's order, without those that only measure or decorate (data: addresses, 1 × 1)."""
    captions = {id(caption.parent): caption for caption in outline.captions if caption.parent is not None}
    found: dict[str, Image] = {}
    for element in outline.images:
        address = _source(element, outline, url)
        if address is None or address in found or _tiny(element):
            continue
        caption = captions.get(id(element.parent)) if element.parent is not None else None
        words = page_text[caption.start : caption.end].strip(" \n") if caption is not None else ""
        credit = _credit(outline, page_text, caption, words)
        found[address] = Image(
            clean(address, MAX_ADDRESS),
            clean(element.get("alt"), MAX_WORDS) or None,
            clean(words, MAX_WORDS) or None,
            credit,
            element.start,
        )
        if len(found) >= MAX_IMAGES:
            break
    return tuple(found.values())


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


def _credit(outline: Outline, page_text: str, caption: Element | None, words: str) -> str | None:
    if caption is None or not words:
        return None
    matches = list(_CREDIT.finditer(words[-300:]))
    if not matches:
        return None
    match = matches[-1]
    return clean((match[1] or match[2]).strip(" .,;:"), 200) or None


def embedded(outline: Outline, url: str) -> tuple[Media, ...]:
    """Video, audio, iframe, embed and object, in the page's order."""
    sources: dict[int, Element] = {}
    for source in outline.sources:
        if source.parent is not None and source.name == "source":
            sources.setdefault(id(source.parent), source)
    found = []
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
                element.start,
            )
        )
    return tuple(found)


def _clean_address(address: str | None) -> str | None:
    return clean(address, MAX_ADDRESS) if address else None


def links(outline: Outline, page_text: str, url: str, main: tuple[tuple[int, int], ...]) -> tuple[Link, ...]:
    """The links of the main text and of blocks of related pages, each address once, without those of page furniture."""
    related = sorted(
        (block.start, block.end)
        for block in outline.blocks
        if RELATED.search(f"{block.get('class')} {block.get('id')}") and block.end > block.start
    )
    found: dict[str, Link] = {}
    for element in outline.links:
        words = page_text[element.start : element.end].strip(" \n")
        if not words or len(found) >= MAX_LINKS:
            continue
        start = element.start + (page_text[element.start] in " \n")
        place = "article" if _inside(start, main) else "related" if _within(start, related) else None
        if place is None or (address := absolute(element.get("href"), outline.base, url)) is None:
            continue
        found.setdefault(address, Link(clean(address, MAX_ADDRESS), clean(words, MAX_WORDS), place, start))
    return tuple(found.values())


def _inside(at: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    place = bisect_right(ranges, (at, 1 << 60)) - 1
    return place >= 0 and at < ranges[place][1]


def _within(at: int, ranges: list[tuple[int, int]]) -> bool:
    """Whether one of the ranges, which may lie in one another, holds `at`."""
    place = bisect_right(ranges, (at, 1 << 60)) - 1
    return any(at < end for _, end in ranges[max(0, place - 20) : place + 1])
