r"""A Chromium in a process group of its own, spoken to over two pipes in the DevTools protocol (JSON, NUL-ended).

    {"id": 1, "method": "Page.navigate", "params": {…}, "sessionId": "…"}\0     file 3 of the browser
    {"id": 1, "result": {…}}\0   {"method": "Page.loadEventFired", …}\0          file 4

Nothing here waits without a limit. A browser that hangs, grows beyond its memory or goes away is killed with all its
children, and whoever waits gets a BrowserError that says which. No port is opened: nobody else can speak to it.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from archiver.browser.chromium import command_line
from archiver.browser.memory import group_memory
from archiver.errors import FetchError

MAX_MESSAGE = 400 << 20  # bytes; a picture or a page on the way
START_SECONDS = 30.0
LOOK_SECONDS = 0.5  # how often memory is looked at
PIECE = 1 << 20

Event = dict[str, Any]
ErrorKind = Literal["timeout", "gone", "memory", "refused", "interrupted"]


class BrowserError(Exception):
    """Inside browser/: why a step did not come about. `refused`: the browser said no to this command alone."""

    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind: ErrorKind = kind
        self.message = message


class Process:
    """One browser. `memory`: bytes that it and its children may use together. `on_event` gets every event; `stopped`
    says whether the user wants to stop; `fill_profile` gets the folder of its profile before it starts. Raises
    FetchError if it does not start."""

    def __init__(
        self,
        program: Path,
        *,
        door: int,
        spki: str,
        language: str,
        memory: int,
        stopped: Callable[[], bool],
        fill_profile: Callable[[Path], None] = Path.mkdir,
    ) -> None:
        self.on_event: Callable[[Event], None] = lambda event: None
        self.peak = 0  # bytes
        self.alive = True
        self._memory = memory
        self._stopped = stopped
        self._next_id = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self._waiting: set[int] = set()
        self._buffer = bytearray()
        self._seen = 0  # bytes of the buffer that were searched for an end
        self._looked = time.monotonic()
        self._folder = Path(tempfile.mkdtemp(prefix="archiver-browser-"))
        try:
            fill_profile(self._folder / "profile")
            self._start(command_line(program, self._folder / "profile", door, spki, language), program)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        try:
            self.version: dict[str, Any] = self.call("Browser.getVersion", seconds=START_SECONDS)
        except BrowserError as error:
            words = self._last_words()
            self.close()
            raise FetchError(
                f"{program.name} did not start: {words or error.message}",
                hint="what it needs and what is there: archiver doctor",
            ) from None

    def _start(self, arguments: list[str], program: Path) -> None:
        """In a session of its own, with nothing of our environment but what it needs."""
        their_in, self._out = os.pipe()
        self._in, their_out = os.pipe()
        environment = {name: value for name in ("PATH", "LANG", "FONTCONFIG_PATH") if (value := os.environ.get(name))}
        environment |= {"HOME": str(self._folder), "TMPDIR": str(self._folder), "DBUS_SESSION_BUS_ADDRESS": "disabled:"}
        null, said = os.open(os.devnull, os.O_RDWR), os.open(self._folder / "stderr", os.O_RDWR | os.O_CREAT, 0o600)
        actions = [
            (os.POSIX_SPAWN_DUP2, null, 0),
            (os.POSIX_SPAWN_DUP2, null, 1),
            (os.POSIX_SPAWN_DUP2, said, 2),
        ]
        # The pipes may be 3 and 4 by chance: they go to their places by way of high numbers.
        high_in, high_out = _raised(their_in), _raised(their_out)
        actions += [(os.POSIX_SPAWN_DUP2, high_in, 3), (os.POSIX_SPAWN_DUP2, high_out, 4)]
        try:
            with _unlimited_address_space():
                try:
                    self.pid = os.posix_spawn(arguments[0], arguments, environment, file_actions=actions, setsid=True)
                except NotImplementedError:  # a C library without that
                    self.pid = os.posix_spawn(arguments[0], arguments, environment, file_actions=actions, setpgroup=0)
        except OSError as error:
            os.close(self._in)
            os.close(self._out)
            raise FetchError(f"{program} did not start: {error.strerror}") from None
        finally:
            for descriptor in (their_in, their_out, high_in, high_out, null, said):
                os.close(descriptor)
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)

    def send(self, method: str, params: dict[str, Any] | None = None, session: str | None = None) -> int:
        """Sends a command; its answer is not waited for. Raises BrowserError."""
        self._next_id += 1
        message: dict[str, Any] = {"id": self._next_id, "method": method, "params": params or {}}
        if session is not None:
            message["sessionId"] = session
        left = memoryview(json.dumps(message).encode() + b"\0")
        end = time.monotonic() + 10
        while left:
            try:
                left = left[os.write(self._out, left) :]
            except BlockingIOError:
                if time.monotonic() > end:
                    raise BrowserError("timeout", "the browser does not take commands") from None
                select.select([], [self._out], [], 0.1)
            except OSError:
                self.alive = False
                raise BrowserError("gone", "the browser has ended") from None
        return self._next_id

    def call(
        self, method: str, params: dict[str, Any] | None = None, session: str | None = None, *, seconds: float
    ) -> dict[str, Any]:
        """Sends a command and waits for its answer; events come in meanwhile. Raises BrowserError."""
        number = self.send(method, params, session)
        self._waiting.add(number)
        try:
            if not self.pump(seconds, lambda: number in self._answers):
                raise BrowserError("timeout", f"no answer to {method} in {seconds:g} seconds")
            answer = self._answers.pop(number)
        finally:
            self._waiting.discard(number)
            self._answers.pop(number, None)
        if "error" in answer:
            raise BrowserError("refused", f"{method}: {str(answer['error'].get('message'))[:300]}")
        result: dict[str, Any] = answer.get("result", {})
        return result

    def pump(self, seconds: float, done: Callable[[], bool]) -> bool:
        """Takes in events until `done`, or for so long; whether it was done. Raises BrowserError."""
        end = time.monotonic() + seconds
        while not done():
            left = end - time.monotonic()
            if left <= 0:
                return False
            if self._stopped():
                raise BrowserError("interrupted", "stopped by the user")
            self._look()
            ready, _, _ = select.select([self._in], [], [], min(left, 0.1))
            if ready:
                self._read()
        return True

    def _read(self) -> None:
        try:
            data = os.read(self._in, PIECE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.alive = False
            raise BrowserError("gone", "the browser has ended")
        self._buffer += data
        while (end := self._buffer.find(b"\0", self._seen)) >= 0:
            message = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._seen = 0
            self._take(message)
        self._seen = len(self._buffer)
        if self._seen > MAX_MESSAGE:
            self.kill()
            raise BrowserError("memory", f"more than {MAX_MESSAGE >> 20} MB in one message")

    def _take(self, data: bytes) -> None:
        try:
            message = json.loads(data)
        except ValueError:  # half a surrogate pair, or a browser that is broken: nothing can be made of it
            return
        if not isinstance(message, dict):
            return
        number = message.get("id")
        if number is None:
            self.on_event(message)
        elif number in self._waiting:
            self._answers[number] = message

    def _look(self) -> None:
        """Memory, now and then."""
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        used = group_memory(self.pid)
        self.peak = max(self.peak, used)
        if used > self._memory:
            self.kill()
            raise BrowserError("memory", f"the browser took more than {self._memory >> 20} MB and was stopped")

    def _last_words(self) -> str:
        with contextlib.suppress(OSError), (self._folder / "stderr").open("rb") as stream:
            lines = stream.read(64 << 10).decode("utf-8", "replace").strip().splitlines()
            return next((line for line in lines if "FATAL" in line or "ERROR" in line), "".join(lines[-1:]))[:300]
        return ""

    def kill(self) -> None:
        """Ends the browser and all its children at once."""
        self.alive = False
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Ends the browser and removes its profile."""
        self.kill()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        for descriptor in (self._in, self._out):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        for _ in range(5):  # children may be writing while they end
            shutil.rmtree(self._folder, ignore_errors=True)
            if not self._folder.exists():
                break
            time.sleep(0.05)


def _raised(descriptor: int) -> int:
    """The same file under a number above those that the browser expects."""
    import fcntl

    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 100)


@contextlib.contextmanager
def _unlimited_address_space() -> Any:
    """Children of this program may have little address space; Chromium reserves far more than it uses."""
    if sys.platform != "linux":
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
