"""archive.yaml: what a person may set for one archive. Unknown names are errors, so that a typo is never silent."""

from __future__ import annotations

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
"""


_KINDS: dict[type, str] = {str: "text", int: "a whole number", bool: "true or false"}
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
    return _fill(settings, plain, where)


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
