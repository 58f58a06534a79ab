"""Where requests and urllib3 are hooked: they prepare and drive a request, the bytes go by our own hands.

    requests.Session -> CaptureAdapter -> urllib3 pool (for one request) -> CaptureConnection -> Wire

`send` keeps what is sent and sends it as it is; `getresponse` keeps what comes and lets `Reception` say where it ends.
http.client's reader is not used: it takes 103 for the answer, stops at 100 header lines, drops every line after one
without a colon, and decides from that where the response ends. Nothing is patched: another Session is not affected.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPConnectionPool, HTTPResponse
from urllib3.connection import HTTPConnection

from archiver.web.addresses import Origin
from archiver.web.dial import Dialler, Line
from archiver.web.proxy import refused_login
from archiver.web.receive import Received, Receiver
from archiver.web.wire import Deadline


@dataclass(slots=True)
class Order:
    """One request to be made, and what became of it. `url` as normalised, `origin` of it; `headers` in the order of
    sending."""

    url: str
    origin: Origin
    headers: tuple[tuple[str, str], ...]
    deadline: Deadline
    clock: Callable[[], str]
    line: Line | None = None
    started: str = ""
    sent: bytearray = field(default_factory=bytearray)
    received: Received | None = None


class CaptureConnection(HTTPConnection):
    """One connection for one request, http or https: dials, tees and receives as its order says."""

    def __init__(self, *args: Any, order: Order, dialler: Dialler, receiver: Receiver, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._order = order
        self._dialler = dialler
        self._receiver = receiver

    def connect(self) -> None:
        """Raises ExchangeError."""
        order = self._order
        order.line = self._dialler.open(order.origin, order.deadline)
        self.sock = order.line.wire.sock
        order.started = order.clock()

    def putrequest(self, method: str, url: str, skip_host: bool = False, skip_accept_encoding: bool = False) -> None:
        """The request line, with the target as it stands in the URL: urllib3 would spell it its own way."""
        order = self._order
        target = order.url if self._dialler.is_forwarded(order.origin) else order.origin.target
        super().putrequest(method, target, skip_host=True, skip_accept_encoding=True)

    def send(self, data: Any) -> None:
        """Keeps what is sent, then sends it. A connection that breaks here may still hold an answer."""
        order = self._order
        if self.sock is None:
            self.connect()
        assert order.line is not None
        order.sent += data
        with contextlib.suppress(OSError):  # seen again when there is nothing to receive
            order.line.wire.send(self._with_authorization(bytes(data)), order.deadline)

    def _with_authorization(self, data: bytes) -> bytes:
        """Adds the password for a proxy that forwards, which is kept out of what is recorded."""
        proxy = self._dialler.proxy
        if proxy is None or proxy.authorization is None or not self._dialler.is_forwarded(self._order.origin):
            return data
        head, end, rest = data.partition(b"\r\n\r\n")
        return head + b"\r\nProxy-Authorization: " + proxy.authorization.encode("ascii") + end + rest

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        """Receives everything into the order. What urllib3 and requests get to see is an empty stand-in."""
        order = self._order
        assert order.line is not None
        order.deadline.doing = f"waiting for the answer of {order.origin.host}"
        try:
            order.received = self._receiver.receive(order.line.wire, order.deadline)
        finally:
            self.close()
        self._refuse_the_proxys_own(order.received)
        return HTTPResponse(body=b"", status=0, preload_content=False)

    def _refuse_the_proxys_own(self, got: Received) -> None:
        """407 is what a proxy says of itself: nothing of it came from the site."""
        head = got.reception.head
        if self._dialler.is_forwarded(self._order.origin) and head is not None and head.status == 407:
            got.stream.close()
            assert self._dialler.proxy is not None
            raise refused_login(self._dialler.proxy)

    def close(self) -> None:
        """Closes the connection, however far it got."""
        if self._order.line is not None:
            self._order.line.wire.close()
        super().close()


class CaptureAdapter(HTTPAdapter):
    """Gives every request a pool, and so a connection, of its own: nothing is left over from one to the next."""

    def __init__(self, dialler: Dialler, receiver: Receiver) -> None:
        super().__init__(max_retries=0)
        self._dialler = dialler
        self._receiver = receiver

    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> HTTPConnectionPool:
        pool = HTTPConnectionPool(
            request.order.origin.host,
            request.order.origin.port,
            order=request.order,
            dialler=self._dialler,
            receiver=self._receiver,
        )
        pool.ConnectionCls = CaptureConnection
        return pool

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """The dialler does; here it would load the roots anew for every request."""


class CaptureRequest(requests.PreparedRequest):
    """A GET whose URL and headers are sent as they are given."""

    def __init__(self, order: Order) -> None:
        super().__init__()
        self.order = order
        self.method = "GET"
        self.url = order.url
        self.headers = CaseInsensitiveDict(_once(order.headers))


def _once(headers: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    return dict(headers)


def new_session(dialler: Dialler, receiver: Receiver) -> requests.Session:
    """A session that takes nothing from the environment and follows nothing; any number of threads may use it."""
    session = requests.Session()
    session.trust_env = False
    adapter = CaptureAdapter(dialler, receiver)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def carry_out(session: requests.Session, order: Order) -> None:
    """Makes the request of an order. Raises ExchangeError if no request could be sent, StoreError."""
    session.send(CaptureRequest(order), allow_redirects=False, stream=True).close()
