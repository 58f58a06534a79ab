"""URLs as browsers read them; what comes out is plain ASCII, settled, and leads where the text said."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.errors import UsageError
from archiver.web.addresses import MAX_URL, follow, normalise_url, origin_of, token_warnings


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("Example.org/a b#c", "https://example.org/a%20b"),
        ("http://127.1:80/?q=ä", "http://127.0.0.1/?q=%C3%A4"),
        ("https://site.example", "https://site.example/"),
        ("https://site.example?", "https://site.example/?"),
        ("https://site.example?q", "https://site.example/?q"),
        ("https://site.example/?#x", "https://site.example/?"),
        ("https://site.example:443/", "https://site.example/"),
        ("https://site.example:80/", "https://site.example:80/"),
        ("https://site.example:/", "https://site.example/"),
        ("https://site.example:08080/", "https://site.example:8080/"),
        ("https://site.example./a", "https://site.example/a"),
        ("https://site.example/a/../b/./c//d", "https://site.example/b/c//d"),
        ("https://site.example/%2E%2e/a/%2e", "https://site.example/a/"),
        ("https://site.example/../..", "https://site.example/"),
        ("https://site.example\\@evil.example/", "https://site.example/@evil.example/"),
        ("https://site.example\\a\\b?c\\d", "https://site.example/a/b?c\\d"),
        ("https://site.example/%zz%C3%a4'\"<>", "https://site.example/%zz%C3%a4'%22%3C%3E"),
        ("https://site.example/?'\"<>{}|`", "https://site.example/?%27%22%3C%3E{}|`"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://BÜCHER。example/", "https://xn--bcher-kva.example/"),
        ("https://faß.example/", "https://xn--fa-hia.example/"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
        ("https://a_b.site.example/", "https://a_b.site.example/"),
        ("http://[2001:DB8:0::1]:8080/", "http://[2001:db8::1]:8080/"),
        ("http://0x7f.0x1/", "http://127.0.0.1/"),
        ("http://017700000001/", "http://127.0.0.1/"),
        ("http://3232235777/", "http://192.168.1.1/"),
        ("site.example:8443", "https://site.example:8443/"),
    ],
)
def test_spellings(typed: str, url: str) -> None:
    assert normalise_url(typed) == url


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "https://",
        "//site.example/",
        "/a",
        "https://site.example:0/",
        "https://site.example:65536/",
        "https://site.example:8o/",
        "https://site.example:-1/",
        "https://ann@site.example/",
        "https://ann:secret@site.example/",
        "https://:@site.example/",
        "https://256.1.1.1/",
        "https://1.2.3.4.5/",
        "https://0x1.2.3.999999/",
        "https://4294967296/",
        "https://1.2.3.08/",
        "https://[::1/",
        "https://[::1%25eth0]/",
        "https://[v1.x]/",
        "https://a b.example/",
        "https://a%20b.example/",
        "https://.example/",
        "https://a..example/",
        "https://" + "a" * 64 + ".example/",
        "https://" + "a." * 130 + "example/",
        "https://site.example/\t",
        "https://site.example/a\r\nHost: evil.example",
        "https://site.example/\u2028",
        "https://site.example/\ud800",
        "https://site.example/" + "a" * MAX_URL,
        "https://site.example/" + "ä" * (MAX_URL // 4),
        "data:text/html,x",
        "about:blank",
        "ws://site.example/",
    ],
)
def test_refusals(typed: str) -> None:
    with pytest.raises(UsageError):
        normalise_url(typed if typed.strip() == typed else typed + "x")


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://site.example/a?b", ("https", "site.example", 443, "/a?b")),
        ("http://[::1]:81/?", ("http", "::1", 81, "/?")),
    ],
)
def test_taken_apart(url: str, parts: tuple[str, str, int, str]) -> None:
    origin = origin_of(url)
    assert (origin.scheme, origin.host, origin.port, origin.target) == parts


def test_host_headers() -> None:
    assert origin_of("https://site.example/").host_header == "site.example"
    assert origin_of("http://site.example:443/").host_header == "site.example:443"
    assert origin_of("http://[::1]:81/").host_header == "[::1]:81"
    assert origin_of("http://[::1]/").authority == "[::1]:80"


HOSTS = st.sampled_from(["site.example", "bücher.example", "127.1", "[::1]", "0x7f.1", "a_b.example.", "1.2.3", "x"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
TYPED = st.one_of(
    st.text(max_size=80),
    st.builds("{}{}{}{}".format, st.sampled_from(["", "https://", "http://", "HTTP:\\\\", "//"]), HOSTS, TEXTS, TEXTS),
    st.lists(
        st.sampled_from(
            ["https", "http", ":", "/", "//", "\\", ".", "..", "%2e", "%", "?", "#", "@", "[", "]", "a", "ä", "8"]
        )
    ).map("".join),
)


@given(TYPED)
@settings(max_examples=500)
def test_any_text_gives_a_settled_url_or_our_error(typed: str) -> None:
    try:
        url = normalise_url(typed)
    except UsageError:
        return
    assert url.isascii() and url.isprintable() and " " not in url and "#" not in url
    assert normalise_url(url) == url
    origin = origin_of(url)
    assert origin.scheme in ("http", "https") and origin.host and 0 < origin.port < 65536
    assert origin.target.startswith("/")
    assert "@" not in urlsplit(url).netloc
    assert url == f"{origin.scheme}://{origin.host_header}{origin.target}"


@given(st.text(st.characters(max_codepoint=255), max_size=60))
@settings(max_examples=300)
def test_any_location_leads_somewhere_or_is_our_error(location: str) -> None:
    try:
        url = follow("https://site.example/a/b?c", location)
    except UsageError:
        return
    assert normalise_url(url) == url


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("", "https://site.example/a/b?c"),
        ("d", "https://site.example/a/d"),
        ("?d", "https://site.example/a/b?d"),
        ("../d", "https://site.example/d"),
        ("/d", "https://site.example/d"),
        ("//other.example/d", "https://other.example/d"),
        ("\\\\other.example\\d", "https://other.example/d"),
        ("http://other.example", "http://other.example/"),
        (" \t/d\t ", "https://site.example/d"),
        ("/d#e", "https://site.example/d"),
        ("#e", "https://site.example/a/b?c"),
        ("/caf\xc3\xa9", "https://site.example/caf%C3%A9"),
        ("/caf\xe9", "https://site.example/caf%E9"),
        ("/a\tb\nc", "https://site.example/abc"),
        ("https:/d", "https://site.example/d"),
    ],
)
def test_locations(location: str, url: str) -> None:
    assert follow("https://site.example/a/b?c", location) == url


@pytest.mark.parametrize(
    "location",
    ["ftp://x.example/", "javascript:x", "https://a@b.example", "/\x00a", "//[", "/" + "a" * 9000],
)
def test_locations_that_lead_nowhere(location: str) -> None:
    with pytest.raises(UsageError):
        follow("https://site.example/a/b?c", location)


@given(st.integers(0, 2**32 - 1), st.sampled_from(["{:d}", "{:#x}", "0{:o}"]))
def test_numbers_are_ipv4_addresses(value: int, form: str) -> None:
    text = form.format(value)
    if text != "00":
        assert origin_of(normalise_url(f"http://{text}/")).host == str(ipaddress.IPv4Address(value))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("token=x", "secret"),
        ("access_token=x", "secret"),
        ("X-Amz-Signature=x", "secret"),
        ("sid=x", "secret"),
        ("q=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "secret"),
        ("q=0123456789abcdef0123456789abcdef", "secret"),
        ("q=Abcdefghijklmnopqrstuvwxyz012345678", "secret"),
        ("fbclid=x", "mark"),
        ("gclid=", "mark"),
    ],
)
def test_parameters_that_are_warned_about(query: str, words: str) -> None:
    [warning] = token_warnings(f"https://site.example/?a=1&{query}")
    assert words in warning
    value = query.partition("=")[2]
    assert len(value) < 2 or value not in warning


def test_parameters_that_are_not() -> None:
    assert token_warnings("https://site.example/?page=2&q=the+harbour+crane&id=12345&tokens=1&id=a") == []
    assert token_warnings("https://site.example/token=x") == []
