"""Through a proxy: the same bytes, its password nowhere, names resolved there, private addresses refused here."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from certificates import Authority
from proxies import HttpProxy, SocksProxy
from testsite import WHOLE, Site
from visiting import Names, fetch, fetcher, stored

from archiver.errors import UsageError
from archiver.web.proxy import Proxy

PROXIES = [HttpProxy, SocksProxy]
NOBODY = Names({})  # whoever goes through a proxy looks up no name


@pytest.fixture
def tls_example(authority: Authority):
    with Site(authority.server("site.example")) as site:
        yield site


@pytest.mark.parametrize("kind", PROXIES)
@pytest.mark.parametrize("login", [None, ("ann", "s3cret:ü")])
@pytest.mark.parametrize("path", ["/plain", "/chunked-gzip", "/odd-headers", "/big", "/extra", "/early-hints"])
def test_the_bytes_are_the_same(
    plain_site: Site, tls_example: Site, authority: Authority, kind: Callable, login, path: str
) -> None:
    with kind(login) as proxy:
        words = "ann:s3cret%3A%C3%BC@" if login else ""
        for site in (plain_site, tls_example):
            visit = fetch(
                site.url(path, "site.example"),
                proxy=proxy.url(words),
                resolver=NOBODY,
                allow_private=False,
                ca_file=str(authority.root_path),
            )
            assert visit.error is None
            [exchange] = visit.exchanges
            assert stored(exchange) == site.wait_for(path)[-1]
            assert (exchange.ip, exchange.port) == (None, site.port)
            assert exchange.via_proxy == f"{proxy.scheme}://127.0.0.1:{proxy.port} (name resolved by proxy)"
            assert exchange.tls is None or exchange.tls.verified
            assert (exchange.tls is not None) == (site.scheme == "https")
            assert exchange.truncated is None
            assert b"s3cret" not in exchange.request and b"roxy" not in exchange.request
            visit.close()
        assert len(proxy.asked) == 2
        assert NOBODY.asked == []


def test_plain_pages_are_asked_of_an_http_proxy_by_their_whole_url(plain_site: Site) -> None:
    with HttpProxy() as proxy:
        visit = fetch(plain_site.url("/plain?q=1", "site.example"), proxy=proxy.url())
        url = f"http://site.example:{plain_site.port}/plain?q=1"
        assert proxy.asked == [f"GET {url} HTTP/1.1"]
        assert visit.exchanges[0].request.startswith(f"GET {url} HTTP/1.1\r\nHost: site.example".encode())
        visit.close()


def test_tls_goes_through_a_tunnel(tls_example: Site, authority: Authority) -> None:
    with HttpProxy() as proxy:
        url = tls_example.url("/plain", "site.example")
        visit = fetch(url, proxy=proxy.url(), ca_file=str(authority.root_path))
        assert proxy.asked == [f"CONNECT site.example:{tls_example.port} HTTP/1.1"]
        visit.close()


@pytest.mark.parametrize("kind", PROXIES)
def test_a_certificate_that_does_not_verify(kind: Callable, authority: Authority) -> None:
    """The second connection goes through the proxy too."""
    with Site(authority.server("elsewhere.example")) as site, kind() as proxy:
        visit = fetch(site.url("/plain", "site.example"), proxy=proxy.url(), ca_file=str(authority.root_path))
        [exchange] = visit.exchanges
        assert exchange.tls is not None and "mismatch" in (exchange.tls.error or "")
        assert stored(exchange) == WHOLE["/plain"]
        assert len(proxy.asked) == 2
        visit.close()


def test_socks_resolves_at_the_proxy_under_both_names(plain_site: Site) -> None:
    with SocksProxy() as proxy:
        for scheme in ("socks5", "socks5h"):
            url = proxy.url().replace("socks5h", scheme)
            visit = fetch(plain_site.url("/plain", "site.example"), proxy=url, resolver=NOBODY)
            assert visit.error is None
            visit.close()
        assert proxy.asked == [f"site.example:{plain_site.port}"] * 2


def test_addresses_through_socks(plain_site: Site) -> None:
    """As addresses, not as names: IPv4 and IPv6 (the proxy of this test connects to loopback anyway)."""
    with SocksProxy() as proxy:
        for host in ("127.0.0.1", "[::1]"):
            visit = fetch(plain_site.url("/plain", host), proxy=proxy.url())
            assert visit.error is None
            visit.close()
        assert proxy.asked == [f"127.0.0.1:{plain_site.port}", f"::1:{plain_site.port}"]


@pytest.mark.parametrize("kind", PROXIES)
@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "[::1]", "localhost", "a.localhost", "169.254.169.254"])
def test_private_literals_are_refused_before_the_proxy_hears_of_them(
    plain_site: Site, kind: Callable, host: str
) -> None:
    with kind() as proxy:
        visit = fetch(plain_site.url("/plain", host), proxy=proxy.url(), allow_private=False)
        assert (visit.error_kind, visit.exchanges) == ("refused address", ())
        plain_site.serve("/to-host", f"HTTP/1.1 302 Found\r\nLocation: http://{host}/\r\n\r\n".encode())
        visit = fetch(plain_site.url("/to-host", "site.example"), proxy=proxy.url(), allow_private=False)
        assert (visit.error_kind, len(visit.exchanges)) == ("refused address", 1)
        visit.close()
        assert len(proxy.asked) == 1


@pytest.mark.parametrize("kind", PROXIES)
@pytest.mark.parametrize("given", ["", "ann:wrong@"])
def test_a_wrong_password(tls_site: Site, plain_site: Site, kind: Callable, given: str) -> None:
    with kind(("ann", "right")) as proxy:
        for site in (plain_site, tls_site):
            visit = fetch(site.url("/plain", "site.example"), proxy=proxy.url(given))
            assert (visit.outcome, visit.error_kind, visit.retryable) == ("no response", "proxy", False)
            assert "user name" in (visit.error or "")
            assert "wrong" not in (visit.error or "")
            visit.close()


def test_a_password_that_is_not_wanted(plain_site: Site) -> None:
    """An HTTP proxy ignores it; SOCKS lets the proxy choose, and it cannot choose what it does not know."""
    with SocksProxy() as proxy:
        visit = fetch(plain_site.url("/plain", "site.example"), proxy=proxy.url("ann:x@"))
        assert visit.error_kind is None
        visit.close()


@pytest.mark.parametrize(
    ("verdict", "words", "retryable"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "403 Forbidden", False),
        (b"HTTP/1.0 503 Busy\r\n\r\n", "503 Busy", True),
        (b"SSH-2.0-none\r\n\r\n", "does not answer in HTTP", False),
        (b"", "closed the connection", True),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000, "too long", False),
        (b"HTTP/1.1 200 OK\r\n\r\nWelcome", "said more", False),
    ],
)
def test_a_tunnel_that_is_refused(tls_site: Site, verdict: bytes, words: str, retryable: bool) -> None:
    with HttpProxy() as proxy:
        proxy.verdict = verdict
        visit = fetch(tls_site.url("/plain", "site.example"), proxy=proxy.url())
    assert (visit.outcome, visit.error_kind, visit.retryable) == ("no response", "proxy", retryable)
    assert words in (visit.error or "")


def test_every_refusal_of_socks_has_words(plain_site: Site) -> None:
    with SocksProxy() as proxy:
        for reply in (1, 2, 3, 4, 5, 6, 7, 8, 99):
            proxy.reply = reply
            visit = fetch(plain_site.url("/plain", "site.example"), proxy=proxy.url())
            assert visit.error_kind == "proxy"
            assert "site.example: " in (visit.error or "")


def test_a_proxy_that_is_not_there(plain_site: Site) -> None:
    with SocksProxy() as proxy:
        url = proxy.url("ann:secret@")
    visit = fetch(plain_site.url("/plain", "site.example"), proxy=url)
    assert (visit.error_kind, visit.retryable) == ("proxy", True)
    assert "is it running?" in (visit.error or "") and "secret" not in (visit.error or "")


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
def test_the_wrong_kind_of_proxy(tls_site: Site, scheme: str) -> None:
    """HTTP spoken to SOCKS and the other way round: an error, soon, in words."""
    other = {"http": SocksProxy, "socks5h": HttpProxy}[scheme]
    with other() as proxy:
        url = f"{scheme}://127.0.0.1:{proxy.port}"
        visit = fetch(tls_site.url("/plain", "site.example"), 1, proxy=url)
    assert visit.outcome == "no response"
    assert visit.error_kind in ("proxy", "timeout")


def test_a_proxy_that_says_nothing(plain_site: Site) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"socks5h://127.0.0.1:{deaf.getsockname()[1]}"
        visit = fetch(plain_site.url("/plain", "site.example"), 0.5, proxy=url)
    assert (visit.error_kind, visit.exchanges) == ("timeout", ())


def test_nothing_comes_from_the_environment(plain_site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """No proxy variable, no .netrc: those are read by the command line or not at all."""
    with HttpProxy() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
        (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ann password secret\n")
        (tmp_path / ".netrc").chmod(0o600)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
        visit = fetch(plain_site.url("/plain"))
        assert proxy.asked == []
        assert b"Authorization" not in visit.exchanges[0].request
        visit.close()


def test_required_and_missing() -> None:
    with pytest.raises(UsageError, match="only through a proxy"):
        fetcher(require_proxy=True)


def test_threads_share_a_proxy(plain_site: Site) -> None:
    wrong = []
    with SocksProxy(("ann", "x")) as proxy, fetcher(proxy=proxy.url("ann:x@")) as shared:

        def visit_one(number: int) -> None:
            visit = shared.fetch(plain_site.url(f"/big?proxy={number}", "site.example"))
            if stored(visit.exchanges[0]) != WHOLE["/big"]:
                wrong.append(number)
            visit.close()

        threads = [threading.Thread(target=visit_one, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "127.0.0.1:9050",
        "ftp://127.0.0.1:1",
        "socks4://127.0.0.1:1080",
        "socks5h://",
        "socks5h://:9050",
        "http://proxy.example:99999",
        "http://proxy.example:x",
        "http://proxy.example/path",
        "http://proxy.example/?q",
        "http://[::1:3128",
        "http://a%00b@proxy.example",
        "http://" + "u" * 300 + "@proxy.example",
        "http://a b.example:1",
        "http://proxy.example\r\nX: y",
    ],
)
def test_no_proxy(text: str) -> None:
    with pytest.raises(UsageError):
        Proxy.parse(text)


def test_a_password_is_not_in_any_text() -> None:
    proxy = Proxy.parse("http://ann:p%40ss@[::1]:8080/")
    assert (proxy.user, proxy.password, proxy.host, proxy.port) == ("ann", "p@ss", "::1", 8080)
    for text in (repr(proxy), str(proxy), proxy.shown, proxy.recorded):
        assert "ann" not in text and "p@ss" not in text
    for text in ("ftp://ann:secret@x.example", "http://ann:secret@x.example:99999", "http://ann:se@cret@x.example/p"):
        with pytest.raises(UsageError) as error:
            Proxy.parse(text)
        assert "secret" not in str(error.value) and "cret" not in str(error.value)
