"""Bundles of a large capture: exported whole and without its cookie, and verified, in flat memory; against `openssl`.

python bench/bundle.py [--megabytes 1024] [--files 1]

One capture has a body of so many megabytes, or that many captures share them (`--files`). For each step: seconds, the
largest process in megabytes, and for verification the speed as a part of `openssl dgst -sha256` over the same file:
as it is, and without the time that it takes to verify a small bundle.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from memory import PIECE, serve

SMALL = str(Path(__file__).resolve().parents[1] / "tests" / "vectors" / "bundles" / "small.zip")


def measured(command: list[str], environment: dict[str, str] | None = None) -> tuple[float, float]:
    """Seconds, and megabytes of the largest process of this command, in a process of its own that counts them."""
    code = (
        "import json,resource,subprocess,sys,time; start=time.perf_counter(); "
        "code=subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL).returncode; "
        "print(json.dumps([code,time.perf_counter()-start,resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]))"
    )
    run = subprocess.run([sys.executable, "-c", code, *command], env=environment, stdout=subprocess.PIPE, check=True)
    status, seconds, peak = json.loads(run.stdout)
    if status not in (0, 4) and SMALL not in command:  # 4: somebody else's key, or something left out
        sys.exit(f"{' '.join(command)} ended with {status}")
    return seconds, peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def say(what: str, seconds: float, peak: float, megabytes: float, **more: object) -> None:
    """One line of JSON."""
    line = {"what": what, "seconds": round(seconds, 2), "megabytes_a_second": round(megabytes / seconds), **more}
    print(json.dumps({**line, "peak_megabytes": round(peak)}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--files", type=int, default=1)
    wanted = parser.parse_args()
    program = str(Path(sys.executable).parent / "archiver")
    with tempfile.TemporaryDirectory(prefix="bench-", dir=os.environ.get("BENCH_FOLDER")) as name:
        folder = Path(name)
        environment = {
            **os.environ,
            "ARCHIVER_CONFIG_DIR": f"{name}/config",
            "ARCHIVER_STATE_DIR": f"{name}/state",
            "ARCHIVER_ARCHIVE": f"{name}/archive",
        }
        each = wanted.megabytes // wanted.files
        address = serve(each * PIECE)
        subprocess.run(
            [program, "init", f"{name}/archive", "--no-passphrase"],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        limits = ["--max-megabytes", str(each + 1), "--total-seconds", "900", "--delay", "0"]
        for number in range(wanted.files):
            command = [program, "capture", "--allow-private", *limits, f"{address}-{number}"]
            subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
        whole, part = str(folder / "whole.zip"), str(folder / "part.zip")
        days = ["--from", "2000-01-01"]
        for what, options, path in (
            ("export", [], whole),
            ("export without a field of the request", ["--withhold", "header:accept"], part),
        ):
            seconds, peak = measured([program, "export", *days, *options, "-o", path], environment)
            say(what, seconds, peak, wanted.megabytes)
        started, _ = min(measured([program, "verify", "--depth", "objects", SMALL], environment) for _ in range(3))
        judge, _ = min(measured(["openssl", "dgst", "-sha256", whole]) for _ in range(3))
        say("openssl dgst -sha256", judge, 0, wanted.megabytes)
        for path, what in ((whole, "verify"), (part, "verify of a part")):
            for depth in ("objects", "content"):
                seconds, peak = min(
                    measured([program, "verify", "--depth", depth, path], environment) for _ in range(2)
                )
                ratios = {
                    "of_openssl": round(judge / seconds, 2),
                    "of_openssl_without_start": round(judge / max(0.01, seconds - started), 2),
                }
                say(f"{what}, depth {depth}", seconds, peak, wanted.megabytes, **ratios)


if __name__ == "__main__":
    main()
