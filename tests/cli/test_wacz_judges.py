"""Other programs judge our packages: `wacz validate` (py-wacz, in an environment of its own, for it and what it needs
are no part of this project), ReplayWeb.page in a real Chromium without a network, warcio. And we judge py-wacz's."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import chromium
import pytest
from newsroom import Newsroom
from ready import captured_once, copied, newsroom, site
from terminal import User
from warcio.archiveiterator import ArchiveIterator

__all__ = ["newsroom", "site"]
PAGES = ("/wire/harbour-crane", "/ar/bridge")
REPLAYWEB = "replaywebpage@2.4.6"
REPLAY = Path(__file__).parents[1] / "foreign" / "replay.py"


@pytest.fixture(scope="module")
def template(newsroom: Newsroom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return captured_once(tmp_path_factory.mktemp("template"), newsroom, *PAGES)


@pytest.fixture
def package(user: User, site: Newsroom, template: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    copied(template, user, monkeypatch)
    out = tmp_path / "out.wacz"
    user.ok("export", 1, 3, "--wacz", out)
    return out


@pytest.fixture(scope="module")
def wacz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program `wacz`, installed where it touches nothing."""
    folder = tmp_path_factory.mktemp("wacz") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
    done = subprocess.run(
        [folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "wacz>=0.5"],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"py-wacz cannot be installed here: {done.stderr[-300:]}")
    return folder / "bin" / "wacz"


def validates(wacz: Path, path: Path) -> bool:
    done = subprocess.run([wacz, "validate", "-f", path], capture_output=True, text=True, check=False, timeout=120)
    return done.returncode == 0


def rebuilt(path: Path, to: Path, **changed: bytes) -> Path:
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            new.writestr(name, changed.get(name.rpartition("/")[2].replace(".", "_"), old.read(name)))
    return to


@pytest.mark.slow
def test_py_wacz_accepts_ours_and_rejects_tampered_ones(wacz: Path, package: Path, tmp_path: Path) -> None:
    assert validates(wacz, package)
    with zipfile.ZipFile(package) as old:
        warc, pages = old.read("archive/001.warc"), old.read("pages/pages.jsonl")
    tampered = warc.replace(b"HTTP/1.1 200 OK", b"HTTP/1.1 404 OK")
    assert not validates(wacz, rebuilt(package, tmp_path / "a.wacz", **{"001_warc": tampered}))
    assert not validates(wacz, rebuilt(package, tmp_path / "b.wacz", pages_jsonl=pages.replace(b"crane", b"train")))


@pytest.mark.slow
def test_we_accept_what_py_wacz_makes(wacz: Path, package: Path, user: User, tmp_path: Path) -> None:
    with zipfile.ZipFile(package) as old:
        (tmp_path / "in.warc").write_bytes(old.read("archive/001.warc"))
        url = json.loads(old.read("pages/pages.jsonl").splitlines()[1])["url"]
    made = tmp_path / "made.wacz"
    command = [wacz, "create", "-f", tmp_path / "in.warc", "-o", made, "--url", url, "--detect-pages"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=120)
    assert done.returncode == 0, done.stderr
    report = user("verify", made, "--json").json()
    assert report["exit_code"] == 4 and not [f for f in report["findings"] if f["weight"] == "failed"], report
    assert "signature-absent" in {f["code"] for f in report["findings"]}
    data = made.read_bytes()
    place = data.index(b"WARC/1.1") if b"WARC/1.1" in data else data.index(b"PK\x03\x04") + 200
    made.write_bytes(data[:place] + b"\0" + data[place + 1 :])
    assert user("verify", made).code == 1


def test_warcio_reads_what_is_in_it(package: Path) -> None:
    with zipfile.ZipFile(package) as opened:
        index = [json.loads(line.split(b" ", 2)[2]) for line in opened.read("indexes/index.cdx").splitlines()]
        for line in index:
            data = opened.read("archive/" + line["filename"])[line["offset"] :][: line["length"]]
            (record,) = ArchiveIterator(io.BytesIO(data), check_digests="raise")
            assert record.rec_headers.get_header("WARC-Target-URI") == line["url"]
            assert int(record.http_headers.get_statuscode()) == line["status"]


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(chromium.PROGRAM is None, reason="there is no Chromium here")
def test_it_replays_in_a_real_browser(package: Path, tmp_path: Path) -> None:
    if shutil.which("npm") is None or shutil.which("unshare") is None:
        pytest.skip("npm or unshare is missing")
    done = subprocess.run(
        ["npm", "pack", "--silent", REPLAYWEB], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode:
        pytest.skip(f"ReplayWeb.page cannot be had here: {done.stderr[-300:]}")
    shutil.unpack_archive(next(tmp_path.glob("*.tgz")), tmp_path / "npm", filter="data")
    with zipfile.ZipFile(package) as opened:
        pages = [json.loads(line) for line in opened.read("pages/pages.jsonl").splitlines()[1:]]
    for page, words in zip(pages, ("warning", "\u0627\u0644\u062c\u0633\u0631"), strict=True):
        arguments = [sys.executable, str(REPLAY), str(tmp_path / "npm" / "package"), str(package), page["url"]]
        inside = ["unshare", "--net", "--map-root-user", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", *arguments]
        shown = subprocess.run(inside, capture_output=True, text=True, check=False, timeout=180)
        assert shown.returncode == 0, shown.stderr[-2000:]
        assert words in json.loads(shown.stdout), page["url"]
