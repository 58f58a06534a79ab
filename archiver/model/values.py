"""How single values are spelled in everything that is signed or sealed: times, salts, fingerprints, natural numbers.

    time          2026-11-23T13:02:11.482Z     UTC, milliseconds, a moment that exists; no leap second
    salt          3q2+7wAAAAAAAAAAAAAAAA==     16 random bytes, base64 (RFC 4648 section 4)
    fingerprint   SHA256:tAXFyTXI8xtDaujAEcwJslAYc9/6FKcUkd2Lw0xDhPo    as OpenSSH prints it
    record id     <urn:uuid:5f1d8b1e-6c1e-4a34-8f57-0c8de41a2f10>       of a WARC record

Each `check_x` raises FormatError that names the value, and gives it back otherwise.
"""

from __future__ import annotations

import base64
import datetime
import re
from typing import Any, NoReturn

from archiver import digest
from archiver.errors import FormatError

MAX_INTEGER = 2**53 - 1  # what a double holds: JSON's readers in browsers have nothing else
SALT_BYTES = 16

_TIME = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}\.[0-9]{3}Z", re.ASCII
)
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]", re.ASCII)  # 256 bits: two bits are left over
_SALT = re.compile(r"[A-Za-z0-9+/]{21}[AQgw]==", re.ASCII)  # 128 bits: four bits are left over
_RECORD = re.compile(r"<urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}>", re.ASCII)


def refuse(label: str, value: Any, what: str) -> NoReturn:
    """Raise FormatError: `label` is not `what`."""
    raise FormatError(f"{label} is not {what}: {str(value)[:80]!r}")


def need(condition: bool, message: str) -> None:
    """Raise FormatError with that message unless the condition holds."""
    if not condition:
        raise FormatError(message)


def check_natural(value: Any, label: str) -> int:
    """An integer from 0 to 2^53 - 1; True and 1.0 are none."""
    if type(value) is not int or not 0 <= value <= MAX_INTEGER:
        refuse(label, value, "a natural number below 2^53")
    return value


def check_digest(value: Any, label: str) -> str:
    """`sha256:` and 64 hexadecimal digits."""
    if not digest.is_digest(value):
        refuse(label, value, "a digest")
    return str(value)


def check_time(value: Any, label: str = "time") -> str:
    """UTC with milliseconds, `2026-11-23T13:02:11.482Z`."""
    if not isinstance(value, str) or _TIME.fullmatch(value) is None:
        refuse(label, value, "a time like 2026-11-23T13:02:11.482Z")
    if value[8:10] > "28" or value[:4] == "0000":
        try:
            datetime.date.fromisoformat(value[:10])
        except ValueError:
            refuse(label, value, "a day that exists")
    return value


def check_day_or_time(value: Any, label: str) -> str:
    """A time, or `2026-11-23` where a person knows no more."""
    if isinstance(value, str) and len(value) == 10:
        check_time(f"{value}T00:00:00.000Z", label)
        return value
    return check_time(value, label)


def check_fingerprint(value: Any, label: str) -> str:
    """An OpenSSH fingerprint."""
    if not isinstance(value, str) or _FINGERPRINT.fullmatch(value) is None:
        refuse(label, value, "a fingerprint")
    return value


def check_salt(value: Any, label: str = "salt") -> str:
    """The base64 of 16 bytes."""
    if not isinstance(value, str) or _SALT.fullmatch(value) is None:
        refuse(label, value, "16 bytes in base64")
    return value


def check_record_id(value: Any, label: str) -> str:
    """A WARC-Record-ID."""
    if not isinstance(value, str) or _RECORD.fullmatch(value) is None:
        refuse(label, value, "a WARC record's id")
    return value


def spell_salt(salt: bytes) -> str:
    """The base64 of 16 random bytes."""
    if len(salt) != SALT_BYTES:
        raise FormatError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return base64.b64encode(salt).decode("ascii")
