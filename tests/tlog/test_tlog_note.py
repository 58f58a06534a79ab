"""Signed notes and their keys: C2SP's example, every way of spelling one wrongly, and any bytes whatever."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vector_files import Vector, name_of, vectors

from archiver.errors import ArchiverError, FormatError, ProofError
from archiver.tlog import algorithms, note
from archiver.tlog.note import VerifierKey, check_name, open_note, parse_line, sort_lines, verify_note

KEY = VerifierKey.parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
CASES = {vector.name: vector for vector in vectors("notes")}
GOOD = CASES["good-c2sp-example"].body


def read(vector: Vector) -> None:
    verify_note(open_note(vector.body), [VerifierKey.parse(text) for text in vector.headers["key"]])


@pytest.mark.parametrize("vector", CASES.values(), ids=name_of)
def test_vector(vector: Vector) -> None:
    if vector.error is None:
        read(vector)
        assert open_note(vector.body).encode() == vector.body
        return
    with pytest.raises(vector.error) as caught:
        read(vector)
    assert caught.type is vector.error


def test_the_specimen_of_the_module() -> None:
    lines = [line[4:] for line in (note.__doc__ or "").split("\n") if line.startswith("    ") or not line]
    start = next(i for i, line in enumerate(lines) if line.startswith("example.com/foo+"))
    good, unknown = verify_note(open_note("\n".join(lines[start + 2 : start + 5]).encode() + b"\n"), [KEY])
    assert lines[start] == KEY.spell() and good == (KEY,) and unknown == ()


def test_every_byte_of_a_note_is_bound() -> None:
    """One bit of any byte flipped: refused. What is left is the name and key id of the line, which then is unknown."""
    for place in range(len(GOOD)):
        for bit in (1, 0x20, 0x80):
            changed = GOOD[:place] + bytes([GOOD[place] ^ bit]) + GOOD[place + 1 :]
            with pytest.raises((FormatError, ProofError)):
                verify_note(open_note(changed), [KEY])


@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda data: GOOD[:40] + data + GOOD[40:]))
def test_any_bytes(data: bytes) -> None:
    try:
        found = open_note(data)
    except FormatError:
        return
    assert found.encode() == data


def test_a_note_above_the_limit() -> None:
    with pytest.raises(FormatError, match="at most"):
        open_note(b"a" * note.MAX_NOTE + GOOD)


def test_key_spellings() -> None:
    assert VerifierKey.parse(KEY.spell()) == KEY
    name, key_id, material = KEY.spell().split("+", 2)
    raw = base64.b64decode(material)
    wrong = (
        "",
        name,
        f"{name}+{key_id}",
        f"{name}+{key_id}+",
        f"{name}+{key_id.upper()}+{material}",
        f"{name}+{key_id}0+{material}",
        f"{name}+00000000+{material}",
        f"+{key_id}+{material}",
        f" {name}+{key_id}+{material}",
        f"{name}\n+{key_id}+{material}",
        f"{name}+{key_id}+{material}\n",
        f"{name}+{key_id}+{material[:-1]}",
        f"{name}+{key_id}+{base64.b64encode(b'' + raw[:-1]).decode()}",
        f"{name}+{key_id}+{base64.b64encode(raw + b'0').decode()}",
        f"{name}+{key_id}+{base64.b64encode(bytes([2]) + raw[1:]).decode()}",
        f"other{name}+{key_id}+{material}",
        f"{name}+{key_id}+\u0661{material[1:]}",
        "\ud800" + KEY.spell(),
    )
    for text in wrong:
        with pytest.raises(FormatError):
            VerifierKey.parse(text)


def test_key_material_with_a_plus_in_it() -> None:
    for counter in range(10_000):
        key = VerifierKey.make("a.example", note.ED25519, hashlib.sha256(b"%d" % counter).digest())
        if "+" in key.spell().split("+", 2)[2]:
            assert VerifierKey.parse(key.spell()) == key
            return
    raise AssertionError("no key with a plus among ten thousand")


def test_names() -> None:
    for good in ("a", "example.com/log-1", "заметка.example", "é" * 127, "e" * 255):
        assert check_name(good) == good
    for bad in ("", "a b", "a\u00a0b", "a\u2003b", "a\u3000b", "a+b", "a\tb", "a\x7f", "a\x85b", "é" * 128, "\udc80"):
        with pytest.raises(FormatError):
            check_name(bad)


def small_order_keys() -> list[bytes]:
    """The points of small order, found by doubling and adding on the curve of RFC 8032, and their second spellings."""
    p = 2**255 - 19
    d = -121665 * pow(121666, -1, p) % p

    def add(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
        k = d * a[0] * b[0] * a[1] * b[1] % p
        x = (a[0] * b[1] + b[0] * a[1]) * pow(1 + k, -1, p)
        return x % p, (a[1] * b[1] + a[0] * b[0]) * pow(1 - k, -1, p) % p

    def recover(y: int) -> tuple[int, int] | None:
        square = (y * y - 1) * pow(d * y * y + 1, -1, p) % p
        x = pow(square, (p + 3) // 8, p)
        if (x * x - square) % p:
            x = x * pow(2, (p - 1) // 4, p) % p
        return (x, y) if (x * x - square) % p == 0 else None

    order = 2**252 + 27742317777372353535851937790883648493
    points: set[tuple[int, int]] = {(0, 1)}
    for y in range(2, 40):  # L times any point has small order; some of them give all eight
        point = recover(y)
        if point is None:
            continue
        total, n = (0, 1), order
        while n:
            total = add(total, point) if n & 1 else total
            point, n = add(point, point), n >> 1
        points.add(total)
        for _ in range(3):
            total = add(total, total)
            points.add(total)
    points |= {((-x) % p, y) for x, y in points}
    assert len(points) == 8
    spelled = [(y | (x & 1) << 255).to_bytes(32, "little") for x, y in points]
    spelled += [(y | 1 << 255).to_bytes(32, "little") for x, y in points if x == 0]  # a sign that 0 does not have
    spelled += [((y + p) | sign << 255).to_bytes(32, "little") for _, y in points if y < 19 for sign in (0, 1)]
    return spelled


def test_keys_under_which_anything_holds() -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    keys = small_order_keys()
    neutral = (1).to_bytes(32, "little")
    assert neutral in keys
    # Why it matters: one signature, made by nobody, that the library accepts for every message under such a key.
    nobody = neutral + bytes(32)
    for message in (b"one", b"two"):
        Ed25519PublicKey.from_public_bytes(neutral).verify(nobody, message)
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(KEY.public).verify(nobody, b"one")
    for public in keys:
        with pytest.raises(FormatError, match="small order"):
            VerifierKey.make("a.example", note.ED25519, public)
        with pytest.raises(FormatError, match="small order"):
            algorithms.ed25519_verify(public, nobody, b"one")
        material = base64.b64encode(b"\x01" + public).decode()
        key_id = hashlib.sha256(b"a.example\n\x01" + public).digest()[:4].hex()
        with pytest.raises(FormatError, match="small order"):
            VerifierKey.parse(f"a.example+{key_id}+{material}")


def test_second_spellings_of_keys() -> None:
    """y of 2^255 - 19 or more: a second name for a key, with another fingerprint."""
    for y in range(2**255 - 19, 2**255):
        with pytest.raises(FormatError):
            algorithms.check_ed25519_public(y.to_bytes(32, "little"))


def test_keys_of_the_wrong_length() -> None:
    for kind, length in ((note.ED25519, 31), (note.COSIGNATURE_ED25519, 33), (note.COSIGNATURE_MLDSA44, 1311), (9, 32)):
        with pytest.raises(FormatError):
            VerifierKey.make("a.example", kind, b"7" * length)


def test_two_known_keys_with_one_name_and_id() -> None:
    twin = VerifierKey(KEY.name, KEY.key_id, KEY.type, hashlib.sha256(b"twin").digest())
    assert sort_lines(open_note(GOOD), [KEY, KEY])[0][0][1] == KEY
    with pytest.raises(FormatError, match="two known keys"):
        sort_lines(open_note(GOOD), [KEY, twin])


def test_a_cosigners_key_signs_no_plain_note() -> None:
    key = VerifierKey.make("example.com/foo", note.COSIGNATURE_ED25519, KEY.public)
    line = note.SignatureLine(key.name, key.key_id, bytes(72))
    with pytest.raises(FormatError, match="signs checkpoints"):
        verify_note(open_note(GOOD + line.encode()), [KEY, key])


def test_one_line_alone() -> None:
    """As a witness answers: lines without a note around them."""
    line = GOOD.split(b"\n\n")[1].rstrip(b"\n")
    assert parse_line(line).encode() == line + b"\n"
    for bad in (b"", b"\xff", line[1:], line + b"\n", line + b" x"):
        with pytest.raises(FormatError):
            parse_line(bad)


def test_library_errors_stay_inside() -> None:
    assert not algorithms.ed25519_verify(KEY.public, b"", b"text")
    assert not algorithms.ed25519_verify(b"\x02" + bytes(31), bytes(64), b"text")  # perhaps no point at all
    for call in (
        algorithms.ed25519_private,
        algorithms.mldsa44_private,
        lambda seed: algorithms.derive_seed(seed, b""),
    ):
        with pytest.raises(ArchiverError):
            call(b"short")
