"""What a rendered visit asks for and gives: limits, the page as it was set up, what was made of it, what happened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from archiver.browser.tape import Failure
from archiver.web.exchange import Exchange

MAX_HEIGHT = 16_384  # pixels of a picture; beyond, Chromium takes minutes or fails
MAX_WIDTH = 4_096


@dataclass(frozen=True, slots=True)
class Setting:
    """The browser as the page sees it. `user_agent` None: Chromium's own, without the word Headless."""

    width: int = 1280
    height: int = 900
    locale: str = "en-US"
    timezone: str = "UTC"
    accept_language: str | None = "en-US,en;q=0.9"
    user_agent: str | None = None
    referrer: str | None = None
    dismiss_consent: bool = False
    login_profile: bool = False  # whether cookies of a person's own browser were given


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each part may take, in seconds; what is not over by then is said, and the visit goes on without it."""

    total: float = 120.0
    load: float = 45.0  # until the page's load event
    settle: float = 10.0  # after it, until nothing is asked for any more
    quiet: float = 0.5  # that long
    scroll: float = 15.0
    step: float = 20.0  # one picture, one document
    dialogs: int = 20  # after which the page's scripts are stopped


Outcome = Literal[
    "rendered",  # the page was there; what is missing of it is said
    "no page",  # nothing came that could be shown
    "no browser",  # it crashed, hung or took too much memory before there was anything to keep
]


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that a page wanted and did not get, or that happened to it; `kind` is a word, `detail` text."""

    kind: str  # dialog, download, pop-up, service worker, crash, hung, …
    detail: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A visit by the browser. Objects are bytes or None; `missing` says why one is None, by its name."""

    requested_url: str
    outcome: Outcome
    exchanges: tuple[Exchange, ...]
    document: int | None  # place of the document's exchange
    failures: tuple[Failure, ...]
    unlisted: int  # failures beyond those
    turned_away: int  # requests of the browser itself, outside of the page: never sent
    turned_away_hosts: tuple[str, ...]
    address: str  # what the address line shows at the end
    title: str
    page_width: int
    page_height: int
    clipped: bool
    scrolled: int  # pixels
    frames: int
    dom: bytes | None
    screenshot: bytes | None
    mhtml: bytes | None
    pdf: bytes | None
    accessibility: bytes | None
    missing: tuple[tuple[str, str], ...]
    marks: tuple[Mark, ...]
    error: str | None
    setting: Setting
    product: str
    sandbox: bool
    started: str
    ended: str
    peak_memory: int  # bytes; 0 where it is not known


@dataclass(frozen=True, slots=True)
class Words:
    """Words to be shown in the page, in the order in which they stand there; those before them help to find the right
    ones."""

    id: str
    before: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """Words marked in the page, as PNG; or why there is none."""

    id: str
    png: bytes | None = field(repr=False)
    reason: str | None = None
