"""Many tasks, in order, in bounded memory: here, in threads or processes of our own, or in the executor handed in."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from types import TracebackType
from typing import Literal, TypeVar

from archiver.errors import UnavailableError
from archiver.evidence import Evidence

Task = TypeVar("Task")
Result = TypeVar("Result")
Kind = Literal["processes", "threads"]

AHEAD = 4  # tasks in flight for each worker; bounds memory


class Workers:
    """Runs `function(evidence, task)`. A context manager: on an error it stops what it started, without waiting.

    An `executor` is used as it is, for everything, and left running. Without one, `jobs` above 1 starts that many
    processes or threads once there are tasks enough for that to pay; the evidence must then be picklable, and safe to
    read from several threads.
    """

    def __init__(self, evidence: Evidence, jobs: int, executor: Executor | None = None) -> None:
        self._evidence = evidence
        self._jobs = max(1, jobs)
        self._given = executor
        self._own: dict[Kind, Executor] = {}

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pool in self._own.values():
            pool.shutdown(wait=kind is None, cancel_futures=True)

    def start(self) -> None:
        """Start the processes now, so that they are ready when there is work; what they import takes a while."""
        if self._given is None and self._jobs > 1:
            pool = self._started("processes")
            for _ in range(self._jobs):
                pool.submit(_ready)

    def map(
        self,
        function: Callable[[Evidence, Task], Result],
        tasks: Sequence[Task],
        *,
        kind: Kind = "processes",
        least: int | None = None,
    ) -> Iterator[Result]:
        """The results in the order of the tasks. Nothing is started for less than `least` tasks (default: three a
        worker). Raises what `function` raises, UnavailableError if a process died."""
        pool = self._given
        least = 3 * self._jobs if least is None else least
        if pool is None and self._jobs > 1 and (len(tasks) >= least or kind in self._own):
            pool = self._started(kind)
        if pool is None:
            for task in tasks:
                yield function(self._evidence, task)
            return
        waiting: deque[Future[Result]] = deque()
        try:
            for task in tasks:
                waiting.append(pool.submit(function, self._evidence, task))
                if len(waiting) >= AHEAD * self._jobs:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenExecutor:
            raise UnavailableError(
                "a process of the verification ended unexpectedly", hint="is there enough memory? try --jobs 1"
            ) from None
        finally:
            for future in waiting:
                future.cancel()

    def _started(self, kind: Kind) -> Executor:
        if kind not in self._own:
            if kind == "threads":
                self._own[kind] = ThreadPoolExecutor(self._jobs)
            else:
                context = multiprocessing.get_context("fork" if _can_fork() else "spawn")
                self._own[kind] = ProcessPoolExecutor(self._jobs, mp_context=context, initializer=_begin)
        return self._own[kind]


def _can_fork() -> bool:
    """A fork takes 10 ms, a new interpreter 200 of a core. But that of a process with threads can hang: it inherits
    their locks."""
    return sys.platform == "linux" and threading.active_count() == 1


def _begin() -> None:
    """In each process. Control-C reaches every process of a terminal, and is the parent's alone: a worker that ended in
    the middle of a result would leave the parent waiting for the rest of it. Workers end behind the task in hand."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _ready() -> None:
    """A task that does nothing."""
