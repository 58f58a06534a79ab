"""Files of other tools, whole and tampered with in every way that somebody thought of: what must be said of each."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from foreign_cases import (
    FORGED,
    PAGE,
    ROOT,
    URL,
    Names,
    auto_archiver,
    bag,
    chain,
    contents,
    digest_file,
    index,
    members,
    package,
    signed,
    spki,
    wacz,
    warc,
    zipped,
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A file or folder, its kind, what a verifier must say of it, and which codes must be among its findings."""

    name: str
    kind: str
    expect: str  # passed, failed, or undecided: exit code 0 with the key believed, 1, 4
    why: str
    codes: tuple[str, ...]
    data: bytes
    folder: bool = False  # unpack it first


def without(names: Names, *gone: str) -> Names:
    return {name: data for name, data in names.items() if name not in gone}


def _wacz_cases() -> Iterator[tuple[str, str, str, tuple[str, ...], bytes]]:
    good = wacz()
    yield "signed", "passed", "signed by a bare key", (), zipped(good)
    yield "deflated", "passed", "everything in it is deflated", (), zipped(good, method=zipfile.ZIP_DEFLATED)
    yield "domain", "undecided", "signed by the key of a domain, which no verified time stamp shows to be in time", (
        "stamp-not-checked", "signer-unconfirmed"), zipped(wacz(sign="domain"))  # fmt: skip
    yield "unsigned", "undecided", "nobody signed it", ("signature-absent",), zipped(wacz(sign=None))
    stripped = without(good, "datapackage-digest.json")
    yield (
        "signature-stripped",
        "undecided",
        "the file with the signature was removed",
        ("signature-absent",),
        zipped(stripped),
    )
    forged = wacz(contents(FORGED))
    old = json.loads(good["datapackage-digest.json"])["signedData"]
    kept = forged | {"datapackage-digest.json": digest_file(forged["datapackage.json"], signedData=old)}
    yield "forged-old-signature", "failed", "words were replaced, every digest made anew, the signature kept", (
        "signature-unbound", "signature-bad"), zipped(kept)  # fmt: skip
    renamed = json.loads(good["datapackage-digest.json"])["signedData"] | {
        "hash": json.loads(forged["datapackage-digest.json"])["hash"]
    }
    kept = forged | {"datapackage-digest.json": digest_file(forged["datapackage.json"], signedData=renamed)}
    yield (
        "forged-renamed-signature",
        "failed",
        "the same, and signedData names the new digest",
        ("signature-bad",),
        (zipped(kept)),
    )
    yield (
        "signature-zeroed",
        "failed",
        "a signature of zeros",
        ("signature-bad",),
        zipped(wacz(signature=base64.b64encode(bytes(96)).decode())),
    )
    yield (
        "other-key",
        "failed",
        "another public key",
        ("signature-bad",),
        zipped(wacz(publicKey=base64.b64encode(spki(ROOT)).decode())),
    )
    yield "key-garbage", "failed", "a public key that is none", ("signature-bad",), zipped(wacz(publicKey="AAAA"))
    yield "keyless", "undecided", "a signature without any key", ("signature-unknown",), zipped(wacz(publicKey=None))
    for name, changed, why in (
        ("domain-other", {"domain": "other.example"}, "a domain that the certificate is not for"),
        ("domain-before", {"created": "2026-10-01T00:00:00Z"}, "signed before the certificate began"),
        ("domain-timeless", {"created": None}, "it does not say when it was signed"),
        ("domain-chain", {"domainCert": chain().replace("-----BEGIN", "X-----BEGIN", 1)[1:] + chain(name="x.example")},
         "a certificate in the chain was not issued by the next"),
    ):  # fmt: skip
        yield name, "failed", why, ("certificate-bad",), zipped(wacz(sign="domain", **changed))
    yield (
        "smuggled",
        "failed",
        "a file that the list does not name",
        ("file-unlisted",),
        zipped(good | {"archive/smuggled": b"not listed"}),
    )
    yield (
        "missing-warc",
        "failed",
        "the WARC was removed",
        ("file-missing",),
        zipped(without(good, "archive/data.warc.gz")),
    )
    yield (
        "missing-pages",
        "failed",
        "listed and not there",
        ("file-missing",),
        zipped(without(good, "pages/pages.jsonl")),
    )
    yield (
        "no-index",
        "failed",
        "a package without an index",
        ("file-missing",),
        zipped(wacz(without(contents(), "indexes/index.cdx"))),
    )
    data = bytearray(good["archive/data.warc.gz"])
    data[-40] ^= 1
    yield (
        "bit-in-warc",
        "failed",
        "one bit in the WARC",
        ("file-changed", "warc-damaged"),
        zipped(good | {"archive/data.warc.gz": bytes(data)}),
    )
    altered = b"".join(gzip.compress(gzip.decompress(p).replace(b"stays shut", b"stays open"), 9, mtime=0)
                       for p in members(good["archive/data.warc.gz"]))  # fmt: skip
    anew = contents() | {"archive/data.warc.gz": altered, "indexes/index.cdx": index(altered)}
    yield "record-digest", "failed", "words replaced in a record, the package listed and signed anew", (
        "warc-digest",), zipped(wacz(anew))  # fmt: skip
    yield "warc-rehashed-list", "failed", "list and its digest made anew, not signed anew", ("signature-unbound",), (
        zipped(good | {"datapackage.json": package(contents(FORGED))} | contents(FORGED)
               | {"datapackage-digest.json": digest_file(package(contents(FORGED)), signedData=old)})
    )  # fmt: skip
    yield (
        "digest-file-differs",
        "failed",
        "datapackage.json was changed",
        ("list-differs", "signature-unbound"),
        (zipped(good | {"datapackage.json": good["datapackage.json"].replace(b'"Bridge"', b'"Brigde"')})),
    )
    yield (
        "list-twice",
        "failed",
        "a key stands twice in the list",
        ("list-bad",),
        zipped(good | {"datapackage.json": good["datapackage.json"].replace(b'"title"', b'"resources": [], "title"')}),
    )
    yield (
        "list-deep",
        "failed",
        "a list nested 100,000 deep",
        ("list-bad",),
        zipped(good | {"datapackage.json": b"[" * 100_000}, method=zipfile.ZIP_DEFLATED),
    )
    for name, changed, why in (
        ("index-offset", {"offset": 3}, "an index that leads into the middle of a record"),
        ("index-length", {"length": 9}, "an index with another length"),
        ("index-url", {"url": "https://news.example/other"}, "an index that calls the record something else"),
        ("index-digest", {"digest": "sha1:" + "A" * 32}, "an index with another digest"),
        ("index-status", {"status": 404}, "an index with another status"),
        ("index-file", {"filename": "other.warc.gz"}, "an index that leads into a WARC that is not there"),
    ):
        yield name, "failed", why, ("index-differs",), zipped(wacz(contents(**changed)))
    yield (
        "index-garbage",
        "failed",
        "an index that is none",
        ("index-bad",),
        zipped(wacz(contents() | {"indexes/index.cdx": b"example,news)/ 20261123130211 {not json}\n"})),
    )
    pages = contents()["pages/pages.jsonl"] + b'{"id": "2", "url": "https://news.example/gone", "title": "Gone"}\n'
    yield (
        "page-absent",
        "undecided",
        "a page of which nothing is in the package",
        ("page-absent",),
        zipped(wacz(contents() | {"pages/pages.jsonl": pages})),
    )
    yield "md5", "passed", "a list by MD5", ("digest-weak",), zipped(_listed_by_md5())
    yield from _zip_cases(good)


