"""A WebSocket (or whatever else a connection is upgraded to) led through, every byte of both sides kept.

The request is then the head and all that the page said after it, the response the head with status 101 and all that
the site said: frames as they were on the wire (RFC 6455), those of the page masked. Compression of frames is not
offered, so that words in them can be found. It lasts as long as the visit, if nobody ends it before.
"""

from __future__ import annotations

import selectors
import ssl
from typing import BinaryIO

from archiver.web.stop import Stop
from archiver.web.wire import Wire

MAX_SAID = 16 << 20  # bytes that a page may say
SLICE = 0.1  # seconds
EXTENSIONS = b"sec-websocket-extensions"


def lead_through(
    client: Wire, site: Wire, *, said: bytearray, came: BinaryIO, room: int, stop: Stop
) -> tuple[int, str | None]:
    """Until one side closes, or a limit. `said` and `came` take in the bytes of either side, `room` is what `came` may
    still grow by. How many bytes came, and what ended it if it was not one of the two. Raises OSError from `came`."""
    size = 0
    while not stop.is_set():
        moved = False
        try:
            data = site.receive_ready()
            if data == b"":
                return size, None
            if data:
                came.write(data[: room - size])
                size += min(len(data), room - size)
                if size >= room:
                    return size, "more than is taken in of one response"
                _pass_on(client, data, stop)
                moved = True
        except (OSError, _StoppedError):
            return size, None
        try:
            data = client.receive_ready()
            if data == b"":
                return size, None
            if data:
                said += data
                if len(said) > MAX_SAID:
                    return size, f"the page said more than {MAX_SAID} bytes"
                _pass_on(site, data, stop)
                moved = True
        except (OSError, _StoppedError):
            return size, None
        if not moved:
            with selectors.DefaultSelector() as selector:
                selector.register(client.sock, selectors.EVENT_READ)
                selector.register(site.sock, selectors.EVENT_READ)
                selector.select(SLICE)
    return size, "the visit ended"


class _StoppedError(Exception):
    """The visit is over."""


def _pass_on(wire: Wire, data: bytes, stop: Stop) -> None:
    left = memoryview(data)
    while left:
        if stop.is_set():
            raise _StoppedError
        try:
            left = left[wire.sock.send(left) :]
        except OSError as error:
            if not _wants_time(error):
                raise
            with selectors.DefaultSelector() as selector:
                selector.register(wire.sock, selectors.EVENT_WRITE | selectors.EVENT_READ)
                selector.select(SLICE)


def _wants_time(error: OSError) -> bool:
    return isinstance(error, (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError))
