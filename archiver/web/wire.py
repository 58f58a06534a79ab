"""One socket that never waits longer than it may: connect, TLS handshake, send, receive, all under a deadline.

A socket's own timeout starts afresh with every byte, so that a slow enough server holds a reader for ever. Here the
sockets do not block, and whoever waits looks at the visit's deadline and at the user's wish to stop.
"""

from __future__ import annotations

import contextlib
import functools
import os
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

from archiver.web.exchange import ExchangeError
from archiver.web.stop import Stop

PIECE = 1 << 16  # bytes of one receive
SLICE = 0.1  # seconds; how soon a wish to stop is heard

_T = TypeVar("_T")
# Without a limit on the number of files, where the system has it.
_Selector: Callable[[], selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)
_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Deadline:
    """The moment by which something must be over. `doing` says, for people, what is waited for."""

    def __init__(self, seconds: float, stop: Stop) -> None:
        self.doing = "waiting"
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._stop = stop
        self._look = 0.0  # when the wish to stop is looked at next: between processes that takes a while

    def left(self) -> float:
        """Seconds until then, more than 0. Raises ExchangeError (timeout, interrupted)."""
        now = time.monotonic()
        if now >= self._look:
            self._look = now + SLICE
            if self._stop.is_set():
                raise ExchangeError("interrupted", "stopped by the user")
        left = self._end - now
        if left <= 0:
            raise ExchangeError("timeout", f"gave up after {self._seconds:g} seconds, {self.doing}", retryable=True)
        return left

    def within(self, seconds: float) -> Deadline:
        """A deadline of so many seconds from now, but not after this one."""
        sooner = Deadline(seconds, self._stop)
        sooner.doing = self.doing
        if self._end < sooner._end:
            sooner._end, sooner._seconds = self._end, self._seconds
        return sooner


class Wire:
    """An open connection, over TLS after `start_tls`. Errors of the network come out as OSError."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self._waiting: tuple[selectors.BaseSelector, socket.socket, int] | None = None
        self.peer = ""  # the IP address at the other end of this very socket

    @classmethod
    def connect(cls, address: str, port: int, deadline: Deadline) -> Wire:
        """A TCP connection to an IP address. Raises OSError, ExchangeError."""
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            wire = cls(sock)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with contextlib.suppress(BlockingIOError):
                sock.connect((address, port))
            wire._wait(_WRITE, deadline)
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, os.strerror(code))
            wire.peer = str(sock.getpeername()[0]).partition("%")[0]
        except BaseException:
            sock.close()
            raise
        return wire

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start_tls(self, context: ssl.SSLContext, host: str, deadline: Deadline) -> ssl.SSLSocket:
        """Goes on in TLS. Raises ssl.SSLError, OSError, ExchangeError."""
        session = context.wrap_socket(
            self.sock, server_hostname=host, do_handshake_on_connect=False, suppress_ragged_eofs=False
        )
        self.sock = session
        self._until_done(session.do_handshake, _READ, deadline)
        return session

    def accept_tls(self, context: ssl.SSLContext, deadline: Deadline) -> None:
        """Goes on in TLS as the server. Raises ssl.SSLError, OSError, ExchangeError."""
        session = context.wrap_socket(
            self.sock, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=False
        )
        self.sock = session
        self._until_done(session.do_handshake, _READ, deadline)

    def peek(self, deadline: Deadline) -> bytes:
        """The next byte, which stays to be received; nothing at the end. Before TLS. Raises OSError, ExchangeError."""
        return self._until_done(lambda: self.sock.recv(1, socket.MSG_PEEK), _READ, deadline)

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Sends all of it. Raises OSError, ExchangeError."""
        left = memoryview(data)
        while left:
            sent = self._until_done(functools.partial(self.sock.send, left), _WRITE, deadline)
            left = left[sent:]

    def receive(self, deadline: Deadline, limit: int = PIECE) -> bytes:
        """What comes next, at least one byte; nothing at the end. Raises OSError, ExchangeError."""
        return self._until_done(lambda: self.sock.recv(limit), _READ, deadline)

    def receive_ready(self) -> bytes | None:
        """What has come already; None if nothing has, nothing at the end. Raises OSError."""
        try:
            return self.sock.recv(PIECE)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None

    def close(self) -> None:
        """Closes the connection, without waiting for the other side."""
        if self._waiting is not None:
            self._waiting[0].close()
            self._waiting = None
        self.sock.close()

    def _until_done(self, operation: Callable[[], _T], event: int, deadline: Deadline) -> _T:
        while True:
            deadline.left()
            try:
                return operation()
            except BlockingIOError:
                self._wait(event, deadline)
            except ssl.SSLWantReadError:
                self._wait(_READ, deadline)
            except ssl.SSLWantWriteError:
                self._wait(_WRITE, deadline)

    def _wait(self, event: int, deadline: Deadline) -> None:
        selector = self._selector(event)
        while not selector.select(min(deadline.left(), SLICE)):
            pass

    def _selector(self, event: int) -> selectors.BaseSelector:
        """Waits for the event; made once for each kind of wait, not once for each wait."""
        if self._waiting is not None:
            selector, sock, for_event = self._waiting
            if sock is self.sock and for_event == event:
                return selector
            selector.close()
        selector = _Selector()
        selector.register(self.sock, event)
        self._waiting = selector, self.sock, event
        return selector


def resolve_within(resolve: Callable[[], _T], deadline: Deadline) -> _T:
    """What `resolve` gives. The system's look-up of names cannot be stopped, so it runs in a thread that is left
    behind when time is up. Raises ExchangeError, and what `resolve` raises."""
    found: list[_T] = []
    failed: list[BaseException] = []
    done = threading.Event()

    def look_up() -> None:
        try:
            found.append(resolve())
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            failed.append(error)
        finally:
            done.set()

    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    while not done.wait(min(deadline.left(), SLICE)):
        pass
    if failed:
        raise failed[0]
    return found[0]
