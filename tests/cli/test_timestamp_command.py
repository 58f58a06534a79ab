"""`archiver timestamp` against real authorities: openssl behind HTTP on loopback, and everything that they do wrong."""

from __future__ import annotations

import shlex
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from newsroom import Newsroom
from ots_calendar import Calendar, easy
from terminal import User
from tsa_server import MODES, Tsa

from archiver.archive import Archive
from archiver.store.home import Home

PAGE = "/wire/harbour-crane"


@pytest.fixture
def tsa(tmp_path: Path) -> Iterator[Tsa]:
    with Tsa(tmp_path / "tsa") as running:
        yield running


def configured(user: User, tsa: Tsa, *, pinned: bool = True, after: bool = False) -> None:
    """An archive whose settings name the authority `one`, with its root pinned."""
    user.init()
    settings = user.archive / "archive.yaml"
    lines = f'timestamp:\n  after_capture: {str(after).lower()}\n  authorities: [{{name: one, url: "{tsa.url}"}}]\n'
    settings.write_text(settings.read_text() + "allow_private: true\n" + lines)
    if pinned:
        folder = user.archive / "trust" / "tsa"
        folder.mkdir()
        (folder / "one.pem").write_bytes(tsa.root_path.read_bytes())


def stamps(user: User) -> list[str]:
    return sorted(p.name for p in (user.archive / "log" / "checkpoints").iterdir() if "." in p.name)


def test_stamped_sealed_verified_and_judged_by_openssl(user: User, tsa: Tsa) -> None:
    configured(user, tsa)
    result = user.ok("timestamp", "--json")
    stamp, end = result.lines()
    assert stamp["state"] == "stamped" and stamp["confirmed"] and end == {"stamps": 1, "sequence": 1}
    assert stamps(user) == ["1.one.tsq", "1.one.tsr"]
    report = user.ok("verify", "--json", "--require", "timestamp").json()
    assert report["steps"][12]["outcome"] == "passed" and report["verdict"].startswith("verified")
    folder = user.archive / "log" / "checkpoints"
    words = ["openssl", "ts", "-verify", "-in", "1.one.tsr", "-CAfile", user.archive / "trust" / "tsa" / "one.pem"]
    for given in (["-data", "1"], ["-queryfile", "1.one.tsq"]):
        subprocess.run([*words, *given], cwd=folder, check=True, capture_output=True, timeout=30)
    assert subprocess.run([*words, "-data", "1.one.tsq"], cwd=folder, capture_output=True, timeout=30).returncode
    # The request says how it was asked.
    text = subprocess.run(
        ["openssl", "ts", "-query", "-in", folder / "1.one.tsq", "-text"], capture_output=True, timeout=30, check=True
    ).stdout.decode()
    assert "sha256" in text and "Certificate required: yes" in text and "Nonce: 0x" in text


def test_stamps_alone_are_nothing_new(user: User, tsa: Tsa, site: Newsroom) -> None:
    configured(user, tsa)
    user.ok("timestamp")
    assert "Nothing is owed" in user.ok("timestamp").out and len(tsa.asked) == 1
    user.ok("capture", site.url(PAGE))
    user.ok("timestamp")
    assert stamps(user)[2:] == ["4.one.tsq", "4.one.tsr"]
    report = user.ok("verify", "--json").json()
    assert [bound["size"] for bound in report["times"]] == [1, 4]


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode not in ("good", "slow")])
def test_what_is_no_answer_is_not_kept(user: User, tsa: Tsa, mode: str) -> None:
    configured(user, tsa)
    tsa.mode = mode
    result = user("timestamp")
    assert result.code == 1 and "failed" in result.out and "error" in result.out
    assert stamps(user) == [] and Archive(user.archive, Home.of_user()).size() == 1
    tsa.mode = "good"
    user.ok("timestamp")  # it was owed, and still is
    assert stamps(user) == ["1.one.tsq", "1.one.tsr"]


