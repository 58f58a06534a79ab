"""What a response turned out to be: an article, or one of the pages that are served in its place.

    article        readable, and what a reader would call an article
    page           readable HTML, but no article: a front page, a list of links
    paywall        an article of which only the beginning is there
    consent wall   a page that asks for consent before it shows anything
    challenge      a gatekeeper's page: it wants a proof that a person is visiting, or refuses robots
    soft 404       the server says 200, the page says "not found" (or the address led to the front page)
    error          status 400 or more
    redirect       status 300 to 399 that was not followed, or a page that only sends visitors elsewhere
    script only    scripts put the text there; the HTML has none
    empty          no text
    plain text     text/plain
    not html       neither HTML nor plain text

Order matters: the first that fits is the kind. A page counts as something else than an article only if several signs
agree, because articles are written about captchas, cookies and paywalls, and ordinary pages have banners, log-in links
and sign-up forms. Nothing is guessed from one word.

Kinds are judgements of one version of this program. They are part of a reading, which can be made again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from archiver.page import signs
from archiver.page.addresses import absolute
from archiver.page.article import Article
from archiver.page.glance import SCANNED, SHORT, Glance
from archiver.page.outline import Outline

HTML_TYPES = ("text/html", "application/xhtml+xml")
LONG = 3 * SHORT  # of main text; so much is no mere beginning
TOLD = 300  # characters of main text that make an article of a page full of links
LINES = 300  # at either end of the page text that are searched for locks


@dataclass(frozen=True, slots=True)
class Kind:
    """`kind`: one of the list above; `reasons`: sentences, the deciding one first."""

    kind: str
    reasons: tuple[str, ...]


def classify(
    status: int,
    fields: Sequence[tuple[str, str]],
    page_text: str,
    article: Article | None,
    media_type: str,
    requested_url: str,
    final_url: str,
) -> Kind:
    """The kind of a response. `fields`: its header fields; `page_text`: "" and `article`: None if it was not read;
    `media_type`: without parameters, in lower case."""
    page = Glance(status, fields, page_text, article, requested_url, final_url)
    if found := _challenge(page):
        return found
    if status >= 400:
        return Kind("error", (_error(status),))
    if 300 <= status < 400:
        return Kind("redirect", (_redirect(status, page),))
    if media_type == "text/plain":
        if page_text.strip():
            return Kind("plain text", ("the server sent plain text, not a web page",))
        return Kind("empty", ("the server sent plain text without any words",))
    if media_type not in HTML_TYPES:
        return Kind("not html", (f"the server sent a file of type {media_type or 'unknown'}, not a web page",))
    for rule in (_no_text, _consent, _missing, _paywall):
        if found := rule(page):
            return found
    return _readable(page)


def _challenge(page: Glance) -> Kind | None:
    """Headers decide alone; else the page must be short, no article by its own account, and two signs must agree."""
    for name, value, whose in signs.CHALLENGE_HEADERS:
        if name in page.headers and value in page.headers[name].lower():
            return Kind("challenge", (f"{whose} answered in place of the site (header {name}): {_PROOF}",))
    if not page.short or page.schema or page.article is None or page.dated or len(page.prose) > 5:
        return None  # the size of a short article, or it names an author
    whose = next((owner for text, owner in signs.CHALLENGE_SOURCES if text in page.source), "")
    named = signs.CHALLENGE_NAMES.search(page.source)
    said = signs.words("challenge").search(f"{page.lower}\n{page.noscript}\n{page.article.outline.title.lower()}")
    refused = page.status in (401, 403, 405, 406, 429, 503)
    if whose and (said or refused or len(page.text) < 300):
        reasons = [f"{whose} answered in place of the site: {_PROOF}"]
    elif said and (named or refused or len(page.text) < 300):
        reasons = [f"the page says “{said[0]}”: {_PROOF}"]
    else:
        return None
    if whose and said:
        reasons.append(f"the page says “{said[0]}”")
    if refused:
        reasons.append(_error(page.status))
    return Kind("challenge", tuple(reasons))


_PROOF = "it wants a proof that a person is visiting, or refuses robots"


def _error(status: int) -> str:
    meanings = {
        401: "the site wants a log-in",
        403: "the site refuses this visitor; that does not mean that the page is gone",
        404: "there is no page at this address",
        410: "the page was taken away for good",
        429: "the site says that it was asked too often; try again later",
        451: "the site withholds the page for legal reasons",
        503: "the site is not available at the moment; try again later",
    }
    try:
        phrase = f" ({HTTPStatus(status).phrase})"
    except ValueError:
        phrase = ""
    meaning = meanings.get(status, "the site could not answer" if status >= 500 else "the site refuses this request")
    return f"the server answered {status}{phrase}: {meaning}"


def _redirect(status: int, page: Glance) -> str:
    location = page.headers.get("location", "")[:200]
    return f"the server answered {status} and sent visitors on{' to ' + location if location else ''}"


def _no_text(page: Glance) -> Kind | None:
    """Pages without text, or with so little that scripts must put it there, or that lead elsewhere."""
    article, words = page.article, page.text.strip()
    if article is not None and len(words) < 400 and (address := _refresh(article.outline, page.final_url)):
        return Kind("redirect", (f"the page only sends visitors on to {address[:200]}",))
    if article is not None and len(words) < 600 and len(page.prose) <= 1 and article.outline.has_scripts:
        asked = signs.words("script").search(f"{page.noscript}\n{page.lower}")
        if not words or asked or signs.SCRIPT_ROOTS.search(article.outline.text[:SCANNED]):
            reasons = ["scripts put this page’s text there; the HTML that the server sent has none"]
            if asked:
                reasons.append(f"the page says “{asked[0]}”")
            return Kind("script only", tuple(reasons))
    return None if words else Kind("empty", ("the page has no text",))


def _refresh(outline: Outline, url: str) -> str | None:
    """The other page to which a <meta> sends visitors within half a minute."""
    for attributes in outline.metas:
        if attributes.get("http-equiv", "").strip().lower() != "refresh":
            continue
        match = _REFRESH.match(attributes.get("content", ""))
        if match and int(match[1] or 0) <= 30 and _leaves(match[2], outline.base, url):
            return match[2].strip()
    return None


_REFRESH = re.compile(r"""\s*([0-9]{0,6})[0-9.]*\s*[;,]\s*(?:url\s*=\s*)?['"]?([^'"]+)""", re.IGNORECASE)


