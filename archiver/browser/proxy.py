"""The recording proxy of one visit: what the browser asks goes to the site as it is, and every byte of it is kept.

    browser --HTTP/1.1, our certificate--> proxy --HTTP/1.1, the site's own--> site

No ALPN on either side: there is no HTTP/2, so that what is kept is what was sent. Names are looked up, addresses
judged, connections made and certificates verified by web.dial, as for a plain capture: a page that asks for
169.254.169.254 or the collector's own network is refused here, on the address that would be connected to. Nothing is
decoded, nothing is answered in the site's place: where no answer came, the browser's connection ends.

A connection to the site is used again only if its last response was whole and nothing came behind it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from archiver.browser.asked import MAX_HEAD, Asked, BadRequestError, address_of, parse_head, tunnel_target
from archiver.browser.identity import Identity
from archiver.browser.listener import Listener, read_head
from archiver.browser.tape import AtLimitError, Failure, Tape
from archiver.browser.websocket import lead_through
from archiver.errors import StoreError
from archiver.web.addresses import Origin
from archiver.web.connection import Order
from archiver.web.dial import Dialler, Line
from archiver.web.exchange import Exchange, ExchangeError
from archiver.web.fetch import exchange_of
from archiver.web.proxy import refused_login
from archiver.web.receive import Received, Receiver
from archiver.web.stop import Stop
from archiver.web.wire import Deadline, Wire

IDLE_SECONDS = 3600.0  # an idle connection ends with the visit
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
TLS_HANDSHAKE = b"\x16"  # the first byte of a client that speaks TLS


class Either:
    """Set when either of two wishes to stop is."""

    def __init__(self, first: Stop, second: Stop) -> None:
        self._first, self._second = first, second

    def is_set(self) -> bool:
        """Whether to stop."""
        return self._first.is_set() or self._second.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Waits for the first alone."""
        return self._first.wait(timeout) or self._second.is_set()


@dataclass(frozen=True, slots=True)
class Recording:
    """What the proxies of all visits share. `guarded`: cookies were given, which go to no one whose certificate does
    not verify. `exchange_seconds` for one exchange, connection included."""

    dialler: Dialler
    identity: Identity
    clock: Callable[[], str]
    stop: Stop
    max_bytes: int
    max_head: int
    folder: Path | None
    exchange_seconds: float = 120.0
    guarded: bool = False


class RecordingProxy:
    """Listens on a loopback port of its own until `close`; `tape` has what it recorded."""

    def __init__(self, recording: Recording, tape: Tape) -> None:
        self.tape = tape
        self._recording = recording
        self._ended = threading.Event()
        self._stop = Either(self._ended, recording.stop)
        self._receiver = Receiver(max_bytes=recording.max_bytes, max_head=recording.max_head, folder=recording.folder)
        self._listener = Listener(self._serve)
        self.port = self._listener.port

    def close(self) -> None:
        """Ends every exchange that is under way; what came of it until now is kept. Raises StoreError if something
        could not be."""
        self._ended.set()
        self._listener.close()
        if self.tape.problem is not None:
            raise self.tape.problem

    def _serve(self, client: Wire) -> None:
        """One connection of the browser."""
        talk = _Talk(self, client)
        try:
            talk.go()
        except (OSError, ExchangeError, BadRequestError):
            pass  # the browser's connection is over; what matters was noted
        except StoreError as error:
            self.tape.problem = error
        finally:
            talk.close()


