"""C2SP tlog-policy: the specimen, quorums, and what is refused."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import FormatError
from archiver.tlog import policy
from archiver.tlog.note import COSIGNATURE_ED25519, ED25519, VerifierKey
from archiver.tlog.policy import parse_policy

SPECIMEN = (
    re.sub(r"^    ", "", (policy.__doc__ or "").split("Specimen:\n\n")[1].split("\n\nLines")[0], flags=re.M) + "\n"
)


def vkey(number: int, kind: int = COSIGNATURE_ED25519) -> str:
    from archiver.tlog import algorithms

    seed = number.to_bytes(32, "big")
    public = algorithms.ed25519_private(seed).public_key().public_bytes_raw()
    return VerifierKey.make(f"w{number}.example", kind, public).spell()


def test_the_specimen() -> None:
    found = parse_policy(SPECIMEN.encode())
    assert [log.url for log in found.logs] == ["https://log.desk.example"]
    assert [(item.name, item.url) for item in found.witnesses] == [
        ("ann", "https://ann.example/witness"),
        ("ben", None),
    ]
    assert found.is_met(["ben"])
    assert not found.is_met([])


EIGHT = "".join(f"witness {name} {vkey(number)}\n" for number, name in enumerate(("X1", "X2", "X3", "Y1", "Y2"), 1))
NESTED = EIGHT + "group X 2 X1 X2 X3\ngroup Y any Y1 Y2\ngroup both all X Y\nquorum both\n"


@pytest.mark.parametrize(
    ("seen", "met"),
    [
        (("X1", "X2", "Y1"), True),
        (("X1", "X3", "Y2"), True),
        (("X1", "Y1", "Y2"), False),
        (("X1", "X2", "X3"), False),
        ((), False),
        (("both",), True),
    ],
)
def test_groups_of_groups(seen: tuple[str, ...], met: bool) -> None:
    assert parse_policy(NESTED.encode()).is_met(seen) is met


def test_no_witness_is_asked_for() -> None:
    found = parse_policy(b"quorum none\n")
    assert found.quorum is None
    assert found.is_met(())


def test_blanks_tabs_comments_and_any_octets() -> None:
    name = "zeugin-\u00e4\ud800".encode("utf-8", "surrogatepass")
    data = b"\n# \xff any\n \twitness\t" + name + b"  " + vkey(1).encode() + b" \n  quorum " + name + b"\n"
    (witness,) = parse_policy(data).witnesses
    assert parse_policy(data).is_met([witness.name])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "quorum none",
        "quorum none\nquorum none\n",
        "quorum w\n",
        "quorum none\r\n",
        "quorum none\n\x00\n",
        f"witness none {vkey(1)}\nquorum none\n",
        f"witness a {vkey(1)}\nwitness a {vkey(2)}\nquorum a\n",
        f"witness a {vkey(1)}\nwitness b {vkey(1)}\nquorum a\n",
        f"witness a {vkey(1, ED25519)}\nquorum a\n",
        f"log {vkey(1)}\nquorum none\n",
        f"log {vkey(1, ED25519)}\nwitness a {vkey(1)}\nquorum a\n",
        f"witness a {vkey(1)}\ngroup g 2 a\nquorum g\n",
        f"witness a {vkey(1)}\ngroup g 0 a\nquorum g\n",
        f"witness a {vkey(1)}\ngroup g 01 a\nquorum g\n",
        f"witness a {vkey(1)}\ngroup g any a a\nquorum g\n",
        f"witness a {vkey(1)}\ngroup g any a\ngroup h any a\nquorum g\n",
        f"witness a {vkey(1)}\ngroup g any h\ngroup h any a\nquorum g\n",
        f"witness a {vkey(1)}\ngroup g any\nquorum g\n",
        f"witness a {vkey(1)}\ngroup a any a\nquorum a\n",
        "witness a nonsense\nquorum a\n",
        "whatever\nquorum none\n",
        "log\nquorum none\n",
    ],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        parse_policy(text.encode())


def test_a_policy_without_end() -> None:
    with pytest.raises(FormatError):
        parse_policy(b"# \n" * 200_000)


@given(st.binary(max_size=300))
def test_any_octets(data: bytes) -> None:
    with contextlib.suppress(FormatError):
        parse_policy(data)


@given(st.lists(st.sampled_from(NESTED.split("\n")), max_size=12))
def test_any_lines(lines: list[str]) -> None:
    try:
        found = parse_policy("".join(line + "\n" for line in lines).encode())
    except FormatError:
        return
    assert found.is_met([item.name for item in found.witnesses]) or found.quorum is not None
