"""TLS: two contexts for all connections, and the facts of a session.

Verified means: a chain to a known root, for this name, at this moment. Revocation is not looked up; that would tell a
third party which site is visited.

Building a context loads some hundred roots, 40 ms; a handshake costs 3. So a fetcher makes one that verifies and one
that records what cannot be verified, and every thread uses them. Neither is changed after that: OpenSSL contexts are
safe to share, but not to reconfigure while they are in use.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from archiver.errors import FormatError, StoreError
from archiver.web.exchange import TlsFacts

# The suites before TLS 1.3 have names of OpenSSL's own; these are the ones that its default list offers.
_IANA = {
    "ECDHE-ECDSA-CHACHA20-POLY1305": "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "ECDHE-RSA-CHACHA20-POLY1305": "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "DHE-RSA-CHACHA20-POLY1305": "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
}
_IANA |= {
    f"{exchange}-AES{bits}-{mode}".replace("CBC-", ""): (
        f"TLS_{exchange.replace('-', '_')}_WITH_AES_{bits}_{mode.replace('-', '_')}"
    )
    for exchange in ("ECDHE-ECDSA", "ECDHE-RSA", "DHE-RSA")
    for bits, mode in ((256, "GCM-SHA384"), (128, "GCM-SHA256"), (256, "CBC-SHA384"), (128, "CBC-SHA256"))
}
_IANA["DHE-RSA-AES256-SHA256"] = "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"
del _IANA["DHE-RSA-AES256-SHA384"]


@lru_cache(maxsize=4)
def verifying_context(ca_file: str | None = None) -> ssl.SSLContext:
    """Verifies chain and host name against the system's roots and those in `ca_file` (PEM). Raises StoreError,
    FormatError for a file that cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    paths = ssl.get_default_verify_paths()
    if not context.cert_store_stats()["x509_ca"] and not (paths.capath and any(Path(paths.capath).glob("*.0"))):
        import certifi  # a system without roots; requests depends on certifi

        context.load_verify_locations(certifi.where())
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except ssl.SSLError as error:
            raise FormatError(f"no certificates in PEM: {error.reason}", where=ca_file) from None
        except OSError as error:
            raise StoreError(f"could not be read: {error.strerror}", where=ca_file) from None
    return _common(context)


@lru_cache(maxsize=1)
def recording_context() -> ssl.SSLContext:
    """Accepts any certificate: only for recording what a server shows whose certificate did not verify."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return _common(context)


def _common(context: ssl.SSLContext) -> ssl.SSLContext:
    # HTTP/1.1 only: in HTTP/2 there is no exact byte form that a WARC could carry.
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # Whether a connection ended in order or was cut must stay visible.
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", ssl.Options(0))
    return context


def session_facts(session: ssl.SSLSocket, error: str | None) -> TlsFacts:
    """The facts of a session after its handshake. `error`: what an earlier, verifying handshake failed with."""
    verified = session.context.verify_mode == ssl.CERT_REQUIRED
    cipher = session.cipher()
    name = cipher[0] if cipher else "unknown"
    return TlsFacts(
        version=session.version() or "unknown",
        cipher=_IANA.get(name, name),
        alpn=session.selected_alpn_protocol(),
        sent_chain=_chain(session, "get_unverified_chain"),
        # Without verification OpenSSL still hands out a "verified" chain, which means nothing.
        verified_chain=_chain(session, "get_verified_chain") if verified else (),
        verified=verified,
        error=error,
    )


def _chain(session: ssl.SSLSocket, method: str) -> tuple[bytes, ...]:
    """Certificates in DER. Public on the socket since Python 3.13; before, on its private half and not as bytes."""
    owner: Any = session if hasattr(session, method) else getattr(session, "_sslobj", None)
    found: Iterable[Any] = (getattr(owner, method, lambda: None)()) or ()
    return tuple(item if isinstance(item, bytes) else item.public_bytes(2) for item in found)  # 2: DER


def describe(error: ssl.SSLError) -> str:
    """A handshake's error in words: for a certificate, what is wrong with it, and OpenSSL's number for that."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{error.verify_message.rstrip('.')} ({error.verify_code})"
    return (error.reason or str(error)).replace("_", " ").lower()
