"""`archiver verifier` writes the page, and says which digest it must have."""

from __future__ import annotations

from pathlib import Path

from terminal import User

from archiver import digest
from archiver.bundle.report import verifier

PUBLISHED = Path(__file__).parents[2] / "docs" / "verifier.sha256"


def test_it_writes_the_published_page(user: User, tmp_path: Path) -> None:
    path = tmp_path / "verify.html"
    done = user.ok("verifier", "-o", path)
    assert path.read_bytes() == verifier.page()
    assert f"sha256:{PUBLISHED.read_text('ascii').split()[0]}" in done.out
    assert digest.of_bytes(path.read_bytes())[7:] == PUBLISHED.read_text("ascii").split()[0]


def test_it_replaces_nothing_unasked(user: User, tmp_path: Path) -> None:
    path = tmp_path / "verify.html"
    path.write_text("mine")
    refused = user("verifier", "-o", path)
    assert refused.code == 2 and "is there already" in refused.err and path.read_text() == "mine"
    user.ok("verifier", "-o", path, "--force")
    assert path.read_bytes() == verifier.page()
    assert user("verifier", "-o", tmp_path / "none" / "verify.html").code == 3
