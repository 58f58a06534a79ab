"""A small news site on loopback, made of the sample articles: real sockets, real TLS, nothing beyond this machine.

In tests:

    with Newsroom() as site:
        site.url("/wire/harbour-crane")          # http://127.0.0.1:40123/wire/harbour-crane
        site.edit("/wire/harbour-crane", b"four", b"five")   # what an editor does after publication
        site.publish("/de/bruecke", 2)           # its second version, as tests/articles/versions.json has it
    site.withdraw("/live/flood")             # from now on 410
        site.requests                            # what was asked, in order

By hand: `python tests/newsroom.py --port 0 [--https]` prints its URL, without a path, as the first line (and, with
--https, the path of the CA certificate as the second), then serves until it is killed or its standard input (a pipe
or a terminal) ends.
`--list` prints the routes and exits.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import gzip
import hashlib
import ipaddress
import json
import os
import shutil
import signal
import ssl
import stat
import sys
import tempfile
import threading
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

ARTICLES = Path(__file__).resolve().parent / "articles"
VERSIONS = ARTICLES / "versions.json"
MODIFIED = "Tue, 15 Sep 2026 17:05:00 GMT"  # of every file: the same on every machine, unlike a checkout's mtime
HTML = "text/html"
UTF8 = "text/html; charset=utf-8"
IDLE = 10.0  # seconds that a kept-alive connection may say nothing


@dataclass(frozen=True)
class Page:
    """One route: a file under tests/articles (None: no body), its Content-Type, status and further headers."""

    file: str | None
    content_type: str = UTF8
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = field(default=None, repr=False)  # replaces the file's bytes after edit()

    def data(self) -> bytes:
        """The body as it is served, before any content coding."""
        if self.body is not None:
            return self.body
        return (ARTICLES / self.file).read_bytes() if self.file else b""


def _moved(status: int, location: str) -> Page:
    return Page(None, HTML, status, (("Location", location),))


PAGES: dict[str, Page] = {
    "/wire/harbour-crane": Page("wire.html"),
    "/local/reservoir": Page("local-1252.html", HTML),
    "/notes/bees": Page("undeclared-utf8.html", HTML),
    "/gazette/ferry": Page("undeclared-1252.html", HTML),
    "/live/flood": Page("live-blog.html"),
    "/app/tram-fares": Page("script-only.html"),
    "/weekly/library": Page("british.html"),
    "/de/bruecke": Page("german.html", HTML),
    "/fr/phare": Page("french.html"),
    "/talk/tide-tables": Page("interview.html"),
    "/register/harbor-fund": Page("denials.html", headers=(("Set-Cookie", "visit=1; Path=/; HttpOnly"),)),
    "/premium/dam": Page("paywall.html"),
    "/news/quay-market": Page("consent.html"),
    "/check/challenge": Page("challenge.html", status=403, headers=(("Cache-Control", "no-store"),)),
    "/check/challenge-200": Page("challenge.html"),
    "/old/soft": Page("soft-404.html"),
    "/old/hard": Page("not-found.html", status=404),
    "/nothing": Page("empty.html"),
    "/blank": Page("blank.html"),
    "/ar/bridge": Page("arabic.html"),
    "/ja/ferry": Page("japanese.html"),
    "/es/faro": Page("spanish.html"),
    "/ru/most": Page("russian.html", HTML),
    "/zh/dukou": Page("chinese.html"),
    "/moved": _moved(301, "/moved/again"),
    "/moved/again": _moved(302, "last?from=again"),
    "/moved/last": _moved(308, "/wire/harbour-crane"),
    "/moved/round": _moved(302, "/moved/round"),
    "/assets/site.css": Page("assets/site.css", "text/css"),
    "/assets/logo.svg": Page("assets/logo.svg", "image/svg+xml"),
    "/assets/photo.png": Page("assets/photo.png", "image/png"),
    "/robots.txt": Page("assets/robots.txt", "text/plain"),
}
NOT_FOUND = Page("not-found.html", status=404)
COMPRESSIBLE = ("text/", "image/svg+xml")


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]


class Newsroom:
    """The site while it is open; a context manager. Every instance has routes, and a CA, of its own."""

    def __init__(self, *, https: bool = False, host: str = "127.0.0.1", port: int = 0, date: str | None = None) -> None:
        """`date` is what every response says in its Date field, instead of the time."""
        self.date = date
        self.scheme = "https" if https else "http"
        self.pages = dict(PAGES)
        self.requests: list[Request] = []
        self._secrets = Path(tempfile.mkdtemp(prefix="newsroom-")) if https else None
        self.ca_pem_path: Path | None = self._secrets / "ca.pem" if self._secrets else None
        context = _server_context(self._secrets) if self._secrets else None
        self._server = _Server((host, port), self, context)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def host(self) -> str:
        return str(self._server.server_address[0])

    def url(self, path: str = "/") -> str:
        """The absolute address of a path."""
        return f"{self.scheme}://{self.host}:{self.port}{path}"

    def edit(self, path: str, old: bytes, new: bytes) -> None:
        """Replaces every `old` in the page by `new`, as an editor would; the file on disk stays. Raises ValueError."""
        page = self.pages[path]
        if old not in page.data():
            raise ValueError(f"{path} does not contain {old!r}")
        self.pages[path] = replace(page, body=page.data().replace(old, new))

    def publish(self, path: str, version: int) -> None:
        """Serves the first, second or third version of an article that versions.json knows. Raises KeyError."""
        known = {entry["path"]: entry["versions"] for entry in json.loads(VERSIONS.read_text("utf-8"))}
        self.pages[path] = PAGES[path]
        encoding = "windows-1251" if path == "/ru/most" else "utf-8"
        for later in known[path][: version - 1]:
            for old, new in later["edits"]:
                self.edit(path, old.encode(encoding), new.encode(encoding))

    def put(self, path: str, page: Page) -> None:
        """Serves `page` at `path` from now on."""
        self.pages[path] = page

    def withdraw(self, path: str, status: int = 410) -> None:
        """Takes a page away: its address answers with `status` from now on."""
        self.pages[path] = replace(NOT_FOUND, status=status)

    def restore(self) -> None:
        """Undoes every edit(), put() and withdraw()."""
        self.pages = dict(PAGES)

    def start(self) -> Newsroom:
        self._thread.start()
        return self

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
        if self._secrets:
            shutil.rmtree(self._secrets, ignore_errors=True)

    def __enter__(self) -> Newsroom:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a client may still hold a kept-alive connection
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], site: Newsroom, context: ssl.SSLContext | None) -> None:
        self.site = site
        self.context = context
        super().__init__(address, _Handler)

    def get_request(self) -> tuple[Any, Any]:
        connection, peer = super().get_request()
        if self.context:  # the handshake happens in the handler's thread: a silent client must not stop the others
            connection = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, peer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up, or does not trust the CA, is no news; anything else is a mistake of ours."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Newsroom", ""
    timeout = IDLE
    server: _Server

    def date_time_string(self, timestamp: float | None = None) -> str:
        return self.server.site.date or super().date_time_string(timestamp)

    def setup(self) -> None:
        if isinstance(self.request, ssl.SSLSocket):
            self.request.settimeout(IDLE)
            self.request.do_handshake()
        super().setup()

    def version_string(self) -> str:
        return "newsroom"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        """Silent: tests read `Newsroom.requests`."""

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        site = self.server.site
        site.requests.append(Request(self.command, self.path, tuple(self.headers.items())))
        path = urlsplit(self.path).path
        page = _front_page(site) if path == "/" else site.pages.get(path, NOT_FOUND)
        data = page.data()
        etag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        if page.status == 200 and self._unchanged(etag):
            self._head(304, page, etag)
            self.end_headers()
            return
        coded = self._coded(page, data)
        self._head(page.status, page, etag)
        if coded is not data:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(coded)))
        self.end_headers()
        if body:
            self.wfile.write(coded)

    def _head(self, status: int, page: Page, etag: str) -> None:
        self.send_response(status)
        if page.status == 200:
            self.send_header("ETag", etag)
            if page.body is None:  # an edited page says nothing of when
                self.send_header("Last-Modified", MODIFIED)
            if page.content_type.startswith(COMPRESSIBLE):
                self.send_header("Vary", "Accept-Encoding")
        for name, value in page.headers:
            self.send_header(name, value)

    def _unchanged(self, etag: str) -> bool:
        """RFC 9110 section 13.2.2: If-None-Match decides, and only without it If-Modified-Since."""
        asked = self.headers.get("If-None-Match")
        if asked is not None:
            return asked.strip() == "*" or etag in [one.strip().removeprefix("W/") for one in asked.split(",")]
        return self.headers.get("If-Modified-Since") == MODIFIED

    def _coded(self, page: Page, data: bytes) -> bytes:
        """`data`, gzipped if that was asked for; mtime 0 so that the same request gets the same bytes."""
        wanted = self.headers.get("Accept-Encoding", "").lower().replace(" ", "").split(",")
        asked = any(one.split(";")[0] == "gzip" and not one.endswith(";q=0") for one in wanted)
        return gzip.compress(data, mtime=0) if asked and data and page.content_type.startswith(COMPRESSIBLE) else data


def _front_page(site: Newsroom) -> Page:
    links = "".join(f'<li><a href="{path}">{path}</a></li>\n' for path in site.pages)
    html = (
        f'<!DOCTYPE html>\n<html lang="en"><head><title>Newsroom</title></head><body><ul>\n{links}</ul></body></html>\n'
    )
    return Page(None, body=html.encode())


def _server_context(folder: Path) -> ssl.SSLContext:
    """A TLS context with a certificate for loopback under a CA that lives as long as the site does."""
    _make_certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "site.pem", folder / "site.key")
    return context


def _make_certificates(folder: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    now = datetime.datetime.now(datetime.UTC)

    def name(common: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])

    def builder(subject: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        start = now - datetime.timedelta(hours=1)
        return (
            x509.CertificateBuilder()
            .issuer_name(name("Newsroom throw-away CA"))
            .subject_name(name(subject))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + datetime.timedelta(days=2))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()),
                critical=False,
            )
        )

    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    no_usage = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    ) | dict.fromkeys(("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False)
    ca = (
        builder("Newsroom throw-away CA", ca_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**(no_usage | {"key_cert_sign": True, "crl_sign": True})), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    leaf = (
        builder("Newsroom", key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**(no_usage | {"digital_signature": True})), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    (folder / "site.pem").write_bytes(leaf.public_bytes(pem))
    (folder / "site.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _wait_for_end() -> None:
    """Returns when standard input ends, if it is a pipe, socket or terminal; else waits for a signal."""
    try:
        mode = os.fstat(0).st_mode
        watched = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(0)
    except OSError:
        watched = False
    while watched and os.read(0, 4096):
        pass
    if not watched:
        threading.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="Serves the sample articles on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one")
    parser.add_argument("--https", action="store_true", help="TLS, under a throw-away CA")
    parser.add_argument("--list", action="store_true", help="print the routes and exit")
    options = parser.parse_args()
    if options.list:
        for path, page in PAGES.items():
            print(f"{path:28} {page.status}  {page.file or dict(page.headers).get('Location', '')}")
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the CA's folder is removed
    with Newsroom(https=options.https, port=options.port) as site:
        print(site.url(""), flush=True)
        if site.ca_pem_path:
            print(site.ca_pem_path, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            _wait_for_end()


if __name__ == "__main__":
    main()
