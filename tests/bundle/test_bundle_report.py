"""report.html: everything that is recorded is said, nothing of a page gets out of its place, nothing is loaded."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from bundle_cases import MemoryArchive, Page, bundle_of, check, codes, contents, small_archive
from rechecking import recheck
from rendered_simulator import RenderingSimulator
from simulator import HTML, Simulator

from archiver import digest
from archiver.bundle.report import context, rows, verifier, visits, words
from archiver.bundle.report.context import Piece
from archiver.bundle.report.render import RENDERER
from archiver.bundle.withhold import parse
from archiver.model.facts import Tls
from archiver.model.rendering import Origin
from archiver.model.statement import ContextPart, ContextRecord, PartRecord, StatementRecord
from archiver.tlog.cosignature import sign_ed25519
from archiver.tlog.note import Note, open_note

HOSTILE = "</p><script>alert(1)</script><img src=x onerror=alert(2)><style>*{display:none}</style>“'&\u202e\"=\u2028"


class Tags(HTMLParser):
    """Every tag with its attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.text += data


def report_of(*pages: Page, **options: object) -> str:
    archive = MemoryArchive()
    chosen = [archive.capture(page)[0] for page in pages]
    archive.seal()
    data, _ = bundle_of(archive, *chosen, **options)
    assert not check(data).failed
    return contents(data)["report.html"].decode("utf-8")


@pytest.fixture(scope="module")
def wire() -> str:
    return report_of(
        Page.of_article("wire.html", hops=((301, "http://wire.example/2026/wire.html"),), site="Northern Herald")
    )


def test_everything_recorded_is_said(wire: str) -> None:
    text = html.unescape(Tags(wire).text)
    for words_of in (
        "Port Arlen crane collapse: engineer says warning was logged in spring",
        "as the page says (meta og:title)",
        "guessed by trafilatura",
        "http://wire.example/2026/wire.html",
        "https://www.wire.example/2026/wire.html",
        "2026-11-23 13:02:11.482 UTC to 13:02:12.006 UTC",
        "as claimed by the collector’s own clock",
        "Ann Lee",
        "The Ferrow Gazette",
        "direct",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0)",
        "names only",
        "301 Found",
        "192.0.2.7 port 443",
        "certificate verified",
        "an article",
        "json-ld says NewsArticle",
        "If there was a note in somebody’s drawer, it did not reach us,",
        "Northern Press Agency",
        "91 of 100",
        "a program, by fixed rules",
        "indirect: in the reporter’s words",
        "of the page’s text, bytes",
        "the pictures, styles and scripts",
        "Not checked by this page",
        "What this does not prove",
        "How to check it yourself",
        "agrees with the collector’s clock within two seconds",
    ):
        assert words_of in text, words_of
    assert wire.count('class="statement"') == 10 and wire.count("<mark>") == 14
    for limit in words.LIMITS:
        assert limit[1:] in text


def test_well_formed_and_in_order(wire: str) -> None:
    tags = Tags(wire)
    assert tags.open == []
    levels = [int(tag[1]) for tag, _ in tags.found if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), levels
    names = [attributes["id"] for _, attributes in tags.found if "id" in attributes]
    assert len(set(names)) == len(names)
    for _, attributes in tags.found:
        for key in ("href", "aria-labelledby"):
            if key in attributes:
                assert str(attributes[key]).removeprefix("#") in names
    html_tag = next(attributes for tag, attributes in tags.found if tag == "html")
    assert html_tag == {"lang": "en"}


def test_nothing_is_loaded_and_only_the_verifier_runs(wire: str) -> None:
    tags = Tags(wire)
    assert {tag for tag, _ in tags.found}.isdisjoint({"img", "link", "iframe", "object", "form", "base", "svg"})
    assert [attributes for tag, attributes in tags.found if tag == "script"] == [{}]
    for tag, attributes in tags.found:
        assert not any(name.startswith("on") or name in ("src", "style", "srcset", "action") for name in attributes), (
            tag
        )
        assert str(attributes.get("href", "#")).startswith("#")
    policy = next(
        a["content"] for t, a in tags.found if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    )
    style = re.search(r"<style>(.*?)</style>", wire, re.DOTALL)
    assert style is not None and wire.count("<style") == 1
    found = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy == verifier.policy() and f"style-src 'sha256-{found}'" in policy
    script = re.search(r"<script>(.*?)</script>", wire, re.DOTALL)
    assert script is not None and script[1] == verifier.script()
    assert "url(" not in style[1] and "@import" not in style[1] and "http" not in style[1]


