"""Addresses that nobody outside may make us connect to: against the tables of the standard library and of IANA."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.web.exchange import ExchangeError
from archiver.web.networks import is_address, refusal, refusal_of_name, resolve


@pytest.mark.parametrize(
    "address",
    ["93.184.215.14", "1.1.1.1", "172.32.0.1", "100.128.0.1", "192.169.0.1", "2606:4700::1111", "64:ff9b::101:101"],
)
def test_public_addresses(address: str) -> None:
    assert refusal(address) is None


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("0.0.0.0", "unspecified"),
        ("10.255.255.255", "private"),
        ("100.64.0.1", "provider"),
        ("127.8.9.1", "loopback"),
        ("169.254.169.254", "link-local"),
        ("172.31.255.255", "private"),
        ("192.168.0.1", "private"),
        ("224.0.0.1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback (IPv4-mapped)"),
        ("::ffff:a00:1", "private (IPv4-mapped)"),
        ("64:ff9b::a00:1", "private (NAT64)"),
        ("64:ff9b:1::1", "local translation"),
        ("::127.0.0.1", "no global unicast"),
        ("2002:7f00:1::", "6to4"),
        ("2001:0:1::1", "Teredo"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("fd12::1", "private"),
        ("ff02::1", "multicast"),
        ("4000::1", "no global unicast"),
        ("site.example", "no IP address"),
        ("", "no IP address"),
    ],
)
def test_special_addresses(address: str, words: str) -> None:
    assert words in (refusal(address) or "")


# Global by the registries, refused here: relays and protocol blocks that lead somewhere else than they say.
STRICTER = [
    ipaddress.ip_network(text) for text in ("192.88.99.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.175.48.0/24")
]


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=1000)
def test_ipv4_is_at_least_as_strict_as_the_standard_library(value: int) -> None:
    address = ipaddress.IPv4Address(value)
    if not address.is_global or address.is_multicast:
        assert refusal(str(address)) is not None
    elif not any(address in network for network in STRICTER):
        assert refusal(str(address)) is None


@given(st.integers(0, 2**128 - 1))
@settings(max_examples=1000)
def test_ipv6_is_at_least_as_strict_as_the_standard_library(value: int) -> None:
    address = ipaddress.IPv6Address(value)
    if not address.is_global or address.is_multicast or address.is_private:
        assert refusal(str(address)) is not None


@given(st.integers(0, 2**32 - 1))
def test_an_address_inside_another_is_judged_as_itself(value: int) -> None:
    plain = refusal(str(ipaddress.IPv4Address(value)))
    mapped = refusal(str(ipaddress.IPv6Address(0xFFFF << 32 | value)))
    assert (plain is None) == (mapped is None)


@given(st.text(max_size=40))
def test_any_text_is_judged(text: str) -> None:
    assert isinstance(refusal(text), str | None)
    assert isinstance(refusal_of_name(text), str | None)
    if not is_address(text):
        assert refusal(text) == "no IP address" or "%" in text


@pytest.mark.parametrize(
    ("host", "refused"),
    [
        ("localhost", True),
        ("a.localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("site.example", False),
        ("notlocalhost", False),
        ("93.184.215.14", False),
    ],
)
def test_names_that_a_proxy_would_resolve(host: str, refused: bool) -> None:
    assert (refusal_of_name(host) is not None) is refused


def test_the_systems_resolver() -> None:
    assert set(resolve("localhost", 80)) <= {"127.0.0.1", "::1"}
    with pytest.raises(ExchangeError) as error:
        resolve("no-such-host.invalid", 80)
    assert error.value.kind == "dns"
    with pytest.raises(ExchangeError):
        resolve("a" * 70 + ".example", 80)
