"""Makes tests/vectors/foreign anew: python tests/foreign/make_foreign_vectors.py"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from foreign_tampered import Case, cases

FOLDER = Path(__file__).parents[1] / "vectors" / "foreign"


def spell(case: Case) -> bytes:
    """Header lines, an empty line, the bytes."""
    head = [f"kind: {case.kind}", f"expect: {case.expect}", f"why: {case.why}"]
    head += [f"code: {code}" for code in case.codes]
    return "\n".join(head).encode() + b"\n\n" + case.data


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.vector"):
        path.unlink()
    for case in cases():
        (FOLDER / f"{case.kind}-{case.name}.vector").write_bytes(spell(case))


if __name__ == "__main__":
    main()
