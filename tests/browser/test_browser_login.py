"""Pages behind a log-in: the cookies of a person's own Chromium, and nothing else of it; their values nowhere but in
the WARC."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from certificates import Authority
from rendering import page
from shut_in import need_browser
from steadysite import SteadySite
from test_browser_capture import BODY, SAID, Desk
from testsite import Talk, head

from archiver.browser.chromium import find_chromium
from archiver.browser.login import Login, read_login
from archiver.errors import FormatError, MissingError, UsageError
from archiver.model import rendering as model

SECRET = "s3cr3t-of-nobody-8451"
LASTING = "l4sting-of-nobody-2077"
STORY = page(f"<title>Bridge stays shut</title><article><p>{SAID}</p>{BODY}</article>")
WALL = page("<title>Members only</title><p>Please log in.</p>")


def serve(site: SteadySite, member: str = f"member={SECRET}; HttpOnly; Max-Age=86400; Path=/") -> None:
    def story(talk: Talk) -> None:
        talk.send(STORY if f"member={SECRET}".encode() in talk.request else WALL)

    body = b"<p>Welcome."
    cookies = (
        f"Set-Cookie: {member}",
        f"Set-Cookie: kept={LASTING}; Max-Age=86400; Path=/",
    )
    site.serve("/login", head("Content-Type: text/html", f"Content-Length: {len(body)}", *cookies) + body)
    site.serve("/story", story)


def log_in(site: SteadySite, folder: Path, *more: str) -> Path:
    """A person's Chromium, once, on the page that logs in. The member's cookie then is as one for a session is kept by
    a Chromium that goes on where it left off."""
    program = shutil.which("chromium") or find_chromium()
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--password-store=basic", "--virtual-time-budget=3000")
    subprocess.run(
        [str(program), *flags, *more, f"--user-data-dir={folder}", "--dump-dom", site.url("/login")],
        env={**os.environ, "HOME": str(folder.parent)},
        capture_output=True,
        timeout=30,
        check=True,
    )
    with contextlib.closing(sqlite3.connect(next(folder.rglob("Cookies")))) as database, database:
        database.execute("UPDATE cookies SET is_persistent = 0, has_expires = 0, expires_utc = 0 WHERE name = 'member'")
    return folder


def state_of(folder: Path) -> dict[str, tuple[int, str]]:
    """Every file: when it was changed, and its digest."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "desk").mkdir()
    return Desk(tmp_path / "desk")


