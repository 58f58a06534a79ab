"""Public key lines and private key files: ours in ssh-keygen, ssh-keygen's here, and what neither should open."""

from __future__ import annotations

import base64
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ssh_program import key_file, make_key, needs_ssh_keygen, run
from vector_files import Vector, name_of, vectors

from archiver.errors import ArchiverError, FormatError, ProofError, UsageError
from archiver.signing import key_file as key_files
from archiver.signing import keys
from archiver.signing.key_file import encode_private_key, is_encrypted, seed_from_private_key_file
from archiver.signing.keys import KeySigner, PublicKey

SEED = bytes(range(32))
CASES = {vector.name: vector for vector in vectors("keys")}


def read(vector: Vector) -> str:
    if vector.name.startswith("line-"):
        return PublicKey.parse_line(vector.body).fingerprint
    passphrase = vector.headers.get("passphrase", [None])[0]
    seed = seed_from_private_key_file(vector.body, passphrase.encode() if passphrase else None)
    return KeySigner.from_seed(seed).public.fingerprint


@pytest.mark.parametrize("vector", CASES.values(), ids=name_of)
def test_vector(vector: Vector) -> None:
    if vector.error is None:
        assert read(vector) == vector.one("fingerprint")
        return
    with pytest.raises(vector.error) as caught:
        read(vector)
    assert caught.type is vector.error


def test_the_specimen_of_the_module() -> None:
    lines = (keys.__doc__ or "").split("\n")
    line = next(line for line in lines if line.startswith("Specimen"))
    public = PublicKey.parse_line(line.partition(": ")[2])
    assert public.fingerprint in (keys.__doc__ or "")
    assert public.line("ann") == line.partition(": ")[2] and public.kind == "ssh-ed25519" and public.application == b""


def test_lines_in_text_and_bytes() -> None:
    line = CASES["line-good"].body
    assert PublicKey.parse_line(line) == PublicKey.parse_line(line.decode())
    assert PublicKey.parse_line(line).line() == line.decode()
    with pytest.raises(FormatError, match="at most"):
        PublicKey.parse_line(line + b" " + b"x" * 20_000)
    with pytest.raises(FormatError):
        PublicKey.parse_line(line.decode().replace("AAAA", "ÄÄÄÄ"))


def test_an_endless_application() -> None:
    blob = b"\0\0\0\x1ask-ssh-ed25519@openssh.com\0\0\0\x20" + KeySigner(SEED).public.raw
    assert PublicKey.parse_line(PublicKey(blob + b"\0\0\0\xff" + b"a" * 255).line()).application == b"a" * 255
    with pytest.raises(FormatError, match="too long"):
        PublicKey(blob + b"\0\0\1\0" + b"a" * 256).line()


@given(st.binary(max_size=120) | st.text(max_size=80))
def test_any_line(line: bytes | str) -> None:
    with pytest.raises(FormatError):
        PublicKey.parse_line(line)


# Private key files


@pytest.mark.parametrize("passphrase", [None, b"correct horse", "gr\u00fcn \u201cq\u201d".encode(), b"x" * 300])
def test_round_trip(passphrase: bytes | None) -> None:
    data = encode_private_key(SEED, passphrase, "log-5d2c9a signer", rounds=2)
    assert is_encrypted(data) is (passphrase is not None)
    assert seed_from_private_key_file(data, passphrase) == SEED


def test_wrong_missing_and_needless_passphrases() -> None:
    data = encode_private_key(SEED, b"right", "signer", rounds=2)
    for wrong in (b"wrong", b"right ", b"Right", b"\0"):
        with pytest.raises(ProofError, match="passphrase"):
            seed_from_private_key_file(data, wrong)
    for missing in (None, b""):
        with pytest.raises(UsageError, match="passphrase"):
            seed_from_private_key_file(data, missing)
    assert seed_from_private_key_file(encode_private_key(SEED, None), b"needless") == SEED


def test_an_empty_passphrase_is_no_encryption() -> None:
    with pytest.raises(UsageError, match="empty"):
        encode_private_key(SEED, b"", "signer")


def test_seeds_and_rounds_out_of_range() -> None:
    with pytest.raises(FormatError):
        encode_private_key(SEED[:31], None)
    for rounds in (0, 10_001):
        with pytest.raises(UsageError):
            encode_private_key(SEED, b"x", rounds=rounds)


