"""Writes tests/vectors/bundles/small.zip and partial.zip, and the specimen in docs/formats/bundle.md, which they are.

    .venv/bin/python tests/bundle/make_bundle_vector.py

The vectors are kept for good: later versions must go on verifying them. They are made again only while a format that
they hold is not released yet. Their keys are those of seeds that everybody can read in bundle_cases.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bundle_cases import SIGNER, Built, MemoryArchive, Page, bundle_of, contents, small_archive

from archiver import digest
from archiver.bundle import bag, layout, record
from archiver.bundle.withhold import Withholding

PARTIAL = Path(__file__).parents[1] / "vectors" / "bundles" / "partial.zip"
VECTOR = Path(__file__).parents[1] / "vectors" / "bundles" / "small.zip"
DOCUMENT = Path(__file__).parents[2] / "docs" / "formats" / "bundle.md"


def partial_bundle() -> tuple[bytes, Built]:
    """One statement of an article, without the words around it, and its exchange without the cookie."""
    archive = MemoryArchive()
    archive.capture(Page.of_article("wire.html"))
    archive.seal()
    statements = {digest.of_bytes(archive.manifests[1]): frozenset({"s2"})}
    return bundle_of(archive, 1, withhold=Withholding(context=True, credentials=True, statements=statements))


def specimen(data: bytes, built: Built, partial: bytes) -> str:
    """The specimen as the document shows it."""
    files = contents(data)
    tags = files[bag.TAG_MANIFEST].decode()
    names = "".join(f"{name}\n" for name in files)
    return f"""
`tests/vectors/bundles/small.zip` has {len(data)} bytes and the digest
`{digest.of_bytes(data)}`.
It proves number 1, a snapshot, with its reading, from an archive of {built.record.size} manifests. Its folder is called
`{built.folder}`. Its files:

```names
{names}```

`bundle.json`:

```json
{files[layout.RECORD].decode()}```

`bag-info.txt`:

```info
{files[bag.INFO].decode()}```

`tagmanifest-sha256.txt`, signed by {SIGNER.public.fingerprint}:

```tags
{tags}```

The first local header, the first central header and the end of the zip:

```zip
{_hex(data[: 30 + len(built.folder) + 11])}

{_hex(_central(data))}

{_hex(data[-22:])}
```

### Of parts

`tests/vectors/bundles/partial.zip` has {len(partial)} bytes and the digest
`{digest.of_bytes(partial)}`.
It shows one statement of a reading without the words around it, and an exchange without its cookie. The proof of the
statement, and of the exchange:

```lines
{_proof(partial, "statements")}```

```segments
{_proof(partial, "warc")}```
"""


def _proof(data: bytes, role: str) -> str:
    files = contents(data)
    held = next(item for item in record.decode(files[layout.RECORD]).withheld if item.role == role)
    return files[layout.PREFIX + layout.part_files(held.digest)[1]].decode()


def _hex(data: bytes) -> str:
    return "\n".join(data[at : at + 36].hex(" ") for at in range(0, len(data), 36))


def _central(data: bytes) -> bytes:
    start = int.from_bytes(data[-6:-2], "little")
    return data[start : start + 46 + int.from_bytes(data[start + 28 : start + 30], "little")]


if __name__ == "__main__":
    made, what = bundle_of(small_archive(), 1)
    VECTOR.parent.mkdir(parents=True, exist_ok=True)
    VECTOR.write_bytes(made)
    text = DOCUMENT.read_text("utf-8").split("## Specimen\n")[0]
    PARTIAL.write_bytes(partial := partial_bundle()[0])
    DOCUMENT.write_text(text + "## Specimen\n" + specimen(made, what, partial), "utf-8")
