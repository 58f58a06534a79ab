"""C2SP and RFC 6962 log: tree, tiles, notes, checkpoints, proofs. Knows no articles, touches no disk."""
