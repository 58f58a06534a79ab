"""What a request says of us: the header fields, their order, and what cannot get into them."""

from __future__ import annotations

import pytest
from testsite import Site
from visiting import fetch

from archiver.errors import UsageError
from archiver.web.addresses import origin_of
from archiver.web.headers import ARCHIVER, CHROME, FIREFOX, Persona, check_referrer, referrer_for

HTTP = origin_of("http://site.example/a")
HTTPS = origin_of("https://site.example/a")


def names(persona: str, origin=HTTPS, referrer: str | None = None, cookie: str | None = None) -> list[str]:
    return [name for name, _ in Persona.of(persona).headers(origin, referrer, cookie)]


# As Firefox 153 (ESR) sent them over HTTP/1.1 and TLS, for an address typed in; its own Accept-Encoding and Connection.
SEEN_FIREFOX = """\
Host: site.example:8443
User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8
Accept-Language: en-US,en;q=0.9
Accept-Encoding: gzip, deflate, br, zstd
Connection: keep-alive
Upgrade-Insecure-Requests: 1
Sec-Fetch-Dest: document
Sec-Fetch-Mode: navigate
Sec-Fetch-Site: none
Sec-Fetch-User: ?1
Priority: u=0, i
"""
# As Chromium 156 sent them; Google's build adds itself to the brands and freezes the version in User-Agent.
SEEN_CHROME = """\
Host: site.example:8443
Connection: keep-alive
sec-ch-ua: "Not:A-Brand";v="8", "Chromium";v="156", "Google Chrome";v="156"
sec-ch-ua-mobile: ?0
sec-ch-ua-platform: "Linux"
Upgrade-Insecure-Requests: 1
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/jxl,image/avif,image/webp,image/apng,*/*;q=0.8,\
application/signed-exchange;v=b3;q=0.7
Sec-Fetch-Site: none
Sec-Fetch-Mode: navigate
Sec-Fetch-User: ?1
Sec-Fetch-Dest: document
Accept-Encoding: gzip, deflate, br, zstd
Accept-Language: en-US,en;q=0.9
"""


@pytest.mark.parametrize(("persona", "seen"), [("firefox", SEEN_FIREFOX), ("chrome", SEEN_CHROME)])
def test_fields_values_and_order_are_a_browsers(persona: str, seen: str) -> None:
    origin = origin_of("https://site.example:8443/")
    ours = "".join(f"{name}: {value}\n" for name, value in Persona.of(persona).headers(origin, None, None))
    wanted = (
        seen.replace("keep-alive", "close")
        .replace("gzip, deflate, br, zstd", "gzip, deflate")
        .replace("X11; Linux x86_64", "Windows NT 10.0; Win64; x64")
        .replace('"Linux"', '"Windows"')
    )
    assert ours == wanted


def test_firefox_over_tls() -> None:
    assert names("firefox", cookie="a=1", referrer="https://site.example/") == [
        "Host",
        "User-Agent",
        "Accept",
        "Accept-Language",
        "Accept-Encoding",
        "Connection",
        "Referer",
        "Cookie",
        "Upgrade-Insecure-Requests",
        "Sec-Fetch-Dest",
        "Sec-Fetch-Mode",
        "Sec-Fetch-Site",
        "Sec-Fetch-User",
        "Priority",
    ]


def test_chrome_over_tls() -> None:
    assert names("chrome", cookie="a=1")[:7] == [
        "Host",
        "Connection",
        "sec-ch-ua",
        "sec-ch-ua-mobile",
        "sec-ch-ua-platform",
        "Upgrade-Insecure-Requests",
        "User-Agent",
    ]
    assert names("chrome", cookie="a=1")[-3:] == ["Accept-Encoding", "Accept-Language", "Cookie"]


@pytest.mark.parametrize("persona", ["firefox", "chrome", "archiver"])
def test_less_is_said_where_everybody_listens(persona: str) -> None:
    assert not [name for name in names(persona, HTTP) if name.lower().startswith("sec-")]


@pytest.mark.parametrize("persona", ["firefox", "chrome", "archiver", "Curious/1.0"])
def test_what_is_the_same_for_all(persona: str) -> None:
    for origin in (HTTP, HTTPS):
        found = dict(Persona.of(persona).headers(origin, None, None))
        assert found["Host"] == "site.example"
        assert found["Accept-Encoding"] == "gzip, deflate"  # whatever is installed: recorded, the same everywhere
        assert found["Connection"] == "close"
        assert "Cookie" not in found and "Referer" not in found


def test_the_default_names_neither_newsroom_nor_tool(plain_site: Site) -> None:
    visit = fetch(plain_site.url("/plain"))
    request = visit.exchanges[0].request.lower()
    for word in (b"archiver", b"python", b"python-requests", b"urllib3"):
        assert word not in request
    visit.close()


def test_presets_and_strings() -> None:
    assert Persona.of("firefox").user_agent == FIREFOX
    assert Persona.of("chrome").user_agent == CHROME
    assert Persona.of("archiver").user_agent == ARCHIVER
    assert Persona.of("Curious/1.0").family == "plain"
    assert Persona.of(FIREFOX.replace("153", "150")).family == "firefox"
    own = Persona.of(CHROME.replace("156", "150"))
    assert (own.family, own.brands) == ("chrome", None)  # brands of another version would give us away


@pytest.mark.parametrize("text", ["", " x", "x ", "a\r\nX: y", "a\nb", "a\x00b", "Ä", "x" * 2000])
def test_what_no_header_can_carry(text: str) -> None:
    with pytest.raises(UsageError):
        Persona.of(text)
    if text:
        with pytest.raises(UsageError):
            Persona.of("firefox", text)


def test_no_accepted_language() -> None:
    assert "Accept-Language" not in dict(Persona.of("firefox", "").headers(HTTPS, None, None))


def test_sec_fetch_site_says_where_the_link_was() -> None:
    relations = {
        None: "none",
        "https://site.example/b": "same-origin",
        "https://www.site.example/": "same-site",
        "https://site.example:8443/": "same-site",
        "http://site.example/": "cross-site",
        "https://search.example/": "cross-site",
        "https://notsite.example/": "cross-site",
    }
    for referrer, relation in relations.items():
        assert dict(Persona.of("firefox").headers(HTTPS, referrer, None))["Sec-Fetch-Site"] == relation, referrer


def test_referrers() -> None:
    assert check_referrer(None) is None
    assert check_referrer("https://search.example/?q=ä#x") == "https://search.example/?q=%C3%A4"
    for text in ("https://ann:secret@search.example/", "ftp://x.example/", "https://x.example/\r\nX: y"):
        with pytest.raises(UsageError):
            check_referrer(text)
    assert referrer_for("https://search.example/", HTTP) is None
    assert referrer_for("http://search.example/", HTTP) == "http://search.example/"
    assert referrer_for("https://search.example/", HTTPS) == "https://search.example/"


def test_headers_are_sent_as_made(plain_site: Site) -> None:
    visit = fetch(plain_site.url("/plain"), persona=Persona.of("chrome"), referrer="http://search.example/?q=1")
    request = visit.exchanges[0].request
    origin = origin_of(plain_site.url("/plain"))
    expected = "GET /plain HTTP/1.1\r\n"
    for name, value in Persona.of("chrome").headers(origin, "http://search.example/?q=1", None):
        expected += f"{name}: {value}\r\n"
    assert request == plain_site.received["/plain"][-1] == expected.encode("ascii") + b"\r\n"
    visit.close()
