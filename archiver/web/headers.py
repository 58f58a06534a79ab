"""What a request says of whoever makes it: the header fields of a browser's navigation, in the browser's order.

    firefox    Host, User-Agent, Accept, Accept-Language, Accept-Encoding, …    (the default)
    chrome     Host, Connection, sec-ch-ua, …
    archiver   names this program

By default nothing names the newsroom or the tool: many people send the same. Fields, values and order are those that
Firefox 153 and Chromium 156 were seen to send over HTTP/1.1, for an address that was typed in. Two fields differ,
always and on purpose: `Accept-Encoding` names only what can be decoded everywhere, and `Connection` is `close`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from archiver import __version__
from archiver.errors import UsageError
from archiver.web.addresses import Origin, normalise_url

ACCEPT_ENCODING = "gzip, deflate"
ACCEPT_LANGUAGE = "en-US,en;q=0.9"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:153.0) Gecko/20100101 Firefox/153.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
)
ARCHIVER = f"archiver/{__version__}"
_CHROME_BRANDS = '"Not:A-Brand";v="8", "Chromium";v="156", "Google Chrome";v="156"'
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,998}[\x21-\x7e])?", re.ASCII)

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Persona:
    """Who we say we are. Build it with `of`."""

    user_agent: str
    accept_language: str | None
    family: str
    brands: str | None

    @classmethod
    def of(cls, user_agent: str, accept_language: str | None = ACCEPT_LANGUAGE) -> Persona:
        """From a preset's name, or a whole User-Agent of one's own. Raises UsageError for what no header can carry."""
        accept_language = accept_language or None
        presets = {"firefox": FIREFOX, "chrome": CHROME, "archiver": ARCHIVER}
        agent = presets.get(user_agent, user_agent)
        for name, value in (("user agent", agent), ("accepted languages", accept_language)):
            if value is not None and _VALUE.fullmatch(value) is None:
                raise UsageError(f"the {name} {value[:60]!r} cannot stand in a header", hint="plain ASCII on one line")
        family = "plain"
        if "Gecko/" in agent and "Firefox/" in agent:
            family = "firefox"
        elif "Chrome/" in agent:
            family = "chrome"
        return cls(agent, accept_language, family, _CHROME_BRANDS if agent == CHROME else None)

    def headers(self, origin: Origin, referrer: str | None, cookie: str | None) -> Headers:
        """All header fields of a GET."""
        values = {
            "Host": origin.host_header,
            "Connection": "close",
            "User-Agent": self.user_agent,
            "Accept-Encoding": ACCEPT_ENCODING,
            "Upgrade-Insecure-Requests": "1",
            "Priority": "u=0, i",
        }
        if self.accept_language is not None:
            values["Accept-Language"] = self.accept_language
        if referrer is not None:
            values["Referer"] = referrer
        if cookie is not None:
            values["Cookie"] = cookie
        if origin.scheme == "https":  # browsers tell these to nobody who listens
            values |= {
                "Sec-Fetch-Dest": "document",
                "Sec-Fetch-Mode": "navigate",
                "Sec-Fetch-Site": _relation(referrer, origin),
                "Sec-Fetch-User": "?1",
            }
            if self.brands is not None:
                values |= {"sec-ch-ua": self.brands, "sec-ch-ua-mobile": "?0", "sec-ch-ua-platform": '"Windows"'}
        values["Accept"] = _ACCEPT[self.family]
        return tuple((name, values[name]) for name in _ORDER[self.family].split() if name in values)


_ACCEPT = {
    "firefox": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "chrome": (
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/jxl,image/avif,image/webp,image/apng,*/*;q=0.8,"
        "application/signed-exchange;v=b3;q=0.7"
    ),
    "plain": "text/html,application/xhtml+xml,*/*;q=0.8",
}
# Names in the order of sending, blanks between.
_ORDER = {
    "firefox": (
        "Host User-Agent Accept Accept-Language Accept-Encoding Connection Referer Cookie Upgrade-Insecure-Requests"
        " Sec-Fetch-Dest Sec-Fetch-Mode Sec-Fetch-Site Sec-Fetch-User Priority"
    ),
    "chrome": (
        "Host Connection sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform Upgrade-Insecure-Requests User-Agent Accept"
        " Sec-Fetch-Site Sec-Fetch-Mode Sec-Fetch-User Sec-Fetch-Dest Referer Accept-Encoding Accept-Language Cookie"
    ),
    "plain": "Host User-Agent Accept Accept-Language Accept-Encoding Referer Connection Cookie",
}


def _relation(referrer: str | None, origin: Origin) -> str:
    """Sec-Fetch-Site: typed in, or followed from where (without a list of public suffixes: by subdomain)."""
    if referrer is None:
        return "none"
    parts = urlsplit(referrer)
    host = parts.hostname or ""
    if parts.scheme != origin.scheme:
        return "cross-site"
    if host == origin.host and (parts.port or 443) == origin.port:
        return "same-origin"
    nested = host == origin.host or host.endswith("." + origin.host) or origin.host.endswith("." + host)
    return "same-site" if nested else "cross-site"


def check_referrer(text: str | None) -> str | None:
    """A referrer as it will be sent: a whole URL without fragment. Raises UsageError."""
    return None if text is None else normalise_url(text)


def referrer_for(referrer: str | None, origin: Origin) -> str | None:
    """The referrer, but never one from TLS over a plain connection."""
    return None if referrer is not None and referrer.startswith("https:") and origin.scheme == "http" else referrer
