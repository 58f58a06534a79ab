"""What needs no browser: which one is found, how it is started, what it says of itself, how its trees become text."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from archiver.browser.accessibility import outline
from archiver.browser.asked import Asked, BadRequestError, address_of, parse_head, tunnel_target
from archiver.browser.chromium import NAMES, command_line, find_chromium, need_chromium
from archiver.browser.identity import new_identity
from archiver.browser.memory import group_members, group_memory
from archiver.browser.page import plain_agent
from archiver.browser.process import Process
from archiver.errors import ExtraMissingError, FetchError


def program(path: Path, text: str = "#!/bin/sh\nexit 3\n") -> Path:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_which_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"PATH": str(tmp_path)}
    assert find_chromium(environment) is None
    for name in reversed(NAMES):  # the first of them that is there
        found = program(tmp_path / name)
        assert find_chromium(environment) == found
    own = program(tmp_path / "my-browser")
    assert find_chromium({**environment, "ARCHIVER_CHROMIUM": str(own)}) == own
    assert find_chromium({**environment, "ARCHIVER_CHROMIUM": "my-browser"}) == own
    assert find_chromium({**environment, "ARCHIVER_CHROMIUM": "/nowhere"}) is None
    assert find_chromium({**environment, "ARCHIVER_CHROMIUM": ""}) is None
    monkeypatch.setenv("ARCHIVER_CHROMIUM", "")
    with pytest.raises(ExtraMissingError) as missing:
        need_chromium()
    assert "doctor" in (missing.value.hint or "")


def test_how_it_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for user, sandboxed in ((1000, True), (0, False)):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        flags = command_line(Path("/usr/bin/chromium"), tmp_path, 4711, "abc=", "de-DE")
        assert ("--no-sandbox" not in flags) == sandboxed
        assert f"--user-data-dir={tmp_path}" in flags and "--proxy-server=http://127.0.0.1:4711" in flags
        assert "--ignore-certificate-errors-spki-list=abc=" in flags and "--remote-debugging-pipe" in flags
        assert not any(flag.startswith("--remote-debugging-port") for flag in flags)


@pytest.mark.parametrize("text", ["#!/bin/sh\nexit 3\n", "#!/bin/sh\necho no; sleep 0.1\n", "not a program"])
def test_a_program_that_is_no_browser(tmp_path: Path, text: str) -> None:
    with pytest.raises(FetchError) as failed:
        Process(
            program(tmp_path / "chromium", text),
            door=9,
            spki="x",
            language="en",
            memory=1 << 30,
            stopped=lambda: False,
        )
    assert "did not start" in failed.value.message


def test_what_it_says_of_itself() -> None:
    said = (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.8078.79 Safari/1"
    )
    plain = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/1"
    assert plain_agent({"userAgent": said}) == plain
    assert plain_agent({"userAgent": plain}) == plain


def test_memory_of_a_group() -> None:
    own = os.getpgid(0)
    assert os.getpid() in group_members(own) and group_memory(own) > 1 << 20
    assert group_members(2**22 + 1) == [] and group_memory(2**22 + 1) == 0


def test_two_identities_have_nothing_in_common() -> None:
    assert new_identity().spki != new_identity().spki and len(new_identity().spki) == 44


def node(name: str, role: str, words: str, *children: str, parent: str | None = None, **more: Any) -> dict[str, Any]:
    found = {"nodeId": name, "role": {"value": role}, "name": {"value": words}, "childIds": list(children), **more}
    return found if parent is None else {**found, "parentId": parent}


def test_what_a_screen_reader_would_say() -> None:
    tree = [
        node("1", "RootWebArea", "News", "2", "5"),
        node("2", "generic", "", "3", parent="1"),
        node("3", "heading", "Bridge\n shut", "4", parent="2"),
        node("4", "InlineTextBox", "Bridge", parent="3"),
        node("5", "image", "hidden", parent="1", ignored=True),
    ]
    assert outline(tree) == 'RootWebArea "News"\n  heading "Bridge shut"\n'
    loop = [node("1", "a", "", "1", "2"), node("2", "b", "", "1", parent="1"), {}, {"nodeId": "3", "role": None}]
    assert outline(loop) == "a\n  b\n?\n?\n"
    deep = [node(str(n), "x", "", str(n + 1), parent=str(n - 1) if n else None) for n in range(50_000)]
    assert outline(deep).count("\n") == 50_000


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"GET /caf\xc3\xa9 HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_request(raw: bytes) -> None:
    with pytest.raises(BadRequestError):
        parse_head(raw)


def test_where_a_request_goes() -> None:
    def url(target: str, tunnel: tuple[str, str, int] | None = None) -> str:
        return address_of(Asked("GET", target, (), 0), tunnel)[0]

    assert url("http://news.example/a?b") == "http://news.example/a?b"
    assert url("http://news.example") == "http://news.example/"
    assert url("/a%20b|c", ("https", "news.example", 443)) == "https://news.example/a%20b|c"
    assert url("/a", ("http", "::1", 8080)) == "http://[::1]:8080/a"
    assert "<" not in url("/<a>", ("https", "news.example", 443))
    for target, tunnel in (
        ("https://a.example/", None),
        ("ftp://a.example/", None),
        ("*", ("https", "a.example", 443)),
    ):
        with pytest.raises(BadRequestError):
            url(target, tunnel)
    assert tunnel_target("news.example:443") == ("news.example", 443)
    assert tunnel_target("[::1]:80") == ("::1", 80)
    for target in ("news.example", "a:b@c:1", "news.example:0", "news.example:99999", ":443"):
        with pytest.raises(BadRequestError):
            tunnel_target(target)


def test_what_is_sent_on() -> None:
    raw = b"GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nX-Odd:  a \r\nProxy-Connection: keep-alive\r\n"
    raw += b"ACCEPT-ENCODING: gzip, br, zstd\r\nCookie: a=b\r\n\r\n"
    asked = parse_head(raw)
    sent = b"GET / HTTP/1.1\r\nHost: a.example\r\nX-Odd:  a \r\nAccept-Encoding: gzip\r\nCookie: a=b\r\n\r\n"
    assert asked.sent_on("/", b"", with_cookies=True) == sent
    assert asked.sent_on("/", b"", with_cookies=False) == sent.replace(b"Cookie: a=b\r\n", b"")
