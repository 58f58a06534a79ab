"""Bundles that were tampered with, each in one way, for `archiver selftest`, and for whoever writes another verifier.

    tampered.zip
      cases.json       a list of: name, title, about, expect {exit_code, codes}, folder, files {name in the bag: digest}
                       or, for a zip that another program packed: zip
      trusted          fingerprint of the key that the person who verifies is supposed to have confirmed
      parts/<digest>   a file, named by its SHA-256: the bundles have most of theirs in common

Specimen of `expect`: {"exit_code": 1, "codes": ["object-changed"]}: what `verify` ends with, and codes that must be
among its findings; {"exit_code": 3, "codes": ["refused"]} stands for a zip that is refused unread.

tests/bundle/make_tampered.py makes the file; the keys in it are published and protect nothing.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

from archiver.bundle.container import ZipWriter


@dataclass(frozen=True, slots=True)
class Case:
    """One bundle. `title`: what was done to it; `about`: who can do that, and what gives it away; `codes`: what a
    verifier must find, among others; `data`: the zip."""

    name: str
    title: str
    about: str
    exit_code: int
    codes: tuple[str, ...]
    data: bytes


def trusted() -> str:
    """The fingerprint of the one key that signed whatever in the corpus is genuine."""
    with _open() as corpus:
        return corpus.read("trusted").decode("ascii")


def cases() -> Iterator[Case]:
    """All of them, the one that nobody touched first."""
    with _open() as corpus:
        for item in json.loads(corpus.read("cases.json")):
            expect = item["expect"]
            codes = tuple(expect["codes"])
            yield Case(item["name"], item["title"], item["about"], expect["exit_code"], codes, _data(corpus, item))


def _open() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(resources.files(__package__).joinpath("tampered.zip").read_bytes()))


def _data(corpus: zipfile.ZipFile, item: dict[str, object]) -> bytes:
    if "zip" in item:
        return corpus.read(f"parts/{item['zip']}")
    files = item["files"]
    assert isinstance(files, dict)
    out = io.BytesIO()
    writer = ZipWriter(out, str(item["folder"]))
    for name in sorted(files):
        writer.add(name, [corpus.read(f"parts/{files[name]}")])
    writer.finish()
    return out.getvalue()
