"""What the tests of the verifier share: reports of simulated archives, and such an archive as a bundle."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from simulator import Simulator

from archiver.tlog.proof import encode_proof
from archiver.tlog.tiles import TileReader
from archiver.verify.layout import object_path
from archiver.verify.policy import Policy
from archiver.verify.report import Report, Weight
from archiver.verify.run import verify


def check(archive: Simulator, **policy: Any) -> Report:
    """The report on an archive whose identity is trusted."""
    return verify(archive, Policy(archives={archive.identity: "the simulator"}, **policy))


def codes(report: Report, *weights: Weight) -> set[str]:
    """The codes of the findings, of those weights if any are given."""
    return {finding.code for finding in report.findings if not weights or finding.weight in weights}


def bad(report: Report) -> set[str]:
    """The codes of what failed."""
    return codes(report, Weight.FAILED, Weight.DISOWNED)


def named(report: Report, code: str) -> list[str | None]:
    """The files that a code was found for."""
    return [finding.file for finding in report.findings if finding.code == code]


class Bundle(Simulator):
    """A simulated archive's manifests, proofs and keys under `data/`, without a bag around them."""

    kind = "bundle"
    prefix = "data/"

    def names(self) -> Iterable[str]:
        return sorted(self.files)

    def sequences(self) -> Iterable[int]:
        return [n for n in range(self.checkpoint_size) if self.manifest_name(n) in self.files]

    def manifest_name(self, sequence: int) -> str:
        return self.prefix + super().manifest_name(sequence)

    def object_name(self, digest: str) -> str | None:
        name = self.prefix + object_path(digest)
        return name if name in self.files else None


def bundle_of(
    archive: Simulator, chosen: Iterable[int], bound: Iterable[int] = (), without: Iterable[str] = ()
) -> Bundle:
    """Manifests `chosen` with their objects but for the roles in `without`; genesis, the last leaf and `bound` too."""
    bundle = Bundle.__new__(Bundle)
    bundle.__dict__ = dict(archive.copy().__dict__)
    reader = TileReader(lambda name: archive.files["log/" + name], archive.checkpoint_size)
    files = {name: archive.files[name] for name in ("log/checkpoint", "trust/allowed_signers", "trust/log.vkey")}
    for sequence in {0, archive.last, *chosen, *bound}:
        base = archive.manifest_name(sequence)
        files |= {name: archive.files[name] for name in archive.files if name.startswith(base)}
        proof = encode_proof(sequence, reader.inclusion_proof(sequence), archive.files["log/checkpoint"])
        files[base.removesuffix(".json") + ".tlog-proof"] = proof
        for ref in archive.manifest(sequence).objects if sequence in chosen else ():
            if ref.role not in without:
                files[object_path(ref.digest)] = archive.files[object_path(ref.digest)]
    bundle.files = {bundle.prefix + name: data for name, data in files.items()}
    return bundle


def change(data: bytes, at: int = -1, mask: int = 1) -> bytes:
    """`data` with one byte changed."""
    at %= len(data)
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]


def with_part(**changes: Any) -> Callable[[Any, Any], tuple[Any, Any]]:
    """A `records=` hook that changes the first part of each statement (and the text with it)."""

    def hook(statement: Any, context: Any) -> tuple[Any, Any]:
        part = replace(statement.parts[0], **changes)
        parts = (part, *statement.parts[1:])
        return replace(statement, parts=parts, text=" ".join(p.exact for p in parts)), context

    return hook
