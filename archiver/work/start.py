"""From what a person wishes to a capture run that is ready to go: settings, keys, journal, fetcher, readers.

Keys are unlocked before anything is asked for, and the journal is on disk before the first request goes out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from multiprocessing.synchronize import Event
from typing import Any
from urllib.parse import urlsplit

from archiver.archive import Archive, system_clock
from archiver.browser.chromium import find_chromium, need_chromium
from archiver.errors import UsageError
from archiver.model import freshness
from archiver.model.encoding import clean
from archiver.model.facts import Collector
from archiver.model.freshness import NotBefore
from archiver.store.settings import Settings
from archiver.web.addresses import token_warnings
from archiver.web.fetch import HttpFetcher
from archiver.web.politeness import Politeness
from archiver.work.capture import CaptureRun, Options, recover_journal
from archiver.work.crew import Crew, Hands, Plan, Solo, stop_event
from archiver.work.journal import Journal
from archiver.work.prepare import Run
from archiver.work.station import Station
from archiver.work.targets import Target, unique
from archiver.work.wishes import Wishes, fetcher_of, in_force, with_login

GRACE = 30  # seconds beyond the visit's own limit before a child that does not answer is killed
MAX_WARNINGS = 10
BROWSERS = 2  # at a time, however many jobs: each takes a core and 200 MB


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that can go, what to tell the person first, and how many repeats were left out of the list."""

    run: CaptureRun
    warnings: tuple[str, ...]
    repeats: int

    def close(self) -> None:
        """End the processes and connections of the run."""
        self.run.close()


def start(archive: Archive, targets: Sequence[Target], wishes: Wishes, unlock: Callable[[], object]) -> Begun:
    """Make a run ready. Raises UsageError, StoreError, FormatError, MissingError, ProofError.

    Children are forked before the keys are unlocked: what reads hostile pages never has them in its memory.
    """
    settings, variable = in_force(archive.settings, wishes, dict(os.environ))
    stop = stop_event()
    wishes = with_login(wishes, stop)
    fetcher = fetcher_of(archive.clock, settings, wishes, stop)
    warnings = [] if variable is None else [f"going through the proxy that ${variable} names: {fetcher.route}"]
    runs = archive.root / "runs"
    chosen: list[Target] = []
    resumed: Journal | None = None
    if wishes.resume is not None:
        resumed, repeats = Journal.load(runs, wishes.resume or None), 0
        run_id, count = resumed.run, len(resumed.pending())
    else:
        chosen, repeats = unique(targets)
        warnings += _secrets(chosen) + _without_login(chosen, wishes)
        run_id, count = new_run_id(archive), len(chosen)
    run = _run(run_id, settings, fetcher, wishes)
    if wishes.browser == "always":
        need_chromium()
        wishes = replace(wishes, jobs=min(wishes.jobs, BROWSERS))
    hands = hands_of(archive, run, (settings, wishes), min(wishes.jobs, count), stop)
    try:
        unlock()
        if resumed is not None:
            # First what a crash left behind is taken in or set aside: only then is it known what was sealed.
            warnings += archive.ledger().repair().lines()
            recover_journal(archive, resumed)
        journal = resumed or Journal.start(runs, run_id, archive.size(), chosen)
    except BaseException:
        hands.close()
        raise
    politeness = Politeness(per_host=settings.per_host, delay_seconds=settings.delay_seconds, stop=stop)
    options = Options(
        jobs=wishes.jobs,
        attempts=settings.attempts,
        keep_failed=wishes.keep_failed,
        rendering=wishes.browser == "auto" and not wishes.read_later and find_chromium() is not None,
    )
    capture = CaptureRun(archive, run, journal, hands, politeness, options, stop)
    return Begun(capture, tuple(warnings), repeats)


def _run(run_id: str, settings: Settings, fetcher: HttpFetcher, wishes: Wishes) -> Run:
    return Run(
        id=run_id,
        collector=Collector(*(_cleaned(value) for value in asdict(settings.collector).values())),
        settings=recorded(settings, fetcher.route) | _fresh(wishes),
        route=fetcher.route,
        user_agent=fetcher.persona.user_agent,
        accept_language=fetcher.persona.accept_language,
        referrer=fetcher.referrer,
        reads=not wishes.read_later,
    )


def _fresh(wishes: Wishes) -> dict[str, Any]:
    """The fresh value that bounds the run's time from below, for the facts. Raises UsageError."""
    if wishes.not_before is None:
        if wishes.not_before_source is not None:
            raise UsageError("--not-before-source says where the value of --not-before comes from: give both")
        return {}
    return {freshness.KEY: NotBefore.given(wishes.not_before, wishes.not_before_source).plain()}


def new_run_id(archive: Archive) -> str:
    """`20261123-130211-4f2a9c1b`: the time, and something random."""
    now = archive.clock()
    return f"{now[:10].replace('-', '')}-{now[11:19].replace(':', '')}-{archive.entropy(4).hex()}"


def recorded(settings: Settings, route: str) -> dict[str, Any]:
    """The settings as the facts of each snapshot carry them: no secret, no name of a key."""
    kept = asdict(settings)
    for name in ("keys", "collector", "passphrase_command", "recheck", "timestamp"):
        kept.pop(name, None)
    kept["proxy"] = route
    return {key: _cleaned(value) if isinstance(value, str) else value for key, value in kept.items()}


def _cleaned(value: str | None) -> str | None:
    return None if value is None else clean(value, 500)


def hands_of(archive: Archive, run: Run | None, web: tuple[Settings, Wishes] | None, count: int, stop: Event) -> Hands:
    """Child processes; where clock or randomness are injected, this process, one thing after the other."""
    if archive.entropy is not os.urandom or archive.clock is not system_clock:
        make = None if web is None else lambda: fetcher_of(archive.clock, *web, stop)
        wishes = web[1] if web is not None else Wishes()
        rendering = wishes.browser == "always"
        more = {"requisites": wishes.requisites, "dismiss_consent": wishes.dismiss_consent}
        return Solo(Station(archive, run, make, rendering=rendering, login=wishes.login, **more))
    seconds = web[0].total_seconds + GRACE if web is not None else GRACE
    return Crew(archive, Plan(archive.root, archive.home, run, web), count, seconds, stop)


def _without_login(targets: Sequence[Target], wishes: Wishes) -> list[str]:
    """Hosts for which the log-in profile has nothing."""
    if wishes.login is None:
        return []
    login = wishes.login
    hosts = {urlsplit(item.url).hostname or "": item.url for item in targets if item.path is None}
    without = [host for host, url in hosts.items() if not login.cookies_of(url)]
    more = " …" if len(without) > MAX_WARNINGS else ""
    return [f"the log-in profile has no cookies of {', '.join(without[:MAX_WARNINGS])}{more}"] if without else []


def _secrets(targets: Sequence[Target]) -> list[str]:
    found = []
    for target in targets:
        for warning in token_warnings(target.url) if target.path is None else ():
            found.append(f"{target.as_given}: {warning}")
            if len(found) > MAX_WARNINGS:
                return [*found[:MAX_WARNINGS], "… and more addresses with what may be secrets"]
    return found
