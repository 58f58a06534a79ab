"""When a page is due: by its interval, since something was last known of it; later and later while nothing is."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from archiver.errors import FormatError, UsageError
from archiver.store import settings
from archiver.store.index_pages import PageTimes, Seen
from archiver.store.interval import seconds_of, spell
from archiver.store.settings import RecheckRule
from archiver.work import schedule, watch
from archiver.work.errands import Manner
from archiver.work.schedule import interval
from archiver.work.wishes import Wishes

DAY = 86_400
START = datetime.fromisoformat("2026-11-01T00:00:00+00:00")
RULES = (RecheckRule("*", DAY),)


def at(hours: float) -> str:
    return (START + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def capture(hours: float, kind: str | None = "article", statements: int = 3) -> Seen:
    return Seen(at(hours), kind, statements)


def page(*captures: Seen, rechecks: dict[float, bool | None] | None = None) -> PageTimes:
    """A page with captures, and rechecks that were conclusive or not, or cannot be read."""
    visits = [(at(hours), known) for hours, known in (rechecks or {}).items()]
    return PageTimes("https://news.example/live/a", list(captures), visits, aside=False)


def due(page: PageTimes, rules: tuple[RecheckRule, ...] = RULES) -> float | None:
    """Hours after the start at which it is due."""
    found = schedule.schedule(page, rules)
    return None if found is None else (found.at - START).total_seconds() / 3600


def test_a_day_after_something_was_known() -> None:
    assert due(page(capture(0))) == 24
    assert due(page(capture(0), capture(10))) == 34
    assert due(page(capture(0), rechecks={30: True})) == 54
    assert due(page(capture(0), rechecks={30: True, 40: True})) == 64


def test_unknown_backs_off() -> None:
    """After 6, 12, 24, 48, 96 hours, and then every 8 days."""
    visits: dict[float, bool | None] = {}
    now = 24.0
    for wait in (6, 12, 24, 48, 96, 192, 192, 192):
        visits[now] = False
        assert due(page(capture(0), rechecks=visits)) == now + wait
        now += wait
    assert due(page(capture(0), rechecks={**visits, now: True})) == now + 24, "what is known ends it"


def test_a_blocked_visit_is_nothing_that_is_known() -> None:
    blocked = capture(24, kind="challenge", statements=0)
    assert due(page(capture(0), blocked, rechecks={24: False})) == 30


def test_a_recheck_that_cannot_be_read_counts_for_nothing() -> None:
    assert due(page(capture(0), rechecks={10: None})) == 24


def test_pages_without_statements_are_never_due() -> None:
    assert due(page(capture(0, statements=0))) is None
    assert due(page(capture(0, kind="paywall"))) is None
    assert due(page(capture(0)), (RecheckRule("other.example/*", DAY),)) is None
    assert due(page(capture(0)), (RecheckRule("news.example/*", None), *RULES)) is None


@pytest.mark.parametrize(
    ("pattern", "url", "fits"),
    [
        ("*", "https://news.example/a", True),
        ("news.example/*", "https://news.example/a", True),
        ("https://news.example/*", "https://news.example/a", True),
        ("https://news.example/*", "http://news.example/a", False),
        ("*.example/live/*", "https://news.example/live/a?b=1", True),
        ("*.example/live/*", "https://news.example/dead/a", False),
        ("news.example", "https://news.example/a", False),
        ("news.example/a", "https://news.example/a", True),
        ("*a", "https://news.example/a", True),
        ("*a", "https://news.example/ab", False),
        ("*/a/*/b", "https://news.example/a/x/b", True),
        ("news.example/[a-z]?", "https://news.example/q1", False),
        ("n*w*s.example/***/a", "https://news.example/x/y/a", True),
    ],
)
def test_patterns(pattern: str, url: str, fits: bool) -> None:
    assert interval(url, (RecheckRule(pattern, 60),)) == (60 if fits else None)


def test_the_first_rule_that_fits_counts() -> None:
    rules = (RecheckRule("*/live/*", 1800), RecheckRule("old.example/*", None), RecheckRule("*", DAY))
    assert interval("https://news.example/live/a", rules) == 1800
    assert interval("https://old.example/a", rules) is None
    assert interval("https://news.example/a", rules) == DAY
    assert interval("https://news.example/a", ()) is None


def test_no_pattern_takes_long() -> None:
    start = time.process_time()
    assert interval("https://news.example/" + "a" * 4000, (RecheckRule("*a" * 60 + "b", 60),)) is None
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("6h", 21_600), ("1 d", DAY), ("2w", 14 * DAY)]
)
def test_intervals(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds
    assert seconds_of(spell(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "6", "h", "0h", "-6h", "1.5h", "6 hours", "99999999w", "٦h", "6h 1m"])
def test_what_is_no_interval(text: str) -> None:
    with pytest.raises(UsageError):
        seconds_of(text)


def test_rules_in_archive_yaml() -> None:
    found = settings.parse(
        {"recheck": [{"pattern": "a.example/*", "every": "6h"}, {"pattern": "*", "every": "never"}]}, "x"
    )
    assert found.recheck == (RecheckRule("a.example/*", 21_600), RecheckRule("*", None))
    assert settings.parse({}, "x").recheck == ()


@pytest.mark.parametrize(
    "rules",
    [
        "6h",
        {"pattern": "*", "every": "6h"},
        [{"pattern": "*"}],
        [{"pattern": "*", "every": 6}],
        [{"pattern": "", "every": "6h"}],
        [{"pattern": "*", "every": "6h", "jitter": True}],
        [{"pattern": "*", "every": "soon"}],
        ["*"],
    ],
)
def test_rules_that_are_none(rules: Any) -> None:
    with pytest.raises(FormatError, match="recheck"):
        settings.parse({"recheck": rules}, "archive.yaml")


def test_nobody_is_led_past_their_proxy() -> None:
    manner = Manner("Reader 1.0", None, None, "socks5h://127.0.0.1:9050")
    assert manner.wishes(Wishes(), has_proxy=False).proxy == "socks5h://127.0.0.1:9050", "as the first visit went"
    assert manner.wishes(Wishes(), has_proxy=True).proxy is None, "the settings count"
    assert manner.wishes(Wishes(proxy="http://127.0.0.1:3128"), has_proxy=True).proxy == "http://127.0.0.1:3128"
    direct = Manner("Reader 1.0", "de", None, None)
    assert direct.wishes(Wishes(), has_proxy=False).proxy is None
    assert direct.wishes(Wishes(), has_proxy=False).accept_language == "de"
    assert manner.wishes(Wishes(), has_proxy=False).accept_language == "", "the first visit named no languages"


def test_a_watch_keeps_no_clock() -> None:
    """Between nine and eleven tenths of the interval, by chance."""
    assert watch.interval(1000, lambda count: b"\0" * count) == 900
    assert 1099 < watch.interval(1000, lambda count: b"\xff" * count) < 1100
    assert watch.interval(1000, lambda count: b"\x80" + b"\0" * (count - 1)) == 1000
