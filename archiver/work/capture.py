"""Capture URLs and local files: fetch, seal, read, in that order of evidence and one commit for many.

Workers fetch and write WARC objects beside one another; the calling thread alone appends to the log. Whatever is
ready when the writer is free goes into one group commit. A run's journal says which target is done, and the facts of
every snapshot name the run, so that resuming after a crash captures nothing twice.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from archiver.archive import Archive
from archiver.errors import ArchiverError, FetchError, UsageError
from archiver.store.ledger import Group
from archiver.web.exchange import Visit
from archiver.web.fetch import HttpFetcher
from archiver.web.politeness import Politeness
from archiver.work.journal import Journal
from archiver.work.prepare import Prepared, Run, prepare_file, prepare_visit, with_subject
from archiver.work.targets import Target

MAX_GROUP = 64  # captures in one commit


@dataclass(frozen=True, slots=True)
class Captured:
    """What became of one target.

    `state`: sealed (as asked for), no article (sealed, but an error, challenge, consent … page), no response, failed.
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

    @property
    def good(self) -> bool:
        """Sealed, and what arrived is what was asked for."""
        return self.state == "sealed"


@dataclass(frozen=True, slots=True)
class Options:
    """How a run goes about it."""

    jobs: int = 4
    attempts: int = 3
    keep_failed: bool = False


@dataclass(frozen=True, slots=True)
class _Done:
    number: int
    prepared: Prepared | None
    visit: Visit | None
    error: ArchiverError | None


# Kinds of page that are what a reporter wanted; all others are sealed, said, and exit 1.
GOOD_KINDS = frozenset({"article", "plain text", "not html"})


class CaptureRun:
    """One run over a journal's pending targets."""

    def __init__(
        self,
        archive: Archive,
        run: Run,
        journal: Journal,
        fetcher: HttpFetcher,
        politeness: Politeness,
        options: Options,
        stop: threading.Event,
    ) -> None:
        self.archive = archive
        self.run = run
        self.journal = journal
        self.fetcher = fetcher
        self.politeness = politeness
        self.options = options
        self.stop = stop
        self.repaired: list[str] = []  # what was mended when the archive was opened, in words
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
                    if under_way >= max(MAX_GROUP, 4 * self.options.jobs):
                        under_way -= self._commit_ready(report)
                while under_way:
                    under_way -= self._commit_ready(report)
                self.journal.end()
            except KeyboardInterrupt:
                self.stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                if not self._ready.empty():
                    self._commit_ready(report)
                raise
            except ArchiverError:
                self.stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                self._drain()
                raise

    def close(self) -> None:
        """End the processes and connections of this run."""
        self.journal.close()
        self.fetcher.close()
        if self.run.readers is not None:
            self.run.readers.close()

    def _work(self, number: int) -> None:
        """In a worker: fetch and stage one target. Never raises."""
        target = self.journal.targets[number]
        done = _Done(number, None, None, FetchError("stopped before it was tried"))
        try:
            if not self.stop.is_set():
                done = self._prepare(number, target)
        except ArchiverError as error:
            done = _Done(number, None, None, error)
        except Exception as error:  # noqa: BLE001 - a bug with one page must not hang or lose the others; it is reported
            problem = ArchiverError(f"internal error: {type(error).__name__}: {error}", where=target.as_given)
            problem.__cause__ = error
            done = _Done(number, None, None, problem)
        finally:
            self._ready.put(done)

    def _prepare(self, number: int, target: Target) -> _Done:
        if target.path is not None:
            return _Done(number, prepare_file(self.archive, self.run, target), None, None)
        host = urlsplit(target.url).netloc
        attempt = 1
        while True:
            with self.politeness.slot(host):
                started = self.archive.clock()
                visit = self.fetcher.fetch(target.url)
            self.politeness.note_visit(host, visit)
            if attempt >= self.options.attempts or self.stop.is_set() or not self.politeness.should_retry(visit):
                break
            self.stop.wait(self.politeness.retry_delay(host, attempt))
            visit.close()
            attempt += 1
        visit = visit.with_attempts(attempt)
        if visit.outcome != "response" and not self.options.keep_failed:
            visit.close()
            return _Done(number, None, visit, None)
        prepared = prepare_visit(self.archive, self.run, target, visit, started)
        visit.close()
        return _Done(number, prepared, visit, None)

    def _commit_ready(self, report: Callable[[Captured], None]) -> int:
        """Wait for one result, take all that are ready, seal them in one commit, say so. How many."""
        batch = [self._ready.get()]
        while len(batch) < MAX_GROUP and not self._ready.empty():
            batch.append(self._ready.get())
        sealed: dict[int, tuple[int, int | None]] = {}
        if any(done.prepared for done in batch):
            with self.archive.ledger().batch() as group:
                for done in batch:
                    if done.prepared is not None:
                        sealed[done.number] = _add(group, done.prepared)
                group.commit()
                self.repaired += group.repaired.lines()
        for done in batch:
            captured = _captured(self.journal.targets[done.number], done, sealed.get(done.number))
            if not (self.stop.is_set() and done.error is not None):
                self.journal.record(done.number, captured.state, captured.snapshot)
            report(captured)
        return len(batch)

    def _drain(self) -> None:
        while not self._ready.empty():
            self._ready.get_nowait()


