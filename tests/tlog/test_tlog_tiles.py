"""Tiles: names, bundles, and a log of 70,000 manifests against a second computation that shares nothing with the first.

The second computation is the definition: tile n of level l holds MTH(D[(256n+i) 256^l : (256n+i+1) 256^l]) (C2SP
tlog-tiles), each manifest is `JSON.stringify(value, null, 1)` of a plain dictionary, each checkpoint is signed by the
library's own Ed25519 key.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from vector_files import Vector, name_of, vectors

from archiver.errors import FormatError, MissingError, ProofError, UsageError
from archiver.model import manifest as manifests
from archiver.model.manifest import Manifest, ObjectRef, Previous
from archiver.tlog import merkle, tiles
from archiver.tlog.checkpoint import Checkpoint, LogKey, open_checkpoint
from archiver.tlog.note import open_note
from archiver.tlog.tiles import TileBuilder, TilePath, TileReader

SIZE = 70_000


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


@pytest.mark.parametrize("vector", vectors("tiles"), ids=name_of)
def test_vector(vector: Vector) -> None:
    path = vector.headers.get("path")

    def read() -> None:
        if path is not None:
            name = path[0].replace("\\n", "\n")
            assert tiles.parse_tile_path(name).path == name
        else:
            assert tiles.encode_entries(tiles.decode_entries(vector.body)) == vector.body

    if vector.error is None:
        read()
        return
    with pytest.raises(vector.error):
        read()


def test_index_paths() -> None:
    for number, text in ((0, "000"), (41, "041"), (999, "999"), (1000, "x001/000"), (1_234_067, "x001/x234/067")):
        assert tiles.index_path(number) == text and tiles.parse_index_path(text) == number
    for bad in ("", "0", "x001/x234/067/", "x000/001", "001/002", "x001/x002", "٠٠١", "001\n", "x001/" * 5000 + "000"):
        with pytest.raises(FormatError):
            tiles.parse_index_path(bad)
    for number in (-1, 2**63):
        with pytest.raises(UsageError):
            tiles.index_path(number)


@given(st.integers(0, 2**63 - 1), st.integers(0, 63) | st.just("entries"), st.integers(1, 256))
def test_names_round_trip(index: int, level: int | str, width: int) -> None:
    tile = TilePath(level, index, width)
    assert tiles.parse_tile_path(tile.path) == tile


@given(st.text(max_size=40) | st.text("tile/0123456789x.p", max_size=40))
def test_any_name(name: str) -> None:
    try:
        assert tiles.parse_tile_path(name).path == name
    except FormatError:
        return


def test_no_tile_of_that_kind() -> None:
    for level, width in ((-1, 1), (64, 1), ("data", 1), (0, 0), (0, 257)):
        with pytest.raises(UsageError):
            tiles.tile_path(level, 0, width)


@given(st.lists(st.binary(max_size=40), max_size=256))
def test_bundles_round_trip(entries: list[bytes]) -> None:
    assert tiles.decode_entries(tiles.encode_entries(entries)) == entries


@given(st.binary(max_size=600))
def test_any_bundle(data: bytes) -> None:
    try:
        assert tiles.encode_entries(tiles.decode_entries(data)) == data
    except FormatError:
        return


def test_what_a_bundle_cannot_hold() -> None:
    for entries in ([b""] * 257, [b"a" * 65_536]):
        with pytest.raises(FormatError):
            tiles.encode_entries(entries)
    assert len(tiles.encode_entries([b"a" * 65_535])) == 65_537


def test_the_files_of_a_size_as_c2sp_counts_them() -> None:
    def hashes(size: int) -> list[str]:
        return [tile.path for tile in tiles.tiles_for_size(size) if tile.level != "entries"]

    assert hashes(0) == []
    assert hashes(256) == ["tile/0/000", "tile/1/000.p/1"]
    assert hashes(300) == ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"]
    expected = [f"tile/0/{i:03d}" for i in range(273)] + ["tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17"]
    assert hashes(70_000) == [*expected, "tile/2/000.p/1"]
    assert [t.path for t in tiles.new_tiles(300, 301)] == ["tile/entries/001.p/45", "tile/0/001.p/45"]
    with pytest.raises(UsageError):
        tiles.new_tiles(2, 1)


# A log of 70,000 manifests, twice.


def first_manifest(number: int) -> bytes:
    """One manifest by the code under test."""
    archive = "sha256:" + hashlib.sha256(b"archive").hexdigest()
    spelled = "sha256:" + hashlib.sha256(b"%d" % number).hexdigest()
    return manifests.encode(
        Manifest(
            archive=archive,
            sequence=number + 1,
            previous=Previous(spelled, archive),
            keys=archive,
            signer="SHA256:" + "A" * 43,
            event="snapshot",
            time=f"2026-11-23T13:02:11.{number % 1000:03d}Z",
            subject=None,
            extra=None,
            objects=(ObjectRef("facts", spelled, number, "application/json"),),
            salt=base64.b64encode(sha(b"%d" % number)[:16]).decode(),
        )
    )


def second_manifest(number: int) -> bytes:
    """The same by nothing but the format document."""
    archive = "sha256:" + hashlib.sha256(b"archive").hexdigest()
    spelled = "sha256:" + hashlib.sha256(str(number).encode()).hexdigest()
    value = {
        "archiver": "manifest/v1",
        "archive": archive,
        "sequence": number + 1,
        "previous": {"manifest": spelled, "signature": archive},
        "keys": archive,
        "signer": "SHA256:" + "A" * 43,
        "event": "snapshot",
        "time": f"2026-11-23T13:02:11.{number % 1000:03d}Z",
        "subject": None,
        "objects": [{"role": "facts", "digest": spelled, "size": number, "media_type": "application/json"}],
        "salt": base64.b64encode(hashlib.sha256(str(number).encode()).digest()[:16]).decode(),
    }
    return (json.dumps(value, indent=1) + "\n").encode()


class Definition:
    """MTH of any range, from RFC 6962's text; the roots of whole powers of two are remembered."""

    def __init__(self, entries: list[bytes]) -> None:
        self.levels = [[sha(b"\0" + entry) for entry in entries]]
        while len(self.levels[-1]) > 1:
            row = self.levels[-1]
            self.levels.append([sha(b"\1" + row[i] + row[i + 1]) for i in range(0, len(row) - 1, 2)])

    def mth(self, low: int, high: int) -> bytes:
        n = high - low
        if n == 0:
            return sha(b"")
        if n & (n - 1) == 0 and low % n == 0:
            return self.levels[n.bit_length() - 1][low // n]
        k = 1
        while 2 * k < n:
            k *= 2
        return sha(b"\1" + self.mth(low, low + k) + self.mth(low + k, high))

    def tile(self, level: int, index: int, width: int) -> bytes:
        step = 256**level
        first = 256 * index
        return b"".join(self.mth((first + i) * step, (first + i + 1) * step) for i in range(width))

    def inclusion(self, m: int, low: int, high: int) -> list[bytes]:
        if high - low == 1:
            return []
        k = 1
        while 2 * k < high - low:
            k *= 2
        if m < low + k:
            return [*self.inclusion(m, low, low + k), self.mth(low + k, high)]
        return [*self.inclusion(m, low + k, high), self.mth(low, low + k)]

    def consistency(self, m: int, low: int, high: int, complete: bool) -> list[bytes]:
        if m == high:
            return [] if complete else [self.mth(low, high)]
        k = 1
        while 2 * k < high - low:
            k *= 2
        if m <= low + k:
            return [*self.consistency(m, low, low + k, complete), self.mth(low + k, high)]
        return [*self.consistency(m, low + k, high, False), self.mth(low, low + k)]


class Log:
    """The log as files, grown in batches of random sizes by the code under test."""

    def __init__(self, entries: list[bytes], seed: int) -> None:
        self.files: dict[str, bytes] = {}
        self.sizes = [0]
        self.roots = {0: merkle.EMPTY_ROOT}
        chance = random.Random(seed)
        while self.sizes[-1] < len(entries):
            size = self.sizes[-1]
            step = chance.choice([1, 2, 17, 255, 256, 257, 700, 5000, chance.randrange(1, 4000)])
            builder = TileBuilder(self.read, size, self.roots[size])
            for entry in entries[size : size + step]:
                builder.append(entry)
            new = builder.files()
            wanted = {tile.path for tile in tiles.new_tiles(size, builder.size)}
            assert set(new) == wanted and not set(new) & set(self.files), "what was written once is never written again"
            self.files.update(new)
            self.sizes.append(builder.size)
            self.roots[builder.size] = builder.root()

    def read(self, path: str) -> bytes:
        if path not in self.files:
            raise MissingError("no such tile", where=path)
        return self.files[path]


@pytest.fixture(scope="module")
def entries() -> list[bytes]:
    return [first_manifest(number) for number in range(SIZE)]


@pytest.fixture(scope="module")
def definition(entries: list[bytes]) -> Definition:
    return Definition([second_manifest(number) for number in range(SIZE)])


@pytest.fixture(scope="module")
def log(entries: list[bytes]) -> Log:
    return Log(entries, seed=7)


def test_70000_manifests_equal_the_second_computation(entries: list[bytes]) -> None:
    for number, entry in enumerate(entries):
        assert entry == second_manifest(number)


def test_every_tile_equals_its_definition(log: Log, entries: list[bytes], definition: Definition) -> None:
    counted = 0
    for path, data in log.files.items():
        tile = tiles.parse_tile_path(path)
        if isinstance(tile.level, int):
            assert data == definition.tile(tile.level, tile.index, tile.width), path
        else:
            some = entries[256 * tile.index : 256 * tile.index + tile.width]
            assert data == b"".join(len(entry).to_bytes(2, "big") + entry for entry in some), path
        counted += 1
    assert counted > 600
    assert {tile.path for tile in tiles.tiles_for_size(SIZE)} <= set(log.files)


def test_every_checkpoint_equals_the_second_computation(log: Log, definition: Definition) -> None:
    seed = bytes(range(32))
    key, library = LogKey.from_seed("log-5d2c9a", seed), Ed25519PrivateKey.from_private_bytes(seed)
    public = library.public_key().public_bytes_raw()
    key_id = sha(b"log-5d2c9a\n\x01" + public)[:4]
    for size in log.sizes[-40:]:
        assert log.roots[size] == definition.mth(0, size)
        signed = key.sign(Checkpoint("log-5d2c9a", size, log.roots[size]), 1)
        text = b"log-5d2c9a\n%d\n%s\n" % (size, base64.b64encode(definition.mth(0, size)))
        line = "— log-5d2c9a ".encode() + base64.b64encode(key_id + library.sign(text)) + b"\n"
        assert signed.startswith(text + b"\n" + line)
        assert open_note(signed).text == text and open_checkpoint(signed, key.vkeys()).mldsa == "passed"


def test_proofs_from_tiles_equal_the_definition(log: Log, entries: list[bytes], definition: Definition) -> None:
    chance = random.Random(8)
    for size in [SIZE, *chance.sample(log.sizes[1:], 12)]:
        reader = TileReader(log.read, size)
        root = reader.root()
        assert root == definition.mth(0, size) == reader.frontier().root()
        for index in {0, size - 1, *(chance.randrange(size) for _ in range(12))}:
            proof = reader.inclusion_proof(index)
            assert proof == definition.inclusion(index, 0, size)
            merkle.check_inclusion(index, size, merkle.leaf_hash(entries[index]), proof, root)
        for old in {0, 1, size, *(chance.randrange(size + 1) for _ in range(12))}:
            proof = reader.consistency_proof(old)
            assert proof == (definition.consistency(old, 0, size, True) if old else [])
            merkle.check_consistency(old, size, definition.mth(0, old), root, proof)


def test_partial_tiles_may_go_once_the_full_one_is_there(
    log: Log, entries: list[bytes], definition: Definition
) -> None:
    pruned = Log([], seed=0)
    pruned.files = {
        path: data for path, data in log.files.items() if ".p/" not in path or path.partition(".p/")[0] not in log.files
    }
    assert len(pruned.files) < len(log.files)
    for size in log.sizes[1:-1:7]:
        assert TileReader(pruned.read, size).root() == definition.mth(0, size)
        builder = TileBuilder(pruned.read, size, log.roots[size])
        builder.append(entries[size])
        assert builder.root() == definition.mth(0, size + 1)


def test_the_cache_of_a_reader_is_bounded(log: Log) -> None:
    reader = TileReader(log.read, SIZE)
    for index in range(0, SIZE, 256):
        reader.inclusion_proof(index)
    assert len(reader._cache) <= 256


def test_two_histories_of_one_log_are_one(entries: list[bytes], log: Log) -> None:
    """However the batches fall, full tiles and roots are the same; one batch for all gives the files of its size."""
    some = entries[:3000]
    builder = TileBuilder(Log([], 0).read, 0, merkle.EMPTY_ROOT)
    for entry in some:
        builder.append(entry)
    at_once = builder.files()
    assert list(at_once) == [tile.path for tile in tiles.tiles_for_size(3000)], "entries first, then level by level"
    for seed in range(3):
        again = Log(some, seed)
        assert again.roots[3000] == builder.root()
        assert all(again.files[path] == data for path, data in at_once.items())


def test_nothing_new_nothing_written(log: Log) -> None:
    builder = TileBuilder(log.read, SIZE, log.roots[SIZE])
    assert builder.files() == {} and builder.root() == log.roots[SIZE]


def small_log(size: int) -> tuple[dict[str, bytes], bytes]:
    grown = Log([b"entry %d" % i for i in range(size)], seed=1)
    return grown.files, grown.roots[size]


def reading(files: dict[str, bytes]) -> Callable[[str], bytes]:
    def read(path: str) -> bytes:
        if path not in files:
            raise MissingError("no such tile", where=path)
        return files[path]

    return read


@pytest.mark.parametrize("size", [1, 5, 255, 256, 257, 300])
def test_a_builder_believes_no_changed_edge(size: int) -> None:
    """Every byte of every file that is read in order to grow a log, changed: refused before anything is built on it."""
    files, root = small_log(size)
    used: set[str] = set()

    def note(path: str) -> bytes:
        data = reading(files)(path)
        used.add(path)
        return data

    TileBuilder(note, size, root)
    for path in used:
        step = max(1, len(files[path]) // 300)
        for place in range(0, len(files[path]), step):
            changed = dict(files)
            changed[path] = files[path][:place] + bytes([files[path][place] ^ 1]) + files[path][place + 1 :]
            try:
                TileBuilder(reading(changed), size, root)
            except (ProofError, FormatError):
                continue
            raise AssertionError(f"{path}: byte {place} was changed, and the builder went on")
        for other in (b"", files[path][:-1], files[path] + b"\0"):
            with pytest.raises((ProofError, FormatError, MissingError)):
                TileBuilder(reading({**files, path: other}), size, root)
        with pytest.raises(MissingError):
            TileBuilder(reading({name: data for name, data in files.items() if name != path}), size, root)


def test_a_wrong_size_or_root() -> None:
    files, root = small_log(300)
    for size, said in ((299, root), (300, b"7" * 32), (0, root)):
        with pytest.raises((ProofError, MissingError)):
            TileBuilder(reading(files), size, said)


def test_a_full_tile_of_the_wrong_size_is_no_source_for_a_partial_one() -> None:
    files, _ = small_log(256)
    with pytest.raises(FormatError):
        tiles.read_tile(reading({"tile/0/000": files["tile/0/000"] + b"0" * 32}), TilePath(0, 0, 12))


def test_entries_that_do_not_fit() -> None:
    builder = TileBuilder(Log([], 0).read, 0, merkle.EMPTY_ROOT)
    with pytest.raises(FormatError):
        builder.append(b"a" * 65_536)
    builder.append(b"a" * 65_535)
    builder.append(b"")
    assert builder.root() == merkle.root([merkle.leaf_hash(b"a" * 65_535), merkle.leaf_hash(b"")])


def test_ranges_that_no_proof_names() -> None:
    files, _ = small_log(300)
    reader = TileReader(reading(files), 300)
    assert reader.range_root(7, 7) == merkle.EMPTY_ROOT
    for low, high in ((1, 3), (2, 7), (0, 301), (-1, 2)):
        with pytest.raises(UsageError):
            reader.range_root(low, high)
    for call in (lambda: reader.inclusion_proof(300), lambda: reader.consistency_proof(301)):
        with pytest.raises(UsageError):
            call()


def test_the_specimens_of_the_modules() -> None:
    from archiver.tlog import tile_paths

    assert tiles.encode_entries([b"a", b""]).hex(" ") in (tiles.__doc__ or "")
    assert "tile/0/001.p/44" in [t.path for t in tiles.tiles_for_size(300)] and "tile/0/001.p/44" in (
        tile_paths.__doc__ or ""
    )
