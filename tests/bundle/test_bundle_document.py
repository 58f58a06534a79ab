"""docs/formats/bundle.md: its specimen is a bundle that we keep verifying; a verifier written from it alone agrees."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import io
import json
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from bundle_cases import SIGNER, STRANGER, bundle_of, check, codes, contents, signed_again, small_archive, zip_of
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hostile_zips import HOSTILE, by_zipfile
from make_bundle_vector import DOCUMENT, PARTIAL, VECTOR, specimen
from simulator import Simulator

from archiver import digest
from archiver.bundle import bag, container, layout, record
from archiver.bundle.read import BundleEvidence
from archiver.bundle.report.render import RENDERER
from archiver.tlog import consistency
from archiver.verify.report import Outcome

TEXT = DOCUMENT.read_text("utf-8")
DATA, PARTIAL_DATA = VECTOR.read_bytes(), PARTIAL.read_bytes()


def fenced(kind: str) -> str:
    found = re.search(rf"^```{kind}\n(.*?)^```$", TEXT.split("## Specimen\n")[1], re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def test_the_specimen_is_the_vector() -> None:
    files = contents(DATA)
    assert f"{len(DATA)} bytes" in TEXT and f"`{digest.of_bytes(DATA)}`" in TEXT
    assert fenced("names").split() == list(files)
    assert fenced("json").encode() == files["bundle.json"] and fenced("info").encode() == files["bag-info.txt"]
    assert fenced("tags").encode() == files["tagmanifest-sha256.txt"]
    said = BundleEvidence(io.BytesIO(DATA))
    assert f"`{said.container.folder}`" in TEXT and said.container.folder == record.folder_name(said.record)
    pieces = [bytes.fromhex(piece) for piece in fenced("zip").split("\n\n")]
    assert DATA.startswith(pieces[0]) and DATA.endswith(pieces[2]) and DATA.count(pieces[1]) == 1
    assert f"{len(PARTIAL_DATA)} bytes" in TEXT and f"`{digest.of_bytes(PARTIAL_DATA)}`" in TEXT
    shown = contents(PARTIAL_DATA)
    for kind in ("lines", "segments"):
        assert fenced(kind).encode() in shown.values()


def test_the_vector_verifies_for_good() -> None:
    report = check(DATA)
    assert report.exit_code == 0, report.findings
    assert codes(report) <= {("bundle-renderer", "report.html")}
    if BundleEvidence(io.BytesIO(DATA)).record.renderer == RENDERER:
        assert not codes(report), "a renderer that writes something else needs another number"


def test_the_generator_still_gives_the_document() -> None:
    data, built = bundle_of(small_archive(), 1)
    made = specimen(data, built, PARTIAL_DATA)
    for kind in ("names", "json", "info"):
        assert re.search(rf"```{kind}\n(.*?)```", made, re.DOTALL)[1] == fenced(kind)  # type: ignore[index]


def test_limits_and_words_are_the_documented_ones() -> None:
    assert f"{container.MAX_FILES:,} files" in TEXT and f"{container.MAX_NAME} characters" in TEXT
    for name in layout.OUTER:
        assert f"`{name}`" in TEXT
    for field in dataclasses.fields(record.BundleRecord):
        assert f"| `{field.name}` |" in TEXT
    block = TEXT.split("C2SP witness.\n\n")[1].split("\n\n## ")[0].split("\n\n###")[0]
    lines = [line[4:] for line in block.split("\n")]
    assert lines[:1] == ["old 57"] and lines[2:5] == ["", "log-5d2c9a", "90"]
    assert consistency.__doc__ is not None and lines[1] in consistency.__doc__


def test_specimens_of_the_modules() -> None:
    assert bag.__doc__ is not None
    line = bag.__doc__.split("Specimen of a line: ")[1].strip().encode() + b"\n"
    assert list(bag.parse(io.BytesIO(line), "list")) == [("data/chain/000.json", digest.of_bytes(b""))]
    assert bag.line("data/chain/000.json", digest.of_bytes(b"")) == line
    from archiver.bundle import zipformat

    assert zipformat.__doc__ is not None and "50 4b 05 06 and eighteen zero bytes" in zipformat.__doc__
    assert zipformat.end_records(0, 0, 0) == bytes.fromhex("504b0506") + bytes(18)


# A verifier written from the documents alone: nothing of archiver below.


class Wrong(Exception):
    pass


def need(condition: object, what: str) -> None:
    if not condition:
        raise Wrong(what)


def unzip(data: bytes) -> tuple[str, dict[str, bytes]]:
    """Section Container, for a zip that needs no zip64."""
    need(len(data) >= 22, "too short")
    count, size, offset = struct.unpack("<10xH2I", data[-22:-2])
    end = b"PK\5\6" + struct.pack("<4H2IH", 0, 0, count, count, size, offset, 0)
    need(data[-22:] == end and offset + size + 22 == len(data), "end")
    files, place, line, before = {}, 0, offset, ""
    for _ in range(count):
        need(line + 46 <= len(data) - 22, "directory cut")
        crc, length = struct.unpack("<16xI4xI", data[line : line + 28])
        width = struct.unpack("<H", data[line + 28 : line + 30])[0]
        raw = data[line + 46 : line + 46 + width]
        try:
            name = raw.decode("ascii")
        except UnicodeDecodeError:
            raise Wrong("name") from None
        common = struct.pack("<5H3I2H", 20, 0, 0, 0, 33, crc, length, length, width, 0)
        central = b"PK\1\2" + struct.pack("<H", 788) + common + struct.pack("<3H2I", 0, 0, 0, 0o100644 << 16, place)
        need(data[line : line + 46] == central, "central header")
        need(data[place : place + 30 + width] == b"PK\3\4" + common + raw, "local header")
        place += 30 + width + length
        need(place <= offset and name > before, "order")
        files[name] = data[place - length : place]
        need(zlib.crc32(files[name]) == crc, "crc")
        before, line = name, line + 46 + width
    need(line == len(data) - 22 and place == offset and files, "gap")
    folders = {name.partition("/")[0] for name in files}
    need(len(folders) == 1 and all("/" in name for name in files), "one folder")
    need(re.fullmatch(r"[A-Za-z0-9._-]+", min(folders)), "folder")
    inner = {name.partition("/")[2]: piece for name, piece in files.items()}
    need(all(re.fullmatch(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*", n) and len(n) < 170 for n in inner), "name")
    need(not any(part in (".", "..") for name in inner for part in name.split("/")), "dots")
    need(len({name.lower() for name in inner}) == len(inner), "case")
    parents = {name.lower().rsplit("/", n)[0] for name in inner for n in range(1, name.count("/") + 1)}
    need(not parents & {name.lower() for name in inner}, "file and folder")
    return folders.pop(), inner


def listed(data: bytes) -> dict[str, str]:
    rows = [re.fullmatch(r"([0-9a-f]{64})  (\S+)", row) for row in data.decode("ascii", "replace").split("\n")[:-1]]
    need(all(rows) and data.endswith(b"\n"), "list")
    found = {row[2]: row[1] for row in rows if row}
    need(len(found) == len(rows) and list(found) == sorted(found), "list order")
    return found


def strings(data: bytes) -> list[bytes]:
    found = []
    while data:
        length = int.from_bytes(data[:4], "big")
        need(len(data) >= 4 + length, "ssh string")
        found.append(data[4 : 4 + length])
        data = data[4 + length :]
    return found


def sshsig(armored: bytes, message: bytes, namespace: str) -> tuple[str, bytes]:
    """Fingerprint and raw key of who signed."""
    body = armored.split(b"\n")
    need(body[0] == b"-----BEGIN SSH SIGNATURE-----" and body[-2:] == [b"-----END SSH SIGNATURE-----", b""], "armor")
    try:
        blob = base64.b64decode(b"".join(body[1:-2]), validate=True)
    except ValueError:
        raise Wrong("base64") from None
    need(base64.b64encode(blob) == b"".join(body[1:-2]) and all(len(r) == 70 for r in body[1:-3]), "base64 spelling")
    need(blob[:10] == b"SSHSIG\0\0\0\1", "magic")
    key, space, reserved, algorithm, inner = strings(blob[10:])
    need((space, reserved, algorithm) == (namespace.encode(), b"", b"sha512"), "namespace")
    kind, signature = strings(inner)
    key_kind, raw = strings(key)
    need(kind == key_kind == b"ssh-ed25519" and len(raw) == 32, "key")
    parts = [space, b"", b"sha512", hashlib.sha512(message).digest()]
    signed = b"SSHSIG" + b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, signed)
    except Exception:
        raise Wrong("signature") from None
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("="), raw


def leads_to(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that an inclusion proof gives (RFC 9162, section 2.1.3.2)."""
    node, first, last = hashlib.sha256(b"\0" + leaf).digest(), index, size - 1
    for sibling in path:
        need(last > 0, "proof too long")
        if first & 1 or first == last:
            node = hashlib.sha256(b"\1" + sibling + node).digest()
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\1" + node + sibling).digest()
        first, last = first >> 1, last >> 1
    need(last == 0, "proof too short")
    return node


