"""`archiver capture --browser` as users type it: sealed, verified, visited again, exported; whatever a page does."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority
from rendering import page
from shut_in import need_browser
from steadysite import SteadySite
from testsite import Talk, head

from archiver.model import rendering as model
from archiver.model import statement as statement_model
from archiver.model.facts import SnapshotFacts, decode_reading, decode_snapshot
from archiver.model.manifest import Manifest, decode
from archiver.warc.read import read_records

pytestmark = pytest.mark.browser

SAID = "“The bridge stays shut until spring,” Ann Lee told reporters on Monday."
BODY = "".join(
    f"<p>Paragraph {n} of a fictional article about the harbour bridge, closed since the storm of last week, "
    "and about the council that has to decide on its repair before the winter comes.</p>"
    for n in range(6)
)
SHELL = """<!doctype html><title>Bridge stays shut</title><div id=x></div><script>
fetch('/words.json').then(r => r.json()).then(found => { x.innerHTML = '<article><h1>Bridge</h1>' + found.html; });
</script>"""


@pytest.fixture(autouse=True)
def _shut_in() -> None:
    need_browser()


class Desk:
    """An archive, and commands typed in a process of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.archive = folder / "archive"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ARCHIVER_")},
            "ARCHIVER_CONFIG_DIR": str(folder / "config"),
            "ARCHIVER_STATE_DIR": str(folder / "state"),
        }
        assert self("init", self.archive, "--no-passphrase").returncode == 0

    def __call__(self, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "archiver", *map(str, arguments)],
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )

    def capture(self, *arguments: object, code: int = 0) -> list[Any]:
        done = self("capture", "--allow-private", "--json", *arguments)
        assert done.returncode == code, done.stdout + done.stderr
        assert self("verify").returncode == 0, self("verify", "-v").stdout
        return [json.loads(line) for line in done.stdout.splitlines()]

    def manifest(self, number: int) -> Manifest:
        return decode((self.archive / "chain" / f"{number:03}.json").read_bytes())

    def object(self, number: int, role: str) -> bytes:
        ref = self.manifest(number).object(role)
        assert ref is not None, f"number {number} has no {role}"
        name = ref.digest.removeprefix("sha256:")
        return (self.archive / "objects" / "sha256" / name[:2] / name[2:]).read_bytes()

    def facts(self, number: int) -> SnapshotFacts:
        return decode_snapshot(self.object(number, "facts"))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def serve(site: SteadySite, said: Sequence[str] = (SAID,)) -> None:
    site.serve("/story", page(SHELL))
    html = "".join(f"<p>{words}</p>" for words in said) + BODY
    site.serve("/words.json", page(json.dumps({"html": html}), "application/json"))


