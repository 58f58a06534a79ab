"""Which Chromium there is, and how it is started so that it neither keeps anything nor calls anybody.

    $ARCHIVER_CHROMIUM, else chromium-headless-shell, chromium, google-chrome … on the PATH

It gets a fresh profile, and two doors: pages go through the recording proxy of their visit, everything that the
browser itself wants (updates, lists, accounts) meets a closed door (browser.listener). Names are never looked up by
it, and nothing goes past a proxy: no QUIC, no WebRTC over UDP.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from archiver.errors import ExtraMissingError

VARIABLE = "ARCHIVER_CHROMIUM"
NAMES = ("chromium-headless-shell", "chrome-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
_MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
HEAP = 1024  # MB that the scripts of one page may use

_OFF = (
    "Translate",
    "OptimizationHints",
    "MediaRouter",
    "DialMediaRouteProvider",
    "InterestFeedContentSuggestions",
    "CertificateTransparencyComponentUpdater",
    "AutofillServerCommunication",
    "PrivacySandboxSettings4",
    "GlobalMediaControls",
    "HttpsUpgrades",  # the address that was given is the one that is asked for
    "HttpsFirstBalancedModeAutoEnable",
    # One process a page: a visit has no other site's secrets in it, and frames are part of the page.
    "IsolateOrigins",
    "site-per-process",
)
_NOWHERE = "https://127.0.0.1:9"
_FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--no-service-autorun",
    "--noerrdialogs",
    "--block-new-web-contents",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages",
    "--disable-component-update",
    "--disable-crash-reporter",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-quic",
    "--disable-renderer-backgrounding",
    "--disable-search-engine-choice-screen",
    "--disable-site-isolation-trials",
    "--disable-sync",
    "--deny-permission-prompts",
    "--force-color-profile=srgb",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--font-render-hinting=none",
    "--hide-scrollbars",
    "--metrics-recording-only",
    "--mute-audio",
    "--password-store=basic",
    "--use-mock-keychain",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--proxy-bypass-list=<-loopback>",
    f"--component-updater=url-source={_NOWHERE}/x",
    f"--gaia-url={_NOWHERE}",
    f"--google-apis-url={_NOWHERE}",
    f"--js-flags=--max-old-space-size={HEAP}",
)


def find_chromium(environment: dict[str, str] | None = None) -> Path | None:
    """The browser to use, None if there is none. The variable set to nothing means: none."""
    if not hasattr(os, "posix_spawn"):  # Windows: it is driven over pipes that are made another way there
        return None
    environment = dict(os.environ) if environment is None else environment
    given = environment.get(VARIABLE)
    if given is not None:
        found = shutil.which(given, path=environment.get("PATH")) if given else None
        return None if found is None else Path(found)
    for name in NAMES:
        found = shutil.which(name, path=environment.get("PATH"))
        if found is not None:
            return Path(found)
    if sys.platform == "darwin":
        return next((Path(path) for path in _MAC if Path(path).exists()), None)
    return None


def need_chromium() -> Path:
    """The browser to use. Raises ExtraMissingError."""
    found = find_chromium()
    if found is None:
        given = os.environ.get(VARIABLE)
        raise ExtraMissingError(
            f"${VARIABLE} names {given}, which is no program here" if given else "there is no Chromium here",
            hint="install one (on Debian: apt-get install chromium-headless-shell), or name it in "
            f"${VARIABLE}; what is there and what is not: archiver doctor",
        )
    return found


def has_sandbox() -> bool:
    """Whether Chromium can shut its pages in: not for the system's administrator."""
    return not (hasattr(os, "geteuid") and os.geteuid() == 0)


def command_line(program: Path, profile: Path, door: int, spki: str, language: str) -> list[str]:
    """The arguments, the program first. `door`: the port of the closed door; `spki`: of the proxy's certificate."""
    given = (
        f"--user-data-dir={profile}",
        f"--proxy-server=http://127.0.0.1:{door}",
        f"--ignore-certificate-errors-spki-list={spki}",
        f"--lang={language}",
        f"--disable-features={','.join(_OFF)}",
    )
    sandbox = () if has_sandbox() else ("--no-sandbox",)
    return [str(program), *_FLAGS, *given, *sandbox, "about:blank"]
