"""What a plain capture fetches besides the page (`--requisites`): images, styles, scripts and fonts that it names.

They go through the same fetcher, each a visit of its own, at most so many, so large and so long; their exchanges stand
behind the page's in the same WARC. What could not be had is listed as missing.
"""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

from archiver.errors import FormatError, UsageError
from archiver.model.encoding import clean
from archiver.model.facts import SnapshotFacts
from archiver.page.requisites import requisites_of_page, requisites_of_style
from archiver.web.exchange import Exchange, Visit
from archiver.web.fetch import HttpFetcher
from archiver.work.read import HTML_TYPES, MAX_READ, material_of_response, media_type

MODE = "requisites"
MAX_FILES = 500
MAX_BYTES = 512 << 20
SECONDS = 120.0
AT_A_TIME = 4
MAX_LISTED = 100  # of what is missing


@dataclass(frozen=True, slots=True)
class Requisites:
    """`exchanges`: redirects and all, in the order of asking; `missing`: what was not had and why."""

    exchanges: tuple[Exchange, ...]
    missing: tuple[str, ...]

    def close(self) -> None:
        """Give up the stored bytes."""
        for exchange in self.exchanges:
            exchange.response.close()


def gather(fetcher: HttpFetcher, visit: Visit) -> Requisites | None:
    """Fetch what the page of a visit names; None if it is no page. Raises StoreError."""
    if visit.outcome != "response" or not visit.exchanges:
        return None
    last = visit.exchanges[-1]
    found = _named_in(last, visit.final_url)
    if found is None or last.status != 200:
        return None
    return _Gathering(fetcher, visit).go(found)


def with_requisites(facts: SnapshotFacts, found: Requisites) -> SnapshotFacts:
    """The facts of a page whose requisites were fetched as well."""
    settings = {**facts.software.settings, "mode": MODE}
    missing = tuple(clean(text, 500) for text in found.missing)
    software = replace(facts.software, settings=settings)
    return replace(facts, software=software, complete=not missing, missing=missing)


class _Gathering:
    def __init__(self, fetcher: HttpFetcher, visit: Visit) -> None:
        self._fetcher = fetcher
        self._seen = {exchange.url for exchange in visit.exchanges}
        self._waiting: list[str] = []
        self._end = time.monotonic() + SECONDS
        self._bytes = 0
        self._asked = 0
        self._over: list[str] = []  # what was not asked for
        self._visits: dict[int, Visit] = {}
        self._missing: list[str] = []

    def go(self, addresses: list[str]) -> Requisites:
        self._take(addresses)
        running: dict[Future[Visit], tuple[int, str]] = {}
        with ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="requisites") as pool:
            try:
                while self._waiting or running:
                    while self._waiting and len(running) < AT_A_TIME:
                        self._ask(pool, running)
                    if not running:
                        continue
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        self._done(*running.pop(future), future)
            except BaseException:
                for future in running:
                    future.cancel()
                for visit in self._visits.values():
                    visit.close()
                raise
        exchanges = [item for _, visit in sorted(self._visits.items()) for item in visit.exchanges]
        missing = [*self._missing, *(f"{url}: not asked for (a limit of requisites)" for url in self._over)]
        if len(missing) > MAX_LISTED:
            missing = [*missing[:MAX_LISTED], f"and {len(missing) - MAX_LISTED} more requisites"]
        return Requisites(tuple(exchanges), tuple(missing))

    def _take(self, addresses: list[str]) -> None:
        for address in addresses:
            if address not in self._seen:
                self._seen.add(address)
                self._waiting.append(address)

    def _ask(self, pool: ThreadPoolExecutor, running: dict[Future[Visit], tuple[int, str]]) -> None:
        url = self._waiting.pop(0)
        late = time.monotonic() > self._end or self._fetcher.stop.is_set()
        if late or self._asked >= MAX_FILES or self._bytes >= MAX_BYTES:
            self._over.append(url)
            return
        self._asked += 1
        running[pool.submit(self._fetcher.fetch, url)] = self._asked, url

    def _done(self, number: int, url: str, future: Future[Visit]) -> None:
        try:
            visit = future.result()
        except UsageError as error:  # no address that can be asked for
            self._missing.append(f"{url}: {error.message}")
            return
        self._visits[number] = visit
        self._bytes += sum(exchange.response_length for exchange in visit.exchanges)
        last = visit.exchanges[-1] if visit.exchanges else None
        if visit.outcome != "response" or last is None:
            self._missing.append(f"{url}: {visit.error or 'no response'}")
        elif last.status != 200:
            self._missing.append(f"{url}: HTTP {last.status}")
        elif last.truncated is not None:
            self._missing.append(f"{url}: cut off ({last.truncated})")
        elif media_type(last.header("Content-Type") or "") == "text/css":
            self._take(requisites_of_style(_body(last).decode("utf-8", "replace"), visit.final_url))


def _named_in(exchange: Exchange, url: str) -> list[str] | None:
    """What a page names; None if it is none."""
    content_type = exchange.header("Content-Type")
    if media_type(content_type or "") not in (*HTML_TYPES, ""):
        return None
    body = _body(exchange)
    if len(body) > MAX_READ:
        return None
    try:
        return requisites_of_page(body, content_type, url)
    except FormatError:
        return None


def _body(exchange: Exchange) -> bytes:
    return material_of_response("", exchange.response, exchange.status, exchange.fields, "", "", False).body
