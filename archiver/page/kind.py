"""What a response turned out to be: an article, or one of the many pages that are served in its place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from archiver.page.article import Article

HTML_TYPES = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True, slots=True)
class Kind:
    """`kind`: one word of the list; `reasons`: sentences, the deciding one first."""

    kind: str
    reasons: tuple[str, ...]


_CHALLENGE = re.compile(
    r"checking your browser|verify(?:ing)? (?:that )?you are (?:a )?human|captcha|just a moment", re.I
)
_CONSENT = re.compile(r"we value your privacy|accept all cookies|reject all", re.I)
_MISSING = re.compile(r"page (?:you are looking for|not found)|can.t find that page|no longer exists", re.I)
_PAYWALL = re.compile(r"already a subscriber|continue reading with a subscription|subscribers only", re.I)


def classify(
    status: int,
    fields: Sequence[tuple[str, str]],
    page_text: str,
    article: Article | None,
    media_type: str,
    requested_url: str,
    final_url: str,
) -> Kind:
    """The kind of a response."""
    short = len(page_text) < 1500
    headers = {name.lower(): value for name, value in fields}
    if "cf-mitigated" in headers or (short and _CHALLENGE.search(page_text)):
        return Kind("challenge", ("the server asks for a proof that a person is visiting",))
    if status >= 400:
        return Kind("error", (f"the server answered {status}",))
    if 300 <= status < 400:
        return Kind("redirect", (f"the server answered {status} and the address was not followed",))
    if media_type == "text/plain":
        return Kind("plain text", ("a plain text",))
    if media_type not in HTML_TYPES:
        return Kind("not html", (f"a file of type {media_type}",))
    if not page_text.strip():
        if article is not None and article.outline.script_characters > 100:
            return Kind("script only", ("scripts write this page's text; the HTML itself has none",))
        return Kind("empty", ("the page has no text",))
    if short and _CONSENT.search(page_text):
        return Kind("consent wall", ("the page asks for consent to cookies and shows no article",))
    if short and _MISSING.search(page_text):
        return Kind("soft 404", ("the server answered 200, but the page says that it was not found",))
    if (
        article is not None
        and article.free_access is not None
        and article.free_access.value == "false"
        and _PAYWALL.search(page_text)
    ):
        return Kind("paywall", ("the page says that this article is not free, and asks for a subscription",))
    return Kind("article", ("the page has text",))
