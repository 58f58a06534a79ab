"""Which address is connected to: each judged on its own, at each hop, and the very one that was judged."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import pytest
from testsite import WHOLE, Site, moved
from visiting import Names, fetch, said, stored

UNUSED = "127.255.255.254"


@pytest.fixture
def dead_port() -> int:
    """A port that refuses."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "192.168.1.1", "169.254.169.254", "[fd00::1]", "[::ffff:10.0.0.1]"],
)
def test_private_addresses_are_refused(plain_site: Site, host: str) -> None:
    before = plain_site.connections
    visit = fetch(plain_site.url("/plain", host), allow_private=False)
    assert (visit.outcome, visit.error_kind, visit.retryable) == ("no response", "refused address", False)
    assert "--allow-private" in (visit.hint or "")
    assert plain_site.connections == before


@pytest.mark.parametrize("spelling", ["0x7f.1", "2130706433", "0177.0.0.1", "127.1", "①②⑦.0.0.1", "127.0.0.1."])
def test_however_they_are_spelled(plain_site: Site, spelling: str) -> None:
    visit = fetch(plain_site.url("/plain", spelling), allow_private=False)
    assert visit.error_kind == "refused address"
    visit = fetch(plain_site.url("/plain", spelling))
    assert visit.exchanges[0].ip == "127.0.0.1"
    visit.close()


def test_a_name_with_a_private_address(plain_site: Site) -> None:
    before = plain_site.connections
    names = Names({"inside.example": ["127.0.0.1"]})
    visit = fetch(plain_site.url("/plain", "inside.example"), allow_private=False, resolver=names)
    assert visit.error_kind == "refused address"
    assert "inside.example (127.0.0.1)" in (visit.error or "")
    assert plain_site.connections == before


def test_a_redirect_into_the_network(plain_site: Site) -> None:
    """Each hop is judged anew: here the first is allowed because its address passes as public."""
    names = Names({"outside.example": ["127.0.0.1"], "inside.example": ["10.0.0.1"]})
    plain_site.serve("/inwards", moved("http://inside.example/admin"))
    with pytest.MonkeyPatch.context() as patch:
        from archiver.web import dial
        from archiver.web.networks import refusal

        patch.setattr(dial, "refusal", lambda address: None if address == "127.0.0.1" else refusal(address))
        visit = fetch(plain_site.url("/inwards", "outside.example"), allow_private=False, resolver=names)
    assert (visit.outcome, visit.error_kind, len(visit.exchanges)) == ("response", "refused address", 1)
    assert "inside.example (10.0.0.1)" in (visit.error or "")
    visit.close()


def test_a_name_that_changes_its_address_between_looks(plain_site: Site) -> None:
    """DNS rebinding: a second look-up would give another answer, so there is none."""
    answers = [["203.0.113.1"], ["127.0.0.1"]]
    asked = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return answers[min(len(asked), 2) - 1]

    with pytest.MonkeyPatch.context() as patch:
        from archiver.web import wire

        tried = []

        def connect(address: str, port: int, deadline: object) -> None:
            tried.append(address)
            raise ConnectionRefusedError(111, "Connection refused")

        patch.setattr(wire.Wire, "connect", staticmethod(connect))
        from archiver.web import dial

        patch.setattr(dial, "refusal", lambda address: "loopback" if address == "127.0.0.1" else None)
        visit = fetch(plain_site.url("/plain", "rebind.example"), allow_private=False, resolver=rebinding)
    assert (tried, asked) == (["203.0.113.1"], ["rebind.example"])
    assert visit.error_kind == "connect"


def test_the_system_is_not_asked_for_addresses(plain_site: Site) -> None:
    names = Names({})
    visit = fetch(plain_site.url("/plain"), resolver=names)
    assert names.asked == []
    visit.close()


def test_the_next_address_is_tried(plain_site: Site) -> None:
    names = Names({"several.example": [UNUSED, "127.0.0.1"]})
    visit = fetch(plain_site.url("/plain", "several.example"), resolver=names)
    [exchange] = visit.exchanges
    assert (exchange.ip, exchange.status) == ("127.0.0.1", 200)
    assert UNUSED in said(exchange)
    assert names.asked == ["several.example"]
    visit.close()


def test_a_private_address_among_public_ones_is_left_out(plain_site: Site) -> None:
    with pytest.MonkeyPatch.context() as patch:
        from archiver.web import dial

        patch.setattr(dial, "refusal", lambda address: None if address == "127.0.0.1" else "private")
        names = Names({"mixed.example": ["10.0.0.1", "127.0.0.1"]})
        visit = fetch(plain_site.url("/plain", "mixed.example"), allow_private=False, resolver=names)
    assert visit.exchanges[0].ip == "127.0.0.1"
    assert "10.0.0.1 (private)" in said(visit.exchanges[0])
    visit.close()


def test_when_no_address_answers(dead_port: int) -> None:
    names = Names({"dead.example": ["127.0.0.1", UNUSED]})
    visit = fetch(f"http://dead.example:{dead_port}/", resolver=names)
    assert (visit.error_kind, visit.retryable) == ("connect", True)
    assert f"dead.example ({UNUSED}), port {dead_port}: connection refused" in (visit.error or "")


def test_ipv6() -> None:
    with Site(address="::1") as site:
        visit = fetch(site.url("/plain"))
        [exchange] = visit.exchanges
        assert (exchange.ip, exchange.port) == ("::1", site.port)
        assert exchange.request.startswith(f"GET /plain HTTP/1.1\r\nHost: [::1]:{site.port}\r\n".encode())
        assert stored(exchange) == WHOLE["/plain"]
        visit.close()
        names = Names({"both.example": ["::1", "127.0.0.1"]})
        visit = fetch(site.url("/plain", "both.example"), resolver=names)
        assert visit.exchanges[0].ip == "::1"
        visit.close()


def test_onion_names_never_reach_a_resolver() -> None:
    names = Names({})
    visit = fetch("http://abcdefghij.onion/", resolver=names)
    assert (visit.error_kind, names.asked) == ("dns", [])
    assert "Tor" in (visit.error or "")


def test_a_real_name_that_does_not_exist() -> None:
    """By the system's resolver; .invalid is reserved for never existing (RFC 6761)."""
    visit = fetch("http://no-such-host.invalid/", 20, allow_private=False)
    assert visit.error_kind == "dns"
    assert "no-such-host.invalid" in (visit.error or "")


def test_an_ipv4_mapped_address_is_the_address_inside(plain_site: Site) -> None:
    visit = fetch(plain_site.url("/plain", "[::ffff:127.0.0.1]"))
    assert visit.exchanges[0].status == 200
    visit.close()
