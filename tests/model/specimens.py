"""The specimen archive: every event once, in one chain, with real keys, signatures and objects. Nobody in it is real.

The good vectors in tests/vectors/manifests, facts and statements-object are these bytes, and so are the specimens in
docs/formats/manifest.md, facts.md and statement.md. The same bytes come out at each run.
"""

from __future__ import annotations

import functools
import hashlib
import io
from dataclasses import dataclass, replace
from typing import Any

from archiver import digest
from archiver.model import facts as facts_model
from archiver.model import manifest as manifest_model
from archiver.model import statement as statement_model
from archiver.model.facts import (
    ClockFacts,
    Collector,
    Hop,
    LocalFile,
    ReadingFacts,
    Remark,
    Request,
    SnapshotFacts,
    Software,
    Source,
    Tls,
)
from archiver.model.manifest import (
    BundleRef,
    Identity,
    KeyChange,
    Manifest,
    ObjectRef,
    Previous,
    StampRef,
    Tree,
    spell_salt,
)
from archiver.model.statement import ContextPart, ContextRecord, PartRecord, SpeakerRecord, StatementRecord
from archiver.page import text as page_text
from archiver.signing.keys import KeySigner
from archiver.tlog.checkpoint import LogKey
from archiver.warc.record import uuid_urn
from archiver.warc.write import WarcWriter

NAMESPACE = "archiver-manifest-v1"
ORIGIN = "log-5d2c9a"
SIGNER, RECOVERY, SIGNER_2, COLLECTOR, RECOVERY_2, RECOVERY_3 = (
    KeySigner.from_seed(bytes([n]) * 32) for n in (1, 2, 4, 5, 6, 7)
)
LOG, LOG_2, LOG_3 = (LogKey.from_seed(ORIGIN, seed) for seed in (bytes(range(32)), b"\x0b" * 32, b"\x0c" * 32))
SECRET = bytes(range(32))
URL = "https://news.example/bridge"
PAGE_TEXT = "“The bridge stays shut until spring,” Ann Lee told reporters on Monday."
BODY = f"<p>{PAGE_TEXT}\n".encode()
JSON, BYTES = "application/json", "application/octet-stream"


def salt(what: str) -> str:
    """Sixteen bytes that look random."""
    return spell_salt(hashlib.sha256(f"salt of {what}".encode()).digest()[:16])


def moment(minute: int) -> str:
    return f"2026-11-23T13:{minute:02d}:11.482Z"


# Objects

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % len(BODY)


@functools.cache
def warc() -> tuple[bytes, Tree]:
    """One exchange, with its certificate, and the tree over its segments."""
    ids = iter(range(1, 99))
    out = io.BytesIO()
    writer = WarcWriter(out, lambda: uuid_urn(next(ids).to_bytes(16, "big")), SECRET)
    writer.write_info(moment(2), {"software": "archiver/0.1", "format": "WARC File Format 1.1"})
    writer.write_exchange(
        uri=URL,
        date=moment(2),
        ip="192.0.2.7",
        response=HEAD + BODY,
        request=b"GET /bridge HTTP/1.1\r\nHost: news.example\r\nCookie: session=abc\r\n\r\n",
        certificates_pem=b"-----BEGIN CERTIFICATE-----\nMAo=\n-----END CERTIFICATE-----\n",
        protocols=("http/1.1", "tls/1.3"),
        cipher="TLS_AES_128_GCM_SHA256",
    )
    summary = writer.finish()
    return out.getvalue(), Tree(summary.segments.count, summary.segments.root)


