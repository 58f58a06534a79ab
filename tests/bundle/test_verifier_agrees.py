"""The browser's verifier, which was written from the format documents, says the same as ours of every bundle.

Here it runs in node, if there is one; in Chromium and Firefox in test_verifier_browser.py.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from verifier_corpus import corpus, disagreement, judge

from archiver.bundle.report import verifier

RUNNER = Path(__file__).with_name("verifier_node.mjs")
NODE = shutil.which("node")


def run_in_node(folder: Path, cases: dict[str, bytes], *options: str) -> dict[str, dict[str, object]]:
    script = folder / "core.js"
    script.write_text(verifier.core(), "utf-8")
    paths = []
    for number, data in enumerate(cases.values()):
        paths.append(folder / f"{number}.zip")
        paths[-1].write_bytes(data)
    found = subprocess.run(
        [str(NODE), str(RUNNER), str(script), *options],
        input="".join(f"{path}\n" for path in paths),
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return dict(zip(cases, map(json.loads, found.stdout.splitlines()), strict=True))


def disagreements(folder: Path, names: list[str], *options: str) -> dict[str, str]:
    """Name -> what the two verifiers say differently."""
    cases = {name: corpus()[name] for name in names}
    theirs = run_in_node(folder, cases, *options)
    return {name: said for name, data in cases.items() if (said := disagreement(judge(data), theirs[name]))}


@pytest.mark.skipif(NODE is None, reason="there is no node")
def test_it_agrees_with_ours_on_some_bundles(tmp_path: Path) -> None:
    """Every whole archive, and one in seven of the others; with the vendored Ed25519 as well."""
    names = list(corpus())
    whole = [
        name
        for name in names
        if name.startswith(("bundles/", "simulator/", "article/", "withheld/", "rendered/", "older"))
    ]
    assert not disagreements(tmp_path, sorted({*whole, *names[::7]}))
    assert not disagreements(tmp_path, whole, "--noble")


@pytest.mark.skipif(NODE is None, reason="there is no node")
def test_what_it_says_of_each_statement(tmp_path: Path) -> None:
    """Words that no server sent are never said to stand in received bytes."""
    names = ["simulator/capture", "rendered/page", "lies/anchor words", "lies/in a script", "withheld/warc"]
    said = run_in_node(tmp_path, {name: corpus()[name] for name in names})
    words = {name: said[name]["statements"][0]["words"] for name in names}  # type: ignore[index]
    passed, failed, open_ = "passed", "failed", "not checked"
    assert words == {
        "simulator/capture": {"listed": passed, "text": passed, "bytes": passed},
        "rendered/page": {"listed": passed, "text": passed, "bytes": open_, "made": passed},
        "lies/anchor words": {"listed": passed, "text": failed, "bytes": failed},
        "lies/in a script": {"listed": passed, "text": passed, "bytes": passed},
        "withheld/warc": {"listed": passed, "text": passed, "bytes": open_},
    }
    steps = {name: {step["number"]: step["outcome"] for step in said[name]["steps"]} for name in names}  # type: ignore[attr-defined]
    assert steps["lies/in a script"][12] == open_  # in the bytes, yes; that they are text of the page is not said


@pytest.mark.slow
@pytest.mark.skipif(NODE is None, reason="there is no node")
def test_it_agrees_with_ours_on_every_bundle(tmp_path: Path) -> None:
    assert not disagreements(tmp_path, list(corpus()))
