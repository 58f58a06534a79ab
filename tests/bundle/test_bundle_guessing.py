"""Nothing withheld can be guessed: a dictionary attack on every digest in a bundle.

The attacker holds the bundle, and knows everything that was captured but the random bytes that the bundle does not
show; their dictionary has the right word in it. So every object is put together with the right word, and with zeros for
those random bytes; whatever can be hashed of it is hashed (objects, lines, records, blocks, bodies, segments, as they
are and as leaves of a tree). If one of these digests stands in the bundle, in any spelling, the word is found.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from bundle_cases import MemoryArchive, Page, bundle_of, check, contents, small_page

from archiver import digest
from archiver.bundle import contents as contents_module
from archiver.bundle import redact
from archiver.bundle.withhold import Withholding, parse
from archiver.verify.layout import object_path
from archiver.warc.read import read_records
from archiver.warc.segments import cut, salt
from archiver.work.salted import salted

RANDOM = (
    re.compile(rb"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{22}=="),  # salts
    re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"),  # ids of WARC records
)


def spelled(data: bytes) -> set[bytes]:
    """Every digest that is spelled in some bytes, hexadecimal or base64."""
    found = {bytes.fromhex(text.decode()) for text in re.findall(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", data)}
    for text in re.findall(rb"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=(?![A-Za-z0-9+/=])", data):
        found.add(base64.b64decode(text))
    for text in re.findall(rb"objects/sha256/[0-9a-f]{2}/[0-9a-f]{62}|parts/sha256/[0-9a-f]{2}/[0-9a-f]{62}", data):
        found.add(bytes.fromhex(text.decode().split("sha256/")[1].replace("/", "")))
    return found


def preimages(role: str, data: bytes, secret: bytes) -> Iterator[bytes]:
    """Whatever can be hashed of an object."""
    yield data
    yield from data.split(b"\n")
    yield from data.splitlines(keepends=True)
    if role == "page-text":
        yield data.partition(b"\n")[2]
    if role != "warc":
        return
    index = 0
    for record in read_records(io.BytesIO(data)):
        block = record.block().read()
        yield block
        yield data[record.offset : record.block_offset]
        for part in cut(record):
            segment = data[part.offset : part.offset + part.length]
            yield segment
            yield salt(secret, index) + segment
            if part.kind == "body":
                yield from re.split(rb"[.<>]", segment)
            index += 1


def guessed(archive: MemoryArchive, bundle: bytes, word: bytes) -> list[bytes]:
    """What the attacker hashed, if one of the digests stands in the bundle, and it depends on the word."""
    shown = b"\n".join(name.encode() + b"\n" + data for name, data in contents(bundle).items())
    digests = spelled(shown)
    found, depends = [], {word}
    for sequence in (1, 2):
        for ref in archive.events[sequence].objects:
            data = archive.files[object_path(ref.digest)]
            for pattern in RANDOM:
                for number, value in enumerate(sorted(set(pattern.findall(data)))):
                    if value not in shown:
                        blank = b"00000000-0000-4000-8000-%012d" if b"-" in value else b"%022d=="
                        data = data.replace(value, blank % number)
            for preimage in preimages(ref.role, data, bytes(32)):
                if not any(part in preimage for part in depends):
                    continue
                for hashed in (preimage, b"\x00" + preimage):
                    value = hashlib.sha256(hashed).digest()
                    depends.add(value.hex().encode())
                    if value in digests and preimage not in shown:
                        found.append(hashed)
    return found


def archive_of(page: Page) -> MemoryArchive:
    archive = MemoryArchive()
    archive.capture(page)
    archive.seal()
    return archive


def plain_page() -> Page:
    """Over HTTP: there are no certificates, and no id that stands in one place alone."""
    page = small_page()
    page.hops, page.tls = (), False
    return page


COOKIE, SENTENCE, CONTEXT = b"consent=1", b"He denied it", b"told reporters"
CASES: dict[str, tuple[str, bytes, str]] = {  # words, what is to be guessed, statements that are shown
    "a cookie": ("credentials", COOKIE, ""),
    "a cookie, with the statements alone": ("credentials,page-text", COOKIE, "s1"),
    "a header of the answer": ("header:x-token", b"hunter2", ""),
    "a sentence of a page that is withheld": ("warc,page-text", SENTENCE, "s1"),
    "a sentence of a body that is withheld": ("body,page-text", SENTENCE, "s1"),
    "a sentence, facts asked to be withheld too": ("warc,page-text,facts", SENTENCE, "s1"),
    "a short statement": ("warc,page-text,statements", b"We will open", ""),
    "the words around a statement": ("warc,page-text,context", CONTEXT, "s1"),
    "a name in the facts": ("warc,page-text,facts", b"Ann Lee", "none"),
    "the case in the facts": ("facts", b"Harbour", ""),
    "an address in the facts": ("warc,facts", b"https://news.example/b", ""),
    "a request": ("request", b"Host: news.example", ""),
    "a digest that the server sent of the body": ("body,page-text", SENTENCE, "s1"),
}


def page_of(name: str, tls: bool) -> Page:
    page = small_page() if tls else plain_page()
    fields = "X-Token: hunter2\r\n"
    if name.startswith("a digest"):
        value = base64.b64encode(hashlib.sha256(page.body).digest()).decode()
        fields += f'ETag: "{hashlib.sha256(page.body).hexdigest()}"\r\nRepr-Digest: sha-256=:{value}:\r\n'
    page.extra["fields"] = fields
    return page


def wish_of(archive: MemoryArchive, words: str, shown: str) -> Withholding:
    wanted = [word for word in words.split(",") if word != "credentials"]
    wish = parse(wanted, credentials="credentials" in words)
    if not shown:
        return wish
    return replace(wish, statements={digest.of_bytes(archive.manifests[1]): frozenset({shown})})


def bundle_for(name: str, tls: bool = True) -> tuple[MemoryArchive, bytes]:
    words, _, shown = CASES[name]
    archive = archive_of(page_of(name, tls))
    return archive, bundle_of(archive, 1, withhold=wish_of(archive, words, shown))[0]


@pytest.mark.parametrize("tls", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_it_cannot_be_guessed(name: str, tls: bool) -> None:
    archive, data = bundle_for(name, tls)
    assert not check(data).failed
    word = CASES[name][1]
    whole = b"".join(archive.files[object_path(ref.digest)] for n in (1, 2) for ref in archive.events[n].objects)
    assert word in whole, "what is to be guessed is there"
    assert guessed(archive, data, word) == []


# What a browser made of the page: its text for screen readers, its pictures, the page as it would be printed.

MADE = {
    "accessibility": ("text/plain", b'RootWebArea "Bridge"\n  StaticText "He denied it"\n'),
    "screenshot": ("image/png", b"\x89PNG\r\n\x1a\nHe denied it\0\0\0\0IEND\xaeB`\x82"),
    "pdf": ("application/pdf", b"%PDF-1.4\nHe denied it\n%%EOF"),
}


def rendered_bundle(salt_of: Callable[[str, bytes, bytes], bytes]) -> tuple[MemoryArchive, bytes]:
    archive, page = MemoryArchive(), page_of("", tls=True)
    made = []
    for number, (role, (kind, data)) in enumerate(MADE.items(), 1):
        made.append(archive.put(role, salt_of(kind, data, bytes([number]) * 16), kind))
    snapshot = archive.add("snapshot", objects=(*page.snapshot(archive), *made))
    archive.add("reading", subject=digest.of_bytes(snapshot), objects=page.reading(archive))
    archive.seal()
    words = ",".join(("warc", "page-text", *MADE))
    return archive, bundle_of(archive, 1, withhold=wish_of(archive, words, "s1"))[0]


def test_what_a_browser_made_of_a_page_cannot_be_guessed() -> None:
    archive, data = rendered_bundle(salted)
    assert not check(data).failed
    assert guessed(archive, data, SENTENCE) == []


def test_it_is_found_where_there_is_no_salt() -> None:
    archive, data = rendered_bundle(lambda kind, data, salt: data)
    assert {made for _, made in MADE.values()} <= set(guessed(archive, data, SENTENCE))


# The attack finds what is not done: each of these is a bundle as a careless exporter would make it.


def test_a_cookie_is_found_if_every_id_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for tls in (True, False):
        monkeypatch.setattr(redact, "_blind", lambda rows, shown: None)
        archive, data = bundle_for("a cookie", tls)
        assert any(hashed.startswith(b"WARC/1.1") for hashed in guessed(archive, data, COOKIE))


def test_a_cookie_is_found_if_the_warc_header_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redact, "_headers_too", lambda row: None)
    archive, data = bundle_for("a cookie")
    assert any(hashed.startswith(b"GET / HTTP/1.1") for hashed in guessed(archive, data, COOKIE))


def test_a_sentence_is_found_if_the_readings_facts_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(wish: Withholding, event: str, **_: bool) -> frozenset[str]:
        return wish.roles | {"segment-secret"}

    monkeypatch.setattr(contents_module, "whole_roles", careless)
    archive, data = bundle_for("a sentence of a page that is withheld")
    assert guessed(archive, data, SENTENCE)


def test_a_sentence_is_found_if_the_server_sent_a_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redact, "KEPT", redact.KEPT | {"etag", "repr-digest"})
    archive, data = bundle_for("a digest that the server sent of the body")
    assert guessed(archive, data, SENTENCE)
