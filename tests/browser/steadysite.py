"""The raw-socket site of tests/web, but its connections stay open after an answer that says how long it is."""

from __future__ import annotations

import contextlib
import re
import socket

from testsite import BROKEN, WHOLE, Site, Talk, _close_gently


class SteadySite(Site):
    """`connections` then counts fewer than there were requests."""

    def _answer(self, sock: socket.socket) -> None:
        data = b""
        while True:
            while b"\r\n\r\n" not in data:
                piece = sock.recv(65536)
                if not piece:
                    return
                data += piece
            head, _, data = data.partition(b"\r\n\r\n")
            request = head + b"\r\n\r\n"
            length = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", request)
            while length and len(data) < int(length[1]):
                data += sock.recv(65536)
            body, data = (data[: int(length[1])], data[int(length[1]) :]) if length else (b"", data)
            target = request.split(b" ")[1].decode("ascii")
            if "://" in target:  # as a proxy gets it
                target = "/" + target.partition("://")[2].partition("/")[2]
            talk = Talk(self, sock, request + body, target)
            with self._lock:
                self.received[target].append(request + body)
            path = target if target in self._scripts else target.partition("?")[0]
            try:
                for step in self._scripts.get(path, (WHOLE["/404"],)):
                    talk.send(step) if isinstance(step, bytes) else step(talk)
            finally:
                with self._lock:
                    self.sent[target].append(bytes(talk.sent))
            said = bytes(talk.sent).partition(b"\r\n\r\n")[0].lower()
            if not (b"content-length:" in said or b"chunked" in said) or b"connection: close" in said or path in BROKEN:
                break
        if talk.clean:
            with contextlib.suppress(OSError):
                _close_gently(sock)
