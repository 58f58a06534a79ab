"""One exchange as the facts of a snapshot have it; what several of them show together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from archiver import digest
from archiver.model.encoding import clean
from archiver.model.facts import Hop, Tls
from archiver.web.exchange import Exchange, TlsFacts


def pem(tls: TlsFacts | None) -> bytes | None:
    """The certificates that the server sent, None if there were none."""
    if tls is None or not tls.sent_chain:
        return None
    import ssl

    return "".join(ssl.DER_cert_to_PEM_cert(der) for der in tls.sent_chain).encode("ascii")


def protocols(exchange: Exchange) -> tuple[str, ...]:
    """What was spoken, as WARC-Protocol names it."""
    found = [exchange.http_version.lower()] if exchange.http_version else []
    if exchange.tls is not None:
        found.append(exchange.tls.version.lower().replace("tlsv", "tls/"))
    return tuple(found)


def hop(exchange: Exchange, record: str) -> Hop:
    """One exchange as the facts have it. `record` is the id of its response in the WARC."""
    tls = None
    if exchange.tls is not None:
        chain = tuple(digest.of_bytes(der) for der in exchange.tls.sent_chain)
        error = None if exchange.tls.error is None else clean(exchange.tls.error, 500)
        tls = Tls(exchange.tls.version, exchange.tls.cipher, chain, exchange.tls.verified, error)
    return Hop(
        url=clean(exchange.url),
        status=exchange.status,
        reason=clean(exchange.reason, 200) if exchange.reason is not None else None,
        http=exchange.http_version or None,
        location=clean(exchange.location, 8000) if exchange.location else None,
        ip=exchange.ip,
        port=exchange.port,
        via_proxy=exchange.via_proxy,
        tls=tls,
        started=exchange.started,
        received=exchange.response_length,
        truncated=exchange.truncated,
        problems=tuple(clean(problem, 500) for problem in exchange.problems),
        record=record,
    )


def cookie_names(exchanges: Sequence[Exchange]) -> tuple[str, ...]:
    """The names of the cookies that were sent, in the order of sending; values stay in the WARC alone."""
    names: dict[str, None] = {}
    for exchange in exchanges:
        for line in exchange.request.partition(b"\r\n\r\n")[0].split(b"\r\n"):
            if line.lower().startswith(b"cookie:"):
                for pair in line[7:].decode("latin-1").split(";"):
                    names[clean(pair.partition("=")[0].strip(), 200)] = None
    return tuple(names)


def skew_of(last: Exchange | None, started: str) -> int | None:
    """Milliseconds by which the server's Date lies ahead of our clock, in the final response."""
    if last is None:
        return None
    value = next((value for name, value in last.fields if name.lower() == "date"), None)
    try:
        server = parsedate_to_datetime(value) if value else None
    except (ValueError, TypeError, IndexError):
        return None
    if server is None:
        return None
    server = server if server.tzinfo else server.replace(tzinfo=UTC)
    skew = server - datetime.fromisoformat(last.started or started)
    return max(-(2**52), min(2**52, int(skew.total_seconds() * 1000)))