class _Talk:
    """One connection of the browser, and those to sites that it needed."""

    def __init__(self, proxy: RecordingProxy, client: Wire) -> None:
        self._tape = proxy.tape
        self._shared = proxy._recording
        self._stop = proxy._stop
        self._receiver = proxy._receiver
        self._client = client
        self._lines: dict[tuple[str, str, int], Line] = {}
        self._tunnel: tuple[str, str, int] | None = None

    def close(self) -> None:
        for line in self._lines.values():
            line.wire.close()

    def go(self) -> None:
        while (asked := self._next()) is not None:
            if asked.method == "CONNECT" and self._tunnel is None:
                self._enter(asked)
            elif not self._carry_out(asked):
                return

    def _next(self) -> Asked | None:
        """The next request's head; the browser sends nothing behind it but the body, which it says the length of."""
        self._rest = b""
        found = read_head(self._client, MAX_HEAD, Deadline(IDLE_SECONDS, self._stop))
        if found is None:
            return None
        self._rest = found[1]
        return parse_head(found[0])

    def _enter(self, asked: Asked) -> None:
        """A tunnel: https, or a protocol of its own over http."""
        host, port = tunnel_target(asked.target)
        deadline = Deadline(self._shared.exchange_seconds, self._stop)
        self._client.send(ESTABLISHED, deadline)
        secure = self._client.peek(deadline) == TLS_HANDSHAKE
        if secure:
            self._client.accept_tls(self._shared.identity.context, deadline)
        self._tunnel = ("https" if secure else "http", host, port)

    def _body(self, asked: Asked, deadline: Deadline) -> bytes:
        body = bytearray(self._rest)
        while len(body) < asked.length:
            piece = self._client.receive(deadline)
            if not piece:
                raise BadRequestError("the body of a request has no end")
            body += piece
        return bytes(body)

    def _carry_out(self, asked: Asked) -> bool:
        """One request; whether the browser's connection goes on."""
        deadline = Deadline(self._shared.exchange_seconds, self._stop)
        try:
            url, origin = address_of(asked, self._tunnel)
        except BadRequestError as error:
            self._refuse(None, asked.target, asked.method, "bad request", str(error))
        try:
            body = self._body(asked, deadline)
            number = self._tape.begin(url)
        except AtLimitError as error:
            self._refuse(None, url, asked.method, "limit", str(error))
        try:
            exchange, got = self._exchange(asked, body, url, origin, deadline)
        except ExchangeError as error:
            self._refuse(number, url, asked.method, error.kind, error.message)
        reception = got.reception
        if asked.upgrades and exchange.status == 101:
            key = origin.scheme, origin.host, origin.port
            self._tape.keep(number, self._led_through(exchange, got, self._lines[key]))
            self._lines.pop(key).wire.close()
            return False
        whole = got.truncated is None and got.error is None and reception.state == "done"
        self._tape.keep(number, exchange)
        goes_on = whole and not reception.closes and not reception.ended_by_close and not reception.extra
        if not goes_on:
            key = origin.scheme, origin.host, origin.port
            self._lines.pop(key).wire.close()
        return goes_on

    def _refuse(self, number: int | None, url: str, method: str, kind: str, reason: str) -> NoReturn:
        self._tape.fail(number, Failure(url[:2000], method, kind, reason[:500]))
        raise BadRequestError(reason)

    def _exchange(
        self, asked: Asked, body: bytes, url: str, origin: Origin, deadline: Deadline
    ) -> tuple[Exchange, Received]:
        """Asks the site, and hands on what comes while it is coming. Raises ExchangeError, StoreError."""
        dialler = self._shared.dialler
        again = False
        while True:
            line, fresh = self._line(origin, deadline)
            started = self._shared.clock()
            forwarded = dialler.is_forwarded(origin)
            login = dialler.proxy.authorization if forwarded and dialler.proxy is not None else None
            order = Order(url, origin, (), line, deadline, forwarded, login, asked.method)
            vouched = not self._shared.guarded or line.tls is None or line.tls.verified
            order.sent += asked.sent_on(url if forwarded else origin.target, body, with_cookies=vouched)
            with contextlib.suppress(OSError):  # it may have answered all the same
                line.wire.send(_with_login(bytes(order.sent), login), deadline)
            deadline.doing = f"waiting for the answer of {origin.host}"
            got = self._receiver.receive(
                line.wire, deadline, bodiless=asked.method == "HEAD", listener=lambda piece: self._hand_on(piece)
            )
            if got.size or fresh or again or got.error_kind != "disconnect":
                break
            # It was open from before, and the site had closed it.
            again = True
            got.stream.close()
            self._lines.pop((origin.scheme, origin.host, origin.port)).wire.close()
        head = got.reception.head
        if forwarded and head is not None and head.status == 407:
            got.stream.close()
            assert dialler.proxy is not None
            raise refused_login(dialler.proxy)
        if not got.size:
            got.stream.close()
            raise ExchangeError(got.error_kind or "disconnect", f"{origin.host}: {got.error or 'nothing came'}")
        exchange = exchange_of(order, got, started)
        extra = [got.error] if got.error is not None else []
        if asked.field("cookie") is not None and not vouched:
            extra.append("cookies were not sent, since the certificate did not verify")
        return replace(exchange, problems=(*exchange.problems, *extra)), got

    def _led_through(self, exchange: Exchange, got: Received, line: Line) -> Exchange:
        """A connection that became another protocol's, to its end. Raises StoreError."""
        if got.reception.extra:  # frames that came with the head
            got.stream.seek(got.size - got.reception.extra)
            early = got.stream.read()
            with contextlib.suppress(OSError):
                self._client.send(early, Deadline(self._shared.exchange_seconds, self._stop))
        said = bytearray()
        got.stream.seek(got.size)
        try:
            size, ended = lead_through(
                self._client,
                line.wire,
                said=said,
                came=got.stream,
                room=max(1, self._shared.max_bytes - got.size),
                stop=self._stop,
            )
        except OSError as error:
            raise StoreError(f"a response could not be kept: {error.strerror}") from None
        return replace(
            exchange,
            request=exchange.request + bytes(said),
            response_length=got.size + size,
            truncated="unspecified" if ended else None,
            problems=(*line.problems, *([ended] if ended else [])),
        )

    def _hand_on(self, piece: bytes) -> None:
        try:
            self._client.send(piece, Deadline(self._shared.exchange_seconds, self._stop))
        except OSError:
            raise ExchangeError("interrupted", "the page did not wait for the rest") from None

    def _line(self, origin: Origin, deadline: Deadline) -> tuple[Line, bool]:
        """A connection to the site, and whether it is new."""
        key = origin.scheme, origin.host, origin.port
        line = self._lines.get(key)
        if line is not None:
            try:
                if line.wire.receive_ready() is None:
                    return line, False
            except OSError:
                pass
            line.wire.close()  # its end, or bytes that nobody asked for
            del self._lines[key]
        if len(self._lines) > 16:  # a connection of the browser that asks many sites in turn
            self._lines.pop(next(iter(self._lines))).wire.close()
        self._lines[key] = self._shared.dialler.open(origin, deadline)
        return self._lines[key], True


def _with_login(data: bytes, login: str | None) -> bytes:
    if login is None:
        return data
    head, end, rest = data.partition(b"\r\n\r\n")
    return head + b"\r\nProxy-Authorization: " + login.encode("ascii") + end + rest
