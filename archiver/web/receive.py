"""Takes in one response: every byte as it comes off the connection is kept first and looked at second.

`web.framing.Reception` says where the response ends. Whatever else ends it, a limit, the clock, the server, the user,
is said as `truncated` and in `problems`. Nothing is decoded here: a gzip bomb stays as small as it came.
"""

from __future__ import annotations

import contextlib
import ssl
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from archiver.errors import StoreError
from archiver.web.exchange import ErrorKind, ExchangeError, Truncated
from archiver.web.framing import REDIRECTS, Reception
from archiver.web.wire import Deadline, Wire

IN_MEMORY = 256 << 10  # bytes of a response that are kept in memory; a longer one goes to the disk
MAX_REDIRECT = 1 << 20  # bytes of a response that sends us on, body included
AFTER_BYTES = 64 << 10  # after the end of the response: what else is taken in …
AFTER_SECONDS = 1.0  # … and how long for, from a server that said that it will close the connection
GARBAGE_SECONDS = 5.0  # for what is no HTTP: a protocol that waits for us to speak would last for ever


@dataclass(slots=True)
class Received:
    """What came. `error` is why no response came about, or why it broke off. `listener` is told every piece of the
    response once it is kept; an ExchangeError of its own ends the reception."""

    stream: BinaryIO
    reception: Reception
    size: int = 0
    truncated: Truncated | None = None
    problems: list[str] = field(default_factory=list)
    error_kind: ErrorKind | None = None
    error: str | None = None
    listener: Callable[[bytes], None] | None = None


class Receiver:
    """Receives responses into temporary files under `folder` (None: the system's)."""

    def __init__(self, *, max_bytes: int, max_head: int, folder: Path | None) -> None:
        self._max_bytes = max_bytes
        self._max_head = max_head
        self._folder = folder

    def receive(
        self,
        wire: Wire,
        deadline: Deadline,
        *,
        bodiless: bool = False,
        listener: Callable[[bytes], None] | None = None,
    ) -> Received:
        """Reads until the response, or something else, is at its end. Raises StoreError if it cannot be kept."""
        folder = None if self._folder is None else str(self._folder)
        stream = cast(BinaryIO, tempfile.SpooledTemporaryFile(IN_MEMORY, dir=folder))  # noqa: SIM115 - outlives this call
        got = Received(stream, Reception(self._max_head, bodiless=bodiless), listener=listener)
        try:
            self._read(wire, got, deadline)
            self._write_out(got)
        except BaseException:
            with contextlib.suppress(OSError):  # a full disk says so again
                stream.close()
            raise
        got.problems[:0] = got.reception.problems
        return got

    def _write_out(self, got: Received) -> None:
        """Hands the rest to the disk now, where its refusal is expected."""
        with self._refusals():
            got.stream.flush()

    def _read(self, wire: Wire, got: Received, deadline: Deadline) -> None:
        reception = got.reception
        while reception.state not in ("done", "garbage", "large"):
            try:
                data = wire.receive(deadline)
            except ExchangeError as error:
                reception.give_up()
                _note_stop(got, error)
                return
            except OSError as error:
                _note_end(got, error)
                return
            if not data:
                _note_end(got, None)
                return
            try:
                room = self._keep(got, data)
            except ExchangeError as error:
                if reception.state == "done":
                    break
                reception.give_up()
                _note_stop(got, error)
                return
            if not room:
                reception.give_up()
                return
        if reception.state == "done":
            self._read_after(wire, got, deadline)
        elif reception.state == "garbage":
            self._read_garbage(wire, got, deadline)
        else:
            got.truncated = "length"

    def _keep(self, got: Received, data: bytes) -> bool:
        """Stores what came, up to the limit; whether there is room for more."""
        head = got.reception.head
        limit = self._max_bytes
        if head is not None and head.status in REDIRECTS:
            limit = min(limit, MAX_REDIRECT)
        room = max(0, limit - got.size)
        self._write(got, data[:room])
        got.reception.feed(data[:room])
        if got.listener is not None:
            got.listener(data[:room])
        if len(data) <= room:
            return True
        if got.reception.state != "done":
            got.truncated = "length"
            got.problems.append(f"longer than {limit} bytes; the rest was not taken in")
        return got.reception.state == "done"

    def _write(self, got: Received, data: bytes) -> None:
        with self._refusals():
            got.stream.write(data)
        got.size += len(data)

    @contextlib.contextmanager
    def _refusals(self) -> Iterator[None]:
        """What the disk says, as StoreError."""
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"a response could not be kept: {error.strerror}",
                where=str(self._folder or tempfile.gettempdir()),
                hint="make room on that disk",
            ) from None

    def _read_after(self, wire: Wire, got: Received, deadline: Deadline) -> None:
        """What follows the end of the response, for a short while: it came over this connection, so it is kept."""
        room = AFTER_BYTES
        closes = got.reception.closes
        soon = deadline.within(AFTER_SECONDS)
        try:
            while data := wire.receive(soon) if closes else wire.receive_ready():
                self._write(got, data[:room])
                got.reception.feed(data[:room])
                if len(data) > room:
                    got.problems.append(f"more than {AFTER_BYTES} bytes after its end; the rest was not taken in")
                    break
                room -= len(data)
        except (ExchangeError, OSError):
            pass  # the response is whole; how the connection ends after it does not matter
        got.reception.note_extra()

    def _read_garbage(self, wire: Wire, got: Received, deadline: Deadline) -> None:
        got.error_kind, got.error = "protocol", "what came is no HTTP"
        soon = deadline.within(GARBAGE_SECONDS)
        room = max(0, min(self._max_bytes, self._max_head) - got.size)
        try:
            while data := wire.receive(soon):
                self._write(got, data[:room])
                if len(data) > room:
                    got.truncated = "length"
                    return
                room -= len(data)
        except ExchangeError:
            got.truncated = "time"
        except OSError:
            got.truncated = "disconnect"


def _note_stop(got: Received, error: ExchangeError) -> None:
    """Time was up, or the user wants to stop."""
    got.truncated = "time" if error.kind == "timeout" else "unspecified"
    got.error_kind, got.error = error.kind, error.message


def _note_end(got: Received, error: OSError | None) -> None:
    """The connection's end, in order or not."""
    reception = got.reception
    until_close = reception.state == "close"
    reception.end()
    if isinstance(error, ssl.SSLEOFError):
        got.problems.append("the TLS connection was cut without its closing message")
        if until_close:
            got.problems.append("so nobody can tell whether the body is whole")
    elif error is not None:
        words = (error.strerror or str(error)).lower()
        got.problems.append(f"the connection broke: {words}")
    if reception.state == "close" and error is None:
        got.truncated = "unspecified"  # broken chunks: nobody can tell
    elif not reception.whole or (error is not None and until_close):
        got.truncated = "disconnect"
    if reception.head is None or not reception.head.complete:
        what = "the connection ended inside the head" if got.size else "the connection ended before anything came"
        got.error_kind, got.error = "disconnect", what
