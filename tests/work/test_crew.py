"""Children: they work like this process does, and one that hangs, dies or is interrupted costs nobody else anything."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from newsroom import Newsroom

from archiver.archive import Archive, system_clock
from archiver.errors import FetchError, StoreError
from archiver.model.facts import Collector
from archiver.store.home import Home
from archiver.store.settings import Settings
from archiver.work import crew as module
from archiver.work.crew import Crew, Plan, reading_of, stop_event
from archiver.work.keys import make_archive
from archiver.work.prepare import Run
from archiver.work.station import Station
from archiver.work.targets import Target
from archiver.work.wishes import Wishes


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    home = Home(tmp_path / "config", tmp_path / "state")
    make_archive(tmp_path / "archive", home, passphrase=None, origin=None, clock=system_clock, entropy=os.urandom)
    return Archive(tmp_path / "archive", home)


@pytest.fixture
def crew(archive: Archive) -> Iterator[Crew]:
    found = Crew(archive, plan(archive), 2, 20.0, stop_event())
    yield found
    found.close()


def plan(archive: Archive) -> Plan:
    run = Run("20261124-120000-abcdef01", Collector(None, None, None), {}, "direct", "x", "en", None)
    settings = Settings(allow_private=True, total_seconds=10)
    return Plan(archive.root, archive.home, run, (settings, Wishes(allow_private=True)))


@contextmanager
def silent() -> Iterator[str]:
    """A server that accepts, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def target(site: Newsroom, path: str) -> Target:
    return Target(site.url(path), site.url(path))


def test_a_child_fetches_stages_and_reads(crew: Crew) -> None:
    with Newsroom() as site, crew.hand() as hand:
        visit = hand.fetch(target(site, "/gazette/ferry"))
        assert visit.outcome == "response"
        staged = hand.stage(1)
        assert staged.readable
        assert all(item.temp.exists() for item in staged.staged)
        reading = reading_of(hand, hand.read)
        assert reading.facts.kind == "article"
        assert reading.title == "Old ferry may become a theatre"


def test_our_errors_come_back_as_they_are(crew: Crew, tmp_path: Path) -> None:
    with crew.hand() as hand, pytest.raises(StoreError, match="could not be read"):
        hand.stage_file(Target("gone.html", "file:///gone.html", str(tmp_path / "gone.html")))


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_reading_that_hangs_is_stopped_and_the_page_is_sealed(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(_station: Station) -> None:
        while True:
            pass  # what a regular expression in a library does with a page made for it

    # Spawned children would not have the reading that hangs.
    monkeypatch.setattr(module, "_can_fork", lambda: True)
    monkeypatch.setattr(module, "READ_SECONDS", 1.0)
    monkeypatch.setattr(Station, "read", hang)
    crew = Crew(archive, plan(archive), 1, 20.0, stop_event())
    try:
        with Newsroom() as site, crew.hand() as hand:
            hand.fetch(target(site, "/gazette/ferry"))
            staged = hand.stage(1)
            reading = reading_of(hand, hand.read)
        assert reading.facts.kind == "not read"
        assert "took more than 1 seconds" in reading.facts.reasons[0]
        assert all(item.temp.exists() for item in staged.staged), "what a killed child staged is its parent's"
    finally:
        crew.close()


def test_a_child_that_dies_is_replaced(crew: Crew) -> None:
    with silent() as address, Newsroom() as site, crew.hand() as hand:
        hand.drop()  # has it started
        process = hand._process  # type: ignore[attr-defined]
        threading.Timer(0.5, os.kill, (process.pid, signal.SIGKILL)).start()
        with pytest.raises(FetchError, match="ended its process"):
            hand.fetch(Target(address, address))
        assert hand.fetch(target(site, "/gazette/ferry")).outcome == "response"


def test_children_end_with_their_parent(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    crew = Crew(archive, plan(archive), 2, 20.0, stop_event())
    processes = [child._process for child in crew._all if child._process is not None]
    started = time.monotonic()
    crew.close()
    assert time.monotonic() - started < 2
    assert not any(process.is_alive() for process in processes)


def test_an_interruption_is_heard_in_the_children(archive: Archive) -> None:
    stop = stop_event()
    crew = Crew(archive, plan(archive), 1, 20.0, stop)
    try:
        threading.Timer(0.3, stop.set).start()
        started = time.monotonic()
        with silent() as address, crew.hand() as hand:
            visit = hand.fetch(Target(address, address))
        assert visit.error_kind == "interrupted"
        assert time.monotonic() - started < 5
    finally:
        crew.close()


def test_a_small_answer_is_staged_in_the_same_step(crew: Crew) -> None:
    with Newsroom() as site, crew.hand() as hand:
        visit, staged = hand.visit(target(site, "/gazette/ferry"), 2)
        assert staged is not None and staged.readable
        assert staged.facts.attempts == 2
        assert (visit.outcome, visit.exchanges[-1].status) == ("response", 200)
        assert staged.facts.hops[-1].record is not None
        assert reading_of(hand, hand.read).facts.kind == "article"


def test_what_may_be_tried_again_is_not_staged_yet(crew: Crew) -> None:
    with crew.hand() as hand:
        visit, staged = hand.visit(Target("http://127.0.0.1:1/", "http://127.0.0.1:1/"), 1)
        assert (visit.outcome, staged) == ("no response", None)
    with busy() as address, crew.hand() as hand:
        visit, staged = hand.visit(Target(address, address), 1)
        assert (visit.exchanges[-1].status, staged) == (503, None)
        assert visit.exchanges[-1].header("Retry-After") == "7"
        assert hand.stage(1).facts.hops[-1].status == 503


@contextmanager
def busy() -> Iterator[str]:
    """A server that answers once, that it is busy."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            line, _ = listener.accept()
            with line:
                line.recv(65536)
                line.sendall(b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
