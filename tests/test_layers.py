"""The rules between the parts (CONTRIBUTING.md): layers point down, and some libraries stay in their rooms."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "archiver"
LAYERS = (
    {"errors", "digest", "__init__"},
    {"tlog"},
    {"signing"},
    {"stamps"},
    {"warc"},
    {"model"},
    {"page"},
    {"evidence"},
    {"verify"},
    {"bundle", "foreign", "store", "web"},
    {"browser"},
    {"archive"},
    {"work"},
    {"cli", "__main__"},
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
STRANGERS = LAYERS[9] | {"browser"}  # they do not know one another, but that the browser goes out through web (0019)
ROOMS = {
    "requests": {"web"},
    "urllib3": {"web"},
    "socket": {"web", "browser"},
    "ssl": {"web", "browser", "work"},  # work: the name of the OpenSSL build, and PEM of certificates
    "click": {"cli"},
    "rich": {"cli"},
    "cryptography": {"tlog", "signing", "stamps", "browser"},
    "yaml": {"store", "page"},  # settings, word lists
    "trafilatura": {"page"},
    "jinja2": {"bundle"},
    "filelock": {"store"},
    "subprocess": {"cli"},  # passphrase_command
}


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, at its head or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            if node.module == "archiver":
                yield from (f"archiver.{name.name}" for name in node.names if name.name in LEVEL)


def test_every_part_has_a_layer() -> None:
    assert {room(path) for path in modules()} <= set(LEVEL)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    here = room(path)
    for name in imported(path):
        parts = name.split(".")
        if parts[0] != "archiver" or len(parts) == 1:
            continue
        there = parts[1]
        assert LEVEL[there] <= LEVEL[here], f"{here} imports {name}"
        if here != there and here in STRANGERS:
            assert there not in STRANGERS - ({"web"} if here == "browser" else set()), f"{here} imports {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_libraries_stay_in_their_rooms(path: Path) -> None:
    for name in imported(path):
        library = name.split(".")[0]
        if library in ROOMS:
            assert room(path) in ROOMS[library], f"{room(path)} imports {library}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_it_does(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
