"""Two small real proxies on loopback: HTTP (CONNECT and forwarding) and SOCKS 5, with and without a password.

Every name is at 127.0.0.1 to them. `asked` has what was asked of them, as they got it.
"""

from __future__ import annotations

import base64
import contextlib
import selectors
import socket
import ssl
import threading


class _Proxy:
    scheme = ""

    def __init__(self, login: tuple[str, str] | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.login = login
        self.asked: list[str] = []
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []

    def url(self, login: str = "", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{login}{host}:{self.port}"

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            sock.settimeout(5)
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
            stack.enter_context(sock)
            self.handle(sock)

    def handle(self, sock: socket.socket) -> None:
        raise NotImplementedError


class HttpProxy(_Proxy):
    """`verdict` replaces the answer to CONNECT."""

    scheme = "http"
    verdict: bytes | None = None

    def handle(self, sock: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            data = sock.recv(4096)
            if not data:
                return
            head += data
        line, _, fields = head.partition(b"\r\n")
        self.asked.append(line.decode("ascii"))
        if self.verdict is not None:
            sock.sendall(self.verdict)
            return
        if self.login is not None:
            right = b"Proxy-Authorization: Basic " + base64.b64encode(":".join(self.login).encode())
            if right not in fields.split(b"\r\n"):
                sock.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                return
        method, target, _ = line.split(b" ")
        if method == b"CONNECT":
            with _dial(target.decode("ascii").rpartition(":")[2]) as far:
                sock.sendall(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 test\r\n\r\n")
                _pump(sock, far)
            return
        authority, _, path = target.removeprefix(b"http://").partition(b"/")
        kept = [line for line in fields.split(b"\r\n") if not line.lower().startswith(b"proxy-")]
        with _dial(authority.decode("ascii").rpartition(":")[2]) as far:
            far.sendall(b"\r\n".join([method + b" /" + path + b" HTTP/1.1", *kept]))
            _pump(sock, far)


class SocksProxy(_Proxy):
    """`reply` other than 0 refuses."""

    scheme = "socks5h"
    reply = 0

    def handle(self, sock: socket.socket) -> None:
        _, count = _exactly(sock, 2)
        methods = _exactly(sock, count)
        wanted = 2 if self.login else 0
        if wanted not in methods:
            sock.sendall(b"\x05\xff")
            return
        sock.sendall(bytes([5, wanted]))
        if self.login is not None:
            _exactly(sock, 1)
            given = tuple(_exactly(sock, _exactly(sock, 1)[0]).decode() for _ in range(2))
            sock.sendall(b"\x01" + (b"\x00" if given == self.login else b"\x01"))
            if given != self.login:
                return
        _, _, _, kind = _exactly(sock, 4)
        if kind == 3:
            host = _exactly(sock, _exactly(sock, 1)[0]).decode("ascii")
        else:
            raw = _exactly(sock, 4 if kind == 1 else 16)
            host = socket.inet_ntop(socket.AF_INET if kind == 1 else socket.AF_INET6, raw)
        port = int.from_bytes(_exactly(sock, 2), "big")
        self.asked.append(f"{host}:{port}")
        if self.reply:
            sock.sendall(bytes([5, self.reply, 0, 1]) + bytes(6))
            return
        with _dial(str(port)) as far:
            # Answers with the kind of address that is hardest to skip: a name.
            sock.sendall(b"\x05\x00\x00\x03\x05proxy\x00\x00")
            _pump(sock, far)


def _dial(port: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(port)), timeout=5)


def _exactly(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            raise OSError("closed")
        data += piece
    return data


def _pump(near: socket.socket, far: socket.socket) -> None:
    """Bytes both ways until both sides have closed."""
    with selectors.DefaultSelector() as selector:
        selector.register(near, selectors.EVENT_READ, far)
        selector.register(far, selectors.EVENT_READ, near)
        while selector.get_map():
            for key, _ in selector.select(5) or [(None, 0)]:
                if key is None:
                    return
                while True:
                    data = key.fileobj.recv(65536)
                    if data:
                        key.data.sendall(data)
                    else:
                        selector.unregister(key.fileobj)
                        with contextlib.suppress(OSError):
                            key.data.shutdown(socket.SHUT_WR)
                    # What TLS has decrypted already is no longer seen by select.
                    if not data or not getattr(key.fileobj, "pending", int)():
                        break
