"""An archive in memory, with a whole chain, and pages captured into it, for the tests of archiver.bundle."""

from __future__ import annotations

import hashlib
import io
import json
import ssl
import uuid
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO, Literal

from archiver import digest
from archiver.archive import Archive
from archiver.bundle import bag, layout, record
from archiver.bundle.build import Built, build
from archiver.bundle.check import check_bundle
from archiver.bundle.container import ZipWriter
from archiver.bundle.read import BundleEvidence
from archiver.bundle.withhold import parse
from archiver.errors import MissingError
from archiver.model import facts as facts_model
from archiver.model import statement as statement_model
from archiver.model.encoding import clean
from archiver.model.facts import ClockFacts, Collector, Hop, ReadingFacts, Request, SnapshotFacts, Software, Source, Tls
from archiver.model.manifest import Identity, Manifest, ObjectRef, Previous, Tree, encode, spell_salt
from archiver.model.statement import ContextPart, ContextRecord, PartRecord, SpeakerRecord, StatementRecord
from archiver.page import anchor, text
from archiver.signing.allowed_signers import encode_for
from archiver.signing.keys import KeySigner
from archiver.store.ledger import Draft
from archiver.tlog.checkpoint import Checkpoint, LogKey
from archiver.tlog.merkle import EMPTY_ROOT
from archiver.tlog.tiles import TileBuilder
from archiver.verify.layout import manifest_path, object_path
from archiver.verify.policy import Policy
from archiver.verify.report import Report, Weight
from archiver.verify.run import verify
from archiver.warc.write import WarcWriter

ARTICLES = Path(__file__).parents[1] / "articles"
ORIGIN = "log-5d2c9a.example"
NAMESPACE = "archiver-manifest-v1"
CREATED = "2026-11-24T09:00:00.000Z"
CAPTURED = "2026-11-23T13:02:11.482Z"

SIGNER = KeySigner.from_seed(b"signer".ljust(32, b"."))
RECOVERY = KeySigner.from_seed(b"recovery".ljust(32, b"."))
STRANGER = KeySigner.from_seed(b"stranger".ljust(32, b"."))
LOG = LogKey.from_seed(ORIGIN, b"log".ljust(32, b"."))
CERTIFICATE = b"0\x06\x02\x01\x01\x02\x01\x02"  # DER of two numbers: nobody looks into it


class Entropy:
    """Bytes that are the same in every run."""

    def __init__(self, seed: str) -> None:
        self._state = hashlib.sha256(seed.encode()).digest()

    def __call__(self, count: int) -> bytes:
        out = b""
        while len(out) < count:
            self._state = hashlib.sha256(self._state).digest()
            out += self._state
        return out[:count]


