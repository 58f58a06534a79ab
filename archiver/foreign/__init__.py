"""Other tools' files (WACZ, WARC, bags) as Evidence."""
