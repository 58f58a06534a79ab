"""Dates in one spelling."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.page.dates import normalise


@pytest.mark.parametrize(
    ("spelled", "expected"),
    [
        ("2026-09-15T16:42:00+02:00", "2026-09-15T14:42:00Z"),
        ("2026-10-11", "2026-10-11"),
        ("2026-10-11T09:30:00", "2026-10-11T09:30:00"),
        ("2026-10-11T09:30", "2026-10-11T09:30:00"),
        ("2026-10-11 09:30:15Z", "2026-10-11T09:30:15Z"),
        ("2026-10-11T09:30:15.123456Z", "2026-10-11T09:30:15Z"),
        ("2026-10-11T09:30:15,5-0530", "2026-10-11T15:00:15Z"),
        ("2026-10-11T09:30:15 UTC", "2026-10-11T09:30:15Z"),
        ("2026-10-11T00:30+01", "2026-10-10T23:30:00Z"),
        ("20261011T093000Z", "2026-10-11T09:30:00Z"),
        ("20261011", "2026-10-11"),
        ("2026-12-31T23:59:60Z", "2026-12-31T23:59:59Z"),
        ("  2026-10-11\n", "2026-10-11"),
        ("Tue, 15 Sep 2026 16:42:00 GMT", "2026-09-15T16:42:00Z"),
        ("15 Sep 2026 16:42:00 +0200", "2026-09-15T14:42:00Z"),
        ("15 Sep 2026 16:42:00", "2026-09-15T16:42:00"),
        ("last Tuesday", None),
        ("2026-02-30", None),
        ("2026-10-11T25:00:00Z", None),
        ("0001-01-01T00:00:00+23:59", None),
        ("9999-12-31T23:59:59-23:00", None),
        ("2026-10-11T09:30:00+99:99", None),
        ("2026", None),
        ("", None),
        ("٢٠٢٦-١٠-١١", None),
        ("x" * 5_000, None),
    ],
)
def test_normalise(spelled: str, expected: str | None) -> None:
    assert normalise(spelled) == expected


@given(st.one_of(st.text(max_size=40), st.text("0123456789-:TZ+. ,JanTueGMT", max_size=40)))
@settings(max_examples=500, deadline=None)
def test_anything(spelled: str) -> None:
    found = normalise(spelled)
    assert found is None or re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z?)?", found)
    assert found is None or normalise(found) == found
