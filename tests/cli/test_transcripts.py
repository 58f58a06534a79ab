"""The documents are executed: every command in README and docs/guide does what they show."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from newsroom import Newsroom
from transcripts import SITE, commands, differences

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs" / "guide").glob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_document_is_executed(document: Path, tmp_path: Path) -> None:
    found = list(commands(document.read_text(encoding="utf-8")))
    assert found or document.name != "README.md"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ARCHIVER_")} | {
        "ARCHIVER_CONFIG_DIR": str(tmp_path / "config"),
        "ARCHIVER_STATE_DIR": str(tmp_path / "state"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "LC_ALL": "C.UTF-8",
    }
    work = tmp_path / "work"
    work.mkdir()
    with Newsroom() as site:
        here = site.url("").rstrip("/")
        for command in found:
            done = subprocess.run(
                ["sh", "-c", command.line.replace(SITE, here)],
                cwd=work,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=60,
                check=False,
            )
            output = done.stdout.decode("utf-8").replace(here, SITE)
            place = f"{document.name}:{command.number}: $ {command.line}\n{output}"
            assert done.returncode == command.code, place
            assert (why := differences(command.output, output)) is None, f"{why}\n{place}"
