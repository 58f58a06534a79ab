"""What sealing pages takes at least on this machine, whoever does it: the parts of it that no program can leave out.

    python bench/floor.py [--pages 500]

start   a Python that has loaded the libraries which fetch, sign and parse options
fetch   a connection for each page, its 100 kB received, by bare sockets, one after the other
hash    SHA-256 over each page four times: the file, the block, the payload, the segment
sign    an Ed25519 signature for each
files   five files for each page, created in one folder, written, synced in groups of 64 with syncfs, renamed into
        place, and synced again: the order of writing of an archive

Wall and processor seconds of each, in a process of its own, medians of three. Their sum is what `archiver capture`
would take if its own work took nothing; the parts may run on several cores at once, the first may not. Linux only.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = (100_900, 32, 1_900, 1_300, 310)  # bytes of the files of a page: WARC, secret, facts, manifest, signature
GROUP = 64  # pages in one commit
PARTS = ("start", "fetch", "hash", "sign", "files")


def start(_pages: int) -> None:
    import click  # noqa: F401
    import cryptography.hazmat.primitives.asymmetric.ed25519  # noqa: F401
    import requests  # noqa: F401
    import yaml  # noqa: F401


def fetch(pages: int) -> None:
    host, port = os.environ["FLOOR_SITE"].removeprefix("http://").split(":")
    received = 0
    for number in range(pages):
        with socket.create_connection((host, int(port))) as line:
            line.sendall(b"GET /%d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % number)
            while piece := line.recv(65536):
                received += len(piece)
    if received < 100_000 * pages:
        sys.exit("the site did not send its pages")


def digests(pages: int) -> None:
    page = os.urandom(SIZES[0])
    for _ in range(4 * pages):
        hashlib.sha256(page).digest()


def sign(pages: int) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key, message = Ed25519PrivateKey.generate(), os.urandom(SIZES[3])
    for _ in range(pages):
        key.sign(message)


def files(pages: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    data = [os.urandom(size) for size in SIZES]
    name = tempfile.mkdtemp(dir=os.environ["FLOOR_FOLDER"])  # removed at the very end: see bench/capture.py
    for folder in ("tmp", *(f"{number:02x}" for number in range(256))):
        Path(name, folder).mkdir()
    whole = os.open(name, os.O_RDONLY)
    begun = time.perf_counter(), time.process_time()
    for first in range(0, pages, GROUP):
        made = []
        for page in range(first, min(first + GROUP, pages)):
            for part, content in enumerate(data):
                path = f"{name}/tmp/{page}-{part}"
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
                os.write(handle, content)
                os.close(handle)
                made.append((path, f"{name}/{(page * 5 + part) * 37 % 256:02x}/{page}-{part}"))
        library.syncfs(whole)
        for old, new in made:
            os.rename(old, new)
        library.syncfs(whole)
    print(time.perf_counter() - begun[0], time.process_time() - begun[1])
    os.close(whole)


def measure(part: str, pages: int, environment: dict[str, str]) -> tuple[float, float]:
    """Wall and processor seconds of a part in a process of its own."""
    command = [sys.executable, __file__, "--part", part, "--pages", str(pages)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    wall, spent = done.stdout.split()[-2:]
    return float(wall), float(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--part", choices=PARTS)
    wanted = parser.parse_args()
    if wanted.part is not None:
        # What the interpreter took by now counts for the start alone.
        begun = (0.0, 0.0) if wanted.part == "start" else (time.perf_counter(), time.process_time())
        {"start": start, "fetch": fetch, "hash": digests, "sign": sign, "files": files}[wanted.part](wanted.pages)
        if wanted.part == "start":
            print(time.process_time(), time.process_time())
        elif wanted.part != "files":
            print(time.perf_counter() - begun[0], time.process_time() - begun[1])
        return
    site = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("pages.py")), str(wanted.pages)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert site.stdout is not None and site.stdin is not None
    total = [0.0, 0.0]
    with tempfile.TemporaryDirectory(prefix="floor-") as folder:
        environment = {**os.environ, "FLOOR_SITE": site.stdout.readline().strip(), "FLOOR_FOLDER": folder}
        for part in PARTS:
            runs = [measure(part, wanted.pages, environment) for _ in range(3)]
            wall, spent = (statistics.median(values) for values in zip(*runs, strict=True))
            total = [total[0] + wall, total[1] + spent]
            print(json.dumps({"part": part, "seconds": round(wall, 3), "cpu": round(spent, 3)}), flush=True)
    said = {"what": f"least for {wanted.pages} pages", "seconds one after the other": round(total[0], 3)}
    print(json.dumps({**said, "cpu": round(total[1], 3), "load": round(os.getloadavg()[0], 1)}))
    site.stdin.close()
    site.wait()


if __name__ == "__main__":
    main()