def test_a_quote_that_scripts_put_there_is_found_and_pinned(desk: Desk, plain_site: SteadySite) -> None:
    serve(plain_site)
    quote = "The bridge stays shut until spring"
    found, _ = desk.capture("--quote", quote, plain_site.url("/story"))
    assert (found["state"], found["snapshot"], found["plain"], found["exchanges"]) == ("sealed", 3, 1, 2)
    assert "no article text" in found["browser"] and found["pins"][0]["state"] != "missing"
    assert not desk.facts(1).rendered and desk.facts(3).rendered
    facts, rendering = desk.facts(3), model.decode(desk.object(3, "rendering"))
    assert facts.software.libraries["chromium"] == rendering.browser.product
    assert facts.complete and rendering.reason == found["browser"]
    assert facts.document is not None and rendering.document == facts.document.record
    records = list(read_records(io.BytesIO(desk.object(3, "warc"))))
    by_id = {record.get("WARC-Record-ID"): record for record in records}
    for hop in facts.hops:
        path = hop.url.removeprefix(plain_site.url(""))
        assert by_id[hop.record].block().read() == plain_site.sent[path][-1]
    dom = by_id[rendering.dom].block().read()
    assert by_id[rendering.dom] is records[-1] and SAID.encode() in dom
    reading = decode_reading(desk.object(4, "facts"))
    assert reading.source is not None and reading.source.record == rendering.dom and reading.source.size == len(dom)
    origins = model.decode_origins(desk.object(4, "origins"))
    pairs = statement_model.decode_object(desk.object(4, "statements"))
    assert {item.id for item in origins.origins} == {statement.id for statement, _ in pairs}
    assert all(not item.served and item.records == (facts.hops[1].record,) for item in origins.origins)
    for statement, _ in pairs:
        assert desk.object(4, f"picture-{statement.id}").startswith(b"\x89PNG")
    starts = {"screenshot": b"\x89PNG", "mhtml": b"From: ", "pdf": b"%PDF", "accessibility": b"accessibility/v1 "}
    for role, start in starts.items():
        assert desk.object(3, role).startswith(start)
    shown = " ".join(desk("show", "4").stdout.split())
    assert "only after scripts ran; the words came with http" in shown and "Visited by a browser" in shown
    saved = desk("show", "4", "--save", "pictures")
    assert saved.returncode == 0 and {path.name for path in (desk.folder / "pictures").iterdir()} >= {
        "document.html", "screenshot.png", "page.mhtml", "page.pdf", "picture-s1.png"
    }  # fmt: skip
    assert (desk.folder / "pictures" / "document.html").read_bytes() == dom
    again = desk("show", "4", "--save", "pictures")
    assert again.returncode == 3 and "there already" in again.stderr
    assert desk("show", "1", "--save", "other").returncode == 3
    verified = desk("verify", "-v").stdout
    assert "0 of them stand in the page as the server sent it" in " ".join(verified.split())
    assert desk("verify").returncode == 0
    bundle = desk.folder / "bundle.zip"
    assert desk("export", "3", "-o", bundle).returncode == 0
    assert desk("verify", bundle).returncode == 0


def test_a_recheck_visits_as_the_first_visit_did(desk: Desk, plain_site: SteadySite) -> None:
    serve(plain_site)
    desk.capture("--browser", plain_site.url("/story"))
    assert desk.facts(1).rendered
    again = desk("recheck", "--allow-private", "1", "--json")
    assert again.returncode == 0 and "verbatim" in again.stdout, again.stdout + again.stderr
    assert desk.facts(3).rendered
    serve(plain_site, ["“The bridge opens tomorrow,” Ann Lee told reporters on Monday."])
    again = desk("recheck", "--allow-private", "1")
    assert again.returncode == 1 and "opens" in again.stdout, again.stdout + again.stderr
    assert desk("verify").returncode == 0
    # Read anew, from the stored document after scripts.
    assert "article" in desk("read", "1").stdout
    assert desk("verify").returncode == 0


def test_what_is_served_is_told_from_what_scripts_add(desk: Desk, site: SteadySite, authority: Authority) -> None:
    added = "“Nobody asked us,” Tom Reed told the council."
    article = f"<article><p>{SAID}</p>{BODY}<p id=x></p></article>"
    site.serve("/both", page(f"<title>t</title>{article}<script src=/a.js></script>"))
    site.serve("/a.js", page(f"x.textContent = {json.dumps(added)}", "text/javascript"))
    desk.capture("--browser", "--ca-file", authority.root_path, site.url("/both"))
    facts = desk.facts(1)
    if site.scheme == "https":
        assert all(hop.tls is not None and hop.tls.verified for hop in facts.hops)
    pairs = {item.id: item for item, _ in statement_model.decode_object(desk.object(2, "statements"))}
    origins = model.decode_origins(desk.object(2, "origins"))
    told = {pairs[item.id].text: (item.served, item.records) for item in origins.origins}
    assert told["“The bridge stays shut until spring,”"] == (True, ())
    script = next(hop.record for hop in facts.hops if hop.url.endswith("/a.js"))
    assert told["“Nobody asked us,”"] == (False, (script,))


