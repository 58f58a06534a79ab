"""Who signed a time stamp: roots that a person pinned, and whether a token's signature leads to one of them.

    Root("tsa-one", (root, further certificates …))       from the certificates of one PEM file

Roots come from the verifier, never from the token and never from the system's list. What came along in the token only
fills the gap between its signer and a pinned root. The chain is judged at the token's own time, so that a stamp stays
good after its certificates have ended. Nothing is asked about revocation.

Signature and chain are checked by rfc3161-client, which is OpenSSL: an extra, for it is a compiled library. From 1.0.9
on, because versions before it took a root from the token.
"""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from types import ModuleType

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID

from archiver.errors import ExtraMissingError, FormatError, MissingError, ProofError
from archiver.stamps.rfc3161 import check_answer
from archiver.stamps.token import Token

MAX_PEM = 256 << 10  # bytes of a file with roots
MAX_CERTIFICATES = 50
MISSING = "rfc3161-client is not installed"
_INSTALL = "pip install 'archiver-evidence[tsa]'"
_LEAST = (1, 0, 9)
_ABSENT = ("unable to get local issuer", "self-signed certificate", "self signed certificate", "unable to get issuer")
# What the library raises for certificates that are none; ExtensionNotFound is an answer.
_UNREADABLE = (ValueError, TypeError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
_SAID = re.compile(r"[Vv]erify error: ?([^\"'\],)]{1,200})")


@dataclass(frozen=True, slots=True)
class Root:
    """An authority that a person chose to believe: its name here, and certificates (DER), self-signed ones first."""

    name: str
    anchors: tuple[bytes, ...]
    others: tuple[bytes, ...] = ()

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """SHA-256 of each root, as operators publish them: `9F:86:D0:…`."""
        return tuple(_colons(der) for der in self.anchors)


def _colons(der: bytes) -> str:
    return hashlib.sha256(der).digest().hex(":").upper()


def parse_roots(pem: bytes, name: str) -> Root:
    """The certificates in a PEM file. Raises FormatError without a self-signed one: nothing else can be an anchor."""
    if len(pem) > MAX_PEM:
        raise FormatError(f"more than {MAX_PEM} bytes", where=name)
    with _reading("no certificates in PEM", name):
        found = x509.load_pem_x509_certificates(pem)
    if len(found) > MAX_CERTIFICATES:
        raise FormatError(f"more than {MAX_CERTIFICATES} certificates", where=name)
    with _reading("a certificate that cannot be read", name):
        encoded = [(item.public_bytes(Encoding.DER), item.issuer == item.subject) for item in found]
    anchors = tuple(dict.fromkeys(der for der, is_root in encoded if is_root))
    if not anchors:
        raise FormatError(
            "holds no root: a certificate that is signed by itself", where=name, hint="add the root above these"
        )
    return Root(name, anchors, tuple(dict.fromkeys(der for der, is_root in encoded if not is_root)))


def is_available() -> bool:
    """Whether signatures of tokens can be checked here."""
    try:
        _library()
    except ExtraMissingError:
        return False
    return True


def check_stamp(request: bytes | None, response: bytes, message: bytes, roots: Iterable[Root]) -> tuple[Token, Root]:
    """The token of an answer that holds, and the root that its signer's chain leads to.

    Raises FormatError (malformed), ProofError (does not hold), MissingError (no pinned root is its signer's),
    ExtraMissingError (rfc3161-client is not here, so the signature cannot be checked).
    """
    token = check_answer(request, response, message)
    signer = _load(token.signer)
    _check_purpose(signer)
    chosen = list(roots)
    if not chosen:
        raise MissingError(f"no root is pinned; the token is signed by {signer_name(token)}")
    wrong: list[str] = []
    for root in chosen:
        words = _verify(token, message, root)
        if words is None:
            return token, root
        if not any(text in words for text in _ABSENT):
            wrong.append(words)
    if wrong:
        raise ProofError(f"the token does not hold: {wrong[0]}")
    raise MissingError(f"no pinned root vouches for {signer_name(token)}")


def signer_name(token: Token) -> str:
    """Whose certificate the token's is, as it says itself."""
    with _reading():
        return _printable(_load(token.signer).subject.rfc4514_string())


def signer_ends(token: Token) -> datetime:
    """When the signer's certificate ends, as the token gives it. Raises FormatError."""
    with _reading():
        return _load(token.signer).not_valid_after_utc


def chain_end(token: Token) -> str | None:
    """The issuer of the topmost certificate that came along, as it says itself: which root to look for. None if it
    cannot be told."""
    try:
        with _reading():
            found = [_load(item) for item in token.certificates]
            subjects = {item.subject for item in found if item.subject != item.issuer}
            top = next((item for item in found if item.issuer not in subjects), None)
            return None if top is None else _printable(top.issuer.rfc4514_string())
    except FormatError:
        return None


def not_after(token: Token, root: Root) -> datetime:
    """When the first certificate between the token and its root ends: the stamp should be renewed before. Counted are
    the signer, the root, and every certificate that came along and could stand between. Raises FormatError."""
    with _reading():
        found = [_load(token.signer), *(_load(item) for item in root.anchors)]
        along = [_load(item) for item in token.certificates]
        issuer = found[0].issuer
        for _ in along:
            above = next((item for item in along if item.subject == issuer and item.issuer != issuer), None)
            if above is None:
                break
            found.append(above)
            issuer = above.issuer
        return min(item.not_valid_after_utc for item in found)


def _check_purpose(signer: x509.Certificate) -> None:
    """RFC 3161, 2.3: the signer's certificate is for time stamping, critically, and for nothing else."""
    try:
        with _reading():
            usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        raise ProofError("the signer's certificate says nothing of time stamping (extended key usage)") from None
    if not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise ProofError("the signer's certificate is not for time stamping alone (extended key usage, critical)")


def _verify(token: Token, message: bytes, root: Root) -> str | None:
    """None if the token's signature holds and leads to that root at the token's time, else why not."""
    client = _library()
    try:
        with _quiet():
            answer = client.decode_timestamp_response(token.sorted_response)
            verifier = client.VerifierBuilder(
                roots=[_load(item) for item in root.anchors],
                intermediates=[_load(item) for item in root.others],
                nonce=token.nonce,
            ).build()
            verifier.verify_message(answer, message)
    except (client.VerificationError, OverflowError, *_UNREADABLE) as error:
        words = " ".join(str(error).split())
        said = _SAID.search(words)
        return _printable(said[1].strip() if said else words)
    return None


def _library() -> ModuleType:
    """rfc3161-client, in a version that does not take roots from the token. Raises ExtraMissingError."""
    try:
        import rfc3161_client

        found = version("rfc3161-client")
    except ImportError:  # and PackageNotFoundError, which is one
        raise ExtraMissingError(MISSING, hint=_INSTALL) from None
    if tuple(int(part) for part in re.findall("[0-9]{1,9}", found)[:3]) < _LEAST:
        raise ExtraMissingError(f"rfc3161-client {found} believes any authority; 1.0.9 is needed", hint=_INSTALL)
    return rfc3161_client


@contextmanager
def _reading(what: str = "a certificate that cannot be read", where: str | None = None) -> Iterator[None]:
    """Certificates are taken apart when they are looked at, and each part can be malformed: then FormatError."""
    try:
        with _quiet():
            yield
    except _UNREADABLE as error:
        raise FormatError(f"{what}: {_printable(str(error))}", where=where) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """The library warns of certificates that a later version of it will refuse, by a warning for programmers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        yield


def _load(der: bytes) -> x509.Certificate:
    with _reading():
        return x509.load_der_x509_certificate(der)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in text)[:200]
