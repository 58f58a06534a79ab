"""Stored bytes equal sent bytes, or what is missing is said: every odd answer, without and with TLS."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from certificates import Authority
from testsite import BROKEN, TEXT, WHOLE, Site, head
from visiting import clock, fetch, fetcher, said, stored
from warcio.archiveiterator import ArchiveIterator

from archiver.warc.http import entity_body, split_message
from archiver.warc.record import uuid_urn
from archiver.warc.write import WarcWriter


@pytest.fixture
def options(authority: Authority) -> dict[str, str]:
    return {"ca_file": str(authority.root_path)}


@pytest.mark.parametrize("path", WHOLE)
def test_whole_answers(site: Site, options: dict[str, str], path: str) -> None:
    before = len(site.sent[path])
    visit = fetch(site.url(path), **options)
    [exchange] = visit.exchanges
    assert stored(exchange) == site.wait_for(path, before + 1)[-1] == WHOLE[path]
    assert exchange.request == site.received[path][-1]
    assert exchange.truncated is None
    assert (visit.outcome, visit.error, visit.retryable) == ("response", None, False)
    assert (exchange.ip, exchange.port) == ("127.0.0.1", site.port)
    assert (exchange.tls is not None) == (site.scheme == "https")
    visit.close()


@pytest.mark.parametrize("path", WHOLE)
def test_what_is_whole_here_is_whole_to_the_reader(plain_site: Site, path: str) -> None:
    """The archive's reader takes the same head and finds the body complete, but for a coding that is damaged."""
    visit = fetch(plain_site.url(path))
    [exchange] = visit.exchanges
    message = split_message(io.BytesIO(stored(exchange)))
    assert message.final is not None and message.final.complete
    assert message.final.status == exchange.status
    body = entity_body(message.final, stored(exchange)[message.body_offset :], 1 << 24)
    assert body.complete == (path != "/bad-gzip")
    visit.close()


STATUSES = {
    "/204": 204,
    "/304": 304,
    "/404": 404,
    "/odd-status": 299,
    "/early-hints": 200,
    "/no-colon": 200,
    "/lf-only": 200,
    "/many-headers": 200,
    "/http-1.0": 200,
}


@pytest.mark.parametrize("path", STATUSES)
def test_the_final_status_counts(plain_site: Site, path: str) -> None:
    visit = fetch(plain_site.url(path))
    assert visit.exchanges[-1].status == STATUSES[path]
    visit.close()


def test_fields_are_given_for_reading(plain_site: Site) -> None:
    odd = fetch(plain_site.url("/odd-headers")).exchanges[0]
    assert odd.fields[:5] == (
        ("X-Twice", "one"),
        ("x-tWiCe", "two"),
        ("X-Twice", "three"),
        ("X-Empty", ""),
        ("X-Tab", "a"),
    )
    assert odd.header("X-TWICE") == "one"
    folded = fetch(plain_site.url("/folded")).exchanges[0]
    assert folded.header("x-fold") == "one two three"
    latin = fetch(plain_site.url("/non-ascii")).exchanges[0]
    assert (latin.header("x-latin"), latin.header("x-utf8")) == ("café", "cafÃ©")
    reason = fetch(plain_site.url("/odd-status")).exchanges[0]
    assert (reason.status, reason.reason, reason.http_version) == (299, "Odd  But  Fine", "HTTP/1.1")
    old = fetch(plain_site.url("/http-1.0")).exchanges[0]
    assert (old.http_version, old.reason) == ("HTTP/1.0", "OK")
    for exchange in (odd, folded, latin, reason, old):
        exchange.response.close()


# path: (truncated, error kind, words in the problems)
DEVIATIONS: dict[str, tuple[str | None, str | None, str]] = {
    "/short": ("disconnect", None, "bytes less than Content-Length says"),
    "/short-chunked": ("disconnect", None, "has no end"),
    "/bad-chunk": ("unspecified", None, "not the size of a chunk"),
    "/cut-head": ("disconnect", "disconnect", "inside the head"),
    "/cut-status": ("disconnect", "disconnect", "inside the head"),
    "/http-0.9": (None, "protocol", ""),
    "/ssh": (None, "protocol", ""),
    "/nothing": ("disconnect", "disconnect", ""),
    "/extra": (None, None, "19 bytes after the end of the body"),
}


@pytest.mark.parametrize("path", DEVIATIONS)
def test_deviations_are_kept_and_said(site: Site, options: dict[str, str], path: str) -> None:
    before = len(site.sent[path])
    visit = fetch(site.url(path), **options)
    [exchange] = visit.exchanges
    assert stored(exchange) == site.wait_for(path, before + 1)[-1] == BROKEN[path]
    truncated, kind, words = DEVIATIONS[path]
    assert exchange.truncated == truncated
    assert visit.error_kind == kind
    assert (visit.error is None) == (kind is None)
    assert words in said(exchange)
    visit.close()


