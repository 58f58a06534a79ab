"""docs/formats: every specimen in the documents is run, every table of keys is the code's, every link leads somewhere.

The chain of the specimen archive is verified once more by a small verifier written from the documents alone: it uses
hashlib, json, base64 and plain Ed25519, and nothing of archiver.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any

import pytest
import specimens
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from vector_files import FOLDER, load

from archiver import digest
from archiver.model import encoding, facts, manifest, objects, statement
from archiver.page import anchor
from archiver.page import text as page_text
from archiver.signing import allowed_signers, key_file, sshsig
from archiver.signing.keys import PublicKey
from archiver.store.keyring import LogGuard
from archiver.tlog import note, proof, tiles
from archiver.tlog.checkpoint import open_checkpoint
from archiver.tlog.note import VerifierKey

FORMATS = Path(__file__).parents[2] / "docs" / "formats"
MINE = ("README", "manifest", "facts", "statement", "log", "signature")
TEXT = {name: (FORMATS / f"{name}.md").read_text("utf-8") for name in MINE}
FLAT = {name: " ".join(text.split()) for name, text in TEXT.items()}  # lines joined: sentences may be broken anywhere


def fenced(document: str, info: str) -> str:
    """The one block whose fence carries that info."""
    found = re.findall(rf"^```{re.escape(info)}\n(.*?)^```$", TEXT[document], re.DOTALL | re.MULTILINE)
    assert len(found) == 1, f"{document}.md: {len(found)} blocks {info}"
    return str(found[0])


def blocks(document: str, kind: str) -> list[tuple[str, str]]:
    """Every block of fences like ```json kind=name."""
    return re.findall(rf"^```[a-z]* {kind}=(\S+)\n(.*?)^```$", TEXT[document], re.DOTALL | re.MULTILINE)


def section(document: str, heading: str) -> str:
    """From a heading to the next one of its rank."""
    rank, _, _ = heading.partition(" ")
    return TEXT[document].split(f"\n{heading}\n")[1].split(f"\n{rank} ")[0]


def listed(text: str) -> list[str]:
    """The names in code marks in the first cells of its tables, in their order."""
    rows = re.findall(r"^\| ((?:`[a-z_-]+`(?:, )?)+) \|", text, re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([a-z_-]+)`", row)]


def names(kind: Any) -> list[str]:
    return [field.name for field in dataclasses.fields(kind)]


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


# README.md


def test_the_json_layout() -> None:
    document = fenced("README", "json document").encode()
    value = encoding.decode_document(document)
    assert value == {"a": 1, "b": ["x", {}], "c": None}
    assert f"`{encoding.encode_line(value).decode()}`" in FLAT["README"]


def test_the_digest_of_nothing() -> None:
    assert f"`{digest.of_bytes(b'')}`" in FLAT["README"]


def test_the_limits() -> None:
    rows = dict(re.findall(r"^\| ([a-z ,]+) \| ([0-9,]+) \|$", TEXT["README"], re.MULTILINE))
    assert {name: int(value.replace(",", "")) for name, value in rows.items()} == {
        "manifest": manifest.MAX_BYTES,
        "facts object": encoding.MAX_DOCUMENT,
        "line of a statements object": statement.MAX_LINE,
        "note, checkpoint": note.MAX_NOTE,
        "signature file": sshsig.MAX_ARMORED,
    }
    assert f"nesting deeper than {encoding.MAX_DEPTH}" in FLAT["README"]
    assert f"a key of more than {encoding.MAX_KEY} characters" in FLAT["README"]
    assert f"more than {encoding.MAX_LINES:,} lines" in FLAT["README"]
    assert f"{note.MAX_LINES} lines" in FLAT["log"] and f"longer than {note.MAX_NAME} bytes" in FLAT["log"]
    assert f"{key_file.MAX_ROUNDS:,} rounds" in FLAT["signature"]
    assert (
        f"{statement.MAX_STATEMENTS:,} pairs" in FLAT["statement"]
        and f"up to {statement.MAX_CONTEXT}" in FLAT["statement"]
    )


def test_the_first_bytes_of_what_is_hashed() -> None:
    assert specimens.chain().sealed[1].data.startswith(b"{\n")
    first, second = specimens.statements()[0].splitlines()
    assert first.startswith(b'{"archiver":"statement/v1"') and second.startswith(b'{"archiver":"context/v1"')