def _listed_by_md5() -> Names:
    names = contents()
    listed = package(names, algorithm="md5")
    said = "sha256:" + hashlib.sha256(listed).hexdigest()
    return names | {
        "datapackage.json": listed,
        "datapackage-digest.json": digest_file(listed, signedData=signed(said)),
    }


def _zip_cases(good: Names) -> Iterator[tuple[str, str, str, tuple[str, ...], bytes]]:
    """The container: everything that two programs would read in two ways."""
    whole = zipped(good)
    twice = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(twice, "w") as packed:
            for name, data in [*good.items(), ("pages/pages.jsonl", b"other\n")]:
                packed.writestr(zipfile.ZipInfo(name), data)
    at = whole.index(b"PK\1\2")
    for name, why, data in (
        ("zip-name-twice", "two files of one name", twice.getvalue()),
        ("zip-traversal", "a name that leads out of the folder", zipped(good | {"../../etc/passwd": b"x"})),
        ("zip-prefix", "bytes before the zip", b"#!/bin/sh\n" + whole),
        ("zip-trailing", "bytes behind the zip", whole + b"<html>"),
        ("zip-hidden", "bytes between the files and the directory", whole[:at] + b"hidden" + whole[at:]),
        ("zip-local-differs", "a local header says another name than the directory", whole.replace(
            b"pages/pages.jsonl", b"pages/other.jsonl", 1)),
        ("zip-cut", "cut off", whole[:-30]),
        ("zip-empty", "no zip at all", b""),
    ):  # fmt: skip
        yield name, "failed", why, ("container-bad",), data
    yield (
        "zip-case-twins",
        "failed",
        "two names that differ in case alone",
        ("container-bad",),
        zipped(good | {"pages/PAGES.jsonl": b"x"}),
    )
    flipped = bytearray(zipped(good, method=zipfile.ZIP_DEFLATED))
    flipped[flipped.index(b"pages/pages.jsonl") + 40] ^= 0x10
    yield "zip-deflate-damaged", "failed", "a bit in packed data", ("file-changed",), bytes(flipped)


