"""`import`: files of every kind, sealed as they were received, read like captures, and checked to their bytes."""

from __future__ import annotations

import base64
import json
import quopri
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from newsroom import Newsroom
from terminal import User

from archiver import digest
from archiver.errors import FormatError, NewerVersionError
from archiver.foreign import imported
from archiver.model import received
from archiver.model.manifest import decode
from archiver.model.received import STATEMENT

sys.path.insert(0, str(Path(__file__).parents[1] / "foreign"))

from foreign_cases import DATE, FORGED, PAGE, URL, bag, wacz, warc, zipped
from foreign_tampered import cases

WORDS = "The bridge stays shut until spring"
TIME = "2026-11-23T13:02:11.000Z"


def har(page: bytes = PAGE, *, status: int = 200, coded: bool = False) -> bytes:
    """As a browser's developer tools save it: a redirect, a picture, the page."""
    text = base64.b64encode(page).decode() if coded else page.decode()
    content = {"size": len(page), "mimeType": "text/html; charset=utf-8", "text": text}
    content |= {"encoding": "base64"} if coded else {}
    entries = [
        entry("http://news.example/bridge", 301, {"size": 0, "mimeType": "text/html", "text": ""}),
        entry("https://news.example/logo.png", 200, {"size": 1, "mimeType": "image/png", "text": "AA=="}),
        entry(URL, status, content),
    ]
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "test"}, "entries": entries}}).encode()


def entry(url: str, status: int, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "startedDateTime": "2026-11-23T14:02:11.000+01:00", "request": {"method": "GET", "url": url},
        "response": {"status": status, "content": content},
    }  # fmt: skip


def mhtml(page: bytes = PAGE) -> bytes:
    """As Chromium saves it."""
    page = page.replace(b"<head>", b'<head><meta charset="utf-8">')
    body = quopri.encodestring(page).replace(b"\n", b"\r\n")
    return (
        b"From: <Saved by Blink>\r\nSnapshot-Content-Location: https://news.example/bridge\r\nSubject: Bridge\r\n"
        b"Date: Mon, 23 Nov 2026 13:02:11 -0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n"
        b'\ttype="text/html";\r\n\tboundary="----MultipartBoundary--x----"\r\n\r\n\r\n'
        b"------MultipartBoundary--x----\r\nContent-Type: text/html\r\nContent-ID: <frame-1@mhtml.blink>\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\nContent-Location: https://news.example/bridge\r\n\r\n"
        + body
        + b"\r\n------MultipartBoundary--x----\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n"
        b"Content-Location: https://news.example/logo.png\r\n\r\niVBORw0KGgo=\r\n------MultipartBoundary--x------\r\n"
    )


def single_file() -> bytes:
    comment = b"<!--\n Page saved with SingleFile \n url: https://news.example/bridge \n saved date: "
    comment += b"Mon Nov 23 2026 14:02:11 GMT+0100 (Central European Standard Time)\n-->"
    return b"<!DOCTYPE html> <html lang=en>" + comment + b"<meta charset=utf-8>" + PAGE[PAGE.index(b"<title>") :]


FILES = {
    "page.har": ("har", har()),
    "coded.har": ("har", har(coded=True)),
    "page.mhtml": ("mhtml", mhtml()),
    "page.warc": ("warc", warc(packed=False)),
    "page.warc.gz": ("warc", warc()),
    "chunked.warc.gz": ("warc", warc(chunked=True)),
    "page.wacz": ("wacz", zipped(wacz())),
    "saved.html": ("html", single_file()),
    "bag.zip": ("bag", zipped(bag(), folder="bag/")),
}


@pytest.fixture
def ready(user: User) -> User:
    user.ok("init", user.archive, "--no-passphrase")
    return user


