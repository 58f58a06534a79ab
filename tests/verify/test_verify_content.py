"""Steps 10 to 12: archives that are sealed without a flaw, and lie about what was received."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from simulator import HTML, Simulator
from verify_cases import bad, bundle_of, check, codes, named, with_part

from archiver import digest
from archiver.model import statement as statement_model
from archiver.model.facts import ReadingFacts, SnapshotFacts
from archiver.page.anchor import make_part
from archiver.page.text import project
from archiver.verify.report import Outcome, Weight

Hook = Callable[[Any], Any]


def steps_failed(archive: Simulator) -> set[int]:
    return {n for n in (9, 10, 11, 12) if check(archive).outcome(n) is Outcome.FAILED}


def test_an_honest_capture_passes_every_step_of_content() -> None:
    report = check(Simulator().capture())
    assert [report.outcome(n) for n in (9, 10, 11, 12)] == [Outcome.PASSED] * 4
    assert report.counts == {"snapshots": 1, "readings": 1, "statements": 2}


RESPONSES = {
    "chunked": b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"%x\r\n%s\r\n0\r\n\r\n" % (len(HTML), HTML),
    "gzip": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n"
    + gzip.compress(HTML, mtime=0),
    "cut off": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9999\r\n\r\n" + HTML,
    "junk after": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(HTML) + HTML + b"x",
    "interim": b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + HTML,
    "no type": b"HTTP/1.1 200 OK\r\n\r\n" + HTML,
    "no head": b"\x00\x01garbage",
    "not found": b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n" + HTML,
}


@pytest.mark.parametrize("name", RESPONSES)
def test_odd_responses_verify(name: str) -> None:
    archive = Simulator().snapshot(
        response=RESPONSES[name],
        facts=lambda f: f if f.hops[-1].status else replace(f, outcome="no response"),
    )
    assert not bad(check(archive))
    if name != "no head":
        assert not codes(check(archive.reading()), Weight.FAILED, Weight.NOT_CHECKED)


def test_local_files_verify() -> None:
    archive = Simulator().local_file("Ann Lee wrote:\n“We never\nsaid that.”\n\nMore.".encode()).reading()
    archive.local_file(b"\xff\xd8jpeg", "photo.jpg", "image/jpeg").reading()
    report = check(archive)
    assert not codes(report, Weight.FAILED, Weight.NOT_CHECKED), report.findings
    assert report.counts["statements"] == 1


# Facts that disagree with the WARC.


def hop(**changes: Any) -> Hook:
    return lambda facts: replace(facts, hops=(*facts.hops[:-1], replace(facts.hops[-1], **changes)))


LIES: dict[str, Hook] = {
    "url": hop(url="https://news.example/other"),
    "status": hop(status=404),
    "reason": hop(reason="Fine"),
    "location": hop(location="https://news.example/"),
    "ip": hop(ip="192.0.2.8"),
    "truncated": hop(truncated="time"),
    "received": hop(received=1),
    "started": hop(started="2026-11-20T00:00:00.000Z"),
    "record": hop(record="<urn:uuid:00000000-0000-4000-8000-000000000000>"),
    "protocol": hop(http="HTTP/1.0"),
    "certificate": lambda facts: hop(tls=replace(facts.hops[-1].tls, chain=(digest.of_bytes(b"other"),)))(facts),
    "cipher": lambda facts: hop(tls=replace(facts.hops[-1].tls, cipher="TLS_AES_256_GCM_SHA384"))(facts),
    "no tls": hop(tls=None),
    "final address": lambda facts: replace(facts, final_url="https://news.example/other"),
    "a hop less": lambda facts: replace(facts, hops=facts.hops[1:]),
    "a hop more": lambda facts: replace(facts, hops=(*facts.hops, facts.hops[-1])),
    "no response": lambda facts: replace(facts, outcome="no response"),
}


@pytest.mark.parametrize("name", LIES)
def test_facts_that_say_something_else(name: str) -> None:
    archive = Simulator().snapshot(
        redirects=["https://news.example/short"], certificates=[b"leaf", b"root"], facts=LIES[name]
    )
    assert bad(check(archive)) == {"facts-differ"}
    assert steps_failed(archive) == {10}


def test_the_same_capture_without_a_lie() -> None:
    archive = Simulator().snapshot(redirects=["https://news.example/short"], certificates=[b"leaf", b"root"])
    assert not bad(check(archive))


def local(**changes: Any) -> Hook:
    return lambda facts: replace(facts, file=replace(facts.file, **changes))


@pytest.mark.parametrize("lie", [local(size=2), local(media_type="text/html")])
def test_facts_of_a_local_file_that_say_something_else(lie: Hook) -> None:
    assert bad(check(Simulator().local_file(b"x", facts=lie))) == {"facts-differ"}


def test_a_web_capture_passed_off_as_a_local_file_and_the_other_way_round() -> None:
    facts: list[SnapshotFacts] = []
    Simulator().local_file(HTML, "page.html", "text/html", facts=lambda f: facts.append(f) or f)
    Simulator().snapshot(facts=lambda f: facts.append(f) or f)
    local_facts, web_facts = facts
    assert bad(check(Simulator().snapshot(facts=lambda _: local_facts))) == {"facts-differ"}
    assert bad(check(Simulator().local_file(HTML, facts=lambda _: web_facts))) == {"facts-differ"}


def test_a_response_without_a_warc() -> None:
    archive = Simulator().snapshot()
    refs = [ref for ref in archive.manifest().objects if ref.role == "facts"]
    assert bad(check(archive._add("snapshot", refs))) == {"facts-differ"}


# Readings of something else.


def source(**changes: Any) -> Hook:
    return lambda facts: replace(facts, source=replace(facts.source, **changes))


@pytest.mark.parametrize(
    "lie",
    [
        source(digest=digest.of_bytes(b"")),
        source(size=1),
        source(complete=False),
        source(codings=("gzip",)),
        source(codings=("gzip", "br")),
        source(record="<urn:uuid:00000000-0000-4000-8000-000000000000>"),
        source(media_type="text/plain"),
        source(media_type="text/html; charset=windows-1251"),
    ],
)
def test_a_source_that_is_not_in_the_exchanges(lie: Hook) -> None:
    report = check(Simulator().snapshot().reading(facts=lie))
    assert bad(report) == {"source-differs"}
    assert report.outcome(12) is Outcome.NOT_CHECKED, "nothing is said of statements that have lost their body"


def test_a_reading_cannot_escape_by_calling_the_body_coded() -> None:
    """Of a body that is said to have been left coded, the coded bytes must have the digest."""
    coded = gzip.compress(HTML, mtime=0)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n"
    archive = Simulator().snapshot(response=head + coded)
    left = {"codings": (), "complete": False}
    assert bad(check(archive.copy().reading(facts=source(**left)))) == {"source-differs"}
    report = check(archive.reading(facts=source(**left, digest=digest.of_bytes(coded), size=len(coded))))
    assert not bad(report)
    assert codes(report, Weight.NOT_CHECKED) == {"source-not-checked", "content-not-checked"}


@pytest.mark.parametrize("lie", [source(encoding="windows-1251"), source(encoding_source="meta")])
def test_an_encoding_that_the_bytes_do_not_have(lie: Hook) -> None:
    assert "facts-differ" in bad(check(Simulator().snapshot().reading(facts=lie)))


def test_the_charset_comes_from_the_exchange_and_not_from_the_reading() -> None:
    """Read as windows-1251, the bytes of these umlauts are Cyrillic words that nobody wrote."""
    page = "<p>“Öäü!” said Ann Lee.".encode("windows-1252")
    archive = Simulator().snapshot(page, content_type="text/html; charset=windows-1252")
    assert "source-differs" in bad(check(archive.reading(content_type="text/html; charset=windows-1251")))


def test_html_read_as_plain_text() -> None:
    """Then a comment would be words of the page."""
    page = b"<p>Nothing.<!-- Ann Lee said: \xe2\x80\x9cI did it.\xe2\x80\x9d -->"
    archive = Simulator().snapshot(page)

    def as_html(facts: ReadingFacts) -> ReadingFacts:
        assert facts.source is not None
        return replace(facts, source=replace(facts.source, media_type="text/html; charset=utf-8"))

    archive.reading(content_type="text/plain; charset=utf-8", facts=as_html)
    assert bad(check(archive)) >= {"facts-differ"}


def test_a_request_is_no_source() -> None:
    archive = Simulator().snapshot()
    warc = archive.files[archive.object_of(1, "warc")]
    request = warc.split(b"WARC-Type: request\r\nWARC-Record-ID: ")[1].split(b"\r\n")[0].decode()
    assert "source-differs" in bad(check(archive.reading(facts=source(record=request))))


def test_a_reading_of_another_snapshot() -> None:
    archive = Simulator().snapshot(b"<p>Other words.").snapshot().reading()
    refs = archive.manifest().objects
    about = digest.of_bytes(archive.manifests[1])
    assert bad(check(archive._add("reading", refs, subject=about))) == {"source-differs"}


# Statements that do not stand there.


def test_a_fabricated_page_text_does_not_carry_its_statements() -> None:
    def invent(text: str) -> str:
        return text.replace("The bridge stays shut until spring", "We took the money, all of it, yes")

    def statement(record: Any, context: Any) -> tuple[Any, Any]:
        parts = tuple(replace(part, exact=invent(part.exact)) for part in record.parts)
        return replace(record, parts=parts, text=parts[0].exact), context

    report = check(Simulator().snapshot().reading(page_text=invent, records=statement))
    assert bad(report) == {"text-differs", "statement-differs"}


PART_LIES = {
    "words": {"exact": "“The bridge opens tomorrow.”"},
    "text position": {"text": (0, 34)},
    "byte position": {"bytes": (3, 20)},
    "beyond the body": {"bytes": (3, 99_999)},
    "digest": {"digest": digest.of_bytes(b"")},
    "place kept quiet": {"bytes": None, "digest": None},
}


@pytest.mark.parametrize("name", PART_LIES)
def test_an_anchor_that_says_something_else(name: str) -> None:
    report = check(Simulator().snapshot().reading(records=with_part(**PART_LIES[name])))
    assert bad(report) == {"statement-differs"}
    assert report.outcome(12) is Outcome.FAILED


def test_the_same_words_elsewhere_in_the_bytes() -> None:
    """The words stand in the text, and in a script too: the anchor must be the place that is read."""
    page = "<script>“Never again,”</script><p>“Never again,” Ann Lee said.".encode()
    words = "“Never again,”"
    at = page.index(words.encode())
    bytes_ = (at, at + len(words.encode()))
    lie = with_part(bytes=bytes_, digest=digest.of_bytes(page[slice(*bytes_)]))
    assert bad(check(Simulator().snapshot(page).reading(records=lie))) == {"statement-differs"}


def test_words_picked_from_the_page_in_another_order() -> None:
    page = "<p>“It was an accident,” Ann Lee said. “No one knew. I am sorry.”".encode()
    derived = project(page, "text/html; charset=utf-8")

    def picked(record: Any, context: Any) -> tuple[Any, Any]:
        places = [derived.text.index(words) for words in ("I am sorry", "It was an accident")]
        made = [make_part(derived, page, at, at + n) for at, n in zip(places, (10, 18), strict=True)]
        parts = tuple(type(record.parts[0])(part.exact, part.text, part.bytes, part.digest) for part in made)
        around = tuple(type(context.parts[0])(part.prefix, part.suffix) for part in made)
        return replace(record, parts=parts, text=" ".join(p.exact for p in parts)), replace(context, parts=around)

    archive = Simulator().snapshot(page).reading("It was an accident", records=picked)
    assert bad(check(archive)) == {"statement-differs"}


def test_other_words_around_a_statement() -> None:
    def lie(record: Any, context: Any) -> tuple[Any, Any]:
        return record, replace(context, parts=(replace(context.parts[0], suffix=" lied Ann Lee"),))

    assert bad(check(Simulator().snapshot().reading(records=lie))) == {"statement-differs"}


def test_a_speaker_beyond_the_text() -> None:
    def lie(record: Any, context: Any) -> tuple[Any, Any]:
        return replace(record, speaker=replace(record.speaker, mention=(0, 99_999))), context

    assert bad(check(Simulator().snapshot().reading(records=lie))) == {"statement-differs"}


def test_plain_text_is_anchored_as_plain_text() -> None:
    """As HTML, `<b>` would vanish and the words would not be found."""
    archive = Simulator().local_file("He wrote: “Use <b> & be done.”".encode()).reading()
    assert not bad(check(archive))


def test_what_was_not_looked_into_is_said() -> None:
    archive = Simulator().capture()
    report = check(bundle_of(archive, {1, 2}, without={"warc"}), require=("bytes",))
    assert report.outcome(12) is Outcome.NOT_CHECKED
    assert "listed by the collector: passed" in report.why(12)
    assert report.unmet == ["bytes"]
    assert not bad(report)


def test_taken_down_is_neither_missing_nor_passed() -> None:
    archive = Simulator().capture()
    warc = archive.object_of(1, "warc")
    report = check(archive.takedown(1, "warc"))
    assert not bad(report)
    assert [report.outcome(n) for n in (9, 10, 11, 12)] == [Outcome.NOT_CHECKED] * 4
    assert named(report, "object-taken-down") == [warc]
    assert "objects" in report.verdict


def test_a_forged_takedown_excuses_nothing() -> None:
    archive = Simulator().capture()
    genuine, forger = archive.signer, Simulator(seed=2).signer
    archive.signer = forger
    archive.takedown(1, "warc")
    archive.signer = genuine
    assert bad(check(archive)) >= {"object-missing", "signer-inactive"}


# Later versions of what stands in objects.


def with_object(archive: Simulator, role: str, old: bytes, new: bytes) -> Simulator:
    """Another reading of the same snapshot, in one of whose objects a version was raised."""
    refs = {ref.role: ref for ref in archive.manifest(2).objects}
    data = archive.files[archive.object_of(2, role)].replace(old, new)
    ref = archive._put(role, data, refs[role].media_type)
    leaves = statement_model.leaves(data.splitlines()) if role == "statements" else None
    refs[role] = replace(ref, leaves=leaves)
    return archive._add("reading", refs.values(), subject=archive.manifest(2).subject)


@pytest.mark.parametrize(
    ("role", "old", "new"),
    [
        ("facts", b"reading/v1", b"reading/v2"),
        ("statements", b"statement/v1", b"statement/v2"),
        ("statements", b"context/v1", b"context/v9"),
        ("page-text", b"page-text/v1", b"page-text/v2"),
    ],
)
def test_a_later_version_of_an_object_is_not_checked_and_never_passed(role: str, old: bytes, new: bytes) -> None:
    report = check(with_object(Simulator().capture(), role, old, new), require=("content",))
    assert not bad(report)
    assert "facts-newer" in codes(report, Weight.NOT_CHECKED)
    assert report.unmet == ["content"]
    assert report.exit_code == 4


@pytest.mark.parametrize("role", ["facts", "statements", "page-text"])
def test_no_version_is_no_later_version(role: str) -> None:
    for old, new in ((b"/v1", b"/v0"), (b"/v1", b"/v01"), (b"/v1", b"/w2"), (b"/v1", b"")):
        assert bad(check(with_object(Simulator().capture(), role, old, new))), (role, new)


def test_what_this_version_does_not_look_into_is_said() -> None:
    archive = Simulator().snapshot()
    archive._add("import", archive.manifest(1).objects)
    report = check(archive)
    assert codes(report, Weight.NOT_CHECKED) == {"content-not-checked"}
    assert "exchanges" in report.verdict
