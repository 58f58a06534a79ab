"""SSHSIG: judged by ssh-keygen both ways, every byte bound, one spelling, FIDO keys."""

from __future__ import annotations

import base64
import hashlib
import io
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from ssh_program import key_file, make_key, needs_ssh_keygen, run
from vector_files import Vector, name_of, vectors

from archiver.errors import FormatError, ProofError, UsageError
from archiver.signing import allowed_signers, sshsig
from archiver.signing.key_file import encode_private_key
from archiver.signing.keys import KeySigner, PublicKey
from archiver.signing.wire import string

MESSAGE = b"A note to be signed."
NAMESPACE = "archiver-manifest-v1"
SIGNER = KeySigner.from_seed(b"\x01" * 32)
CASES = {vector.name: vector for vector in vectors("sshsig")}
GOOD = CASES["good"].body


@pytest.mark.parametrize("vector", CASES.values(), ids=name_of)
def test_vector(vector: Vector) -> None:
    namespace = vector.one("namespace")
    if vector.error is None:
        found = sshsig.verify(vector.body, MESSAGE, namespace)
        assert found.fingerprint == vector.one("fingerprint")
        assert sshsig.verify_stream(vector.body, io.BytesIO(MESSAGE), namespace) == found
        assert sshsig.encode(sshsig.parse(vector.body)) == vector.body
        return
    with pytest.raises(vector.error) as caught:
        sshsig.verify(vector.body, MESSAGE, namespace)
    assert caught.type is vector.error


def test_signing_is_deterministic() -> None:
    assert SIGNER.sign(MESSAGE, NAMESPACE) == GOOD == KeySigner(b"\x01" * 32).sign(MESSAGE, NAMESPACE)


