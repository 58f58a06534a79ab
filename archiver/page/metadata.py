"""Which of the many places where a page describes itself is believed first, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from archiver.page import json_ld
from archiver.page.addresses import absolute
from archiver.page.outline import Element, Outline
from archiver.page.said import Said

MAX_BYLINES = 20
MAX_ALSO = 40

# Names of <meta> (property, name or itemprop), the most binding first.
_TITLE = ("og:title", "twitter:title", "headline", "dc.title", "dcterms.title", "parsely-title", "sailthru.title")
_BYLINE = (
    "author",
    "article:author",
    "og:article:author",
    "byl",
    "parsely-author",
    "sailthru.author",
    "dc.creator",
    "dcterms.creator",
    "citation_author",
    "authors",
)
_PUBLISHED = (
    "article:published_time",
    "og:article:published_time",
    "datepublished",
    "og:published_time",
    "parsely-pub-date",
    "sailthru.date",
    "dc.date.issued",
    "dcterms.issued",
    "dcterms.created",
    "dc.date",
    "dcterms.date",
    "citation_publication_date",
    "pubdate",
    "publishdate",
    "publish-date",
    "publication_date",
    "date",
)
_MODIFIED = (
    "article:modified_time",
    "og:article:modified_time",
    "datemodified",
    "og:updated_time",
    "dcterms.modified",
    "dc.date.modified",
    "last-modified",
    "lastmod",
)
_SITE = ("og:site_name", "application-name", "dc.publisher", "citation_journal_title", "apple-mobile-web-app-title")
_DESCRIPTION = ("og:description", "description", "twitter:description", "dc.description")


@dataclass(frozen=True, slots=True)
class Description:
    """What the page says; fields as in `archiver.page.article.Article`."""

    title: Said | None
    bylines: tuple[Said, ...]
    published: Said | None
    modified: Said | None
    site: Said | None
    language: Said | None
    canonical_url: Said | None
    description: Said | None
    schema: Said | None
    free_access: Said | None
    also: tuple[tuple[str, Said], ...]


def describe(outline: Outline, page_text: str, url: str) -> tuple[Description, list[str]]:
    """Everything the page says about itself, and what could not be read of it."""
    problems = []
    objects, bad = json_ld.parse(outline.json_ld)
    if bad:
        problems.append(f"{bad} of {len(outline.json_ld)} blocks of JSON-LD are malformed")
    if outline.json_ld_skipped:
        problems.append(f"{outline.json_ld_skipped} blocks of JSON-LD not read (too large or too many)")
    page = _Page(outline, page_text, objects, _metas(outline))
    also: list[tuple[str, Said]] = []

    def first(field: str, found: Iterable[Said | None]) -> Said | None:
        chosen: Said | None = None
        values = set()
        for said in found:
            if said is None or (said.time or said.value) in values:
                continue
            values.add(said.time or said.value)
            if chosen is None:
                chosen = said
            elif len(also) < MAX_ALSO and not (field == "title" and chosen.value in said.value):
                also.append((field, said))
        return chosen

    title = first("title", page.titles())
    bylines, others = page.bylines()
    also.extend(("bylines", said) for said in others[:MAX_BYLINES])
    description = Description(
        title=title,
        bylines=bylines,
        published=first("published", page.dates("datePublished", _PUBLISHED, "datepublished")),
        modified=first("modified", page.dates("dateModified", _MODIFIED, "datemodified")),
        site=first("site", page.sites()),
        language=first("language", page.languages()),
        canonical_url=first("canonical_url", page.addresses(url)),
        description=next(filter(None, page.descriptions()), None),
        schema=next(filter(None, page.schemas()), None),
        free_access=first("free_access", page.access()),
        also=tuple(also[:MAX_ALSO]),
    )
    return description, problems


def _metas(outline: Outline) -> dict[str, list[str]]:
    """Contents by lower-case name."""
    found: dict[str, list[str]] = {}
    for attributes in outline.metas:
        content = attributes.get("content", "").strip()
        name = next(filter(None, (attributes.get(key, "").strip() for key in ("property", "name", "itemprop"))), "")
        if not name and attributes.get("http-equiv"):
            name = "http-equiv " + attributes["http-equiv"].strip()
        if content and name and len(values := found.setdefault(name.lower()[:100], [])) < 50:
            values.append(content)
    return found


class _Page:
    """The sources of one page, and the order in which they are asked."""

    def __init__(self, outline: Outline, text: str, objects: list[dict[str, Any]], metas: dict[str, list[str]]) -> None:
        self.outline = outline
        self.text = text
        self.objects = objects
        self.articles = json_ld.articles(objects)
        self.metas = metas

    def _meta(self, names: Iterable[str], *, dated: bool = False) -> Iterator[Said | None]:
        for name in names:
            for value in self.metas.get(name, ())[:1]:
                yield Said.of(value, f"meta {name}", dated=dated)

    def _json(self, key: str, inner: str = "name", *, dated: bool = False) -> Iterator[Said | None]:
        for item in self.articles:
            for value in json_ld.strings(item.get(key), self.objects, inner)[:1]:
                yield Said.of(value, "json-ld", dated=dated)

    def _words(self, element: Element) -> str:
        return self.text[element.start : element.end].strip(" \n")

    def titles(self) -> Iterator[Said | None]:
        yield from self._json("headline")
        yield from self._meta(_TITLE)
        whole = " ".join(self.outline.title.split())
        headings = [(element.name, words) for element in self.outline.headings[:50] if (words := self._words(element))]
        named = [(name, words) for name, words in headings if words in whole and 3 * len(words) >= len(whole)]
        first = [(name, words) for name, words in headings if name == "h1"]
        chosen = max(named, key=lambda heading: len(heading[1])) if named else first[0] if len(first) == 1 else None
        if chosen is not None:
            yield Said.of(chosen[1], f"{chosen[0]} element")
        yield Said.of(whole, "title element")

    def bylines(self) -> tuple[tuple[Said, ...], list[Said]]:
        """The names of the first source that has any, and those of the others that are different."""
        sources = (self._json_authors(), self._meta_authors(), self._linked_authors())
        groups = [group for names in sources if (group := [said for said in names if said is not None])]
        if not groups:
            return (), []
        chosen = {said.value: said for said in reversed(groups[0])}
        known = " ".join(chosen)
        others = [said for group in groups[1:] for said in group if said.value not in known]
        return tuple(dict.fromkeys(groups[0][:MAX_BYLINES])), others

    def _json_authors(self) -> Iterator[Said | None]:
        for item in self.articles[:1]:
            for key in ("author", "creator"):
                names = json_ld.strings(item.get(key), self.objects)
                yield from (Said.of(name, "json-ld") for name in names if not _is_address(name))
                if names:
                    break

    def _meta_authors(self) -> Iterator[Said | None]:
        for name in _BYLINE:
            values = [value for value in self.metas.get(name, ()) if not _is_address(value)]
            if values:
                yield from (Said.of(value, f"meta {name}") for value in values)
                return

    def _linked_authors(self) -> Iterator[Said | None]:
        for element in self.outline.authors[:MAX_BYLINES]:
            yield Said.of(self._words(element), "rel author")

    def dates(self, key: str, names: Iterable[str], itemprop: str) -> Iterator[Said | None]:
        yield from self._json(key, dated=True)
        yield from self._meta(names, dated=True)
        for element in self.outline.times:
            if element.get("itemprop").lower() == itemprop and element.get("datetime"):
                yield Said.of(element.get("datetime"), f"time {itemprop}", dated=True)
                return
        if key == "datePublished":
            for element in self.outline.times:
                if element.get("datetime"):
                    yield Said.of(element.get("datetime"), "time datetime (the first)", dated=True)
                    return

    def sites(self) -> Iterator[Said | None]:
        yield from self._json("publisher")
        yield from self._meta(_SITE)
        for item in self.objects:
            if "WebSite" in json_ld.types(item):
                yield from (Said.of(name, "json-ld WebSite") for name in json_ld.strings(item, self.objects)[:1])

    def languages(self) -> Iterator[Said | None]:
        html = self.outline.html
        yield Said.of(html.get("lang") or html.get("xml:lang"), "html lang")
        yield from self._meta(("http-equiv content-language", "content-language", "language"))
        for item in self.articles:
            for key in ("alternateName", "name"):
                yield from (
                    Said.of(name, "json-ld") for name in json_ld.strings(item.get("inLanguage"), self.objects, key)[:1]
                )
        yield from self._meta(("og:locale", "dc.language", "dcterms.language"))

    def addresses(self, url: str) -> Iterator[Said | None]:
        for attributes in self.outline.linked:
            if "canonical" in attributes.get("rel", "").lower().split() and attributes.get("href", "").strip():
                yield _address(absolute(attributes["href"], self.outline.base, url), "link canonical")
                break
        for value in self.metas.get("og:url", ())[:1]:
            yield _address(absolute(value, self.outline.base, url), "meta og:url")
        for item in self.articles[:1]:
            for key in ("mainEntityOfPage", "url"):
                for value in json_ld.strings(item.get(key), self.objects, "@id")[:1]:
                    yield _address(absolute(value, self.outline.base, url), "json-ld")

    def descriptions(self) -> Iterator[Said | None]:
        yield from self._json("description")
        yield from self._meta(_DESCRIPTION)

    def schemas(self) -> Iterator[Said | None]:
        for item in self.articles:
            yield Said.of(" ".join(json_ld.types(item)), "json-ld")
        yield from self._meta(("og:type",))

    def access(self) -> Iterator[Said | None]:
        for item in self.articles:
            value = item.get("isAccessibleForFree")
            if isinstance(value, str):
                value = value.rsplit("/", 1)[-1].strip().lower()
            if value in (True, False, "true", "false"):
                yield Said.of(str(value).lower(), "json-ld isAccessibleForFree")
        yield from self._meta(("article:content_tier", "og:article:content_tier"))


def _is_address(value: str) -> bool:
    return value.lower().startswith(("http://", "https://", "//", "@"))


def _address(value: str | None, source: str) -> Said | None:
    return Said.of(value, source) if value else None
