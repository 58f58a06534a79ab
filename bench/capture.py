"""How fast pages are sealed, against wget writing a WARC of them, and how fast they are read, against trafilatura.

    python bench/capture.py [--pages 500] [--read-pages 200] [--runs 5] [--jobs 8]

Whole processes, A B A B …, the first pair not counted; the median of the ratios of wall time counts. wget signs and
syncs nothing and keeps its connection open; archiver opens one for each page, hashes, cuts into segments, signs, and
syncs before it says "sealed". trafilatura alone reads pages that are in memory, in processes that have been started.

`cpu` is user and system seconds a run, ours and theirs: wget uses one core, we use all, so whatever else runs here at
the same time moves the ratio; `load` is the load average at the end. Everything lies below $TMPDIR and is removed at
the end, not between runs: ext4 passes over the places of files that were removed in the last minutes, one by one, and a
folder that thousands have just been removed from makes every new file several times as dear.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def timed(command: list[str], environment: dict[str, str], folder: Path) -> tuple[float, float]:
    """Wall and processor seconds of a command and its children."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    took, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr.decode()[-2000:]}")
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def archive(folder: Path, program: str) -> tuple[Path, dict[str, str]]:
    """A fresh archive whose settings are those of a batch on one's own machine (no delay, many at a time), and the
    environment that leads to its keys."""
    place = Path(tempfile.mkdtemp(dir=folder))
    environment = {
        **os.environ,
        "ARCHIVER_CONFIG_DIR": str(place / "config"),
        "ARCHIVER_STATE_DIR": str(place / "state"),
    }
    path = place / "archive"
    subprocess.run([program, "init", str(path), "--no-passphrase"], env=environment, check=True, capture_output=True)
    with (path / "archive.yaml").open("a", encoding="utf-8") as stream:
        stream.write("per_host: 64\ndelay_seconds: 0\n")
    return path, environment


def reading_alone(pages: int, jobs: int) -> tuple[float, float]:
    """Wall and processor seconds that trafilatura alone takes for the pages, on as many processes."""
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[1]); from concurrent.futures import ProcessPoolExecutor\n"
        "from pages import page\nimport trafilatura\n"
        "def one(n):\n"
        "  return not trafilatura.bare_extraction(page_of[n], with_metadata=True, url='https://a.example')\n"
        "def timed(n):\n  before = time.process_time(); one(n)\n  return time.process_time() - before\n"
        "page_of = [page(n).decode() for n in range(int(sys.argv[2]))]\n"
        "pool = ProcessPoolExecutor(int(sys.argv[3]))\nlist(pool.map(timed, range(int(sys.argv[3]))))\n"
        "start = time.perf_counter(); spent = sum(pool.map(timed, range(len(page_of)), chunksize=4))\n"
        "print(time.perf_counter() - start, spent)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(HERE), str(pages), str(jobs)], capture_output=True, check=True, text=True
    )
    wall, spent = done.stdout.split()
    return float(wall), float(spent)


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
        site = subprocess.Popen(
            [sys.executable, str(HERE / "pages.py"), str(wanted.pages)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert site.stdout is not None and site.stdin is not None
        address = site.stdout.readline().strip()
        every, few = folder / "list.txt", folder / "few.txt"
        every.write_text("".join(f"{address}/{n}\n" for n in range(wanted.pages)))
        few.write_text("".join(f"{address}/{n}\n" for n in range(wanted.read_pages)))
        seal = [program, "capture", "--allow-private", "--jobs", str(wanted.jobs), "--json", "--from"]
        ours, theirs = [], []
        for _ in range(wanted.runs + 1):
            path, environment = archive(folder, program)
            ours.append(timed([*seal, str(every), "--read-later"], environment, path))
            place = tempfile.mkdtemp(dir=folder)
            wget = ["wget", "-q", "--warc-file=pages", "-O", "/dev/null", "-i", str(every)]
            theirs.append(timed(wget, environment, Path(place)))
        report(f"{wanted.pages} pages sealed, reading deferred / wget --warc-file", ours[1:], theirs[1:], "≤ 0.7")
        read_ours, read_theirs = [], []
        for _ in range(wanted.runs + 1):
            path, environment = archive(folder, program)
            read_ours.append(timed([*seal, str(few)], environment, path))
            read_theirs.append(reading_alone(wanted.read_pages, cores))
        what = f"{wanted.read_pages} pages sealed and read / trafilatura alone"
        report(what, read_ours[1:], read_theirs[1:], "≤ 1.67 (0.6 of its pages a second)")
        site.stdin.close()
        site.wait()


def report(what: str, ours: list[tuple[float, float]], theirs: list[tuple[float, float]], target: str) -> None:
    ratios = [a / b for (a, _), (b, _) in zip(ours, theirs, strict=True)]
    cpu = [a / b for (_, a), (_, b) in zip(ours, theirs, strict=True)]
    print(
        json.dumps(
            {
                "what": what,
                "ours": round(statistics.median(wall for wall, _ in ours), 3),
                "theirs": round(statistics.median(wall for wall, _ in theirs), 3),
                "ratio": round(statistics.median(ratios), 3),
                "range": [round(min(ratios), 3), round(max(ratios), 3)],
                "best against best": round(min(ours)[0] / min(theirs)[0], 3),
                "target": target,
                "cpu": [round(statistics.median(spent for _, spent in side), 2) for side in (ours, theirs)],
                "cpu ratio": round(statistics.median(cpu), 3),
                "load": round(os.getloadavg()[0], 1),
            },
            ensure_ascii=False,
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