class MemoryArchive:
    """Evidence of kind archive in a dictionary; `big` holds objects that are made when they are read."""

    kind: Literal["archive", "bundle"] = "archive"
    prefix = ""
    label = "memory"

    def __init__(self, signer: KeySigner = SIGNER, recovery: KeySigner = RECOVERY) -> None:
        self.files: dict[str, bytes] = {}
        self.big: dict[str, Any] = {}
        self.entropy = Entropy("archive")
        self.signer = signer
        self.manifests: list[bytes] = []
        self.events: list[Manifest] = []
        self.keys = ""
        self.new_signatures: dict[int, bytes] = {}
        vkeys = tuple(key.spell() for key in LOG.vkeys())
        identity = Identity(ORIGIN, signer.public.line(), recovery.public.line(), vkeys, None)
        data = self.add("genesis", extra=identity)
        self.files[manifest_path(0) + ".sig.1"] = recovery.sign(data, NAMESPACE)

    # Evidence.

    def names(self) -> Iterable[str]:
        return sorted([*self.files, *self.big])

    def size(self, name: str) -> int | None:
        if name in self.big:
            return int(self.big[name].length)
        return len(self.files[name]) if name in self.files else None

    def open(self, name: str) -> BinaryIO:
        if name in self.big:
            return self.big[name].open()  # type: ignore[no-any-return]
        if name not in self.files:
            raise MissingError("is missing", where=name)
        return io.BytesIO(self.files[name])

    def sequences(self) -> Iterable[int]:
        return range(len(self.manifests))

    def manifest_name(self, sequence: int) -> str:
        return manifest_path(sequence)

    def object_name(self, value: str) -> str | None:
        name = object_path(value)
        return name if self.size(name) is not None else None

    # Writing.

    def put(self, role: str, data: bytes, media_type: str = "application/octet-stream", **trees: Tree) -> ObjectRef:
        ref = ObjectRef(role, digest.of_bytes(data), len(data), media_type, **trees)
        self.files[object_path(ref.digest)] = data
        return ref

    def add(
        self,
        event: str,
        *,
        subject: str | None = None,
        extra: Any = None,
        objects: tuple[ObjectRef, ...] = (),
        signer: KeySigner | None = None,
        new: KeySigner | None = None,
    ) -> bytes:
        signer = signer or self.signer
        sequence = len(self.manifests)
        previous = None
        if sequence:
            before = self.manifests[-1]
            signature = self.files[manifest_path(sequence - 1) + ".sig"]
            previous = Previous(digest.of_bytes(before), digest.of_bytes(signature))
        manifest = Manifest(
            archive=digest.of_bytes(self.manifests[0]) if sequence else None,
            sequence=sequence,
            previous=previous,
            keys=self.keys or None,
            signer=signer.public.fingerprint,
            event=event,
            time=CAPTURED,
            subject=subject,
            extra=extra,
            objects=objects,
            salt=spell_salt(self.entropy(16)),
        )
        data = encode(manifest)
        self.manifests.append(data)
        self.events.append(manifest)
        self.files[manifest_path(sequence)] = data
        self.files[manifest_path(sequence) + ".sig"] = signer.sign(data, NAMESPACE)
        if new is not None:
            self.files[manifest_path(sequence) + ".new.sig"] = new.sign(data, NAMESPACE)
        if event in ("genesis", "key"):
            self.keys = digest.of_bytes(data)
        return data

    def seal(self, *, keep: bool = False) -> None:
        """Tiles and a checkpoint over everything so far; `keep` also keeps it among the older ones."""

        def nothing(name: str) -> bytes:
            raise MissingError("is missing", where=name)

        builder = TileBuilder(nothing, 0, EMPTY_ROOT)
        for data in self.manifests:
            builder.append(data)
        for name, data in builder.files().items():
            self.files["log/" + name] = data
        note = LOG.sign(Checkpoint(ORIGIN, builder.size, builder.root()), 1_795_000_000)
        self.files["log/checkpoint"] = note
        if keep:
            self.files[f"log/checkpoints/{builder.size}"] = note
        self.files["trust/allowed_signers"] = encode_for([self.signer.public.line()])
        self.files["trust/log.vkey"] = "".join(key.spell() + "\n" for key in LOG.vkeys()).encode()

    def capture(self, page: Page) -> tuple[int, int]:
        """Add a snapshot and its reading; their numbers."""
        snapshot = self.add("snapshot", objects=page.snapshot(self))
        objects = page.reading(self)
        self.add("reading", subject=digest.of_bytes(snapshot), objects=objects)
        return len(self.manifests) - 2, len(self.manifests) - 1

    def number(self, data: bytes) -> int:
        return self.manifests.index(data)


