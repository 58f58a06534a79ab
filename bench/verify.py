"""How fast and in how much memory is verified, against what the machine needs at least.

    python bench/verify.py [--manifests 100000] [--object-mb 256] [--jobs 2] [--rounds 3]

seal      an archive of that many manifests is verified (`--depth seal`), and compared with the bare cost of its Ed25519
          verifications and hashes in as many processes: for each manifest SHA-512 (SSHSIG), the verification, SHA-256
          of manifest and of signature file (`previous`), the leaf and one inner node. Limit 1.5.
objects   an archive with 4 objects of that size (`--depth objects`), compared with as many `openssl dgst -sha256` over
          the same files in as many processes. Limit: 0.8 of openssl's speed.

Each is measured in rounds, one after the other, in the same run; medians and their ratio are printed: of wall time,
which counts on a quiet machine, and of processor time, which others disturb less. Peak memory is that of the verifying
process (VmHWM) and of its largest worker (ru_maxrss). Everything lies in a temporary folder, in the page cache.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

# The processes of a verification import this module again, as they would the script of a command: nothing that they do
# not need is imported here.
if TYPE_CHECKING:
    from archiver.verify.policy import Depth

TESTS = Path(__file__).resolve().parents[1] / "tests"

COMMIT = 500  # manifests a commit: a batch of captures
NAMESPACE = "archiver-manifest-v1"


def build_chain(root: Path, count: int) -> None:
    """An archive of `count` manifests: snapshots with three objects each, which are not there. (`seal` needs none.)"""
    sys.path.insert(0, str(TESTS))
    from simulator import Simulator

    from archiver.model.manifest import ObjectRef, Tree, encode

    archive = Simulator()

    def ref(number: int, role: str, size: int, media_type: str, tree: Tree | None = None) -> ObjectRef:
        name = "sha256:" + hashlib.sha256(f"{number} {role}".encode()).hexdigest()
        return ObjectRef(role, name, size, media_type, segments=tree)

    while archive.last < count - 1:
        with archive.batch():
            for number in range(archive.last + 1, min(count, archive.last + 1 + COMMIT)):
                tree = Tree(21, "sha256:" + hashlib.sha256(b"%d" % number).hexdigest())
                objects = (
                    ref(number, "facts", 1830, "application/json"),
                    ref(number, "warc", 48213, "application/warc", tree),
                    ref(number, "segment-secret", 32, "application/octet-stream"),
                )
                archive.raw(encode(archive.draft("snapshot", objects)))
        for name in [name for name in archive.files if ".p/" in name and not name.startswith("log/tile/2")]:
            if name.split(".p/")[0] in archive.files:
                del archive.files[name]  # covered by a full tile
    archive.write_to(root)


def build_objects(root: Path, count: int, size: int) -> list[Path]:
    """An archive with objects of `size` bytes; their paths."""
    sys.path.insert(0, str(TESTS))
    from simulator import Simulator

    from archiver.model.manifest import ObjectRef, encode
    from archiver.verify.layout import object_path

    archive = Simulator()
    paths = []
    for number in range(count):
        data = hashlib.shake_256(b"%d" % number).digest(1 << 20) * (size >> 20)
        name = "sha256:" + hashlib.sha256(data).hexdigest()
        path = root / object_path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        paths.append(path)
        objects = (archive.remark(), ObjectRef("film", name, size, "video/mp4"))
        archive.raw(encode(archive.draft("note", objects, subject=archive.identity)))
    archive.write_to(root)
    return paths


def bare(root: str, start: int, stop: int) -> tuple[float, float]:
    """Wall and processor seconds for the cryptography of some manifests, which were read before; nothing else."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from archiver.signing import sshsig
    from archiver.signing.keys import PublicKey
    from archiver.verify.layout import manifest_path

    material = []
    for number in range(start, stop):
        path = Path(root) / manifest_path(number)
        armored = path.with_name(path.name + ".sig").read_bytes()
        material.append((path.read_bytes(), armored, sshsig.parse(armored)))
    key = Ed25519PublicKey.from_public_bytes(PublicKey(material[0][2].public_blob).raw)
    frame = sshsig.signed_data(b"", NAMESPACE)[:-64]
    sha256, sha512, check = hashlib.sha256, hashlib.sha512, key.verify
    begun, spent = time.perf_counter(), time.process_time()
    for data, armored, signature in material:
        check(signature.signature, frame + sha512(data).digest())
        sha256(data).digest()
        sha256(armored).digest()
        leaf = sha256(b"\x00" + data).digest()
        sha256(b"\x01" + leaf + leaf).digest()
    return time.perf_counter() - begun, time.process_time() - spent


