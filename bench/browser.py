"""How long a rendered capture takes and how much memory, from the command to "sealed", pictures included.

    unshare -n sh -c 'ip link set lo up; python bench/browser.py [--pages 20] [--jobs 2] [--runs 3]'

A page of 40 kB whose text, with two quoted statements, its script asks for; loopback alone, or it does not start.
First one page a process, then a batch; `more` is what each further page of the batch takes. Memory is that of the
command with all its children, browsers included (proportional set size); the highest seen every 0.1 s.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tests" / part) for part in ("", "web", "browser")]

from rendering import page  # noqa: E402 - of the tests
from shut_in import is_shut_in  # noqa: E402
from steadysite import SteadySite  # noqa: E402

from archiver.browser.chromium import need_chromium  # noqa: E402

LIMITS = {"first": 4.0, "more": 1.5, "memory": 600.0}  # seconds, seconds, MB
SHELL = (
    "<!doctype html><title>Bridge stays shut</title><style>body {{ font: 18px serif }}</style><div id=x></div>"
    "<!--{}--><script>fetch('/words.json').then(r => r.json()).then(f => {{ x.innerHTML = f.html; }});</script>"
).format("x" * 40_000)
SAID = "<p>“The bridge stays shut until spring,” Ann Lee told reporters. “Nobody asked us,” Tom Reed said.</p>"
TEXT = "<p>A fictional paragraph on the harbour bridge, the storm of last week, and what the council has to decide.</p>"


class Memory:
    """The highest sum of private and shared memory of this process's descendants."""

    def __init__(self, root: int) -> None:
        self.peak = 0
        self._root = root
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """MB."""
        self._over.set()
        self._thread.join()
        return self.peak / 1e6

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            self.peak = max(self.peak, self._now())

    def _now(self) -> int:
        parents, found = {}, {self._root}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                except (OSError, ValueError):
                    continue
        grown = True
        while grown:
            new = {pid for pid, parent in parents.items() if parent in found} - found
            found |= new
            grown = bool(new)
        total = 0
        for pid in found:
            try:
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            except OSError:
                continue
            total += sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))
        return total


def run(program: str, environment: dict[str, str], *arguments: str) -> tuple[float, float]:
    """Seconds and MB of one command."""
    begun = time.perf_counter()
    process = subprocess.Popen([program, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    memory = Memory(process.pid)
    out, err = process.communicate(timeout=300)
    took = time.perf_counter() - begun
    peak = memory.stop()
    if process.returncode:
        sys.exit(f"{' '.join(arguments[:3])} ended with {process.returncode}:\n{(out + err).decode()[-2000:]}")
    return took, peak


def main() -> None:
    parser = argparse.ArgumentParser(description="How long rendered captures take.")
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--program", default=str(Path(sys.executable).parent / "archiver"))
    given = parser.parse_args()
    if not is_shut_in():
        sys.exit("there is a network here: unshare -n sh -c 'ip link set lo up; python bench/browser.py'")
    with tempfile.TemporaryDirectory() as name, SteadySite() as site:
        folder = Path(name)
        environment = {
            **os.environ,
            "ARCHIVER_CONFIG_DIR": str(folder / "config"),
            "ARCHIVER_STATE_DIR": str(folder / "state"),
        }
        subprocess.run(
            [given.program, "init", str(folder / "archive"), "--no-passphrase"],
            env=environment,
            check=True,
            capture_output=True,
        )
        site.serve("/story", page(SHELL))
        site.serve("/words.json", page(json.dumps({"html": f"<h1>Bridge</h1>{SAID}{TEXT * 8}"}), "application/json"))
        options = ("capture", "--allow-private", "--browser", "--delay", "0")
        one, many = [], []
        for turn in range(given.runs):
            one.append(run(given.program, environment, *options, f"{site.url('/story')}?{turn}"))
            pages = [f"{site.url('/story')}?{turn}.{number}" for number in range(given.pages)]
            many.append(run(given.program, environment, *options, "--jobs", str(given.jobs), *pages))
    first = statistics.median(took for took, _ in one)
    batch = statistics.median(took for took, _ in many)
    found = {
        "browser": need_chromium().name,
        "first": round(first, 2),
        "first_memory": round(max(memory for _, memory in one)),
        "batch": round(batch, 2),
        "pages": given.pages,
        "jobs": given.jobs,
        "more": round((batch - first) / (given.pages - 1), 2),
        "memory": round(max(memory for _, memory in many)),
        "load": round(os.getloadavg()[0], 1),
    }
    print(json.dumps({"measured": "browser", **found, "limits": LIMITS}))
    if any(found[key] > limit for key, limit in LIMITS.items()):
        sys.exit("over a limit")


if __name__ == "__main__":
    main()
