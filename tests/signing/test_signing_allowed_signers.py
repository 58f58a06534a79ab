"""The allowed_signers file: its specimen, its one spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import FormatError
from archiver.signing import allowed_signers
from archiver.signing.allowed_signers import Entry, encode, encode_for, parse
from archiver.signing.keys import KeySigner, PublicKey

FIRST, SECOND = (KeySigner.from_seed(bytes([n]) * 32).public for n in (1, 2))
GOOD = encode_for([FIRST.line(), SECOND.line("a comment that is dropped")])


def test_round_trip() -> None:
    assert parse(GOOD) == (Entry("archiver", FIRST), Entry("archiver", SECOND))
    assert encode(parse(GOOD)) == GOOD and parse(b"") == ()


def test_the_specimen_of_the_module() -> None:
    (line,) = [line[4:] for line in (allowed_signers.__doc__ or "").split("\n") if line.startswith("    ")]
    assert GOOD.decode().startswith(line[: line.index("AAAA") + 24])
    option = line.split(" ")[1]
    assert GOOD.decode() == "".join(f"archiver {option} {key.line()}\n" for key in (FIRST, SECOND))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1],
        lambda text: text + "\n",
        lambda text: "# comment\n" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("archiver ", "* ", 1),
        lambda text: text.replace("archiver ", "!archiver ", 1),
        lambda text: text.replace("archiver ", "archiver,ann ", 1),
        lambda text: text.replace(" namespaces", " cert-authority,namespaces", 1),
        lambda text: text.replace('v1" ', 'v1",valid-after="20260101" ', 1),
        lambda text: text.replace("-bundle-v1", "-bundle-v2"),
        lambda text: text.replace(",archiver-bundle-v1", ""),
        lambda text: text.replace(" ssh", "  ssh", 1),
        lambda text: text.replace("\n", " ann\n", 1),
        lambda text: text.replace("ssh-ed25519", "ssh-rsa", 1),
        lambda text: text.replace("AAAAC3", "AAAAC4", 1),
        lambda text: text.replace("archiver", "ärchiver", 1),
    ],
)
def test_other_spellings(change) -> None:
    changed = change(GOOD.decode())
    assert changed != GOOD.decode()
    with pytest.raises(FormatError):
        parse(changed.encode())


def test_what_is_never_written() -> None:
    for principal in ("", "a b", "*", "a\nb", "!a"):
        with pytest.raises(FormatError):
            encode([Entry(principal, FIRST)])
    with pytest.raises(FormatError):
        encode_for(["ssh-rsa AAAA"])
    with pytest.raises(FormatError, match="at most"):
        parse(GOOD * 8000)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    try:
        assert encode(parse(data)) == data
    except FormatError:
        return


def test_a_fido_key() -> None:
    blob = b"\0\0\0\x1ask-ssh-ed25519@openssh.com\0\0\0\x20" + FIRST.raw + b"\0\0\0\x04ssh:"
    assert parse(encode_for([PublicKey(blob).line()]))[0].key.application == b"ssh:"
