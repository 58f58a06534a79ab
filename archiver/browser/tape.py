"""What a visit's proxy recorded: every exchange in the order of asking, and what was asked for and got no answer.

Bodies go into one file on the disk as each exchange ends: ten thousand small ones take no memory, and no handles.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

from archiver.errors import StoreError
from archiver.warc.record import Slice
from archiver.web.exchange import Exchange

HOP_BYTES = 1200  # about what an exchange takes in the facts, without its address
FACTS_BYTES = 12 << 20  # for all exchanges of a visit: a document has 16 MiB at most
MAX_FAILURES = 1000  # that are kept one by one


@dataclass(frozen=True, slots=True)
class TapeLimits:
    """Where a visit stops asking: requests, and bytes of all responses together."""

    max_requests: int = 10_000
    max_bytes: int = 2 << 30


@dataclass(frozen=True, slots=True)
class Failure:
    """What was asked for and has no exchange. `kind`: as ErrorKind of web.exchange, or `limit`, `bad request`;
    `times`: how often."""

    url: str
    method: str
    kind: str
    reason: str
    times: int = 1


class AtLimitError(Exception):
    """Not asked for: a limit of the visit."""


class Tape:
    """Filled by the proxy's threads; read once the proxy is closed."""

    def __init__(self, limits: TapeLimits, folder: Path | None) -> None:
        self.problem: StoreError | None = None
        self._limits = limits
        self._folder = folder
        self._lock = threading.Lock()
        self._file: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - lives as long as the tape
        self._asked = self._received = self._facts = self._under_way = 0
        self._end = 0
        self._exchanges: dict[int, Exchange] = {}
        self._failures: dict[tuple[str, str, str], Failure] = {}
        self._unlisted = 0

    def begin(self, url: str) -> int:
        """The number of a new request. Raises AtLimitError where the visit is at a limit."""
        with self._lock:
            if self._asked >= self._limits.max_requests:
                raise AtLimitError(f"more than {self._limits.max_requests} requests")
            if self._received >= self._limits.max_bytes:
                raise AtLimitError(f"more than {self._limits.max_bytes} bytes of responses")
            if self._facts >= FACTS_BYTES:
                raise AtLimitError("addresses longer than can be listed")
            self._asked += 1
            self._under_way += 1
            self._facts += HOP_BYTES + len(url)
            return self._asked

    def keep(self, number: int, exchange: Exchange) -> None:
        """Take in what came of a request; its stream is closed. Raises StoreError."""
        size = exchange.response_length
        try:
            with self._lock, contextlib.closing(exchange.response) as source:
                start = self._file.seek(self._end)
                source.seek(0)
                shutil.copyfileobj(source, self._file, 1 << 20)
                self._file.flush()
                self._end = start + size
        except OSError as error:
            raise StoreError(
                f"a response could not be kept: {error.strerror}",
                where=str(self._folder or tempfile.gettempdir()),
                hint="make room on that disk",
            ) from None
        view = cast(BinaryIO, Slice(self._file, start, size))  # unbuffered: there may be ten thousand
        with self._lock:
            self._exchanges[number] = replace(exchange, response=view)
            self._received += size
            self._under_way -= 1

    def fail(self, number: int | None, failure: Failure) -> None:
        """Note what has no exchange; `number` if it was begun."""
        key = failure.url, failure.kind, failure.reason
        with self._lock:
            if number is not None:
                self._under_way -= 1
            known = self._failures.get(key)
            if known is not None:
                self._failures[key] = replace(known, times=known.times + 1)
            elif len(self._failures) < MAX_FAILURES:
                self._failures[key] = failure
            else:
                self._unlisted += 1

    @property
    def under_way(self) -> int:
        """Requests that have no end yet."""
        return self._under_way

    @property
    def asked(self) -> int:
        """Requests so far."""
        return self._asked

    def exchanges(self) -> tuple[Exchange, ...]:
        """All of them, in the order of asking."""
        with self._lock:
            return tuple(exchange for _, exchange in sorted(self._exchanges.items()))

    def failures(self) -> tuple[tuple[Failure, ...], int]:
        """What has no exchange, and how many more there were than are listed."""
        with self._lock:
            return tuple(self._failures.values()), self._unlisted

    def close(self) -> None:
        """Gives up the stored bytes."""
        self._file.close()
