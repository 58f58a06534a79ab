"""The evidence bundle: a BagIt bag in a deterministic zip, checked by the same verifier as an archive."""