def joined(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def parts_lead_to(proof: bytes, data: bytes, lines: bool) -> tuple[int, int, str]:
    """How many parts are shown, of how many, and the root that they and the hashes of the others give."""
    rows = proof.decode("ascii", "replace").split("\n")
    need(rows[0] == "parts/v1" and rows[-1] == "", "parts/v1")
    stack: list[tuple[bytes, int]] = []
    shown, count = 0, 0
    for row in rows[1:-1]:
        kind, index, number, *rest = row.split(" ", 4)
        need(int(index) == count, "index of a part")
        if kind == "leaf":
            need(len(rest) == (0 if lines else 1), "salt")
            part, data = data[: int(number)], data[int(number) :]
            need(len(part) == int(number), "length of a part")
            if lines:
                need(data[:1] == b"\n", "line feed")
                data = data[1:]
            salted = part if lines else base64.b64decode(rest[0]) + part
            top, width = hashlib.sha256(b"\0" + salted).digest(), 1
            shown += 1
        else:
            need(kind == "node" and rest, "node")
            top, width = base64.b64decode(rest[0]), int(number)
            need(width > 0 and width & (width - 1) == 0 and count % width == 0, "subtree")
        count += width
        while stack and stack[-1][1] == width:
            top, width = joined(stack.pop()[0], top), 2 * width
        stack.append((top, width))
    need(not data and stack, "more bytes than parts")
    root = stack.pop()[0]
    while stack:
        root = joined(stack.pop()[0], root)
    return shown, count, "sha256:" + root.hex()


def verify_alone(data: bytes, believed: set[str]) -> None:
    """Steps 1 to 6, 9, 15 and 16 without the pages, for archives whose keys never changed."""
    folder, files = unzip(data)
    tags, payload = listed(files.get("tagmanifest-sha256.txt", b"")), listed(files.get("manifest-sha256.txt", b""))
    outer = {n for n in files if not n.startswith("data/")}
    need(set(tags) | {"tagmanifest-sha256.txt", "tagmanifest-sha256.txt.sig"} == outer and len(tags) == 7, "tag files")
    need(set(payload) == set(files) - outer, "payload files")
    for name, wanted in {**tags, **payload}.items():
        need(hashlib.sha256(files[name]).hexdigest() == wanted, f"digest of {name}")
    said = json.loads(files["bundle.json"])
    need(json.dumps(said, indent=1, ensure_ascii=False).encode() + b"\n" == files["bundle.json"], "bundle.json")
    need(said["archiver"] == "bundle/v1" and list(said)[1:3] == ["archive", "size"], "bundle.json")
    short = hashlib.sha256(files["bundle.json"]).hexdigest()[:8]
    need(folder == f"evidence-{said['archive'][7:15]}-{said['selected'][0]}-{short}", "folder")
    exporter, raw = sshsig(files["tagmanifest-sha256.txt.sig"], files["tagmanifest-sha256.txt"], "archiver-bundle-v1")
    blob = b"".join(len(p).to_bytes(4, "big") + p for p in (b"ssh-ed25519", raw))
    line = (
        b'archiver namespaces="archiver-manifest-v1,archiver-bundle-v1" ssh-ed25519 ' + base64.b64encode(blob) + b"\n"
    )
    need(exporter == said["exporter"] and files["exporter.allowed_signers"] == line, "exporter")
    note = files["data/log/checkpoint"]
    text, _, lines = note.partition(b"\n\n")
    origin, size, root = text.decode().split("\n")
    genesis = json.loads(files["data/chain/000.json"])
    need(hashlib.sha256(files["data/chain/000.json"]).hexdigest() == said["archive"][7:], "archive")
    need(int(size) == said["size"] and origin == genesis["identity"]["origin"], "checkpoint")
    key = base64.b64decode(genesis["identity"]["log"][0].split("+", 2)[2])[1:]
    signature = base64.b64decode(lines.split(b"\n")[0].split(b" ")[2])[4:]
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text + b"\n")
    except Exception:
        raise Wrong("checkpoint signature") from None
    names = {n for n in files if re.fullmatch(r"data/chain/(x\d{3}/)*\d{3}\.json", n)}
    numbers, objects, parts = set(), set(), set()
    for name in names:
        manifest = json.loads(files[name])
        number = manifest["sequence"]
        numbers.add(number)
        need(number < 1000 and name == f"data/chain/{number:03d}.json", "place")
        need(manifest["keys"] in (None, said["archive"]), "keys changed")
        signer, _ = sshsig(files.get(name + ".sig", b""), files[name], "archiver-manifest-v1")
        need(signer == manifest["signer"], "signer")
        need(signer in believed, "unbelieved")
        head, _, carried = files.get(name[:-5] + ".tlog-proof", b"").partition(b"\n\n")
        version, index, *path = head.split(b"\n")
        need(version == b"c2sp.org/tlog-proof@v1" and index == b"index %d" % number and carried == note, "proof")
        found = leads_to(files[name], number, int(size), [base64.b64decode(row) for row in path])
        need(base64.b64encode(found).decode() == root, "root")
        for ref in manifest["objects"]:
            stands = f"data/objects/sha256/{ref['digest'][7:9]}/{ref['digest'][9:]}"
            held = next((w for w in said["withheld"] if (w["sequence"], w["digest"]) == (number, ref["digest"])), None)
            if held is not None:
                need(held["role"] == ref["role"] and stands not in files, "withheld")
                if held["shown"]:
                    part = stands.replace("/objects/", "/parts/")
                    need({part, part + ".proof"} <= set(files), "parts")
                    tree = ref.get("leaves") or ref["segments"]
                    found = parts_lead_to(files[part + ".proof"], files[part], "leaves" in ref)
                    need(found == (held["shown"], tree["count"], tree["root"]), "root of parts")
                    parts |= {part, part + ".proof"}
            elif number in said["selected"]:
                objects.add(stands)
                need(stands in files and len(files[stands]) == ref["size"], "object")
                need("sha256:" + hashlib.sha256(files[stands]).hexdigest() == ref["digest"], "object digest")
    need({0, int(size) - 1, *said["selected"]} <= numbers, "manifests")
    need({n for n in files if n.startswith("data/objects/")} == objects, "unreferenced objects")
    need({n for n in files if n.startswith("data/parts/")} == parts, "unreferenced parts")
    need(exporter in believed, "unbelieved exporter")


