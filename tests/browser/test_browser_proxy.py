"""The recording proxy, asked by hand: what it hands on and what it keeps are the bytes that the site sent."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from certificates import Authority
from proxies import HttpProxy, SocksProxy
from steadysite import SteadySite
from testsite import BROKEN, WHOLE, Talk, chunked, head
from visiting import clock, stored

from archiver.browser.identity import new_identity
from archiver.browser.listener import ClosedDoor
from archiver.browser.proxy import Recording, RecordingProxy
from archiver.browser.tape import Tape, TapeLimits
from archiver.web.dial import Dialler
from archiver.web.networks import resolve
from archiver.web.proxy import Proxy
from archiver.web.tls import recording_context, verifying_context

IDENTITY = new_identity()


@contextmanager
def recording(
    authority: Authority | None = None,
    upstream: str | None = None,
    allow_private: bool = True,
    limits: TapeLimits | None = None,
    **options: Any,
) -> Iterator[RecordingProxy]:
    dialler = Dialler(
        resolver=resolve,
        proxy=None if upstream is None else Proxy.parse(upstream),
        allow_private=allow_private,
        verifying=verifying_context(None if authority is None else str(authority.root_path)),
        recording=recording_context(),
    )
    options = {"max_bytes": 8 << 20, "max_head": 256 << 10, "exchange_seconds": 10.0, **options}
    shared = Recording(dialler=dialler, identity=IDENTITY, clock=clock, stop=threading.Event(), folder=None, **options)
    tape = Tape(limits or TapeLimits(), None)
    proxy = RecordingProxy(shared, tape)
    try:
        yield proxy
    finally:
        proxy.close()
        tape.close()


class Client:
    """A browser's connection to the proxy."""

    def __init__(self, proxy: RecordingProxy, site: SteadySite, host: str = "127.0.0.1") -> None:
        self.sock: socket.socket = socket.create_connection(("127.0.0.1", proxy.port), 10)
        self.prefix = ""
        authority = f"{host}:{site.port}"
        if site.scheme == "https":
            self.sock.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
            assert self.sock.recv(1000).startswith(b"HTTP/1.1 200")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.sock = context.wrap_socket(self.sock, server_hostname=host)
        else:
            self.prefix = f"http://{authority}"
        self.host = authority

    def ask(self, path: str, *fields: str, method: str = "GET", body: bytes = b"") -> None:
        lines = (f"{method} {self.prefix}{path} HTTP/1.1", f"Host: {self.host}", *fields, "", "")
        self.sock.sendall("\r\n".join(lines).encode() + body)

    def rest(self) -> bytes:
        data = b""
        with contextlib.suppress(OSError):
            while piece := self.sock.recv(65536):
                data += piece
        self.sock.close()
        return data

    def exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self.sock.recv(count - len(data))
            assert piece, f"{len(data)} of {count} bytes"
            data += piece
        return data


@pytest.mark.parametrize("path", [*WHOLE, *BROKEN])
def test_what_is_kept_is_what_was_sent(site: SteadySite, authority: Authority, path: str) -> None:
    with recording(authority) as proxy:
        client = Client(proxy, site)
        client.ask(path, "Connection: close", "Accept-Encoding: gzip, deflate, br, zstd")
        sent = site.wait_for(path)[0]
        if path in WHOLE:
            assert client.exactly(len(sent)) == sent
            client.sock.close()
        else:
            got = client.rest()
            assert sent.startswith(got)
        proxy.close()
        if path == "/nothing":
            ((failure,), _) = proxy.tape.failures()
            assert failure.kind == "disconnect"
            return
        (exchange,) = proxy.tape.exchanges()
        kept = stored(exchange)
        if path in ("/too-many-headers", "/huge-header"):
            assert sent.startswith(kept) and exchange.truncated == "length"
        else:
            assert kept == sent
        assert exchange.request == site.received[path][0]
        assert b"\r\nAccept-Encoding: gzip\r\n" in exchange.request
        assert exchange.ip == "127.0.0.1" and exchange.url == site.url(path)
        assert (exchange.tls is None) == (site.scheme == "http")
        if exchange.tls is not None:
            assert exchange.tls.verified and len(exchange.tls.sent_chain) == 2


