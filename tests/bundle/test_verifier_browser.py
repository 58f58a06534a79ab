"""The page that verifies bundles, in real browsers: what it says of good and bad bundles, from file://, offline."""

from __future__ import annotations

import html
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from bundle_cases import SIGNER, MemoryArchive, bundle_of, contents, signed_again, small_archive, zip_of
from bundle_cases import Page as BundlePage
from chromium import PROGRAM, Chromium, Page
from verifier_corpus import corpus, disagreement, judge

from archiver.bundle.report import verifier
from archiver.verify.identity import short

pytestmark = [pytest.mark.browser, pytest.mark.skipif(PROGRAM is None, reason="there is no chromium")]
UNCONFIRMED = "internally consistent; the signing key is unconfirmed"
CONFIRMED = "internally consistent, signed by a key that you confirmed"


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with Chromium() as started:
        yield started


@pytest.fixture
def verify_html(tmp_path: Path) -> Path:
    path = tmp_path / "verify.html"
    path.write_bytes(verifier.page())
    return path


def opened(browser: Chromium, path: Path, **options: object) -> Page:
    page = browser.open(path, **options)  # type: ignore[arg-type]
    page.wait("document.documentElement.dataset.verifier !== undefined")
    return page


def checked(page: Page, path: Path) -> str:
    """The verdict on a zip that is chosen in the page."""
    page.choose("#verifier-file", path)
    page.wait("!!document.documentElement.dataset.verdict")
    return str(page.evaluate("document.documentElement.dataset.verdict"))


def test_a_good_and_a_changed_bundle(browser: Chromium, verify_html: Path, tmp_path: Path) -> None:
    data, built = bundle_of(small_archive(), 1)
    files = contents(data)
    good, bad, no_zip = tmp_path / "good.zip", tmp_path / "bad.zip", tmp_path / "none.zip"
    good.write_bytes(data)
    name = next(name for name in files if b"We will open the bridge" in files[name] and "objects" in name)
    changed = {**files, name: files[name].replace(b"We will open", b"We will sell")}
    bad.write_bytes(zip_of(signed_again(changed), built.folder))
    no_zip.write_bytes(b"<p>404")
    for fragment, engine in (("", "WebCrypto"), ("#noble", "noble")):
        page = opened(browser, verify_html, fragment=fragment)
        assert page.evaluate("document.documentElement.dataset.verifier") == engine
        assert checked(page, good) == UNCONFIRMED
        text = page.evaluate("document.body.innerText")
        assert "We will open the bridge on Monday." in text and SIGNER.public.fingerprint in text
        assert short(built.record.archive) in text
        assert checked(page, bad) == "FAILED"
        assert "is not what was sealed" in page.evaluate("document.body.innerText")
        assert "We will sell" not in page.evaluate("document.body.innerText")
        assert checked(page, no_zip) == "refused"


def test_fingerprints_that_somebody_told(browser: Chromium, verify_html: Path, tmp_path: Path) -> None:
    data, built = bundle_of(small_archive(), 1)
    path = tmp_path / "good.zip"
    path.write_bytes(data)
    page = opened(browser, verify_html)
    assert checked(page, path) == UNCONFIRMED
    for words, verdict in (
        (short(built.record.archive), CONFIRMED),
        (built.record.archive, CONFIRMED),
        (SIGNER.public.fingerprint, CONFIRMED),
        ("SHA256:" + "A" * 43, UNCONFIRMED),
    ):
        page.evaluate(f"document.getElementById('verifier-told').value = {json.dumps(words)}")
        page.evaluate("document.documentElement.dataset.verdict = ''")
        page.evaluate("document.querySelector('button').click()")
        page.wait("!!document.documentElement.dataset.verdict")
        assert page.evaluate("document.documentElement.dataset.verdict") == verdict
        assert ("nobody in this bundle" in page.evaluate("document.body.innerText")) == (verdict == UNCONFIRMED)


def test_a_report_checks_its_own_bundle(browser: Chromium, tmp_path: Path) -> None:
    """Opened from the unpacked folder, it takes the zip, and says that its own word proves nothing."""
    data, _ = bundle_of(small_archive(), 1)
    report, path = tmp_path / "report.html", tmp_path / "good.zip"
    report.write_bytes(contents(data)["report.html"])
    path.write_bytes(data)
    page = opened(browser, report)
    assert "This page came with the bundle, so its own check proves nothing" in page.evaluate("document.body.innerText")
    assert checked(page, path) == UNCONFIRMED
    assert page.evaluate("document.querySelectorAll('#verifier-results .statement').length") == 1
    drop = (
        "const moved = new DataTransfer(); moved.items.add(new File(['<p>404'], 'x.zip'));"
        "document.documentElement.dataset.verdict = '';"
        "document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: moved, bubbles: true, cancelable: true }))"
    )
    page.evaluate(drop)
    page.wait("!!document.documentElement.dataset.verdict")
    assert page.evaluate("document.documentElement.dataset.verdict") == "refused"


