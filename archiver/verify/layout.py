"""What each file name of an archive or bundle is, by name alone. Pure; the table is docs/formats/archive.md.

evidence   bound by the chain, the log or a stamp event
unbound    lives in the folder but nothing signed binds it: settings, journals, the owner's policy, indexes
litter     what operating systems leave behind
unknown    anything else: a failure
"""

from __future__ import annotations

import re
from typing import Literal

from archiver.errors import FormatError
from archiver.tlog.tiles import index_path, parse_tile_path

Class = Literal["chain", "object", "tile", "checkpoint", "stamp", "trust", "unbound", "litter", "quarantine", "unknown"]

CHECKPOINT = "log/checkpoint"
ALLOWED_SIGNERS = "trust/allowed_signers"
LOG_VKEY = "trust/log.vkey"
PROOF = ".proof"  # of parts that are shown

_LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", ".directory", "ehthumbs.db"})
_NUMBER = r"(?:x[0-9]{3}/){0,5}[0-9]{3}"  # a sequence is below 2^53
_SHAPES: tuple[tuple[Class, str], ...] = (
    ("chain", rf"chain/{_NUMBER}\.json(?:\.sig(?:\.[1-9][0-9]?)?|\.new\.sig)?"),
    ("object", r"objects/sha256/[0-9a-f]{2}/[0-9a-f]{62}"),
    ("tile", r"log/tile/.+"),  # and one that tlog.tile_paths knows
    ("checkpoint", r"log/checkpoint|log/checkpoints/(?:[1-9][0-9]{0,18})"),
    ("stamp", r"log/checkpoints/[1-9][0-9]{0,18}(?:\.[a-z0-9-]{1,40})?\.(?:cosig|tsq|tsr|ots)"),
    ("trust", r"trust/allowed_signers|trust/log\.vkey"),
    ("unbound", r"archive\.yaml|trust/policy|trust/tsa/[^/]+\.pem|\.lock|index\.sqlite(?:-wal|-shm|-journal)?"),
    ("unbound", r"(?:runs|tmp)/[^/]+"),
    ("quarantine", r"quarantine/.+"),
)
_PATTERNS = tuple((kind, re.compile(shape, re.ASCII)) for kind, shape in _SHAPES)
_CHAIN = re.compile(rf"chain/({_NUMBER})\.json")


def classify(name: str) -> Class:
    """What the file of that name is."""
    for kind, pattern in _PATTERNS:
        if pattern.fullmatch(name) and (kind != "tile" or _is_tile(name)):
            return kind
    last = name.rpartition("/")[2]
    return "litter" if last in _LITTER or last.startswith("._") else "unknown"


def _is_tile(name: str) -> bool:
    try:
        parse_tile_path(name.removeprefix("log/"))
    except FormatError:
        return False
    return True


def manifest_path(sequence: int) -> str:
    """`chain/041.json`; 1,234 is `chain/x001/234.json`, the rule of C2SP tlog-tiles."""
    return f"chain/{index_path(sequence)}.json"


def sequence_of(name: str) -> int | None:
    """The number of a manifest's file, None for any other file."""
    match = _CHAIN.fullmatch(name)
    if match is None:
        return None
    sequence = int(match.group(1).replace("x", "").replace("/", ""))
    return sequence if manifest_path(sequence) == name else None


def object_path(digest: str) -> str:
    """`objects/sha256/9f/86d081…` of a digest spelled `sha256:9f86d081…`."""
    if len(digest) != 71:
        raise FormatError(f"not a digest: {digest[:80]!r}")
    return f"objects/sha256/{digest[7:9]}/{digest[9:]}"


def parts_path(digest: str) -> str:
    """`parts/sha256/9f/86d081…`: in a bundle, what is shown of an object that is withheld. Its proof stands beside it,
    with PROOF at the end."""
    return "parts/" + object_path(digest).removeprefix("objects/")


def object_digest(name: str) -> str:
    """The digest that an object's file name spells."""
    return "sha256:" + name[len("objects/sha256/") :].replace("/", "")