def test_a_connection_is_used_again_only_after_a_whole_answer(site: SteadySite, authority: Authority) -> None:
    with recording(authority) as proxy:
        client = Client(proxy, site)
        for path in ("/plain", "/chunked", "/gzip", "/304"):
            client.ask(path)
            sent = site.wait_for(path)[0]
            assert client.exactly(len(sent)) == sent
        assert site.connections == 1
        client.ask("/extra")  # bytes behind the body: kept, and the next answer is not mistaken for them
        client.rest()
        client = Client(proxy, site)
        client.ask("/plain", "Connection: close")
        assert client.exactly(len(WHOLE["/plain"])) == WHOLE["/plain"]
        client.sock.close()
        proxy.close()
        kept = [stored(exchange) for exchange in proxy.tape.exchanges()]
        paths = ("/plain", "/chunked", "/gzip", "/304", "/extra", "/plain")
        assert kept == [{**WHOLE, **BROKEN}[path] for path in paths]
        assert site.connections == 2


def test_an_idle_connection_that_was_closed_is_made_again(plain_site: SteadySite) -> None:
    plain_site.serve("/once", head("Content-Length: 5") + b"hello", lambda talk: talk.sock.shutdown(socket.SHUT_RDWR))
    with recording() as proxy:
        client = Client(proxy, plain_site)
        for _ in range(3):
            client.ask("/once")
            assert client.exactly(len(head("Content-Length: 5")) + 5).endswith(b"hello")
        proxy.close()
        assert len(proxy.tape.exchanges()) == 3 and proxy.tape.failures() == ((), 0)


def test_what_a_page_sends_is_kept(site: SteadySite, authority: Authority) -> None:
    with recording(authority) as proxy:
        client = Client(proxy, site)
        client.ask(
            "/plain", "Content-Length: 10", "Proxy-Connection: keep-alive", method="POST", body=b"a=1&b=\x00\xff 2"
        )
        client.exactly(len(WHOLE["/plain"]))
        proxy.close()
        first, *_ = proxy.tape.exchanges()
        assert first.method == "POST"
        assert first.request.endswith(b"\r\n\r\na=1&b=\x00\xff 2")
        assert b"proxy-connection" not in first.request.lower()
        assert first.request == site.received["/plain"][0]


def test_the_answer_to_head_has_no_body(plain_site: SteadySite) -> None:
    plain_site.serve("/head", head("Content-Length: 500"))
    with recording() as proxy:
        client = Client(proxy, plain_site)
        for _ in range(2):
            client.ask("/head", method="HEAD")
            assert client.exactly(len(head("Content-Length: 500")))
        proxy.close()
        assert [item.truncated for item in proxy.tape.exchanges()] == [None, None]
        assert plain_site.connections == 1


def test_what_comes_is_handed_on_while_it_comes(site: SteadySite, authority: Authority) -> None:
    gate = threading.Event()
    site.serve("/live", head("Transfer-Encoding: chunked"), b"5\r\nfirst\r\n", lambda talk: gate.wait(10), b"0\r\n\r\n")
    with recording(authority) as proxy:
        client = Client(proxy, site)
        client.ask("/live")
        begun = head("Transfer-Encoding: chunked") + b"5\r\nfirst\r\n"
        assert client.exactly(len(begun)) == begun  # the site has not finished
        gate.set()
        assert client.exactly(5) == b"0\r\n\r\n"


def test_a_page_that_does_not_wait_is_recorded(plain_site: SteadySite) -> None:
    with recording() as proxy:
        client = Client(proxy, plain_site)
        client.ask("/endless")
        client.exactly(100_000)
        client.sock.close()
        plain_site.wait_for("/endless")
        proxy.close()
        (exchange,) = proxy.tape.exchanges()
        assert exchange.truncated == "unspecified"
        assert "the page did not wait for the rest" in exchange.problems
        assert plain_site.sent["/endless"][0].startswith(stored(exchange))