def test_hostile_words_stay_words() -> None:
    """In every place that a page or a collector can fill."""
    body = f"<p>{html.escape(HOSTILE)} said: <q>{html.escape(HOSTILE)}</q></p>".encode()
    said = HOSTILE.replace("\u2028", "\u2028")
    statement = {
        "parts": [],
        "kind": "direct",
        "speaker": HOSTILE,
        "polarity": "denied",
        "role": HOSTILE,
        "cue": HOSTILE,
        "addressee": HOSTILE,
        "when": HOSTILE,
        "via": HOSTILE,
    }
    from archiver.page import text

    page = text.project(body, "text/html; charset=utf-8").text
    statement["parts"] = [page[page.index("said: ") + 6 :]]
    found = report_of(
        Page(
            body,
            [statement],
            title=said,
            kind="challenge",
            site=said,
            byline=said,
            published=said,
            language=said,
            collector=said,
            case=said,
            note=said,
            reasons=(said,),
        )
    )
    tags = Tags(found)
    assert tags.open == [] and [tag for tag, _ in tags.found if tag in ("script", "img")] == ["script"]
    assert found.count("<style") == 1 and "onerror=alert(2)>" not in found
    assert tags.text.count("alert(1)") >= 16


def test_right_to_left() -> None:
    found = report_of(Page.of_article("arabic.html"))
    assert 'dir="auto">إغلاق جسر وادي النسيم أسبوعين</span>' in found
    quotes = re.findall(r"<blockquote dir=\"(.*?)\">", found)
    assert quotes == ["auto"] * 3
    assert '<p dir="auto">' in found and found.count("<mark>") == 3


def test_many_pages_have_contents() -> None:
    found = report_of(Page.of_article("wire.html"), Page.of_article("denials.html"), Page.of_article("challenge.html"))
    tags = Tags(found)
    assert "Contents" in tags.text and "these web pages" in tags.text
    links = [str(a["href"]) for t, a in tags.found if t == "a" and str(a["href"]).startswith("#capture-")]
    assert links == ["#capture-1", "#capture-3", "#capture-5"]
    assert "DENIED" in tags.text and "denies:" in tags.text
    assert "This is a page that asks the visitor to prove to be human" in tags.text


def test_what_must_not_be_overlooked() -> None:
    found = Tags(report_of(Page.of_article("wire.html", verified=False))).text
    assert "certificate NOT VERIFIED: self-signed certificate" in found and "Somebody between" in found
    found = Tags(report_of(Page.of_article("wire.html"), withhold=["warc"])).text
    assert "warc: withheld by the exporter" in found and "Whatever rests on what was withheld" in found
    assert report_of(Page.of_article("wire.html"), withhold=["page-text"]).count("<mark>") == 14
    found = Tags(report_of(Page.of_article("wire.html"), withhold=["facts"])).text
    assert "The facts of this capture cannot be shown: facts: withheld by the exporter." in found
    assert "No time stamp by anybody else" in found


def test_what_is_shown_in_part_is_not_called_left_out() -> None:
    page = Page.of_article("wire.html")
    found = report_of(page, withhold=["request", "context"])
    text = Tags(found).text
    assert re.search(r"warc: shown in part: \d+ of \d+ parts, the others withheld by the exporter", text)
    assert "warc: withheld by the exporter" not in text
    assert re.search(r"warc of number 1 \(but for the parts that are shown\)", text)
    assert re.search(r"but for 3 files that the exporter withheld \(of 2 of these, parts are here\)", text)
    listed = re.search(r"This bundle shows (\d+) of the (\d+) statements of reading 2", text)
    assert listed is not None and listed[1] == listed[2], "the words around them are what was left out"
    assert found.replace(verifier.script(), "").count("data/parts/sha256/") == 2
    whole = report_of(page).replace(verifier.script(), "")
    assert "shown in part" not in whole and "data/parts" not in whole


