"""Cookies: where each goes, what servers may set, and that no value gets into a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from testsite import Site, head, moved
from visiting import Names, fetch

from archiver.errors import FormatError, UsageError
from archiver.web.cookies import MAX_COOKIES, Cookie, Jar, parse_cookie, parse_cookies_txt, seconds_of

NOW = 1_790_000_000
URL = "https://www.site.example/news/today"


def jar(*given_: Cookie, url: str = URL) -> Jar:
    return Jar(given_, url, NOW)


def test_a_given_cookie_belongs_to_the_host_that_is_asked_for() -> None:
    found = jar(Cookie("a", "1"))
    assert found.header(URL) == "a=1"
    assert found.header("https://www.site.example/elsewhere") == "a=1"
    for other in ("https://site.example/", "https://deep.www.site.example/", "https://other.example/"):
        assert found.header(other) is None
    assert found.header("http://www.site.example/") is None  # given for a page over TLS
    assert jar(Cookie("a", "1"), url="http://www.site.example/").header("http://www.site.example/x") == "a=1"


def test_a_domain_has_subdomains() -> None:
    found = jar(Cookie("a", "1", "site.example", True))
    for url in (URL, "https://site.example/", "http://site.example/"):
        assert found.header(url) == "a=1"
    for url in ("https://notsite.example/", "https://site.example.evil.example/"):
        assert found.header(url) is None


@pytest.mark.parametrize(
    ("path", "url", "goes"),
    [
        ("/", "https://site.example", True),
        ("/news", "https://site.example/news", True),
        ("/news", "https://site.example/news/today", True),
        ("/news/", "https://site.example/news/today", True),
        ("/news", "https://site.example/newspaper", False),
        ("/news/", "https://site.example/news", False),
    ],
)
def test_paths(path: str, url: str, goes: bool) -> None:
    found = jar(Cookie("a", "1", "site.example", False, path))
    assert (found.header(url) == "a=1") is goes


def test_longer_paths_first() -> None:
    found = jar(Cookie("a", "1", "site.example"), Cookie("b", "2", "site.example", path="/news"))
    assert found.header("https://site.example/news/x") == "b=2; a=1"


def test_expired_ones_do_not_go() -> None:
    found = jar(Cookie("a", "1", expires=NOW - 1), Cookie("b", "2", expires=NOW + 1))
    assert found.header(URL) == "b=2"


@pytest.mark.parametrize(
    ("line", "sent_to"),
    [
        ("a=1", ["https://www.site.example/news/x"]),
        ("a=1; Path=/", ["https://www.site.example/", "http://www.site.example/"]),
        ("a=1; Domain=site.example; Path=/", ["https://site.example/", "https://x.site.example/"]),
        ("a=1; domain=.SITE.example; path=/", ["https://site.example/"]),
        ("a=1; Path=/; Secure", ["https://www.site.example/"]),
        ("a=1; Path=/; Max-Age=10", ["https://www.site.example/"]),
        ("a=1; Path=/; Max-Age=nonsense", ["https://www.site.example/"]),
        ("a=1; Path=/; Expires=Fri, 01 Jan 2100 00:00:00 GMT", ["https://www.site.example/"]),
        ("  a = 1 ; Path=/ ; HttpOnly; SameSite=Lax; Odd", ["https://www.site.example/"]),
        ("__Host-a=1; Path=/; Secure", ["https://www.site.example/"]),
    ],
)
def test_what_a_server_may_set(line: str, sent_to: list[str]) -> None:
    found = jar()
    found.take(URL, [line])
    for url in sent_to:
        assert found.header(url) is not None, url


@pytest.mark.parametrize(
    "line",
    [
        "",
        "=1",
        "novalue",
        "a=1; Domain=other.example",
        "a=1; Domain=deep.www.site.example",
        "a=1; Domain=example",
        "a=1; Domain=e.example",
        "a=\x01",
        "a=" + "x" * 5000,
        "a=1; Max-Age=0",
        "a=1; Max-Age=-5",
        "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "__Secure-a=1; Path=/",
        "__Host-a=1; Secure; Path=/x",
        "__Host-a=1; Secure; Path=/; Domain=www.site.example",
    ],
)
def test_what_a_server_may_not_set(line: str) -> None:
    found = jar()
    found.take(URL, [line])
    for url in (URL, "https://other.example/", "https://example/"):
        assert found.header(url) is None


def test_domains_that_strangers_share() -> None:
    found = Jar((), "https://paper.co.uk/", NOW)
    found.take("https://paper.co.uk/", ["a=1; Domain=co.uk; Path=/", "b=1; Domain=uk; Path=/"])
    assert found.header("https://paper.co.uk/") is None


def test_addresses_have_no_subdomains() -> None:
    found = Jar((), "http://127.0.0.1/", NOW)
    found.take("http://127.0.0.1/", ["a=1; Domain=0.0.1; Path=/", "b=1; Domain=127.0.0.1; Path=/"])
    assert found.header("http://127.0.0.1/") == "b=1"


def test_without_tls_nothing_secure_is_set() -> None:
    found = Jar((), "http://site.example/", NOW)
    found.take("http://site.example/", ["a=1; Secure; Path=/"])
    assert found.header("https://site.example/") is None


def test_a_later_one_replaces_and_deletes() -> None:
    found = jar()
    found.take(URL, ["a=1; Path=/", "a=2; Path=/"])
    assert found.header(URL) == "a=2"
    found.take(URL, ["a=; Path=/; Max-Age=0"])
    assert found.header(URL) is None


def test_a_jar_has_an_end() -> None:
    found = jar()
    found.take(URL, [f"n{number}=1; Path=/" for number in range(10_000)])
    assert len((found.header(URL) or "").split("; ")) == MAX_COOKIES


@given(
    st.text(st.characters(max_codepoint=255), max_size=200), st.sampled_from([URL, "http://127.0.0.1/", "http://x/"])
)
def test_any_line_gives_a_sendable_header_or_none(line: str, url: str) -> None:
    found = jar()
    found.take(url, [line])
    value = found.header(url)
    assert value is None or not set(value) & set("\r\n\x00;")


PIECES = ["a", "=", ";", " ", "Domain", "Path", "/", "Expires", "Max-Age", "-", "9", ",", "site.example"]


@given(st.lists(st.sampled_from(PIECES)))
def test_pieces_of_cookies(pieces: list[str]) -> None:
    found = jar()
    found.take(URL, ["".join(pieces)])
    assert found.header("https://evil.example/") is None


@pytest.mark.parametrize(
    ("text", "cookie"),
    [
        ("a=1", Cookie("a", "1")),
        ("a=", Cookie("a", "")),
        ("a=b=c", Cookie("a", "b=c")),
        ("a=1; Domain=.Site.example", Cookie("a", "1", "site.example", True)),
        ("a=1;Path=/x;Secure;HttpOnly", Cookie("a", "1", None, False, "/x", True)),
    ],
)
def test_from_the_command_line(text: str, cookie: Cookie) -> None:
    assert parse_cookie(text) == cookie


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "=secret1",
        "a b=secret1",
        "a=secret1\r\nX: y",
        "a=secret1; Colour=red",
        "ä=secret1",
        "a=" + "secret1" * 999,
    ],
)
def test_no_cookie_and_no_value_in_the_error(text: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_cookie(text)
    assert "secret1" not in str(error.value)


def test_no_value_in_a_repr() -> None:
    assert "secret1" not in repr(Cookie("a", "secret1"))


TXT = (
    "# Netscape HTTP Cookie File\n\n"
    ".site.example\tTRUE\t/\tTRUE\t1900000000\tsession\tabc\n"
    "#HttpOnly_www.site.example\tFALSE\t/news\tFALSE\t0\tpath\tx y\r\n"
    "old.example\tFALSE\t/\tFALSE\t1000000000\told\tx\n"
    "site.example\tFALSE\t/\tFALSE\t0\tempty\n"
)


def test_cookies_txt() -> None:
    found = parse_cookies_txt(b"\xef\xbb\xbf" + TXT.encode(), "cookies.txt")
    assert found == (
        Cookie("session", "abc", "site.example", True, "/", True, 1_900_000_000),
        Cookie("path", "x y", "www.site.example", False, "/news", False, None),
        Cookie("old", "x", "old.example", False, "/", False, 1_000_000_000),
        Cookie("empty", "", "site.example"),
    )
    assert jar(*found).header(URL) == "path=x y; session=abc"


@pytest.mark.parametrize(
    "line",
    [
        "no tabs",
        "site.example\tYES\t/\tTRUE\t0\ta\tsecret1",
        "site.example\tTRUE\t/\tTRUE\tsoon\ta\tsecret1",
        "site.example\tTRUE\tx\tTRUE\t0\ta\tsecret1",
        "\tTRUE\t/\tTRUE\t0\ta\tsecret1",
        "site.example\tTRUE\t/\tTRUE\t0\ta b\tsecret1",
        "site.example\tTRUE\t/\tTRUE\t0\ta\tsecret1\textra",
        "site.example\tTRUE\t/\tTRUE\t0\ta\tsecret1;x",
        "sïte.example\tTRUE\t/\tTRUE\t0\ta\tsecret1",
    ],
)
def test_no_cookies_txt(line: str) -> None:
    with pytest.raises(FormatError, match="line 2") as error:
        parse_cookies_txt(f"# Netscape HTTP Cookie File\n{line}\n".encode(), "cookies.txt")
    assert "secret1" not in str(error.value)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_cookies_txt_or_not(data: bytes) -> None:
    try:
        parse_cookies_txt(data, "x")
    except FormatError as error:
        assert error.where == "x"


def test_cookies_over_hosts(plain_site: Site) -> None:
    """Given and set cookies, over a redirect to another host and back."""
    names = Names({name: ["127.0.0.1"] for name in ("one.example", "two.example")})
    plain_site.serve("/start", moved(f"http://two.example:{plain_site.port}/middle", 302, "Set-Cookie: set=1; Path=/"))
    plain_site.serve("/middle", moved(f"http://one.example:{plain_site.port}/end", 302, "Set-Cookie: other=1"))
    plain_site.serve("/end", head("Content-Length: 0"))
    visit = fetch(
        plain_site.url("/start", "one.example"),
        resolver=names,
        cookies=[Cookie("mine", "x"), Cookie("theirs", "y", "two.example", True)],
    )
    lines = [
        next((line for line in exchange.request.split(b"\r\n") if line.startswith(b"Cookie")), b"")
        for exchange in visit.exchanges
    ]
    assert lines == [b"Cookie: mine=x", b"Cookie: theirs=y", b"Cookie: mine=x; set=1"]
    visit.close()


def test_values_go_out_as_the_bytes_they_are(plain_site: Site) -> None:
    [from_file] = parse_cookies_txt("127.0.0.1\tFALSE\t/\tFALSE\t0\tfile\té".encode(), "cookies.txt")
    visit = fetch(plain_site.url("/plain"), cookies=[parse_cookie("typed=é"), from_file])
    assert "Cookie: typed=é; file=é\r\n".encode() in visit.exchanges[0].request
    visit.close()


def test_a_clock() -> None:
    assert seconds_of("2026-11-23T13:02:11.482Z") == 1_795_438_931
