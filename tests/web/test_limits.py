"""Where a visit stops: time, size, head, redirects, the user. What came until then is kept, the stop is said."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from certificates import Authority
from testsite import BROKEN, TEXT, WHOLE, Site, Talk, chunked, head
from visiting import Names, fetch, fetcher, said, stored

from archiver.errors import UsageError
from archiver.web.exchange import ExchangeError
from archiver.web.fetch import Limits


@pytest.fixture
def options(authority: Authority) -> dict[str, str]:
    return {"ca_file": str(authority.root_path)}


def test_a_slow_body_ends_with_the_time(site: Site, options: dict[str, str]) -> None:
    begun = time.monotonic()
    visit = fetch(site.url("/slow-body"), 1.0, **options)
    assert 0.9 < time.monotonic() - begun < 5
    [exchange] = visit.exchanges
    data = stored(exchange)
    assert (head(f"Content-Length: {len(TEXT)}") + TEXT).startswith(data)
    assert len(data) > 40
    assert (exchange.status, exchange.truncated, visit.outcome) == (200, "time", "response")
    assert visit.error is None and not visit.retryable
    visit.close()


def test_a_slow_head_ends_with_the_time(site: Site, options: dict[str, str]) -> None:
    visit = fetch(site.url("/slow-head"), 1.0, **options)
    [exchange] = visit.exchanges
    data = stored(exchange)
    assert 5 < len(data) < 100 and WHOLE["/plain"].startswith(data)
    assert exchange.truncated == "time"
    assert (visit.error_kind, visit.retryable) == ("timeout", True)
    assert visit.error is not None and "1 seconds" in visit.error
    visit.close()


def test_a_silent_server_ends_with_the_time(site: Site, options: dict[str, str]) -> None:
    visit = fetch(site.url("/silent"), 0.5, **options)
    assert (visit.outcome, visit.error_kind, visit.retryable) == ("no response", "timeout", True)
    assert visit.exchanges[0].response_length == 0
    visit.close()


def test_the_time_is_that_of_the_whole_visit(plain_site: Site) -> None:
    """Redirects do not begin it anew."""

    def slow(talk: Talk) -> None:
        talk.pause(0.4)
        number = int(talk.target.partition("=")[2])
        talk.send(head(f"Location: /slow-chain?n={number + 1}", "Content-Length: 0", status="302 Found"))

    plain_site.serve("/slow-chain", slow)
    begun = time.monotonic()
    visit = fetch(plain_site.url("/slow-chain?n=0"), 1.0)
    assert time.monotonic() - begun < 5
    assert (len(visit.exchanges) <= 3, visit.error_kind) == (True, "timeout")
    assert visit.final_url == visit.exchanges[-2].url
    visit.close()


def test_a_hanging_handshake_ends_with_the_time() -> None:
    """A server that accepts and then says nothing, while we want TLS."""
    with Site() as deaf:
        visit = fetch(f"https://127.0.0.1:{deaf.port}/", 0.5)
    assert (visit.exchanges, visit.error_kind, visit.retryable) == ((), "timeout", True)
    assert "set up TLS" in (visit.error or "")


def test_a_hanging_look_up_ends_with_the_time() -> None:
    wait = threading.Event()

    def hang(host: str, port: int) -> list[str]:
        wait.wait(20)
        return ["127.0.0.1"]

    begun = time.monotonic()
    visit = fetch("http://slow.example/", 0.5, resolver=hang)
    wait.set()
    assert time.monotonic() - begun < 5
    assert visit.error_kind == "timeout"
    assert "looking up the name slow.example" in (visit.error or "")


def test_a_hanging_connect_ends_with_the_time() -> None:
    """A listener whose queue is full drops what comes: the connection is never refused, and never made."""
    import socket

    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            fillers.append(filler)
        begun = time.monotonic()
        visit = fetch(f"http://127.0.0.1:{port}/", 0.5)
        assert time.monotonic() - begun < 5
        for filler in fillers:
            filler.close()
    assert visit.error_kind == "timeout"
    assert f"connecting to 127.0.0.1:{port}" in (visit.error or "")


def test_a_long_body_ends_with_the_size(site: Site, options: dict[str, str]) -> None:
    visit = fetch(site.url("/big"), max_bytes=100_000, **options)
    [exchange] = visit.exchanges
    assert stored(exchange) == WHOLE["/big"][:100_000]
    assert (exchange.truncated, visit.outcome, visit.error) == ("length", "response", None)
    assert "longer than 100000 bytes" in said(exchange)
    visit.close()


def test_a_body_of_exactly_the_limit_is_whole(plain_site: Site) -> None:
    for path in ("/plain", "/no-length", "/chunked"):
        size = len(WHOLE[path])
        visit = fetch(plain_site.url(path), max_bytes=size)
        assert (visit.exchanges[0].truncated, visit.exchanges[0].response_length) == (None, size), path
        visit.close()
        visit = fetch(plain_site.url(path), max_bytes=size - 1)
        assert (visit.exchanges[0].truncated, visit.exchanges[0].response_length) == ("length", size - 1), path
        visit.close()


@pytest.mark.parametrize("path", ["/endless", "/endless-head", "/endless-extra", "/endless-redirect"])
def test_what_has_no_end_is_cut(site: Site, options: dict[str, str], path: str) -> None:
    visit = fetch(site.url(path), max_bytes=2 << 20, **options)
    first = visit.exchanges[0]
    data = stored(first)
    before = {
        "/endless": head("Content-Type: text/html"),
        "/endless-head": b"HTTP/1.1 200 OK\r\n",
        "/endless-extra": head("Content-Length: 5", "Connection: close") + b"hello",
        "/endless-redirect": head("Location: /plain", status="302 Found"),
    }[path]
    assert data.startswith(before)
    assert set(data[len(before) :]) <= set(b"xX-More: y\r\n")
    sizes = {
        "/endless": range(2 << 20, (2 << 20) + 1),
        "/endless-head": range(256 << 10, (256 + 64) << 10),
        "/endless-redirect": range(1 << 20, (1 << 20) + 1),
        "/endless-extra": range(64 << 10, (128 << 10) + len(before) + 1),
    }
    assert len(data) in sizes[path]
    assert first.truncated == (None if path == "/endless-extra" else "length")
    assert len(visit.exchanges) == (2 if path == "/endless-redirect" else 1)
    visit.close()


def test_a_gzip_bomb_stays_as_small_as_it_came(plain_site: Site) -> None:
    bomb = gzip.compress(bytes(50_000_000), mtime=0)
    answer = head("Content-Encoding: gzip", "Transfer-Encoding: chunked") + chunked(bomb, 10_000)
    plain_site.serve("/bomb", answer)
    visit = fetch(plain_site.url("/bomb"))
    assert stored(visit.exchanges[0]) == answer
    assert len(answer) < 60_000
    visit.close()


def test_the_limit_of_a_head(plain_site: Site) -> None:
    visit = fetch(plain_site.url("/big-header"), max_head=1024)
    [exchange] = visit.exchanges
    assert exchange.truncated == "length"
    assert WHOLE["/big-header"].startswith(stored(exchange))
    assert visit.error_kind == "protocol"
    visit.close()


@pytest.mark.parametrize(
    "limits",
    [{"total_seconds": 0}, {"max_bytes": 0}, {"max_redirects": -1}, {"max_head": 100}, {"max_head": 1 << 30}],
)
def test_limits_that_leave_nothing(limits: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        Limits(**limits)


@pytest.mark.parametrize("where", ["/silent", "/slow-body", "look-up", "/before"])
def test_the_user_stops(plain_site: Site, where: str) -> None:
    stop = threading.Event()
    waiting = threading.Event()

    def hang(host: str, port: int) -> list[str]:
        waiting.wait(20)
        raise ExchangeError("dns", "too late")

    if where == "/before":
        stop.set()
    threading.Timer(0.3, stop.set).start()
    url = "http://slow.example/" if where == "look-up" else plain_site.url(where)
    begun = time.monotonic()
    visit = fetch(url, 20, stop=stop, resolver=hang)
    waiting.set()
    assert time.monotonic() - begun < 5
    assert (visit.outcome, visit.error_kind, visit.retryable) == ("no response", "interrupted", False)
    for exchange in visit.exchanges:
        assert exchange.truncated == "unspecified"
    visit.close()


def test_control_c_leaves_at_once(plain_site: Site) -> None:
    """In the thread that fetches, as for `statements URL`."""
    code = (
        "from visiting import fetch\nimport sys\nprint('go', flush=True)\n"
        "try:\n    fetch(sys.argv[1], 30)\nexcept KeyboardInterrupt:\n    print('left')\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    child = subprocess.Popen(
        [sys.executable, "-c", code, plain_site.url("/silent")],
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "go\n"
    time.sleep(0.5)
    begun = time.monotonic()
    child.send_signal(2)
    out, _ = child.communicate(timeout=10)
    assert (out, time.monotonic() - begun < 5) == ("left\n", True)


def test_too_many_redirects(plain_site: Site) -> None:
    visit = fetch(plain_site.url("/count-up"), max_redirects=5)
    assert (visit.error_kind, len(visit.exchanges), visit.outcome) == ("too many redirects", 6, "response")
    visit.close()


def test_one_fetcher_after_a_time_out_is_as_good_as_new(plain_site: Site) -> None:
    with fetcher(0.5) as shared:
        shared.fetch(plain_site.url("/silent")).close()
        visit = shared.fetch(plain_site.url("/plain"))
        assert stored(visit.exchanges[0]) == WHOLE["/plain"]
        visit.close()


def test_a_name_without_addresses() -> None:
    visit = fetch("http://nowhere.example/", resolver=Names({"nowhere.example": []}))
    assert (visit.error_kind, visit.outcome) == ("dns", "no response")
    visit = fetch("http://unknown.example/", resolver=Names({}))
    assert visit.error_kind == "dns"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_gigabyte_in_flat_memory(plain_site: Site, tmp_path: Path) -> None:
    """In a child, so that its peak is its own."""
    size = 1 << 30

    def gigabyte(talk: Talk) -> None:
        talk.send(head(f"Content-Length: {size}"))
        piece = bytes(1 << 20)
        for _ in range(size >> 20):
            talk.sock.sendall(piece)

    plain_site.serve("/gigabyte", gigabyte)
    code = (
        "from visiting import fetch\nimport sys\nfrom pathlib import Path\n"
        "visit = fetch(sys.argv[1], 300, max_bytes=2 << 30, folder=Path(sys.argv[2]))\n"
        "print(visit.exchanges[0].response_length, visit.exchanges[0].truncated)\n"
        "peak = [line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')]\n"
        "print(peak[0])\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(
        [sys.executable, "-c", code, plain_site.url("/gigabyte"), str(tmp_path)],
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
        check=True,
        timeout=300,
    )
    first, peak = done.stdout.splitlines()
    assert first == f"{size + len(head(f'Content-Length: {size}'))} None"
    assert int(peak) < 150 * 1024  # kB


def test_nothing_of_these_is_whole() -> None:
    assert not set(BROKEN) & set(WHOLE)
