"""How much memory a group of processes uses. Only Linux says so cheaply; elsewhere there is the limit of the scripts'
heap alone (browser.chromium), and the clock."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

PAGE = 4096  # bytes; larger ones make the figure too small, never too large


def group_memory(group: int) -> int:
    """Bytes that the processes of a group have to themselves, and what they share, once. 0 where it is not known."""
    if sys.platform != "linux":
        return 0
    own = shared = 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(OSError, ValueError, IndexError):
            if not _belongs(folder, group):
                continue
            numbers = [int(number) * PAGE for number in (folder / "statm").read_text().split()]
            own += numbers[1] - numbers[2]
            shared = max(shared, numbers[2])
    return own + shared


def group_members(group: int) -> list[int]:
    """The processes of a group, for whoever must see that none is left. Empty where it is not known."""
    found = []
    if sys.platform == "linux":
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError, IndexError):
                if folder.name.isdigit() and _belongs(folder, group):
                    found.append(int(folder.name))
    return found


def _belongs(folder: Path, group: int) -> bool:
    """Whether a process is of this group, and not over (a zombie)."""
    state, _, its_group, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
    return int(its_group) == group and state not in ("Z", "X")