def test_without_a_pinned_root_it_is_kept_and_called_unverified(user: User, tsa: Tsa) -> None:
    configured(user, tsa, pinned=False)
    result = user("timestamp")
    assert result.code == 4 and "no root is pinned" in result.out and "CN=One root" in result.out
    report = user.ok("verify", "--json").json()
    assert report["steps"][12]["outcome"] == "not checked" and report["times"] == []
    assert user("verify", "--require", "timestamp").code == 4
    user.ok("timestamp", "--tsa", "one", "--pin", tsa.root_path)
    assert user.ok("verify", "--json").json()["steps"][12]["outcome"] == "passed"
    assert user("timestamp", "--pin", tsa.root_path).code == 2  # for which one?


def test_another_root_never_replaces_a_pinned_one(user: User, tsa: Tsa, tmp_path: Path) -> None:
    configured(user, tsa)
    (tmp_path / "other.pem").write_bytes(tsa.foreign.root.pem)
    result = user("timestamp", "--tsa", "one", "--pin", tmp_path / "other.pem")
    assert result.code == 3 and "another root is pinned" in result.err
    (tmp_path / "leaf.pem").write_bytes(tsa.chain.signer.pem)
    result = user("timestamp", "--tsa", tsa.url + "/2", "--pin", tmp_path / "leaf.pem")
    assert result.code == 3 and "holds no root" in result.err


