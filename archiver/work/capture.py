"""Capture URLs and local files: fetch, seal, read, in that order of evidence and one commit for many.

Workers fetch and write WARC objects beside one another; the calling thread alone appends to the log. Whatever is
ready when the writer is free goes into one group commit. A run's journal says which target is done, and the facts of
every snapshot name the run, so that resuming after a crash captures nothing twice.
"""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from archiver.archive import Archive
from archiver.errors import ArchiverError, FetchError, UsageError
from archiver.model.facts import ReadingFacts, SnapshotFacts
from archiver.store.ledger import Group
from archiver.web.exchange import Visit
from archiver.web.politeness import Politeness
from archiver.work.crew import Hand, Hands, reading_of
from archiver.work.journal import Journal
from archiver.work.prepare import Run
from archiver.work.station import Staged, StagedReading
from archiver.work.targets import Target
from archiver.work.visiting import visit_politely

if TYPE_CHECKING:
    from archiver.work.pin import Pin

MAX_GROUP = 64  # captures in one commit
GATHER_SECONDS = 0.25  # how long a result waits for others to share its commit, which costs 15 ms by itself


@dataclass(frozen=True, slots=True)
class Captured:
    """What became of one target.

    `state`: sealed (as asked for), no article (sealed, but an error, challenge, consent … page), no response, failed.
    `browser`: why it was visited by the browser, None if it was not; `plain`: the plain capture that came before, in
    the same commit.
    """

    target: Target
    state: str
    snapshot: int | None = None
    reading: int | None = None
    kind: str | None = None
    reasons: tuple[str, ...] = ()
    title: str | None = None
    final_url: str | None = None
    status: int | None = None
    statements: int = 0
    received: int = 0
    problems: tuple[str, ...] = ()
    error: str | None = None
    hint: str | None = None
    pins: tuple[Pin, ...] = ()
    browser: str | None = None
    exchanges: int = 0
    plain: int | None = None

    @property
    def good(self) -> bool:
        """Sealed, what arrived is what was asked for, and all words that were to be pinned stand in it."""
        return self.state == "sealed" and all(pin.good for pin in self.pins)


@dataclass(frozen=True, slots=True)
class Options:
    """How a run goes about it."""

    jobs: int = 4
    attempts: int = 3
    keep_failed: bool = False
    rendering: bool = False  # a page that has nothing to read as it is served is visited by the browser


@dataclass(frozen=True, slots=True)
class _Done:
    """What a worker made of a target. `plain`: what the plain visit before the browser's brought; `remark`: what there
    is to say about the browser."""

    number: int
    snapshot: Staged | None
    reading: StagedReading | None
    visit: Visit | None
    error: ArchiverError | None
    plain: tuple[Staged, StagedReading | None] | None = None
    browser: str | None = None
    remark: str | None = None


# Kinds of page whose text may come with its scripts.
SCRIPTED_KINDS = frozenset({"script only", "empty"})

# Kinds of page that are what a reporter wanted; all others are sealed, said, and exit 1.
GOOD_KINDS = frozenset({"article", "plain text", "not html"})


