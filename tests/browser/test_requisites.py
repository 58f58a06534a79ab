"""`capture --requisites`: what the page names is in the same WARC, byte for byte, and what is missing is said."""

from __future__ import annotations

import io
from pathlib import Path

from certificates import Authority
from rendering import page
from steadysite import SteadySite
from test_browser_capture import BODY, SAID, Desk
from testsite import head, moved

from archiver.warc.read import read_records

PAGE = f"""<!doctype html><title>Bridge stays shut</title><link rel=stylesheet href=/all.css>
<script src=/app.js></script><article><h1>Bridge stays shut</h1>
<p>{SAID}</p>{BODY}<img src=/photo.jpg><img src=/gone.png></article>"""


def test_everything_of_a_page_is_sealed_with_it(tmp_path: Path, tls_site: SteadySite, authority: Authority) -> None:
    site = tls_site
    desk = Desk(tmp_path)
    site.serve("/story", page(PAGE))
    site.serve("/all.css", page("@import '/more.css'; p { background: url(/bg.png) }", "text/css"))
    site.serve("/more.css", page("@font-face { src: url(/f.woff2) }", "text/css"))
    site.serve("/photo.jpg", moved("/real.jpg"))
    for path in ("/app.js", "/bg.png", "/f.woff2", "/real.jpg"):
        site.serve(path, head("Content-Length: 4") + b"\x00\xff\r\n")
    found, _ = desk.capture("--requisites", "--browser=never", "--ca-file", authority.root_path, site.url("/story"))
    assert found["state"] == "sealed" and found["kind"] == "article" and found["statements"] == 1
    facts = desk.facts(1)
    assert facts.document is not None and facts.document is facts.hops[0] and not facts.rendered
    assert not facts.complete and facts.missing == (f"{site.url('/gone.png')}: HTTP 404",)
    asked = [hop.url.removeprefix(site.url("")) for hop in facts.hops]
    assert set(asked) == {
        "/story", "/all.css", "/app.js", "/photo.jpg", "/real.jpg", "/gone.png", "/more.css", "/bg.png", "/f.woff2"
    }  # fmt: skip
    assert len(asked) == 9
    by_id = {item.get("WARC-Record-ID"): item for item in read_records(io.BytesIO(desk.object(1, "warc")))}
    for hop, path in zip(facts.hops, asked, strict=True):
        assert by_id[hop.record].block().read() == site.sent[path][0]
    # Read anew, it is the page that is read, not what was fetched last.
    assert "article" in desk("read", "1").stdout
    again = desk("recheck", "--allow-private", "--ca-file", authority.root_path, "1")
    assert again.returncode == 0, again.stdout + again.stderr
    assert desk("verify").returncode == 0


def test_a_page_that_names_thousands_ends(tmp_path: Path, plain_site: SteadySite) -> None:
    desk = Desk(tmp_path)
    images = "".join(f"<img src=/i?{number}>" for number in range(1000))
    plain_site.serve(
        "/many", page(f"<article><p>{SAID}</p>{BODY}</article>{images}<img src='http://169.254.169.254/x'>")
    )
    plain_site.serve("/i", head("Content-Length: 1") + b"x")
    desk.capture("--requisites", "--browser=never", plain_site.url("/many"))
    facts = desk.facts(1)
    assert len(facts.hops) == 501 and len(facts.missing) == 101 and "more requisites" in facts.missing[-1]


def test_what_has_no_requisites(tmp_path: Path, plain_site: SteadySite) -> None:
    desk = Desk(tmp_path)
    plain_site.serve("/file", head("Content-Type: application/pdf", "Content-Length: 4") + b"%PDF")
    desk.capture("--requisites", plain_site.url("/file"))
    assert not desk.facts(1).whole and desk.facts(1).missing == ("requisites",)
