"""Articles in a page's JSON-LD (schema.org): what the publisher tells machines about it.

JSON-LD on pages is often malformed, doubled, or about something else. What parses is read; of several items that
describe an article the first is taken, with those fields of the others that it lacks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

MAX_ITEMS = 2_000  # objects that are looked at
MAX_DEPTH = 30

_ARTICLES = """
    article newsarticle reportagenewsarticle analysisnewsarticle opinionnewsarticle backgroundnewsarticle
    asknewsarticle reviewnewsarticle advertisercontentarticle satiricalarticle scholarlyarticle techarticle report
    blogposting liveblogposting socialmediaposting discussionforumposting review criticreview medicalscholarlyarticle
"""
ARTICLES = frozenset(_ARTICLES.split())


def parse(texts: list[str]) -> tuple[list[dict[str, Any]], int]:
    """All objects, in document order, and how many of the texts were no JSON."""
    found: list[dict[str, Any]] = []
    bad = 0
    for text in texts:
        try:
            value = json.loads(_unwrapped(text), strict=False)
        except (ValueError, RecursionError):
            bad += 1
            continue
        for item in _objects(value):
            if len(found) >= MAX_ITEMS:
                return found, bad
            found.append(item)
    return found, bad


_WRAPPINGS = (("<!--", "-->"), ("/*<![CDATA[*/", "/*]]>*/"), ("//<![CDATA[", "//]]>"), ("<![CDATA[", "]]>"))


def _unwrapped(text: str) -> str:
    """Without a comment or CDATA marks around it, and a semicolon or comma behind it."""
    text = text.strip().removeprefix("\ufeff")
    for before, after in (
        ("<!--", "-->"),
        ("/*<![CDATA[*/", "/*]]>*/"),
        ("//<![CDATA[", "//]]>"),
        ("<![CDATA[", "]]>"),
    ):
        if text.startswith(before):
            text = text.removeprefix(before).strip().removesuffix(after).strip()
    return text.rstrip(";, \t\n\r")


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of the value, outer ones first; not into what an article only mentions."""
    stack = [(value, 0)]
    while stack:
        item, depth = stack.pop()
        if depth > MAX_DEPTH:
            continue
        if isinstance(item, list):
            stack.extend((child, depth + 1) for child in reversed(item[:MAX_ITEMS]))
        elif isinstance(item, dict):
            yield item
            stack.extend((item[key], depth + 1) for key in ("mainEntityOfPage", "mainEntity", "@graph") if key in item)


def types(item: dict[str, Any]) -> list[str]:
    """The types of an object, without prefix, as spelled."""
    names = item.get("@type")
    return [
        name.rsplit("/", 1)[-1].rsplit(":", 1)[-1]
        for name in (names if isinstance(names, list) else [names])
        if isinstance(name, str)
    ]


def articles(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that describe an article."""
    return [item for item in objects if any(name.lower() in ARTICLES for name in types(item))]


def strings(value: Any, objects: list[dict[str, Any]], key: str = "name") -> list[str]:
    """The texts of a value: a string, an object's `key`, a reference by @id into `objects`, or a list of these."""
    found = []
    for item in value[:100] if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            if key not in item and isinstance(item.get("@id"), str):
                item = next((other for other in objects if other.get("@id") == item["@id"] and key in other), item)
            item = item.get(key, item.get("@value"))
            if isinstance(item, list) and item:
                item = item[0]
            if isinstance(item, dict):
                item = item.get("@value")
        if isinstance(item, str) and item.strip():
            found.append(item.strip())
    return found
