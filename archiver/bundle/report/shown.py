"""What the report shows, as nouns: records, their files, captures, readings, statements. Nothing is read here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from archiver.bundle.report import words
from archiver.bundle.report.context import Piece
from archiver.bundle.report.visits import Told, Visit
from archiver.model.decisions import Decision
from archiver.model.facts import ReadingFacts, SnapshotFacts
from archiver.model.manifest import Manifest, ObjectRef
from archiver.model.rendering import PICTURE_ROLE, Rendering
from archiver.model.statement import StatementRecord


@dataclass(frozen=True, slots=True)
class Member:
    """One manifest of the bundle."""

    sequence: int
    digest: str
    manifest: Manifest
    selected: bool


@dataclass(frozen=True, slots=True)
class File:
    """One object of a manifest: `state` is None if it is in the bundle, else why it is not. `parts`: how many of its
    parts are shown all the same; these are then the file `name`."""

    ref: ObjectRef
    name: str
    state: str | None
    parts: int = 0

    @property
    def meaning(self) -> str:
        """What it is, in words."""
        role = self.ref.role
        if role.startswith(PICTURE_ROLE):
            return f"a picture of the page with the words of {role.removeprefix(PICTURE_ROLE)} marked"
        return words.ROLES.get(role, role)


@dataclass(frozen=True, slots=True)
class Shown:
    """One statement. `paragraphs`: the words around it, none if they are withheld; `told`: what later visits found;
    `decisions`: what people decided about it; `served`: of a document after scripts, whether the collector found the
    words in what the server sent, too (None: not told); `picture`: a data: URI."""

    ref: str
    record: StatementRecord
    paragraphs: tuple[tuple[Piece, ...], ...]
    told: tuple[Told, ...] = ()
    decisions: tuple[Decision, ...] = ()
    served: bool | None = None
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class ReadingView:
    """One reading. `facts` None: not in the bundle; `problem` says why something cannot be shown; `partial`: some of
    its statements were withheld; `made`: what was read is the document after scripts, which no server sent."""

    member: Member
    facts: ReadingFacts | None
    statements: tuple[Shown, ...]
    files: tuple[File, ...]
    problem: str | None
    partial: bool = False
    made: bool = False

    def said(self, key: str) -> tuple[str, str] | None:
        """Value and source of one of the article's facts."""
        article = self.facts.article if self.facts is not None else None
        return _said((article or {}).get(key))

    @property
    def total(self) -> int:
        """How many statements the reading lists, here or not: each is two lines."""
        ref = self.member.manifest.object("statements")
        return ref.leaves.count // 2 if ref is not None and ref.leaves is not None else 0

    @property
    def bylines(self) -> list[tuple[str, str]]:
        """Names under which the article appeared, with their sources."""
        article = self.facts.article if self.facts is not None else None
        found = (article or {}).get("bylines")
        return [said for item in found if (said := _said(item))] if isinstance(found, list) else []


@dataclass(frozen=True, slots=True)
class CaptureView:
    """One snapshot (or imported file) with its readings in the bundle. `visits`: its rechecks; `picture`: a data: URI;
    `rechecks`: numbers of those that this capture was made for; `rendering`: how a browser made the visit."""

    member: Member
    facts: SnapshotFacts | None
    readings: tuple[ReadingView, ...]
    files: tuple[File, ...]
    problem: str | None
    visits: tuple[Visit, ...] = ()
    picture: str | None = None
    rechecks: tuple[int, ...] = ()
    rendering: Rendering | None = None

    @property
    def title(self) -> str:
        """The article's title as the newest reading gives it, else the address."""
        for reading in reversed(self.readings):
            said = reading.said("title")
            if said is not None:
                return said[0]
        return self.address or f"Capture {self.member.sequence}"

    @property
    def address(self) -> str | None:
        """Where the answer came from, or the file's name."""
        if self.facts is None:
            return None
        if self.facts.file is not None:
            return self.facts.file.name
        return self.facts.final_url or (self.facts.request.url if self.facts.request else None)


def _said(value: Any) -> tuple[str, str] | None:
    """Value and source of something that a page says; facts of articles are read as loosely as they are written."""
    if not isinstance(value, dict) or not isinstance(value.get("value"), str):
        return None
    source = value.get("source")
    return value["value"], source if isinstance(source, str) else "not recorded"
