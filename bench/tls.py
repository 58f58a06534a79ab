"""What a new TLS connection costs, in CPU milliseconds of the client, against plain requests and the bare handshake.

    python bench/tls.py [--visits 200] [--runs 5]

A server of its own process answers 100 kB over TLS 1.3 and closes. A visit by HttpFetcher makes a connection, records
its certificates, keeps every byte, and closes; requests is measured as people use it (a Session that verifies against
the system's roots loads them anew for each connection), and with one context shared, which is what we do. The ways take
turns, `--runs` times; medians.
"""

from __future__ import annotations

import argparse
import socket
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "web")]

from certificates import Authority  # noqa: E402
from testsite import Site, head  # noqa: E402
from visiting import fetcher  # noqa: E402

BODY = b"x" * 100_000
TARGET = 4.0  # milliseconds


def serve(pipe: Connection, folder: str) -> None:
    authority = Authority(Path(folder))
    with Site(authority.server("127.0.0.1")) as site:
        site.serve("/page", head(f"Content-Length: {len(BODY)}", "Connection: close") + BODY)
        pipe.send((site.url("/page"), site.port, str(authority.root_path)))
        pipe.recv()


class OneContext(HTTPAdapter):
    """requests with one context for all connections."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **options)

    def cert_verify(self, *args: Any, **options: Any) -> None:
        pass


def ways(url: str, port: int, roots: str) -> dict[str, Callable[[], int]]:
    """How one page is got, and its size."""
    context = ssl.create_default_context(cafile=roots)
    plain, shared = requests.Session(), requests.Session()
    plain.verify = bundle(roots)
    plain.trust_env = shared.trust_env = False
    shared.mount("https://", OneContext(context))
    ours = fetcher(30, ca_file=roots)

    def handshake() -> int:
        with (
            socket.create_connection(("127.0.0.1", port)) as sock,
            context.wrap_socket(sock, server_hostname="127.0.0.1") as session,
        ):
            session.sendall(b"GET /page HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            size = 0
            while data := session.recv(65536):
                size += len(data)
        return size

    def visit() -> int:
        found = ours.fetch(url)
        assert found.exchanges[0].tls is not None and found.exchanges[0].tls.verified
        size = found.exchanges[0].response_length
        found.close()
        return size

    return {
        "archiver": visit,
        "requests": lambda: len(plain.get(url, headers={"Connection": "close"}).content),
        "requests, one context": lambda: len(shared.get(url, headers={"Connection": "close"}).content),
        "ssl and socket alone": handshake,
    }


def bundle(roots: str) -> str:
    """The roots that requests comes with, and ours: a file of the usual size."""
    import certifi

    path = Path(roots).with_name("bundle.pem")
    path.write_bytes(Path(certifi.where()).read_bytes() + Path(roots).read_bytes())
    return str(path)


def measure(way: Callable[[], int], visits: int) -> float:
    """CPU milliseconds of this process for one visit."""
    assert way() >= len(BODY)
    begun = time.process_time()
    for _ in range(visits):
        way()
    return (time.process_time() - begun) * 1000 / visits


def main() -> int:
    parser = argparse.ArgumentParser(description="CPU of a new TLS connection.")
    parser.add_argument("--visits", type=int, default=200)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        here, there = Pipe()
        server = Process(target=serve, args=(there, folder))
        server.start()
        named = ways(*here.recv())
        for _ in range(options.runs):
            for name, way in named.items():
                visits = max(1, options.visits // 10) if name == "requests" else options.visits
                found.setdefault(name, []).append(measure(way, visits))
        here.send(None)
        server.join()
    for name, times in found.items():
        print(f"{name:24} {statistics.median(times):6.2f} ms CPU a visit  ({min(times):.2f} to {max(times):.2f})")
    ours = statistics.median(found["archiver"])
    print(f"target: {TARGET:g} ms; {'met' if ours <= TARGET else 'MISSED'}")
    return 0 if ours <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
