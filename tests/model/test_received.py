"""Vectors of `import` and `source` objects: what is accepted is written again as it was."""

from __future__ import annotations

import pytest
from vector_files import Vector, name_of, vectors

from archiver.errors import FormatError, NewerVersionError
from archiver.model import received


@pytest.mark.parametrize("vector", vectors("imports"), ids=name_of)
def test_vector(vector: Vector) -> None:
    decode = received.decode_source if b'"source/v' in vector.body[:40] else received.decode
    if vector.error is None:
        assert received.encode(decode(vector.body)) == vector.body
        return
    with pytest.raises(vector.error) as caught:
        decode(vector.body)
    assert isinstance(caught.value, NewerVersionError) == (vector.error is NewerVersionError)


@pytest.mark.parametrize("data", [b"", b"{}", b"null\n", b"[]\n", b'{\n "archiver": "import/v1"\n}\n', b"\xff" * 40])
def test_what_is_none(data: bytes) -> None:
    for decode in (received.decode, received.decode_source):
        with pytest.raises(FormatError):
            decode(data)
