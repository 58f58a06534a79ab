"""What the tests of web/ share: a clock, a fetcher for loopback, and how to read a visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from archiver.web.exchange import Exchange, ExchangeError, Visit
from archiver.web.fetch import HttpFetcher, Limits


def clock() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class Names:
    """A resolver that knows only what it was given, and counts."""

    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        self.names = names
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host not in self.names:
            raise ExchangeError("dns", f"the name {host} could not be resolved: not in this test")
        return self.names[host]


def fetcher(seconds: float = 10, **options: Any) -> HttpFetcher:
    """Allows loopback, and waits no longer than a test may."""
    limits = {key: options.pop(key) for key in ("max_bytes", "max_redirects", "max_head") if key in options}
    options.setdefault("allow_private", True)
    return HttpFetcher(clock=clock, limits=Limits(total_seconds=seconds, **limits), **options)


def fetch(url: str, seconds: float = 10, **options: Any) -> Visit:
    with fetcher(seconds, **options) as fresh:
        return fresh.fetch(url)


def stored(exchange: Exchange) -> bytes:
    """The response as it was kept."""
    exchange.response.seek(0)
    data = exchange.response.read()
    assert len(data) == exchange.response_length
    return data


def said(exchange: Exchange) -> str:
    return "; ".join(exchange.problems)
