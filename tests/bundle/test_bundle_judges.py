"""Programs of others as judges: what README.txt tells a stranger to type works, and notices what it should."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import which

import pytest
from bundle_cases import CREATED, SIGNER, STRANGER, bundle_of, contents, small_archive, unpack
from simulator import Simulator

from archiver.bundle import layout

GOOD, BUILT = bundle_of(small_archive(), 1)
FINGERPRINT = SIGNER.public.fingerprint


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A line of README, as its reader types it; `bagit.py` is the one of these tests."""
    here = Path(sys.executable).parent
    path = f"{here}:/usr/local/bin:/usr/bin:/bin"
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True, env={"PATH": path, "HOME": "/nonexistent"}
    )


def commands(folder: Path) -> list[str]:
    """The lines of README that begin with a prompt."""
    found = re.findall(r"^    \$ (.+)$", (folder / layout.README).read_text("ascii"), re.MULTILINE)
    assert len(found) == 9
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return unpack(GOOD, tmp_path)


needs_ssh = pytest.mark.skipif(which("ssh-keygen") is None, reason="there is no ssh-keygen here")
needs_sums = pytest.mark.skipif(which("sha256sum") is None, reason="there is no sha256sum here")


@needs_ssh
@needs_sums
def test_readme_word_for_word(folder: Path) -> None:
    tags, payload, bag, count, exporter, first, every, objects, genesis = commands(folder)
    for command in (tags, payload):
        assert shell(command, folder).stdout == "complete\n"
    assert "is valid" in shell(bag, folder).stderr
    assert shell(count, folder).stdout.strip() == str(BUILT.files)
    for command, namespace in ((exporter, "bundle"), (first, "manifest")):
        said = shell(command, folder)
        assert said.returncode == 0
        assert said.stdout == f'Good "archiver-{namespace}-v1" signature for archiver with ED25519 key {FINGERPRINT}\n'
    said = shell(every, folder)
    assert said.stdout.count("Good ") == 4 and "NOT" not in said.stdout
    assert shell(objects, folder).stdout == ""
    assert shell(genesis, folder).stdout.split()[0] == BUILT.record.archive[7:]


def test_readme_names_what_to_compare(folder: Path) -> None:
    text = (folder / layout.README).read_text("ascii")
    digest = BUILT.record.archive[7:]
    assert f"must print {digest}" in text and FINGERPRINT in text and BUILT.record.archive in text
    assert "-".join(digest[n : n + 4] for n in range(0, 16, 4)) in text
    assert all(len(line) <= 100 or line.startswith("    $ ") for line in text.split("\n"))
    assert "{{" not in text and "{%" not in text and CREATED[:10] in text


@needs_sums
def test_sums_notice(folder: Path) -> None:
    tags, payload, _, count, *_ = commands(folder)
    (folder / "README.txt").write_text("Trust me.\n")
    assert "complete" not in shell(tags, folder).stdout
    target = next((folder / "data" / "objects").rglob("??/*"))
    target.write_bytes(target.read_bytes() + b"?")
    assert "complete" not in shell(payload, folder).stdout
    target.unlink()
    assert "complete" not in shell(payload, folder).stdout
    (folder / "extra").write_text("x")
    (folder / "extra2").write_text("x")
    assert shell(count, folder).stdout.strip() != str(BUILT.files)


@needs_ssh
@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "tagmanifest-sha256.txt").write_bytes(b"other\n"),
        lambda folder: (folder / "tagmanifest-sha256.txt.sig").write_bytes(SIGNER.sign(b"x", "archiver-bundle-v1")),
        lambda folder: (folder / layout.EXPORTER).write_text(f"archiver {STRANGER.public.line()}\n"),
    ],
)
def test_ssh_keygen_notices_another_exporter(folder: Path, change: Callable[[Path], object]) -> None:
    change(folder)
    assert shell(commands(folder)[4], folder).returncode != 0


@needs_ssh
def test_ssh_keygen_notices_a_changed_record(folder: Path) -> None:
    name = folder / "data/chain/001.json"
    name.write_bytes(name.read_bytes().replace(b"13:02", b"13:03"))
    assert shell(commands(folder)[5], folder).returncode != 0
    assert "NOT VERIFIED: data/chain/001.json" in shell(commands(folder)[6], folder).stdout


@needs_ssh
def test_a_manifests_signature_is_none_of_a_bundle(folder: Path) -> None:
    """The namespaces keep them apart."""
    command = commands(folder)[5].replace("archiver-manifest-v1", "archiver-bundle-v1")
    assert shell(command, folder).returncode != 0


def test_objects_command_notices(folder: Path) -> None:
    target = next((folder / "data" / "objects").rglob("??/*"))
    target.write_bytes(target.read_bytes() + b"?")
    found = shell(commands(folder)[7], folder).stdout
    assert found.startswith("CHANGED: data/objects/sha256/") and found.count("\n") == 1


def test_bagit_accepts_and_rejects(folder: Path) -> None:
    judge = [sys.executable, "-m", "bagit", "--validate", "--quiet", str(folder)]
    assert subprocess.run(judge).returncode == 0
    for name, data in (
        ("data/log/checkpoint", b"other"),
        ("data/more", b"x"),
        ("bag-info.txt", (folder / "bag-info.txt").read_bytes().replace(b"Payload-Oxum: ", b"Payload-Oxum: 1")),
    ):
        path = folder / name
        kept = path.read_bytes() if path.exists() else None
        path.write_bytes(data)
        assert subprocess.run(judge, capture_output=True).returncode != 0, name
        if kept is None:
            path.unlink()
        else:
            path.write_bytes(kept)
    assert subprocess.run(judge).returncode == 0


