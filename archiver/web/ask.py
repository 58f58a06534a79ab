"""A small question to a service that somebody chose, and its whole answer: time stamps, calendars, witnesses.

    with Asker(proxy=None) as asker:
        answer = asker.post("https://tsa.example/tsr", body, content_type="application/timestamp-query")

The way is that of every capture (web.dial): the same proxy or none, private addresses refused unless allowed, TLS
verified, one deadline for everything, answers of bounded size. Nothing is followed, kept or repeated, and nothing is
sent but what the question needs: no user agent, no cookie.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass

from archiver.errors import FetchError, UsageError
from archiver.warc.http import entity_body, split_message
from archiver.web.addresses import Origin, normalise_url, origin_of
from archiver.web.dial import Dialler, Line
from archiver.web.exchange import ExchangeError, hint_for
from archiver.web.networks import Resolver, resolve
from archiver.web.proxy import Proxy, refused_login
from archiver.web.receive import Receiver
from archiver.web.stop import Stop
from archiver.web.tls import recording_context, verifying_context
from archiver.web.wire import Deadline

SECONDS = 20.0  # for one question and its answer
MAX_HEAD = 64 << 10  # bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said: its status, the type that it names, and the body without its codings."""

    status: int
    media_type: str
    body: bytes
    problems: tuple[str, ...]


class Asker:
    """Asks; any number of threads may use it. Arguments as of HttpFetcher. Raises UsageError, FormatError, StoreError
    for what it cannot use."""

    def __init__(
        self,
        *,
        proxy: str | None = None,
        require_proxy: bool = False,
        ca_file: str | None = None,
        allow_private: bool = False,
        resolver: Resolver = resolve,
        seconds: float = SECONDS,
        stop: Stop | None = None,
    ) -> None:
        if require_proxy and not proxy:
            raise UsageError("this archive connects only through a proxy, and none is given")
        self.seconds = seconds
        self.stop: Stop = stop or threading.Event()
        self._proxy = Proxy.parse(proxy) if proxy else None
        self._dialler = Dialler(
            resolver=resolver,
            proxy=self._proxy,
            allow_private=allow_private,
            verifying=verifying_context(ca_file),
            recording=recording_context(),
        )

    def post(self, url: str, body: bytes, *, content_type: str, accept: str = "*/*", limit: int) -> Answer:
        """The answer to a POST, at most `limit` bytes of it. Raises FetchError, UsageError for a bad address."""
        return self._ask("POST", url, body, (("Accept", accept), ("Content-Type", content_type)), limit)

    def get(self, url: str, *, accept: str = "*/*", limit: int) -> Answer:
        """The answer to a GET. Raises as `post`."""
        return self._ask("GET", url, None, (("Accept", accept),), limit)

    def _ask(
        self, method: str, url: str, body: bytes | None, fields: tuple[tuple[str, str], ...], limit: int
    ) -> Answer:
        origin = origin_of(normalise_url(url))
        deadline = Deadline(self.seconds, self.stop)
        try:
            line = self._dialler.open(origin, deadline)
            with contextlib.closing(line.wire):
                if line.tls is not None and not line.tls.verified:
                    raise ExchangeError("tls", f"{origin.host}: its certificate does not verify: {line.tls.error}")
                return self._talk(line, origin, deadline, self._request(method, url, origin, body, fields), limit)
        except ExchangeError as error:
            raise FetchError(error.message, where=url, hint=hint_for(error.kind), retryable=error.retryable) from None
        except OSError as error:
            words = error.strerror or str(error)
            raise FetchError(f"the connection broke: {words}", where=url, retryable=True) from None

    def _request(
        self, method: str, url: str, origin: Origin, body: bytes | None, fields: tuple[tuple[str, str], ...]
    ) -> bytes:
        forwarded = self._dialler.is_forwarded(origin)
        lines = [
            f"{method} {normalise_url(url) if forwarded else origin.target} HTTP/1.1",
            f"Host: {origin.host_header}",
            "Connection: close",
            *(f"{name}: {value}" for name, value in fields),
        ]
        if forwarded and self._proxy is not None and self._proxy.authorization is not None:
            lines.append(f"Proxy-Authorization: {self._proxy.authorization}")
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        return "".join(f"{text}\r\n" for text in (*lines, "")).encode("ascii") + (body or b"")

    def _talk(self, line: Line, origin: Origin, deadline: Deadline, request: bytes, limit: int) -> Answer:
        deadline.doing = f"sending to {origin.host}"
        with contextlib.suppress(OSError):  # an answer may be there already: it is looked for
            line.wire.send(request, deadline)
        deadline.doing = f"waiting for the answer of {origin.host}"
        got = Receiver(max_bytes=MAX_HEAD + 2 * limit, max_head=MAX_HEAD, folder=None).receive(line.wire, deadline)
        with contextlib.closing(got.stream):
            head = got.reception.head
            if got.error_kind is not None or head is None or head.status is None:
                words = got.error or "; ".join(got.problems) or "it did not answer in HTTP"
                raise ExchangeError(got.error_kind or "protocol", f"{origin.host}: {words}", retryable=True)
            if head.status == 407 and self._dialler.is_forwarded(origin) and self._proxy is not None:
                raise refused_login(self._proxy)
            if got.truncated == "length":
                raise FetchError(f"its answer has more than {limit} bytes", where=origin.host)
            if got.truncated is not None:
                raise ExchangeError("protocol", f"{origin.host}: its answer is cut off ({got.truncated})")
            got.stream.seek(0)
            got.stream.seek(split_message(got.stream).body_offset)
            decoded = entity_body(head, got.stream, limit + 1)
        if len(decoded.data) > limit:
            raise FetchError(f"its answer has more than {limit} bytes", where=origin.host)
        if not decoded.complete:
            raise ExchangeError("protocol", f"{origin.host}: its answer is not whole")
        media_type = (head.get("Content-Type") or "").partition(";")[0].strip().lower()
        return Answer(head.status, media_type[:100], decoded.data, tuple(line.problems))


def need(answer: Answer, url: str) -> bytes:
    """The body of an answer that says 200. Raises FetchError for any other, retryable where waiting can help."""
    if answer.status == 200:
        return answer.body
    retryable = answer.status in (408, 425, 429) or answer.status >= 500
    hint = "it has moved: look up its new address" if 300 <= answer.status < 400 else None
    raise FetchError(f"answered with status {answer.status}", where=url, hint=hint, retryable=retryable)
