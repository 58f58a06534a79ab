"""Files as other tools make them, whole and tampered with: WACZ by hand from the specification, WARC by warcio, bags
by bagit, a folder as auto-archiver leaves it. All in them is invented; the keys are published and protect nothing."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import shutil
import tempfile
import warnings
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bagit
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from warcio.statusandheaders import StatusAndHeaders
from warcio.timeutils import iso_date_to_timestamp
from warcio.warcwriter import WARCWriter

URL = "https://news.example/bridge"
DATE = "2026-11-23T13:02:11Z"
PAGE = (
    b"<!doctype html><html lang=en><head><title>Bridge shut until spring</title></head><body><article>"
    b"<h1>Bridge shut until spring</h1><p>The harbour bridge will not open this year.</p>"
    b"<p>\xe2\x80\x9cThe bridge stays shut until spring,\xe2\x80\x9d council leader Ann Lee told reporters on "
    b"Monday.</p>"
    b"</article></body></html>"
)
FORGED = PAGE.replace(b"stays shut until spring", b"opens again on Friday  ")
assert len(FORGED) == len(PAGE)

Names = dict[str, bytes]


def key(number: int, curve: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(hashlib.sha256(f"published {number}".encode()).digest(), "big"), curve)


ANONYMOUS = key(1, ec.SECP384R1())
DOMAIN = key(2, ec.SECP256R1())
ROOT = key(3, ec.SECP256R1())
ECDSA = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


def spki(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def fingerprint(private: ec.EllipticCurvePrivateKey) -> str:
    line = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    raw = hashlib.sha256(base64.b64decode(line.split()[1])).digest()
    return "SHA256:" + base64.b64encode(raw).decode().rstrip("=")


# WARC


def warc(page: bytes = PAGE, *, packed: bool = True, chunked: bool = False, cookie: str = "session=abc") -> bytes:
    """A response and its request, as warcio writes them, with SHA-1 digests."""
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=packed, warc_version="1.1")
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(page), page) if chunked else page
    heads = [("Content-Type", "text/html; charset=utf-8")]
    heads.append(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(page))))
    records = (
        ("warcinfo", None, b"software: test\r\n", None, "application/warc-fields"),
        ("response", URL, body, StatusAndHeaders("200 OK", heads, "HTTP/1.1"), "application/http; msgtype=response"),
        ("request", URL, b"", StatusAndHeaders("GET /bridge HTTP/1.1", [("Host", "news.example"), ("Cookie", cookie)],
                                               is_http_request=True), "application/http; msgtype=request"),
    )  # fmt: skip
    for number, (kind, url, data, head, media) in enumerate(records, 1):
        told = {"WARC-Date": DATE, "WARC-Record-ID": f"<urn:uuid:00000000-0000-4000-8000-{number:012}>"}
        if kind == "warcinfo":
            told["WARC-Filename"] = "test.warc"
        writer.write_record(
            writer.create_warc_record(
                url,
                kind,
                io.BytesIO(data),
                len(data),
                http_headers=head,
                warc_headers_dict=told,
                warc_content_type=media,
            )
        )
    if not packed:
        return out.getvalue()
    return b"".join(gzip.compress(gzip.decompress(part), 9, mtime=0) for part in members(out.getvalue()))


def members(data: bytes) -> list[bytes]:
    """The gzip members of a WARC."""
    import zlib

    found = []
    while data:
        engine = zlib.decompressobj(31)
        engine.decompress(data)
        found.append(data[: len(data) - len(engine.unused_data)])
        data = engine.unused_data
    return found


def index(data: bytes, *, name: str = "data.warc.gz", **changed: Any) -> bytes:
    """The CDXJ of the one response in it."""
    parts = members(data)
    text = gzip.decompress(parts[1]).decode("latin-1")
    payload = next(line for line in text.split("\r\n") if line.startswith("WARC-Payload-Digest")).split(": ")[1]
    told = {
        "url": URL, "digest": payload, "mime": "text/html", "offset": len(parts[0]), "length": len(parts[1]),
        "recordDigest": "sha256:" + hashlib.sha256(parts[1]).hexdigest(), "status": 200, "filename": name,
    } | changed  # fmt: skip
    return f"example,news)/bridge {iso_date_to_timestamp(DATE)} {json.dumps(told)}\n".encode()


# WACZ


def package(names: Names, *, algorithm: str = "sha256", **extra: Any) -> bytes:
    """datapackage.json over these files."""
    resources = [
        {"name": name.rpartition("/")[2], "path": name, "bytes": len(data),
         "hash": f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"}
        for name, data in names.items()
    ]  # fmt: skip
    told = {"profile": "data-package", "resources": resources, "wacz_version": "1.1.1", "software": "by hand",
            "created": DATE, "title": "Bridge", "mainPageUrl": URL, "mainPageDate": DATE} | extra  # fmt: skip
    return json.dumps(told, indent=2).encode()


def contents(page: bytes = PAGE, **changed: Any) -> Names:
    data = warc(page)
    pages = (
        b'{"format": "json-pages-1.0", "id": "pages", "title": "All Pages"}\n'
        + json.dumps({"id": "1", "url": URL, "ts": DATE, "title": "Bridge shut until spring"}).encode()
        + b"\n"
    )
    return {"archive/data.warc.gz": data, "indexes/index.cdx": index(data, **changed), "pages/pages.jsonl": pages}


def signed(hash_text: str, how: str = "anonymous", **changed: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"hash": hash_text, "created": DATE, "software": "by hand", "version": "0.1.0"}
    if how == "anonymous":
        r, s = utils.decode_dss_signature(ANONYMOUS.sign(hash_text.encode(), ECDSA))
        raw = r.to_bytes(48, "big") + s.to_bytes(48, "big")
        told |= {"signature": base64.b64encode(raw).decode(), "publicKey": base64.b64encode(spki(ANONYMOUS)).decode()}
    else:
        told |= {"signature": base64.b64encode(DOMAIN.sign(hash_text.encode(), ECDSA)).decode(),
                 "domain": "sign.example", "domainCert": chain(), "timeSignature": base64.b64encode(b"0").decode(),
                 "timestampCert": chain()}  # fmt: skip
    return told | changed


def digest_file(datapackage: bytes, **members: Any) -> bytes:
    told = {"path": "datapackage.json", "hash": "sha256:" + hashlib.sha256(datapackage).hexdigest()} | members
    return json.dumps(told, indent=2).encode()


def chain(*, begins: datetime = datetime(2026, 11, 20, tzinfo=UTC), name: str = "sign.example") -> str:
    ends = datetime(2027, 2, 18, tzinfo=UTC)
    root = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example Root")])
    leaf = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = []
    for subject, issuer, private, serial, names in ((leaf, root, DOMAIN, 7, [name]), (root, root, ROOT, 8, [])):
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(private.public_key())
            .serial_number(serial).not_valid_before(begins if names else datetime(2020, 1, 1, tzinfo=UTC))
            .not_valid_after(ends if names else datetime(2040, 1, 1, tzinfo=UTC))
            .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
        )  # fmt: skip
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), False)
        made.append(builder.sign(ROOT, hashes.SHA256(), ecdsa_deterministic=True).public_bytes(Encoding.PEM).decode())
    return "".join(made)


def wacz(names: Names | None = None, *, sign: str | None = "anonymous", **changed: Any) -> Names:
    """All files of a package. `changed`: members of signedData."""
    names = contents() if names is None else names
    listed = package(names)
    said = "sha256:" + hashlib.sha256(listed).hexdigest()
    more = {} if sign is None else {"signedData": signed(said, sign, **changed)}
    return names | {"datapackage.json": listed, "datapackage-digest.json": digest_file(listed, **more)}


def zipped(names: Names, *, method: int = zipfile.ZIP_STORED, folder: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as packed:
        for name, data in names.items():
            info = zipfile.ZipInfo(folder + name, (2026, 11, 23, 13, 2, 12))
            info.external_attr, info.compress_type = 0o100644 << 16, method
            packed.writestr(info, data)
    return out.getvalue()


# Bags and auto-archiver


def bag(algorithms: tuple[str, ...] = ("sha256", "sha512")) -> Names:
    """A bag of the page, its WARC and a note, as bagit-python makes it."""
    root = Path(tempfile.mkdtemp())
    try:
        (root / "page.html").write_bytes(PAGE)
        (root / "page.warc.gz").write_bytes(warc())
        (root / "notes").mkdir()
        (root / "notes" / "how it was found.txt").write_bytes(b"Sent by a reader.\n")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its own use of pkg_resources
            bagit.make_bag(str(root), {"Contact-Name": "Ann Lee", "Bagging-Date": "2026-11-23"}, checksums=algorithms)
        return {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}
    finally:
        shutil.rmtree(root)


def auto_archiver(algorithm: str = "SHA-256") -> Names:
    """A folder with two media, a report that names their digests, and a table that names that of the report."""
    known = {"SHA-256": "sha256", "SHA3-512": "sha3_512"}[algorithm]

    def said(data: bytes) -> str:
        return f"{algorithm}:{hashlib.new(known, data).hexdigest()}"

    media = {"kq81c0s7.html": PAGE, "p0w2m5xa.png": b"\x89PNG\r\n\x1a\nno picture"}
    rows = "".join(f"<li><b>hash:</b> {said(data)}</li><a href='./{name}'>{name}</a>" for name, data in media.items())
    report = (
        f"<!DOCTYPE html><html><body><h2>Archived media for {URL}</h2>{rows}"
        "<p>Made with <a href='https://github.com/bellingcat/auto-archiver'>bellingcat/auto-archiver</a> v1.2.9</p>"
        "</body></html>"
    ).encode()
    row = f"\"example: success\",{{'url': '{URL}'}},\"[Media(key='zz.html', properties={{'hash': '{said(report)}'}})]\""
    return media | {"zz3f8d1c.html": report, "db.csv": f"status,metadata,media\r\n{row}\r\n".encode()}
