"""Rechecks in simulated archives: true ones, and such as were falsified before they were sealed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from simulator import HTML, Simulator

from archiver import digest
from archiver.model import facts as facts_model
from archiver.model import statement as statement_model
from archiver.model import verdicts as model
from archiver.model.verdicts import PlaceRecord, RecheckFacts, VerdictRecord, Verdicts
from archiver.page import text as page_text
from archiver.page.anchor import make_part
from archiver.page.compare import VERSION, Page, compare

JSON = "application/json"


def recheck(
    archive: Simulator,
    *,
    facts: Callable[[RecheckFacts], RecheckFacts] = lambda facts: facts,
    verdicts: Callable[[tuple[VerdictRecord, ...]], tuple[VerdictRecord, ...]] = lambda verdicts: verdicts,
    data: Callable[[bytes], bytes] = lambda data: data,
    without: tuple[str, ...] = (),
) -> Simulator:
    """A recheck of the archive's first reading against its newest snapshot. `facts`, `verdicts` and `data` falsify what
    is sealed; `without`: roles that are left out."""
    reading = next(n for n in range(archive.last + 1) if archive.manifest(n).event == "reading")
    newest = archive.newest("snapshot")
    pairs = statement_model.decode_object(archive.files[archive.object_of(reading, "statements")])
    record, body, complete, codings, kind = archive._stored_body(newest)
    page = page_text.project(body, kind)
    old = page_text.decode_object(archive.files[archive.object_of(reading, "page-text")])[1]
    status = facts_model.decode_snapshot(archive.files[archive.object_of(newest, "facts")]).hops[-1].status
    found = compare(
        Page(old, statements=tuple(record for record, _ in pairs)),
        Page(page.text, status=status, kind="article" if status == 200 else "error"),
    )
    records = tuple(
        VerdictRecord(
            item.id,
            item.verdict,
            item.reason,
            tuple(None if place is None else _place(page, body, place.text) for place in item.places),
            item.diff,
            item.signs,
            (),
        )
        for item in found
    )
    source = facts_model.Source(
        record,
        digest.of_bytes(body),
        len(body),
        kind,
        codings,
        complete,
        page.encoding,
        page.encoding_source,
        page_text.VERSION,
    )
    told = RecheckFacts(
        VERSION,
        {},
        "live page",
        source,
        status,
        "article" if status == 200 else "error",
        (),
        (),
        (),
        None,
        len(records),
        archive._salt(),
    )
    objects = [archive._put("facts", model.encode_facts(facts(told)), JSON)]
    if model.ROLE not in without:
        sealed = data(model.encode(Verdicts(verdicts(records), archive._salt())))
        objects.append(archive._put(model.ROLE, sealed, JSON))
    return archive._add(
        "recheck",
        objects,
        subject=digest.of_bytes(archive.manifests[reading]),
        extra=digest.of_bytes(archive.manifests[newest]),
    )


def _place(page: page_text.PageText, body: bytes, span: tuple[int, int] | None) -> PlaceRecord:
    assert span is not None
    part = make_part(page, body, *span)
    return PlaceRecord("page", part.exact, part.text, part.bytes, part.digest)


def rechecked(new: bytes = HTML, status: int = 200, **falsify: Any) -> Simulator:
    """An archive in which the page was captured, visited again as `new`, and rechecked."""
    archive = Simulator().capture()
    archive.snapshot(new, status=status)
    return recheck(archive, **falsify)


def claim(verdict: str, **changes: Any) -> Callable[[tuple[VerdictRecord, ...]], tuple[VerdictRecord, ...]]:
    """Says of the first statement that it is so."""

    def falsify(found: tuple[VerdictRecord, ...]) -> tuple[VerdictRecord, ...]:
        return (replace(found[0], verdict=verdict, **changes), *found[1:])  # type: ignore[arg-type]

    return falsify
