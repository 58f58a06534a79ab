"""docs/formats/stamps.md and the specimens of the modules are what the code does."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from archiver.stamps import der
from archiver.stamps import opentimestamps as ots
from archiver.stamps.presets import PRESETS, preset
from archiver.stamps.rfc3161 import MAX_REQUEST, MAX_RESPONSE, build_request, parse_request
from archiver.store.settings import is_label

TEXT = (Path(__file__).parents[2] / "docs" / "formats" / "stamps.md").read_text(encoding="utf-8")
MESSAGE = b"one\n"


def fenced(name: str) -> bytes:
    """The hexadecimal digits in the block of that name."""
    (found,) = re.findall(rf"^```{re.escape(name)}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    return bytes.fromhex(found.replace("\n", ""))


def test_the_requests() -> None:
    assert build_request(MESSAGE, 5) == fenced("request")
    assert build_request(MESSAGE, 5, "1.2.3.4") == fenced("request policy=1.2.3.4")
    asked = parse_request(fenced("request policy=1.2.3.4"))
    assert (asked.policy, asked.nonce, asked.wants_certificates) == ("1.2.3.4", 5, True)


def test_openssl_reads_the_requests(tmp_path: Path) -> None:
    (tmp_path / "query.tsq").write_bytes(fenced("request policy=1.2.3.4"))
    words = ["openssl", "ts", "-query", "-in", tmp_path / "query.tsq", "-text"]
    text = subprocess.run(words, capture_output=True, check=True, timeout=30).stdout.decode()
    assert "Policy OID: 1.2.3.4" in text and "Nonce: 0x05" in text


def test_the_proof() -> None:
    nonce = bytes(range(16))
    first, _ = ots.commit(MESSAGE, nonce)
    proof = ots.new_proof(nonce, (ots.Node((ots.Pending("https://calendar.example"),)),))
    assert ots.encode(first, proof) == fenced("proof")
    assert ots.decode(fenced("proof"), MESSAGE) == proof


def test_the_limits() -> None:
    assert f"{MAX_REQUEST:,} bytes" in TEXT and f"{MAX_RESPONSE:,} bytes" in TEXT
    assert MAX_RESPONSE == ots.MAX_PROOF


def test_the_specimen_of_der() -> None:
    data = bytes.fromhex("300602010504 0161".replace(" ", ""))
    assert der.encode(der.SEQUENCE, der.encode_integer(5), der.encode(der.OCTET_STRING, b"a")) == data
    fields = der.Fields(der.parse(data, "specimen"), "specimen")
    assert fields.take().integer("five") == 5 and fields.take(der.OCTET_STRING).content == b"a"
    fields.end()


def test_the_presets_can_be_used() -> None:
    assert len({item.name for item in PRESETS}) == len(PRESETS) >= 5
    for item in PRESETS:
        assert is_label(item.name) and item.url.startswith(("http://", "https://")) and item.pace >= 1
        assert preset(item.name) is item
    assert preset("nobody") is None
