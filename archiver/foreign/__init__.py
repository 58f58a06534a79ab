"""Other tools' files (WACZ, WARC, BagIt bags, auto-archiver folders, HAR, MHTML): read and judged, never trusted.

Nothing here connects, writes or believes: keys and digests inside a file are its own claim. What is found is said in
the same report as for an archive (docs/formats/verify-report.md, docs/formats/foreign.md).
"""
