"""Child processes that fetch, stage and read, each in a Station of its own; the parent waits, counts and commits.

What comes from the network is hostile, and reading it takes a core: in children it uses all cores, and one that hangs
or eats the memory is killed without harm. A page whose reading had to be stopped is sealed all the same; its reading
says why there is none. On systems where a process can be forked safely that costs some milliseconds a child.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from archiver.archive import Archive
from archiver.errors import ArchiverError, FetchError
from archiver.model.facts import SnapshotFacts
from archiver.store.home import Home
from archiver.store.settings import Settings
from archiver.web.exchange import Visit
from archiver.web.fetch import HttpFetcher
from archiver.work.letters import Mailbox
from archiver.work.look import Capture
from archiver.work.machine import libraries
from archiver.work.prepare import Run
from archiver.work.read import load
from archiver.work.station import Staged, StagedReading, Station
from archiver.work.targets import Target
from archiver.work.wishes import Wishes, fetcher_of

if TYPE_CHECKING:
    from archiver.work.comparing import Before, Compared
    from archiver.work.decided import Earlier

READ_SECONDS = 60.0  # for one reading; the slowest honest page measured takes 2
STAGE_SECONDS = 3600.0  # for hashing and writing what is on this machine already
MEMORY = 4 << 30  # bytes of address space a child may have
# The parent's threads pass on what children say: with the interpreter's 5 ms, a child would wait longer for its next
# page than for anything else, while another thread commits.
SWITCH_SECONDS = 0.0005
KEPT = 16 << 20  # bytes that were freed and may stay with a child
WORDS = {
    "fetch": "the visit",
    "render": "the browser's visit",
    "visit": "the visit",
    "drop": "forgetting a visit",
    "stage": "storing the response",
    "stage_file": "storing the file",
    "read": "reading this page",
    "read_sealed": "reading this page",
    "recheck": "reading and comparing this page",
    "take_warc": "reading the stored exchanges",
    "give_up": "saying so",
}
SECRETS = ("ARCHIVER_PASSPHRASE", "ARCHIVER_PASSPHRASE_FILE")  # of the environment: children have no use for them
PARENT_SECONDS = 5.0  # how soon an orphan ends
NAMES = 10**12  # names of staged files for each child


class Hand(Protocol):
    """Does the steps of one target. Every step may raise ArchiverError."""

    def fetch(self, target: Target) -> Visit: ...
    def visit(self, target: Target, attempt: int) -> tuple[Visit, Staged | None]: ...
    def render(self, target: Target, reason: str) -> Visit: ...
    def drop(self) -> None: ...
    def stage(self, attempts: int) -> Staged: ...
    def stage_file(self, target: Target) -> Staged: ...
    def read(self) -> StagedReading: ...
    def read_sealed(self, capture: Capture, earlier: Earlier) -> StagedReading: ...
    def recheck(self, befores: tuple[Before, ...]) -> tuple[StagedReading, tuple[Compared, ...]]: ...
    def take_warc(self, path: str, facts: SnapshotFacts) -> None: ...
    def give_up(self, reason: str) -> StagedReading: ...


class Hands(Protocol):
    """Gives out hands to threads; each is for one thread until the `with` ends."""

    def hand(self) -> contextlib.AbstractContextManager[Hand]: ...
    def close(self) -> None: ...


class Solo:
    """One Station in this process, for tests that inject clock and randomness, and for very small work."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._turn = threading.Lock()

    @contextmanager
    def hand(self) -> Iterator[Hand]:
        """The station, when it is free."""
        with self._turn:
            yield self._station

    def close(self) -> None:
        """No more is wanted."""
        self._station.close()


@dataclass(frozen=True, slots=True)
class Plan:
    """How a child makes its Station; it can be sent to another process. Without `web` nothing can be fetched."""

    root: Path
    home: Home
    run: Run | None
    web: tuple[Settings, Wishes] | None

    def station(self, scratch: tuple[str, int], stop: Event) -> Station:
        """The Station; its staged files get the parent's names, so that they outlive this process."""
        archive = Archive(self.root, self.home)
        archive.disk.borrow(*scratch)
        if self.web is None:
            return Station(archive, self.run, None)
        wishes = self.web[1]
        return Station(
            archive,
            self.run,
            self._fetcher(archive, self.web, stop),
            rendering=wishes.browser == "always",
            requisites=wishes.requisites,
            dismiss_consent=wishes.dismiss_consent,
            login=wishes.login,
        )

    def _fetcher(self, archive: Archive, web: tuple[Settings, Wishes], stop: Event) -> Callable[[], HttpFetcher]:
        return lambda: fetcher_of(archive.clock, *web, stop, self.root / "tmp")