def test_the_layout_of_the_module() -> None:
    """The wire format put together from the module's description alone."""
    blob = string(b"ssh-ed25519") + string(SIGNER.public.raw)
    hashed = hashlib.sha512(MESSAGE).digest()
    signed = b"SSHSIG" + string(NAMESPACE.encode()) + string(b"") + string(b"sha512") + string(hashed)
    signature = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32).sign(signed)
    body = b"SSHSIG\0\0\0\x01" + string(blob) + string(NAMESPACE.encode()) + string(b"") + string(b"sha512")
    text = base64.b64encode(body + string(string(b"ssh-ed25519") + string(signature))).decode()
    lines = [text[i : i + 70] for i in range(0, len(text), 70)]
    wanted = ["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]
    assert GOOD.decode() == "\n".join(wanted)
    assert sshsig.signed_data(MESSAGE, NAMESPACE) == signed


def test_every_bit_of_a_signature_is_bound() -> None:
    for place in range(len(GOOD)):
        for bit in range(8):
            changed = GOOD[:place] + bytes([GOOD[place] ^ 1 << bit]) + GOOD[place + 1 :]
            with pytest.raises((FormatError, ProofError)):
                sshsig.verify(changed, MESSAGE, NAMESPACE)


def test_every_byte_of_a_fido_signature_is_bound() -> None:
    body = CASES["good-fido"].body
    for place in range(len(body)):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        with pytest.raises((FormatError, ProofError)):
            sshsig.verify(changed, MESSAGE, NAMESPACE)


def test_every_byte_of_the_message_is_bound() -> None:
    for place in range(len(MESSAGE)):
        changed = MESSAGE[:place] + bytes([MESSAGE[place] ^ 1]) + MESSAGE[place + 1 :]
        with pytest.raises(ProofError):
            sshsig.verify(GOOD, changed, NAMESPACE)
    for changed in (b"", MESSAGE[:-1], MESSAGE + b"\n"):
        with pytest.raises(ProofError):
            sshsig.verify(GOOD, changed, NAMESPACE)


def test_cut_and_lengthened() -> None:
    for end in range(len(GOOD)):
        with pytest.raises(FormatError):
            sshsig.parse(GOOD[:end])
    for extra in (b"\n", b" ", b"\0", GOOD):
        with pytest.raises(FormatError):
            sshsig.parse(GOOD + extra)


@given(st.binary(max_size=400))
def test_any_bytes_in_the_armor(data: bytes) -> None:
    text = base64.b64encode(data)
    lines = b"".join(text[i : i + 70] + b"\n" for i in range(0, len(text), 70))
    armored = b"-----BEGIN SSH SIGNATURE-----\n" + lines + b"-----END SSH SIGNATURE-----\n"
    for whole in (armored, data):
        with pytest.raises((FormatError, ProofError)):
            sshsig.verify(whole, MESSAGE, NAMESPACE)


def test_namespaces_of_others_are_never_signed() -> None:
    for namespace in ("", "file", "git", "archiver-manifest-v2", "archiver-manifest-v1 "):
        with pytest.raises(UsageError):
            SIGNER.sign(MESSAGE, namespace)


# ssh-keygen as judge


def allowed(path: Path, *keys: PublicKey) -> Path:
    path.write_bytes(allowed_signers.encode_for(key.line() for key in keys))
    return path


def judge(folder: Path, message: bytes, signers: Path, namespace: str = NAMESPACE, who: str = "archiver") -> bool:
    done = run(
        "-Y", "verify", "-f", signers, "-I", who, "-n", namespace, "-s", folder / "note.sig", stdin=message
    )  # fmt: skip
    assert done.returncode in (0, 255), done.stderr
    return done.returncode == 0


@needs_ssh_keygen
def test_ssh_keygen_judges_ours(tmp_path: Path) -> None:
    signers = allowed(tmp_path / "allowed_signers", SIGNER.public)
    (tmp_path / "note.sig").write_bytes(SIGNER.sign(MESSAGE, NAMESPACE))
    assert judge(tmp_path, MESSAGE, signers)
    assert not judge(tmp_path, MESSAGE + b"\n", signers)
    assert not judge(tmp_path, MESSAGE, signers, namespace="archiver-bundle-v1")
    assert not judge(tmp_path, MESSAGE, signers, who="ann")
    other = KeySigner.from_seed(b"\x02" * 32)
    assert not judge(tmp_path, MESSAGE, allowed(tmp_path / "others", other.public))
    assert judge(tmp_path, MESSAGE, allowed(tmp_path / "both", other.public, SIGNER.public))
    found = run("-Y", "find-principals", "-f", signers, "-s", tmp_path / "note.sig")
    assert found.stdout == b"archiver\n"
    assert run("-Y", "check-novalidate", "-n", NAMESPACE, "-s", tmp_path / "note.sig", stdin=MESSAGE).returncode == 0


@needs_ssh_keygen
def test_ssh_keygen_refuses_a_namespace_that_the_file_does_not_list(tmp_path: Path) -> None:
    """The option in allowed_signers keeps a key that also signs, say, git commits from being taken for an archive's."""
    key = make_key(tmp_path / "key")
    run("-Y", "sign", "-f", key, "-n", "file", "-q", tmp_path / "key.pub")
    signers = allowed(tmp_path / "allowed_signers", PublicKey.parse_line((tmp_path / "key.pub").read_bytes()))
    (tmp_path / "note.sig").write_bytes((tmp_path / "key.pub.sig").read_bytes())
    assert not judge(tmp_path, (tmp_path / "key.pub").read_bytes(), signers, namespace="file")


@needs_ssh_keygen
def test_we_judge_ssh_keygens(tmp_path: Path) -> None:
    key = make_key(tmp_path / "key")
    note = tmp_path / "note"
    note.write_bytes(MESSAGE)
    assert run("-Y", "sign", "-f", key, "-n", NAMESPACE, "-q", note).returncode == 0
    signature = (tmp_path / "note.sig").read_bytes()
    public = PublicKey.parse_line((tmp_path / "key.pub").read_bytes())
    assert sshsig.verify(signature, MESSAGE, NAMESPACE) == public
    assert sshsig.encode(sshsig.parse(signature)) == signature
    assert run("-l", "-f", tmp_path / "key.pub").stdout.split()[1].decode() == public.fingerprint
    for message, namespace in ((MESSAGE + b" ", NAMESPACE), (MESSAGE, "archiver-bundle-v1")):
        with pytest.raises(ProofError):
            sshsig.verify(signature, message, namespace)


@needs_ssh_keygen
def test_one_key_signs_the_same_here_and_there(tmp_path: Path) -> None:
    key = key_file(tmp_path / "key", encode_private_key(b"\x01" * 32, None, "ours"))
    (tmp_path / "note").write_bytes(MESSAGE)
    assert run("-Y", "sign", "-f", key, "-n", NAMESPACE, "-q", tmp_path / "note").returncode == 0
    assert (tmp_path / "note.sig").read_bytes() == GOOD


@needs_ssh_keygen
def test_ssh_keygen_judges_the_fido_signature(tmp_path: Path) -> None:
    vector = CASES["good-fido"]
    public = sshsig.verify(vector.body, MESSAGE, NAMESPACE)
    assert public.application == b"ssh:" and public.kind == "sk-ssh-ed25519@openssh.com"
    signers = allowed(tmp_path / "allowed_signers", public)
    for name, good in (("good-fido", True), ("bad-fido-counter", False), ("bad-fido-flags", False)):
        (tmp_path / "note.sig").write_bytes(CASES[name].body)
        assert judge(tmp_path, MESSAGE, signers) is good, name


@needs_ssh_keygen
@pytest.mark.parametrize("name", ["good", "bad-signature", "bad-key-swapped", "bad-raw"])
def test_ssh_keygen_agrees_about_the_vectors(tmp_path: Path, name: str) -> None:
    vector = CASES[name]
    (tmp_path / "note.sig").write_bytes(vector.body)
    keys = (SIGNER.public, KeySigner.from_seed(b"\x02" * 32).public)
    assert judge(tmp_path, MESSAGE, allowed(tmp_path / "allowed_signers", *keys)) is (vector.error is None)


@needs_ssh_keygen
def test_a_second_spelling_of_a_signature_that_ssh_keygen_may_take(tmp_path: Path) -> None:
    """OpenSSH (9.2 at least) does not ask that S is below the group order (RFC 8032, 5.1.7). We do: else a signature
    could be exchanged for another under an unchanged manifest. Whatever ssh-keygen says, it must not crash."""
    body = CASES["bad-malleable"].body
    (tmp_path / "note.sig").write_bytes(body)
    judge(tmp_path, MESSAGE, allowed(tmp_path / "allowed_signers", SIGNER.public))
    with pytest.raises(ProofError):
        sshsig.verify(body, MESSAGE, NAMESPACE)