def test_local_files_and_no_response() -> None:
    archive = Simulator(seed=31).local_file(b"Ann Lee said: \xe2\x80\x9cNo.\xe2\x80\x9d\n").reading().no_response()
    data, _ = bundle_of(archive, 1, 3, signer=archive.signer)
    found = Tags(contents(data)["report.html"].decode()).text
    assert "letter.txt" in found and "Nothing here says where it came from" in found
    assert "No response arrived." in found and "No reading of this capture is in the bundle" in found
    assert not check(data, trusted=[archive.signer]).failed


def test_a_note_is_shown() -> None:
    archive = Simulator(seed=32).capture().note("Seen <b>twice</b>.")
    data, _ = bundle_of(archive, archive.last, signer=archive.signer)
    found = contents(data)["report.html"].decode()
    assert "Seen &lt;b&gt;twice&lt;/b&gt;." in found and "Remark by" in found


def test_what_later_visits_found_is_told() -> None:
    archive = Simulator(seed=34).capture()
    reworded = HTML.replace(b"until spring", b"until <i>autumn</i>").replace(b"No&nbsp;comment.", b"Ask me later.")
    recheck(archive.snapshot(reworded).reading())
    data, _ = bundle_of(archive, archive.last, signer=archive.signer)
    found = contents(data)["report.html"].decode()
    assert not check(data, trusted=[archive.signer]).failed
    assert "<del>spring</del><ins>autumn</ins>" in found
    text = Tags(found).text
    for expected in (
        "Visited again",
        "OTHER WORDS stand there now",
        "(recheck 5)",
        "made for recheck number 5",
        "the live page",
    ):
        assert expected in text, expected


def test_a_page_that_is_gone_is_not_called_changed() -> None:
    archive = Simulator(seed=35).capture()
    recheck(archive.snapshot(b"<p>Not here.", status=404).reading())
    data, _ = bundle_of(archive, archive.last, signer=archive.signer)
    text = Tags(contents(data)["report.html"].decode()).text
    assert "the server says that the page is gone" in text and "status 404" in text and "2 page-gone" in text


def test_a_picture_of_the_page_stands_in_it() -> None:
    png = b"\x89PNG\r\n\x1a\n" + b"not really"
    for data, shown in ((png, True), (b"<svg onload=alert(1)>", False), (png + bytes(visits.MAX_PICTURE), False)):
        archive = small_archive()
        page = Page(b"<p>Words.</p>", url="https://news.example/picture")
        archive.add("snapshot", objects=(*page.snapshot(archive), archive.put("screenshot", data, "image/png")))
        archive.seal()
        found = contents(bundle_of(archive, 5)[0])["report.html"].decode()
        assert ('<img src="data:image/png;base64,iVBORw0KGg' in found) == shown
        assert "a picture of the page as a browser showed it" in found and "<svg" not in found


def test_statements_shown_in_part() -> None:
    """With the words around them, and without."""
    archive = MemoryArchive()
    archive.capture(Page.of_article("wire.html"))
    archive.seal()
    for words_around in (True, False):
        wish = parse([] if words_around else ["warc", "page-text", "facts", "context"])
        shown = {digest.of_bytes(archive.manifests[1]): frozenset({"s2"})}
        found = contents(bundle_of(archive, 1, withhold=replace(wish, statements=shown))[0])["report.html"].decode()
        text = Tags(found).text
        assert re.search(r"This bundle shows 1 of the \d+ statements of reading 2; other statements", text)
        assert found.count('class="statement"') == 1 and 'id="statement-2-s2"' in found
        assert ("The words around it were withheld." in text) != words_around
        assert ("<mark>" in found) == words_around


