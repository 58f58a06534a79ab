"""What happens in a visit's page, heard from the browser's events: requests under way, dialogs, pop-ups, downloads,
workers, crashes. What must be answered at once (a dialog, a new window, a worker that waits to start) is answered here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from archiver.browser.process import Event, Process
from archiver.browser.rendered import Mark

MAX_MARKS = 200
_OPEN_ENDED = ("EventSource", "WebSocket", "Ping")  # they may last as long as the page


class Watch:
    """Events of one visit. `target` and `session` are set once the page is there."""

    def __init__(self, process: Process, context: str, max_dialogs: int) -> None:
        self.target: str | None = None
        self.session: str | None = None
        self.loaded = False
        self.crashed = False
        self.main_frame: str | None = None
        self.document_url: str | None = None  # of the document that is shown, as it was asked for
        self.document_mime: str | None = None
        self.documents = 0  # how many were shown, one after the other
        self.marks: list[Mark] = []
        self.unmarked = 0
        self.last_traffic = time.monotonic()
        self.pages: dict[str, str] = {}  # targets of this visit and their sessions
        self._process = process
        self._context = context
        self._max_dialogs = max_dialogs
        self._dialogs = 0
        self._under_way: set[str] = set()
        self._ours: set[str] = set()
        self._requested: dict[str, str] = {}  # loader -> URL asked for last
        process.on_event = self.hear

    @property
    def quiet_for(self) -> float:
        """Seconds since anything was under way."""
        return 0.0 if self._under_way else time.monotonic() - self.last_traffic

    def mark(self, kind: str, detail: str = "") -> None:
        """Note what happened."""
        if len(self.marks) < MAX_MARKS:
            self.marks.append(Mark(kind, detail[:500]))
        else:
            self.unmarked += 1

    def hear(self, event: Event) -> None:
        """One event."""
        handler = _HANDLERS.get(event.get("method", ""))
        session = event.get("sessionId")
        if handler is not None and (session is None or session in self._ours):
            handler(self, event.get("params", {}), session)

    def _attached(self, params: dict[str, Any], session: str | None) -> None:
        info, new = params.get("targetInfo", {}), str(params.get("sessionId"))
        if info.get("browserContextId") != self._context:
            self._process.send("Runtime.runIfWaitingForDebugger", session=new)
            return
        kind = info.get("type")
        if kind == "page" and self.target is None:
            self.target, self.session = info.get("targetId"), new
            self._ours.add(new)
        elif kind == "page":
            self.mark("pop-up", str(info.get("url") or ""))
            self._process.send("Target.closeTarget", {"targetId": info.get("targetId")})
            self._process.send("Runtime.runIfWaitingForDebugger", session=new)  # whoever opened it waits for it
        elif kind == "service_worker":
            self.mark("service worker", str(info.get("url") or ""))
            self._process.send("Target.closeTarget", {"targetId": info.get("targetId")})
        else:
            self._ours.add(new)
            self._process.send("Network.enable", {"maxTotalBufferSize": 1, "maxResourceBufferSize": 1}, new)
            self._process.send("Runtime.runIfWaitingForDebugger", session=new)

    def _request(self, params: dict[str, Any], session: str | None) -> None:
        if params.get("type") not in _OPEN_ENDED:
            self._under_way.add(str(params.get("requestId")))
        self.last_traffic = time.monotonic()
        url = str(params.get("request", {}).get("url", ""))
        if params.get("requestId") == params.get("loaderId") and params.get("type") == "Document":
            if len(self._requested) > 1000:
                self._requested.pop(next(iter(self._requested)))
            self._requested[str(params.get("loaderId"))] = url

    def _over(self, params: dict[str, Any], session: str | None) -> None:
        self._under_way.discard(str(params.get("requestId")))
        self.last_traffic = time.monotonic()

    def _navigated(self, params: dict[str, Any], session: str | None) -> None:
        frame = params.get("frame", {})
        if session == self.session and frame.get("parentId") is None:
            self.main_frame = frame.get("id")
            self.document_url = self._requested.get(str(frame.get("loaderId")))
            self.document_mime = frame.get("mimeType")
            self.documents += 1
            self.loaded = False
            self._under_way.clear()

    def _load(self, params: dict[str, Any], session: str | None) -> None:
        if session == self.session:
            self.loaded = True

    def _dialog(self, params: dict[str, Any], session: str | None) -> None:
        self._dialogs += 1
        self.mark("dialog", f"{params.get('type')}: {str(params.get('message', ''))[:200]}")
        # Leaving is always allowed; everything else is answered with no.
        accept = params.get("type") == "beforeunload"
        self._process.send("Page.handleJavaScriptDialog", {"accept": accept}, session)
        if self._dialogs == self._max_dialogs:
            self.mark("scripts stopped", f"after {self._dialogs} dialogs")
            self._process.send("Emulation.setScriptExecutionDisabled", {"value": True}, session)
        if self._dialogs >= self._max_dialogs:
            self._process.send("Runtime.terminateExecution", session=session)

    def _window(self, params: dict[str, Any], session: str | None) -> None:
        self.mark("pop-up", str(params.get("url") or ""))

    def _download(self, params: dict[str, Any], session: str | None) -> None:
        self.mark("download", f"{str(params.get('suggestedFilename'))[:100]} from {params.get('url')}")

    def _crash(self, params: dict[str, Any], session: str | None) -> None:
        if session == self.session:
            self.crashed = True
            self.mark("crash", "the page's process ended")

    def _log(self, params: dict[str, Any], session: str | None) -> None:
        entry = params.get("entry", {})
        if entry.get("level") == "error" and "Not allowed to load local resource" in str(entry.get("text")):
            self.mark("local file", str(entry.get("text")))


_Handler = Callable[[Watch, dict[str, Any], str | None], None]
_HANDLERS: dict[str, _Handler] = {
    "Target.attachedToTarget": Watch._attached,
    "Network.requestWillBeSent": Watch._request,
    "Network.loadingFinished": Watch._over,
    "Network.loadingFailed": Watch._over,
    "Page.frameNavigated": Watch._navigated,
    "Page.loadEventFired": Watch._load,
    "Page.javascriptDialogOpening": Watch._dialog,
    "Page.windowOpen": Watch._window,
    "Browser.downloadWillBegin": Watch._download,
    "Inspector.targetCrashed": Watch._crash,
    "Log.entryAdded": Watch._log,
}
