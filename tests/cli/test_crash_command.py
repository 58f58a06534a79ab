"""`kill -9` in the middle of a capture, whenever: after `--resume` every page is sealed, once, and all verifies."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys

import pytest
from newsroom import Newsroom
from terminal import User

PATHS = ("/wire/harbour-crane", "/local/reservoir", "/notes/bees", "/gazette/ferry", "/de/bruecke", "/fr/phare")


@pytest.mark.parametrize("seed", [1, 2, *(pytest.param(n, marks=pytest.mark.slow) for n in range(3, 23))])
def test_killed_again_and_again(user: User, site: Newsroom, seed: int) -> None:
    chance = random.Random(seed)
    user.init()
    listed = user.folder / "list.txt"
    addresses = [site.url(f"{path}?{n}") for path in PATHS for n in range(3)]
    for path in PATHS:
        for n in range(3):
            site.put(f"{path}?{n}", site.pages[path])
    listed.write_text("".join(f"{address}\n" for address in addresses))
    with (user.archive / "archive.yaml").open("a") as settings:
        settings.write("per_host: 4\ndelay_seconds: 0\n")
    command = [sys.executable, "-m", "archiver", "capture", "--allow-private", "--jobs", "3"]
    began = False
    for _ in range(4):
        rest = ["--resume"] if began else ["--from", str(listed)]
        child = subprocess.Popen(
            [*command, *rest], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )
        try:
            child.communicate(timeout=0.35 + 0.5 * chance.random())
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
        began = began or any((user.archive / "runs").glob("*.jsonl"))
    last = (
        user("capture", "--allow-private", "--resume")
        if began
        else user.ok("capture", "--from", listed, "--allow-private")
    )
    assert last.code == 0 or "no interrupted run" in last.err, last.err
    captured = [row["url"] for row in user.ok("log", "--all", "--json").lines()]
    assert sorted(captured) == sorted(addresses)
    report = user.ok("verify", "--json").json()
    assert [f for f in report["findings"] if f["weight"] == "failed"] == []
