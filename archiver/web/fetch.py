"""Visits one URL by plain HTTP: one exchange for each redirect hop, exact bytes, and the facts of each connection.

    with HttpFetcher(clock=…) as fetcher:
        visit = fetcher.fetch("https://example.org/a")

Whatever the network does is in the `Visit`; only a full disk (StoreError) and a wrong use (UsageError) raise. One
fetcher serves any number of threads. It takes no proxy and no password from the environment or from .netrc.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from archiver.errors import UsageError
from archiver.warc.http import MAX_HEAD, HttpHead
from archiver.web.addresses import follow, normalise_url, origin_of
from archiver.web.connection import Order, carry_out, new_session
from archiver.web.cookies import Cookie, Jar, seconds_of
from archiver.web.dial import Dialler
from archiver.web.exchange import ErrorKind, Exchange, ExchangeError, Visit
from archiver.web.framing import REDIRECTS
from archiver.web.headers import Persona, check_referrer, referrer_for
from archiver.web.networks import Resolver, resolve
from archiver.web.proxy import Proxy, refused_login
from archiver.web.receive import Received, Receiver
from archiver.web.stop import Stop
from archiver.web.tls import recording_context, verifying_context
from archiver.web.wire import Deadline


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a visit stops; what came until then is kept, and that it stopped is said.

    `total_seconds` for the whole visit, names, connections and redirects included; `max_bytes` of one response as on
    the wire; `max_head` bytes of all heads of one response.
    """

    total_seconds: float = 120.0
    max_bytes: int = 512 << 20
    max_redirects: int = 20
    max_head: int = 256 << 10

    def __post_init__(self) -> None:
        if self.total_seconds <= 0 or self.max_bytes < 1 or self.max_redirects < 0:
            raise UsageError("limits that leave nothing to capture")
        if not 1024 <= self.max_head <= MAX_HEAD:
            raise UsageError(f"the limit of a head is 1024 to {MAX_HEAD} bytes")


class HttpFetcher:
    """Makes visits. Every argument but the clock has a default.

    `clock` gives UTC as `2026-11-23T13:02:11.482Z`. `persona` decides the header fields (web.headers). `cookies` go
    where they belong, into each visit anew. `proxy` is a URL; with `require_proxy` none is an error. `ca_file` has
    further roots (PEM). `allow_private` permits loopback and private addresses. `resolver` looks names up. `folder`
    is where long responses are kept until the visit is closed (None: the system's). Setting `stop` ends every visit
    soon. Raises UsageError, FormatError, StoreError.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], str],
        limits: Limits | None = None,
        persona: Persona | None = None,
        referrer: str | None = None,
        cookies: Sequence[Cookie] = (),
        proxy: str | None = None,
        require_proxy: bool = False,
        ca_file: str | None = None,
        allow_private: bool = False,
        resolver: Resolver = resolve,
        folder: Path | None = None,
        stop: Stop | None = None,
    ) -> None:
        if require_proxy and proxy is None:
            raise UsageError(
                "this archive connects only through a proxy, and none is given",
                hint="give --proxy, or set proxy in archive.yaml",
            )
        self.limits = limits or Limits()
        self.persona = persona or Persona.of("firefox")
        self.referrer = check_referrer(referrer)
        self.proxy = None if proxy is None else Proxy.parse(proxy)
        self.stop: Stop = stop or threading.Event()
        self.cookies = tuple(cookies)
        self.clock = clock
        self.folder = folder
        self.dialler = Dialler(
            resolver=resolver,
            proxy=self.proxy,
            allow_private=allow_private,
            verifying=verifying_context(ca_file),
            recording=recording_context(),
        )
        receiver = Receiver(max_bytes=self.limits.max_bytes, max_head=self.limits.max_head, folder=folder)
        self._session = new_session(receiver)

    def __enter__(self) -> HttpFetcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives up the session. Between visits no connection is open."""
        self._session.close()

    @property
    def route(self) -> str:
        """How requests leave this machine, for the facts: `direct` or the proxy without its password."""
        return "direct" if self.proxy is None else self.proxy.recorded

    def fetch(self, url: str) -> Visit:
        """Visits `url` and follows redirects. The caller closes the visit. Raises UsageError if it is no URL."""
        return _Trip(self, normalise_url(url)).go()


# Of a response whose head is not whole.
_KINDS: dict[str | None, ErrorKind] = {"time": "timeout", "disconnect": "disconnect"}


