"""The page that verifies bundles: its bytes and its policy. In browsers: test_verifier_browser."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

from archiver import digest
from archiver.bundle.report import verifier

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "docs" / "verifier.sha256"
FOLDER = ROOT / "archiver" / "bundle" / "report" / "verifier"
FORBIDDEN = (
    "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "setTimeout(", "fetch(",
    "XMLHttpRequest", "WebSocket", "import(", "localStorage", "sessionStorage", "indexedDB", "sendBeacon",
    "window.open", "Math.random",
)  # fmt: skip
DECLARED = re.compile(r"^(?:async )?function\*? (\w+)|^const (\w+)|^class (\w+)|^let (\w+)", re.MULTILINE)


def test_its_digest_is_the_published_one() -> None:
    """If it differs on purpose: archiver verifier -o verify.html && sha256sum verify.html > docs/verifier.sha256"""
    assert PUBLISHED.read_text("ascii") == f"{digest.of_bytes(verifier.page())[7:]}  verify.html\n"


def test_every_module_is_in_it_once_and_no_name_is_declared_twice() -> None:
    assert sorted(path.name for path in FOLDER.glob("*.js")) == sorted(verifier.MODULES)
    names = Counter(
        "".join(found) for name in verifier.MODULES for found in DECLARED.findall((FOLDER / name).read_text("utf-8"))
    )
    assert [name for name, times in names.items() if times > 1] == []


def test_nothing_of_the_evidence_becomes_markup_or_code_and_nothing_is_fetched() -> None:
    own = "".join((FOLDER / name).read_text("utf-8") for name in verifier.MODULES)
    for word in FORBIDDEN:
        assert word not in own, word
    assert "new Date" not in own and "Date.now" not in own  # the same bundle, the same answer


class Inline(HTMLParser):
    """Scripts, styles and whatever could load something."""

    def __init__(self) -> None:
        super().__init__()
        self.inside, self.texts = "", {"script": "", "style": ""}
        self.policy, self.links = "", []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag if tag in self.texts else ""
        given = dict(attrs)
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""
        self.links += [f"{tag} {key}" for key in given if key in ("src", "href", "srcset", "action", "data", "poster")]

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.texts[self.inside] += data


def test_the_policy_allows_this_script_and_this_style_and_nothing_else() -> None:
    page = Inline()
    page.feed(verifier.page().decode("utf-8"))
    hashes = {
        kind: "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()
        for kind, text in page.texts.items()
    }
    assert page.policy == (
        f"default-src 'none'; script-src '{hashes['script']}'; style-src '{hashes['style']}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )
    assert page.links == []
    assert "unsafe" not in page.policy


def test_the_vendored_library_carries_its_licence() -> None:
    head = (FOLDER / verifier.LIBRARY).read_text("utf-8").split("*/")[0]
    for words in (
        "@noble/ed25519 3.2.0",
        "Copyright (c) 2019 Paul Miller",
        "The MIT License",
        "permission notice shall be",
    ):
        assert words in head
