"""RFC 6962 section 2.1 Merkle trees over SHA-256: roots, inclusion and consistency proofs.

    leaf = SHA-256(0x00 || data)     node = SHA-256(0x01 || left || right)
    MTH(D[n]) = node(MTH(D[0:k]), MTH(D[k:n])), k the largest power of two below n; MTH of nothing = SHA-256("")

Specimen: the tree over the one empty leaf has root
6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d.

Proofs are lists of 32-byte hashes in RFC 6962 order (the leaf's sibling first). `prove_x` makes one, `check_x` raises
ProofError unless it holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from archiver.errors import ProofError, UsageError

HASH_BYTES = 32
MAX_PROOF = 63
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """The hash of one leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree that only grows, in O(log n) memory: the roots of its perfect subtrees, largest first."""

    __slots__ = ("_peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if size < 0 or len(peaks) != size.bit_count():
            raise UsageError(f"a tree of {size} has {size.bit_count()} perfect subtrees, not {len(peaks)}")
        self.size = size
        self._peaks = list(peaks)

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        size, peaks, node = self.size, self._peaks, leaf
        sha256 = hashlib.sha256
        while size & 1:
            node = sha256(b"\x01" + peaks.pop() + node).digest()
            size >>= 1
        peaks.append(node)
        self.size += 1

    def append_subtree(self, node: bytes, count: int) -> None:
        """Add `count` leaves, a power of two that divides the size so far, by the root over them alone."""
        if count < 1 or count & (count - 1) or self.size % count:
            raise UsageError(f"{count} leaves after {self.size} are no perfect subtree")
        size = self.size // count
        while size & 1:
            node = node_hash(self._peaks.pop(), node)
            size >>= 1
        self._peaks.append(node)
        self.size += count

    def root(self) -> bytes:
        """The root of the tree so far."""
        if not self._peaks:
            return EMPTY_ROOT
        node = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            node = node_hash(peak, node)
        return node

    def copy(self) -> Frontier:
        """An independent copy."""
        return Frontier(self.size, self._peaks)


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root over all leaf hashes."""
    frontier = Frontier()
    for leaf in leaf_hashes:
        frontier.append(leaf)
    return frontier.root()


def _split(size: int) -> int:
    """The largest power of two below `size` (size > 1)."""
    return 1 << ((size - 1).bit_length() - 1)


def prove_inclusion(leaf_hashes: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of one leaf (RFC 6962 section 2.1.1)."""
    if not 0 <= index < len(leaf_hashes):
        raise UsageError(f"no leaf {index} in a tree of {len(leaf_hashes)}")
    path: list[bytes] = []
    low, high = 0, len(leaf_hashes)
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(root(leaf_hashes[middle:high]))
            high = middle
        else:
            path.append(root(leaf_hashes[low:middle]))
            low = middle
    return path[::-1]


def prove_consistency(leaf_hashes: Sequence[bytes], old_size: int) -> list[bytes]:
    """The proof that the tree over all leaves extends the one over the first `old_size` (section 2.1.2)."""
    if not 0 <= old_size <= len(leaf_hashes):
        raise UsageError(f"{old_size} is no earlier size of a tree of {len(leaf_hashes)}")
    if old_size in (0, len(leaf_hashes)):
        return []
    path: list[bytes] = []
    low, high, complete = 0, len(leaf_hashes), True
    while old_size != high:
        middle = low + _split(high - low)
        if old_size <= middle:
            path.append(root(leaf_hashes[middle:high]))
            high = middle
        else:
            path.append(root(leaf_hashes[low:middle]))
            low, complete = middle, False
    if not complete:
        path.append(root(leaf_hashes[low:high]))
    return path[::-1]


def _check_hashes(proof: Sequence[bytes], *roots: bytes) -> None:
    if len(proof) > MAX_PROOF:
        raise ProofError(f"a proof of {len(proof)} hashes; {MAX_PROOF} are enough for any tree")
    if any(len(value) != HASH_BYTES for value in (*proof, *roots)):
        raise ProofError("a hash in the proof does not have 32 bytes")


def check_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], tree_root: bytes) -> None:
    """Raise ProofError unless `leaf` is number `index` of the tree of `size` leaves (RFC 9162 section 2.1.3.2)."""
    _check_hashes(proof, leaf, tree_root)
    if not 0 <= index < size:
        raise ProofError(f"leaf {index} lies outside a tree of {size}")
    first, last, node = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofError("the inclusion proof is too long")
        if first & 1 or first == last:
            node = node_hash(sibling, node)
            while not first & 1 and first:
                first >>= 1
                last >>= 1
        else:
            node = node_hash(node, sibling)
        first >>= 1
        last >>= 1
    if last != 0:
        raise ProofError("the inclusion proof is too short")
    if node != tree_root:
        raise ProofError("the inclusion proof does not lead to the root")


def check_consistency(old_size: int, size: int, old_root: bytes, tree_root: bytes, proof: Sequence[bytes]) -> None:
    """Raise ProofError unless the tree extends the old one (RFC 9162 section 2.1.4.2; from the empty tree, whose root
    is known, as C2SP tlog-witness says: no hashes)."""
    _check_hashes(proof, old_root, tree_root)
    if old_size > size or old_size < 0:
        raise ProofError(f"a tree of {size} cannot extend one of {old_size}")
    if old_size == size:
        if old_root != tree_root:
            raise ProofError("two trees of one size with different roots")
        if proof:
            raise ProofError("a proof between trees of one size has no hashes")
        return
    if old_size == 0:
        if proof or old_root != EMPTY_ROOT:
            raise ProofError("a proof from the empty tree has no hashes, and that tree one root")
        return
    if not proof:
        raise ProofError("the consistency proof is empty")
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    first, last = old_size - 1, size - 1
    while first & 1:
        first >>= 1
        last >>= 1
    old_node = new_node = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofError("the consistency proof is too long")
        if first & 1 or first == last:
            old_node = node_hash(sibling, old_node)
            new_node = node_hash(sibling, new_node)
            while not first & 1 and first:
                first >>= 1
                last >>= 1
        else:
            new_node = node_hash(new_node, sibling)
        first >>= 1
        last >>= 1
    if last != 0:
        raise ProofError("the consistency proof is too short")
    if old_node != old_root:
        raise ProofError("the consistency proof does not lead to the old root")
    if new_node != tree_root:
        raise ProofError("the consistency proof does not lead to the new root")
