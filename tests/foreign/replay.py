"""Replays a page of a WACZ in ReplayWeb.page in a real browser, and prints the text that stands in it, as JSON.

    python replay.py PACKAGE-FOLDER FILE.wacz URL

To be run where there is no network but loopback (`unshare --net`). PACKAGE-FOLDER is an unpacked npm package
`replaywebpage`, which is used here and never part of this project (AGPL-3.0).
"""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import chromium

TYPES = {".js": "text/javascript", ".html": "text/html", ".wacz": "application/wacz"}
# The text of every frame of one origin, through shadow roots; the replayed page is the one below `mp_/`.
TEXT = """
(() => {
  const found = [];
  const walk = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) walk(element.shadowRoot);
      if (element.tagName === "IFRAME" && element.contentDocument) {
        const inner = element.contentDocument;
        if (inner.location.href.includes("mp_/") && inner.body) found.push(inner.body.innerText);
        walk(inner);
      }
    }
  };
  walk(document);
  return found.join("\\n");
})()
"""


def serve(package: Path, wacz: Path, url: str) -> ThreadingHTTPServer:
    page = (
        "<!doctype html><script src='/ui.js'></script><replay-web-page source='/page.wacz' "
        f"url='{url}' embed='replayonly' replayBase='/replay/'></replay-web-page>"
    ).encode()
    files = {"/": page, "/ui.js": (package / "ui.js").read_bytes(), "/replay/sw.js": (package / "sw.js").read_bytes()}
    files |= {"/page.wacz": wacz.read_bytes(), "/replay/": b"<!doctype html><title>replay</title>"}

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            data = files.get(self.path.partition("?")[0])
            if data is None:
                self.send_error(404)
                return
            total, given, status = len(data), self.headers.get("Range"), 200
            if given and given.startswith("bytes="):
                first, _, last = given[6:].partition("-")
                begin = int(first) if first else total - int(last)
                end = int(last) if first and last else total - 1
                data, status = data[begin : end + 1], 206
            self.send_response(status)
            if status == 206:
                self.send_header("Content-Range", f"bytes {begin}-{begin + len(data) - 1}/{total}")
            self.send_header("Content-Type", TYPES.get(Path(self.path.partition("?")[0]).suffix, "text/html"))
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Accept-Ranges", "bytes")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            return None

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


def main(package: str, wacz: str, url: str) -> None:
    server = serve(Path(package), Path(wacz), url)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    chromium.ALONE = []  # this process has no network already
    with chromium.Chromium() as browser:
        page = browser.open(Path(package) / "package.json")
        page.call("Page.navigate", url=f"http://localhost:{server.server_port}/")
        page.wait("location.protocol === 'http:'")
        page.wait(f"({TEXT.strip()}).length > 20", 60)
        print(json.dumps(page.evaluate(TEXT)))
    server.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