@pytest.mark.parametrize("name", MINE)
def test_every_link_leads_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", TEXT[name]):
        path, _, fragment = target.partition("#")
        file = (FORMATS / path).resolve() if path else FORMATS / f"{name}.md"
        assert file.exists(), target
        if fragment:
            headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert fragment in anchors, target


# manifest.md


def sealed(name: str) -> specimens.Sealed:
    return next(item for item in specimens.chain().sealed if item.name == name)


def test_the_manifest_specimen() -> None:
    ((name, text),) = blocks("manifest", "manifest")
    assert text.encode() == sealed(name).data == load(FOLDER / "manifests" / f"good-{name}.vector").body
    assert f"`{digest.of_bytes(text.encode())}`" in FLAT["manifest"]
    assert f"whose {len(specimens.chain().sealed)} manifests" in FLAT["manifest"]
    identity = digest.of_bytes(sealed("000-genesis").data)[7:23]
    assert "`" + "-".join(identity[i : i + 4] for i in range(0, 16, 4)) + "`" in FLAT["manifest"]


@pytest.mark.parametrize(("name", "text"), blocks("manifest", "part"))
def test_the_parts_of_manifests(name: str, text: str) -> None:
    """`…` stands for what was left out."""
    pattern = ".*".join(re.escape(piece) for piece in text.split("…"))
    assert re.search(pattern, sealed(name).data.decode())


def test_a_specimen_of_every_event_that_has_a_key_of_its_own() -> None:
    shown = {json.loads(sealed(name).data)["event"] for name, _ in blocks("manifest", "part")}
    assert shown == set(manifest.EXTRA_KEY)
    for event in manifest.EVENTS:
        assert f"**{event}**" in FLAT["manifest"]


def test_the_tables_of_a_manifest() -> None:
    keys = listed(section("manifest", "## Format").split("### Objects")[0])
    assert keys == list(json.loads(sealed("001-snapshot").data))
    text = section("manifest", "### Objects")
    roles = re.findall(r"^\| `([a-z-]+)` \| `([a-z-]+/[a-z-]+)` \|", text, re.MULTILINE)
    assert dict(roles) == {role: known[0] for role, known in objects._ROLES.items()} and listed(text) == list(
        dict(roles)
    )
    cells = re.findall(r"^\| `([a-z]+)` \|([^|]*)\|([^|]*)\|$", section("manifest", "### Events"), re.MULTILINE)
    rows = [(event, subject.strip(), key.strip(" `")) for event, subject, key in cells if event in manifest.EVENTS]
    assert [event for event, _, _ in rows] == list(manifest.EVENTS)
    for event, subject, key in rows:
        assert bool(subject) == (event in manifest.NEEDS_SUBJECT)
        assert key == manifest.EXTRA_KEY.get(event, ("",))[0]
    assert listed(section("manifest", "## Key events")) == names(manifest.KeyChange)


def test_the_numbers_in_the_events() -> None:
    from archiver.model import events

    text = FLAT["manifest"]
    assert f"1 to {events.MAX_STAMPS} entries" in text
    assert f"1 to {events.MAX_SEQUENCES:,} manifests" in text
    assert f"1 to {events.MAX_REMOVED} different digests" in text
    for origin, good in (
        ("a", True),
        ("a" * 200, True),
        ("a" * 201, False),
        ("/a", False),
        ("a/", False),
        ("a/b", True),
    ):
        assert bool(events._ORIGIN.fullmatch(origin)) is good


# A verifier from the documents alone


def ssh_string(data: bytes, at: int) -> tuple[bytes, int]:
    length = int.from_bytes(data[at : at + 4], "big")
    return data[at + 4 : at + 4 + length], at + 4 + length