def test_the_default_costs_an_attacker_a_hundred_rounds() -> None:
    data = encode_private_key(SEED, b"right")
    body = base64.b64decode(b"".join(data.split(b"\n")[1:-2]))
    place = body.index(b"bcrypt") + 6 + 4 + 4 + 16
    assert int.from_bytes(body[place : place + 4], "big") == key_files.KDF_ROUNDS == 100
    assert b"aes256-ctr" in body and SEED not in body
    assert encode_private_key(SEED, b"right", rounds=1) != encode_private_key(SEED, b"right", rounds=1), "salted"


@pytest.mark.parametrize("passphrase", [None, b"pass"])
def test_any_damage_to_a_key_file(passphrase: bytes | None) -> None:
    """Bytes changed, cut or added: our own errors, or the same seed (a check number or the comment was hit)."""
    data = encode_private_key(SEED, passphrase, "signer", rounds=1)
    chance = random.Random(3)
    places = range(len(data)) if passphrase is None else chance.sample(range(len(data)), 60)
    damaged = [data[:p] + bytes([data[p] ^ 1 << chance.randrange(8)]) + data[p + 1 :] for p in places]
    damaged += [data[:p] for p in chance.sample(range(len(data)), 20)]
    damaged += [data[:p] + b"A" + data[p:] for p in chance.sample(range(len(data)), 20)]
    for changed in damaged:
        try:
            assert seed_from_private_key_file(changed, passphrase) == SEED
        except ArchiverError:
            continue


@given(st.binary(max_size=300))
def test_any_bytes_in_a_key_file(data: bytes) -> None:
    text = base64.b64encode(b"openssh-key-v1\0" + data)
    whole = b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + text + b"\n-----END OPENSSH PRIVATE KEY-----\n"
    for file in (whole, data):
        with pytest.raises((FormatError, ProofError)):
            seed_from_private_key_file(file, b"pass")


def test_a_huge_file() -> None:
    with pytest.raises(FormatError):
        is_encrypted(CASES["file-good"].body + b"\n" * (64 << 10))


@needs_ssh_keygen
@pytest.mark.parametrize("passphrase", ["", "correct horse", "gr\u00fcn"])
def test_ssh_keygen_opens_ours(tmp_path: Path, passphrase: str) -> None:
    """With the comment: what tells people which key of which log this is, when the file lies alone on a stick."""
    data = encode_private_key(SEED, passphrase.encode() or None, "log-5d2c9a recovery", rounds=4)
    path = key_file(tmp_path / "key", data)
    done = run("-y", "-P", passphrase, "-f", path)
    assert done.stdout.decode() == KeySigner.from_seed(SEED).public.line("log-5d2c9a recovery") + "\n"
    if passphrase:
        assert run("-y", "-P", "wrong", "-f", path).returncode != 0


@needs_ssh_keygen
def test_we_open_what_ssh_keygen_made_and_changed(tmp_path: Path) -> None:
    path = make_key(tmp_path / "key", "-a", "3", passphrase="one")
    public = PublicKey.parse_line((tmp_path / "key.pub").read_bytes())
    assert KeySigner(seed_from_private_key_file(path.read_bytes(), b"one")).public == public
    assert run("-p", "-P", "one", "-N", "two", "-a", "3", "-f", path).returncode == 0
    assert KeySigner(seed_from_private_key_file(path.read_bytes(), b"two")).public == public
    with pytest.raises(ProofError):
        seed_from_private_key_file(path.read_bytes(), b"one")
    assert run("-p", "-P", "two", "-N", "", "-f", path).returncode == 0
    assert not is_encrypted(path.read_bytes())
    assert KeySigner(seed_from_private_key_file(path.read_bytes(), None)).public == public


@needs_ssh_keygen
def test_ssh_keygen_changes_the_passphrase_of_ours(tmp_path: Path) -> None:
    path = key_file(tmp_path / "key", encode_private_key(SEED, b"one", "signer", rounds=2))
    assert run("-p", "-P", "one", "-N", "two", "-a", "2", "-f", path).returncode == 0
    assert seed_from_private_key_file(path.read_bytes(), b"two") == SEED