class CaptureRun:
    """One run over a journal's pending targets."""

    def __init__(
        self,
        archive: Archive,
        run: Run,
        journal: Journal,
        hands: Hands,
        politeness: Politeness,
        options: Options,
        stop: Event,
    ) -> None:
        self.archive = archive
        self.run = run
        self.journal = journal
        self.hands = hands
        self.politeness = politeness
        self.options = options
        self.stop = stop
        self._ready: queue.Queue[_Done] = queue.Queue(maxsize=2 * MAX_GROUP)

    def go(self, report: Callable[[Captured], None]) -> None:
        """Capture every pending target; `report` is called after the commit that seals it. KeyboardInterrupt seals
        what is ready, leaves the rest to `--resume`, and is raised again."""
        pending = self.journal.pending()
        with ThreadPoolExecutor(self.options.jobs, thread_name_prefix="capture") as pool:
            try:
                feeder = iter(pending)
                under_way = 0
                for number in feeder:
                    pool.submit(self._work, number)
                    under_way += 1
                    if under_way >= max(2 * MAX_GROUP, 4 * self.options.jobs):
                        under_way -= self._commit_ready(report, under_way)
                while under_way:
                    under_way -= self._commit_ready(report, under_way)
                self.journal.end()
            except KeyboardInterrupt:
                self.stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                if not self._ready.empty():
                    self._commit_ready(report, 0)
                raise
            except ArchiverError:
                self.stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                self._drain()
                raise

    def close(self) -> None:
        """End the processes and connections of this run."""
        self.journal.close()
        self.hands.close()

    def _work(self, number: int) -> None:
        """In a worker: fetch and stage one target. Never raises."""
        target = self.journal.targets[number]
        done = _Done(number, None, None, None, FetchError("stopped before it was tried"))
        try:
            if not self.stop.is_set():
                done = self._prepare(number, target)
        except ArchiverError as error:
            done = _Done(number, None, None, None, error)
        except Exception as error:  # noqa: BLE001 - a bug with one page must not hang or lose the others; it is reported
            problem = ArchiverError(f"internal error: {type(error).__name__}: {error}", where=target.as_given)
            problem.__cause__ = error
            done = _Done(number, None, None, None, problem)
        finally:
            self._ready.put(done)

    def _prepare(self, number: int, target: Target) -> _Done:
        with self.hands.hand() as hand:
            if target.path is not None:
                return _Done(number, *_staged(hand, hand.stage_file(target)), None, None)
            visit, snapshot = visit_politely(hand, target, self.politeness, self.options.attempts)
            if visit.error_kind == "interrupted":  # nothing is known of the page: --resume visits it
                hand.drop()
                return _Done(number, None, None, None, FetchError("interrupted before it answered"))
            if visit.outcome != "response" and not self.options.keep_failed:
                hand.drop()
                return _Done(number, None, None, visit, None)
            snapshot, reading = _staged(hand, snapshot or hand.stage(visit.attempts))
            asked = "asked for" if snapshot.facts.rendered else None
            done = _Done(number, snapshot, reading, visit, None, browser=asked)
            reason = _why_render(target, reading) if self.options.rendering else None
            return done if reason is None else self._render(hand, target, done, reason)

    def _render(self, hand: Hand, target: Target, done: _Done, reason: str) -> _Done:
        """The same page by the browser, since the plain visit brought nothing to read; both are sealed."""
        assert done.snapshot is not None
        try:
            with self.politeness.slot(urlsplit(target.url).netloc):
                visit = hand.render(target, reason)
            if visit.outcome != "response":
                hand.drop()
                return replace(done, remark=f"the browser got no page: {visit.error or 'nothing came'}")
            snapshot, reading = _staged(hand, hand.stage(1))
        except ArchiverError as error:
            return replace(done, remark=f"the browser got no page: {error.message}")
        plain = done.snapshot, done.reading
        return _Done(done.number, snapshot, reading, visit, None, plain=plain, browser=reason)

    def _gather(self, under_way: int) -> list[_Done]:
        """One result, and what else is ready soon after it: a group for one commit."""
        batch = [self._ready.get()]
        end = time.monotonic() + GATHER_SECONDS
        with contextlib.suppress(queue.Empty):
            while len(batch) < MAX_GROUP:
                wait = len(batch) < under_way and not self.stop.is_set()
                batch.append(self._ready.get(wait, max(0.0, end - time.monotonic())))
        return batch

    def _commit_ready(self, report: Callable[[Captured], None], under_way: int) -> int:
        """Seal the next group of results in one commit, say so. How many."""
        batch = self._gather(under_way)
        sealed: dict[int, tuple[int, int | None]] = {}
        plain: dict[int, int] = {}
        if any(done.snapshot for done in batch):
            with self.archive.ledger().batch() as group:
                for done in batch:
                    if done.plain is not None:
                        plain[done.number] = _add(group, *done.plain)[0]
                    if done.snapshot is not None:
                        sealed[done.number] = _add(group, done.snapshot, done.reading)
                group.commit()
        results = []
        for done in batch:
            captured = _captured(self.journal.targets[done.number], done, sealed.get(done.number))
            results.append(replace(captured, plain=plain.get(done.number)))
        self.journal.record(
            (done.number, captured.state, captured.snapshot)
            for done, captured in zip(batch, results, strict=True)
            if not (self.stop.is_set() and done.error is not None)
        )
        for captured in results:
            report(captured)
        return len(batch)

    def _drain(self) -> None:
        while not self._ready.empty():
            self._ready.get_nowait()


def _staged(hand: Hand, snapshot: Staged) -> tuple[Staged, StagedReading | None]:
    return snapshot, reading_of(hand, hand.read) if snapshot.readable else None


def _add(group: Group, snapshot: Staged, reading: StagedReading | None) -> tuple[int, int | None]:
    for item in (*snapshot.staged, *(reading.staged if reading is not None else ())):
        group.adopt(item)
    sealed = group.add(snapshot.draft)
    if reading is None:
        return sealed.sequence, None
    return sealed.sequence, group.add(replace(reading.draft, subject=sealed.digest)).sequence


