"""The page in a received file: any bytes give a page or one of our errors, and a page is found again where it was."""

from __future__ import annotations

import contextlib
import io
import json
import time
import typing

import pytest
from foreign_cases import PAGE, URL, bag, contents, wacz, warc, zipped
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import FormatError, MissingError
from archiver.foreign.extract import format_of, page_in, same_page
from archiver.foreign.page_in import page_saved, spell_time
from archiver.model.received import Format, PageIn

FORMATS: tuple[Format, ...] = typing.get_args(Format)
MHTML = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\n"
    b"Content-Location: https://news.example/bridge\r\n\r\n" + PAGE + b"\r\n--x--\r\n"
)
HAR = json.dumps(
    {"log": {"entries": [{"request": {"url": URL}, "response": {
        "status": 200, "content": {"mimeType": "text/html", "text": PAGE.decode()}}}]}}
).encode()  # fmt: skip
GOOD: dict[Format, bytes] = {
    "har": HAR, "mhtml": MHTML, "warc": warc(), "wacz": zipped(wacz()), "html": PAGE, "bag": zipped(bag(), folder="b/"),
}  # fmt: skip


@pytest.mark.parametrize("kind", GOOD)
def test_it_is_known_taken_out_and_found_again(kind: Format) -> None:
    stream = io.BytesIO(GOOD[kind])
    assert format_of(stream, "x") == kind
    found, body = page_in(stream, kind, "text/html")
    assert body == PAGE
    page = PageIn(found.part, found.url, found.time, "<urn:uuid:1>", "", len(body), "text/html")
    assert same_page(io.BytesIO(GOOD[kind]), kind, page) == PAGE
    with pytest.raises(MissingError):
        same_page(stream, kind, PageIn("nowhere", None, None, "", "", 0, "text/html"))


@given(st.binary(max_size=400), st.sampled_from(FORMATS), st.sampled_from(["text/html", "application/zip"]))
def test_any_bytes_at_all(data: bytes, kind: Format, media_type: str) -> None:
    stream = io.BytesIO(data)
    assert format_of(stream, "x.har") in FORMATS
    with contextlib.suppress(FormatError, MissingError):
        page_in(stream, kind, media_type)


@given(st.sampled_from(list(GOOD)), st.integers(0, 10_000), st.binary(min_size=1, max_size=4))
def test_any_change_of_a_good_one(kind: Format, place: int, new: bytes) -> None:
    place %= len(GOOD[kind])
    data = GOOD[kind][:place] + new + GOOD[kind][place + len(new) :]
    with contextlib.suppress(FormatError, MissingError):
        page_in(io.BytesIO(data), kind, "text/html")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
                        st.sampled_from(["log", "entries", "request", "response", "url", "status", "content",
                                         "text", "mimeType", "encoding", "startedDateTime"]), inner),
                    max_leaves=20))  # fmt: skip
def test_any_har(value: object) -> None:
    stream = io.BytesIO(json.dumps({"log": {"entries": [value, {"request": {}, "response": value}]}}).encode())
    with contextlib.suppress(FormatError, MissingError):
        page_in(stream, "har", "application/json")


def test_the_main_page_of_a_package_is_taken_or_the_one_that_is_asked_for() -> None:
    other, words = b"https://news.example/others", b"<!doctype html><p>Something else."
    data = warc(words, packed=False).replace(URL.encode(), other) + warc(packed=False)
    package = io.BytesIO(zipped(wacz(contents() | {"archive/data.warc": data})))
    found, body = page_in(package, "wacz", "application/zip")
    assert (found.url, body) == (URL, PAGE)
    found, body = page_in(package, "wacz", "application/zip", other.decode())
    assert (found.url, body) == (other.decode(), words)
    with pytest.raises(MissingError, match="no page of"):
        page_in(package, "wacz", "application/zip", "https://news.example/none")


@pytest.mark.parametrize(
    ("start", "url", "when"),
    [
        (b"<html><!--\n Page saved with SingleFile \n url: https://a.example/x \n saved date: Mon Nov 23 2026 14:02:11 "
         b"GMT+0100 (CET)\n-->", "https://a.example/x", "2026-11-23T13:02:11.000Z"),
        (b"<html><!--\n Page saved with SingleFile \n url: https://a.example/x \n saved date: never\n-->",
         "https://a.example/x", None),
        (b"<html>", None, None),
    ],
)  # fmt: skip
def test_what_single_file_says(start: bytes, url: str | None, when: str | None) -> None:
    assert page_saved(start) == (url, when)


def test_times() -> None:
    assert spell_time("2026-11-23T14:02:11.5+01:00") == "2026-11-23T13:02:11.500Z"
    for odd in (None, 1, "", "yesterday", "9" * 100, "0001-01-01T00:00:00+23:59", "2026-13-01"):
        assert spell_time(odd) is None


def test_hostile_files_are_linear() -> None:
    begun = time.monotonic()
    many = (
        b"Content-Type: multipart/related; boundary=x\r\n\r\n" + b"--x\r\nContent-Type: image/png\r\n\r\nx\r\n" * 50_000
    )
    for kind, data in (
        ("mhtml", many),
        ("mhtml", b"Content-Type: multipart/related; boundary=" + b"-" * 4000 + b"\r\n\r\n" + b"-" * 3_000_000),
        ("har", b'{"log":{"entries":[' + b"[" * 500_000 + b"]" * 500_000 + b"]}}"),
        ("har", b'{"log":{"entries":[' + b"{}," * 90_000 + b"{}]}}"),
    ):
        with pytest.raises((FormatError, MissingError)):
            page_in(io.BytesIO(data), kind, "x/y")  # type: ignore[arg-type]
    assert time.monotonic() - begun < 10