def test_no_answer_is_no_response(plain_site: Site) -> None:
    for path in ("/nothing", "/http-0.9", "/ssh", "/cut-status", "/reset"):
        visit = fetch(plain_site.url(path))
        assert visit.outcome == "no response", path
        assert visit.exchanges[0].status is None
        assert visit.error is not None and visit.error.startswith("127.0.0.1: ")
        assert visit.final_url == plain_site.url(path)
        visit.close()


def test_what_may_pass_is_retryable(plain_site: Site) -> None:
    wanted = {"/nothing": True, "/reset": True, "/short": True, "/ssh": False, "/extra": False, "/404": False}
    for path, retryable in wanted.items():
        visit = fetch(plain_site.url(path))
        assert visit.retryable is retryable, path
        visit.close()


def test_too_many_headers(plain_site: Site) -> None:
    visit = fetch(plain_site.url("/too-many-headers"))
    [exchange] = visit.exchanges
    assert BROKEN["/too-many-headers"].startswith(stored(exchange))
    assert (visit.error_kind, exchange.truncated) == ("protocol", "length")
    assert "header lines" in said(exchange)
    visit.close()


def test_huge_header(site: Site, options: dict[str, str]) -> None:
    visit = fetch(site.url("/huge-header"), **options)
    [exchange] = visit.exchanges
    data = stored(exchange)
    assert BROKEN["/huge-header"].startswith(data)
    assert 256 << 10 <= len(data) < 400_000
    assert exchange.status == 200
    assert exchange.truncated == "length"
    assert "header bytes" in said(exchange)
    visit.close()


def test_reset(site: Site, options: dict[str, str]) -> None:
    visit = fetch(site.url("/reset"), **options)
    assert visit.error_kind == "disconnect"
    assert visit.exchanges[0].response_length == 0
    assert visit.exchanges[0].request in site.received["/reset"]
    visit.close()


def test_reset_in_the_body(site: Site, options: dict[str, str]) -> None:
    visit = fetch(site.url("/reset-in-body"), **options)
    [exchange] = visit.exchanges
    assert stored(exchange) == site.wait_for("/reset-in-body")[-1]
    assert (exchange.status, exchange.truncated, visit.retryable) == (200, "disconnect", True)
    assert "the connection broke" in said(exchange) or "the TLS connection was cut" in said(exchange)
    visit.close()


def test_reset_where_the_end_of_the_connection_is_the_end_of_the_body(site: Site, options: dict[str, str]) -> None:
    """A FIN would make this body whole; a reset does not."""
    visit = fetch(site.url("/reset-until-close"), **options)
    [exchange] = visit.exchanges
    assert stored(exchange) == site.wait_for("/reset-until-close")[-1]
    assert exchange.truncated == "disconnect"
    visit.close()


def test_tls_cut_without_closing_message(tls_site: Site, options: dict[str, str]) -> None:
    """Whoever can cut the connection could have cut off the end of the body: unless its length was given."""
    visit = fetch(tls_site.url("/no-notify"), **options)
    [exchange] = visit.exchanges
    assert stored(exchange) == tls_site.wait_for("/no-notify")[-1]
    assert exchange.truncated == "disconnect"
    assert "without its closing message" in said(exchange)
    visit.close()
    visit = fetch(tls_site.url("/no-notify-length"), **options)
    [exchange] = visit.exchanges
    assert stored(exchange) == tls_site.wait_for("/no-notify-length")[-1]
    assert (exchange.truncated, exchange.problems) == (None, ())
    visit.close()


def test_garbage_is_kept_up_to_a_limit(plain_site: Site) -> None:
    """And what is kept is a beginning, without a gap."""
    garbage = bytes(range(256)) * 4000
    plain_site.serve("/garbage", garbage)
    for options in ({}, {"max_head": 1024}, {"max_bytes": 100_000}, {"max_bytes": 10}):
        visit = fetch(plain_site.url("/garbage"), **options)
        [exchange] = visit.exchanges
        data = stored(exchange)
        assert garbage.startswith(data) and 0 < len(data) < len(garbage)
        assert len(data) <= options.get("max_bytes", 256 << 10)
        assert (exchange.truncated, visit.error_kind) == ("length", "protocol")
        visit.close()


def test_as_much_junk_as_is_kept_at_most_is_not_called_more(plain_site: Site) -> None:
    first = head("Content-Length: 5", "Connection: close") + b"hello"
    for junk, more in ((64 << 10, False), ((64 << 10) + 1, True)):
        plain_site.serve("/junk", first, lambda talk: talk.pause(0.2), b"j" * junk)
        visit = fetch(plain_site.url("/junk"))
        [exchange] = visit.exchanges
        assert stored(exchange) == first + b"j" * (64 << 10)
        assert ("more than 65536 bytes" in said(exchange)) is more
        assert exchange.truncated is None
        visit.close()


def test_byte_by_byte(site: Site, options: dict[str, str]) -> None:
    visit = fetch(site.url("/one-by-one"), **options)
    [exchange] = visit.exchanges
    assert stored(exchange) == WHOLE["/early-hints"]
    assert (exchange.status, exchange.truncated) == (200, None)
    visit.close()


def test_late_junk_is_kept(plain_site: Site) -> None:
    visit = fetch(plain_site.url("/late-extra"))
    [exchange] = visit.exchanges
    assert stored(exchange) == plain_site.wait_for("/late-extra")[-1]
    assert "9 bytes after the end" in said(exchange)
    visit.close()