def test_the_end_of_the_visit_ends_what_is_under_way(plain_site: SteadySite) -> None:
    with recording() as proxy:
        client = Client(proxy, plain_site)
        client.ask("/slow-body")
        client.exactly(120)
        proxy.close()
        (exchange,) = proxy.tape.exchanges()
        assert exchange.truncated == "unspecified"
        assert plain_site.wait_for("/slow-body")[0].startswith(stored(exchange))


def test_the_inside_of_the_network_is_refused(site: SteadySite) -> None:
    with recording(allow_private=False) as proxy:
        client = Client(proxy, site)
        client.ask("/plain")
        assert client.rest() == b""
        proxy.close()
        ((failure,), _) = proxy.tape.failures()
        assert failure.kind == "refused address" and "loopback" in failure.reason
        assert proxy.tape.exchanges() == () and site.connections == 0


def test_a_metadata_service_is_refused(plain_site: SteadySite) -> None:
    with recording(allow_private=False) as proxy:
        for target in ("http://169.254.169.254/latest/meta-data/", "http://0x7f.1/", "http://[::ffff:10.0.0.1]/"):
            with socket.create_connection(("127.0.0.1", proxy.port), 10) as sock:
                sock.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                assert sock.recv(100) == b""
        proxy.close()
        failures, _ = proxy.tape.failures()
        assert [failure.kind for failure in failures] == ["refused address"] * 3


def test_limits_of_a_visit(plain_site: SteadySite) -> None:
    with recording(limits=TapeLimits(max_requests=2)) as proxy:
        client = Client(proxy, plain_site)
        for _ in range(2):
            client.ask("/plain")
            client.exactly(len(WHOLE["/plain"]))
        client.ask("/plain")
        assert client.rest() == b""
        proxy.close()
        ((failure,), _) = proxy.tape.failures()
        assert failure.kind == "limit" and len(proxy.tape.exchanges()) == 2


def test_a_bad_certificate_is_recorded_and_gets_no_cookie(authority: Authority) -> None:
    with (
        SteadySite(authority.server("127.0.0.1", self_signed=True)) as site,
        recording(authority, guarded=True) as proxy,
    ):
        client = Client(proxy, site)
        client.ask("/plain", "Cookie: session=abc")
        client.exactly(len(WHOLE["/plain"]))
        proxy.close()
        (exchange,) = proxy.tape.exchanges()
        assert exchange.tls is not None and not exchange.tls.verified and "self" in (exchange.tls.error or "")
        assert b"session=abc" not in exchange.request and b"session=abc" not in site.received["/plain"][0]
        assert any("cookies were not sent" in problem for problem in exchange.problems)


@pytest.mark.parametrize("kind", [HttpProxy, SocksProxy])
def test_through_a_proxy_of_the_collector_s(site: SteadySite, authority: Authority, kind: Any) -> None:
    with kind(login=("ann", "secret")) as upstream, recording(authority, upstream.url("ann:secret@")) as proxy:
        client = Client(proxy, site, host="localhost")
        for path in ("/plain", "/chunked"):
            client.ask(path)
            client.exactly(len(WHOLE[path]))
        proxy.close()
        exchanges = proxy.tape.exchanges()
        assert [stored(exchange) for exchange in exchanges] == [WHOLE["/plain"], WHOLE["/chunked"]]
        assert upstream.asked
        for exchange in exchanges:
            assert exchange.ip is None and "resolved by proxy" in (exchange.via_proxy or "")
            assert b"secret" not in exchange.request and b"Proxy-Auth" not in exchange.request


