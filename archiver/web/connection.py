"""Where requests and urllib3 are hooked: they prepare and drive a request, the bytes go by our own hands.

    requests.Session -> CaptureAdapter -> urllib3 pool (for one request) -> CaptureConnection -> Wire

The connection is dialled before (web.dial), because what may be sent depends on whom it reached. `send` keeps what is
sent and sends it as it is; `getresponse` keeps what comes and lets `Reception` say where it ends. http.client's reader
is not used: it takes 103 for the answer, stops at 100 header lines, drops every line after one without a colon, and
decides from that where the response ends. Nothing is patched: another Session is not affected.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPConnectionPool, HTTPResponse
from urllib3.connection import HTTPConnection

from archiver.web.addresses import Origin
from archiver.web.dial import Line
from archiver.web.receive import Received, Receiver
from archiver.web.wire import Deadline


@dataclass(slots=True)
class Order:
    """One request to be made over `line`, and what became of it: `sent`, `received`.

    `url` is normalised, `origin` is it taken apart, `headers` are in the order of sending. `forwarded`: the request
    goes to a proxy, with the whole URL in it, and with `proxy_login`, which is kept out of what is recorded.
    """

    url: str
    origin: Origin
    headers: tuple[tuple[str, str], ...]
    line: Line
    deadline: Deadline
    forwarded: bool
    proxy_login: str | None
    sent: bytearray = field(default_factory=bytearray)
    received: Received | None = None


class CaptureConnection(HTTPConnection):
    """One connection for one request, http or https: tees and receives over the line of its order."""

    def __init__(self, *args: Any, order: Order, receiver: Receiver, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._order = order
        self._receiver = receiver

    def connect(self) -> None:
        """Takes the line, which is open."""
        self.sock = self._order.line.wire.sock

    def putrequest(self, method: str, url: str, skip_host: bool = False, skip_accept_encoding: bool = False) -> None:
        """The request line, with the target as it stands in the URL: urllib3 would spell it its own way."""
        order = self._order
        target = order.url if order.forwarded else order.origin.target
        super().putrequest(method, target, skip_host=True, skip_accept_encoding=True)

    def send(self, data: Any) -> None:
        """Keeps what is sent, then sends it. A connection that breaks here may still hold an answer."""
        order = self._order
        if self.sock is None:
            self.connect()
        order.sent += data
        if order.proxy_login is not None:
            head, end, rest = bytes(data).partition(b"\r\n\r\n")
            data = head + b"\r\nProxy-Authorization: " + order.proxy_login.encode("ascii") + end + rest
        with contextlib.suppress(OSError):  # seen again when there is nothing to receive
            order.line.wire.send(bytes(data), order.deadline)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        """Receives everything into the order. What urllib3 and requests get to see is an empty stand-in."""
        order = self._order
        order.deadline.doing = f"waiting for the answer of {order.origin.host}"
        try:
            order.received = self._receiver.receive(order.line.wire, order.deadline)
        finally:
            self.close()
        return HTTPResponse(body=b"", status=0, preload_content=False)


class CaptureAdapter(HTTPAdapter):
    """Gives every request a pool, and so a connection, of its own: nothing is left over from one to the next."""

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(max_retries=0)
        self._receiver = receiver

    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> HTTPConnectionPool:
        """A pool for the one connection of this request."""
        origin = request.order.origin
        pool = HTTPConnectionPool(origin.host, origin.port, order=request.order, receiver=self._receiver)
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
        self.headers = CaseInsensitiveDict(order.headers)


def new_session(receiver: Receiver) -> requests.Session:
    """A session that takes nothing from the environment and follows nothing; any number of threads may use it."""
    session = requests.Session()
    session.trust_env = False
    adapter = CaptureAdapter(receiver)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def carry_out(session: requests.Session, order: Order) -> Received:
    """Makes the request of an order, and closes its line. Raises ExchangeError if no request could be sent,
    StoreError."""
    with contextlib.closing(order.line.wire):
        session.send(CaptureRequest(order), allow_redirects=False, stream=True).close()
    assert order.received is not None
    return order.received
