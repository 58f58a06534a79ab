"""A salt of its own for each thing that a browser made of a page.

Its digest stands in a published manifest. Pictures and texts of a page that is nearly known could be made again until
the digest agrees, and what was withheld would be guessed: so each carries 16 random bytes, where programs ignore them.

    PNG            a text chunk `Salt` before the last chunk
    PDF            a comment behind the last line
    plain text     its first line, as of page text: accessibility/v1 AAECAwQFBgcICQoLDA0ODw==
    MHTML          Chromium's own boundary is as random
"""

from __future__ import annotations

import base64
import struct
import zlib

from archiver.errors import FormatError

SALT_BYTES = 16
_END = b"\0\0\0\0IEND\xaeB`\x82"


def salted(media_type: str, data: bytes, salt: bytes) -> bytes:
    """The bytes that are sealed. Raises FormatError for a PNG that does not end as one."""
    spelled = base64.b64encode(salt)
    if media_type == "image/png":
        if not data.endswith(_END):
            raise FormatError("a picture that does not end as a PNG does")
        body = b"tEXtSalt\0" + spelled
        chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
        return data[: -len(_END)] + chunk + _END
    if media_type == "application/pdf":
        return data + b"\n% Salt " + spelled + b"\n"
    if media_type == "text/plain":
        return b"accessibility/v1 " + spelled + b"\n" + data
    return data