def _warc_cases() -> Iterator[tuple[str, str, str, tuple[str, ...], bytes]]:
    good, plain = warc(), warc(packed=False)
    yield "gzip", "undecided", "as warcio writes it", ("signature-absent", "digest-weak"), good
    yield "plain", "undecided", "the same without gzip", ("signature-absent",), plain
    yield "chunked", "undecided", "a chunked body", ("signature-absent",), warc(chunked=True)
    yield (
        "words-replaced",
        "failed",
        "words of the page replaced",
        ("warc-digest",),
        plain.replace(b"stays shut", b"stays open"),
    )
    yield "head-replaced", "failed", "a status replaced", ("warc-digest",), plain.replace(b"200 OK", b"404 OK")
    yield "cut", "failed", "cut off in a record", ("warc-damaged",), plain[:900]
    yield "gzip-cut", "failed", "cut off in a gzip member", ("warc-damaged",), good[:-20]
    yield "gzip-garbage", "failed", "garbage behind the last member", ("warc-damaged",), good + b"garbage"
    yield "one-member", "undecided", "all records in one gzip member", ("warc-odd",), gzip.compress(plain, mtime=0)
    bare = b"\r\n".join(
        line for line in plain.split(b"\r\n") if not line.startswith(b"WARC-P") and b"-Digest" not in line
    )
    yield "no-digests", "undecided", "no digests at all", ("digest-absent",), bare
    yield (
        "header-huge",
        "failed",
        "a header of 200,000 bytes",
        ("warc-damaged",),
        gzip.compress(b"WARC/1.0\r\nX: " + b"a" * 200_000 + b"\r\n\r\n", mtime=0),
    )
    yield (
        "digest-unknown",
        "undecided",
        "a digest of an unknown kind",
        ("digest-unknown",),
        plain.replace(b"WARC-Payload-Digest: sha1:", b"WARC-Payload-Digest: sha9:"),
    )