def given(folder: Path, name: str, data: bytes) -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def test_every_kind_of_file_is_sealed_read_and_verified(ready: User, tmp_path: Path) -> None:
    paths = [given(tmp_path, name, data) for name, (_, data) in FILES.items()]
    lines = ready.ok("import", *paths, "--given-by", "A. Reader", "--source-note", "by mail", "--json").lines()
    for line, (name, (kind, data)) in zip(lines, FILES.items(), strict=True):
        assert (line["format"], line["state"], line["provenance"]) == (kind, "sealed", STATEMENT), name
        assert line["digest"] == digest.of_bytes(data), name
        assert (line["kind"], line["statements"]) == ("article", 1), (name, line)
        if name != "bag.zip":
            assert (line["page"]["url"], line["page"]["time"]) == (URL, TIME), name
        (statement,) = ready.ok("statements", line["reading"], "--json").json()["statements"]
        assert WORDS in statement["text"] and statement["speaker"]["name"] == "Ann Lee", name
        shown = ready.ok("show", line["import"], "--json").json()
        assert shown["received"]["source"]["given_by"] == "A. Reader"
        assert "received as a file, not captured by us" in ready.ok("show", line["import"]).out
    found = ready.ok("find", WORDS, "--json").json()["matches"]
    assert len(found) >= len(FILES)
    report = ready.ok("verify", ready.archive, "--json").json()
    steps = {step["name"]: step for step in report["steps"]}
    assert steps["exchanges"]["outcome"] == steps["statements"]["outcome"] == "passed", report["findings"]
    assert steps["exchanges"]["checked"] == len(FILES)


def test_what_the_check_said_is_sealed_and_tampered_files_are_not_read(ready: User, tmp_path: Path) -> None:
    bad = next(case for case in cases() if case.name == "record-digest")
    result = ready("import", given(tmp_path, "bad.wacz", bad.data), "--json")
    (line,) = result.lines()
    assert (result.code, line["state"], line["reading"]) == (1, "sealed", None)
    assert line["checked"]["verdict"] == "FAILED" and line["checked"]["exit_code"] == 1
    assert {"number": 10, "name": "exchanges", "outcome": "failed"} in line["checked"]["steps"]
    assert "not read" in line["problems"][0]
    assert ready("verify", ready.archive).code == 0


def test_the_bundle_of_another_collector(ready: User, site: Newsroom, tmp_path: Path) -> None:
    other = {name: str(tmp_path / "other" / name) for name in ("config", "state", "archive")}
    environment = {f"ARCHIVER_{n.upper()}_DIR": other[n] for n in ("config", "state")} | {
        "ARCHIVER_ARCHIVE": other["archive"]
    }
    assert ready("init", other["archive"], "--no-passphrase", environment=environment).code == 0
    page = site.url("/wire/harbour-crane")
    assert ready("capture", "--allow-private", "--delay", "0", page, environment=environment).code == 0
    bundle = tmp_path / "theirs.zip"
    assert ready("export", "1", "-o", bundle, environment=environment).code == 0
    (line,) = ready.ok("import", bundle, "--json").lines()
    assert (line["format"], line["page"]["url"], line["kind"]) == ("bundle", page, "article")
    assert line["checked"]["exit_code"] == 4 and line["checked"]["archive"].startswith("sha256:")
    assert line["checked"]["signers"] and line["statements"] > 5
    assert ready("verify", ready.archive).code == 0
    data = bundle.read_bytes()
    place = data.index(b"HTTP/1.1 200 OK")
    broken = given(tmp_path, "broken.zip", data[:place] + b"HTTP/1.1 404" + data[place + 12 :])
    (line,) = ready("import", broken, "--json").lines()
    assert line["checked"]["exit_code"] == 1 and line["reading"] is None