ME = {SIGNER.public.fingerprint}


def test_it_accepts_what_we_accept() -> None:
    verify_alone(DATA, ME)
    archive = Simulator(seed=41).capture().capture(url="https://other.example/").export().capture()
    for chosen in ((1,), (2, 4), (6,)):
        data, _ = bundle_of(archive, *chosen, signer=archive.signer)
        verify_alone(data, {archive.signer.public.fingerprint})
        assert check(data, trusted=[archive.signer]).exit_code == 0


def refused(data: bytes) -> bool:
    try:
        verify_alone(data, ME)
    except (Wrong, KeyError, ValueError):
        return True
    return False


@pytest.mark.parametrize("name", HOSTILE)
def test_it_refuses_the_zips_that_we_refuse(name: str) -> None:
    with pytest.raises(Wrong):
        unzip(HOSTILE[name][0]())


def test_it_accepts_parts_that_we_accept() -> None:
    verify_alone(PARTIAL_DATA, ME)
    report = check(PARTIAL_DATA)
    assert report.counts["statements"] == 1 and report.outcome(12) is Outcome.PASSED
    found = {code for code, _ in codes(report)} - {"bundle-renderer"}
    assert found == {"object-in-part", "object-withheld", "content-not-checked"}
    archive = small_archive()
    wishes = (["warc"], ["context"], ["body"], ["request"], ["header:host", "facts"], ["statements", "page-text"])
    for words in wishes:
        data, _ = bundle_of(archive, 1, withhold=words)
        verify_alone(data, ME)
        assert not check(data).failed


