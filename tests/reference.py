"""The reference archive: the sample articles, captured by the program itself with a clock, randomness and keys that are
published here. It proves nothing about anything; it is there so that every later version must verify it.

    python tests/reference.py FOLDER        make it (the repository's own lies in manifests/)

The keys follow from the words below: whoever reads this file can sign in their name.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from newsroom import Newsroom

from archiver.archive import Archive
from archiver.model.facts import Collector
from archiver.store.home import Home
from archiver.store.settings import Settings
from archiver.web.fetch import HttpFetcher
from archiver.web.headers import Persona
from archiver.web.politeness import Politeness
from archiver.work.capture import Captured, CaptureRun, Options
from archiver.work.crew import Solo, stop_event
from archiver.work.journal import Journal
from archiver.work.keys import Made, Passphrases, load_keys, make_archive
from archiver.work.prepare import Run
from archiver.work.start import new_run_id, recorded
from archiver.work.station import Station
from archiver.work.targets import Target

WORDS = "archiver demo key, published, proves nothing: "
ORIGIN = "reference.archiver.example/demo"
START = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
STEP = timedelta(milliseconds=137)
DATE = "Tue, 24 Nov 2026 12:00:00 GMT"
NOTICE = """\
# The reference archive of the project: fictional articles, captured on a loopback site by tests/reference.py,
# signed with PUBLISHED DEMO KEYS. It proves nothing; every later version must verify it.

"""
HOST = "tideline.example"
PAGES = (
    "/wire/harbour-crane",
    "/local/reservoir",
    "/notes/bees",
    "/gazette/ferry",
    "/weekly/library",
    "/de/bruecke",
    "/fr/phare",
    "/register/harbor-fund",
    "/ar/bridge",
    "/ja/ferry",
    "/moved",
    "/premium/dam",
    "/check/challenge",
    "/old/hard",
)


def seed(role: str) -> bytes:
    """The published 32-byte seed of one of the demo keys."""
    return hashlib.sha256((WORDS + role).encode()).digest()


class Clock:
    """Each look at it is a little later than the one before."""

    def __init__(self) -> None:
        self._now = START

    def __call__(self) -> str:
        self._now += STEP
        return self._now.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class Entropy:
    """Bytes that look random and are the same each time."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, size: int) -> bytes:
        self._count += 1
        label = f"{WORDS}{self._count}".encode()
        return hashlib.shake_256(label).digest(size)


def make(root: Path, home: Home, site: Newsroom) -> Made:
    """Make the archive in `root`, capturing from `site`, page by page."""
    clock, entropy = Clock(), Entropy()
    made = make_archive(
        root,
        home,
        passphrase=None,
        origin=ORIGIN,
        clock=clock,
        entropy=entropy,
        seeds=(seed("signer"), seed("log"), seed("recovery")),
    )
    archive = Archive(root, home, clock, entropy)
    archive.unlock(*load_keys(archive, Passphrases(None, lambda _path, _again: None)))
    for path in PAGES:
        _capture(archive, f"http://{HOST}:{site.port}{path}")
    archive.disk.scratch.close()
    return made


def _capture(archive: Archive, url: str) -> None:
    stop = stop_event()
    settings = Settings(allow_private=True)

    def fetcher() -> HttpFetcher:
        return HttpFetcher(clock=archive.clock, allow_private=True, resolver=lambda _host, _port: ["127.0.0.1"])

    persona = Persona.of(settings.user_agent, settings.accept_language)
    target = Target(url, url, None, "reference", "a fictional article of the sample newsroom", ("sample",))
    run = Run(
        id=new_run_id(archive),
        collector=Collector("Demo Collector", "archiver's own tests", "nowhere"),
        settings=recorded(settings, "direct"),
        route="direct",
        user_agent=persona.user_agent,
        accept_language=persona.accept_language,
        referrer=None,
    )
    journal = Journal.start(archive.root / "runs", run.id, archive.size(), [target])
    hands = Solo(Station(archive, run, fetcher))
    politeness = Politeness(per_host=2, delay_seconds=0, stop=stop)
    capture = CaptureRun(archive, run, journal, hands, politeness, Options(jobs=1), stop)
    results: list[Captured] = []
    capture.go(results.append)
    capture.close()
    if results[0].snapshot is None:
        raise SystemExit(f"{url}: {results[0].error}")


def comparable(root: Path) -> dict[str, bytes]:
    """Every file by name; of checkpoints what does not depend on chance (ML-DSA-44 signatures are randomised)."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_file():
            data = path.read_bytes()
            found[name] = b"\n".join(data.split(b"\n")[:5]) if name.startswith("log/checkpoint") else data
    return found


def main() -> None:
    root = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as name, Newsroom(port=8000, date=DATE) as site:
        made = make(root, Home(Path(name) / "config", Path(name) / "state"), site)
    settings = (root / "archive.yaml").read_text(encoding="utf-8")
    (root / "archive.yaml").write_text(NOTICE + settings, encoding="utf-8")
    for leftover in (root / "runs").iterdir():
        leftover.unlink()
    (root / "runs").rmdir()
    print(made.archive)
    print(made.signer.fingerprint)


if __name__ == "__main__":
    main()
