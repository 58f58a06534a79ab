"""Readings made from what was sealed: for captures without one, or anew by a newer reader. Snapshots stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from archiver.archive import Archive
from archiver.errors import ArchiverError, UsageError
from archiver.work import look
from archiver.work.crew import Hands, reading_of, stop_event
from archiver.work.decided import earlier_of
from archiver.work.start import hands_of
from archiver.work.station import StagedReading

GROUP = 64  # readings in one commit


@dataclass(frozen=True, slots=True)
class Again:
    """What became of one capture."""

    snapshot: int
    reading: int | None
    replaces: int | None
    kind: str | None
    statements: int
    error: str | None = None


def pending(archive: Archive, refs: Sequence[str] | None) -> list[look.Capture]:
    """The captures that REFs mean, or all that have no reading and whose response can be read; oldest first."""
    if refs is None:
        found = [item for item in look.captures(archive) if item.reading is None and _readable(item)]
        return found[::-1]
    chosen = {}
    for ref in refs:
        meant = look.resolve(archive, ref)
        if meant.capture is None:
            raise UsageError(f"{ref} is no capture ({meant.item.manifest.event}): only captures can be read")
        before = look.readings(archive, meant.capture.snapshot)
        whole = look.joined(archive, meant.capture.snapshot, before[-1] if before else None)
        chosen[whole.snapshot.sequence] = whole
    return list(chosen.values())


def _readable(capture: look.Capture) -> bool:
    return capture.facts is not None and capture.facts.outcome in ("response", "file")


def read_again(archive: Archive, chosen: Sequence[look.Capture], jobs: int) -> Iterator[Again]:
    """Read and seal; one result for each capture, after the commit that seals it."""
    hands = hands_of(archive, None, None, min(jobs, len(chosen)), stop_event())
    try:
        with ThreadPoolExecutor(max(1, jobs)) as pool:
            for start in range(0, len(chosen), GROUP):
                group = chosen[start : start + GROUP]
                yield from _seal(archive, group, list(pool.map(lambda item: _read(archive, item, hands), group)))
    finally:
        hands.close()


def _read(archive: Archive, capture: look.Capture, hands: Hands) -> StagedReading | ArchiverError:
    try:
        before = look.readings(archive, capture.snapshot) if capture.reading is not None else []
        earlier = earlier_of(archive, before)
        with hands.hand() as hand:
            return reading_of(hand, lambda: hand.read_sealed(capture, earlier))
    except ArchiverError as error:
        return error


def _seal(
    archive: Archive, group: Sequence[look.Capture], readings: Sequence[StagedReading | ArchiverError]
) -> list[Again]:
    done = []
    with archive.ledger().batch() as batch:
        for capture, reading in zip(group, readings, strict=True):
            number, before = capture.snapshot.sequence, capture.reading
            if isinstance(reading, ArchiverError):
                done.append(Again(number, None, None, None, 0, str(reading)))
                continue
            for item in reading.staged:
                batch.adopt(item)
            replaces = before.digest if before is not None else None
            draft = replace(reading.draft, subject=capture.snapshot.digest, extra=replaces)
            added = batch.add(draft)
            replaced = before.sequence if before is not None else None
            done.append(Again(number, added.sequence, replaced, reading.facts.kind, reading.facts.statements))
        if any(item.error is None for item in done):
            batch.commit()
    return done
