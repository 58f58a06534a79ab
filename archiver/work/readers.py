"""Who makes the readings: this process, or child processes that a clock and a memory limit watch over.

Reading a page takes 30 to 60 ms of a core, and what is read is hostile. A batch therefore reads in children, one for
each core: they use all cores, and one that hangs or eats the memory is stopped. The page is sealed all the same; its
reading then says why there is none.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import sys
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Protocol

from archiver.work import read as reader
from archiver.work.read import Entropy, Material, Reading

SECONDS = 60  # for one reading; the slowest honest page measured takes 2
MEMORY = 4 << 30  # bytes of address space a child may have


class Readers(Protocol):
    """Makes readings, from any thread."""

    def read(self, material: Material) -> Reading:
        """The reading of one body. Never raises for what the body is."""

    def close(self) -> None:
        """No more readings are wanted."""


class InProcess:
    """Reads here and now; with a given source of randomness the same input gives the same bytes."""

    def __init__(self, entropy: Entropy = os.urandom) -> None:
        self._entropy = entropy

    def read(self, material: Material) -> Reading:
        """The reading of one body."""
        return reader.read(material, self._entropy)

    def close(self) -> None:
        """Nothing is held."""


class _Child:
    """One process that reads what it is sent; started anew after it was stopped."""

    def __init__(self) -> None:
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), name="archiver-reader", daemon=True)
        self._process.start()
        theirs.close()

    def read(self, material: Material, seconds: float) -> Reading | str:
        """The reading, or why there is none."""
        if self._process is None or not self._process.is_alive():
            self.start()
        assert self._pipe is not None
        try:
            self._pipe.send(material)
            if not self._pipe.poll(seconds):
                self.stop()
                return f"reading this page took more than {seconds:.0f} seconds and was stopped"
            answer = self._pipe.recv()
        except (EOFError, OSError):
            self.stop()
            return "reading this page ended the process that read it (too little memory, or a fault in a library)"
        assert isinstance(answer, Reading | str)
        return answer

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join(5)
            self._process = None
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None


class Children:
    """Child processes that read, at most `count` at a time."""

    def __init__(self, count: int, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._idle: queue.Queue[_Child] = queue.Queue()
        self._all = [_Child() for _ in range(max(1, count))]
        for child in self._all:
            self._idle.put(child)

    def warm_up(self) -> None:
        """Start one child now, so that it is ready when the first page has come."""
        self._all[0].start()

    def read(self, material: Material) -> Reading:
        """The reading of one body, made in a child."""
        child = self._idle.get()
        try:
            answer = child.read(material, self._seconds)
        finally:
            self._idle.put(child)
        if isinstance(answer, Reading):
            return answer
        return reader.unread(material, os.urandom, "not read", (answer,))

    def close(self) -> None:
        """Stop the children."""
        for child in self._all:
            child.stop()


def _serve(pipe: Connection) -> None:
    """In the child: read until the parent goes away."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interruption means
    _limit_memory()
    with contextlib.suppress(EOFError, OSError):
        while True:
            material = pipe.recv()
            try:
                answer: Reading | str = reader.read(material, os.urandom)
            except MemoryError:
                answer = f"reading this page takes more than {MEMORY >> 30} GiB of memory"
            except RecursionError:
                answer = "this page is nested too deeply to be read"
            pipe.send(answer)


def _limit_memory() -> None:
    if sys.platform == "linux":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, hard))
