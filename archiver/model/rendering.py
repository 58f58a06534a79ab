"""The `rendering` object of a snapshot: how a browser visited the page; and the `origins` object of its reading: where
each statement's words came from. Formats, with specimens: docs/formats/rendered.md.

What stands here is what the collector's program and its browser say. The exchanges are in the WARC; the document after
scripts is a `resource` record in it; pictures and the like are objects of the snapshot by their roles.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Literal

from archiver.model import records
from archiver.model.encoding import encode_document
from archiver.model.values import check_natural, check_record_id, check_salt, need

ROLE = "rendering"
ORIGINS_ROLE = "origins"
PICTURE_ROLE = "picture-"  # and a statement's id
MODE = "browser"  # the value of `mode` in the facts' settings
DOM_TYPE = "text/html; charset=utf-8"
DERIVED: dict[str, str] = {  # role -> media type
    "screenshot": "image/png",
    "mhtml": "multipart/related",
    "pdf": "application/pdf",
    "accessibility": "text/plain",
}
_ID = re.compile(r"s[1-9][0-9]{0,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class BrowserFacts:
    """The browser as the page saw it. `sandbox`: whether its own was in force."""

    product: str
    sandbox: bool
    user_agent: str
    accept_language: str | None
    locale: str
    timezone: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PageFacts:
    """The page at the end: sizes in CSS pixels. `clipped`: the screenshot does not show all of it. `frames`: how many
    other documents are shown in it, whose text is not in the document."""

    address: str
    title: str
    width: int
    height: int
    clipped: bool
    scrolled: int
    frames: int


@dataclass(frozen=True, slots=True)
class NotMade:
    """What was not made of the page (`dom`, or a role), and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that the page did, or that happened to it: dialog, pop-up, download, hung …"""

    what: str
    detail: str


@dataclass(frozen=True, slots=True)
class NotAnswered:
    """A request of the page that has no exchange: refused, or without an answer."""

    url: str
    method: str
    kind: str
    reason: str
    times: int


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """Requests of the browser itself, outside of the page: none of them was sent."""

    requests: int
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rendering:
    """One visit by a browser. `document`: the record of the response that brought the page; `dom`: the record of the
    document after scripts; `peak_memory` in bytes, None where it is not known."""

    version: ClassVar[str] = "rendering/v1"
    reason: str
    outcome: Literal["rendered", "no page", "no browser"]
    browser: BrowserFacts
    page: PageFacts
    document: str | None
    dom: str | None
    not_made: tuple[NotMade, ...]
    happened: tuple[Happened, ...]
    not_answered: tuple[NotAnswered, ...]
    not_listed: int
    turned_away: TurnedAway
    peak_memory: int | None
    salt: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a statement's words were met. `served`: in the text of the page as the server sent it; `records`: the
    responses, other than the page, in which they stand as well."""

    id: str
    served: bool
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Origins:
    """Of every statement of a reading whose source is a document after scripts."""

    version: ClassVar[str] = "origins/v1"
    origins: tuple[Origin, ...]
    salt: str


def encode(found: Rendering | Origins) -> bytes:
    """The bytes of the object. Raises FormatError for one that must not be written."""
    validate(found)
    return encode_document(records.to_plain(found))


def decode(data: bytes) -> Rendering:
    """The rendering in a document. Raises FormatError, NewerVersionError."""
    found = records.decode(Rendering, data)
    validate(found)
    return found


def decode_origins(data: bytes) -> Origins:
    """The origins in a document. Raises FormatError, NewerVersionError."""
    found = records.decode(Origins, data)
    validate(found)
    return found


def validate(found: Rendering | Origins) -> None:
    """Raises FormatError unless the values are ones that may be written."""
    check_salt(found.salt)
    if isinstance(found, Origins):
        for item in found.origins:
            need(_ID.fullmatch(item.id) is not None, f"origins: not a statement's id: {item.id[:20]!r}")
            for name in item.records:
                check_record_id(name, f"origin of {item.id}")
        ids = [item.id for item in found.origins]
        need(len(set(ids)) == len(ids), "origins: a statement stands twice")
        return
    for label, record in (("document", found.document), ("dom", found.dom)):
        if record is not None:
            check_record_id(record, f"rendering {label}")
    browser, page = found.browser, found.page
    for label, number in (
        ("viewport width", browser.width),
        ("viewport height", browser.height),
        ("page width", page.width),
        ("page height", page.height),
        ("scrolled", page.scrolled),
        ("frames", page.frames),
        ("not_listed", found.not_listed),
        ("turned away", found.turned_away.requests),
        ("peak_memory", found.peak_memory or 0),
        *(("times", item.times) for item in found.not_answered),
    ):
        check_natural(number, label)
    need(bool(found.reason), "rendering: a reason is given")
    need(found.dom is None or found.document is not None, "rendering: a document after scripts was one before them")
    missing = {item.what for item in found.not_made}
    need((found.dom is None) == ("dom" in missing), "rendering: the document is there, or why not is said")
