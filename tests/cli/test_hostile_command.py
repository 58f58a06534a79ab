"""Pages made to hurt, captured through the command line: each is sealed, says what became of it, and verifies."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from newsroom import Newsroom
from terminal import User

SAID = "<p>The mayor said: “We will build it, whatever it takes, before the winter.”</p>\n"
PAGES: dict[str, Callable[[int], bytes]] = {
    "opening marks": lambda n: ("<p>" + "“" * n).encode(),
    "straight marks": lambda n: b"<p>" + b'"' * n,
    "nested divs": lambda n: b"<div>" * n + b"x",
    "nested quotations": lambda n: b"<blockquote>" * (n // 10) + "“Hi,” said Ann.".encode(),
    "one word": lambda n: b"<article><p>" + b"hello " * n + b"</p></article>",
    "statements": lambda n: SAID.encode() * (n // 20),
    "attributes": lambda n: b"<p " + b"a=1 " * n + b">x",
    "ampersands": lambda n: b"&" * n,
    "less-than signs": lambda n: b"<" * n,
    "open comments": lambda n: b"<!--" * n,
    "json-ld": lambda n: b"<script type='application/ld+json'>" + b"[" * n + b"</script><p>x",
    "zeros": bytes,
    "tables": lambda n: b"<table>" * (n // 10) + b"<tr><td>x",
    "addresses": lambda n: b"<a href='http://[::1'>x</a>" * (n // 20),
    "cues": lambda n: ("“No,” said. " * (n // 10)).encode(),
    "bidi": lambda n: ("<title>\u202e" + "gnp.exe\u2066" * 20 + "</title><p>" + "\u200f\u202b" * n).encode(),
}


@pytest.mark.parametrize("size", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_hostile_pages(user: User, tmp_path: Path, size: int) -> None:
    user.init()
    for name, make in PAGES.items():
        page = tmp_path / f"{name}.html"
        page.write_bytes(make(size))
        started = time.monotonic()
        result = user("capture", page)
        assert result.code in (0, 1), f"{name}: {result.out}{result.err}"
        assert "fault of" not in result.out + result.err, name
        assert time.monotonic() - started < 90, name
        assert not set(result.out) & set("\u202e\u2066\u200f\u202b"), f"{name}: marks that turn a line around"
    assert len(user.ok("log", "--all", "--json").lines()) == len(PAGES)
    assert user("show", "latest").code == 0
    report = user("verify", "--json")
    assert report.code == 0, report.out[-2000:]


@pytest.mark.slow
def test_a_page_of_a_hundred_megabytes(user: User, tmp_path: Path) -> None:
    page = tmp_path / "huge.html"
    page.write_bytes(SAID.encode() * (100_000_000 // len(SAID.encode())))
    user.init()
    result = user("capture", page)
    assert result.code == 1
    assert "sealed, but not read" in result.out
    assert user.ok("verify")


def test_https_with_a_root_of_ones_own(user: User) -> None:
    user.init()
    with Newsroom(https=True) as site:
        address = site.url("/wire/harbour-crane")
        good = user.ok("capture", "--allow-private", "--ca-file", site.ca_pem_path, address)
        assert "not verified" not in good.out
        assert "certificate verified" in user.ok("show", "latest").out
        bad = user.ok("capture", "--allow-private", address)
        assert "certificate not verified" in bad.out
        shown = user.ok("show", "latest").out
        assert "certificate NOT verified" in shown
        hop = user.ok("show", "latest", "--json").json()["snapshot"]["facts"]["hops"][0]
        assert (hop["tls"]["verified"], len(hop["tls"]["chain"]) >= 1) == (False, True)
    assert user.ok("verify")
