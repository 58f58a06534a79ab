"""`make bench`: every measurement after the other, each a line of JSON. docs/performance.md says what they mean.

python bench/run.py [NAME ...]     all, or only these: start tls floor capture append verify memory bundle recheck find
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAMES = ("start", "tls", "floor", "capture", "append", "verify", "memory", "bundle", "recheck", "find")


def main() -> None:
    chosen = sys.argv[1:] or list(NAMES)
    unknown = set(chosen) - set(NAMES)
    if unknown:
        sys.exit(f"no measurement {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    failed = []
    for name in chosen:
        print(f"# {name}", flush=True)
        if subprocess.run([sys.executable, str(HERE / f"{name}.py")], check=False).returncode:
            failed.append(name)
    if failed:
        sys.exit(f"could not be measured: {', '.join(failed)}")


if __name__ == "__main__":
    main()
