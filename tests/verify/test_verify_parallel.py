"""Several processes, or somebody's executor, give the same report; interruptions and dead workers end cleanly."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor

import pytest
from simulator import HTML, Simulator
from verify_cases import check, codes

from archiver.errors import FormatError, UnavailableError
from archiver.evidence import Evidence
from archiver.model.manifest import decode
from archiver.store.folder import ArchiveFolder
from archiver.verify.policy import Policy
from archiver.verify.report import Report
from archiver.verify.run import verify
from archiver.verify.usual import recognise
from archiver.verify.workers import Workers


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ArchiveFolder:
    """An archive of some 3,500 manifests: many of the usual kind, a few others, and two faults."""
    archive = Simulator()
    for number in range(4):
        with archive.batch():
            archive.capture(HTML + b"<p>%d" % number)
    with archive.batch():
        while archive.last < 1700:
            archive.note()
    with archive.batch():
        archive.rotate().capture()
        while archive.last < 3500:
            archive.note()
    root = archive.write_to(tmp_path_factory.mktemp("parallel") / "archive")
    for name in ("chain/x002/100.json.sig", archive.object_of(1, "warc")):
        data = (root / name).read_bytes()
        (root / name).write_bytes(data[:200] + bytes([data[200] ^ 1]) + data[201:])
    return ArchiveFolder(root)


def report_of(folder: ArchiveFolder, **arguments: object) -> dict[str, object]:
    report = verify(folder, Policy(), **arguments)  # type: ignore[arg-type]
    return report.to_json()


def test_any_number_of_processes_gives_the_same_report(folder: ArchiveFolder) -> None:
    alone = report_of(folder)
    assert {f["code"] for f in alone["findings"] if f["weight"] == "failed"} == {  # type: ignore[attr-defined]
        "signature-bad",
        "manifest-link",
        "object-changed",
        "warc-digest",
        "segments-root",
    }
    assert report_of(folder, jobs=2) == alone


@pytest.mark.parametrize("kind", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_an_executor_is_used_and_left_running(folder: ArchiveFolder, kind: type[Executor]) -> None:
    with kind(2) as executor:
        assert report_of(folder, jobs=2, executor=executor) == report_of(folder)
        assert executor.submit(abs, -1).result() == 1


def test_progress_reaches_the_end(folder: ArchiveFolder) -> None:
    told: list[tuple[str, int, int]] = []
    verify(folder, Policy(), progress=lambda what, done, total: told.append((what, done, total)))
    assert [what for what, done, total in told if done == total] == ["manifests", "objects", "contents"]
    assert all(0 < done <= total for _, done, total in told)


def fall(_evidence: Evidence, task: int) -> int:
    if task == 3:
        os._exit(9)
    return task


def test_a_worker_that_dies_is_one_of_our_errors(folder: ArchiveFolder) -> None:
    with ProcessPoolExecutor(1) as pool, Workers(folder, 1, pool) as workers, pytest.raises(UnavailableError) as caught:
        list(workers.map(fall, range(8)))
    assert "--jobs 1" in (caught.value.hint or "")


@pytest.mark.parametrize("after", [0.05, 0.1, 0.15, 0.2, 0.25])
def test_control_c_ends_it_at_once_and_quietly(folder: ArchiveFolder, after: float) -> None:
    program = (
        "import sys; from pathlib import Path; from archiver.store.folder import ArchiveFolder\n"
        "from archiver.verify.policy import Policy; from archiver.verify.run import verify\n"
        "def told(what, done, total): print(what, flush=True)\n"
        "if __name__ == '__main__':\n"
        "    try:\n"
        "        while True: verify(ArchiveFolder(Path(sys.argv[1])), Policy(), jobs=2, progress=told)\n"
        "    except KeyboardInterrupt: sys.exit(130)\n"
    )
    command = [sys.executable, "-c", program, str(folder.root)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        time.sleep(after)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        try:
            code = process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        said = process.stderr.read()
    assert code == 130
    assert said == ""


# What is recognised at a glance.


def manifests() -> list[bytes]:
    archive = Simulator().capture().snapshot().local_file(b"x").reading().note().rotate().takedown(1, "warc").stamp()
    archive.capture(b"<p>No words.")
    return archive.manifests


def test_usual_manifests_are_recognised_and_others_are_not() -> None:
    events = [decode(data).event for data in manifests() if recognise(data)]
    assert events == ["snapshot", "reading", "snapshot", "snapshot", "snapshot"]


def agrees(data: bytes) -> bool:
    """Whether what is recognised is decoded to the same; True if it is not recognised."""
    usual = recognise(data)
    if usual is None:
        return True
    manifest = decode(data)
    assert manifest.previous is not None
    return usual == (
        manifest.event,
        manifest.sequence,
        manifest.archive,
        manifest.previous.manifest,
        manifest.previous.signature,
        manifest.keys,
        manifest.signer,
        manifest.subject,
        tuple((ref.role, ref.digest, ref.size) for ref in manifest.objects),
    )


def test_what_is_recognised_is_what_is_decoded() -> None:
    """Every character of usual manifests replaced by those that look most alike, and pieces repeated and dropped."""
    for data in (item for item in manifests() if recognise(item)):
        assert agrees(data)
        for at in range(len(data)):
            for other in b'09afAZz+/= \n\r\t",:\\-._\x00\x1f\x7f\x80\xff':
                changed = data[:at] + bytes([other]) + data[at + 1 :]
                try:
                    assert agrees(changed)
                except FormatError as error:
                    raise AssertionError(f"recognised, and not decoded: {changed!r}: {error.message}") from None
            assert agrees(data[:at] + data[at + 1 :])


def test_numbers_and_times_at_their_limits() -> None:
    data = next(item for item in manifests() if recognise(item))
    for number in (b"0", b"00", b"01", b"9007199254740991", b"9007199254740992", b"999999999999999", b"1e3", b"-1"):
        for key in (b'"sequence": ', b'"size": ', b'"count": '):
            changed = re.sub(re.escape(key) + rb"[0-9]+", key + number, data, count=1)
            try:
                assert agrees(changed)
            except FormatError:
                raise AssertionError(changed) from None
    chance = random.Random(3)
    for _ in range(3000):
        digits = "".join(chance.choice("0123456789") for _ in range(17))
        time_ = (
            f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}T{digits[8:10]}:{digits[10:12]}:{digits[12:14]}.{digits[14:]}Z"
        )
        changed = re.sub(rb'"time": "[^"]*"', b'"time": "' + time_.encode() + b'"', data)
        try:
            assert agrees(changed)
        except FormatError:
            raise AssertionError(changed) from None


def test_an_empty_tree_is_left_to_the_reader() -> None:
    archive = Simulator().capture(b"<p>No words.")
    assert not codes(check(archive)) - {"file-unbound"}
    assert archive.manifest(2).object("statements") is not None
    assert recognise(archive.manifests[2]) is None


def test_a_report_keeps_a_thousand_findings_of_a_kind_and_counts_the_rest() -> None:
    report = Report("archive", "x", "content")
    begun = time.perf_counter()
    for number in range(200_000):
        report.find(5, "signature-bad", "does not hold", file=f"chain/{number}.json.sig", sequence=number)
    assert time.perf_counter() - begun < 5
    assert len(report.findings) == 1000
    assert report.uncounted == {"signature-bad": 199_000}
    assert report.to_json()["more_findings"] == {"signature-bad": 199_000}
