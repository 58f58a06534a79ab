"""The browser of a run's settings: its pages go out as plain visits do, by the same route, under the same rules."""

from __future__ import annotations

import multiprocessing
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from archiver.browser.browser import Browser
from archiver.browser.identity import new_identity
from archiver.browser.login import Login
from archiver.browser.proxy import Recording
from archiver.browser.rendered import Patience, Setting
from archiver.browser.tape import TapeLimits
from archiver.web.cookies import Cookie
from archiver.web.fetch import HttpFetcher
from archiver.web.headers import CHROME, FIREFOX
from archiver.web.stop import Stop


def browser_of(fetcher: HttpFetcher, *, dismiss_consent: bool = False, login: Login | None = None) -> Browser:
    """A browser whose pages go out as this fetcher's visits do: the same route, limits, rules and languages. Raises
    ExtraMissingError where there is none."""
    limits = fetcher.limits
    persona = fetcher.persona
    recording = Recording(
        dialler=fetcher.dialler,
        identity=new_identity(),
        clock=fetcher.clock,
        stop=_Wanted(fetcher.stop),
        max_bytes=limits.max_bytes,
        max_head=limits.max_head,
        folder=fetcher.folder,
        exchange_seconds=limits.total_seconds,
        guarded=bool(fetcher.cookies) or login is not None,
    )
    plain = persona.user_agent in (FIREFOX, CHROME)  # what a browser is not, it should not say
    language = (persona.accept_language or "").split(",")[0].split(";")[0].strip()
    setting = Setting(
        locale=language if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", language) else "en-US",
        accept_language=persona.accept_language,
        user_agent=None if plain else persona.user_agent,
        referrer=fetcher.referrer,
        dismiss_consent=dismiss_consent,
        login_profile=login is not None,
    )
    total = limits.total_seconds
    whole = Patience()
    share = min(1.0, total / whole.total)
    patience = replace(
        whole, total=total, load=whole.load * share, settle=whole.settle * share, scroll=whole.scroll * share
    )
    return Browser(recording, setting=setting, patience=patience, limits=TapeLimits(), login=login)


class _Wanted:
    """Set when the user wants to stop, and when the process that this one works for is gone."""

    def __init__(self, stop: Stop) -> None:
        parent = multiprocessing.parent_process()
        self._stop = stop
        self._parent = None if parent is None else parent.pid

    def is_set(self) -> bool:
        return self._stop.is_set() or (self._parent is not None and os.getppid() != self._parent)

    def wait(self, timeout: float | None = None) -> bool:
        return self._stop.wait(timeout) or self.is_set()


def cookies_for(cookies: Sequence[Cookie], url: str) -> list[dict[str, Any]]:
    """The cookies of a visit as the browser takes them."""
    found = []
    for cookie in cookies:
        plain: dict[str, Any] = {"name": cookie.name, "value": cookie.value, "path": cookie.path}
        if cookie.domain is None:
            plain["url"] = url
        else:
            plain["domain"] = f".{cookie.domain}" if cookie.subdomains else cookie.domain
            plain["secure"] = cookie.secure
        if cookie.expires is not None:
            plain["expires"] = cookie.expires
        found.append(plain)
    return found
