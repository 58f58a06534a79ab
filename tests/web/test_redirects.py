"""Redirects: each hop is an exchange of its own, followed as browsers follow them, and what is not followed is said."""

from __future__ import annotations

import pytest
from testsite import REDIRECTS, WHOLE, Site, head, moved
from visiting import Names, fetch, said, stored


def test_a_chain(plain_site: Site) -> None:
    """Absolute path, relative path, another host without scheme, another host with scheme; every status."""
    names = Names({"localhost": ["127.0.0.1"]})
    visit = fetch(plain_site.url("/chain"), resolver=names)
    base = f"http://127.0.0.1:{plain_site.port}"
    assert [(exchange.url, exchange.status) for exchange in visit.exchanges] == [
        (f"{base}/chain", 301),
        (f"{base}/chain/2", 303),
        (f"{base}/chain/3?x=1", 307),
        (f"{base}/chain/4", 308),
        (f"http://localhost:{plain_site.port}/plain", 200),
    ]
    assert (visit.final_url, visit.error) == (visit.exchanges[-1].url, None)
    assert visit.requested_url == f"{base}/chain"
    assert [exchange.location for exchange in visit.exchanges[:2]] == ["/chain/2", "3?x=1"]
    assert visit.exchanges[-1].request.startswith(b"GET /plain HTTP/1.1\r\nHost: localhost:")
    for exchange in visit.exchanges[:3]:
        path = exchange.url.removeprefix(base)
        assert stored(exchange) == plain_site.wait_for(path)[-1]
    assert stored(visit.exchanges[-1]) == WHOLE["/plain"]
    visit.close()


@pytest.mark.parametrize(
    ("path", "final"),
    [("/to-utf8", "/caf%C3%A9"), ("/to-latin1", "/caf%E9"), ("/to-fragment", "/plain"), ("/two-locations", "/plain")],
)
def test_odd_locations(plain_site: Site, path: str, final: str) -> None:
    visit = fetch(plain_site.url(path))
    assert visit.final_url == plain_site.url(final)
    assert stored(visit.exchanges[0]) == REDIRECTS[path]
    assert ("several Location fields" in said(visit.exchanges[0])) == (path == "/two-locations")
    visit.close()


@pytest.mark.parametrize("path", ["/no-location", "/300", "/304"])
def test_what_is_no_redirect(plain_site: Site, path: str) -> None:
    visit = fetch(plain_site.url(path))
    assert (len(visit.exchanges), visit.error, visit.outcome) == (1, None, "response")
    visit.close()


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/to-ftp", "bad redirect"), ("/to-credentials", "bad redirect"), ("/loop", "redirect loop")],
)
def test_redirects_that_are_not_followed(plain_site: Site, path: str, kind: str) -> None:
    visit = fetch(plain_site.url(path))
    assert visit.error_kind == kind
    assert (visit.outcome, visit.retryable) == ("response", False)
    assert visit.exchanges[-1].status == 302
    assert "secret" not in (visit.error or "")
    visit.close()


def test_a_loop_is_seen_on_its_second_turn(plain_site: Site) -> None:
    visit = fetch(plain_site.url("/loop"))
    assert [exchange.url for exchange in visit.exchanges] == [plain_site.url("/loop"), plain_site.url("/loop/2")]
    visit.close()


def test_a_cookie_bounce_is_no_loop(site: Site, authority) -> None:
    visit = fetch(site.url("/bounce"), ca_file=str(authority.root_path))
    assert [exchange.status for exchange in visit.exchanges] == [302, 200]
    assert visit.exchanges[0].url == visit.exchanges[1].url
    assert b"\r\nCookie: seen=1\r\n" in visit.exchanges[1].request
    assert b"Cookie" not in visit.exchanges[0].request
    visit.close()


def test_cookies_do_not_go_from_one_visit_to_the_next(plain_site: Site) -> None:
    from visiting import fetcher

    with fetcher() as shared:
        for _ in range(2):
            visit = shared.fetch(plain_site.url("/bounce"))
            assert len(visit.exchanges) == 2
            visit.close()


def test_from_tls_to_plain_and_back(plain_site: Site, tls_site: Site, authority) -> None:
    """Followed, and seen in the facts; cookies given for the secure page stay there, and so does its referrer."""
    tls_site.serve("/down", moved(plain_site.url("/up")))
    plain_site.serve("/up", moved(tls_site.url("/end")))
    tls_site.serve("/end", head("Content-Length: 0"))
    from archiver.web.cookies import Cookie

    visit = fetch(
        tls_site.url("/down"),
        ca_file=str(authority.root_path),
        cookies=[Cookie("session", "abc")],
        referrer="https://search.example/?q=1",
    )
    assert [exchange.tls is not None for exchange in visit.exchanges] == [True, False, True]
    assert [b"session=abc" in exchange.request for exchange in visit.exchanges] == [True, False, True]
    assert [b"search.example" in exchange.request for exchange in visit.exchanges] == [True, False, True]
    visit.close()


def test_a_redirect_to_a_host_that_does_not_answer(plain_site: Site) -> None:
    """The redirect is a response; that it led nowhere stands beside it."""
    plain_site.serve("/to-nowhere", moved("http://nowhere.example/"))
    visit = fetch(plain_site.url("/to-nowhere"), resolver=Names({}))
    assert (visit.outcome, visit.error_kind) == ("response", "dns")
    assert visit.final_url == plain_site.url("/to-nowhere")
    assert len(visit.exchanges) == 1
    visit.close()


def test_a_redirect_whose_body_is_cut_is_followed(plain_site: Site) -> None:
    plain_site.serve("/cut-redirect", head("Location: /plain", "Content-Length: 500", status="302 Found") + b"cut")
    visit = fetch(plain_site.url("/cut-redirect"))
    assert [exchange.truncated for exchange in visit.exchanges] == ["disconnect", None]
    assert visit.retryable is False
    visit.close()


def test_a_redirect_whose_head_is_cut_is_not_followed(plain_site: Site) -> None:
    plain_site.serve("/half-location", b"HTTP/1.1 302 Found\r\nLocation: /pl")
    visit = fetch(plain_site.url("/half-location"))
    assert (len(visit.exchanges), visit.error_kind) == (1, "disconnect")
    visit.close()
