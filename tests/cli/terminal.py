"""A user at a terminal without colours: commands run in this process, with a home, a folder and a site of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from archiver.cli.main import run


@dataclass(frozen=True)
class Result:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)

    def lines(self) -> list[Any]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.split("\n") if line]


class User:
    """Runs commands. `archive` is made by the first `init` and is the default from then on."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.archive = folder / "archive"
        self.home = folder / "config"
        self._capture = capture
        self._patch = patch

    def __call__(self, *arguments: object, environment: dict[str, str] | None = None) -> Result:
        """Run `archiver ARGUMENTS`."""
        self._capture.readouterr()
        with self._patch.context() as patch:
            for name, value in (environment or {}).items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as left:
                run([str(argument) for argument in arguments])
        seen = self._capture.readouterr()
        code = left.value.code
        assert isinstance(code, int)
        return Result(code, seen.out, seen.err)

    def ok(self, *arguments: object) -> Result:
        """Run a command that must end well."""
        result = self(*arguments)
        assert result.code == 0, result.out + result.err
        return result

    def init(self) -> None:
        """Make the archive, with unencrypted keys."""
        self.ok("init", self.archive, "--no-passphrase")