class Crew:
    """At most `count` children. A visit may take `visit_seconds` in all; the fetcher's own limit comes sooner."""

    def __init__(self, archive: Archive, plan: Plan, count: int, visit_seconds: float, stop: Event) -> None:
        reading = threading.BoundedSemaphore((os.cpu_count() or 1) + 1)  # one is between two pages
        self._switching = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_SECONDS)
        token = archive.disk.scratch.token()
        self._idle: queue.LifoQueue[_Child] = queue.LifoQueue()
        self._all = [
            _Child(plan, (token, number * NAMES), stop, visit_seconds, reading)
            for number in range(1, max(1, count) + 1)
        ]
        if plan.run is not None:
            libraries()  # once, not in every child
        if _can_fork():
            if count > 1 and (plan.run is None or plan.run.reads):
                load()
            gc.freeze()  # what is there by now is not looked at again: children share its memory with this process
        for child in self._all:
            if _can_fork():  # now, while this process has one thread
                child.start()
            self._idle.put(child)

    @contextmanager
    def hand(self) -> Iterator[Hand]:
        """A child, when one is free."""
        child = self._idle.get()
        try:
            yield child
        finally:
            self._idle.put(child)

    def close(self) -> None:
        """Stop all children."""
        sys.setswitchinterval(self._switching)
        for child in self._all:
            child.dismiss()
        for child in self._all:
            child.stop()


def stop_event() -> Event:
    """An event that is heard in this process and in all children."""
    return multiprocessing.get_context("spawn").Event()


def _can_fork() -> bool:
    return sys.platform == "linux" and threading.active_count() == 1