def check_signature(armored: bytes, file: bytes, namespace: str) -> str:
    """signature.md, "Verifying", steps 1 to 3: the fingerprint of the key that signed."""
    lines = armored.decode("ascii").split("\n")
    assert lines[0] == "-----BEGIN SSH SIGNATURE-----" and lines[-2:] == ["-----END SSH SIGNATURE-----", ""]
    assert all(len(line) == 70 for line in lines[1:-3]) and 0 < len(lines[-3]) <= 70
    blob = base64.b64decode("".join(lines[1:-2]))
    assert base64.b64encode(blob).decode() == "".join(lines[1:-2])
    assert blob[:10] == b"SSHSIG\0\0\0\1"
    key, at = ssh_string(blob, 10)
    found, at = ssh_string(blob, at)
    reserved, at = ssh_string(blob, at)
    hashed, at = ssh_string(blob, at)
    inner, at = ssh_string(blob, at)
    assert (found, reserved, hashed, at) == (namespace.encode(), b"", b"sha512", len(blob))
    kind, place = ssh_string(inner, 0)
    signature, place = ssh_string(inner, place)
    assert kind == b"ssh-ed25519" and place == len(inner) and len(signature) == 64
    kind, place = ssh_string(key, 0)
    public, place = ssh_string(key, place)
    assert kind == b"ssh-ed25519" and place == len(key) and len(public) == 32

    def string(data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + data

    signed = b"SSHSIG" + string(namespace.encode()) + string(b"") + string(b"sha512")
    Ed25519PublicKey.from_public_bytes(public).verify(signature, signed + string(hashlib.sha512(file).digest()))
    return "SHA256:" + base64.b64encode(sha(key)).decode().rstrip("=")


def spelled(data: bytes) -> str:
    return "sha256:" + sha(data).hex()


def fingerprint(line: str) -> str:
    return "SHA256:" + base64.b64encode(sha(base64.b64decode(line.split(" ")[1]))).decode().rstrip("=")


def test_the_chain_by_the_documents_alone() -> None:
    """manifest.md, "Verifying", steps 2 to 8, and signature.md, "Key life cycle", over the files of the vectors."""
    folder = FOLDER / "manifests"
    files = sorted(path for path in folder.glob("good-[0-9]*.vector"))
    digests: list[str] = []
    events: list[str] = []
    newest, signature_before = None, None
    signers: set[str] = set()
    recovery: set[str] = set()
    for number, path in enumerate(files):
        data = load(path).body
        value = json.loads(data)
        assert (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode() == data and len(data) <= 65_535
        assert value["archiver"] == "manifest/v1" and value["sequence"] == number
        signature = path.with_suffix(".sig").read_bytes()
        signer = check_signature(signature, data, "archiver-manifest-v1")
        assert signer == value["signer"]
        if number == 0:
            assert value["archive"] is value["previous"] is value["keys"] is None
            signers, recovery = {fingerprint(value["identity"]["signer"])}, {fingerprint(value["identity"]["recovery"])}
            second = check_signature(path.with_suffix(".sig.1").read_bytes(), data, "archiver-manifest-v1")
            assert {second} == recovery
        else:
            assert value["archive"] == digests[0] and value["keys"] == newest
            assert value["previous"] == {"manifest": digests[-1], "signature": signature_before}
        change = value.get("change")
        by_recovery = change is not None and (change["action"] == "revoke" or change["role"] == "recovery")
        assert signer in (recovery if by_recovery else signers)
        if change is not None and change["role"] != "log":
            mine = signers if change["role"] == "signer" else recovery
            for line in change["new"]:
                assert check_signature(
                    path.with_suffix(".new.sig").read_bytes(), data, "archiver-manifest-v1"
                ) == fingerprint(line)
            if change["action"] == "rotate":
                assert signer == fingerprint(change["old"][0])
            mine -= {fingerprint(line) for line in change["old"]}
            mine |= {fingerprint(line) for line in change["new"]}
        for key, kinds in (("subject", None), ("snapshot", {"snapshot", "import"}), ("replaces", {"reading"})):
            if value.get(key) is not None:
                assert kinds is None or events[digests.index(value[key])] in kinds
        digests.append(spelled(data))
        events.append(value["event"])
        signature_before = spelled(signature)
        if value["event"] in ("genesis", "key"):
            newest = digests[-1]
    assert len(files) == 21


# facts.md


@pytest.mark.parametrize(("name", "text"), blocks("facts", "facts"))
def test_the_facts_specimens(name: str, text: str) -> None:
    assert text.encode() == load(FOLDER / "facts" / f"good-{name}.vector").body
    decode: Any = {"snapshot": facts.decode_snapshot, "reading": facts.decode_reading, "remark": facts.decode_remark}[
        name
    ]
    assert facts.encode(decode(text.encode())) == text.encode()


def test_the_facts_specimen_is_the_object_of_the_manifest_specimen() -> None:
    text = dict(blocks("facts", "facts"))["snapshot"]
    ref = sealed("001-snapshot").manifest.object("facts")
    assert ref is not None and (ref.digest, ref.size) == (digest.of_bytes(text.encode()), len(text.encode()))


def test_the_tables_of_facts() -> None:
    text = section("facts", "## facts/v1")
    assert listed(text) == [*names(facts.SnapshotFacts), *names(facts.Request), *names(facts.Hop)]
    for kind in (facts.LocalFile, facts.ClockFacts, facts.Software, facts.Collector, facts.Tls):
        assert all(f"`{name}`" in text for name in names(kind)), kind
    text = section("facts", "## reading/v1").split("| member | value |")[0]
    assert listed(text) == [*names(facts.ReadingFacts), *names(facts.Source)]
    assert listed(section("facts", "## remark/v1")) == names(facts.Remark)


def test_the_article_members() -> None:
    """Every member of the record that the reader of pages makes is in the table, and no other."""
    from archiver.page.article import Article

    members = listed(section("facts", "## reading/v1").split("| member | value |")[1])
    assert sorted(members) == sorted(name for name in names(Article) if name not in ("outline", "main_text"))


# statement.md


def test_the_statements_specimen_step_by_step() -> None:
    text = dict(blocks("statement", "statements"))["good"]
    body, page = fenced("statement", "html").encode(), fenced("statement", "text").rstrip("\n")
    assert text.encode() == load(FOLDER / "statements-object" / "good.vector").body == specimens.statements()[0]
    assert f"{len(body)} bytes of UTF-8" in FLAT["statement"] and f"{len(page)} characters" in FLAT["statement"]
    # 1. the tree over the lines
    leaves = [sha(b"\0" + line) for line in text.encode().split(b"\n")[:-1]]
    root = sha(b"\1" + leaves[0] + leaves[1]).hex()
    assert fenced("statement", "leaves") == f"0  {leaves[0].hex()}\n1  {leaves[1].hex()}\nroot  {root}\n"
    ref = sealed("002-reading").manifest.object("statements")
    assert ref is not None and ref.leaves is not None and ref.leaves.root == f"sha256:{root}"
    assert f'{{"count": 2, "root": "sha256:{root}"}}' in FLAT["statement"]
    # 3. pairs of lines
    ((record, context),) = statement.decode_object(text.encode())
    # 5 to 9, by hand, and by the code
    (part,), (around,) = record.parts, context.parts
    assert part.bytes is not None
    low, high = part.text
    assert page[low:high] == part.exact
    assert page[:low].endswith(around.prefix) and page[high:].startswith(around.suffix)
    assert record.speaker is not None and record.speaker.mention is not None
    assert page[slice(*record.speaker.mention)] == record.speaker.name
    assert body[slice(*part.bytes)].decode() == part.exact and spelled(body[slice(*part.bytes)]) == part.digest
    projected = page_text.project(body, "text/html; charset=utf-8")
    assert projected.text == page
    anchor.check_part(page, body, "utf-8", part.exact, part.text, part.bytes, part.digest)


def test_the_tables_of_statements() -> None:
    first = ["archiver", *names(statement.StatementRecord), *names(statement.PartRecord)]
    assert listed(section("statement", "## Format")) == [*first, "archiver", *names(statement.ContextRecord)]


# log.md


def test_the_derivation_of_the_log_keys() -> None:
    rows = dict(re.split(r" {2,}", line) for line in fenced("log", "derivation").splitlines())
    seed = bytes.fromhex(rows["seed"])
    assert Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw().hex() == rows["Ed25519 public"]
    info = re.search(r'info "([^"]+)", 32 bytes', TEXT["log"])
    assert info is not None
    derived = hmac.digest(hmac.digest(bytes(32), seed, "sha256"), info[1].encode() + b"\x01", "sha256")
    assert derived.hex() == rows["ML-DSA-44 seed"]
    first, second = specimens.LOG.vkeys()
    assert (first.key_id.hex(), second.key_id.hex()) == (rows["Ed25519 key id"], rows["ML-DSA-44 key id"])
    for key, kind in ((first, b"\x01"), (second, b"\x06")):
        assert key.key_id == sha(rows["origin"].encode() + b"\n" + kind + key.public)[:4]
        assert key.spell() == f"{rows['origin']}+{key.key_id.hex()}+{base64.b64encode(kind + key.public).decode()}"


def test_the_checkpoint_specimen() -> None:
    vector = load(FOLDER / "checkpoints" / "good.vector")
    shown, _, rest = fenced("log", "checkpoint").partition("…")
    assert vector.body.decode().startswith(shown) and rest == "\n"
    opened = open_checkpoint(vector.body, [VerifierKey.parse(text) for text in vector.headers["key"]])
    assert opened.mldsa == "passed"
    line = opened.note.signatures[1].encode().decode()
    assert f"rest of {len(line.split(' ')[2].rstrip()):,} characters" in FLAT["log"]
    # The Ed25519 line and the message of the ML-DSA-44 line by the document alone.
    text, _, lines = vector.body.partition(b"\n\n")
    field = base64.b64decode(lines.split(b"\n")[0].split(b" ")[2])
    Ed25519PublicKey.from_public_bytes(specimens.LOG.vkeys()[0].public).verify(field[4:], text + b"\n")
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

    field = base64.b64decode(lines.split(b"\n")[1].split(b" ")[2])
    origin, size, root = text.split(b"\n")
    name = bytes([len(origin)]) + origin
    message = (
        b"subtree/v1\n\0" + name + field[4:12] + name + bytes(8) + int(size).to_bytes(8, "big") + base64.b64decode(root)
    )
    MLDSA44PublicKey.from_public_bytes(specimens.LOG.vkeys()[1].public).verify(field[12:], message)


def test_the_tree_of_the_checkpoint() -> None:
    rows = dict(line.split() for line in fenced("log", "leaves").splitlines())
    hashes = [sha(b"\0" + name.encode()) for name in ("one", "two", "three")]
    assert [value.hex() for value in hashes] == [rows["one"], rows["two"], rows["three"]]
    root = sha(b"\1" + sha(b"\1" + hashes[0] + hashes[1]) + hashes[2])
    assert root.hex() == rows["root"]
    assert base64.b64encode(root).decode() == fenced("log", "checkpoint").split("\n")[2]


def test_the_proof_specimen() -> None:
    vector = load(FOLDER / "proofs" / "good.vector")
    assert vector.body.decode().startswith(fenced("log", "proof").partition("…")[0])
    vkeys = [VerifierKey.parse(text) for text in vector.headers["key"]]
    assert proof.check_proof(proof.parse_proof(vector.body), b"two", vkeys).size == 3


def test_the_tiles_and_the_bundle() -> None:
    assert fenced("log", "tiles").split() == [tile.path for tile in tiles.tiles_for_size(300)]
    assert f"`{tiles.encode_entries([b'a', b'']).hex(' ')}`" in FLAT["log"]


def test_the_guard_specimen(tmp_path: Path) -> None:
    path = tmp_path / "guard"
    path.write_text(fenced("log", "guard"), encoding="utf-8")
    root = base64.b64decode(fenced("log", "checkpoint").split("\n")[2])
    assert LogGuard(path, "log-5d2c9a").read() == (3, root)


# signature.md


def test_the_signature_specimen() -> None:
    armored = fenced("signature", "sshsig").encode()
    first = sealed("000-genesis")
    assert armored == first.signature == (FOLDER / "manifests" / "good-000-genesis.sig").read_bytes()
    assert check_signature(armored, first.data, "archiver-manifest-v1") == specimens.SIGNER.public.fingerprint


def test_the_namespaces_are_listed() -> None:
    listed = re.findall(r"^\| `(archiver-[a-z0-9-]+)` \|", TEXT["signature"], re.MULTILINE)
    assert tuple(listed) == sshsig.ALL


def test_the_key_specimen() -> None:
    line, shown = fenced("signature", "key").split("\n")[:2]
    assert PublicKey.parse_line(line) == specimens.SIGNER.public and shown == fingerprint(line)
    assert PublicKey.parse_line(line).fingerprint == shown


def test_the_allowed_signers_specimen() -> None:
    data = fenced("signature", "allowed_signers").encode()
    (entry,) = allowed_signers.parse(data)
    assert entry.key == specimens.SIGNER.public and allowed_signers.encode([entry]) == data


def test_the_private_key_layout() -> None:
    """Put together from the document, read by the code."""
    seed, public = b"\x01" * 32, specimens.SIGNER.public

    def string(data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + data

    private = b"abcd" * 2 + public.blob + string(seed + public.raw) + string(b"a comment")
    private += bytes(range(1, 8 - len(private) % 8 + 1)) if len(private) % 8 else b""
    blob = b"openssh-key-v1\0" + string(b"none") * 2 + string(b"") + b"\0\0\0\1" + string(public.blob) + string(private)
    text = base64.b64encode(blob).decode()
    lines = [text[i : i + 70] for i in range(0, len(text), 70)]
    file = "\n".join(["-----BEGIN OPENSSH PRIVATE KEY-----", *lines, "-----END OPENSSH PRIVATE KEY-----", ""])
    assert key_file.seed_from_private_key_file(file.encode(), None) == seed
