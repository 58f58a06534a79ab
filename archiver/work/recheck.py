"""Visiting again: fetch, seal and read as ever, compare with earlier readings, seal the verdicts in the same commit.

Workers fetch, read and compare beside one another, each in a child process (archiver.work.crew); the calling thread
alone appends to the log. A visit that nobody answered is sealed too: that a page could not be reached is a finding.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, replace

from archiver.archive import Archive
from archiver.errors import ArchiverError, FetchError
from archiver.model import verdicts as verdicts_model
from archiver.model.encoding import clean
from archiver.model.facts import Collector, SnapshotFacts
from archiver.model.manifest import SALT_BYTES, ObjectRef, spell_salt
from archiver.model.statement import StatementRecord
from archiver.model.verdicts import STANDS, BundleSource, Change, RecheckFacts, VerdictRecord, Verdicts
from archiver.page.compare import VERSION
from archiver.store.ledger import Draft, Group
from archiver.store.settings import Settings
from archiver.web.politeness import Politeness
from archiver.work.comparing import Before, Compared, before_of, same_finder, thresholds, unknown
from archiver.work.crew import Hand, reading_of, stop_event
from archiver.work.errands import Errand, Subject, manner_of, used_login
from archiver.work.prepare import Run
from archiver.work.start import hands_of, new_run_id, recorded
from archiver.work.station import Staged, StagedReading
from archiver.work.visiting import visit_politely
from archiver.work.wishes import PROXY_VARIABLES, Wishes, fetcher_of, in_force, with_login

JSON = "application/json"
OURS = frozenset({"refused address", "interrupted", "proxy"})  # errors of a visit that say nothing about the page
MAX_GROUP = 32  # visits in one commit


@dataclass(frozen=True, slots=True)
class Item:
    """A statement and its verdict."""

    statement: StatementRecord
    found: VerdictRecord

    @property
    def stands(self) -> bool:
        """The words stand, and the same person is said to have said them."""
        return self.found.verdict in STANDS and not self.found.attribution

    @property
    def changed(self) -> bool:
        """They do not."""
        return not self.stands and self.found.verdict != "unknown"


@dataclass(frozen=True, slots=True)
class Rechecked:
    """What became of one reading: numbers of manifests, what the page is now, a verdict for each statement asked about.
    `error`: why nothing was sealed."""

    errand: Errand
    subject: Subject
    items: tuple[Item, ...] = ()
    snapshot: int | None = None
    reading: int | None = None
    recheck: int | None = None
    kind: str | None = None
    reasons: tuple[str, ...] = ()
    page: tuple[Change, ...] = ()
    differs: tuple[str, ...] = ()
    bundle: BundleSource | None = None
    error: str | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """One visit that waits for its commit."""

    errand: Errand
    snapshot: Staged
    reading: StagedReading | None
    befores: tuple[Before, ...]
    compared: tuple[Compared, ...]
    bundle: BundleSource | None = None
    status: int | None = None  # of a response that is in the bundle


def recheck(archive: Archive, errands: Sequence[Errand], wishes: Wishes, report: Callable[[Rechecked], None]) -> None:
    """Visit, compare, seal; `report` is called after the commit that seals it. The archive's keys are unlocked.
    KeyboardInterrupt seals what is ready and is raised again. Raises UsageError, StoreError, RefusedError."""
    groups: dict[object, list[Errand]] = {}
    for errand in errands:
        groups.setdefault(manner_of(errand), []).append(errand)
    for group in groups.values():
        _Round(archive, group, wishes).go(report)


class _Round:
    """Errands that are run in the same manner."""

    def __init__(self, archive: Archive, errands: Sequence[Errand], wishes: Wishes) -> None:
        self._archive = archive
        self._errands = errands
        self._jobs = min(wishes.jobs, len(errands))
        has_proxy = wishes.proxy is not None or archive.settings.proxy is not None
        has_proxy = has_proxy or any(os.environ.get(name) for name in PROXY_VARIABLES)
        wishes = manner_of(errands[0]).wishes(wishes, has_proxy=has_proxy)
        self._settings, _ = in_force(archive.settings, wishes, dict(os.environ))
        self._stop = stop_event()
        wishes = with_login(wishes, self._stop)
        self._run = run_of(archive, self._settings, wishes)
        web = (self._settings, wishes)
        self._hands = hands_of(archive, self._run, web, self._jobs, self._stop)
        self._politeness = Politeness(
            per_host=self._settings.per_host, delay_seconds=self._settings.delay_seconds, stop=self._stop
        )

    def go(self, report: Callable[[Rechecked], None]) -> None:
        with ThreadPoolExecutor(self._jobs, thread_name_prefix="recheck") as pool:
            waiting = {pool.submit(self._work, errand): errand for errand in self._errands}
            try:
                while waiting:
                    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                    self._take(sorted(done, key=list(waiting).index)[:MAX_GROUP], waiting, report)
            except KeyboardInterrupt:
                self._stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                ready = [future for future in waiting if future.done() and not future.cancelled()]
                self._take(ready, waiting, report)
                raise
            except ArchiverError:
                self._stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
            finally:
                self._hands.close()

    def _take(
        self,
        done: Sequence[Future[Prepared]],
        waiting: dict[Future[Prepared], Errand],
        report: Callable[[Rechecked], None],
    ) -> None:
        """Seal what is ready, and say so."""
        ready: list[Prepared] = []
        failed: list[tuple[Errand, ArchiverError]] = []
        for future in done:
            errand = waiting.pop(future)
            try:
                ready.append(future.result())
            except ArchiverError as error:
                failed.append((errand, error))
        for rechecked in [*seal(self._archive, ready), *failures(failed)]:
            report(rechecked)

    def _work(self, errand: Errand) -> Prepared:
        """In a worker: one errand, as far as it can be done without the log."""
        befores = tuple(before_of(self._archive, subject.reading) for subject in errand.subjects)
        with self._hands.hand() as hand:
            if errand.target.path is not None:
                return compared_by(hand, errand, hand.stage_file(errand.target), befores)
            found, snapshot = visit_politely(hand, errand.target, self._politeness, self._settings.attempts)
            if found.outcome == "response":
                return compared_by(hand, errand, snapshot or hand.stage(found.attempts), befores)
            if found.error_kind in OURS:
                hand.drop()
                raise FetchError(found.error or "no visit was made", where=errand.target.url, hint=found.hint)
            staged = hand.stage(found.attempts)
        reason = f"no response: {found.error or 'nothing came'}"
        return Prepared(errand, staged, None, befores, tuple(unknown(before, reason) for before in befores))


def run_of(archive: Archive, settings: Settings, wishes: Wishes) -> Run:
    """What all visits of one round share. Raises UsageError, FormatError, StoreError for settings that cannot be."""
    fetcher = fetcher_of(archive.clock, settings, wishes, stop_event())
    who = asdict(settings.collector).values()
    return Run(
        id=new_run_id(archive),
        collector=Collector(*(None if value is None else clean(value, 500) for value in who)),
        settings=recorded(settings, fetcher.route),
        route=fetcher.route,
        user_agent=fetcher.persona.user_agent,
        accept_language=fetcher.persona.accept_language,
        referrer=fetcher.referrer,
    )


def compared_by(
    hand: Hand, errand: Errand, snapshot: Staged, befores: tuple[Before, ...], bundle: BundleSource | None = None
) -> Prepared:
    """Let a hand read what it staged and compare it. A page that cannot be read leaves everything unknown."""
    if not snapshot.readable:
        reason = "there is nothing in it that could be read"
        return Prepared(errand, snapshot, None, befores, tuple(unknown(before, reason) for before in befores), bundle)
    try:
        reading, compared = hand.recheck(befores)
    except FetchError as error:
        message = error.message

        def fail() -> StagedReading:
            raise FetchError(message)

        reading = reading_of(hand, fail)
        compared = tuple(unknown(before, f"not read: {message}") for before in befores)
    return Prepared(errand, snapshot, reading, befores, compared, bundle)


def failures(failed: Sequence[tuple[Errand, ArchiverError]]) -> Iterator[Rechecked]:
    """What is reported of errands that nothing came of."""
    for errand, error in failed:
        for subject in errand.subjects:
            yield Rechecked(errand, subject, error=str(error), hint=error.hint)


def seal(archive: Archive, ready: Sequence[Prepared]) -> list[Rechecked]:
    """Seal visits with their readings and verdicts in one commit."""
    if not ready:
        return []
    done: list[Rechecked] = []
    with archive.ledger().batch() as group:
        for prepared in ready:
            done += _seal_one(archive, group, prepared)
        group.commit()
    return done


def _seal_one(archive: Archive, group: Group, prepared: Prepared) -> list[Rechecked]:
    reading = prepared.reading
    for item in (*prepared.snapshot.staged, *(reading.staged if reading is not None else ())):
        group.adopt(item)
    snapshot = group.add(prepared.snapshot.draft)
    number = None
    if reading is not None:
        number = group.add(replace(reading.draft, subject=snapshot.digest)).sequence
    done = []
    for subject, before, compared in zip(prepared.errand.subjects, prepared.befores, prepared.compared, strict=True):
        facts = facts_of(archive, prepared, before, compared)
        refs = []
        for role, data in (
            ("facts", verdicts_model.encode_facts(facts)),
            (verdicts_model.ROLE, verdicts_model.encode(Verdicts(compared.verdicts, _salt(archive)))),
        ):
            staged = archive.objects.stage_bytes(data)
            group.adopt(staged)
            refs.append(ObjectRef(role, staged.digest, staged.size, JSON))
        sealed = group.add(Draft("recheck", subject.reading.digest, snapshot.digest, tuple(refs), archive.clock()))
        items = [Item(*pair) for pair in zip(before.page.statements, compared.verdicts, strict=True)]
        shown = [item for item in items if subject.shown is None or item.statement.id in subject.shown]
        done.append(
            Rechecked(
                prepared.errand,
                subject,
                tuple(shown),
                snapshot.sequence,
                number,
                sealed.sequence,
                facts.kind,
                facts.reasons,
                facts.page,
                facts.differs,
                prepared.bundle,
            )
        )
    return done


def facts_of(archive: Archive, prepared: Prepared, before: Before, compared: Compared) -> RecheckFacts:
    """The facts of one recheck."""
    facts, reading = prepared.snapshot.facts, prepared.reading
    found = reading.facts if reading is not None else None
    last = facts.document
    kind = found.kind if found is not None else "no response" if facts.outcome == "no response" else "not read"
    return RecheckFacts(
        comparer=VERSION,
        thresholds=thresholds(),
        against=prepared.errand.against,
        source=found.source if found is not None else None,
        status=last.status if last is not None else prepared.status,
        kind=kind,
        reasons=found.reasons if found is not None else facts.errors,
        page=compared.page,
        differs=differences(prepared.errand, facts, before),
        bundle=prepared.bundle,
        statements=len(compared.verdicts),
        salt=_salt(archive),
    )


def differences(errand: Errand, facts: SnapshotFacts, before: Before) -> tuple[str, ...]:
    """In what a visit could not repeat the first one, in words."""
    found = []
    first, now = errand.first.facts.request if errand.first.facts is not None else None, facts.request
    if errand.against == "live page" and first is not None and now is not None:
        for name, was, has in (
            ("route", first.route, now.route),
            ("user agent", first.user_agent, now.user_agent),
            ("languages", first.accept_language, now.accept_language),
        ):
            if was != has:
                found.append(f"{name}: {has or 'none'}; the first visit: {was or 'none'}")
        if used_login(errand.first.facts) and not used_login(facts):
            found.append("the first visit was logged in, and this one was not: --login-profile logs in again")
        missing = [name for name in first.cookies if name not in now.cookies]
        if missing:
            found.append(f"cookies that the first visit sent, and this one did not: {', '.join(missing)}")
    if not same_finder(before):
        found.append("speakers are not compared: the earlier reading was made by another version of the reader")
    return tuple(clean(text, 500) for text in found)


def _salt(archive: Archive) -> str:
    return spell_salt(archive.entropy(SALT_BYTES))
