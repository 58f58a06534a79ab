"""Which IP addresses nobody outside may make us connect to, and the look-up of names.

    127.0.0.1   loopback            169.254.169.254   link-local           93.184.215.14    (public)
    ::1         loopback            ::ffff:10.0.0.1   private (IPv4-mapped)

A page may redirect to anything, and a name may resolve to anything: whoever captures on a newsroom's network must not
be led to its printers, routers and metadata services. What counts is the address that is connected to, at each hop.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence

from archiver.web.exchange import ExchangeError

Resolver = Callable[[str, int], Sequence[str]]

# IANA special-purpose registries (RFC 6890 and later), RFC 5771 (multicast). A table of our own, because what
# ipaddress calls global differs between versions of Python.
_SPECIAL = tuple(
    (ipaddress.ip_network(network), name)
    for network, name in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by a provider's customers"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved for protocols"),
        ("192.0.2.0/24", "for documentation"),
        ("192.31.196.0/24", "reserved for protocols"),
        ("192.52.193.0/24", "reserved for protocols"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "reserved for protocols"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("64:ff9b:1::/48", "a local translation prefix"),
        ("100::/64", "for discarding"),
        ("2001::/32", "Teredo"),
        ("2001::/23", "reserved for protocols"),
        ("2001:db8::/32", "for documentation"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "for documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
_EMBEDDING = (  # IPv6 ranges that carry an IPv4 address in their last 32 bits
    (ipaddress.IPv6Network("::ffff:0:0/96"), "IPv4-mapped"),
    (ipaddress.IPv6Network("64:ff9b::/96"), "NAT64"),
)
_UNICAST = ipaddress.IPv6Network("2000::/3")


def refusal(address: str) -> str | None:
    """Why nobody outside should make us connect to this IP address, in a few words; None for a public one."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "no IP address"
    if isinstance(ip, ipaddress.IPv6Address):
        for network, name in _EMBEDDING:
            if ip in network:
                inner = refusal(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
                return inner and f"{inner} ({name})"
    for special, name in _SPECIAL:
        if ip in special:
            return name
    if isinstance(ip, ipaddress.IPv6Address) and ip not in _UNICAST:
        return "no global unicast address"
    return None


def refusal_of_name(host: str) -> str | None:
    """As `refusal`, for a host that somebody else (a proxy) will resolve: literals and names of this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return "loopback"
    return refusal(host) if is_address(host) else None


def is_address(host: str) -> bool:
    """Whether a host is an IP address and needs no look-up."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a name by the system's resolver, in its order of preference. Raises ExchangeError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        passing = error.errno == socket.EAI_AGAIN
        raise ExchangeError(
            "dns", f"the name {host} could not be resolved: {error.strerror}", retryable=passing
        ) from None
    except (OSError, UnicodeError) as error:
        raise ExchangeError("dns", f"the name {host} could not be resolved: {error}") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
