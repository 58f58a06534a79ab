"""The page driver with the real Chromium: what it makes of a page, and that its exchanges are the wire's bytes."""

from __future__ import annotations

import struct

import pytest
from certificates import Authority
from rendering import browser, kinds, page
from shut_in import need_browser
from steadysite import SteadySite
from testsite import chunked, head, moved
from visiting import stored

from archiver.browser.rendered import Words

pytestmark = pytest.mark.browser

WORDS = "“The bridge stays shut until spring,”"
ARTICLE = """<!doctype html><title>Harbour news</title><h1>Bridge stays shut</h1><p>Served words.</p>
<p id=x></p><img loading=lazy src=/lazy.png style="margin-top: 4000px"><script>
fetch('/words.json').then(r => r.json()).then(found => { document.getElementById('x').textContent = found.text; });
</script>"""


@pytest.fixture(autouse=True)
def _shut_in() -> None:
    need_browser()


def serve_article(site: SteadySite) -> None:
    site.serve("/a", page(ARTICLE))
    told = f'{{"text": "{WORDS} Ann Lee told reporters on Monday."}}'
    site.serve(
        "/words.json", head("Content-Type: application/json", "Transfer-Encoding: chunked") + chunked(told.encode())
    )


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_a_page_as_a_reader_saw_it(site: SteadySite, authority: Authority) -> None:
    serve_article(site)
    site.serve("/start", moved("/a"))
    with browser(authority) as made, made.visit(site.url("/start")) as visit:
        seen = visit.rendered
        assert seen.outcome == "rendered" and seen.error is None and seen.missing == () and seen.failures == ()
        assert seen.dom is not None and WORDS in seen.dom.decode()
        assert seen.screenshot is not None and size_of(seen.screenshot) == (seen.page_width, seen.page_height)
        assert seen.page_height > 4000 and not seen.clipped and seen.scrolled > 3000
        assert seen.mhtml is not None and seen.mhtml.startswith(b"From: <Saved by Blink>")
        assert seen.pdf is not None and seen.pdf.startswith(b"%PDF")
        assert seen.accessibility is not None and WORDS in seen.accessibility.decode()
        assert (seen.title, seen.address) == ("Harbour news", site.url("/a"))
        asked = [exchange.url for exchange in seen.exchanges]
        assert asked[:2] == [site.url("/start"), site.url("/a")] and seen.document == 1
        assert {site.url("/words.json"), site.url("/lazy.png")} <= set(asked)
        for exchange in seen.exchanges:
            path = exchange.url.removeprefix(site.url(""))
            assert stored(exchange) == site.sent[path][0]
            assert exchange.request == site.received[path][0]
        first = seen.exchanges[0].request
        assert b"Headless" not in first and b"sec-ch-ua" not in first.lower()
        assert b"Accept-Language: en-US,en;q=0.9\r\n" in first
        wanted = [Words("s1", "Served words. ", (WORDS,)), Words("s2", "", ("words that are not there",))]
        found, missed = visit.pictures(wanted)
        assert found.png is not None and size_of(found.png)[0] == 1280
        assert missed.png is None and "not found" in (missed.reason or "")


def test_one_browser_serves_many_visits_and_keeps_nothing(plain_site: SteadySite) -> None:
    told = page("<p>hello<script>document.body.append(document.cookie, localStorage.length);localStorage.a=1</script>")
    plain_site.serve("/c", told.replace(b"\r\n", b"\r\nSet-Cookie: seen=1\r\n", 1))
    with browser() as made:
        for _ in range(3):
            with made.visit(plain_site.url("/c")) as visit:
                assert visit.rendered.dom is not None and b"seen=10" in visit.rendered.dom
        assert all(b"cookie:" not in request.lower() for request in plain_site.received["/c"])
        assert len(plain_site.received["/c"]) == 3


def test_shadow_roots_are_part_of_the_document(plain_site: SteadySite) -> None:
    plain_site.serve(
        "/shadow",
        page(
            "<x-a></x-a><script>document.querySelector('x-a').attachShadow({mode:'open'}).innerHTML='<p>deep'</script>"
        ),
    )
    with browser() as made, made.visit(plain_site.url("/shadow")) as visit:
        assert visit.rendered.dom is not None
        assert b'<template shadowrootmode="open"><p>deep</p></template>' in visit.rendered.dom
        (picture,) = visit.pictures([Words("s1", "", ("deep",))])
        assert picture.png is not None


def test_a_page_that_is_not_there(plain_site: SteadySite) -> None:
    with browser(allow_private=False) as made, made.visit(plain_site.url("/a")) as visit:
        seen = visit.rendered
        assert seen.outcome == "no page" and seen.exchanges == () and "loopback" in (seen.error or "")
        assert dict(seen.missing).keys() == {"dom", "screenshot", "mhtml", "pdf", "accessibility"}
    with browser() as made, made.visit(plain_site.url("/missing")) as visit:
        assert visit.rendered.outcome == "rendered" and visit.rendered.exchanges[0].status == 404


def test_no_service_worker_stands_in_between(plain_site: SteadySite) -> None:
    plain_site.serve("/w", page("<p>x<script>navigator.serviceWorker.register('/sw.js')</script>"))
    plain_site.serve("/sw.js", page("self.addEventListener('fetch', () => {})", "text/javascript"))
    with browser() as made, made.visit(plain_site.url("/w")) as visit:
        assert visit.rendered.outcome == "rendered"
        assert "service worker" in kinds(visit.rendered)


@pytest.mark.slow
def test_every_exchange_of_a_large_page_is_exact(authority: Authority) -> None:
    """300 requests over http and https, in every framing: what the site sent is what is kept."""
    with SteadySite(authority.server("127.0.0.1", "localhost")) as secure, SteadySite() as plain:
        parts = []
        for number in range(150):
            for other in (secure, plain):
                body = bytes((number + at) % 251 for at in range(1 + 397 * number))
                fields = (f"X-Odd:   {number} ", "x-oDd: twice", "Access-Control-Allow-Origin: *")
                kind = number % 3
                answer = {
                    0: head(*fields, f"Content-Length: {len(body)}") + body,
                    1: head(*fields, "Transfer-Encoding: chunked") + chunked(body, 313),
                    2: head(*fields, "Content-Type: text/plain") + body,
                }[kind]
                other.serve(f"/part/{number}", answer)
                parts.append(other.url(f"/part/{number}"))
        asked = f"{parts!r}.map(u => fetch(u).then(r => r.arrayBuffer()))"
        count = "document.title = all.filter(x => x.status == 'fulfilled').length"
        script = f"Promise.allSettled({asked}).then(all => {{ {count}; }})"
        plain.serve("/all", page(f"<title>…</title><p>all<script>{script}</script>"))
        with browser(authority) as made, made.visit(plain.url("/all")) as visit:
            seen = visit.rendered
            assert seen.title == "300" and seen.failures == ()
            kept = {exchange.url: exchange for exchange in seen.exchanges}
            assert len(kept) == len(seen.exchanges) >= 301
            for other in (secure, plain):
                for path, sent in other.sent.items():
                    exchange = kept[other.url(path)]
                    assert [stored(exchange)] == sent
                    assert [exchange.request] == other.received[path]
                    assert exchange.ip == "127.0.0.1"
                    if other is secure:
                        assert exchange.tls is not None and exchange.tls.verified and exchange.tls.version == "TLSv1.3"
