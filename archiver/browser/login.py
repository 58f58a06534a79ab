"""The log-in that somebody has in a Chromium of their own: its cookies, read from a copy, for a visit that is fresh
in everything else.

    Local State                              a folder for --user-data-dir, or
    Default/Cookies, Default/Network/Cookies  one profile in it: Default, Profile 1 …

Nothing is written to that folder, and of it only the cookies are copied: no history, extensions, passwords. A Chromium
on the copy decrypts them and is asked for them over its pipe; it can reach nothing, and the copy is then removed. A
site gets its own cookies alone. Values stand in the WARC and nowhere else: no text that is made of these classes shows
them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from archiver.browser.chromium import need_chromium
from archiver.browser.process import BrowserError, Process
from archiver.errors import FetchError, FormatError, MissingError, StoreError, UsageError
from archiver.web.networks import is_address

READ_SECONDS = 20.0
MEMORY = 2 << 30  # bytes of the browser that reads
MAX_FILE = 256 << 20  # bytes of the cookies' file; Chromium keeps 3,300 cookies, in some MB
PLACES = ("Cookies", "Network/Cookies")  # in a profile: older ones and Linux, newer ones on other systems
LOCKS = ("SingletonLock", "lockfile")
_KEPT = ("name", "value", "path", "secure", "httpOnly", "sameSite")  # of a cookie, as Storage.setCookies takes it
_EVER = 15_000_000_000_000_000  # microseconds since 1601: in the year 2076


@dataclass(frozen=True, slots=True)
class Login:
    """Cookies as Storage.getCookies gives them."""

    cookies: tuple[Mapping[str, Any], ...] = field(repr=False)

    def cookies_of(self, url: str) -> list[dict[str, Any]]:
        """Those of the page's site, as Storage.setCookies takes them: of its host, the domains above it and the hosts
        below it (`www.` is as good as none). They last as long as the visit."""
        host = urlsplit(url).hostname or ""
        return [_given(cookie) for cookie in self.cookies if _of_site(host, str(cookie["domain"]))]

    def told(self, url: str) -> str:
        """What of it a visit is given, in words: names alone."""
        names = [str(cookie["name"]) for cookie in self.cookies_of(url)]
        return f"cookies of a profile: {', '.join(names)}" if names else "the profile has no cookie of this site"


def _of_site(host: str, domain: str) -> bool:
    domain = domain.removeprefix(".").lower()
    if domain == host or is_address(host):
        return domain.strip("[]") == host
    bare = host.removeprefix("www.")
    return host.endswith("." + domain) or domain.endswith("." + (bare if "." in bare else host))


def _given(cookie: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: cookie[name] for name in _KEPT if name in cookie}
    domain = str(cookie["domain"])
    if domain.startswith("."):
        return plain | {"domain": domain}
    return plain | {"url": f"{'https' if cookie.get('secure') else 'http'}://{domain}/"}  # for that host alone


def read_login(folder: Path, stopped: Callable[[], bool] = lambda: False) -> Login:
    """The cookies in a Chromium's folder. Raises MissingError, UsageError for one that is none, or that is in use;
    FormatError, StoreError, FetchError for one that cannot be read; ExtraMissingError without a Chromium."""
    program = need_chromium()
    source, profile = _profile_of(folder)
    copied = 0

    def fill(ours: Path) -> None:
        nonlocal copied
        copied = _copy(source, profile, ours)

    with _closed_port() as port:
        process = Process(
            program, door=port, spki="", language="en-US", memory=MEMORY, stopped=stopped, fill_profile=fill
        )
        try:
            found = process.call("Storage.getCookies", seconds=READ_SECONDS).get("cookies", [])
        except BrowserError as error:
            raise FetchError(f"its cookies could not be read: {error.message}", where=str(folder)) from None
        finally:
            process.close()
    if copied and not found:
        raise FormatError(
            f"none of the {copied} cookies in it can be read",
            where=str(folder),
            hint="they are encrypted for a keyring or for another system: log in with a profile made by "
            "chromium --password-store=basic --user-data-dir=DIR",
        )
    return Login(tuple(cookie for cookie in found if "partitionKey" not in cookie))


def _profile_of(folder: Path) -> tuple[Path, Path]:
    """The file of its cookies, and the folder of the profile. Raises MissingError, UsageError."""
    if not folder.is_dir():
        raise MissingError("there is no such folder", where=str(folder))
    for profile, around in ((folder / "Default", folder), (folder, folder.parent)):
        for place in PLACES:
            if (profile / place).is_file():
                if any(os.path.lexists(around / lock) for lock in LOCKS):
                    raise UsageError(
                        "this profile is in use (SingletonLock)",
                        where=str(folder),
                        hint="close that browser; if none is open, start and close it once",
                    )
                return profile / place, profile
    raise UsageError(
        "is no profile of a Chromium: there are no cookies in it",
        where=str(folder),
        hint="make one with chromium --password-store=basic --user-data-dir=DIR, log in, and close it",
    )


def _copy(source: Path, profile: Path, ours: Path) -> int:
    """Copies the cookies to a profile of our own; how many there are that are still good."""
    target = ours / "Default" / source.relative_to(profile)
    try:
        target.parent.mkdir(parents=True)
        if source.stat().st_size > MAX_FILE:
            raise FormatError(f"more than {MAX_FILE} bytes", where=str(source))
        shutil.copyfile(source, target)
        for ending in ("-journal", "-wal"):
            if (beside := source.with_name(source.name + ending)).is_file():
                shutil.copyfile(beside, target.with_name(target.name + ending))
        if (state := profile.parent / "Local State").is_file():  # on some systems, the key
            shutil.copyfile(state, ours / "Local State")
    except OSError as error:
        raise StoreError(f"could not be copied: {error.strerror}", where=str(source)) from None
    return _keep_sessions(target, source)


def _keep_sessions(target: Path, source: Path) -> int:
    """A Chromium that starts forgets the cookies that were to last until it ended, and log-ins often are such: in the
    copy they have an end. How many cookies are still good."""
    try:
        with contextlib.closing(sqlite3.connect(target)) as database, database:
            database.execute(
                "UPDATE cookies SET is_persistent = 1, has_expires = 1, expires_utc = ? WHERE is_persistent = 0",
                (_EVER,),
            )
            (count,) = database.execute(
                "SELECT count(*) FROM cookies WHERE expires_utc > (strftime('%s', 'now') + 11644473600) * 1000000"
            ).fetchone()
    except sqlite3.Error:
        raise FormatError("is no file of cookies that is understood", where=str(source)) from None
    return int(count)


@contextlib.contextmanager
def _closed_port() -> Iterator[int]:
    """A port of this machine where nobody listens, and nobody can begin to."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]