class Page:
    """One captured page: `statements` as in tests/articles/expected.json."""

    def __init__(
        self,
        body: bytes,
        statements: Iterable[dict[str, Any]] = (),
        *,
        url: str = "https://news.example/bridge",
        content_type: str = "text/html; charset=utf-8",
        title: str | None = None,
        kind: str = "article",
        hops: tuple[tuple[int, str], ...] = (),
        verified: bool = True,
        **extra: Any,
    ) -> None:
        self.body, self.statements, self.url, self.content_type = body, list(statements), url, content_type
        self.title, self.kind, self.hops, self.verified, self.extra = title, kind, hops, verified, extra
        self.tls = True
        self.entropy = Entropy(url + hashlib.sha256(body).hexdigest())

    @classmethod
    def of_article(cls, name: str, **extra: Any) -> Page:
        """One of the sample articles, with the statements that a careful person finds in it."""
        expected = next(
            item for item in json.loads((ARTICLES / "expected.json").read_text("utf-8")) if item["file"] == name
        )
        page = cls(
            (ARTICLES / name).read_bytes(),
            expected["statements"],
            url=f"https://www.{name.removesuffix('.html')}.example/2026/{name}",
            content_type=f"text/html; charset={expected['encoding']}",
            title=expected["title"],
            kind=expected["kind"],
            **extra,
        )
        page.extra.setdefault("byline", expected["byline"])
        page.extra.setdefault("published", expected["published"])
        page.extra.setdefault("language", expected["language"])
        return page

    def _id(self) -> str:
        return f"<urn:uuid:{uuid.UUID(bytes=self.entropy(16), version=4)}>"

    def snapshot(self, archive: MemoryArchive) -> tuple[ObjectRef, ...]:
        secret = self.entropy(32)
        out = io.BytesIO()
        writer = WarcWriter(out, self._id, secret)
        writer.write_info(CAPTURED, {"software": "archiver/0.1", "format": "WARC File Format 1.1"})
        hops = []
        chain = [*((status, url) for status, url in self.hops), (200, self.url)]
        for place, (status, url) in enumerate(chain):
            last = place == len(chain) - 1
            location = None if last else chain[place + 1][1]
            head = f"HTTP/1.1 {status} {'OK' if last else 'Found'}\r\n" + (
                f"Location: {location}\r\n" if location else ""
            )
            body = self.body if last else b""
            head += f"Content-Type: {self.content_type}\r\nContent-Length: {len(body)}\r\n"
            response = f"{head}{self.extra.get('fields', '')}\r\n".encode() + body
            host = url.split("/")[2]
            ids = writer.write_exchange(
                uri=url,
                date=CAPTURED,
                ip="192.0.2.7",
                request=f"GET / HTTP/1.1\r\nHost: {host}\r\nCookie: consent=1\r\n\r\n".encode(),
                response=response,
                certificates_pem=ssl.DER_cert_to_PEM_cert(CERTIFICATE).encode("ascii") if self.tls else None,
                protocols=("http/1.1", "tls/1.3") if self.tls else ("http/1.1",),
                cipher="TLS_AES_128_GCM_SHA256" if self.tls else None,
            )
            tls = Tls(
                "TLSv1.3",
                "TLS_AES_128_GCM_SHA256",
                (digest.of_bytes(CERTIFICATE),),
                self.verified,
                None if self.verified else "self-signed certificate",
            )
            reason = "OK" if last else "Found"
            facts = Hop(
                url,
                status,
                reason,
                "HTTP/1.1",
                location,
                "192.0.2.7",
                443,
                None,
                tls if self.tls else None,
                CAPTURED,
                len(response),
                None,
                (),
                ids.response_id,
            )
            hops.append(facts)
            self.record = ids.response_id
        summary = writer.finish()
        assert summary.segments is not None
        tree = Tree(summary.segments.count, summary.segments.root)
        warc = archive.put("warc", out.getvalue(), "application/warc", segments=tree)
        return self._facts(archive, tuple(hops)), warc, archive.put("segment-secret", secret)

    def _facts(self, archive: MemoryArchive, hops: tuple[Hop, ...]) -> ObjectRef:
        asked = hops[0].url
        facts = SnapshotFacts(
            run="20261123T130211Z-5f2a",
            origin="live web",
            collector=Collector(self.extra.get("collector", "Ann Lee"), "The Ferrow Gazette", "Ferrow"),
            case=self.extra.get("case", "Harbour"),
            note=self.extra.get("note"),
            tags=(),
            request=Request(
                asked, asked, "GET", "direct", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "en-US,en;q=0.7", None, ("consent",),
            ),
            file=None,
            started=CAPTURED,
            ended="2026-11-23T13:02:12.006Z",
            attempts=1,
            outcome="response",
            final_url=self.url,
            hops=hops,
            clock=ClockFacts("system clock", True, -340, "UTC+01:00"),
            software=Software("archiver", "0.1.0", "3.11.7", "Linux x86_64", {"requests": "2.34.2"}, {}),
            complete=False,
            missing=("requisites",),
            transformations=(),
            errors=(),
            salt=spell_salt(self.entropy(16)),
        )  # fmt: skip
        return archive.put("facts", facts_model.encode(facts), "application/json")

    def reading(self, archive: MemoryArchive) -> tuple[ObjectRef, ...]:
        page = text.project(self.body, self.content_type)
        pairs = [self._statement(number, item, page) for number, item in enumerate(self.statements, 1)]
        lines, leaves = statement_model.encode_object(pairs)
        said = {
            key: {"value": value, "source": "meta og:" + key}
            for key, value in (
                ("title", self.title),
                ("site", self.extra.get("site")),
                ("published", self.extra.get("published")),
                ("language", self.extra.get("language")),
            )
            if value is not None
        }
        byline = self.extra.get("byline")
        facts = ReadingFacts(
            by="rule",
            source=Source(
                self.record, digest.of_bytes(self.body), len(self.body), self.content_type, (), True,
                page.encoding, page.encoding_source, "page-text/v1",
            ),
            kind=self.kind,
            reasons=tuple(self.extra.get("reasons", ("json-ld says NewsArticle",))),
            article={**said, "bylines": [{"value": byline, "source": "guessed: trafilatura"}] if byline else []},
            readers={"archiver": "0.1.0"},
            statements=len(pairs),
            problems=(),
            salt=spell_salt(self.entropy(16)),
        )  # fmt: skip
        return (
            archive.put("facts", facts_model.encode(facts), "application/json"),
            archive.put("page-text", text.encode_object(self.entropy(16), page.text), "text/plain"),
            archive.put("statements", lines, "application/jsonl", leaves=leaves),
        )

    def _statement(self, number: int, item: dict[str, Any], page: Any) -> tuple[StatementRecord, ContextRecord]:
        parts, after = [], 0
        for words in item["parts"]:
            start = page.text.find(words, after)
            start = page.text.index(words) if start < 0 else start
            after = start + len(words)
            parts.append(anchor.make_part(page, self.body, start, after))
        speaker = None
        if item.get("speaker"):
            at = page.text.find(item["speaker"])
            mention = (at, at + len(item["speaker"])) if at >= 0 else None
            speaker = SpeakerRecord(item["speaker"], mention)
        record = StatementRecord(
            id=f"s{number}",
            kind=item["kind"],
            text=" ".join(part.exact for part in parts),
            speaker=speaker,
            role=item.get("role"),
            cue=item.get("cue", "said"),
            addressee=item.get("addressee"),
            when=item.get("when"),
            where=None,
            via=item.get("via"),
            polarity=item["polarity"],
            by="rule",
            confidence=91,
            parts=tuple(PartRecord(p.exact, p.text, p.bytes, p.digest) for p in parts),
            salt=spell_salt(self.entropy(16)),
        )
        around = tuple(ContextPart(clean(p.prefix), clean(p.suffix)) for p in parts)
        return record, ContextRecord(f"s{number}", around, spell_salt(self.entropy(16)))


