"""Proxies: what a person may name as one, and how a connection is led through it.

http://127.0.0.1:3128              plain pages are asked for by their whole URL, TLS goes through CONNECT
socks5://127.0.0.1:9050            SOCKS 5 (RFC 1928); names are resolved by the proxy
socks5h://user:secret@[::1]:1080   the same; the password (RFC 1929) is never recorded
"""

from __future__ import annotations

import base64
import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from archiver.errors import UsageError
from archiver.web.addresses import Origin, normalise_url, origin_of
from archiver.web.exchange import ExchangeError
from archiver.web.wire import Deadline, Wire

PORTS = {"http": 3128, "socks5": 1080, "socks5h": 1080}
MAX_ANSWER = 1 << 16  # bytes of a proxy's answer to CONNECT
GREETING_SECONDS = 15.0  # until a SOCKS proxy says how it wants to go on, before it connects anywhere

_END = re.compile(rb"\n\r?\n")
_TUNNELLED = re.compile(rb"HTTP/1\.[01] +2[0-9][0-9]([ \r\n]|$)")
_REFUSED = re.compile(rb"HTTP/[0-9.]+ +([0-9]{3})[^\r\n]{0,200}")
_SOCKS_ERRORS = {
    1: "it failed",
    2: "its rules do not allow that",
    3: "it cannot reach that network",
    4: "it cannot reach that host",
    5: "the site refused the connection",
    6: "the connection took too long",
    7: "it knows no CONNECT",
    8: "it knows no such kind of address",
}
_PASSING = (1, 4, 6)  # a proxy says so too when a name was not found or a site did not answer in time


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy as a person named it. The password stays out of every text that is made of this."""

    scheme: str
    host: str
    port: int
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str) -> Proxy:
        """From its URL. Raises UsageError."""
        shown = re.sub(r"//.*@", "//…@", text, flags=re.DOTALL)[:100]
        wrong = UsageError(f"{shown!r}: no proxy that can be used", hint="for example socks5h://127.0.0.1:9050")
        try:
            parts = urlsplit(text.strip())
            port = PORTS.get(parts.scheme) if parts.port is None else parts.port
        except ValueError:
            raise wrong from None
        if parts.scheme not in PORTS or not parts.hostname or not port or parts.path not in ("", "/") or parts.query:
            raise wrong
        name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        origin = origin_of(normalise_url(f"http://{name}:{port}/"))
        user = None if parts.username is None else unquote(parts.username)
        password = None if user is None else unquote(parts.password or "")
        for secret in (user, password):
            if secret is not None and (len(secret.encode()) > 255 or not secret.isprintable()):
                raise UsageError("the proxy's user name or password is too long or has control characters")
        return cls(parts.scheme, origin.host, port, user, password)

    @property
    def forwards(self) -> bool:
        """Whether plain HTTP is asked of the proxy itself."""
        return self.scheme == "http"

    @property
    def shown(self) -> str:
        """Its URL without user name and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def recorded(self) -> str:
        """What stands in the facts: the proxy, and who resolved the name."""
        return f"{self.shown} (name resolved by proxy)"

    @property
    def authorization(self) -> str | None:
        """The value of Proxy-Authorization."""
        if self.user is None:
            return None
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode("ascii")


def tunnel(wire: Wire, proxy: Proxy, origin: Origin, deadline: Deadline) -> None:
    """Makes of a connection to `proxy` one to `origin`. Raises ExchangeError, OSError."""
    deadline.doing = f"waiting for the proxy {proxy.shown} to reach {origin.host}"
    if proxy.forwards:
        _connect_by_http(wire, proxy, origin, deadline)
    else:
        _connect_by_socks(wire, proxy, origin, deadline)


