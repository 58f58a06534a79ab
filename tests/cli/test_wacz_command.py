"""`export --wacz`: a package that others replay, that is proven by the bundle in it, and that gives nothing away."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest
from newsroom import Newsroom
from ready import LOCAL, captured_once, copied, newsroom, site
from terminal import User

from archiver.errors import RefusedError
from archiver.foreign.wacz_write import Page, Part, write_wacz
from archiver.signing.keys import KeySigner
from archiver.warc.read import read_records
from archiver.warc.write import WarcWriter

__all__ = ["newsroom", "site"]
PAGES = ("/wire/harbour-crane", "/ar/bridge", "/register/harbor-fund")


@pytest.fixture(scope="module")
def template(newsroom: Newsroom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return captured_once(tmp_path_factory.mktemp("template"), newsroom, *PAGES)


@pytest.fixture
def captured(user: User, site: Newsroom, template: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    return copied(template, user, monkeypatch)


def test_a_package_verifies_and_so_does_the_bundle_in_it(captured: User, tmp_path: Path) -> None:
    out = tmp_path / "out.wacz"
    told = captured("export", 1, 3, 5, "--wacz", out, "--json").json()
    assert (told["sequences"], told["requests_left_out"]) == ([1, 3, 5], 0)
    report = captured("verify", out, "--json").json()
    assert (report["kind"], report["exit_code"]) == ("wacz", 0), report["findings"]
    outcomes = {step["name"]: step["outcome"] for step in report["steps"]}
    assert {
        outcomes[name] for name in ("files", "manifests", "signatures", "objects", "exchanges", "signer", "bundle")
    } == {"passed"}
    with zipfile.ZipFile(out) as package:
        (tmp_path / "bundle.zip").write_bytes(package.read("evidence/bundle.zip"))
        pages = [json.loads(line) for line in package.read("pages/pages.jsonl").splitlines()[1:]]
        main = json.loads(package.read("datapackage.json"))
    assert captured("verify", tmp_path / "bundle.zip", "--json").json()["exit_code"] == 0
    assert [page["id"] for page in pages] == ["001", "003", "005"]
    assert main["mainPageUrl"] == pages[0]["url"] and "crane collapse" in main["title"]
    assert captured("show", told["record"]).code == 0


def test_the_same_parts_and_moment_give_the_same_bytes(captured: User) -> None:
    warc = next(
        p for p in captured.archive.rglob("*") if p.is_file() and p.read_bytes()[:9] == b"WARC/1.1\r"
    ).read_bytes()
    made = []
    for _ in range(2):
        out = io.BytesIO()
        part = Part("001.warc", len(warc), lambda: io.BytesIO(warc))
        write_wacz(
            out, [part], [Page("https://news.example/", "2026-11-23T13:02:11Z", None, "1")], [], title="t",
            created="2026-11-23T13:02:11.482Z", software="s", signer=KeySigner(bytes(32)),
        )  # fmt: skip
        made.append(out.getvalue())
    assert made[0] == made[1]


def test_cookies_that_were_sent_are_nowhere_in_it(user: User, site: Newsroom, tmp_path: Path) -> None:
    user.ok("init", user.archive, "--no-passphrase")
    cookie = "session=verysecret; Domain=127.0.0.1"
    user.ok("capture", *LOCAL, "--cookie", cookie, site.url("/wire/harbour-crane"))
    (whole,) = [p.read_bytes() for p in user.archive.rglob("*") if p.is_file() and p.read_bytes()[:9] == b"WARC/1.1\r"]
    assert b"verysecret" in whole
    out = tmp_path / "out.wacz"
    done = user.ok("export", "latest", "--wacz", out)
    assert "1 request with cookies or passwords left out" in done.out
    data = out.read_bytes()
    assert b"verysecret" not in data
    with zipfile.ZipFile(out) as package:
        assert b"ookie" not in package.read("indexes/index.cdx")
    # Nor can it be guessed: of the request's random id, without which nobody puts the WARC together, nothing is there.
    request = next(record for record in read_records(io.BytesIO(whole)) if record.get("WARC-Type") == "request")
    assert (request.get("WARC-Record-ID") or "").encode() in whole
    assert (request.get("WARC-Record-ID") or "").encode() not in data
    report = user.ok("verify", out, "--json").json()
    assert {f["code"] for f in report["findings"] if f["step"] == 16} == {"replay-headers"}, report["findings"]


def exchange(writer: WarcWriter, *, sends: bytes, sets: bytes) -> None:
    writer.write_exchange(
        uri="https://news.example/", date="2026-11-23T13:02:11Z", ip=None,
        request=b"GET / HTTP/1.1\r\nHost: news.example\r\n" + sends + b"\r\n",
        response=b"HTTP/1.1 200 OK\r\n" + sets + b"\r\n<p>Hello.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        ((b"", b"Set-Cookie: a=one; Path=/\r\n"), (b"Cookie: a=one\r\n", b"Set-Cookie: a=one\r\n"), False),
        ((b"Cookie: a=one\r\n", b"Set-Cookie: a=two\r\n"), (b"Cookie: a=two\r\n", b""), False),
        ((b"Cookie: a=one\r\n", b"Set-Cookie: a=one; Secure\r\n"), (b"", b""), True),
        ((b"Cookie: a=one; b=2\r\n", b""), (b"", b"Set-Cookie: b=2\r\n"), True),
    ],
)
def test_a_cookie_that_a_response_repeats_does_not_leave(
    first: tuple[bytes, bytes], second: tuple[bytes, bytes], refused: bool
) -> None:
    """What a server gave in the same visit is no secret of ours; what was given along by the collector is."""
    warc, numbers = io.BytesIO(), iter(range(1, 100))
    writer = WarcWriter(warc, lambda: f"<urn:uuid:00000000-0000-4000-8000-{next(numbers):012}>", None)
    writer.write_info("2026-11-23T13:02:11Z", {"software": "test"})
    for sends, sets in (first, second):
        exchange(writer, sends=sends, sets=sets)
    data = warc.getvalue()
    part = Part("001.warc", len(data), lambda: io.BytesIO(data))
    told = {"title": "t", "created": "2026-11-23T13:02:11.482Z", "software": "s", "signer": None}
    if refused:
        with pytest.raises(RefusedError):
            write_wacz(io.BytesIO(), [part], [], [], **told)  # type: ignore[arg-type]
    else:
        write_wacz(io.BytesIO(), [part], [], [], **told)  # type: ignore[arg-type]
    out = io.BytesIO()
    assert write_wacz(out, [part], [], [], credentials=True, **told).left_out == 0  # type: ignore[arg-type]
    assert data in out.getvalue()


def test_a_tampered_package_fails(captured: User, tmp_path: Path) -> None:
    out = tmp_path / "out.wacz"
    captured.ok("export", 1, "--wacz", out)
    data = out.read_bytes()
    (tmp_path / "x.wacz").write_bytes(data.replace(b"HTTP/1.1 200 OK", b"HTTP/1.1 404 OK", 1))
    report = captured("verify", tmp_path / "x.wacz", "--json").json()
    assert report["exit_code"] == 1
    assert {"file-changed", "warc-digest"} <= {finding["code"] for finding in report["findings"]}
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        files = {name: package.read(name) for name in package.namelist()}
    listing = files["datapackage.json"].replace(b'"title": "', b'"title": "X')
    told = json.loads(files["datapackage-digest.json"])
    told["hash"] = "sha256:" + hashlib.sha256(listing).hexdigest()
    files |= {"datapackage.json": listing, "datapackage-digest.json": json.dumps(told).encode()}
    with zipfile.ZipFile(tmp_path / "y.wacz", "w") as again:
        for name, content in files.items():
            again.writestr(name, content)
    codes = {f["code"] for f in captured("verify", tmp_path / "y.wacz", "--json").json()["findings"]}
    assert "signature-bad" in codes


def test_where_it_must_not_be_written(captured: User, tmp_path: Path) -> None:
    assert captured("export", 1, "--wacz", captured.archive / "x.wacz").code == 3
    (tmp_path / "there.wacz").write_bytes(b"x")
    assert captured("export", 1, "--wacz", tmp_path / "there.wacz").code == 2
    assert (tmp_path / "there.wacz").read_bytes() == b"x"
    both = captured.ok("export", 1, "--wacz", tmp_path / "a.wacz", "-o", tmp_path / "a.zip")
    assert "a.wacz" in both.out and "a.zip" in both.out
    assert not list(tmp_path.glob(".archiver-export*"))


def test_a_package_that_shows_something_else_than_the_bundle_in_it_fails(captured: User, tmp_path: Path) -> None:
    """Made by somebody with the exporter's key: every digest and signature holds, and the bundle knows better."""
    captured.ok("export", 1, "--wacz", tmp_path / "good.wacz")
    captured.ok("export", 3, "-o", tmp_path / "other.zip")
    with zipfile.ZipFile(tmp_path / "good.wacz") as package:
        warc, bundle = package.read("archive/001.warc"), package.read("evidence/bundle.zip")
    signer = KeySigner(bytes(32))

    def made(warc: bytes, bundle: bytes) -> tuple[int, set[str], str]:
        with (tmp_path / "made.wacz").open("w+b") as out:
            write_wacz(
                out, [Part("001.warc", len(warc), lambda: io.BytesIO(warc))], [],
                [Part("evidence/bundle.zip", len(bundle), lambda: io.BytesIO(bundle))], title="t",
                created="2026-11-23T13:02:11.482Z", software="s", signer=signer,
            )  # fmt: skip
        told = captured("verify", tmp_path / "made.wacz", "--trust", signer.public.fingerprint, "--json").json()
        return (
            told["exit_code"],
            {f["code"] for f in told["findings"] if f["weight"] == "failed"},
            told["steps"][15]["outcome"],
        )

    assert made(warc, bundle) == (0, set(), "passed")
    other = (tmp_path / "other.zip").read_bytes()
    assert made(warc, other) == (1, {"replay-differs"}, "failed")
    place = bundle.index(b"HTTP/1.1 200 OK")
    code, codes, outcome = made(warc, bundle[:place] + b"HTTP/1.1 404 OK" + bundle[place + 15 :])
    assert (code, outcome) == (1, "failed") and "bundle-file" in codes
    assert made(warc, b"no bundle")[1] == {"bundle-file"}
