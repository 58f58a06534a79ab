"""The one JSON layout: equal to a browser's, strict against everything that Python is lenient about."""

from __future__ import annotations

import json
import shutil
import subprocess
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.errors import FormatError, NewerVersionError
from archiver.model import encoding
from archiver.model.encoding import (
    MAX_DEPTH,
    clean,
    decode_document,
    decode_line,
    encode_document,
    encode_line,
    refuse_newer,
)

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")

characters = st.characters(exclude_categories=("Cs", "Cc")) | st.just("\n")
texts = st.text(characters, max_size=20)
keys = texts.filter(lambda text: not (text.isascii() and text.isdigit()))
integers = st.integers(-(2**53) + 1, 2**53 - 1)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | integers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


def test_the_specimens_of_the_module() -> None:
    value = {"a": 1, "b": ["x"]}
    found = (encoding.__doc__ or "").replace("\n", " ")
    assert encode_document(value).decode().replace("\n", "\\n") in found
    assert encode_line(value).decode() in found


@given(values)
def test_documents_round_trip(value: Any) -> None:
    data = encode_document(value)
    assert decode_document(data) == value and data.endswith(b"\n")
    assert json.loads(data) == value


@given(values)
def test_large_documents_round_trip(value: Any) -> None:
    """Above 64 kB the lines are looked at before anything is parsed: whatever can be written passes."""
    large = {"pad": "x" * 70_000, "value": value, 'quoted "key"\n\\': [value]}
    assert decode_document(encode_document(large)) == large


@given(values)
def test_lines_round_trip(value: Any) -> None:
    data = encode_line(value)
    assert decode_line(data) == value and b"\n" not in data


@given(values.map(encode_document), st.data())
def test_any_other_byte(data: bytes, chance: st.DataObject) -> None:
    """A byte changed, dropped or added: refused, or another value. Never the same value in another spelling."""
    value = decode_document(data)
    place = chance.draw(st.integers(0, len(data) - 1))
    byte = chance.draw(st.binary(max_size=2))
    changed = data[:place] + byte + data[place + 1 :]
    if changed == data:
        return
    try:
        found = decode_document(changed)
    except FormatError:
        return
    assert json.dumps(found) != json.dumps(value)
    assert encode_document(found) == changed


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes(data: bytes) -> None:
    for read in (decode_document, decode_line):
        try:
            read(data)
        except FormatError:
            continue


@needs_node
@settings(max_examples=12, deadline=None)
@given(st.lists(values, max_size=25))
def test_a_browser_writes_the_same(many: list[Any]) -> None:
    """JSON.stringify(value, null, 1) and a newline; JSON.stringify(value) for lines. Many values in one process."""
    hard = ["\u2028\u2029", "\U0001f600", "\ufeff", "a\nb", '"\\/', 2**53 - 1, -(2**53) + 1, {}, [], {"": []}]
    hard += [{"007": 1, "-1": 2, "1.5": 3, "a": 4}, {"__proto__": {"a": 1}}, {"constructor": None, "é": True}]
    many = many + hard
    program = """
        const values = JSON.parse(require('fs').readFileSync(0, 'utf8'));
        process.stdout.write(JSON.stringify(values.map(v => [JSON.stringify(v, null, 1) + "\\n", JSON.stringify(v)])));
    """
    done = subprocess.run(
        ["node", "-e", program], input=json.dumps(many).encode(), capture_output=True, check=True, timeout=60
    )
    for value, (document, line) in zip(many, json.loads(done.stdout), strict=True):
        assert encode_document(value).decode() == document
        assert encode_line(value).decode() == line


@needs_node
def test_why_no_key_may_look_like_an_integer() -> None:
    script = 'console.log(JSON.stringify(JSON.parse(\'{"b":1,"10":2,"2":3}\')))'
    done = subprocess.run(["node", "-e", script], capture_output=True, check=True, timeout=60)
    assert done.stdout == b'{"2":3,"10":2,"b":1}\n'
    for key in ("0", "2", "10", "4294967295"):
        with pytest.raises(FormatError, match="integer"):
            encode_document({key: 1})


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        2**53,
        -(2**53),
        b"bytes",
        (1, 2),
        {1: 2},
        {None: 1},
        "\ud800",
        "\udfff",
        "a\rb",
        "a\tb",
        "\x00",
        "\x1b[31m",
        "\x7f",
        "\x85",
        {"a\x00": 1},
        [[...]],
        {1, 2},
    ],
    ids=repr,
)
def test_what_cannot_be_written(value: Any) -> None:
    for write in (encode_document, encode_line):
        with pytest.raises(FormatError):
            write(value)
        with pytest.raises(FormatError):
            write({"a": [value]})


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth - 1):
        value = [value]
    return value


