"""A real time-stamping authority on loopback: `openssl ts -reply` behind a small HTTP server.

with Tsa(folder) as tsa:
    tsa.url                    http://127.0.0.1:PORT/tsr
    tsa.root_path              its root, to pin
    tsa.mode = "garbage"       … or another of MODES: what it answers instead
"""

from __future__ import annotations

import contextlib
import http.server
import subprocess
import threading
from pathlib import Path

from tsa_forge import Chain, answer

CONFIG = """\
[tsa]
default_tsa = tsa_one
[tsa_one]
dir = {folder}
serial = $dir/serial
crypto_device = builtin
signer_cert = $dir/signer.pem
certs = $dir/chain.pem
signer_key = $dir/signer.key
signer_digest = sha256
default_policy = 1.2.3.4.5
other_policies = 1.2.3.4.6
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
MODES = ("good", "other nonce", "other message", "garbage", "empty", "rejected", "error", "slow", "huge", "foreign")


class Tsa:
    """Root, intermediate and signer in `folder`, and a server while the `with` lasts."""

    def __init__(self, folder: Path, label: str = "One") -> None:
        self.chain = Chain(label)
        self.foreign = Chain("Foreign")
        self.folder = folder
        self.mode = "good"
        self.asked: list[bytes] = []
        self.closing = threading.Event()
        folder.mkdir(parents=True, exist_ok=True)
        self.root_path = folder / "root.pem"
        self.root_path.write_bytes(self.chain.root.pem)
        (folder / "signer.pem").write_bytes(self.chain.signer.pem)
        (folder / "signer.key").write_bytes(self.chain.signer.key_pem)
        (folder / "chain.pem").write_bytes(self.chain.middle.pem)
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
        self._lock = threading.Lock()

    def __enter__(self) -> Tsa:
        tsa = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                tsa.asked.append(body)
                tsa.respond(self, body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/tsr"
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def reply(self, request: bytes) -> bytes:
        """What openssl answers."""
        with self._lock:
            query, reply = self.folder / "query.tsq", self.folder / "reply.tsr"
            query.write_bytes(request)
            subprocess.run(
                ["openssl", "ts", "-reply", "-config", self.folder / "tsa.cnf", "-queryfile", query, "-out", reply],
                check=True,
                capture_output=True,
                timeout=30,
            )
            return reply.read_bytes()

    def respond(self, handler: http.server.BaseHTTPRequestHandler, request: bytes) -> None:
        if self.mode == "slow":
            with contextlib.suppress(OSError):  # who asked gave up
                handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
                while not self.closing.wait(0.1):
                    handler.wfile.write(b"x")
            return
        if self.mode == "error":
            handler.send_error(503)
            return
        body = {
            "good": lambda: self.reply(request),
            "other nonce": lambda: answer(self.chain, request, nonce=7),
            "other message": lambda: answer(self.chain, request, imprint=b"x" * 32),
            "garbage": lambda: b"<html>welcome to the hotel</html>",
            "empty": lambda: b"",
            "rejected": lambda: answer(self.chain, request, status=2),
            "huge": lambda: b"0" * 3_000_000,
            "foreign": lambda: answer(
                self.foreign,
                request,
                certificates=[self.foreign.signer.der, self.foreign.middle.der, self.foreign.root.der],
            ),
        }[self.mode]()
        handler.send_response(200)
        handler.send_header("Content-Type", "application/timestamp-reply")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
