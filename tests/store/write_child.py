"""Run as a program: `FOLDER TAG COMMITS`. Seals that many commits of one snapshot each in the archive there, as one of
several writers. Prints the number of each; waits for a line on standard input before it begins.
"""

from __future__ import annotations

import sys
from pathlib import Path

from store_kit import Place, add_snapshots

if __name__ == "__main__":
    place, tag = Place(Path(sys.argv[1])), sys.argv[2]
    ledger = place.ledger()
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(int(sys.argv[3])):
        with ledger.batch() as group:
            added = add_snapshots(group, ledger.disk, 1, f"{tag} {number}")
            group.commit()
        print(added[0].sequence, flush=True)