def _leaves(address: str, base: str, url: str) -> bool:
    """Whether an address leads to another page, not to the same one again."""
    target = absolute(address, base, url)
    return target is not None and target.split("#")[0] != url.split("#")[0]


def _consent(page: Glance) -> Kind | None:
    """At least three things that consent walls say, and most of the page's sentences are about it."""
    if page.schema or page.dated or len(page.prose) > 40:
        return None
    address = signs.CONSENT_ADDRESS.search(page.final_url.lower())
    named = signs.CONSENT_NAMES.search(page.source)
    said = [match[0] for group in signs.CONSENT_GROUPS if (match := signs.words(group).search(page.lower))]
    if len(said) < (2 if address else 3):
        return None
    about = [line for line in page.prose if _about_consent(line)]
    share = sum(map(len, about)) / max(1, sum(map(len, page.prose)))
    if not (address or named or page.short) or share < (0.5 if page.prose else 0):
        return None
    reasons = [f"the page asks for consent (“{said[0]}”, “{said[1]}”) and shows no article"]
    if address:
        reasons.append("its address is that of a consent page")
    return Kind("consent wall", tuple(reasons))


def _about_consent(line: str) -> bool:
    line = line.lower()
    return any(signs.words(group).search(line) for group in signs.CONSENT_GROUPS)


