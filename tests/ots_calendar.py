"""An OpenTimestamps calendar on loopback that keeps its promises: it mines a block of its own, easily.

    with Calendar() as calendar:
        calendar.url
        calendar.confirm()             puts what is pending under one Merkle root, in a block of regtest's work
        calendar.header_lines()        the file of headers that a verifier needs

Tests that use its headers lower what a header must have worked: `easy(monkeypatch)`.
"""

from __future__ import annotations

import hashlib
import http.server
import struct
import threading
from pathlib import Path

import pytest

from archiver.stamps import bitcoin
from archiver.stamps import opentimestamps as ots

TIME = 1795608000  # 2026-11-25T12:00:00Z
REGTEST = 0x207FFFFF


def easy(patch: pytest.MonkeyPatch) -> None:
    """Believe headers of regtest's difficulty."""
    patch.setattr(bitcoin, "_EASIEST", 0x7FFFFF << 232)


def mine(root: bytes, time: int = TIME, previous: bytes = bytes(32)) -> bytes:
    """A header over that root whose work is that of regtest."""
    for nonce in range(10_000):
        raw = struct.pack("<I32s32sIII", 2, previous, root, time, REGTEST, nonce)
        work = int.from_bytes(hashlib.sha256(hashlib.sha256(raw).digest()).digest(), "little")
        if work <= 0x7FFFFF << 232:
            return raw
    raise AssertionError("no luck")


class Calendar:
    """`mode`: good, garbage, error, huge, elsewhere (its promise names another address), empty."""

    def __init__(self, height: int = 800_000) -> None:
        self.mode = "good"
        self.height = height
        self.pending: list[bytes] = []
        self.proven: dict[bytes, ots.Node] = {}
        self.headers: dict[int, bytes] = {}
        self.asked: list[str] = []

    def __enter__(self) -> Calendar:
        calendar = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                calendar.asked.append(f"POST {self.path}")
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.path == "/digest" and len(body) == 32
                calendar.pending.append(body)
                self._say(200, calendar.promise())

            def do_GET(self) -> None:
                calendar.asked.append(f"GET {self.path}")
                node = calendar.proven.get(bytes.fromhex(self.path.removeprefix("/timestamp/")))
                self._say(404 if node is None else 200, b"pending" if node is None else ots._encode_node(node))

            def _say(self, status: int, body: bytes) -> None:
                if calendar.mode == "error":
                    status = 500
                body = {"garbage": b"<html>", "huge": b"x" * 20_000, "empty": b""}.get(calendar.mode, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def promise(self) -> bytes:
        """What it answers to a digest: salted by the calendar, pending there."""
        uri = "http://169.254.169.254/latest" if self.mode == "elsewhere" else self.url
        node = ots.Node((ots.Pending(uri),))
        return ots._encode_node(ots.Node(((ots.Step(ots.APPEND, b"salt"), ots.Node(((ots.Step(ots.SHA256), node),))),)))

    def confirm(self, time: int = TIME) -> None:
        """Everything that is pending goes into one block: sha256d up a chain of concatenations."""
        leaves = [hashlib.sha256(digest + b"salt").digest() for digest in self.pending]
        paths: list[list[ots.Step]] = [[] for _ in leaves]
        row = [(leaf, [place]) for place, leaf in enumerate(leaves)]
        while len(row) > 1:
            above = []
            for left, right in zip(row[::2], row[1::2], strict=False):
                for members, step in (
                    (left[1], ots.Step(ots.APPEND, right[0])),
                    (right[1], ots.Step(ots.PREPEND, left[0])),
                ):
                    for member in members:
                        paths[member] += [step, ots.Step(ots.SHA256), ots.Step(ots.SHA256)]
                joined = hashlib.sha256(hashlib.sha256(left[0] + right[0]).digest()).digest()
                above.append((joined, left[1] + right[1]))
            row = above + (row[-1:] if len(row) % 2 else [])
        self.headers[self.height] = mine(row[0][0], time)
        for leaf, path in zip(leaves, paths, strict=True):
            node = ots.Node((ots.Block(self.height),))
            for step in reversed(path):
                node = ots.Node(((step, node),))
            self.proven[leaf] = node
        self.height += 1
        self.pending = []

    def header_lines(self) -> str:
        return "# height and header\n" + "".join(f"{height} {raw.hex()}\n" for height, raw in self.headers.items())

    def write_headers(self, path: Path) -> Path:
        path.write_text(self.header_lines())
        return path