def test_bags_of_every_shape_are_valid(tmp_path: Path) -> None:
    archive = Simulator(seed=21).capture().stamp().rotate().capture().takedown(1, "warc").note().capture()
    shapes = ({}, {"older": [3]}, {"withhold": ["facts", "warc"]}, {"withhold": ["context", "header:host"]})
    for place, options in enumerate(shapes):
        data, _ = bundle_of(archive, 1, archive.last, signer=archive.signer, **options)
        folder = unpack(data, tmp_path / str(place))
        assert subprocess.run([sys.executable, "-m", "bagit", "--validate", "--quiet", str(folder)]).returncode == 0


@pytest.mark.skipif(which("unzip") is None, reason="there is no unzip here")
def test_unzip_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(GOOD)
    assert subprocess.run(["unzip", "-tqq", str(path)]).returncode == 0
    subprocess.run(["unzip", "-qq", str(path), "-d", str(tmp_path / "out")], check=True)
    folder = tmp_path / "out" / BUILT.folder
    found = {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}
    assert found == contents(GOOD)
    assert [entry.name for entry in (tmp_path / "out").iterdir()] == [BUILT.folder]


@pytest.mark.skipif(which("7z") is None, reason="there is no 7z here")
def test_7z_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(GOOD)
    said = subprocess.run(["7z", "t", str(path)], capture_output=True, text=True)
    assert said.returncode == 0 and "Warning" not in said.stdout


def test_parts_are_good_for_sha256sum_ssh_keygen_and_bagit(tmp_path: Path) -> None:
    """README's commands, word for word, on a bundle that shows one statement and an exchange without its cookie."""
    data, _ = bundle_of(small_archive(), 1, withhold=["context", "request"])
    folder = unpack(data, tmp_path)
    assert list((folder / "data" / "parts").rglob("*.proof"))
    for command in commands(folder):
        assert shell(command, folder).returncode == 0, command
    part = next(path for path in (folder / "data" / "parts").rglob("*") if path.suffix == ".proof")
    part.write_bytes(part.read_bytes() + b"\n")
    assert any(shell(command, folder).returncode for command in commands(folder))


def computed(folder: Path) -> list[str]:
    """What README's program says of the parts."""
    found = re.search(r"^python3 - <<'END'\n.*?^END$", (folder / layout.README).read_text("ascii"), re.M | re.S)
    assert found is not None
    return shell(found[0], folder).stdout.splitlines()


def test_readmes_program_computes_what_was_sealed(tmp_path: Path) -> None:
    folder = unpack(bundle_of(small_archive(), 1, withhold=["context", "request"])[0], tmp_path)
    text = (folder / layout.README).read_text("ascii")
    assert 'It must print "as sealed:" 2 times' in text and "  data/parts/      of files" in text
    assert all(len(line) <= 100 or line.startswith("    $ ") for line in text.split("\n"))
    good = ["as sealed: warc of data/chain/001.json", "as sealed: statements of data/chain/002.json"]
    assert computed(folder) == good
    for path in [path for path in (folder / "data" / "parts").rglob("*") if path.is_file()]:
        kept = path.read_bytes()
        for changed in (kept[:-1] + b" ", kept[:60] + bytes([kept[60] ^ 1]) + kept[61:], kept[: len(kept) // 2]):
            path.write_bytes(changed)
            if path.suffix == ".proof" and changed == kept[:-1] + b" ":
                continue  # says the same
            assert computed(folder) != good, path
        path.write_bytes(kept)
    assert computed(folder) == good


def test_readmes_program_takes_no_piece_of_a_part_for_one(tmp_path: Path) -> None:
    """The salt is 32 bytes: what is before the shown end of a part must not hide in it."""
    folder = unpack(bundle_of(small_archive(), 1, withhold=["request"])[0], tmp_path)
    proof = next((folder / "data" / "parts").rglob("*.proof"))
    part = proof.with_suffix("")
    row = next(line for line in proof.read_text().split("\n") if line.startswith("leaf "))
    _, index, length, salt = row.split()
    data = part.read_bytes()
    longer = base64.b64encode(base64.b64decode(salt) + data[:9]).decode()
    proof.write_text(proof.read_text().replace(row, f"leaf {index} {int(length) - 9} {longer}"))
    part.write_bytes(data[9:])
    assert computed(folder) == ["NOT AS SEALED: warc of data/chain/001.json"]


def test_a_whole_bundle_says_nothing_of_parts(folder: Path) -> None:
    text = (folder / layout.README).read_text("ascii")
    assert "data/parts" not in text and "python3" not in text


def test_the_exchanges_of_a_whole_bundle_are_a_warc_to_warcio(tmp_path: Path) -> None:
    for name, data in contents(GOOD).items():
        if data.startswith(b"WARC/1.1"):
            path = tmp_path / "exchanges.warc"
            path.write_bytes(data)
            judge = [sys.executable, "-m", "warcio.cli", "check", "-v", str(path)]
            said = subprocess.run(judge, capture_output=True, text=True)
            assert said.returncode == 0 and "digest pass" in said.stdout, (name, said.stdout, said.stderr)
            path.write_bytes(data.replace(b"Bridge", b"Br1dge", 1))
            assert subprocess.run(judge, capture_output=True).returncode == 1
            return
    raise AssertionError("there is no WARC in it")