@pytest.mark.browser
def test_the_article_is_there_with_the_log_in_alone(desk: Desk, plain_site: SteadySite, tmp_path: Path) -> None:
    need_browser()
    serve(plain_site)
    profile = log_in(plain_site, tmp_path / "profile")
    before = state_of(profile)
    without, _ = desk.capture("--browser", plain_site.url("/story"), code=1)
    assert without["statements"] == 0 and desk.facts(1).request.cookies == ()  # type: ignore[union-attr]
    assert "login_profile" not in desk.facts(1).software.settings
    within, _ = desk.capture("--login-profile", profile, plain_site.url("/story"))
    assert (within["state"], within["statements"], within["snapshot"]) == ("sealed", 1, 3)
    assert state_of(profile) == before, "the person's own profile was touched"
    facts = desk.facts(3)
    assert facts.request is not None and set(facts.request.cookies) == {"member", "kept"}
    assert facts.rendered and facts.software.settings["login_profile"] is True
    happened = [item for item in model.decode(desk.object(3, "rendering")).happened if item.what == "log-in"]
    assert [set(item.detail.removeprefix("cookies of a profile: ").split(", ")) for item in happened] == [
        {"member", "kept"}
    ]
    # The values: in the WARC, and nowhere else in what was written.
    ref = desk.manifest(3).object("warc")
    assert ref is not None
    warc = desk.archive / "objects" / "sha256" / ref.digest[7:9] / ref.digest[9:]
    assert SECRET.encode() in desk.object(3, "warc")
    written = [path for path in desk.folder.rglob("*") if path.is_file()]
    holding = [path for path in written if SECRET.encode() in (data := path.read_bytes()) or LASTING.encode() in data]
    assert holding == [warc]
    assert not [path for path in written if str(profile).encode() in path.read_bytes()], "a path was recorded"
    bundle = desk.folder / "bundle"
    assert desk("export", "3", "-o", bundle).returncode == 0
    assert not [path for path in bundle.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    # A recheck is logged in only if it is told to be.
    again = desk("recheck", "--allow-private", "3")
    assert again.returncode != 0 and "--login-profile logs in again" in " ".join(again.stdout.split()), again.stdout
    again = desk("recheck", "--allow-private", "--login-profile", profile, "3", "--json")
    assert again.returncode == 0 and "verbatim" in again.stdout and SECRET not in again.stdout, again.stdout
    assert desk("verify").returncode == 0


@pytest.mark.browser
def test_a_log_in_goes_to_no_one_whose_certificate_does_not_verify(
    desk: Desk, tls_site: SteadySite, authority: Authority, tmp_path: Path
) -> None:
    need_browser()
    serve(tls_site, f"__Host-member={SECRET}; Secure; HttpOnly; SameSite=Strict; Max-Age=86400; Path=/")
    profile = log_in(tls_site, tmp_path / "profile", "--ignore-certificate-errors")
    arguments = ("--login-profile", profile, tls_site.url("/story"))
    without, _ = desk.capture(*arguments, code=1)
    assert without["statements"] == 0 and SECRET.encode() not in desk.object(1, "warc")
    within, _ = desk.capture("--ca-file", authority.root_path, *arguments)
    request = desk.facts(3).request
    assert within["statements"] == 1 and request is not None and "__Host-member" in request.cookies


@pytest.mark.browser
def test_what_is_refused_and_why(desk: Desk, plain_site: SteadySite, tmp_path: Path) -> None:
    need_browser()
    serve(plain_site)
    profile = log_in(plain_site, tmp_path / "profile")

    def said(*arguments: object, **environment: str) -> str:
        done = desk("capture", "--allow-private", plain_site.url("/story"), *arguments, **environment)
        assert done.returncode not in (0, 1), done.stdout
        assert not (desk.archive / "chain" / "001.json").exists(), "something was sealed"
        return done.stderr

    assert "is for a visit by the browser" in said("--browser=never", "--login-profile", profile)
    assert "there is no Chromium here" in said("--login-profile", profile, ARCHIVER_CHROMIUM="")
    (profile / "SingletonLock").symlink_to("somewhere-1234")
    assert "in use (SingletonLock)" in said("--login-profile", profile)
    assert "in use (SingletonLock)" in said("--login-profile", profile / "Default")
    (profile / "SingletonLock").unlink()
    # One profile of the folder does as well; a site that it knows nothing of is named.
    found, _ = desk.capture("--login-profile", profile / "Default", plain_site.url("/story"))
    assert found["statements"] == 1
    other = plain_site.url("/story").replace("127.0.0.1", "localhost")
    done = desk("capture", "--allow-private", "--login-profile", profile, other)
    assert "the log-in profile has no cookies of localhost" in done.stderr


@pytest.mark.browser
def test_cookies_that_cannot_be_decrypted_are_no_log_in(plain_site: SteadySite, tmp_path: Path) -> None:
    need_browser()
    serve(plain_site)
    profile = log_in(plain_site, tmp_path / "profile")
    with contextlib.closing(sqlite3.connect(next(profile.rglob("Cookies")))) as database, database:
        database.execute("UPDATE cookies SET value = '', encrypted_value = ?", (b"v11" + bytes(32),))
    with pytest.raises(FormatError, match="none of the 2 cookies in it can be read"):
        read_login(profile)


def _nothing(folder: Path) -> None: ...


def _empty(folder: Path) -> None:
    folder.mkdir()


def _no_database(folder: Path) -> None:
    (folder / "Default").mkdir(parents=True)
    (folder / "Default" / "Cookies").write_bytes(b"SQLite format 3\0" + bytes(500))


@pytest.mark.browser
@pytest.mark.parametrize(
    "make, error, words",
    [
        (_nothing, MissingError, "no such folder"),
        (_empty, UsageError, "is no profile of a Chromium"),
        (_no_database, FormatError, "no file of cookies"),
    ],
)
def test_no_profile(make: Callable[[Path], None], error: type[Exception], words: str, tmp_path: Path) -> None:
    need_browser()
    make(tmp_path / "x")
    with pytest.raises(error, match=words):
        read_login(tmp_path / "x")


@pytest.mark.parametrize(
    "url, domains",
    [
        ("https://news.example/a", {"news.example", ".news.example", "api.news.example", "www.news.example"}),
        ("https://www.news.example/a", {"news.example", ".news.example", "www.news.example", "api.news.example"}),
        ("https://api.news.example/", {"api.news.example", ".news.example", "news.example"}),
        ("https://www.example/", {"www.example"}),
        ("http://127.0.0.1:8000/", {"127.0.0.1"}),
        ("http://[::1]/", {"[::1]"}),
    ],
)
def test_a_site_gets_its_own_cookies_alone(url: str, domains: set[str]) -> None:
    known = (
        "news.example", ".news.example", "api.news.example", "www.news.example", "www.example", ".fakenews.example",
        "news.example.evil.example", "tracker.example", "127.0.0.1", "27.0.0.1", "[::1]",
    )  # fmt: skip
    login = Login(tuple({"name": name, "value": SECRET, "domain": name, "path": "/"} for name in known))
    assert {item["name"] for item in login.cookies_of(url)} == domains
    assert SECRET not in repr(login) and SECRET not in login.told(url)
