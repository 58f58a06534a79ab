"""RFC 3161: a request for a time stamp, the answer, and what an answer shows. Format notes: docs/formats/stamps.md.

    TimeStampReq   { 1, { SHA-256, digest of the message }, policy?, nonce, certReq TRUE }
    TimeStampResp  { { status }, token: CMS SignedData over TSTInfo }
    TSTInfo        { 1, policy, { SHA-256, digest }, serial, genTime, accuracy?, ordering?, nonce?, … }

`check_answer` compares an answer with its request and the message, and needs nobody's trust. `stamps.authority` says
who signed it. Both read strict DER; certificates in the answer may stand in any order, as they do in the wild.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from archiver.errors import FormatError, ProofError
from archiver.stamps import der
from archiver.stamps.der import Fields, Value, encode, encode_integer, encode_oid
from archiver.stamps.token import HASHES, SHA256, SIGNED_DATA, Token, explicit, imprint, read_signed_data

MAX_REQUEST = 4096  # bytes
MAX_RESPONSE = 256 << 10  # bytes; with a chain of certificates they have 3,000 to 10,000
NONCE_BYTES = 16
REQUEST_TYPE, REPLY_TYPE = "application/timestamp-query", "application/timestamp-reply"  # RFC 3161, 3.4

_STATUS = {
    0: "granted",
    1: "granted with changes",
    2: "rejected",
    3: "to be asked for later",
    4: "a revocation is about to come",
    5: "revoked",
}
_FAILURES = {  # RFC 3161, 2.4.2
    0: "unknown or unsupported algorithm",
    2: "a request that it does not support",
    5: "malformed request",
    14: "its time source is not available",
    15: "unknown policy",
    16: "unknown extension",
    17: "more information than it can give",
    25: "a failure of its system",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked: a digest of something, with a number that the answer must repeat."""

    algorithm: str
    digest: bytes
    policy: str | None
    nonce: int | None
    wants_certificates: bool


def build_request(message: bytes, nonce: int, policy: str | None = None) -> bytes:
    """A request over SHA-256 of `message`, for a token with its certificates. Raises FormatError for a bad policy."""
    return encode_request(Request(SHA256, hashlib.sha256(message).digest(), policy, nonce, True))


def encode_request(request: Request) -> bytes:
    """The bytes of a request."""
    return encode(
        der.SEQUENCE,
        encode_integer(1),
        encode(
            der.SEQUENCE,
            encode(der.SEQUENCE, encode_oid(request.algorithm), encode(der.NULL)),
            encode(der.OCTET_STRING, request.digest),
        ),
        b"" if request.policy is None else encode_oid(request.policy),
        b"" if request.nonce is None else encode_integer(request.nonce),
        encode(der.BOOLEAN, b"\xff") if request.wants_certificates else b"",
    )


def parse_request(data: bytes) -> Request:
    """A request as we or other programs write it, without extensions. Raises FormatError."""
    if len(data) > MAX_REQUEST:
        raise FormatError(f"more than {MAX_REQUEST} bytes")
    what = "time stamp request"
    fields = Fields(der.parse(data, what), what)
    if fields.take().integer(what) != 1:
        raise FormatError(f"{what}: not of version 1")
    algorithm, value = imprint(fields.take(), what)
    policy = fields.optional(der.OID)
    nonce = fields.optional(der.INTEGER)
    wants = fields.optional(der.BOOLEAN)
    fields.end()
    return Request(
        algorithm,
        value,
        None if policy is None else policy.oid(what),
        None if nonce is None else nonce.integer(what),
        wants is not None and wants.content == b"\xff",
    )


def parse_response(data: bytes) -> Token:
    """The token in an answer. Raises FormatError for what is no answer, ProofError for one that grants nothing or is
    inconsistent in itself."""
    if len(data) > MAX_RESPONSE:
        raise FormatError(f"more than {MAX_RESPONSE} bytes")
    what = "time stamp response"
    fields = Fields(der.parse(data, what), what)
    _check_status(fields.take())
    token = fields.take()
    fields.end()
    info = Fields(token, "token")
    if info.take().oid("token") != SIGNED_DATA:
        raise FormatError("token: no signed data")
    signed = explicit(info.take(0xA0), "token")
    info.end()
    return read_signed_data(signed, data)


def check_answer(request: bytes | None, response: bytes, message: bytes) -> Token:
    """The token of an answer to that request, over that message. Raises FormatError, ProofError.

    Compared are digest, nonce and policy; without a request the digest alone, which is what bounds the time. Inside the
    token, that its signature is over what it says and names one certificate which came along. Whether the signature
    holds, and by whom, is not looked at.
    """
    token = parse_response(response)
    if token.digest != hashlib.new(HASHES[token.algorithm], message).digest():
        raise ProofError("the token is about something else (message imprint)")
    if request is None:
        return token
    asked = parse_request(request)
    if asked.digest != hashlib.new(HASHES[asked.algorithm], message).digest():
        raise ProofError("the request is about something else")
    if token.algorithm != asked.algorithm:
        raise ProofError("the token is over another kind of digest than was asked for")
    if token.nonce != asked.nonce:
        raise ProofError("the token answers another request (nonce)")
    if asked.policy is not None and token.policy != asked.policy:
        raise ProofError(f"the token is under policy {token.policy}, and {asked.policy} was asked for")
    return token


def _check_status(value: Value) -> None:
    fields = Fields(value, "status")
    status = fields.take().integer("status")
    strings, failure = fields.optional(der.SEQUENCE), fields.optional(der.BIT_STRING)
    fields.end()
    if status == 0:
        return
    words = [_STATUS.get(status, f"status {status}")]
    if strings is not None:
        said = [child.content.decode("utf-8", "replace") for child in strings.children("status")[:3]]
        words += ["".join(c if c.isprintable() else "\ufffd" for c in text)[:200] for text in said]
    if failure is not None:
        bits = int.from_bytes(failure.content[1:5].ljust(4, b"\0"), "big")
        words += [text for bit, text in _FAILURES.items() if bits >> (31 - bit) & 1]
    raise ProofError("the authority gave no token: " + ", ".join(words))
