"""Pictures, players and links; who is credited."""

from __future__ import annotations

import pytest

from archiver.page.article import Article, read_article
from archiver.page.media import credit_of
from archiver.page.outline import Outline
from archiver.page.text import project

_P = (
    "The council of Lower Tarn met for four hours on Monday evening and did not agree on the price of the new pumps.",
    "Gwen Astbury, who keeps the bakery in Weir Street, can wait another winter for a dry cellar, she says, not two.",
    "The engineer’s report says that the wall will hold if the gates are opened in time and somebody is awake then.",
    "A second meeting is planned for the end of the month. The mayor said that he would bring a thermos flask along.",
)
ONE, TWO, THREE, FOUR = (f"<p>{words}</p>" for words in _P)


def article_of(html: str) -> Article:
    body, outline = html.encode(), Outline()
    page = project(body, "text/html; charset=utf-8", outline)
    return read_article(body, page.text, "https://news.example/a/b", page.encoding, outline)


@pytest.mark.parametrize(
    ("caption", "credit"),
    [
        ("Crane seven on Monday. (Jonna Reisz/Tideline)", "Jonna Reisz/Tideline"),
        ("Crane seven on Monday. Photo: Jonna Reisz", "Jonna Reisz"),
        ("Crane seven on Monday | Photograph: Jonna Reisz/Tideline", "Jonna Reisz/Tideline"),
        ("Crane seven on Monday. Photo by Jonna Reisz.", "Jonna Reisz"),
        ("Crane seven on Monday © Tideline", "Tideline"),
        ("Kran sieben am Montag. Foto: dpa", "dpa"),
        ("Kran sieben am Montag. Bild: Jonna Reisz/NPA", "Jonna Reisz/NPA"),
        ("La grue sept lundi. Crédit photo : Jonna Reisz", "Jonna Reisz"),
        ("Crane seven on Monday. Credit: Jonna Reisz", "Jonna Reisz"),
        ("月曜日のクレーン（写真：汐見通信）", "汐見通信"),
        ("Crane seven, the third (and last) of its kind, on Monday", None),
        ("Crane seven on Monday", None),
        ("The photographer waits", None),
        ("", None),
        ("()", None),
    ],
)
def test_credits(caption: str, credit: str | None) -> None:
    assert credit_of(caption) == credit


def test_pictures() -> None:
    article = article_of(
        "<header><img src=/logo.png alt=Logo></header><article><h1>Pumps</h1><img src=/lead.jpg>"
        f"{ONE}<figure><picture><source srcset=/a.webp>"
        "<img data-src=/a.jpg src='data:image/gif;base64,x' alt=A></picture>"
        f"<figcaption>One. <span>Photo: B</span></figcaption></figure>{TWO}<img srcset='/c.jpg 1x, /d.jpg 2x'>{THREE}"
        f"<img src=/pixel.gif width=1 height=1><img src=/a.jpg>{FOUR}</article>"
        "<aside><img src=/teaser.jpg><figure><img src=/e.jpg><figcaption>E</figcaption></figure></aside>"
    )
    assert [(image.url, image.alt, image.caption, image.credit, image.place) for image in article.images] == [
        ("https://news.example/lead.jpg", None, None, None, "article"),
        ("https://news.example/a.jpg", "A", "One. Photo: B", "B", "article"),
        ("https://news.example/c.jpg", None, None, None, "article"),
        ("https://news.example/e.jpg", None, "E", None, "page"),
    ]


def test_players() -> None:
    article = article_of(
        f"<article>{ONE}<video poster=/p.jpg title='At the quay'><source src=/v.mp4 type=video/mp4><source src=/v.webm>"
        f"</video><audio src=/a.mp3></audio>{TWO}<iframe src='https://player.example/1' aria-label=Player></iframe>"
        f"<object data=/o.swf type=application/x></object><embed src=//e.example/x>{THREE}</article>"
        f"{FOUR}<footer>End <iframe src=about:blank></iframe></footer>"
    )
    assert [(item.kind, item.url, item.type, item.poster, item.title, item.place) for item in article.media] == [
        ("video", "https://news.example/v.mp4", "video/mp4", "https://news.example/p.jpg", "At the quay", "article"),
        ("audio", "https://news.example/a.mp3", None, None, None, "article"),
        ("iframe", "https://player.example/1", None, None, "Player", "article"),
        ("object", "https://news.example/o.swf", "application/x", None, None, "article"),
        ("embed", "https://e.example/x", None, None, None, "article"),
        ("iframe", None, None, None, None, "page"),
    ]


def test_links() -> None:
    article = article_of(
        "<nav><a href=/s>Sport</a><a href=#x>Skip</a></nav>"
        f"<article>{ONE}<p>The council of Upper Tarn met for five hours, a <a href='c?d#e'> long\n<b>report</b> </a> "
        f"says, and did not agree.</p>{TWO}{THREE}</article><div class=box><div class='Read-More'><div>"
        "<a href=/m>More</a></div></div><a href=/n>Not related</a></div><aside><a href=/s>Sport again</a>"
        "<a href=/k><img src=/k.png></a></aside><footer><a href=/imprint>Imprint</a></footer>"
    )
    assert [(link.url, link.text, link.place) for link in article.links] == [
        ("https://news.example/s", "Sport", "navigation"),
        ("https://news.example/a/c?d#e", "long report", "article"),
        ("https://news.example/m", "More", "related"),
    ]