class _Trip:
    """One visit under way."""

    def __init__(self, fetcher: HttpFetcher, url: str) -> None:
        self._fetcher = fetcher
        self._requested = url
        self._exchanges: list[Exchange] = []
        self._jar = Jar(fetcher.cookies, url, seconds_of(fetcher.clock()))
        self._deadline = Deadline(fetcher.limits.total_seconds, fetcher.stop)
        self._broken = False

    def go(self) -> Visit:
        try:
            return self._follow()
        except ExchangeError as error:
            return self._visit(error)
        except BaseException:
            self._close()
            raise

    def _follow(self) -> Visit:
        url = self._requested
        seen: set[tuple[str, str | None]] = set()
        while True:
            cookie = self._jar.header(url)
            if (url, cookie) in seen:
                raise ExchangeError("redirect loop", f"{url} leads back to itself")
            if len(seen) > self._fetcher.limits.max_redirects:
                raise ExchangeError("too many redirects", f"more than {self._fetcher.limits.max_redirects} redirects")
            seen.add((url, cookie))
            exchange = self._exchange(url)
            if exchange.status not in REDIRECTS or exchange.location is None:
                return self._visit(None)
            try:
                url = follow(url, exchange.location)
            except UsageError as error:
                raise ExchangeError("bad redirect", f"not followed: {error.message}") from None

    def _exchange(self, url: str) -> Exchange:
        """One hop. Raises ExchangeError where the visit cannot go on; what came is in the list by then."""
        order, started = self._begin(url)
        got = carry_out(self._fetcher._session, order)
        head = got.reception.head
        if order.forwarded and head is not None and head.status == 407:
            got.stream.close()
            assert self._fetcher.proxy is not None
            raise refused_login(self._fetcher.proxy)  # nothing of it came from the site
        exchange = exchange_of(order, got, started)
        self._exchanges.append(exchange)
        if head is not None:
            self._jar.take(url, head.values("Set-Cookie"))
        self._broken = exchange.truncated == "disconnect"
        if got.error_kind == "interrupted" or head is None or not head.complete:
            kind = got.error_kind or _KINDS.get(exchange.truncated, "protocol")
            words = got.error or "; ".join(got.problems)
            raise ExchangeError(kind, f"{order.origin.host}: {words}", retryable=kind in ("timeout", "disconnect"))
        return exchange

    def _begin(self, url: str) -> tuple[Order, str]:
        """An open connection, what to say over it, and when it was there."""
        fetcher = self._fetcher
        origin = origin_of(url)
        line = fetcher.dialler.open(origin, self._deadline)
        started = fetcher.clock()
        vouched = line.tls is None or line.tls.verified
        cookie = self._jar.header(url, with_given=vouched)
        if not vouched and cookie != self._jar.header(url):
            problem = "the cookies that were given were not sent, since the certificate did not verify"
            line = replace(line, problems=(*line.problems, problem))
        headers = fetcher.persona.headers(origin, referrer_for(fetcher.referrer, origin), cookie)
        forwarded = fetcher.dialler.is_forwarded(origin)
        login = fetcher.proxy.authorization if forwarded and fetcher.proxy is not None else None
        return Order(url, origin, headers, line, self._deadline, forwarded, login), started

    def _visit(self, error: ExchangeError | None) -> Visit:
        answered = [exchange.url for exchange in self._exchanges if exchange.status is not None]
        last = self._exchanges[-1] if self._exchanges else None
        kind: ErrorKind | None = None if error is None else error.kind
        return Visit(
            requested_url=self._requested,
            final_url=answered[-1] if answered else self._requested,
            exchanges=tuple(self._exchanges),
            outcome="no response" if last is None or last.status is None or kind == "interrupted" else "response",
            error=None if error is None else error.message,
            error_kind=kind,
            retryable=self._broken if error is None else error.retryable,
        )

    def _close(self) -> None:
        for exchange in self._exchanges:
            exchange.response.close()


def exchange_of(order: Order, got: Received, started: str) -> Exchange:
    """What is kept of an order that was carried out."""
    line = order.line
    head = got.reception.head
    problems = [*line.problems, *got.problems]
    locations = () if head is None else head.values("Location")
    if len(set(locations)) > 1:
        problems.append("several Location fields: the first counts")
    got.stream.seek(0)
    return Exchange(
        url=order.url,
        method=order.method,
        request=bytes(order.sent),
        response=got.stream,
        response_length=got.size,
        ip=line.ip,
        port=line.port,
        via_proxy=line.via_proxy,
        tls=line.tls,
        started=started,
        status=None if head is None else head.status,
        reason="" if head is None else head.reason or "",
        fields=() if head is None else _fields(head),
        http_version=got.reception.version,
        truncated=got.truncated,
        problems=tuple(problems),
        location=locations[0] if locations else None,
    )


def _fields(head: HttpHead) -> tuple[tuple[str, str], ...]:
    """Names and values for reading: folds and outer white space removed, as Latin-1."""
    return tuple(
        (
            name.decode("latin-1").strip(" \t"),
            " ".join(line.strip(b" \t").decode("latin-1") for line in value.split(b"\r\n")).strip(" "),
        )
        for name, value in head.fields
    )
