"""Visits by the real browser to a site on loopback, for tests and bench."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from certificates import Authority
from testsite import head
from visiting import clock

from archiver.browser.browser import Browser
from archiver.browser.identity import new_identity
from archiver.browser.proxy import Recording
from archiver.browser.rendered import Patience, Rendered
from archiver.web.dial import Dialler
from archiver.web.networks import resolve
from archiver.web.tls import recording_context, verifying_context

QUICK = Patience(total=40, load=6, settle=2, scroll=4, step=5)


def page(body: str | bytes, content_type: str = "text/html; charset=utf-8") -> bytes:
    """A whole response."""
    data = body.encode() if isinstance(body, str) else body
    return head(f"Content-Type: {content_type}", f"Content-Length: {len(data)}") + data


@contextmanager
def browser(authority: Authority | None = None, *, allow_private: bool = True, **options: Any) -> Iterator[Browser]:
    dialler = Dialler(
        resolver=resolve,
        proxy=None,
        allow_private=allow_private,
        verifying=verifying_context(None if authority is None else str(authority.root_path)),
        recording=recording_context(),
    )
    recording = Recording(
        dialler=dialler,
        identity=new_identity(),
        clock=clock,
        stop=threading.Event(),
        max_bytes=64 << 20,
        max_head=256 << 10,
        folder=None,
    )
    options.setdefault("patience", QUICK)
    with Browser(recording, **options) as made:
        yield made


def kinds(rendered: Rendered) -> set[str]:
    """What happened."""
    return {mark.kind for mark in rendered.marks}