def capture(archive: Archive, page: Page) -> None:
    """Seal a page as `archiver capture` does."""
    memory = MemoryArchive()
    with archive.ledger().batch() as group:
        subject = None
        for event, objects in (("snapshot", page.snapshot(memory)), ("reading", page.reading(memory))):
            for ref in objects:
                group.adopt(archive.objects.stage_bytes(memory.files[object_path(ref.digest)]))
            added = group.add(Draft(event, subject, None, objects, archive.clock()))
            subject = added.digest
        group.commit()


def small_page() -> Page:
    """A short article with one statement, behind a redirect."""
    return Page(
        b"<!doctype html><html lang=en><title>Bridge</title><h1>Bridge stays closed</h1>"
        b"<p>The mayor, Ann Lee, told reporters: <q>We will open the bridge on Monday.</q> He denied it.</p>",
        [
            {
                "parts": ["We will open the bridge on Monday."],
                "kind": "direct",
                "speaker": "Ann Lee",
                "polarity": "affirmed",
                "addressee": "reporters",
                "cue": "told",
            }
        ],
        title="Bridge stays closed",
        hops=((302, "http://news.example/b"),),
    )


def small_archive() -> MemoryArchive:
    """Genesis, a snapshot with its reading, and another one that the tests do not export."""
    archive = MemoryArchive()
    archive.capture(small_page())
    archive.capture(Page(b"<p>Other words.</p>", url="https://news.example/other", title="Other"))
    archive.seal()
    return archive