def _bag_cases() -> Iterator[tuple[str, str, str, tuple[str, ...], bytes]]:
    good = bag()

    def made(names: Names) -> bytes:
        return zipped(names, method=zipfile.ZIP_DEFLATED, folder="bag/")

    yield "good", "undecided", "as bagit makes it", ("signature-absent",), made(good)
    yield "md5", "undecided", "by MD5 alone", ("signature-absent", "digest-weak"), made(bag(("md5",)))
    page = "data/page.html"
    yield "changed", "failed", "a file changed", ("file-changed",), made(good | {page: FORGED})
    yield "missing", "failed", "a file removed", ("file-missing", "list-differs"), made(without(good, page))
    yield "extra", "failed", "a file added", ("file-unlisted",), made(good | {"data/extra.txt": b"x"})
    one = good["manifest-sha512.txt"]
    lines = [line for line in one.splitlines(True) if b"page.html" not in line]
    yield (
        "one-list-lacks",
        "failed",
        "a file that only one of two manifests lists",
        ("list-differs",),
        made(good | {"manifest-sha512.txt": b"".join(lines)}),
    )
    wrong = one.replace(hashlib.sha512(PAGE).hexdigest().encode(), b"0" * 128)
    yield (
        "second-algorithm",
        "failed",
        "the second digest is wrong",
        ("file-changed",),
        made(good | {"manifest-sha512.txt": wrong}),
    )
    yield (
        "tag-changed",
        "failed",
        "bag-info.txt changed",
        ("file-changed",),
        made(good | {"bag-info.txt": good["bag-info.txt"].replace(b"Ann Lee", b"Bob Lee")}),
    )
    yield (
        "oxum",
        "failed",
        "another number of bytes than bag-info.txt says",
        ("list-differs",),
        made(good | {"data/notes/how it was found.txt": b"Sent by a reader"}),
    )
    fetch = {"fetch.txt": f"{URL} {len(PAGE)} {page}\n".encode()}
    yield (
        "fetch",
        "failed",
        "a file to be fetched; bag-info.txt counts it",
        ("file-elsewhere", "list-differs"),
        made(without(good, page) | fetch),
    )
    no_oxum = b"\n".join(line for line in good["bag-info.txt"].split(b"\n") if b"Oxum" not in line)
    loose = {name: data for name, data in good.items() if not name.startswith("tag")}
    yield (
        "incomplete",
        "undecided",
        "a file to be fetched from elsewhere",
        ("file-elsewhere",),
        made(without(loose, page) | fetch | {"bag-info.txt": no_oxum}),
    )
    yield "untagged", "undecided", "no tag manifest", ("file-unbound",), made(loose)
    yield (
        "traversal",
        "failed",
        "a manifest that names a file outside",
        ("list-bad",),
        made(good | {"manifest-sha256.txt": good["manifest-sha256.txt"] + b"0" * 64 + b"  data/../../etc/passwd\n"}),
    )
    yield (
        "no-manifest",
        "failed",
        "no manifest at all",
        ("list-bad", "file-unlisted"),
        made({name: data for name, data in loose.items() if not name.startswith("manifest")}),
    )
    seals = {"tagmanifest-sha256.txt.asc": b"-", "x.tsr": b"0"}
    yield "signature-beside", "undecided", "files that look like a signature and a time stamp", (
        "signature-unknown", "stamp-not-checked"), made(good | seals)  # fmt: skip
    yield (
        "beside",
        "failed",
        "a file beside the bag in the zip",
        ("file-unlisted",),
        (zipped({f"bag/{name}": data for name, data in good.items()} | {"outside.txt": b"x"})),
    )


def _folder_cases() -> Iterator[tuple[str, str, str, tuple[str, ...], bytes]]:
    good = auto_archiver()
    yield "good", "undecided", "as auto-archiver leaves it", ("signature-absent",), zipped(good)
    yield "sha3", "undecided", "by SHA3-512", ("signature-absent",), zipped(auto_archiver("SHA3-512"))
    yield (
        "changed",
        "failed",
        "words replaced",
        ("file-changed", "file-unbound"),
        zipped(good | {"kq81c0s7.html": FORGED}),
    )
    yield "missing", "failed", "a picture removed", ("file-changed",), zipped(without(good, "p0w2m5xa.png"))
    yield (
        "added",
        "undecided",
        "a file added: no list says that it does not belong",
        ("file-unbound",),
        zipped(good | {"added.html": b"x"}),
    )
    yield (
        "stamped",
        "undecided",
        "with time stamps, of nobody knows what",
        ("stamp-not-checked",),
        zipped(good | {"timestamp_token_1.tsr": b"0", "hashes.ots": b"0"}),
    )
    report = good["zz3f8d1c.html"].replace(hashlib.sha256(PAGE).hexdigest().encode(), b"0" * 64)
    yield (
        "report-changed",
        "failed",
        "the report changed: the table names its digest",
        ("file-changed",),
        zipped(good | {"zz3f8d1c.html": report}),
    )


MAKERS: dict[str, Callable[[], Iterator[tuple[str, str, str, tuple[str, ...], bytes]]]] = {
    "wacz": _wacz_cases,
    "warc": _warc_cases,
    "bag": _bag_cases,
    "auto-archiver": _folder_cases,
}


def cases() -> list[Case]:
    """Every case, as made now."""
    return [
        Case(name, kind, expect, why, codes, data, kind == "auto-archiver")
        for kind, make in MAKERS.items()
        for name, expect, why, codes, data in make()
    ]