def test_others_believe_their_own_roots_and_not_the_archive_s(
    user: User, tsa: Tsa, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    configured(user, tsa)
    user.ok("timestamp")
    monkeypatch.setenv("ARCHIVER_CONFIG_DIR", str(tmp_path / "other"))
    report = user("verify", user.archive, "--json").json()
    assert report["steps"][12]["outcome"] == "not checked" and "no root is pinned" in report["steps"][12]["why"]
    report = user("verify", user.archive, "--json", "--tsa-root", tsa.root_path).json()
    assert report["steps"][12]["outcome"] == "passed" and report["times"][0]["by"] == "root"
    (tmp_path / "other" / "tsa").mkdir(parents=True)
    (tmp_path / "other" / "tsa" / "city.pem").write_bytes(tsa.root_path.read_bytes())
    assert user("verify", user.archive, "--json").json()["times"][0]["by"] == "city"


def test_after_a_capture_and_never_in_its_way(user: User, tsa: Tsa, site: Newsroom) -> None:
    configured(user, tsa, after=True)
    result = user.ok("capture", site.url(PAGE))
    assert "stamped by one: checkpoint of 3 manifests" in result.err and stamps(user) == ["3.one.tsq", "3.one.tsr"]
    for mode in ("garbage", "error"):
        tsa.mode = mode
        result = user.ok("capture", site.url(PAGE))
        assert "not stamped by one" in result.err
    user.ok("capture", "--json", site.url(PAGE))
    tsa.mode = "good"
    assert "stamped by one" in user.ok("recheck", "1").err
    assert user.ok("verify", "--require", "timestamp").code == 0


def test_private_addresses_are_refused_and_the_proxy_is_used(user: User, tsa: Tsa) -> None:
    configured(user, tsa)
    settings = user.archive / "archive.yaml"
    settings.write_text(settings.read_text().replace("allow_private: true\n", ""))
    result = user("timestamp")
    assert result.code == 1 and "loopback" in result.out and not tsa.asked
    result = user("timestamp", "--allow-private", "--proxy", "http://127.0.0.1:9")
    assert result.code == 1 and "proxy" in result.out and not tsa.asked
    settings.write_text(settings.read_text() + "require_proxy: true\n")
    assert user("timestamp", "--allow-private").code == 2 and not tsa.asked


def test_what_was_placed_before_a_crash_is_listed_by_the_next_run(user: User, tsa: Tsa) -> None:
    from archiver.store.beside import place_beside

    configured(user, tsa)
    user.ok("timestamp")
    checkpoint = (user.archive / "log" / "checkpoints" / "2").read_bytes()
    from archiver.stamps.rfc3161 import build_request

    request = build_request(checkpoint, 99)
    archive = Archive(user.archive, Home.of_user())
    files = {"log/checkpoints/2.one.tsq": request, "log/checkpoints/2.one.tsr": tsa.reply(request)}
    assert place_beside(archive.disk, files) == files
    assert place_beside(archive.disk, dict.fromkeys(files, b"other")) == files  # never replaced
    result = user.ok("timestamp")
    assert "kept" in result.out and "Sealed as number 2" in result.out and len(tsa.asked) == 1
    assert [bound["size"] for bound in user.ok("verify", "--json").json()["times"]] == [1, 2]


def test_old_stamps_are_known_to_be_listed(
    user: User, tsa: Tsa, site: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archiver.work.stamping.RECENT", 2)
    configured(user, tsa)
    user.ok("timestamp")
    for _ in range(2):
        user.ok("capture", site.url(PAGE))
        user.ok("timestamp")
    assert "Nothing is owed" in user.ok("timestamp").out and len(tsa.asked) == 3
    assert "Nothing is owed" in user.ok("timestamp", "--all-missing").out
    assert user.ok("verify", "--json").json()["steps"][12]["outcome"] == "passed"


def test_a_file_that_somebody_dropped_in_stops_nothing(user: User, tsa: Tsa, site: Newsroom) -> None:
    configured(user, tsa)
    for size in (1, 900):
        (user.archive / "log" / "checkpoints" / f"{size}.one.tsr").write_bytes(b"junk")
    result = user("timestamp")
    assert result.code == 1 and not tsa.asked  # it says so, and does not overwrite it
    user.ok("capture", site.url(PAGE))
    result = user("timestamp")
    assert "stamped" in result.out and len(tsa.asked) == 1


def test_every_missing_one_and_renewal(user: User, tsa: Tsa, site: Newsroom) -> None:
    configured(user, tsa)
    user.ok("capture", site.url(PAGE))
    user.ok("timestamp", "--all-missing")
    assert stamps(user) == ["1.one.tsq", "1.one.tsr", "3.one.tsq", "3.one.tsr"]
    assert "Nothing is owed" in user.ok("timestamp", "--all-missing").out
    assert "Nothing is owed" in user.ok("timestamp", "--renew").out
    user.ok("timestamp", "--renew", "--within", "3650")  # the certificates end in ten years
    report = user.ok("verify", "--json").json()
    assert [(bound["size"], bound["renewed"]) for bound in report["times"]] == [(1, True), (3, True), (4, False)]


def test_names_addresses_and_presets(user: User, tsa: Tsa) -> None:
    configured(user, tsa)
    assert user("timestamp", "--tsa", "nobody").code == 2
    listed = user.ok("timestamp", "--presets").out
    assert "digicert" in listed and "None of them is asked" in listed
    user.ok("timestamp", "--tsa", tsa.url)
    assert stamps(user) == ["1.one.tsq", "1.one.tsr"]  # the address is known under its name
    settings = user.archive / "archive.yaml"
    settings.write_text(settings.read_text().replace("name: one", "name: One"))
    result = user("timestamp")
    assert result.code == 3 and "a-z" in result.err


def test_at_a_time(user: User, tsa: Tsa) -> None:
    configured(user, tsa)
    user.ok("timestamp")
    assert user("verify", "--at", "2020-01-01", "--require", "timestamp").code == 4
    assert user("verify", "--at", "2999-01-01T00:00:00Z", "--require", "timestamp").code == 0
    assert user("verify", "--at", "yesterday").code == 2


def test_calendars_promise_and_later_lead_to_a_block(
    user: User, site: Newsroom, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    easy(monkeypatch)
    user.init()
    user.ok("capture", "--allow-private", site.url(PAGE))
    with Calendar() as one, Calendar() as two:
        two.mode = "garbage"
        chosen = ("--allow-private", "--calendar", one.url, "--calendar", two.url)
        result = user.ok("timestamp", *chosen)
        assert f"pending at {one.url}" in result.out and two.url in result.out and stamps(user) == ["3.ots"]
        report = user.ok("verify", "--json").json()
        assert report["steps"][12]["outcome"] == "not checked" and "pending at" in report["steps"][12]["why"]
        result = user.ok("timestamp", *chosen)
        assert "no block yet" in result.out and stamps(user) == ["3.ots"]
        one.confirm()
        # Only calendars that were chosen are asked: a proof names addresses too.
        before = len(one.asked)
        result = user.ok("timestamp", "--allow-private", "--calendar", two.url)
        assert "was not asked" in result.out and len(one.asked) == before
        result = user.ok("timestamp", *chosen)
        assert "in a block" in result.out and stamps(user) == ["3.bitcoin.ots", "3.ots"]
        assert "Nothing is owed" in user.ok("timestamp", *chosen).out
        report = user.ok("verify", "--json").json()
        assert "header not checked" in " ".join(finding["message"] for finding in report["findings"])
        assert report["times"] == [] and report["steps"][12]["outcome"] == "not checked"
        headers = one.write_headers(tmp_path / "headers.txt")
    report = user.ok("verify", "--json", "--require", "timestamp", "--block-headers", headers).json()
    (bound,) = report["times"]
    assert bound["before"] == "2026-11-25T14:00:00Z" and "headers.txt" in bound["by"]
    headers.write_text("nonsense")
    assert user("verify", "--block-headers", headers).code == 3


@pytest.mark.parametrize("mode", ["garbage", "error", "huge", "empty"])
def test_calendars_that_answer_nonsense(user: User, mode: str) -> None:
    user.init()
    with Calendar() as calendar:
        calendar.mode = mode
        result = user("timestamp", "--allow-private", "--calendar", calendar.url)
        assert result.code == 1 and stamps(user) == []
        calendar.mode = "elsewhere"
        user.ok("timestamp", "--allow-private", "--calendar", calendar.url)
        result = user.ok("timestamp", "--allow-private", "--calendar", calendar.url)
        assert "http://169.254.169.254/latest was not asked" in result.out


def test_a_bundle_tells_strangers_how_to_check_its_stamps(user: User, tsa: Tsa, site: Newsroom) -> None:
    configured(user, tsa, after=True)
    user.ok("capture", site.url(PAGE))
    user.ok("export", "1", "-o", user.folder / "b.zip")
    report = user("verify", user.folder / "b.zip", "--json").json()
    assert report["steps"][12]["outcome"] == "not checked"  # a bundle brings no root
    report = user("verify", user.folder / "b.zip", "--json", "--tsa-root", tsa.root_path).json()
    assert report["steps"][12]["outcome"] == "passed" and report["times"][0]["size"] == 3
    with zipfile.ZipFile(user.folder / "b.zip") as bundle:
        bundle.extractall(user.folder / "out")
    (folder,) = (user.folder / "out").iterdir()
    (folder / "root.pem").write_bytes(tsa.root_path.read_bytes())
    lines = [line for line in (folder / "README.txt").read_text().split("\n") if line.startswith("openssl ")]
    assert len(lines) == 2
    for line in lines:
        done = subprocess.run(shlex.split(line), cwd=folder, capture_output=True, check=True, timeout=30)
        assert b"Verification: OK" in done.stdout + done.stderr or b"Time stamp: " in done.stdout


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("timestamp: yes", "is not a group"),
        ("timestamp: {afterwards: true}", "is not a group"),
        ("timestamp: {after_capture: 1}", "is not a group"),
        ("timestamp: {authorities: [https://tsa.example]}", "each authority has a name"),
        ("timestamp: {authorities: [{name: one, url: 7}]}", "are text"),
        ('timestamp: {authorities: [{name: one, url: "https://t.example", policy: 1.2}]}', "are text"),
        ('timestamp: {authorities: [{name: one, url: "ftp://t.example"}]}', "an address begins with"),
        ('timestamp: {authorities: [{name: a, url: "https://t/"}, {name: a, url: "https://u/"}]}', "have one name"),
        ("timestamp: {calendars: [calendar.example]}", "calendars are addresses"),
    ],
)
def test_settings_that_are_wrong_are_said(user: User, lines: str, words: str) -> None:
    user.init()
    settings = user.archive / "archive.yaml"
    settings.write_text(settings.read_text() + lines + "\n")
    result = user("timestamp")
    assert result.code == 3 and words in result.err