def test_a_bundle_that_a_recheck_kept_is_looked_into(ready: User, site: Newsroom, tmp_path: Path) -> None:
    page = site.url("/wire/harbour-crane")
    ready.ok("capture", "--allow-private", "--delay", "0", page)
    ready.ok("export", 1, "-o", tmp_path / "one.zip")
    ready.ok("recheck", 1, "--against", tmp_path / "one.zip")
    report = ready.ok("verify", ready.archive, "--json").json()
    assert report["steps"][9]["outcome"] == "passed", report["findings"]
    manifest = decode((ready.archive / "chain" / "004.json").read_bytes())
    assert manifest.event == "import" and manifest.object("bundle") is not None
    with (tmp_path / "one.zip").open("rb") as stream:
        assert imported._kept(manifest, stream) is None
    ready.ok("capture", "--allow-private", "--delay", "0", site.url("/ar/bridge"))
    ready.ok("export", "latest", "-o", tmp_path / "two.zip")
    with (tmp_path / "two.zip").open("rb") as stream:
        assert "is not in the bundle" in (imported._kept(manifest, stream) or "")


def test_any_other_file_is_sealed_as_it_is(ready: User, tmp_path: Path) -> None:
    data = b"%PDF-1.4 not really"
    (line,) = ready.ok("import", given(tmp_path, "leak.pdf", data), "--json").lines()
    assert (line["format"], line["checked"], line["reading"]) == ("other", None, None)
    sealed = b"".join(p.read_bytes() for p in (ready.archive / "objects").rglob("*") if p.is_file())
    assert data in sealed
    (line,) = ready.ok(
        "import", given(tmp_path, "note.txt", "“It will not open,” Ann Lee said.".encode()), "--json"
    ).lines()
    assert (line["format"], line["kind"]) == ("other", "plain text")
    assert ready("verify", ready.archive).code == 0


def test_pages_that_were_no_success_are_not_read(ready: User, tmp_path: Path) -> None:
    (line,) = ready.ok("import", given(tmp_path, "x.har", har(status=404)), "--json").lines()
    assert line["reading"] is None and "404" in line["problems"][0]
    (line,) = ready.ok("import", given(tmp_path, "y.har", har()), "--page", "https://news.example/x", "--json").lines()
    assert line["reading"] is None and "no page" in line["problems"][0]


def test_names_are_cleaned_and_folders_and_missing_files_are_said(ready: User, tmp_path: Path) -> None:
    path = given(tmp_path, "evil\x1b[31m\u202ename.html", single_file())
    result = ready("import", path, tmp_path, tmp_path / "missing.har")
    assert result.code == 3
    assert "\x1b[31m" not in result.out and "is a folder" in result.out and "no such file" in result.out
    facts = ready.ok("show", 1, "--json").json()["snapshot"]["facts"]
    assert "\x1b" not in facts["file"]["name"]


def test_who_gave_it_stays_out_of_exports(ready: User, tmp_path: Path) -> None:
    path = given(tmp_path, "page.har", har())
    ready.ok("import", path, "--given-by", "Confidential Source", "--source-note", "met at the harbour")
    ready.ok("export", 1, "-o", tmp_path / "out.zip")
    data = (tmp_path / "out.zip").read_bytes()
    assert b"Confidential" not in data and b"met at the harbour" not in data and WORDS.encode() in data
    report = ready("verify", tmp_path / "out.zip", "--json").json()
    assert not [f for f in report["findings"] if f["weight"] == "failed"], report["findings"]
    assert "object-withheld" in {f["code"] for f in report["findings"]}
    ready.ok("export", 1, "-o", tmp_path / "all.zip", "--keep-credentials")
    assert b"Confidential" in (tmp_path / "all.zip").read_bytes()


def test_cookies_in_a_received_file_do_not_leave(ready: User, tmp_path: Path) -> None:
    sent = json.loads(har())
    sent["log"]["entries"][2]["request"]["headers"] = [{"name": "Cookie", "value": "session=verysecret"}]
    (line,) = ready.ok("import", given(tmp_path, "sent.har", json.dumps(sent).encode()), "--json").lines()
    assert line["credentials"] == 1
    assert (
        "export leaves the file out" in ready.ok("import", given(tmp_path, "x.warc.gz", warc(cookie="verysecret"))).out
    )
    for number in (1, 3):
        out = tmp_path / f"{number}.zip"
        ready.ok("export", number, "-o", out)
        assert b"verysecret" not in out.read_bytes() and warc(cookie="verysecret")[-200:] not in out.read_bytes()
        report = ready("verify", out, "--json").json()
        assert not [f for f in report["findings"] if f["weight"] == "failed"], report["findings"]
        assert "object-withheld" in {f["code"] for f in report["findings"]}
        assert ready("verify", out, "--require", "bytes").code == 4
    ready.ok("export", 1, "-o", tmp_path / "all.zip", "--keep-credentials")
    assert b"verysecret" in (tmp_path / "all.zip").read_bytes()


