"""The ssh-agent at $SSH_AUTH_SOCK: keys that sign for us and never leave it, in a FIDO token too.

    request   uint32(length) byte(11)                                             which keys do you hold?
    answer    uint32(length) byte(12) uint32(n) { string(key blob) string(comment) } x n
    request   uint32(length) byte(13) string(key blob) string(data) uint32(0)     sign this
    answer    uint32(length) byte(14) string(signature)
              uint32(1) byte(5)                                                   no

draft-ietf-sshm-ssh-agent; the signature of a FIDO key is that of OpenSSH's PROTOCOL.u2f. Messages go over a Unix
socket, one connection each. What an agent gives as a signature is checked before it is given out.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

from archiver.errors import FormatError, MissingError, ProofError, RefusedError, UnavailableError, UsageError
from archiver.signing import sshsig
from archiver.signing.keys import ED25519, SK_ED25519, PublicKey
from archiver.signing.wire import Reader, string

MAX_MESSAGE = 256 << 10  # bytes, as ssh-agent has it
SECONDS = 10.0  # for the agent's answer …
SIGN_SECONDS = 120.0  # … and for somebody to touch a token or say yes

_FAILURE, _REQUEST_IDENTITIES, _IDENTITIES, _SIGN, _SIGNATURE = 5, 11, 12, 13, 14
_START = "start one with: eval $(ssh-agent), and add your key with: ssh-add"


@dataclass(frozen=True, slots=True)
class AgentKey:
    """A key in the agent that can sign for us, and its comment."""

    public: PublicKey
    comment: str


def list_keys(socket_path: str | None = None) -> tuple[AgentKey, ...]:
    """The agent's ed25519 keys, in a token or not, in its order. Raises UnavailableError, FormatError."""
    reader = Reader(_ask(bytes([_REQUEST_IDENTITIES]), socket_path, SECONDS))
    if reader.byte() != _IDENTITIES:
        raise UnavailableError("the ssh-agent did not say which keys it holds", where=_path(socket_path))
    found = []
    for _ in range(reader.number()):
        blob, comment = reader.string(), reader.string()
        if _is_usable(blob):
            found.append(AgentKey(PublicKey(blob), comment.decode("utf-8", "replace")))
    reader.end()
    return tuple(found)


def agent_signer(name: str, socket_path: str | None = None) -> AgentSigner:
    """The signer of the one key with that fingerprint or comment. Raises MissingError, UsageError, and as
    `list_keys`."""
    keys = list_keys(socket_path)
    found = [key for key in keys if name in (key.public.fingerprint, key.comment)]
    if len({key.public.blob for key in found}) > 1:
        raise UsageError(f"several keys in the ssh-agent are called {name!r}", hint="give the fingerprint: ssh-add -l")
    if not found:
        there = ", ".join(f"{key.public.fingerprint} {key.comment}" for key in keys) or _locked_or_empty()
        raise MissingError(
            f"no ed25519 key {name!r} is in the ssh-agent; there is {there}", hint="ssh-add -l lists them"
        )
    return AgentSigner(found[0].public, socket_path)


class AgentSigner:
    """Signs with a key in the agent; satisfies signing.keys.Signer."""

    def __init__(self, public: PublicKey, socket_path: str | None = None) -> None:
        self._public = public
        self._socket_path = socket_path

    @property
    def public(self) -> PublicKey:
        """Its public key."""
        return self._public

    def sign(self, message: bytes, namespace: str) -> bytes:
        """An armored SSHSIG of `message`, checked before it is given out. Raises UnavailableError, MissingError (the
        key is not there), RefusedError (it is, but somebody said no), ProofError, FormatError."""
        data = sshsig.signed_data(message, namespace)
        request = bytes([_SIGN]) + string(self._public.blob) + string(data) + bytes(4)
        reader = Reader(_ask(request, self._socket_path, SIGN_SECONDS))
        kind = reader.byte()
        if kind == _FAILURE:
            self._explain_refusal()
        if kind != _SIGNATURE:
            raise UnavailableError("the ssh-agent gave no signature", where=_path(self._socket_path))
        armored = sshsig.encode(self._signature(reader.string(), namespace))
        reader.end()
        if sshsig.verify(armored, message, namespace) != self._public:
            raise ProofError("the ssh-agent signed with another key")
        return armored

    def _signature(self, blob: bytes, namespace: str) -> sshsig.SshSignature:
        inner = Reader(blob)
        kind, raw = inner.text(), inner.string()
        flags, counter = (inner.byte(), inner.number()) if kind == SK_ED25519 else (0, 0)
        inner.end()
        if kind != self._public.kind or len(raw) != 64:
            raise FormatError("the ssh-agent's signature is not of the key's type")
        return sshsig.SshSignature(self._public.blob, namespace, "sha512", kind, raw, flags, counter)

    def _explain_refusal(self) -> None:
        name = self._public.fingerprint
        if all(key.public != self._public for key in list_keys(self._socket_path)):
            raise MissingError(
                f"the key {name} is not in the ssh-agent, or the agent is locked",
                where=_path(self._socket_path),
                hint="ssh-add -l lists its keys, ssh-add FILE adds one, ssh-add -X unlocks",
            )
        raise RefusedError(
            f"the ssh-agent holds the key {name}, and refused to sign",
            where=_path(self._socket_path),
            hint="a key that asks first (ssh-add -c) was not allowed, or a token was not touched",
        )


def _locked_or_empty() -> str:
    return "none (or the agent is locked)"


def _is_usable(blob: bytes) -> bool:
    try:
        return PublicKey(blob).kind in (ED25519, SK_ED25519)
    except FormatError:
        return False


def _path(socket_path: str | None) -> str:
    path = socket_path or os.environ.get("SSH_AUTH_SOCK")
    if not path:
        raise UnavailableError("there is no ssh-agent: SSH_AUTH_SOCK is not set", hint=_START)
    return path


def _ask(request: bytes, socket_path: str | None, seconds: float) -> bytes:
    """One message to the agent and its answer, without the length."""
    path = _path(socket_path)
    if not hasattr(socket, "AF_UNIX"):
        raise UnavailableError("this system has no Unix sockets, and so no ssh-agent that can be reached", where=path)
    try:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(seconds)
            sock.connect(path)
            sock.sendall(string(request))
            length = int.from_bytes(_exactly(sock, 4, path), "big")
            if not 1 <= length <= MAX_MESSAGE:
                raise FormatError("what answers is no ssh-agent", where=path)
            return _exactly(sock, length, path)
    except TimeoutError:
        raise UnavailableError(
            f"the ssh-agent did not answer within {seconds:g} seconds", where=path, hint="does it wait for a touch?"
        ) from None
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise UnavailableError(f"the ssh-agent cannot be reached: {reason}", where=path, hint=_START) from None


def _exactly(sock: socket.socket, count: int, path: str) -> bytes:
    data = bytearray()
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            raise UnavailableError("the ssh-agent closed the connection", where=path)
        data += piece
    return bytes(data)
