"""What a person wishes for one run, over what the archive's settings say; and the fetcher that follows from both."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from archiver.archive import Clock
from archiver.errors import StoreError, UsageError
from archiver.store.settings import Settings
from archiver.web.cookies import MAX_FILE, Cookie, parse_cookie, parse_cookies_txt
from archiver.web.fetch import HttpFetcher, Limits
from archiver.web.headers import Persona
from archiver.web.stop import Stop

if TYPE_CHECKING:
    from archiver.browser.login import Login

# Environment variables by which people are used to name a proxy; read here, shown and recorded, never picked up unseen.
PROXY_VARIABLES = ("ARCHIVER_PROXY", "ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy")

# Whether pages are visited by the browser: auto, where the page as it is served has nothing to read.
Browsing = Literal["always", "auto", "never"]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line says; None where it is silent and the archive's settings count."""

    jobs: int = 4
    keep_failed: bool = False
    read_later: bool = False
    resume: str | None = None
    allow_private: bool = False
    user_agent: str | None = None
    accept_language: str | None = None
    referrer: str | None = None
    cookies: tuple[str, ...] = ()
    cookie_file: Path | None = None
    proxy: str | None = None
    require_proxy: bool = False
    ca_file: Path | None = None
    max_megabytes: int | None = None
    total_seconds: int | None = None
    delay_seconds: int | None = None
    not_before: str | None = None
    not_before_source: str | None = None
    browser: Browsing = "never"
    requisites: bool = False
    dismiss_consent: bool = False
    login_profile: Path | None = None
    login: Login | None = field(default=None, repr=False)  # what was read from it (with_login)


def in_force(settings: Settings, wishes: Wishes, environment: dict[str, str]) -> tuple[Settings, str | None]:
    """The settings of this run, and which environment variable the proxy came from."""
    changes: dict[str, Any] = {}
    for name in ("user_agent", "accept_language", "max_megabytes", "total_seconds", "delay_seconds"):
        value = getattr(wishes, name)
        if value is not None:
            if isinstance(value, int) and value < (0 if name == "delay_seconds" else 1):
                option = "delay" if name == "delay_seconds" else name.replace("_", "-")
                raise UsageError(f"--{option} {value}: too small")
            changes[name] = value
    changes["allow_private"] = settings.allow_private or wishes.allow_private
    changes["require_proxy"] = settings.require_proxy or wishes.require_proxy
    if wishes.ca_file is not None:
        changes["ca_file"] = str(wishes.ca_file)
    variable = None
    if wishes.proxy is not None:
        changes["proxy"] = None if wishes.proxy == "none" else wishes.proxy
    elif settings.proxy is None:
        variable = next((name for name in PROXY_VARIABLES if environment.get(name)), None)
        if variable is not None:
            changes["proxy"] = environment[variable]
    found = replace(settings, **changes)
    if found.require_proxy and not found.proxy:
        raise UsageError("a proxy is required, and none is given", hint="--proxy socks5h://127.0.0.1:9050")
    return found, variable


def with_login(wishes: Wishes, stop: Stop) -> Wishes:
    """The wishes with the cookies of the log-in profile, where there is one: it is a browser's, and for a browser's
    visit. Raises UsageError, MissingError, FormatError, StoreError, FetchError, ExtraMissingError."""
    if wishes.login_profile is None:
        return wishes
    if wishes.browser == "never":
        raise UsageError("--login-profile is for a visit by the browser", hint="leave --browser=never away")
    from archiver.browser.login import read_login

    return replace(wishes, browser="always", login=read_login(wishes.login_profile, stop.is_set))


def fetcher_of(clock: Clock, settings: Settings, wishes: Wishes, stop: Stop, folder: Path | None = None) -> HttpFetcher:
    """The fetcher for these settings; long responses wait in `folder`. Raises UsageError,
    StoreError, FormatError for what it cannot use."""
    return HttpFetcher(
        clock=clock,
        limits=Limits(
            total_seconds=settings.total_seconds,
            max_bytes=settings.max_megabytes << 20,
            max_redirects=settings.max_redirects,
        ),
        persona=Persona.of(settings.user_agent, settings.accept_language),
        referrer=wishes.referrer,
        cookies=_cookies(wishes),
        proxy=settings.proxy,
        require_proxy=settings.require_proxy,
        ca_file=settings.ca_file,
        allow_private=settings.allow_private,
        folder=folder,
        stop=stop,
    )


def _cookies(wishes: Wishes) -> tuple[Cookie, ...]:
    found = [parse_cookie(text) for text in wishes.cookies]
    if wishes.cookie_file is not None:
        try:
            with wishes.cookie_file.open("rb") as stream:
                data = stream.read(MAX_FILE + 1)
        except OSError as error:
            raise StoreError(f"could not be read: {error.strerror}", where=str(wishes.cookie_file)) from None
        found += parse_cookies_txt(data, str(wishes.cookie_file))
    return tuple(found)
