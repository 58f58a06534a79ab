"""The evidence bundle: a deterministic BagIt bag in a zip, written and read."""
