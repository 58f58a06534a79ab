"""Writes the court packet: five drafts and an index, each one HTML file that loads nothing and runs nothing.

    index.html                    what is in the folder, with digests
    1-technical-report.html       the capture process (Berkeley Protocol, paragraphs 155 and 156)
    2-collection-sheet.html       what an examiner notes (SWGDE 21-F-001)
    3-certification-draft.html    a declaration (FRE 902(13) and (14), 28 U.S.C. 1746), with blanks for the person
    4-custody-log.html            what the log records about these captures
    5-glossary.html               the words used

Only what the records say is filled in; what a program cannot know is left blank. Nothing is verified here: whoever
makes a `Packet` has checked what it says was checked. Same packet, same bytes.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from archiver.bundle.report import rows, words
from archiver.bundle.report.view import CaptureView, View

DOCUMENTS = (
    ("1-technical-report", "technical", "Capture technical report", "how the pages were collected"),
    ("2-collection-sheet", "sheet", "Collection sheet", "what the examiner notes"),
    ("3-certification-draft", "certification", "Certification (draft)", "a declaration for the person to complete"),
    ("4-custody-log", "custody", "Custody log", "what happened to the records since"),
    ("5-glossary", "glossary", "Glossary", "the words used"),
)
GLOSSARY = (
    ("Archive", "A folder with the records, what they seal, and the log; named by the digest of its first record."),
    ("Capture", "What one visit to a page received, byte for byte, sealed before anything looked at it."),
    ("Certificate", "What a server shows in an encrypted connection to say whose it is."),
    ("Digest, SHA-256", "A number computed from a file. Nobody knows how to make two files that have the same."),
    ("Fingerprint", "A short name for a key or an archive that cannot be made to fit another one."),
    (
        "Key",
        "A secret number, with which a person or program signs, and a public one, with which anybody can check that.",
    ),
    ("Log", "The records in order, in a tree of digests: none can be changed, removed or inserted unnoticed."),
    ("Reading", "What a program or a person found in a capture. It can be wrong, and be done again."),
    ("Recheck", "A later visit to a page, with a verdict for each statement."),
    ("Record", "A signed list of digests: what was sealed, when by the collector’s clock, after which other record."),
    ("Sealed", "Named by digest in a signed record that is in the log."),
    ("Signature", "What shows that the holder of a key vouched for these bytes. Not who holds the key."),
    (
        "Statement",
        "Words that a page quotes or attributes to somebody. That a page says so does not mean they were said.",
    ),
    ("Time stamp", "Another party’s signed word that a digest existed at a time."),
    ("WARC", "The file format of web archives (ISO 28500): requests and responses as they were sent and received."),
)


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the custody log."""

    sequence: int
    time: str
    what: str
    signer: str
    digest: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A sealed file and the copy at hand: `found` is None where there is no copy, and `why` says so."""

    sequence: int
    role: str
    size: int
    sealed: str
    found: str | None
    why: str = ""

    @property
    def good(self) -> bool:
        """Whether the copy is what was sealed."""
        return self.found == self.sealed


@dataclass(frozen=True, slots=True)
class Packet:
    """What the papers say. `root`: of the log, `sha256:…`; `validation`: a sentence on the self-test."""

    view: View
    root: str
    custody: tuple[Event, ...]
    objects: tuple[Compared, ...]
    validation: str
    captures: tuple[CaptureView, ...] = field(default=())
    listed: tuple[tuple[str, str, str], ...] = ()

    @property
    def collector(self) -> str | None:
        """The one name under which all of it was captured, None if there are several or none."""
        names = {capture.facts.collector.name for capture in self.captures if capture.facts is not None}
        return names.pop() if len(names) == 1 else None

    @property
    def versions(self) -> list[str]:
        """Of the program that captured."""
        found = {f"version {c.facts.software.version}" for c in self.captures if c.facts is not None}
        return sorted(found) or ["version not recorded"]

    @property
    def transformations(self) -> list[str]:
        """What was changed on the way to the WARC, as recorded."""
        return [item for capture in self.captures if capture.facts for item in capture.facts.transformations]

    @property
    def problems(self) -> list[str]:
        """Errors and gaps that the records tell of."""
        found = []
        for capture in self.captures:
            facts, number = capture.facts, capture.member.sequence
            if facts is None:
                found.append(f"capture {number}: its facts cannot be shown: {capture.problem}")
                continue
            found += [f"capture {number}: {line}" for line in facts.errors]
            found += [f"capture {number}, {hop.url}: {line}" for hop in facts.hops for line in hop.problems]
            found += [f"capture {number}: not captured: {words.MISSING.get(part, part)}" for part in facts.missing]
        found += [f"{item.role} of number {item.sequence}: {item.why}" for item in self.objects if item.found is None]
        return found


def minimum(capture: CaptureView) -> Iterator[tuple[str, str]]:
    """What the Berkeley Protocol asks of a capture (paragraph 155), and whether it is here."""
    facts = capture.facts
    pictures = any(file.ref.role == "screenshot" and file.state is None for file in capture.files)
    warc = any(file.ref.role == "warc" and file.state is None for file in capture.files)
    yield "The address", "yes" if facts is not None and facts.request is not None else "NO"
    yield "The source of the page", "yes, the received bytes" if warc else "NO"
    yield "A picture of the whole page", "yes" if pictures else "NO: below the minimum that the Protocol names"
    media = "no: pictures, styles and scripts were not captured" if facts and "requisites" in facts.missing else "yes"
    yield "Embedded media", media if facts is not None else "not known"
    yield "Embedded metadata, context", "yes, in the received bytes" if warc else "NO"
    named = facts is not None and facts.collector.name is not None
    yield "Name of the collector", "yes" if named else "NO: not stated"
    yield "IP address of the machine", "no: the program does not look it up; see the collection sheet"
    yield "Time, and how the clock was kept", "yes, by the collector’s clock" if facts is not None else "NO"
    yield "Digest at the point of collection", "yes, SHA-256"


def documents(packet: Packet) -> dict[str, bytes]:
    """Name -> HTML."""
    made = {f"{name}.html": _render(f"{template}.html.jinja", title, packet) for name, template, title, _ in DOCUMENTS}
    listed = tuple(
        (name, what, "sha256:" + hashlib.sha256(made[name]).hexdigest())
        for name, what in ((f"{name}.html", f"{title}: {what}") for name, _, title, what in DOCUMENTS)
    )
    return {"index.html": _render("index.html.jinja", "Court packet", _with(packet, listed)), **made}


def _with(packet: Packet, listed: tuple[tuple[str, str, str], ...]) -> Packet:
    return Packet(packet.view, packet.root, packet.custody, packet.objects, packet.validation, packet.captures, listed)


def _render(template: str, title: str, packet: Packet) -> bytes:
    style = _text("report.css") + _text("court/court.css")
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    text: str = (
        _environment()
        .get_template(template)
        .render(
            packet=packet,
            title=title,
            style=_markup(style),
            style_hash=f"sha256-{digest}",
            blank=_blank,
            said=_said,
            code=_code,
            glossary=GLOSSARY,
            limits=words.LIMITS,
            minimum=minimum,
            moment=words.moment,
            count=words.count,
            size=words.size,
            short=words.short,
            page_rows=rows.page_rows,
            how_rows=rows.how_rows,
            hop_rows=rows.hop_rows,
            warnings=rows.warnings,
        )
    )
    return text.encode("utf-8")


@functools.cache
def _environment() -> Any:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: _text(f"court/{name}")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        newline_sequence="\n",
    )


def _markup(text: str) -> Any:
    import markupsafe

    return markupsafe.Markup(text)  # noqa: S704 - our own style sheet and frames; `format` escapes what it is given


def _blank(what: str = "") -> Any:
    """A line to write on."""
    return _markup('<span class="blank">{}</span>').format(what)


def _said(value: str | None, what: str = "") -> Any:
    """What a record says, in any direction of writing; a line to write on where it says nothing."""
    return _markup('<span class="text" dir="auto">{}</span>').format(value) if value else _blank(what)


def _code(value: str) -> Any:
    return _markup('<span class="code" dir="ltr">{}</span>').format(value)


def _text(name: str) -> str:
    return resources.files("archiver.bundle.report").joinpath(*name.split("/")).read_text("utf-8")
