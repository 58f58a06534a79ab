"""Manifests: vectors, the specimen chain, properties. What `encode` writes and what `decode` reads are one thing."""

from __future__ import annotations

import base64
import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from specimens import NAMESPACE, RECOVERY, Sealed, chain
from vector_files import FOLDER, Vector, name_of, vectors

from archiver import digest
from archiver.errors import ArchiverError, FormatError, NewerVersionError
from archiver.model import events, manifest, records
from archiver.model.encoding import encode_document
from archiver.model.manifest import (
    EVENTS,
    EXTRA_KEY,
    MAX_BYTES,
    BundleRef,
    Continues,
    KeyChange,
    Manifest,
    ObjectRef,
    Previous,
    StampRef,
    Tree,
    decode,
    encode,
)
from archiver.signing import sshsig
from archiver.tlog.checkpoint import LogKey

CASES = {vector.name: vector for vector in vectors("manifests")}
SEALED = {sealed.name: sealed for sealed in chain().sealed}
BAD = [vector for vector in CASES.values() if vector.error is not None]
GOOD = [vector for vector in CASES.values() if vector.error is None]


@pytest.mark.parametrize("vector", BAD, ids=name_of)
def test_bad_vector(vector: Vector) -> None:
    with pytest.raises(FormatError) as caught:
        decode(vector.body)
    assert caught.type is vector.error


@pytest.mark.parametrize("vector", GOOD, ids=name_of)
def test_good_vector(vector: Vector) -> None:
    found = decode(vector.body)
    assert found.event == vector.one("event") and digest.of_bytes(vector.body) == vector.one("digest")
    assert encode(found) == vector.body
    # What was decoded, against a plain reading of the JSON.
    plain = json.loads(vector.body)
    assert plain.pop("archiver") == "manifest/v1"
    if found.event in EXTRA_KEY:
        assert plain.pop(EXTRA_KEY[found.event][0]) == records.to_plain(found.extra)
    previous = plain.pop("previous")
    assert previous == (None if found.previous is None else records.to_plain(found.previous))
    for ref, entry in zip(found.objects, plain.pop("objects"), strict=True):
        assert entry == {key: value for key, value in records.to_plain(ref).items() if value is not None}
    assert plain == {key: getattr(found, key) for key in plain}


def test_there_is_a_good_vector_for_every_event_and_key_change() -> None:
    found = [decode(vector.body) for vector in GOOD]
    assert {item.event for item in found} == set(EVENTS)
    changes = {(item.extra.action, item.extra.role) for item in found if isinstance(item.extra, KeyChange)}
    assert changes == {(a, r) for a in ("rotate", "revoke", "add") for r in ("signer", "log", "recovery")}


@pytest.mark.parametrize("sealed", SEALED.values(), ids=lambda sealed: sealed.name)
def test_the_good_vectors_are_what_this_version_writes(sealed: Sealed) -> None:
    folder = FOLDER / "manifests"
    assert CASES[f"good-{sealed.name}"].body == sealed.data
    assert (folder / f"good-{sealed.name}.sig").read_bytes() == sealed.signature
    for ending, signature in sealed.countersignatures.items():
        assert (folder / f"good-{sealed.name}{ending}").read_bytes() == signature
    assert decode(sealed.data) == sealed.manifest


def test_the_good_vectors_are_one_signed_chain() -> None:
    before: Sealed | None = None
    for number, sealed in enumerate(SEALED.values()):
        found = decode(sealed.data)
        assert found.sequence == number
        assert sshsig.verify(sealed.signature, sealed.data, NAMESPACE).fingerprint == found.signer
        if before is not None:
            assert found.archive == digest.of_bytes(chain().sealed[0].data)
            assert found.previous == Previous(digest.of_bytes(before.data), digest.of_bytes(before.signature))
        before = sealed
    assert (
        sshsig.verify(chain().sealed[0].countersignatures[".sig.1"], chain().sealed[0].data, NAMESPACE)
        == RECOVERY.public
    )


@pytest.mark.parametrize("sealed", SEALED.values(), ids=lambda sealed: sealed.name)
def test_the_fast_layout_is_the_documented_one(sealed: Sealed) -> None:
    assert encode_document(json.loads(sealed.data)) == sealed.data


