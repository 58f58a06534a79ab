"""Small questions to services: the way of every capture, and every answer bounded, whole or refused."""

from __future__ import annotations

import time

import pytest
from certificates import Authority
from proxies import HttpProxy, SocksProxy
from testsite import TEXT, Site, head, moved
from visiting import Names

from archiver.errors import FetchError, UsageError
from archiver.web.ask import Asker, need

LIMIT = 10_000


def asker(**options) -> Asker:
    options.setdefault("allow_private", True)
    return Asker(**options)


def post(site: Site, path: str, seconds: float = 5, **options):
    return asker(seconds=seconds, **options).post(site.url(path), b"question", content_type="t/q", limit=LIMIT)


def test_nothing_is_sent_but_the_question(plain_site: Site) -> None:
    answer = post(plain_site, "/plain")
    assert (answer.status, answer.media_type, answer.body) == (200, "text/html", TEXT)
    host = f"127.0.0.1:{plain_site.port}"
    assert (
        plain_site.received["/plain"][-1]
        == (
            f"POST /plain HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAccept: */*\r\nContent-Type: t/q\r\n"
            "Content-Length: 8\r\n\r\nquestion"
        ).encode()
    )
    asker().get(plain_site.url("/plain"), accept="a/b", limit=LIMIT)
    assert plain_site.received["/plain"][-1] == (
        f"GET /plain HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAccept: a/b\r\n\r\n".encode()
    )


@pytest.mark.parametrize("path", ["/chunked", "/gzip", "/chunked-gzip", "/no-length"])
def test_codings_are_removed(plain_site: Site, path: str) -> None:
    assert post(plain_site, path).body == TEXT


def test_statuses(plain_site: Site) -> None:
    plain_site.serve("/moved", moved("http://127.0.0.1:1/"))
    plain_site.serve("/busy", head("Content-Length: 0", status="503 Busy"))
    for path, status, retryable in (("/404", 404, False), ("/moved", 302, False), ("/busy", 503, True)):
        answer = post(plain_site, path)
        assert answer.status == status
        with pytest.raises(FetchError) as caught:
            need(answer, "x")
        assert caught.value.retryable is retryable


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ((head(f"Content-Length: {LIMIT + 1}") + b"x" * (LIMIT + 1),), "more than 10000 bytes"),
        ((head("Content-Length: 3000000") + b"x" * 3_000_000,), "more than 10000 bytes"),
        ((head("Content-Length: 10") + b"x",), "cut off"),
        ((b"SSH-2.0-OpenSSH\r\n",), "no HTTP"),
        ((b"",), "before anything came"),
        ((head("Transfer-Encoding: chunked") + b"5\r\nab",), "cut off"),
        ((head("Content-Encoding: gzip", "Content-Length: 3") + b"abc",), "not whole"),
        ((head(*(f"X-{n}: {'y' * 500}" for n in range(1000))),), "more than"),
    ],
)
def test_answers_that_are_none(plain_site: Site, steps: tuple[bytes, ...], words: str) -> None:
    plain_site.serve("/odd", *steps)
    with pytest.raises(FetchError, match=words):
        post(plain_site, "/odd")


def test_a_slow_one_ends_with_the_time(plain_site: Site) -> None:
    plain_site.serve("/drip", lambda talk: talk.drip(b"HTTP/1.1 200 OK\r\n" * 100, 0.05))
    began = time.monotonic()
    with pytest.raises(FetchError, match="gave up after") as caught:
        post(plain_site, "/drip", seconds=0.5)
    assert caught.value.retryable and time.monotonic() - began < 3


def test_private_addresses_are_refused(plain_site: Site) -> None:
    for options in ({}, {"resolver": Names({"site.example": ["127.0.0.1"]})}):
        with pytest.raises(FetchError, match="loopback"):
            Asker(**options).get(plain_site.url("/plain", "site.example" if options else None), limit=LIMIT)


def test_a_certificate_that_does_not_verify(tls_site: Site, authority: Authority) -> None:
    with pytest.raises(FetchError, match="does not verify"):
        post(tls_site, "/plain")
    assert post(tls_site, "/plain", ca_file=str(authority.root_path)).body == TEXT


def test_through_proxies(plain_site: Site, tls_site: Site, authority: Authority) -> None:
    for kind in (HttpProxy, SocksProxy):
        with kind(("ann", "secret")) as proxy:
            for site in (plain_site, tls_site):
                found = Asker(
                    proxy=proxy.url("ann:secret@"), resolver=Names({}), ca_file=str(authority.root_path)
                ).post(site.url("/plain", "site.example"), b"q", content_type="t/q", limit=LIMIT)
                assert found.body == TEXT and b"ecret" not in site.received["/plain"][-1]
            with pytest.raises(FetchError, match="proxy"):
                Asker(proxy=proxy.url("ann:wrong@")).get(plain_site.url("/plain", "site.example"), limit=LIMIT)
            with pytest.raises(FetchError, match="loopback"):
                Asker(proxy=proxy.url("ann:secret@")).get(plain_site.url("/plain"), limit=LIMIT)
    with pytest.raises(UsageError):
        Asker(require_proxy=True)


@pytest.mark.parametrize("url", ["ftp://tsa.example/", "https://ann:secret@tsa.example/", "https:///x", ""])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(UsageError):
        asker().get(url, limit=LIMIT)
