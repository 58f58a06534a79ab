"""A real ssh-agent signs, and ssh-keygen judges; a small agent of our own stands in for a FIDO token and for liars."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.errors import (
    ArchiverError,
    FormatError,
    MissingError,
    ProofError,
    RefusedError,
    UnavailableError,
    UsageError,
)
from archiver.signing import sshsig
from archiver.signing.keys import SK_ED25519, PublicKey, Signer
from archiver.signing.wire import Reader, string
from archiver.web.agent import AgentSigner, agent_signer, list_keys

NAMESPACE = "archiver-manifest-v1"
MESSAGE = "“The ferry will sail on Monday,” said Ann Lee.\n".encode() * 100


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a short path: that of a socket may have no more than 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="ag"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def agent(short: Path) -> Iterator[str]:
    """A real ssh-agent, without keys; whoever must be asked says no."""
    path = str(short / "s")
    environment = os.environ | {"SSH_ASKPASS": "/bin/false", "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":none"}
    process = subprocess.Popen(
        ["ssh-agent", "-D", "-a", path], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for _ in range(500):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(path)
            break
        process.poll()
        threading.Event().wait(0.01)
    yield path
    process.terminate()
    process.wait(10)


def make_key(folder: Path, name: str, kind: str = "ed25519") -> Path:
    path = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", f"{name} key", "-f", path], check=True)
    return path


def load(agent: str, key: Path, *options: str) -> None:
    environment = os.environ | {"SSH_AUTH_SOCK": agent}
    subprocess.run(["ssh-add", "-q", *options, key], env=environment, check=True, capture_output=True)


def add(agent: str, key: Path, *options: str) -> PublicKey:
    load(agent, key, *options)
    return PublicKey.parse_line(key.with_suffix(".pub").read_text())


def judged_by_ssh_keygen(folder: Path, public: PublicKey, signature: bytes, message: bytes) -> bool:
    (folder / "signature").write_bytes(signature)
    (folder / "allowed").write_text(f"signer {public.line()}\n")
    command = ["ssh-keygen", "-Y", "verify", "-f", "allowed", "-I", "signer", "-n", NAMESPACE, "-s", "signature"]
    done = subprocess.run(command, cwd=folder, input=message, capture_output=True)
    return done.returncode == 0


def test_a_real_agent_signs(agent: str, short: Path, tmp_path: Path) -> None:
    public = add(agent, make_key(short, "first"))
    signer: Signer = AgentSigner(public, agent)
    signature = signer.sign(MESSAGE, NAMESPACE)
    assert sshsig.verify(signature, MESSAGE, NAMESPACE) == public == signer.public
    assert judged_by_ssh_keygen(tmp_path, public, signature, MESSAGE)
    assert not judged_by_ssh_keygen(tmp_path, public, signature, MESSAGE + b"x")


def test_it_signs_as_ssh_keygen_does(agent: str, short: Path) -> None:
    """Ed25519 is deterministic: the same key gives the same file, byte for byte."""
    key = make_key(short, "first")
    public = add(agent, key)
    (short / "m").write_bytes(MESSAGE)
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-f", key, "-n", NAMESPACE, short / "m"], check=True)
    assert (short / "m.sig").read_bytes() == AgentSigner(public, agent).sign(MESSAGE, NAMESPACE)


def test_keys_are_listed(agent: str, short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list_keys(agent) == ()
    first = add(agent, make_key(short, "first"))
    load(agent, make_key(short, "other", "ecdsa"))
    second = add(agent, make_key(short, "second"))
    assert [(key.public, key.comment) for key in list_keys(agent)] == [(first, "first key"), (second, "second key")]
    monkeypatch.setenv("SSH_AUTH_SOCK", agent)
    assert len(list_keys()) == 2


def test_a_key_by_fingerprint_or_comment(agent: str, short: Path) -> None:
    first = add(agent, make_key(short, "first"))
    second = add(agent, make_key(short, "second"))
    assert agent_signer(first.fingerprint, agent).public == first
    assert agent_signer("second key", agent).public == second
    with pytest.raises(MissingError, match="no ed25519 key 'third'") as error:
        agent_signer("third", agent)
    assert first.fingerprint in str(error.value)


def test_two_keys_of_one_name(agent: str, short: Path) -> None:
    for name in ("a", "b"):
        (short / name).mkdir()
        add(agent, make_key(short / name, "same"))
    with pytest.raises(UsageError, match="several keys") as error:
        agent_signer("same key", agent)
    assert "fingerprint" in (error.value.hint or "")


def test_a_key_that_is_not_there(agent: str, short: Path) -> None:
    public = PublicKey.parse_line(make_key(short, "first").with_suffix(".pub").read_text())
    with pytest.raises(MissingError, match="is not in the ssh-agent"):
        AgentSigner(public, agent).sign(MESSAGE, NAMESPACE)


def test_a_locked_agent(agent: str, short: Path) -> None:
    public = add(agent, make_key(short, "first"))
    with socket.socket(socket.AF_UNIX) as raw:  # SSH_AGENTC_LOCK
        raw.connect(agent)
        raw.sendall(string(bytes([22]) + string(b"passphrase")))
        assert raw.recv(5) == b"\x00\x00\x00\x01\x06"
    with pytest.raises(MissingError, match="locked"):
        AgentSigner(public, agent).sign(MESSAGE, NAMESPACE)
    with pytest.raises(MissingError, match="locked"):
        agent_signer("first key", agent)


def test_a_key_whose_owner_says_no(agent: str, short: Path) -> None:
    public = add(agent, make_key(short, "first"), "-c")
    with pytest.raises(RefusedError, match="refused to sign") as error:
        AgentSigner(public, agent).sign(MESSAGE, NAMESPACE)
    assert "ssh-add -c" in (error.value.hint or "")


def test_no_agent(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(UnavailableError, match="SSH_AUTH_SOCK is not set") as error:
        list_keys()
    assert "ssh-add" in (error.value.hint or "")
    for path in (short / "missing", short, Path("/" + "x" * 200)):
        with pytest.raises(UnavailableError, match="cannot be reached"):
            list_keys(str(path))


class FakeAgent:
    """Answers each message with what `reply` makes of it; None hangs up."""

    def __init__(self, folder: Path, reply: Callable[[bytes], bytes | None]) -> None:
        self.path = str(folder / "fake")
        Path(self.path).unlink(missing_ok=True)
        self._reply = reply
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen(8)

    def __enter__(self) -> FakeAgent:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with sock, contextlib.suppress(OSError):
                length = int.from_bytes(sock.recv(4, socket.MSG_WAITALL), "big")
                answer = self._reply(sock.recv(length, socket.MSG_WAITALL))
                if answer is not None:
                    sock.sendall(answer)


class Token:
    """An ed25519 key as a FIDO token holds it (PROTOCOL.u2f): flags and a counter in every signature."""

    def __init__(self, flags: int = 1) -> None:
        self._key = Ed25519PrivateKey.generate()
        raw = self._key.public_key().public_bytes_raw()
        self.public = PublicKey(string(SK_ED25519.encode()) + string(raw) + string(b"ssh:"))
        self.flags = flags
        self.counter = 41

    def __call__(self, request: bytes) -> bytes:
        if request[0] == 11:
            answer = b"\x0c" + (1).to_bytes(4, "big") + string(self.public.blob) + string(b"token")
            return string(answer)
        reader = Reader(request[1:])
        assert reader.string() == self.public.blob
        message = reader.string()
        assert reader.number() == 0
        self.counter += 1
        tail = bytes([self.flags]) + self.counter.to_bytes(4, "big")
        data = hashlib.sha256(b"ssh:").digest() + tail + hashlib.sha256(message).digest()
        return string(b"\x0e" + string(string(SK_ED25519.encode()) + string(self._key.sign(data)) + tail))


def test_a_token_signs(short: Path, tmp_path: Path) -> None:
    token = Token()
    with FakeAgent(short, token) as fake:
        [key] = list_keys(fake.path)
        assert (key.public, key.comment) == (token.public, "token")
        signature = agent_signer("token", fake.path).sign(MESSAGE, NAMESPACE)
    parsed = sshsig.parse(signature)
    assert (parsed.flags, parsed.counter) == (1, 42)
    assert judged_by_ssh_keygen(tmp_path, token.public, signature, MESSAGE)


def test_a_token_that_nobody_touched(short: Path) -> None:
    token = Token(flags=0)
    with FakeAgent(short, token) as fake, pytest.raises(ProofError, match="touched"):
        AgentSigner(token.public, fake.path).sign(MESSAGE, NAMESPACE)


def test_a_signature_of_another_key_or_message_is_not_given_out(short: Path) -> None:
    mine, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    public = PublicKey.of_raw(mine.public_key().public_bytes_raw())

    def signed(key: Ed25519PrivateKey, data: bytes) -> bytes:
        return string(b"\x0e" + string(string(b"ssh-ed25519") + string(key.sign(data))))

    for answer in (signed(other, sshsig.signed_data(MESSAGE, NAMESPACE)), signed(mine, b"something else")):
        with FakeAgent(short, lambda request, answer=answer: answer) as fake, pytest.raises(ProofError):
            AgentSigner(public, fake.path).sign(MESSAGE, NAMESPACE)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"",
        b"\x00\x00",
        b"\x00\x00\x00\x00",
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x05\x0c",
        string(b"\x05"),
        string(b"\x06"),
        string(b"\x0c" + bytes(4) + b"extra"),
        string(b"\x0c\x00\x00\x00\x02" + string(b"x")),
        string(b"\x0c\xff\xff\xff\xff"),
        string(b"\x0e" + string(b"nonsense")),
        string(b"\x0e" + string(string(b"ssh-rsa") + string(b"x" * 64))),
        string(b"\x0e" + string(string(b"ssh-ed25519") + string(b"x" * 63))),
        string(b"\x0e" + string(string(b"ssh-ed25519") + string(b"x" * 64))),
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)
def test_odd_answers(short: Path, answer: bytes | None) -> None:
    public = PublicKey.of_raw(bytes(31) + b"\x01")
    with FakeAgent(short, lambda request: answer) as fake:
        with pytest.raises(ArchiverError):
            AgentSigner(public, fake.path).sign(MESSAGE, NAMESPACE)
        with contextlib.suppress(UnavailableError, FormatError):
            list_keys(fake.path)


def test_a_silent_agent(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from archiver.web import agent as module

    monkeypatch.setattr(module, "SECONDS", 0.2)
    hold = threading.Event()

    def silent(request: bytes) -> None:
        hold.wait(5)

    with FakeAgent(short, silent) as fake:
        with pytest.raises(UnavailableError, match="did not answer"):
            list_keys(fake.path)
        hold.set()


def test_any_answer(short: Path) -> None:
    answers = [b""]
    public = PublicKey.of_raw(bytes(31) + b"\x01")
    with FakeAgent(short, lambda request: answers[0]) as fake:

        @given(st.binary(max_size=80), st.sampled_from([b"", b"\x05", b"\x0c", b"\x0e"]))
        @settings(max_examples=150, deadline=None)
        def attempt(rest: bytes, kind: bytes) -> None:
            answers[0] = string(kind + rest)
            with pytest.raises(ArchiverError):
                AgentSigner(public, fake.path).sign(MESSAGE, NAMESPACE)
            with contextlib.suppress(ArchiverError):
                list_keys(fake.path)

        attempt()
