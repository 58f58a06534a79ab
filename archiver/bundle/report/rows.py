"""The records as labelled rows, in words. A template only lays them out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from archiver.bundle.report import words
from archiver.bundle.report.view import CaptureView, ReadingView
from archiver.model.facts import Hop, SnapshotFacts
from archiver.model.freshness import not_before
from archiver.model.rendering import Rendering
from archiver.model.statement import StatementRecord

SHOWN = 20  # of what happened, and of what was not answered


@dataclass(frozen=True, slots=True)
class Row:
    """`form`: text (of the page or the collector, in any direction), code (addresses, digests), plain (ours).

    `pairs`: more values, each with a label of its own, in text.
    """

    label: str
    value: str
    form: Literal["text", "code", "plain"] = "plain"
    note: str | None = None
    pairs: tuple[tuple[str, str], ...] = ()


def page_rows(capture: CaptureView) -> Iterator[Row]:
    """What the page is, by its own account and by the reading's."""
    for reading in capture.readings[-1:]:
        for key, label in (("title", "Title"), ("site", "Site"), ("published", "Published"), ("modified", "Modified")):
            said = reading.said(key)
            if said is not None:
                yield Row(label, said[0], "text", _source(said[1]))
            if key == "title":
                for name, source in reading.bylines:
                    yield Row("Byline", name, "text", _source(source))
        language = reading.said("language")
        if language is not None:
            yield Row("Language", language[0], "text", _source(language[1]))
    facts = capture.facts
    if facts is None:
        return
    if facts.request is not None:
        yield Row("Address asked for", facts.request.as_given, "code")
        yield Row("Address that answered", facts.final_url or "none", "code")
    if facts.file is not None:
        yield Row(
            "Local file",
            facts.file.name,
            "text",
            "a file of the collector’s machine; where it came from is not recorded",
        )
        yield Row("File last changed", words.moment(facts.file.modified), "plain", "by that machine’s clock")
    yield Row("Captured", _span(facts), "plain", "as claimed by the collector’s own clock")
    yield Row("Answer", answer(facts))
    for reading in capture.readings[-1:]:
        yield from kind_rows(reading)


def kind_rows(reading: ReadingView) -> Iterator[Row]:
    """What kind of page it is, and why the reading says so."""
    if reading.facts is not None:
        yield Row("Kind of page", words.PAGE_KINDS.get(reading.facts.kind, reading.facts.kind))
        for reason in reading.facts.reasons:
            yield Row("Reason", reason, "text")


def answer(facts: SnapshotFacts) -> str:
    """`HTTP 200 OK, 48,213 bytes` of the last exchange."""
    if facts.file is not None:
        return words.size(facts.file.size)
    last = facts.document
    if last is None:
        return "none"
    status = "no status" if last.status is None else f"HTTP {last.status} {last.reason or ''}".rstrip()
    return f"{status}, {words.size(last.received)} received"


def who_rows(facts: SnapshotFacts) -> Iterator[Row]:
    """Who captured, as they say."""
    named = False
    for label, value in (
        ("Name", facts.collector.name),
        ("Organisation", facts.collector.organisation),
        ("Place", facts.collector.location),
    ):
        if value is not None:
            named = True
            yield Row(label, value, "text")
    if not named:
        yield Row("Name", "not stated")
    if facts.case is not None:
        yield Row("Case", facts.case, "text")
    if facts.note is not None:
        yield Row("Note", facts.note, "text")
    if facts.tags:
        yield Row("Tags", ", ".join(facts.tags), "text")


def how_rows(facts: SnapshotFacts) -> Iterator[Row]:
    """How it was asked for, by which program, by which clock; what is missing."""
    request = facts.request
    if request is not None:
        yield Row("Route", request.route, "text")
        yield Row("Introduced itself as", request.user_agent or "nothing (no User-Agent)", "code")
        yield Row("Languages asked for", request.accept_language or "none", "code")
        if request.referrer is not None:
            yield Row("Referrer sent", request.referrer, "code")
        yield Row(
            "Cookies sent", ", ".join(request.cookies) or "none", "code", "names only" if request.cookies else None
        )
        yield Row("Attempts", str(facts.attempts))
    clock = facts.clock
    followed = {
        True: "follows a time server",
        False: "does not follow a time server",
        None: "not known to follow a time server",
    }
    yield Row("Clock", f"{clock.source}, {followed[clock.synchronised]}, {clock.timezone}", "text")
    if clock.server_date_skew_ms is not None:
        yield Row("Server’s own date", _skew(clock.server_date_skew_ms))
    software = facts.software
    yield Row("Software", f"{software.name} {software.version}, Python {software.python}, {software.platform}", "text")
    fresh = not_before(facts)
    if fresh is not None:
        yield Row("Not made before", fresh.value, "code", f"was public, as the collector says: {fresh.source}")
    for part in facts.missing:
        yield Row("Not captured", words.MISSING.get(part, part), "text")
    for change in facts.transformations:
        yield Row("Changed while capturing", change, "text")
    for error in facts.errors:
        yield Row("Error", error, "text")


def hop_rows(hop: Hop) -> Iterator[Row]:
    """One exchange with a server."""
    status = "none" if hop.status is None else f"{hop.status} {hop.reason or ''}".rstrip()
    where = f"{hop.ip or 'name resolved by the proxy'}{f' port {hop.port}' if hop.port else ''}"
    if hop.via_proxy is not None:
        where += f", through {hop.via_proxy}"
    yield Row("Address", hop.url, "code")
    yield Row("Answer", status, "text")
    if hop.location is not None:
        yield Row("Led on to", hop.location, "code")
    yield Row("Server", where, "code")
    yield Row("Encryption", tls(hop), "text")
    yield Row("Asked at", words.moment(hop.started))
    yield Row("Received", words.size(hop.received))


