"""An archive in memory, made from the pure parts of archiver alone: real keys, WARCs, readings, tiles, notes.

    archive = Simulator(seed=1).snapshot(html=b"<p>Ann Lee said: \\u201cNo.\\u201d").reading("\\u201cNo.\\u201d")
    verify(archive, Policy(signers={archive.signer.public.fingerprint: "me"}))

It is an `Evidence`. `files` is open: change, add and delete what you like. `write_to(folder)` lays it out on disk.
Every event is a commit with a checkpoint of its own; within `with archive.batch():` several share one. The hooks
`facts=`, `records=` and `page_text=` make archives that are well sealed and lie. The same seed gives the same bytes,
but for the ML-DSA-44 lines of checkpoints, which are signed with fresh randomness.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Literal

from archiver import digest
from archiver.errors import MissingError
from archiver.model import facts as facts_model
from archiver.model import manifest as manifest_model
from archiver.model import statement as statement_model
from archiver.model.encoding import clean
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
    Continues,
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
from archiver.page import anchor
from archiver.page import text as page_text_model
from archiver.signing import allowed_signers
from archiver.signing.keys import KeySigner
from archiver.tlog.checkpoint import Checkpoint, LogKey
from archiver.tlog.merkle import EMPTY_ROOT
from archiver.tlog.note import Note, open_note
from archiver.tlog.tiles import TileBuilder
from archiver.verify.layout import manifest_path, object_path, sequence_of
from archiver.warc.http import entity_body, split_message
from archiver.warc.record import uuid_urn
from archiver.warc.write import WarcWriter

NAMESPACE = "archiver-manifest-v1"
URL = "https://news.example/bridge"
HTML = (
    "<!doctype html><title>Bridge stays shut</title><h1>Bridge stays shut</h1>\n"
    "<p>“The bridge stays shut until spring,” Ann Lee told reporters on Monday.\n"
    "<p>Asked about the cost, she said: “No&nbsp;comment.”\n"
).encode()
_QUOTED = re.compile("“[^”]*”")


class Simulator:
    """One archive. Methods that add events return the archive itself; `last` is the number of the newest manifest."""

    kind: Literal["archive", "bundle"] = "archive"
    prefix = ""

    def __init__(self, seed: int = 1, *, origin: str = "log-5d2c9a", continues: Continues | None = None) -> None:
        self.label = f"simulator {seed}"
        self.files: dict[str, bytes] = {}
        self._seed, self._drawn, self._ticks = seed, 0, 0
        self.signer = KeySigner(self.entropy(32))
        self.recovery = KeySigner(self.entropy(32))
        self.log_key = LogKey(origin, self.entropy(32))
        self.origin = origin
        self.signers = [self.signer]  # all ever admitted, in order: trust/allowed_signers
        self.manifests: list[bytes] = []
        self.checkpoint_size = 0
        self._root = EMPTY_ROOT
        self._keys: str | None = None
        self._handover: LogKey | None = None  # the old log key, until the first checkpoint signed by both
        self._batched = False
        self.files["archive.yaml"] = b"# Settings of this archive.\nkeys: simulated\n"
        self._genesis(continues)

    # Sources of time and chance.

    def entropy(self, count: int) -> bytes:
        """The next `count` bytes of this seed's randomness."""
        self._drawn += 1
        return hashlib.shake_256(b"simulator %d %d" % (self._seed, self._drawn)).digest(count)

    def clock(self) -> str:
        """A later time at each call, `2026-11-23T13:02:11.482Z`."""
        self._ticks += 1
        moment = datetime.datetime(2026, 11, 23, 13, 2, 11) + datetime.timedelta(milliseconds=482 * self._ticks)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"

    # Evidence.

    def names(self) -> Iterable[str]:
        return sorted(self.files, key=lambda name: name.encode())

    def size(self, name: str) -> int | None:
        data = self.files.get(name)
        return None if data is None else len(data)

    def open(self, name: str) -> BinaryIO:
        if name not in self.files:
            raise MissingError("is missing", where=name)
        return io.BytesIO(self.files[name])

    def sequences(self) -> Iterable[int]:
        return sorted(n for name in self.files if (n := sequence_of(name)) is not None)

    def manifest_name(self, sequence: int) -> str:
        return manifest_path(sequence)

    def object_name(self, digest: str) -> str | None:
        name = object_path(digest)
        return name if name in self.files else None

    # What tests ask for.

    @property
    def identity(self) -> str:
        """The archive's identity: the digest of genesis."""
        return digest.of_bytes(self.manifests[0])

    @property
    def last(self) -> int:
        """Number of the newest manifest."""
        return len(self.manifests) - 1

    @property
    def root(self) -> bytes:
        """Root of the newest checkpoint."""
        return self._root

    def manifest(self, sequence: int | None = None) -> Manifest:
        """One manifest, the newest by default."""
        return manifest_model.decode(self.manifests[self.last if sequence is None else sequence])

    def newest(self, event: str) -> int:
        """Number of the newest manifest of that event."""
        return next(n for n in range(self.last, -1, -1) if self.manifest(n).event == event)

    def object_of(self, sequence: int, role: str) -> str:
        """File name of a manifest's object."""
        ref = self.manifest(sequence).object(role)
        assert ref is not None, f"number {sequence} has no {role}"
        return object_path(ref.digest)

    def copy(self) -> Simulator:
        """An archive with the same files and keys that can go its own way."""
        other = object.__new__(type(self))
        other.__dict__ = {
            key: value.copy() if isinstance(value, dict | list) else value for key, value in self.__dict__.items()
        }
        return other

    def write_to(self, folder: Path) -> Path:
        """Lay the files out in a folder; gives it back."""
        for name, data in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder

    # Events.

    def snapshot(
        self,
        html: bytes = HTML,
        *,
        url: str = URL,
        content_type: str = "text/html; charset=utf-8",
        status: int = 200,
        response: bytes | None = None,
        redirects: Sequence[str] = (),
        truncated: Literal["length", "time", "disconnect", "unspecified"] | None = None,
        certificates: Sequence[bytes] = (),
        facts: Callable[[SnapshotFacts], SnapshotFacts] = lambda facts: facts,
        warc: Callable[[bytes], bytes] = lambda data: data,
    ) -> Simulator:
        """A snapshot of `html` (or of the whole `response`), behind redirects from each of those URLs.

        `facts` and `warc` may falsify what is sealed: the WARC's digest and size are then those of the forgery, its
        segments those of the original.
        """
        exchanges = []
        for place, here in enumerate(redirects):
            following = [*redirects, url][place + 1]
            head = f"HTTP/1.1 301 Moved Permanently\r\nLocation: {following}\r\nContent-Length: 0\r\n\r\n"
            exchanges.append((here, head.encode()))
        if response is None:
            head = f"HTTP/1.1 {status} OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(html)}\r\n\r\n"
            response = head.encode("latin-1") + html
        exchanges.append((url, response))
        started = self.clock()
        data, ref, secret, hops = self._exchanges(exchanges, started, truncated, certificates)
        said = facts(self._facts(started, hops=hops, request_url=exchanges[0][0], final_url=url, outcome="response"))
        data = warc(data)
        ref = replace(ref, digest=digest.of_bytes(data), size=len(data))
        return self._seal_snapshot(said, data, ref, secret)

    def local_file(
        self,
        data: bytes,
        name: str = "letter.txt",
        media_type: str = "text/plain",
        facts: Callable[[SnapshotFacts], SnapshotFacts] = lambda facts: facts,
    ) -> Simulator:
        """A snapshot of a file of the collector's machine."""
        started, out, secret = self.clock(), io.BytesIO(), self.entropy(32)
        writer = WarcWriter(out, lambda: uuid_urn(self.entropy(16)), secret)
        writer.write_info(started, {"software": "simulator", "format": "WARC File Format 1.1"})
        writer.write_resource("file:///" + name, started, media_type, data, len(data))
        ref = self._warc_ref(writer)
        said = self._facts(started, hops=(), request_url=None, final_url=None, outcome="file")
        said = replace(said, file=LocalFile(name, started, len(data), media_type), complete=True, missing=())
        return self._seal_snapshot(facts(said), out.getvalue(), ref, secret)

    def no_response(self) -> Simulator:
        """A snapshot of a visit that got no answer at all."""
        started = self.clock()
        said = self._facts(started, hops=(), request_url=URL, final_url=URL, outcome="no response")
        return self._add("snapshot", [self._put("facts", facts_model.encode(said), "application/json")])

    def reading(
        self,
        *quotes: str,
        snapshot: int | None = None,
        replaces: str | None = None,
        content_type: str | None = None,
        facts: Callable[[ReadingFacts], ReadingFacts] = lambda facts: facts,
        records: Callable[[StatementRecord, ContextRecord], tuple[StatementRecord, ContextRecord]] = lambda s, c: (
            s,
            c,
        ),
        page_text: Callable[[str], str] = lambda text: text,
        leaves: Callable[[Tree], Tree] = lambda tree: tree,
    ) -> Simulator:
        """A reading of the newest (or that) snapshot, with a statement for each quote, by default each “…” in the page.

        The body is read from the stored WARC. `page_text` falsifies the text that is sealed, `records` each statement.
        """
        number = self.newest("snapshot") if snapshot is None else snapshot
        record, body, complete, codings, found_type = self._stored_body(number)
        content_type = found_type if content_type is None else content_type
        bare = content_type.split(";")[0].strip().lower()
        plain = bare == "text/plain"
        objects: list[ObjectRef] = []
        source = Source(
            record, digest.of_bytes(body), len(body), clean(content_type), codings, complete, None, None, None
        )
        count, kind = 0, "not html"
        if plain or bare in ("text/html", "application/xhtml+xml", ""):
            page = (page_text_model.project_plain if plain else page_text_model.project)(body, content_type)
            pairs = [records(*pair) for pair in self._statements(page, body, quotes)]
            count, kind = len(pairs), "plain text" if plain else "article"
            version: Any = "plain-text/v1" if plain else "page-text/v1"
            source = replace(source, encoding=page.encoding, encoding_source=page.encoding_source, text=version)
            sealed = page_text_model.encode_object(self.entropy(16), page_text(page.text))
            objects.append(self._put("page-text", sealed, "text/plain"))
            data, tree = statement_model.encode_object(pairs)
            objects.append(replace(self._put("statements", data, "application/jsonl"), leaves=leaves(tree)))
        said = ReadingFacts("rule", source, kind, (), None, {"simulator": "1"}, count, (), self._salt())
        objects.insert(0, self._put("facts", facts_model.encode(facts(said)), "application/json"))
        return self._add("reading", objects, subject=digest.of_bytes(self.manifests[number]), extra=replaces)

    def capture(self, html: bytes = HTML, *quotes: str, url: str = URL) -> Simulator:
        """A snapshot and its reading in one commit."""
        with self.batch():
            return self.snapshot(html, url=url).reading(*quotes)

    def note(self, text: str = "Seen by two of us.", subject: int | None = None) -> Simulator:
        """A person's remark on the newest (or that) manifest."""
        about = self.manifests[self.last if subject is None else subject]
        return self._add("note", [self.remark(text)], subject=digest.of_bytes(about))

    def remark(self, text: str = "Seen by two of us.") -> ObjectRef:
        """The facts of a note, takedown or export, stored."""
        return self._put("facts", facts_model.encode(Remark("Ann Lee", text, self._salt())), "application/json")

    def takedown(self, sequence: int, *roles: str) -> Simulator:
        """Remove those objects of a manifest, and say so."""
        refs = [ref for ref in self.manifest(sequence).objects if ref.role in roles]
        reason = Remark("Ann Lee", "Asked for by the person concerned.", self._salt())
        for ref in refs:
            self.files.pop(object_path(ref.digest), None)
        return self._add(
            "takedown",
            [self._put("facts", facts_model.encode(reason), "application/json")],
            subject=digest.of_bytes(self.manifests[sequence]),
            extra=tuple(ref.digest for ref in refs),
        )

    def stamp(self, data: bytes = b"not really a token", suffix: str = ".tsr", size: int | None = None) -> Simulator:
        """A time stamp file (`.cosig`: a cosignature file) beside the newest (or that) checkpoint, and its event."""
        kinds: dict[str, Any] = {".cosig": "cosignature", ".ots": "opentimestamps"}
        size = self.checkpoint_size if size is None else size
        name = f"log/checkpoints/{size}{suffix}"
        self.files[name] = data
        ref = StampRef(size, kinds.get(suffix, "rfc3161"), name, digest.of_bytes(data), len(data))
        return self._add("stamp", [], extra=(ref,))

    def export(self, bundle: bytes = b"PK", sequences: Sequence[int] = (1,)) -> Simulator:
        """A bundle left the archive."""
        return self._add("export", [], extra=BundleRef(digest.of_bytes(bundle), len(bundle), tuple(sequences)))

    def rotate(self, new: KeySigner | None = None) -> Simulator:
        """Replace the signer: signed by the old and the new key; the new one signs from now on."""
        new = new or KeySigner(self.entropy(32))
        change = KeyChange("rotate", "signer", (self.signer.public.line(),), (new.public.line(),), None, None)
        self.key_event(change, countersigner=new)
        self._admit(new)
        self.signer = new
        return self

    def add_signer(self, new: KeySigner) -> Simulator:
        """Admit another collector's key beside the present one. `archive.signer = new` makes it sign."""
        self.key_event(KeyChange("add", "signer", (), (new.public.line(),), None, None), countersigner=new)
        self._admit(new)
        return self

    def revoke(self, trusted_size: int, *, old: KeySigner | None = None, new: KeySigner | None = None) -> Simulator:
        """Revoke the signer (or `old`) with the recovery key; `new` takes over, by default a fresh key."""
        revoked = old or self.signer
        new = new or KeySigner(self.entropy(32))
        lines = (new.public.line(),)
        change = KeyChange("revoke", "signer", (revoked.public.line(),), lines, trusted_size, "2026-11-01")
        self.key_event(change, signer=self.recovery, countersigner=new)
        self._admit(new)
        self.signer = new
        return self

    def rotate_recovery(self, new: KeySigner | None = None) -> Simulator:
        """Replace the recovery key: signed by the old and the new one."""
        new = new or KeySigner(self.entropy(32))
        change = KeyChange("rotate", "recovery", (self.recovery.public.line(),), (new.public.line(),), None, None)
        self.key_event(change, signer=self.recovery, countersigner=new)
        self.recovery = new
        return self

    def rotate_log(self, new: LogKey | None = None, *, handover: bool = True) -> Simulator:
        """Replace the log's key: the first checkpoint over the event is signed by both (unless not `handover`)."""
        old, new = self.log_key, new or LogKey(self.origin, self.entropy(32))
        change = KeyChange(
            "rotate", "log", tuple(k.spell() for k in old.vkeys()), tuple(k.spell() for k in new.vkeys()), None, None
        )
        self.log_key, self._handover = new, old if handover else None
        return self.key_event(change)

    def revoke_log(self, trusted_size: int, new: LogKey | None = None) -> Simulator:
        """Revoke the log's key with the recovery key; the new one signs alone."""
        old, new = self.log_key, new or LogKey(self.origin, self.entropy(32))
        old_lines, new_lines = tuple(k.spell() for k in old.vkeys()), tuple(k.spell() for k in new.vkeys())
        self.log_key = new
        change = KeyChange("revoke", "log", old_lines, new_lines, trusted_size, "2026-11-01")
        return self.key_event(change, signer=self.recovery)

    def key_event(
        self, change: KeyChange, *, signer: KeySigner | None = None, countersigner: KeySigner | None = None
    ) -> Simulator:
        """Any key event, good or bad."""
        return self._add("key", [], extra=change, signer=signer, countersigner=countersigner)

    def raw(self, data: bytes, signer: KeySigner | None = None) -> Simulator:
        """Any bytes as the next manifest, signed: later versions, forgeries."""
        return self._append(data, signer or self.signer, None)

    def draft(self, event: str, objects: Iterable[ObjectRef] = (), **changes: Any) -> Manifest:
        """The next manifest of that event before it is encoded; `changes` replace any of its fields."""
        first = not self.manifests
        manifest = Manifest(
            archive=None if first else self.identity,
            sequence=len(self.manifests),
            previous=None if first else self._previous(),
            keys=self._keys,
            signer=self.signer.public.fingerprint,
            event=event,
            time=self.clock(),
            subject=None,
            extra=None,
            objects=tuple(objects),
            salt=self._salt(),
        )
        return replace(manifest, **changes)

    @contextlib.contextmanager
    def batch(self) -> Iterator[None]:
        """Group commit: one checkpoint for everything added inside."""
        if self._batched:
            yield
            return
        self._batched = True
        try:
            yield
        finally:
            self._batched = False
        self.commit()

    def commit(self) -> None:
        """Tiles and a checkpoint over what has no checkpoint yet."""
        builder = TileBuilder(lambda name: self._read_log(name), self.checkpoint_size, self._root)
        for data in self.manifests[self.checkpoint_size :]:
            builder.append(data)
        self.files.update({"log/" + name: data for name, data in builder.files().items()})
        self.checkpoint_size, self._root = builder.size, builder.root()
        note = self.sign(Checkpoint(self.origin, self.checkpoint_size, self._root))
        self.files[f"log/checkpoints/{self.checkpoint_size}"] = note
        self.files["log/checkpoint"] = note
        self._handover = None
        self._write_trust()

    def sign(self, checkpoint: Checkpoint) -> bytes:
        """That checkpoint, true or false, signed by the log's keys."""
        seconds = 1_795_438_931 + self._ticks
        note = self.log_key.sign(checkpoint, seconds)
        if self._handover is not None:
            old, new = open_note(self._handover.sign(checkpoint, seconds)), open_note(note)
            note = Note(new.text, (*old.signatures, *new.signatures)).encode()
        return note

    # Below: how.

    def _genesis(self, continues: Continues | None) -> None:
        identity = Identity(
            self.origin,
            self.signer.public.line(),
            self.recovery.public.line(),
            tuple(key.spell() for key in self.log_key.vkeys()),
            continues,
        )
        with self.batch():
            self._add("genesis", [], extra=identity)
            data = self.manifests[0]
            self.files[manifest_path(0) + ".sig.1"] = self.recovery.sign(data, NAMESPACE)

    def _add(
        self,
        event: str,
        objects: Iterable[ObjectRef],
        *,
        subject: str | None = None,
        extra: Any = None,
        signer: KeySigner | None = None,
        countersigner: KeySigner | None = None,
    ) -> Simulator:
        signer = signer or self.signer
        manifest = self.draft(event, objects, subject=subject, extra=extra, signer=signer.public.fingerprint)
        data = manifest_model.encode(manifest)
        self._append(data, signer, countersigner)
        if event in ("genesis", "key"):
            self._keys = digest.of_bytes(data)
        return self

    def _append(self, data: bytes, signer: KeySigner, countersigner: KeySigner | None) -> Simulator:
        name = manifest_path(len(self.manifests))
        self.files[name] = data
        self.files[name + ".sig"] = signer.sign(data, NAMESPACE)
        if countersigner is not None:
            self.files[name + ".new.sig"] = countersigner.sign(data, NAMESPACE)
        self.manifests.append(data)
        if not self._batched:
            self.commit()
        return self

    def _previous(self) -> Previous:
        name = manifest_path(self.last)
        return Previous(digest.of_bytes(self.manifests[-1]), digest.of_bytes(self.files[name + ".sig"]))

    def _put(self, role: str, data: bytes, media_type: str) -> ObjectRef:
        ref = ObjectRef(role, digest.of_bytes(data), len(data), media_type)
        self.files[object_path(ref.digest)] = data
        return ref

    def _salt(self) -> str:
        return spell_salt(self.entropy(16))

    def _read_log(self, name: str) -> bytes:
        if "log/" + name not in self.files:
            raise MissingError("is missing", where="log/" + name)
        return self.files["log/" + name]

    def _admit(self, new: KeySigner) -> None:
        if all(new.public != known.public for known in self.signers):
            self.signers.append(new)
        if not self._batched:
            self._write_trust()

    def _write_trust(self) -> None:
        self.files["trust/allowed_signers"] = allowed_signers.encode_for(key.public.line() for key in self.signers)
        self.files["trust/log.vkey"] = "".join(key.spell() + "\n" for key in self.log_key.vkeys()).encode()

    def _exchanges(
        self, exchanges: Sequence[tuple[str, bytes]], date: str, truncated: Any, certificates: Sequence[bytes]
    ) -> tuple[bytes, ObjectRef, bytes, tuple[Hop, ...]]:
        import ssl

        out, secret, hops = io.BytesIO(), self.entropy(32), []
        writer = WarcWriter(out, lambda: uuid_urn(self.entropy(16)), secret)
        writer.write_info(date, {"software": "simulator", "format": "WARC File Format 1.1"})
        pem = "".join(ssl.DER_cert_to_PEM_cert(der) for der in certificates).encode() or None
        tls = Tls("TLSv1.3", "TLS_AES_128_GCM_SHA256", tuple(map(digest.of_bytes, certificates)), True, None)
        for place, (url, response) in enumerate(exchanges):
            cut = truncated if place == len(exchanges) - 1 else None
            path = "/" + url.split("/", 3)[3]
            ids = writer.write_exchange(
                uri=url,
                date=date,
                ip="192.0.2.7",
                request=f"GET {path} HTTP/1.1\r\nHost: news.example\r\nUser-Agent: simulator\r\n\r\n".encode(),
                response=response,
                truncated=cut,
                certificates_pem=pem,
                protocols=("http/1.1", "tls/1.3") if pem else ("http/1.1",),
                cipher="TLS_AES_128_GCM_SHA256" if pem else None,
            )
            final = split_message(io.BytesIO(response)).final
            hops.append(
                Hop(
                    url=url,
                    status=final.status if final else None,
                    reason=clean(final.reason, 200) if final and final.reason is not None else None,
                    http="HTTP/1.1",
                    location=final.get("Location") if final else None,
                    ip="192.0.2.7",
                    port=443,
                    via_proxy=None,
                    tls=tls if pem else None,
                    started=date,
                    received=len(response),
                    truncated=cut,
                    problems=(),
                    record=ids.response_id,
                )
            )
        ref = self._warc_ref(writer)
        return out.getvalue(), ref, secret, tuple(hops)

    def _warc_ref(self, writer: WarcWriter) -> ObjectRef:
        made = writer.finish()
        assert made.segments is not None
        tree = Tree(made.segments.count, made.segments.root)
        return ObjectRef("warc", made.digest, made.size, "application/warc", segments=tree)

    def _seal_snapshot(self, facts: SnapshotFacts, warc: bytes, ref: ObjectRef, secret: bytes) -> Simulator:
        self.files[object_path(ref.digest)] = warc
        return self._add(
            "snapshot",
            [
                self._put("facts", facts_model.encode(facts), "application/json"),
                ref,
                self._put("segment-secret", secret, "application/octet-stream"),
            ],
        )

    def _facts(
        self, started: str, *, hops: tuple[Hop, ...], request_url: str | None, final_url: str | None, outcome: Any
    ) -> SnapshotFacts:
        request = None
        if request_url is not None:
            request = Request(request_url, request_url, "GET", "direct", "simulator", None, None, ())
        return SnapshotFacts(
            run="20261123-130211-7c1e",
            origin="local file" if outcome == "file" else "live web",
            collector=Collector("Ann Lee", "The Ferrow Gazette", None),
            case=None,
            note=None,
            tags=(),
            request=request,
            file=None,
            started=started,
            ended=self.clock(),
            attempts=1,
            outcome=outcome,
            final_url=final_url,
            hops=hops,
            clock=ClockFacts("simulated", None, None, "UTC+00:00"),
            software=Software("simulator", "1", "3", "none", {}, {}),
            complete=False,
            missing=("requisites",),
            transformations=(),
            errors=(),
            salt=self._salt(),
        )

    def _stored_body(self, sequence: int) -> tuple[str, bytes, bool, tuple[str, ...], str]:
        """Record id, decoded body, completeness, codings and Content-Type of the last response (or file) stored."""
        from archiver.warc.read import read_records

        warc = io.BytesIO(self.files[self.object_of(sequence, "warc")])
        record = [r for r in read_records(warc) if r.get("WARC-Type") in ("response", "resource")][-1]
        name = record.get("WARC-Record-ID") or ""
        if record.get("WARC-Type") == "resource":
            return name, record.block().read(), True, (), record.get("Content-Type") or ""
        message = split_message(record.block())
        assert message.final is not None, "the response has no head"
        block = record.block()
        block.seek(message.body_offset)
        decoded = entity_body(message.final, block, 64 << 20)
        return name, decoded.data, decoded.complete, decoded.codings, message.final.get("Content-Type") or ""

    def _statements(
        self, page: page_text_model.PageText, body: bytes, quotes: Sequence[str]
    ) -> Iterator[tuple[StatementRecord, ContextRecord]]:
        if not quotes:
            places = [match.span() for match in _QUOTED.finditer(page.text)]
        else:
            starts = [page.text.index(quote) for quote in quotes]
            places = [(start, start + len(quote)) for start, quote in zip(starts, quotes, strict=True)]
        name = page.text.find("Ann Lee")
        speaker = SpeakerRecord("Ann Lee", (name, name + 7) if name >= 0 else None)
        for number, (start, end) in enumerate(places, 1):
            part = anchor.make_part(page, body, start, end)
            statement = StatementRecord(
                id=f"s{number}",
                kind="direct",
                text=part.exact,
                speaker=speaker,
                role=None,
                cue="said",
                addressee=None,
                when=None,
                where=None,
                via=None,
                polarity="affirmed",
                by="rule",
                confidence=90,
                parts=(PartRecord(part.exact, part.text, part.bytes, part.digest),),
                salt=self._salt(),
            )
            yield statement, ContextRecord(statement.id, (ContextPart(part.prefix, part.suffix),), self._salt())
