"""A certificate authority of our own for tests, good for a day, and the wrong certificates that the world shows."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import warnings
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PEM = serialization.Encoding.PEM


class Authority:
    """A root and an intermediate; its root's PEM is at `root_path`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        self._root_key, self._middle_key = _key(), _key()
        self.root = _certificate("Test root", "Test root", self._root_key, self._root_key, ca=True)
        self.middle = _certificate("Test intermediate", "Test root", self._middle_key, self._root_key, ca=True)
        self.root_path = folder / "root.pem"
        self.root_path.write_bytes(self.root.public_bytes(PEM))

    def server(
        self,
        *names: str,
        days: tuple[float, float] = (-0.1, 1),
        self_signed: bool = False,
        with_intermediate: bool = True,
        maximum: ssl.TLSVersion | None = None,
        ciphers: str | None = None,
    ) -> ssl.SSLContext:
        """A server's context, its certificate for `names` (host names or IP addresses) and those `days` from now."""
        key = _key()
        issuer = (names[0], key) if self_signed else ("Test intermediate", self._middle_key)
        leaf = _certificate(names[0], issuer[0], key, issuer[1], names=names, days=days)
        chain = [leaf] if self_signed or not with_intermediate else [leaf, self.middle]
        self._number += 1
        path = self._folder / f"server-{self._number}.pem"
        path.write_bytes(
            key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            + b"".join(certificate.public_bytes(PEM) for certificate in chain)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        if maximum is not None:
            if maximum < ssl.TLSVersion.TLSv1_2:
                context.set_ciphers("ALL:@SECLEVEL=0")
            _set_version(context, maximum)
        if ciphers is not None:
            context.set_ciphers(ciphers)
        return context


def _set_version(context: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _certificate(
    subject: str,
    issuer: str,
    key: ec.EllipticCurvePrivateKey,
    signed_by: ec.EllipticCurvePrivateKey,
    *,
    ca: bool = False,
    names: tuple[str, ...] = (),
    days: tuple[float, float] = (-0.1, 1),
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=days[0]))
        .not_valid_after(now + datetime.timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signed_by.public_key()), critical=False)
    )
    if names:
        alternatives = x509.SubjectAlternativeName([_alternative(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(usage, critical=False)
    return builder.sign(signed_by, hashes.SHA256())


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