RECORD = "<urn:uuid:00000000-0000-4000-8000-000000000002>"
SNAPSHOT_FACTS = SnapshotFacts(
    run="20261123-130210-7f3a09c4",
    origin="live web",
    collector=Collector("Ann Lee", "Example Weekly", None),
    case="harbour-bridge",
    note=None,
    tags=("bridge", "council"),
    request=Request(URL, URL, "GET", "direct", "Mozilla/5.0 (X11; Linux x86_64)", "en", None, ("session",)),
    file=None,
    started=moment(2),
    ended="2026-11-23T13:02:12.007Z",
    attempts=1,
    outcome="response",
    final_url=URL,
    hops=(
        Hop(
            url=URL,
            status=200,
            reason="OK",
            http="HTTP/1.1",
            location=None,
            ip="192.0.2.7",
            port=443,
            via_proxy=None,
            tls=Tls("TLSv1.3", "TLS_AES_128_GCM_SHA256", (digest.of_bytes(b"\x30\x0a"),), True, None),
            started=moment(2),
            received=len(HEAD) + len(BODY),
            truncated=None,
            problems=(),
            record=RECORD,
        ),
    ),
    clock=ClockFacts("system clock", True, -482, "UTC+01:00"),
    software=Software(
        "archiver",
        "0.1.0",
        "3.11.7",
        "Linux x86_64",
        {"openssl": "OpenSSL 3.0.19", "requests": "2.32.3"},
        {"redirects": 20},
    ),
    complete=False,
    missing=("requisites",),
    transformations=(),
    errors=(),
    salt=salt("facts"),
)
NO_RESPONSE_FACTS = replace(
    SNAPSHOT_FACTS,
    attempts=3,
    outcome="no response",
    final_url=URL,
    hops=(),
    clock=ClockFacts("system clock", None, None, "UTC+01:00"),
    errors=("connection refused",),
    salt=salt("no response"),
)
FILE_FACTS = replace(
    SNAPSHOT_FACTS,
    origin="local file",
    request=None,
    file=LocalFile("minutes.pdf", "2026-11-20T09:00:00.000Z", 48_213, "application/pdf"),
    outcome="file",
    final_url=None,
    hops=(),
    complete=True,
    missing=(),
    salt=salt("file"),
)
READING_FACTS = ReadingFacts(
    by="rule",
    source=Source(
        RECORD,
        digest.of_bytes(BODY),
        len(BODY),
        "text/html; charset=utf-8",
        (),
        True,
        "utf-8",
        "http",
        "page-text/v1",
    ),
    kind="article",
    reasons=("one paragraph of text",),
    article={"title": None, "language": {"value": "en", "source": "guessed: trafilatura"}},
    readers={"archiver": "0.1.0", "page_text": "page-text/v1", "statements": "rules/1"},
    statements=1,
    problems=(),
    salt=salt("reading"),
)
REMARK = Remark("Ann Lee", "The council's press office confirmed the words by telephone.", salt("remark"))
REASON = Remark(None, "A court ordered the removal of the recording.", salt("reason"))

WORDS = "“The bridge stays shut until spring,”"
STATEMENT = StatementRecord(
    id="s1",
    kind="direct",
    text=WORDS,
    speaker=SpeakerRecord("Ann Lee", (PAGE_TEXT.index("Ann"), PAGE_TEXT.index("Ann") + 7)),
    role=None,
    cue="told",
    addressee="reporters",
    when="on Monday",
    where=None,
    via=None,
    polarity="affirmed",
    by="rule",
    confidence=97,
    parts=(PartRecord(WORDS, (0, len(WORDS)), (3, 3 + len(WORDS.encode())), digest.of_bytes(WORDS.encode())),),
    salt=salt("s1"),
)
CONTEXT = ContextRecord("s1", (ContextPart("", PAGE_TEXT[len(WORDS) :]),), salt("context of s1"))


def statements() -> tuple[bytes, Tree]:
    return statement_model.encode_object([(STATEMENT, CONTEXT)])


# The chain


@dataclass(frozen=True, slots=True)
class Sealed:
    """One manifest of the specimen archive: `name` is that of its vector file."""

    name: str
    why: str
    manifest: Manifest
    data: bytes
    signature: bytes
    countersignatures: dict[str, bytes]  # file name's ending -> signature


class Chain:
    """Appends manifests, each signed and linked to the one before."""

    def __init__(self) -> None:
        self.sealed: list[Sealed] = []
        self.objects: dict[str, bytes] = {}
        self._keys: str | None = None

    def digest(self, number: int) -> str:
        return digest.of_bytes(self.sealed[number].data)

    def put(self, role: str, data: bytes, media_type: str, **tree: Tree) -> ObjectRef:
        found = digest.of_bytes(data)
        self.objects[found] = data
        return ObjectRef(role, found, len(data), media_type, **tree)

    def facts(self, facts: facts_model.Facts) -> ObjectRef:
        return self.put("facts", facts_model.encode(facts), JSON)

    def add(
        self,
        name: str,
        why: str,
        event: str,
        objects: tuple[ObjectRef, ...] = (),
        signer: KeySigner = SIGNER,
        counter: dict[str, KeySigner] | None = None,
        **more: Any,
    ) -> None:
        number = len(self.sealed)
        before = self.sealed[-1] if self.sealed else None
        manifest = Manifest(
            archive=self.digest(0) if before else None,
            sequence=number,
            previous=Previous(digest.of_bytes(before.data), digest.of_bytes(before.signature)) if before else None,
            keys=self._keys,
            signer=signer.public.fingerprint,
            event=event,
            time=moment(2 + number),
            subject=more.get("subject"),
            extra=more.get("extra"),
            objects=objects,
            salt=salt(f"manifest {number}"),
        )
        data = manifest_model.encode(manifest)
        signatures = {ending: key.sign(data, NAMESPACE) for ending, key in (counter or {}).items()}
        name = f"{number:03d}-{name}"
        self.sealed.append(Sealed(name, why, manifest, data, signer.sign(data, NAMESPACE), signatures))
        if event in ("genesis", "key"):
            self._keys = digest.of_bytes(data)


def _line(*signers: KeySigner) -> tuple[str, ...]:
    return tuple(signer.public.line() for signer in signers)


def _vkeys(log: LogKey) -> tuple[str, ...]:
    return tuple(key.spell() for key in log.vkeys())


