"""The facts of an article: the sample articles, who says what, and that any page gives clean, bounded facts."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from page_cases import load_all

from archiver.model.encoding import encode_document
from archiver.page import article as module
from archiver.page import extract
from archiver.page.article import Article, read_article
from archiver.page.outline import Outline
from archiver.page.said import Said
from archiver.page.text import project

ARTICLES = Path(__file__).resolve().parent.parent / "articles"
EXPECTED = json.loads((ARTICLES / "expected.json").read_text("utf-8"))
UTF8 = "text/html; charset=utf-8"
ADDRESS = "https://news.example/2026/pumps"


def article_of(html: str | bytes, url: str = ADDRESS, content_type: str | None = UTF8) -> Article:
    body = html.encode() if isinstance(html, str) else html
    outline = Outline()
    page = project(body, content_type, outline)
    return read_article(body, page.text, url, page.encoding, outline)


def page_text(html: str | bytes) -> str:
    return project(html.encode() if isinstance(html, str) else html, UTF8).text


def test_specimen() -> None:
    html = '<meta property="article:published_time" content="2026-10-11T09:30:00+02:00">'
    said = article_of(html).published
    assert said == Said("2026-10-11T09:30:00+02:00", "meta article:published_time", "2026-10-11T07:30:00Z")
    assert module.__doc__ and said.value in module.__doc__ and str(said.time) in module.__doc__


@pytest.mark.parametrize("entry", EXPECTED, ids=lambda entry: entry["file"])
def test_sample_articles(entry: dict[str, Any]) -> None:
    body = (ARTICLES / entry["file"]).read_bytes()
    outline = Outline()
    page = project(body, "text/html", outline)
    assert page.encoding == entry["encoding"] or body.isascii()
    article = read_article(body, page.text, ADDRESS, page.encoding, outline)
    assert (article.language.value if article.language else None) == entry["language"]
    assert (", ".join(said.value for said in article.bylines) or None) == entry["byline"]
    assert (article.published.value if article.published else None) == entry["published"]
    if entry["kind"] in ("article", "paywall"):
        assert article.title is not None
        assert article.title.value == entry["title"]
        covered = "\n".join(page.text[start:end] for start, end in article.main_range)
        quoted = [part for found in entry["statements"] for part in found["parts"]]
        # trafilatura leaves out a paragraph here and there; it must not leave out the article
        assert sum(part in covered for part in quoted) >= 0.8 * len(quoted)
        if entry["file"] != "local-1252.html":  # a layout of tables, in which trafilatura takes the links for text
            assert not any(said["exact"] in covered for said in entry["not_statements"] if "related" in said["why"])
    assert read_article(body, page.text, ADDRESS, page.encoding).to_json() == article.to_json()


def test_what_the_wire_article_holds() -> None:
    body = (ARTICLES / "wire.html").read_bytes()
    article, text = article_of(body), page_text(body)
    assert article.title is not None
    assert article.title.source == "json-ld"
    assert article.modified == Said("2026-09-15T19:05:00+02:00", "json-ld", "2026-09-15T17:05:00Z")
    assert article.site == Said("Tideline", "json-ld")
    assert article.canonical_url == Said("https://www.tideline.example/wire/harbour-crane", "link canonical")
    assert article.schema == Said("NewsArticle", "json-ld")
    assert article.free_access == Said("true", "json-ld isAccessibleForFree")
    assert article.also == ()
    (image,) = article.images
    assert image.url == "https://news.example/assets/photo.png"
    assert image.alt == "A fallen gantry crane lies across two moored barges"
    assert image.caption is not None
    assert image.caption.startswith("Crane seven lies across")
    assert (image.credit, image.place) == ("Jonna Reisz/Tideline", "article")
    assert text[image.at :].lstrip("\n").startswith("Crane seven")
    (player,) = article.media
    assert (player.kind, player.url) == ("iframe", "https://player.tideline.example/embed/88213")
    assert player.title == "Video: the quay after the collapse"
    related = [link for link in article.links if link.place == "related"]
    assert [link.url.rsplit("/", 1)[1] for link in related] == [
        *("dredging", "mayor-pledge", "seal-count", "herring-price", "ports"),
    ]
    for link in article.links:
        assert text[link.at : link.at + len(link.text)] == link.text
    assert [link.text for link in article.links if link.place == "navigation"][:2] == ["Wire", "Coast"]
    for start, end in article.main_range:
        assert text[start:end] == text[start:end].strip()
    assert article.problems == ()


def test_fields_stand_in_a_fixed_order() -> None:
    plain = article_of((ARTICLES / "wire.html").read_bytes()).to_json()
    assert list(plain) == [
        *("title", "bylines", "published", "modified", "site", "language", "canonical_url", "description", "schema"),
        *("free_access", "also", "images", "media", "links", "main_range", "main_text", "problems"),
    ]
    assert list(plain["images"][0]) == ["url", "alt", "caption", "credit", "place", "at"]
    assert list(plain["media"][0]) == ["kind", "url", "type", "poster", "title", "place", "at"]
    assert list(plain["links"][0]) == ["url", "text", "place", "at"]
    assert list(plain["published"]) == ["value", "source", "time"]
    assert list(plain["title"]) == ["value", "source"]


PROSE = (
    "<p>The council of Lower Tarn met for four hours on Monday evening and did not agree on the price of pumps.</p>" * 3
)


def json_ld(*values: Any) -> str:
    return "".join(f'<script type="application/ld+json">{json.dumps(value)}</script>' for value in values)


@pytest.mark.parametrize(
    "script",
    [
        json_ld({"@type": "NewsArticle", "headline": "H", "author": {"name": "A"}}),
        json_ld(
            [
                {"@type": "Organization", "name": "O"},
                {"@type": ["Thing", "NewsArticle"], "headline": "H", "author": "A"},
            ]
        ),
        json_ld({"@graph": [{"@type": "WebPage"}, {"@type": "Article", "headline": "H", "author": [{"name": "A"}]}]}),
        json_ld(
            {"@type": "WebPage", "mainEntity": {"@type": "BlogPosting", "headline": "H", "author": {"name": ["A"]}}}
        ),
        json_ld({"@type": "http://schema.org/NewsArticle", "headline": {"@value": "H"}, "author": {"name": "A"}}),
        json_ld(
            {"@type": "NewsArticle", "headline": ["H"], "author": {"@id": "#a"}},
            {"@id": "#a", "@type": "Person", "name": "A"},
        ),
        json_ld(
            {"@type": "WebSite", "name": "S"},
            {"@type": "NewsArticle", "headline": "H"},
            {"@type": "Article", "author": "B"},
        ).replace('"headline": "H"}', '"headline": "H", "author": ["A", {"name": 7}, null, "https://x.example/a"]}'),
        '<SCRIPT TYPE=\'application/ld+json; charset=utf-8\'><!-- {"@type": "NewsArticle", "headline": "H", '
        '"creator": {"name": "A"}} --></SCRIPT>',
        '<script type="application/ld+json">//<![CDATA[\n{"@type":"NewsArticle","headline":"H","author":{"name":"A"}};'
        "//]]></script>",
        '<script type=application/ld+json>{"@type":"NewsArticle","headline":"H\t","author":{"name":"A"}}</script>',
    ],
)
def test_json_ld(script: str) -> None:
    article = article_of(f"<title>T</title>{script}<h1>Other</h1>{PROSE}")
    assert article.title == Said("H", "json-ld")
    assert [said.value for said in article.bylines][:1] == ["A"]
    assert all(said.source == "json-ld" for said in article.bylines)


def test_malformed_json_ld_is_a_problem_and_the_rest_is_read() -> None:
    scripts = '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Broken</script>' + json_ld(
        {"@type": "NewsArticle", "headline": "H"}
    )
    article = article_of(scripts + PROSE)
    assert article.title == Said("H", "json-ld")
    assert "1 of 2 blocks of JSON-LD are malformed" in article.problems


@pytest.mark.parametrize(
    "content",
    [
        "[" * 200_000,
        '{"a":' * 100_000,
        '{"@type":"NewsArticle","author":' + "[" * 900 + "]" * 900 + "}",
        '{"@type":"NewsArticle","mainEntity":' * 200 + "1" + "}" * 200,
        '{"@type":"NewsArticle","headline":' + "9" * 100_000 + "}",
        '{"@type":"NewsArticle","headline":NaN,"author":[[["A"]]],"publisher":[],"datePublished":{},"inLanguage":[7]}',
        '{"@type":{"@type":"NewsArticle"},"headline":"H"}',
        '{"@type":"NewsArticle","headline":"\\ud800","author":"\\u0000"}',
        "[" + '{"@type":"NewsArticle","author":{"@id":"x"}},' * 3_000 + "{}]",
        "null",
        "",
        "\x00",
    ],
)
def test_odd_json_ld(content: str) -> None:
    article = article_of(f'<script type="application/ld+json">{content}</script>{PROSE}')
    encode_document(article.to_json())


def test_json_ld_that_is_too_large_is_not_read() -> None:
    large = json.dumps({"@type": "NewsArticle", "headline": "H", "articleBody": "x" * (1 << 20)})
    article = article_of(f'<title>T</title><script type="application/ld+json">{large}</script>{PROSE}')
    assert article.title == Said("T", "title element")
    assert "1 blocks of JSON-LD not read (too large or too many)" in article.problems


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ('<meta property="og:title" content="O"><title>T</title><h1>H</h1>', Said("O", "meta og:title")),
        ('<meta name="TWITTER:TITLE" content=" W "><title>T</title><h1>H</h1>', Said("W", "meta twitter:title")),
        ("<title>Pumps wait | Courier</title><h1>Courier</h1><h2>Pumps wait</h2>", Said("Pumps wait", "h2 element")),
        ("<title>Pumps wait | Courier</title><h1>Pumps <b>wait</b></h1>", Said("Pumps wait", "h1 element")),
        ("<title>Courier</title><h1>Pumps wait</h1>", Said("Pumps wait", "h1 element")),
        ("<title>Courier</title><h1>Pumps</h1><h1>Ferries</h1>", Said("Courier", "title element")),
        ("<title> A\n  &amp; B </title>", Said("A & B", "title element")),
        ("<svg><title>icon</title></svg><title>T</title><title>U</title>", Said("T", "title element")),
        ("<title></title><h1>\u200b</h1>", None),
    ],
)
def test_titles(head: str, title: Said | None) -> None:
    found = article_of(head).title
    assert found == title or (title is None and found is not None and found.value == "\u200b")


def test_bylines() -> None:
    assert [
        said.value for said in article_of('<meta name="author" content="A"><meta name="author" content="B">').bylines
    ] == ["A", "B"]
    linked = article_of(
        '<p>By <a rel="author" href="/a">Ann <b>Lee</b></a> and <a rel="nofollow author" href="/b">Bo</a></p>'
    )
    assert linked.bylines == (Said("Ann Lee", "rel author"), Said("Bo", "rel author"))
    address = article_of(
        '<meta property="article:author" content="https://social.example/ann"><meta name="byl" content="A">'
    )
    assert address.bylines == (Said("A", "meta byl"),)


def test_contradictions_are_kept() -> None:
    article = article_of(
        json_ld({"@type": "NewsArticle", "headline": "One", "datePublished": "2026-01-02", "author": "A"})
        + '<meta property="og:title" content="Two">'
        '<meta property="article:published_time" content="2026-01-03T00:00:00Z">'
        '<meta name="author" content="B"><title>One | Site</title>' + PROSE
    )
    assert article.title == Said("One", "json-ld")
    assert ("title", Said("Two", "meta og:title")) in article.also
    assert (
        "published",
        Said("2026-01-03T00:00:00Z", "meta article:published_time", "2026-01-03T00:00:00Z"),
    ) in article.also
    assert ("bylines", Said("B", "meta author")) in article.also
    assert len(article.also) == 3  # a title with the site's name is no contradiction
    assert article.to_json()["also"][0] == {"field": "title", "value": "Two", "source": "meta og:title"}


def test_dates_in_other_spellings_are_no_contradiction() -> None:
    article = article_of(
        json_ld({"@type": "NewsArticle", "datePublished": "2026-01-02T10:00:00+01:00"})
        + '<meta property="article:published_time" content="2026-01-02T09:00:00Z">'
    )
    assert article.also == ()


def test_guesses_are_called_guesses() -> None:
    article = article_of(f"<div><p><i>Hester Quill</i><br>Tarn, 11 October 2025</p>{PROSE}</div>")
    assert article.published == Said("2025-10-11", "guessed: htmldate", "2025-10-11")
    assert article.published.guessed
    assert article.to_json()["published"]["source"] == "guessed: htmldate"
    assert article_of(f"{PROSE}<footer>© 2025 Courier</footer>").published is None  # a year is no date


def test_a_time_element() -> None:
    article = article_of(
        f'<time datetime="2026-02-03">x</time><time itemprop="datePublished" datetime="2026-02-04">y</time>{PROSE}'
    )
    assert article.published == Said("2026-02-04", "time datepublished", "2026-02-04")
    first = article_of(f'<time>no</time><time datetime="2026-02-03">x</time>{PROSE}').published
    assert first == Said("2026-02-03", "time datetime (the first)", "2026-02-03")


def test_addresses() -> None:
    canonical = '<link rel="alternate" href="/x"><LINK REL="Canonical" HREF=" /a/b?c&amp;d ">'
    assert article_of(canonical).canonical_url == Said("https://news.example/a/b?c&d", "link canonical")
    based = '<base href="/sub/"><base href="/no/"><link rel=canonical href=p><img src=i.png width=1>'
    assert article_of(based).canonical_url == Said("https://news.example/sub/p", "link canonical")
    for bad in ("", "#top", "javascript:x", "data:,x", "http://[", "mailto:a@b.example", "x" * 9_000):
        assert article_of(f'<link rel=canonical href="{bad}">').canonical_url is None
    assert article_of('<meta property="og:url" content="//cdn.example/a">').canonical_url == Said(
        "https://cdn.example/a", "meta og:url"
    )


def test_languages() -> None:
    assert article_of("<html lang=' de '>").language == Said("de", "html lang")
    assert article_of("<html xml:lang=fr>").language == Said("fr", "html lang")
    assert article_of('<meta http-equiv="Content-Language" content="en">').language == Said(
        "en", "meta http-equiv content-language"
    )
    by_json = article_of(json_ld({"@type": "NewsArticle", "inLanguage": {"name": "Deutsch", "alternateName": "de"}}))
    assert by_json.language == Said("de", "json-ld")
    assert article_of("<p>x</p>").language is None


def test_the_same_facts_without_an_outline() -> None:
    for case in load_all():
        if case.plain or "xhtml" in (case.content_type or ""):
            continue
        outline = Outline()
        page = project(case.body, case.content_type, outline)
        with_outline = read_article(case.body, page.text, ADDRESS, page.encoding, outline)
        assert read_article(case.body, page.text, ADDRESS, page.encoding).to_json() == with_outline.to_json()


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 1


PIECES = st.sampled_from(
    [
        *(
            "<title>",
            "</title>",
            "<h1>",
            "</h1>",
            "<p>words and more words</p>",
            "<article>",
            "</article>",
            "<nav>",
            "</nav>",
        ),
        *(
            '<a href="/x">',
            "<a href='http://['>",
            "</a>",
            '<a rel=author href="//h/y">',
            "<aside class=related>",
            "</aside>",
        ),
        *(
            "<figure>",
            "</figure>",
            "<figcaption>",
            "</figcaption>",
            '<img src="/i.png" alt=x>',
            "<img srcset='a 1x, b 2x'>",
        ),
        *(
            "<video src=/v poster=/p>",
            "<source src=/s type=video/mp4>",
            "</video>",
            "<iframe src='/f' title=t>",
            "</iframe>",
        ),
        *(
            '<meta property="og:title" content="a">',
            '<meta name=author content="\x00">',
            "<meta name=date content=2026-13-45>",
        ),
        *(
            "<time datetime='2026-01-01'>",
            "</time>",
            "<svg>",
            "</svg>",
            "<template>",
            "</template>",
            "<!-- -->",
            "<base href='::'>",
        ),
        *(
            '<script type="application/ld+json">',
            '{"@type":"NewsArticle","author":[',
            "</script>",
            "\ud7ff",
            "\u202e",
            "\x85",
        ),
        *(
            "<div class='paywall related'>",
            "</div>",
            "<link rel=canonical href='\n/x\n'>",
            "(Photo: A/B)",
            "Foto:",
            "\0",
            " ",
        ),
        *(
            "<object data=/o>",
            "</object>",
            "<embed src=/e>",
            "<html lang=en>",
            "<h2>",
            "</h2>",
            "<table><tr><td>",
            "<li>",
        ),
    ]
)


@given(
    st.one_of(st.lists(PIECES, max_size=40).map("".join), st.text(max_size=60)), st.text("htps:/.[]?#@", max_size=12)
)
@settings(max_examples=250, deadline=None)
def test_any_page_gives_clean_facts(html: str, url: str) -> None:
    body = html.encode("utf-8", "replace")
    article = article_of(body, url)
    plain = article.to_json()
    encode_document(plain)
    assert depth_of(plain) <= 12
    size = len(page_text(body))
    for start, end in article.main_range:
        assert 0 <= start < end <= size
    for item in (*article.images, *article.media, *article.links):
        assert 0 <= item.at <= size
    assert article_of(body, url).to_json() == plain


def page_of(element: str, number: int) -> bytes:
    return f"<!DOCTYPE html><html><head><title>T</title></head><body>{element * number}</body></html>".encode()


@pytest.mark.parametrize(
    "body",
    [
        page_of('<a href="/x">word</a> ', 20_000),
        page_of('<img src="/x.png" alt=y>', 20_000),
        page_of("<figure><img src=/x><figcaption>Photo: A</figcaption></figure>", 8_000),
        page_of("<video src=/x><source src=/y></video>", 8_000),
        page_of("<p>word <b>word</b></p>", 9_000),
        page_of("<b>word</b> ", 20_000),
        page_of("<div>", 20_000),
        page_of("<div class=related><a href=/x>y</a>", 6_000),
        page_of("word <div></div>", 19_000),
        page_of("2019-01-01 ", 100_000),
        page_of("word ", 400_000),
        page_of('<meta property="og:title" content="x">', 20_000),
        page_of('<script type="application/ld+json">{"@type":"NewsArticle"}</script>', 9_000),
        page_of("<time datetime=2026-01-01>x</time>", 20_000),
        page_of("<h1>word</h1>", 20_000),
        page_of("<li>word", 30_000),
        page_of("<td>word", 30_000),
        page_of("Photo: ", 100_000),
        page_of(f"<p title='{'x' * 2_000_000}'>word</p>", 1),
        page_of("<p>word</p><!-- x -->", 30_000),
        b"<figure><figcaption>" + b"Photo by (" * 60_000,
        b"<title>" + b"- " * 500_000,
    ],
    ids=range(22),
)
def test_hostile_pages_are_read_in_time_or_not_at_all(body: bytes) -> None:
    start = time.process_time()
    article = article_of(body)
    spent = time.process_time() - start
    assert spent < 12, article.problems
    data = encode_document(article.to_json())
    assert len(data) < 4 << 20
    assert len(article.images) <= 200
    assert len(article.media) <= 100
    assert len(article.links) <= 660


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (page_of("<p>word</p>", 21_000), "main text not read: 2100[0-9] elements or more \\(limit 20000\\)"),
        (page_of("<div>", 6_000), "main text not read: elements nested 600[0-9] deep \\(limit 250\\)"),
        (page_of("<b>word</b>", 6_000), "main text not read: 600[0-9] tags in one block of text \\(limit 1000\\)"),
        (page_of("word " * 1_000, 700), "main text not read: 35000[0-9]{2} characters of markup \\(limit 3000000\\)"),
        (b"", "no main text found"),
    ],
)
def test_limits_are_said(body: bytes, message: str) -> None:
    (problem,) = article_of(body).problems
    assert re.fullmatch(message, problem)


def test_pieces_are_found_again_in_order() -> None:
    text = "Menu\nOne two\nthree\u00a0four five\nOne two\nsix\u00adty seven\nEnd"
    assert extract.locate(text, ["One two", "three four five"]) == ((5, 28),)
    assert extract.locate(text, ["One two", "One two"]) == ((5, 12), (29, 36))
    assert extract.locate(text, ["sixty seven"]) == ((37, 49),)
    assert extract.locate(text, ["two\nthree four"]) == ((9, 23),)
    assert extract.locate(text, ["nowhere", ""]) == ()
    assert extract.locate("", ["x"]) == ()


def test_searching_for_pieces_has_a_budget() -> None:
    text = "ab " * 30_000
    start = time.process_time()
    extract.locate(text, [f"ab ab {number} x" for number in range(20_000)])
    assert time.process_time() - start < 5


def test_the_words_before_a_look_for_authors_are_all_that_trafilatura_looks_for() -> None:
    from trafilatura.xpaths import AUTHOR_XPATHS

    literals = [text for path in AUTHOR_XPATHS for text in re.findall("'([^']+)'", path.path)]
    assert len(literals) > 15
    for literal in literals:
        for choice in literal.split("|"):
            plain = re.sub(r"\[(.).\]", r"\1", choice).replace("-?", "-").lower()
            spelled = "<rel" if plain == "me" else plain  # rel='me' in there is an element <rel> with the text "me"
            assert any(word in spelled for word in extract.AUTHORS), literal


@pytest.mark.parametrize(
    "mark", ["class=byline", "rel=author", "id=AUTHOR", "itemprop=author", "data-component=Byline"]
)
def test_a_byline_is_looked_for_where_one_can_be(mark: str) -> None:
    tag = "a" if mark != "data-component=Byline" else "section"
    body = f"<!doctype html><title>x</title><{tag} {mark}>Ada Finch</{tag}><p>Text.".encode()
    page = project(body, "text/html")
    found = read_article(body, page.text, "https://a.example/", page.encoding)
    wanted = mark != "id=AUTHOR"  # trafilatura's own expressions tell upper from lower case there
    assert [said.value for said in found.bylines] == (["Ada Finch"] if wanted else [])