def test_words_of_the_evidence_stay_words(browser: Chromium, verify_html: Path, tmp_path: Path) -> None:
    """A speaker's name and a quotation that are markup are shown, and nothing of them runs."""
    evil = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>"
    said = {"parts": [evil], "kind": "direct", "speaker": evil, "polarity": "affirmed"}
    archive = MemoryArchive()
    archive.capture(BundlePage(f"<p>{html.escape(evil)}</p>".encode(), [said]))
    archive.seal()
    path = tmp_path / "evil.zip"
    path.write_bytes(bundle_of(archive, 1)[0])
    page = opened(browser, verify_html)
    assert checked(page, path) == UNCONFIRMED
    shown = page.evaluate("document.querySelector('#verifier-results blockquote').textContent")
    assert shown == evil and page.evaluate("document.title") == "Verify an evidence bundle"
    assert page.evaluate("document.querySelectorAll('#verifier-results img, #verifier-results script').length") == 0


def test_it_cannot_reach_anything(browser: Chromium, verify_html: Path) -> None:
    page = opened(browser, verify_html)
    assert page.evaluate("isSecureContext") is True
    for attempt in ("fetch('http://127.0.0.1:9/')", "fetch(location.href)", "fetch('data:,x')"):
        assert page.evaluate(f"{attempt}.then(() => 'reached', (error) => error.name)") == "TypeError"
    assert page.evaluate("(() => { try { return eval('1') } catch (error) { return error.name } })()") == "EvalError"
    assert (
        page.evaluate(
            "(() => { try { document.body.innerHTML = '<b>x'; return 'done' } catch (error) { return error.name } })()"
        )
        == "TypeError"
    )


def agreement(browser: Chromium, tmp_path: Path, names: list[str]) -> dict[str, str]:
    """Where the browser and our verifier disagree."""
    page_path = tmp_path / "core.html"
    page_path.write_text(f'<!doctype html><meta charset="utf-8"><input type="file"><script>{verifier.core()}</script>')
    page = browser.open(page_path)
    page.evaluate("archiver.chooseEngine()")
    wrong = {}
    for name in names:
        path = tmp_path / "case.zip"
        path.write_bytes(corpus()[name])
        page.choose("input", path)
        found = page.evaluate(
            "archiver.verifyBundle(archiver.sourceOfBlob(document.querySelector('input').files[0]))"
            ".then((report) => JSON.stringify(report), (error) => JSON.stringify("
            "error.kind ? { refused: error.message } : { defect: String(error.stack) }))"
        )
        said = disagreement(judge(corpus()[name]), json.loads(found))
        if said:
            wrong[name] = said
    return wrong


def test_it_agrees_with_ours_on_some_bundles(browser: Chromium, tmp_path: Path) -> None:
    assert not agreement(browser, tmp_path, list(corpus())[::20])


@pytest.mark.slow
def test_it_agrees_with_ours_on_every_bundle_in_chromium(browser: Chromium, tmp_path: Path) -> None:
    assert not agreement(browser, tmp_path, list(corpus()))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("firefox-esr") is None, reason="there is no firefox-esr")
@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
def test_it_agrees_with_ours_on_every_bundle_in_firefox(tmp_path: Path, verify_html: Path) -> None:
    script = tmp_path / "core.html"
    script.write_text(f'<!doctype html><meta charset="utf-8"><input type="file"><script>{verifier.core()}</script>')
    cases = {"good": bundle_of(small_archive(), 1)[0], **corpus()}
    for number, data in enumerate(cases.values()):
        (tmp_path / f"{number}.zip").write_bytes(data)
    alone = ["unshare", "--net", "--map-root-user", "sh", "-c", 'ip link set lo up; exec "$@"', "sh"]
    found = subprocess.run(
        [*alone, sys.executable, str(Path(__file__).parents[1] / "firefox.py"), str(script), str(verify_html)],
        input="".join(f"{tmp_path / f'{number}.zip'}\n" for number in range(len(cases))),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert found.returncode == 0, found.stderr[-2000:]
    said = json.loads(found.stdout)
    assert (said["engine"], said["page"]) == ("WebCrypto", UNCONFIRMED)
    pairs = zip(cases.items(), said["reports"], strict=True)
    assert not {name: wrong for (name, data), theirs in pairs if (wrong := disagreement(judge(data), theirs))}
