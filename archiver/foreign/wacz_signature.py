"""The signature of a WACZ (specs.webrecorder.net/wacz-auth/0.1.0), bound to what is there and not to what it says.

    {"path": "datapackage.json", "hash": "sha256:…", "signedData": {"hash": "sha256:…", "created": …, "software": …,
      "signature": base64, "publicKey": base64}}                                            anonymous: a bare key
      "signature", "domain", "domainCert": PEM, "timeSignature", "timestampCert"            by the key of a domain

What is signed is the *text* of the digest. It is the digest that was computed here, of the bytes of datapackage.json,
never the one that the file names: a verifier that forgets this accepts a true signature over something else.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from archiver.errors import AlgorithmMissingError, ArchiverError, ExtraMissingError, FormatError, ProofError
from archiver.foreign import loose_json
from archiver.foreign.case import ForeignCase
from archiver.foreign.files import blame, read_text
from archiver.foreign.wacz_write import SIGNATURE
from archiver.signing.ecdsa import check_ecdsa, fingerprint, load_key
from archiver.signing.sshsig import WACZ, verify_stream

if TYPE_CHECKING:  # certificates take a tenth of a second to load, and most files have none
    from archiver.signing.certificates import Certificate

MAX_FILE = 1 << 20  # bytes
NO_TIME = "there is no time stamp"


def check_digest_file(case: ForeignCase, name: str, found: str | None) -> None:
    """Steps 4, 5, 13 and 15. `found`: the digest of datapackage.json, computed; None if there is none."""
    report = case.report
    report.steps[13].empty, report.steps[13].summary = True, NO_TIME
    report.steps[15].skipped = "nothing has a good signature"
    signed = own = None
    if case.files.size(name) is None:
        report.find(4, "list-odd", "there is none: nothing but the zip itself covers datapackage.json", file=name)
    else:
        try:
            told = loose_json.parse_object(read_text(case.files, name, MAX_FILE), name)
            said = loose_json.text(told, "hash", name)
            if told.get("path") != "datapackage.json":
                report.find(4, "list-differs", f"speaks of {str(told.get('path'))[:80]!r}", file=name)
            if said != found:
                report.find(4, "list-differs", f"datapackage.json is {found}, and {said} is named here", file=name)
            signed, own = told.get("signedData"), loose_json.text(told, SIGNATURE, name)
        except ArchiverError as error:
            blame(report, 4, error, "list-bad", name)
    if own is not None:
        _check_own(case, name, own)
    if signed is None and own is None:
        report.find(5, "signature-absent", "the package is not signed", file=name)
    elif signed is None:
        return
    elif not isinstance(signed, dict):
        report.find(5, "signature-bad", "signedData is no object", file=name)
    elif found is None:
        report.find(5, "signature-unbound", "there is no datapackage.json that could have been signed", file=name)
    else:
        try:
            _check_signed(case, name, signed, found)
        except ArchiverError as error:
            report.find(5, "signature-bad", error.message, file=name)


def _check_own(case: ForeignCase, name: str, armored: str) -> None:
    """The signature that archiver puts into its own packages (wacz_write): over the bytes of datapackage.json."""
    report, step = case.report, case.report.steps[5]
    try:
        with case.files.open("datapackage.json") as stream:
            key = verify_stream(armored.encode("utf-8"), stream, WACZ)
    except ArchiverError as error:
        report.find(5, "signature-bad", f"archiver's own: {error.message}", file=name)
        return
    confirmed = case.policy.confirmed_as(key.fingerprint, None)
    step.checked, step.summary = 1, "signed by archiver's exporter"
    report.signers[key.fingerprint] = confirmed
    signer = report.steps[15]
    signer.skipped, signer.checked, signer.summary = None, 1, f"signed by {confirmed} ({key.fingerprint})"
    if confirmed is None:
        report.find(15, "signer-unconfirmed", f"{key.fingerprint} is confirmed by nobody here")


def _check_signed(case: ForeignCase, name: str, signed: dict[str, Any], found: str) -> None:
    report, step = case.report, case.report.steps[5]
    said = loose_json.text(signed, "hash")
    if said != found:
        message = f"the signature is for {said}, and datapackage.json is {found}"
        report.find(5, "signature-unbound", message, file=name)
    signature, spki = _bytes(signed, "signature"), _bytes(signed, "publicKey")
    pem, domain = loose_json.text(signed, "domainCert"), loose_json.text(signed, "domain")
    chain = _chain(pem)
    if signature is None or (spki is None and not chain):
        report.find(5, "signature-unknown", "neither a key nor a certificate goes with it", file=name)
        return
    if chain and spki is not None and spki != chain[0].key:
        report.find(5, "certificate-bad", "the certificate is of another key than the one given", file=name)
    key = chain[0].key if chain else spki
    assert key is not None
    try:
        check_ecdsa(key, signature, found.encode("ascii"))
    except AlgorithmMissingError as error:
        report.find(5, "signature-unknown", error.message, file=name)
        return
    except ProofError as error:
        report.find(5, "signature-bad", f"{error.message} over {found}", file=name)
        return
    step.checked, step.summary = 1, "signed, by the key of a domain" if chain else "signed, by a bare key"
    if chain:
        _check_domain(case, name, signed, chain, domain)
    _judge_signer(case, key, chain, domain, _check_stamp(case, name, signed))


def _chain(pem: str | None) -> tuple[Certificate, ...]:
    from archiver.signing.certificates import read_chain

    return read_chain(pem) if pem is not None else ()


def _bytes(signed: dict[str, Any], key: str) -> bytes | None:
    said = loose_json.text(signed, key)
    if said is None:
        return None
    try:
        return base64.b64decode(said, validate=True)
    except (binascii.Error, ValueError):
        raise FormatError(f"{key} is not base64") from None


def _check_domain(
    case: ForeignCase, name: str, signed: dict[str, Any], chain: tuple[Certificate, ...], domain: str | None
) -> None:
    from archiver.signing.certificates import check_chain

    at = _moment(signed)
    problems = check_chain(chain, at) if at is not None else ["it does not say when it was signed"]
    if domain is None or domain.lower() not in (one.lower() for one in chain[0].names):
        problems.append(f"the certificate is not for {str(domain)[:200]!r}")
    for problem in problems:
        case.report.find(5, "certificate-bad", problem, file=name)


def _moment(signed: dict[str, Any]) -> datetime | None:
    """When it says that it was signed, in UTC."""
    try:
        at = datetime.fromisoformat((loose_json.text(signed, "created") or "").replace("Z", "+00:00"))
        return (at.replace(tzinfo=UTC) if at.tzinfo is None else at).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _judge_signer(
    case: ForeignCase, key: bytes, chain: tuple[Certificate, ...], domain: str | None, stamped: datetime | None
) -> None:
    """Step 15: the key is believed if somebody compared it; or that of a certificate above it, as far as a time stamp
    shows that the signature was there before any of them had ended."""
    report, policy, step = case.report, case.policy, case.report.steps[15]
    own = fingerprint(load_key(key)) or "a key without fingerprint"
    confirmed, said = policy.confirmed_as(own, None), ""
    if confirmed is None and chain:
        by = next((name for one in chain[1:] if (name := policy.confirmed_as(one.fingerprint or "", None))), None)
        good = not any(finding.code == "certificate-bad" for finding in report.findings)
        in_time = stamped is not None and stamped <= min(one.ends for one in chain)
        if by is not None and good and in_time:
            confirmed = f"{domain}, certified by {by}"
        elif by is not None:
            said = f"; it says that it is {domain}, certified by {by}; no verified time stamp shows that it was in time"
        else:
            said = f"; it says that it is {domain}, by a chain up to {chain[-1].subject} ({chain[-1].fingerprint})"
    step.skipped, step.checked, step.summary = None, 1, f"signed by {confirmed} ({own})"
    report.signers[own] = confirmed
    if confirmed is None:
        report.find(15, "signer-unconfirmed", f"{own} is confirmed by nobody here{said}")


def _check_stamp(case: ForeignCase, name: str, signed: dict[str, Any]) -> datetime | None:
    """Step 13: an RFC 3161 answer over the text of the signature, by an authority whose root the policy pins. When the
    signature was there, at the latest; None if that is not shown."""
    from archiver.stamps.authority import check_stamp
    from archiver.stamps.beside import with_certificates

    report, step = case.report, case.report.steps[13]
    try:
        response = _bytes(signed, "timeSignature")
        if response is None:
            return None
        step.empty = False
        message = (loose_json.text(signed, "signature") or "").encode("utf-8")
        beside = loose_json.text(signed, "timestampCert")
        if beside is not None:
            response = with_certificates(response, [one.der for one in _chain(beside)])
        token, root = check_stamp(None, response, message, case.policy.tsa_roots)
    except ProofError as error:
        report.find(13, "stamp-bad", error.message, file=name)
        return None
    except ExtraMissingError as error:
        report.find(13, "stamp-not-checked", f"the signature: not checked ({error.message})", file=name)
        return None
    except ArchiverError as error:
        report.find(13, "stamp-not-checked", error.message, file=name)
        return None
    moment = f"{token.latest:%Y-%m-%dT%H:%M:%SZ}"
    if case.policy.at is not None and token.latest > case.policy.at:
        report.find(13, "stamp-later", f"it holds, and was made at {moment}: not counted", file=name)
        return None
    step.checked, step.summary = 1, f"the signature existed before {moment} ({root.name})"
    report.anchors.append(f"time stamp by {root.name}: the signature existed before {moment}")
    created = _moment(signed)
    if created is not None and created > token.latest:
        words = f"says that it was signed at {created:%Y-%m-%dT%H:%M:%SZ}, and it was stamped at {moment} or before"
        report.find(13, "stamp-before-claim", words, file=name)
        return None
    return token.latest