def test_the_specimen_of_the_module() -> None:
    """Its keys are those of a snapshot; of the module on objects, those of a warc."""
    from archiver.model import objects

    lines = [line[4:] for line in (manifest.__doc__ or "").split("\n") if line.startswith("    ")]
    keys = [line[2:].partition('"')[0] for line in lines if line.startswith(' "')]
    assert keys == list(json.loads(SEALED["001-snapshot"].data))
    lines = [line[4:] for line in (objects.__doc__ or "").split("\n") if line.startswith("    ")]
    entry = json.loads("\n".join(lines).replace("…", "ab"))
    assert list(entry) == list(json.loads(SEALED["001-snapshot"].data)["objects"][1])


# Properties

ascii_digit = "0123456789abcdef"
digests = st.text(ascii_digit, min_size=64, max_size=64).map(lambda text: "sha256:" + text)
naturals = st.integers(0, 2**53 - 1)
salts = st.binary(min_size=16, max_size=16).map(lambda data: base64.b64encode(data).decode())
fingerprints = st.binary(min_size=32, max_size=32).map(lambda d: "SHA256:" + base64.b64encode(d).decode().rstrip("="))
moments = st.datetimes().map(lambda t: f"{t:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + f".{t.microsecond // 1000:03d}Z")
trees = st.builds(Tree, st.integers(1, 2**53 - 1), digests)
FREE = st.from_regex(r"[a-z][a-z0-9-]{0,39}", fullmatch=True).filter(lambda role: role not in ("facts", "warc"))
FREE = FREE.filter(lambda role: role not in ("segment-secret", "page-text", "statements"))
facts = st.builds(ObjectRef, st.just("facts"), digests, naturals, st.just("application/json"))
others = st.builds(
    ObjectRef, FREE, digests, naturals, st.from_regex(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}", fullmatch=True)
)
warcs = st.builds(ObjectRef, st.just("warc"), digests, naturals, st.just("application/warc"), trees)
secrets = st.builds(ObjectRef, st.just("segment-secret"), digests, st.just(32), st.just("application/octet-stream"))
texts = st.builds(ObjectRef, st.just("page-text"), digests, naturals, st.just("text/plain"))
lines = st.builds(ObjectRef, st.just("statements"), digests, naturals, st.just("application/jsonl"), st.none(), trees)


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    event = draw(st.sampled_from([event for event in EVENTS if event not in ("genesis", "key")]))
    sequence = draw(st.integers(50, 2**53 - 1))
    objects: list[ObjectRef] = draw(st.lists(others, max_size=2, unique_by=lambda ref: ref.role))
    if event in ("snapshot", "reading", "recheck", "import", "takedown", "note") or draw(st.booleans()):
        objects.insert(0, draw(facts))
    if event in ("snapshot", "import") and draw(st.booleans()):
        objects += [draw(warcs), draw(secrets)]
    if event == "reading" and draw(st.booleans()):
        objects += [draw(texts), draw(lines)]
    extra: Any = None
    if event == "reading":
        extra = draw(st.none() | digests)
    elif event == "recheck":
        extra = draw(digests)
    elif event == "takedown":
        extra = tuple(draw(st.lists(digests, min_size=1, max_size=4, unique=True)))
    elif event == "export":
        numbers = sorted(draw(st.sets(st.integers(0, 49), min_size=1)))
        extra = BundleRef(draw(digests), draw(st.integers(1, 2**53 - 1)), tuple(numbers))
    elif event == "stamp":
        checkpoint = draw(st.integers(1, 50))
        endings = draw(st.lists(st.sampled_from([".tsr", ".tsq", ".a.tsr", ".b-2.tsq"]), min_size=1, unique=True))
        extra = tuple(
            StampRef(checkpoint, "rfc3161", f"log/checkpoints/{checkpoint}{ending}", draw(digests), 1 + sequence)
            for ending in endings
        )
    return Manifest(
        archive=draw(digests),
        sequence=sequence,
        previous=Previous(draw(digests), draw(digests)),
        keys=draw(digests),
        signer=draw(fingerprints),
        event=event,
        time=draw(moments),
        subject=draw(digests) if event in ("reading", "recheck", "takedown", "note") else None,
        extra=extra,
        objects=tuple(objects),
        salt=draw(salts),
    )


def is_writable(found: Manifest) -> bool:
    try:
        encode(found)
    except FormatError:
        return False
    return True


@given(manifests().filter(is_writable))
def test_round_trip(found: Manifest) -> None:
    data = encode(found)
    assert decode(data) == found and encode(decode(data)) == data
    assert encode_document(json.loads(data)) == data


def test_the_strategy_is_not_empty() -> None:
    """Nearly everything that it draws can be written: else the property above would show nothing."""
    good = bad = 0

    @settings(max_examples=200, database=None)
    @given(manifests())
    def count(found: Manifest) -> None:
        nonlocal good, bad
        good, bad = good + is_writable(found), bad + (not is_writable(found))

    count()
    assert good > 9 * bad


@settings(max_examples=400)
@given(st.sampled_from(list(SEALED.values())), st.data())
def test_any_other_byte(sealed: Sealed, chance: st.DataObject) -> None:
    """A byte changed, dropped or added: refused, or another manifest. Never the same one, never another exception."""
    data = sealed.data
    place = chance.draw(st.integers(0, len(data) - 1))
    changed = data[:place] + chance.draw(st.binary(max_size=2)) + data[place + 1 :]
    if changed == data:
        return
    try:
        found = decode(changed)
    except FormatError:
        return
    assert found != sealed.manifest and encode(found) == changed


@pytest.mark.parametrize("name", ["001-snapshot", "008-stamp"])
def test_every_byte(name: str) -> None:
    data, found = SEALED[name].data, SEALED[name].manifest
    for place in range(len(data)):
        for bit in (1, 2, 0x10, 0x20, 0x80):
            try:
                assert decode(data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :]) != found
            except FormatError:
                continue
        for end in (data[:place],):
            with pytest.raises(FormatError):
                decode(end)


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | digests,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=400)
@given(st.sampled_from(list(SEALED.values())), json_values, st.data())
def test_any_other_value_anywhere(sealed: Sealed, value: Any, chance: st.DataObject) -> None:
    """Any JSON value put at any place of a manifest: refused, or a manifest that is written the same way."""
    plain = json.loads(sealed.data)
    where: Any = plain
    while True:
        keys = list(where) if isinstance(where, dict) else list(range(len(where)))
        key = chance.draw(st.sampled_from(keys))
        if not isinstance(where[key], dict | list) or not where[key] or chance.draw(st.booleans()):
            break
        where = where[key]
    where[key] = value
    data = (json.dumps(plain, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "surrogatepass")
    try:
        found = decode(data)
    except FormatError:
        return
    assert encode(found) == data


@given(st.binary(max_size=200) | json_values.map(lambda value: (json.dumps(value, indent=1) + "\n").encode()))
def test_any_bytes(data: bytes) -> None:
    with pytest.raises(FormatError):
        decode(data)


def test_a_later_version_whatever_follows() -> None:
    with pytest.raises(NewerVersionError) as caught:
        decode(b'{"archiver":"manifest/v2","key":1.5e3}\xff')
    assert "manifest/v2" in caught.value.message


# The writer's side: values of the wrong kind, which JSON could not have brought in.

SNAPSHOT = SEALED["001-snapshot"].manifest


@pytest.mark.parametrize(
    "changes",
    [
        {"event": "other"},
        {"sequence": True},
        {"sequence": 1.0},
        {"archive": 7},
        {"previous": None},
        {"signer": None},
        {"time": None},
        {"salt": b"x"},
        {"subject": "sha256:" + "0" * 64},
        {"extra": "sha256:" + "0" * 64},
        {"objects": ()},
        {"objects": (replace(SNAPSHOT.objects[0], role=["facts"]), *SNAPSHOT.objects[1:])},
        {"objects": (replace(SNAPSHOT.objects[0], size=True), *SNAPSHOT.objects[1:])},
    ],
    ids=lambda changes: "-".join(changes),
)
def test_what_is_never_written(changes: dict[str, Any]) -> None:
    with pytest.raises(FormatError):
        encode(replace(SNAPSHOT, **changes))


GENESIS = SEALED["000-genesis"].manifest.extra


@pytest.mark.parametrize(
    ("name", "extra"),
    [
        ("000-genesis", None),
        ("000-genesis", replace(GENESIS, recovery=7)),
        ("000-genesis", replace(GENESIS, log=tuple(key.spell() for key in LogKey("a/", bytes(32)).vkeys()))),
        ("011-key-rotate-signer", "rotate"),
        ("008-stamp", ()),
        ("008-stamp", ("x",)),
        ("009-export", Continues("sha256:" + "0" * 64, 1, "sha256:" + "0" * 64)),
        ("010-takedown", ["sha256:" + "0" * 64]),
        ("010-takedown", (7,)),
        ("004-recheck", None),
        ("006-reading-replaces", 7),
    ],
)
def test_extras_of_the_wrong_kind(name: str, extra: Any) -> None:
    with pytest.raises(FormatError):
        encode(replace(SEALED[name].manifest, extra=extra))


def test_the_longest_lists_fit_into_a_manifest() -> None:
    """Each limit of a list leaves room for the rest, whatever its numbers are: a writer splits, and never fails."""
    wide = 2**53 - 1
    bundle = BundleRef("sha256:" + "0" * 64, wide, tuple(range(wide - 1 - events.MAX_SEQUENCES, wide - 1)))
    largest = [replace(SEALED["009-export"].manifest, sequence=wide, extra=bundle)]
    stamps = tuple(
        StampRef(10**15, "cosignature", f"log/checkpoints/{10**15}.{n:0>40}.cosig", "sha256:" + "0" * 64, wide)
        for n in range(events.MAX_STAMPS)
    )
    largest.append(replace(SEALED["008-stamp"].manifest, sequence=wide, extra=stamps))
    removed = tuple(f"sha256:{n:064d}" for n in range(events.MAX_REMOVED))
    largest.append(replace(SEALED["010-takedown"].manifest, sequence=wide, extra=removed))
    for found in largest:
        data = encode(found)
        assert len(data) < MAX_BYTES and decode(data) == found
        assert len(data) > 0.6 * MAX_BYTES
    for found, longer in (
        (largest[0], replace(bundle, sequences=(1, *bundle.sequences))),
        (largest[1], (*stamps, replace(stamps[0], file=f"log/checkpoints/{10**15}.cosig"))),
        (largest[2], (*removed, "sha256:" + "f" * 64)),
    ):
        with pytest.raises(FormatError):
            encode(replace(found, extra=longer))


def test_a_manifest_too_long_for_a_log() -> None:
    many = tuple(replace(SNAPSHOT.objects[0], role=f"picture-{n}", media_type="image/png") for n in range(500))
    with pytest.raises(FormatError, match="at most 65535"):
        encode(replace(SNAPSHOT, objects=(*SNAPSHOT.objects, *many)))


def test_salts() -> None:
    assert manifest.spell_salt(bytes(16)) == "AAAAAAAAAAAAAAAAAAAAAA=="
    for length in (0, 15, 17):
        with pytest.raises(FormatError):
            manifest.spell_salt(bytes(length))


def test_object_of_a_role() -> None:
    found = SNAPSHOT.object("warc")
    assert found is not None and found.segments is not None and SNAPSHOT.object("page-text") is None


def test_field_order_is_the_documented_one() -> None:
    order = [field.name for field in fields(Manifest)]
    assert order == [
        "archive",
        "sequence",
        "previous",
        "keys",
        "signer",
        "event",
        "time",
        "subject",
        "extra",
        "objects",
        "salt",
    ]


def test_errors_survive_the_way_between_processes() -> None:
    """Verification runs in several processes: what is raised in one must come out of the pool as it was."""
    import pickle

    for error in (FormatError("x", where="chain/000.json", hint="y"), NewerVersionError("z")):
        again = pickle.loads(pickle.dumps(error))
        assert isinstance(again, ArchiverError) and type(again) is type(error)
        assert (again.message, again.where, again.hint) == (error.message, error.where, error.hint)
        assert str(again) == str(error)
