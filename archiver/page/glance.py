"""What the rules for kinds of pages look at: a response at a glance, each aspect computed when first asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from urllib.parse import urlsplit

from archiver.page import json_ld
from archiver.page.article import Article

SHORT = 1_500  # characters of page text; gatekeepers' and error pages are shorter, most articles longer
PROSE = 80  # characters that make a line prose
SCANNED = 300_000  # characters of the source that are searched for names
_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")


class Glance:
    """One response."""

    def __init__(
        self,
        status: int,
        fields: Sequence[tuple[str, str]],
        text: str,
        article: Article | None,
        requested_url: str,
        final_url: str,
    ) -> None:
        self.status = status
        self.headers = {name.lower(): value.strip() for name, value in fields}
        self.text = text
        self.article = article
        self.requested_url, self.final_url = requested_url, final_url

    @cached_property
    def lower(self) -> str:
        return self.text[:20_000].lower()

    @cached_property
    def source(self) -> str:
        """The beginning of the HTML, in lower case."""
        return self.article.outline.text[:SCANNED].lower() if self.article is not None else ""

    @cached_property
    def short(self) -> bool:
        return len(self.text) + len(_WIDE.findall(self.text[:SHORT])) < SHORT

    @cached_property
    def prose(self) -> list[str]:
        """Lines that are sentences rather than labels. Chinese, Japanese and Korean characters count double."""
        return [line for line in self.text.split("\n") if len(line) + len(_WIDE.findall(line[:PROSE])) >= PROSE]

    @cached_property
    def main(self) -> int:
        """Characters of the main text, as trafilatura sees it."""
        return len(self.article.main_text or "") if self.article is not None else 0

    @cached_property
    def schema(self) -> str | None:
        """As what kind of article the page describes itself to machines, if it does."""
        said = self.article.schema if self.article is not None else None
        if said is None:
            return None
        names = said.value.lower().split()
        return said.value if any(name in json_ld.ARTICLES for name in names) else None

    @cached_property
    def dated(self) -> bool:
        """Whether the page names an author or a date of publication."""
        article = self.article
        if article is None:
            return False
        said = (article.published, *article.bylines)
        return any(item is not None and not item.guessed for item in said)

    @cached_property
    def noscript(self) -> str:
        return self.article.outline.noscript[:5_000].lower() if self.article is not None else ""

    @cached_property
    def headings(self) -> list[str]:
        """The title and the headings of the first two ranks, in lower case."""
        if self.article is None:
            return []
        outline = self.article.outline
        found = [outline.title, *(self.text[item.start : item.end] for item in outline.headings[:6])]
        return [" ".join(words.lower().split()) for words in found if words.strip()]

    @cached_property
    def linked(self) -> float:
        """Which part of the page's text is links."""
        if self.article is None or not self.text:
            return 0.0
        return min(1.0, sum(link.end - link.start for link in self.article.outline.links) / len(self.text))

    @property
    def requested_path(self) -> str:
        """Path and query of the address that was asked for."""
        return _path(self.requested_url)

    @property
    def final_path(self) -> str:
        """The same of the address that answered."""
        return _path(self.final_url)


def _path(address: str) -> str:
    """Path and query of an address."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "?"
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