class _Child:
    """A Hand whose Station is in another process; started anew after it was killed."""

    def __init__(
        self,
        plan: Plan,
        scratch: tuple[str, int],
        stop: Event,
        seconds: float,
        reading: threading.BoundedSemaphore,
    ) -> None:
        self._plan = plan
        self._scratch = scratch
        self._stop = stop
        self._seconds = seconds
        self._gate = reading
        self._process: BaseProcess | None = None
        self._box: Mailbox | None = None

    def start(self) -> None:
        context: Any = multiprocessing.get_context("fork" if _can_fork() else "spawn")
        ours, theirs = context.Pipe()
        self._box = Mailbox(ours)
        arguments = (theirs, self._plan, self._scratch, self._stop)
        self._process = context.Process(target=_serve, args=arguments, name="archiver", daemon=True)
        self._process.start()
        theirs.close()
        # Should it have to be started again, names that its predecessor used are not used again.
        self._scratch = (self._scratch[0], self._scratch[1] + NAMES // 1000)

    def dismiss(self) -> None:
        """Tell the child that no more will come."""
        if self._box is not None:
            with contextlib.suppress(OSError):
                self._box.send(None)
            self._box.close()
            self._box = None

    def stop(self) -> None:
        """End the child, by force if it does not end by itself."""
        self.dismiss()
        if self._process is not None:
            self._process.join(1)
            if self._process.is_alive():
                self._process.kill()
                self._process.join(5)
            self._process = None

    def fetch(self, target: Target) -> Visit:
        found = self._ask(self._seconds, "fetch", target)
        assert isinstance(found, Visit)
        return found

    def visit(self, target: Target, attempt: int) -> tuple[Visit, Staged | None]:
        found = self._ask(self._seconds, "visit", target, attempt)
        assert isinstance(found, tuple)
        return found

    def render(self, target: Target, reason: str) -> Visit:
        found = self._ask(self._seconds, "render", target, reason)
        assert isinstance(found, Visit)
        return found

    def drop(self) -> None:
        self._ask(STAGE_SECONDS, "drop")

    def stage(self, attempts: int) -> Staged:
        found = self._ask(STAGE_SECONDS, "stage", attempts)
        assert isinstance(found, Staged)
        return found

    def stage_file(self, target: Target) -> Staged:
        found = self._ask(STAGE_SECONDS, "stage_file", target)
        assert isinstance(found, Staged)
        return found

    def read(self) -> StagedReading:
        with self._gate:
            found = self._ask(READ_SECONDS, "read")
        assert isinstance(found, StagedReading)
        return found

    def read_sealed(self, capture: Capture, earlier: Earlier) -> StagedReading:
        with self._gate:
            found = self._ask(READ_SECONDS, "read_sealed", capture, earlier)
        assert isinstance(found, StagedReading)
        return found

    def recheck(self, befores: tuple[Before, ...]) -> tuple[StagedReading, tuple[Compared, ...]]:
        with self._gate:
            found = self._ask(READ_SECONDS, "recheck", befores)
        assert isinstance(found, tuple)
        return found

    def take_warc(self, path: str, facts: SnapshotFacts) -> None:
        self._ask(STAGE_SECONDS, "take_warc", path, facts)

    def give_up(self, reason: str) -> StagedReading:
        found = self._ask(READ_SECONDS, "give_up", reason)
        assert isinstance(found, StagedReading)
        return found

    def _ask(self, seconds: float, step: str, *arguments: object) -> object:
        """Let the child do one step. Raises what it raised; FetchError if it took too long or died, and is gone."""
        if self._process is None or not self._process.is_alive():
            self.stop()
            self.start()
        assert self._box is not None
        try:
            self._box.send((step, arguments))
            if not self._box.waits(seconds):
                self._kill()
                raise FetchError(f"{WORDS[step]} took more than {seconds:.0f} seconds and was stopped")
            answer = self._box.receive()
        except (EOFError, OSError):
            self._kill()
            raise FetchError(f"{WORDS[step]} ended its process (too little memory, or a fault in a library)") from None
        if isinstance(answer, ArchiverError):
            raise answer
        return answer

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
        self.stop()


def reading_of(hand: Hand, read: Callable[[], StagedReading]) -> StagedReading:
    """A reading, or one that says why there is none: a page that cannot be read is sealed all the same."""
    try:
        return read()
    except FetchError as error:
        return hand.give_up(error.message)


def _serve(pipe: Any, plan: Plan, scratch: tuple[str, int], stop: Event) -> None:
    """In the child: do the steps that the parent asks for until it goes away."""
    import signal

    parent = os.getppid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interruption means
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for name in SECRETS:
        os.environ.pop(name, None)
    gc.set_threshold(20_000, 20, 50)  # pages make many short-lived objects and no rings
    _limit_memory()
    _keep_memory()
    box = Mailbox(pipe)
    place = plan.station(scratch, stop)
    with contextlib.suppress(EOFError, OSError):
        while (order := _next_order(box, parent)) is not None:
            step, arguments = order
            try:
                answer: object = getattr(place, step)(*arguments)
            except ArchiverError as error:
                answer = error
            except MemoryError:
                answer = FetchError(f"{WORDS[step]} takes more memory than it may have")
            except Exception as error:  # noqa: BLE001 - a fault of ours with one page must not cost the others; it is told
                answer = FetchError(f"{WORDS[step]} met a fault of this program: {type(error).__name__}: {error}"[:500])
            box.send(answer)
    place.close()


def _next_order(box: Mailbox, parent: int) -> Any:
    """What to do next, None if nothing more. A sibling that was forked later holds the parent's end of the pipe too, so
    that its closing is not seen: whether the parent lives is looked at."""
    while not box.waits(PARENT_SECONDS):
        if os.getppid() != parent:
            return None
    return box.receive()


def _limit_memory() -> None:
    if sys.platform == "linux":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, hard))


def _keep_memory() -> None:
    """Let the C library keep what is freed: every page takes the same buffers again, and getting them anew from the
    system, page by page, took a fifth of the kernel's time (glibc: M_TRIM_THRESHOLD, M_MMAP_THRESHOLD)."""
    if sys.platform == "linux":
        import ctypes

        library = ctypes.CDLL(None)
        if hasattr(library, "mallopt"):
            library.mallopt(-1, KEPT)
            library.mallopt(-3, KEPT)
