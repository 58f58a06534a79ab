"""Frozen dataclasses to and from plain JSON values, strictly: every field, in the order of declaration, no other.

A dataclass's fields are its JSON keys; `None`, `str`, `int`, `bool`, `tuple[X, ...]`, `tuple[int, int]`, nested
dataclasses and `dict[str, Any]` are understood. A `version` class variable becomes the first key, `archiver`.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from typing import Any, TypeVar

from archiver.errors import FormatError
from archiver.model.encoding import decode_document, refuse_newer

T = TypeVar("T")


def to_plain(record: Any) -> Any:
    """The JSON value of a record (dict in field order), or of anything that a field may hold."""
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        plain: dict[str, Any] = {}
        version = _version_of(type(record))
        if version is not None:
            plain["archiver"] = version
        for field in dataclasses.fields(record):
            plain[field.name] = to_plain(getattr(record, field.name))
        return plain
    if isinstance(record, tuple | list):
        return [to_plain(item) for item in record]
    return record


def decode(kind: type[T], data: bytes) -> T:
    """The record of type `kind`, which has a `version`, in a document. Raises FormatError, NewerVersionError."""
    refuse_newer(data, kind.version)  # type: ignore[attr-defined]
    return from_plain(kind, decode_document(data))


def from_plain(kind: type[T], plain: Any, where: str = "") -> T:
    """The record of type `kind` in a JSON value. Raises FormatError naming the key."""
    label = where or kind.__name__
    if not isinstance(plain, dict):
        raise FormatError(f"{label} is not an object")
    hints = _hints(typing.cast(Any, kind))
    version = _version_of(kind)
    rest = dict(plain)
    if version is not None and (next(iter(rest), None) != "archiver" or rest.pop("archiver") != version):
        raise FormatError(f"{label}: the first key is not archiver: {version}")
    if list(rest) != list(hints):
        odd = sorted(set(rest) ^ set(hints))
        raise FormatError(f"{label}: keys missing, unknown or out of order: {', '.join(odd) or 'order'}")
    return kind(**{name: value_of(hint, rest[name], f"{label}.{name}") for name, hint in hints.items()})


def _version_of(kind: type) -> str | None:
    """The format version of a kind of record: its class variable, not a field that is called `version`."""
    version = getattr(kind, "version", None)
    return version if isinstance(version, str) else None


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def value_of(hint: Any, value: Any, label: str) -> Any:
    """The value that a field of type `hint` has for a JSON value. Raises FormatError naming `label`."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        choices = typing.get_args(hint)
        if value is None and type(None) in choices:
            return None
        for choice in choices:
            if choice is not type(None):
                try:
                    return value_of(choice, value, label)
                except FormatError:
                    if choice is choices[-1] or len(choices) == 2:
                        raise
        raise FormatError(f"{label} must not be null")
    if origin is tuple:
        return _sequence(typing.get_args(hint), value, label)
    if origin is dict or hint is dict:
        if not isinstance(value, dict):
            raise FormatError(f"{label} is not an object")
        return value
    if origin is typing.Literal:
        if value not in typing.get_args(hint) or isinstance(value, bool):
            raise FormatError(f"{label}: {str(value)[:60]!r} is not one of {', '.join(typing.get_args(hint))}")
        return value
    if hint is Any:
        return value
    if dataclasses.is_dataclass(hint):
        return from_plain(typing.cast(type, hint), value, label)
    if type(value) is not hint:
        raise FormatError(f"{label} is not of type {getattr(hint, '__name__', hint)}")
    return value


def _sequence(inner: tuple[Any, ...], value: Any, label: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise FormatError(f"{label} is not a list")
    if len(inner) == 2 and inner[1] is Ellipsis:
        return tuple(value_of(inner[0], item, f"{label}[{i}]") for i, item in enumerate(value))
    if len(value) != len(inner):
        raise FormatError(f"{label} has {len(value)} items, not {len(inner)}")
    return tuple(value_of(hint, item, label) for hint, item in zip(inner, value, strict=True))