def test_words_that_come_over_a_websocket(desk: Desk, site: SteadySite, authority: Authority) -> None:
    def talk(found: Talk) -> None:
        key = re.search(rb"(?i)sec-websocket-key: *([^\r]+)", found.request)
        assert key is not None
        accept = base64.b64encode(hashlib.sha1(key[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
        fields = ("Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept}")
        found.send(head(*fields, status="101 Switching Protocols"))
        found.send(bytes([0x81, len(SAID.encode())]) + SAID.encode())
        found.pause(30)

    site.serve("/ws", talk)
    script = "new WebSocket(location.origin.replace('http', 'ws') + '/ws').onmessage = m => { x.textContent = m.data }"
    site.serve("/live", page(f"<title>t</title><article>{BODY}<p id=x></p></article><script>{script}</script>"))
    found, _ = desk.capture("--browser", "--ca-file", authority.root_path, site.url("/live"))
    assert found["statements"] == 1
    facts = desk.facts(1)
    (socket_hop,) = [hop for hop in facts.hops if hop.status == 101]
    assert socket_hop.truncated == "unspecified" and facts.missing == ("parts of responses",)
    (origin,) = model.decode_origins(desk.object(2, "origins")).origins
    assert not origin.served and origin.records == (socket_hop.record,)


def test_modes(desk: Desk, plain_site: SteadySite) -> None:
    serve(plain_site)
    found, _ = desk.capture("--browser=never", plain_site.url("/story"), code=1)
    assert found["kind"] == "script only" and found["browser"] is None
    plain_site.serve("/plain-story", page(f"<title>t</title><article><p>{SAID}</p>{BODY}</article>"))
    found, _ = desk.capture(plain_site.url("/plain-story"))
    assert found["browser"] is None and found["plain"] is None
    none = desk("capture", "--allow-private", "--browser", plain_site.url("/story"), ARCHIVER_CHROMIUM="")
    assert none.returncode == 3 and "no Chromium" in none.stderr and "doctor" in none.stderr


def test_hostile_pages_are_sealed(desk: Desk, plain_site: SteadySite) -> None:
    pages = {
        "hung": "<p>x<script>while (true) {}</script>",
        "dialogs": "<p>x<script>while (true) alert(1)</script>",
        "tall": "<div style='height: 300000px'>tall</div>",
        "away": "<p>x<script>location = 'file:///etc/passwd'</script>",
        "inside": "<p>x<script>fetch('http://169.254.169.254/latest/').catch(() => 0)</script>",
    }
    for name, body in pages.items():
        plain_site.serve(f"/{name}", page(body))
    plain_site.serve("/file", head("Content-Type: application/zip", "Content-Length: 4") + b"PK\x05\x06")
    addresses = [plain_site.url(f"/{name}") for name in (*pages, "file")]
    found = desk.capture("--browser", "--total-seconds", "20", "--jobs", "2", *addresses, code=1)
    numbers = {item["target"].rsplit("/", 1)[-1]: item["snapshot"] for item in found[:-1]}
    assert all(number is not None for number in numbers.values()), found
    told = {name: model.decode(desk.object(number, "rendering")) for name, number in numbers.items()}
    happened = {name: {item.what for item in rendering.happened} for name, rendering in told.items()}
    assert happened["hung"] & {"not loaded", "hung"}
    assert {"dialog", "scripts stopped"} <= happened["dialogs"]
    assert told["tall"].page.clipped and told["tall"].page.height >= 300_000
    assert "passwd" not in told["away"].page.address
    assert told["file"].outcome == "no page" and "download" in happened["file"]
    for number in numbers.values():
        facts = desk.facts(number)
        assert facts.outcome == "response" and facts.hops[0].status == 200


def test_a_file_is_read_as_it_was_served(desk: Desk, plain_site: SteadySite) -> None:
    plain_site.serve("/letter", page(f"A letter.\n\n{SAID}\n", "text/plain; charset=utf-8"))
    found, _ = desk.capture("--browser", plain_site.url("/letter"))
    assert found["kind"] == "plain text" and found["statements"] == 1
    assert model.decode(desk.object(1, "rendering")).dom is not None and desk.manifest(2).object("origins") is None
    assert "plain text" in desk("read", "1").stdout
    assert desk("verify").returncode == 0


def test_a_visit_that_nobody_answers(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    found, _ = desk.capture("--browser", "--keep-failed", f"http://127.0.0.1:{port}/", code=1)
    assert found["state"] == "no response" and found["snapshot"] == 1
    rendering = model.decode(desk.object(1, "rendering"))
    assert rendering.outcome == "no page" and rendering.not_answered[0].kind == "connect"


@pytest.mark.slow
def test_a_batch_of_pages(desk: Desk, plain_site: SteadySite) -> None:
    serve(plain_site)
    addresses = [f"{plain_site.url('/story')}?{number}" for number in range(20)]
    *found, last = desk.capture("--browser", "--jobs", "2", "--delay", "0", *addresses)
    assert last["sealed"] == 20
    assert all(item["exchanges"] == 2 for item in found)


@pytest.mark.slow
@pytest.mark.skipif(
    not Path(os.environ.get("REPLAYWEB", "/nowhere")).is_dir(), reason="there is no ReplayWeb.page here"
)
@pytest.mark.parametrize("how", ["--browser", "--requisites"])
def test_a_wacz_of_it_replays(desk: Desk, plain_site: SteadySite, how: str) -> None:
    serve(plain_site)
    quote = "The bridge stays shut until spring" if how == "--browser" else "Served as it is"
    address = plain_site.url("/story" if how == "--browser" else "/plain-story")
    styled = "<link rel=stylesheet href=/all.css><style>p { color: red }</style>"
    plain_site.serve(
        "/plain-story", page(f"<title>t</title>{styled}<article><p>“{quote},” she said.</p>{BODY}</article>")
    )
    plain_site.serve("/all.css", page("p::before { content: 'styled: ' }", "text/css"))
    desk.capture(how, address)
    assert desk("export", "1", "--wacz", "page.wacz").returncode == 0
    assert desk("verify", "page.wacz").returncode in (0, 4)
    replay = Path(__file__).parents[1] / "foreign" / "replay.py"
    command = [sys.executable, str(replay), os.environ["REPLAYWEB"], str(desk.folder / "page.wacz"), address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and quote in json.loads(done.stdout), done.stdout + done.stderr


@pytest.mark.slow
def test_a_capture_that_is_killed_leaves_no_browser(desk: Desk, plain_site: SteadySite) -> None:
    plain_site.serve("/never", page("<p>x<img src=/late>"))
    plain_site.serve("/late", head("Content-Length: 5"), lambda talk: talk.pause(60))
    command = [sys.executable, "-m", "archiver", "capture", "--allow-private", "--browser", plain_site.url("/never")]
    with subprocess.Popen(
        command, cwd=desk.folder, env=desk.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as capture:
        plain_site.wait_for("/never")
        browsers = _browsers(capture.pid)
        assert browsers
        capture.kill()
    end = time.monotonic() + 15
    while browsers and time.monotonic() < end:
        browsers = {pid for pid in browsers if Path(f"/proc/{pid}").exists() and not _is_over(pid)}
        time.sleep(0.1)
    assert not browsers


def _browsers(root: int) -> set[int]:
    """Descendants whose command line is a browser's."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found, size = {root}, 0
    while len(found) > size:
        size = len(found)
        found |= {pid for pid, parent in parents.items() if parent in found}
    return {pid for pid in found if b"--remote-debugging-pipe" in Path(f"/proc/{pid}/cmdline").read_bytes()}


def _is_over(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in ("Z", "X")
    except OSError:
        return True
