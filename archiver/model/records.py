"""Frozen dataclasses to and from plain JSON values, strictly: every field, in the order of declaration, no other.

A dataclass's fields are its JSON keys; `X | None`, `str`, `int`, `bool`, `Literal[…]`, `tuple[X, ...]`,
`tuple[int, int]`, nested dataclasses, `dict[str, Any]` and `Any` are understood. A `version` class variable becomes
the first key, `archiver`.

Specimen: with `class Pair: a: int; b: str | None`, Pair(1, None) is {"a": 1, "b": None} and back; {"b": None, "a": 1}
(order), {"a": True, "b": None} (type) and {"a": 1} (missing) are refused.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable
from typing import Any, TypeVar

from archiver.errors import FormatError
from archiver.model.encoding import decode_document, refuse_newer

T = TypeVar("T")
Reader = Callable[[Any], Any]  # the value of a field for a JSON value; its FormatError begins with where below


def to_plain(record: Any) -> Any:
    """The JSON value of a record (dict in field order), or of anything that a field may hold."""
    kind: Any = type(record)
    if kind is str or kind is int or record is None:
        return record
    if kind is tuple or kind is list:
        return [to_plain(item) for item in record]
    names = _names_of(kind)
    if names is None:
        return record
    version = _version_of(kind)
    plain: dict[str, Any] = {} if version is None else {"archiver": version}
    for name in names:
        plain[name] = to_plain(getattr(record, name))
    return plain


@functools.cache
def _names_of(kind: Any) -> tuple[str, ...] | None:
    """The fields of a dataclass, None for any other type."""
    return tuple(field.name for field in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else None


def decode(kind: type[T], data: bytes) -> T:
    """The record of type `kind`, which has a `version`, in a document. Raises FormatError, NewerVersionError."""
    refuse_newer(data, kind.version)  # type: ignore[attr-defined]
    return from_plain(kind, decode_document(data))


def from_plain(kind: type[T], plain: Any, where: str = "") -> T:
    """The record of type `kind` in a JSON value. Raises FormatError naming the key."""
    found: T = value_of(kind, plain, where or kind.__name__)
    return found


def value_of(hint: Any, value: Any, label: str) -> Any:
    """The value that a field of type `hint` has for a JSON value. Raises FormatError naming the place."""
    try:
        return _reader(hint)(value)
    except FormatError as error:
        raise FormatError(label + error.message) from None


@functools.cache
def _reader(hint: Any) -> Reader:
    """Made once for each type: records are read by the 100,000."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        (choice,) = [item for item in inner if item is not type(None)]
        return _optional(_reader(choice))
    if origin is tuple:
        return _list_of(_reader(inner[0])) if inner[1:] == (Ellipsis,) else _row_of([_reader(item) for item in inner])
    if origin is typing.Literal:
        return _word_of(inner)
    if origin is dict:
        return _plain_object
    if dataclasses.is_dataclass(hint):
        return _record(typing.cast(Any, hint))
    return _anything if hint is Any else _exactly(hint)


def _version_of(kind: type) -> str | None:
    """The format version of a kind of record: its class variable, not a field that is called `version`."""
    version = getattr(kind, "version", None)
    return version if isinstance(version, str) else None


def _record(kind: Any) -> Reader:
    hints = typing.get_type_hints(kind)
    version = _version_of(kind)
    readers = [(field.name, _reader(hints[field.name])) for field in dataclasses.fields(kind)]
    wanted = (["archiver"] if version is not None else []) + [name for name, _ in readers]

    def read(plain: Any) -> Any:
        if not isinstance(plain, dict):
            raise FormatError(" is not an object")
        if version is not None and (next(iter(plain), None) != "archiver" or plain["archiver"] != version):
            raise FormatError(f": the first key is not archiver: {version}")
        if list(plain) != wanted:
            odd = ", ".join(sorted(set(plain) ^ set(wanted)))[:200] or "order"
            raise FormatError(f": keys missing, unknown or out of order: {odd}")
        values = []
        for name, reader in readers:
            try:
                values.append(reader(plain[name]))
            except FormatError as error:
                raise FormatError(f".{name}{error.message}") from None
        return kind(*values)

    return read


def _list_of(reader: Reader) -> Reader:
    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise FormatError(" is not a list")
        found = []
        for place, item in enumerate(value):
            try:
                found.append(reader(item))
            except FormatError as error:
                raise FormatError(f"[{place}]{error.message}") from None
        return tuple(found)

    return read


def _row_of(readers: list[Reader]) -> Reader:
    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) != len(readers):
            raise FormatError(f" is not a list of {len(readers)}")
        return tuple([reader(item) for reader, item in zip(readers, value, strict=True)])

    return read


def _optional(reader: Reader) -> Reader:
    return lambda value: None if value is None else reader(value)


def _word_of(words: tuple[Any, ...]) -> Reader:
    def read(value: Any) -> Any:
        if not isinstance(value, str) or value not in words:
            raise FormatError(f": {str(value)[:60]!r} is not one of {', '.join(words)}")
        return value

    return read


def _exactly(kind: Any) -> Reader:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise FormatError(f" is not of type {kind.__name__}")
        return value

    return read


def _plain_object(value: Any) -> Any:
    if not isinstance(value, dict):
        raise FormatError(" is not an object")
    return value


def _anything(value: Any) -> Any:
    return value
