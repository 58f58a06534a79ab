"""How hard one host is asked: so many visits at a time, so long between two starts, and longer when it says so.

    with politeness.slot("example.org"):
        visit = fetcher.fetch("https://example.org/a")
    politeness.note_visit("example.org", visit)
    if politeness.should_retry(visit):
        stop.wait(politeness.retry_delay("example.org", attempt))

Whoever came first goes first. A host that answers 429 or 503, or does not answer, is left alone for the time that it
asks for (Retry-After), else for one that doubles with each failure in a row. Every wait ends soon after `stop` is set.
"""

from __future__ import annotations

import contextlib
import random
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from archiver.errors import UsageError
from archiver.web.exchange import Visit
from archiver.web.stop import Stop

RETRY_STATUSES = frozenset((408, 425, 429, 500, 502, 503, 504))
BUSY_STATUSES = frozenset((429, 503))
BACK_OFF = 2.0  # seconds after a first failure; doubled by each further one
MAX_BACK_OFF = 60.0
MAX_RETRY_AFTER = 300.0  # seconds; who asks for more is not asked again in this run's attempts
GIVEN_UP = 4  # visits in a row without an answer: then one attempt for each further page of that host
SLICE = 0.1  # seconds; how soon a wish to stop is heard
MAX_IDLE_HOSTS = 10_000

_SECONDS = re.compile(r"[0-9]{1,9}", re.ASCII)


@dataclass(slots=True)
class _Host:
    condition: threading.Condition
    active: int = 0
    next_start: float = 0.0
    failures: int = 0
    silent: int = 0  # visits in a row that got no answer at all
    queue: deque[object] = field(default_factory=deque)


class Politeness:
    """Shared by all workers of a run.

    `now` is a clock that only runs forward, in seconds; `wall` gives seconds since 1970; `chance` numbers from 0 to 1;
    `wait` waits on a held condition for so many seconds at most.
    """

    def __init__(
        self,
        per_host: int,
        delay_seconds: float,
        *,
        stop: Stop | None = None,
        now: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
        wait: Callable[[threading.Condition, float], object] = threading.Condition.wait,
    ) -> None:
        if per_host < 1 or delay_seconds < 0:
            raise UsageError("politeness: at least one visit at a time, and no delay below 0")
        self.stop: Stop = stop or threading.Event()
        self._per_host = per_host
        self._delay = delay_seconds
        self._now, self._wall, self._chance, self._wait = now, wall, chance, wait
        self._lock = threading.Lock()
        self._hosts: dict[str, _Host] = {}

    @contextlib.contextmanager
    def slot(self, host: str) -> Iterator[None]:
        """Wait for one's turn at `host` and hold it. Once `stop` is set there is no more waiting."""
        with self._lock:
            state = self._of(host)
            ticket = object()
            state.queue.append(ticket)
            try:
                self._wait_for_turn(state, ticket)
            finally:
                state.queue.remove(ticket)
                state.condition.notify_all()
            state.active += 1
            state.next_start = max(state.next_start, self._now() + self._delay)
        try:
            yield
        finally:
            with self._lock:
                state.active -= 1
                state.condition.notify_all()
                self._forget_idle()

    def _wait_for_turn(self, state: _Host, ticket: object) -> None:
        while not self.stop.is_set():
            seconds = state.next_start - self._now()
            if state.queue[0] is ticket and state.active < self._per_host and seconds <= 0:
                return
            self._wait(state.condition, min(seconds, SLICE) if seconds > 0 else SLICE)

    def note_visit(self, host: str, visit: Visit) -> None:
        """What a visit says of its host: that it is busy, silent, or well."""
        last = visit.exchanges[-1] if visit.exchanges else None
        hosts = {host, urlsplit(last.url).netloc} if last is not None else {host}
        busy = last is not None and last.status in BUSY_STATUSES
        asked = self.retry_after(visit) if busy else None
        with self._lock:
            for name in hosts:
                state = self._of(name)
                silent = visit.outcome == "no response" and visit.retryable
                state.silent = state.silent + 1 if silent else 0
                if busy or silent:
                    state.failures += 1
                    pause = self._back_off(state.failures) if asked is None else min(asked, MAX_RETRY_AFTER)
                    if state.silent < GIVEN_UP:  # where nobody is, nobody needs a pause, and the list must not wait
                        state.next_start = max(state.next_start, self._now() + pause)
                else:
                    state.failures = 0

    def should_retry(self, visit: Visit) -> bool:
        """Whether another attempt may get something else, and may be made so soon."""
        last = visit.exchanges[-1] if visit.exchanges else None
        if visit.error_kind == "interrupted" or self.stop.is_set():
            return False
        if visit.error is None and last is not None and last.status in RETRY_STATUSES:
            return (self.retry_after(visit) or 0.0) <= MAX_RETRY_AFTER
        with self._lock:
            if self._of(urlsplit(visit.requested_url).netloc).silent >= GIVEN_UP:
                return False
        return visit.retryable

    def retry_delay(self, host: str, attempt: int) -> float:
        """Seconds to wait after that attempt (the first is 1), and what the host asked for if that is longer."""
        with self._lock:
            asked = self._of(host).next_start - self._now()
        return max(asked, self._back_off(attempt))

    def retry_after(self, visit: Visit) -> float | None:
        """Seconds that the last response asks to wait (RFC 9110, 10.2.3), None if it does not."""
        value = visit.exchanges[-1].header("Retry-After") if visit.exchanges else None
        if value is None:
            return None
        value = value.strip()
        if _SECONDS.fullmatch(value):
            return float(value)
        try:
            moment = parsedate_to_datetime(value)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, moment.timestamp() - self._wall())

    def _back_off(self, failures: int) -> float:
        """Doubled with every failure; half of it by chance, so that many waiting ones do not come back together."""
        most = min(MAX_BACK_OFF, BACK_OFF * 2.0 ** min(failures - 1, 16))
        return most * (0.5 + 0.5 * self._chance())

    def _of(self, host: str) -> _Host:
        host = host.lower()
        if host not in self._hosts:
            self._hosts[host] = _Host(threading.Condition(self._lock))
        return self._hosts[host]

    def _forget_idle(self) -> None:
        if len(self._hosts) > MAX_IDLE_HOSTS:
            now = self._now()
            self._hosts = {
                name: host
                for name, host in self._hosts.items()
                if host.active or host.queue or host.failures or host.next_start > now
            }
