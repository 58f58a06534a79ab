"""DER, requests and answers as bytes: one spelling, every limit, and no input that does anything but be refused."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tsa_forge import NOW, Chain, answer, issue

from archiver.errors import ArchiverError, FormatError, ProofError
from archiver.stamps import der
from archiver.stamps.authority import chain_end, check_stamp, not_after, parse_roots, signer_ends, signer_name
from archiver.stamps.rfc3161 import MAX_RESPONSE, build_request, encode_request, parse_request, parse_response

ONE = Chain()
REQUEST = build_request(b"message", 7)
GOOD = answer(ONE, REQUEST)


@given(st.integers(-(2**500), 2**500))
def test_integers(value: int) -> None:
    data = der.encode_integer(value)
    assert der.parse(data, "x").integer("x") == value
    longer = bytes([2, data[1] + 1, 0xFF if value < 0 else 0]) + data[2:]
    with pytest.raises(FormatError):
        der.parse(longer, "x").integer("x")


@given(st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 2**90), max_size=6))
def test_object_identifiers(first: int, second: int, rest: list[int]) -> None:
    text = ".".join(map(str, [first, second, *rest]))
    assert der.parse(der.encode_oid(text), "x").oid("x") == text


@pytest.mark.parametrize("text", ["", "1", "3.1", "1.40", "1.02", "1..2", "1.2.", "a", "1.2\n", "١.٢"])
def test_what_is_no_object_identifier(text: str) -> None:
    with pytest.raises(FormatError):
        der.encode_oid(text)


@pytest.mark.parametrize(
    "data",
    [
        "",
        "30",
        "3080",  # indefinite
        "30800000",
        "308100",  # not the shortest
        "30820001",
        "3003020105ff",
        "30020201",
        "1f8101",
        "30850000000001",
    ],
)
def test_what_is_no_der(data: str) -> None:
    with pytest.raises(FormatError):
        der.Fields(der.parse(bytes.fromhex(data), "x"), "x").take()


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("20261124120000Z", True),
        ("20261124120000.5Z", True),
        ("20261124120000.50Z", False),  # RFC 3161: no final zero
        ("20261124120000.Z", False),
        ("20261124120000", False),
        ("20261124120000+0100", False),
        ("20261324120000Z", False),
        ("20261124120060Z", False),
        ("00001124120000Z", False),
        ("202611241200Z", False),
    ],
)
def test_times(text: str, good: bool) -> None:
    value = der.parse(der.encode(der.GENERALIZED_TIME, text.encode()), "x")
    if good:
        assert value.time("x").replace(microsecond=0) == NOW
        return
    with pytest.raises(FormatError):
        value.time("x")


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read(data: bytes) -> None:
    for parse in (parse_request, parse_response):
        with contextlib.suppress(FormatError, ProofError):
            parse(data)
    with contextlib.suppress(FormatError, ProofError):
        assert encode_request(parse_request(data)) == data


@given(st.data())
def test_an_altered_answer_is_refused_or_says_the_same(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, 10_000)) % len(GOOD)
    cut = data.draw(st.integers(0, 3))
    altered = GOOD[:place] + data.draw(st.binary(max_size=3)) + GOOD[place + cut :]
    with contextlib.suppress(ArchiverError):
        token, _ = check_stamp(REQUEST, altered, b"message", [parse_roots(ONE.root.pem, "one")])
        assert token.gen_time == NOW and token.signer == ONE.signer.der


def test_limits() -> None:
    request = build_request(b"message", 7)
    with pytest.raises(FormatError, match="more than"):
        parse_response(bytes(MAX_RESPONSE + 1))
    with pytest.raises(FormatError, match="more than"):
        parse_request(bytes(5000))
    with pytest.raises(FormatError, match="certificates"):
        parse_response(answer(ONE, request, certificates=[ONE.signer.der] * 200))
    with pytest.raises(FormatError, match="more than a year"):
        parse_response(answer(ONE, request, accuracy=10**9))
    with pytest.raises(FormatError, match="calendar"):
        parse_response(answer(ONE, request, when=datetime.datetime(9999, 12, 31, tzinfo=datetime.UTC)))
    with pytest.raises(FormatError, match="no certificates"):
        parse_roots(b"nothing", "x")
    with pytest.raises(FormatError, match="more than"):
        parse_roots(bytes(300_000), "x")
    with pytest.raises(FormatError, match="no root"):
        parse_roots(ONE.middle.pem, "x")


def test_an_odd_certificate_warns_nobody() -> None:
    """Some roots have serial numbers that are not positive; the library says so to programmers."""
    whole = issue("Old root", None, ca=True, serial=1).der
    odd = whole.replace(bytes.fromhex("a003020102020101"), bytes.fromhex("a003020102020100"), 1)
    assert odd != whole
    root = parse_roots(ssl.DER_cert_to_PEM_cert(odd).encode(), "old")
    assert root.anchors == (odd,)
    assert root.fingerprints[0].count(":") == 31


def test_a_signer_whose_certificate_is_broken_anywhere() -> None:
    """Whoever makes a token chooses the certificate in it, and signs its digest: each part of it can be malformed."""
    good, root = ONE.signer.der, parse_roots(ONE.root.pem, "one")
    read = broken = 0
    for place in range(len(good)):
        for value in (good[place] ^ 1 << place % 8, 0x22):
            odd = good[:place] + bytes([value]) + good[place + 1 :]
            response = answer(ONE, REQUEST, certificates=[odd], ess=hashlib.sha256(odd).digest())
            try:
                token = parse_response(response)
            except ArchiverError:
                continue
            for look in (signer_name, signer_ends, lambda token: not_after(token, root), chain_end):
                try:
                    look(token)
                    read += 1
                except FormatError:
                    broken += 1
            with contextlib.suppress(ArchiverError):
                check_stamp(REQUEST, response, b"message", [root])
    assert read > 100 and broken > 100