def measure_bare(pool: ProcessPoolExecutor, root: Path, count: int, jobs: int) -> tuple[float, float]:
    """Wall seconds of the slowest of `jobs` processes that share the manifests, processor seconds of all."""
    edges = [count * job // jobs for job in range(jobs + 1)]
    found = list(pool.map(bare, [str(root)] * jobs, edges, edges[1:]))
    return max(wall for wall, _ in found), sum(spent for _, spent in found)


def child(root: str, depth: Depth, jobs: int) -> None:
    """One verification, in a process of its own: prints seconds and peak memory as JSON."""
    from archiver.store.folder import ArchiveFolder
    from archiver.verify.policy import Policy
    from archiver.verify.run import verify

    folder = ArchiveFolder(Path(root))
    begun, before = time.perf_counter(), sum(os.times()[:4])
    report = verify(folder, Policy(depth=depth), jobs=jobs)
    seconds = time.perf_counter() - begun
    if report.failed:
        raise SystemExit(f"the archive does not verify: {report.findings[:3]}")
    worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    spent = sum(os.times()[:4]) - before
    print(json.dumps({"seconds": seconds, "spent": spent, "peak": own_peak(), "worker": worker}))


def own_peak() -> float:
    """Peak memory of this process in MB. (ru_maxrss of Linux counts what the parent had before exec.)"""
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)


def measure_verify(root: Path, depth: Depth, jobs: int) -> dict[str, float]:
    """What `child` prints."""
    command = [sys.executable, __file__, "--child", str(root), depth, str(jobs)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure_openssl(paths: list[Path], jobs: int) -> float:
    """Wall seconds of `jobs` openssl processes that share the files."""
    begun = time.perf_counter()
    running = [
        subprocess.Popen(["openssl", "dgst", "-sha256", *map(str, paths[job::jobs])], stdout=subprocess.DEVNULL)
        for job in range(jobs)
    ]
    if any(process.wait() for process in running):
        raise SystemExit("openssl failed")
    return time.perf_counter() - begun


def run_seal(count: int, jobs: int, rounds: int) -> bool:
    """The chain; whether it keeps its limits."""
    with tempfile.TemporaryDirectory(prefix="archiver-bench-") as name, ProcessPoolExecutor(jobs) as pool:
        root = Path(name)
        subprocess.run([sys.executable, __file__, "--build", name, str(count)], check=True)
        bares, whole, spent, found = [], [], [], {"peak": 0.0, "worker": 0.0}
        for _ in range(rounds):
            wall, processor = measure_bare(pool, root, count, jobs)
            found = measure_verify(root, "seal", jobs)
            bares.append(wall)
            whole.append(found["seconds"])
            spent.append(found["spent"] / processor)
        ratio = statistics.median(whole) / statistics.median(bares)
        print(f"seal: {count} manifests, {jobs} processes, medians of {rounds}")
        print(f"  bare Ed25519 and hashes  {statistics.median(bares):8.2f} s   {[round(x, 2) for x in bares]}")
        print(f"  verify --depth seal      {statistics.median(whole):8.2f} s   {[round(x, 2) for x in whole]}")
        print(f"  ratio of processor time {statistics.median(spent):.2f}   {[round(x, 2) for x in spent]}")
        print(f"  ratio {ratio:.2f} (limit 1.5); peak memory {found['peak']:.0f} MB, worker {found['worker']:.0f} MB")
        return ratio <= 1.5 and found["peak"] < 300


def run_objects(megabytes: int, jobs: int, rounds: int) -> bool:
    """Large objects; whether they keep their limit."""
    with tempfile.TemporaryDirectory(prefix="archiver-bench-") as name:
        root = Path(name)
        paths = build_objects(root, 4, megabytes << 20)
        openssl, whole, found = [], [], {"peak": 0.0, "worker": 0.0}
        for _ in range(rounds):
            openssl.append(measure_openssl(paths, jobs))
            found = measure_verify(root, "objects", jobs)
            whole.append(found["seconds"])
        speed = statistics.median(openssl) / statistics.median(whole)
        print(f"objects: 4 of {megabytes} MB, {jobs} processes, medians of {rounds}")
        print(f"  openssl dgst -sha256     {statistics.median(openssl):8.2f} s   {[round(x, 2) for x in openssl]}")
        print(f"  verify --depth objects   {statistics.median(whole):8.2f} s   {[round(x, 2) for x in whole]}")
        print(f"  {speed:.2f} of openssl's speed (limit 0.8); peak memory {found['peak']:.0f} MB")
        return speed >= 0.8


def main() -> int:
    """Run both; exit code 1 if a limit is not kept."""
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3], int(sys.argv[4]))  # type: ignore[arg-type]
        return 0
    if sys.argv[1:2] == ["--build"]:
        build_chain(Path(sys.argv[2]), int(sys.argv[3]))
        return 0
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--manifests", type=int, default=100_000)
    parser.add_argument("--object-mb", type=int, default=256)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    good = run_seal(arguments.manifests, arguments.jobs, arguments.rounds)
    good = run_objects(arguments.object_mb, arguments.jobs, arguments.rounds) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
