"""C2SP/RFC 6962 transparency log: tree, tiles, notes, checkpoints, proofs. Knows nothing of articles, touches no disk."""
