"""Reads what manifests seal, for the report: objects that are here, parts of them, and why others are not.

What is not here, or of a later version, gives nothing, and never an exception; what is malformed does (FormatError).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from archiver.bundle.report import visits, words
from archiver.bundle.report.shown import File, Member
from archiver.errors import MissingError, NewerVersionError
from archiver.evidence import Evidence, read
from archiver.model import decisions, rendering, statement
from archiver.model.decisions import Decision
from archiver.model.encoding import MAX_DOCUMENT
from archiver.model.manifest import Manifest, ObjectRef
from archiver.model.rendering import PICTURE_ROLE, Rendering
from archiver.model.statement import ContextRecord, StatementRecord
from archiver.page import text
from archiver.verify.layout import parts_path

MAX_TEXT = 32 << 20  # bytes of page text or of statements that are shown; larger ones are only listed
MAX_MARKED = 512 << 10  # bytes of a picture of one statement that is shown in the page
T = TypeVar("T")
Pairs = list[tuple[StatementRecord, ContextRecord | None]]


class Objects:
    """The objects of a bundle's manifests. `withheld`: digest -> how many parts are shown; `removed`: digest -> number
    of the takedown."""

    def __init__(self, evidence: Evidence, withheld: Mapping[str, int], removed: Mapping[str, int]) -> None:
        self.evidence = evidence
        self._withheld, self._removed = withheld, removed

    def files(self, member: Member) -> tuple[File, ...]:
        """The objects that a manifest names, and whether they are here."""
        return tuple(self._file(ref) for ref in member.manifest.objects)

    def _file(self, ref: ObjectRef) -> File:
        shown = self._parts(ref)
        name = self.evidence.prefix + parts_path(ref.digest) if shown else self.evidence.object_name(ref.digest)
        return File(ref, name or "", self.state(ref), shown)

    def _parts(self, ref: ObjectRef) -> int:
        """How many parts are here of an object that is not, as bundle.json says."""
        if self.evidence.object_name(ref.digest) is not None or ref.digest in self._removed:
            return 0
        return self._withheld.get(ref.digest, 0)

    def state(self, ref: ObjectRef) -> str | None:
        """None for an object that is here, else why it is not."""
        if self.evidence.object_name(ref.digest) is not None:
            return None
        if ref.digest in self._removed:
            return f"taken down by number {self._removed[ref.digest]}"
        shown, tree = self._parts(ref), ref.segments or ref.leaves
        if shown and tree is not None:
            return f"shown in part: {shown:,} of {tree.count:,} parts, the others withheld by the exporter"
        return "withheld by the exporter" if ref.digest in self._withheld else "not in this bundle"

    def data(self, manifest: Manifest, role: str, limit: int) -> bytes:
        """An object's bytes. Raises MissingError."""
        ref = manifest.object(role)
        if ref is None:
            raise MissingError(f"there is no {role}")
        name = self.evidence.object_name(ref.digest)
        if name is None:
            raise MissingError(f"{role}: {self.state(ref)}")
        if ref.size > limit:
            raise MissingError(f"{role}: {words.size(ref.size)} are too many to be shown here")
        return read(self.evidence, name, limit)

    def decoded(
        self, manifest: Manifest, role: str, decoder: Callable[[bytes], T], limit: int = MAX_DOCUMENT
    ) -> tuple[T | None, str | None]:
        """An object as the record that it is; None, and why, if it cannot be had."""
        try:
            return decoder(self.data(manifest, role, limit)), None
        except (MissingError, NewerVersionError) as error:
            return None, error.message

    def pairs(self, manifest: Manifest) -> tuple[Pairs, bool]:
        """Statements with the words around them; and whether these are only some, the others being withheld. Raises
        MissingError, NewerVersionError."""
        ref = manifest.object("statements")
        name = self.evidence.prefix + parts_path(ref.digest) if ref is not None else ""
        if ref is None or self.evidence.object_name(ref.digest) is not None or self.evidence.size(name) is None:
            return list(statement.decode_object(self.data(manifest, "statements", MAX_TEXT))), False
        found: Pairs = []
        for line in statement.split_lines(read(self.evidence, name, MAX_TEXT)):
            record = statement.decode_record(line)
            if isinstance(record, StatementRecord):
                found.append((record, None))
            elif found and found[-1][0].id == record.id:
                found[-1] = (found[-1][0], record)
        return found, True

    def page_text(self, manifest: Manifest) -> str | None:
        """The sealed page text of a reading."""
        found, _ = self.decoded(manifest, "page-text", text.decode_object, MAX_TEXT)
        return found[1] if found is not None else None

    def decisions(self, manifest: Manifest) -> dict[str, list[Decision]]:
        """What people decided, by the statements' ids."""
        decided, _ = self.decoded(manifest, decisions.ROLE, decisions.decode)
        found: dict[str, list[Decision]] = {}
        for item in decided.decisions if decided is not None else ():
            found.setdefault(item.id, []).append(item)
        return found

    def rendering(self, manifest: Manifest) -> Rendering | None:
        """How a browser made the visit."""
        return self.decoded(manifest, rendering.ROLE, rendering.decode)[0]

    def served(self, manifest: Manifest) -> dict[str, bool]:
        """Of statements in a document after scripts: whether the collector found them in the served page as well."""
        found, _ = self.decoded(manifest, rendering.ORIGINS_ROLE, rendering.decode_origins)
        return {item.id: item.served for item in found.origins} if found is not None else {}

    def screenshot(self, manifest: Manifest) -> str | None:
        """The picture of the page, as it can stand in the report."""
        return self._picture(manifest, "screenshot", visits.MAX_PICTURE)

    def marked(self, manifest: Manifest, name: str) -> str | None:
        """The picture of one statement, with its words marked."""
        return self._picture(manifest, PICTURE_ROLE + name, MAX_MARKED)

    def _picture(self, manifest: Manifest, role: str, limit: int) -> str | None:
        ref = manifest.object(role)
        if ref is None or ref.media_type not in visits.PICTURE_TYPES:
            return None
        data, _ = self.decoded(manifest, role, bytes, limit)
        return visits.data_uri(ref.media_type, data) if data is not None else None
