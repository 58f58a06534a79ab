"""Where a response ends: any split of the bytes gives the same, and the archive's reader agrees."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from testsite import BROKEN, REDIRECTS, WHOLE, chunked

from archiver.warc.http import entity_body, split_message
from archiver.web.framing import Reception

LIMIT = 256 << 10
SAMPLES = [raw for raw in (WHOLE | BROKEN | REDIRECTS).values() if len(raw) < 5000]


def outcome(reception: Reception) -> tuple[object, ...]:
    head = reception.head
    return (
        reception.state,
        None if head is None else (head.status, head.fields, head.complete),
        reception.extra,
        reception.short,
        reception.ended_by_close,
        tuple(reception.problems),
        reception.version,
        reception.whole,
        reception.closes,
    )


def at_once(data: bytes, limit: int = LIMIT) -> Reception:
    reception = Reception(limit)
    reception.feed(data)
    reception.end()
    return reception


def in_pieces(data: bytes, cuts: list[int], limit: int = LIMIT) -> Reception:
    reception = Reception(limit)
    begin = 0
    for end in [*sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]:
        reception.feed(data[begin:end])
        begin = end
    reception.end()
    return reception


WORDS = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 103 Early\r\n",
    b"HTTP/1.0 404\n",
    b"HTTP/1.1 101 Switch\r\n",
    b"HTTP/1.1 304 Same\r\n",
    b"HTTP/",
    b"Content-Length: 5\r\n",
    b"Content-Length: 7\r\n",
    b"Content-Length: 5, 5\r\n",
    b"Content-Length: x\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Transfer-Encoding: gzip\r\n",
    b"Connection: close\r\n",
    b" folded\r\n",
    b"no colon\r\n",
    b"\r\n",
    b"\n",
    b"\r",
    b"hello",
    b"5\r\nhello\r\n",
    b"0\r\n\r\n",
    b"0\r\n",
    b"3;ext\r\nabc\r\n",
    b"ffffffffffffffff\r\n",
    b"\x00",
]
messages = st.one_of(
    st.sampled_from(SAMPLES),
    st.lists(st.sampled_from(WORDS), max_size=12).map(b"".join),
    st.binary(max_size=60),
    st.binary(max_size=300).map(lambda data: WORDS[0] + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(data, 7)),
)


@given(messages, st.lists(st.integers(0, 5000), max_size=12))
@settings(max_examples=400)
def test_any_split_gives_the_same(data: bytes, cuts: list[int]) -> None:
    assert outcome(in_pieces(data, cuts)) == outcome(at_once(data))


@given(messages)
@settings(max_examples=200)
def test_byte_by_byte_gives_the_same(data: bytes) -> None:
    assert outcome(in_pieces(data, list(range(len(data))))) == outcome(at_once(data))


@given(messages, st.lists(st.integers(0, 5000), max_size=6), st.integers(1, 200))
@settings(max_examples=300)
def test_any_split_at_any_limit(data: bytes, cuts: list[int], limit: int) -> None:
    """Where the head is over the limit, its beginning may be seen in more or less detail, but the verdict is one."""
    one, other = at_once(data, limit), in_pieces(data, cuts, limit)
    assert (one.state == "large") == (other.state == "large")
    if one.state != "large":
        assert outcome(one) == outcome(other)


@given(messages)
@settings(max_examples=400)
def test_the_reader_agrees(data: bytes) -> None:
    """What is called whole here is complete to the reader of the archive, with the same head and the same rest."""
    reception = at_once(data)
    message = split_message(io.BytesIO(data))
    if reception.head is not None and reception.head.complete and reception.state != "garbage":
        assert message.final is not None
        assert message.final.fields == reception.head.fields
        assert message.final.status == reception.head.status
        if message.final.status == 101:
            return
        body = entity_body(message.final, data[message.body_offset :], 1 << 20)
        if not any(name.lower().endswith(b"-encoding") and b"gzip" in value for name, value in reception.head.fields):
            assert body.complete == reception.whole
    else:
        assert message.final is None or not message.final.complete or message.final.status is None


@pytest.mark.parametrize("data", SAMPLES, ids=range(len(SAMPLES)))
def test_every_prefix_is_not_whole_or_is_all_of_it(data: bytes) -> None:
    """A message with a length or chunks is whole at one point only."""
    whole = at_once(data)
    if not whole.whole or whole.ended_by_close:
        return
    end = len(data) - whole.extra
    for cut in range(0, end, max(1, end // 200)):
        assert not at_once(data[:cut]).whole or at_once(data[:cut]).ended_by_close


def test_interim_heads_in_any_number() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"
    done = at_once(early * 100 + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert (done.state, done.head and done.head.status) == ("done", 200)
    assert at_once(early * 100_000).state == "large"


def test_switching_protocols_is_final() -> None:
    done = at_once(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nother bytes")
    assert (done.state, done.extra) == ("done", 11)


@pytest.mark.parametrize(
    ("head", "closes"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nConnection: upgrade, Close\r\n\r\n", True),
        (b"HTTP/1.0 200 OK\r\n\r\n", True),
        (b"HTTP/1.0 200 OK\r\nconnection: Keep-Alive\r\n\r\n", False),
        (b"", True),
    ],
)
def test_who_closes(head: bytes, closes: bool) -> None:
    reception = Reception(LIMIT)
    reception.feed(head)
    assert reception.closes is closes


def test_no_quadratic_time() -> None:
    """A long head in small pieces, a million tiny chunks."""
    reception = Reception(1 << 20)
    reception.feed(b"HTTP/1.1 200 OK\r\n")
    for _ in range(60_000):
        reception.feed(b"X: 0123456789\r\n"[:7])
    assert reception.state == "head"
    reception = Reception(LIMIT)
    reception.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    reception.feed(b"1\r\nx\r\n" * 200_000 + b"0\r\n\r\n")
    assert reception.state == "done"
