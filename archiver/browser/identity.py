"""The proxy's certificate: made anew for each run, kept in memory but for a moment, believed by our browser alone.

The browser is told the digest of its public key (`spki`) and takes any certificate with that key for any host; nothing
is installed, no other program believes it, and it is gone with the process. What the *site* showed is checked and
recorded by the proxy, on the connection to the site.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Identity:
    """A server's context, and what Chromium's --ignore-certificate-errors-spki-list is given: the SHA-256 of the
    SubjectPublicKeyInfo in base64."""

    context: ssl.SSLContext
    spki: str


def new_identity(folder: Path | None = None) -> Identity:
    """A fresh key with a certificate of its own. The key is in a private folder below `folder` until it is loaded."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "recording proxy")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + 30 * DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("proxy.invalid")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # no ALPN: the browser then speaks HTTP/1.1
    with tempfile.TemporaryDirectory(prefix="archiver-", dir=folder) as private:
        path = Path(private) / "proxy.pem"
        path.touch(0o600)
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context.load_cert_chain(path)
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Identity(context, base64.b64encode(hashlib.sha256(public).digest()).decode("ascii"))
