"""The browser of a run: one Chromium, a fresh context and a recording proxy of its own for each visit.

    with Browser(recording, …) as browser, browser.visit("https://example.org/a") as visit:
        visit.rendered                            # exchanges, document, pictures, what happened
        visit.pictures([Words("s1", "", "…")])    # while the page is still there

A browser that hung, crashed or grew too large is gone, and the next visit starts another one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from archiver.browser.chromium import has_sandbox, need_chromium
from archiver.browser.listener import ClosedDoor
from archiver.browser.login import Login
from archiver.browser.page import Page, plain_agent
from archiver.browser.process import BrowserError, Process
from archiver.browser.proxy import Recording, RecordingProxy
from archiver.browser.rendered import Outcome, Patience, Picture, Rendered, Setting, Words
from archiver.browser.tape import Tape, TapeLimits
from archiver.web.exchange import Exchange

MEMORY = 2 << 30  # bytes of a browser with all its children
PICTURES_SECONDS = 25.0  # for all pictures of a page
MAX_PICTURES = 50
MAX_OBJECT = 128 << 20  # bytes of one thing that is made of a page
VISITS = 100  # of one browser; then a fresh one, so that nothing piles up


class Browser:
    """Starts when it is first needed. Raises ExtraMissingError if there is no Chromium. Not for several threads."""

    def __init__(
        self,
        recording: Recording,
        *,
        setting: Setting | None = None,
        patience: Patience | None = None,
        limits: TapeLimits | None = None,
        program: Path | None = None,
        memory: int = MEMORY,
        login: Login | None = None,
    ) -> None:
        self.setting = setting or Setting()
        self.patience = patience or Patience()
        self.limits = limits or TapeLimits()
        self._program = program or need_chromium()
        self._recording = recording
        self._memory = memory
        self._login = login
        self._door = ClosedDoor(recording.stop)
        self._process: Process | None = None
        self._visits = 0

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the browser."""
        self.stop()
        self._door.close()

    def stop(self) -> None:
        """Ends the process; another one starts when it is needed."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def visit(self, url: str, cookies: Sequence[dict[str, Any]] = ()) -> RenderedVisit:
        """Goes to an address and takes everything in; `cookies` as Storage.setCookies takes them. Raises FetchError if
        no browser starts, StoreError."""
        visit = RenderedVisit(self, url, tuple(cookies))
        try:
            visit.go()
        except BaseException:
            visit.close()
            raise
        return visit

    def process(self) -> Process:
        """The browser that runs. Raises FetchError."""
        self._visits += 1
        if self._process is not None and (not self._process.alive or self._visits > VISITS):
            self.stop()
        if self._process is None:
            self._visits = 1
            self._process = Process(
                self._program,
                door=self._door.port,
                spki=self._recording.identity.spki,
                language=self.setting.locale,
                memory=self._memory,
                stopped=self._recording.stop.is_set,
            )
        return self._process


class RenderedVisit:
    """One visit. `rendered` is there after `go`; the page is, until `close`."""

    def __init__(self, browser: Browser, url: str, cookies: tuple[dict[str, Any], ...]) -> None:
        self.rendered: Rendered
        self._browser = browser
        self._url = url
        self._cookies = cookies
        self._tape = Tape(browser.limits, browser._recording.folder)
        self._page: Page | None = None
        self._made: dict[str, bytes] = {}
        self._clipped = False
        self._scrolled = 0

    def __enter__(self) -> RenderedVisit:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def go(self) -> None:
        """The visit itself, `rendered` in the end."""
        browser = self._browser
        started = browser._recording.clock()
        process = browser.process()
        browser._door.take()
        proxy = RecordingProxy(browser._recording, self._tape)
        why: str | None = None
        broken: BrowserError | None = None
        try:
            self._page = Page(process, proxy.port, browser.setting, browser.patience)
            self._give_cookies(self._page)
            why = self._page.load(self._url)
            if why is None:
                self._take_in(self._page)
        except BrowserError as error:
            broken = error
        finally:
            with contextlib.ExitStack() as stack:
                stack.callback(proxy.close)
        self.rendered = self._result(process, started, why, broken)
        if broken is not None:
            browser.stop()  # whatever state it is in: the next visit gets a fresh one
            self._page = None

    def _give_cookies(self, page: Page) -> None:
        """Those of the log-in, and those that were given by name, which count more."""
        login = self._browser._login
        if login is not None:
            page.set_cookies(login.cookies_of(self._url))
            page.watch.mark("log-in", login.told(self._url))
        page.set_cookies(self._cookies)

    def _take_in(self, page: Page) -> None:
        """Everything that is made of the page, the most important first."""
        if self._browser.setting.dismiss_consent:
            page.dismiss_consent()
        self._scrolled = page.scroll()
        page.measure()
        self._keep("dom", page.dom())
        picture, self._clipped = page.screenshot()
        self._keep("screenshot", picture)
        self._keep("mhtml", page.mhtml())
        self._keep("accessibility", page.accessibility())
        self._keep("pdf", page.pdf())

    def _keep(self, name: str, data: bytes | None) -> None:
        assert self._page is not None
        if data is not None and len(data) > MAX_OBJECT:
            self._page.missing[name] = f"{len(data)} bytes: too large to be kept"
        elif data is not None:
            self._made[name] = data

    def pictures(self, wanted: Sequence[Words]) -> list[Picture]:
        """A picture for each statement, as far as there is time and the page is still there."""
        page = self._page
        if page is None or page.hung or page.watch.crashed:
            return [Picture(item.id, None, "the page was no longer there") for item in wanted]
        page.more_time(PICTURES_SECONDS)
        found: list[Picture] = []
        try:
            for item in wanted[:MAX_PICTURES]:
                found.append(page.picture(item))
            page.unmark()
        except BrowserError as error:
            found += [Picture(item.id, None, error.message) for item in wanted[len(found) :]]
            self._browser.stop()
            self._page = None
        reason = f"only the first {MAX_PICTURES} are pictured"
        return found + [Picture(item.id, None, reason) for item in wanted[len(found) :]]

    def close(self) -> None:
        """Closes the page and gives up the stored bytes."""
        if self._page is not None:
            try:
                self._page.close()
            except BrowserError:
                self._browser.stop()
            self._page = None
        self._tape.close()

    def _result(self, process: Process, started: str, why: str | None, broken: BrowserError | None) -> Rendered:
        browser, page, made = self._browser, self._page, self._made
        exchanges = self._tape.exchanges()
        failures, unlisted = self._tape.failures()
        count, hosts = browser._door.take()
        watch = None if page is None else page.watch
        missing = {} if page is None else dict(page.missing)
        document = _document(exchanges, None if watch is None else watch.document_url)
        outcome: Outcome = "rendered"
        if not made:
            outcome = "no page" if broken is None else "no browser"
        reasons = [broken.message] if broken is not None else []
        if why is not None:
            said = next((item.reason for item in failures if item.url == self._url), why)
            reasons.append(said)
        for name in ("dom", "screenshot", "mhtml", "accessibility", "pdf"):
            if name not in made:
                missing.setdefault(name, reasons[0] if reasons else "it was not made")
        size = {} if page is None else page.size
        return Rendered(
            requested_url=self._url,
            outcome=outcome,
            exchanges=exchanges,
            document=document,
            failures=failures,
            unlisted=unlisted,
            turned_away=count,
            turned_away_hosts=hosts,
            address=str(size.get("address") or (watch.document_url if watch else None) or self._url),
            title=str(size.get("title") or ""),
            page_width=int(size.get("width") or 0),
            page_height=int(size.get("height") or 0),
            clipped=self._clipped,
            scrolled=self._scrolled,
            frames=int(size.get("frames") or 0),
            dom=made.get("dom"),
            screenshot=made.get("screenshot"),
            mhtml=made.get("mhtml"),
            pdf=made.get("pdf"),
            accessibility=made.get("accessibility"),
            missing=tuple(missing.items()),
            marks=() if watch is None else tuple(watch.marks),
            error="; ".join(reasons) or None,
            setting=replace(browser.setting, user_agent=browser.setting.user_agent or plain_agent(process.version)),
            product=str(process.version.get("product", "")),
            sandbox=has_sandbox(),
            started=started,
            ended=browser._recording.clock(),
            peak_memory=process.peak,
        )


def _document(exchanges: Sequence[Exchange], url: str | None) -> int | None:
    """The place of the exchange that brought the document: the first for its address that leads nowhere else."""
    if url is None:
        return None
    wanted = url.partition("#")[0]
    for place, exchange in enumerate(exchanges):
        if exchange.url == wanted and exchange.location is None:
            return place
    return None
