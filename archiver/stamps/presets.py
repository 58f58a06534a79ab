"""Public time-stamping authorities that people use. None is asked unless somebody names it.

Addresses were taken from what their operators and users publish, and were not reached when this was written. `pace` is
how many seconds apart the operator wants requests from scripts. `root` says what to look for at the operator's own
site; pin it after comparing its SHA-256 there: nothing here is a root, and no root is shipped.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preset:
    """One authority: its name here, who runs it, where it answers, and which root its tokens lead to."""

    name: str
    operator: str
    url: str
    pace: int
    root: str
    policy: str | None = None


PRESETS = (
    Preset("digicert", "DigiCert", "http://timestamp.digicert.com", 1, "DigiCert Trusted Root G4"),
    Preset("sectigo", "Sectigo", "http://timestamp.sectigo.com", 15, "Sectigo's root for time stamping"),
    Preset("globalsign", "GlobalSign", "http://rfc3161timestamp.globalsign.com/advanced", 1, "GlobalSign Root R6"),
    Preset("freetsa", "freeTSA.org", "https://freetsa.org/tsr", 1, "its own root, cacert.pem at freetsa.org"),
    Preset("dfn", "DFN, Germany", "http://zeitstempel.dfn.de", 1, "T-TeleSec GlobalRoot Class 2, or DFN's newer one"),
    Preset("identrust", "IdenTrust", "http://timestamp.identrust.com", 1, "IdenTrust Commercial Root CA 1"),
    Preset("ssl-com", "SSL.com", "http://ts.ssl.com", 1, "SSL.com Root Certification Authority RSA"),
    Preset("certum", "Certum, Poland", "http://time.certum.pl", 1, "Certum Trusted Network CA"),
)


def preset(name: str) -> Preset | None:
    """The one of that name, None if there is none."""
    return next((item for item in PRESETS if item.name == name), None)
