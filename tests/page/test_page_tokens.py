"""The tokenizer: what it gives for pieces of markup, that its tokens cover the source, and attributes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.page import tokens as module
from archiver.page.context import Context
from archiver.page.tokens import Comment, Doctype, EndTag, StartTag, Text, Tokenizer, decode_attribute


def tokens_of(source: str, **options: object) -> list[object]:
    return list(Tokenizer(source, **options))  # type: ignore[arg-type]


def short(source: str) -> list[object]:
    """Text as it reads, neighbours joined; tags as they are spelled in short."""
    found: list[object] = []
    for token in Tokenizer(source):
        if isinstance(token, Text):
            if found and isinstance(found[-1], str):
                found[-1] += token.data
            else:
                found.append(token.data)
        elif isinstance(token, StartTag):
            found.append((token.name, token.attributes()) if token.attributes() else (token.name,))
        elif isinstance(token, EndTag):
            found.append(("/" + token.name,))
        elif isinstance(token, Comment):
            found.append(("!", token.data))
        else:
            found.append(("!doctype",))
    return found


def test_specimen() -> None:
    assert tokens_of("<p class=a>Tea &amp; cake") == [
        StartTag("p", 0, 11, False, " class=a"),
        Text("Tea ", 11, 15, True),
        Text("&", 15, 20, False),
        Text(" cake", 20, 25, True),
    ]
    assert module.__doc__ and "StartTag p 0:11" in module.__doc__


CASES: list[tuple[str, list[object]]] = [
    ("a<b>c</b>d", ["a", ("b",), "c", ("/b",), "d"]),
    ("<B/></B x=1>", [("b",), ("/b",)]),
    ("<a b c=d e='f' g=\"h\" i = j k=>", [("a", {"b": "", "c": "d", "e": "f", "g": "h", "i": "j", "k": ""})]),
    ("<a B=1 b=2 =c d/e/>", [("a", {"b": "1", "=c": "", "d": "", "e": ""})]),
    ("<a x='>' y=\">\" z=a>b", [("a", {"x": ">", "y": ">", "z": "a"}), "b"]),
    ("<a x=\"1\"y='2'z>", [("a", {"x": "1", "y": "2", "z": ""})]),
    ("<a x=a/b/>", [("a", {"x": "a/b/"})]),
    ("<a\nx\t=\r\n1\f>", [("a", {"x": "1"})]),
    ("<a x=\"&lt;&copy=1&copy;&copyx\" y='&amp' z=&#x41;>", [("a", {"x": "<&copy=1©&copyx", "y": "&", "z": "A"})]),
    ("<a \u0130=1 \u00c4=2>", [("a", {"\u0130": "1", "\u00c4": "2"})]),
    ("<a\0b c\0=\0>", [("a\ufffdb", {"c\ufffd": "\ufffd"})]),
    ("<!DOCTYPE html><!doctype x", [("!doctype",), ("!doctype",)]),
    ("<!-- a -->b<!-->c<!--->d<!----!>e", [("!", " a "), "b", ("!", ""), "c", ("!", ""), "d", ("!", ""), "e"]),
    ("<!-- a --!> b", [("!", " a "), " b"]),
    ("<!-- a", [("!", " a")]),
    ("<!-- a --!", [("!", " a ")]),
    ("<!-- a -", [("!", " a ")]),
    ("<!-- <!-- a --> b", [("!", " <!-- a "), " b"]),
    ("<!x><?y></ z></>w", [("!", "x"), ("!", "?y"), ("!", " z"), "w"]),
    ("<![CDATA[x]]>y", [("!", "[CDATA[x]]"), "y"]),
    ("<svg><![CDATA[<x>&amp;]]>y</svg><![CDATA[z]]>", [("svg",), "<x>&amp;y", ("/svg",), ("!", "[CDATA[z]]")]),
    ("<svg><![CDATA[x", [("svg",), "x"]),
    ("<title>&lt;<b></title >x", [("title",), "<<b>", ("/title",), "x"]),
    ("<style>&lt;</styles></style\n>x", [("style",), "&lt;</styles>", ("/style",), "x"]),
    ("<script><!--<script></script>--></script>x", [("script",), "<!--<script></script>-->", ("/script",), "x"]),
    ("<script><!--<script></script></script>x", [("script",), "<!--<script></script>", ("/script",), "x"]),
    ("<script><!--></script>x", [("script",), "<!-->", ("/script",), "x"]),
    ("<script><!--<scriptx></script>x", [("script",), "<!--<scriptx>", ("/script",), "x"]),
    ("<script><!-- --><script></script>x", [("script",), "<!-- --><script>", ("/script",), "x"]),
    ("<svg><script><b></script></svg>", [("svg",), ("script",), ("b",), ("/script",), ("/svg",)]),
    ("<svg/><title><b></title>", [("svg",), ("title",), "<b>", ("/title",)]),
    ("<plaintext></plaintext>&amp;", [("plaintext",), "</plaintext>&amp;"]),
    ("a<", ["a<"]),
    ("a</", ["a</"]),
    ("a<b", ["a"]),
    ("a<b c='d>", ["a"]),
    ("a<!", ["a", ("!", "")]),
    ("1 < 2 <3", ["1 < 2 <3"]),
    ("&#65;&#x42;&#67 &#0;&#xD800;&#x80;", ["ABC \ufffd\ufffd€"]),
    ("&amp;&ampamp;&ampx &Amp;&bne;", ["&&amp;&x &Amp;=\u20e5"]),
    ("&#;&#x;&;& &", ["&#;&#x;&;& &"]),
]


@pytest.mark.parametrize(("source", "expected"), CASES, ids=[source for source, _ in CASES])
def test_tokens(source: str, expected: list[object]) -> None:
    assert short(source) == expected


def test_xml_has_empty_raw_text_and_sections_anywhere() -> None:
    source = "<title/>a<script src=x />b<![CDATA[<c>]]>"
    kinds = [(type(token).__name__, getattr(token, "data", "")) for token in Tokenizer(source, xml=True)]
    assert kinds == [("StartTag", ""), ("Text", "a"), ("StartTag", ""), ("Text", "b"), ("Text", "<c>")]
    assert len(tokens_of(source)) == 2  # in HTML the title takes the rest


@pytest.mark.parametrize(
    ("state", "raw", "source", "expected"),
    [
        ("rcdata", "title", "a</titlex>&amp;</title>b", ["a</titlex>&", ("/title",), "b"]),
        ("rawtext", "style", "a&amp;</STYLE\n>b", ["a&amp;", ("/style",), "b"]),
        ("script", "script", "a</script/>b", ["a", ("/script",), "b"]),
        ("cdata", "", "a]]b]]>c", ["a]]bc"]),
        ("plaintext", "", "<b>&amp;", ["<b>&amp;"]),
        ("rcdata", "", "a</title>", ["a</title>"]),
    ],
)
def test_states_that_the_standard_begins_in(state: str, raw: str, source: str, expected: list[object]) -> None:
    found: list[object] = []
    for token in Tokenizer(source, state=state, raw=raw, follow=False):
        if isinstance(token, Text):
            found = (
                [*found[:-1], found[-1] + token.data] if found and isinstance(found[-1], str) else [*found, token.data]
            )
        else:
            found.append(("/" + token.name,) if isinstance(token, EndTag) else token)
    assert found == expected


def test_which_element_raw_text_belongs_to() -> None:
    tokens = Tokenizer("<title>a</title>b<style>c</style><svg><style>d")
    assert [(token.data, tokens.raw) for token in tokens if isinstance(token, Text)] == [
        *(("a", "title"), ("b", ""), ("c", "style"), ("d", "")),
    ]


MARKUP = st.lists(
    st.sampled_from(
        [
            *(
                "<p>",
                "</p>",
                "<a b='c'>",
                "<",
                "</",
                "<!",
                "<!--",
                "-->",
                "--!>",
                "<?",
                ">",
                "'",
                '"',
                "=",
                "/",
                " ",
                "x",
            ),
            *("&amp;", "&", ";", "&#", "&#x", "1", "a", "<svg>", "</svg>", "<![CDATA[", "]]>", "<script>", "</script>"),
            *("<title>", "</title>", "<math>", "<mi>", "<desc>", "\0", "\r\n", "é", "😀", "<font color=x>", "<style>"),
        ]
    ),
    max_size=40,
).map("".join)


@given(st.one_of(MARKUP, st.text(max_size=80)))
@settings(max_examples=600, deadline=None)
def test_tokens_stand_in_order_and_text_is_the_source(source: str) -> None:
    latest = 0
    for token in Tokenizer(source):
        assert token.start >= latest
        assert token.end > token.start
        latest = token.end
        if isinstance(token, Text):
            if token.verbatim:
                assert source[token.start : token.end] == token.data
            else:
                assert source[token.start] == "&"
                assert 1 <= len(token.data) <= 2
        elif isinstance(token, (StartTag, EndTag)):
            assert source[token.start] == "<"
            assert source[token.end - 1] == ">"
        else:
            assert isinstance(token, (Comment, Doctype))
            assert source[token.start : token.start + 1] == "<"
    assert latest <= len(source)


@given(st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_an_attribute_without_ampersand_is_itself(value: str) -> None:
    assert decode_attribute(value.replace("&", "")) == value.replace("&", "")


def feed(*tags: str) -> Context:
    context = Context()
    for tag in tags:
        name = tag.strip("/").split(" ")[0]
        if tag.startswith("/"):
            context.end(name)
        else:
            attributes = dict.fromkeys(tag.strip("/").split(" ")[1:], "")
            context.start(name, tag.endswith("/"), lambda found=attributes: found)  # type: ignore[misc]
    return context


@pytest.mark.parametrize(
    ("tags", "foreign", "hidden"),
    [
        (["svg"], True, False),
        (["svg/"], False, False),
        (["svg", "/svg"], False, False),
        (["svg", "title"], False, True),
        (["svg", "title", "svg"], True, True),
        (["svg", "desc/"], True, False),
        (["svg", "foreignobject", "svg", "g", "/svg"], False, False),
        (["svg", "p"], False, False),
        (["svg", "/p"], False, False),
        (["svg", "font"], True, False),
        (["svg", "font color"], False, False),
        (["math", "title"], True, False),
        (["math", "mi", "svg", "mi"], True, False),
        (["math", "annotation-xml"], True, True),
        (["math", "annotation-xml", "svg", "title"], False, True),
        (["math", "annotation", "/math"], False, False),
        (["title", "/svg", "/desc"], False, False),
        (["svg", "script", "/script"], True, False),
        (["svg", "desc", "div", "/desc"], True, False),
    ],
)
def test_context(tags: list[str], foreign: bool, hidden: bool) -> None:
    context = feed(*tags)
    assert (context.foreign, context.hidden) == (foreign, hidden)


def test_an_integration_point_of_mathml_by_its_encoding() -> None:
    context = Context()
    context.start("math", False, dict)
    context.start("annotation-xml", False, lambda: {"encoding": "Text/HTML"})
    assert not context.foreign
    assert context.hidden
    assert context.start("title", False, dict) == "rcdata"
