"""What parent and child write to each other comes out as it went in."""

from __future__ import annotations

import dataclasses
import multiprocessing
import time
from typing import Any

import pytest

from archiver.errors import FetchError
from archiver.model.facts import Collector
from archiver.model.manifest import ObjectRef, Tree
from archiver.store.ledger import Draft
from archiver.store.objects import StagedObject
from archiver.work.letters import Mailbox

DIGEST = "sha256:" + 64 * "0"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    first: int
    second: str = "x"


@dataclasses.dataclass(slots=True)
class Counted:
    total: int
    doubled: int = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.doubled = 2 * self.total


@pytest.fixture
def ends() -> Any:
    one, other = (Mailbox(pipe) for pipe in multiprocessing.Pipe())
    yield one, other
    one.close()
    other.close()


@pytest.mark.parametrize(
    "letter",
    [
        None,
        ("fetch", ({"a": [1, 2.5]}, b"\0" * 100_000)),
        Collector("Ada", None, "nowhere"),
        StagedObject("/there", "tmp/1-2", DIGEST, 7),
        Draft(
            "snapshot", None, None, (ObjectRef("warc", DIGEST, 1, "application/warc", segments=Tree(3, DIGEST)),), "t"
        ),
        Named(first=1),
        Counted(21),
    ],
)
def test_letters_arrive_as_they_were_sent(ends: tuple[Mailbox, Mailbox], letter: object) -> None:
    one, other = ends
    one.send(("step", letter))
    assert other.waits(5)
    assert other.receive() == ("step", letter)


def test_errors_arrive_with_their_words(ends: tuple[Mailbox, Mailbox]) -> None:
    one, other = ends
    one.send(FetchError("gone", where="there", hint="look"))
    found = other.receive()
    assert (type(found), found.message, found.where, found.hint) == (FetchError, "gone", "there", "look")


def test_waiting_ends(ends: tuple[Mailbox, Mailbox]) -> None:
    one, _ = ends
    begun = time.monotonic()
    assert not one.waits(0.05)
    assert time.monotonic() - begun < 5


def test_the_other_end_goes(ends: tuple[Mailbox, Mailbox]) -> None:
    one, other = ends
    other.close()
    assert one.waits(5)
    with pytest.raises((EOFError, OSError)):
        one.receive()
    with pytest.raises(OSError):
        one.send("anything")
