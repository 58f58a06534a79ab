"""Cookies for one visit: what a person gives, what servers set on the way, and which go with a request (RFC 6265).

    consent=yes                             --cookie: for the host of the page that is asked for
    session=abc; Domain=example.org         --cookie: for that domain and its subdomains
    .example.org⇥TRUE⇥/⇥TRUE⇥0⇥session⇥abc  a line of a cookies.txt (Netscape), as browsers' add-ons export it

Every visit begins with a jar of its own, so that visits do not mark one another. Values stand in the WARC and nowhere
else: no text that is made of these classes shows them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from archiver.errors import FormatError, UsageError
from archiver.web.networks import is_address

MAX_COOKIE = 4096  # bytes of name and value, as browsers have it
MAX_COOKIES = 180  # of one jar; the oldest go first
MAX_FILE = 16 << 20  # bytes of a cookies.txt

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_VALUE = re.compile(r"[\x20-\x3a\x3c-\x7e\x80-\xff]*")  # no control characters, no semicolon
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NUMBER = re.compile(r"-?[0-9]{1,15}", re.ASCII)
# Second levels under which strangers register: no list of public suffixes, but the common ones.
_SHARED = frozenset(
    ("ac", "co", "com", "edu", "go", "gob", "gov", "gouv", "govt", "ltd", "mil", "ne", "net", "nom", "or", "org")
)


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie. `domain` None: for the host that is asked for; `expires` in seconds since 1970, None: never."""

    name: str
    value: str = field(repr=False)
    domain: str | None = None
    subdomains: bool = False
    path: str = "/"
    secure: bool = False
    expires: int | None = None

    def goes_to(self, scheme: str, host: str, path: str) -> bool:
        """Whether it is sent with such a request (RFC 6265, 5.4)."""
        if self.secure and scheme != "https":
            return False
        same = self.domain == host or (self.subdomains and _within(host, self.domain or ""))
        return same and _path_matches(path, self.path)


class Jar:
    """The cookies of one visit."""

    def __init__(self, given: Iterable[Cookie], url: str, now: int) -> None:
        """`given` cookies without a domain belong to the host of `url`, and to it over TLS only if `url` is."""
        parts = urlsplit(url)
        self._now = now
        self._given: set[tuple[str, str, str]] = set()
        self._cookies: dict[tuple[str, str, str], Cookie] = {}
        for cookie in given:
            if cookie.domain is None:
                cookie = replace(cookie, domain=parts.hostname or "", secure=cookie.secure or parts.scheme == "https")
            if cookie.expires is None or cookie.expires > now:
                self._put(cookie)
                self._given.add(_key(cookie))

    def header(self, url: str, *, with_given: bool = True) -> str | None:
        """The value of Cookie for a request: longer paths first. Without those that were given, and those that took
        their place, where nobody vouches for who is there."""
        parts = urlsplit(url)
        going = [
            cookie
            for key, cookie in self._cookies.items()
            if (with_given or key not in self._given) and cookie.goes_to(parts.scheme, parts.hostname or "", parts.path)
        ]
        going.sort(key=lambda cookie: -len(cookie.path))
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in going) or None

    def take(self, url: str, lines: Iterable[str]) -> None:
        """Keeps what the Set-Cookie fields (Latin-1) of a response from `url` set."""
        for line in lines:
            cookie = _from_set_cookie(line, url, self._now)
            if cookie is None:
                continue
            if cookie.expires is not None and cookie.expires <= self._now:
                self._cookies.pop(_key(cookie), None)
            else:
                self._put(cookie)

    def _put(self, cookie: Cookie) -> None:
        self._cookies[_key(cookie)] = cookie
        while len(self._cookies) > MAX_COOKIES:
            del self._cookies[next(iter(self._cookies))]


def _key(cookie: Cookie) -> tuple[str, str, str]:
    return cookie.domain or "", cookie.path, cookie.name


def _within(host: str, domain: str) -> bool:
    return host.endswith("." + domain) and not is_address(host)


def _path_matches(path: str, prefix: str) -> bool:
    path = path or "/"
    return path == prefix or (path.startswith(prefix) and (prefix.endswith("/") or path[len(prefix)] == "/"))


def _is_shared(domain: str) -> bool:
    """Whether strangers share this domain, as far as that can be told without a list."""
    labels = domain.split(".")
    return len(labels) < 2 or (len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _SHARED)


