"""docs/formats/archive.md: its specimen is what the ledger writes, its table is the code's, and a reader written from
it alone, without anything of archiver, accepts what the ledger wrote and finds what was done to it."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from store_kit import Place, tree
from vector_files import FOLDER, load

from archiver import digest
from archiver.model.manifest import BundleRef, Identity, ObjectRef
from archiver.signing.keys import KeySigner
from archiver.store.durable import Disk
from archiver.store.keyring import LogGuard
from archiver.store.ledger import Draft, Ledger
from archiver.store.objects import ObjectStore
from archiver.store.placing import MAX_GROUP, Intent, parse_intent
from archiver.tlog.checkpoint import LogKey
from archiver.verify.layout import classify

TEXT = (Path(__file__).parents[2] / "docs" / "formats" / "archive.md").read_text("utf-8")
ORIGIN = "log-5d2c9a"
SIGNER, RECOVERY = KeySigner.from_seed(b"\x01" * 32), KeySigner.from_seed(b"\x02" * 32)
LOG_KEY = LogKey.from_seed(ORIGIN, bytes(range(32)))


def fenced(info: str) -> str:
    """The one block whose fence carries that info."""
    found = re.findall(rf"^```{info}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    assert len(found) == 1, info
    return str(found[0])


@pytest.fixture
def specimen(tmp_path: Path) -> Path:
    """The archive of the document."""
    numbers, minutes = itertools.count(), itertools.count(2)
    root = tmp_path / "specimen"
    common = {
        "signer": SIGNER,
        "log_key": LOG_KEY,
        "guard": LogGuard(tmp_path / "keys" / "log.guard", ORIGIN),
        "clock": lambda: f"2026-11-23T13:{next(minutes):02d}:11.482Z",
        "entropy": lambda size: hashlib.shake_128(f"archive.md {next(numbers)}".encode()).digest(size),
    }
    vkeys = tuple(key.spell() for key in LOG_KEY.vkeys())
    identity = Identity(ORIGIN, SIGNER.public.line(), RECOVERY.public.line(), vkeys, None)
    settings = f"# the specimen of docs/formats/archive.md\nkeys: {ORIGIN}\n"
    archive = Ledger.create(root, identity=identity, recovery=RECOVERY, settings_text=settings, **common)  # type: ignore[arg-type]
    ledger = Ledger(root, disk=Disk(root), **common)  # type: ignore[arg-type]
    with ledger.batch() as group:
        staged = ObjectStore(root, ledger.disk).stage_bytes(load(FOLDER / "facts" / "good-remark.vector").body)
        group.adopt(staged)
        facts = ObjectRef("facts", staged.digest, staged.size, "application/json")
        group.add(Draft("note", archive, None, (facts,), "2026-11-23T13:05:00.000Z"))
        bundle = BundleRef(digest.of_bytes(b"a bundle that left"), 18, (1,))
        group.add(Draft("export", None, bundle, (), "2026-11-23T13:06:00.000Z"))
        group.commit()
    ledger.disk.scratch.close()
    return root


def test_the_specimen_is_what_the_ledger_writes(specimen: Path) -> None:
    files = tree(specimen)
    assert "".join(f"{name:76} {len(data):>6}\n" for name, data in sorted(files.items())) == fenced("names")
    assert files["log/checkpoint"] == files["log/checkpoints/3"]
    text = files["log/checkpoint"].split(b"\n\n")[0].decode() + "\n"
    assert text == fenced("checkpoint")
    assert "sha256:" + hashlib.sha256(files["chain/000.json"]).hexdigest() in TEXT
    leaves = [hashlib.sha256(b"\0" + files[f"chain/{n:03d}.json"]).hexdigest() for n in range(3)]
    assert "".join(f"{n} {leaf}\n" for n, leaf in enumerate(leaves)) == fenced("leaves")
    place = Place(specimen.parent)
    place.root = specimen
    assert not place.report().failed


def test_the_specimen_of_the_note(specimen: Path) -> None:
    intent = parse_intent(fenced("note").encode())
    assert intent is not None
    objects = [name for name in tree(specimen) if name.startswith("objects/")]
    assert [f"objects/sha256/{value[7:9]}/{value[9:]}" for value in intent.objects] == objects
    assert Intent(1, 3, intent.objects).encode().decode() == fenced("note")
    assert f"at most {MAX_GROUP:,} more" in TEXT


EXAMPLES = {
    "chain/<N>.json.sig.<M>": ("chain/041.json.sig.1", "chain/x001/234.json.sig.99"),
    "chain/<N>.json": ("chain/000.json", "chain/x001/x234/067.json"),
    "chain/<N>.json.sig": ("chain/x001/234.json.sig",),
    "chain/<N>.json.new.sig": ("chain/041.json.new.sig",),
    "objects/sha256/<aa>/<rest>": ("objects/sha256/9f/" + "86" * 31,),
    "log/checkpoints/<size>": ("log/checkpoints/1", "log/checkpoints/41"),
    "log/checkpoints/<size>.tsq": ("log/checkpoints/41.tsq", "log/checkpoints/4.second-1.tsr", "log/checkpoints/9.ots"),
    "log/tile/<L>/<N>": ("log/tile/0/000", "log/tile/63/x001/234", "log/tile/0/001.p/44"),
    "log/tile/entries/<N>": ("log/tile/entries/000", "log/tile/entries/001.p/255"),
    "trust/policy": ("trust/policy", "trust/tsa/acme.pem"),
    "index.sqlite": ("index.sqlite", "index.sqlite-wal", "index.sqlite-journal"),
    "runs/*": ("runs/20261123-130211-4f2a.jsonl",),
    ".lock": (".lock", "tmp/0123456789abcdef-1"),
    "quarantine/…": ("quarantine/20261123T130211Z-1/chain/041.json",),
    ".DS_Store": ("objects/.DS_Store", "Thumbs.db", "chain/._041.json"),
    "anything else": (
        "chain/41.json", "chain/041.json.sig.0", "chain/041.JSON", "objects/sha256/9F/" + "86" * 31, "log/tile/00/000",
        "log/tile/0/001.p/256", "log/tile/64/000", "log/checkpoints/041", "log/checkpoints/0", "notes.txt", "runs/a/b",
        "trust/tsa/a/b.pem", "objects/9f", "quarantine", "log/checkpoint.bak", "chain/041.json.new.sig.1",
    ),
}  # fmt: skip


def test_the_table_of_names_is_the_codes() -> None:
    """Every row of the table, and the class that the code gives to names of its kind."""
    rows = re.findall(
        r"^\| (.+?) \| .* \| ([a-z, ]*) \|$|^\| (anything else) \|", TEXT.split("## Names")[1], re.MULTILINE
    )
    seen = set()
    for names, kind, other in rows:
        if names == "name":
            continue
        first = other or re.findall(r"`([^`]+)`", names)[0]
        for example in EXAMPLES.get(first, tuple(re.findall(r"`([^`]+)`", names))):
            assert classify(example) == (kind or "unknown").split(",")[0], example
        seen.add(first)
    assert set(EXAMPLES) <= seen


# -- a reader written from the document --------------------------------------------------------------------------------

NUMBER = r"(?:x\d{3}/)*\d{3}"
CLASSES = {
    "chain": rf"chain/{NUMBER}\.json(\.sig(\.[1-9]\d?)?|\.new\.sig)?",
    "object": r"objects/sha256/[0-9a-f]{2}/[0-9a-f]{62}",
    "checkpoint": r"log/checkpoint(s/[1-9]\d*)?",
    "tile": rf"log/tile/(entries|\d\d?)/{NUMBER}(\.p/[1-9]\d*)?",
    "trust": r"trust/(allowed_signers|log\.vkey)",
    "unbound": r"archive\.yaml|trust/policy|trust/tsa/[^/]+\.pem|index\.sqlite(-wal|-shm|-journal)?|\.lock",
    "passing": r"(runs|tmp)/[^/]+",
    "quarantine": r"quarantine/.+",
    "litter": r"(.*/)?(\.DS_Store|Thumbs\.db|desktop\.ini|\.directory|ehthumbs\.db|\._[^/]*)",
}


def spell(number: int) -> str:
    groups = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03d}")
    return "/".join(groups)


def sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def root_of(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root_of(leaves[:split]) + root_of(leaves[split:])).digest()


def need(condition: bool, step: int, name: str) -> None:
    if not condition:
        raise LookupError(f"step {step}: {name}")


def signed_by(files: dict[str, bytes], name: str, suffix: str) -> bytes:
    """The raw public key whose SSHSIG over that file holds (signature.md)."""
    lines = files[name + suffix].decode().split("\n")[1:-2]
    blob = base64.b64decode("".join(lines))
    parts, place = [], 10
    while place < len(blob):
        length = int.from_bytes(blob[place : place + 4], "big")
        parts.append(blob[place + 4 : place + 4 + length])
        place += 4 + length
    key, signature = parts[0][-32:], parts[4][-64:]
    hashed = hashlib.sha512(files[name]).digest()
    message = b"SSHSIG" + b"".join(
        len(p).to_bytes(4, "big") + p for p in (b"archiver-manifest-v1", b"", b"sha512", hashed)
    )
    Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    return key


def read_archive(files: dict[str, bytes]) -> str:
    """Steps 1 to 9 for an archive without key events; LookupError with the step. Its identity."""
    for name in files:
        need(any(re.fullmatch(shape, name, re.ASCII) for shape in CLASSES.values()), 1, name)
    genesis = json.loads(files["chain/000.json"])
    identity, archive = genesis["identity"], sha256(files["chain/000.json"])
    keys = [base64.b64decode(identity[role].split()[1])[-32:] for role in ("signer", "recovery")]
    for key, suffix in zip(keys, (".sig", ".sig.1"), strict=True):
        need(signed_by(files, "chain/000.json", suffix) == key, 2, suffix)
    vkey = base64.b64decode(identity["log"][0].split("+", 2)[2])[1:]

    def opened(name: str) -> tuple[int, bytes]:
        text, _, lines = files[name].partition(b"\n\n")
        line = lines.split(b"\n")[0].split(b" ")
        Ed25519PublicKey.from_public_bytes(vkey).verify(base64.b64decode(line[2])[4:], text + b"\n")
        origin, size, root = text.decode().split("\n")
        need(origin == identity["origin"], 3, name)
        return int(size), base64.b64decode(root)

    size, root = opened("log/checkpoint")
    leaves, named = [], {}
    chain = {"chain/000.json.sig.1"}
    for number in range(size):
        name = f"chain/{spell(number)}.json"
        need(name in files, 4, name)
        manifest = json.loads(files[name])
        need((manifest["sequence"], manifest["archive"] or archive) == (number, archive), 4, name)
        if number:
            before = f"chain/{spell(number - 1)}.json"
            links = {"manifest": sha256(files[before]), "signature": sha256(files[before + ".sig"])}
            need(manifest["previous"] == links, 4, name)
        need(signed_by(files, name, ".sig") == keys[0], 5, name)
        leaves.append(hashlib.sha256(b"\0" + files[name]).digest())
        named |= {item["digest"]: item["size"] for item in manifest["objects"]}
        chain |= {name, name + ".sig"}
    need({name for name in files if name.startswith("chain/")} == chain, 4, "chain/")
    need(root_of(leaves) == root, 6, "log/checkpoint")
    tiles = {}
    for width in (size % 256, *(w for w in range(1, size) if f"log/tile/0/000.p/{w}" in files)):  # fewer than 256 here
        entries = [files[f"chain/{spell(n)}.json"] for n in range(width)]
        tiles[f"log/tile/0/000.p/{width}"] = b"".join(leaves[:width])
        tiles[f"log/tile/entries/000.p/{width}"] = b"".join(len(e).to_bytes(2, "big") + e for e in entries)
    need({name: data for name, data in files.items() if name.startswith("log/tile/")} == tiles, 6, "log/tile/")
    need(files.get(f"log/checkpoints/{size}") == files["log/checkpoint"], 7, f"log/checkpoints/{size}")
    for name in files:
        if name.startswith("log/checkpoints/"):
            kept, kept_root = opened(name)
            need(name == f"log/checkpoints/{kept}" and root_of(leaves[:kept]) == kept_root, 7, name)
    need(files["trust/log.vkey"].decode() == "".join(f"{key}\n" for key in identity["log"]), 8, "trust/log.vkey")
    need(identity["signer"] in files["trust/allowed_signers"].decode(), 8, "trust/allowed_signers")
    objects = {
        "sha256:" + name[15:].replace("/", ""): data for name, data in files.items() if name.startswith("objects/")
    }
    need(set(objects) == set(named), 9, "objects/")
    for value, data in objects.items():
        need(sha256(data) == value and len(data) == named[value], 9, value)
    return archive


def test_a_reader_from_the_document_accepts_it(specimen: Path, tmp_path: Path) -> None:
    assert read_archive(tree(specimen)) in TEXT
    place = Place(tmp_path / "other")
    place.create()
    for count in (3, 1, 40):
        place.append(count, f"{count}")
    assert read_archive(tree(place.root)) == place.report().archive


@pytest.mark.parametrize(
    ("step", "change"),
    [
        (1, lambda files: files.update({"chain/notes.txt": b""})),
        (4, lambda files: files.pop("chain/002.json")),
        (4, lambda files: files.update({"chain/003.json": files["chain/002.json"]})),
        (4, lambda files: files.update({"chain/001.json.sig": files["chain/002.json.sig"]})),
        (6, lambda files: files.pop("log/tile/0/000.p/3")),
        (6, lambda files: files.update({"log/tile/0/000.p/2": bytes(64)})),
        (7, lambda files: files.pop("log/checkpoints/3")),
        (7, lambda files: files.update({"log/checkpoints/2": files["log/checkpoints/1"]})),
        (8, lambda files: files.update({"trust/log.vkey": b""})),
        (9, lambda files: files.update({"objects/sha256/00/" + "00" * 31: b""})),
        (9, lambda files: files.pop(next(name for name in files if name.startswith("objects/")))),
    ],
)
def test_both_readers_name_the_step(specimen: Path, step: int, change: Callable[[dict[str, bytes]], object]) -> None:
    """What the document's steps say is what our verifier says."""
    files = tree(specimen)
    change(files)
    with pytest.raises(Exception) as caught:
        read_archive(files)
    if isinstance(caught.value, LookupError) and not isinstance(caught.value, KeyError):
        assert str(caught.value).startswith(f"step {step}:")
    for path in [path for path in specimen.rglob("*") if path.is_file()]:
        if path.relative_to(specimen).as_posix() not in files:
            path.unlink()
    for name, data in files.items():
        (specimen / name).parent.mkdir(parents=True, exist_ok=True)
        if not (specimen / name).exists() or (specimen / name).read_bytes() != data:
            (specimen / name).unlink(missing_ok=True)
            (specimen / name).write_bytes(data)
    place = Place(specimen.parent)
    place.root = specimen
    report = place.report()
    assert report.failed
    assert any(finding.step == step for finding in report.findings if finding.weight.value == "failed")


def test_limits_are_the_codes() -> None:
    from archiver.model.manifest import MAX_BYTES
    from archiver.store.head import MAX_TILE
    from archiver.tlog.note import MAX_NOTE
    from archiver.verify.chain import MAX_SIGNATURE

    for number in (MAX_BYTES, MAX_TILE, MAX_NOTE, MAX_SIGNATURE):
        assert f"{number:,}" in TEXT
    assert os.sep == "/" or os.name == "nt"