def _missing(page: Glance) -> Kind | None:
    """A heading that says so and nothing but that, on a page that does not describe itself as an article; or a deep
    address that has come to lead to the front page."""
    if page.schema or page.dated:
        return None
    if signs.MISSING_ADDRESS.search(page.final_url.lower()) and page.final_url != page.requested_url:
        return Kind("soft 404", ("the address led to the site’s page for addresses that do not exist",))
    path = page.requested_path.strip("/")
    if (len(path) >= 20 or "/" in path) and page.final_path in ("", "/"):
        return Kind("soft 404", ("the address of a page has come to lead to the site’s front page",))
    if len(page.text) > 4 * SHORT or page.main > SHORT:
        return None
    expression = signs.words("missing")
    for heading in page.headings:
        for part in _PARTS.split(heading):
            if len(part) < 90 and expression.match(part.strip(" .!¡¿")):
                return Kind("soft 404", (f"the server reported success, but the page says “{part.strip()}”",))
    return None


_PARTS = re.compile(r" [|–—·•:»-] |: ")  # a page's title and its site's name


def _paywall(page: Glance) -> Kind | None:
    """The page says that it is not free and the text is short, or a lock stands in it and the text is not long; or,
    where it says nothing, a lock in a block that is named for it, and a short text."""
    article = page.article
    if article is None:
        return None
    access = article.free_access.value.lower() if article.free_access is not None else ""
    not_free = access in ("false", "locked", "metered")
    if access in ("true", "free") or page.main >= (LONG if not_free else SHORT):
        return None
    lines = [line.lower() for line in page.text.split("\n") if len(line) < 250]
    lines = lines if len(lines) <= 2 * LINES else lines[:LINES] + lines[-LINES:]
    locks = [match[0] for line in lines if (match := signs.words("lock").search(line))]
    offers = [match[0] for line in lines if (match := signs.words("offer").search(line))]
    block = any(
        signs.PAYWALL_NAMES.search(f"{item.get('class')} {item.get('id')}".lower()) for item in article.outline.blocks
    )
    if not_free and (locks or page.main < SHORT):
        reasons = ["the page says that this article is not free"]
    elif locks and (block or (len(locks) > 1 and offers)):
        reasons = [f"the text ends where the page says “{locks[0]}”"]
    else:
        return None
    if not_free and locks:
        reasons.append(f"it says “{locks[0]}”")
    reasons.append(f"only {page.main:,} characters of the article are there")
    return Kind("paywall", tuple(reasons))


def _readable(page: Glance) -> Kind:
    """Articles describe themselves as such, or have an author or date and some sentences, or many sentences."""
    sentences = f"{len(page.prose)} paragraphs of text" if len(page.prose) != 1 else "one paragraph of text"
    article = page.article
    if page.schema and (page.main or page.prose):
        reasons = [f"the page describes itself as {page.schema} and has {sentences}"]
        if article is not None and article.free_access is not None and article.free_access.value == "false":
            reasons.append(f"it says that it is not free, yet {page.main:,} characters are there")
        return Kind("article", tuple(reasons))
    front = page.final_path in ("", "/")
    linked = page.linked
    if page.dated and page.prose and linked < 0.6:
        return Kind("article", (f"the page names an author or a date, and has {sentences}",))
    if front and linked > 0.3:
        return Kind("page", ("this is a site’s front page, not an article",))
    if linked >= 0.6 and not _told(page):
        return Kind("page", (f"{linked:.0%} of the page’s text are links: a list, not an article",))
    if page.prose:
        return Kind("article", (f"the page has {sentences}",))
    return Kind("page", ("the page has no paragraph of text",))


def _told(page: Glance) -> bool:
    """Whether the main text is told rather than linked: most of it stands outside links."""
    if page.article is None or page.main < TOLD:
        return False
    return sum(len(link.text) for link in page.article.links if link.place == "article") < page.main / 2
