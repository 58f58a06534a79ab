"""The article's text as a page gives it to machines (schema.org `articleBody` in JSON-LD), though it may show none."""

from __future__ import annotations

from archiver.page import json_ld
from archiver.page.outline import Outline
from archiver.page.text import project_known

MAX_TEXTS = 20


def article_bodies(body: bytes, encoding: str) -> tuple[str, ...]:
    """Every one of them, in document order. Raises FormatError for an encoding that is unknown."""
    outline = Outline()
    project_known(body, encoding, outline)
    objects, _ = json_ld.parse(outline.json_ld)
    found = [
        text
        for item in json_ld.articles(objects)
        for text in json_ld.strings(item.get("articleBody"), objects, "@value")
    ]
    return tuple(found[:MAX_TEXTS])
