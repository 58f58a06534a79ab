"""The frozen nouns (manifest, facts, statement) and their one encoding."""
