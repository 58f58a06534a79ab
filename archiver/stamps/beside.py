"""Time stamps whose certificates stand beside them: put into the answer, where RFC 5652 (5.1) has a place for them.

That place is not signed, so nothing is changed that the signature is over. Some tools (WACZ signing servers) keep the
certificate in a field of its own; a verifier looks for it in the token.
"""

from __future__ import annotations

from collections.abc import Sequence

from archiver.stamps import der
from archiver.stamps.der import Fields, encode

CERTIFICATES = 0xA0


def with_certificates(response: bytes, certificates: Sequence[bytes]) -> bytes:
    """The TimeStampResp with these certificates (DER) in its token, as it is if there are some already.
    Raises FormatError."""
    answer = Fields(der.parse(response, "answer"), "answer")
    status, info = answer.take(), answer.optional(der.SEQUENCE)
    if info is None:
        return response
    content = Fields(info, "token")
    kind, outer = content.take(), content.take(CERTIFICATES)
    (signed,) = outer.children("token")[:1] or (outer,)
    parts = signed.need(der.SEQUENCE, "token").children("token")
    if len(parts) < 4 or any(part.tag == CERTIFICATES for part in parts[3:]):
        return response
    pieces = [part.whole for part in parts[:3]] + [encode(CERTIFICATES, *sorted(certificates))]
    token = encode(der.SEQUENCE, *pieces, *(part.whole for part in parts[3:]))
    return encode(der.SEQUENCE, status.whole, encode(der.SEQUENCE, kind.whole, encode(CERTIFICATES, token)))
