"""`archiver selftest`: what it prints, its exit codes, and that it needs neither archive nor home."""

from __future__ import annotations

from pathlib import Path

import pytest
from terminal import User

from archiver.bundle import tampered
from archiver.bundle.tampered import Case


def test_everything_is_noticed(user: User, tmp_path: Path) -> None:
    done = user.ok("selftest", "--keep", tmp_path / "kept")
    assert "20 bundles, 20 judged as they must be" in done.out and "WRONG" not in done.out
    assert (
        "The time of a capture was set back by a year" in done.out and "statements is not what was sealed" in done.out
    )
    kept = {path.stem: path.read_bytes() for path in (tmp_path / "kept").iterdir()}
    assert kept == {case.name: case.data for case in tampered.cases()}
    assert not user.archive.exists() and not user.home.exists()
    path = tmp_path / "kept" / "quote-altered.zip"
    assert user("verify", path).code == 1


def test_as_json(user: User) -> None:
    found = user.ok("selftest", "--json").json()
    assert found["good"] is True and len(found["cases"]) == 20
    assert found["cases"][1]["expected_codes"] == ["object-changed"] and found["cases"][1]["missed_codes"] == []


def test_what_is_not_noticed_is_told(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """A corpus that expects more than there is: as if this program had become blind to it."""
    good = next(tampered.cases())
    blind = Case(good.name, good.title, good.about, 1, ("object-changed",), good.data)
    monkeypatch.setattr(tampered, "cases", lambda: iter([blind]))
    done = user("selftest")
    assert done.code == 1 and "WRONG" in done.out and "not noticed: object-changed" in done.out
    assert "expected exit code 1" in done.out and "1 bundle, 0 judged" in done.out
