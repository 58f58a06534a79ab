"""What is said to people about a visit that failed."""

from __future__ import annotations

from typing import get_args

from archiver.web.exchange import ErrorKind, Visit


def test_every_kind_of_error_has_its_hint() -> None:
    for kind in get_args(ErrorKind):
        visit = Visit("http://a.example/", "http://a.example/", (), "no response", "words", kind, False)
        assert (visit.hint is None) == (kind == "interrupted")
    assert Visit("http://a.example/", "http://a.example/", (), "response", None, None, False).hint is None
