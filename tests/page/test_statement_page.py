"""What a page's elements change: q and blockquote, pull quotations, headlines, menus; and the word files."""

from __future__ import annotations

import pytest

from archiver.errors import FormatError
from archiver.page.speech.language import guess
from archiver.page.speech.lexicon import LANGUAGES, load, parse
from archiver.page.statements import Statement, find, find_in_page
from archiver.page.text import project


def found(html: str, language: str | None = "en") -> list[tuple[list[str], str | None]]:
    page = project(html.encode(), "text/html; charset=utf-8")
    statements = find_in_page(page.text, page.marks, language)
    return [(words(page.text, one), name(one)) for one in statements if one.kind != "indirect"]


def words(text: str, statement: Statement) -> list[str]:
    return [text[part.start : part.end] for part in statement.parts]


def name(statement: Statement) -> str | None:
    return statement.speaker.name if statement.speaker else None


def test_q_without_marks() -> None:
    assert found("<p>Ann Corley said in a letter, <q>I never <b>had</b> the key.</q> She left.") == [
        (["I never had the key."], "Ann Corley")
    ]


def test_blockquote_is_introduced_by_the_paragraph_before_it() -> None:
    html = "<p>In the minutes Bram Holt wrote:<blockquote><p>The gate stood open.<p>Nobody had the key.</blockquote>"
    assert found(html) == [(["The gate stood open.", "Nobody had the key."], "Bram Holt")]


def test_blockquote_is_signed() -> None:
    html = "<p>A letter.</p><blockquote><p>The gate stood open all night.</p><p>— Bram Holt, keeper</p></blockquote>"
    assert found(html) == [(["The gate stood open all night."], "Bram Holt")]


def test_a_pulled_quotation_is_the_one_of_the_body() -> None:
    html = """<p>“The gate stood open all night, and nobody had the key,” Bram Holt said. He left.
        <blockquote>“The gate stood open all night”</blockquote><p>Ann Corley said: “I did not know.”"""
    assert found(html) == [
        (["“The gate stood open all night, and nobody had the key,”"], "Bram Holt"),
        (["“I did not know.”"], "Ann Corley"),
    ]


def test_a_headline_counts_only_if_it_says_more_than_the_body() -> None:
    body = "<p>“The gate stood open,” Bram Holt said."
    assert found(f"<h1>Holt: ‘The gate stood open’</h1>{body}") == [(["“The gate stood open,”"], "Bram Holt")]
    assert found(f"<h1>Holt: ‘I lost the key’</h1>{body}") == [
        (["‘I lost the key’"], "Bram Holt"),
        (["“The gate stood open,”"], "Bram Holt"),
    ]
    assert found(f"<h2>‘A long night’</h2>{body}") == [(["“The gate stood open,”"], "Bram Holt")]


@pytest.mark.parametrize("tag", ["nav", "aside", "footer"])
def test_links_to_other_articles_are_no_statements(tag: str) -> None:
    html = f"<p>“It held,” Ann Corley said.<{tag}><p>“I am done,” says the mayor.</p></{tag}>"
    assert found(html) == [(["“It held,”"], "Ann Corley")]


def test_the_page_head_is_none_but_the_article_head_may_be() -> None:
    html = """<header><p>“Now hiring,” says our editor.</p></header>
        <article><header><h1>Lock</h1><p>“It held,” Ann Corley said.</p></header></article>"""
    assert found(html) == [(["“It held,”"], "Ann Corley")]


def test_the_outlet_itself_is_no_via() -> None:
    page = project(
        "<header>The Lowmarket Register</header><h1>Lock</h1><p>“It held,” Ann Corley told the Register.".encode(),
        "text/html; charset=utf-8",
    )
    (statement,) = find_in_page(page.text, page.marks, "en")
    assert statement.via is None


def test_captions_count() -> None:
    html = "<figure><figcaption>“It held,” said Ann Corley, keeper of the lock. (Photo: Jo Reis)</figcaption></figure>"
    assert found(html) == [(["“It held,”"], "Ann Corley")]


def test_every_word_file_is_read() -> None:
    for language in LANGUAGES:
        assert load(language).words or load(language).lists, language
    assert load("xx").words == {}
    assert load("../en").words == {}


@pytest.mark.parametrize("data", ["[sayy]\nsay", "say\n", "[say]\nsay\n[Say]\n"])
def test_a_wrong_word_file_says_its_line(data: str) -> None:
    with pytest.raises(FormatError, match="line"):
        parse("xx", data)


@pytest.mark.parametrize(
    ("text", "declared", "language"),
    [
        ("The gate was open and nobody had the key, said the keeper of the lock.", None, "en"),
        ("Das Tor war offen, und niemand hatte den Schlüssel, sagte der Wärter.", None, "de"),
        ("Das Tor war offen, und niemand hatte den Schlüssel, sagte der Wärter.", "en", "de"),
        ("La porte était ouverte et personne n’avait la clé, a dit le gardien.", None, "fr"),
        ("Ворота были открыты, и ни у кого не было ключа, сказал сторож.", None, "ru"),
        ("Ворота були відчинені, і ні в кого не було ключа, сказав сторож.", None, "uk"),
        ("門は開いていて、誰も鍵を持っていなかったと番人は言った。", None, "ja"),
        ("大门开着，没有人有钥匙，看门人对记者说，他一夜没有睡觉。", None, "zh"),
        ("12:30 — 45", "pl-PL", "pl"),
        ("12:30 — 45", "", ""),
    ],
)
def test_language(text: str, declared: str | None, language: str) -> None:
    assert guess(text, declared) == language


def test_a_text_in_no_known_language_has_quotations_all_the_same() -> None:
    statements = find("Xhaxha Agimi foli gjatë: “Ura është e hapur.” Pastaj iku.", "sq")
    assert [
        part for one in statements for part in words("Xhaxha Agimi foli gjatë: “Ura është e hapur.” Pastaj iku.", one)
    ]
