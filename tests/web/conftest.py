from __future__ import annotations

from collections.abc import Iterator

import pytest
from certificates import Authority
from testsite import Site


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def plain_site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture(scope="session")
def tls_site(authority: Authority) -> Iterator[Site]:
    with Site(authority.server("127.0.0.1", "localhost", "site.example")) as site:
        yield site


@pytest.fixture(params=["http", "https"])
def site(request: pytest.FixtureRequest, plain_site: Site, tls_site: Site) -> Site:
    """The raw-socket site, without and with TLS."""
    return plain_site if request.param == "http" else tls_site