def test_a_document_after_scripts_is_called_what_it_is() -> None:
    """Its words were sent by no server, and the report and the browser's verifier say so."""
    archive = RenderingSimulator(37).rendered()
    archive.with_reading = (
        archive.origins(Origin("s1", False, ()), Origin("s2", True, ())),
        archive._put("picture-s1", b"\x89PNG\r\n\x1a\n" + b"not really", "image/png"),
    )
    archive.reading()
    data, _ = bundle_of(archive, 1, signer=archive.signer)
    found = contents(data)["report.html"].decode()
    text = " ".join(Tags(found).text.split())
    for expected in (
        "No server sent this text as it stands here.",
        "scripts put them there.",
        "in the page as the server sent it, too.",
        "HeadlessChrome/156.0.8078.79, sandbox on",
        "a picture of the page with the words of s1 marked",
    ):
        assert expected in text, expected
    assert found.count('<img src="data:image/png;base64,iVBORw0KGg') == 1
    plain = Simulator(38).capture()
    other = contents(bundle_of(plain, 1, signer=plain.signer)[0])["report.html"].decode()
    assert "No server sent this text" not in Tags(other).text.split("function")[0]


def test_time_stamps_are_listed() -> None:
    archive = Simulator(seed=36).capture().stamp().stamp(suffix=".cosig")
    data, _ = bundle_of(archive, 1, signer=archive.signer)
    text = Tags(contents(data)["report.html"].decode()).text
    assert "time stamp (RFC 3161)" in text and "data/log/checkpoints/3.tsr" in text
    assert "countersigned in the name of" not in text


def test_countersignatures_are_named() -> None:
    archive = Simulator(seed=39).capture()
    note = open_note(archive.files["log/checkpoint"])
    line = sign_ed25519("witness.example/w1", bytes(32), 1_795_000_000, note.text)
    archive.files["log/checkpoint"] = Note(note.text, (*note.signatures, line)).encode()
    data, _ = bundle_of(archive, 1, signer=archive.signer)
    assert not check(data, trusted=[archive.signer]).failed
    text = " ".join(Tags(contents(data)["report.html"].decode()).text.split())
    assert "countersigned in the name of witness.example/w1." in text


def test_facts_of_odd_shapes() -> None:
    """An article's facts are read as loosely as they are written: whatever stands there gives a page."""
    for odd in ({"title": "x"}, {"title": {"value": 3}}, {"title": None}, {"bylines": "x"}, {"bylines": [3, {}]}, {}):
        archive = Simulator(seed=33).snapshot().reading(facts=lambda facts, odd=odd: replace(facts, article=odd))  # type: ignore[misc]
        data, _ = bundle_of(archive, 1, signer=archive.signer)
        assert "https://news.example/bridge" in contents(data)["report.html"].decode()


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb or #rgb (WCAG 2.2)."""
    digits = colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_contrast_is_enough_in_light_dark_and_print() -> None:
    """WCAG AA asks for 4.5 to 1 for text."""
    palettes = [
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", block))
        for block in re.findall(r":root \{(.*?)\}", verifier.style(), re.DOTALL)
    ]
    assert len(palettes) == 3
    for palette in palettes:
        for ink, paper in (
            ("ink", "paper"), ("soft", "paper"), ("soft", "wash"), ("ink", "wash"), ("accent", "paper"),
            ("accent", "wash"), ("alert", "paper"), ("alert", "alert-wash"), ("ink", "alert-wash"),
            ("mark-ink", "mark"), ("paper", "accent"),
        ):  # fmt: skip
            dark, light = sorted((luminance(palette[ink]), luminance(palette[paper])))
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, paper, palette)


# Pieces.


def statement(*ranges: tuple[int, int], page: str) -> StatementRecord:
    parts = tuple(PartRecord(page[low:high], (low, high), None, None) for low, high in ranges)
    text = " ".join(part.exact for part in parts)
    return StatementRecord(
        "s1", "direct", text, None, None, None, None, None, None, None, "affirmed", "rule", 90, parts, "A" * 22 + "=="
    )


def plain(paragraphs: tuple[tuple[Piece, ...], ...] | None) -> str:
    assert paragraphs is not None
    return "\n".join("".join(f"<{p.text}>" if p.marked else p.text for p in paragraph) for paragraph in paragraphs)


