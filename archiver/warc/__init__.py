"""Exact HTTP bytes to and from WARC/1.1, and the segments that let parts be withheld."""
