"""A headless Firefox, spoken to by WebDriver BiDi, over a WebSocket on loopback; nothing but the standard library.

    python tests/firefox.py SCRIPT.html PAGE.html < names of zips, one a line        (in a network namespace of its own)

prints one line of JSON: {"engine", "page": verdict of PAGE on the first zip, "reports": what SCRIPT says of each}.
SCRIPT holds the verifier without its page (`archiver.verifyBundle`) and one file input.
"""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PREFERENCES = """
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("browser.safebrowsing.malware.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("toolkit.telemetry.enabled", false);
user_pref("app.update.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
"""


class WebSocket:
    """A client (RFC 6455), text messages only."""

    def __init__(self, port: int, path: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self._stream = self._socket.makefile("rb")
        assert b" 101 " in self._stream.readline()
        while self._stream.readline() not in (b"\r\n", b""):
            pass

    def send(self, text: str) -> None:
        data, mask = text.encode(), os.urandom(4)
        length = len(data)
        head = bytes([0x81]) + (
            bytes([0x80 | length]) if length < 126
            else bytes([0xFE]) + struct.pack(">H", length) if length < 65536
            else bytes([0xFF]) + struct.pack(">Q", length)
        )  # fmt: skip
        self._socket.sendall(head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(data)))

    def receive(self) -> str:
        whole = b""
        while True:
            first, second = self._stream.read(2)
            length = second & 127
            if length == 126:
                (length,) = struct.unpack(">H", self._stream.read(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", self._stream.read(8))
            data = self._stream.read(length)
            if first & 15 in (0, 1):
                whole += data
                if first & 0x80:
                    return whole.decode()


class Firefox:
    """One browser with a fresh profile, and one tab."""

    def __enter__(self) -> Firefox:
        self._profile = tempfile.TemporaryDirectory(prefix="archiver-firefox-", ignore_cleanup_errors=True)
        (Path(self._profile.name) / "user.js").write_text(PREFERENCES)
        self._process = subprocess.Popen(
            [
                "firefox-esr",
                "--headless",
                "--no-remote",
                "--profile",
                self._profile.name,
                "--remote-debugging-port",
                "0",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "HOME": self._profile.name, "MOZ_DISABLE_CONTENT_SANDBOX": "1"},
        )
        assert self._process.stderr is not None
        match = None
        while match is None:
            line = self._process.stderr.readline()
            assert line, "firefox ended"
            match = re.search(r"ws://127\.0\.0\.1:([0-9]+)", line)
        self._socket, self._number = WebSocket(int(match[1]), "/session"), 0
        self.call("session.new", capabilities={})
        self._tab = self.call("browsingContext.getTree")["contexts"][0]["context"]
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._profile.cleanup()

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command, give back its result."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.receive())
            if answer.get("id") == self._number:
                if answer.get("type") == "error":
                    raise AssertionError(f"{method}: {answer}")
                return dict(answer["result"])

    def open(self, path: Path) -> None:
        self.call("browsingContext.navigate", context=self._tab, url=path.resolve().as_uri(), wait="complete")

    def evaluate(self, expression: str) -> str:
        """The text that an expression gives."""
        found = self.call("script.evaluate", expression=expression, target={"context": self._tab}, awaitPromise=True)
        assert found["type"] == "success", found
        return str(found["result"].get("value"))

    def wait(self, expression: str, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while self.evaluate(f"String({expression})") != "true":
            assert time.monotonic() < end, f"not within {seconds} s: {expression}"
            time.sleep(0.05)

    def choose(self, selector: str, path: Path) -> None:
        found = self.call("browsingContext.locateNodes", context=self._tab, locator={"type": "css", "value": selector})
        self.call(
            "input.setFiles", context=self._tab, element={"sharedId": found["nodes"][0]["sharedId"]}, files=[str(path)]
        )


def main(script: Path, page: Path, names: list[Path]) -> dict[str, Any]:
    with Firefox() as browser:
        browser.open(page)
        browser.wait("document.documentElement.dataset.verifier !== undefined")
        engine = browser.evaluate("document.documentElement.dataset.verifier")
        browser.choose("#verifier-file", names[0])
        browser.wait("!!document.documentElement.dataset.verdict")
        verdict = browser.evaluate("document.documentElement.dataset.verdict")
        browser.open(script)
        browser.evaluate("archiver.chooseEngine()")
        reports = []
        for name in names:
            browser.choose("input", name)
            reports.append(json.loads(browser.evaluate(
                "archiver.verifyBundle(archiver.sourceOfBlob(document.querySelector('input').files[0]))"
                ".then((report) => JSON.stringify(report), (error) => JSON.stringify("
                "error.kind ? { refused: error.message } : { defect: String(error.stack) }))"
            )))  # fmt: skip
    return {"engine": engine, "page": verdict, "reports": reports}


if __name__ == "__main__":
    print(
        json.dumps(
            main(Path(sys.argv[1]), Path(sys.argv[2]), [Path(line) for line in sys.stdin.read().split("\n") if line])
        )
    )
