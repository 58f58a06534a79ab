"""A time-stamp token: CMS SignedData (RFC 5652) with one signer over a TSTInfo (RFC 3161, 2.4.2), taken apart.

    SignedData { 3, digests, { id-ct-TSTInfo, TSTInfo }, certificates?, { signer: issuer and serial number,
                 attributes { content type, message digest, signing certificate }, signature } }

What is looked at is whether its parts fit each other: the digest of the TSTInfo is the signed one, and the signed
attribute names the one certificate that came along for this signer. The signature itself is `stamps.authority`'s.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from archiver.errors import FormatError, ProofError
from archiver.stamps import der
from archiver.stamps.der import Fields, Value

MAX_CERTIFICATES = 50  # that come along; there are two or three
HASHES = {  # OID -> name in hashlib; nothing weaker
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
SHA256 = "2.16.840.1.101.3.4.2.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
_TST_INFO = "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"  # ESSCertID, SHA-1 of the certificate (RFC 2634)
_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"  # ESSCertIDv2 (RFC 5816)
_CONTEXT_0, _CONTEXT_1 = 0xA0, 0xA1


@dataclass(frozen=True, slots=True)
class Token:
    """What an answer claims; nothing of it is believed before `stamps.authority` has found who signed it.

    `gen_time` is UTC, `accuracy` how far it may be off. `signer` is the certificate (DER) that the signature names,
    `certificates` all that came along, as they stand.
    """

    gen_time: datetime
    accuracy: timedelta
    ordering: bool
    policy: str
    serial: int
    nonce: int | None
    algorithm: str
    digest: bytes
    signer: bytes
    certificates: tuple[bytes, ...]
    sorted_response: bytes = field(repr=False)  # the answer with its certificates in DER's order

    @property
    def latest(self) -> datetime:
        """The moment at which, at the latest, the message existed."""
        return self.gen_time + self.accuracy


def read_signed_data(value: Value, response: bytes) -> Token:
    """The token in a SignedData that stands in `response`. Raises FormatError, ProofError."""
    return _SignedData(value).token(response)


def explicit(value: Value, what: str) -> Value:
    """The one value in an explicit tag. Raises FormatError."""
    inside = value.children(what)
    if len(inside) != 1:
        raise FormatError(f"{what}: {len(inside)} values where one belongs")
    return inside[0]


def _algorithm(value: Value, what: str) -> str:
    fields = Fields(value, what)
    found = fields.take().oid(what)
    fields.optional(der.NULL, der.SEQUENCE)
    fields.end()
    return found


def imprint(value: Value, what: str) -> tuple[str, bytes]:
    """Algorithm and digest of a MessageImprint. Raises FormatError, ProofError."""
    fields = Fields(value, what)
    algorithm, found = _algorithm(fields.take(), what), fields.take(der.OCTET_STRING).content
    fields.end()
    if algorithm not in HASHES:
        raise ProofError(f"{what}: the digest {algorithm} is none that is believed")
    if len(found) != hashlib.new(HASHES[algorithm]).digest_size:
        raise FormatError(f"{what}: a digest of {len(found)} bytes")
    return algorithm, found


class _SignedData:
    """CMS SignedData (RFC 5652, 5.1) over a TSTInfo, with one signer."""

    def __init__(self, value: Value) -> None:
        what = "signed data"
        fields = Fields(value, what)
        fields.take(der.INTEGER)
        fields.take(der.SET)
        content = Fields(fields.take(), "content")
        if content.take().oid("content") != _TST_INFO:
            raise FormatError("token: its content is no time stamp")
        self._info = explicit(content.take(_CONTEXT_0), "content").need(der.OCTET_STRING, "content").content
        content.end()
        self._set = fields.optional(_CONTEXT_0)
        fields.optional(_CONTEXT_1)
        signers = fields.take(der.SET).children("signers")
        fields.end()
        if len(signers) != 1:
            raise ProofError(f"token: {len(signers)} signers where there must be one")
        self._certificates = [] if self._set is None else self._set.children("certificates")
        if len(self._certificates) > MAX_CERTIFICATES:
            raise FormatError(f"token: more than {MAX_CERTIFICATES} certificates")
        self._read_signer(Fields(signers[0], "signer"))

    def _read_signer(self, fields: Fields) -> None:
        fields.take(der.INTEGER)
        issuer = Fields(fields.take(), "signer")  # issuerAndSerialNumber
        self._issuer, self._serial = issuer.take().whole, issuer.take().integer("signer")
        issuer.end()
        hashed = _algorithm(fields.take(), "signer")
        if hashed not in HASHES:
            raise ProofError(f"token: signed with the digest {hashed}, which is none that is believed")
        self._hash = HASHES[hashed]
        self._attributes = _attributes(fields.take(_CONTEXT_0))

    def token(self, response: bytes) -> Token:
        """What it says, once its parts fit each other."""
        if self._attribute(_CONTENT_TYPE).oid("content type") != _TST_INFO:
            raise ProofError("token: the signature is over another type of content")
        wanted = self._attribute(_MESSAGE_DIGEST).need(der.OCTET_STRING, "message digest").content
        if wanted != hashlib.new(self._hash, self._info).digest():
            raise ProofError("token: what is signed is not what it says (message digest)")
        signer = self._signer()
        info = Fields(der.parse(self._info, "TSTInfo"), "TSTInfo")
        if info.take().integer("TSTInfo") != 1:
            raise FormatError("TSTInfo: not of version 1")
        policy = info.take().oid("policy")
        algorithm, found = imprint(info.take(), "message imprint")
        serial, moment = info.take().integer("serial number"), info.take().time("genTime")
        accuracy = _accuracy(info.optional(der.SEQUENCE))
        ordering, nonce = info.optional(der.BOOLEAN), info.optional(der.INTEGER)
        info.optional(_CONTEXT_0)  # the authority's name as it gives it
        info.optional(_CONTEXT_1)
        info.end()
        try:
            moment + accuracy + timedelta(days=1)
        except OverflowError:
            raise FormatError("genTime: too late for a calendar") from None
        return Token(
            gen_time=moment,
            accuracy=accuracy,
            ordering=ordering is not None and ordering.content == b"\xff",
            policy=policy,
            serial=serial,
            nonce=None if nonce is None else nonce.integer("nonce"),
            algorithm=algorithm,
            digest=found,
            signer=signer,
            certificates=tuple(item.whole for item in self._certificates),
            sorted_response=self._sorted(response),
        )

    def _attribute(self, kind: str) -> Value:
        values = self._attributes.get(kind)
        if values is None or len(values) != 1:
            raise ProofError(f"token: {'no' if values is None else len(values)} signed attribute {kind}")
        return values[0]

    def _signer(self) -> bytes:
        """The one certificate that issuer and serial number name, and that the signed attribute has the digest of
        (RFC 5816): without it, the certificate could be exchanged for another of the same key."""
        named = [item for item in self._certificates if _names(item) == (self._issuer, self._serial)]
        if len({item.whole for item in named}) != 1:
            raise ProofError(f"token: {len(named)} of its certificates are the signer's")
        whole = named[0].whole
        if _SIGNING_CERTIFICATE_V2 in self._attributes:
            fields = Fields(_first_id(self._attribute(_SIGNING_CERTIFICATE_V2)), "ESSCertIDv2")
            given = fields.optional(der.SEQUENCE)
            algorithm = SHA256 if given is None else _algorithm(given, "ESSCertIDv2")
            if algorithm not in HASHES:
                raise ProofError(f"ESSCertIDv2: the digest {algorithm} is none that is believed")
            found = hashlib.new(HASHES[algorithm], whole).digest()
        else:
            fields = Fields(_first_id(self._attribute(_SIGNING_CERTIFICATE)), "ESSCertID")
            found = hashlib.sha1(whole, usedforsecurity=False).digest()
        if fields.take(der.OCTET_STRING).content != found:
            raise ProofError("token: signed for another certificate than the one that came along (ESSCertID)")
        return whole

    def _sorted(self, response: bytes) -> bytes:
        """The answer with its certificates in the order of DER (X.690, 11.6). Nothing signs that order."""
        if self._set is None:
            return response
        inside = b"".join(sorted(item.whole for item in self._certificates))
        return response[: self._set.begin] + inside + response[self._set.end :]


def _attributes(value: Value) -> dict[str, list[Value]]:
    found: dict[str, list[Value]] = {}
    for item in value.children("signed attributes"):
        fields = Fields(item, "signed attribute")
        kind = fields.take().oid("signed attribute")
        values = fields.take(der.SET).children("signed attribute")
        fields.end()
        if found.setdefault(kind, values) is not values:
            raise ProofError(f"token: the signed attribute {kind} stands twice")
    return found


def _first_id(value: Value) -> Value:
    """The first of a SigningCertificate's list: the signer's (RFC 2634, 5.4)."""
    identifiers = Fields(value, "signing certificate").take(der.SEQUENCE).children("signing certificate")
    if not identifiers:
        raise ProofError("token: an empty list of signing certificates")
    return identifiers[0]


def _names(certificate: Value) -> tuple[bytes, int] | None:
    """Issuer and serial number of a certificate; None for another kind (attribute certificates have tags)."""
    if certificate.tag != der.SEQUENCE:
        return None
    fields = Fields(Fields(certificate, "certificate").take(der.SEQUENCE), "certificate")
    fields.optional(_CONTEXT_0)
    serial = fields.take().integer("certificate")
    fields.take(der.SEQUENCE)
    return fields.take(der.SEQUENCE).whole, serial


def _accuracy(value: Value | None) -> timedelta:
    if value is None:
        return timedelta()
    fields = Fields(value, "accuracy")
    seconds = fields.optional(der.INTEGER)
    total = 0 if seconds is None else seconds.integer("accuracy") * 1_000_000
    for tag, unit in ((0x80, 1000), (0x81, 1)):
        part = fields.optional(tag)
        if part is not None:
            if len(part.content) not in (1, 2):
                raise FormatError("accuracy: no number from 1 to 999")
            total += int.from_bytes(part.content, "big") * unit
    fields.end()
    if not 0 <= total <= 366 * 86_400 * 1_000_000:
        raise FormatError("accuracy: more than a year")
    return timedelta(microseconds=total)
