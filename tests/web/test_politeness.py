"""How hard one host is asked: with a clock of our own where time matters, with real threads where turns matter."""

from __future__ import annotations

import io
import itertools
import threading
import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from testsite import Site, head
from visiting import fetch, fetcher

from archiver.errors import UsageError
from archiver.web import politeness as module
from archiver.web.exchange import ErrorKind, Exchange, Visit
from archiver.web.politeness import MAX_BACK_OFF, MAX_RETRY_AFTER, Politeness

WALL = 1_795_438_931.0


class Time:
    """Stands still, but for whoever waits."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waited = 0.0

    def __call__(self) -> float:
        return self.now

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds
        self.waited += seconds


def polite(clock: Time, per_host: int = 1, delay: float = 0.0, chance: float = 1.0) -> Politeness:
    return Politeness(per_host, delay, now=clock, wall=lambda: WALL, chance=lambda: chance, wait=clock.wait)


def visit(
    status: int | None = 200,
    *fields: tuple[str, str],
    url: str = "http://site.example/a",
    error_kind: ErrorKind | None = None,
    retryable: bool = False,
) -> Visit:
    exchange = Exchange(
        url=url,
        method="GET",
        request=b"",
        response=io.BytesIO(),
        response_length=0,
        ip=None,
        port=None,
        via_proxy=None,
        tls=None,
        started="2026-11-23T13:02:11.482Z",
        status=status,
        reason="",
        fields=fields,
        http_version="HTTP/1.1",
        truncated=None,
        problems=(),
        location=None,
    )
    outcome = "no response" if status is None else "response"
    error = None if error_kind is None else "words"
    return Visit(url, url, () if status is None else (exchange,), outcome, error, error_kind, retryable)


def test_a_delay_between_two_starts() -> None:
    clock = Time()
    gentle = polite(clock, delay=1.0)
    starts = []
    for _ in range(4):
        with gentle.slot("site.example"):
            starts.append(clock.now)
    assert [round(later - first, 6) for first, later in itertools.pairwise(starts)] == [1.0, 1.0, 1.0]


def test_a_long_visit_needs_no_delay_after_it() -> None:
    clock = Time()
    gentle = polite(clock, delay=1.0)
    with gentle.slot("site.example"):
        clock.now += 5
    with gentle.slot("site.example"):
        assert clock.waited == 0


def test_hosts_do_not_wait_for_one_another() -> None:
    clock = Time()
    gentle = polite(clock, delay=10.0)
    for host in ("a.example", "b.example", "A.example:8080"):
        with gentle.slot(host):
            pass
    assert clock.waited == 0
    with gentle.slot("A.EXAMPLE"):
        assert clock.waited == pytest.approx(10)


def test_at_most_so_many_at_a_time() -> None:
    gentle = Politeness(3, 0)
    lock, now_inside, most = threading.Lock(), [0], [0]

    def work() -> None:
        for _ in range(20):
            with gentle.slot("site.example"):
                with lock:
                    now_inside[0] += 1
                    most[0] = max(most[0], now_inside[0])
                time.sleep(0.001)
                with lock:
                    now_inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert most == [3]
    assert now_inside == [0]


def test_whoever_came_first_goes_first() -> None:
    gentle = Politeness(1, 0)
    order: list[int] = []

    def work(number: int) -> None:
        with gentle.slot("site.example"):
            order.append(number)

    threads = []
    with gentle.slot("site.example"):
        for number in range(8):
            thread = threading.Thread(target=work, args=(number,))
            thread.start()
            threads.append(thread)
            while len(gentle._hosts["site.example"].queue) <= number:
                time.sleep(0.001)
    for thread in threads:
        thread.join(10)
    assert order == list(range(8))


def test_a_free_slot_is_taken_at_once() -> None:
    """200 turns with four threads: woken, not polled for."""
    gentle = Politeness(1, 0)

    def work() -> None:
        for _ in range(50):
            with gentle.slot("site.example"):
                pass

    begun = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert time.monotonic() - begun < 8


def test_a_slot_is_given_back_whatever_happens() -> None:
    gentle = Politeness(1, 0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), gentle.slot("site.example"):
            _ = 1 / 0
    with gentle.slot("site.example"):
        pass


def test_stop_ends_the_waiting() -> None:
    stop = threading.Event()
    gentle = Politeness(1, 60, stop=stop)
    with gentle.slot("site.example"):
        pass
    threading.Timer(0.2, stop.set).start()
    begun = time.monotonic()
    with gentle.slot("site.example"):
        pass
    assert 0.1 < time.monotonic() - begun < 8


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds(status: int) -> None:
    clock = Time()
    gentle = polite(clock)
    busy = visit(status, ("Retry-After", " 7 "))
    gentle.note_visit("site.example", busy)
    assert gentle.should_retry(busy)
    assert gentle.retry_delay("site.example", 1) == pytest.approx(7)
    with gentle.slot("site.example"):
        assert clock.waited == pytest.approx(7)


def test_retry_after_as_a_date() -> None:
    gentle = polite(Time())
    assert gentle.retry_after(visit(503, ("retry-after", formatdate(WALL + 90, usegmt=True)))) == pytest.approx(90)
    assert gentle.retry_after(visit(503, ("Retry-After", formatdate(WALL - 90, usegmt=True)))) == 0


@pytest.mark.parametrize("value", ["", "soon", "-5", "1.5", "٣", "1e9", "99999999999999", "Mon, 99 Foo", "0x10"])
def test_retry_after_that_says_nothing(value: str) -> None:
    assert polite(Time()).retry_after(visit(503, ("Retry-After", value))) is None


@given(st.text(max_size=40))
def test_any_retry_after(value: str) -> None:
    found = polite(Time()).retry_after(visit(503, ("Retry-After", value)))
    assert found is None or found >= 0


def test_a_long_retry_after_is_capped_and_not_tried_again() -> None:
    clock = Time()
    gentle = polite(clock)
    busy = visit(429, ("Retry-After", "86400"))
    gentle.note_visit("site.example", busy)
    assert not gentle.should_retry(busy)
    with gentle.slot("site.example"):
        assert clock.waited == pytest.approx(MAX_RETRY_AFTER)


def test_retry_after_counts_only_where_it_means_busy() -> None:
    clock = Time()
    gentle = polite(clock)
    gentle.note_visit("site.example", visit(200, ("Retry-After", "50")))
    with gentle.slot("site.example"):
        assert clock.waited == 0


def test_back_off_doubles_and_is_forgotten() -> None:
    clock = Time()
    gentle = polite(clock)
    pauses = []
    for _ in range(8):
        gentle.note_visit("site.example", visit(503))
        before = clock.waited
        with gentle.slot("site.example"):
            pauses.append(round(clock.waited - before))
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]
    gentle.note_visit("site.example", visit(200))
    gentle.note_visit("site.example", visit(429))
    before = clock.waited
    with gentle.slot("site.example"):
        assert round(clock.waited - before) == 2


def test_chance_halves_it_at_most() -> None:
    for chance, seconds in ((0.0, 1.0), (0.5, 1.5), (1.0, 2.0)):
        assert polite(Time(), chance=chance).retry_delay("site.example", 1) == pytest.approx(seconds)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_delay_has_bounds(attempt: int, chance: float) -> None:
    assert 1.0 <= polite(Time(), chance=chance).retry_delay("site.example", attempt) <= MAX_BACK_OFF


def test_a_silent_host_is_left_alone_too() -> None:
    clock = Time()
    gentle = polite(clock)
    gentle.note_visit("site.example", visit(None, error_kind="timeout", retryable=True))
    with gentle.slot("site.example"):
        assert clock.waited == pytest.approx(2)
    gentle.note_visit("other.example", visit(None, error_kind="dns"))
    before = clock.waited
    with gentle.slot("other.example"):
        assert clock.waited == before


def test_the_host_behind_a_redirect_is_meant_too() -> None:
    clock = Time()
    gentle = polite(clock)
    gentle.note_visit("short.example", visit(429, ("Retry-After", "9"), url="https://long.example/a"))
    with gentle.slot("long.example"):
        assert clock.waited == pytest.approx(9)


@pytest.mark.parametrize("status", range(100, 600))
def test_statuses_that_are_tried_again(status: int) -> None:
    assert polite(Time()).should_retry(visit(status)) is (status in (408, 425, 429, 500, 502, 503, 504))


@pytest.mark.parametrize(
    ("found", "again"),
    [
        (visit(None, error_kind="timeout", retryable=True), True),
        (visit(None, error_kind="dns", retryable=False), False),
        (visit(200, retryable=True), True),  # broke off in the body
        (visit(302, error_kind="redirect loop"), False),
        (visit(503, error_kind="interrupted"), False),
        (visit(None, error_kind="refused address"), False),
    ],
)
def test_errors_that_are_tried_again(found: Visit, again: bool) -> None:
    assert polite(Time()).should_retry(found) is again


def test_after_stop_nothing_is_tried_again() -> None:
    stop = threading.Event()
    gentle = Politeness(1, 0, stop=stop)
    assert gentle.should_retry(visit(503))
    stop.set()
    assert not gentle.should_retry(visit(503))


@pytest.mark.parametrize(("per_host", "delay"), [(0, 1), (-1, 1), (1, -1)])
def test_no_politeness(per_host: int, delay: int) -> None:
    with pytest.raises(UsageError):
        Politeness(per_host, delay)


def test_hosts_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of a million hosts does not fill the memory."""
    monkeypatch.setattr(module, "MAX_IDLE_HOSTS", 100)
    clock = Time()
    gentle = polite(clock, delay=1.0)
    gentle.note_visit("busy.example", visit(503))
    for number in range(1000):
        with gentle.slot(f"{number}.example"):
            clock.now += 2
    assert len(gentle._hosts) <= 102
    assert "busy.example" in gentle._hosts