def test_it_refuses_parts_that_we_refuse() -> None:
    """Every bit of every tenth byte of the proofs, and of what they prove."""
    files = contents(PARTIAL_DATA)
    names = [name for name in files if "/parts/" in name]
    assert len(names) == 4
    for name in names:
        for at in range(0, len(files[name]), max(1, len(files[name]) // 12)):
            changed = bytearray(files[name])
            changed[at] ^= 1 << at % 7
            packed = zip_of(signed_again({**files, name: bytes(changed)}))
            assert refused(packed) == check(packed).failed, (name, at)
            if not name.endswith(".proof"):
                assert refused(packed)
    for name in names:
        packed = zip_of(signed_again({other: data for other, data in files.items() if other != name}))
        assert refused(packed) and check(packed).failed


def test_it_refuses_what_we_refuse() -> None:
    files = contents(DATA)
    folder = BundleEvidence(io.BytesIO(DATA)).container.folder
    for name, data in files.items():
        for changed in ({**files, name: data + b"\n"}, {n: d for n, d in files.items() if n != name}):
            packed = zip_of(changed, folder)
            assert refused(packed) and check(packed).failed, name
    changes: list[Callable[[dict[str, bytes]], dict[str, bytes]]] = [
        lambda f: {**f, "extra": b"x"},
        lambda f: {**f, "data/chain/003.json": f["data/chain/004.json"]},
        lambda f: {**f, "data/chain/001.json.sig": f["data/chain/002.json.sig"]},
        lambda f: {**f, "data/chain/001.tlog-proof": f["data/chain/002.tlog-proof"]},
        lambda f: {n: d for n, d in f.items() if "/objects/" not in n},
    ]
    for change in changes:
        packed = zip_of(signed_again(change(dict(files))), folder)
        assert refused(packed) and check(packed).failed
    assert refused(zip_of(signed_again(files, STRANGER), folder))
    assert refused(by_zipfile())


def test_vector_is_named_in_the_list_of_vectors() -> None:
    assert "`bundles`" in (Path(__file__).parents[1] / "vectors" / "README.md").read_text("utf-8")
