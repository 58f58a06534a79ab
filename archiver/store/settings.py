"""archive.yaml: what a person may set for one archive. Unknown names are errors, so that a typo is never silent."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from archiver.errors import FormatError, UsageError
from archiver.store.interval import seconds_of
from archiver.store.yaml_file import read_mapping

TEMPLATE = """\
# Settings of this archive. Lines that begin with # show the defaults. Nothing here is evidence:
# what was in force for a capture is sealed in its facts.

# Which log and keys: written by `archiver init`, leave as they are.
keys: {keys}

# Who captures; every part is optional, and sealed into each snapshot as you write it.
# collector:
#   name: Ann Lee
#   organisation: The Ferrow Gazette
#   location: Ferrow

# How pages are asked for.
# user_agent: firefox        # firefox, chrome, archiver, or a whole string
# accept_language: en-US,en;q=0.9
# proxy: socks5h://127.0.0.1:9050
# require_proxy: false       # true: never connect without the proxy
# ca_file: company-ca.pem    # roots beside the system's

# Limits. Reaching one is recorded with what was received until then.
# total_seconds: 120
# max_megabytes: 512
# max_redirects: 20

# Politeness.
# per_host: 2                # at most so many at a time on one host
# delay_seconds: 1           # between two starts on one host
# attempts: 3                # for what may pass: 429, 502, 503, 504, time-outs, resets

# When `archiver recheck --due` visits a page again; the first pattern that fits its address counts. * stands for
# anything; an address may be given with or without its https://.
# recheck:
#   - {{pattern: "news.example/live/*", every: 30m}}
#   - {{pattern: "archive.example/*", every: never}}
#   - {{pattern: "*", every: 1d}}

