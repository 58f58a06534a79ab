"""How a browser's visit was made, where words came from: the objects, and docs/formats/rendered.md, which is run."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.errors import FormatError, NewerVersionError
from archiver.model import rendering as model
from archiver.model.rendering import NotMade, Origin, Origins, Rendering

TEXT = (Path(__file__).parents[2] / "docs" / "formats" / "rendered.md").read_text("utf-8")


def block(info: str) -> bytes:
    found = re.findall(rf"^```json {info}=good\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    assert len(found) == 1
    return str(found[0]).encode()


RENDERING = model.decode(block("rendering"))
ORIGINS = model.decode_origins(block("origins"))


def test_the_specimens_are_written_as_they_stand() -> None:
    assert model.encode(RENDERING) == block("rendering")
    assert model.encode(ORIGINS) == block("origins")


def test_the_table_has_every_key() -> None:
    table = TEXT.split("## rendering/v1")[1].split("## origins/v1")[0]
    listed = re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE)
    assert listed == [field.name for field in dataclasses.fields(Rendering)]
    roles = TEXT.split("## Objects")[1].split("## rendering/v1")[0]
    assert dict(re.findall(r"^\| `([a-z]+)` \| `([a-z/]+)` \|", roles, re.MULTILINE)) == {
        model.ROLE: "application/json",
        **model.DERIVED,
    }


@pytest.mark.parametrize(
    "broken",
    [
        replace(RENDERING, reason=""),
        replace(RENDERING, dom=None),
        replace(RENDERING, document=None),
        replace(RENDERING, document="urn:uuid:1"),
        replace(RENDERING, not_made=(NotMade("dom", "why"),)),
        replace(RENDERING, not_listed=-1),
        replace(RENDERING, peak_memory=-1),
        replace(RENDERING, page=replace(RENDERING.page, width=-1)),
        replace(RENDERING, salt="short"),
        replace(ORIGINS, origins=ORIGINS.origins * 2),
        replace(ORIGINS, origins=(Origin("x1", True, ()),)),
        replace(ORIGINS, origins=(Origin("s1", True, ("no record",)),)),
    ],
)
def test_what_must_not_be_written_is_not(broken: Rendering | Origins) -> None:
    with pytest.raises(FormatError):
        model.encode(broken)


def test_a_later_version_is_told_from_a_broken_one() -> None:
    with pytest.raises(NewerVersionError):
        model.decode(block("rendering").replace(b"rendering/v1", b"rendering/v2"))
    with pytest.raises(FormatError):
        model.decode(block("rendering").replace(b'"frames"', b'"frame"'))
    with pytest.raises(FormatError):
        model.decode_origins(block("rendering"))
