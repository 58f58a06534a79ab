"""What people type, and what spreadsheets save."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import ArchiverError, FormatError, StoreError, UsageError
from archiver.work import targets as module
from archiver.work.targets import MAX_LINE, Quote, Target, parse_list, quote_of, target_of, unique


def urls(data: str) -> list[str]:
    return [target.url for target in parse_list(data, "list")]


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("https://site.example/a", "https://site.example/a"),
        ("  https://site.example/a\t", "https://site.example/a"),
        ("site.example", "https://site.example/"),
        ("www.Site.example/A?b=1", "https://www.site.example/A?b=1"),
        ("HTTP://SITE.example", "http://site.example/"),
        ("site.example:8080/a", "https://site.example:8080/a"),
        ("https://site.example/a#part", "https://site.example/a"),
        ("http://site.example\\a", "http://site.example/a"),
        ("https://bücher.example/ä b", "https://xn--bcher-kva.example/%C3%A4%20b"),
        ("\u00a0https://site.example/\u3000", "https://site.example/"),
        ("site.example/" + "a" * 300, "https://site.example/" + "a" * 300),
    ],
)
def test_addresses(typed: str, url: str) -> None:
    target = target_of(typed)
    assert (target.url, target.path, target.as_given) == (url, None, typed.strip())


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "https//site.example",
        "https:/site.example",
        "https:site.example",
        "htps://site.example",
        "ftp://site.example/a",
        "mailto:ann@site.example",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "FILE:a.html",
        "https://",
        "https:///a",
        "https://ann:secret@site.example/",
        "https://site.example:99999/",
        "https://-bad-.example/",
        "https://a..b.example/",
        "https://site.example/\x00",
        "https://site.example/a\nb",
        "<https://site.example/>",
        "harbour",
        "./missing.html",
        "/missing",
        "~/missing.html",
        "missing.html",
        "missing.PDF",
        "a\x00b",
        "x" * 10_000,
        "\ud800",
    ],
)
def test_what_is_neither_an_address_nor_a_file(typed: str) -> None:
    with pytest.raises(UsageError) as error:
        target_of(typed)
    assert "secret" not in str(error.value)


def test_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "a page.html"
    file.write_text("<p>")
    (tmp_path / "link.html").symlink_to(file)
    for typed in ("a page.html", "./a page.html", str(file), "link.html"):
        target = target_of(typed, "case", "note", ("tag",))
        assert target == Target(typed, file.as_uri(), str(file), "case", "note", ("tag",))
        assert target.key == str(file)
    (tmp_path / "site.example").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        target_of("site.example")
    assert target_of("https://site.example").path is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0)
    with pytest.raises(StoreError):
        target_of(str(tmp_path / "locked" / "a.html"))


@given(st.text(max_size=60))
def test_any_text_is_a_target_or_not(typed: str) -> None:
    try:
        target = target_of(typed)
    except (UsageError, StoreError):
        return
    assert target.path is not None or target.url.startswith(("https://", "http://"))


def test_a_list() -> None:
    data = "# pages\n\nhttps://site.example/a\n  site.example/b  \n#https://site.example/no\nhttps://site.example/c"
    assert urls(data) == ["https://site.example/a", "https://site.example/b", "https://site.example/c"]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_line_ends_and_byte_order_marks(end: str, bom: str) -> None:
    assert urls(bom + end.join(["https://site.example/a", "", "b.example", ""])) == [
        "https://site.example/a",
        "https://b.example/",
    ]
    assert urls(bom + end.join(["url,case", "https://site.example/a,x", "b.example,y", ""])) == [
        "https://site.example/a",
        "https://b.example/",
    ]


@pytest.mark.parametrize("data", ["", "\n", "\ufeff", "# nothing\n", "url\n", "url,case\n\n\n"])
def test_empty_lists(data: str) -> None:
    assert parse_list(data, "list") == []


def test_the_line_is_named() -> None:
    with pytest.raises(FormatError, match=r"^list: line 3: ftp: ") as error:
        parse_list("https://site.example/a\n\nftp://site.example/b\n", "list")
    assert error.value.hint == "only http:// and https://"
    with pytest.raises(FormatError, match="line 2 has more than"):
        parse_list("https://site.example/a\n" + "x" * (MAX_LINE + 1), "list")
    with pytest.raises(FormatError, match="line 1: control characters"):
        parse_list("https://site.example/a\rhttps://site.example/b", "list")


CSV = 'url,case,note,tags\nhttps://site.example/a,Harbour,"as sent by ""R.""\nlate",one two\nb.example,,,\n'


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_file(delimiter: str) -> None:
    [first, second] = parse_list(CSV.replace(",", delimiter), "list")
    assert first == Target(
        "https://site.example/a", "https://site.example/a", None, "Harbour", 'as sent by "R."\nlate', ("one", "two")
    )
    assert second == Target("b.example", "https://b.example/")


def test_columns_in_any_order_and_spelling() -> None:
    [target] = parse_list('"Case", URL \nHarbour, https://site.example/a,\n', "list")
    assert (target.case, target.url) == ("Harbour", "https://site.example/a")
    assert urls(" \n\nurl\nhttps://site.example/a\n") == ["https://site.example/a"]


def test_a_list_whose_first_address_looks_like_a_header() -> None:
    data = "https://site.example/?a=1,url,2\nhttps://site.example/b\n"
    assert urls(data) == ["https://site.example/?a=1,url,2", "https://site.example/b"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("url,cse\na.example,x\n", "columns cse are unknown"),
        ("url,quotes\na.example,x\n", "columns quotes are unknown"),
        ("url,quote,speaker\na.example,,Ann\n", "line 2 has a speaker and no quote"),
        ("url,quote\na.example,x\nb.example,…\n", "line 3: a quote without words"),
        ("url,quote\na.example," + "x " * 10_001 + "\n", "line 2: a quote of more than 20,000"),
        ("url,url\na.example,b.example\n", "there twice"),
        ("url,case\na.example,x,y\n", "line 2 has more cells"),
        ("case,url\nx\n", "line 2 has no url"),
        ("url,case\na.example,x\n,y\n", "line 3 has no url"),
        ('url,case\na.example,"x\n', "line 2 is not readable as CSV"),
        ('url,case\na.example,"x"y\n', "line 2 is not readable as CSV"),
        ('url,note\na.example,"x\ny"\nftp://b.example,z\n', "line 4: ftp: "),
        ("url,case\nhttps://a.example/ b,x\nhttps:// ,x\n", "line 3"),
        ("url,note\na.example," + "x" * 200_000 + "\n", "line 2 is not readable as CSV: field larger"),
    ],
)
def test_what_is_wrong_in_a_csv_file_is_said(data: str, words: str) -> None:
    with pytest.raises(FormatError) as error:
        parse_list(data, "list")
    assert words in str(error.value)


@given(st.text(max_size=200), st.sampled_from(["", "url,case\n", "url;note\r\n", "case\turl\n", "\ufeffurl\n"]))
def test_any_list(data: str, header: str) -> None:
    try:
        for target in parse_list(header + data, "list"):
            assert target.url
    except ArchiverError as error:
        assert error.where is not None


def test_each_once() -> None:
    data = "https://site.example/a\nSITE.example/a\nhttps://site.example:443/a#x\nhttp://site.example/a\n"
    found, repeats = unique(parse_list(data, "list"))
    assert [target.as_given for target in found] == ["https://site.example/a", "http://site.example/a"]
    assert repeats == 2


def test_a_page_in_several_rows_is_captured_once_with_all_their_quotes() -> None:
    data = (
        "url,quote,speaker,source_note\na.example,No.,Ann,by letter\nb.example,,,\nhttps://a.example/, Never.\t,,\n"
        "a.example,No.,Ann,by letter\nb.example,Yes,,\n"
    )
    found, left_out = unique(parse_list(data, "list"))
    assert [(target.url, target.quotes) for target in found] == [
        ("https://a.example/", (Quote("No.", "Ann", "by letter"), Quote("Never."))),
        ("https://b.example/", (Quote("Yes"),)),
    ]
    assert left_out == 1
    with pytest.raises(UsageError, match="quotes of one page"):
        unique(parse_list("url,quote\n" + "".join(f"a.example,word {n}\n" for n in range(1_002)), "list"))


@pytest.mark.parametrize("words", ["", "  ", "“…”", "x" * 20_001])
def test_what_is_no_quote(words: str) -> None:
    with pytest.raises(UsageError):
        quote_of(words)


def test_a_long_list_takes_its_time_in_proportion() -> None:
    """A hundred thousand lines in a few seconds; a million is ten times that."""
    data = "".join(f"https://site.example/news/{number}?a=b\n" for number in range(100_000))
    begun = time.process_time()
    found, repeats = unique(parse_list(data, "list"))
    assert (len(found), repeats) == (100_000, 0)
    assert time.process_time() - begun < 12


@pytest.mark.slow
def test_a_million_lines() -> None:
    data = "url,case\n" + "".join(f"https://site.example/news/{number % 999_999},c\n" for number in range(1_000_000))
    begun = time.process_time()
    found, repeats = unique(parse_list(data, "list"))
    assert (len(found), repeats) == (999_999, 1)
    assert time.process_time() - begun < 60


def test_the_specimen_of_the_module() -> None:
    lines = (module.__doc__ or "").split("\n")
    specimen = "\n".join(line.strip() for line in lines if line.startswith("    "))
    found = parse_list(specimen, "list")
    assert [(target.url, target.case, target.quotes) for target in found] == [
        ("https://site.example/a", "Harbour", (Quote("We never agreed to that", "Ada Quill"),)),
        ("https://site.example/a", "Harbour", (Quote("The file is gone"),)),
    ]
