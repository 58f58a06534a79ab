"""Flat memory: a body of 1 GB captured over HTTP and verified; the largest process of all is what counts.

python bench/memory.py [--megabytes 1024]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

PIECE = 1 << 20


def serve(size: int) -> str:
    """A server that answers everything with `size` bytes, made on the way."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        piece = os.urandom(PIECE)
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                head = (
                    f"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
                )
                connection.sendall(head.encode())
                for _ in range(size // PIECE):
                    connection.sendall(piece)

    threading.Thread(target=answer, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}/video"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1024)
    wanted = parser.parse_args()
    program = str(Path(sys.executable).parent / "archiver")
    size = wanted.megabytes * PIECE
    with tempfile.TemporaryDirectory(prefix="bench-", dir=os.environ.get("BENCH_FOLDER")) as name:
        environment = {**os.environ, "ARCHIVER_CONFIG_DIR": f"{name}/config", "ARCHIVER_STATE_DIR": f"{name}/state"}
        address = serve(size)
        limit = ["--max-megabytes", str(wanted.megabytes + 1), "--total-seconds", "600"]
        before = 0
        for command in (
            ["init", f"{name}/archive", "--no-passphrase"],
            ["--archive", f"{name}/archive", "capture", "--allow-private", *limit, address],
            ["--archive", f"{name}/archive", "verify"],
        ):
            start = time.perf_counter()
            subprocess.run([program, *command], env=environment, check=True, stdout=subprocess.DEVNULL)
            # ru_maxrss of all children that ended so far, theirs included: it only grows, so each row is a bound.
            before = max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
            what = f"{command[0] if len(command) == 3 and command[0] == 'init' else command[2]}, {wanted.megabytes} MB"
            seconds = round(time.perf_counter() - start, 2)
            print(json.dumps({"what": what, "seconds": seconds, "largest_process_mb": before, "target": "< 150"}))


if __name__ == "__main__":
    main()
