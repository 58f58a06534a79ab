"""How soon the program answers: `archiver --help` against `python -c "import click"`, whole processes in turn.

python bench/start.py [--runs 15]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path


def timed(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    ours = [str(Path(sys.executable).parent / "archiver"), "--help"]
    theirs = [sys.executable, "-c", "import click"]
    pairs = [(timed(ours), timed(theirs)) for _ in range(runs + 2)][2:]
    ratios = [a / b for a, b in pairs]
    print(
        json.dumps(
            {
                "what": "archiver --help / python -c 'import click'",
                "ours_ms": round(1000 * statistics.median(a for a, _ in pairs), 1),
                "theirs_ms": round(1000 * statistics.median(b for _, b in pairs), 1),
                "ratio": round(statistics.median(ratios), 3),
                "range": [round(min(ratios), 3), round(max(ratios), 3)],
                "target": "≤ 1.3",
            },
            ensure_ascii=False,
        )
    )


if __name__ == "__main__":
    main()
