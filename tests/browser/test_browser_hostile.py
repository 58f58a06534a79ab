"""Pages that mean harm: each ends in time, with a recorded outcome, and the next visit is as good as any."""

from __future__ import annotations

import time

import pytest
from rendering import QUICK, browser, kinds, page
from shut_in import need_browser
from steadysite import SteadySite
from testsite import Talk, head

from archiver.browser.browser import Browser
from archiver.browser.memory import group_members
from archiver.browser.rendered import MAX_HEIGHT, Rendered
from archiver.browser.tape import TapeLimits

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _shut_in() -> None:
    need_browser()


def visit(made: Browser, site: SteadySite, body: str, seconds: float = 45) -> Rendered:
    """One visit, which ends in time."""
    site.serve("/hostile", page(body))
    begun = time.monotonic()
    with made.visit(site.url("/hostile")) as found:
        seen = found.rendered
    assert time.monotonic() - begun < seconds
    assert seen.exchanges[0].status == 200  # what came is kept, whatever became of the page
    return seen


def is_well(made: Browser, site: SteadySite) -> None:
    """The next page is as if nothing had been."""
    site.serve("/well", page("<p>well"))
    with made.visit(site.url("/well")) as found:
        assert found.rendered.outcome == "rendered" and found.rendered.missing == ()


def test_a_script_that_never_ends(plain_site: SteadySite) -> None:
    with browser() as made:
        seen = visit(made, plain_site, "<p>before<script>while (true) {}</script>")
        assert {"not loaded", "hung"} & kinds(seen)
        is_well(made, plain_site)
        seen = visit(made, plain_site, "<p>before<script>onload = () => setTimeout(() => { while (true) {} })</script>")
        assert "hung" in kinds(seen) or seen.missing
        is_well(made, plain_site)


def test_a_page_that_ends_its_process(plain_site: SteadySite) -> None:
    with browser() as made:
        plain_site.serve("/crash", page("<p>x<script>location = 'chrome://crash'</script>"))
        made.visit(plain_site.url("/crash")).close()
        seen = visit(made, plain_site, "<script>const a = []; while (true) a.push(new Array(1e6).fill(a))</script>")
        assert kinds(seen) & {"crash", "not loaded"} or seen.outcome == "no browser"
        is_well(made, plain_site)


def test_memory_has_a_limit(plain_site: SteadySite) -> None:
    script = "const a = []; const more = () => { a.push(new Uint8Array(64 << 20).fill(1)); setTimeout(more) }; more()"
    with browser(memory=700 << 20) as made:
        seen = visit(made, plain_site, f"<p>x<script>{script}</script>")
        assert seen.error is not None and "MB" in seen.error
        is_well(made, plain_site)


def test_scrolling_without_an_end(plain_site: SteadySite) -> None:
    script = (
        "onscroll = () => { for (let i = 0; i < 50; i++) document.body.append(document.createElement('p'), 'more') }"
    )
    with browser() as made:
        seen = visit(made, plain_site, f"<body style='height: 3000px'><p>x<script>{script}</script>")
        assert seen.outcome == "rendered" and seen.screenshot is not None
        assert seen.scrolled <= MAX_HEIGHT + 900
        is_well(made, plain_site)


def test_a_page_of_300_000_pixels(plain_site: SteadySite) -> None:
    with browser() as made:
        seen = visit(
            made, plain_site, "<div style='height: 300000px; background: linear-gradient(red, blue)'>tall</div>"
        )
        assert seen.clipped and seen.page_height >= 300_000 and seen.screenshot is not None
        assert int.from_bytes(seen.screenshot[20:24], "big") == MAX_HEIGHT
        is_well(made, plain_site)


def test_dialogs_without_an_end(plain_site: SteadySite) -> None:
    with browser() as made:
        seen = visit(made, plain_site, "<p>x<script>while (true) alert('again')</script>")
        assert "dialog" in kinds(seen) and "scripts stopped" in kinds(seen)
        assert seen.dom is not None and b"<p>x" in seen.dom
        seen = visit(made, plain_site, "<p>x<script>document.title = confirm('sure?') + prompt('name?')</script>")
        assert seen.title == "falsenull" or seen.title == "0"
        is_well(made, plain_site)


def test_downloads_and_pop_ups(plain_site: SteadySite) -> None:
    plain_site.serve("/file", head("Content-Type: application/zip", "Content-Length: 4") + b"PK\x05\x06")
    plain_site.serve("/other", page("<p>other"))
    script = "open('/other'); const a = document.createElement('a'); a.href = '/file'; a.download = 'x.zip'; a.click()"
    with browser() as made:
        seen = visit(made, plain_site, f"<p>x<script>{script}</script>")
        assert "download" in kinds(seen)
        assert "pop-up" in kinds(seen) and not plain_site.received["/other"]
        assert seen.outcome == "rendered"
        with made.visit(plain_site.url("/file")) as found:
            assert found.rendered.outcome == "no page" and "download" in kinds(found.rendered)
            assert found.rendered.exchanges[0].status == 200
        is_well(made, plain_site)


