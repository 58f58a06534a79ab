"""Sort keys as the usual tools make them (compared by hand with theirs, which are under another licence)."""

from __future__ import annotations

import pytest

from archiver.foreign.surt import surt


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://news.example/bridge", "example,news)/bridge"),
        ("http://www.News.Example:80/Bridge/?b=2&a=1#top", "example,news)/bridge?a=1&b=2"),
        ("https://www2.news.example/", "example,news)/"),
        ("https://news.example", "example,news)/"),
        ("http://user:secret@news.example:8080/x", "example,news:8080)/x"),
        ("http://127.0.0.1:8765/wire", "1,0,0,127:8765)/wire"),
        ("http://[::1]/x", "::1)/x"),
        ("urn:thing", "urn:thing"),
        ("https://news.example/a b\nc", "example,news)/a%20bc"),
        ("http://[", "http://["),
    ],
)
def test_sort_key(url: str, key: str) -> None:
    assert surt(url) == key