def _connect_by_http(wire: Wire, proxy: Proxy, origin: Origin, deadline: Deadline) -> None:
    """CONNECT (RFC 9110, 9.3.6)."""
    request = f"CONNECT {origin.authority} HTTP/1.1\r\nHost: {origin.authority}\r\n"
    if proxy.authorization is not None:
        request += f"Proxy-Authorization: {proxy.authorization}\r\n"
    wire.send(request.encode("ascii") + b"\r\n", deadline)
    answer = b""
    while (end := _END.search(answer)) is None:
        data = wire.receive(deadline)
        answer += data
        if not data:
            raise _failed(proxy, "it closed the connection", retryable=True)
        if len(answer) > MAX_ANSWER:
            raise _failed(proxy, "its answer is too long")
    if _TUNNELLED.match(answer):
        if end.end() < len(answer):
            # What is led through a tunnel is TLS, in which we speak first.
            raise _failed(proxy, "it said more than that it is connected")
        return
    found = _REFUSED.match(answer)
    if found is None:
        raise _failed(proxy, "it does not answer in HTTP; is it of another kind?")
    said = found[0].decode("ascii", "replace").partition(" ")[2].strip()
    if found[1] == b"407":
        raise refused_login(proxy)
    raise _failed(proxy, f"it answered {said}", retryable=found[1] in (b"502", b"503", b"504"))


def _connect_by_socks(wire: Wire, proxy: Proxy, origin: Origin, deadline: Deadline) -> None:
    """RFC 1928 (SOCKS 5) with RFC 1929 (user name and password)."""
    methods = b"\x00" if proxy.user is None else b"\x00\x02"
    wire.send(bytes([5, len(methods)]) + methods, deadline)
    soon = deadline.within(GREETING_SECONDS)
    soon.doing = f"waiting for the proxy {proxy.shown} to speak SOCKS 5; is it of another kind?"
    version, chosen = _exactly(wire, proxy, 2, soon)
    if version != 5:
        raise _failed(proxy, "it does not answer in SOCKS 5; is it of another kind?")
    if chosen not in methods:
        raise _failed(proxy, "it wants a user name and password" if proxy.user is None else "it takes no password")
    if chosen == 2:
        user, password = (proxy.user or "").encode(), (proxy.password or "").encode()
        wire.send(bytes([1, len(user)]) + user + bytes([len(password)]) + password, deadline)
        if _exactly(wire, proxy, 2, deadline)[1] != 0:
            raise _failed(proxy, "it refused the user name or password")
    wire.send(b"\x05\x01\x00" + _socks_address(origin.host) + origin.port.to_bytes(2, "big"), deadline)
    version, reply, _, kind = _exactly(wire, proxy, 4, deadline)
    if version != 5:
        raise _failed(proxy, "it does not answer in SOCKS 5")
    if reply != 0:
        reason = _SOCKS_ERRORS.get(reply, f"it gave the error {reply}")
        raise _failed(proxy, f"{origin.host}: {reason}", retryable=reply in _PASSING)
    length = {1: 4, 4: 16}.get(kind) or _exactly(wire, proxy, 1, deadline)[0]
    _exactly(wire, proxy, length + 2, deadline)  # where the proxy connects from


def _socks_address(host: str) -> bytes:
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return b"\x03" + bytes([len(host)]) + host.encode("ascii")
    return (b"\x01" if ip.version == 4 else b"\x04") + ip.packed


def _exactly(wire: Wire, proxy: Proxy, count: int, deadline: Deadline) -> bytes:
    data = b""
    while len(data) < count:
        piece = wire.receive(deadline, count - len(data))
        if not piece:
            raise _failed(proxy, "it closed the connection", retryable=True)
        data += piece
    return data


def refused_login(proxy: Proxy) -> ExchangeError:
    """What a proxy's 407 means."""
    return _failed(proxy, "it wants a user name and password" if proxy.user is None else "it refused the user name")


def _failed(proxy: Proxy, reason: str, *, retryable: bool = False) -> ExchangeError:
    return ExchangeError("proxy", f"the proxy {proxy.shown} did not connect: {reason}", retryable=retryable)