def _captured(target: Target, done: _Done, sealed: tuple[int, int | None] | None) -> Captured:
    if done.error is not None:
        return Captured(target, "failed", error=done.error.message, hint=done.error.hint)
    if done.snapshot is None or sealed is None:
        assert done.visit is not None
        visit = done.visit
        return Captured(target, "no response", final_url=visit.final_url, error=visit.error, hint=visit.hint)
    facts = done.snapshot.facts
    reading = done.reading.facts if done.reading is not None else None
    last = facts.document
    return Captured(
        target,
        _state(facts, reading),
        snapshot=sealed[0],
        reading=sealed[1],
        kind=reading.kind if reading is not None else None,
        reasons=reading.reasons if reading is not None else (),
        title=done.reading.title if done.reading is not None else None,
        final_url=facts.final_url,
        status=last.status if last is not None else None,
        statements=reading.statements if reading is not None else 0,
        received=sum(hop.received for hop in facts.hops) if facts.file is None else facts.file.size,
        problems=(*_problems(facts), *(() if done.remark is None else (done.remark,))),
        error=facts.errors[0] if facts.errors else None,
        pins=_pins(target, done.reading),
        browser=done.browser,
        exchanges=len(facts.hops),
    )


def _why_render(target: Target, reading: StagedReading | None) -> str | None:
    """Why the browser should visit a page that was visited plainly; None if there is no need."""
    if reading is None:
        return None
    if reading.facts.kind in SCRIPTED_KINDS:
        return f"as it is served, the page has no article text: {'; '.join(reading.facts.reasons[:1])}"
    missed = sum(1 for pin in _pins(target, reading) if not pin.good)
    if missed and reading.facts.kind in ("article", "page"):
        return f"{missed} of the words to be pinned are not in the page as it is served"
    return None


def _pins(target: Target, reading: StagedReading | None) -> tuple[Pin, ...]:
    """What became of the target's quotes, also where the page could not be read."""
    if not target.quotes or (reading is not None and reading.pins):
        return reading.pins if reading is not None else ()
    from archiver.work.pin import Pin

    why = "it was not read" if reading is None else "; ".join(reading.facts.reasons)
    return tuple(Pin(quote, "missing", reason=f"there is no page text: {why}") for quote in target.quotes)


def _state(facts: SnapshotFacts, reading: ReadingFacts | None) -> str:
    if facts.outcome == "no response":
        return "no response"
    if reading is not None and reading.kind not in GOOD_KINDS:
        return "no article"
    document = facts.document
    return "cut off" if document is not None and document.truncated else "sealed"


def _problems(facts: SnapshotFacts) -> tuple[str, ...]:
    last = facts.document
    hops = facts.hops if not facts.whole else [] if last is None else [last]
    problems = [problem for hop in hops for problem in hop.problems]
    if facts.whole and facts.missing:
        more = f" and {len(facts.missing) - 3} more" if len(facts.missing) > 3 else ""
        problems.append(f"not all of the page: {', '.join(facts.missing[:3])}{more}")
    if last is not None and last.truncated:
        problems.append(f"cut off ({last.truncated})")
    if last is not None and last.tls is not None and not last.tls.verified:
        problems.append(f"certificate not verified: {last.tls.error}")
    return tuple(problems)


def recover_journal(archive: Archive, journal: Journal) -> int:
    """Find targets that were sealed by this run before it could say so in its journal; how many."""
    by_key: dict[str, list[int]] = {}
    for number in journal.pending():
        target = journal.targets[number]
        by_key.setdefault(Path(target.path).name if target.path is not None else target.as_given, []).append(number)
    found: list[tuple[int, str, int | None]] = []
    for sequence, facts in archive.snapshots(journal.size):
        if facts.run != journal.run:
            continue
        name = facts.file.name if facts.file is not None else facts.request.as_given if facts.request else ""
        numbers = by_key.get(name, [])
        # Files of one name in several folders cannot be told apart: sealed twice is better than never.
        if len(numbers) == 1:
            found.append((numbers.pop(), "sealed", sequence))
    journal.record(found)
    return len(found)


def check_jobs(jobs: int) -> int:
    """A number of workers that this makes sense with. Raises UsageError."""
    if not 1 <= jobs <= 64:
        raise UsageError(f"--jobs {jobs}: give 1 to 64")
    return jobs
