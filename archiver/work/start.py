"""From what a person wishes to a capture run that is ready to go: settings, keys, journal, fetcher, readers.

Keys are unlocked before anything is asked for, and the journal is on disk before the first request goes out.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from archiver.archive import Archive, Clock
from archiver.errors import StoreError, UsageError
from archiver.evidence import SMALL
from archiver.model.encoding import clean
from archiver.model.facts import Collector
from archiver.store.settings import Settings
from archiver.web.addresses import token_warnings
from archiver.web.cookies import Cookie, parse_cookie, parse_cookies_txt
from archiver.web.fetch import HttpFetcher, Limits
from archiver.web.headers import Persona
from archiver.web.politeness import Politeness
from archiver.work.capture import CaptureRun, Options, recover_journal
from archiver.work.journal import Journal
from archiver.work.prepare import Run
from archiver.work.readers import Children, InProcess, Readers
from archiver.work.targets import Target, unique

MAX_WARNINGS = 10
# Environment variables by which people are used to name a proxy; read here, shown and recorded, never picked up unseen.
PROXY_VARIABLES = ("ARCHIVER_PROXY", "ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line says; None where it is silent and the archive's settings count."""

    jobs: int = 4
    keep_failed: bool = False
    read_later: bool = False
    resume: str | None = None
    allow_private: bool = False
    user_agent: str | None = None
    accept_language: str | None = None
    referrer: str | None = None
    cookies: tuple[str, ...] = ()
    cookie_file: Path | None = None
    proxy: str | None = None
    require_proxy: bool = False
    ca_file: Path | None = None
    max_megabytes: int | None = None
    total_seconds: int | None = None
    delay_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that can go, what to tell the person first, and how many repeats were left out of the list."""

    run: CaptureRun
    warnings: tuple[str, ...]
    repeats: int

    def close(self) -> None:
        """End the processes and connections of the run."""
        self.run.close()


def in_force(settings: Settings, wishes: Wishes, environment: dict[str, str]) -> tuple[Settings, str | None]:
    """The settings of this run, and which environment variable the proxy came from."""
    changes: dict[str, Any] = {}
    for name in ("user_agent", "accept_language", "max_megabytes", "total_seconds", "delay_seconds"):
        value = getattr(wishes, name)
        if value is not None:
            if isinstance(value, int) and value < (0 if name == "delay_seconds" else 1):
                option = "delay" if name == "delay_seconds" else name.replace("_", "-")
                raise UsageError(f"--{option} {value}: too small")
            changes[name] = value
    changes["allow_private"] = settings.allow_private or wishes.allow_private
    changes["require_proxy"] = settings.require_proxy or wishes.require_proxy
    if wishes.ca_file is not None:
        changes["ca_file"] = str(wishes.ca_file)
    variable = None
    if wishes.proxy is not None:
        changes["proxy"] = None if wishes.proxy == "none" else wishes.proxy
    elif settings.proxy is None:
        variable = next((name for name in PROXY_VARIABLES if environment.get(name)), None)
        if variable is not None:
            changes["proxy"] = environment[variable]
    found = replace(settings, **changes)
    if found.require_proxy and not found.proxy:
        raise UsageError("a proxy is required, and none is given", hint="--proxy socks5h://127.0.0.1:9050")
    return found, variable


def fetcher_of(clock: Clock, settings: Settings, wishes: Wishes, stop: threading.Event) -> HttpFetcher:
    """The fetcher for these settings. Raises UsageError, StoreError, FormatError for what it cannot use."""
    return HttpFetcher(
        clock=clock,
        limits=Limits(
            total_seconds=settings.total_seconds,
            max_bytes=settings.max_megabytes << 20,
            max_redirects=settings.max_redirects,
        ),
        persona=Persona.of(settings.user_agent, settings.accept_language),
        referrer=wishes.referrer,
        cookies=_cookies(wishes),
        proxy=settings.proxy,
        require_proxy=settings.require_proxy,
        ca_file=settings.ca_file,
        allow_private=settings.allow_private,
        stop=stop,
    )


def _cookies(wishes: Wishes) -> tuple[Cookie, ...]:
    found = [parse_cookie(text) for text in wishes.cookies]
    if wishes.cookie_file is not None:
        try:
            with wishes.cookie_file.open("rb") as stream:
                data = stream.read(SMALL)
        except OSError as error:
            raise StoreError(f"could not be read: {error.strerror}", where=str(wishes.cookie_file)) from None
        found += parse_cookies_txt(data, str(wishes.cookie_file))
    return tuple(found)


def start(archive: Archive, targets: Sequence[Target], wishes: Wishes, unlock: Callable[[], None]) -> Begun:
    """Make a run ready. Raises UsageError, StoreError, FormatError, MissingError, ProofError."""
    settings, variable = in_force(archive.settings, wishes, dict(os.environ))
    stop = threading.Event()
    fetcher = fetcher_of(archive.clock, settings, wishes, stop)
    unlock()
    warnings = [] if variable is None else [f"going through the proxy that ${variable} names: {fetcher.route}"]
    runs = archive.root / "runs"
    if wishes.resume is not None:
        journal, repeats = Journal.load(runs, wishes.resume or None), 0
        recover_journal(archive, journal)
    else:
        chosen, repeats = unique(targets)
        warnings += _secrets(chosen)
        journal = Journal.start(runs, new_run_id(archive), archive.size(), chosen)
    run = Run(
        id=journal.run,
        collector=Collector(*(_cleaned(value) for value in asdict(settings.collector).values())),
        settings=recorded(settings, fetcher.route),
        route=fetcher.route,
        user_agent=fetcher.persona.user_agent,
        accept_language=fetcher.persona.accept_language,
        referrer=fetcher.referrer,
        readers=None if wishes.read_later else _readers(archive, wishes.jobs, len(journal.pending())),
    )
    politeness = Politeness(per_host=settings.per_host, delay_seconds=settings.delay_seconds, stop=stop)
    options = Options(jobs=wishes.jobs, attempts=settings.attempts, keep_failed=wishes.keep_failed)
    capture = CaptureRun(archive, run, journal, fetcher, politeness, options, stop)
    return Begun(capture, tuple(warnings), repeats)


def new_run_id(archive: Archive) -> str:
    """`20261123-130211-4f2a9c1b`: the time, and something random."""
    now = archive.clock()
    return f"{now[:10].replace('-', '')}-{now[11:19].replace(':', '')}-{archive.entropy(4).hex()}"


def recorded(settings: Settings, route: str) -> dict[str, Any]:
    """The settings as the facts of each snapshot carry them: no secret, no name of a key."""
    kept = asdict(settings)
    for name in ("keys", "collector", "passphrase_command"):
        kept.pop(name, None)
    kept["proxy"] = route
    return {key: _cleaned(value) if isinstance(value, str) else value for key, value in kept.items()}


def _cleaned(value: str | None) -> str | None:
    return None if value is None else clean(value, 500)


def _readers(archive: Archive, jobs: int, pages: int) -> Readers:
    if archive.entropy is not os.urandom:
        return InProcess(archive.entropy)
    children = Children(min(jobs, pages, os.cpu_count() or 1))
    if pages:
        children.warm_up()
    return children


def _secrets(targets: Sequence[Target]) -> list[str]:
    found = []
    for target in targets:
        for warning in token_warnings(target.url) if target.path is None else ():
            found.append(f"{target.as_given}: {warning}")
            if len(found) > MAX_WARNINGS:
                return [*found[:MAX_WARNINGS], "… and more addresses with what may be secrets"]
    return found
