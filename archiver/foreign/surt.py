"""Sort keys of addresses, as the indexes of web archives use them (SURT): `com,example)/page?a=1&b=2`.

Ours are those of the usual tools for ordinary addresses: lower case, without `www.`, user, standard port, fragment and
final slash, arguments sorted. Where tools differ (session numbers, odd escapes) nothing rests on the key.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_WWW = re.compile(r"www\d*\.", re.ASCII)
_PORTS = {"http": 80, "https": 443}


def surt(url: str) -> str:
    """The sort key of an address; of what is no web address, that in lower case."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return _plain(url)
    if parts.scheme not in _PORTS or not host:
        return _plain(url)
    host = _WWW.sub("", host, count=1) if _WWW.match(host) else host
    labels = [host] if ":" in host else host.split(".")[::-1]
    key = ",".join(labels) + (f":{port}" if port not in (None, _PORTS[parts.scheme]) else "")
    path = parts.path.rstrip("/") or "/"
    query = "?" + "&".join(sorted(parts.query.split("&"))) if parts.query else ""
    return _plain(f"{key}){path}{query}")


def _plain(text: str) -> str:
    """A key stands in a line of its own, up to the first blank."""
    return re.sub(r"[\s\x00-\x1f\x7f]", lambda found: f"%{ord(found[0]):02X}", text.lower())