def bundle_of(
    archive: MemoryArchive, *sequences: int, signer: KeySigner = SIGNER, **options: Any
) -> tuple[bytes, Built]:
    """The bytes of a bundle. `withhold` may be words, as on the command line."""
    out = io.BytesIO()
    if isinstance(options.get("withhold"), list):
        options["withhold"] = parse(options["withhold"])
    built = build(archive, sequences, signer, out, created=CREATED, **options)
    return out.getvalue(), built


def check(data: bytes | Path, *, trusted: Iterable[KeySigner] = (SIGNER,), **policy: Any) -> Report:
    """What the verifier says of a bundle's bytes, or of a folder."""
    signers = {key.public.fingerprint: "me" for key in trusted}
    source = data if isinstance(data, Path) else io.BytesIO(data)
    return verify(BundleEvidence(source), Policy(signers=signers, **policy), bundle_step=check_bundle)


def codes(report: Report) -> set[tuple[str, str | None]]:
    """Code and file of everything that failed or could not be checked."""
    heavy = (Weight.FAILED, Weight.DISOWNED, Weight.NOT_CHECKED)
    return {(item.code, item.file) for item in report.findings if item.weight in heavy}


def contents(data: bytes) -> dict[str, bytes]:
    """Name in the bag -> bytes, read by somebody else's program."""
    with zipfile.ZipFile(io.BytesIO(data)) as zipped:
        return {name.partition("/")[2]: zipped.read(name) for name in zipped.namelist()}


def zip_of(files: dict[str, bytes], folder: str | None = None) -> bytes:
    """A zip as archiver spells it, of any files; the folder is the one that bundle.json gives."""
    if folder is None:
        folder = record.folder_name(record.decode(files["bundle.json"]))
    out = io.BytesIO()
    writer = ZipWriter(out, folder)
    for name in sorted(files):
        writer.add(name, [files[name]])
    writer.finish()
    return out.getvalue()


def signed_again(files: dict[str, bytes], signer: KeySigner = SIGNER) -> dict[str, bytes]:
    """The files with fresh lists and a fresh signature: what somebody who holds a key can always make."""
    payload = {n: digest.of_bytes(d) for n, d in sorted(files.items()) if n.startswith("data/")}
    made = {**files, "manifest-sha256.txt": b"".join(bag.lines(payload.items()))}
    tags = {n: digest.of_bytes(made[n]) for n in sorted(made) if n in layout.TAGS}
    made["tagmanifest-sha256.txt"] = b"".join(bag.lines(tags.items()))
    made["tagmanifest-sha256.txt.sig"] = signer.sign(made["tagmanifest-sha256.txt"], "archiver-bundle-v1")
    return made


def unpack(data: bytes, into: Path) -> Path:
    """The bag's folder, unpacked by somebody else's program."""
    with zipfile.ZipFile(io.BytesIO(data)) as zipped:
        zipped.extractall(into)
        return into / zipped.namelist()[0].split("/")[0]