def test_pop_ups_by_click_and_frames(plain_site: SteadySite) -> None:
    plain_site.serve("/other", page("<p>other"))
    plain_site.serve("/frame", page("<p>in the frame<script>open('/other')</script>"))
    with browser() as made:
        seen = visit(
            made,
            plain_site,
            "<iframe src=/frame></iframe><form target=_blank action=/other><button id=b></form>"
            "<script>b.click()</script>",
        )
        assert seen.frames == 1 and not plain_site.received["/other"]
        is_well(made, plain_site)


def test_the_inside_of_the_network_and_the_disk(plain_site: SteadySite) -> None:
    tries = (
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00::1]/",
        "http://10.0.0.1/",
        "file:///etc/passwd",
        "chrome://version",
    )
    frame = "const f = document.createElement('iframe'); f.src = u; document.body.append(f)"
    image = "const i = new Image; i.src = u"
    script = f"for (const u of {list(tries)!r}) {{ fetch(u).catch(() => 0); {image}; {frame} }}"
    with browser(allow_private=True) as made:
        seen = visit(
            made, plain_site, f"<body><script>{script}; setTimeout(() => location = 'file:///etc/passwd', 300)</script>"
        )
        assert seen.dom is not None and b"root:" not in seen.dom
        assert seen.address == plain_site.url("/hostile")
        assert {item.url for item in seen.failures} <= set(tries[:3])  # nobody is there to answer
        is_well(made, plain_site)


def test_private_addresses_are_refused_to_a_page(plain_site: SteadySite) -> None:
    """On loopback, which is private too, it is the page itself that is refused."""
    with browser(allow_private=False) as made, made.visit("http://169.254.169.254/latest/meta-data/") as found:
        seen = found.rendered
        assert seen.outcome == "no page" and [item.kind for item in seen.failures] == ["refused address"]
        assert "link-local" in (seen.error or "")


def test_requests_without_an_end(plain_site: SteadySite) -> None:
    script = "let n = 0; const more = () => { fetch('/n?' + n++).finally(more) }; for (let i = 0; i < 20; i++) more()"
    plain_site.serve("/n", page("x", "text/plain"))
    with browser(limits=TapeLimits(max_requests=500)) as made:
        seen = visit(made, plain_site, f"<p>x<script>{script}</script>")
        assert len(seen.exchanges) <= 500 and seen.dom is not None and "not settled" in kinds(seen)
        assert any(item.kind == "limit" for item in seen.failures)
        is_well(made, plain_site)


def test_answers_that_never_come(plain_site: SteadySite) -> None:
    plain_site.serve("/drip.js", head("Content-Type: text/javascript"), lambda talk: talk.pause(60))
    plain_site.serve("/live", head("Content-Type: text/event-stream"), _events)
    with browser() as made:
        seen = visit(made, plain_site, "<p>before<script src=/drip.js></script><p>after")
        assert "not loaded" in kinds(seen)
        seen = visit(
            made, plain_site, "<p id=p>x<script>new EventSource('/live').onmessage = e => p.append(e.data)</script>"
        )
        assert seen.dom is not None and b"news" in seen.dom
        assert [item.truncated for item in seen.exchanges if item.url.endswith("/live")] == ["unspecified"]
        is_well(made, plain_site)


def _events(talk: Talk) -> None:
    while not talk.site.closing.is_set():
        talk.send(b"data: news\n\n")
        talk.pause(0.2)


def test_a_page_that_leads_round_and_round(plain_site: SteadySite) -> None:
    with browser() as made:
        seen = visit(made, plain_site, "<p>x<script>setTimeout(() => location.reload(), 50)</script>")
        assert len(seen.exchanges) > 1
        is_well(made, plain_site)


@pytest.mark.slow
def test_ten_thousand_requests(plain_site: SteadySite) -> None:
    plain_site.serve("/n", page("x" * 100, "text/plain"))
    more = "const more = () => { if (n < 20000) fetch('/n?' + n++).finally(more) }"
    script = f"let n = 0; {more}; for (let i = 0; i < 30; i++) more()"
    patience = QUICK.__class__(total=180, load=100, settle=100, scroll=4, step=20)
    with browser(patience=patience) as made:
        seen = visit(made, plain_site, f"<p>x<script>{script}</script>", seconds=200)
        assert len(seen.exchanges) == 10_000
        assert any(item.kind == "limit" for item in seen.failures)
        is_well(made, plain_site)


def test_documents_that_are_too_much(plain_site: SteadySite) -> None:
    grow = "document.body.append('more '.repeat(4e6)); document.title = 'grown'"
    deeper = "const d = document.createElement('b'); at.append(d); at = d"
    nest = f"let at = document.body; for (let i = 0; i < 20000; i++) {{ {deeper} }}"
    with browser() as made:
        seen = visit(made, plain_site, f"<p>x<script>{grow}</script>")
        assert seen.dom is None and "characters" in dict(seen.missing)["dom"]
        seen = visit(made, plain_site, f"<p>x<script>{nest}</script>")
        assert seen.exchanges[0].status == 200
        is_well(made, plain_site)


def test_nothing_is_left_behind(plain_site: SteadySite) -> None:
    plain_site.serve("/well", page("<p>well"))
    with browser() as made:
        made.visit(plain_site.url("/well")).close()
        process = made.process()
        group, folder = process.pid, process._folder
        assert group_members(group) and folder.exists()
    end = time.monotonic() + 5
    while group_members(group) and time.monotonic() < end:
        time.sleep(0.05)
    assert group_members(group) == [] and not folder.exists()
