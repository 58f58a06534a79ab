"""The raw-socket site of tests/web serves here too."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "web"))

from certificates import Authority
from steadysite import SteadySite


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def plain_site() -> Iterator[SteadySite]:
    with SteadySite() as site:
        yield site


@pytest.fixture
def tls_site(authority: Authority) -> Iterator[SteadySite]:
    with SteadySite(authority.server("127.0.0.1", "localhost", "site.example")) as site:
        yield site


@pytest.fixture(params=["http", "https"])
def site(request: pytest.FixtureRequest) -> SteadySite:
    """The site, without and with TLS."""
    found: SteadySite = request.getfixturevalue("plain_site" if request.param == "http" else "tls_site")
    return found
