"""How fast pages are sealed, against wget writing a WARC of them, and how fast they are read, against trafilatura.

    python bench/capture.py [--pages 500] [--runs 5] [--jobs 8]

Whole processes, wall time, A B A B …; the median of the ratios counts. wget signs nothing, syncs nothing and keeps its
connection open; archiver opens one for each page, hashes, cuts into segments, signs, and syncs before it says "sealed".
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def timed(command: list[str], environment: dict[str, str], folder: Path) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    took = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr.decode()[-2000:]}")
    return took


def archive(folder: Path, environment: dict[str, str], program: str) -> Path:
    """A fresh archive whose settings are those of a batch on one's own machine: no delay, many at a time."""
    path = folder / "archive"
    shutil.rmtree(path, ignore_errors=True)
    shutil.rmtree(folder / "config", ignore_errors=True)
    subprocess.run([program, "init", str(path), "--no-passphrase"], env=environment, check=True, capture_output=True)
    with (path / "archive.yaml").open("a", encoding="utf-8") as stream:
        stream.write("per_host: 64\ndelay_seconds: 0\n")
    return path


def reading_alone(pages: int, jobs: int) -> float:
    """Seconds that trafilatura alone takes for the pages, on as many processes."""
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[1]); from concurrent.futures import ProcessPoolExecutor\n"
        "from pages import page\nimport trafilatura\n"
        "def one(n):\n"
        "  return not trafilatura.bare_extraction(page_of[n], with_metadata=True, url='https://a.example')\n"
        "page_of = [page(n).decode() for n in range(int(sys.argv[2]))]\n"
        "pool = ProcessPoolExecutor(int(sys.argv[3]))\nlist(pool.map(one, range(int(sys.argv[3]))))\n"
        "start = time.perf_counter(); list(pool.map(one, range(len(page_of)), chunksize=4))\n"
        "print(time.perf_counter() - start)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(HERE), str(pages), str(jobs)], capture_output=True, check=True, text=True
    )
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--read-pages", type=int, default=200)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=8)
    wanted = parser.parse_args()
    program = str(Path(sys.executable).parent / "archiver")
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        environment = {**os.environ, "ARCHIVER_CONFIG_DIR": f"{name}/config", "ARCHIVER_STATE_DIR": f"{name}/state"}
        site = subprocess.Popen(
            [sys.executable, str(HERE / "pages.py"), str(wanted.pages)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert site.stdout is not None and site.stdin is not None
        address = site.stdout.readline().strip()
        (folder / "list.txt").write_text("".join(f"{address}/{n}\n" for n in range(wanted.pages)))
        (folder / "few.txt").write_text("".join(f"{address}/{n}\n" for n in range(wanted.read_pages)))
        seal = [program, "capture", "--allow-private", "--jobs", str(wanted.jobs), "--json", "--from"]
        ours, theirs = [], []
        for _ in range(wanted.runs + 1):
            path = archive(folder, environment, program)
            ours.append(timed([*seal, "../list.txt", "--read-later"], environment, path))
            shutil.rmtree(folder / "wget", ignore_errors=True)
            (folder / "wget").mkdir()
            wget = ["wget", "-q", "--warc-file=pages", "-O", "/dev/null", "-i", "../list.txt"]
            theirs.append(timed(wget, environment, folder / "wget"))
        ratios = [a / b for a, b in zip(ours[1:], theirs[1:], strict=True)]
        report(
            f"{wanted.pages} pages sealed, reading deferred / wget --warc-file", ours[1:], theirs[1:], ratios, "≤ 0.7"
        )
        read_ours, read_theirs = [], []
        for _ in range(max(2, wanted.runs // 2)):
            path = archive(folder, environment, program)
            read_ours.append(wanted.read_pages / timed([*seal, "../few.txt"], environment, path))
            read_theirs.append(wanted.read_pages / reading_alone(wanted.read_pages, cores))
        ratios = [a / b for a, b in zip(read_ours, read_theirs, strict=True)]
        report("pages a second, sealed and read / trafilatura alone", read_ours, read_theirs, ratios, "≥ 0.6")
        site.stdin.close()
        site.wait()


def report(what: str, ours: list[float], theirs: list[float], ratios: list[float], target: str) -> None:
    print(
        json.dumps(
            {
                "what": what,
                "ours": round(statistics.median(ours), 3),
                "theirs": round(statistics.median(theirs), 3),
                "ratio": round(statistics.median(ratios), 3),
                "range": [round(min(ratios), 3), round(max(ratios), 3)],
                "target": target,
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
