"""The files that people edit: YAML read strictly enough not to surprise, and small text files written whole."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from archiver.errors import FormatError
from archiver.store.disk_errors import store_error
from archiver.store.durable import full_sync, sync_folder

MAX_BYTES = 128 << 10  # settings are a page
MAX_TEXT = 4 << 20  # trust.txt of somebody who trusts many


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses duplicate keys and aliases (the way to a YAML bomb)."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            line = self.peek_event().start_mark.line + 1  # type: ignore[no-untyped-call]
            raise yaml.YAMLError(f"line {line}: aliases (*name) are not read")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for node_of_key, _ in node.value:
            key = self.construct_object(node_of_key, deep=True)
            if key in seen:
                raise yaml.YAMLError(f"line {node_of_key.start_mark.line + 1}: {key!r} stands twice")
            seen.add(key)
        return super().construct_mapping(node, deep)


Lines = dict[tuple[str | int, ...], int]  # the path of a value, as keys and places in lists -> its line


def parse_mapping(data: bytes, where: str) -> dict[str, Any]:
    """The mapping in a YAML document. Raises FormatError with the line."""
    return parse_lines(data, where, MAX_BYTES)[0]


def parse_lines(data: bytes, where: str, limit: int) -> tuple[dict[str, Any], Lines]:
    """The mapping in a YAML document of at most `limit` bytes, and the lines where its values begin, from 1. Raises
    FormatError with the line."""
    if len(data) > limit:
        raise FormatError(f"more than {limit} bytes", where=where)
    lines: Lines = {}
    try:
        loader = _Loader(data.decode("utf-8-sig"))  # a SafeLoader that refuses more
        node = loader.get_single_node()
        value = loader.construct_document(node) if node is not None else None
        _note_lines(node, (), lines)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError, TypeError) as error:
        raise FormatError(f"not readable as YAML: {' '.join(str(error).split())[:300]}", where=where) from None
    if value is None:
        return {}, {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise FormatError("is not lines of `name: value`", where=where)
    return value, lines


def _note_lines(node: Any, path: tuple[str | int, ...], lines: Lines) -> None:
    """The lines of everything below a node. Raises RecursionError for what is nested too deeply."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            lines[(*path, str(key.value))] = key.start_mark.line + 1
            _note_lines(value, (*path, str(key.value)), lines)
    elif isinstance(node, yaml.SequenceNode):
        for place, value in enumerate(node.value):
            lines[(*path, place)] = value.start_mark.line + 1
            _note_lines(value, (*path, place), lines)


def read_mapping(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file. Raises FormatError, StoreError."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise store_error(error, path) from None
    return parse_mapping(data, str(path))


def write_text(path: Path, text: str) -> None:
    """Replace a small text file of the user's, whole or not at all; mode 0600, its folder 0700. Where the file is a
    symbolic link (people keep their settings elsewhere), what it points to is replaced. Raises StoreError."""
    temporary: str | None = None
    try:
        place = path.resolve() if path.is_symlink() else path
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}-")
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode("utf-8"))
            stream.flush()
            full_sync(stream.fileno())
        Path(temporary).replace(place)
        temporary = None
        sync_folder(place.parent)
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
        raise store_error(error if isinstance(error, OSError) else OSError(errno.ELOOP, ""), path) from None
    finally:
        if temporary is not None:
            with suppress(OSError):
                Path(temporary).unlink()


def read_text(path: Path) -> str | None:
    """A small text file of the user's, None if it is not there. Raises FormatError, StoreError."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_TEXT + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise store_error(error, path) from None
    if len(data) > MAX_TEXT:
        raise FormatError(f"more than {MAX_TEXT} bytes", where=str(path))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError("is not UTF-8", where=str(path), hint="save it as UTF-8") from None


def remove_text(path: Path) -> None:
    """Delete a small text file of the user's; nothing there is no error. Raises StoreError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise store_error(error, path) from None