def _from_set_cookie(line: str, url: str, now: int) -> Cookie | None:
    """RFC 6265, 5.2 and 5.3; None for a cookie that is to be ignored."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if _CONTROL.search(line) or len(line) > 2 * MAX_COOKIE:
        return None
    pair, *attributes = line.split(";")
    name, equals, value = pair.partition("=")
    name, value = (name.strip(" \t"), value.strip(" \t")) if equals else ("", name.strip(" \t"))
    if not name or len(name) + len(value) > MAX_COOKIE:
        return None
    said = {}
    for attribute in attributes:
        key, _, text = attribute.partition("=")
        said[key.strip(" \t").lower()] = text.strip(" \t")
    domain, subdomains = said.get("domain", "").lower().removeprefix("."), True
    if not domain or domain == host:
        domain, subdomains = host, domain == host and not is_address(host)
    elif not _within(host, domain) or _is_shared(domain):
        return None
    path = said.get("path", "")
    if not path.startswith("/"):
        path = parts.path.rpartition("/")[0] or "/"
    cookie = Cookie(name, value, domain, subdomains, path, "secure" in said, _expiry(said, now))
    return cookie if _keeps_its_prefix(cookie, parts.scheme) else None


def _keeps_its_prefix(cookie: Cookie, scheme: str) -> bool:
    """Only TLS may set what is for TLS only, and a name may promise more (RFC 6265bis, 4.1.3)."""
    if cookie.secure and scheme != "https":
        return False
    name = cookie.name.lower()
    if name.startswith("__host-"):
        return cookie.secure and not cookie.subdomains and cookie.path == "/"
    return cookie.secure or not name.startswith("__secure-")


def _expiry(said: dict[str, str], now: int) -> int | None:
    age = said.get("max-age")
    if age is not None and _NUMBER.fullmatch(age):
        return now + max(int(age), -1)
    try:
        moment = parsedate_to_datetime(said["expires"]) if "expires" in said else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return None if moment is None else int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def seconds_of(clock: str) -> int:
    """Seconds since 1970 of a clock's `2026-11-23T13:02:11.482Z`."""
    return int(datetime.fromisoformat(clock).timestamp())


def parse_cookie(text: str) -> Cookie:
    """A cookie from the command line. Raises UsageError, which does not show the value."""
    pair, *attributes = text.encode("utf-8", "replace").decode("latin-1").split(";")
    name, equals, value = pair.strip(" ").partition("=")
    name = name.strip(" ")
    hint = "for example --cookie 'consent=yes; Domain=example.org'"
    if not equals or _NAME.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
        raise UsageError(f"no cookie of the form name=value: {name[:40]!r}", hint=hint)
    cookie = Cookie(name, value.strip(" "))
    for attribute in attributes:
        key, _, said = (part.strip(" ") for part in attribute.partition("="))
        match key.lower():
            case "domain" if said:
                cookie = replace(cookie, domain=said.lower().removeprefix("."), subdomains=True)
            case "path" if said.startswith("/"):
                cookie = replace(cookie, path=said)
            case "secure":
                cookie = replace(cookie, secure=True)
            case "httponly" | "samesite" | "expires" | "max-age" | "":
                pass
            case _:
                raise UsageError(f"the cookie {name} has something after it that is not understood", hint=hint)
    if len(name) + len(value) > MAX_COOKIE:
        raise UsageError(f"the cookie {name} has more than {MAX_COOKIE} characters")
    return cookie


def parse_cookies_txt(data: bytes, where: str) -> tuple[Cookie, ...]:
    """The cookies in a Netscape cookies.txt. Raises FormatError naming the line, without what stands in it."""
    if len(data) > MAX_FILE:
        raise FormatError(f"more than {MAX_FILE} bytes", where=where)
    text = data.removeprefix(b"\xef\xbb\xbf").decode("latin-1")  # so that values are sent as the bytes they are
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r").removeprefix("#HttpOnly_")
        if line.strip() and not line.startswith("#"):
            found.append(_netscape(line.split("\t"), where, number))
    return tuple(found)


def _netscape(cells: list[str], where: str, number: int) -> Cookie:
    if len(cells) == 6:
        cells = [*cells, ""]  # an empty value, its tab lost
    if len(cells) != 7 or cells[1] not in ("TRUE", "FALSE") or cells[3] not in ("TRUE", "FALSE"):
        raise FormatError(f"line {number} is no line of a cookies.txt", where=where, hint="seven cells, tabs between")
    domain, subdomains, path, secure, expires, name, value = cells
    host = domain.removeprefix(".").lower()
    seconds = expires.partition(".")[0]
    well = _NAME.fullmatch(name) and _VALUE.fullmatch(value) and _NUMBER.fullmatch(seconds) and path.startswith("/")
    if not well or not host or not host.isascii() or len(name) + len(value) > MAX_COOKIE:
        raise FormatError(f"line {number} holds no cookie that can be sent", where=where)
    return Cookie(
        name, value, host, subdomains == "TRUE", path, secure == "TRUE", int(seconds) if int(seconds) > 0 else None
    )