def test_an_import_that_was_changed_fails(ready: User, tmp_path: Path) -> None:
    ready.ok("import", given(tmp_path, "page.har", har()))
    for path in (p for p in (ready.archive / "objects").rglob("*") if p.is_file()):
        good = path.read_bytes()
        if WORDS.encode() in good or b'"import/v1"' in good:
            path.chmod(0o600)
            path.write_bytes(good.replace(b"stays shut", b"stays open").replace(b"entry 2", b"entry 1"))
            assert ready("verify", ready.archive).code == 1
            path.write_bytes(good)
            path.chmod(0o444)
    assert ready("verify", ready.archive).code == 0


def test_a_page_that_is_not_in_the_file_is_noticed(
    ready: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody with the keys can seal a page that the file does not hold: taking it out again shows it."""
    from archiver.work import import_file

    taken = import_file.page_in

    def lie(*arguments: Any) -> Any:
        found, _ = taken(*arguments)
        return found, FORGED

    monkeypatch.setattr(import_file, "page_in", lie)
    ready.ok("import", given(tmp_path, "page.mhtml", mhtml()))
    report = ready("verify", ready.archive, "--json").json()
    assert report["exit_code"] == 1
    (found,) = [finding for finding in report["findings"] if finding["weight"] == "failed"]
    assert (found["step"], found["code"]) == (10, "import-differs") and "part 0" in found["message"]
    monkeypatch.setattr(import_file, "page_in", lambda *a: (taken(*a)[0].__class__("part 9", URL, None, "text/html",
                                                            None, lambda: b""), PAGE))  # fmt: skip
    ready.ok("import", tmp_path / "page.mhtml")
    codes = [f["code"] for f in ready("verify", ready.archive, "--json").json()["findings"] if f["weight"] == "failed"]
    assert codes == ["import-differs"] * 2


def test_the_specimen_of_the_module() -> None:
    assert received.__doc__ is not None
    text = received.__doc__.split("Specimen of an `import` object:\n\n")[1].split("\n\n`url`")[0]
    lines = [line.removeprefix("    ") for line in text.rstrip().split("\n")]
    specimen = "\n".join(lines).replace("3b0c…", "3b" * 32).replace("8b59…", "8b" * 32) + "\n"
    found = received.decode(specimen.encode())
    assert received.encode(found) == specimen.encode()
    assert found.page is not None and found.page.part == "entry 3" and DATE[:10] in (found.page.time or "")


def test_the_specimens_of_the_document() -> None:
    text = (Path(__file__).parents[2] / "docs" / "formats" / "import.md").read_text("utf-8")
    first = re.search(r"```json import\n(.*?)```", text, re.DOTALL)
    second = re.search(r"```json source\n(.*?)```", text, re.DOTALL)
    assert first is not None and second is not None
    assert received.encode(received.decode(first[1].encode())) == first[1].encode()
    assert received.encode(received.decode_source(second[1].encode())) == second[1].encode()
    for broken in (
        first[1].replace("received as", "captured as"),
        first[1].replace('"exit_code": 4', '"exit_code": 9'),
    ):
        with pytest.raises(FormatError):
            received.decode(broken.encode())
    with pytest.raises(FormatError):
        received.decode_source(second[1].replace('"A. Reader"', "null").replace('"by mail"', "null").encode())
    with pytest.raises(NewerVersionError):
        received.decode(first[1].replace("import/v1", "import/v2").encode())
