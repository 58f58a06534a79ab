"""What parent and child write to each other, over a pipe of `multiprocessing`: one pickled value at a time.

Records are pickled as their fields in order: the way of the standard library looks the fields up anew for each record,
both when writing and when reading, which took a tenth of the time of sealing a page. Both ends run the same program.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import pickle
import select
from multiprocessing.connection import Connection
from typing import Any


class Mailbox:
    """One end of a pipe; for one thread at a time."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._poll = None
        if hasattr(select, "poll"):  # one that stays: `Connection.poll` makes a selector for every wait
            self._poll = select.poll()
            self._poll.register(pipe.fileno(), select.POLLIN)

    def send(self, letter: object) -> None:
        """Raises OSError when the other end is gone."""
        out = io.BytesIO()
        _Writer(out, pickle.HIGHEST_PROTOCOL).dump(letter)
        self._pipe.send_bytes(out.getbuffer())

    def waits(self, seconds: float) -> bool:
        """Whether a letter comes in that time, or the other end goes."""
        if self._poll is None:
            return self._pipe.poll(seconds)
        return bool(self._poll.poll(seconds * 1000))

    def receive(self) -> Any:
        """The next letter. Raises EOFError, OSError when the other end is gone."""
        return pickle.loads(self._pipe.recv_bytes())  # noqa: S301 - from this program itself

    def close(self) -> None:
        """No more is sent or received."""
        self._pipe.close()


class _Writer(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        """A frozen record as its type and the values of its fields; all else as ever."""
        names = _fields_of(value.__class__)
        return NotImplemented if names is None else (type(value), tuple([getattr(value, name) for name in names]))


@functools.cache
def _fields_of(kind: Any) -> tuple[str, ...] | None:
    """The fields that a record's type is called with, None if it is no such type."""
    if not dataclasses.is_dataclass(kind):
        return None
    fields = dataclasses.fields(kind)
    return tuple(field.name for field in fields) if all(field.init and not field.kw_only for field in fields) else None
