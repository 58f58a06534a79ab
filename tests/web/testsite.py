"""A site on loopback that writes its answers to the socket by hand and keeps every byte: the truth to compare with.

    with Site() as site:                       # or Site(tls=ca.server("site.example"))
        site.sent["/plain"]                    # list of bytes: what each request to /plain got
        site.received["/plain"]                # list of bytes: each request, head as it came
        site.serve("/mine", b"HTTP/1.1 200 OK\r\n\r\n", lambda talk: talk.pause(1), b"late")

A path's script is a row of steps: bytes are sent, callables get the Talk. `PAGES` is what every site has.
"""

from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Callable

import brotli

Step = bytes | Callable[["Talk"], None]

TEXT = "“The ferry will sail on Monday,” said Ann Lee. ".encode() * 40


class Talk:
    """One connection that has sent its request."""

    def __init__(self, site: Site, sock: socket.socket, request: bytes, target: str) -> None:
        self.site, self.sock, self.request, self.target = site, sock, request, target
        self.sent = bytearray()
        self.clean = True  # close_notify at the end

    def send(self, data: bytes) -> None:
        """Sends, and keeps what was handed to the socket."""
        for at in range(0, len(data), 1 << 16):
            self.sock.sendall(data[at : at + (1 << 16)])
            self.sent += data[at : at + (1 << 16)]

    def pause(self, seconds: float) -> None:
        """Waits, unless the site is closed."""
        self.site.closing.wait(seconds)

    def drip(self, data: bytes, seconds: float) -> None:
        """Byte by byte."""
        for byte in data:
            if self.site.closing.is_set():
                return
            self.send(bytes([byte]))
            self.pause(seconds)

    def reset(self) -> None:
        """TCP RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.clean = False

    def no_notify(self) -> None:
        """The TLS connection is cut without its closing message."""
        self.clean = False

    def cookie(self) -> str:
        """What the request has in Cookie."""
        for line in self.request.decode("latin-1").split("\r\n"):
            if line.lower().startswith("cookie:"):
                return line[7:].strip()
        return ""


def head(*fields: str, status: str = "200 OK", version: str = "HTTP/1.1") -> bytes:
    """A head with CR LF."""
    return "".join(f"{line}\r\n" for line in (f"{version} {status}", *fields, "")).encode("latin-1")


def chunked(data: bytes, size: int = 100) -> bytes:
    """With an extension on the first chunk and a trailer."""
    out = b""
    for at in range(0, len(data), size):
        piece = data[at : at + size]
        out += b"%x%s\r\n%s\r\n" % (len(piece), b";note=first" if not at else b"", piece)
    return out + b"0\r\nX-Trailer: yes\r\n\r\n"


def moved(location: str, status: int = 302, *fields: str) -> bytes:
    return head(f"Location: {location}", *fields, "Content-Length: 5", status=f"{status} Moved") + b"moved"


def _bounce(talk: Talk) -> None:
    """The same address again until the cookie comes back."""
    if "seen=1" in talk.cookie():
        talk.send(head("Content-Length: 5") + b"hello")
    else:
        talk.send(moved("/bounce", 302, "Set-Cookie: seen=1; Path=/"))


def _count_up(talk: Talk) -> None:
    """A fresh cookie each time: no loop by its own measure, and no end."""
    number = int(talk.cookie().partition("n=")[2] or "0")
    talk.send(moved("/count-up", 302, f"Set-Cookie: n={number + 1}; Path=/"))


def _endless(talk: Talk) -> None:
    with contextlib.suppress(OSError):
        while not talk.site.closing.is_set():
            talk.send(b"x" * 4096)


def _endless_head(talk: Talk) -> None:
    with contextlib.suppress(OSError):
        while not talk.site.closing.is_set():
            talk.send(b"X-More: " + b"y" * 100 + b"\r\n")


LENGTH = f"Content-Length: {len(TEXT)}"
ZIPPED = gzip.compress(TEXT, mtime=0)
BR = brotli.compress(TEXT)
# Whole answers; each is followed by the connection's end.
WHOLE: dict[str, bytes] = {
    "/plain": head("Content-Type: text/html", LENGTH) + TEXT,
    "/gzip": head("Content-Encoding: gzip", f"Content-Length: {len(ZIPPED)}") + ZIPPED,
    "/br": head("Content-Encoding: br", f"Content-Length: {len(BR)}") + BR,
    "/chunked": head("Transfer-Encoding: chunked", "Trailer: X-Trailer") + chunked(TEXT),
    "/chunked-gzip": head("Content-Encoding: gzip", "Transfer-Encoding: chunked") + chunked(ZIPPED, 37),
    "/odd-headers": head(
        "X-Twice: one", "x-tWiCe:   two  ", "X-Twice:three", "X-Empty:", "X-Tab:\ta\t", "Content-Length:  5 "
    )
    + b"hello",
    "/non-ascii": b"HTTP/1.1 200 OK\r\nX-Latin: caf\xe9\r\nX-Utf8: caf\xc3\xa9\r\nContent-Length: 5\r\n\r\nhello",
    "/folded": b"HTTP/1.1 200 OK\r\nX-Fold: one\r\n two\r\n\tthree\r\nContent-Length: 5\r\n\r\nhello",
    "/early-hints": (
        head("Link: </s.css>; rel=preload", status="103 Early Hints")
        + head("Link: </t.css>; rel=preload", status="103 Early Hints")
        + head("Content-Length: 5")
        + b"hello"
    ),
    "/204": head("X-Nothing: yes", status="204 No Content"),
    "/304": head("Content-Length: 500", status="304 Not Modified"),
    "/404": head("Content-Length: 4", status="404 Not Found") + b"gone",
    "/no-length": head("Content-Type: text/plain") + TEXT,
    "/empty-body": head("Content-Length: 0"),
    "/many-headers": head(*(f"X-{n}: {n}" for n in range(1000)), "Content-Length: 5") + b"hello",
    "/big-header": head("X-Big: " + "b" * 200_000, "Content-Length: 5") + b"hello",
    "/no-colon": b"HTTP/1.1 200 OK\r\nA: 1\r\nthis line has none\r\nContent-Length: 5\r\n\r\nhello",
    "/lf-only": b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
    "/http-1.0": b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nold and plain",
    "/no-reason": b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello",
    "/odd-status": b"HTTP/1.1 299  Odd  But  Fine \r\nContent-Length: 5\r\n\r\nhello",
    "/nul-header": b"HTTP/1.1 200 OK\r\nX-Nul: a\x00b\r\nContent-Length: 5\r\n\r\nhello",
    "/two-lengths-same": head("Content-Length: 5", "Content-Length: 5") + b"hello",
    "/length-and-chunked": head("Content-Length: 3", "Transfer-Encoding: chunked") + chunked(TEXT),
    "/bad-gzip": head("Content-Encoding: gzip", "Content-Length: 5") + b"hello",
    "/big": head(f"Content-Length: {3 << 20}") + bytes(range(256)) * (3 << 12),
}
# Answers that end too soon or go on too long.
BROKEN: dict[str, bytes] = {
    "/short": head(LENGTH) + TEXT[:100],
    "/short-chunked": head("Transfer-Encoding: chunked") + chunked(TEXT)[:300],
    "/bad-chunk": head("Transfer-Encoding: chunked") + b"5\r\nhello\r\nzz\r\nrest",
    "/cut-head": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Cut",
    "/cut-status": b"HTTP/1.1 20",
    "/http-0.9": b"<html>no head at all</html>",
    "/ssh": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "/nothing": b"",
    "/extra": head("Content-Length: 5") + b"hello" + b"junk after the body",
    "/too-many-headers": head(*(f"X-{n}: {n}" for n in range(5000)), "Content-Length: 5") + b"hello",
    "/huge-header": head("X-Big: " + "b" * 400_000, "Content-Length: 5") + b"hello",
}
SCRIPTS: dict[str, tuple[Step, ...]] = {
    "/reset": (Talk.reset,),
    "/reset-in-body": (head(LENGTH) + TEXT[:100], lambda talk: talk.pause(0.2), Talk.reset),
    "/reset-until-close": (head("Content-Type: text/html") + TEXT, lambda talk: talk.pause(0.2), Talk.reset),
    "/no-notify": (head("Content-Type: text/html") + TEXT, Talk.no_notify),
    "/no-notify-length": (head(LENGTH) + TEXT, Talk.no_notify),
    "/slow-head": (lambda talk: talk.drip(WHOLE["/plain"], 0.05),),
    "/slow-body": (head(LENGTH), lambda talk: talk.drip(TEXT, 0.05)),
    "/silent": (lambda talk: talk.pause(30),),
    "/stuck-after": (head("Content-Length: 5") + b"hello", lambda talk: talk.pause(30)),
    "/stuck-after-close": (head("Content-Length: 5", "Connection: close") + b"hello", lambda talk: talk.pause(30)),
    "/late-extra": (
        head("Content-Length: 5", "Connection: close") + b"hello",
        lambda talk: talk.pause(0.2),
        b"late junk",
    ),
    "/endless": (head("Content-Type: text/html"), _endless),
    "/endless-head": (b"HTTP/1.1 200 OK\r\n", _endless_head),
    "/endless-extra": (head("Content-Length: 5", "Connection: close") + b"hello", _endless),
    "/endless-redirect": (head("Location: /plain", status="302 Found"), _endless),
    "/one-by-one": (lambda talk: talk.drip(WHOLE["/early-hints"], 0.0),),
    "/bounce": (_bounce,),
    "/count-up": (_count_up,),
}
REDIRECTS: dict[str, bytes] = {
    "/chain": moved("/chain/2", 301),
    "/chain/2": moved("3?x=1", 303),
    "/chain/3?x=1": moved("//127.0.0.1:{port}/chain/4", 307),
    "/chain/4": moved("{scheme}://localhost:{port}/plain", 308),
    "/loop": moved("/loop/2"),
    "/loop/2": moved("/loop"),
    "/to-utf8": b"HTTP/1.1 302 Found\r\nLocation: /caf\xc3\xa9\r\nContent-Length: 0\r\n\r\n",
    "/to-latin1": b"HTTP/1.1 302 Found\r\nLocation: /caf\xe9\r\nContent-Length: 0\r\n\r\n",
    "/caf%C3%A9": WHOLE["/plain"],
    "/caf%E9": WHOLE["/404"],
    "/to-ftp": moved("ftp://files.example/a"),
    "/to-credentials": moved("http://ann:secret@127.0.0.1:{port}/plain"),
    "/to-fragment": moved("/plain#part"),
    "/no-location": head("Content-Length: 0", status="302 Found"),
    "/two-locations": head("Location: /plain", "Location: /404", "Content-Length: 0", status="302 Found"),
    "/to-private": moved("http://10.0.0.1/admin"),
    "/300": head("Location: /plain", "Content-Length: 0", status="300 Multiple Choices"),
}


class Site:
    """The site. `tls` is a server's context, None for plain HTTP."""

    def __init__(self, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1") -> None:
        self.scheme = "http" if tls is None else "https"
        self.sent: dict[str, list[bytes]] = defaultdict(list)
        self.received: dict[str, list[bytes]] = defaultdict(list)
        self.connections = 0
        self.handshake_errors: list[str] = []
        self.closing = threading.Event()
        self._tls = tls
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.create_server((address, 0), family=family, backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._host = f"[{address}]" if ":" in address else address
        self._scripts: dict[str, tuple[Step, ...]] = {path: (raw,) for path, raw in (WHOLE | BROKEN).items()}
        self._scripts |= SCRIPTS
        places = {b"{port}": str(self.port).encode(), b"{scheme}": self.scheme.encode()}
        for path, raw in REDIRECTS.items():
            for place, value in places.items():
                raw = raw.replace(place, value)
            self._scripts[path] = (raw,)

    def url(self, path: str, host: str | None = None) -> str:
        return f"{self.scheme}://{host or self._host}:{self.port}{path}"

    def serve(self, path: str, *steps: Step) -> None:
        self._scripts[path] = steps

    def __enter__(self) -> Site:
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join(5)
        for thread in self._threads:
            thread.join(5)

    def wait_for(self, path: str, count: int = 1) -> list[bytes]:
        """What was sent, once so many answers are over (a client may be done before its server is)."""
        end = time.monotonic() + 5
        while len(self.sent[path]) < count and time.monotonic() < end:
            time.sleep(0.005)
        return self.sent[path]

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads = [old for old in self._threads if old.is_alive()] + [thread]
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(10)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
            self._answer(sock)
        except ssl.SSLError as error:
            self.handshake_errors.append(error.reason or str(error))
        except OSError:
            pass
        finally:
            sock.close()

    def _answer(self, sock: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            data = sock.recv(65536)
            if not data:
                return
            request += data
        target = request.split(b" ")[1].decode("ascii")
        talk = Talk(self, sock, request, target)
        with self._lock:
            self.received[target].append(request)
        path = target if target in self._scripts else target.partition("?")[0]
        try:
            for step in self._scripts.get(path, (WHOLE["/404"],)):
                talk.send(step) if isinstance(step, bytes) else step(talk)
        finally:
            with self._lock:
                self.sent[target].append(bytes(talk.sent))
        if talk.clean:
            _close_gently(sock)


def _close_gently(sock: socket.socket) -> None:
    """close_notify and FIN, then whatever the other side still says, so that no RST overtakes what was sent."""
    sock.settimeout(2)
    if isinstance(sock, ssl.SSLSocket):
        with contextlib.suppress(OSError):
            sock = sock.unwrap()
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass
    sock.close()
