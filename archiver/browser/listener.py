"""A server on loopback with a thread for each connection, and one that turns everybody away and counts them."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

from archiver.browser.asked import BadRequestError, parse_head
from archiver.web.exchange import ExchangeError
from archiver.web.stop import Stop
from archiver.web.wire import Deadline, Wire

MAX_CONNECTIONS = 256
MAX_NAMED = 100  # hosts that a closed door remembers by name
GREETING_SECONDS = 10.0


class Listener:
    """Accepts connections until `close`; `handle` owns each, in a thread of its own, and must end soon once it is
    closed."""

    def __init__(self, handle: Callable[[Wire], None]) -> None:
        self._handle = handle
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._socket.getsockname()[1]
        self._lock = threading.Lock()
        self._open: dict[threading.Thread, Wire] = {}
        self._acceptor = threading.Thread(target=self._accept, name="proxy", daemon=True)
        self._acceptor.start()

    def close(self, seconds: float = 3.0) -> None:
        """Closes every connection and waits so long for its thread."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._acceptor.join(seconds)
        with self._lock:
            left = list(self._open.items())
        for _, wire in left:
            with contextlib.suppress(OSError):
                wire.sock.shutdown(socket.SHUT_RDWR)
        for thread, _ in left:
            thread.join(seconds)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            with self._lock:
                if len(self._open) >= MAX_CONNECTIONS:
                    sock.close()
                    continue
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                wire = Wire(sock)
                thread = threading.Thread(target=self._run, args=(wire,), name="proxy", daemon=True)
                self._open[thread] = wire
            thread.start()

    def _run(self, wire: Wire) -> None:
        try:
            self._handle(wire)
        finally:
            wire.close()
            with self._lock:
                self._open.pop(threading.current_thread(), None)


def read_head(client: Wire, limit: int, deadline: Deadline) -> tuple[bytes, bytes] | None:
    """A request's head with its empty line, and what came behind it; None if there is none, or it is longer.
    Raises OSError, ExchangeError."""
    data = b""
    while (end := data.find(b"\r\n\r\n")) < 0:
        piece = client.receive(deadline)
        data += piece
        if not piece or len(data) > limit:
            return None
    return data[: end + 4], data[end + 4 :]


class ClosedDoor:
    """What the browser itself asks for, outside of any page (updates, lists, accounts), comes here and gets nothing."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._lock = threading.Lock()
        self._count = 0
        self._hosts: dict[str, None] = {}
        self._listener = Listener(self._turn_away)
        self.port = self._listener.port

    def take(self) -> tuple[int, tuple[str, ...]]:
        """How many requests were turned away since the last call, and which hosts they were for."""
        with self._lock:
            found = self._count, tuple(self._hosts)
            self._count, self._hosts = 0, {}
        return found

    def close(self) -> None:
        """No more is listened to."""
        self._listener.close()

    def _turn_away(self, client: Wire) -> None:
        host = "?"
        with contextlib.suppress(OSError, ExchangeError, BadRequestError):
            found = read_head(client, 16 << 10, Deadline(GREETING_SECONDS, self._stop))
            if found is not None:
                target = parse_head(found[0]).target
                host = target.partition("://")[2].partition("/")[0] or target
        with self._lock:
            self._count += 1
            if len(self._hosts) < MAX_NAMED:
                self._hosts[host[:300]] = None
