"""Where requests is hooked: its session drives a request, the bytes go by our own hands.

    requests.Session -> CaptureAdapter -> Wire

The connection is dialled before (web.dial), because what may be sent depends on whom it reached. The adapter keeps what
is sent and sends it as it is, keeps what comes and lets `Reception` say where it ends. urllib3 and http.client are not
used below it: the reader of the latter takes 103 for the answer, stops at 100 header lines, drops every line after one
without a colon, and decides from that where the response ends; and both cost more than all the rest of a visit. Nothing
is patched: another Session is not affected.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from archiver.errors import UsageError
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
    method: str = "GET"
    sent: bytearray = field(default_factory=bytearray)
    received: Received | None = None


class CaptureAdapter(BaseAdapter):
    """Carries out the order of each request: says its bytes, keeps them, and keeps what comes."""

    def __init__(self, receiver: Receiver) -> None:
        super().__init__()
        self._receiver = receiver

    def send(self, request: Any, *_: Any, **__: Any) -> requests.Response:
        """Everything into the order. What requests gets to see is an empty stand-in."""
        order: Order = request.order
        _say(order, request.headers)
        order.deadline.doing = f"waiting for the answer of {order.origin.host}"
        order.received = self._receiver.receive(order.line.wire, order.deadline)
        answer = requests.Response()
        answer.status_code, answer.raw, answer.request = 0, io.BytesIO(), request
        answer.url = order.url
        return answer

    def close(self) -> None:
        """Between requests nothing is open."""


def _say(order: Order, headers: Mapping[str, str]) -> None:
    """Keeps what is sent, then sends it, with the target as it stands in the URL. A connection that breaks here may
    still hold an answer."""
    target = order.url if order.forwarded else order.origin.target
    lines = [f"{order.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if any("\r" in line or "\n" in line for line in lines):
        raise UsageError("a header field with a line end in it cannot be sent")
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n"
    order.sent += head + b"\r\n"
    login = "" if order.proxy_login is None else f"Proxy-Authorization: {order.proxy_login}\r\n"
    data = head + login.encode("ascii") + b"\r\n"
    with contextlib.suppress(OSError):  # seen again when there is nothing to receive
        order.line.wire.send(data, order.deadline)


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
        session.send(CaptureRequest(order), allow_redirects=False, stream=True, proxies={}).close()
    assert order.received is not None
    return order.received
