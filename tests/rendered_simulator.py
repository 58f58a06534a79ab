"""The simulator's archive with a browser's visits: exchanges, the document after scripts, how it was made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from simulator import HTML, URL, Simulator

from archiver.model import rendering as model
from archiver.model.facts import SnapshotFacts
from archiver.model.manifest import ObjectRef
from archiver.model.rendering import BrowserFacts, Origin, Origins, PageFacts, Rendering, TurnedAway
from archiver.warc.write import WarcWriter

SHELL = b"<p>Served.<div id=x></div><script src=/app.js></script>"
Changed = Callable[[Any], Any]


class RenderingSimulator(Simulator):
    """`rendered` adds what `capture --browser` would have sealed."""

    _dom: bytes | None = None
    _rendering: Rendering | None = None
    _told: bool = True
    _change: Changed = staticmethod(lambda found: found)

    def rendered(
        self,
        served: bytes = SHELL,
        dom: bytes = HTML,
        *,
        others: Sequence[tuple[str, bytes]] = (),
        rendering: Changed = lambda found: found,
        told: bool = True,
        facts: Callable[[SnapshotFacts], SnapshotFacts] = lambda facts: facts,
    ) -> RenderingSimulator:
        """A visit by a browser. `others`: address and whole response of what scripts asked for. `rendering` changes the
        object, `told` False leaves it out."""
        self._dom, self._change, self._told = dom, rendering, told
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % len(served)
        started = self.clock()
        exchanges = [(URL, head + served), *others]
        data, ref, secret, hops = self._exchanges(exchanges, started, None, ())
        said = self._facts(started, hops=hops, request_url=URL, final_url=URL, outcome="response")
        said = replace(said, software=replace(said.software, settings={"mode": "browser"}))
        self._seal_snapshot(facts(said), data, ref, secret)
        self._dom = None
        return self

    def origins(self, *found: Origin) -> ObjectRef:
        """An origins object, stored."""
        return self._put("origins", model.encode(Origins(found, self._salt())), "application/json")

    def _warc_ref(self, writer: WarcWriter) -> ObjectRef:
        self._record = None
        if self._dom is not None:
            uri = f"urn:dom:{URL}"
            self._record = writer.write_resource(uri, self.clock(), model.DOM_TYPE, self._dom, len(self._dom))
        return super()._warc_ref(writer)

    def _seal_snapshot(self, facts: SnapshotFacts, warc: bytes, ref: ObjectRef, secret: bytes) -> Simulator:
        if self._record is not None and self._told:
            document = facts.hops[0].record
            found = self._change(rendering_of(document, self._record, self._salt()))
            self._more = [self._put(model.ROLE, model.encode(found), "application/json")]
        made = super()._seal_snapshot(facts, warc, ref, secret)
        self._more = []
        return made

    _more: Sequence[ObjectRef] = ()

    def _add(self, event: str, objects: Any, **changes: Any) -> Simulator:
        return super()._add(event, [*objects, *(self._more if event == "snapshot" else self.with_reading)], **changes)

    with_reading: Sequence[ObjectRef] = ()


def rendering_of(document: str | None, dom: str | None, salt: str) -> Rendering:
    """A rendering of a small page."""
    return Rendering(
        reason="asked for",
        outcome="rendered",
        browser=BrowserFacts("HeadlessChrome/156.0.8078.79", True, "simulator", "en", "en-US", "UTC", 1280, 900),
        page=PageFacts(URL, "Bridge", 1280, 900, False, 0, 0),
        document=document,
        dom=dom,
        not_made=(),
        happened=(),
        not_answered=(),
        not_listed=0,
        turned_away=TurnedAway(0, ()),
        peak_memory=None,
        salt=salt,
    )
