"""README and report.html of a bundle, rendered from its evidence alone."""