def _add(group: Group, prepared: Prepared) -> tuple[int, int | None]:
    for item in prepared.staged:
        group.adopt(item)
    snapshot = group.add(prepared.snapshot)
    if prepared.reading_draft is None:
        return snapshot.sequence, None
    reading = group.add(with_subject(prepared.reading_draft, snapshot.digest))
    return snapshot.sequence, reading.sequence


def _captured(target: Target, done: _Done, sealed: tuple[int, int | None] | None) -> Captured:
    if done.error is not None:
        return Captured(target, "failed", error=done.error.message, hint=done.error.hint)
    visit, prepared = done.visit, done.prepared
    if prepared is None or sealed is None:
        assert visit is not None
        return Captured(target, "no response", final_url=visit.final_url, error=visit.error)
    last = prepared.facts.hops[-1] if prepared.facts.hops else None
    problems = tuple(problem for hop in prepared.facts.hops for problem in hop.problems)
    if last is not None and last.truncated:
        problems = (*problems, f"cut off ({last.truncated})")
    if last is not None and last.tls is not None and not last.tls.verified:
        problems = (*problems, f"certificate not verified: {last.tls.error}")
    reading = prepared.reading
    kind = reading.facts.kind if reading is not None else None
    state = "sealed"
    if prepared.facts.outcome == "no response":
        state = "no response"
    elif kind is not None and kind not in GOOD_KINDS:
        state = "no article"
    elif last is not None and last.truncated:
        state = "cut off"
    return Captured(
        target,
        state,
        snapshot=sealed[0],
        reading=sealed[1],
        kind=kind,
        reasons=reading.facts.reasons if reading is not None else (),
        title=reading.title if reading is not None else None,
        final_url=prepared.facts.final_url,
        status=last.status if last is not None else None,
        statements=reading.facts.statements if reading is not None else 0,
        received=sum(hop.received for hop in prepared.facts.hops),
        problems=problems,
        error=prepared.facts.errors[0] if prepared.facts.errors else None,
    )


def recover_journal(archive: Archive, journal: Journal) -> int:
    """Find targets that were sealed by this run before it could say so in its journal; how many."""
    found = 0
    by_key = {target.as_given: number for number, target in enumerate(journal.targets)}
    for sequence, facts in archive.snapshots(journal.size):
        name = facts.request.as_given if facts.request is not None else None
        if facts.run == journal.run and name in by_key and by_key[name] in journal.pending():
            journal.record(by_key[name], "sealed", sequence)
            found += 1
    return found


def check_jobs(jobs: int) -> int:
    """A number of workers that this makes sense with. Raises UsageError."""
    if not 1 <= jobs <= 64:
        raise UsageError(f"--jobs {jobs}: give 1 to 64")
    return jobs
