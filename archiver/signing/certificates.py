"""A chain of certificates in PEM, as others put it into their files (RFC 5280): does it hold together, whose is it?

That a chain holds together says that each certificate was issued by the key of the next one. Whether the last of them
is to be believed is said by whoever compares its fingerprint; no list of roots is consulted, and nothing is fetched, so
a revocation is not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from archiver.errors import FormatError
from archiver.signing.ecdsa import fingerprint, load_key

MAX_CHAIN = 10
MAX_PEM = 128 << 10  # bytes


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate: its key in DER and by fingerprint, its names, when it is valid, whether it may issue others."""

    key: bytes
    fingerprint: str | None
    subject: str
    names: tuple[str, ...]
    begins: datetime
    ends: datetime
    issues: bool
    own: x509.Certificate

    @property
    def der(self) -> bytes:
        """Its bytes."""
        return self.own.public_bytes(serialization.Encoding.DER)


def read_chain(pem: str) -> tuple[Certificate, ...]:
    """The certificates, leaf first, as they stand. Raises FormatError."""
    if len(pem) > MAX_PEM:
        raise FormatError(f"certificates of {len(pem)} characters; at most {MAX_PEM}")
    try:
        found = x509.load_pem_x509_certificates(pem.encode("utf-8"))
    except (ValueError, UnsupportedAlgorithm):
        raise FormatError("not certificates in PEM") from None
    if len(found) > MAX_CHAIN:
        raise FormatError(f"a chain of {len(found)} certificates")
    try:
        return tuple(_read(certificate) for certificate in found)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise FormatError(f"a certificate is malformed: {str(error)[:100]}") from None


def _read(own: x509.Certificate) -> Certificate:
    key = own.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    common = [str(item.value) for item in own.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    try:
        alternative = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = tuple(alternative.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        names = ()
    try:
        issues = own.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        issues = False
    subject = common[0] if common else own.subject.rfc4514_string()
    return Certificate(
        key, fingerprint(load_key(key)), subject, names or tuple(common), own.not_valid_before_utc,
        own.not_valid_after_utc, issues, own,
    )  # fmt: skip


def check_chain(chain: tuple[Certificate, ...], at: datetime) -> list[str]:
    """What is wrong with a chain at that time, in words; nothing if each was issued by the next and all were valid."""
    problems = []
    for place, certificate in enumerate(chain):
        if not certificate.begins <= at <= certificate.ends:
            problems.append(f"the certificate of {certificate.subject} was not valid at {at:%Y-%m-%d %H:%M:%S}Z")
        if place + 1 == len(chain):
            break
        issuer = chain[place + 1]
        if not issuer.issues:
            problems.append(f"the certificate of {issuer.subject} must not issue others")
        try:
            certificate.own.verify_directly_issued_by(issuer.own)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            problems.append(f"the certificate of {certificate.subject} was not issued by {issuer.subject}")
    return problems
