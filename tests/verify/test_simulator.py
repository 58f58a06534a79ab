"""The simulator makes archives that the verifier finds whole."""

from __future__ import annotations

from pathlib import Path

from simulator import Simulator

from archiver.verify.policy import Policy
from archiver.verify.run import verify


def trusting(archive: Simulator) -> Policy:
    return Policy(archives={archive.identity: "the simulator"})


def test_everything_it_can_add_verifies() -> None:
    archive = Simulator(seed=1).capture().snapshot(redirects=["https://news.example/old"]).reading()
    archive.local_file("Ann Lee wrote: “No.”\n".encode()).reading().no_response().note().export()
    archive.stamp().rotate().capture()
    report = verify(archive, trusting(archive))
    assert not [f for f in report.findings if f.weight.value == "failed"], report.findings


def test_the_same_seed_gives_the_same_bytes() -> None:
    one, other = (Simulator(seed=7).capture() for _ in range(2))
    differ = [name for name in one.names() if one.files[name] != other.files[name]]
    assert all(name.startswith("log/checkpoint") for name in differ), "only ML-DSA lines are random"
    assert Simulator(seed=8).identity != one.identity


def test_it_can_be_laid_out_as_a_folder(tmp_path: Path) -> None:
    archive = Simulator().capture()
    archive.write_to(tmp_path)
    found = {str(p.relative_to(tmp_path)): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert found == archive.files


def test_copies_go_their_own_way() -> None:
    archive = Simulator().capture()
    other = archive.copy().note()
    assert other.last == archive.last + 1
    assert archive.files["log/checkpoint"] != other.files["log/checkpoint"]