def tls(hop: Hop) -> str:
    """What the connection's TLS was, and whether the certificate was verified."""
    if hop.tls is None:
        return "none (plain HTTP)"
    state = (
        "certificate verified"
        if hop.tls.verified
        else f"certificate NOT VERIFIED: {hop.tls.error or 'no reason given'}"
    )
    return f"{hop.tls.version} {hop.tls.cipher}, {state}"


def rendering_rows(found: Rendering) -> Iterator[Row]:
    """How a browser made the visit, and what it did not do."""
    browser, page = found.browser, found.page
    yield Row("Why a browser", found.reason, "text")
    yield Row("Browser", f"{browser.product}, sandbox {'on' if browser.sandbox else 'OFF'}", "text")
    yield Row("Window", f"{browser.width} by {browser.height}, {browser.locale}, {browser.timezone}", "text")
    if found.outcome != "rendered":
        yield Row("Outcome", found.outcome, "text")
    else:
        clipped = ", of which the picture shows the top" if page.clipped else ""
        yield Row("Page", f"{page.width} by {page.height}{clipped}, scrolled to {page.scrolled}")
    for item in found.not_made:
        yield Row("Not made", f"{item.what}: {item.why}", "text")
    for mark in found.happened[:SHOWN]:
        yield Row("Happened", f"{mark.what}: {mark.detail}", "text")
    for asked in found.not_answered[:SHOWN]:
        yield Row("Not answered", f"{asked.method} {asked.url} ({asked.times} times): {asked.reason}", "text")
    rest = max(0, len(found.happened) - SHOWN) + max(0, len(found.not_answered) - SHOWN) + found.not_listed
    if rest:
        yield Row("And", f"{rest:,} more, in the rendering’s record")


def warnings(capture: CaptureView) -> Iterator[str]:
    """What a reader must not overlook."""
    if capture.problem is not None:
        yield f"The facts of this capture cannot be shown: {capture.problem}."
    for file in capture.files:
        if file.parts:
            yield f"{file.ref.role}: {file.state}. What rests on those cannot be checked with this bundle."
        elif file.state is not None:
            yield f"{file.ref.role}: {file.state}. What rests on it cannot be checked with this bundle."
    facts = capture.facts
    if facts is not None:
        if facts.origin == "local file":
            yield "This is a file that the collector had, not a fetched page. Nothing here says where it came from."
        if facts.outcome == "no response":
            yield "No response arrived."
        for number, hop in enumerate(facts.hops, 1):
            if hop.tls is not None and not hop.tls.verified:
                yield f"Exchange {number}: {tls(hop)}. Somebody between may have answered instead of the server."
            if hop.truncated is not None:
                yield f"Exchange {number}: {words.TRUNCATED.get(hop.truncated, hop.truncated)}."
            for problem in hop.problems:
                yield f"Exchange {number}: {problem}"
    for reading in capture.readings:
        if reading.facts is not None and reading.facts.kind not in words.EXPECTED_KINDS:
            yield f"This is {words.PAGE_KINDS.get(reading.facts.kind, reading.facts.kind)}."
        if reading.problem is not None:
            yield f"Reading {reading.member.sequence} cannot be shown in full: {reading.problem}."
        for problem in reading.facts.problems if reading.facts is not None else ():
            yield f"Reading {reading.member.sequence}: {problem}"
    if not capture.readings:
        yield "No reading of this capture is in the bundle: what the page says was not looked at."


def statement_rows(record: StatementRecord) -> Iterator[Row]:
    """Everything that is recorded of a statement but its words and its anchor."""
    if record.speaker is not None and record.speaker.mention is None:
        yield Row("Speaker", "not named so in the text of the page")
    how = (("to", record.addressee), ("when", record.when), ("where", record.where), ("by way of", record.via))
    pairs = tuple((label, value) for label, value in how if value is not None)
    if record.cue is not None or pairs:
        yield Row("As reported", record.cue or "", "text", pairs=pairs)
    said = ", reported as said" if record.polarity == "affirmed" else ""
    yield Row("Kind", words.STATEMENT_KINDS[record.kind] + said)
    if not said:
        yield Row("Polarity", words.DENIED)
    confidence = f"; confidence {record.confidence} of 100" if record.by == "rule" else ""
    yield Row("Found by", words.FOUND_BY[record.by] + confidence)
    for number, part in enumerate(record.parts, 1):
        label = f"Anchor of part {number}" if len(record.parts) > 1 else "Anchor"
        place = f"characters {part.text[0]:,} to {part.text[1]:,} of the page’s text"
        if part.bytes is None:
            yield Row(label, f"{place}; the words have no one place in the bytes")
        else:
            place += f", bytes {part.bytes[0]:,} to {part.bytes[1]:,} of the decoded body"
            yield Row(label, place, "plain", part.digest)


def _source(source: str) -> str:
    if source.startswith("guessed: "):
        return f"guessed by {source.removeprefix('guessed: ')}"
    return f"as the page says ({source})"


def _span(facts: SnapshotFacts) -> str:
    start, end = words.moment(facts.started), words.moment(facts.ended)
    return f"{start} to {end[11:] if end[:10] == start[:10] else end}"


def _skew(milliseconds: int) -> str:
    seconds = abs(milliseconds) / 1000
    if seconds < 2:
        return "agrees with the collector’s clock within two seconds"
    return f"{seconds:,.0f} seconds {'ahead of' if milliseconds > 0 else 'behind'} the collector’s clock"
