"""Addresses in a page, made absolute."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urljoin, urlsplit

MAX_ADDRESS = 8_000  # characters


def absolute(address: str, base: str, url: str) -> str | None:
    """An address of the page as an absolute http(s) URL; None for anything else. `base`: what <base> says."""
    address = _LINE_ENDS.sub("", address).strip("\f ")
    if not address or len(address) > MAX_ADDRESS or address.startswith("#"):
        return None
    try:
        origin = _origin(base, url)
        if "/." not in address:  # as urljoin would say, but at a twentieth of the time
            if _ABSOLUTE.match(address):
                return address
            if origin and address[0] == "/" and address[1:2] not in ("/", "\\"):
                return origin + address
        joined = urljoin(_base(base, url), address)
        return joined if urlsplit(joined).scheme in ("http", "https") else None
    except ValueError:
        return None


_ABSOLUTE = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?(?:[/?#]|\Z)")
_LINE_ENDS = re.compile("[\t\r\n]+")


def _base(base: str, url: str) -> str:
    return urljoin(url, base.strip()) if base else url


@lru_cache(64)
def _origin(base: str, url: str) -> str:
    """Scheme and host of the address from which relative ones are meant; "" if they are not for the web."""
    parts = urlsplit(_base(base, url))
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else ""