@functools.cache
def chain() -> Chain:
    """The whole specimen archive."""
    found = Chain()
    _evidence(found)
    _keys(found)
    no_response = found.facts(NO_RESPONSE_FACTS)
    found.add("snapshot-no-response", "a visit that got no answer", "snapshot", (no_response,), SIGNER_2)
    return found


def _evidence(found: Chain) -> None:
    identity = Identity(ORIGIN, _line(SIGNER)[0], _line(RECOVERY)[0], _vkeys(LOG), None)
    found.add("genesis", "the first manifest", "genesis", counter={".sig.1": RECOVERY}, extra=identity)
    data, segments = warc()
    received = (
        found.facts(SNAPSHOT_FACTS),
        found.put("warc", data, "application/warc", segments=segments),
        found.put("segment-secret", SECRET, BYTES),
    )
    found.add("snapshot", "a visit", "snapshot", received)
    lines, leaves = statements()
    text = page_text.encode_object(hashlib.sha256(b"page text").digest()[:16], PAGE_TEXT)
    read = (
        found.facts(READING_FACTS),
        found.put("page-text", text, "text/plain"),
        found.put("statements", lines, "application/jsonl", leaves=leaves),
    )
    found.add("reading", "what was found in it", "reading", read, subject=found.digest(1))
    found.add("snapshot-again", "a later visit", "snapshot", received)
    verdicts = found.facts(replace(REMARK, salt=salt("verdicts")))
    found.add(
        "recheck", "the later visit compared", "recheck", (verdicts,), subject=found.digest(2), extra=found.digest(3)
    )
    copy = found.put("file", b"%PDF-1.7\n", "application/pdf")
    found.add("import", "received as a file", "import", (found.facts(FILE_FACTS), copy))
    corrected = (found.facts(replace(READING_FACTS, by="person", salt=salt("corrected"))), *read[1:])
    found.add("reading-replaces", "a correction", "reading", corrected, subject=found.digest(1), extra=found.digest(2))
    found.add("note", "a person's remark", "note", (found.facts(REMARK),), subject=found.digest(2))
    stamps = tuple(
        StampRef(8, kind, f"log/checkpoints/8{ending}", digest.of_bytes(ending.encode()), 3000)
        for kind, ending in (
            ("rfc3161", ".tsq"),
            ("rfc3161", ".tsr"),
            ("rfc3161", ".second.tsr"),
            ("opentimestamps", ".ots"),
            ("cosignature", ".cosig"),
        )
    )
    found.add("stamp", "files received for the checkpoint of 8", "stamp", extra=stamps)
    bundle = BundleRef(digest.of_bytes(b"PK"), 1_048_576, (1, 2))
    found.add("export", "a bundle left", "export", extra=bundle)
    reason = found.facts(REASON)
    found.add("takedown", "an object was removed", "takedown", (reason,), subject=found.digest(5), extra=(copy.digest,))


def _keys(found: Chain) -> None:
    def change(name: str, why: str, key_change: KeyChange, signer: KeySigner, new: KeySigner | None = None) -> None:
        found.add(name, why, "key", signer=signer, counter={".new.sig": new} if new else None, extra=key_change)

    change(
        "key-rotate-signer",
        "the signer is replaced",
        KeyChange("rotate", "signer", _line(SIGNER), _line(SIGNER_2), None, None),
        SIGNER,
        SIGNER_2,
    )
    change(
        "key-add-signer",
        "a second collector",
        KeyChange("add", "signer", (), _line(COLLECTOR), None, None),
        SIGNER_2,
        COLLECTOR,
    )
    change(
        "key-revoke-signer",
        "the second collector's key was stolen",
        KeyChange("revoke", "signer", _line(COLLECTOR), (), 13, "2026-11-23T13:14:00.000Z"),
        RECOVERY,
    )
    change(
        "key-rotate-log",
        "the log's key is replaced",
        KeyChange("rotate", "log", _vkeys(LOG), _vkeys(LOG_2), None, None),
        SIGNER_2,
    )
    change("key-add-log", "a second log key", KeyChange("add", "log", (), _vkeys(LOG_3), None, None), SIGNER_2)
    change(
        "key-revoke-log",
        "the second log key was stolen",
        KeyChange("revoke", "log", _vkeys(LOG_3), (), 16, "2026-11-23"),
        RECOVERY,
    )
    change(
        "key-rotate-recovery",
        "the recovery key is replaced",
        KeyChange("rotate", "recovery", _line(RECOVERY), _line(RECOVERY_2), None, None),
        RECOVERY,
        RECOVERY_2,
    )
    change(
        "key-add-recovery",
        "a second recovery key",
        KeyChange("add", "recovery", (), _line(RECOVERY_3), None, None),
        RECOVERY_2,
        RECOVERY_3,
    )
    change(
        "key-revoke-recovery",
        "the second recovery key was lost",
        KeyChange("revoke", "recovery", _line(RECOVERY_3), (), 19, None),
        RECOVERY_2,
    )
