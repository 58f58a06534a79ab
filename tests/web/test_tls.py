"""The facts of TLS are those of the very connection that the bytes came over; what does not verify is recorded."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import subprocess
import threading
from pathlib import Path

import pytest
from certificates import Authority
from cryptography import x509
from testsite import WHOLE, Site
from visiting import Names, fetch, fetcher, stored

from archiver.errors import FormatError, StoreError
from archiver.web.cookies import Cookie
from archiver.web.exchange import TlsFacts, Visit
from archiver.web.tls import recording_context, verifying_context

SITE = Names({name: ["127.0.0.1"] for name in ("site.example", "other.example", "a_b.site.example")})
ELSEWHERE = Names({"elsewhere.example": ["127.0.0.1"]})


def visit_of(authority: Authority, context: ssl.SSLContext, host: str = "site.example", **options: object) -> Visit:
    with Site(context) as site:
        visit = fetch(site.url("/plain", host), ca_file=str(authority.root_path), resolver=SITE, **options)
        if visit.exchanges:
            assert stored(visit.exchanges[0]) == WHOLE["/plain"]
        visit.close()
        return visit


def tls_of(visit: Visit) -> TlsFacts:
    tls = visit.exchanges[0].tls
    assert tls is not None
    return tls


def test_a_good_certificate(authority: Authority) -> None:
    tls = tls_of(visit_of(authority, authority.server("site.example")))
    assert (tls.verified, tls.error) == (True, None)
    assert (tls.version, tls.alpn) == ("TLSv1.3", None)
    assert tls.cipher.startswith("TLS_")
    names = [x509.load_der_x509_certificate(der).subject.rfc4514_string() for der in tls.sent_chain]
    assert names == ["CN=site.example", "CN=Test intermediate"]
    names = [x509.load_der_x509_certificate(der).subject.rfc4514_string() for der in tls.verified_chain]
    assert names == ["CN=site.example", "CN=Test intermediate", "CN=Test root"]


def test_an_address_as_host(authority: Authority) -> None:
    visit = visit_of(authority, authority.server("127.0.0.1"), "127.0.0.1")
    assert tls_of(visit).verified
    visit = visit_of(authority, authority.server("site.example"), "127.0.0.1")
    assert "mismatch" in (tls_of(visit).error or "")


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("self-signed", "self-signed certificate (18)"),
        ("expired", "certificate has expired (10)"),
        ("not yet", "certificate is not yet valid (9)"),
        ("wrong host", "Hostname mismatch"),
        ("no intermediate", "unable to get local issuer certificate (20)"),
    ],
)
def test_what_does_not_verify_is_recorded(authority: Authority, how: str, words: str) -> None:
    """The response is captured all the same, with the error text and the chain of the connection it came over."""
    contexts = {
        "self-signed": lambda: authority.server("site.example", self_signed=True),
        "expired": lambda: authority.server("site.example", days=(-10, -1)),
        "not yet": lambda: authority.server("site.example", days=(1, 10)),
        "wrong host": lambda: authority.server("elsewhere.example"),
        "no intermediate": lambda: authority.server("site.example", with_intermediate=False),
    }
    visit = visit_of(authority, contexts[how]())
    tls = tls_of(visit)
    assert not tls.verified
    assert tls.error is not None and words in tls.error
    assert tls.verified_chain == ()
    assert len(tls.sent_chain) == (1 if how in ("self-signed", "no intermediate") else 2)
    assert (visit.outcome, visit.error, visit.exchanges[0].status) == ("response", None, 200)


def test_given_cookies_are_kept_from_whom_nobody_vouches_for(authority: Authority) -> None:
    """A visit goes on over a certificate that does not verify; a log-in of the user does not. What the server itself
    set on the way is its own."""
    with Site(authority.server("elsewhere.example")) as site:
        options = {"ca_file": str(authority.root_path), "resolver": SITE, "cookies": [Cookie("session", "secret1")]}
        visit = fetch(site.url("/bounce", "site.example"), **options)
        assert [exchange.status for exchange in visit.exchanges] == [302, 200]
        for exchange in visit.exchanges:
            assert b"secret1" not in exchange.request
            assert "were not sent" in "; ".join(exchange.problems)
        assert b"\r\nCookie: seen=1\r\n" in visit.exchanges[1].request
        visit.close()
        visit = fetch(site.url("/plain", "elsewhere.example"), **options | {"resolver": ELSEWHERE})
        assert b"\r\nCookie: session=secret1\r\n" in visit.exchanges[0].request
        visit.close()


def test_a_second_connection_that_fails_tells_of_the_first(authority: Authority) -> None:
    """The server shows a wrong certificate once, and then nothing."""
    context = authority.server("elsewhere.example")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            sock, _ = listener.accept()
            with sock, contextlib.suppress(OSError):
                context.wrap_socket(sock, server_side=True)
            sock, _ = listener.accept()
            with sock, contextlib.suppress(OSError):
                sock.recv(1000)

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"https://site.example:{listener.getsockname()[1]}/"
        visit = fetch(url, 5, ca_file=str(authority.root_path), resolver=SITE)
        thread.join(5)
    assert (visit.outcome, visit.error_kind) == ("no response", "tls")
    assert "did not verify: Hostname mismatch" in (visit.error or "")


def test_an_unknown_root(authority: Authority, tmp_path: Path) -> None:
    with Site(Authority(tmp_path).server("site.example")) as site:
        visit = fetch(site.url("/plain", "site.example"), ca_file=str(authority.root_path), resolver=SITE)
    assert "unable to get local issuer" in (tls_of(visit).error or "")
    visit.close()


def test_nothing_is_asked_over_the_connection_that_failed(authority: Authority) -> None:
    with Site(authority.server("elsewhere.example")) as site:
        visit = fetch(site.url("/plain", "site.example"), ca_file=str(authority.root_path), resolver=SITE)
        assert site.connections == 2
        assert len(site.received["/plain"]) == 1
        assert len(visit.exchanges) == 1
        visit.close()


def test_the_facts_are_not_those_of_the_first_connection(authority: Authority) -> None:
    """A server may show another certificate to the second connection: then that is what is recorded."""
    bad, good = authority.server("elsewhere.example"), authority.server("site.example")
    with Site(bad) as site:
        given: list[ssl.SSLObject | ssl.SSLSocket] = []

        def change(sock: ssl.SSLObject | ssl.SSLSocket, name: str | None, context: ssl.SSLContext) -> None:
            given.append(sock)
            if len(given) > 1:
                sock.context = good

        bad.sni_callback = change  # type: ignore[assignment]
        visit = fetch(site.url("/plain", "site.example"), ca_file=str(authority.root_path), resolver=SITE)
        tls = tls_of(visit)
        visit.close()
    leaf = x509.load_der_x509_certificate(tls.sent_chain[0])
    assert leaf.subject.rfc4514_string() == "CN=site.example"
    assert not tls.verified
    assert "Hostname mismatch" in (tls.error or "")


def test_the_name_is_asked_for(authority: Authority) -> None:
    context = authority.server("site.example", "other.example")
    asked: list[str | None] = []
    context.sni_callback = lambda sock, name, ctx: asked.append(name)  # type: ignore[assignment,return-value]
    for host in ("site.example", "other.example", "127.0.0.1"):
        visit_of(authority, context, host)
    assert asked[:2] == ["site.example", "other.example"]
    assert None in asked[2:]  # no server name for an address (RFC 6066)


def test_only_http_1_is_offered(authority: Authority) -> None:
    context = authority.server("site.example")
    context.set_alpn_protocols(["h2", "http/1.1"])
    assert tls_of(visit_of(authority, context)).alpn == "http/1.1"


def test_tls_1_2_has_iana_names(authority: Authority) -> None:
    context = authority.server("site.example", maximum=ssl.TLSVersion.TLSv1_2, ciphers="ECDHE-ECDSA-AES128-GCM-SHA256")
    tls = tls_of(visit_of(authority, context))
    assert (tls.version, tls.cipher) == ("TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")


def test_every_suite_that_is_offered_has_an_iana_name(authority: Authority) -> None:
    from archiver.web.tls import _IANA

    offered = [str(cipher["name"]) for cipher in verifying_context().get_ciphers()]
    unknown = [name for name in offered if not name.startswith("TLS_") and name not in _IANA]
    assert unknown == []


def test_old_tls_is_refused_in_words(authority: Authority) -> None:
    visit = visit_of(authority, authority.server("site.example", maximum=ssl.TLSVersion.TLSv1_1))
    assert (visit.outcome, visit.error_kind, visit.exchanges) == ("no response", "tls", ())
    assert "site.example" in (visit.error or "")


def test_what_speaks_no_tls() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            sock, _ = listener.accept()
            with sock, contextlib.suppress(OSError):
                sock.recv(1000)
                sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                sock.recv(1000)

        thread = threading.Thread(target=answer)
        thread.start()
        visit = fetch(f"https://127.0.0.1:{listener.getsockname()[1]}/", 3)
        thread.join(5)
    assert (visit.outcome, visit.error_kind) == ("no response", "tls")
    assert "wrong version number" in (visit.error or "") or "packet" in (visit.error or "")


def test_a_reset_in_the_handshake() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            sock, _ = listener.accept()
            sock.recv(1000)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()

        thread = threading.Thread(target=answer)
        thread.start()
        visit = fetch(f"https://127.0.0.1:{listener.getsockname()[1]}/", 3)
        thread.join(5)
    assert (visit.outcome, visit.error_kind, visit.retryable) == ("no response", "tls", True)


def test_files_of_roots(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="could not be read"):
        fetcher(ca_file=str(tmp_path / "missing.pem"))
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing\n")
    with pytest.raises(FormatError, match="no certificates"):
        fetcher(ca_file=str(empty))


def test_contexts() -> None:
    for context in (verifying_context(), recording_context()):
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert verifying_context().verify_mode == ssl.CERT_REQUIRED
    assert verifying_context().check_hostname


def test_openssl_sees_the_same_chain(authority: Authority, tls_site: Site) -> None:
    """openssl s_client as judge of what the server sends."""
    visit = fetch(tls_site.url("/plain"), ca_file=str(authority.root_path))
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{tls_site.port}", "-showcerts"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
    )
    blocks = done.stdout.split("-----BEGIN CERTIFICATE-----")[1:]
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----\n"
    shown = [ssl.PEM_cert_to_DER_cert(begin + block.partition(end)[0] + end) for block in blocks]
    assert list(tls_of(visit).sent_chain) == shown[:2]
    visit.close()
