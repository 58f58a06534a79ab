"""Whatever a server, a TLS server or a proxy says: a visit comes out, soon, and what is stored is what was sent."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from certificates import Authority
from hypothesis import given, settings
from hypothesis import strategies as st
from testsite import BROKEN, REDIRECTS, WHOLE, Site
from visiting import fetcher, stored

from archiver.errors import UsageError
from archiver.web.addresses import follow

WORDS = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 302 Found\r\n",
    b"HTTP/1.1 103 Early\r\n",
    b"HTTP/9.9 999 \xff\r\n",
    b"HTTP/",
    b"Location: ",
    b"/plain",
    b"http://",
    b"[::1",
    b"\xe9\x00",
    b"Set-Cookie: a=b; Path=/; Max-Age=9\r\n",
    b"Set-Cookie: \xff=\xfe;;;=\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 99999999999999999999\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Retry-After: -1\r\n",
    b" folded\r\n",
    b"no colon\r\n",
    b"\r\n",
    b"\n",
    b"hello",
    b"5\r\nhello\r\n0\r\n\r\n",
]
SAMPLES = [raw for raw in (WHOLE | BROKEN | REDIRECTS).values() if len(raw) < 5000]
answers = st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=14).map(b"".join),
    st.binary(max_size=200),
    st.tuples(st.sampled_from(SAMPLES), st.integers(0, 5000), st.binary(max_size=4)).map(
        lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] :]
    ),
)
numbers = count()


@given(answers)
@settings(max_examples=150)
def test_any_answer(plain_site: Site, answer: bytes) -> None:
    path = f"/any/{next(numbers)}"
    plain_site.serve(path, answer)
    with fetcher(5, max_redirects=2, resolver=lambda host, port: []) as shared:
        visit = shared.fetch(plain_site.url(path))
    first = visit.exchanges[0]
    data = stored(first)
    assert data == answer or (first.truncated is not None and answer.startswith(data))
    assert (visit.outcome == "response") == (visit.exchanges[-1].status is not None)
    assert visit.error is not None or visit.outcome == "response"
    if first.location is not None:
        with contextlib.suppress(UsageError):
            follow(first.url, first.location)
    visit.close()


@pytest.fixture
def raw_server() -> Iterator[Callable[[bytes], int]]:
    """Answers whatever comes with the bytes it was last given, and hangs up."""
    answer = [b""]
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with sock, contextlib.suppress(OSError):
                sock.settimeout(2)
                sock.recv(4096)
                sock.sendall(answer[0])
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(4096):
                    pass

    def say(data: bytes) -> int:
        answer[0] = data
        return int(listener.getsockname()[1])

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield say
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def test_any_handshake(raw_server: Callable[[bytes], int], authority: Authority) -> None:
    with fetcher(5, ca_file=str(authority.root_path)) as shared:

        @given(
            st.one_of(st.binary(max_size=100), st.binary(max_size=60).map(lambda rest: b"\x16\x03\x03\x00\x20" + rest))
        )
        @settings(max_examples=60)
        def attempt(answer: bytes) -> None:
            visit = shared.fetch(f"https://127.0.0.1:{raw_server(answer)}/")
            assert (visit.outcome, visit.exchanges, visit.error_kind) == ("no response", (), "tls")

        attempt()


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
def test_any_proxy(raw_server: Callable[[bytes], int], scheme: str) -> None:
    beginnings = st.sampled_from(
        [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"\x05\x00", b"\x05\x00\x05\x00\x00\x03"]
    )
    with fetcher(5, proxy=f"{scheme}://ann:x@127.0.0.1:{raw_server(b'')}") as shared:

        @given(beginnings, st.binary(max_size=60))
        @settings(max_examples=80)
        def attempt(beginning: bytes, rest: bytes) -> None:
            raw_server(beginning + rest)
            visit = shared.fetch("https://site.example/")
            assert visit.outcome == "no response"
            assert visit.error_kind in ("proxy", "tls")

        attempt()
