"""Time stamp tokens: build requests, verify answers. Touches no network."""
