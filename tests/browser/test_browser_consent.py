"""Consent banners: left alone, or answered once, and said which way."""

from __future__ import annotations

import pytest
from rendering import browser, kinds, page
from shut_in import need_browser
from steadysite import SteadySite

from archiver.browser.rendered import Rendered, Setting

pytestmark = pytest.mark.browser

REFUSE = "<button onclick='document.title = \"refused\"'>Reject all</button>"
ACCEPT = "<button onclick='document.title = \"accepted\"'>Accept all</button>"
BANNER = '<div class="cookie-banner" role="dialog">We and our partners use cookies. {}</div>'


@pytest.fixture(autouse=True)
def _shut_in() -> None:
    need_browser()


def visit(site: SteadySite, body: str, *, dismiss: bool = True) -> Rendered:
    site.serve("/page", page(f"<title>as it was</title><p>An article.</p>{body}"))
    with browser(setting=Setting(dismiss_consent=dismiss)) as made, made.visit(site.url("/page")) as found:
        return found.rendered


def said(seen: Rendered) -> str:
    return "; ".join(mark.detail for mark in seen.marks if mark.kind == "consent")


def test_refused_where_that_can_be(plain_site: SteadySite) -> None:
    seen = visit(plain_site, BANNER.format(ACCEPT + REFUSE))
    assert seen.title == "refused" and said(seen) == "refused, by “reject all”"


def test_accepted_where_nothing_else_can_be(plain_site: SteadySite) -> None:
    seen = visit(plain_site, BANNER.format(ACCEPT))
    assert seen.title == "accepted" and said(seen) == "accepted, by “accept all”"


def test_left_alone_unless_asked_for(plain_site: SteadySite) -> None:
    seen = visit(plain_site, BANNER.format(ACCEPT + REFUSE), dismiss=False)
    assert seen.title == "as it was" and "consent" not in kinds(seen)


def test_nothing_else_is_pressed(plain_site: SteadySite) -> None:
    offer = f"<div class=cookies>{ACCEPT.replace('all', 'my offer')}</div>"
    others = f"<form>{ACCEPT}</form><div role=dialog>Subscribe? {ACCEPT}</div>{offer}"
    seen = visit(plain_site, others)
    assert seen.title == "as it was" and said(seen) == "no banner was found"
    hidden = BANNER.format(REFUSE).replace("<div ", "<div hidden ")
    assert visit(plain_site, hidden).title == "as it was"


def test_in_a_frame_of_somebody_else_s_and_in_a_shadow_root(plain_site: SteadySite) -> None:
    told = "<button onclick='parent.postMessage(1, \"*\")'>Tout refuser</button>"
    with SteadySite() as other:
        other.serve("/cmp", page(f"<div id=sp_message_container>{told}</div>"))
        frame = f"<iframe src='{other.url('/cmp')}'></iframe><script>onmessage = () => document.title = 'told'</script>"
        seen = visit(plain_site, frame)
        assert seen.title == "told" and said(seen) == "refused, by “tout refuser”"
    shadow = "<div id=usercentrics-root></div><script>document.getElementById('usercentrics-root')"
    inner = "<button onclick=\"document.title = 'deep'\">Alle ablehnen</button>"
    seen = visit(plain_site, f"{shadow}.attachShadow({{mode: 'open'}}).innerHTML = `{inner}`</script>")
    assert seen.title == "deep"
