"""Digests in their one spelling, the error tree as drawn, and reading small files of an evidence."""

from __future__ import annotations

import hashlib
import inspect
import io
import re
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver import digest, errors
from archiver.errors import ArchiverError, FormatError
from archiver.evidence import read


def test_the_specimen_of_the_module() -> None:
    spelled = (digest.__doc__ or "").split("Specimen: ")[1].split(" ")[0]
    assert digest.of_bytes(b"") == spelled and digest.raw(spelled) == hashlib.sha256(b"").digest()


@given(st.binary(max_size=3000))
def test_stream_and_bytes_agree(data: bytes) -> None:
    assert digest.of_stream(io.BytesIO(data)) == (digest.of_bytes(data), len(data))
    assert digest.spell(digest.raw(digest.of_bytes(data))) == digest.of_bytes(data)


def test_a_stream_longer_than_a_chunk() -> None:
    data = bytes(2 * digest.CHUNK + 7)
    assert digest.of_stream(io.BytesIO(data)) == (digest.of_bytes(data), len(data))


GOOD = digest.of_bytes(b"")


@pytest.mark.parametrize(
    "bad",
    [
        "",
        GOOD[:-1],
        GOOD + "0",
        GOOD + "\n",
        " " + GOOD,
        GOOD.upper(),
        GOOD.replace("sha256", "sha512"),
        GOOD[7:],
        GOOD[:-1] + "g",
        GOOD[:-1] + "٣",
        GOOD.replace("e3", "E3"),
        None,
        7,
        GOOD.encode(),
    ],
)
def test_other_spellings(bad: Any) -> None:
    assert not digest.is_digest(bad)
    with pytest.raises(FormatError):
        digest.raw(bad)


def test_digests_of_the_wrong_length() -> None:
    for length in (0, 31, 33):
        with pytest.raises(FormatError):
            digest.spell(bytes(length))


def test_the_tree_of_errors_is_the_drawn_one() -> None:
    """Each line of the drawing names a class, below the class that its indent says."""
    path: list[tuple[int, str]] = []
    drawn = {}
    for line in (errors.__doc__ or "").split("\n"):
        match = re.match(r"    ([ │├└─]*)([A-Z][A-Za-z]+Error)", line)
        if match is None:
            continue
        depth, name = len(match[1]), match[2]
        path = [item for item in path if item[0] < depth]
        drawn[name] = path[-1][1] if path else "Exception"
        path.append((depth, name))
    classes = dict(inspect.getmembers(errors, inspect.isclass))
    assert set(drawn) == set(classes)
    for name, parent in drawn.items():
        assert classes[name].__base__.__name__ == parent


def test_what_an_error_says() -> None:
    assert str(FormatError("is malformed", where="chain/000.json", hint="x")) == "chain/000.json: is malformed"
    assert str(FormatError("is malformed")) == "is malformed"
    assert not errors.FetchError("x").retryable and errors.FetchError("x", retryable=True).retryable
    assert all(issubclass(kind, ArchiverError) for _, kind in inspect.getmembers(errors, inspect.isclass))


class OneFile:
    """The least that `read` asks for."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def open(self, _name: str) -> BinaryIO:
        return io.BytesIO(self.data)


def test_reading_small_files() -> None:
    evidence: Any = OneFile(b"12345")
    assert read(evidence, "log/checkpoint", 5) == b"12345"
    with pytest.raises(FormatError, match="more than 4 bytes") as caught:
        read(evidence, "log/checkpoint", 4)
    assert caught.value.where == "log/checkpoint"
