"""The same inputs give the same archive, byte for byte, on every Python that is on this machine (`make check-all`).

    python tests/other_pythons.py [FOLDER]     FOLDER (default .venv/pythons) keeps an environment for each of them

Each Python from 3.11 on that is found (on PATH, and those of pyenv) gets the libraries of this one, in the same
versions, and makes the reference archive (tests/reference.py) from one and the same site, with the same clock,
randomness and keys. What the facts say of the Python itself and of its OpenSSL is given to all alike: it is an input.
Of checkpoints, the ML-DSA-44 lines are left out, which are randomised. Exit code 1 if archives differ.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from importlib.metadata import distributions
from pathlib import Path

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
PACKAGE = "archiver-evidence"
LEAST = (3, 11)
_NAME = re.compile(r"python3(?:\.[0-9]+)?", re.ASCII)


def interpreters() -> dict[str, Path]:
    """Other Pythons than this one, by version (`3.12`), one of each."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    folders += sorted(Path.home().glob(".pyenv/versions/*/bin"))
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob("python3*")) if folder.is_dir() else []:
            version = _version(path) if _NAME.fullmatch(path.name) else None
            if version is not None and version >= LEAST and version != sys.version_info[:2]:
                found.setdefault(f"{version[0]}.{version[1]}", path)
    return found


def _version(path: Path) -> tuple[int, int] | None:
    code = "import sys; print(sys.implementation.name, *sys.version_info[:2])"
    try:
        done = subprocess.run([path, "-c", code], capture_output=True, text=True, timeout=20, check=True)
        name, major, minor = done.stdout.split()
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return (int(major), int(minor)) if name == "cpython" else None


def libraries() -> tuple[list[str], list[str]]:
    """What this program needs, and `name==version` of everything that is installed here."""
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {item.metadata["Name"]: item.version for item in distributions()}
    return needed, sorted(f"{name}=={version}" for name, version in names.items() if name != PACKAGE)


def environment(version: str, path: Path, folder: Path) -> Path | None:
    """The Python of an environment that has the libraries; None, and why is printed, if it cannot be had."""
    home = folder / version
    python = home / "bin" / "python"
    needed, pinned = libraries()
    wanted = "\n".join([*needed, *pinned]) + "\n"
    limits, kept = folder / "versions.txt", home / "libraries.txt"
    if kept.is_file() and kept.read_text(encoding="utf-8") == wanted:
        return python
    shutil.rmtree(home, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    limits.write_text("\n".join(pinned), encoding="utf-8")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", limits, *needed]
    for command in ([path, "-m", "venv", home], pip):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip() or "it failed").splitlines()[-1]
            print(f"Python {version}: not compared, its libraries cannot be had ({reason})")
            return None
    kept.write_text(wanted, encoding="utf-8")
    return python


def make(root: Path, port: int) -> None:
    """In each Python: the archive, from a site that runs already."""
    import platform

    from reference import make as make_archive

    from archiver.store.home import Home
    from archiver.work import machine

    class Site:
        def __init__(self) -> None:
            self.port = port

    platform.python_version = lambda: "3.0.0"
    machine.libraries = lambda: {"openssl": "the same for all"}
    make_archive(root / "archive", Home(root / "config", root / "state"), Site())  # type: ignore[arg-type]


def compare(folder: Path) -> int:
    """All Pythons; how many archives differ from that of this one."""
    from newsroom import Newsroom
    from reference import DATE, comparable

    others = interpreters()
    pythons = {version: environment(version, path, folder) for version, path in sorted(others.items())}
    ready = {version: python for version, python in pythons.items() if python is not None}
    mine = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if not ready:
        print(f"only Python {mine} is here (3.11 or later, with its libraries): there is nothing to compare it with")
        return 0
    differing = 0
    with tempfile.TemporaryDirectory() as name, Newsroom(date=DATE) as site:
        made = {}
        for version, python in {mine: Path(sys.executable), **ready}.items():
            root = Path(name) / version
            search = os.pathsep.join((str(TESTS), str(ROOT)))
            command = [python, "-W", "error", str(Path(__file__)), "--make", str(root), str(site.port)]
            subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": search})
            made[version] = comparable(root / "archive")
        for version in ready:
            names = sorted(made[mine].keys() | made[version].keys())
            odd = [item for item in names if made[mine].get(item) != made[version].get(item)]
            differing += bool(odd)
            said = f"{len(odd)} of {len(names)} files differ: {', '.join(odd[:5])}" if odd else "the same archive"
            print(f"Python {version} against {mine}: {said}")
    return differing


def main() -> int:
    if sys.argv[1:2] == ["--make"]:
        make(Path(sys.argv[2]), int(sys.argv[3]))
        return 0
    return 1 if compare(Path(sys.argv[1]) if sys.argv[1:] else ROOT / ".venv" / "pythons") else 0


if __name__ == "__main__":
    sys.exit(main())
