"""Whether this process can reach nothing but itself. Browsers are started nowhere else: `make test-browser`."""

from __future__ import annotations

import socket

import pytest

from archiver.browser.chromium import find_chromium


def is_shut_in() -> bool:
    """Whether there is no way to any address but loopback ones."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return True
    return False


def need_browser() -> None:
    """Skips a test that cannot be run here, and says how it can."""
    if find_chromium() is None:
        pytest.skip("no Chromium here")
    if not is_shut_in():
        pytest.skip("browsers are tested where only loopback is: make test-browser")
