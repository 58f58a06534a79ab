"""The files that people edit: YAML read strictly enough not to surprise, and small text files written whole."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import yaml

from archiver.errors import FormatError, StoreError

MAX_BYTES = 1 << 20  # settings are a page, never a megabyte


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses duplicate keys and aliases (the way to a YAML bomb)."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not read")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for place, key in enumerate(keys):
            if key in keys[:place]:
                raise yaml.YAMLError(f"{key!r} stands twice")
        return super().construct_mapping(node, deep)


def parse_mapping(data: bytes, where: str) -> dict[str, Any]:
    """The mapping in a YAML document. Raises FormatError with the line."""
    if len(data) > MAX_BYTES:
        raise FormatError(f"more than {MAX_BYTES} bytes", where=where)
    try:
        value = yaml.load(data.decode("utf-8"), _Loader)  # noqa: S506 - a SafeLoader that refuses more
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError, TypeError) as error:
        raise FormatError(f"not readable as YAML: {' '.join(str(error).split())[:300]}", where=where) from None
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise FormatError("settings are lines of `name: value`", where=where)
    return value


def read_mapping(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file. Raises FormatError, StoreError."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise StoreError(f"could not be read: {error.strerror}", where=str(path)) from None
    return parse_mapping(data, str(path))


def write_text(path: Path, text: str) -> None:
    """Replace a small text file of the user's, whole or not at all; mode 0600, its folder 0700."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode("utf-8"))
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        raise StoreError(f"could not be written: {error.strerror}", where=str(path)) from None
