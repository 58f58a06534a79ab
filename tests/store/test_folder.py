"""The folder as evidence: order of names, odd names, links and special files, numbers, pickling, what is an archive."""

from __future__ import annotations

import contextlib
import os
import pickle
import stat
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_kit import Place

from archiver.errors import ArchiverError, FormatError, MissingError, StoreError
from archiver.evidence import Evidence, read
from archiver.store.folder import ArchiveFolder
from archiver.verify.layout import manifest_path
from archiver.verify.policy import Policy
from archiver.verify.run import verify


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path)
    found.create()
    found.append(3)
    return found


def lay(root: Path, *names: str) -> ArchiveFolder:
    """Empty files."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return ArchiveFolder(root)


NAME = st.text(st.sampled_from("ab./-0~é\u00ff\U0001f600"), min_size=1, max_size=6)


@given(st.lists(NAME, max_size=8))
@settings(max_examples=60, deadline=None)
def test_names_come_in_byte_order(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    root = tmp_path_factory.mktemp("names")
    for name in names:
        parts = [part for part in name.split("/") if part.strip(".")]
        try:
            (root / "/".join(parts)).parent.mkdir(parents=True, exist_ok=True)
            if parts:
                (root / "/".join(parts)).touch()
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            continue
    wanted = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]
    assert list(ArchiveFolder(root).names()) == sorted(wanted, key=os.fsencode)


NUMBERS = [0, 1, 7, 41, 999, 1000, 1001, 1234, 2000, 41_999, 99_999, 999_999, 1_000_000, 1_001_007, 2_345_678]


def test_a_folder_sorts_as_its_name_with_a_slash(tmp_path: Path) -> None:
    names = ["a-b", "a.txt", "a/x", "a/y/z", "a0", "b"]
    assert list(lay(tmp_path, *reversed(names)).names()) == names


def test_names_that_are_not_utf8_do_not_break_it(place: Place) -> None:
    odd = os.fsencode(place.root) + b"/chain/caf\xe9"
    os.mkdir(odd)
    with open(odd + b"/\xff.json", "wb"):
        pass
    names = [name for name in place.folder.names() if "caf" in name]
    assert names == ["chain/caf\\xe9/\\xff.json"]
    names[0].encode()
    findings = place.report().findings
    assert [f.code for f in findings if f.file == names[0]] == ["file-unknown"]
    with pytest.raises(MissingError):
        place.folder.open(names[0])


def test_what_is_not_a_plain_file_is_named_and_not_opened(place: Place, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    (place.root / "link").symlink_to(tmp_path / "outside" / "secret")
    (place.root / "links").symlink_to(tmp_path / "outside")
    (place.root / "loop").symlink_to("loop")
    (place.root / "broken").symlink_to("nowhere")
    os.mkfifo(place.root / "pipe")
    names = set(place.folder.names())
    assert {"link", "links", "loop", "broken", "pipe"} <= names
    assert not any(name.startswith("links/") for name in names)
    for name in ("link", "links", "loop", "broken", "pipe", "chain"):
        with pytest.raises(FormatError):
            place.folder.open(name)
        with pytest.raises(FormatError):
            place.folder.size(name)
    for name in ("links/secret", "links/absent"):
        with pytest.raises(FormatError, match="symbolic link"):
            place.folder.open(name)
        with pytest.raises(FormatError, match="symbolic link"):
            place.folder.size(name)
    unknown = {f.file for f in place.report().findings if f.code == "file-unknown"}
    assert unknown == {"link", "links", "loop", "broken", "pipe"}


@pytest.mark.parametrize("name", ["chain/002.json", "chain/002.json.sig", "log/tile/0/000.p/4", "trust/log.vkey"])
def test_evidence_behind_a_link_is_a_fault(place: Place, tmp_path: Path, name: str) -> None:
    (place.root / name).rename(tmp_path / "moved")
    (place.root / name).symlink_to(tmp_path / "moved")
    report = place.report()
    assert report.failed
    assert any(finding.file == name for finding in report.findings)


def test_an_object_behind_a_link_is_a_fault(place: Place, tmp_path: Path) -> None:
    name = next(name for name in place.folder.names() if name.startswith("objects/"))
    (place.root / name).rename(tmp_path / "moved")
    (place.root / name).symlink_to(tmp_path / "moved")
    assert any(f.file == name and f.code.startswith("object-") for f in place.report().findings)
    # The whole of a folder elsewhere: its files are not in here.
    (place.root / "objects").rename(tmp_path / "objects")
    (place.root / "objects").symlink_to(tmp_path / "objects")
    report = place.report()
    assert report.failed
    assert any(finding.file == "objects" for finding in report.findings)


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "/etc/passwd", "a//b", "a/./b", "a/../b", "a\0b", "a/"])
def test_names_that_lead_out_are_refused(place: Place, name: str) -> None:
    with pytest.raises(FormatError):
        place.folder.open(name)
    with pytest.raises(FormatError):
        place.folder.size(name)


@given(st.text(max_size=40) | st.sampled_from(["chain/" + "x" * 300, "x/" * 3000 + "y", "\ud800", "C:\\x", "con"]))
@settings(max_examples=80, deadline=None)
def test_any_name_gives_an_answer_or_our_error(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = ArchiveFolder(tmp_path_factory.getbasetemp())
    with contextlib.suppress(ArchiverError):
        folder.open(name).close()
    with contextlib.suppress(ArchiverError):
        folder.size(name)


def test_depth_is_bounded(place: Place) -> None:
    deep = place.root / "/".join(["d"] * 60)
    deep.mkdir(parents=True)
    (deep / "file").touch()
    names = [name for name in place.folder.names() if name.startswith("d/")]
    assert len(names) == 1
    assert names[0].count("/") < 40
    assert "file-unknown" in {finding.code for finding in place.report().findings if finding.file == names[0]}


@pytest.mark.skipif(os.getuid() == 0, reason="root reads everything")
def test_a_folder_that_cannot_be_read_is_said(place: Place) -> None:
    (place.root / "chain").chmod(0)
    try:
        with pytest.raises(StoreError, match="may not"):
            list(place.folder.names())
        assert place.report().unreadable
    finally:
        (place.root / "chain").chmod(0o700)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    folder = ArchiveFolder(tmp_path / "nowhere")
    with pytest.raises(StoreError):
        list(folder.names())
    assert list(folder.sequences()) == []
    with pytest.raises(MissingError):
        folder.open("log/checkpoint")
    assert folder.size("log/checkpoint") is None


@given(st.sets(st.sampled_from(NUMBERS)))
@settings(max_examples=40, deadline=None)
def test_sequences_are_the_numbers_there_are(tmp_path_factory: pytest.TempPathFactory, numbers: set[int]) -> None:
    folder = lay(tmp_path_factory.mktemp("numbers"), *(manifest_path(number) for number in numbers))
    assert list(folder.sequences()) == sorted(numbers)
    for start in (0, 1, 42, 999):
        assert list(folder.sequences_from(start)) == sorted(number for number in numbers if number >= start)


def test_numbers_in_odd_places_are_none(tmp_path: Path) -> None:
    folder = lay(
        tmp_path, "chain/000.json", "chain/x000/001.json", "chain/01.json", "chain/001.json.sig", "chain/x1/002.json",
        "chain/x001/x000.json", "chain/x001/002.json.new.sig", "chain/002.JSON", "chain/٣٣٣.json",
    )  # fmt: skip
    assert list(folder.sequences()) == [0]


def test_count_is_what_the_checkpoint_says(place: Place) -> None:
    assert place.folder.count() == 4
    (place.root / "log/checkpoint").write_bytes(b"damaged")
    assert place.folder.count() == 4
    (place.root / "log/checkpoint").unlink()
    assert place.folder.count() == 4


def test_objects_are_found_by_digest(place: Place) -> None:
    name = next(name for name in place.folder.names() if name.startswith("objects/"))
    digest = "sha256:" + name.removeprefix("objects/sha256/").replace("/", "")
    assert place.folder.object_name(digest) == name
    assert place.folder.object_name("sha256:" + "00" * 32) is None
    for odd in ("", "sha256:", digest.upper(), "sha256:../../../../etc/passwd" + "0" * 44, digest + "\n"):
        assert place.folder.object_name(odd) is None


def test_it_can_be_sent_to_other_processes(place: Place) -> None:
    read(place.folder, "chain/000.json")
    again: Evidence = pickle.loads(pickle.dumps(place.folder))
    assert list(again.names()) == list(place.folder.names())
    assert again.label == str(place.root)
    place.append(1200, "many")
    report = verify(place.folder, Policy(depth="seal"), jobs=2)
    assert not report.failed
    assert report.size == 1204


def test_what_is_an_archive(place: Place, tmp_path: Path) -> None:
    assert ArchiveFolder.is_archive(place.root)
    for name in ("archive.yaml", "log/checkpoint"):
        kept = (place.root / name).read_bytes()
        (place.root / name).unlink()
        assert ArchiveFolder.is_archive(place.root), f"without {name} it is a damaged archive, and not something else"
        (place.root / name).write_bytes(kept)
    for name in ("nowhere", "file", "empty", "git"):
        path = tmp_path / name
        if name == "file":
            path.write_text("")
        elif name != "nowhere":
            path.mkdir()
        if name == "git":
            (path / "objects").mkdir()
            (path / "logs").mkdir()
        assert not ArchiveFolder.is_archive(path)
    (tmp_path / "loop").symlink_to("loop")
    assert not ArchiveFolder.is_archive(tmp_path / "loop")


def test_names_of_a_large_folder_stream(tmp_path: Path) -> None:
    """Each folder is listed when its turn comes."""
    folder = lay(tmp_path, *(f"objects/sha256/{n:02x}/{m:062x}" for n in range(256) for m in range(8)))
    began = time.process_time()
    names = folder.names()
    assert next(names).startswith("objects/sha256/00/")
    first = time.process_time() - began
    assert len(list(names)) == 256 * 8 - 1
    assert first < (time.process_time() - began) / 4


def test_a_file_that_grows_or_goes_while_it_is_read(place: Place) -> None:
    stream = place.folder.open("chain/000.json")
    (place.root / "chain/000.json").unlink()
    assert stream.read().startswith(b"{")
    stream.close()
    assert stat.S_ISREG((place.root / "chain/001.json").stat().st_mode)


@pytest.mark.parametrize("size", [0, 1, 16 << 10, (16 << 10) + 1, 100_000])
def test_files_are_read_whole_or_refused(tmp_path: Path, size: int) -> None:
    (tmp_path / "chain").mkdir()
    (tmp_path / "chain" / "x").write_bytes(os.urandom(size))
    folder, name = ArchiveFolder(tmp_path), "chain/x"
    with folder.open(name) as stream:
        data = stream.read()
    assert len(data) == size
    assert read(folder, name, size) == folder.read(name, size) == data
    if size:
        with pytest.raises(FormatError, match=f"more than {size - 1} bytes"):
            read(folder, name, size - 1)
