"""`init`, `capture`, `log`, `show`, `statements`, `read` as a user types them, over real HTTP."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from newsroom import Newsroom
from terminal import User

LOCAL = ("--allow-private", "--delay", "0")


def test_init_makes_an_archive_and_says_what_to_keep(user: User) -> None:
    result = user.ok("init", user.archive, "--no-passphrase")
    assert "recovery" in result.out
    assert "identity" in result.out
    assert "not encrypted" in result.out
    keys = sorted(path.name.split("-", 2)[2] for path in (user.home / "keys").iterdir())
    assert keys == ["log", "log.guard", "log.guard.lock", "recovery", "recovery.pub", "signer", "signer.pub"]
    private = [path for path in (user.home / "keys").iterdir() if path.suffix != ".lock"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in private)


def test_init_without_a_terminal_asks_for_a_decision(user: User) -> None:
    result = user("init", user.archive)
    assert result.code == 2
    assert "--no-passphrase" in result.err
    assert not user.archive.exists()


def test_init_takes_the_passphrase_from_the_environment(user: User, site: Newsroom) -> None:
    passphrase = {"ARCHIVER_PASSPHRASE": "correct horse"}
    assert user("init", user.archive, environment=passphrase).code == 0
    wrong = user("capture", *LOCAL, site.url("/notes/bees"), environment={"ARCHIVER_PASSPHRASE": "battery staple"})
    assert (wrong.code, wrong.out) == (3, "")
    assert "passphrase" in wrong.err
    without = user("capture", *LOCAL, site.url("/notes/bees"))
    assert without.code == 2
    assert "ARCHIVER_PASSPHRASE" in without.err
    assert site.requests == [], "nothing is asked for before the keys are open"
    assert user("capture", *LOCAL, site.url("/notes/bees"), environment=passphrase).code == 0


def test_init_does_not_touch_what_is_there(user: User) -> None:
    user.init()
    again = user("init", user.archive, "--no-passphrase")
    assert again.code in (2, 3)
    assert "archive" in again.err
    full = user.folder / "full"
    full.mkdir()
    (full / "thesis.txt").write_text("mine")
    assert user("init", full, "--no-passphrase").code in (2, 3)
    assert [path.name for path in full.iterdir()] == ["thesis.txt"]


def test_capture_without_an_archive_says_what_to_type(user: User, site: Newsroom) -> None:
    result = user("capture", site.url("/notes/bees"))
    assert result.code == 3
    assert "archiver init" in result.err


def test_capture_log_show(user: User, site: Newsroom) -> None:
    user.init()
    result = user.ok("capture", *LOCAL, "--case", "harbour", "--tag", "crane", site.url("/wire/harbour-crane"))
    assert "sealed" in result.out
    assert " statements" in result.out
    row = user.ok("log", "--json").lines()[0]
    assert (row["number"], row["reading"], row["kind"], row["case"]) == (1, 2, "article", "harbour")
    shown = user.ok("show", "1").out
    for words in ("Port Arlen crane collapse", "Maren Oskdale (json-ld)", "2#s1", "200 OK", "no TLS", "requisites"):
        assert words in shown
    facts = user.ok("show", "latest", "--json").json()["snapshot"]["facts"]
    assert (facts["case"], facts["tags"], facts["complete"], facts["missing"]) == (
        "harbour",
        ["crane"],
        False,
        ["requisites"],
    )
    assert user.ok("show", "2#s1", "--json").json()["statements"][0]["id"] == "s1"
    assert user.ok("show", site.url("/wire/harbour-crane")).out == user.ok("show", "1").out


def test_full_record_is_yaml_for_people(user: User, site: Newsroom) -> None:
    import yaml

    user.init()
    user.ok("capture", *LOCAL, site.url("/gazette/ferry"))
    assert yaml.safe_load(user.ok("show", "1", "--full").out) == user.ok("show", "1", "--json").json()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/old/hard", "error"),
        ("/old/soft", "soft 404"),
        ("/check/challenge", "challenge"),
        ("/check/challenge-200", "challenge"),
        ("/news/quay-market", "consent wall"),
        ("/premium/dam", "paywall"),
        ("/nothing", "empty"),
        ("/app/tram-fares", "script only"),
    ],
)
def test_pages_that_are_no_articles_are_sealed_and_called_so(user: User, site: Newsroom, path: str, kind: str) -> None:
    user.init()
    result = user("capture", *LOCAL, site.url(path))
    assert result.code == 1
    assert "no article" in result.out
    assert f"{kind}:" in result.out
    row = user.ok("log", "--json").lines()[0]
    assert row["kind"] == kind


def test_a_private_address_is_refused(user: User, site: Newsroom) -> None:
    user.init()
    result = user("capture", site.url("/notes/bees"))
    assert result.code == 1
    assert "loopback" in result.out
    assert site.requests == []
    assert user.ok("log", "--json").out == ""


def test_keep_failed_seals_a_visit_without_response(user: User) -> None:
    user.init()
    result = user("capture", *LOCAL, "--keep-failed", "http://127.0.0.1:9/")
    assert result.code == 1
    assert user.ok("log", "--json").lines()[0]["status"] == "no response"


def test_lists_duplicates_and_json(user: User, site: Newsroom) -> None:
    user.init()
    listed = user.folder / "list.csv"
    listed.write_text(
        f"url,case,note\n{site.url('/notes/bees')},bees,first\n{site.url('/gazette/ferry')},,\n{site.url('/notes/bees')},x,\n"
    )
    result = user("capture", *LOCAL, "--json", "--from", listed)
    assert result.code == 0
    *rows, end = result.lines()
    assert [row["state"] for row in rows] == ["sealed", "sealed"]
    assert (end["targets"], end["sealed"], end["left"]) == (2, 2, 0)
    assert {row["case"] for row in user.ok("log", "--json").lines()} == {"bees", None}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "nothing to capture"),
        (("ftp://example.org/",), "http"),
        (("https://user:secret@example.org/",), "user name"),
        (("no-such-file.html",), "no such file"),
        (("--jobs", "0", "https://example.org"), "--jobs"),
        (("--cookie", "nonsense", "https://example.org"), "cookie"),
        (("--from", "nowhere.txt"), "nowhere.txt"),
        (("--proxy", "gopher://x", "https://example.org"), "proxy"),
        (("--resume", "2099"), "run"),
        (("--total-seconds", "0", "https://example.org"), "total-seconds"),
    ],
)
def test_what_is_mistyped_is_explained(user: User, arguments: tuple[str, ...], words: str) -> None:
    user.init()
    result = user("capture", *arguments)
    assert result.code in (2, 3)
    assert result.out == ""
    assert words in result.err
    assert "Traceback" not in result.err
    assert "secret" not in result.err


def test_local_files(user: User, tmp_path: Path) -> None:
    user.init()
    page = tmp_path / "saved.html"
    said = "<p>“We never agreed to that,” Ada Quill told reporters on Monday.</p>"
    padding = "<p>The council met for the third time this month, and once more it did not come to a decision.</p>" * 6
    page.write_text(f"<html lang=en><title>Council</title><h1>Council</h1>{said}{padding}", "utf-8")
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.7\n...")
    result = user.ok("capture", page, tmp_path / "scan.pdf")
    assert result.out.count("sealed") >= 2
    shown = user.ok("show", "1").out + user.ok("show", "latest").out
    assert "local file" in shown
    assert "Ada Quill" in shown
    assert str(tmp_path) not in json.dumps([user.ok("show", "1", "--json").json()]), "no path of this machine is sealed"


def test_read_later(user: User, site: Newsroom) -> None:
    user.init()
    user.ok("capture", *LOCAL, "--read-later", site.url("/wire/harbour-crane"), site.url("/moved"))
    assert {row["status"] for row in user.ok("log", "--json").lines()} == {"not read yet"}
    assert user.ok("read", "--all").out.count("read as number") == 2
    assert {row["kind"] for row in user.ok("log", "--json").lines()} == {"article"}
    assert "Nothing to read" in user.ok("read", "--all").out
    again = user.ok("read", "1", "--json").lines()[0]
    assert again["replaces"] is not None
    first = user.ok("show", str(again["replaces"]), "--json").json()
    second = user.ok("show", str(again["reading"]), "--json").json()
    assert [s["id"] for s in first["statements"]] == [s["id"] for s in second["statements"]]
    assert user("read").code == 2


def test_statements_seals_nothing(user: User, site: Newsroom, tmp_path: Path) -> None:
    page = tmp_path / "a.txt"
    page.write_text("“We never agreed to that,” Ada Quill told reporters on Monday.\n", encoding="utf-8")
    found = user.ok("statements", page, "--json").json()
    assert found["statements"][0]["speaker"]["name"] == "Ada Quill"
    assert "salt" not in found["statements"][0]
    live = user.ok("statements", "--allow-private", site.url("/wire/harbour-crane")).out
    assert " statements in " in live
    assert user("statements", "latest").code == 3, "there is no archive"
    user.init()
    user.ok("capture", *LOCAL, site.url("/wire/harbour-crane"))
    sealed = user.ok("statements", "latest", "--json").json()["statements"]
    assert f"{len(sealed)} statements" in live
    assert len(sealed) >= 8


def test_references(user: User, site: Newsroom) -> None:
    user.init()
    assert user("show", "latest").code == 3
    user.ok("capture", *LOCAL, site.url("/gazette/ferry"))
    digest = user.ok("log", "--json").lines()[0]["digest"]
    assert user.ok("show", digest[:20]).out == user.ok("show", "1").out
    for ref, words in (
        ("7", "no number 7"),
        ("1#s99", "no statement s99"),
        ("bees", "names nothing"),
        ("sha256:12", "at least 8"),
        ("https://elsewhere.example/", "never captured"),
        (site.url("/gazette/ferry") + "#s1", "--statement"),
    ):
        result = user("show", ref)
        assert result.code in (2, 3)
        assert words in result.err


def test_unknown_commands_are_guessed(user: User) -> None:
    result = user("captrue")
    assert result.code == 2
    assert "archiver capture" in result.err


def test_a_closed_pipe_is_no_error(user: User, site: Newsroom) -> None:
    user.init()
    user.ok("capture", *LOCAL, site.url("/live/flood"))
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m archiver show 1 | head -n 1"],
        capture_output=True,
        env=dict(os.environ),
        check=False,
    )
    assert done.stderr == b""


def test_interrupted_run_is_resumed_without_capturing_twice(user: User, site: Newsroom) -> None:
    user.init()
    paths = [
        path for path in site.pages if path.startswith(("/wire", "/local", "/notes", "/de", "/fr", "/talk", "/weekly"))
    ]
    listed = user.folder / "list.txt"
    listed.write_text("".join(site.url(path) + "\n" for path in paths))
    with (user.archive / "archive.yaml").open("a") as settings:
        settings.write("per_host: 1\ndelay_seconds: 1\n")
    child = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "archiver",
            "capture",
            "--allow-private",
            "--jobs",
            "1",
            "--json",
            "--from",
            str(listed),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ),
    )
    deadline = time.monotonic() + 30
    while not site.requests and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.2)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=30)
    assert child.returncode == 130, err
    assert b"--resume" in err
    sealed = sum(1 for line in out.split(b"\n") if b'"state":"sealed"' in line)
    assert 1 <= sealed < len(paths)
    result = user.ok("capture", "--allow-private", "--delay", "0", "--resume", "--json")
    assert sum(1 for row in result.lines() if row.get("state") == "sealed") == len(paths) - sealed
    urls = [row["url"] for row in user.ok("log", "--all", "--json").lines()]
    assert sorted(urls) == sorted(site.url(path) for path in paths)
    assert user("capture", "--resume").code == 3, "no run is left to resume"


def test_a_visit_that_was_interrupted_is_made_by_resume(user: User) -> None:
    """The server had not answered when Ctrl-C came: nothing is known of the page, so it is not done."""
    page = b"<!doctype html><title>Late</title><article><p>The answer came late, and it came whole.</p></article>"
    user.init()
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/late"
        child = subprocess.Popen(
            [sys.executable, "-m", "archiver", "capture", "--allow-private", "--browser=never", address],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        server.settimeout(30)
        with server.accept()[0]:
            child.send_signal(signal.SIGINT)
            _, err = child.communicate(timeout=30)
        assert child.returncode == 130, err
        assert b"--resume" in err

        def answer() -> None:
            with server.accept()[0] as connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n" + page)

        thread = threading.Thread(target=answer)
        thread.start()
        user("capture", "--allow-private", "--browser=never", "--resume")
        thread.join(30)
    (row,) = user.ok("log", "--all", "--json").lines()
    assert row["url"] == address


def test_completion_scripts(user: User) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "_ARCHIVER_COMPLETE" in user.ok("completion", shell).out


def test_archive_is_named_before_or_behind_the_command(user: User, site: Newsroom, tmp_path: Path) -> None:
    user.init()
    other = tmp_path / "other"
    user.ok("init", other, "--no-passphrase")
    user.ok("capture", *LOCAL, "--archive", other, site.url("/gazette/ferry"))
    assert user.ok("log", "--json").out == "", "the default archive is untouched"
    assert len(user.ok("--archive", other, "log", "--json").lines()) == 1
    assert user.ok("log", "--archive", other, "--json").out == user.ok("--archive", other, "log", "--json").out
    assert user("log", "--archive", tmp_path / "nowhere").code == 3
