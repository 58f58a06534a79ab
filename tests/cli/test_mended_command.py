"""What a crash left behind is mended by the next command that writes, whichever it is, and said."""

from __future__ import annotations

import shutil

import pytest
from newsroom import Newsroom
from terminal import User

from archiver.store.sealing import Sealing

LOCAL = ("--allow-private", "--delay", "0", "--jobs", "1")
PAGE = "/gazette/ferry"


class Crash(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("crashing", [("key", "rotate", "--no-passphrase"), ("export", "1", "-o", "first.zip")])
@pytest.mark.parametrize("command", ["pin", "export", "key", "capture"])
def test_the_next_command_says_what_it_finished(
    user: User, site: Newsroom, monkeypatch: pytest.MonkeyPatch, command: str, crashing: tuple[str, ...]
) -> None:
    def crashed(*_arguments: object, **_options: object) -> None:
        raise Crash

    user.init()
    user.ok("capture", *LOCAL, site.url(PAGE))
    with monkeypatch.context() as patch:
        patch.setattr(Sealing, "_sign", crashed)
        with pytest.raises(Crash):
            user(*crashing)
    seen = user(
        *{
            "pin": ("pin", "1", "--quote", "no such words at all"),
            "export": ("export", "1", "-o", "bundle.zip"),
            "key": ("key", "rotate", "--no-passphrase"),
            "capture": ("capture", *LOCAL, site.url(PAGE)),
        }[command]
    )
    assert seen.code == (1 if command == "pin" else 0), seen.err
    assert "finished after an interruption: number" in seen.err
    user.ok("verify")


def test_an_old_copy_is_found_out_before_a_page_is_visited(user: User, site: Newsroom) -> None:
    user.init()
    shutil.copytree(user.archive, user.folder / "copy")
    user.ok("capture", *LOCAL, site.url(PAGE))
    seen = user("--archive", user.folder / "copy", "capture", *LOCAL, site.url(PAGE))
    assert seen.code == 3
    assert "this is an older copy" in seen.err
    assert not (user.folder / "copy" / "runs").exists(), "no run was begun"