def test_a_server_that_does_not_close_is_not_waited_for(plain_site: Site) -> None:
    begun = time.monotonic()
    visit = fetch(plain_site.url("/stuck-after"))
    assert visit.exchanges[0].truncated is None
    assert time.monotonic() - begun < 0.95
    visit.close()
    visit = fetch(plain_site.url("/stuck-after-close"))
    assert visit.exchanges[0].truncated is None
    assert time.monotonic() - begun < 8
    visit.close()


def test_many_threads_share_one_fetcher(site: Site, options: dict[str, str]) -> None:
    """Nothing of one visit gets into another."""
    paths = ["/plain", "/chunked-gzip", "/early-hints", "/odd-headers", "/no-length", "/big"]
    wrong: list[str] = []
    with fetcher(30, **options) as shared:

        def visit_some(number: int) -> None:
            for turn in range(3):
                path = paths[(number + turn) % len(paths)]
                target = f"{path}?thread={number}&turn={turn}"
                visit = shared.fetch(site.url(target))
                [exchange] = visit.exchanges
                good = stored(exchange) == WHOLE[path] and exchange.request == site.received[target][0]
                if not good or exchange.truncated or visit.error:
                    wrong.append(target)
                visit.close()

        threads = [threading.Thread(target=visit_some, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert wrong == []
    assert all(f"/plain?thread={n}&turn=0" in site.sent for n in (0, 6, 12))


def test_the_request_is_spelled_as_given(plain_site: Site) -> None:
    """Libraries like to spell escapes, dots and brackets their own way; servers may tell the spellings apart."""
    target = "/a%c3%a4b%7Ec|d[1]?q=%2f%2F&r=a|b&empty"
    visit = fetch(plain_site.url(target))
    assert visit.exchanges[0].request.startswith(f"GET {target} HTTP/1.1\r\n".encode())
    assert plain_site.received[target]
    visit.close()


def test_a_long_body_goes_to_the_given_folder(plain_site: Site, tmp_path) -> None:
    visit = fetch(plain_site.url("/big"), folder=tmp_path)
    [exchange] = visit.exchanges
    assert stored(exchange) == WHOLE["/big"]
    assert list(tmp_path.iterdir()) == []  # anonymous: nothing to clean up after a crash
    assert exchange.response.fileno() >= 0
    visit.close()


def test_a_full_or_missing_disk_is_said(plain_site: Site, tmp_path) -> None:
    from archiver.errors import StoreError

    with pytest.raises(StoreError, match="could not be kept"):
        fetch(plain_site.url("/big"), folder=tmp_path / "missing")


def test_a_disk_that_fills_up_is_said(plain_site: Site, tmp_path) -> None:
    """Just before the end, when only what is still buffered has no more room."""
    code = (
        "import resource, sys\nfrom pathlib import Path\n"
        "from visiting import fetch\nfrom archiver.errors import StoreError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)\n"
        "try:\n    fetch(sys.argv[1], folder=Path(sys.argv[2]))\n"
        "except StoreError as error:\n    print(error.message, '|', error.hint)\n"
    )
    for room in (1 << 20, len(WHOLE["/big"]) - 1):
        done = subprocess.run(
            [sys.executable, "-c", code, plain_site.url("/big"), str(tmp_path), str(room)],
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parent), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
        )
        assert done.stdout == "a response could not be kept: File too large | make room on that disk\n", done.stderr


def test_every_visit_makes_a_warc_that_others_accept(plain_site: Site, tmp_path: Path) -> None:
    """The archive's writer takes every exchange as it is; warcio finds its digests right and the same bytes."""
    path = tmp_path / "all.warc"
    stored_bytes = {}
    with path.open("wb") as out:
        ids = iter(range(1_000_000))
        writer = WarcWriter(out, lambda: uuid_urn(next(ids).to_bytes(16, "big")), None)
        writer.write_info(clock(), {"software": "test"})
        for name in (*WHOLE, *BROKEN, "/reset-in-body", "/chain", "/bounce"):
            if name == "/br":  # warcio does not get on with every version of the brotli module
                continue
            visit = fetch(plain_site.url(name))
            for exchange in visit.exchanges:
                found = writer.write_exchange(
                    uri=exchange.url,
                    date=exchange.started,
                    ip=exchange.ip,
                    request=exchange.request,
                    response=exchange.response,
                    response_length=exchange.response_length,
                    truncated=exchange.truncated,
                )
                stored_bytes[found.response_id] = stored(exchange)
            visit.close()
        writer.finish()
    done = subprocess.run([sys.executable, "-m", "warcio.cli", "check", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    with path.open("rb") as stream:
        reader = ArchiveIterator(stream, no_record_parse=True)
        found_bytes = {
            record.rec_headers.get_header("WARC-Record-ID"): record.raw_stream.read()
            for record in reader
            if record.rec_type == "response"
        }
    assert found_bytes == stored_bytes


def test_the_text_is_there() -> None:
    assert len(TEXT) > 1000
