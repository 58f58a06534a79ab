"""A headless Chromium without a network, spoken to over a pipe (Chrome DevTools Protocol); nothing but this is needed.

with Chromium() as browser:
    page = browser.open(path)                  a file:// page
    page.choose("#verifier-file", zip_path)    as a person chooses a file
    page.wait("document.title !== ''")
    page.evaluate("document.title")            a JSON value
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

PROGRAM = next(
    (found for name in ("chromium", "chromium-headless-shell", "google-chrome") if (found := shutil.which(name))), None
)
ALONE = ["unshare", "--net", "--map-root-user"]  # its own network namespace, in which nothing is up


class Chromium:
    """One browser with a fresh profile. `alone`: whether it has a network namespace of its own."""

    def __enter__(self) -> Chromium:
        assert PROGRAM is not None
        self._profile = tempfile.TemporaryDirectory(prefix="archiver-chromium-", ignore_cleanup_errors=True)
        out_read, self._out = os.pipe()
        self._in, in_write = os.pipe()
        self.alone = subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode == 0
        command = [
            *(ALONE if self.alone else []), PROGRAM, "--headless", "--remote-debugging-pipe", "--no-sandbox",
            "--disable-gpu", "--no-first-run", "--disable-background-networking",
            f"--user-data-dir={self._profile.name}", "about:blank",
        ]  # fmt: skip

        def hand_over() -> None:  # the browser reads commands from its descriptor 3 and writes answers to 4
            kept = [fcntl.fcntl(out_read, fcntl.F_DUPFD, 20), fcntl.fcntl(in_write, fcntl.F_DUPFD, 20)]
            os.dup2(kept[0], 3)
            os.dup2(kept[1], 4)

        self._process = subprocess.Popen(
            command, pass_fds=(3, 4), preexec_fn=hand_over, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(out_read)
        os.close(in_write)
        self._number, self._rest = 0, b""
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        os.close(self._out)
        os.close(self._in)
        self._profile.cleanup()

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Send a command, give back its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return dict(answer["result"])

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            piece = os.read(self._in, 1 << 16)
            assert piece, "the browser ended"
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(line))

    def open(self, path: Path, *, fragment: str = "", width: int = 1280, height: int = 900, dark: bool = False) -> Page:
        """A page with that file; `width` in CSS pixels."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        page.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        if dark:
            page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        page.call("Page.enable")
        page.call("Page.navigate", url=path.resolve().as_uri() + fragment)
        page.wait("document.readyState === 'complete' && location.href !== 'about:blank'")
        return page


class Page:
    """One tab."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser, self._session = browser, session

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **params)

    def evaluate(self, expression: str) -> Any:
        """The JSON value of an expression."""
        options = {"returnByValue": True, "awaitPromise": True, "allowUnsafeEvalBlockedByCSP": False}
        found = self.call("Runtime.evaluate", expression=expression, **options)
        if "exceptionDetails" in found:
            raise AssertionError(f"{expression}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def wait(self, expression: str, seconds: float = 30) -> None:
        """Until the expression is true."""
        end = time.monotonic() + seconds
        while not self.evaluate(expression):
            assert time.monotonic() < end, f"not within {seconds} s: {expression}"
            time.sleep(0.02)

    def choose(self, selector: str, path: Path) -> None:
        """Choose a file in a file input."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", files=[str(path)], nodeId=node)

    def picture(self, path: Path) -> None:
        """The whole page as a PNG."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True, format="png")["data"]
        path.write_bytes(base64.b64decode(data))

    def full_picture(self, path: Path) -> None:
        """The page from top to bottom as a PNG, however long."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 12000), "scale": 1}
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True, format="png", clip=clip)["data"]
        path.write_bytes(base64.b64decode(data))
