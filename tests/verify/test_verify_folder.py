"""A real folder: links, pipes and folders in place of files, files that cannot be read, names that no format has."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tampering import evidence_files, judge, policy_of, sample

from archiver.store.folder import ArchiveFolder
from archiver.verify.report import Report
from archiver.verify.run import verify


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return sample().write_to(tmp_path / "archive")


def report_of(root: Path) -> Report:
    return verify(ArchiveFolder(root), policy_of(sample()))


def link_to_the_same(path: Path, outside: Path) -> None:
    path.rename(outside)
    path.symlink_to(outside)


def folder(path: Path, _outside: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "inside").write_bytes(b"x")


def pipe(path: Path, _outside: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def broken_link(path: Path, _outside: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


CHANGES: list[Callable[[Path, Path], None]] = [link_to_the_same, folder, pipe, broken_link]


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_no_plain_file_is_no_evidence(change: Callable[[Path, Path], None], tmp_path: Path) -> None:
    archive = sample()
    for number, name in enumerate(evidence_files(archive)):
        root = archive.write_to(tmp_path / f"{number}")
        change(root / name, tmp_path / f"{number}.outside")
        report = report_of(root)
        if change is folder and name == "log/checkpoints/1":
            assert report.failed, "what is inside belongs to nothing"
            continue
        assert judge(report, name) is None, f"{name}: {judge(report, name)}"
        assert report.exit_code == 1, name


def test_a_folder_that_is_a_link(root: Path, tmp_path: Path) -> None:
    (root / "objects").rename(tmp_path / "elsewhere")
    (root / "objects").symlink_to(tmp_path / "elsewhere")
    report = report_of(root)
    assert report.exit_code == 1
    assert "file-unknown" in {finding.code for finding in report.findings}
    assert any(finding.file == "objects" for finding in report.findings)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_unreadable(root: Path) -> None:
    (root / "chain/001.json").chmod(0)
    report = report_of(root)
    assert report.exit_code == 3
    assert "chain/001.json" in {finding.file for finding in report.findings}


def test_a_disk_that_fails_is_unreadable_and_the_rest_is_looked_at(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's own memory file gives an input/output error when it is read."""
    target = root / "log/tile/0/000.p/4"
    real = os.open

    def failing(path: object, flags: int, *rest: object, **named: object) -> int:
        return real("/proc/self/mem" if str(path) == str(target) else path, flags)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(os, "open", failing)
    report = report_of(root)
    assert report.exit_code == 3
    assert [f.file for f in report.findings if f.code == "file-unreadable"] == ["log/tile/0/000.p/4"]
    assert report.steps[9].checked == 6


@pytest.mark.parametrize(
    "name", [b"\xff\xfe", b"a\nb", b"\x1b[31mred", "\u202egnp.exe".encode(), b"x" * 255, b"chain/\xe9.json"]
)
def test_names_that_no_format_has(root: Path, name: bytes) -> None:
    path = os.path.join(os.fsencode(root), name)
    with open(path, "wb") as stream:
        stream.write(b"x")
    report = report_of(root)
    assert report.exit_code == 1
    assert [finding.code for finding in report.findings if finding.code == "file-unknown"] == ["file-unknown"]
    report.to_json()
    str(report.findings).encode()


def test_empty_folders_are_no_fault(root: Path) -> None:
    (root / "quarantine/empty").mkdir(parents=True)
    (root / "chain/x001").mkdir()
    assert not report_of(root).failed
