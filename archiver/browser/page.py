"""One page in its own context: set up, loaded, scrolled through, and everything that is made of it.

Each step has its own limit of time within the visit's, and each may fail alone: what could not be made is said. A page
that does not answer any more is *hung*; its scripts are stopped once, and if that does not help it is left as it is.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Sequence
from typing import Any

from archiver.browser import scripts
from archiver.browser.accessibility import outline
from archiver.browser.consent import ACCEPT, PRESS, REFUSE
from archiver.browser.process import BrowserError, Process
from archiver.browser.rendered import MAX_HEIGHT, MAX_WIDTH, Patience, Picture, Setting, Words
from archiver.browser.watch import Watch

MAX_DOM = 16 << 20  # characters; a longer document is not read
MAX_TEXT = 8 << 20  # characters that are searched for words
MARGIN = 160  # pixels around marked words
PICTURE_SECONDS = 10.0
WORLD = "archiver"
MAX_FRAMES = 50  # that are searched for a consent banner


class Page:
    """A page that is not loaded yet. Raises BrowserError if the browser does not make one."""

    def __init__(self, process: Process, proxy_port: int, setting: Setting, patience: Patience) -> None:
        self.missing: dict[str, str] = {}
        self.size: dict[str, Any] = {}
        self.hung = False
        self._process = process
        self._setting = setting
        self._patience = patience
        self._end = time.monotonic() + patience.total
        self._world: int | None = None
        made = process.call(
            "Target.createBrowserContext",
            {
                "disposeOnDetach": True,
                "proxyServer": f"http://127.0.0.1:{proxy_port}",
                "proxyBypassList": "<-loopback>",
            },
            seconds=patience.step,
        )
        self.context: str = made["browserContextId"]
        self.watch = Watch(process, self.context, patience.dialogs)
        self._set_up()

    def _set_up(self) -> None:
        setting = self._setting
        self._root("Browser.setDownloadBehavior", behavior="deny", browserContextId=self.context, eventsEnabled=True)
        self._root("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=True, flatten=True)
        self._root(
            "Target.createTarget",
            url="about:blank",
            browserContextId=self.context,
            width=setting.width,
            height=setting.height,
        )
        if not self._process.pump(self._patience.step, lambda: self.watch.session is not None):
            raise BrowserError("timeout", "the browser made no page")
        self._call("Page.enable")
        self._call("Log.enable")
        self._call("Network.enable", maxTotalBufferSize=1, maxResourceBufferSize=1)
        self._call("Network.setBypassServiceWorker", bypass=True)
        self._call("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=True, flatten=True)
        agent: dict[str, Any] = {"userAgent": setting.user_agent or plain_agent(self._process.version)}
        if setting.accept_language is not None:
            # The browser puts the weights in itself.
            agent["acceptLanguage"] = re.sub(r"\s*;\s*q=[0-9.]*", "", setting.accept_language)
        self._call("Emulation.setUserAgentOverride", **agent)
        self._call("Emulation.setTimezoneOverride", timezoneId=setting.timezone)
        self._call("Emulation.setLocaleOverride", locale=setting.locale)
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=setting.width,
            height=setting.height,
            deviceScaleFactor=1,
            mobile=False,
        )
        self._call("Runtime.runIfWaitingForDebugger")

    def set_cookies(self, cookies: Sequence[dict[str, Any]]) -> None:
        """Cookies of the visit's own jar, as Storage.setCookies takes them."""
        if cookies:
            self._root("Storage.setCookies", cookies=list(cookies), browserContextId=self.context)

    def load(self, url: str) -> str | None:
        """Goes to the address; why there is no page, or None. A page that does not finish is as far as it is."""
        asked = {"url": url} | ({"referrer": self._setting.referrer} if self._setting.referrer else {})
        try:
            answer = self._call("Page.navigate", seconds=min(self._patience.load, self.left()), **asked)
        except BrowserError as error:
            if error.kind != "timeout":
                raise
            self._call("Page.stopLoading", seconds=5)
            self.watch.mark("not loaded", f"nothing to show after {self._patience.load:g} seconds")
            return "nothing came in time"
        if answer.get("errorText"):
            said = str(answer["errorText"]).removeprefix("net::")
            if said == "ERR_ABORTED":  # a download, which is told a moment later
                self._wait(1.0, lambda: any(mark.kind == "download" for mark in self.watch.marks))
            return f"the browser says {said}"
        if not self._wait(self._patience.load, lambda: self.watch.loaded):
            self.watch.mark("not loaded", f"the page was still loading after {self._patience.load:g} seconds")
        if not self.settle(self._patience.settle):
            self.watch.mark(
                "not settled", f"the page was still asking for more {self._patience.settle:g} seconds later"
            )
        return None

    def settle(self, seconds: float) -> bool:
        """Waits until nothing is asked for any more, pictures and fonts are there, or for so long; which of the two."""
        end = time.monotonic() + min(seconds, self.left())
        while time.monotonic() < end and not self.watch.crashed:
            self._wait(end - time.monotonic(), lambda: self.watch.quiet_for >= self._patience.quiet)
            quiet = self.watch.quiet_for >= self._patience.quiet
            if self.hung or (quiet and not self._ask(scripts.UNLOADED, seconds=3)):
                return True
            self._wait(0.2, lambda: False)
        return False

    def dismiss_consent(self) -> None:
        """Answers a consent banner, in the page or in one of its frames, and waits for what follows."""
        for frame in self._frames():
            try:
                made = self._call("Page.createIsolatedWorld", seconds=5, frameId=frame, worldName=WORLD)
                pressed = self._value(scripts.called(PRESS, REFUSE, ACCEPT), made["executionContextId"], 5)
            except BrowserError as error:
                if error.kind not in ("timeout", "refused"):
                    raise
                continue
            if isinstance(pressed, dict):
                what = "refused" if pressed.get("refused") else "accepted"
                self.watch.mark("consent", f"{what}, by “{str(pressed.get('text'))[:80]}”")
                self._wait(0.5, lambda: False)
                self.settle(min(5.0, self._patience.settle))
                return
        self.watch.mark("consent", "no banner was found")

    def _frames(self) -> list[str]:
        """The page's frames, itself first."""
        found: list[str] = []
        waiting = [self._call("Page.getFrameTree", seconds=5)["frameTree"]]
        while waiting and len(found) < MAX_FRAMES:
            tree = waiting.pop(0)
            found.append(tree["frame"]["id"])
            waiting += tree.get("childFrames", [])
        return found

    def scroll(self) -> int:
        """Goes down the page once, so that what is loaded only when it is seen is loaded; how far, in pixels."""
        end = time.monotonic() + min(self._patience.scroll, self.left())
        reached = 0
        size = self._ask(scripts.SIZE, seconds=5)
        while isinstance(size, dict) and reached + size["view"] < min(size["height"], MAX_HEIGHT):
            if time.monotonic() > end:
                self.watch.mark("endless", f"scrolling was stopped after {self._patience.scroll:g} seconds")
                break
            reached += size["view"]
            if self._ask(scripts.SCROLL, reached, seconds=5) is None:
                break
            self._wait(0.1, lambda: False)
            size = self._ask(scripts.SIZE, seconds=5)
        if reached:
            self.settle(min(3.0, self._patience.settle))
            self._ask(scripts.SCROLL, 0, seconds=5)
        return reached

    def measure(self) -> None:
        """Size, address and title, into `size`."""
        found = self._ask(scripts.SIZE, seconds=5)
        self.size = found if isinstance(found, dict) else {}

    def dom(self) -> bytes | None:
        """The document after scripts, in UTF-8."""
        found = self._ask(scripts.DOCUMENT, MAX_DOM, seconds=self._patience.step, name="dom")
        if not isinstance(found, dict):
            return None
        if "html" not in found:
            self.missing["dom"] = f"a document of {found.get('length')} characters"
            return None
        return str(found["html"]).encode("utf-8", "replace")

    def screenshot(self) -> tuple[bytes | None, bool]:
        """The whole page as PNG, and whether it was clipped."""
        width = max(self._setting.width, int(self.size.get("width") or 0))
        height = max(self._setting.height, int(self.size.get("height") or 0))
        clipped = width > MAX_WIDTH or height > MAX_HEIGHT
        return self._shoot(0, 0, min(width, MAX_WIDTH), min(height, MAX_HEIGHT), "screenshot"), clipped

    def mhtml(self) -> bytes | None:
        """All parts of the page in one file, as the browser writes it."""
        found = self._made("mhtml", "Page.captureSnapshot", format="mhtml")
        return None if found is None else str(found.get("data", "")).encode("utf-8", "replace")

    def pdf(self) -> bytes | None:
        """The page as it would be printed."""
        found = self._made("pdf", "Page.printToPDF", printBackground=True)
        return None if found is None else _binary(found)

    def accessibility(self) -> bytes | None:
        """What a screen reader would say, as indented text."""
        found = self._made("accessibility", "Accessibility.getFullAXTree")
        return None if found is None else outline(found.get("nodes", [])).encode("utf-8", "replace")

    def picture(self, wanted: Words) -> Picture:
        """Words marked in the page, with what stands around them."""
        place = self._ask(scripts.MARK, wanted.before, list(wanted.words), MAX_TEXT, seconds=PICTURE_SECONDS)
        if not isinstance(place, dict):
            return Picture(wanted.id, None, "the words were not found on the page as it was shown")
        if place.get("hidden"):
            return Picture(wanted.id, None, "the words are in the page, and were not visible")
        top = max(0.0, float(place["y"]) - MARGIN)
        height = min(float(place["y"]) + float(place["height"]) + MARGIN - top, 4000.0)
        png = self._shoot(0, top, self._setting.width, height, f"picture {wanted.id}")
        return Picture(wanted.id, png, None if png is not None else "the picture could not be taken")

    def unmark(self) -> None:
        """No words are marked any more."""
        self._ask(scripts.UNMARK, seconds=5)

    def close(self) -> None:
        """Closes the page and everything of its context."""
        if self._process.alive:
            self._process.call(
                "Target.disposeBrowserContext", {"browserContextId": self.context}, seconds=self._patience.step
            )

    def left(self) -> float:
        """Seconds of the visit. Raises BrowserError when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise BrowserError("timeout", f"the visit took more than {self._patience.total:g} seconds")
        return left

    def more_time(self, seconds: float) -> None:
        """So long from now, whatever was left."""
        self._end = time.monotonic() + seconds

    def _shoot(self, x: float, y: float, width: float, height: float, name: str) -> bytes | None:
        clip = {"x": x, "y": y, "width": width, "height": height, "scale": 1}
        found = self._made(
            name, "Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True, optimizeForSpeed=True
        )
        return None if found is None else _binary(found)

    def _made(self, name: str, method: str, **params: Any) -> dict[str, Any] | None:
        """A step that may fail alone."""
        if self.hung or self.watch.crashed:
            self.missing[name] = "the page had crashed" if self.watch.crashed else "the page did not answer"
            return None
        try:
            return self._call(method, seconds=min(self._patience.step, self.left()), **params)
        except BrowserError as error:
            if error.kind not in ("timeout", "refused"):
                raise
            self.missing[name] = error.message
            return None

    def _ask(self, function: str, *arguments: object, seconds: float, name: str | None = None) -> Any:
        """What one of our functions gives in the page; None if it gives nothing. A page that does not answer has its
        scripts stopped, once."""
        if self.hung or self.watch.crashed:
            if name is not None:
                self.missing[name] = "the page had crashed" if self.watch.crashed else "the page did not answer"
            return None
        for attempt in (1, 2):
            try:
                return self._evaluate(scripts.called(function, *arguments), min(seconds, self.left()))
            except BrowserError as error:
                if error.kind == "refused" and attempt == 1:
                    self._world = None  # the page went elsewhere meanwhile
                    continue
                if error.kind not in ("timeout", "refused") or self.left() <= 0:
                    raise
                if error.kind == "timeout" and attempt == 1:
                    self.watch.mark("hung", f"the page's scripts did not end within {seconds:g} seconds: stopped")
                    self._process.send("Runtime.terminateExecution", session=self.watch.session)
                    self._process.send("Emulation.setScriptExecutionDisabled", {"value": True}, self.watch.session)
                    continue
                self.hung = error.kind == "timeout"
                if name is not None:
                    self.missing[name] = error.message
                return None
        return None

    def _evaluate(self, expression: str, seconds: float) -> Any:
        if self._world is None or self._world_of != self.watch.documents:
            tree = self._call("Page.getFrameTree", seconds=seconds)
            frame = tree["frameTree"]["frame"]["id"]
            made = self._call("Page.createIsolatedWorld", seconds=seconds, frameId=frame, worldName=WORLD)
            self._world, self._world_of = int(made["executionContextId"]), self.watch.documents
        return self._value(expression, self._world, seconds)

    def _value(self, expression: str, world: int, seconds: float) -> Any:
        """What an expression gives in a world of our own. Raises BrowserError."""
        found = self._call(
            "Runtime.evaluate", seconds=seconds, expression=expression, contextId=world, returnByValue=True
        )
        if "exceptionDetails" in found:
            raise BrowserError("refused", str(found["exceptionDetails"].get("text"))[:200])
        return found.get("result", {}).get("value")

    _world_of = 0

    def _wait(self, seconds: float, done: Any) -> bool:
        return self._process.pump(min(seconds, self.left()), lambda: self.watch.crashed or done()) and done()

    def _root(self, method: str, **params: Any) -> dict[str, Any]:
        return self._process.call(method, params, seconds=self._patience.step)

    def _call(self, method: str, *, seconds: float | None = None, **params: Any) -> dict[str, Any]:
        return self._process.call(method, params, self.watch.session, seconds=seconds or self._patience.step)


def _binary(found: dict[str, Any]) -> bytes | None:
    try:
        return base64.b64decode(str(found.get("data", "")), validate=True) or None
    except binascii.Error:
        return None


def plain_agent(version: dict[str, Any]) -> str:
    """Chromium's own user agent as a browser with a window says it: the word Headless left out, the version short."""
    agent = str(version.get("userAgent", "")).replace("HeadlessChrome/", "Chrome/")
    before, mark, after = agent.partition("Chrome/")
    number, space, rest = after.partition(" ")
    return f"{before}{mark}{number.partition('.')[0]}.0.0.0{space}{rest}"
