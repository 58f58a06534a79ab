"""Whatever is done to a bundle is noticed and named: without keys, with keys of one's own, in the zip, in a folder."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from bundle_cases import (
    SIGNER,
    STRANGER,
    Page,
    bundle_of,
    check,
    codes,
    contents,
    signed_again,
    small_archive,
    unpack,
    zip_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver import digest
from archiver.bundle import layout, record
from archiver.bundle.check import check_bundle
from archiver.bundle.read import BundleEvidence
from archiver.errors import ArchiverError, FormatError, MissingError, UsageError
from archiver.verify.layout import object_path
from archiver.verify.policy import KnownCheckpoint, Policy
from archiver.verify.run import verify

GOOD, BUILT = bundle_of(small_archive(), 1)
FILES = contents(GOOD)
Change = Callable[[dict[str, bytes]], None]


def fails(files: dict[str, bytes], folder: str | None = BUILT.folder) -> set[str | None]:
    """The files that the findings of a failed verification name."""
    report = check(zip_of(files, folder))
    assert report.failed and report.exit_code in (1, 3), report.findings
    named = {finding.file for finding in report.findings}
    return named | {name for name in files if any(name in finding.message.split() for finding in report.findings)}


def test_the_good_one_is_good() -> None:
    assert zip_of(FILES) == GOOD and signed_again(FILES) == FILES
    assert check(GOOD).exit_code == 0 and not codes(check(GOOD))


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_file_counts(name: str) -> None:
    data = FILES[name]
    others = sorted(other for other in FILES if other != name and FILES[other] != data)
    swapped = random.Random(name).choice(others)
    for changed in (
        {**FILES, name: data[:-1]},
        {**FILES, name: data + b"\n"},
        {**FILES, name: bytes([data[0] ^ 1]) + data[1:]},
        {**FILES, name: b""},
        {**FILES, name: FILES[swapped], swapped: data},
        {other: kept for other, kept in FILES.items() if other != name},
    ):
        assert name in fails(changed)
    renamed = {**{other: kept for other, kept in FILES.items() if other != name}, name + "x": data}
    assert {name, name + "x"} <= fails(renamed)


@pytest.mark.parametrize(
    "name",
    [
        "extra.txt",
        "data/extra.txt",
        "data/chain/003.json",
        "data/chain/001.json.sig.1",
        "data/chain/001.json.new.sig",
        "data/log/checkpoints/3",
        "data/log/checkpoints/3.tsr",
        "data/log/tile/0/000",
        "data/trust/policy",
        "data/objects/sha256/" + "00/" + "0" * 62,
        "manifest-sha512.txt",
        "manifest-md5.txt",
        "fetch.txt",
        "tagmanifest-sha256.txt.sig2",
    ],
)
def test_an_added_file_is_named(name: str) -> None:
    """Also when the exporter himself added it to his lists and signed them."""
    added = {**FILES, name: b"added\n"}
    assert name in fails(added)
    assert name in fails(signed_again(added))
    listed = signed_again(added)
    listed["tagmanifest-sha256.txt"] += f"{digest.of_bytes(b'added')[7:]}  {name}\n".encode()
    assert check(zip_of(listed, BUILT.folder)).failed


def test_an_object_that_was_chosen_and_is_left_out_unsaid() -> None:
    archive = small_archive()
    for ref in (*archive.events[1].objects, *archive.events[2].objects):
        name = f"data/{object_path(ref.digest)}"
        files = {other: data for other, data in FILES.items() if other != name}
        assert name in fails(signed_again(files))


def test_a_manifest_left_out() -> None:
    for base in ("data/chain/000", "data/chain/001", "data/chain/002"):
        files = {name: data for name, data in FILES.items() if not name.startswith(base)}
        assert check(zip_of(signed_again(files), BUILT.folder)).failed
    files = {name: data for name, data in FILES.items() if not name.startswith("data/chain/004")}
    report = check(zip_of(signed_again(files), BUILT.folder))  # the last leaf: a key event could be hidden
    assert report.exit_code != 0


def test_words_made_up_and_everything_computed_anew() -> None:
    """A forger with a key of his own: consistent, and signed by nobody who is believed."""
    archive = small_archive()
    page = Page(b"<p>Ann Lee said: <q>I took the money.</q></p>", url="https://news.example/bridge")
    forged = type(archive)(signer=STRANGER, recovery=SIGNER)
    forged.capture(page)
    forged.seal()
    data, _ = bundle_of(forged, 1, signer=STRANGER)
    report = check(data)
    assert not report.failed and report.exit_code == 4 and not report.confirmed
    assert {code for code, _ in codes(report)} == {"signer-unconfirmed"}
    assert STRANGER.public.fingerprint in report.signers


def test_a_good_bundle_signed_by_somebody_else() -> None:
    other = signed_again(FILES, STRANGER)
    assert "tagmanifest-sha256.txt.sig" in fails(other)
    taken = {**FILES, layout.EXPORTER: FILES[layout.EXPORTER].replace(b"archiver ", b"archivex ")}
    assert fails(signed_again(taken)) >= {"tagmanifest-sha256.txt.sig"}


def test_a_signature_made_for_something_else() -> None:
    tags = FILES["tagmanifest-sha256.txt"]
    for signature in (
        SIGNER.sign(tags, "archiver-manifest-v1"),
        SIGNER.sign(tags + b"\n", "archiver-bundle-v1"),
        b"",
        FILES["tagmanifest-sha256.txt.sig"].replace(b"\n", b"\r\n"),
        FILES["tagmanifest-sha256.txt.sig"] + b"\n",
    ):
        report = check(zip_of({**FILES, "tagmanifest-sha256.txt.sig": signature}))
        assert ("bundle-signature", "tagmanifest-sha256.txt.sig") in codes(report) and report.exporter is None


def changed_record(**changes: object) -> dict[str, bytes]:
    from dataclasses import replace

    said = replace(BUILT.record, **changes)  # type: ignore[arg-type]
    return signed_again({**FILES, layout.RECORD: record.encode(said)})


@pytest.mark.parametrize(
    "changes",
    [
        {"archive": "sha256:" + "0" * 64},
        {"size": 6},
        {"exporter": STRANGER.public.fingerprint},
        {"selected": (1,)},
        {"selected": (1, 2, 3)},
        {"selected": (1, 2, 4)},
        {"created": "2026-11-25T09:00:00.000Z"},
    ],
)
def test_bundle_json_that_does_not_fit(changes: dict[str, object]) -> None:
    files = changed_record(**changes)
    assert check(zip_of(files)).failed
    assert check(zip_of(files, BUILT.folder)).failed


def test_bundle_json_that_cannot_be_read() -> None:
    for data in (b"", b"{}\n", FILES[layout.RECORD].replace(b'"1"', b'"1" '), b"\xff"):
        assert layout.RECORD in fails(signed_again({**FILES, layout.RECORD: data}))
    newer = signed_again({**FILES, layout.RECORD: FILES[layout.RECORD].replace(b"bundle/v1", b"bundle/v2")})
    report = check(zip_of(newer, BUILT.folder))
    assert ("bundle-renderer", layout.RECORD) in codes(report)


def test_lists_in_another_spelling() -> None:
    lines = FILES["manifest-sha256.txt"].split(b"\n")[:-1]
    for changed in (
        [*lines[1:], lines[0]],
        [*lines, lines[-1]],
        [lines[0].upper(), *lines[1:]],
        [lines[0].replace(b"  ", b" *"), *lines[1:]],
        [lines[0].replace(b"data/", b"./data/"), *lines[1:]],
        [lines[0].replace(b"data/", b"data/../data/"), *lines[1:]],
        [lines[0] + b"\r", *lines[1:]],
        [b"", *lines],
        [b"0" * 64 + b"  README.txt", *lines],
        [*lines, b"0" * 64 + b"  " + b"z" * 5000],
    ):
        data = b"\n".join(changed) + b"\n"
        made = signed_again(FILES)
        made["manifest-sha256.txt"] = data
        tags = {name: digest.of_bytes(made[name]) for name in layout.TAGS}
        made["tagmanifest-sha256.txt"] = b"".join(f"{d[7:]}  {n}\n".encode() for n, d in tags.items())
        made["tagmanifest-sha256.txt.sig"] = SIGNER.sign(made["tagmanifest-sha256.txt"], "archiver-bundle-v1")
        assert "manifest-sha256.txt" in fails(made)


def test_an_object_under_anothers_name() -> None:
    """Its listed digest is right, its name is not."""
    archive = small_archive()
    names = [f"data/{object_path(ref.digest)}" for ref in archive.events[1].objects][:2]
    files = {**FILES, names[0]: FILES[names[1]], names[1]: FILES[names[0]]}
    assert set(names) <= fails(signed_again(files))


def test_pages_that_say_something_else() -> None:
    """README and report are what the evidence gives, whoever signs them."""
    for name in (layout.README, layout.REPORT):
        for change in (
            lambda data: data.replace(b"news.example", b"news.exampel").replace(b"Ask the", b"Do not ask the"),
            lambda data: data + b" ",
            lambda data: data[:-1],
        ):
            files = signed_again({**FILES, name: change(FILES[name])})  # type: ignore[no-untyped-call]
            assert codes(check(zip_of(files))) == {("bundle-rendered", name)}
    for name in ("bag-info.txt", "bagit.txt"):
        assert name in fails(signed_again({**FILES, name: FILES[name] + b"X: y\n"}))


def test_another_renderer_is_not_checked() -> None:
    report = check(zip_of(changed_record(renderer="2")))
    assert codes(report) == {("bundle-renderer", layout.REPORT)} and not report.failed and report.renderer == "2"


def test_the_folders_name_is_that_of_the_record() -> None:
    assert layout.RECORD in fails(FILES, "evidence-9f86d081-1-5c1e07aa")


def test_a_proof_from_another_bundle() -> None:
    archive = small_archive()
    archive.capture(Page(b"<p>More.</p>", url="https://more.example/"))
    archive.seal()
    later = contents(bundle_of(archive, 1)[0])
    for name in ("data/chain/001.tlog-proof", "data/log/checkpoint"):
        assert (
            name in fails(signed_again({**FILES, name: later[name]}))
            or check(zip_of(signed_again({**FILES, name: later[name]}))).failed
        )


def test_older_checkpoints_must_be_extended() -> None:
    archive = small_archive()
    archive.seal(keep=True)
    archive.capture(Page(b"<p>More.</p>", url="https://more.example/"))
    archive.seal()
    data, built = bundle_of(archive, 1, older=[5])
    assert not codes(check(data))
    files = contents(data)
    other = small_archive()
    other.add("export", extra=archive_export())
    other.manifests = other.manifests[:4] + other.manifests[5:]
    other.seal(keep=True)
    name = "data/log/checkpoints/5"
    forked = signed_again({**files, name: other.files["log/checkpoints/5"]})
    assert ("history-forked", name) in codes(check(zip_of(forked, built.folder)))
    for changed, code in (
        ({**files, name + ".consistency": files[name + ".consistency"].replace(b"old 5", b"old 4")}, "history-bad"),
        ({**files, name + ".consistency": b"old 5\n"}, "history-bad"),
        ({**files, name: files["data/log/checkpoint"]}, "history-bad"),
        ({key: value for key, value in files.items() if not key.endswith(".consistency")}, "history-bad"),
        ({**files, name + ".consistency": files[name + ".consistency"].replace(b"\n", b"\nAAAA\n", 1)}, "history-bad"),
    ):
        assert code in {found for found, _ in codes(check(zip_of(signed_again(changed), built.folder)))}


def archive_export() -> object:
    from archiver.model.manifest import BundleRef

    return BundleRef("sha256:" + "0" * 64, 1, (0,))


def test_a_bundle_that_is_older_than_a_known_checkpoint_is_no_rollback() -> None:
    """It was made before: what the log became since then cannot be seen in it."""
    for size in (4, 9):
        known = KnownCheckpoint("log-5d2c9a.example", size, bytes(32), "seen before")
        report = check(GOOD, known=(known,))
        assert {code for code, _ in codes(report)} == {"since-not-checked"} and report.exit_code == 0
    forked = KnownCheckpoint("log-5d2c9a.example", 5, bytes(32), "seen before")
    assert "history-forked" in {code for code, _ in codes(check(GOOD, known=(forked,)))}


# The zip itself.


def caught(data: bytes) -> bool:
    try:
        report = check(data)
    except FormatError:
        return True
    return report.failed


@pytest.mark.parametrize("part", [pytest.param(part, marks=pytest.mark.slow) for part in range(16)])
def test_every_byte_flipped(part: int) -> None:
    report = GOOD.index(contents(GOOD)["report.html"])  # long, and every byte of it is as good as another
    size = len(contents(GOOD)["report.html"])
    for place in range(part, len(GOOD), 16):
        if report < place < report + size and place % 1024 >= 16:
            continue
        data = bytearray(GOOD)
        data[place] ^= random.Random(place).choice((0x01, 0x20, 0x80, 0xFF))
        assert caught(bytes(data)), place


def test_some_bytes_flipped() -> None:
    chance = random.Random(20261124)
    for place in chance.sample(range(len(GOOD)), 150):
        data = bytearray(GOOD)
        data[place] ^= chance.choice((0x01, 0x20, 0x80, 0xFF))
        assert caught(bytes(data)), place


def test_some_bytes_flipped_of_a_bundle_in_parts() -> None:
    part, _ = bundle_of(small_archive(), 1, withhold=["context", "header:host"])
    files = contents(part)
    chance = random.Random(20261125)
    for name in (name for name in files if "/parts/" in name or name == "bundle.json"):
        start = part.index(files[name])
        for place in chance.sample(range(start, start + len(files[name])), 25):
            data = bytearray(part)
            data[place] ^= chance.choice((0x01, 0x20, 0x80, 0xFF))
            assert caught(bytes(data)), (name, place)


def test_cut_short() -> None:
    for length in [*range(0, len(GOOD), 997), len(GOOD) - 1]:
        assert caught(GOOD[:length])


# Unpacked.


def test_an_unpacked_bundle_is_as_good(tmp_path: Path) -> None:
    folder = unpack(GOOD, tmp_path)
    assert BundleEvidence.is_bag(folder) and not BundleEvidence.is_bag(tmp_path)
    assert not BundleEvidence.is_bag(tmp_path / "none")
    report = check(folder)
    assert report.exit_code == 0 and not codes(report)
    moved = folder.rename(tmp_path / "Other name")
    assert check(moved).exit_code == 0
    (moved / ".DS_Store").write_bytes(b"x")
    (moved / "data" / "Thumbs.db").write_bytes(b"x")
    report = check(moved)
    assert report.exit_code == 0 and {f.file for f in report.findings if f.code == "file-litter"} == {
        ".DS_Store",
        "data/Thumbs.db",
    }


def test_an_unpacked_bundle_that_was_changed(tmp_path: Path) -> None:
    folder = unpack(GOOD, tmp_path)
    for name in ("README.txt", "data/chain/001.json", "data/log/checkpoint"):
        kept = (folder / name).read_bytes()
        (folder / name).write_bytes(kept + b"\n")
        report = check(folder)
        assert report.failed and name in {f.file for f in report.findings}
        (folder / name).write_bytes(kept)
    (folder / "data" / "more\udce9.txt").write_bytes(b"x")
    assert check(folder).failed
    (folder / "data" / "more\udce9.txt").unlink()
    (folder / "data" / "empty folder").mkdir()
    assert check(folder).exit_code == 0  # it holds no file
    (folder / "link").symlink_to("README.txt")
    with pytest.raises(FormatError, match="is a link"):
        check(folder)


def test_a_mail_gateway_that_packs_again(tmp_path: Path) -> None:
    """Refused, and the way out is said: the unpacked folder is still good evidence."""
    import zipfile

    folder = unpack(GOOD, tmp_path)
    path = tmp_path / "again.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for file in sorted(folder.rglob("*")):
            zipped.write(file, file.relative_to(tmp_path))
    with pytest.raises(FormatError) as caught_error:
        BundleEvidence(path)
    assert "verify the folder" in str(caught_error.value.hint) and str(path) == caught_error.value.where


# Reading.


def test_reading_from_a_path(tmp_path: Path) -> None:
    import pickle

    path = tmp_path / "b.zip"
    path.write_bytes(GOOD)
    with BundleEvidence(path) as evidence:
        again = pickle.loads(pickle.dumps(evidence))
        assert list(again.names()) == list(evidence.names()) and again.label == str(path)
        assert evidence.object_name("sha256:" + "0" * 64) is None
        again.close()
    with pytest.raises(UsageError):
        pickle.dumps(BundleEvidence(io.BytesIO(GOOD)))
    with pytest.raises(MissingError):
        BundleEvidence(tmp_path / "none.zip")
    with pytest.raises(ArchiverError):
        BundleEvidence("/dev/null/none.zip")


def test_several_processes(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(GOOD)
    policy = Policy(signers={SIGNER.public.fingerprint: "me"})
    with BundleEvidence(path) as evidence:
        report = verify(evidence, policy, jobs=2, bundle_step=check_bundle)
    assert report.exit_code == 0 and not codes(report)


def test_depths() -> None:
    for depth in ("seal", "objects", "content"):
        assert not codes(check(GOOD, depth=depth))
    name = next(name for name in FILES if name.startswith("data/objects/"))
    changed = {**FILES, name: FILES[name] + b"?"}
    for depth in ("seal", "objects", "content"):
        assert check(zip_of(changed), depth=depth).failed


def test_a_changed_byte_is_a_change_and_no_unreadable_file() -> None:
    """Whatever the CRC says: exit code 1, and the object is called changed."""
    place = GOOD.index(b'"text":"We will open')
    data = bytearray(GOOD)
    data[place + 10] ^= 1
    report = check(bytes(data))
    assert report.exit_code == 1 and "object-changed" in {code for code, _ in codes(report)}


def test_a_checksum_that_is_wrong_alone() -> None:
    """Of a tag file and of an object: the evidence is good, and unzip would call it broken."""
    import struct
    import zlib

    for name in ("README.txt", next(name for name in FILES if "/objects/" in name)):
        crc = struct.pack("<I", zlib.crc32(FILES[name]))
        data = GOOD.replace(crc, bytes([crc[0] ^ 1]) + crc[1:])
        assert data != GOOD
        report = check(data)
        assert codes(report) == {("bundle-file", name)} and report.exit_code == 1


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_an_exporter_may_sign_anything(data: st.DataObject) -> None:
    """Any bytes in any file, listed and signed: a report, never another exception, and never a good one."""
    name = data.draw(st.sampled_from(sorted(FILES)))
    old = FILES[name]
    low, high = sorted(data.draw(st.tuples(*[st.integers(0, len(old))] * 2)))
    high = data.draw(st.sampled_from([low, min(low + 1, len(old)), high]))
    new = data.draw(st.one_of(st.binary(max_size=12), st.sampled_from([b"null", b"-1", b"[]", b'"\xff"', b"9" * 30])))
    changed = old[:low] + new + old[high:]
    files = {**FILES, name: changed}
    if name not in ("manifest-sha256.txt", "tagmanifest-sha256.txt", "tagmanifest-sha256.txt.sig"):
        files = signed_again(files)
    report = check(zip_of(files, BUILT.folder))
    assert report.to_json()["exit_code"] in (0, 1, 3, 4)
    assert changed == old or report.exit_code != 0
