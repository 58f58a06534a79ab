"""SSHSIG signatures and OpenSSH keys: bytes in, bytes out."""