def test_a_websocket_is_led_through_and_kept(site: SteadySite, authority: Authority) -> None:
    accepted = head("Upgrade: websocket", "Connection: Upgrade", status="101 Switching Protocols")
    frame = b"\x81\x05hello"

    def talk(found: Talk) -> None:
        found.send(accepted + frame)  # a frame in one piece with the head
        found.sock.settimeout(5)
        heard.append(found.sock.recv(100))
        found.send(frame * 3)

    heard: list[bytes] = []
    site.serve("/ws", talk)
    with recording(authority) as proxy:
        client = Client(proxy, site)
        client.ask("/ws", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Extensions: permessage-deflate")
        assert client.exactly(len(accepted) + len(frame)) == accepted + frame
        client.sock.sendall(b"\x81\x82masked")
        assert client.exactly(3 * len(frame)) == frame * 3
        client.sock.close()
        sent = site.wait_for("/ws")[0]
        proxy.close()
        (exchange,) = proxy.tape.exchanges()
        assert stored(exchange) == sent == accepted + frame * 4 and exchange.status == 101
        assert exchange.request == site.received["/ws"][0] + b"\x81\x82masked" and heard == [b"\x81\x82masked"]
        assert b"permessage" not in exchange.request and exchange.truncated is None


def test_a_websocket_ends_with_the_visit(plain_site: SteadySite) -> None:
    accepted = head("Upgrade: websocket", "Connection: Upgrade", status="101 Switching Protocols")
    plain_site.serve("/ws", accepted, lambda talk: talk.pause(30))
    plain_site.serve("/no", head("Content-Length: 2", status="403 Forbidden") + b"no")
    with recording() as proxy:
        client = Client(proxy, plain_site)
        client.ask("/no", "Connection: Upgrade", "Upgrade: websocket")
        assert client.exactly(2 + len(head("Content-Length: 2", status="403 Forbidden"))).endswith(b"no")
        client = Client(proxy, plain_site)
        client.ask("/ws", "Connection: Upgrade", "Upgrade: websocket")
        assert client.exactly(len(accepted)) == accepted
        proxy.close()
        refused, open_one = proxy.tape.exchanges()
        assert (refused.status, open_one.status, open_one.truncated) == (403, 101, "unspecified")
        assert "the visit ended" in open_one.problems


def test_what_is_no_request_ends_the_connection(plain_site: SteadySite) -> None:
    with recording() as proxy:
        for data in (b"\x16\x03\x01", b"GET / HTTP/1.0\r\n\r\n", b"x" * (300 << 10), b"CONNECT a HTTP/1.1\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", proxy.port), 10) as sock, contextlib.suppress(OSError):
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                assert sock.recv(100) == b""
        for line in ("Transfer-Encoding: chunked", "Content-Length: 99999999999"):
            client = Client(proxy, plain_site)
            client.ask("/plain", line, method="POST")
            assert client.rest() == b""
        assert plain_site.connections == 0


def test_many_connections_at_a_time(site: SteadySite, authority: Authority) -> None:
    body = chunked(b"x" * 20_000, 999)
    site.serve("/many", head("Transfer-Encoding: chunked") + body)

    def work(proxy: RecordingProxy, number: int) -> None:
        client = Client(proxy, site)
        for turn in range(5):
            client.ask(f"/many?{number}.{turn}")
            client.exactly(len(head("Transfer-Encoding: chunked")) + len(body))

    with recording(authority) as proxy:
        threads = [threading.Thread(target=work, args=(proxy, number)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        proxy.close()
        exchanges = proxy.tape.exchanges()
        assert len(exchanges) == 80
        for exchange in exchanges:
            assert stored(exchange) == head("Transfer-Encoding: chunked") + body


def test_the_closed_door_counts() -> None:
    door = ClosedDoor(threading.Event())
    for request in (b"CONNECT update.example:443 HTTP/1.1\r\n\r\n", b"GET http://list.example/x HTTP/1.1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", door.port), 10) as sock:
            sock.sendall(request)
            assert sock.recv(100) == b""
    count, hosts = door.take()
    assert count == 2 and set(hosts) == {"update.example:443", "list.example"}
    assert door.take() == (0, ())
    door.close()