# Who stamps the time of this log, for `archiver timestamp` (docs/guide/time.md). They see a digest and your address.
# Pin the root of each authority: archiver timestamp --tsa NAME --pin root.pem
# timestamp:
#   after_capture: false     # true: also at the end of every capture and recheck
#   authorities:
#     - {{name: tsa-one, url: "https://tsa.example/tsr"}}
#     - {{name: tsa-two, url: "https://stamps.example/", policy: "1.2.3.4"}}
#   calendars:               # OpenTimestamps
#     - https://calendar.example
"""


_KINDS: dict[type, str] = {str: "text", int: "a whole number", bool: "true or false"}
_LABEL = re.compile(r"[a-z0-9-]{1,40}", re.ASCII)
_ADDRESS = re.compile(r"https?://[^\s/]", re.ASCII)
_AT_LEAST_ONE = frozenset({"total_seconds", "max_megabytes", "per_host", "attempts"})


@dataclass(frozen=True, slots=True)
class CollectorSettings:
    """Who captures, as they say it."""

    name: str | None = None
    organisation: str | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class RecheckRule:
    """How often pages are visited again whose address fits `pattern`: every so many seconds, None: never."""

    pattern: str
    every: int | None


@dataclass(frozen=True, slots=True)
class AuthoritySettings:
    """A time-stamping authority: its name here, which is also that of its root in trust/tsa/ and the label of its
    files; its address; and the policy (an OID) to ask for."""

    name: str
    url: str
    policy: str | None = None


@dataclass(frozen=True, slots=True)
class TimestampSettings:
    """Who stamps the log's checkpoints, and whether that is done at the end of every capture."""

    after_capture: bool = False
    authorities: tuple[AuthoritySettings, ...] = ()
    calendars: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force. Times in seconds, sizes in MiB."""

    keys: str = ""
    collector: CollectorSettings = field(default_factory=CollectorSettings)
    user_agent: str = "firefox"
    accept_language: str = "en-US,en;q=0.9"
    proxy: str | None = None
    require_proxy: bool = False
    ca_file: str | None = None
    total_seconds: int = 120
    max_megabytes: int = 512
    max_redirects: int = 20
    per_host: int = 2
    delay_seconds: int = 1
    attempts: int = 3
    allow_private: bool = False
    passphrase_command: str | None = None
    recheck: tuple[RecheckRule, ...] = ()
    timestamp: TimestampSettings = field(default_factory=TimestampSettings)


Part = TypeVar("Part", Settings, CollectorSettings)


def load(path: Path) -> Settings:
    """The settings in an archive.yaml. Raises FormatError naming the setting, StoreError."""
    return parse(read_mapping(path), str(path))


def parse(plain: dict[str, Any], where: str) -> Settings:
    """Settings from a mapping; unknown names and wrong types are errors."""
    plain = dict(plain)
    settings = Settings()
    collector = plain.pop("collector", None)
    if collector is not None:
        if not isinstance(collector, dict):
            raise FormatError("collector is not a group of name, organisation, location", where=where)
        settings = replace(settings, collector=_fill(CollectorSettings(), collector, where))
    rules = plain.pop("recheck", None)
    if rules is not None:
        if not isinstance(rules, list):
            raise FormatError("recheck is not a list of pattern and every", where=where)
        settings = replace(settings, recheck=tuple(_rule(item, where) for item in rules))
    stamping = plain.pop("timestamp", None)
    if stamping is not None:
        settings = replace(settings, timestamp=_stamping(stamping, where))
    return _fill(settings, plain, where)


def _stamping(plain: Any, where: str) -> TimestampSettings:
    known = {"after_capture": bool, "authorities": list, "calendars": list}
    if isinstance(plain, dict):  # a list whose lines are all commented out is nothing
        plain = {name: value for name, value in plain.items() if value is not None or name not in known}
    if not isinstance(plain, dict) or any(type(plain[name]) is not known.get(name) for name in plain):
        raise FormatError("timestamp is not a group of after_capture, authorities, calendars", where=where)
    found = tuple(_authority(item, where) for item in plain.get("authorities", ()))
    calendars = plain.get("calendars", [])
    if len({item.name for item in found}) != len(found):
        raise FormatError("timestamp: two authorities have one name", where=where)
    if not all(isinstance(item, str) and _ADDRESS.match(item) for item in calendars):
        raise FormatError("timestamp: calendars are addresses, https://…", where=where)
    return TimestampSettings(plain.get("after_capture", False), found, tuple(dict.fromkeys(calendars)))


def _authority(plain: Any, where: str) -> AuthoritySettings:
    if not isinstance(plain, dict) or not {"name", "url"} <= set(plain) <= {"name", "url", "policy"}:
        raise FormatError("timestamp: each authority has a name and an address (url)", where=where)
    if not all(isinstance(value, str) for value in plain.values()):
        raise FormatError("timestamp: name, url and policy are text", where=where, hint='in quotes: policy: "1.2.3"')
    if not is_label(plain["name"]) or not _ADDRESS.match(plain["url"]):
        message = "timestamp: a name is 1 to 40 of a-z, 0-9 and -, an address begins with https:// or http://"
        raise FormatError(message, where=where)
    return AuthoritySettings(**plain)


def is_label(text: str) -> bool:
    """Whether `text` can be the label of a stamp's file, and so the name of an authority."""
    return _LABEL.fullmatch(text) is not None


def _rule(plain: Any, where: str) -> RecheckRule:
    if not isinstance(plain, dict) or set(plain) != {"pattern", "every"}:
        raise FormatError("recheck: each entry has a pattern and an interval (every)", where=where)
    pattern, every = plain["pattern"], plain["every"]
    if not isinstance(pattern, str) or not pattern or not isinstance(every, str):
        raise FormatError("recheck: pattern and every are text", where=where, hint="for example every: 6h")
    try:
        return RecheckRule(pattern, None if every == "never" else seconds_of(every))
    except UsageError as error:
        raise FormatError(f"recheck: every: {error.message}", where=where, hint=error.hint) from None


def _fill(target: Part, plain: dict[str, Any], where: str) -> Part:
    known: dict[str, Any] = {item.name: getattr(target, item.name) for item in fields(target)}
    values: dict[str, Any] = {}
    for name, value in plain.items():
        if name not in known:
            raise FormatError(f"no setting {name!r}; there are {', '.join(known)}", where=where)
        wanted: type = type(known[name]) if known[name] is not None else str
        if value is None and known[name] is None:
            continue
        least = 1 if name in _AT_LEAST_ONE else 0
        if type(value) is not wanted or (isinstance(value, int) and value < least):
            kind = _KINDS[wanted] + (", 1 or more" if least else "")
            message = f"{name}: {str(value)[:80]!r} is not {kind}"
            raise FormatError(message, where=where, hint="put text in quotes" if wanted is str else None)
        values[name] = value
    return replace(target, **values)
