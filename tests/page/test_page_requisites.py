"""What a page names to be shown with it."""

from __future__ import annotations

import time

import pytest

from archiver.page.requisites import requisites_of_page, requisites_of_style

URL = "https://news.example/a/b"


def of_page(html: str) -> list[str]:
    return requisites_of_page(html.encode(), "text/html; charset=utf-8", URL)


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<img src=x.png>", ["a/x.png"]),
        ("<img src='/x.png#part'>", ["x.png"]),
        ("<img src=1.png srcset='2.png 2x, 3.png 3x'>", ["a/1.png", "a/2.png", "a/3.png"]),
        ("<img srcset='2.png 1x,3.png 2x'>", ["a/2.png", "a/3.png"]),
        ("<img srcset='2.png, 3.png 600w,\n4.png'>", ["a/2.png", "a/3.png", "a/4.png"]),
        ("<img srcset=',,, ,'>", []),
        ("<picture><source srcset='/w.webp'></picture>", ["w.webp"]),
        ("<script src=/s.js></script><script>var x = '<img src=no.png>'</script>", ["s.js"]),
        ("<link rel=stylesheet href=/c.css><link rel='shortcut icon' href=/i.ico>", ["c.css", "i.ico"]),
        ("<link rel='alternate stylesheet' href=/no.css><link rel=canonical href=/no>", []),
        ("<link rel=preload as=image imagesrcset='/p.png 2x' href=/q.png>", ["q.png", "p.png"]),
        ("<video poster=/v.jpg src=/no.mp4></video>", ["v.jpg"]),
        ("<input type=image src=/b.png><input src=/no.png>", ["b.png"]),
        ("<style>@import '/i.css'; p { background: url(/bg.png) } /* url(/no.png) */</style>", ["i.css", "bg.png"]),
        ('<p style="background: url(&quot;/bg.png&quot;)">', ["bg.png"]),
        ("<base href=/other/><img src=x.png>", ["other/x.png"]),
        ("<a href=/no><iframe src=/no></iframe><img src=data:image/png;base64,xx><img src='javascript:1'>", []),
        ("<svg><image href=/i.svg /><use xlink:href='/u.svg#a'/></svg>", ["i.svg", "u.svg"]),
        ("<img src=/x.png><img src=/x.png>", ["x.png"]),
        ("<img src=''><img src>", []),
    ],
)
def test_of_a_page(html: str, found: list[str]) -> None:
    assert of_page(html) == [f"https://news.example/{name}" for name in found]


def test_of_a_style_sheet() -> None:
    text = "@import url('one.css'); @import \"two.css\"; @font-face { src: url( f.woff2 ) format('woff2') }"
    assert requisites_of_style(text, "https://news.example/css/all.css") == [
        f"https://news.example/css/{name}" for name in ("one.css", "two.css", "f.woff2")
    ]


@pytest.mark.parametrize(
    "piece",
    [
        "url(",
        "url(  ",
        "url('",
        'url("',
        "@import ",
        "@import '",
        "/*",
        "<img srcset='a,",
        "<img src=",
        "<style>",
        ",,,",
        "a ",
    ],
)
def test_any_text_in_linear_time(piece: str) -> None:
    begun = time.perf_counter()
    requisites_of_style(piece * 200_000, URL)
    of_page(f"<img srcset='{piece * 100_000}'>")
    of_page(piece * 100_000)
    assert time.perf_counter() - begun < 10
