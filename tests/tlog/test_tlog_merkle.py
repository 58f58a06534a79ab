"""RFC 6962 trees and proofs: known answers, a second computation straight from the RFC's text, and every mutation."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import pytest

from archiver.errors import ProofError, UsageError
from archiver.tlog import merkle

LIMIT = 70

# The leaves that Certificate Transparency's own tests use, and the roots of the first 1 to 8 of them.
CT_LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


# A second computation, word for word from RFC 6962 section 2.1, sharing nothing with the code under test.


def mth(entries: Sequence[bytes]) -> bytes:
    if not entries:
        return sha(b"")
    if len(entries) == 1:
        return sha(b"\0" + entries[0])
    k = split(len(entries))
    return sha(b"\1" + mth(entries[:k]) + mth(entries[k:]))


def split(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def path(m: int, entries: Sequence[bytes]) -> list[bytes]:
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if m < k:
        return [*path(m, entries[:k]), mth(entries[k:])]
    return [*path(m - k, entries[k:]), mth(entries[:k])]


def subproof(m: int, entries: Sequence[bytes], complete: bool) -> list[bytes]:
    n = len(entries)
    if m == n:
        return [] if complete else [mth(entries)]
    k = split(n)
    if m <= k:
        return [*subproof(m, entries[:k], complete), mth(entries[k:])]
    return [*subproof(m - k, entries[k:], False), mth(entries[:k])]


ENTRIES = [b"entry %d" % i for i in range(LIMIT)]
LEAVES = [sha(b"\0" + entry) for entry in ENTRIES]
ROOTS = [mth(ENTRIES[:n]) for n in range(LIMIT + 1)]


def test_known_answers_of_certificate_transparency() -> None:
    leaves = [merkle.leaf_hash(data) for data in CT_LEAVES]
    assert [merkle.root(leaves[:n]).hex() for n in range(1, 9)] == CT_ROOTS
    assert merkle.root([]) == sha(b"") == merkle.EMPTY_ROOT


def test_the_specimen_of_the_module() -> None:
    assert merkle.root([merkle.leaf_hash(b"")]).hex() in (merkle.__doc__ or "")


def test_every_root_equals_the_second_computation() -> None:
    growing = merkle.Frontier()
    for n in range(LIMIT + 1):
        assert merkle.root(LEAVES[:n]) == growing.root() == ROOTS[n]
        assert growing.size == n
        if n < LIMIT:
            growing.append(LEAVES[n])


def test_a_copied_frontier_grows_alone() -> None:
    first = merkle.Frontier()
    for leaf in LEAVES[:5]:
        first.append(leaf)
    second = first.copy()
    second.append(LEAVES[5])
    assert (first.root(), second.root()) == (ROOTS[5], ROOTS[6])


def test_a_frontier_needs_the_right_number_of_peaks() -> None:
    for size, peaks in ((3, 1), (4, 2), (0, 1), (-1, 1)):
        with pytest.raises(UsageError):
            merkle.Frontier(size, [LEAVES[0]] * peaks)


def refuses(check: Callable[[], None]) -> None:
    with pytest.raises(ProofError):
        check()


def other(value: bytes) -> bytes:
    return bytes([value[0] ^ 1]) + value[1:]


def mutations(proof: list[bytes]) -> list[list[bytes]]:
    """Each proof that differs from `proof` by one hash changed, dropped, added, doubled, or by two swapped."""
    found = [[*proof[:i], other(proof[i]), *proof[i + 1 :]] for i in range(len(proof))]
    found += [[*proof[:i], *proof[i + 1 :]] for i in range(len(proof))]
    found += [[*proof[:i], sha(b"added"), *proof[i:]] for i in range(len(proof) + 1)]
    found += [[*proof[:i], proof[i], *proof[i:]] for i in range(len(proof))]
    found += [[*proof[:i], proof[i + 1], proof[i], *proof[i + 2 :]] for i in range(len(proof) - 1)]
    return [changed for changed in found if changed != proof]


def test_every_inclusion_proof_and_every_mutation() -> None:
    refused = 0
    for n in range(1, LIMIT + 1):
        for i in range(n):
            proof = merkle.prove_inclusion(LEAVES[:n], i)
            assert proof == path(i, ENTRIES[:n])
            merkle.check_inclusion(i, n, LEAVES[i], proof, ROOTS[n])
            bad = [(i, n, LEAVES[i], changed, ROOTS[n]) for changed in mutations(proof)]
            bad += [(i, n, other(LEAVES[i]), proof, ROOTS[n]), (i, n, LEAVES[i], proof, other(ROOTS[n]))]
            bad += [(n, n, LEAVES[i], proof, ROOTS[n]), (-1, n, LEAVES[i], proof, ROOTS[n])]
            bad += [(i ^ bit, n, LEAVES[i], proof, ROOTS[n]) for bit in (1, 2, 4, 64) if i ^ bit < n]
            for arguments in bad:
                refuses(lambda arguments=arguments: merkle.check_inclusion(*arguments))
            refused += len(bad)
    assert refused > 60_000


def test_every_consistency_proof_and_every_mutation() -> None:
    refused = 0
    for n in range(LIMIT + 1):
        for m in range(n + 1):
            proof = merkle.prove_consistency(LEAVES[:n], m)
            assert proof == (subproof(m, ENTRIES[:n], True) if 0 < m < n else [])
            merkle.check_consistency(m, n, ROOTS[m], ROOTS[n], proof)
            bad = [(m, n, ROOTS[m], ROOTS[n], changed) for changed in mutations(proof)]
            bad += [(m, n, other(ROOTS[m]), ROOTS[n], proof)]
            if m:
                bad += [(m, n, ROOTS[m], other(ROOTS[n]), proof), (m - 1, n, ROOTS[m], ROOTS[n], proof)]
                bad += [(m, n + 1, ROOTS[m], ROOTS[n], proof)] if m == n else []
            bad += [(n + 1, n, ROOTS[m], ROOTS[n], proof), (-1, n, ROOTS[m], ROOTS[n], proof)]
            for arguments in bad:
                refuses(lambda arguments=arguments: merkle.check_consistency(*arguments))
            refused += len(bad)
    assert refused > 60_000


def test_a_tree_of_another_size_has_another_proof() -> None:
    """The size is not in the hashes, and for some pairs of sizes a path has the same shape. None gives the root."""
    for n in range(1, LIMIT):
        for i in range(n):
            refuses(lambda i=i, n=n: merkle.check_inclusion(i, n, LEAVES[i], path(i, ENTRIES[:n]), ROOTS[n + 1]))


def test_hashes_of_another_length_and_endless_proofs() -> None:
    refuses(lambda: merkle.check_inclusion(0, 2, LEAVES[0], [LEAVES[1][:31]], ROOTS[2]))
    refuses(lambda: merkle.check_inclusion(0, 2, LEAVES[0] + b"\0", [LEAVES[1]], ROOTS[2]))
    refuses(lambda: merkle.check_inclusion(0, 2**63, LEAVES[0], [LEAVES[1]] * 64, ROOTS[2]))
    refuses(lambda: merkle.check_consistency(1, 2, LEAVES[0], ROOTS[2], [b""]))
    refuses(lambda: merkle.check_consistency(1, 2**63, LEAVES[0], ROOTS[2], [LEAVES[1]] * 64))


def test_a_node_is_no_leaf() -> None:
    """The second preimage that a tree without separation would allow: an inner node passed off as a leaf."""
    inner = b"\1" + LEAVES[0] + LEAVES[1]
    assert merkle.leaf_hash(inner[1:]) != merkle.node_hash(LEAVES[0], LEAVES[1]) == sha(inner)


def test_proofs_about_what_is_not_there() -> None:
    for call in (
        lambda: merkle.prove_inclusion(LEAVES[:3], 3),
        lambda: merkle.prove_inclusion([], 0),
        lambda: merkle.prove_consistency(LEAVES[:3], 4),
        lambda: merkle.prove_consistency(LEAVES[:3], -1),
    ):
        with pytest.raises(UsageError):
            call()
