r"""What the browser asks of the proxy: one request's head taken apart, and as it is sent on.

    GET http://news.example/a HTTP/1.1      to the proxy, for http
    CONNECT news.example:443 HTTP/1.1       to the proxy, for https; then, inside:
    GET /a HTTP/1.1

What is sent on is what the browser said, line by line, but for three changes: the target is in origin form, fields
for the proxy are left out, and `Accept-Encoding` is `gzip`, which can be decoded everywhere and for ever. A WebSocket
is asked for without compression.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from archiver.browser.websocket import EXTENSIONS
from archiver.errors import UsageError
from archiver.web.addresses import DEFAULT_PORTS, MAX_URL, Origin, normalise_url, origin_of

MAX_HEAD = 256 << 10  # bytes
MAX_BODY = 64 << 20  # bytes of what a page sends
ACCEPT_ENCODING = b"Accept-Encoding: gzip"

_LINE = re.compile(rb"([A-Za-z][A-Za-z!#$%&'*+.^_`|~0-9-]{0,31}) ([\x21-\x7e]+) HTTP/1\.1", re.ASCII)
_AUTHORITY = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\[\]:@/?#\s]+):([0-9]{1,5})", re.ASCII)
_PLAIN = re.compile(r"[!-;=?-~]+", re.ASCII)  # what a WARC can carry as an address
_DROPPED = (b"proxy-connection", b"proxy-authorization", b"accept-encoding", EXTENSIONS)


class BadRequestError(Exception):
    """What the browser sent is no request that can be sent on."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request's head. `length` of the body that follows; `cookies`: whether there are any."""

    method: str
    target: str
    fields: tuple[bytes, ...]
    length: int

    def field(self, name: str) -> str | None:
        """The first value of a field, name in lower case."""
        wanted = name.encode("ascii")
        for line in self.fields:
            key, _, value = line.partition(b":")
            if key.strip().lower() == wanted:
                return value.strip().decode("latin-1")
        return None

    @property
    def upgrades(self) -> bool:
        """Whether another protocol than HTTP is wanted on this connection: WebSocket."""
        return self.field("upgrade") is not None

    def sent_on(self, target: str, body: bytes, *, with_cookies: bool) -> bytes:
        """The bytes for the site."""
        lines = [f"{self.method} {target} HTTP/1.1".encode("ascii")]
        for line in self.fields:
            name = line.partition(b":")[0].strip().lower()
            if name == b"accept-encoding":
                lines.append(ACCEPT_ENCODING)
            elif name not in _DROPPED and (with_cookies or name != b"cookie"):
                lines.append(line)
        return b"\r\n".join(lines) + b"\r\n\r\n" + body


def parse_head(raw: bytes) -> Asked:
    """A head with its empty line. Raises BadRequestError."""
    first, *lines = raw.removesuffix(b"\r\n\r\n").split(b"\r\n")
    found = _LINE.fullmatch(first)
    if found is None:
        raise BadRequestError(f"not a request line: {first[:60]!r}")
    fields = tuple(lines)
    asked = Asked(found[1].decode("ascii"), found[2].decode("ascii"), fields, 0)
    if asked.field("transfer-encoding") is not None:
        raise BadRequestError("a body without a length is not sent on")
    length = asked.field("content-length") or "0"
    if re.fullmatch(r"[0-9]{1,12}", length, re.ASCII) is None or int(length) > MAX_BODY:
        raise BadRequestError(f"a body of {length[:20]} bytes is not sent on")
    return Asked(asked.method, asked.target, fields, int(length))


def tunnel_target(target: str) -> tuple[str, int]:
    """Host and port of a CONNECT. Raises BadRequestError."""
    found = _AUTHORITY.fullmatch(target)
    if found is None or not 0 < int(found[2]) < 65536:
        raise BadRequestError(f"no host and port: {target[:60]!r}")
    try:
        origin = origin_of(normalise_url(f"https://{found[1]}:{found[2]}/"))
    except UsageError as error:
        raise BadRequestError(error.message) from None
    return origin.host, origin.port


def address_of(asked: Asked, tunnel: tuple[str, str, int] | None) -> tuple[str, Origin]:
    """The URL that a request is for, and where it goes. `tunnel`: scheme, host and port of the CONNECT around it.
    Raises BadRequestError."""
    try:
        if tunnel is not None:
            scheme, host, port = tunnel
            if not asked.target.startswith("/"):
                raise BadRequestError(f"not a path: {asked.target[:60]!r}")
            origin = Origin(scheme, host, port, asked.target)
        else:
            whole = origin_of(normalise_url(asked.target))
            if whole.scheme != "http":
                raise BadRequestError("only http is asked for without a tunnel")
            rest = asked.target.partition("://")[2]
            target = rest[rest.index("/") :] if "/" in rest else "/"
            origin = Origin(whole.scheme, whole.host, whole.port, target)
        port_part = "" if origin.port == DEFAULT_PORTS[origin.scheme] else f":{origin.port}"
        url = f"{origin.scheme}://{origin.bracketed}{port_part}{origin.target}"
        if len(url) > MAX_URL:
            raise BadRequestError(f"an address of more than {MAX_URL} characters")
        return (url if _PLAIN.fullmatch(url) else normalise_url(url)), origin
    except UsageError as error:
        raise BadRequestError(error.message) from None
