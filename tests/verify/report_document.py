"""The parts of docs/formats/verify-report.md that are made from the code. `python tests/verify/report_document.py`
writes them anew; a test compares."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from simulator import Simulator

from archiver.verify.codes import CODES
from archiver.verify.policy import Policy
from archiver.verify.run import verify

PATH = Path(__file__).parents[2] / "docs" / "formats" / "verify-report.md"
_CODES = re.compile(r"(<!-- codes: [^\n]*-->\n).*?(<!-- end of codes -->\n)", re.DOTALL)
_SPECIMEN = re.compile(r"(```json report\n).*?(```\n)", re.DOTALL)


def specimen() -> str:
    """The report in the document."""
    archive = Simulator(seed=1).capture()
    name = archive.object_of(1, "warc")
    data = archive.files[name]
    at = data.index(b"The bridge stays")
    archive.files[name] = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    report = verify(archive, Policy(archives={archive.identity: "Ann Lee"}))
    return json.dumps(report.to_json(), ensure_ascii=False, indent=1) + "\n"


def codes() -> str:
    """The table of codes."""
    lines = ["| code | weight | meaning | what to do |", "|---|---|---|---|"]
    lines += [f"| `{code}` | {entry.weight} | {entry.meaning} | {entry.advice} |" for code, entry in CODES.items()]
    return "\n".join(lines) + "\n"


def rewritten(text: str) -> str:
    """The document with these parts as the code has them."""
    text = _CODES.sub(lambda match: match[1] + codes() + match[2], text)
    return _SPECIMEN.sub(lambda match: match[1] + specimen() + match[2], text)


if __name__ == "__main__":
    PATH.write_text(rewritten(PATH.read_text("utf-8")), "utf-8")
