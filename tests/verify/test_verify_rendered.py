"""What is verified of a browser's visit: the document after scripts is no exchange, and its statements are called what
they are; what the collector says of where words came from must agree with the stored bytes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from rendered_simulator import SHELL, RenderingSimulator
from simulator import HTML
from verify_cases import check, codes

from archiver.model import rendering as model
from archiver.model.rendering import NotMade, Origin
from archiver.verify.report import Report, Weight

API = ("https://news.example/words.json", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
NOT_THERE = "<urn:uuid:00000000-0000-4000-8000-00000000000f>"


def said(report: Report, code: str) -> str:
    return "; ".join(finding.message for finding in report.findings if finding.code == code)


def test_statements_of_a_rendered_page_are_called_so() -> None:
    report = check(RenderingSimulator().rendered(others=[API]).reading())
    assert not codes(report, Weight.FAILED)
    assert "0 of them stand in the page as the server sent it" in said(report, "statement-rendered")
    report = check(RenderingSimulator().rendered(served=HTML, dom=HTML).reading())
    assert not codes(report, Weight.FAILED)
    message = said(report, "statement-rendered")
    count = message.split(" ")[0]
    assert f"{count} of them stand in the page as the server sent it" in message


def test_a_plain_capture_says_nothing_of_it() -> None:
    assert not said(check(RenderingSimulator().snapshot().reading()), "statement-rendered")


@pytest.mark.parametrize(
    "archive",
    [
        lambda: RenderingSimulator().rendered(told=False),
        lambda: RenderingSimulator().rendered(facts=lambda facts: replace(facts, software=_plain(facts))),
        lambda: RenderingSimulator().rendered(rendering=lambda found: replace(found, document=NOT_THERE)),
        lambda: RenderingSimulator().rendered(others=[API], facts=lambda facts: replace(facts, hops=facts.hops[:1])),
        lambda: RenderingSimulator().rendered(facts=lambda facts: replace(facts, hops=facts.hops * 2)),
    ],
)
def test_facts_and_rendering_that_disagree(archive: Any) -> None:
    assert "facts-differ" in codes(check(archive()), Weight.FAILED)


def _plain(facts: Any) -> Any:
    return replace(facts.software, settings={})


def test_a_file_behind_a_plain_visit_is_no_document() -> None:
    archive = RenderingSimulator().rendered(facts=lambda facts: replace(facts, software=_plain(facts)), told=False)
    assert "facts-differ" in codes(check(archive), Weight.FAILED)


def test_where_the_collector_says_that_words_came_from() -> None:
    for served, fails in ((False, False), (True, True)):
        archive = RenderingSimulator().rendered(served=SHELL)
        archive.with_reading = [archive.origins(Origin("s1", served, ()))]
        report = check(archive.reading())
        assert ("statement-differs" in codes(report, Weight.FAILED)) == fails


def test_what_cannot_be_read_is_said() -> None:
    archive = RenderingSimulator().rendered().reading()
    name = archive.object_of(1, model.ROLE)
    archive.files[name] = archive.files[name].replace(b"asked for", b"asked fur")
    report = check(archive)
    assert codes(report, Weight.FAILED) and "content-not-checked" in codes(report)


def test_without_a_document_after_scripts_what_was_served_is_read() -> None:
    def hung(found: model.Rendering) -> model.Rendering:
        return replace(found, dom=None, not_made=(NotMade("dom", "the page did not answer"),))

    report = check(RenderingSimulator().rendered(rendering=hung))
    assert not codes(report, Weight.FAILED)