def test_context_is_the_lines_around() -> None:
    page = "One.\nShe said “No,” and “Never.”\nThree."
    no, never = page.index("No,"), page.index("Never.")
    assert plain(context.in_page(page, statement((no, no + 3), page=page))) == "She said “<No,>” and “Never.”"
    both = statement((no, no + 3), (never, never + 6), page=page)
    assert plain(context.in_page(page, both)) == "She said “<No,>” and “<Never.>”"
    across = statement((0, 4), (never, never + 6), page=page)
    assert plain(context.in_page(page, across)) == "<One.>\nShe said “No,” and “<Never.>”"
    whole = statement((0, len(page)), page=page)
    assert plain(context.in_page(page, whole)) == "<One.>\n<She said “No,” and “Never.”>\n<Three.>"
    assert context.in_page(page, statement((0, 4), page=page + "x" * 9)) is not None
    assert context.in_page("One", statement((0, 4), page=page)) is None
    overlapping = replace(both, parts=(both.parts[0], replace(both.parts[1], text=(no + 1, no + 7))))
    assert context.in_page(page, overlapping) is None


def test_context_is_bounded() -> None:
    page = "word " * 2000 + "HERE" + " word" * 2000 + "THERE" + " word" * 2000
    here, there = page.index("HERE"), page.index("THERE")
    found = plain(context.in_page(page, statement((here, here + 4), (there, there + 5), page=page)))
    assert found.startswith("[…] word") and found.endswith("[…]") and "<HERE>" in found and "<THERE>" in found
    assert len(found) < 2 * context.AROUND + context.BETWEEN + 60
    solid = "x" * 5000 + "HERE" + "y" * 5000
    assert len(plain(context.in_page(solid, statement((5000, 5004), page=solid)))) < 2 * context.AROUND + 30


def test_context_from_the_record() -> None:
    page = "She said “No,” and “Never.”"
    record = statement((10, 13), (20, 26), page=page)
    around = ContextRecord("s1", (ContextPart("She said “", "” and"), ContextPart("and “", "”")), "A" * 22 + "==")
    assert plain(context.in_record(record, around)) == "She said “<No,>” and […] and “<Never.>”"


def test_words() -> None:
    assert words.moment("2026-11-23T13:02:11.482Z") == "2026-11-23 13:02:11.482 UTC"
    assert words.moment(None) == "not recorded" and words.moment("yesterday") == "yesterday"
    assert words.count(1, "byte") == "1 byte" and words.count(1204, "byte") == "1,204 bytes"
    assert words.short("sha256:9f86d081884c7d65" + "0" * 48) == "9f86-d081-884c-7d65"
    assert "NOT VERIFIED: expired" in rows.tls(replace(_hop(), tls=Tls("TLSv1.2", "X", (), False, "expired")))
    assert rows.tls(replace(_hop(), tls=None)) == "none (plain HTTP)"


def _hop() -> object:
    from archiver.model.facts import Hop

    return Hop("https://a.example/", 200, "OK", "HTTP/1.1", None, None, None, None, None, "", 1, None, (), None)  # type: ignore[return-value]


def test_the_report_is_written_in_pieces() -> None:
    """So a bundle of a thousand pages needs no more memory than one of them."""
    from archiver.bundle.read import BundleEvidence
    from archiver.bundle.report.render import FLUSH, report
    from archiver.bundle.report.view import View

    archive = MemoryArchive()
    chosen = [archive.capture(Page.of_article("live-blog.html"))[0] for _ in range(6)]
    archive.seal()
    data, _ = bundle_of(archive, *chosen)
    evidence = BundleEvidence(io.BytesIO(data))
    pieces = list(report(View(evidence, evidence.record)))
    assert b"".join(pieces) == contents(data)["report.html"] and len(pieces) > 5
    assert max(len(piece) for piece in pieces) < 4 * FLUSH
    assert not codes(check(data))


def test_renderer_is_named_in_the_page() -> None:
    data, _ = bundle_of(small_archive(), 1)
    assert f"renderer {RENDERER}".encode() in contents(data)["report.html"]
