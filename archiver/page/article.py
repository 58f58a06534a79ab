"""The facts of an article: what the page says about itself, told apart from what was guessed.

Every field is a `Said(value, source)`. Sources, from the most to the least binding: "json-ld", "meta <name>",
"link canonical", "html lang", "time datetime", "rel author", "h1 element", "title element"; then "guessed: htmldate",
"guessed: trafilatura". A page can say anything: nothing here is verified, and nothing here is evidence.

Specimen: <meta property="article:published_time" content="2026-10-11T09:30:00+02:00"> gives the field published
Said("2026-10-11T09:30:00+02:00", "meta article:published_time", "2026-10-11T07:30:00Z").
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from archiver.model.encoding import clean
from archiver.page import extract, media, metadata
from archiver.page.media import Image, Link, Media
from archiver.page.outline import Outline
from archiver.page.said import Said
from archiver.page.text import project_known

MAX_TEXT = 2_000  # code points of a string from a page
MAX_ADDRESS = 2_000


@dataclass(frozen=True, slots=True)
class Article:
    """What a page says about itself and what it holds. `main_range`: code points of the page text that are the
    article; `main_text`: these words. `problems`: what was not read, and why."""

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
    images: tuple[Image, ...]
    media: tuple[Media, ...]
    links: tuple[Link, ...]
    main_range: tuple[tuple[int, int], ...]
    main_text: str | None
    problems: tuple[str, ...]
    outline: Outline

    def to_json(self) -> dict[str, Any]:
        """Plain values, keys in a fixed order, every string clean and bounded."""
        plain: dict[str, Any] = {}
        for field in fields(self):
            if field.name != "outline":
                plain[field.name] = _plain(getattr(self, field.name))
        plain["also"] = [{"field": name, **said.to_json()} for name, said in self.also]
        if self.main_text is not None:
            plain["main_text"] = clean(self.main_text)
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return clean(value, MAX_TEXT)
    if value is None or isinstance(value, int):
        return value
    return value.to_json()


def read_article(body: bytes, page_text: str, url: str, encoding: str, outline: Outline | None = None) -> Article:
    """The facts of an HTML page. `page_text`, `encoding`: as the projection gave them; `url`: the page's address, for
    relative links; `outline`: what watched that projection, so that the page need not be tokenized again."""
    if outline is None:
        outline = Outline()
        project_known(body, encoding, outline)
    outline.finish(len(page_text))
    said, problems = metadata.describe(outline, page_text, url)
    missing = {"title": said.title, "byline": said.bylines, "date": said.published}
    main = extract.extract(outline, page_text, url, frozenset(name for name, value in missing.items() if not value))
    if main.problem:
        problems.append(main.problem)
    return Article(
        title=said.title or Said.guess(main.title, "trafilatura"),
        bylines=said.bylines or tuple(filter(None, (Said.guess(main.byline, "trafilatura"),))),
        published=said.published or Said.guess(main.date, "htmldate", dated=True),
        modified=said.modified,
        site=said.site,
        language=said.language,
        canonical_url=said.canonical_url,
        description=said.description,
        schema=said.schema,
        free_access=said.free_access,
        also=said.also,
        images=media.images(outline, page_text, url, main.ranges),
        media=media.embedded(outline, url, main.ranges),
        links=media.links(outline, page_text, url, main.ranges),
        main_range=main.ranges,
        main_text=main.text,
        problems=tuple(problems),
        outline=outline,
    )