def test_depth() -> None:
    assert decode_document(encode_document(nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    with pytest.raises(FormatError, match="deeper"):
        encode_document(nested(MAX_DEPTH + 1))
    data = (json.dumps(nested(MAX_DEPTH + 1), indent=1) + "\n").encode()
    with pytest.raises(FormatError, match="deeper"):
        decode_document(data)
    for bomb in (b"[" * 1_000_000, b'{"a":' * 300_000, b"[" * 1_000_000 + b"]" * 1_000_000):
        with pytest.raises(FormatError):
            decode_document(bomb)


# style.md, appendix A: where Python is lenient and a signed format must not be.
LENIENT = [
    b'{"a":1,"a":2}',
    b'{"a":1,"\\u0061":1}',
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"1e400",
    b"1.0",
    b"1E2",
    b"-0",
    b'"\\ud800"',
    b'"\\ud83d\\ude00"',
    b'"\\u00e9"',
    b'"\\/"',
    b'"\\b"',
    b'"\\t"',
    b'"\x7f"',
    b'"\xc2\x85"',
    b"\xef\xbb\xbf1",
    b" 1",
    b"1 ",
    b"1\n",
    b"\n1",
    b'{"a" :1}',
    b"[1, 2]",
    b"[1,]",
    b"01",
    b"+1",
    b"1_000",
    b"\xd9\xa3",
    b"0x1",
    b"'a'",
    b"[1]//x",
    b"true false",
    b"",
    b"\x00",
    b"1" * 5000,
    b"9007199254740992",
    b'"\xed\xa0\x80"',
    b'"\xc0\xaf"',
    b'"\xff"',
    b'{"1":1}',
]


@pytest.mark.parametrize("data", LENIENT, ids=lambda data: repr(data)[:40])
def test_what_python_would_have_taken(data: bytes) -> None:
    with pytest.raises(FormatError):
        decode_line(data)
    with pytest.raises(FormatError):
        decode_document(data + b"\n")


def test_the_limit_is_looked_at_first() -> None:
    with pytest.raises(FormatError, match="at most 10"):
        decode_document(b'"' + b"a" * 10 + b'"\n', 10)
    with pytest.raises(FormatError, match="at most"):
        decode_document(b" " * (encoding.MAX_DOCUMENT + 1))


@pytest.mark.parametrize("piece", [b"[],", b'{"a":1},', b'"a",', b"1,", b"[[[[],"], ids=repr)
def test_a_bomb_of_small_values_is_not_parsed(piece: bytes) -> None:
    """What takes fifty times its size in memory is refused before it is built."""
    data = b"[" + piece * (encoding.MAX_DOCUMENT // len(piece) - 2) + b"1]\n"
    tracemalloc.start()
    with pytest.raises(FormatError):
        decode_document(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_too_many_lines() -> None:
    many = [1] * encoding.MAX_LINES
    with pytest.raises(FormatError, match="lines"):
        encode_document(many)
    with pytest.raises(FormatError, match="lines"):
        decode_document((json.dumps(many, indent=1) + "\n").encode())
    assert decode_document(encode_document(many[:-2])) == many[:-2]


def test_long_keys() -> None:
    assert decode_document(encode_document({"k" * 200: 1})) == {"k" * 200: 1}
    with pytest.raises(FormatError, match="too long"):
        encode_document({"k" * 201: 1})


def test_cleaning() -> None:
    assert clean("a\r\nb\rc\td\x00\x1b\x85e\ud800") == "a\nb\nc d\ufffd\ufffd\ufffde\ufffd"
    assert clean("abcdef", 4) == "abc…" and clean("abcd", 4) == "abcd"


@given(st.text(st.characters(), max_size=50), st.none() | st.integers(1, 60))
def test_what_is_cleaned_can_be_written(text: str, limit: int | None) -> None:
    found = clean(text, limit)
    assert decode_document(encode_document(found)) == found == clean(found, limit)
    assert limit is None or len(found) <= limit


def test_later_versions() -> None:
    for data in (
        b'{\n "archiver": "facts/v2"',
        b'{"archiver":"facts/v10"}',
        b' \r\n\t{ "archiver" : "facts/v999999" nonsense',
    ):
        with pytest.raises(NewerVersionError, match="newer"):
            refuse_newer(data, "facts/v1")
    for data in (
        b"",
        b'{"archiver":"facts/v1"}',
        b'{"archiver":"facts/v0"}',
        b'{"archiver":"facts/v02"}',
        b'{"archiver":"facts/v2000000"}',
        b'{"archiver":"reading/v2"}',
        b'{"other":"facts/v2"}',
        b'x{"archiver":"facts/v2"}',
        '{"archiver":"facts/v²"}'.encode(),
        b" " * 1_000_000,
    ):
        refuse_newer(data, "facts/v1")