def test_with_a_real_site(plain_site: Site) -> None:
    """Busy twice, then well: as a worker of a run does it."""
    answers = iter([503, 429, 200])

    def serve(talk) -> None:
        talk.send(head("Content-Length: 0", "Retry-After: 0", status=f"{next(answers)} Busy"))

    plain_site.serve("/busy", serve)
    gentle = Politeness(2, 0)
    with fetcher() as shared:
        attempt = 1
        while True:
            with gentle.slot("127.0.0.1"):
                found = shared.fetch(plain_site.url("/busy"))
            gentle.note_visit("127.0.0.1", found)
            if attempt == 3 or not gentle.should_retry(found):
                break
            found.close()
            attempt += 1
    assert (attempt, found.exchanges[0].status) == (3, 200)
    found.close()


def test_what_a_fetcher_says_is_retryable(plain_site: Site) -> None:
    gentle = Politeness(1, 0)
    for path, again in {"/reset": True, "/short": True, "/404": False, "/ssh": False, "/loop": False}.items():
        found = fetch(plain_site.url(path))
        assert gentle.should_retry(found) is again, path
        found.close()


def test_a_host_that_is_not_there_does_not_hold_up_a_list() -> None:
    politeness = Politeness(2, 0.0, chance=lambda: 1.0)
    silent = Visit("http://gone.example/", "http://gone.example/", (), "no response", "refused", "connect", True)
    for _ in range(3):
        politeness.note_visit("gone.example", silent)
        assert politeness.should_retry(silent)
    held = politeness.retry_delay("gone.example", 1)
    politeness.note_visit("gone.example", silent)
    assert not politeness.should_retry(silent)
    assert politeness.retry_delay("gone.example", 1) <= held
