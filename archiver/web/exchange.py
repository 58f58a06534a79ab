"""What one visit to a page was: exchanges, each with its exact bytes and the connection that they came over.

    Visit  https://example.org/a
      Exchange  https://example.org/a       301, 178 bytes, 192.0.2.7:443, TLSv1.3
      Exchange  https://www.example.org/a   200, 48,213 bytes, …

Bytes are as on the wire: the request as sent, the response with its interim (1xx) heads, its framing and whatever
came after its end. What was parsed from them (`status`, `fields`, …) is for reading only and never written back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import BinaryIO, Literal

Truncated = Literal["length", "time", "disconnect", "unspecified"]  # WARC 1.1, 5.13
ErrorKind = Literal[
    "refused address",  # private, loopback … : never connected to
    "bad redirect",  # to something that is no http(s) URL, or carries credentials
    "redirect loop",
    "too many redirects",
    "dns",
    "connect",
    "proxy",
    "tls",
    "timeout",
    "disconnect",  # connected, but nothing came before the end
    "protocol",  # something came, but no HTTP
    "interrupted",  # by this program's user
]


_HINTS: dict[ErrorKind, str | None] = {
    "refused address": "--allow-private allows it, if the page is really meant to be on your own network",
    "bad redirect": "look at where it leads, and capture that address if it is the right one",
    "redirect loop": "the site may want a cookie (--cookie) or a browser",
    "too many redirects": "the site may want a cookie (--cookie) or a browser",
    "dns": "check the spelling, and whether this machine is online",
    "connect": "the site may be down, or shut to this network; try again later",
    "proxy": "check the proxy's address, and whether it is running",
    "tls": "try again later, or look at the site with a browser: it may speak a TLS that is no longer safe",
    "timeout": "try again later, or allow more time",
    "disconnect": "try again later",
    "protocol": "check the address and its port: what answers is no web server, or one that is broken",
    "interrupted": None,
}


def hint_for(kind: ErrorKind) -> str | None:
    """What a person can do about an error of that kind."""
    return _HINTS[kind]


class ExchangeError(Exception):
    """Inside web/: why an exchange did not come about. It leaves as `Visit.error`, never as an exception."""

    def __init__(self, kind: ErrorKind, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.kind: ErrorKind = kind
        self.message = message
        self.retryable = retryable


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """The TLS session of one connection; certificates in DER, leaf first.

    `cipher` is the IANA name of the suite. `verified_chain` is empty unless `verified`; `error` says why it was not.
    """

    version: str
    cipher: str
    alpn: str | None
    sent_chain: tuple[bytes, ...]
    verified_chain: tuple[bytes, ...]
    verified: bool
    error: str | None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came back.

    `response` is seekable and holds `response_length` bytes; whoever got the visit closes it (`Visit.close`).
    `ip` is the address connected to, None through a proxy; `via_proxy` is the proxy without credentials and tells who
    resolved the name. `started` is UTC, `2026-11-23T13:02:11.482Z`. `status` is None, and `http_version` empty, if no
    final head with a status came. `truncated` says why the response is known to be cut off; `problems` are sentences.
    """

    url: str
    method: str
    request: bytes
    response: BinaryIO
    response_length: int
    ip: str | None
    port: int | None
    via_proxy: str | None
    tls: TlsFacts | None
    started: str
    status: int | None
    reason: str
    fields: tuple[tuple[str, str], ...]
    http_version: str
    truncated: Truncated | None
    problems: tuple[str, ...]
    location: str | None

    def header(self, name: str) -> str | None:
        """The first value of that response header field (name in any case)."""
        wanted = name.lower()
        return next((value for key, value in self.fields if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Visit:
    """All exchanges of one attempt to get a page, redirects followed.

    `outcome` is `response` if the last exchange has a status, whatever it is, and the user did not stop it; `error` may
    stand beside it: a redirect that was not followed, a host behind a redirect that did not answer. `final_url` is the
    last URL that answered, or the requested one. `retryable` speaks of the error or of a connection that broke in the
    middle, not of the status.
    """

    requested_url: str
    final_url: str
    exchanges: tuple[Exchange, ...]
    outcome: Literal["response", "no response"]
    error: str | None
    error_kind: ErrorKind | None
    retryable: bool
    attempts: int = 1

    @property
    def hint(self) -> str | None:
        """What to do about the error, if there is one."""
        return None if self.error_kind is None else _HINTS[self.error_kind]

    def with_attempts(self, attempts: int) -> Visit:
        """The same visit, as the last of so many."""
        return replace(self, attempts=attempts)

    def close(self) -> None:
        """Give up the stored bytes."""
        for exchange in self.exchanges:
            exchange.response.close()
