"""Many tasks, in order, in bounded memory: here, in processes of our own, or in whatever executor is handed in."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from types import TracebackType
from typing import TypeVar

from archiver.errors import UnavailableError
from archiver.evidence import Evidence

Task = TypeVar("Task")
Result = TypeVar("Result")

AHEAD = 4  # tasks in flight for each worker; bounds memory


class Workers:
    """Runs `function(evidence, task)`. A context manager: leaving it stops what it started, without waiting.

    An `executor` is used as it is, and left running. Without one, `jobs` above 1 starts that many processes, once there
    are enough tasks for that to pay. The evidence must then be picklable.
    """

    def __init__(self, evidence: Evidence, jobs: int, executor: Executor | None = None) -> None:
        self._evidence = evidence
        self._jobs = max(1, jobs)
        self._given = executor
        self._own: ProcessPoolExecutor | None = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._own is not None:
            self._own.shutdown(wait=kind is None, cancel_futures=True)

    def start(self) -> None:
        """Start the processes now, so that they are ready when there is work; what they import takes a while."""
        pool = self._pool(True)
        if pool is not None and pool is self._own:
            for _ in range(self._jobs):
                pool.submit(_quiet)

    def map(
        self, function: Callable[[Evidence, Task], Result], tasks: Sequence[Task], *, heavy: bool = False
    ) -> Iterator[Result]:
        """The results in the order of the tasks. `heavy`: two of them are worth a process each. Raises what `function`
        raises, UnavailableError if a process died."""
        pool = self._pool(len(tasks) > (1 if heavy else 2 * self._jobs))
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

    def _pool(self, worth: bool) -> Executor | None:
        if self._given is not None:
            return self._given
        if self._jobs == 1 or not (worth or self._own):
            return None
        if self._own is None:
            # spawn: a fork of a process with threads can hang, and inherits locks.
            context = multiprocessing.get_context("spawn")
            self._own = ProcessPoolExecutor(self._jobs, mp_context=context, initializer=_quiet)
        return self._own


def _quiet() -> None:
    """Control-C reaches every process of a terminal: the workers end at once and say nothing, the parent reports."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
