"""Certificates and tokens of our own making, right and wrong in one point: what `openssl ts -reply` refuses to make.

chain = Chain()                        root, intermediate, signer for time stamping
answer(chain, request)                 a whole TimeStampResp over it
answer(chain, request, nonce=5)        … that answers another request
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from simulator import Simulator

from archiver import digest
from archiver.model.manifest import StampRef
from archiver.stamps import der
from archiver.stamps.der import encode, encode_integer, encode_oid
from archiver.stamps.rfc3161 import build_request, parse_request

DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM
NOW = datetime.datetime(2026, 11, 24, 12, 0, 0, tzinfo=datetime.UTC)
YEAR = datetime.timedelta(days=365)
POLICY = "1.2.3.4.5"
SHA256, SHA1 = "2.16.840.1.101.3.4.2.1", "1.3.14.3.2.26"
ECDSA_SHA256 = "1.2.840.10045.4.3.2"


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass
class Holder:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(PEM)

    @property
    def key_pem(self) -> bytes:
        kind = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(PEM, kind, serialization.NoEncryption())


def issue(
    subject: str,
    by: Holder | None,
    *,
    ca: bool = False,
    usages: Sequence[x509.ObjectIdentifier] | None = (ExtendedKeyUsageOID.TIME_STAMPING,),
    critical: bool = True,
    since: datetime.datetime = NOW - YEAR,
    until: datetime.datetime = NOW + 10 * YEAR,
    key: ec.EllipticCurvePrivateKey | None = None,
    serial: int | None = None,
) -> Holder:
    key = key or ec.generate_private_key(ec.SECP256R1())
    signing = key if by is None else by.key
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(subject) if by is None else by.certificate.subject)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    )
    if not ca and usages is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=critical)
    return Holder(builder.sign(signing, hashes.SHA256()), key)


@dataclass
class Chain:
    """Root, intermediate and signer of one authority."""

    label: str = "One"
    signer_options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root = issue(f"{self.label} root", None, ca=True)
        self.middle = issue(f"{self.label} intermediate", self.root, ca=True)
        self.signer = issue(f"{self.label} time stamping", self.middle, **self.signer_options)


def _attribute(kind: str, value: bytes) -> bytes:
    return encode(der.SEQUENCE, encode_oid(kind), encode(der.SET, value))


def _algorithm(oid: str) -> bytes:
    return encode(der.SEQUENCE, encode_oid(oid), encode(der.NULL))


def answer(
    chain: Chain,
    request: bytes,
    *,
    when: datetime.datetime = NOW,
    status: int = 0,
    nonce: int | None = -1,
    imprint: bytes | None = None,
    policy: str | None = None,
    certificates: Sequence[bytes] | None = None,
    order: Callable[[list[bytes]], list[bytes]] = sorted,
    ess: bytes | None = None,
    accuracy: int = 1,
    signed_by: ec.EllipticCurvePrivateKey | None = None,
    info_hook: Callable[[bytes], bytes] = lambda info: info,
    imprint_algorithm: str = SHA256,
    signers: int = 1,
) -> bytes:
    """A whole answer to a request; what is given differs from what is right."""
    asked = parse_request(request)
    digest = asked.digest if imprint is None else imprint
    wanted = asked.nonce if nonce == -1 else nonce
    info = encode(
        der.SEQUENCE,
        encode_integer(1),
        encode_oid(policy or asked.policy or POLICY),
        encode(der.SEQUENCE, _algorithm(imprint_algorithm), encode(der.OCTET_STRING, digest)),
        encode_integer(4711),
        encode(der.GENERALIZED_TIME, when.strftime("%Y%m%d%H%M%SZ").encode()),
        encode(der.SEQUENCE, encode_integer(accuracy)) if accuracy else b"",
        b"" if wanted is None else encode_integer(wanted),
    )
    signer = chain.signer
    attributes = sorted(
        [
            _attribute("1.2.840.113549.1.9.3", encode_oid("1.2.840.113549.1.9.16.1.4")),
            _attribute("1.2.840.113549.1.9.4", encode(der.OCTET_STRING, hashlib.sha256(info).digest())),
            _attribute(
                "1.2.840.113549.1.9.16.2.47",
                encode(
                    der.SEQUENCE,
                    encode(
                        der.SEQUENCE,
                        encode(der.SEQUENCE, encode(der.OCTET_STRING, ess or hashlib.sha256(signer.der).digest())),
                    ),
                ),
            ),
        ]
    )
    signed = encode(der.SET, *attributes)
    signature = (signed_by or signer.key).sign(signed, ec.ECDSA(hashes.SHA256()))
    info_of_signer = encode(
        der.SEQUENCE,
        encode_integer(1),
        encode(
            der.SEQUENCE,
            signer.certificate.issuer.public_bytes(),
            encode_integer(signer.certificate.serial_number),
        ),
        _algorithm(SHA256),
        b"\xa0" + signed[1:],
        encode(der.SEQUENCE, encode_oid(ECDSA_SHA256)),
        encode(der.OCTET_STRING, signature),
    )
    along = [signer.der, chain.middle.der] if certificates is None else list(certificates)
    token = encode(
        der.SEQUENCE,
        encode_oid("1.2.840.113549.1.7.2"),
        encode(
            0xA0,
            encode(
                der.SEQUENCE,
                encode_integer(3),
                encode(der.SET, _algorithm(SHA256)),
                encode(
                    der.SEQUENCE,
                    encode_oid("1.2.840.113549.1.9.16.1.4"),
                    encode(0xA0, encode(der.OCTET_STRING, info_hook(info))),
                ),
                encode(0xA0, *order(along)) if along else b"",
                encode(der.SET, *[info_of_signer] * signers),
            ),
        ),
    )
    if status:
        said = encode(der.SEQUENCE, encode(der.UTF8, b"not today"))
        return encode(der.SEQUENCE, encode(der.SEQUENCE, encode_integer(status), said))
    return encode(der.SEQUENCE, encode(der.SEQUENCE, encode_integer(0)), token)


def stamped(
    archive: Simulator,
    chain: Chain,
    label: str = "tsa-one",
    *,
    size: int | None = None,
    without: str = "",
    **options: Any,
) -> Simulator:
    """A simulated archive with a stamp on its newest (or that) checkpoint, and the event that lists it."""
    size = archive.checkpoint_size if size is None else size
    request = build_request(archive.files[f"log/checkpoints/{size}"], 4711)
    found = {"tsq": request, "tsr": answer(chain, request, **options)}
    refs = []
    for suffix, data in found.items():
        if suffix != without:
            file = f"log/checkpoints/{size}.{label}.{suffix}"
            archive.files[file] = data
            refs.append(StampRef(size, "rfc3161", file, digest.of_bytes(data), len(data)))
    return archive._add("stamp", [], extra=tuple(refs))
